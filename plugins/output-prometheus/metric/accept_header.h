/*
 * What a request prefers (RFC 9110, 12.5): the format by Accept, the compression by Accept-Encoding, both with
 * quality values. Nothing is refused: a client that accepts nothing on offer gets the text format, uncompressed. Any
 * thread.
 */
#ifndef OUTPUT_PROMETHEUS_ACCEPT_HEADER_H
#define OUTPUT_PROMETHEUS_ACCEPT_HEADER_H

enum prom_format { PROM_TEXT, PROM_OPENMETRICS };
enum prom_coding { PROM_IDENTITY, PROM_GZIP, PROM_ZSTD };

/*
 * The value of Accept, or NULL. Among equal weights the more exactly named format wins, then the first one named,
 * then text.
 */
enum prom_format prom_accept_format(const char *accept);

/* The value of Accept-Encoding, or NULL. Among equal weights zstd wins, then gzip. */
enum prom_coding prom_accept_coding(const char *accept_encoding);

#endif
