/*
 * The least that a page could cost. The same HTTP library serves the same bytes, ready in memory. If the client asks
 * for gzip, the same compressor compresses them while they are sent.
 *
 *     ready_server FILE
 *
 * Prints the port, and ends when standard input is closed.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include <microhttpd.h>

#include "plugins/output-prometheus/metric/accept_header.h"
#include "plugins/output-prometheus/http/gzip.h"

#define BLOCK (64 * 1024)

struct ready {
    char *data;
    size_t size;
};

static void die(const char *why)
{
    fprintf(stderr, "ready_server: %s\n", why);
    exit(1);
}

/* In memory of its own, with every page of it present. */
static struct ready load(const char *path)
{
    struct ready ready = {0};
    FILE *file = fopen(path, "r");
    struct stat about;
    if (!file || fstat(fileno(file), &about) != 0)
        die("the file can't be read");
    ready.size = (size_t)about.st_size;
    ready.data = malloc(ready.size);
    if (!ready.data || fread(ready.data, 1, ready.size, file) != ready.size)
        die("the file can't be read");
    fclose(file);
    return ready;
}

struct reading {
    const struct ready *ready;
    size_t at;
};

static ssize_t read_ready(void *arg, char *to, size_t size)
{
    struct reading *reading = arg;
    size_t left = reading->ready->size - reading->at;
    size = left < size ? left : size;
    memcpy(to, reading->ready->data + reading->at, size);
    reading->at += size;
    return (ssize_t)size;
}

struct compressing {
    struct reading reading;
    struct prom_gzip *gzip;
};

static ssize_t read_compressed(void *arg, uint64_t position, char *to, size_t size)
{
    struct compressing *compressing = arg;
    (void)position;
    ssize_t used = prom_gzip_read(compressing->gzip, to, size);
    return used > 0 ? used : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_compressing(void *arg)
{
    struct compressing *compressing = arg;
    prom_gzip_free(compressing->gzip);
    free(compressing);
}

static struct MHD_Response *compressed(const struct ready *ready)
{
    struct compressing *compressing = calloc(1, sizeof *compressing);
    if (!compressing || !(compressing->gzip = prom_gzip_new(read_ready, &compressing->reading)))
        die("out of memory");
    compressing->reading.ready = ready;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_compressed, compressing, free_compressing);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return response;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **mark)
{
    const struct ready *ready = arg;
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    if (!*mark) {
        *mark = arg;
        return MHD_YES;
    }
    bool is_gzip = prom_accept_coding(MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                                  MHD_HTTP_HEADER_ACCEPT_ENCODING)) == PROM_GZIP;
    struct MHD_Response *response =
        is_gzip ? compressed(ready) : MHD_create_response_from_buffer(ready->size, ready->data, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: ready_server FILE");
    struct ready ready = load(argv[1]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         answer, &ready, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (!daemon)
        die("the server does not start");
    printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    MHD_stop_daemon(daemon);
    free(ready.data);
    return 0;
}
