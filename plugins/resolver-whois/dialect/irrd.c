/*
 * IRRd's dialect: many queries in one connection, answers in their order.
 *
 *     !!                        keep the connection
 *     !maut-num,AS15169         A143       so many bytes follow, an RPSL object
 *                               aut-num: AS15169 ...
 *                               C          the end of a success
 *     !maut-num,AS64500         D          no such key
 *     !q                        F text     a fault
 */
#include "dialect/dialects.h"

#include <string.h>

static void write_query(struct whois_text *out, const char *flags, const uint32_t *numbers, size_t count)
{
    (void)flags;
    whois_text_printf(out, "!!\n");
    for (size_t i = 0; i < count; i++)
        whois_text_printf(out, "!maut-num,AS%lu\n", (unsigned long)numbers[i]);
    whois_text_printf(out, "!q\n");
}

static void end_answer(struct whois_reading *reading, bool is_found)
{
    if (reading->answered >= reading->count) {
        reading->is_foreign = true;
        return;
    }
    if (!is_found)
        reading->take(reading->arg, WHOIS_SAID_UNKNOWN, reading->numbers[reading->answered], "", 0);
    reading->answered++;
    reading->in_frame = false;
}

/* A larger number is no length: no object has so many bytes. */
#define LENGTH_MAX ((size_t)64 << 20)

static bool read_length(const char *line, size_t size, size_t *length)
{
    size_t value = 0;
    for (size_t i = 1; i < size; i++) {
        if (line[i] < '0' || line[i] > '9' || value > LENGTH_MAX)
            return false;
        value = value * 10 + (size_t)(line[i] - '0');
    }
    if (size < 2 || value > LENGTH_MAX)
        return false;
    *length = value;
    return true;
}

/* A line between frames. */
static void read_status(struct whois_reading *reading, const char *line, size_t size)
{
    if (size == 0)
        return;
    if (line[0] == 'A' && read_length(line, size, &reading->frame_left)) {
        reading->is_greeted = reading->in_frame = true;
    } else if (line[0] == 'C' && size == 1) {
        /* If a frame came before, its names were taken. If none came, there was nothing to find. */
        end_answer(reading, reading->in_frame);
        reading->is_greeted = true;
    } else if ((line[0] == 'D' || line[0] == 'E') && size == 1) {
        reading->is_greeted = true;
        end_answer(reading, false);
    } else if (line[0] == 'F') {
        /* This number stays open. The text tells whether to come back soon. */
        reading->is_refused |= whois_line_is_refusal(line, size);
        if (reading->answered < reading->count)
            reading->answered++;
    } else {
        reading->is_refused |= whois_line_is_refusal(line, size);
    }
}

static void read_line(struct whois_reading *reading, const char *line, size_t size, size_t raw_size)
{
    if (reading->frame_left == 0) {
        read_status(reading, line, size);
        return;
    }
    reading->frame_left -= raw_size < reading->frame_left ? raw_size : reading->frame_left;
    whois_object_read(reading, line, size, WHOIS_ENDS_BLANK);
    if (reading->frame_left == 0)
        whois_object_read(reading, "", 0, WHOIS_ENDS_BLANK);
}

const struct whois_dialect whois_irrd = {.name = "irrd",
                                         .is_bulk = true,
                                         .connections = 1,
                                         .batch = 200,
                                         .queries_per_second = 50,
                                         .queries_per_day = 50000,
                                         .write_query = write_query,
                                         .read_line = read_line};
