/* Mappings. The main thread makes them once all claims are known. Workers call finish. */
#include "pipeline/mapping.h"

#include <stdlib.h>
#include <string.h>

#include <flow-exporter/log.h>
#include <flow-exporter/word.h>

#include "pipeline/preset.h"
#include "pipeline/spelling.h"
#include "plugin/instance.h"
#include "util/alloc.h"

#define NOWHERE UINT16_MAX

static const struct fxi_input_options *options_of(const struct fx_instance *input)
{
    return &input->entry->input;
}

/* Takes the user's paths of a field. False: there are none. check_written has checked their number. */
static bool written_paths(const struct fx_map *fields, const char *field, fxi_paths paths)
{
    size_t count = 0;
    memset(paths, 0, sizeof(fxi_paths));
    for (size_t i = 0; i < fields->count && count < FXI_PATHS_MAX; i++)
        if (strcmp(fields->pairs[i].key, field) == 0)
            paths[count++] = fields->pairs[i].value;
    return count > 0;
}

/* Finds the places of a field in this input's records. */
static void find_paths(const struct fx_instance *input, const char *field, fxi_paths paths)
{
    if (written_paths(&options_of(input)->fields, field, paths))
        return;
    const char *const *preset = fxi_preset_paths((enum fxi_preset)options_of(input)->preset, field);
    if (preset)
        memcpy(paths, preset, sizeof(fxi_paths));
    else
        paths[0] = field;
}

static uint16_t add_field(struct fxi_mapping *mapping, const char *path, enum fx_type type, bool lenient)
{
    mapping->fields = fxi_realloc(mapping->fields, mapping->count + 1, sizeof *mapping->fields);
    mapping->fields[mapping->count] = (struct fxi_field){.path = fxi_strdup(path), .type = type, .lenient = lenient};
    return (uint16_t)mapping->count++;
}

/* Adds fields for all paths but the first. Their values move to `to`. */
static void add_others(struct fxi_mapping *mapping, uint16_t to, const char *const *paths)
{
    mapping->fields[to].optional = *paths != NULL;
    for (; *paths; paths++) {
        uint16_t from = add_field(mapping, *paths, mapping->fields[to].type, mapping->fields[to].lenient);
        mapping->fields[from].optional = 1;
        mapping->moves = fxi_realloc(mapping->moves, mapping->move_count + 1, sizeof *mapping->moves);
        mapping->moves[mapping->move_count++] = (struct fxi_move){to, from};
    }
}

static uint16_t add_place(struct fxi_mapping *mapping, const char *const *paths, enum fx_type type, bool lenient)
{
    uint16_t field = add_field(mapping, paths[0], type, lenient);
    add_others(mapping, field, paths + 1);
    return field;
}

static void map_fields(struct fxi_mapping *mapping, const struct fxi_schema *schema, const struct fx_instance *input)
{
    fxi_paths paths;
    for (size_t i = 0; i < schema->count; i++) {
        const struct fxi_field *field = &schema->fields[i];
        find_paths(input, field->path, paths);
        uint16_t number = add_field(mapping, field->computed ? field->path : paths[0], field->type, field->lenient);
        mapping->fields[number].computed = field->computed;
    }
    mapping->own = mapping->count;
    for (size_t i = 0; i < schema->count; i++) {
        const struct fxi_field *field = &schema->fields[i];
        find_paths(input, field->path, paths);
        if (!field->computed)
            add_others(mapping, (uint16_t)i, paths + 1);
    }
}

static int find_field(const struct fxi_schema *schema, const char *path, enum fx_type type)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type == type && !schema->fields[i].computed && strcmp(schema->fields[i].path, path) == 0)
            return (int)i;
    return -1;
}

static uint16_t map_partner(struct fxi_mapping *mapping, const struct fxi_schema *schema,
                            const struct fx_instance *input, const char *partner, const struct fxi_field *field)
{
    int found = find_field(schema, partner, field->type);
    if (found >= 0)
        return (uint16_t)found;
    fxi_paths paths;
    find_paths(input, partner, paths);
    return add_place(mapping, paths, field->type, field->lenient);
}

static uint16_t map_back_value(struct fxi_mapping *mapping, const struct fx_instance *input,
                               const struct fxi_field *field, const char *const *paths)
{
    fxi_paths own;
    if (written_paths(&options_of(input)->reverse, field->path, own))
        paths = own;
    else if (written_paths(&options_of(input)->fields, field->path, own))
        return NOWHERE; /* the user counts something else here, so the preset's reverse value does not apply */
    uint16_t at = add_place(mapping, paths, field->type, field->lenient);
    mapping->back_values = fxi_realloc(mapping->back_values, mapping->back_value_count + 1, sizeof(uint16_t));
    mapping->back_values[mapping->back_value_count++] = at;
    return at;
}

static void map_way_back(struct fxi_mapping *mapping, const struct fxi_schema *schema, const struct fx_instance *input)
{
    enum fxi_preset preset = (enum fxi_preset)options_of(input)->preset;
    mapping->back = fxi_calloc(schema->count, sizeof *mapping->back);
    for (size_t i = 0; i < schema->count; i++) {
        const struct fxi_field *field = &schema->fields[i];
        const char *partner = fxi_field_partner(field->path);
        const char *const *value = fxi_preset_back(preset, field->path);
        fxi_paths own;
        if (written_paths(&options_of(input)->reverse, field->path, own))
            partner = NULL, value = own;
        mapping->back[i] = (uint16_t)i;
        if (!field->computed && partner)
            mapping->back[i] = map_partner(mapping, schema, input, partner, field);
        else if (!field->computed && value)
            mapping->back[i] = map_back_value(mapping, input, field, value);
    }
    if (mapping->back_value_count)
        return;
    free(mapping->back);
    mapping->back = NULL;
}

static void map_scaled(struct fxi_mapping *mapping, const struct fxi_schema *schema, const char *rate)
{
    mapping->rate = find_field(schema, rate, FX_UNSIGNED);
    for (size_t i = 0; i < schema->count; i++) {
        const struct fxi_field *field = &schema->fields[i];
        bool is_count = strcmp(field->path, "bytes") == 0 || strcmp(field->path, "packets") == 0;
        if (!is_count || field->computed || field->type == FX_TEXT)
            continue;
        mapping->scaled = fxi_realloc(mapping->scaled, mapping->scaled_count + 1, sizeof *mapping->scaled);
        mapping->scaled[mapping->scaled_count++] = (uint16_t)i;
    }
}

/* A field whose numbers have names is decoded as a text, whatever is claimed; so are its other places. */
static void add_spell(struct fxi_mapping *mapping, uint16_t at, enum fx_word word, const struct fxi_field *field)
{
    mapping->spells = fxi_realloc(mapping->spells, mapping->spell_count + 1, sizeof *mapping->spells);
    mapping->spells[mapping->spell_count++] = (struct fxi_spell){
        .field = at, .word = (uint8_t)word, .type = (uint8_t)field->type, .rejects = !field->lenient};
    mapping->fields[at].type = FX_TEXT;
    for (size_t i = 0; i < mapping->move_count; i++)
        if (mapping->moves[i].to == at)
            mapping->fields[mapping->moves[i].from].type = FX_TEXT;
}

/* A value of `reverse` has a field of its own after the schema's fields. Both directions are spelled. */
static void map_spelled(struct fxi_mapping *mapping, const struct fxi_schema *schema, bool as_numbers)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct fxi_field *field = &schema->fields[i];
        enum fx_word word = fx_word_of(field->path);
        if (word == FX_WORD_NONE || field->computed)
            continue;
        uint16_t back = mapping->back ? mapping->back[i] : NOWHERE;
        add_spell(mapping, (uint16_t)i, word, field);
        if (back != NOWHERE && back >= mapping->own)
            add_spell(mapping, back, word, field);
    }
    if (mapping->spell_count)
        mapping->names = fxi_names_new(as_numbers);
}

static bool is_claimed(const struct fxi_schema *schema, const char *path)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].path, path) == 0)
            return true;
    return false;
}

/* How often the key occurs before this pair. */
static size_t count_before(const struct fx_map *fields, size_t pair)
{
    size_t count = 0;
    for (size_t i = 0; i < pair; i++)
        count += strcmp(fields->pairs[i].key, fields->pairs[pair].key) == 0;
    return count;
}

/* Checks each path of the user alone, so that an error has its place. */
static int check_written(const struct fxi_schema *schema, const struct fx_instance *input, const char *option,
                         const struct fx_map *fields, struct fx_error *err)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct fx_pair *pair = &fields->pairs[i];
        struct fx_error why = FX_ERROR_INIT;
        size_t before = count_before(fields, i);
        if (before == FXI_PATHS_MAX)
            return fx_error_option(err, input, option, pair->key, "'%s' has more than %d places", pair->key,
                                   FXI_PATHS_MAX);
        struct fxi_field field = {.path = pair->value, .type = FX_TEXT};
        struct fxi_decoder *decoder = fxi_decoder_new(&field, 1, 1, &why);
        fxi_decoder_free(decoder);
        if (!decoder)
            return fx_error_option(err, input, option, pair->key, "%s", why.message);
        if (!before && !is_claimed(schema, pair->key))
            fx_log(input, FX_LOG_WARN,
                   "No plugin reads this field, so its place has no effect; is the name misspelled?", "field=%s",
                   pair->key);
    }
    return 0;
}

int fxi_mapping_claim(struct fxi_schema *schema, const struct fx_instance *input, struct fx_error *err)
{
    const char *rate = options_of(input)->scale_by;
    if (!rate)
        return 0;
    struct fx_error why = FX_ERROR_INIT;
    int number = fxi_schema_read(schema, rate, FX_UNSIGNED, &why);
    return number < 0 ? fx_error_option(err, input, "scale_by", NULL, "%s", why.message) : 0;
}

int fxi_mapping_make(struct fxi_mapping *mapping, const struct fxi_schema *schema, const struct fx_instance *input,
                     struct fx_error *err)
{
    *mapping = (struct fxi_mapping){.rate = -1};
    int rc = check_written(schema, input, "fields", &options_of(input)->fields, err);
    if (!rc)
        rc = check_written(schema, input, "reverse", &options_of(input)->reverse, err);
    if (rc)
        return rc;
    map_fields(mapping, schema, input);
    map_way_back(mapping, schema, input);
    map_spelled(mapping, schema, options_of(input)->spelling == FXI_SPELLING_NUMBER);
    if (options_of(input)->scale_by)
        map_scaled(mapping, schema, options_of(input)->scale_by);
    mapping->finishes = mapping->move_count || mapping->back || mapping->rate >= 0 || mapping->spell_count;
    return 0;
}

void fxi_mapping_fini(struct fxi_mapping *mapping)
{
    for (size_t i = 0; i < mapping->count; i++)
        free((char *)mapping->fields[i].path);
    free(mapping->fields);
    free(mapping->moves);
    free(mapping->back);
    free(mapping->back_values);
    free(mapping->scaled);
    free(mapping->spells);
    fxi_names_free(mapping->names);
    *mapping = (struct fxi_mapping){.rate = -1};
}

static bool is_empty(const struct fx_value *value)
{
    return value->type == FX_NULL || (value->type == FX_TEXT && !value->size);
}

/* False: the product does not fit the type. */
static bool scale(struct fx_value *value, uint64_t rate)
{
    if (value->type == FX_UNSIGNED)
        return !__builtin_mul_overflow(value->u, rate, &value->u);
    if (value->type == FX_SIGNED)
        return !__builtin_mul_overflow(value->i, rate, &value->i);
    if (value->type == FX_DOUBLE)
        value->d *= (double)rate;
    return true;
}

static bool scale_row(const struct fxi_mapping *mapping, struct fx_value *row, uint64_t rate)
{
    for (size_t i = 0; i < mapping->scaled_count; i++)
        if (!scale(&row[mapping->scaled[i]], rate))
            return false;
    return true;
}

/* A field that is claimed as a text counts as 0 if it is "0". */
static bool is_zero(const struct fx_value *value)
{
    if (value->type != FX_TEXT)
        return value->type == FX_NULL || value->u == 0;
    for (size_t i = 0; i < value->size; i++)
        if (value->text[i] != '0')
            return false;
    return true;
}

static bool has_way_back(const struct fxi_mapping *mapping, const struct fx_value *row)
{
    for (size_t i = 0; i < mapping->back_value_count; i++)
        if (!is_zero(&row[mapping->back_values[i]]))
            return true;
    return false;
}

static void turn(const struct fxi_mapping *mapping, const struct fx_value *row, struct fx_value *back)
{
    for (size_t i = 0; i < mapping->own; i++)
        back[i] = mapping->back[i] == NOWHERE ? (struct fx_value){.type = FX_NULL} : row[mapping->back[i]];
    for (size_t i = mapping->own; i < mapping->count; i++)
        back[i] = (struct fx_value){.type = FX_NULL};
}

unsigned fxi_mapping_finish(const struct fxi_mapping *mapping, struct fx_value *row, enum fxi_decode *why)
{
    unsigned rows = 1;
    for (size_t i = 0; i < mapping->move_count; i++) {
        const struct fxi_move *move = &mapping->moves[i];
        if (is_empty(&row[move->to]))
            row[move->to] = row[move->from];
    }
    /*
     * Checked before spelling as well as after it: spelling turns protocol "0" into "hopopt", and flags "........" into
     * "0".
     */
    bool may_go_back = mapping->back && has_way_back(mapping, row);
    for (size_t i = 0; i < mapping->spell_count; i++)
        if (!fxi_spell_value(mapping->names, &mapping->spells[i], &row[mapping->spells[i].field])) {
            *why = FXI_DECODE_TYPE;
            return 0;
        }
    if (may_go_back && has_way_back(mapping, row)) {
        turn(mapping, row, row + mapping->count);
        rows = 2;
    }
    uint64_t rate = mapping->rate >= 0 && row[mapping->rate].type == FX_UNSIGNED ? row[mapping->rate].u : 1;
    for (unsigned i = 0; i < rows && rate > 1; i++) {
        if (!scale_row(mapping, row + i * mapping->count, rate)) {
            *why = FXI_DECODE_RANGE;
            return 0;
        }
    }
    return rows;
}
