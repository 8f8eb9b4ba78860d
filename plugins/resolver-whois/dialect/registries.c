/*
 * Dialects of registries that are asked about one number in a connection:
 *
 *   rpsl    "-r -T aut-num AS3333"; RIPE's database and similar ones. -r leaves out persons, which are rationed.
 *   arin    "a 15169"; the organisation's name is in a block of its own; ReferralServer names a server that knows more
 *   lacnic  "AS27699"; has no handle, only the owner
 *   iana    "AS3333"; "refer:" names the registry to ask
 */
#include "dialect/dialects.h"

static void write_flags_query(struct whois_text *out, const char *flags, const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        whois_text_printf(out, "%.200s%sAS%lu\r\n", flags ? flags : "", flags && *flags ? " " : "",
                          (unsigned long)numbers[i]);
}

static void write_arin_query(struct whois_text *out, const char *flags, const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        whois_text_printf(out, "%.200s%s%lu\r\n", flags ? flags : "", flags && *flags ? " " : "",
                          (unsigned long)numbers[i]);
}

static void read_until_blank(struct whois_reading *reading, const char *line, size_t size, size_t raw_size)
{
    (void)raw_size;
    whois_object_read(reading, line, size, WHOIS_ENDS_BLANK);
}

static void read_until_next(struct whois_reading *reading, const char *line, size_t size, size_t raw_size)
{
    (void)raw_size;
    whois_object_read(reading, line, size, WHOIS_ENDS_NEXT);
}

const struct whois_dialect whois_rpsl = {.name = "rpsl",
                                         .connections = 2,
                                         .batch = 1,
                                         .queries_per_second = 5,
                                         .queries_per_day = 5000,
                                         .flags = "-r -T aut-num",
                                         .write_query = write_flags_query,
                                         .read_line = read_until_blank,
                                         .finish = whois_object_finish};

const struct whois_dialect whois_arin = {.name = "arin",
                                         .is_endless = true,
                                         .connections = 1,
                                         .batch = 1,
                                         .queries_per_second = 2,
                                         .queries_per_day = 5000,
                                         .flags = "a",
                                         .write_query = write_arin_query,
                                         .read_line = read_until_next,
                                         .finish = whois_object_finish};

const struct whois_dialect whois_lacnic = {.name = "lacnic",
                                           .connections = 1,
                                           .batch = 1,
                                           .queries_per_second = 1,
                                           .queries_per_day = 1000,
                                           .flags = "",
                                           .write_query = write_flags_query,
                                           .read_line = read_until_blank,
                                           .finish = whois_object_finish};

const struct whois_dialect whois_iana = {.name = "iana",
                                         .connections = 1,
                                         .batch = 1,
                                         .queries_per_second = 1,
                                         .queries_per_day = 1000,
                                         .flags = "",
                                         .write_query = write_flags_query,
                                         .read_line = read_until_blank,
                                         .finish = whois_object_finish};
