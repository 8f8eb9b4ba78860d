/*
 * The presets as tables of constants. The names are from the producers' documentation: goflow2's and goflow's JSON;
 * nProbe's template names, with the element numbers that it writes for other templates; and for vFlow the element
 * numbers of IPFIX.
 */
#include "pipeline/preset.h"

#include <stddef.h>
#include <string.h>

struct name {
    const char *field;
    fxi_paths paths;
};

static const struct name goflow2[] = {{"as_src", {"src_as", "SrcAs"}},
                                      {"as_dst", {"dst_as", "DstAs"}},
                                      {"bytes", {"bytes", "Bytes"}},
                                      {"packets", {"packets", "Packets"}},
                                      {"etype", {"etype", "Etype"}},
                                      {"tcp_flags", {"tcp_flags", "TcpFlags"}},
                                      {"as_path", {"as_path", "AsPath"}},
                                      {"comms", {"bgp_communities", "BgpCommunities"}},
                                      {"sampling_rate", {"sampling_rate", "SamplingRate"}},
                                      {"ip_src", {"src_addr", "SrcAddr"}},
                                      {"ip_dst", {"dst_addr", "DstAddr"}},
                                      {"net_src", {"src_net"}},
                                      {"net_dst", {"dst_net"}},
                                      {"port_src", {"src_port", "SrcPort"}},
                                      {"port_dst", {"dst_port", "DstPort"}},
                                      {"iface_in", {"in_if", "InIf"}},
                                      {"iface_out", {"out_if", "OutIf"}},
                                      {"ip_proto", {"proto", "Proto"}},
                                      {"tos", {"ip_tos", "IpTos"}},
                                      {"vlan", {"vlan_id", "VlanId"}},
                                      {"peer_ip_src", {"sampler_address", "SamplerAddress"}},
                                      {"peer_ip_dst", {"next_hop", "NextHop"}},
                                      {"peer_as_dst", {"next_hop_as", "NextHopAs"}},
                                      {"label", {"sampler_address", "SamplerAddress"}}};

static const struct name goflow[] = {{"as_src", {"SrcAS", "SrcAs"}}, {"as_dst", {"DstAS", "DstAs"}},
                                     {"bytes", {"Bytes"}},           {"packets", {"Packets"}},
                                     {"ip_src", {"SrcAddr"}},        {"ip_dst", {"DstAddr"}},
                                     {"mask_src", {"SrcNet"}},       {"mask_dst", {"DstNet"}},
                                     {"port_src", {"SrcPort"}},      {"port_dst", {"DstPort"}},
                                     {"iface_in", {"InIf"}},         {"iface_out", {"OutIf"}},
                                     {"ip_proto", {"Proto"}},        {"etype", {"Etype"}},
                                     {"tos", {"IPTos", "IpTos"}},    {"tcp_flags", {"TCPFlags", "TcpFlags"}},
                                     {"vlan", {"VlanId"}},           {"peer_ip_src", {"SamplerAddress"}},
                                     {"peer_ip_dst", {"NextHop"}},   {"peer_as_dst", {"NextHopAS", "NextHopAs"}},
                                     {"as_path", {"AsPath"}},        {"comms", {"BgpCommunities"}},
                                     {"label", {"SamplerAddress"}},  {"sampling_rate", {"SamplingRate"}}};

static const struct name nprobe[] = {{"as_src", {"SRC_AS", "16"}},
                                     {"as_dst", {"DST_AS", "17"}},
                                     {"bytes", {"IN_BYTES", "1"}},
                                     {"packets", {"IN_PKTS", "2"}},
                                     {"ip_src", {"IPV4_SRC_ADDR", "8", "IPV6_SRC_ADDR", "27"}},
                                     {"ip_dst", {"IPV4_DST_ADDR", "12", "IPV6_DST_ADDR", "28"}},
                                     {"mask_src", {"IPV4_SRC_MASK", "9", "IPV6_SRC_MASK", "29"}},
                                     {"mask_dst", {"IPV4_DST_MASK", "13", "IPV6_DST_MASK", "30"}},
                                     {"port_src", {"L4_SRC_PORT", "7"}},
                                     {"port_dst", {"L4_DST_PORT", "11"}},
                                     {"iface_in", {"INPUT_SNMP", "10"}},
                                     {"iface_out", {"OUTPUT_SNMP", "14"}},
                                     {"ip_proto", {"PROTOCOL", "4"}},
                                     {"tos", {"SRC_TOS", "5"}},
                                     {"tcp_flags", {"TCP_FLAGS", "6"}},
                                     {"vlan", {"SRC_VLAN", "58"}},
                                     {"peer_ip_src", {"EXPORTER_IPV4_ADDRESS", "130", "EXPORTER_IPV6_ADDRESS", "131"}},
                                     {"peer_ip_dst", {"IPV4_NEXT_HOP", "15", "IPV6_NEXT_HOP", "62"}},
                                     {"label", {"EXPORTER_IPV4_ADDRESS", "130", "EXPORTER_IPV6_ADDRESS", "131"}},
                                     {"sampling_rate", {"SAMPLING_INTERVAL", "34"}}};

static const struct name nprobe_back[] = {{"bytes", {"OUT_BYTES", "23"}}, {"packets", {"OUT_PKTS", "24"}}};

static const struct name vflow[] = {{"as_src", {"16"}},
                                    {"as_dst", {"17"}},
                                    {"bytes", {"1"}},
                                    {"packets", {"2"}},
                                    {"ip_src", {"8", "27"}},
                                    {"ip_dst", {"12", "28"}},
                                    {"mask_src", {"9", "29"}},
                                    {"mask_dst", {"13", "30"}},
                                    {"port_src", {"7"}},
                                    {"port_dst", {"11"}},
                                    {"iface_in", {"10"}},
                                    {"iface_out", {"14"}},
                                    {"ip_proto", {"4"}},
                                    {"tos", {"5"}},
                                    {"tcp_flags", {"6"}},
                                    {"vlan", {"58"}},
                                    {"peer_ip_src", {"AgentID"}},
                                    {"peer_ip_dst", {"15", "62"}},
                                    {"label", {"AgentID"}},
                                    {"sampling_rate", {"34", "305"}}};

static const struct name ktranslate[] = {{"as_src", {"src_as"}},        {"as_dst", {"dst_as"}},
                                         {"bytes", {"in_bytes"}},       {"packets", {"in_pkts"}},
                                         {"ip_src", {"src_addr"}},      {"ip_dst", {"dst_addr"}},
                                         {"port_src", {"l4_src_port"}}, {"port_dst", {"l4_dst_port"}},
                                         {"iface_in", {"input_port"}},  {"iface_out", {"output_port"}},
                                         {"ip_proto", {"protocol"}},    {"vlan", {"vlan_in"}},
                                         {"label", {"device_name"}},    {"sampling_rate", {"sample_rate"}}};

static const struct name nfdump[] = {
    {"as_src", {"src_as"}},
    {"as_dst", {"dst_as"}},
    {"bytes", {"in_bytes"}},
    {"packets", {"in_packets"}},
    {"ip_src", {"src4_addr", "src6_addr"}},
    {"ip_dst", {"dst4_addr", "dst6_addr"}},
    {"mask_src", {"src_mask"}},
    {"mask_dst", {"dst_mask"}},
    {"port_src", {"src_port"}},
    {"port_dst", {"dst_port"}},
    {"iface_in", {"input_snmp"}},
    {"iface_out", {"output_snmp"}},
    {"ip_proto", {"proto"}},
    {"tos", {"src_tos"}},
    {"peer_ip_src", {"ip4_router", "ip6_router"}},
    {"peer_ip_dst", {"bgp4_next_hop", "bgp6_next_hop", "ip4_next_hop", "ip6_next_hop"}},
    {"label", {"ip4_router", "ip6_router"}}};

static const struct name nfdump_back[] = {{"bytes", {"out_bytes"}}, {"packets", {"out_packets"}}};

static const struct name filebeat[] = {
    {"as_src", {"netflow.bgp_source_as_number", "source.as.number"}},
    {"as_dst", {"netflow.bgp_destination_as_number", "destination.as.number"}},
    {"bytes", {"network.bytes", "netflow.octet_delta_count", "netflow.octet_total_count"}},
    {"packets", {"network.packets", "netflow.packet_delta_count", "netflow.packet_total_count"}},
    {"ip_src", {"source.ip", "netflow.source_ipv4_address", "netflow.source_ipv6_address"}},
    {"ip_dst", {"destination.ip", "netflow.destination_ipv4_address", "netflow.destination_ipv6_address"}},
    {"port_src", {"source.port", "netflow.source_transport_port"}},
    {"port_dst", {"destination.port", "netflow.destination_transport_port"}},
    {"iface_in", {"netflow.ingress_interface"}},
    {"iface_out", {"netflow.egress_interface"}},
    {"ip_proto", {"netflow.protocol_identifier", "network.iana_number", "network.transport"}},
    {"tcp_flags", {"netflow.tcp_control_bits"}},
    {"tos", {"netflow.ip_class_of_service"}},
    {"vlan", {"netflow.vlan_id"}},
    {"peer_ip_src", {"observer.ip"}},
    {"peer_ip_dst", {"netflow.bgp_next_hop_ipv4_address", "netflow.ip_next_hop_ipv4_address"}},
    {"label", {"observer.ip", "netflow.exporter.address"}},
    {"sampling_rate", {"netflow.sampling_interval"}}};

static const struct name logstash[] = {
    {"as_src", {"netflow.src_as", "netflow.bgpSourceAsNumber"}},
    {"as_dst", {"netflow.dst_as", "netflow.bgpDestinationAsNumber"}},
    {"bytes",
     {"netflow.in_bytes", "netflow.octetDeltaCount", "netflow.fwd_flow_delta_bytes", "netflow.octetTotalCount"}},
    {"packets", {"netflow.in_pkts", "netflow.packetDeltaCount", "netflow.packetTotalCount"}},
    {"ip_src",
     {"netflow.ipv4_src_addr", "netflow.ipv6_src_addr", "netflow.sourceIPv4Address", "netflow.sourceIPv6Address"}},
    {"ip_dst",
     {"netflow.ipv4_dst_addr", "netflow.ipv6_dst_addr", "netflow.destinationIPv4Address",
      "netflow.destinationIPv6Address"}},
    {"mask_src", {"netflow.src_mask"}},
    {"mask_dst", {"netflow.dst_mask"}},
    {"port_src", {"netflow.l4_src_port", "netflow.sourceTransportPort"}},
    {"port_dst", {"netflow.l4_dst_port", "netflow.destinationTransportPort"}},
    {"iface_in", {"netflow.input_snmp", "netflow.ingressInterface"}},
    {"iface_out", {"netflow.output_snmp", "netflow.egressInterface"}},
    {"ip_proto", {"netflow.protocol", "netflow.protocolIdentifier"}},
    {"tcp_flags", {"netflow.tcp_flags", "netflow.tcpControlBits"}},
    {"tos", {"netflow.src_tos", "netflow.ipClassOfService"}},
    {"vlan", {"netflow.src_vlan", "netflow.vlanId"}},
    {"peer_ip_src", {"host.ip", "host"}},
    {"peer_ip_dst", {"netflow.bgp_ipv4_next_hop", "netflow.ipv4_next_hop", "netflow.ipNextHopIPv4Address"}},
    {"label", {"host.ip", "host"}},
    {"sampling_rate", {"netflow.sampling_interval", "netflow.samplingInterval"}}};

static const struct name logstash_back[] = {{"bytes", {"netflow.rev_flow_delta_bytes"}}};

static const struct name telegraf[] = {{"as_src", {"fields.bgp_src_as"}},
                                       {"as_dst", {"fields.bgp_dst_as"}},
                                       {"bytes", {"fields.in_bytes"}},
                                       {"packets", {"fields.in_packets"}},
                                       {"ip_src", {"fields.src"}},
                                       {"ip_dst", {"fields.dst"}},
                                       {"mask_src", {"fields.src_mask"}},
                                       {"mask_dst", {"fields.dst_mask"}},
                                       {"port_src", {"fields.src_port"}},
                                       {"port_dst", {"fields.dst_port"}},
                                       {"iface_in", {"fields.in_snmp"}},
                                       {"iface_out", {"fields.out_snmp"}},
                                       {"ip_proto", {"fields.protocol"}},
                                       {"tcp_flags", {"fields.tcp_flags"}},
                                       {"tos", {"fields.src_tos"}},
                                       {"peer_ip_src", {"tags.source"}},
                                       {"peer_ip_dst", {"fields.bgp_next_hop", "fields.next_hop"}},
                                       {"label", {"tags.source"}}};

#define TABLE(array_)                                                                                                  \
    {                                                                                                                  \
        (array_), sizeof(array_) / sizeof((array_)[0])                                                                 \
    }
static const struct {
    const struct name *names;
    size_t count;
} tables[] = {[FXI_PRESET_GOFLOW2] = TABLE(goflow2),       [FXI_PRESET_GOFLOW] = TABLE(goflow),
              [FXI_PRESET_NPROBE] = TABLE(nprobe),         [FXI_PRESET_VFLOW] = TABLE(vflow),
              [FXI_PRESET_KTRANSLATE] = TABLE(ktranslate), [FXI_PRESET_NFDUMP] = TABLE(nfdump),
              [FXI_PRESET_FILEBEAT] = TABLE(filebeat),     [FXI_PRESET_LOGSTASH] = TABLE(logstash),
              [FXI_PRESET_TELEGRAF] = TABLE(telegraf)};

static const char *const *find(const struct name *names, size_t count, const char *field)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i].field, field) == 0)
            return names[i].paths;
    return NULL;
}

const char *const *fxi_preset_paths(enum fxi_preset preset, const char *field)
{
    return find(tables[preset].names, tables[preset].count, field);
}

const char *const *fxi_preset_back(enum fxi_preset preset, const char *field)
{
    return preset == FXI_PRESET_NPROBE     ? find(nprobe_back, 2, field)
           : preset == FXI_PRESET_NFDUMP   ? find(nfdump_back, 2, field)
           : preset == FXI_PRESET_LOGSTASH ? find(logstash_back, 1, field)
                                           : NULL;
}

const char *fxi_field_partner(const char *field)
{
    static const char *const pairs[][2] = {
        {"as_src", "as_dst"},     {"peer_as_src", "peer_as_dst"}, {"ip_src", "ip_dst"},     {"net_src", "net_dst"},
        {"mask_src", "mask_dst"}, {"port_src", "port_dst"},       {"iface_in", "iface_out"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int side = 0; side < 2; side++)
            if (strcmp(pairs[i][side], field) == 0)
                return pairs[i][1 - side];
    return NULL;
}
