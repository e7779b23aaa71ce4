/* flood.c - floods on core and checks, without tshark: what N events cost in memory and user
 * time, and which limits of limits.h were said to be reached.
 *   flood [--only NAME] N...
 * Memory and the limits said are judged, time is only told: it depends on the machine.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"
#include "octets.h"

#include "database.h"

#include <malloc.h>
#include <time.h>

/* --- the table --------------------------------------------------------------------------- */

struct flood {
    const char *name;
    void (*start)(struct conversation *c);
    void (*event)(struct conversation *c, uint32_t i);
    unsigned octets;            /* memory that one event may leave */
    unsigned mib;               /* and all of them, however many */
    uint32_t cap_from;          /* so many events reach a limit */
    const char *cap;            /* as it is told, NULL */
};

/* Lighter events than those of a flood, perhaps with less before them: what the flood's cost more
 * is told. */
struct lighter {
    const char *name;
    void (*start)(struct conversation *c);
    void (*event)(struct conversation *c, uint32_t i);
};

static const struct flood floods[] = {
    { "half_open", NULL, half_open, 2250, 2250, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "new_suites", NULL, new_suites, 20000, 2000, 0, NULL },
    { "half_open_v1", NULL, half_open_v1, 2600, 2600, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "same_two_addresses", NULL, same_two_addresses, 1950, 1950, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "chosen_spis", NULL, chosen_spis, 2750, 2750, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "same_spi_i", NULL, same_spi_i, 1400, 1400, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "esp_spis", unreadable, esp_spis, 1400, 1400, SADB_MAX_STREAMS + 1, "ESP and AH streams" },
    { "forged_sources", child, forged_sources, 1600, 1600, SADB_MAX_STREAMS + 1,
      "ESP and AH streams" },
    { "moves", unreadable_with_streams, moves, 2350, 60, 1, "Child SAs that follow a new address" },
    { "retransmissions", NULL, retransmissions, 400, 10, SADB_MAX_RETRANSMISSIONS + 2,
      "frames of one message's retransmissions" },
    { "message_ids", unreadable, message_ids, 1100, 20, SADB_MAX_EXCHANGES + 1,
      "exchanges of one IKE SA" },
    { "informationals_v1", NULL, informationals_v1, 700, 16, SADB_MAX_EXCHANGES + 1,
      "exchanges of one IKE SA" },
    { "one_message_id", unreadable, one_message_id, 400, 4, SADB_MAX_MESSAGES + 1,
      "messages of one exchange" },
    { "deletes", child, deletes, 900, 16, SADB_MAX_EXCHANGES + 1, "exchanges of one IKE SA" },
    { "refusals", child, refusals, 2000, 40, SADB_MAX_EXCHANGES + 1, "exchanges of one IKE SA" },
    { "wrong_messages", child, wrong_messages, 100, 4, SADB_MAX_WRONG_FRAMES + 1,
      "frames of one IKE SA's messages that fail their check" },
    { "children", child, children, 3000, 60, SADB_MAX_EXCHANGES + 1, "exchanges of one IKE SA" },
    { "same_spi_again", child, same_spi_again, 3500, 80, SADB_MAX_PER_SPI + 1,
      "streams of one SPI" },
    { "rekeys_of_ike", child, rekeys_of_ike, 12000, 3500, SADB_MAX_LOOKED_AT + 1,
      "Child SAs that a new IKE SA inherits" },
    { "replays", child_with_traffic, replays, 400, 24, STREAM_MAX_STEPS + 2,
      "packets out of order of one stream whose counts are remembered" },
    { "gaps", child_with_traffic, gaps, 400, 8, STREAM_MAX_STEPS + 2,
      "packets out of order of one stream whose counts are remembered" },
    { "wrong_icvs", child_with_traffic, wrong_icvs, 400, 8, STREAM_MAX_BAD_FRAMES + 2,
      "frames with a wrong ICV of one stream" },
    { "fragments", child, fragments, 400, 16, SADB_MAX_FRAGMENTS + 1, "datagrams in fragments" },
    { "clear_packets", child_with_traffic, clear_packets, 400, 16, SADB_MAX_CLEAR + 1,
      "clear packets that an SA should protect" },
    { "clear_misses", many_selectors, clear_misses, 400, 8, 1,
      "selectors that a clear packet is compared with" },
    { "keepalives", behind_a_nat, keepalives, 400, 8, 0, NULL },
    { "icmp_errors", child, icmp_errors, 900, 900, 0, NULL },
    { "ike_fragments", with_key_log, ike_fragments, 900, 32, 4 * (SADB_MAX_EXCHANGES + 1),
      "exchanges of one IKE SA" },
    { "any_spis", with_keys_of_any_spi, any_spis, 600, 8, 20000, "ESP packets" },
    { "strange_messages", with_ike_keys, strange_messages, 3600, 80, 20000, "IKE messages" },
    { "ah_in_ah", child, ah_in_ah, 5600, 1400, SADB_MAX_STREAMS / FRAME_MAX_IPSEC + 1,
      "ESP and AH streams" },
    { "tcp_streams", NULL, tcp_streams, 900, 8, TCP_ENCAP_MAX_STREAMS + 1, "TCP streams" },
    { "tcp_unfinished", NULL, tcp_unfinished, 70000, 300, 300000, "TCP streams" },
};

static const struct lighter lighter[] = {
    { "new_suites", NULL, half_open },
    { "clear_misses", child, clear_misses },
    { "ah_in_ah", child, one_ah },
};

static bool
said(struct conversation *c, const char *cap)
{
    for (const char *const *reached = sadb_caps(c->db); *reached; reached++) {
        if (strcmp(*reached, cap) == 0) {
            return true;
        }
    }
    if (keys && keyring_full(keys) && strstr(keyring_full(keys), cap)) {
        return true;
    }
    return strcmp(cap, "TCP streams") == 0 && tcp_encap_capped(tcp);
}

/* The longest way that a lookup goes through occupied places. */
static uint32_t
longest_probe(struct conversation *c)
{
    uint32_t longest = 0, run = 0;

    for (uint32_t i = 0; i < c->db->store.num_places; i++) {
        run = c->db->store.places[i] ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    return longest;
}

static size_t
memory(void)
{
    struct mallinfo2 now_used = mallinfo2();

    return now_used.uordblks + now_used.hblkhd;
}

static double
cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of all floods, for the last line. */
static struct {
    double growth;              /* of an event's time, against a tenth of the events */
    double more;                /* microseconds of an event above a lighter one */
    size_t octets, limits;      /* kept of an event where they are most; limits that were told */
} most;

/* Microseconds of an event; what they leave stays. */
static double
run(struct conversation *c, void (*start)(struct conversation *c),
    void (*event)(struct conversation *c, uint32_t i), uint32_t n)
{
    double us;

    state = 1;
    tcp = tcp_encap_new();
    reset(c);
    if (start) {
        start(c);
    }
    us = -cpu();
    for (uint32_t i = 0; i < n; i++) {
        event(c, i);
    }
    end_after(c, 60);
    return (us + cpu()) * 1e6 / n;
}

static void
clean(struct conversation *c)
{
    tcp_encap_free(tcp);
    keyring_free(keys);
    keys = NULL;
    reset(c);
}

/* What n events cost more than as many lighter ones; the best of three, for the machine has others
 * to serve. */
static void
compare(struct conversation *c, const struct flood *f, const struct lighter *l, uint32_t n)
{
    double heavy = 1e9, light = 1e9;

    for (unsigned i = 0; i < 3; i++) {
        heavy = MIN(heavy, run(c, f->start, f->event, n));
        clean(c);
        light = MIN(light, run(c, l->start, l->event, n));
        clean(c);
    }
    printf("flood %s: %u events, %.2f us each where lighter ones cost %.2f: %.2f more\n", f->name,
           n, heavy, light, heavy - light);
    most.more = MAX(most.more, heavy - light);
}

/* Microseconds of an event. */
static double
flood(struct conversation *c, const struct flood *f, uint32_t n, double before)
{
    size_t used = memory(), limit;
    const char *full;
    uint32_t probe;
    double us;

    if (n == 0) {
        return 0;
    }
    us = run(c, f->start, f->event, n);
    used = memory() - used;
    probe = longest_probe(c);
    full = keys ? keyring_full(keys) : NULL;
    printf("flood %s: %u events, %.2f us each%s", f->name, n, us, before > 0 ? "" : ",");
    if (before > 0) {
        printf(" (%.2f of those before),", us / before);
    }
    printf(" %.1f MiB, %zu octets each, %zu findings%s", (double)used / (1 << 20), used / n,
           findings_count(c->found), findings_capped(c->found) ? ", findings capped" : "");
    for (const char *const *reached = sadb_caps(c->db); *reached; reached++) {
        printf("%s%s", reached == sadb_caps(c->db) ? "; reached: " : ", ", *reached);
    }
    if (tcp_encap_capped(tcp)) {
        printf("; reached: TCP streams");
    }
    if (full) {
        printf("; key ring: %s", full);
    }
    printf("\n");
    most.growth = before > 0 ? MAX(most.growth, us / before) : most.growth;
    most.octets = MAX(most.octets, used / n);
    most.limits += sadb_caps(c->db)[0] || tcp_encap_capped(tcp) || full ||
                   findings_capped(c->found);
    limit = MIN((size_t)f->octets * n + (2u << 20), (size_t)f->mib << 20);
    if (used > limit) {
        printf("%s: %zu octets, more than %zu\n", f->name, used, limit);
    }
    T(used <= limit);
    T(probe < 512);
    if (f->cap && n >= f->cap_from) {
        T(said(c, f->cap));
    }
    clean(c);
    for (size_t i = 0; i < G_N_ELEMENTS(lighter) && before == 0; i++) {
        if (strcmp(lighter[i].name, f->name) == 0) {
            compare(c, f, &lighter[i], n);
        }
    }
    return us;
}

int
main(int argc, char **argv)
{
    const char *only = NULL;
    int first = 1;
    static struct conversation c;

    if (argc > 2 && strcmp(argv[1], "--only") == 0) {
        only = argv[2];
        first = 3;
    }
    conversation_begin(&c);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t k = 0; k < G_N_ELEMENTS(floods); k++) {
        double us = 0;
        for (int i = first; i < argc && (!only || strcmp(only, floods[k].name) == 0); i++) {
            us = flood(&c, &floods[k], (uint32_t)strtoul(argv[i], NULL, 10), us);
        }
    }
    printf("figure: floods: %zu kinds of %s to %s events, %.2f times the time of an event at most, "
           "%.1f us more than a lighter one at most, %zu octets each at most, a limit told %zu "
           "times\n",
           only ? (size_t)1 : G_N_ELEMENTS(floods), argc > first ? argv[first] : "0",
           argv[argc - 1], most.growth, most.more, most.octets, most.limits);
    return conversation_done(&c);
}
