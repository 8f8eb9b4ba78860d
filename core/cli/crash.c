/*
 * A crash inside a plugin names the plugin, in the last line on standard error. Signal handlers: only what is safe there.
 * Afterwards the signal takes its usual way, so there is a core file, or a sanitizer's report.
 */
#include "cli/crash.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "plugin/calls.h"
#include "plugin/instance.h"
#include "plugin/loader.h"

static const struct {
    int number;
    const char *name;
} crashes[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}};
#define CRASH_COUNT (sizeof crashes / sizeof *crashes)

static struct sigaction before[CRASH_COUNT];

static void add(char *line, size_t capacity, const char *text)
{
    size_t size = strlen(line);
    while (*text && size + 1 < capacity)
        line[size++] = *text++;
    line[size] = '\0';
}

/* False: no plugin was called by this thread. */
static bool name_plugin(char *line, size_t capacity)
{
    struct fxi_call call = fxi_call_now();
    const char *file = fxi_loader_loading();
    if (!call.instance && !file)
        return false;
    add(line, capacity, "flow-exporter: ");
    add(line, capacity, call.instance ? call.instance->name : file);
    add(line, capacity, ": the plugin ");
    if (call.instance) {
        add(line, capacity, call.instance->plugin->name);
        add(line, capacity, " ");
    }
    add(line, capacity, "crashed in ");
    add(line, capacity, call.instance ? call.name : "its loading");
    return true;
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    char line[512] = "";
    size_t at = 0;
    (void)context;
    while (at + 1 < CRASH_COUNT && crashes[at].number != number)
        at++;
    if (name_plugin(line, sizeof line - 1)) {
        add(line, sizeof line - 1, ": ");
        add(line, sizeof line - 1, crashes[at].name);
        add(line, sizeof line, "\n");
        if (write(STDERR_FILENO, line, strlen(line)) < 0)
            line[0] = '\0'; /* nobody is left to be told */
    }
    sigaction(number, &before[at], NULL);
    if (info->si_code <= 0) /* it was sent: it does not happen again by itself */
        raise(number);
}

void fxi_crash_watch(void)
{
    static char stack[64 * 1024]; /* of the main thread, whose own may be used up */
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t old;
    if (!sigaltstack(NULL, &old) && old.ss_flags & SS_DISABLE) /* a sanitizer brings its own */
        sigaltstack(&other, NULL);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < CRASH_COUNT; i++)
        sigaction(crashes[i].number, &action, &before[i]);
}
