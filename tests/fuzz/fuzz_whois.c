/*
 * Any bytes as the answer of a whois server, in pieces of every size that the
 * first byte gives: no line is longer than its bound, and every name comes out
 * as valid UTF-8 without control characters. Each input reproduces alone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/resolver-whois/address.h"
#include "plugins/resolver-whois/clean.h"
#include "plugins/resolver-whois/dialect.h"
#include "plugins/resolver-whois/lines.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the lines said, so that it can be compared: it must not depend on where the pieces end. */
struct said {
    uint64_t lines, sum;
};

static void require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void add(struct said *said, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        said->sum = (said->sum ^ (uint8_t)data[i]) * UINT64_C(0x100000001b3);
}

static int is_utf8(const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        size_t length = fxi_utf8_size(text, end);
        if (length == 0 || length > (size_t)(end - text))
            return 0;
        text += length;
    }
    return 1;
}

static void check_name(struct said *said, const char *raw, size_t size)
{
    /* A block of exactly the size, so that a sanitizer sees a step too far. */
    char *name = malloc(size ? size : 1);
    require(name != NULL, "no memory");
    memcpy(name, raw, size);
    size_t clean = whois_clean(name, size);
    require(clean <= size, "a clean name is longer");
    require(is_utf8(name, clean), "a clean name is not UTF-8");
    for (size_t i = 0; i < clean; i++)
        require((uint8_t)name[i] >= 0x20 && name[i] != 0x7f, "a clean name has a control character");
    require(clean == 0 || (name[0] != ' ' && name[clean - 1] != ' '), "a clean name has space at an end");
    require(whois_clean(name, clean) == clean, "a clean name is not clean");
    size_t bare = whois_strip_country(name, clean);
    require(bare <= clean, "a name grew");
    add(said, name, bare);
    free(name);
}

static void take_line(void *arg, char *line, size_t size)
{
    struct said *said = arg;
    require(size > 0 && size <= WHOIS_LINE_MAX, "a line is beyond its bound");
    struct whois_line found = {0};
    char *copy = malloc(size);
    require(copy != NULL, "no memory");
    memcpy(copy, line, size);
    enum whois_line_kind kind = whois_cymru.read_line(copy, size, &found);
    said->lines++;
    add(said, (const char *)&kind, sizeof(kind));
    if (kind == WHOIS_LINE_NAME) {
        require(found.name >= copy && found.name + found.name_size <= copy + size, "a name is outside its line");
        add(said, (const char *)&found.number, sizeof(found.number));
        check_name(said, found.name, found.name_size);
    }
    check_name(said, line, size);
    free(copy);
}

static struct said feed(const char *data, size_t size, size_t piece)
{
    static struct whois_lines lines;
    struct said said = {0, 0};
    whois_lines_init(&lines);
    for (size_t i = 0; i < size; i += piece)
        whois_lines_feed(&lines, data + i, size - i < piece ? size - i : piece, take_line, &said);
    return said;
}

static void check_address(const char *data, size_t size)
{
    struct whois_address address;
    const char *why = NULL;
    char *text = malloc(size + 1);
    require(text != NULL, "no memory");
    memcpy(text, data, size);
    text[size] = '\0';
    if (whois_address_parse(text, &address, &why) == 0)
        require(address.host[0] && address.port[0], "an address is empty");
    else
        require(why != NULL, "an address is refused without a reason");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    struct said whole = feed(text, size - 1, size);
    struct said pieces = feed(text, size - 1, (size_t)data[0] + 1);
    require(whole.lines == pieces.lines && whole.sum == pieces.sum, "the pieces make a difference");
    check_address(text, size - 1);
    return 0;
}
