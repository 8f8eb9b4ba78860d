/* Which topics the input reads, by its option `topics`. Any thread. */
#include <regex.h>
#include <string.h>

#include "consumer.h"

bool kafka_reads(const struct kafka_consumer *consumer, const char *topic)
{
    const struct fx_list *topics = &consumer->options->topics;
    for (size_t i = 0; i < topics->count; i++) {
        regex_t pattern;
        if (topics->items[i][0] != '^') {
            if (strcmp(topics->items[i], topic) == 0)
                return true;
        } else if (regcomp(&pattern, topics->items[i], REG_EXTENDED | REG_NOSUB) == 0) {
            bool matches = regexec(&pattern, topic, 0, NULL, 0) == 0;
            regfree(&pattern);
            if (matches)
                return true;
        }
    }
    return false;
}
