/*
 * Any bytes as the answer of a whois server of every dialect, in pieces of the size that the first byte gives. No line
 * is longer than its bound, every name is valid UTF-8, and pieces make no difference. The same bytes are also read as a
 * cache, as a names file and as an address. A fault can be reproduced with one input alone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/resolver-whois/server/address.h"
#include "plugins/resolver-whois/table/cache.h"
#include "plugins/resolver-whois/names/clean.h"
#include "plugins/resolver-whois/dialect/dialects.h"
#include "plugins/resolver-whois/base/lines.h"
#include "plugins/resolver-whois/names/names_file.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The results of the lines, for comparison. They must not depend on where the pieces end. */
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
    /* A block of exactly this size: a sanitizer notices a step beyond it. */
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

struct reading {
    struct said *said;
    struct whois_reading reading;
    struct whois_lines *lines;
};

static const uint32_t asked[] = {15169, 3333, 1, 397143};
#define ASKED (sizeof(asked) / sizeof(asked[0]))

static void take_answer(void *arg, enum whois_said kind, uint32_t number, const char *kept, size_t size)
{
    struct reading *reading = arg;
    char shown[WHOIS_NAME_MAX], country[2];
    require(size <= WHOIS_NAME_MAX, "a name is beyond its bound");
    require(is_utf8(kept, size), "a kept name is not UTF-8");
    require(kind == WHOIS_SAID_NAME || size == 0, "what is unknown has a name");
    for (unsigned style = 0; style < 4; style++) {
        struct whois_style how = {.keep_country = style & 1, .is_short = style & 2};
        size_t shown_size = whois_name_format(&how, kept, size, shown);
        require(shown_size <= WHOIS_NAME_MAX && is_utf8(shown, shown_size), "a shown name is not fit");
        add(reading->said, shown, shown_size);
    }
    if (whois_name_country(kept, size, country))
        require(country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z', "no country");
    add(reading->said, (const char *)&kind, sizeof(kind));
    add(reading->said, (const char *)&number, sizeof(number));
}

static void take_line(void *arg, char *line, size_t size)
{
    struct reading *reading = arg;
    struct said *said = reading->said;
    require(size <= WHOIS_LINE_MAX, "a line is beyond its bound");
    char *copy = malloc(size ? size : 1);
    require(copy != NULL, "no memory");
    memcpy(copy, line, size);
    reading->reading.dialect->read_line(&reading->reading, copy, size, reading->lines->raw_size);
    require(strlen(reading->reading.referral) < WHOIS_REFERRAL_MAX, "a referral is beyond its bound");
    said->lines++;
    check_name(said, line, size);
    free(copy);
}

static struct said feed(const struct whois_dialect *dialect, const char *data, size_t size, size_t piece)
{
    static struct whois_lines lines;
    struct said said = {0, 0};
    struct reading reading = {.said = &said, .lines = &lines};
    whois_reading_init(&reading.reading, dialect, asked, dialect->is_bulk ? ASKED : 1);
    reading.reading.take = take_answer;
    reading.reading.arg = &reading;
    whois_lines_init(&lines);
    for (size_t i = 0; i < size; i += piece)
        whois_lines_feed(&lines, data + i, size - i < piece ? size - i : piece, take_line, &reading);
    if (dialect->finish)
        dialect->finish(&reading.reading);
    add(&said, reading.reading.referral, strlen(reading.reading.referral));
    return said;
}

static int take_kept(void *arg, uint32_t number, int64_t expires_s, const char *kept, size_t size)
{
    add(arg, (const char *)&number, sizeof(number));
    require(expires_s >= 0, "it expires before time began");
    add(arg, kept, size);
    return 0;
}

static void check_cache(const char *data, size_t size)
{
    struct said said = {0, 0};
    const char *why = NULL;
    char *copy = malloc(size ? size : 1);
    require(copy != NULL, "no memory");
    memcpy(copy, data, size);
    require(whois_cache_parse(copy, size, take_kept, &said, &why) == 0 || why != NULL, "no reason");
    free(copy);
}

/* Any bytes as a names file, in memory. */
static void check_names_file(const char *data, size_t size)
{
    char path[] = "/tmp/fuzz-whois-XXXXXX";
    int fd = mkstemp(path);
    struct fx_error err = FX_ERROR_INIT;
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
    close(fd);
    struct whois_names_file *file = whois_names_file_read(path, &err);
    unlink(path);
    if (!file) { /* no line is a name */
        require(err.code == FX_EINVAL && size > 0, "a names file is refused");
        return;
    }
    for (uint64_t number = 0; number < 300; number++) {
        const char *name = whois_names_file_find(file, number * number);
        require(!name || (*name && is_utf8(name, strlen(name))), "a file's name is not fit");
    }
    whois_names_file_free(file);
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
    for (size_t i = 0; whois_dialects[i]; i++) {
        struct said whole = feed(whois_dialects[i], text, size - 1, size);
        struct said pieces = feed(whois_dialects[i], text, size - 1, (size_t)data[0] + 1);
        require(whole.lines == pieces.lines && whole.sum == pieces.sum, "the pieces make a difference");
    }
    check_cache(text, size - 1);
    check_names_file(text, size - 1);
    check_address(text, size - 1);
    return 0;
}
