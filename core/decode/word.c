/*
 * Names of numbers. Protocols: IANA's registry "Assigned Internet Protocol Numbers" (keywords in lower case). Ethernet
 * types: those in flow records, named as by IEEE. TCP flags: RFC 9293, in the order of their bits. Constants; any
 * thread.
 */
#include <flow-exporter/word.h>

#include <stdbool.h>
#include <string.h>

#define PROTOCOLS 147

static const char *const protocols[PROTOCOLS] = {
    "hopopt",      "icmp",       "igmp",        "ggp",        "ipv4",
    "st",          "tcp",        "cbt",         "egp",        "igp",
    "bbn-rcc-mon", "nvp-ii",     "pup",         "argus",      "emcon",
    "xnet",        "chaos",      "udp",         "mux",        "dcn-meas",
    "hmp",         "prm",        "xns-idp",     "trunk-1",    "trunk-2",
    "leaf-1",      "leaf-2",     "rdp",         "irtp",       "iso-tp4",
    "netblt",      "mfe-nsp",    "merit-inp",   "dccp",       "3pc",
    "idpr",        "xtp",        "ddp",         "idpr-cmtp",  "tp++",
    "il",          "ipv6",       "sdrp",        "ipv6-route", "ipv6-frag",
    "idrp",        "rsvp",       "gre",         "dsr",        "bna",
    "esp",         "ah",         "i-nlsp",      "swipe",      "narp",
    "min-ipv4",    "tlsp",       "skip",        "ipv6-icmp",  "ipv6-nonxt",
    "ipv6-opts",   NULL,         "cftp",        NULL,         "sat-expak",
    "kryptolan",   "rvd",        "ippc",        NULL,         "sat-mon",
    "visa",        "ipcv",       "cpnx",        "cphb",       "wsn",
    "pvp",         "br-sat-mon", "sun-nd",      "wb-mon",     "wb-expak",
    "iso-ip",      "vmtp",       "secure-vmtp", "vines",      "iptm",
    "nsfnet-igp",  "dgp",        "tcf",         "eigrp",      "ospfigp",
    "sprite-rpc",  "larp",       "mtp",         "ax.25",      "ipip",
    "micp",        "scc-sp",     "etherip",     "encap",      NULL,
    "gmtp",        "ifmp",       "pnni",        "pim",        "aris",
    "scps",        "qnx",        "a/n",         "ipcomp",     "snp",
    "compaq-peer", "ipx-in-ip",  "vrrp",        "pgm",        NULL,
    "l2tp",        "ddx",        "iatp",        "stp",        "srp",
    "uti",         "smp",        "sm",          "ptp",        "isis",
    "fire",        "crtp",       "crudp",       "sscopmce",   "iplt",
    "sps",         "pipe",       "sctp",        "fc",         "rsvp-e2e-ignore",
    "mobility",    "udplite",    "mpls-in-ip",  "manet",      "hip",
    "shim6",       "wesp",       "rohc",        "ethernet",   "aggfrag",
    "nsh",         "homa"};

struct word {
    const char *name;
    uint64_t number;
};

/* Other names that producers have for protocols. */
static const struct word protocol_aliases[] = {
    {"icmp6", 58},  {"icmpv6", 58},    {"icmp-v6", 58}, {"ip", 4},    {"ip-in-ip", 4},         {"ospf", 89},
    {"ipencap", 4}, {"udp-lite", 136}, {"mobile", 55},  {"rspf", 73}, {"mobility-header", 135}};

static const struct word etypes[] = {{"ipv4", 0x0800},  {"ipv6", 0x86dd}, {"arp", 0x0806},
                                     {"vlan", 0x8100},  {"mpls", 0x8847}, {"mpls-multicast", 0x8848},
                                     {"pppoe", 0x8864}, {"qinq", 0x88a8}, {"lldp", 0x88cc},
                                     {"rarp", 0x8035},  {"ip", 0x0800},   {"802.1q", 0x8100}};

#define FLAGS 8
static const char flag_names[FLAGS][4] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
static const char flag_letters[] = "FSRPAUEC";

#define COUNT(array_) (sizeof(array_) / sizeof((array_)[0]))

enum fx_word fx_word_of(const char *field)
{
    return strcmp(field, "ip_proto") == 0    ? FX_WORD_PROTOCOL
           : strcmp(field, "etype") == 0     ? FX_WORD_ETYPE
           : strcmp(field, "tcp_flags") == 0 ? FX_WORD_TCP_FLAGS
                                             : FX_WORD_NONE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_same(const char *name, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!name[i] || lower(name[i]) != lower(text[i]))
            return false;
    return name[size] == '\0';
}

/* Reads digits of the base, and nothing else, up to 16 bits. */
static bool read_digits(const char *text, size_t size, unsigned base, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < size; i++) {
        char c = lower(text[i]);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 99;
        if (digit >= base || (*number = *number * base + digit) > UINT16_MAX)
            return false;
    }
    return size > 0;
}

static bool read_number(const char *text, size_t size, uint64_t *number)
{
    if (size > 2 && text[0] == '0' && lower(text[1]) == 'x')
        return read_digits(text + 2, size - 2, 16, number);
    return read_digits(text, size, 10, number);
}

static bool find(const struct word *words, size_t count, const char *text, size_t size, uint64_t *number)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_same(words[i].name, text, size))
            continue;
        *number = words[i].number;
        return true;
    }
    return false;
}

static bool read_protocol(const char *text, size_t size, uint64_t *number)
{
    if (read_number(text, size, number))
        return *number <= UINT8_MAX;
    static const unsigned char usual[] = {6, 17, 1, 58, 47, 50};
    for (size_t i = 0; i < sizeof usual; i++)
        if (is_same(protocols[usual[i]], text, size))
            return *number = usual[i], true;
    for (size_t i = 0; i < PROTOCOLS; i++)
        if (protocols[i] && is_same(protocols[i], text, size))
            return *number = i, true;
    return find(protocol_aliases, COUNT(protocol_aliases), text, size, number);
}

static bool is_known_etype(uint64_t number)
{
    for (size_t i = 0; i < COUNT(etypes); i++)
        if (etypes[i].number == number)
            return true;
    return false;
}

/*
 * For 0x0800 pmacct writes 800 and others write 2048. Types begin at 1536, so a smaller number is hexadecimal. A larger
 * number is hexadecimal too if that gives a type that flow records have and the decimal does not.
 */
static bool read_etype(const char *text, size_t size, uint64_t *number)
{
    uint64_t decimal, hexadecimal;
    if (find(etypes, COUNT(etypes), text, size, number))
        return true;
    if (size > 2 && text[0] == '0' && lower(text[1]) == 'x')
        return read_number(text, size, number);
    bool is_decimal = read_digits(text, size, 10, &decimal);
    bool is_hexadecimal = size >= 3 && size <= 4 && read_digits(text, size, 16, &hexadecimal);
    if (is_decimal && (is_known_etype(decimal) || !is_hexadecimal))
        *number = decimal;
    else if (is_hexadecimal && (!is_decimal || is_known_etype(hexadecimal) || decimal < 1536))
        *number = hexadecimal;
    else if (is_decimal)
        *number = decimal;
    return is_decimal || is_hexadecimal;
}

/* Reads flags as nfdump and tcpdump write them: "...AP...". */
static bool read_letters(const char *text, size_t size, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < size; i++) {
        const char *letter = text[i] ? strchr(flag_letters, text[i]) : NULL;
        if (letter)
            *number |= UINT64_C(1) << (letter - flag_letters);
        else if (text[i] != '.' && text[i] != '-' && text[i] != ' ')
            return false;
    }
    return size > 0;
}

static bool add_flag(const char *text, size_t size, uint64_t *number)
{
    for (unsigned i = 0; i < FLAGS; i++) {
        if (!is_same(flag_names[i], text, size))
            continue;
        *number |= UINT64_C(1) << i;
        return true;
    }
    return false;
}

/* Reads several names with separators between them. */
static bool read_names(const char *text, size_t size, uint64_t *number)
{
    bool sound = true;
    *number = 0;
    for (size_t at = 0; at < size && sound;) {
        size_t length = 0;
        while (at + length < size && !strchr(",|+ ;/", text[at + length]) && text[at + length])
            length++;
        sound = length == 0 || add_flag(text + at, length, number);
        at += length + 1;
    }
    return sound && size > 0;
}

int fx_word_number(enum fx_word word, const char *text, size_t size, uint64_t *number)
{
    switch (word) {
    case FX_WORD_PROTOCOL:
        return read_protocol(text, size, number);
    case FX_WORD_ETYPE:
        return read_etype(text, size, number);
    case FX_WORD_TCP_FLAGS:
        return read_number(text, size, number) || read_names(text, size, number) || read_letters(text, size, number);
    case FX_WORD_NONE:
        break;
    }
    return 0;
}

static size_t put_name(char *buffer, const char *name)
{
    size_t size = name ? strlen(name) : 0;
    memcpy(buffer, name ? name : "", size);
    return size;
}

static size_t put_flags(char *buffer, uint64_t number)
{
    size_t size = 0;
    for (unsigned i = 0; i < FLAGS; i++) {
        if (!(number >> i & 1))
            continue;
        if (size)
            buffer[size++] = ',';
        size += put_name(buffer + size, flag_names[i]);
    }
    return size;
}

size_t fx_word_name(enum fx_word word, uint64_t number, char *buffer)
{
    switch (word) {
    case FX_WORD_PROTOCOL:
        return put_name(buffer, number < PROTOCOLS ? protocols[number] : NULL);
    case FX_WORD_ETYPE:
        for (size_t i = 0; i < COUNT(etypes); i++)
            if (etypes[i].number == number)
                return put_name(buffer, etypes[i].name);
        return 0;
    case FX_WORD_TCP_FLAGS:
        return number >> FLAGS ? 0 : put_flags(buffer, number);
    case FX_WORD_NONE:
        break;
    }
    return 0;
}
