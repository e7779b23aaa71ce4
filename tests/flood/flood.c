/* flood.c - floods on core and checks, without tshark: what N events cost in memory and user
 * time, and which limits of limits.h were said to be reached.
 *   flood [--only NAME] N...
 * Memory and the limits said are judged, time is only told: it depends on the machine.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include "database.h"

#include <espial/ipsec.h>
#include <espial/keyring.h>
#include <espial/tcp_encap.h>

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

static uint64_t state;
static struct tcp_encap *tcp;
static struct keyring *keys;
static uint32_t tcp_given;

static uint64_t
rnd(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static struct ip_addr
address(uint32_t n)
{
    uint8_t b[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

    return ip_from(4, b);
}

#define HEX16 "%016" G_GINT64_MODIFIER "x"
#define REST_OF_16 "0011223344556677"

/* A text of its own for each message, so that none is a retransmission. */
static void
send_new(struct conversation *c)
{
    char text[24];

    g_snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", rnd() | 1);
    send(c, text, 0);
}

static void
esp(struct conversation *c, const struct ip_addr *src, const struct ip_addr *dst, uint32_t spi,
    uint32_t seq, enum icv_verdict icv)
{
    ipsec(c, src, dst, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi, .seq = seq,
                                              .length = 120, .icv = icv });
}

/* --- what begins a flood --------------------------------------------------------------- */

/* An IKE SA whose encrypted messages nobody can read: streams make Child SAs of it. */
static void
unreadable(struct conversation *c)
{
    sa_init(c, aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_AUTH, 1, !side, side);
        c->m.encrypted = true;
        c->m.readable = false;
        send_new(c);
    }
}

/* And many of those. */
static void
unreadable_with_streams(struct conversation *c)
{
    unreadable(c);
    for (uint32_t i = 0; i < 4 * SADB_MAX_LOOKED_AT; i++) {
        esp(c, &c->client, &c->gateway, 0xe0000000 + i, 1, ICV_UNKNOWN);
    }
}

static void
child(struct conversation *c)
{
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
}

static void
child_with_traffic(struct conversation *c)
{
    child(c);
    esp(c, &c->client, &c->gateway, TO_R, 1, ICV_UNKNOWN);
}

static void
behind_a_nat(struct conversation *c)
{
    struct ike_sa *sa;

    unreadable(c);
    sa = (struct ike_sa *)(uintptr_t)sadb_ike_sa(c->db, 0);
    sa->nat = NAT_INITIATOR;
}

static void
with_key_log(struct conversation *c)
{
    static const char row[] =
        "1111111111111111,2222222222222222,"
        "00112233445566778899aabbccddeeff,00112233445566778899aabbccddeeff,"
        "\"AES-CBC-128 [RFC3602]\","
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,"
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,"
        "\"HMAC_SHA2_256_128 [RFC4868]\"\n";
    struct keylog *log = keylog_new();
    char *messages;

    T(keylog_read(log, "flood", row, strlen(row), &messages) == 1);
    keys = keyring_new(log);
    sa_init(c, aes256, aes256);
}

static void
log_row(struct keylog *log, const char *format, uint64_t one, uint64_t other)
{
    char *row = g_strdup_printf(format, one, other, one, other, one, other, one, other), *messages;

    T(keylog_read(log, "flood", row, strlen(row), &messages) == 1);
    g_free(row);
}

/* Keys whose SPI the log leaves open. */
static void
with_keys_of_any_spi(struct conversation *c)
{
    struct keylog *log = keylog_new();

    (void)c;
    for (unsigned i = 0; i < KEYLOG_MAX_PER_SPI; i++) {
        log_row(log,
                "\"IPv4\",\"*\",\"*\",\"*\",\"AES-CBC [RFC3602]\",\"0x" HEX16 HEX16
                "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" HEX16 HEX16 HEX16 HEX16 "\"\n",
                rnd(), rnd());
    }
    keys = keyring_new(log);
}

/* Keys of many IKE SAs. */
static void
with_ike_keys(struct conversation *c)
{
    struct keylog *log = keylog_new();

    (void)c;
    for (unsigned i = 0; i < 10000; i++) {
        log_row(log,
                HEX16 "," HEX16 "," HEX16 REST_OF_16 "," HEX16 REST_OF_16
                      ",\"AES-CBC-128 [RFC3602]\"," HEX16 REST_OF_16 REST_OF_16 REST_OF_16
                      "," HEX16 REST_OF_16 REST_OF_16 REST_OF_16
                      ",\"HMAC_SHA2_256_128 [RFC4868]\"\n",
                rnd(), rnd());
    }
    keys = keyring_new(log);
}

/* --- events ------------------------------------------------------------------------------ */

static void
half_open(struct conversation *c, uint32_t i)
{
    struct ip_addr forged = address(0x0a000000 + i);
    uint64_t spi = rnd() | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    c->from = forged;
    propose(c, aes256, 4, PROTO_IKE, 0);
    send_new(c);
}

static void
half_open_v1(struct conversation *c, uint32_t i)
{
    uint64_t spi = rnd() | 1;

    begin(c, 1, V1_MAIN, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = i;              /* no suite is another's */
    send_new(c);
}

static void
same_two_addresses(struct conversation *c, uint32_t i)
{
    uint64_t spi = rnd() | 1, other = rnd() | 1;

    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, !side, side);
        memcpy(c->m.spi_i, &spi, 8);
        if (side) {
            memcpy(c->m.spi_r, &other, 8);
        }
        propose(c, i & 1 ? aes256 : aes128, 4, PROTO_IKE, 0);
        send_new(c);
    }
}

/* SPIs that agree in all but a few bits: in those that a weak hash would look at last. */
static void
chosen_spis(struct conversation *c, uint32_t i)
{
    uint64_t spi = (uint64_t)i << (8 * (i % 5) + 8) | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send_new(c);
    esp(c, &c->client, &c->gateway, i << 12 | i >> 20, 1, ICV_UNKNOWN);
}

static void
same_spi_i(struct conversation *c, uint32_t i)
{
    uint64_t spi_r = rnd() | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    memcpy(c->m.spi_r, &spi_r, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.num_proposals = i & 1;
    send_new(c);
}

static void
esp_spis(struct conversation *c, uint32_t i)
{
    (void)i;
    esp(c, &c->client, &c->gateway, (uint32_t)rnd() | 0x100, 1, ICV_UNKNOWN);
}

static void
forged_sources(struct conversation *c, uint32_t i)
{
    struct ip_addr forged = address(0x0a000000 + i);

    esp(c, &forged, &c->gateway, TO_R, 1 + i, ICV_UNKNOWN);
}

static void
moves(struct conversation *c, uint32_t i)
{
    struct ip_addr elsewhere = address(0xc6336500 + i % 200);

    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_INFORMATIONAL, i, !side, side);
        c->m.readable = false;
        if (side) {
            c->to = elsewhere;
        }
        send_new(c);
    }
}

static void
retransmissions(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "the same", (uint16_t)i);
}

static void
message_ids(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_INFORMATIONAL, i, i & 1, false);
    c->m.readable = false;
    send_new(c);
}

static void
informationals_v1(struct conversation *c, uint32_t i)
{
    begin(c, 1, V1_INFORMATIONAL, i + 1, false, false);
    c->m.readable = false;
    send_new(c);
}

static void
one_message_id(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    c->m.readable = false;
    (void)i;
    send_new(c);
}

static void
deletes(struct conversation *c, uint32_t i)
{
    static uint8_t spis[4 * IKE_MAX_DELETE_SPIS];

    for (size_t k = 0; k < sizeof spis; k += 4) {
        uint32_t spi = (uint32_t)rnd();
        memcpy(spis + k, &spi, 4);
    }
    begin(c, 2, V2_INFORMATIONAL, i, true, false);
    c->m.num_deletes = 2;
    c->m.deletes[0] = (struct ike_delete){ PROTO_ESP, 4, IKE_MAX_DELETE_SPIS, true,
                                           { spis, sizeof spis } };
    c->m.deletes[1] = (struct ike_delete){ PROTO_IKE, 0, 0, true, { NULL, 0 } };
    send_new(c);
}

static void
refusals(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_CREATE_CHILD_SA, i + 2, false, true);
    notify(c, i & 1 ? N2_TS_UNACCEPTABLE : N2_INVALID_SPI);
    send_new(c);
}

static void
wrong_messages(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_INFORMATIONAL, i, true, false);
    c->m.readable = false;
    c->m.integrity_wrong = true;
    send_new(c);
}

static void
children(struct conversation *c, uint32_t i)
{
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_CREATE_CHILD_SA, i + 2, !side, side);
        propose(c, esp128, 3, PROTO_ESP, side ? 0xc0000000 + i : 0xd0000000 + i);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        send_new(c);
    }
}

/* The same SPI is given out again and again, and used. */
static void
same_spi_again(struct conversation *c, uint32_t i)
{
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_CREATE_CHILD_SA, i + 2, !side, side);
        propose(c, esp128, 3, PROTO_ESP, side ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        send_new(c);
    }
    esp(c, &c->client, &c->gateway, TO_R, 1, ICV_UNKNOWN);
}

/* Child SAs, and an IKE SA that is replaced over and over and hands them on. */
static void
rekeys_of_ike(struct conversation *c, uint32_t i)
{
    static uint8_t now_i[8], now_r[8];
    uint64_t next[2] = { rnd() | 1, rnd() | 1 };

    if (i == 0) {
        memset(now_i, 0x11, 8);
        memset(now_r, 0x22, 8);
    }
    for (int round = 0; round < 2; round++) {
        for (int side = 0; side < 2; side++) {
            begin(c, 2, V2_CREATE_CHILD_SA, (uint32_t)round, !side, side);
            memcpy(c->m.spi_i, now_i, 8);
            memcpy(c->m.spi_r, now_r, 8);
            c->m.flags = (uint8_t)((side ? 0 : FLAG_INITIATOR) | (side ? FLAG_RESPONSE : 0));
            if (round == 0) {
                propose(c, esp128, 3, PROTO_ESP, (side ? 0xc0000000 : 0xd0000000) + i);
                selectors(c, "10.1.0.0/24", "10.2.0.0/24");
            } else {
                propose(c, aes256, 4, PROTO_IKE, 0);
                c->m.proposals[0].spi_len = 8;
                memcpy(c->m.proposals[0].spi, &next[side], 8);
            }
            send_new(c);
        }
    }
    memcpy(now_i, &next[0], 8);
    memcpy(now_r, &next[1], 8);
}

static void
replays(struct conversation *c, uint32_t i)
{
    (void)i;
    esp(c, &c->client, &c->gateway, TO_R, 1, ICV_UNKNOWN);
}

static void
gaps(struct conversation *c, uint32_t i)
{
    esp(c, &c->client, &c->gateway, TO_R, 3 * i, ICV_UNKNOWN);
}

static void
wrong_icvs(struct conversation *c, uint32_t i)
{
    esp(c, &c->client, &c->gateway, TO_R, i + 2, ICV_BAD);
}

static void
fragments(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .dst = c->gateway, .ip_id = (uint16_t)i },
                         .p = { .kind = PATH_FRAGMENT, .protocol = IP_ESP } };

    e.at.src = address(0x0a000000 + (i >> 4));
    path(c, e);
}

static void
clear_packets(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .src = c->client, .dst = c->gateway },
                         .p = { .kind = PATH_CLEAR } };

    e.p.clear = (struct inner_packet){ .src = address(0x0a010000 + i % 200),
                                       .dst = address(0x0a020000 + i % 200), .protocol = IP_TCP,
                                       .has_ports = true, .src_port = (uint16_t)i, .dst_port = 80 };
    path(c, e);
}

static void
keepalives(struct conversation *c, uint32_t i)
{
    path(c, (struct on_path){ .at = { .src = c->client, .dst = c->gateway,
                                   .src_port = (uint16_t)(1024 + i % 7), .dst_port = PORT_NATT },
                           .p = { .kind = PATH_KEEPALIVE } });
}

static void
icmp_errors(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .src = address(0x0a000000 + i), .dst = c->client },
                         .p = { .kind = PATH_ICMP, .icmp_type = ICMP_UNREACHABLE,
                                .icmp_code = (uint8_t)(i % 16),
                                .protocol = IP_ESP, .spi = (uint32_t)rnd(), .src = c->client,
                                .dst = c->gateway } };
    path(c, e);
}

/* RFC 7383: the first fragment of each of many messages, the rest never. */
static void
ike_fragments(struct conversation *c, uint32_t i)
{
    uint8_t b[28 + 8 + 64] = { 0 };
    struct ike_message parsed;
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = c->client,
                           .dst = c->gateway, .src_port = PORT_NATT, .dst_port = PORT_NATT };
    struct ike_event e;
    uint16_t number = (uint16_t)(i % 3 ? 1 : 2 + i % 60000), total = 65535;
    uint32_t id = i / 4;

    memset(b, 0x11, 8);
    memset(b + 8, 0x22, 8);
    b[16] = V2P_SKF;
    b[17] = 0x20;
    b[18] = V2_INFORMATIONAL;
    b[19] = FLAG_INITIATOR;
    for (int k = 0; k < 4; k++) {
        b[20 + k] = (uint8_t)(id >> (24 - 8 * k));
    }
    b[27] = sizeof b;
    b[31] = sizeof b - 28;
    b[32] = (uint8_t)(number >> 8);
    b[33] = (uint8_t)number;
    b[34] = (uint8_t)(total >> 8);
    b[35] = (uint8_t)total;
    memcpy(b + 36, &(uint64_t){ rnd() }, 8);
    T(ike_parse(&parsed, b, sizeof b, sizeof b) && parsed.fragments == total);
    keyring_read_ike(keys, &parsed, b, sizeof b);
    keyring_learn_ike(keys, &parsed, &at);
    c->frame = at.frame;
    c->now = at.time;
    sadb_see_frame(c->db, c->frame, c->now);
    sadb_see_ike(c->db, &e, &at, &parsed, b, sizeof b);
    checks_message(c->found, c->db, c->plan, &parsed, &e);
}

/* ESP of random SPIs that any of the keys may be of. */
static void
any_spis(struct conversation *c, uint32_t i)
{
    uint8_t b[120];
    struct esp_clear clear;

    (void)c;
    for (size_t k = 0; k < sizeof b; k += 8) {
        memcpy(b + k, &(uint64_t){ rnd() }, 8);
    }
    b[0] |= 1;
    T(!keyring_open_esp(keys, &clear, b, sizeof b, sizeof b, i & 1));
}

/* Encrypted messages of random SPIs. */
static void
strange_messages(struct conversation *c, uint32_t i)
{
    uint8_t b[176];
    struct ike_message parsed;

    (void)c;
    (void)i;
    for (size_t k = 0; k < sizeof b; k += 8) {
        memcpy(b + k, &(uint64_t){ rnd() }, 8);
    }
    memcpy(b + 16, (uint8_t[]){ V2P_SK, 0x20, V2_INFORMATIONAL, FLAG_INITIATOR, 0, 0, 0, 2, 0, 0, 0,
                                sizeof b, 0, 0, 0, sizeof b - 28 }, 16);
    T(ike_parse(&parsed, b, sizeof b, sizeof b) && parsed.encrypted);
    T(!keyring_read_ike(keys, &parsed, b, sizeof b));
}

static void
give(void *context, bool ike, const struct octets *message)
{
    (void)context;
    (void)ike;
    (void)message;
    tcp_given++;
}

static void
tcp_segment(struct conversation *c, uint32_t src, uint16_t port, uint32_t seq, const uint8_t *at,
            size_t len)
{
    struct frame_part p = { .kind = FRAME_TCP, .src = address(src), .dst = c->gateway,
                            .src_port = port, .dst_port = PORT_NATT, .tcp_seq = seq,
                            .octets = { at, len, len } };

    tcp_encap_see(tcp, &p, give, NULL);
}

static void
tcp_streams(struct conversation *c, uint32_t i)
{
    tcp_segment(c, 0x0a000000 + i, PORT_NATT, 1, (const uint8_t *)"IKETCP", 6);
}

/* Messages that announce 65535 octets and never end, in many streams; segments ahead of their
 * turn. */
static void
tcp_unfinished(struct conversation *c, uint32_t i)
{
    static const uint8_t part[1400] = { 0xff, 0xff };
    uint32_t stream = i % 3000, turn = i / 3000;

    if (turn == 0) {
        tcp_segment(c, 0x0a000000 + stream, PORT_NATT, 1, (const uint8_t *)"IKETCP", 6);
    } else {
        uint32_t ahead = turn > 4 ? 70000 : 0;
        tcp_segment(c, 0x0a000000 + stream, PORT_NATT, 7 + (turn - 1) * 1400 + ahead, part,
                    sizeof part);
    }
}

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

static const struct flood floods[] = {
    { "half_open", NULL, half_open, 1400, 1400, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "half_open_v1", NULL, half_open_v1, 2600, 2600, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "same_two_addresses", NULL, same_two_addresses, 1600, 1600, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "chosen_spis", NULL, chosen_spis, 2200, 2200, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "same_spi_i", NULL, same_spi_i, 1400, 1400, SADB_MAX_IKE_SAS + 1, "IKE SAs" },
    { "esp_spis", unreadable, esp_spis, 1400, 1400, SADB_MAX_STREAMS + 1, "ESP and AH streams" },
    { "forged_sources", child, forged_sources, 900, 900, SADB_MAX_STREAMS + 1,
      "ESP and AH streams" },
    { "moves", unreadable_with_streams, moves, 1400, 60, 1, "Child SAs that follow a new address" },
    { "retransmissions", NULL, retransmissions, 400, 8, SADB_MAX_RETRANSMISSIONS + 2,
      "frames of one message's retransmissions" },
    { "message_ids", unreadable, message_ids, 1100, 20, SADB_MAX_EXCHANGES + 1,
      "exchanges of one IKE SA" },
    { "informationals_v1", NULL, informationals_v1, 700, 16, SADB_MAX_EXCHANGES + 1,
      "exchanges of one IKE SA" },
    { "one_message_id", unreadable, one_message_id, 400, 2, SADB_MAX_MESSAGES + 1,
      "messages of one exchange" },
    { "deletes", child, deletes, 900, 16, SADB_MAX_EXCHANGES + 1, "exchanges of one IKE SA" },
    { "refusals", child, refusals, 2000, 40, SADB_MAX_EXCHANGES + 1, "exchanges of one IKE SA" },
    { "wrong_messages", child, wrong_messages, 1100, 20, SADB_MAX_EXCHANGES + 1,
      "exchanges of one IKE SA" },
    { "children", child, children, 3000, 60, SADB_MAX_EXCHANGES + 1, "exchanges of one IKE SA" },
    { "same_spi_again", child, same_spi_again, 3500, 80, SADB_MAX_PER_SPI + 1,
      "streams of one SPI" },
    { "rekeys_of_ike", child, rekeys_of_ike, 12000, 3500, SADB_MAX_LOOKED_AT + 1,
      "Child SAs that a new IKE SA inherits" },
    { "replays", child_with_traffic, replays, 400, 12, STREAM_MAX_STEPS + 2,
      "packets out of order of one stream whose counts are remembered" },
    { "gaps", child_with_traffic, gaps, 400, 8, STREAM_MAX_STEPS + 2,
      "packets out of order of one stream whose counts are remembered" },
    { "wrong_icvs", child_with_traffic, wrong_icvs, 400, 8, STREAM_MAX_BAD_FRAMES + 2,
      "frames with a wrong ICV of one stream" },
    { "fragments", child, fragments, 400, 16, SADB_MAX_FRAGMENTS + 1, "datagrams in fragments" },
    { "clear_packets", child_with_traffic, clear_packets, 400, 16, SADB_MAX_CLEAR + 1,
      "clear packets that an SA should protect" },
    { "keepalives", behind_a_nat, keepalives, 400, 8, 0, NULL },
    { "icmp_errors", child, icmp_errors, 900, 900, 0, NULL },
    { "ike_fragments", with_key_log, ike_fragments, 900, 32, 4 * (SADB_MAX_EXCHANGES + 1),
      "exchanges of one IKE SA" },
    { "any_spis", with_keys_of_any_spi, any_spis, 600, 8, 20000, "ESP packets" },
    { "strange_messages", with_ike_keys, strange_messages, 3600, 80, 20000, "IKE messages" },
    { "tcp_streams", NULL, tcp_streams, 900, 8, TCP_ENCAP_MAX_STREAMS + 1, "TCP streams" },
    { "tcp_unfinished", NULL, tcp_unfinished, 70000, 300, 300000, "TCP streams" },
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
    size_t octets, limits;      /* kept of an event where they are most; limits that were told */
} most;

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
    state = 1;
    tcp = tcp_encap_new();
    reset(c);
    if (f->start) {
        f->start(c);
    }
    us = -cpu();
    for (uint32_t i = 0; i < n; i++) {
        f->event(c, i);
    }
    end_after(c, 60);
    us = (us + cpu()) * 1e6 / n;
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
    tcp_encap_free(tcp);
    keyring_free(keys);
    keys = NULL;
    reset(c);
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
           "%zu octets each at most, a limit told %zu times\n",
           only ? (size_t)1 : G_N_ELEMENTS(floods), argc > first ? argv[first] : "0",
           argv[argc - 1], most.growth, most.octets, most.limits);
    return conversation_done(&c);
}
