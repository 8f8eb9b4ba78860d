/*
 * librdkafka's texts without secrets. librdkafka hides the values of properties that it calls sensitive. But its
 * messages can show a refused value, a part of one ("beginning at: ..."), or the command of Kerberos. Any thread;
 * not on the hot path.
 */
#include "consumer.h"

#include <stdlib.h>
#include <string.h>

/* A match of this many consecutive bytes is a part of the value, not chance. A shorter value must match whole. */
#define PART_MIN 8
/* Shorter values would blot out half of every text. */
#define VALUE_MIN 3
#define HIDDEN    "********"

/* How many bytes at text are a part of the value; 0: none. */
static size_t part_size(const char *text, const char *value)
{
    size_t size = strlen(value), least = size < PART_MIN ? size : PART_MIN, best = 0;
    if (size < VALUE_MIN || strnlen(text, least) < least)
        return 0;
    for (const char *at = value; (at = memmem(at, size - (size_t)(at - value), text, least)) != NULL; at++) {
        size_t length = least;
        while (at[length] && at[length] == text[length])
            length++;
        best = length > best ? length : best;
    }
    return best;
}

static size_t secret_size(const struct kafka_consumer *consumer, const char *text)
{
    size_t best = 0;
    for (char *const *secret = consumer->secrets; *secret; secret++) {
        size_t size = part_size(text, *secret);
        best = size > best ? size : best;
    }
    return best;
}

int kafka_secrets_init(struct kafka_consumer *consumer, struct fx_error *err)
{
    const struct fx_map *map = &consumer->options->rdkafka;
    size_t count = 0;
    consumer->secrets = calloc(map->count + 1, sizeof *consumer->secrets);
    if (!consumer->secrets)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    for (size_t i = 0; i < map->count; i++)
        if (fx_option_is_secret(consumer->instance, "rdkafka", map->pairs[i].key))
            consumer->secrets[count++] = strdup(map->pairs[i].value);
    return 0;
}

void kafka_secrets_free(struct kafka_consumer *consumer)
{
    for (char **secret = consumer->secrets; secret && *secret; secret++) {
        explicit_bzero(*secret, strlen(*secret));
        free(*secret);
    }
    free(consumer->secrets);
}

const char *kafka_scrub(const struct kafka_consumer *consumer, const char *text, char *shown, size_t size)
{
    size_t used = 0;
    while (*text && used + sizeof HIDDEN < size) {
        size_t hidden = secret_size(consumer, text);
        if (hidden) {
            memcpy(shown + used, HIDDEN, sizeof HIDDEN - 1);
            used += sizeof HIDDEN - 1;
            text += hidden;
        } else {
            shown[used++] = *text++;
        }
    }
    shown[used] = '\0';
    return shown;
}
