/* Prints option tables for people, on a terminal or as Markdown. Main thread. */
#include "config/options.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/option_value.h"
#include "util/str.h"

#define WIDTH            80
#define HELP_INDENT      6
#define WIDTH_OF_KEY_MAX 28

static void type_add(struct fxi_str *line, const struct fx_option *option)
{
    static const char *const names[] = {
        [FX_OPT_BOOL] = "true or false", [FX_OPT_INTEGER] = "integer", [FX_OPT_DOUBLE] = "number",
        [FX_OPT_STRING] = "text",        [FX_OPT_SECRET] = "secret",   [FX_OPT_ENUM] = "one of",
        [FX_OPT_DURATION] = "duration",  [FX_OPT_SIZE] = "size",       [FX_OPT_LIST] = "list of texts",
        [FX_OPT_MAP] = "map of texts",   [FX_OPT_CHOICE] = "one of",   [FX_OPT_TABLES] = "list of maps",
        [FX_OPT_ADDRESS] = "address",    [FX_OPT_PREFIX] = "prefix",   [FX_OPT_HOST_PORT] = "host:port",
        [FX_OPT_TIMESTAMP] = "time",     [FX_OPT_PATH] = "path",       [FX_OPT_CHOICES] = "map of",
    };
    fxi_str_puts(line, names[option->type]);
    if (option->flags & FX_OPTION_LISTS)
        fxi_str_puts(line, " or lists of them");
    if (option->flags & (FX_OPTION_READABLE | FX_OPTION_FOLDER))
        fxi_str_puts(line, option->flags & FX_OPTION_FOLDER ? " of a folder" : " of a file");
    bool is_chosen = option->type == FX_OPT_ENUM || option->type == FX_OPT_CHOICE || option->type == FX_OPT_CHOICES;
    for (const char *const *choice = is_chosen ? option->choices : NULL; choice && *choice; choice++) {
        bool has_text = option->type == FX_OPT_CHOICE && (*choice)[strlen(*choice) - 1] == ':';
        fxi_str_printf(line, has_text ? "%s {%s TEXT}" : "%s %s",
                       choice == option->choices ? ""
                       : choice[1]               ? ","
                                                 : " or",
                       *choice);
    }
    if (option->unit)
        fxi_str_printf(line, " (%s)", option->unit);
}

/* Adds "1 to 9", or "1 to 9 entries" for lists and maps. */
static void bounds_add(struct fxi_str *line, const struct fx_option *option)
{
    char bounds[FXI_BOUNDS_MAX];
    bool counted = option->type == FX_OPT_LIST || option->type == FX_OPT_MAP || option->type == FX_OPT_TABLES ||
                   option->type == FX_OPT_CHOICES;
    if (fxi_value_bounds(option, bounds))
        fxi_str_printf(line, "%s%s", bounds, counted ? " entries" : "");
}

static void comma_add(struct fxi_str *line)
{
    fxi_str_puts(line, ", ");
}

static void facts_add(struct fxi_str *line, const struct fx_option *option)
{
    struct fxi_str bounds = {0};
    type_add(line, option);
    bounds_add(&bounds, option);
    if (bounds.size) {
        comma_add(line);
        fxi_str_puts(line, bounds.data);
    }
    fxi_str_fini(&bounds);
    if (option->flags & FX_OPTION_REQUIRED)
        fxi_str_puts(line, ", required");
    else if (option->fallback)
        fxi_str_printf(line, ", default %s", *option->fallback ? option->fallback : "\"\"");
    if (option->flags & FX_OPTION_RELOADABLE)
        fxi_str_puts(line, ", reloadable");
}

/* Prints the words of text in lines of WIDTH columns. *column is the position of the cursor. */
static void wrap_print(FILE *out, const char *text, int indent, int *column)
{
    while (*text) {
        text += strspn(text, " \n");
        int size = (int)strcspn(text, " \n");
        if (size == 0)
            break;
        if (*column > indent && *column + 1 + size > WIDTH) {
            fputc('\n', out);
            *column = 0;
        }
        int space = *column == 0 ? indent : *column > indent;
        fprintf(out, "%*s%.*s", space, "", size, text);
        *column += space + size;
        text += size;
    }
}

void fxi_text_print(FILE *out, const char *text, int indent)
{
    int column = 0;
    wrap_print(out, text, indent, &column);
    fputs(column ? "\n" : "", out);
}

/* The key "host" in the table "servers" is shown as "servers[].host". */
static char *key_in(const char *prefix, const struct fx_option *option, const char *suffix)
{
    struct fxi_str key = {0};
    fxi_str_printf(&key, "%s%s%s", prefix, option->key, suffix);
    return key.data;
}

static int key_width(const struct fx_option *table, int prefix_size)
{
    int width = 0;
    for (const struct fx_option *option = table; option && option->key; option++) {
        int size = prefix_size + (int)strlen(option->key);
        if (size > width)
            width = size;
        if (option->type == FX_OPT_TABLES && (size = key_width(option->table, size + (int)strlen("[]."))) > width)
            width = size;
    }
    return width < WIDTH_OF_KEY_MAX ? width : WIDTH_OF_KEY_MAX;
}

static void table_print(FILE *out, const struct fx_option *table, const char *prefix, int width)
{
    for (const struct fx_option *option = table; option && option->key; option++) {
        struct fxi_str facts = {0};
        char *key = key_in(prefix, option, "");
        facts_add(&facts, option);
        int column = fprintf(out, "  %-*s  ", width, key);
        wrap_print(out, facts.data, width + 4, &column);
        fputc('\n', out);
        fxi_text_print(out, option->help ? option->help : "", HELP_INDENT);
        fxi_str_fini(&facts);
        free(key);
        if (option->type == FX_OPT_TABLES) {
            char *inner = key_in(prefix, option, "[].");
            table_print(out, option->table, inner, width);
            free(inner);
        }
    }
}

void fxi_options_print(FILE *out, const struct fx_option *table)
{
    table_print(out, table, "", key_width(table, 0));
}

/* Prints a cell of a Markdown table: '|' is escaped, and a newline becomes a space. */
static void cell_print(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputs("\\|", out);
        else
            fputc(*text == '\n' ? ' ' : *text, out);
    }
    fputs(" |", out);
}

static bool has_reloadable(const struct fx_option *table)
{
    for (; table && table->key; table++)
        if (table->flags & FX_OPTION_RELOADABLE || has_reloadable(table->table))
            return true;
    return false;
}

static void row_print(FILE *out, const struct fx_option *option, const char *prefix, bool with_reloadable)
{
    struct fxi_str type = {0}, bounds = {0}, fallback = {0};
    type_add(&type, option);
    bounds_add(&bounds, option);
    if (option->flags & FX_OPTION_REQUIRED)
        fxi_str_puts(&fallback, "required");
    else if (option->fallback)
        fxi_str_printf(&fallback, "`%s`", *option->fallback ? option->fallback : "\"\"");
    fprintf(out, "| `%s%s` | ", prefix, option->key);
    cell_print(out, type.data);
    fputc(' ', out);
    cell_print(out, fallback.size ? fallback.data : "");
    fputc(' ', out);
    cell_print(out, bounds.size ? bounds.data : "");
    fputc(' ', out);
    cell_print(out, option->help ? option->help : "");
    if (with_reloadable)
        fputs(option->flags & FX_OPTION_RELOADABLE ? " yes |" : " no |", out);
    fputc('\n', out);
    fxi_str_fini(&type);
    fxi_str_fini(&bounds);
    fxi_str_fini(&fallback);
}

static void rows_print(FILE *out, const struct fx_option *table, const char *prefix, bool with_reloadable)
{
    for (const struct fx_option *option = table; option && option->key; option++) {
        row_print(out, option, prefix, with_reloadable);
        if (option->type == FX_OPT_TABLES) {
            char *inner = key_in(prefix, option, "[].");
            rows_print(out, option->table, inner, with_reloadable);
            free(inner);
        }
    }
}

void fxi_options_print_markdown(FILE *out, const struct fx_option *table)
{
    bool with_reloadable = has_reloadable(table); /* a column in which every row is "no" says nothing */
    fprintf(out, "| Option | Type | Default | Bounds | Meaning |%s\n", with_reloadable ? " Reloadable |" : "");
    fprintf(out, "|---|---|---|---|---|%s\n", with_reloadable ? "---|" : "");
    rows_print(out, table, "", with_reloadable);
}
