/* The user's texts in messages: how they are shown, and a guess at what was meant. */
#ifndef FXI_CONFIG_TEXT_H
#define FXI_CONFIG_TEXT_H

#include <stddef.h>

/* Room for a text of the user in a message. A longer text is cut between two characters. */
#define FXI_SHOWN_MAX 72

/* Makes a text of the user fit for a message: short, on one line. Fills buffer and gives it. */
const char *fxi_text_show(const char *text, char buffer[FXI_SHOWN_MAX]);

/* Guesses which of the offered words was meant by a misspelled one. */
struct fxi_guess {
    const char *word;
    const char *best; /* NULL: no word is similar enough */
    size_t distance;  /* of best; without best, the smallest distance that is too large */
};

struct fxi_guess fxi_guess_begin(const char *word);
void fxi_guess_offer(struct fxi_guess *guess, const char *candidate);

#endif
