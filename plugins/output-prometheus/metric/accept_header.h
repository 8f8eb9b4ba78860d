/*
 * What a request would rather have (RFC 9110, 12.5): the format by Accept, the compression by Accept-Encoding, both with
 * quality values. Nothing is refused: who accepts nothing that there is gets the text format, plain. Any thread.
 */
#ifndef OUTPUT_PROMETHEUS_ACCEPT_HEADER_H
#define OUTPUT_PROMETHEUS_ACCEPT_HEADER_H

enum prom_format { PROM_TEXT, PROM_OPENMETRICS };
enum prom_coding { PROM_IDENTITY, PROM_GZIP, PROM_ZSTD };

/*
 * The value of Accept, or NULL. Of what is wanted as much as the other: what is named more exactly, then what is named
 * first, then text.
 */
enum prom_format prom_accept_format(const char *accept);

/* The value of Accept-Encoding, or NULL. Of what is wanted as much as others: zstd, then gzip. */
enum prom_coding prom_accept_coding(const char *accept_encoding);

#endif
