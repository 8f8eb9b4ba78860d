/*
 * Unpacks vFlow's messages. Only the worker's thread. The decoder has checked each message before, so this code does
 * not check the grammar.
 */
#include "decode/vflow.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/walk.h"

struct span {
    const char *start, *end; /* start is NULL if there is none */
};

/* A claimed member, by its name in flat records. */
struct wanted {
    char *name;
    size_t size;
    bool is_number;
    struct span value; /* in the current record */
};

struct fxi_vflow {
    struct fxi_decoder *whole, *flat;
    struct wanted *wanted;
    size_t wanted_count;
    struct span agent;
    const char *record; /* the last one that was begun */
    const char *at;     /* in DataSets: the next record, or what follows the last one; NULL: between messages */
};

/* Takes the next member of an object, from after '{' or a value. False: the object has ended, and *at is after it. */
static bool next_member(const char **at, struct span *name, struct span *value)
{
    *at = fxi_walk_space(*at);
    if (**at == ',')
        *at = fxi_walk_space(*at + 1);
    if (**at == '}') {
        ++*at;
        return false;
    }
    *name = (struct span){*at, fxi_walk_string(*at)};
    value->start = fxi_walk_space(fxi_walk_space(name->end) + 1);
    *at = value->end = fxi_walk_value(value->start);
    return true;
}

static bool next_element(const char **at)
{
    *at = fxi_walk_space(*at);
    if (**at == ',')
        *at = fxi_walk_space(*at + 1);
    if (**at != ']')
        return true;
    ++*at;
    return false;
}

static bool is_named(const struct span *name, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(name->end - name->start) == size + 2 && memcmp(name->start + 1, text, size) == 0;
}

/* Unescapes "\." and "\\". A path with more than one name can't be found in a flat record. */
static char *flat_name(const char *path)
{
    char *name = strdup(path), *to = name;
    for (const char *from = path; name && *from; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    if (name)
        *to = '\0';
    return name;
}

static int add_wanted(struct fxi_vflow *vflow, const struct fxi_field *field)
{
    char *name = flat_name(field->path);
    if (!name)
        return -1;
    for (size_t i = 0; i < vflow->wanted_count; i++) {
        if (strcmp(vflow->wanted[i].name, name) == 0) {
            vflow->wanted[i].is_number |= field->type != FX_TEXT;
            free(name);
            return 0;
        }
    }
    vflow->wanted[vflow->wanted_count++] =
        (struct wanted){.name = name, .size = strlen(name), .is_number = field->type != FX_TEXT};
    return 0;
}

struct fxi_vflow *fxi_vflow_new(const struct fxi_field *fields, size_t count, unsigned max_depth, struct fx_error *err)
{
    struct fxi_vflow *vflow = calloc(1, sizeof *vflow);
    if (vflow)
        vflow->wanted = calloc(count + 1, sizeof *vflow->wanted);
    int rc = vflow && vflow->wanted ? 0 : -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        if (!fields[i].computed)
            rc = add_wanted(vflow, &fields[i]);
    if (rc) {
        fxi_vflow_free(vflow);
        fx_error_set(err, FX_ENOMEM, "There is no memory for a decoder.");
        return NULL;
    }
    vflow->whole = fxi_decoder_new(NULL, 0, max_depth, err);
    vflow->flat = vflow->whole ? fxi_decoder_new(fields, count, max_depth, err) : NULL;
    if (vflow->flat)
        return vflow;
    fxi_vflow_free(vflow);
    return NULL;
}

void fxi_vflow_free(struct fxi_vflow *vflow)
{
    if (!vflow)
        return;
    for (size_t i = 0; i < vflow->wanted_count; i++)
        free(vflow->wanted[i].name);
    free(vflow->wanted);
    fxi_decoder_free(vflow->whole);
    fxi_decoder_free(vflow->flat);
    free(vflow);
}

struct fxi_decoder *fxi_vflow_flat(struct fxi_vflow *vflow)
{
    return vflow->flat;
}

struct fxi_decoder *fxi_vflow_whole(struct fxi_vflow *vflow)
{
    return vflow->whole;
}

/* Of members with the same name the last one counts, as in the decoder. */
static void find_members(struct fxi_vflow *vflow, const char *object, struct span *sets)
{
    struct span name, value;
    const char *at = fxi_walk_space(object) + 1;
    vflow->agent.start = sets->start = NULL;
    while (next_member(&at, &name, &value)) {
        if (is_named(&name, "AgentID"))
            vflow->agent = value;
        else if (is_named(&name, "DataSets"))
            *sets = value;
    }
}

/*
 * A message without flows (DataSets is absent or null) is valid and has no records. If DataSets is not a list, it is a
 * fault.
 */
static enum fxi_decode begin_message(struct fxi_vflow *vflow, const char **at, const char *end, struct fxi_arena *arena,
                                     const char **where)
{
    struct fx_value nothing;
    enum fxi_decode decode = fxi_decoder_next(vflow->whole, at, end, &nothing, arena, where);
    if (decode != FXI_DECODE_RECORD)
        return decode;
    const char *start = fxi_decoder_start(vflow->whole);
    struct span sets;
    find_members(vflow, start, &sets);
    vflow->at = sets.start && *sets.start == '[' ? sets.start + 1 : NULL;
    if (vflow->at || (sets.start && *sets.start == 'n'))
        return FXI_DECODE_RECORD;
    if (where)
        *where = sets.start ? sets.start : start;
    return FXI_DECODE_TYPE;
}

static bool digits_only(const struct span *value)
{
    for (const char *c = value->start; c < value->end; c++)
        if (*c < '0' || *c > '9')
            return false;
    return value->start < value->end;
}

/* Writes "I" or "E.I". False: the element has no usable number. */
static bool name_element(const struct span *id, const struct span *enterprise, char name[64], size_t *size)
{
    bool has_enterprise = enterprise->start && *enterprise->start != 'n' &&
                          !(enterprise->end - enterprise->start == 1 && *enterprise->start == '0');
    if (!id->start || !digits_only(id) || (has_enterprise && !digits_only(enterprise)))
        return false;
    int written = snprintf(name, 64, "%.*s%s%.*s", has_enterprise ? (int)(enterprise->end - enterprise->start) : 0,
                           has_enterprise ? enterprise->start : "", has_enterprise ? "." : "",
                           (int)(id->end - id->start), id->start);
    *size = (size_t)written;
    return written > 0 && written < 64;
}

/* Its name in a flat record, and its value. False: it is no element. */
static bool read_element(const char **at, char flat[64], size_t *size, struct span *v)
{
    struct span name, value, id = {0}, enterprise = {0};
    *v = (struct span){0};
    if (**at != '{')
        return false;
    ++*at;
    while (next_member(at, &name, &value)) {
        if (is_named(&name, "I"))
            id = value;
        else if (is_named(&name, "V"))
            *v = value;
        else if (is_named(&name, "E"))
            enterprise = value;
    }
    return name_element(&id, &enterprise, flat, size);
}

static bool take_element(struct fxi_vflow *vflow, const char **at)
{
    struct span v;
    char wanted_name[64];
    size_t size;
    if (!read_element(at, wanted_name, &size, &v))
        return false;
    for (size_t i = 0; i < vflow->wanted_count; i++) {
        struct wanted *wanted = &vflow->wanted[i];
        if (wanted->size == size && memcmp(wanted->name, wanted_name, size) == 0)
            wanted->value = v;
    }
    return true;
}

/* Takes the elements of the record at *at, and moves *at past it. False: it is not a list of elements. */
static bool take_elements(struct fxi_vflow *vflow, const char **at)
{
    const char *inside = *at + 1;
    bool sound = **at == '[';
    *at = fxi_walk_value(*at);
    for (size_t i = 0; i < vflow->wanted_count; i++)
        vflow->wanted[i].value =
            strcmp(vflow->wanted[i].name, "AgentID") == 0 ? vflow->agent : (struct span){NULL, NULL};
    while (sound && next_element(&inside))
        sound = take_element(vflow, &inside);
    return sound;
}

/* Reads a text "0x..." that fits 64 bits. */
static bool hex_value(const struct span *text, uint64_t *number)
{
    const char *at = text->start + 1, *end = text->end - 1;
    if (*text->start != '"' || end - at < 3 || at[0] != '0' || (at[1] | 0x20) != 'x')
        return false;
    for (*number = 0, at += 2; at < end; at++) {
        int digit = *at >= '0' && *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;
        if ((*at < '0' || *at > '9') && ((*at | 0x20) < 'a' || (*at | 0x20) > 'f'))
            return false;
        if (*number >> 60)
            return false;
        *number = *number << 4 | (uint64_t)digit;
    }
    return true;
}

/* Names and values with quotes, colons and commas. A number is never longer than its hexadecimal text. */
static size_t flat_size(const struct fxi_vflow *vflow)
{
    size_t size = 3;
    for (size_t i = 0; i < vflow->wanted_count; i++)
        if (vflow->wanted[i].value.start)
            size += vflow->wanted[i].size + 4 + (size_t)(vflow->wanted[i].value.end - vflow->wanted[i].value.start);
    return size;
}

static char *put(char *to, const char *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static char *put_member(char *to, const struct wanted *wanted)
{
    uint64_t number;
    *to++ = '"';
    to = put(to, wanted->name, wanted->size);
    to = put(to, "\":", 2);
    if (wanted->is_number && hex_value(&wanted->value, &number)) {
        char digits[24];
        return put(to, digits, (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number));
    }
    return put(to, wanted->value.start, (size_t)(wanted->value.end - wanted->value.start));
}

static enum fxi_decode decode_flat(struct fxi_vflow *vflow, struct fx_value *row, struct fxi_arena *arena)
{
    char *flat = fxi_arena_alloc(arena, flat_size(vflow)), *to = flat;
    if (!flat)
        return FXI_DECODE_RANGE;
    *to++ = '{';
    for (size_t i = 0; i < vflow->wanted_count; i++) {
        if (!vflow->wanted[i].value.start)
            continue;
        if (to[-1] != '{')
            *to++ = ',';
        to = put_member(to, &vflow->wanted[i]);
    }
    *to++ = '}';
    const char *at = flat;
    enum fxi_decode decode = fxi_decoder_next(vflow->flat, &at, to, row, arena, NULL);
    return decode == FXI_DECODE_END ? FXI_DECODE_SYNTAX : decode;
}

enum fxi_decode fxi_vflow_next(struct fxi_vflow *vflow, const char **at, const char *end, struct fx_value *row,
                               struct fxi_arena *arena, const char **where)
{
    while (!vflow->at || !next_element(&vflow->at)) {
        vflow->at = NULL;
        enum fxi_decode decode = begin_message(vflow, at, end, arena, where);
        if (decode != FXI_DECODE_RECORD)
            return decode;
    }
    const char *start = vflow->record = vflow->at;
    enum fxi_decode decode = take_elements(vflow, &vflow->at) ? decode_flat(vflow, row, arena) : FXI_DECODE_TYPE;
    if (decode != FXI_DECODE_RECORD && where)
        *where = start;
    return decode;
}

static char *put_pair(char *to, const char *name, size_t size, const struct span *value)
{
    if (to[-1] != '{')
        *to++ = ',';
    *to++ = '"';
    to = put(to, name, size);
    to = put(to, "\":", 2);
    return put(to, value->start, (size_t)(value->end - value->start));
}

/* An element is shorter flat than as an object. */
const char *fxi_vflow_text(const struct fxi_vflow *vflow, struct fxi_arena *arena, size_t *size)
{
    static const char agent[] = "AgentID";
    const char *at = vflow->record + 1;
    size_t agent_size = vflow->agent.start ? (size_t)(vflow->agent.end - vflow->agent.start) : 0;
    size_t most = (size_t)(fxi_walk_value(vflow->record) - vflow->record) + agent_size + sizeof agent + 8;
    char *text = fxi_arena_alloc(arena, most), *to = text, name[64];
    if (!text)
        return NULL;
    *to++ = '{';
    if (vflow->agent.start)
        to = put_pair(to, agent, sizeof agent - 1, &vflow->agent);
    while (next_element(&at)) {
        struct span value;
        size_t name_size;
        if (read_element(&at, name, &name_size, &value) && value.start)
            to = put_pair(to, name, name_size, &value);
    }
    *to++ = '}';
    *size = (size_t)(to - text);
    return text;
}
