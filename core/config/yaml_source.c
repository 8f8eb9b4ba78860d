/*
 * Checks of the raw text before libyaml reads it, and messages that say what to write instead. Main thread. No state is
 * kept.
 */
#include "config/yaml_source.h"

#include <string.h>

#include "util/utf8.h"

/* The size of the UTF-8 character at this index. 0: it is not UTF-8, or it is cut off. */
static size_t character_size(const struct fxi_yaml_source *source, size_t at)
{
    size_t length = fxi_utf8_size(source->text + at, source->text + source->size);
    return length > source->size - at ? 0 : length;
}

/* Control characters, most of which YAML 1.1 forbids. The others are refused here. */
static bool is_control(const unsigned char *c, size_t length)
{
    if (length == 1)
        return (c[0] < 0x20 && c[0] != '\t' && c[0] != '\n' && c[0] != '\r') || c[0] == 0x7f;
    if (length == 2)
        return c[0] == 0xc2 && c[1] < 0xa0 && c[1] != 0x85;
    return length == 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
}

static int characters_check(const struct fxi_yaml_source *source, struct fx_error *err)
{
    const unsigned char *text = (const unsigned char *)source->text;
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < source->size;) {
        size_t length = character_size(source, i);
        if (length == 0 || is_control(text + i, length)) {
            fxi_error_place(err, source->name, line, column);
            return fx_error_set(err, FX_EINVAL,
                                length == 0 ? "this is not UTF-8 text (byte 0x%02x)"
                                            : "a configuration can't contain a control character (byte 0x%02x)",
                                text[i]);
        }
        bool crlf = text[i] == '\r' && i + 1 < source->size && text[i + 1] == '\n';
        bool newline = (text[i] == '\n' || text[i] == '\r') && !crlf;
        line += newline;
        column = newline ? 1 : column + 1;
        i += length;
    }
    return 0;
}

int fxi_yaml_source_init(struct fxi_yaml_source *source, const char *name, const char *text, size_t size,
                         struct fx_error *err)
{
    *source = (struct fxi_yaml_source){name, text, size};
    if (size > FXI_YAML_SIZE_MAX) {
        fxi_error_place(err, name, 1, 1);
        return fx_error_set(err, FX_EINVAL, "the configuration is larger than 1 MiB");
    }
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        source->text += 3;
        source->size -= 3;
    }
    return characters_check(source, err);
}

/* The first byte of the character with libyaml's number index, or 0 at the end. */
static char character_at(const struct fxi_yaml_source *source, size_t index)
{
    size_t i = 0;
    for (; i < source->size && index > 0; index--)
        i += character_size(source, i);
    return i < source->size ? source->text[i] : '\0';
}

/* Advice for the user about libyaml's problem, or NULL. */
static const char *advice_for(const struct fxi_yaml_source *source, const char *problem, yaml_mark_t mark)
{
    if (strstr(problem, "cannot start any token"))
        return character_at(source, mark.index) == '\t' ? "a tab can't be used for indentation: use spaces"
                                                        : "a text can't begin with this character: put it in quotes";
    if (mark.index > 0 && character_at(source, mark.index) == '{' && character_at(source, mark.index - 1) == '$')
        return "inside a list or map in brackets, a text with ${NAME} must be in quotes";
    static const struct {
        const char *problem, *advice;
    } table[] = {
        {"mapping values are not allowed",
         "a key is not expected here: check the indentation, or quote a text with ': '"},
        {"could not find expected ':'", "this is not 'key: value': the ':' is missing"},
        {"did not find expected ',' or ']'", "this list lacks a ',' or ']' here"},
        {"did not find expected ',' or '}'", "this map lacks a ',' or '}' here"},
        {"did not find expected key", "a key is expected here: check the indentation and quotes"},
        {"did not find expected '-' indicator", "an entry of the list ('- ') is expected here: check the indentation"},
        {"did not find expected alphabetic or numeric character",
         "a text that begins with '*' or '&' must be in quotes"},
        {"did not find expected node content",
         "a value is expected here; a text that begins with ':' must be in quotes"},
        {"found unexpected end of stream", "this text's closing quote is missing"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strstr(problem, table[i].problem))
            return table[i].advice;
    return NULL;
}

int fxi_yaml_source_problem(const struct fxi_yaml_source *source, const yaml_parser_t *parser, struct fx_error *err)
{
    const char *problem = parser->problem ? parser->problem : "this can't be read as YAML";
    yaml_mark_t mark = parser->problem_mark;
    const char *advice = advice_for(source, problem, mark);
    /*
     * libyaml notices a missing end only lines later, or at the end of the file. The place where it began is more
     * useful.
     */
    bool opened = parser->context && (parser->error == YAML_SCANNER_ERROR || strstr(parser->context, "flow"));
    if (opened && mark.line > parser->context_mark.line)
        mark = parser->context_mark;
    fxi_error_place(err, source->name, (unsigned)mark.line + 1, (unsigned)mark.column + 1);
    return fx_error_set(err, FX_EINVAL, "%s", advice ? advice : problem);
}
