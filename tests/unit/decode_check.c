/* Compares the decoder with both oracles, record by record, with every way of scanning. */
#include "tests/unit/decode_check.h"

#include <errno.h>
#include <json.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/str.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define JSON_DEPTH  4096
/* No test writes an exponent with a greater value. */
#define EXPONENT_MAX 100000000

struct decode_checker {
    struct fxi_decoder *decoders[FXI_SCAN_COUNT]; /* NULL: this processor lacks that way */
    const struct fxi_field *fields;
    size_t count;
    unsigned max_depth;
    struct json_tokener *tokener;
    struct fx_value *row;
    struct fxi_arena arena;
    size_t accepted, rejected;
    bool stood_still; /* the last fault was reported where the one before it ended */
};

struct decode_checker *decode_checker_new(const struct fxi_field *fields, size_t count, unsigned max_depth)
{
    struct decode_checker *c = fxi_calloc(1, sizeof *c);
    for (int scan = 0; scan < FXI_SCAN_COUNT; scan++) {
        c->decoders[scan] = fxi_decoder_new(fields, count, max_depth, NULL);
        if (!c->decoders[scan])
            abort();
        if (fxi_decoder_set_scan(c->decoders[scan], (enum fxi_scan)scan) != 0) {
            fxi_decoder_free(c->decoders[scan]);
            c->decoders[scan] = NULL;
        }
    }
    c->fields = fields;
    c->count = count;
    c->max_depth = max_depth;
    c->tokener = json_tokener_new_ex(JSON_DEPTH);
    /*
     * Not strict: json-c 0.18 would reject everything that is not ASCII. json-c sees only records that RFC 8259 allows.
     */
    json_tokener_set_flags(c->tokener, JSON_TOKENER_VALIDATE_UTF8);
    c->row = fxi_calloc(count, sizeof *c->row);
    fxi_arena_init(&c->arena, ARENA_BYTES);
    return c;
}

void decode_checker_free(struct decode_checker *checker)
{
    for (int scan = 0; scan < FXI_SCAN_COUNT; scan++)
        fxi_decoder_free(checker->decoders[scan]);
    json_tokener_free(checker->tokener);
    fxi_arena_fini(&checker->arena);
    free(checker->row);
    free(checker);
}

size_t decode_checker_accepted(const struct decode_checker *checker)
{
    return checker->accepted;
}

size_t decode_checker_rejected(const struct decode_checker *checker)
{
    return checker->rejected;
}

/*
 * Writes out the digits of a number to get its integer: "12.50e1" is 125, "1.5" has none. Returns 0, or -1 if the
 * number has a fraction or is too long for 64 bits.
 */
static int exact_integer(const char *text, bool *negative, uint64_t *magnitude)
{
    char digits[64] = "0";
    size_t count = 1;
    long exponent = 0, zeros = 0;
    bool in_fraction = false;
    *negative = *text == '-';
    for (text += *negative; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.') {
            in_fraction = true;
            continue;
        }
        exponent -= in_fraction;
        zeros++;
        if (*text == '0')
            continue;
        /* Writes zeros only between other digits. */
        if (count == 1)
            zeros = 1;
        for (; zeros > 1 && count < 40; zeros--)
            digits[count++] = '0';
        zeros = 0;
        if (count >= 40)
            return -1;
        digits[count++] = *text;
    }
    if (*text) {
        long written = strtol(text + 1, NULL, 10);
        exponent += written > EXPONENT_MAX ? EXPONENT_MAX : written < -EXPONENT_MAX ? -EXPONENT_MAX : written;
    }
    exponent += zeros;
    digits[count] = '\0';
    *magnitude = 0;
    if (strspn(digits, "0") == count) {
        *negative = false;
        return 0;
    }
    if (exponent < 0 || exponent > 20)
        return -1;
    for (; exponent; exponent--)
        digits[count++] = '0';
    digits[count] = '\0';
    errno = 0;
    *magnitude = strtoull(digits, NULL, 10);
    return errno ? -1 : 0;
}

/* The value that a claimed number must have, from its text. */
static enum fxi_decode number_from_text(const char *text, enum fx_type type, struct fx_value *value)
{
    value->type = type;
    if (type == FX_DOUBLE) {
        value->d = strtod(text, NULL);
        return isfinite(value->d) ? FXI_DECODE_RECORD : FXI_DECODE_RANGE;
    }
    bool negative;
    uint64_t magnitude;
    if (exact_integer(text, &negative, &magnitude) != 0 || (type == FX_UNSIGNED && negative))
        return FXI_DECODE_RANGE;
    if (type == FX_SIGNED && magnitude > (uint64_t)INT64_MAX + negative)
        return FXI_DECODE_RANGE;
    value->u = negative ? 0 - magnitude : magnitude;
    return FXI_DECODE_RECORD;
}

/* json-c clamps integers silently and forgets their text. A value at a bound proves nothing. */
static bool is_clamped(struct json_object *json)
{
    if (!json || json_object_get_type(json) != json_type_int)
        return false;
    return json_object_get_uint64(json) == UINT64_MAX || json_object_get_int64(json) == INT64_MIN ||
           json_object_get_int64(json) == INT64_MAX;
}

static enum fxi_decode expect_text(struct json_object *json, struct fx_value *value)
{
    switch (json_object_get_type(json)) {
    case json_type_null:
    case json_type_object:
    case json_type_array:
        return FXI_DECODE_RECORD;
    default:
        break;
    }
    value->type = FX_TEXT;
    value->text = json_object_get_string(json);
    value->size = json_object_get_type(json) == json_type_string ? (uint32_t)json_object_get_string_len(json)
                                                                 : (uint32_t)strlen(value->text);
    return FXI_DECODE_RECORD;
}

static enum fxi_decode expect_value(struct json_object *json, enum fx_type type, struct fx_value *value)
{
    *value = (struct fx_value){.type = FX_NULL};
    if (!json)
        return FXI_DECODE_RECORD;
    if (type == FX_TEXT)
        return expect_text(json, value);
    switch (json_object_get_type(json)) {
    case json_type_int:
    case json_type_double:
        return number_from_text(json_object_get_string(json), type, value);
    case json_type_string:
        if (!rfc_is_number(json_object_get_string(json), (size_t)json_object_get_string_len(json)))
            return FXI_DECODE_TYPE;
        return number_from_text(json_object_get_string(json), type, value);
    default:
        return FXI_DECODE_TYPE;
    }
}

/* Finds the member at a path without escaped dots. */
static struct json_object *find_path(struct json_object *json, const char *path)
{
    char *copy = fxi_strdup(path), *rest = copy;
    for (char *name = strsep(&rest, "."); name && json; name = strsep(&rest, ".")) {
        size_t length = json_object_is_type(json, json_type_array) ? json_object_array_length(json) : 0;
        long place = strtol(name, NULL, 10);
        place = *name == '-' ? (long)length + place : place;
        json = json_object_is_type(json, json_type_object) ? json_object_object_get(json, name)
               : strspn(name, "-0123456789") == strlen(name) && place >= 0 && place < (long)length
                   ? json_object_array_get_idx(json, (size_t)place)
                   : NULL;
    }
    free(copy);
    return json;
}

static bool is_text(const struct fx_value *value, const char *text)
{
    return value->size == strlen(text) && memcmp(value->text, text, value->size) == 0;
}

/* json-c reads -0 as the integer 0 and forgets the sign. */
static bool is_zero_again(const struct fx_value *expected, const struct fx_value *got)
{
    if (got->type == FX_DOUBLE)
        return expected->d == 0 && got->d == 0;
    return got->type == FX_TEXT && is_text(expected, "0") && is_text(got, "-0");
}

/* U+1DC18 is such a character: it lies beyond U+FFFF, and its lower 16 bits are a surrogate's number. */
static bool has_surrogates_half(const unsigned char *at, size_t size)
{
    if (size < 4 || at[0] < 0xf0)
        return false;
    unsigned point = (at[0] & 7U) << 18 | (at[1] & 0x3fU) << 12 | (at[2] & 0x3fU) << 6 | (at[3] & 0x3fU);
    return (point & 0xf800) == 0xd800;
}

/* json-c takes such a character, if escaped, for a lone surrogate and writes U+FFFD. */
static bool is_replaced(const struct fx_value *expected, const struct fx_value *got)
{
    const char *left = expected->text, *left_end = left + expected->size, *right = got->text, *end = right + got->size;
    while (left < left_end && right < end) {
        bool is_one = has_surrogates_half((const unsigned char *)right, (size_t)(end - right)) &&
                      left_end - left >= 3 && memcmp(left, "\xef\xbf\xbd", 3) == 0;
        if (!is_one && *left != *right)
            return false;
        left += is_one ? 3 : 1;
        right += is_one ? 4 : 1;
    }
    return left == left_end && right == end;
}

static bool is_same(const struct fx_value *expected, const struct fx_value *got)
{
    if (expected->type != got->type)
        return false;
    switch (expected->type) {
    case FX_NULL:
        return true;
    case FX_TEXT:
        if (is_replaced(expected, got))
            return true;
        break;
    default:
        if (expected->u == got->u)
            return true;
    }
    return is_zero_again(expected, got);
}

/* The text of a list, by json-c. False: json-c can't tell, since a name occurs twice or json-c changes a number. */
static bool join_tree(struct json_object *json, struct fxi_str *to, size_t *count)
{
    bool sound = true;
    switch (json_object_get_type(json)) {
    case json_type_null:
        return true;
    case json_type_object:
        return false;
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(json) && sound; i++)
            sound = join_tree(json_object_array_get_idx(json, i), to, count);
        return sound;
    default:
        fxi_str_puts(to, (*count)++ ? "," : "");
        fxi_str_puts(to, json_object_get_string(json));
        return json_object_get_type(json) != json_type_int || (!is_clamped(json) && json_object_get_int64(json) != 0);
    }
}

static bool check_joined(struct json_object *json, const struct fx_value *got)
{
    struct fxi_str joined = {0};
    size_t count = 0;
    bool sound = true;
    if (join_tree(json, &joined, &count)) {
        struct fx_value expected = {.type = count ? FX_TEXT : FX_NULL, .size = (uint32_t)joined.size};
        expected.text = joined.data ? joined.data : "";
        sound = is_same(&expected, got);
    }
    fxi_str_fini(&joined);
    return sound;
}

/* Compares all values of a sound record, and the verdict, with json-c's tree. */
static bool check_values(struct decode_checker *c, struct json_object *tree, enum fxi_decode got)
{
    enum fxi_decode expected = FXI_DECODE_RECORD;
    for (size_t i = 0; i < c->count && expected == FXI_DECODE_RECORD; i++) {
        struct json_object *json = c->fields[i].computed ? NULL : find_path(tree, c->fields[i].path);
        struct fx_value value;
        bool is_list = json_object_is_type(json, json_type_array) || json_object_is_type(json, json_type_object);
        if (is_list && c->fields[i].type == FX_TEXT) {
            if (got == FXI_DECODE_RECORD && !check_joined(json, &c->row[i])) {
                printf("list %s (%zu) differs from json-c's\n", c->fields[i].path, i);
                return false;
            }
            continue;
        }
        expected = expect_value(json, c->fields[i].type, &value);
        if (is_clamped(json))
            return got == FXI_DECODE_RECORD || got == FXI_DECODE_RANGE || got == FXI_DECODE_TYPE;
        if (got == FXI_DECODE_RECORD && expected == FXI_DECODE_RECORD && !is_same(&value, &c->row[i])) {
            printf("field %s (%zu) differs from json-c's\n", c->fields[i].path, i);
            return false;
        }
    }
    if (got != expected)
        printf("got %s, json-c's tree means %s\n", fxi_decode_name(got), fxi_decode_name(expected));
    return got == expected;
}

/* json-c ends a name at NUL. With \u0000 in it, json-c sees another name. */
static bool has_nul_escape(const char *start, const char *end)
{
    return memmem(start, (size_t)(end - start), "\\u0000", 6) != NULL;
}

static bool check_sound(struct decode_checker *c, const char *start, const char *end, enum fxi_decode got)
{
    json_tokener_reset(c->tokener);
    struct json_object *tree = json_tokener_parse_ex(c->tokener, start, (int)(end - start));
    if (!tree) {
        printf("json-c rejects what RFC 8259 allows: %s\n",
               json_tokener_error_desc(json_tokener_get_error(c->tokener)));
        return false;
    }
    bool same = has_nul_escape(start, end) || check_values(c, tree, got);
    json_object_put(tree);
    return same;
}

/* The expected outcome for the record at start, without its values. *behind: where decoding must continue. */
static enum fxi_decode expect_record(const struct decode_checker *c, const char *start, const char *end,
                                     const char **record_end, const char **behind)
{
    const char *newline = memchr(start, '\n', (size_t)(end - start));
    *behind = newline ? newline + 1 : end;
    enum fxi_decode why;
    if (*start != '{')
        return memchr("\"-0123456789tfn", *start, 15) ? FXI_DECODE_NOT_OBJECT : FXI_DECODE_SYNTAX;
    *record_end = rfc_value(start, end, c->max_depth, &why);
    if (!*record_end)
        return why;
    const char *at = *record_end;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    if (at < end && *at != '\n')
        return FXI_DECODE_TRAILING;
    *behind = at;
    return FXI_DECODE_RECORD;
}

/* Counts the objects in a list and in the lists inside it. json-c has found the list sound. */
static size_t count_objects(struct json_object *list)
{
    size_t count = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *element = json_object_array_get_idx(list, i);
        if (json_object_is_type(element, json_type_object))
            count++;
        else if (json_object_is_type(element, json_type_array))
            count += count_objects(element);
    }
    return count;
}

/* Counts the records of the list at start. Gives -1 if RFC 8259 finds a fault in the list or behind it. */
static ssize_t sound_list(struct decode_checker *c, const char *start, const char *end, const char **behind)
{
    enum fxi_decode why;
    *behind = start < end && *start == '[' ? rfc_value(start, end, c->max_depth, &why) : NULL;
    if (!*behind)
        return -1;
    const char *at = *behind;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    if (at < end && *at != '\n' && *at != '[')
        return -1;
    json_tokener_reset(c->tokener);
    struct json_object *tree = json_tokener_parse_ex(c->tokener, start, (int)(*behind - start));
    ssize_t count = tree ? (ssize_t)count_objects(tree) : -1;
    json_object_put(tree);
    return count;
}

/* Takes one record or fault of a list. A record must be sound by both oracles. The place must advance. */
static bool check_element(struct decode_checker *c, struct fxi_decoder *decoder, const char **at, const char *end,
                          enum fxi_decode *got)
{
    const char *before = *at, *where = NULL;
    *got = fxi_decoder_next(decoder, at, end, c->row, &c->arena, &where);
    if (*got == FXI_DECODE_END)
        return true;
    *got == FXI_DECODE_RECORD ? c->accepted++ : c->rejected++;
    /* A missing comma is reported in front of the next element, without an advance: allowed once in a row. */
    bool stays = *at <= before && before < end;
    if (*at < before || (stays && (*got != FXI_DECODE_SYNTAX || c->stood_still))) {
        printf("a list stands still\n");
        return false;
    }
    c->stood_still = stays;
    if (*got == FXI_DECODE_RECORD || *got == FXI_DECODE_TYPE || *got == FXI_DECODE_RANGE) {
        enum fxi_decode why;
        const char *start = fxi_decoder_start(decoder), *record_end = rfc_value(start, end, c->max_depth, &why);
        return *start == '{' && record_end && check_sound(c, start, record_end, *got);
    }
    return where >= before && where <= end;
}

/* Checks the list at start. If the oracles find it sound, each object in it is a record or has an unusable value. */
static bool check_list(struct decode_checker *c, struct fxi_decoder *decoder, const char **at, const char *end,
                       bool *ended)
{
    const char *behind = NULL, *start = *at;
    while (start < end && strchr(" \t\r\n", *start) && *start)
        start++;
    ssize_t objects = fxi_decoder_in_list(decoder) ? -1 : sound_list(c, start, end, &behind), found = 0;
    for (enum fxi_decode got; (!behind || *at < behind) && !*ended;) {
        if (!check_element(c, decoder, at, end, &got))
            return false;
        *ended = got == FXI_DECODE_END;
        found += got == FXI_DECODE_RECORD || got == FXI_DECODE_TYPE || got == FXI_DECODE_RANGE;
        if (objects >= 0 && got != FXI_DECODE_END && got != FXI_DECODE_NOT_OBJECT && got != FXI_DECODE_RECORD &&
            got != FXI_DECODE_TYPE && got != FXI_DECODE_RANGE && *at <= behind) {
            printf("%s in a sound list\n", fxi_decode_name(got));
            return false;
        }
        if (!fxi_decoder_in_list(decoder) && !behind)
            break;
    }
    if (objects >= 0 && found < objects)
        printf("%zd of %zd records of a list\n", found, objects);
    return objects < 0 || found >= objects;
}

/* Decodes a payload, or one of its two parts. Adds reasons and values to a checksum. */
static uint64_t sum_of(struct decode_checker *c, struct fxi_decoder *decoder, const char *data, size_t size,
                       enum fxi_part part, uint64_t sum, size_t *taken)
{
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    fxi_decoder_set_part(decoder, part);
    const char *at = copy;
    enum fxi_decode got;
    while ((got = fxi_decoder_next(decoder, &at, copy + size, c->row, &c->arena, NULL)) != FXI_DECODE_END) {
        sum = (sum ^ (uint64_t)got) * UINT64_C(0x9e3779b97f4a7c15) + 1;
        for (size_t i = 0; i < c->count && got == FXI_DECODE_RECORD; i++) {
            const struct fx_value *value = &c->row[i];
            sum = (sum ^ value->type) * UINT64_C(0x9e3779b97f4a7c15);
            for (size_t k = 0; value->type == FX_TEXT && k < value->size; k++)
                sum = (sum ^ (unsigned char)value->text[k]) * UINT64_C(0x9e3779b97f4a7c15);
            sum ^= value->type == FX_TEXT || value->type == FX_NULL ? 0 : value->u;
        }
    }
    *taken = (size_t)(at - copy);
    fxi_decoder_set_part(decoder, FXI_PART_WHOLE);
    free(copy);
    return sum;
}

static bool check_parts(struct decode_checker *c, struct fxi_decoder *decoder, const char *payload, size_t size)
{
    size_t cut = 0, taken, rest;
    for (size_t i = 0; i < size; i++)
        cut = cut * 33 + (unsigned char)payload[i];
    cut = size ? cut % (size + 1) : 0;
    fxi_arena_reset(&c->arena);
    uint64_t whole = sum_of(c, decoder, payload, size, FXI_PART_WHOLE, 1, &taken);
    uint64_t parts = sum_of(c, decoder, payload, cut, FXI_PART_OPEN, 1, &taken);
    parts = sum_of(c, decoder, payload + taken, size - taken, FXI_PART_WHOLE, parts, &rest);
    if (parts != whole || taken > cut || taken + rest != size || fxi_decoder_in_list(decoder))
        printf("in two parts, cut at %zu (taken up to %zu), it is something else\n", cut, taken);
    return parts == whole && taken <= cut && taken + rest == size && !fxi_decoder_in_list(decoder);
}

static bool check_one(struct decode_checker *c, struct fxi_decoder *decoder, const char **at, const char *end,
                      bool *ended)
{
    const char *start = *at;
    while (start < end && (*start == ' ' || *start == '\t' || *start == '\r' || *start == '\n'))
        start++;
    if (!fxi_decoder_in_list(decoder) && start + 3 <= end && memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        *at = start + 3;
        return true;
    }
    if (fxi_decoder_in_list(decoder) || (start < end && *start == '['))
        return check_list(c, decoder, at, end, ended);
    const char *where = NULL;
    enum fxi_decode got = fxi_decoder_next(decoder, at, end, c->row, &c->arena, &where);
    *ended = got == FXI_DECODE_END;
    if (start == end || *ended)
        return start == end && *ended;
    const char *record_end, *behind;
    enum fxi_decode expected = expect_record(c, start, end, &record_end, &behind);
    got == FXI_DECODE_RECORD ? c->accepted++ : c->rejected++;
    if (*at != behind) {
        printf("went on at %td behind the start, not %td\n", *at - start, behind - start);
        return false;
    }
    if (got != FXI_DECODE_RECORD && (where < start || where > end)) {
        printf("the fault is not in the record\n");
        return false;
    }
    if (expected == FXI_DECODE_RECORD)
        return check_sound(c, start, record_end, got);
    if (got != expected)
        printf("got %s, RFC 8259 means %s\n", fxi_decode_name(got), fxi_decode_name(expected));
    return got == expected;
}

static bool check_scan(struct decode_checker *c, struct fxi_decoder *decoder, const char *payload, const char *end)
{
    fxi_arena_reset(&c->arena);
    const char *at = payload;
    bool ended = false;
    while (!ended) {
        const char *start = at;
        if (!check_one(c, decoder, &at, end, &ended)) {
            printf("record at %td: %.*s\n", start - payload, (int)(end - start), start);
            return false;
        }
    }
    return true;
}

bool decode_check(struct decode_checker *checker, const char *payload, size_t size)
{
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, payload, size);
    bool sound = true;
    for (int scan = 0; scan < FXI_SCAN_COUNT && sound; scan++) {
        if (!checker->decoders[scan])
            continue;
        sound = check_scan(checker, checker->decoders[scan], copy, copy + size);
        sound = sound && check_parts(checker, checker->decoders[scan], payload, size);
        if (!sound)
            printf("with scan %d\n", scan);
    }
    free(copy);
    return sound;
}

void decode_checker_train(struct decode_checker *checker, const char *payload, size_t size, unsigned rounds)
{
    for (int scan = 0; scan < FXI_SCAN_COUNT; scan++) {
        for (unsigned round = 0; checker->decoders[scan] && round < rounds; round++) {
            const char *at = payload, *end = payload + size;
            fxi_arena_reset(&checker->arena);
            while (fxi_decoder_next(checker->decoders[scan], &at, end, checker->row, &checker->arena, NULL) !=
                   FXI_DECODE_END)
                ;
        }
    }
}
