/* Lists of tags beside committed positions. Other programs may have stored anything there; that is skipped. */
#include "state/tags.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <flow-exporter/checkpoint.h>

void fxi_tag_print(char buffer[FXI_TAG_BYTES], const char *identity, bool durable, uint64_t number)
{
    snprintf(buffer, FXI_TAG_BYTES, "%.*s%s:%" PRIu64, FXI_IDENTITY_SIZE, identity, durable ? "" : "-", number);
}

static bool parse(const char *text, size_t size, struct fxi_tag *tag)
{
    if (size < FXI_IDENTITY_SIZE + 2 || size >= FXI_TAG_BYTES)
        return false;
    for (size_t i = 0; i < FXI_IDENTITY_SIZE; i++)
        if (!memchr("0123456789abcdef", text[i], 16))
            return false;
    memcpy(tag->identity, text, FXI_IDENTITY_SIZE);
    tag->identity[FXI_IDENTITY_SIZE] = '\0';
    size_t at = FXI_IDENTITY_SIZE;
    tag->durable = text[at] != '-';
    at += tag->durable ? 0 : 1;
    if (at >= size || text[at++] != ':' || at == size || size - at > 19)
        return false;
    for (tag->number = 0; at < size; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        tag->number = tag->number * 10 + (uint64_t)(text[at] - '0');
    }
    return true;
}

bool fxi_tag_next(const char **at, const char *end, struct fxi_tag *tag)
{
    while (*at < end) {
        const char *begin = *at, *space = memchr(begin, ' ', (size_t)(end - begin));
        const char *stop = space ? space : end;
        *at = space ? space + 1 : end;
        if (parse(begin, (size_t)(stop - begin), tag))
            return true;
    }
    return false;
}

void fx_tags_add(char buffer[FX_TAGS_BYTES], const char *tag, const char *old, size_t old_size)
{
    size_t size = (size_t)snprintf(buffer, FX_TAGS_BYTES, "%s", tag);
    const char *at = old;
    struct fxi_tag other;
    for (unsigned count = 1; old && count < FX_TAGS_MAX && fxi_tag_next(&at, old + old_size, &other);) {
        if (strncmp(other.identity, tag, FXI_IDENTITY_SIZE) == 0)
            continue;
        char text[FXI_TAG_BYTES];
        fxi_tag_print(text, other.identity, other.durable, other.number);
        if (size + 1 + strlen(text) >= FX_TAGS_BYTES)
            break;
        size += (size_t)snprintf(buffer + size, FX_TAGS_BYTES - size, " %s", text);
        count++;
    }
}

int fx_tags_have(const char *tags, size_t size, const char *tag)
{
    const char *at = tags;
    struct fxi_tag found;
    char text[FXI_TAG_BYTES];
    while (tags && fxi_tag_next(&at, tags + size, &found)) {
        fxi_tag_print(text, found.identity, found.durable, found.number);
        if (strcmp(text, tag) == 0)
            return 1;
    }
    return 0;
}
