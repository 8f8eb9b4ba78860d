/* Walks over JSON that the decoder has checked; nothing is checked again. Any thread. */
#ifndef FXI_DECODE_WALK_H
#define FXI_DECODE_WALK_H

static inline int fxi_walk_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline const char *fxi_walk_space(const char *at)
{
    while (fxi_walk_is_space(*at))
        at++;
    return at;
}

/* Gives the place after the closing quote of the text that opens at `at`. */
static inline const char *fxi_walk_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* Gives the place after the value at `at`. Something must follow the value. */
static inline const char *fxi_walk_value(const char *at)
{
    unsigned depth = 0;
    do {
        if (*at == '"') {
            at = fxi_walk_string(at);
            continue;
        }
        depth += *at == '{' || *at == '[';
        if ((*at == '}' || *at == ']') && depth)
            depth--;
        at++;
    } while (depth);
    /* A number or literal continues up to a character that can't be part of it. */
    if (at[-1] != '"' && at[-1] != '}' && at[-1] != ']')
        while (!fxi_walk_is_space(*at) && *at != ',' && *at != '}' && *at != ']')
            at++;
    return at;
}

#endif
