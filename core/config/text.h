/* Texts of the configuration in messages: what may be shown of them, and what was probably meant. */
#ifndef FXI_CONFIG_TEXT_H
#define FXI_CONFIG_TEXT_H

#include <stddef.h>

/* Room for a text of the user inside a message; longer ones are cut at a character. */
#define FXI_SHOWN_MAX 72

/* A text of the user as it may stand in a message: short, on one line. Fills and gives buffer. */
const char *fxi_text_show(const char *text, char buffer[FXI_SHOWN_MAX]);

/* Which of the offered words a misspelled one was probably meant to be. */
struct fxi_guess {
    const char *word;
    const char *best; /* NULL: none is near enough */
    size_t distance;  /* of best, or the first that is too far */
};

struct fxi_guess fxi_guess_begin(const char *word);
void fxi_guess_offer(struct fxi_guess *guess, const char *candidate);

#endif
