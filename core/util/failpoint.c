/* Failpoints: see failpoint.h. */
#include "util/failpoint.h"

#ifdef FXI_FAILPOINTS
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/log.h>

void (*fxi_failpoint_hook)(const char *name);

/* The action for this name in the variable's text, or NULL. */
static const char *find(const char *text, const char *name)
{
    size_t size = strlen(name);
    while (text && *text) {
        if (strncmp(text, name, size) == 0 && text[size] == '=')
            return text + size + 1;
        text = strchr(text, ',');
        text = text ? text + 1 : NULL;
    }
    return NULL;
}

#define NAMES_MAX 64

/* How often this name has been reached, including this time. */
static unsigned long count(const char *name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const char *names[NAMES_MAX];
    static unsigned long counts[NAMES_MAX];
    unsigned long result = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < NAMES_MAX && !result; i++) {
        if (!names[i])
            names[i] = name;
        if (strcmp(names[i], name) == 0)
            result = ++counts[i];
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static void act(const char *name, const char *action)
{
    size_t size = strcspn(action, "@,");
    unsigned long wanted = action[size] == '@' ? strtoul(action + size + 1, NULL, 10) : 1;
    if (count(name) != wanted)
        return;
    if (size == 4 && memcmp(action, "note", 4) == 0)
        fx_log(NULL, FX_LOG_INFO, "A failpoint was reached.", "name=%s", name);
    else
        raise(size == 4 && memcmp(action, "stop", 4) == 0 ? SIGSTOP : SIGKILL);
}

void fxi_failpoint(const char *name)
{
    if (fxi_failpoint_hook) {
        fxi_failpoint_hook(name);
        return;
    }
    const char *action = find(getenv("FLOW_EXPORTER_FAILPOINT"), name);
    if (action)
        act(name, action);
}
#else
typedef int fxi_no_failpoints; /* ISO C does not allow an empty file */
#endif
