#include "config/variables.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "util/alloc.h"
#include "util/str.h"
#include "util/utf8.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS  "0123456789"

static bool is_utf8(const char *text)
{
    for (const char *end = text + strlen(text); text < end;) {
        size_t size = fxi_utf8_size(text, end);
        if (size == 0 || size > (size_t)(end - text))
            return false;
        text += size;
    }
    return true;
}

/* Adds the value of what begins after "${". Gives the place after its "}", or NULL with a message. */
static const char *add_value(struct fxi_str *out, const char *at, char *message)
{
    char name[FXI_SHOWN_MAX], shown[FXI_SHOWN_MAX];
    size_t size = strspn(at, LETTERS DIGITS);
    const char *end = strchr(at, '}'), *otherwise = strncmp(at + size, ":-", 2) == 0 ? at + size + 2 : NULL;
    if (!end || size == 0 || size >= sizeof name || strchr(DIGITS, *at) || (!otherwise && at + size != end) ||
        (otherwise && memmem(otherwise, (size_t)(end - otherwise), "${", 2))) {
        snprintf(message, FXI_VARIABLES_MESSAGE_MAX,
                 "'${' must be followed by the name of an environment variable and '}', as in ${NAME} or "
                 "${NAME:-default}; for the characters themselves write '$${'");
        return NULL;
    }
    memcpy(name, at, size);
    name[size] = '\0';
    const char *value = getenv(name);
    if (value && !is_utf8(value)) {
        snprintf(message, FXI_VARIABLES_MESSAGE_MAX, "the value of the environment variable '%s' is not UTF-8",
                 fxi_text_show(name, shown));
        return NULL;
    }
    if (otherwise && !(value && *value))
        fxi_str_add(out, otherwise, (size_t)(end - otherwise));
    else if (value)
        fxi_str_puts(out, value);
    else
        snprintf(message, FXI_VARIABLES_MESSAGE_MAX,
                 "the environment variable '%s' is not set; ${%s:-text} is 'text' in that case",
                 fxi_text_show(name, shown), name);
    return value || otherwise ? end + 1 : NULL;
}

char *fxi_variables_expand(const char *text, char message[FXI_VARIABLES_MESSAGE_MAX])
{
    struct fxi_str out = {0};
    for (const char *sign; text && (sign = strstr(text, "${"));) {
        if (sign > text && sign[-1] == '$') {
            fxi_str_add(&out, text, (size_t)(sign - 1 - text));
            fxi_str_puts(&out, "${");
            text = sign + 2;
            continue;
        }
        fxi_str_add(&out, text, (size_t)(sign - text));
        text = add_value(&out, sign + 2, message);
    }
    if (text)
        fxi_str_puts(&out, text);
    char *expanded = text ? fxi_strdup(out.data ? out.data : "") : NULL;
    fxi_str_fini(&out);
    return expanded;
}
