/*
 * What a page could cost at the least: the same bytes, ready in memory, served by the same HTTP library.
 *
 *     ready_server FILE
 *
 * Prints the port, and ends when standard input is closed.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include <microhttpd.h>

struct ready {
    char *data;
    size_t size;
};

static void die(const char *why)
{
    fprintf(stderr, "ready_server: %s\n", why);
    exit(1);
}

/* In memory of its own, every page of it present. */
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

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **mark)
{
    const struct ready *ready = arg;
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    if (!*mark) {
        *mark = arg;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(ready->size, ready->data, MHD_RESPMEM_PERSISTENT);
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
