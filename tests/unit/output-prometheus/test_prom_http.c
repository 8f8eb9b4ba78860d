/*
 * The HTTP side of output-prometheus on a real socket: answers, addresses, and pages that wait for the checkpoint that
 * they asked for. The test plays the core: it sees the request for a checkpoint, and takes the checkpoint or not.
 */
#include "prom_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/output-prometheus/http/connections.h"
#include "plugins/output-prometheus/http/listen.h"
#include "plugins/output-prometheus/http/peer.h"
#include "util/alloc.h"
#include "util/clock.h"

#define LINE_7 SERIES("transmit", "7", "", "r", "100", "")

struct server {
    struct prom_fixture fixture;
    int port;
    char listen[32];
    const char *addresses[1];
};

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* patience_ms never runs out here, except where a test is about its end. */
#define FOR_EVER_MS 3600000
static void server_start_with(struct server *server, int64_t patience_ms, int64_t max_connections)
{
    struct fx_error err = FX_ERROR_INIT;
    prom_fixture_init(&server->fixture, 100, 0);
    server->fixture.options.max_connections = max_connections;
    server->port = free_port();
    snprintf(server->listen, sizeof server->listen, "127.0.0.1:%d", server->port);
    server->addresses[0] = server->listen;
    server->fixture.options.listen = (struct fx_list){1, server->addresses};
    server->fixture.instance.min_interval_ms = 1000;
    server->fixture.output->host.patience_ms = patience_ms;
    server->fixture.output->http = prom_http_start(&server->fixture.output->host, &err);
    assert_non_null(server->fixture.output->http);
}

static void server_start(struct server *server, int64_t patience_ms)
{
    server_start_with(server, patience_ms, 16);
}

static void server_stop(struct server *server)
{
    if (server->fixture.output->http)
        prom_stop(server->fixture.output, 1000);
    prom_fixture_fini(&server->fixture);
}

static int connect_from(uint32_t from, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&source, sizeof source), 0);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : (close(fd), -1);
}

static int connect_to(int port)
{
    return connect_from(INADDR_LOOPBACK, port);
}

/* Reads everything until the server closes. */
static char *ask(int port, const char *line)
{
    char request[256];
    int fd = connect_to(port);
    struct timeval give_up = {.tv_sec = 60}; /* a missing answer is a failure */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &give_up, sizeof give_up);
    size_t size = 0, capacity = 1 << 20;
    char *answer = fxi_calloc(capacity, 1);
    snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", line);
    ssize_t got = fd < 0 ? -1 : send(fd, request, strlen(request), MSG_NOSIGNAL);
    while (got > 0 && size < capacity - 1) {
        got = recv(fd, answer + size, capacity - 1 - size, 0);
        size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    return answer;
}

static void check_answer(int port, const char *line, const char *status, const char *part)
{
    char *answer = ask(port, line);
    assert_memory_equal(answer, status, strlen(status));
    assert_non_null(strstr(answer, part));
    free(answer);
}

static void paths_and_methods(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, FOR_EVER_MS);
    check_answer(server.port, "GET /-/healthy", "HTTP/1.1 200 ", "\r\n\r\nOK\n");
    check_answer(server.port, "GET /", "HTTP/1.1 200 ", "Content-Security-Policy: default-src 'none'");
    check_answer(server.port, "GET /", "HTTP/1.1 200 ", "<a href=\"/metrics\">");
    check_answer(server.port, "GET /-/ready", "HTTP/1.1 200 ", "\r\n\r\nReady.\n");
    host_set_ready(&server.fixture.instance, "in", "no broker can be reached");
    host_set_ready(&server.fixture.instance, "state", "the disk is full");
    check_answer(server.port, "GET /-/ready", "HTTP/1.1 503 ",
                 "\r\n\r\nin: no broker can be reached\nstate: the disk is full\n");
    host_set_ready(&server.fixture.instance, "in", NULL);
    check_answer(server.port, "GET /-/ready", "HTTP/1.1 503 ", "\r\n\r\nstate: the disk is full\n");
    check_answer(server.port, "GET /nothing", "HTTP/1.1 404 ", "/metrics");
    check_answer(server.port, "POST /metrics", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n");
    check_answer(server.port, "DELETE /", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n");
    char *answer = ask(server.port, "HEAD /-/healthy");
    assert_non_null(strstr(answer, "Content-Length: 3\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    free(answer);
    assert_int_equal(fxi_metric_set_get(server.fixture.instance.metrics, PROM_REQUESTS, PROM_REQUEST_HEALTH), 5);
    assert_int_equal(fxi_metric_set_get(server.fixture.instance.metrics, PROM_REQUESTS, PROM_REQUEST_REFUSED), 3);
    server_stop(&server);
}

/* Requests the page in a thread of its own. */
struct scrape {
    int port;
    pthread_t thread;
    char *answer;
};

static void *scrape_main(void *arg)
{
    struct scrape *scrape = arg;
    scrape->answer = ask(scrape->port, "GET /metrics");
    return NULL;
}

static void scrape_start(struct scrape *scrape, const struct server *server)
{
    *scrape = (struct scrape){.port = server->port};
    assert_int_equal(pthread_create(&scrape->thread, NULL, scrape_main, scrape), 0);
}

static void scrape_join(struct scrape *scrape)
{
    pthread_join(scrape->thread, NULL);
}

/* Plays the core: waits until somebody has asked for a checkpoint. */
static void await_request(struct server *server)
{
    host_await_request(&server->fixture.instance);
}

/* Takes the lock that a request takes before it waits. */
static void set_patience(struct server *server, int64_t patience_ms)
{
    pthread_mutex_lock(&server->fixture.instance.lock);
    server->fixture.output->host.patience_ms = patience_ms;
    pthread_mutex_unlock(&server->fixture.instance.lock);
}

static void note_cut(struct server *server)
{
    host_note_cut(&server->fixture.instance);
}

static void check_page(struct scrape *scrape, uint64_t value)
{
    assert_memory_equal(scrape->answer, "HTTP/1.1 200 ", 13);
    assert_non_null(strstr(scrape->answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_int_equal(prom_fixture_value(scrape->answer, LINE_7), value);
    assert_non_null(strstr(scrape->answer, "\n# HELP flow_exporter_"));
    free(scrape->answer);
}

static void a_page_waits_for_its_checkpoint(void **state)
{
    (void)state;
    struct server server;
    struct scrape scrape;
    server_start(&server, FOR_EVER_MS);
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 5, NULL, NULL);
    scrape_start(&scrape, &server);
    await_request(&server);
    prom_fixture_checkpoint(&server.fixture);
    scrape_join(&scrape);
    check_page(&scrape, 5);
    server_stop(&server);
}

/* It is too early for the next cut. The page waits for the cut that is taken already and not yet committed. */
static void a_page_waits_for_the_cut_under_way(void **state)
{
    (void)state;
    struct server server;
    struct scrape scrape;
    server_start(&server, FOR_EVER_MS);
    server.fixture.instance.min_interval_ms = 3600000;
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_cut(&server.fixture);
    note_cut(&server);
    scrape_start(&scrape, &server);
    while (fxi_metric_set_get(server.fixture.instance.metrics, PROM_REQUESTS, PROM_REQUEST_HEALTH) == 0)
        free(ask(server.port, "GET /-/healthy")); /* others are answered meanwhile */
    prom_committed(server.fixture.output, server.fixture.number);
    scrape_join(&scrape);
    check_page(&scrape, 5);
    scrape_start(&scrape, &server); /* no cut is under way: answered at once */
    scrape_join(&scrape);
    check_page(&scrape, 5);
    server_stop(&server);
}

static void a_refused_checkpoint_shows_the_last_page(void **state)
{
    (void)state;
    struct server server;
    struct scrape scrape;
    server_start(&server, FOR_EVER_MS);
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&server.fixture);
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 6, NULL, NULL);
    scrape_start(&scrape, &server);
    await_request(&server);
    prom_fixture_cut(&server.fixture);
    prom_rolled_back(server.fixture.output, 1);
    scrape_join(&scrape);
    check_page(&scrape, 5);
    server_stop(&server);
}

/* Without an answer the first page is late. Later pages do not wait until a checkpoint has come. */
static void no_answer_shows_the_last_page(void **state)
{
    (void)state;
    struct server server;
    struct scrape scrape;
    server_start(&server, 200);
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&server.fixture);
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 6, NULL, NULL);
    int64_t start_ms = fxi_clock_ms();
    scrape_start(&scrape, &server);
    scrape_join(&scrape);
    check_page(&scrape, 5);
    int64_t first_ms = fxi_clock_ms() - start_ms;
    assert_true(first_ms >= 200);
    start_ms = fxi_clock_ms();
    for (unsigned i = 0; i < 20; i++) {
        scrape_start(&scrape, &server);
        scrape_join(&scrape);
        check_page(&scrape, 5);
    }
    assert_true(fxi_clock_ms() - start_ms < 20 * first_ms);
    await_request(&server); /* they asked all the same */
    set_patience(&server, FOR_EVER_MS);
    prom_fixture_checkpoint(&server.fixture);
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 7, NULL, NULL);
    scrape_start(&scrape, &server);
    await_request(&server);
    prom_fixture_checkpoint(&server.fixture);
    scrape_join(&scrape);
    check_page(&scrape, 18);
    server_stop(&server);
}

static void a_stop_does_not_wait_for_pages(void **state)
{
    (void)state;
    struct server server;
    struct scrape scrape;
    server_start(&server, FOR_EVER_MS);
    scrape_start(&scrape, &server);
    await_request(&server);
    prom_stop(server.fixture.output, 1000);
    scrape_join(&scrape);
    free(scrape.answer);
    assert_int_equal(connect_to(server.port), -1);
    server_stop(&server);
}

/* Returns when the whole text is in the other side's socket. */
static void send_arrived(int fd, const char *text)
{
    int left = 1;
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    while (left) {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
        sched_yield();
    }
}

/*
 * Another connection took this one's place while it waited. No page is made for it when it may go on. The client has
 * sent a second request. libmicrohttpd reads those bytes before it can see the end of the socket, so without the guard
 * it would ask for the page.
 */
static void nobody_gets_no_page(void **state)
{
    (void)state;
    struct server server;
    server_start_with(&server, FOR_EVER_MS, 1);
    const struct fxi_metric_set *metrics = server.fixture.instance.metrics;
    prom_fixture_write(&server.fixture, 0, 100, 7, "r", 5, NULL, NULL);
    int one = connect_to(server.port);
    send_arrived(one, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    await_request(&server);
    send_arrived(one, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
    int other = connect_from(INADDR_LOOPBACK + 1, server.port);
    while (fxi_metric_set_get(metrics, PROM_CONNECTIONS_CLOSED, PROM_CLOSED_FULL) == 0)
        sched_yield();
    prom_fixture_checkpoint(&server.fixture);
    char answer[16];
    assert_true(recv(one, answer, sizeof answer, 0) <= 0);
    close(one);
    close(other);
    check_answer(server.port, "GET /-/healthy", "HTTP/1.1 200 ", "OK");
    prom_stop(server.fixture.output, 1000); /* all pending work is done */
    assert_int_equal(fxi_metric_set_get(metrics, PROM_REQUESTS, PROM_REQUEST_PAGE), 0);
    server_stop(&server);
}

static void a_taken_address_is_named(void **state)
{
    (void)state;
    struct server server;
    struct fx_error err = FX_ERROR_INIT;
    server_start(&server, FOR_EVER_MS);
    struct prom_listeners listeners;
    assert_true(prom_listen(&listeners, &server.fixture.options, &server.fixture.instance, &err) < 0);
    assert_non_null(strstr(err.message, server.listen));
    assert_non_null(strstr(err.message, "choose another port"));
    server_stop(&server);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const good[] = {":9590",  "localhost:9590",   "127.0.0.1:9590", "[::1]:9590",
                                       "[::]:0", "unix:/run/x.sock", "systemd",        "systemd:page"};
    static const char *const bad[] = {
        "",        ":",          "9590",    "host",    "host:",       "::1:9590", "[::1]",   "host:http",
        "host:-1", "host:65536", "host:+1", "host: 1", "unix:x.sock", "unix:",    "unix:/x/"};
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct fx_error err = FX_ERROR_INIT;
        f.options.listen = (struct fx_list){1, &good[i]};
        assert_int_equal(prom_listen_check(&f.options, &f.instance, &err), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fx_error err = FX_ERROR_INIT;
        f.options.listen = (struct fx_list){1, &bad[i]};
        assert_int_equal(prom_listen_check(&f.options, &f.instance, &err), FX_EINVAL);
        assert_true(strstr(err.message, "write ") || strstr(err.message, "no port"));
    }
    prom_fixture_fini(&f);
}

static struct prom_peer_address peer_of(const char *text)
{
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct prom_peer_address peer;
    bool is_ipv6 = inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1, is_ipv4 = inet_pton(AF_INET, text, &ipv4.sin_addr);
    prom_peer_address_set(&peer, is_ipv6 ? (struct sockaddr *)&ipv6 : is_ipv4 ? (struct sockaddr *)&ipv4 : NULL);
    return peer;
}

static void peers(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool are_same;
    } cases[] = {{"10.0.0.1", "::ffff:10.0.0.1", true},
                 {"10.0.0.1", "10.0.0.2", false},
                 {"10.0.0.1", "a00:1::", false},
                 {"::ffff:10.0.0.1", "::ffff:10.0.0.2", false},
                 {"2001:db8::1", "2001:db8::2", true},
                 {"2001:db8::1", "2001:db8:0:1::1", false},
                 {"::1", "unix", false},
                 {"0.0.0.0", "unix", false},
                 {"unix", "unix", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prom_peer_address one = peer_of(cases[i].one), other = peer_of(cases[i].other);
        assert_int_equal(memcmp(&one, &other, sizeof one) == 0, cases[i].are_same);
    }
}

/* Without a host the server listens on both families if the machine has both. The listener's name tells the choice. */
static void any_host(void **state)
{
    (void)state;
    struct prom_fixture f;
    struct fx_error err = FX_ERROR_INIT;
    static const char *const address = ":0";
    struct prom_listeners listeners;
    prom_fixture_init(&f, 10, 0);
    f.options.listen = (struct fx_list){1, &address};
    assert_int_equal(prom_listen(&listeners, &f.options, &f.instance, &err), 0);
    int port = atoi(strrchr(listeners.all[0].name, ':') + 1), client = connect_to(port);
    assert_true(port > 0 && client >= 0);
    close(client);
    prom_listen_close(&listeners);
    prom_fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_methods),
        cmocka_unit_test(a_page_waits_for_its_checkpoint),
        cmocka_unit_test(a_page_waits_for_the_cut_under_way),
        cmocka_unit_test(a_refused_checkpoint_shows_the_last_page),
        cmocka_unit_test(no_answer_shows_the_last_page),
        cmocka_unit_test(a_stop_does_not_wait_for_pages),
        cmocka_unit_test(nobody_gets_no_page),
        cmocka_unit_test(a_taken_address_is_named),
        cmocka_unit_test(addresses),
        cmocka_unit_test(any_host),
        cmocka_unit_test(peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
