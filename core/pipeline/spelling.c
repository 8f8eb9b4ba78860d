/* The texts for ip_proto, etype and tcp_flags, made once. A record costs only a look into a table, and no memory. */
#include "pipeline/spelling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/word.h>

#include "util/alloc.h"

/* Protocols and sets of flags have no larger numbers. Of Ethernet types only those with names are kept. */
#define NUMBERS    256
#define ETYPES_MAX 32

struct text {
    uint32_t size;
    char text[FX_WORD_MAX];
};

struct fxi_names {
    bool as_numbers;
    struct text protocols[NUMBERS], flags[NUMBERS];
    struct text etypes[ETYPES_MAX];
    uint16_t etype_numbers[ETYPES_MAX];
    unsigned etype_count;
};

static void make_text(const struct fxi_names *names, enum fx_word word, unsigned number, struct text *text)
{
    text->size = names->as_numbers ? 0 : (uint32_t)fx_word_name(word, number, text->text);
    if (!text->size)
        text->size = (uint32_t)snprintf(text->text, sizeof text->text, "%u", number);
}

struct fxi_names *fxi_names_new(bool as_numbers)
{
    struct fxi_names *names = fxi_calloc(1, sizeof *names);
    char name[FX_WORD_MAX];
    names->as_numbers = as_numbers;
    for (unsigned i = 0; i < NUMBERS; i++) {
        make_text(names, FX_WORD_PROTOCOL, i, &names->protocols[i]);
        make_text(names, FX_WORD_TCP_FLAGS, i, &names->flags[i]);
    }
    for (unsigned i = 0; i <= UINT16_MAX && names->etype_count < ETYPES_MAX; i++) {
        if (!fx_word_name(FX_WORD_ETYPE, i, name))
            continue;
        make_text(names, FX_WORD_ETYPE, i, &names->etypes[names->etype_count]);
        names->etype_numbers[names->etype_count++] = (uint16_t)i;
    }
    return names;
}

void fxi_names_free(struct fxi_names *names)
{
    free(names);
}

static const struct text *find_text(const struct fxi_names *names, enum fx_word word, uint64_t number)
{
    if (word != FX_WORD_ETYPE && number >= NUMBERS)
        return NULL;
    if (word == FX_WORD_PROTOCOL)
        return &names->protocols[number];
    if (word == FX_WORD_TCP_FLAGS)
        return &names->flags[number];
    for (unsigned i = 0; i < names->etype_count; i++)
        if (names->etype_numbers[i] == number)
            return &names->etypes[i];
    return NULL;
}

bool fxi_spell_value(const struct fxi_names *names, const struct fxi_spell *spell, struct fx_value *value)
{
    uint64_t number;
    bool known = value->type == FX_TEXT && value->size &&
                 fx_word_number((enum fx_word)spell->word, value->text, value->size, &number);
    if (spell->type != FX_TEXT) {
        bool is_wrong = !known && value->type == FX_TEXT && value->size;
        *value = (struct fx_value){.type = FX_NULL};
        if (known && spell->type == FX_DOUBLE)
            *value = (struct fx_value){.d = (double)number, .type = FX_DOUBLE};
        else if (known)
            *value = (struct fx_value){.u = number, .type = spell->type};
        return !is_wrong || !spell->rejects;
    }
    const struct text *text = known ? find_text(names, (enum fx_word)spell->word, number) : NULL;
    if (text) {
        value->text = text->text;
        value->size = text->size;
    }
    return true;
}
