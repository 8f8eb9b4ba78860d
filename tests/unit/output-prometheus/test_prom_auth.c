/*
 * Passwords of output-prometheus: what a request may say, bcrypt, what is remembered, and what waits. Also the pages
 * that wait. The test plays libmicrohttpd's connections: a connection here is the address that it comes from.
 */
#include "prom_fixture.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/output-prometheus/base/thread.h"
#include "plugins/output-prometheus/http/connections.h"
#include "plugins/output-prometheus/http/verify.h"

/* Cost 4 is the lowest. */
#define HASH_OF_SECRET "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

/* ---- What a request says */

static void sound_credentials(void **state)
{
    (void)state;
    static const struct {
        const char *header, *name, *password;
    } cases[] = {
        {"Basic YTpi", "a", "b"},       {"basic YTpi", "a", "b"},
        {"BASIC YTpi", "a", "b"},       {"Basic YWxpY2U6c2VjcmV0", "alice", "secret"},
        {"Basic YTpiOmM=", "a", "b:c"}, /* only the first colon ends the name */
        {"Basic YTo=", "a", ""},        {"Basic OmI=", "", "b"},
        {"Basic Og==", "", ""},         {"Basic w6Q6w7Y=", "\xc3\xa4", "\xc3\xb6"},
        {"Basic YTr/", "a", "\xff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prom_credentials found;
        assert_true(prom_credentials_read(cases[i].header, &found));
        assert_string_equal(found.name, cases[i].name);
        assert_string_equal(found.password, cases[i].password);
    }
}

static void unsound_credentials(void **state)
{
    (void)state;
    static const char *const cases[] = {
        NULL,
        "",
        "Basic",
        "Basic ",
        "BasicYTpi",
        "Basic  YTpi",
        "Bearer YTpi",
        "Basic YTp",      /* no padding */
        "Basic YTpi=",    /* too much padding */
        "Basic YT=i",     /* padding inside */
        "Basic Y===",     /* a letter that encodes nothing */
        "Basic ====",     /* nothing but padding */
        "Basic YTp-",     /* another alphabet */
        "Basic YTpi ",    /* a trailing space */
        "Basic YTpi,YT1", /* two words */
        "Basic YWxpY2U=", /* no colon */
        "Basic YTpiAA==", /* a NUL in the name */
        "Basic YQA6Yg==", /* in the name */
        "Basic \xff\xff\xff\xff",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prom_credentials found;
        assert_false(prom_credentials_read(cases[i], &found));
    }
}

/* "Basic ", then "YWFh" ("aaa") count times, with a colon somewhere. None of it fits. */
static void huge_credentials(void **state)
{
    (void)state;
    static const size_t counts[] = {100, 342, 343, 427, 428, 429, 1000, 16000, 250000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *header = calloc(1, 6 + 4 * counts[i] + 1);
        memcpy(header, "Basic ", 6);
        for (size_t j = 0; j < counts[i]; j++)
            memcpy(header + 6 + 4 * j, j ? "YWFh" : "YTph", 4); /* "a:a", then "aaa" */
        struct prom_credentials found;
        size_t password = 3 * counts[i] - 2;
        assert_int_equal(prom_credentials_read(header, &found), password <= PROM_PASSWORD_MAX);
        if (password <= PROM_PASSWORD_MAX)
            assert_int_equal(strlen(found.password), password);
        memcpy(header + 6, "YWFh", 4);
        memcpy(header + 6 + 4 * (counts[i] - 1), "YTph", 4); /* all of it is the name */
        assert_int_equal(prom_credentials_read(header, &found), 3 * counts[i] - 2 <= PROM_NAME_MAX);
        free(header);
    }
}

/* ---- bcrypt */

/* From the test vectors of the original C implementation (crypt_blowfish). The version's letter does not matter. */
static void hashes(void **state)
{
    (void)state;
    static const char good[][PROM_BCRYPT_SIZE + 1] = {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                                                      "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                                                      "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                                                      /*
                                                       * The last letter of the salt holds four bits that are not part
                                                       * of the salt.
                                                       */
                                                      "$2b$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"};
    struct crypt_data *data = calloc(1, sizeof *data);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char other[PROM_BCRYPT_SIZE + 1];
        assert_null(prom_bcrypt_fault(good[i]));
        assert_true(prom_bcrypt_check(data, good[i], "U*U"));
        assert_false(prom_bcrypt_check(data, good[i], "U*U*"));
        assert_false(prom_bcrypt_check(data, good[i], "u*U"));
        assert_false(prom_bcrypt_check(data, good[i], ""));
        for (size_t j = 29; j < PROM_BCRYPT_SIZE; j += 10) { /* every place counts */
            memcpy(other, good[i], sizeof other);
            other[j] = other[j] == 'a' ? 'b' : 'a';
            assert_false(prom_bcrypt_check(data, other, "U*U"));
        }
        prom_bcrypt_dummy(other, good[i]);
        assert_null(prom_bcrypt_fault(other));
        assert_false(prom_bcrypt_check(data, other, "U*U"));
    }
    char eighty[81];
    memset(eighty, 'x', 80);
    eighty[80] = '\0';
    struct crypt_data *made = calloc(1, sizeof *made);
    char seventy_two[73];
    memcpy(seventy_two, eighty, 72);
    seventy_two[72] = '\0';
    const char *hash = crypt_rn(seventy_two, "$2y$04$abcdefghijklmnopqrstuu", made, sizeof *made);
    assert_true(prom_bcrypt_check(data, hash, eighty)); /* bcrypt reads 72 bytes */
    eighty[71] = 'y';
    assert_false(prom_bcrypt_check(data, hash, eighty));
    for (size_t i = 0; i < sizeof *data; i++) /* the memory of the check is wiped */
        assert_int_equal(((const unsigned char *)data)[i], 0);
    free(made);
    free(data);
}

static void no_hashes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "secret",
        "$apr1$aaaaaaaa$bbbbbbbbbbbbbbbbbbbbbb",
        "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
        "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$5x$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe:",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(prom_bcrypt_fault(bad[i]));
}

/* ---- What is remembered */

static const struct fx_pair two_users[] = {{"alice", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
                                           {"bob", "$2a$07$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"}};
static const struct fx_map users = {2, two_users};

static struct prom_claim claim_of(const struct prom_known *known, const struct fx_map *whose, const char *name,
                                  const char *password)
{
    struct prom_credentials credentials = {"", ""};
    struct prom_claim claim;
    snprintf(credentials.name, sizeof credentials.name, "%s", name);
    snprintf(credentials.password, sizeof credentials.password, "%s", password);
    prom_claim_make(known, whose, &credentials, &claim);
    return claim;
}

static void what_is_known(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    struct prom_known known;
    assert_int_equal(prom_known_init(&known, &err), 0);
    struct prom_claim right = claim_of(&known, &users, "alice", "U*U");
    assert_string_equal(right.hash, two_users[0].value);
    assert_false(prom_known_has(&known, &right));
    prom_known_add(&known, &right);
    assert_true(prom_known_has(&known, &right));
    static const struct {
        const char *name, *password;
    } others[] = {{"alice", "U*U*"}, {"alice", ""}, {"bob", "U*U"}, {"alic", "eU*U"}, {"carol", "U*U"}, {"", ""}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct prom_claim other = claim_of(&known, &users, others[i].name, others[i].password);
        assert_false(prom_known_has(&known, &other));
    }
    /*
     * Another hash makes another claim. A password that was right before the file changed is not right because of that.
     */
    const struct fx_pair changed[] = {{"alice", two_users[1].value}};
    const struct fx_map later = {1, changed};
    struct prom_claim after = claim_of(&known, &later, "alice", "U*U");
    assert_false(prom_known_has(&known, &after));
    /* The same holds for a user who was removed. */
    const struct fx_pair left[] = {{"bob", two_users[0].value}};
    const struct fx_map without = {1, left};
    struct prom_claim gone = claim_of(&known, &without, "alice", "U*U");
    assert_false(prom_known_has(&known, &gone));
    prom_known_fini(&known);
}

/* Each memory has another key. It is bounded: the oldest entry is forgotten. */
static void a_bounded_memory(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    struct prom_known known, other;
    assert_int_equal(prom_known_init(&known, &err), 0);
    assert_int_equal(prom_known_init(&other, &err), 0);
    struct prom_claim first = claim_of(&known, &users, "alice", "U*U");
    struct prom_claim elsewhere = claim_of(&other, &users, "alice", "U*U");
    assert_memory_not_equal(first.digest, elsewhere.digest, PROM_DIGEST_SIZE);
    prom_known_add(&known, &first);
    for (unsigned i = 0; i < PROM_KNOWN_MAX; i++) {
        char password[16];
        snprintf(password, sizeof password, "%u", i);
        assert_true(prom_known_has(&known, &first));
        struct prom_claim next = claim_of(&known, &users, "bob", password);
        prom_known_add(&known, &next);
        prom_known_add(&known, &next); /* takes one place */
        assert_true(prom_known_has(&known, &next));
    }
    assert_false(prom_known_has(&known, &first));
    prom_known_fini(&known);
    prom_known_fini(&other);
}

/* An unknown name costs what one of the users costs, always the same one. Its hash is one that no password has. */
static void nobody_costs_as_much(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    struct prom_known known;
    bool seen[2] = {false, false};
    assert_int_equal(prom_known_init(&known, &err), 0);
    for (unsigned i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "nobody%u", i);
        struct prom_claim one = claim_of(&known, &users, name, "x"), again = claim_of(&known, &users, name, "y");
        assert_string_equal(one.hash, again.hash);
        assert_memory_not_equal(one.digest, again.digest, PROM_DIGEST_SIZE);
        assert_null(prom_bcrypt_fault(one.hash));
        size_t which = memcmp(one.hash, two_users[0].value, 29) == 0 ? 0 : 1;
        assert_memory_equal(one.hash, two_users[which].value, 29);
        assert_string_equal(one.hash + 29, "...............................");
        seen[which] = true;
    }
    assert_true(seen[0] && seen[1]);
    prom_known_fini(&known);
}

/* ---- What waits */

#define CONNECTIONS 100
static struct sockaddr_in addresses[CONNECTIONS];
static union MHD_ConnectionInfo infos[CONNECTIONS];
static _Atomic int suspended[CONNECTIONS];
static atomic_uint resumes, resumed_as[CONNECTIONS]; /* how many there were; this connection's place among them */

static size_t number_of(const void *connection)
{
    return (size_t)(uintptr_t)connection - 1;
}

void __wrap_MHD_suspend_connection(struct MHD_Connection *connection);
void __wrap_MHD_suspend_connection(struct MHD_Connection *connection)
{
    suspended[number_of(connection)]++;
}

void __wrap_MHD_resume_connection(struct MHD_Connection *connection);
void __wrap_MHD_resume_connection(struct MHD_Connection *connection)
{
    resumed_as[number_of(connection)] = ++resumes;
    suspended[number_of(connection)]--;
}

const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(struct MHD_Connection *connection,
                                                               enum MHD_ConnectionInfoType type, ...);
const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(struct MHD_Connection *connection,
                                                               enum MHD_ConnectionInfoType type, ...)
{
    assert_int_equal(type, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return &infos[number_of(connection)];
}

struct waiting {
    struct prom_fixture fixture;
    struct prom_known known, wrong;
    struct prom_verify verify;
    struct prom_check *checks[CONNECTIONS];
};

static void waiting_begin(struct waiting *waiting)
{
    struct fx_error err = FX_ERROR_INIT;
    prom_fixture_init(&waiting->fixture, 10, 0);
    assert_int_equal(prom_known_init(&waiting->known, &err), 0);
    assert_int_equal(prom_known_init(&waiting->wrong, &err), 0);
    memset(waiting->checks, 0, sizeof waiting->checks);
    for (size_t i = 0; i < CONNECTIONS; i++)
        suspended[i] = 0;
}

static void waiting_end(struct waiting *waiting)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(suspended[i], 0);
        prom_check_free(waiting->checks[i]);
    }
    prom_known_fini(&waiting->wrong);
    prom_known_fini(&waiting->known);
    prom_fixture_fini(&waiting->fixture);
}

/* Makes a request by connection i, from this address. */
static struct prom_check *make_check(struct waiting *waiting, size_t i, uint32_t address, const char *password)
{
    static const struct fx_pair one[] = {{"alice", HASH_OF_SECRET}};
    static const struct fx_map only = {1, one};
    struct prom_credentials credentials = {"alice", ""};
    struct prom_claim claim = claim_of(&waiting->known, &only, "alice", password);
    addresses[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    infos[i].client_addr = (struct sockaddr *)&addresses[i];
    snprintf(credentials.password, sizeof credentials.password, "%s", password);
    waiting->checks[i] = prom_check_new((struct MHD_Connection *)(uintptr_t)(i + 1), &claim, &credentials);
    return waiting->checks[i];
}

static int64_t logins(struct waiting *waiting, unsigned result)
{
    return fxi_metric_set_get(waiting->fixture.instance.metrics, PROM_LOGINS, result);
}

static void passwords_are_checked(void **state)
{
    (void)state;
    static struct waiting waiting;
    struct fx_error err = FX_ERROR_INIT;
    struct crypt_data *data = calloc(1, sizeof *data);
    const char *made = crypt_rn("secret", HASH_OF_SECRET, data, sizeof *data);
    assert_string_equal(made, HASH_OF_SECRET); /* the hash is that of "secret" */
    free(data);
    waiting_begin(&waiting);
    assert_int_equal(
        prom_verify_start(&waiting.verify, &waiting.fixture.instance, &waiting.known, &waiting.wrong, &err), 0);
    assert_true(prom_verify_add(&waiting.verify, make_check(&waiting, 0, 1, "secret")));
    assert_true(prom_verify_add(&waiting.verify, make_check(&waiting, 1, 1, "wrong")));
    assert_true(prom_verify_add(&waiting.verify, make_check(&waiting, 2, 1, "secret")));
    while (suspended[0] || suspended[1] || suspended[2])
        sched_yield();
    assert_int_equal(prom_verify_result(&waiting.verify, waiting.checks[0]), PROM_CHECK_RIGHT);
    assert_int_equal(prom_verify_result(&waiting.verify, waiting.checks[1]), PROM_CHECK_WRONG);
    assert_int_equal(prom_verify_result(&waiting.verify, waiting.checks[2]), PROM_CHECK_RIGHT);
    assert_true(prom_known_has(&waiting.known, &waiting.checks[0]->claim));
    assert_false(prom_known_has(&waiting.known, &waiting.checks[1]->claim));
    assert_true(prom_known_has(&waiting.wrong, &waiting.checks[1]->claim)); /* wrong passwords are remembered apart */
    assert_false(prom_known_has(&waiting.wrong, &waiting.checks[0]->claim));
    for (size_t i = 0; i < 3; i++) /* the passwords are wiped */
        for (size_t j = 0; j < sizeof waiting.checks[i]->password; j++)
            assert_int_equal(waiting.checks[i]->password[j], 0);
    prom_verify_stop(&waiting.verify);
    assert_false(prom_verify_add(&waiting.verify, make_check(&waiting, 3, 1, "secret"))); /* no thread would check it */
    assert_int_equal(prom_verify_result(&waiting.verify, waiting.checks[3]), PROM_CHECK_BUSY);
    assert_int_equal(logins(&waiting, 1), 2);
    assert_int_equal(logins(&waiting, 2), 1);
    assert_int_equal(logins(&waiting, 3), 1);
    prom_verify_fini(&waiting.verify);
    waiting_end(&waiting);
}

/* Without the thread every check waits. One address takes all places. Others displace it, up to half of the places. */
static void the_greediest_gives_way(void **state)
{
    (void)state;
    static struct waiting waiting;
    waiting_begin(&waiting);
    struct prom_verify *verify = &waiting.verify;
    *verify =
        (struct prom_verify){.instance = &waiting.fixture.instance, .known = &waiting.known, .wrong = &waiting.wrong};
    verify->last = &verify->first;
    prom_lock_init(&verify->lock, &verify->changed);
    for (size_t i = 0; i < PROM_CHECKS_MAX; i++)
        assert_true(prom_verify_add(verify, make_check(&waiting, i, 1, "x")));
    assert_false(prom_verify_add(verify, make_check(&waiting, 64, 1, "x"))); /* one more has no place */
    assert_int_equal(waiting.checks[64]->state, PROM_CHECK_BUSY);
    for (size_t i = 65; i < 65 + PROM_CHECKS_MAX / 2; i++)
        assert_true(prom_verify_add(verify, make_check(&waiting, i, 2, "x")));
    assert_false(prom_verify_add(verify, make_check(&waiting, 97, 2, "x"))); /* both addresses have half */
    assert_int_equal(verify->count, PROM_CHECKS_MAX);
    for (size_t i = 0; i < PROM_CHECKS_MAX; i++) /* the newest of the first address gave way */
        assert_int_equal(waiting.checks[i]->state, i < PROM_CHECKS_MAX / 2 ? PROM_CHECK_WAITING : PROM_CHECK_BUSY);
    assert_true(prom_verify_add(verify, make_check(&waiting, 98, 3, "x")));
    assert_int_equal(logins(&waiting, 3), 2 + PROM_CHECKS_MAX / 2 + 1);
    unsigned count = 0;
    for (struct prom_check *check = verify->first; check; check = check->next)
        count++;
    assert_int_equal(count, PROM_CHECKS_MAX);
    assert_null(*verify->last);
    for (size_t i = 0; i < CONNECTIONS; i++) /* the test itself ends those that wait */
        suspended[i] = 0;
    prom_verify_fini(verify);
    waiting_end(&waiting);
}

/*
 * Sixty guesses of one address come before another address's password. Only one or two of them are checked before it.
 */
static void addresses_take_turns(void **state)
{
    (void)state;
    static struct waiting waiting;
    struct fx_error err = FX_ERROR_INIT;
    char guess[16];
    waiting_begin(&waiting);
    struct prom_verify *verify = &waiting.verify;
    assert_int_equal(prom_verify_start(verify, &waiting.fixture.instance, &waiting.known, &waiting.wrong, &err), 0);
    pthread_mutex_lock(&verify->lock); /* the thread waits until they are in */
    for (size_t i = 0; i < 61; i++) {
        snprintf(guess, sizeof guess, "guess %zu", i);
        struct prom_check *check = make_check(&waiting, i, i < 60 ? 1 : 2, i < 60 ? guess : "secret");
        check->state = PROM_CHECK_WAITING;
        *verify->last = check;
        verify->last = &check->next;
        verify->count++;
        suspended[i]++;
    }
    resumes = 0;
    pthread_cond_broadcast(&verify->changed);
    pthread_mutex_unlock(&verify->lock);
    while (suspended[60])
        sched_yield();
    assert_int_equal(prom_verify_result(verify, waiting.checks[60]), PROM_CHECK_RIGHT);
    assert_true(resumed_as[60] <= 2);
    prom_verify_stop(verify);
    prom_verify_fini(verify);
    waiting_end(&waiting);
}

/* ---- Pages that wait */

#define TURNS 8 /* as in turns.c */

struct turns {
    struct prom_fixture fixture;
    struct prom_connections all;
    struct prom_peer peer;
    struct prom_connection pages[TURNS + 1];
    int clients[TURNS + 1];
};

/* Has as many pages of one address as have a turn, and one more. */
static void turns_begin(struct turns *turns)
{
    prom_fixture_init(&turns->fixture, 10, 0);
    turns->all = (struct prom_connections){.instance = &turns->fixture.instance};
    prom_lock_init(&turns->all.lock, &turns->all.changed);
    turns->peer = (struct prom_peer){0};
    for (size_t i = 0; i <= TURNS; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        turns->clients[i] = fds[1];
        turns->pages[i] = (struct prom_connection){.all = &turns->all,
                                                   .peer = &turns->peer,
                                                   .fd = fds[0],
                                                   .closed = PROM_CLOSED_NONE,
                                                   .next = turns->all.first};
        turns->all.first = &turns->pages[i];
        suspended[i] = 0;
        assert_int_equal(prom_turn_take(&turns->pages[i], (struct MHD_Connection *)(uintptr_t)(i + 1)), i < TURNS);
    }
}

static void turns_end(struct turns *turns)
{
    for (size_t i = 0; i <= TURNS; i++) {
        prom_turn_end(&turns->pages[i]);
        assert_int_equal(suspended[i], 0);
        close(turns->pages[i].fd);
        close(turns->clients[i]);
    }
    assert_int_equal(turns->all.turns + turns->all.line_count + turns->peer.turns, 0);
    pthread_cond_destroy(&turns->all.changed);
    pthread_mutex_destroy(&turns->all.lock);
    prom_fixture_fini(&turns->fixture);
}

/*
 * A page keeps its turn however late the server is, as on a busy machine. It loses its turn if its client does not
 * read.
 */
static void a_turn_is_lost_by_not_reading(void **state)
{
    (void)state;
    static struct turns turns;
    turns_begin(&turns);
    int64_t much_later_ms = turns.pages[0].active_ms + 3600000;
    prom_turns_pass_on(&turns.all, much_later_ms);
    assert_int_equal(turns.pages[TURNS].turn, PROM_TURN_LINE);
    assert_int_equal(suspended[TURNS], 1);
    assert_int_equal(write(turns.pages[3].fd, "x", 1), 1);
    prom_turns_pass_on(&turns.all, turns.pages[3].active_ms); /* the client still has time */
    assert_int_equal(suspended[TURNS], 1);
    prom_turns_pass_on(&turns.all, much_later_ms);
    assert_int_equal(turns.pages[3].turn, PROM_TURN_NONE);
    assert_int_equal(suspended[TURNS], 0);
    prom_turns_pass_on(&turns.all, much_later_ms + 1);
    assert_true(prom_turn_take(&turns.pages[TURNS], NULL)); /* its request comes late and still has its turn */
    turns_end(&turns);
}

/* A page that was cut off leaves the line. When the server stops, all others leave it, and no new one enters it. */
static void nobody_is_left_in_line(void **state)
{
    (void)state;
    static struct turns turns;
    turns_begin(&turns);
    turns.peer.places = 2;
    prom_connection_cut_off(&turns.pages[TURNS], PROM_CLOSED_FULL);
    assert_int_equal(suspended[TURNS], 0);
    assert_false(prom_connection_is_served(&turns.pages[TURNS]));
    assert_true(prom_connection_is_served(&turns.pages[0]));
    assert_false(prom_connection_is_served(NULL));
    assert_int_equal(turns.all.line_count, 0);
    turns_end(&turns);
    turns_begin(&turns);
    turns.all.stopping = true;
    prom_turns_stop(&turns.all);
    assert_int_equal(suspended[TURNS], 0);
    assert_true(prom_turn_take(&turns.pages[TURNS], (struct MHD_Connection *)(uintptr_t)(TURNS + 1)));
    turns_end(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_credentials),
        cmocka_unit_test(unsound_credentials),
        cmocka_unit_test(huge_credentials),
        cmocka_unit_test(hashes),
        cmocka_unit_test(no_hashes),
        cmocka_unit_test(what_is_known),
        cmocka_unit_test(a_bounded_memory),
        cmocka_unit_test(nobody_costs_as_much),
        cmocka_unit_test(passwords_are_checked),
        cmocka_unit_test(the_greediest_gives_way),
        cmocka_unit_test(addresses_take_turns),
        cmocka_unit_test(a_turn_is_lost_by_not_reading),
        cmocka_unit_test(nobody_is_left_in_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
