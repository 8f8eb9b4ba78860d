/*
 * Errors and verdicts of the plugin contract.
 *
 * A function that can fail returns 0 or a negative FX_E code. On failure it fills a struct fx_error with one sentence
 * that says what to do. Functions that records pass through return a verdict instead: it tells the core what to do
 * next.
 */
#ifndef FLOW_EXPORTER_ERROR_H
#define FLOW_EXPORTER_ERROR_H

#include <stddef.h>

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;

/* Codes give a first idea of the fault; the sentence says the rest. */
enum fx_code {
    FX_EINVAL = -1,   /* a wrong option, argument or file content */
    FX_ENOMEM = -2,   /* memory is used up, or a configured bound is reached */
    FX_EIO = -3,      /* the operating system or a peer refused or failed */
    FX_EABI = -4,     /* a plugin that this program can't load */
    FX_ETIMEOUT = -5, /* no answer within the time given */
    /* An option is not written whose value only the operator knows. The configuration is not wrong, but not finished. */
    FX_EUNSET = -6
};

/* What the core is to do after poll, enrich, write, prepare or commit. */
enum fx_verdict {
    FX_OK = 0,     /* done */
    FX_AGAIN = 1,  /* poll: no payloads at the moment; write: no room at the moment. Repeat the call later */
    FX_RETRY = 2,  /* a temporary fault: repeat the call, with growing pauses */
    FX_DROP = 3,   /* this batch or checkpoint can never be taken: count it as dropped and go on */
    FX_FENCED = 4, /* commit only: refused for good, because somebody else owns the positions */
    FX_END = 5,    /* poll only: this input has ended */
    FX_FATAL = 6   /* the plugin can't go on: stop the program */
};

#define FX_ERROR_MESSAGE_MAX 512
#define FX_ERROR_FILE_MAX    256

/* One error. The caller owns it and sets it to zero before use (FX_ERROR_INIT). */
struct fx_error {
    int code;                           /* enum fx_code; 0: no error */
    unsigned line, column;              /* counted from 1; 0: the error has no place in a file */
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

/* Fills err, which may be NULL, and returns code: callers can write "return fx_error_set(...)". Any thread. */
FX_API int fx_error_set(struct fx_error *err, int code, const char *format, ...) FX_PRINTF(3, 4);

/*
 * The same, with the place in the configuration where the option was written. item is a key of a map, the text of a
 * list's entry, or NULL. An option of a table is given as "servers[2].host". Meant for create and start.
 */
FX_API int fx_error_option(struct fx_error *err, const struct fx_instance *instance, const char *option,
                           const char *item, const char *format, ...) FX_PRINTF(5, 6);

/*
 * Says whether the value of an option must not appear in any message. For a value of a map, item is its key; otherwise
 * item is NULL. A value is secret if the option is a secret, if the value was written as {file: ...} or {env: ...}, or
 * if it is in a map of secrets whose table does not list the key as public.
 */
FX_API int fx_option_is_secret(const struct fx_instance *instance, const char *option, const char *item);

FX_C_END

#endif
