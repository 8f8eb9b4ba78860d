/*
 * The presets as tables. Constants. The names are those of the producers'
 * own documents: goflow2's and goflow's JSON, nProbe's template names with
 * the numbers of the elements (which it writes for other templates), and the
 * numbers of IPFIX's elements, which is what vFlow writes.
 */
#include "pipeline/preset.h"

#include <stddef.h>
#include <string.h>

struct name {
    const char *field;
    fxi_paths paths;
};

static const struct name goflow2[] = {{"as_src", {"src_as"}},        {"as_dst", {"dst_as"}},
                                      {"ip_src", {"src_addr"}},      {"ip_dst", {"dst_addr"}},
                                      {"net_src", {"src_net"}},      {"net_dst", {"dst_net"}},
                                      {"port_src", {"src_port"}},    {"port_dst", {"dst_port"}},
                                      {"iface_in", {"in_if"}},       {"iface_out", {"out_if"}},
                                      {"ip_proto", {"proto"}},       {"tos", {"ip_tos"}},
                                      {"vlan", {"vlan_id"}},         {"peer_ip_src", {"sampler_address"}},
                                      {"peer_ip_dst", {"next_hop"}}, {"peer_as_dst", {"next_hop_as"}},
                                      {"label", {"sampler_address"}}};

static const struct name goflow[] = {{"as_src", {"SrcAS"}},
                                     {"as_dst", {"DstAS"}},
                                     {"bytes", {"Bytes"}},
                                     {"packets", {"Packets"}},
                                     {"ip_src", {"SrcAddr"}},
                                     {"ip_dst", {"DstAddr"}},
                                     {"mask_src", {"SrcNet"}},
                                     {"mask_dst", {"DstNet"}},
                                     {"port_src", {"SrcPort"}},
                                     {"port_dst", {"DstPort"}},
                                     {"iface_in", {"InIf"}},
                                     {"iface_out", {"OutIf"}},
                                     {"ip_proto", {"Proto"}},
                                     {"etype", {"Etype"}},
                                     {"tos", {"IPTos"}},
                                     {"tcp_flags", {"TCPFlags"}},
                                     {"vlan", {"VlanId"}},
                                     {"peer_ip_src", {"SamplerAddress"}},
                                     {"peer_ip_dst", {"NextHop"}},
                                     {"peer_as_dst", {"NextHopAS"}},
                                     {"label", {"SamplerAddress"}},
                                     {"sampling_rate", {"SamplingRate"}}};

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

#define TABLE(array_)                                                                                                  \
    {                                                                                                                  \
        (array_), sizeof(array_) / sizeof((array_)[0])                                                                 \
    }
static const struct {
    const struct name *names;
    size_t count;
} tables[] = {[FXI_PRESET_GOFLOW2] = TABLE(goflow2),
              [FXI_PRESET_GOFLOW] = TABLE(goflow),
              [FXI_PRESET_NPROBE] = TABLE(nprobe),
              [FXI_PRESET_VFLOW] = TABLE(vflow)};

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
    return preset == FXI_PRESET_NPROBE ? find(nprobe_back, 2, field) : NULL;
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
