/* Walking over JSON that the decoder has found sound: nothing is checked. Any thread. */
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

/* at: a text's opening quote. Behind its closing one. */
static inline const char *fxi_walk_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

/* Behind the value at `at`; something follows it. */
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
    /* A number or a word goes on until something that can't be a part of it. */
    if (at[-1] != '"' && at[-1] != '}' && at[-1] != ']')
        while (!fxi_walk_is_space(*at) && *at != ',' && *at != '}' && *at != ']')
            at++;
    return at;
}

#endif
