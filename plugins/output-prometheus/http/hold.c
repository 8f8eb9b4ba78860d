/*
 * See hold.h. The filter is a classic socket filter (linux/filter.h). It sees a packet from its TCP header on, and the
 * IP header by SKF_NET_OFF. Connections inherit the filter from their listener. The filter lets all of their packets
 * pass.
 */
#include "http/hold.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#define TCP_FLAGS     13
#define TCP_SYN       0x02
#define TCP_SYN_ACK   0x12
#define IP_VERSION    (SKF_NET_OFF)
#define IPV4_SOURCE   (SKF_NET_OFF + 12)
#define IPV6_SOURCE   (SKF_NET_OFF + 8)
#define IPV6_SOURCE_2 (SKF_NET_OFF + 12)
/* At most five instructions for each address, and ten for the rest. */
#define PROGRAM_MAX (10 + 5 * PROM_HELD_MAX)
#define PASS        0xffffffff

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short count;
};

/* then and otherwise are the numbers of instructions to skip. */
static void add(struct program *program, unsigned code, unsigned k, unsigned then, unsigned otherwise)
{
    program->code[program->count++] = (struct sock_filter)BPF_JUMP((unsigned short)code, k, then, otherwise);
}

static unsigned word_of(const struct prom_peer_address *address, size_t at)
{
    const unsigned char *bytes = address->bytes + at;
    return (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
}

static bool is_ipv4(const struct prom_peer_address *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

/* The source address is in the accumulator. */
static void add_ipv4(struct program *program, const struct prom_peer_address *addresses, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (is_ipv4(&addresses[i])) {
            add(program, BPF_JMP | BPF_JEQ | BPF_K, word_of(&addresses[i], 12), 0, 1);
            add(program, BPF_RET | BPF_K, 0, 0, 0);
        }
    add(program, BPF_RET | BPF_K, PASS, 0, 0);
}

static void add_ipv6(struct program *program, const struct prom_peer_address *addresses, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!is_ipv4(&addresses[i])) {
            add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)IPV6_SOURCE, 0, 0);
            add(program, BPF_JMP | BPF_JEQ | BPF_K, word_of(&addresses[i], 0), 0, 3);
            add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)IPV6_SOURCE_2, 0, 0);
            add(program, BPF_JMP | BPF_JEQ | BPF_K, word_of(&addresses[i], 4), 0, 1);
            add(program, BPF_RET | BPF_K, 0, 0, 0);
        }
    add(program, BPF_RET | BPF_K, PASS, 0, 0);
}

static void make(struct program *program, const struct prom_peer_address *addresses, unsigned count)
{
    unsigned ipv4 = 0;
    for (unsigned i = 0; i < count; i++)
        ipv4 += is_ipv4(&addresses[i]);
    program->count = 0;
    add(program, BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS, 0, 0);
    add(program, BPF_ALU | BPF_AND | BPF_K, TCP_SYN_ACK, 0, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, TCP_SYN, 1, 0);
    add(program, BPF_RET | BPF_K, PASS, 0, 0);
    add(program, BPF_LD | BPF_B | BPF_ABS, (unsigned)IP_VERSION, 0, 0);
    add(program, BPF_ALU | BPF_RSH | BPF_K, 4, 0, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 2 * ipv4 + 2);
    add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)IPV4_SOURCE, 0, 0);
    add_ipv4(program, addresses, count);
    add_ipv6(program, addresses, count);
}

void prom_hold(const struct prom_listeners *listeners, const struct prom_peer_address *addresses, unsigned count)
{
    struct program program;
    make(&program, addresses, count);
    const struct sock_fprog filter = {.len = program.count, .filter = program.code};
    int none = 0;
    for (unsigned i = 0; i < listeners->count; i++) {
        const struct prom_listener *listener = &listeners->all[i];
        if (!listener->can_hold)
            continue;
        if (count)
            setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
        else
            setsockopt(listener->fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
    }
}
