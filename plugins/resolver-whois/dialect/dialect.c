/* What all dialects share. */
#include "dialect/dialect.h"

#include <string.h>
#include <strings.h>

void whois_reading_init(struct whois_reading *reading, const struct whois_dialect *dialect, const uint32_t *numbers,
                        size_t count)
{
    *reading = (struct whois_reading){.dialect = dialect, .numbers = numbers, .count = count};
}

static bool contains(const char *line, size_t size, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(line + i, word, length) == 0)
            return true;
    return false;
}

static bool contains_any(const char *line, size_t size, const char *const *words)
{
    for (; *words; words++)
        if (contains(line, size, *words))
            return true;
    return false;
}

bool whois_line_is_unknown(const char *line, size_t size)
{
    static const char *const words[] = {"ERROR:101",     "no entries found",   "no match", "not found",
                                        "no data found", "transferred to the", NULL};
    return contains_any(line, size, words);
}

bool whois_line_is_refusal(const char *line, size_t size)
{
    static const char *const words[] = {
        "ERROR:201",  "ERROR:202",      "ERROR:305",      "ERROR:306",        "access denied",
        "rate limit", "limit exceeded", "quota exceeded", "too many queries", "too many connections",
        NULL};
    return contains_any(line, size, words);
}
