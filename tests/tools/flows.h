/*
 * Sample flow records for tests, the demo and benchmarks. The same seed gives the same records. One thread.
 *
 * A record is about the monitored AS and another AS, half of the records in each direction. One record in sixteen is
 * about neither. The other AS and the router are drawn with a power law: few are frequent, many are rare. Optionally
 * all are equally frequent.
 */
#ifndef TOOLS_FLOWS_H
#define TOOLS_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flows_format { FLOWS_PMACCT, FLOWS_GOFLOW2 };
enum flows_draw { FLOWS_SKEWED, FLOWS_UNIFORM };

/* Numbers that are spread like real ones (most have five or six digits) are below this bound. */
#define FLOWS_SPREAD 399989

struct flows_options {
    uint64_t seed;
    uint32_t asn;           /* the monitored AS */
    uint32_t as_count;      /* other ASes */
    const uint32_t *others; /* their numbers, as_count of them; NULL: 1, 2, 3 ... without asn */
    uint32_t routers;
    uint64_t series; /* at most this many combinations of AS, router and direction; 0: all */
    enum flows_draw draw;
    bool spread;      /* without others: numbers of up to six digits, not 1, 2, 3 ...; as_count below FLOWS_SPREAD */
    bool skip_series; /* begin with random records, not with one of each combination */
    enum flows_format format;
    bool label_maps; /* pmacct: label is an object with the router's name under "nkey" */
    bool mixed;      /* a share of the records with nested maps, with other orders of members, with more escapes */
    uint64_t marker_every; /* records between two pairs of pmacct's markers; 0: none */
    double malformed;      /* share of the records, 0 to 1 */
};

/* The reason for which a malformed record must be rejected. The names are those in flow-exporter's metric. */
enum flows_fault {
    FLOWS_TRUNCATED,
    FLOWS_SYNTAX,
    FLOWS_ENCODING,
    FLOWS_TYPE,
    FLOWS_RANGE,
    FLOWS_NOT_OBJECT,
    FLOWS_TRAILING,
    FLOWS_FAULT_COUNT
};
extern const char *const flows_fault_names[FLOWS_FAULT_COUNT];

/* The counts of everything made so far. */
struct flows_counts {
    uint64_t records; /* valid ones */
    uint64_t counted; /* bytes of records about the monitored AS, modulo 2^64 */
    uint64_t markers;
    uint64_t malformed[FLOWS_FAULT_COUNT];
};

/* One flow, before it is written in a format. */
struct flow {
    uint32_t as_src, as_dst, router;
    uint64_t bytes, packets;
    uint64_t random; /* for members that are not counted */
};

/* A growing text. */
struct flows_text {
    char *data;
    size_t size, capacity;
};

void flows_text_printf(struct flows_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void flows_text_add(struct flows_text *text, const char *data, size_t size);

struct flows;

/* others must stay valid. Gives NULL and a sentence in *why if the options contradict each other. */
struct flows *flows_new(const struct flows_options *options, const char **why);
void flows_free(struct flows *flows);
const struct flows_counts *flows_counts(const struct flows *flows);

/* Appends the next line, valid or not, with its newline. Markers are added as lines of their own. */
void flows_next(struct flows *flows, struct flows_text *text);
/* The flow of the last line, and whether the monitored AS is its source or destination. */
const struct flow *flows_last(const struct flows *flows);
bool flows_last_is_counted(const struct flows *flows);
/*
 * The number of combinations of AS, router and direction. This many lines come before the random ones, unless
 * skip_series.
 */
uint64_t flows_series(const struct flows *flows);
/* The number of the AS with this index, below as_count. */
uint32_t flows_as_number(const struct flows_options *options, uint32_t index);

/*
 * Writes names of usual lengths for the monitored AS and the others, in cidr-report's layout. Gives 0, or -1 with
 * errno.
 */
int flows_names_write(const struct flows_options *options, const char *path);

/* For flows.c: write a flow as a line without a newline; write markers; put a fault into a valid line. */
void flows_write(const struct flows_options *options, const struct flow *flow, struct flows_text *text);
void flows_write_markers(struct flows_text *text, uint64_t entries);
enum flows_fault flows_spoil(struct flows_text *text, size_t start, uint64_t random);

#endif
