/*
 * Asks for a page as a scraper does, and reports the times of the body's first and last bytes.
 *
 *     page_client PORT [gzip] [FILE]    FILE: where the body is put
 *     page_client sum FILE              flow series in the page and the sum of their values, modulo 2^64
 *
 * Prints JSON. Each connection, from 127.0.0.1, makes one request. The time starts when the request is sent.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (256 * 1024)

/* The place in the answer: its head, then its body, plain or in chunks. */
enum place { IN_HEAD, IN_BODY, IN_CHUNK_SIZE, IN_CHUNK, IN_CHUNK_END, AT_END };

struct answer {
    enum place place;
    char head[8192];
    size_t head_size;
    int status;
    bool is_gzip;
    uint64_t chunk_left, body_bytes, wire_bytes;
    double start, first, last; /* seconds */
    FILE *file;
};

static void die(const char *why)
{
    fprintf(stderr, "page_client: %s\n", why);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int connect_to(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("no connection");
    return fd;
}

static size_t take_head(struct answer *answer, const char *data, size_t size)
{
    size_t used = 0;
    while (used < size && answer->head_size + 1 < sizeof answer->head) {
        answer->head[answer->head_size++] = data[used++];
        if (answer->head_size >= 4 && memcmp(answer->head + answer->head_size - 4, "\r\n\r\n", 4) == 0) {
            answer->place = strcasestr(answer->head, "\r\nTransfer-Encoding: chunked") ? IN_CHUNK_SIZE : IN_BODY;
            answer->is_gzip = strcasestr(answer->head, "\r\nContent-Encoding: gzip");
            answer->status = atoi(answer->head + strcspn(answer->head, " "));
            return used;
        }
    }
    if (answer->place == IN_HEAD && answer->head_size + 1 == sizeof answer->head)
        die("the head of the answer is too long");
    return used;
}

static size_t take_body(struct answer *answer, const char *data, size_t size)
{
    if (answer->body_bytes == 0)
        answer->first = now();
    answer->body_bytes += size;
    if (answer->file && fwrite(data, 1, size, answer->file) != size)
        die("the file can't be written");
    return size;
}

/* Takes a digit of a chunk's size, or the end of that line. The last chunk has no bytes. */
static size_t take_chunk_size(struct answer *answer, char byte)
{
    const char *digits = "0123456789abcdef", *digit = strchr(digits, byte | 0x20);
    if (byte == '\n')
        answer->place = answer->chunk_left ? IN_CHUNK : AT_END;
    else if (byte != '\r' && byte && digit)
        answer->chunk_left = answer->chunk_left * 16 + (uint64_t)(digit - digits);
    else if (byte != '\r')
        die("a chunk's size is no number");
    return 1;
}

static size_t take_chunk(struct answer *answer, const char *data, size_t size)
{
    size_t used = take_body(answer, data, size < answer->chunk_left ? size : (size_t)answer->chunk_left);
    answer->chunk_left -= used;
    if (!answer->chunk_left)
        answer->place = IN_CHUNK_END;
    return used;
}

static size_t take_some(struct answer *answer, const char *data, size_t size)
{
    switch (answer->place) {
    case IN_HEAD:
        return take_head(answer, data, size);
    case IN_BODY:
        return take_body(answer, data, size);
    case IN_CHUNK_SIZE:
        return take_chunk_size(answer, *data);
    case IN_CHUNK:
        return take_chunk(answer, data, size);
    case IN_CHUNK_END:
        if (*data == '\n')
            answer->place = IN_CHUNK_SIZE;
        return 1;
    case AT_END:
        break;
    }
    return size;
}

static void take(struct answer *answer, const char *data, size_t size)
{
    answer->wire_bytes += size;
    for (size_t used = 0; used < size;)
        used += take_some(answer, data + used, size - used);
}

static void fetch(struct answer *answer, const char *port, bool gzip)
{
    static char buffer[BUFFER_BYTES];
    int fd = connect_to(port);
    snprintf(buffer, sizeof buffer, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
             gzip ? "Accept-Encoding: gzip\r\n" : "");
    size_t size = strlen(buffer);
    answer->start = now();
    if (write(fd, buffer, size) != (ssize_t)size)
        die("the request can't be sent");
    ssize_t got;
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0)
        take(answer, buffer, (size_t)got);
    answer->last = now();
    close(fd);
    if (got < 0 || (answer->place != AT_END && answer->place != IN_BODY))
        die("the answer was cut off");
}

static void print_answer(const struct answer *answer)
{
    printf("{\"status\": %d, \"gzip\": %s, \"first_s\": %.6f, \"last_s\": %.6f, \"body_bytes\": %" PRIu64
           ", \"wire_bytes\": %" PRIu64 "}\n",
           answer->status, answer->is_gzip ? "true" : "false", answer->first - answer->start,
           answer->last - answer->start, answer->body_bytes, answer->wire_bytes);
}

static int sum(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        die("the file can't be read");
    char *line = NULL;
    size_t capacity = 0;
    uint64_t series = 0, total = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, file)) > 0) {
        if (strncmp(line, "flow_receive_bytes_total{", 25) != 0 && strncmp(line, "flow_transmit_bytes_total{", 26) != 0)
            continue;
        series++;
        total += strtoull(strrchr(line, ' ') + 1, NULL, 10);
    }
    free(line);
    fclose(file);
    printf("{\"series\": %" PRIu64 ", \"total\": %" PRIu64 "}\n", series, total);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "sum") == 0)
        return sum(argv[2]);
    if (argc < 2)
        die("usage: page_client PORT [gzip] [FILE], or sum FILE");
    struct answer answer = {0};
    bool gzip = argc > 2 && strcmp(argv[2], "gzip") == 0;
    const char *path = argc > 2 + gzip ? argv[2 + gzip] : NULL;
    if (path && !(answer.file = fopen(path, "w")))
        die("the file can't be written");
    fetch(&answer, argv[1], gzip);
    if (answer.file && fclose(answer.file) != 0)
        die("the file can't be written");
    print_answer(&answer);
    return 0;
}
