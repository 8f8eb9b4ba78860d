/* Parses one of several words, or {word: text}. Main thread. The filled struct owns the text. */
#include "config/choice.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "util/alloc.h"
#include "util/str.h"

void fxi_choice_clear(struct fx_choice *choice)
{
    free((char *)choice->text);
    *choice = (struct fx_choice){0};
}

/* The length of the choice's name. *has_text: the choice is "name:" and takes a text. */
static size_t name_size(const char *choice, bool *has_text)
{
    size_t size = strlen(choice);
    *has_text = size && choice[size - 1] == ':';
    return size - *has_text;
}

static int find(const struct fx_option *option, const char *word, bool with_text)
{
    for (int i = 0; option->choices[i]; i++) {
        bool has_text;
        size_t size = name_size(option->choices[i], &has_text);
        if (has_text == with_text && strlen(word) == size && memcmp(word, option->choices[i], size) == 0)
            return i;
    }
    return -1;
}

static int fail(const struct fx_option *option, const char *file, const struct fxi_node *node, bool at_key,
                const char *word, struct fx_error *err)
{
    struct fxi_str list = {0};
    char names[16][64];
    struct fxi_guess guess = fxi_guess_begin(word ? word : "");
    for (int i = 0; option->choices[i] && i < 16; i++) {
        bool has_text;
        size_t size = name_size(option->choices[i], &has_text);
        fxi_str_printf(&list, has_text ? "%s{%s TEXT}" : "%s%s",
                       i == 0                   ? ""
                       : option->choices[i + 1] ? ", "
                                                : " or ",
                       option->choices[i]);
        size = size < sizeof names[i] ? size : sizeof names[i] - 1;
        memcpy(names[i], option->choices[i], size);
        names[i][size] = '\0';
        if (word && strcmp(word, names[i]) != 0)
            fxi_guess_offer(&guess, names[i]);
    }
    char shown[FXI_SHOWN_MAX];
    fxi_node_error(err, file, node, at_key, FX_EINVAL, "'%s' must be %s, not '%s'%s%s%s", option->key, list.data,
                   fxi_text_show(word ? word : "", shown), guess.best ? "; did you mean '" : "",
                   guess.best ? guess.best : "", guess.best ? "'?" : "");
    fxi_str_fini(&list);
    return FX_EINVAL;
}

int fxi_choice_fill(const struct fx_option *option, const char *file, const struct fxi_node *node,
                    struct fx_choice *choice, struct fx_error *err)
{
    const struct fxi_node *inside = node->type == FXI_NODE_MAP && node->count == 1 ? node->children : NULL;
    const char *word = node->type == FXI_NODE_SCALAR ? node->text : inside ? inside->key : NULL;
    int found = word ? find(option, word, inside != NULL) : -1;
    if (found < 0 || (inside && (inside->type != FXI_NODE_SCALAR || inside->is_null)))
        return fail(option, file, inside ? inside : node, inside != NULL, word, err);
    fxi_choice_clear(choice);
    choice->choice = found;
    choice->text = inside ? fxi_strdup(inside->text) : NULL;
    return 0;
}

void fxi_choices_clear(struct fx_choices *choices)
{
    for (size_t i = 0; i < choices->count; i++)
        free((char *)choices->pairs[i].key);
    free((void *)choices->pairs);
    *choices = (struct fx_choices){0};
}

int fxi_choices_fill(const struct fx_option *option, const char *file, const struct fxi_node *node,
                     struct fx_choices *choices, struct fx_error *err)
{
    fxi_choices_clear(choices);
    struct fx_keyed_choice *pairs = fxi_calloc(node->count + 1, sizeof *pairs);
    choices->pairs = pairs;
    for (const struct fxi_node *item = node->children; item; item = item->next) {
        const char *word = item->type == FXI_NODE_SCALAR && !item->is_null ? item->text : NULL;
        int found = word ? find(option, word, false) : -1;
        if (found < 0)
            return fail(option, file, item, false, word, err);
        pairs[choices->count++] = (struct fx_keyed_choice){.key = fxi_strdup(item->key), .choice = found};
    }
    return 0;
}
