/*
 * Fields whose numbers have names: the protocol, the Ethernet type, the flags of TCP. Producers write one or the other; an
 * input shows all of them in one spelling, and a condition means the number, however it is written.
 */
#ifndef FLOW_EXPORTER_WORD_H
#define FLOW_EXPORTER_WORD_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/visibility.h>

FX_C_BEGIN

enum fx_word { FX_WORD_NONE, FX_WORD_PROTOCOL, FX_WORD_ETYPE, FX_WORD_TCP_FLAGS };

/* By the field's name: ip_proto, etype, tcp_flags; FX_WORD_NONE for all others. */
FX_API enum fx_word fx_word_of(const char *field);
/* What the text means: 1 with *number, or 0. Any thread; no memory, no locale. */
FX_API int fx_word_number(enum fx_word word, const char *text, size_t size, uint64_t *number);
/* Its name in buffer, which has room for FX_WORD_MAX bytes; the size, or 0: it has none. */
#define FX_WORD_MAX 48
FX_API size_t fx_word_name(enum fx_word word, uint64_t number, char *buffer);

FX_C_END

#endif
