/* Environment variables in the values of the configuration. Main thread. */
#ifndef FXI_CONFIG_VARIABLES_H
#define FXI_CONFIG_VARIABLES_H

#include <stddef.h>

#define FXI_VARIABLES_MESSAGE_MAX 256

/*
 * Gives the text with the value of NAME in the place of ${NAME}, and in the place of ${NAME:-text} the value or, if
 * there is none or an empty one, the text; $${ becomes ${. The caller frees it. On failure gives NULL, with a sentence
 * in message. Never shows a value.
 */
char *fxi_variables_expand(const char *text, char message[FXI_VARIABLES_MESSAGE_MAX]);

#endif
