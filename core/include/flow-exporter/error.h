/*
 * Errors and verdicts of the plugin contract.
 *
 * Functions that can fail return 0 or a negative FX_E code and fill a struct
 * fx_error with one sentence that says what to do. Operations on the way of
 * records return a verdict instead: what the core shall do next.
 */
#ifndef FLOW_EXPORTER_ERROR_H
#define FLOW_EXPORTER_ERROR_H

#include <stddef.h>

#include <flow-exporter/visibility.h>

struct fx_instance;

/* Codes for a human's first guess; the sentence says the rest. */
enum fx_code {
    FX_EINVAL = -1,  /* a wrong option, argument or file content */
    FX_ENOMEM = -2,  /* memory or a configured bound is used up */
    FX_EIO = -3,     /* the operating system or a peer said no */
    FX_EABI = -4,    /* a plugin that this program can't load */
    FX_ETIMEOUT = -5 /* no answer within the time given */
};

/* What the core shall do after poll, enrich, write or commit. */
enum fx_verdict {
    FX_OK = 0,     /* done */
    FX_AGAIN = 1,  /* nothing to do just now (poll), or not now (write): the same call again later */
    FX_RETRY = 2,  /* a passing fault: the same call again, with growing back-off */
    FX_DROP = 3,   /* this batch can't be taken, ever: count it as dropped and go on */
    FX_FENCED = 4, /* commit only: refused for good, somebody else owns the positions */
    FX_END = 5,    /* poll only: this input has no more */
    FX_FATAL = 6   /* the plugin can't go on: stop the program */
};

#define FX_ERROR_MESSAGE_MAX 512
#define FX_ERROR_FILE_MAX    256

/* One error. Owned by the caller; zero it before use (FX_ERROR_INIT). */
struct fx_error {
    int code;                           /* enum fx_code, 0 when there is none */
    unsigned line, column;              /* counted from 1; 0 when there is no place */
    char file[FX_ERROR_FILE_MAX];       /* the configuration file, or empty */
    char message[FX_ERROR_MESSAGE_MAX]; /* one sentence, without a newline */
};

#define FX_ERROR_INIT                                                                                                  \
    {                                                                                                                  \
        0, 0, 0, {0},                                                                                                  \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* Fills err (which may be NULL) and returns code, so that "return fx_error_set(...)" reads well. Any thread. */
FX_API int fx_error_set(struct fx_error *err, int code, const char *format, ...) FX_PRINTF(3, 4);

/*
 * The same, with the place in the configuration where the option was written.
 * item names a key of a map or the text of a list's entry, or is NULL. An option of a table is written
 * "servers[2].host". Meant for create and start.
 */
FX_API int fx_error_option(struct fx_error *err, const struct fx_instance *instance, const char *option,
                           const char *item, const char *format, ...) FX_PRINTF(5, 6);

/*
 * Whether the value of the option (item: of that key of a map, else NULL) belongs into no message: the option is a secret,
 * the value was written as {file: ...} or {env: ...}, or the map's table does not call it public. Since ABI 1.2.
 */
FX_API int fx_option_is_secret(const struct fx_instance *instance, const char *option, const char *item);

#endif
