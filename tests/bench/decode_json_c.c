/* json-c: one tokener makes a tree of each record. */
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode_ways.h"

static void take(struct json_object *tree, const struct decode_names *names, struct decode_sums *sums)
{
    for (int i = 0; i < DECODE_NUMBERS; i++)
        sums->numbers[i] += json_object_get_uint64(json_object_object_get(tree, names->numbers[i]));
    struct json_object *text = json_object_object_get(tree, names->text);
    decode_add_text(sums, json_object_get_string(text), (size_t)json_object_get_string_len(text));
    sums->records++;
}

struct decode_sums decode_json_c(const struct decode_payload *payload, const struct decode_names *names)
{
    struct decode_sums sums = {0};
    struct json_tokener *tokener = json_tokener_new();
    const char *at = payload->data, *end = at + payload->size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        json_tokener_reset(tokener);
        struct json_object *tree = json_tokener_parse_ex(tokener, at, (int)(newline - at));
        if (!tree) {
            fprintf(stderr, "json-c: %s\n", json_tokener_error_desc(json_tokener_get_error(tokener)));
            exit(1);
        }
        take(tree, names, &sums);
        json_object_put(tree);
        at = newline + 1;
    }
    json_tokener_free(tokener);
    return sums;
}
