/* The user's texts in messages. Any thread. Nothing is allocated. */
#include "config/text.h"

#include <stdbool.h>
#include <string.h>

/* Longer words are not compared. No key is longer. */
#define WORD_MAX 64

const char *fxi_text_show(const char *text, char buffer[FXI_SHOWN_MAX])
{
    static const char ellipsis[] = "...";
    size_t limit = FXI_SHOWN_MAX - sizeof ellipsis;
    size_t size = strlen(text);
    bool cut = size > limit;
    if (cut) {
        size = limit;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        buffer[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    memcpy(buffer + size, cut ? ellipsis : "", cut ? sizeof ellipsis : 1);
    return buffer;
}

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with swaps of neighbours (optimal string alignment) between two words of at most WORD_MAX bytes. */
static size_t distance_of(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = min_of(best, min_of(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = min_of(best, before[j - 2] + 1);
            now[j] = best;
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b_size];
}

struct fxi_guess fxi_guess_begin(const char *word)
{
    /* A third of the letters may be wrong, but at least one and at most three. */
    size_t allowed = strlen(word) / 3;
    if (allowed < 1)
        allowed = 1;
    if (allowed > 3)
        allowed = 3;
    return (struct fxi_guess){.word = word, .distance = allowed + 1};
}

void fxi_guess_offer(struct fxi_guess *guess, const char *candidate)
{
    size_t a_size = strlen(guess->word), b_size = strlen(candidate);
    if (a_size < 2 || a_size > WORD_MAX || b_size > WORD_MAX)
        return;
    size_t distance = distance_of(guess->word, a_size, candidate, b_size);
    if (distance < guess->distance && distance < b_size) {
        guess->best = candidate;
        guess->distance = distance;
    }
}
