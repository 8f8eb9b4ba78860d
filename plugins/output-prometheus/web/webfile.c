/* The web configuration's file while the program runs. The accepting thread, and a thread that looks every second. */
#include "web/webfile.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "self_metrics.h"
#include "base/thread.h"
#include "web/tls.h"

#define TICK_MS 1000

static void warn(const struct prom_webfile *webfile, const struct prom_webconf *conf)
{
    const struct prom_server_options *server = prom_webconf_server(conf);
    const char *warning = prom_tls_warning(conf->tls);
    if (server && server->http2)
        fx_log(webfile->instance, FX_LOG_WARN,
               "The web configuration asks for HTTP/2, which this program does not support.", "file=%s", webfile->path);
    if (warning[0])
        fx_log(webfile->instance, FX_LOG_WARN, "Not all cipher suites of the web configuration can be used.",
               "file=%s reason=%s", webfile->path, warning);
}

struct prom_webfile *prom_webfile_open(struct fx_instance *instance, const char *path, struct fx_error *err)
{
    struct prom_webfile *webfile = calloc(1, sizeof *webfile);
    if (!webfile) {
        fx_error_set(err, FX_ENOMEM, "out of memory");
        return NULL;
    }
    webfile->instance = instance;
    webfile->path = path;
    pthread_mutex_init(&webfile->reading, NULL);
    prom_lock_init(&webfile->lock, &webfile->changed);
    webfile->current = prom_webconf_read(path, &webfile->watch, err);
    if (webfile->current)
        return webfile;
    prom_webfile_close(webfile);
    return NULL;
}

void prom_webfile_close(struct prom_webfile *webfile)
{
    if (!webfile)
        return;
    prom_webconf_unref(webfile->current);
    prom_watch_fini(&webfile->watch);
    pthread_cond_destroy(&webfile->changed);
    pthread_mutex_destroy(&webfile->lock);
    pthread_mutex_destroy(&webfile->reading);
    free(webfile);
}

struct prom_webconf *prom_webfile_get(struct prom_webfile *webfile)
{
    pthread_mutex_lock(&webfile->lock);
    struct prom_webconf *conf = prom_webconf_ref(webfile->current);
    pthread_mutex_unlock(&webfile->lock);
    return conf;
}

/*
 * Two things are decided when the program starts: HTTP or HTTPS, and whether clients must authenticate. A file that is
 * being written, or was truncated by a full disk, must not open the page to everybody.
 */
static int check_change(const struct prom_webfile *webfile, const struct prom_webconf *next, struct fx_error *err)
{
    const struct prom_webconf *current = webfile->current;
    if (current->options->basic_auth_users.count && !next->options->basic_auth_users.count)
        return fx_options_error(err, next->file, "basic_auth_users", NULL,
                                "passwords can't be turned off while the program runs: restart it");
    if (prom_tls_verifies(current->tls) && next->tls && !prom_tls_verifies(next->tls))
        return fx_options_error(err, next->file, "tls_server_config", NULL,
                                "client certificates can't be turned off while the program runs: restart it");
    if (!next->tls == !current->tls)
        return 0;
    return fx_options_error(err, next->file, "tls_server_config", NULL,
                            next->tls ? "TLS can't be turned on while the program runs: restart it"
                                      : "TLS can't be turned off while the program runs: restart it");
}

static void report(const struct prom_webfile *webfile, const struct fx_error *err)
{
    fx_metric_set(webfile->instance, PROM_WEB_CONFIG_STALE, 0, err->code != 0);
    fx_metric_add(webfile->instance, PROM_WEB_CONFIG_READS, err->code ? 1 : 0, 1);
    if (!err->code)
        fx_log(webfile->instance, FX_LOG_INFO, "The web configuration has changed and is in force.", "file=%s",
               webfile->path);
    else
        fx_log(webfile->instance, FX_LOG_ERROR,
               "The web configuration has changed and can't be used; the previous one stays in force.",
               "file=%s line=%u column=%u reason=%s", err->file[0] ? err->file : webfile->path, err->line, err->column,
               err->message);
}

static void exchange(struct prom_webfile *webfile, struct prom_webconf *next)
{
    pthread_mutex_lock(&webfile->lock);
    struct prom_webconf *old = webfile->current;
    webfile->current = next;
    pthread_mutex_unlock(&webfile->lock);
    prom_webconf_unref(old);
}

/*
 * Under the reading lock. If the file is absent or is not YAML, it names no other files. Then those known before stay
 * watched.
 */
static void read_again(struct prom_webfile *webfile, bool is_loud)
{
    struct fx_error err = FX_ERROR_INIT;
    struct prom_watch watch = {0};
    struct prom_webconf *next = prom_webconf_read(webfile->path, &watch, &err);
    if (next && check_change(webfile, next, &err)) {
        prom_webconf_unref(next);
        next = NULL;
    }
    for (unsigned i = watch.count; !next && i < webfile->watch.count; i++)
        prom_watch_add(&watch, webfile->watch.files[i].path);
    prom_watch_fini(&webfile->watch);
    webfile->watch = watch;
    if (is_loud || webfile->is_stale != (err.code != 0))
        report(webfile, &err);
    webfile->is_stale = err.code != 0;
    if (!next)
        return;
    if (is_loud)
        warn(webfile, next);
    exchange(webfile, next);
}

void prom_webfile_refresh(struct prom_webfile *webfile)
{
    pthread_mutex_lock(&webfile->reading);
    bool has_changed = prom_watch_has_changed(&webfile->watch);
    if (has_changed || webfile->watch.is_fresh)
        read_again(webfile, has_changed);
    pthread_mutex_unlock(&webfile->reading);
}

static void *thread_main(void *arg)
{
    struct prom_webfile *webfile = arg;
    pthread_mutex_lock(&webfile->lock);
    while (!webfile->stopping) {
        int64_t until_ms = prom_clock_ms() + TICK_MS;
        struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&webfile->changed, &webfile->lock, &until);
        if (webfile->stopping)
            break;
        pthread_mutex_unlock(&webfile->lock);
        prom_webfile_refresh(webfile);
        pthread_mutex_lock(&webfile->lock);
    }
    pthread_mutex_unlock(&webfile->lock);
    return NULL;
}

int prom_webfile_start(struct prom_webfile *webfile, struct fx_error *err)
{
    warn(webfile, webfile->current);
    return prom_thread_start(&webfile->thread, "fx-http-config", thread_main, webfile, err);
}

void prom_webfile_stop(struct prom_webfile *webfile)
{
    pthread_mutex_lock(&webfile->lock);
    webfile->stopping = true;
    pthread_cond_broadcast(&webfile->changed);
    pthread_mutex_unlock(&webfile->lock);
    pthread_join(webfile->thread, NULL);
}
