/* conversation.h - tells the tracker a conversation as parsed messages, and keeps count of the
 * rows that fired and that were silent.  A program holds one struct conversation, hands it to
 * every verb, and ends with "return conversation_done(&c);", which prints the counts; test_rows.py
 * wants both for every row.  The bodies stand here and not in a file of their own: T() counts in
 * each program, and a function named send() would be the C library's.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_CONVERSATION_H
#define ESPIAL_TEST_CONVERSATION_H

#include "t.h"

#include "checks.h"

struct conversation {
    struct sadb *db;
    struct findings *found;
    struct plan *plan;
    struct ip_addr client, gateway, stranger;
    /* The message that begin() begins and send() gives away, and its way. */
    struct ike_message m;
    struct ip_addr from, to;
    uint16_t ike_src_port, ike_dst_port;
    bool own_ports;                     /* those of IKE are none of its registry's */
    uint16_t esp_src_port;              /* 0 without UDP encapsulation */
    /* The last frame seen, and its time in seconds. */
    uint32_t frame;
    double now;
    uint32_t seq;                       /* of the last packet() */
    unsigned fired[NUM_CHECKS], silent[NUM_CHECKS];
};

/* The SPIs of tunnel(), by the direction in which they are used, and the least length of its
 * ESP. */
enum { TO_R = 0xb0000001, TO_I = 0xa0000001, SHORTEST = 8 + 16 + 16 + 16 };

G_GNUC_UNUSED static const struct transform aes256[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 256 },
    { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
    { TRANSFORM_KE, KE_MODP_2048, 0 },
};
G_GNUC_UNUSED static const struct transform aes128[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 },
    { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
    { TRANSFORM_KE, KE_MODP_2048, 0 },
};
G_GNUC_UNUSED static const struct transform esp128[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 },
    { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};

/* The frame behind the first numbers that are missing, 0. */
static inline uint32_t
gap_frame(const struct stream *s)
{
    const struct stream_rare *rare = stream_rare(s);

    for (guint i = 0; i < rare->num_gaps; i++) {
        const struct stream_gap *gap = &g_array_index(rare->gaps, struct stream_gap, i);
        if (gap->missing && !gap->jump) {
            return gap->frame;
        }
    }
    return 0;
}

/* --- a conversation from its beginning to its end ------------------------------------------ */

static inline void
conversation_begin(struct conversation *c)
{
    memset(c, 0, sizeof *c);
    T(ip_parse(&c->client, "192.0.2.10") && ip_parse(&c->gateway, "198.51.100.20"));
    T(ip_parse(&c->stranger, "203.0.113.66"));
}

static inline void
forget_findings(struct conversation *c)
{
    findings_free(c->found);
    c->found = findings_new();
}

/* Another capture begins; what fired and was silent is counted on. */
static inline void
reset(struct conversation *c)
{
    sadb_free(c->db);
    plan_free(c->plan);
    c->db = sadb_new(7);
    c->plan = plan_new();
    forget_findings(c);
    c->frame = 0;
    c->now = 1000;
    c->ike_src_port = c->ike_dst_port = PORT_IKE;
    c->esp_src_port = 0;
}

/* What main returns. */
static inline int
conversation_done(struct conversation *c)
{
    for (size_t i = 0; i < NUM_CHECKS; i++) {
        if (c->fired[i] || c->silent[i]) {
            printf("row %s%s%s\n", checks[i].name, c->fired[i] ? " fired" : "",
                   c->silent[i] ? " silent" : "");
        }
    }
    sadb_free(c->db);
    findings_free(c->found);
    plan_free(c->plan);
    return t_done();
}

/* --- what was found ------------------------------------------------------------------------ */

static inline unsigned
count(const struct conversation *c, enum check_id id)
{
    unsigned n = 0;

    for (size_t i = 0; i < findings_count(c->found); i++) {
        n += findings_get(c->found, i)->check == id;
    }
    return n;
}

/* The first one of this check, or NULL. */
static inline const struct finding *
the_finding(const struct conversation *c, enum check_id id)
{
    for (size_t i = 0; i < findings_count(c->found); i++) {
        if (findings_get(c->found, i)->check == id) {
            return findings_get(c->found, i);
        }
    }
    return NULL;
}

static inline const char *
detail(const struct conversation *c, enum check_id id)
{
    const struct finding *f = the_finding(c, id);

    return f ? f->detail : "";
}

static inline const char *
remedy(const struct conversation *c, enum check_id id)
{
    const struct finding *f = the_finding(c, id);

    return f ? f->remedy : "";
}

static inline enum basis
basis_of(const struct conversation *c, enum check_id id)
{
    const struct finding *f = the_finding(c, id);

    return f ? f->basis : BASIS_CONFIGURED;
}

static inline enum severity
severity_of(const struct conversation *c, enum check_id id)
{
    const struct finding *f = the_finding(c, id);

    return f ? f->severity : SEV_CHAT;
}

#define FIRES(c, name) \
    do { \
        (c)->fired[CHECK_##name]++; \
        T(count(c, CHECK_##name) > 0); \
    } while (0)
#define SAYS(c, name, text) \
    do { \
        FIRES(c, name); \
        T(strstr(detail(c, CHECK_##name), text)); \
    } while (0)
#define SILENT(c, name) \
    do { \
        (c)->silent[CHECK_##name]++; \
        T(count(c, CHECK_##name) == 0); \
    } while (0)
/* Fires or not, by a row of a table. */
#define TOLD(c, name, wanted) told(c, CHECK_##name, wanted, __FILE__, __LINE__)

static inline void
told(const struct conversation *c, enum check_id id, bool wanted, const char *file, int line)
{
    t_check((count(c, id) > 0) == wanted, file, line, checks[id].name);
}

/* --- messages ------------------------------------------------------------------------------ */

/* A message that the next send() gives away. */
static inline void
begin(struct conversation *c, uint8_t major, uint8_t exchange, uint32_t id, bool from_client,
      bool response)
{
    struct ike_message *message = &c->m;

    memset(message, 0, sizeof *message);
    memset(message->spi_i, 0x11, 8);
    message->major = major;
    message->exchange = exchange;
    message->message_id = id;
    message->length = 300;
    message->readable = true;
    if (major == 2) {
        message->flags = (uint8_t)((from_client ? FLAG_INITIATOR : 0) |
                                   (response ? FLAG_RESPONSE : 0));
    }
    if (id || response || !from_client || (exchange != V2_IKE_SA_INIT && major == 2)) {
        memset(message->spi_r, 0x22, 8);
    }
    message->encrypted = major == 2 ? exchange != V2_IKE_SA_INIT : id != 0;
    c->from = from_client ? c->client : c->gateway;
    c->to = from_client ? c->gateway : c->client;
}

/* The message is of another IKE SA of the same two. */
static inline void
as(struct conversation *c, uint8_t spi)
{
    memset(c->m.spi_i, spi, 8);
}

static inline void
propose(struct conversation *c, const struct transform *t, size_t n, uint8_t protocol, uint32_t spi)
{
    struct proposal *p = &c->m.proposals[c->m.num_proposals++];

    memset(p, 0, sizeof *p);
    p->number = 1;
    p->v1 = c->m.major == 1;
    p->v1_transform = p->v1;
    p->attr.auth_method = p->v1 && protocol == PROTO_IKE ? AUTH1_PSK : 0;
    p->attr.mode = p->v1 && protocol == PROTO_ESP ? MODE_TUNNEL : 0;
    p->protocol = protocol;
    p->num_transforms = (uint16_t)n;
    p->transforms = t;
    if (spi) {
        p->spi_len = 4;
        for (int i = 0; i < 4; i++) {
            p->spi[i] = (uint8_t)(spi >> (24 - 8 * i));
        }
    }
}

static inline void
notify(struct conversation *c, uint16_t type)
{
    c->m.notifies[c->m.num_notifies++] = (struct ike_notify){ .type = type,
                                                              .inner = c->m.encrypted };
}

/* A notify with data, which must outlive the message. */
static inline void
notify_with(struct conversation *c, uint16_t type, const void *data, size_t len)
{
    notify(c, type);
    c->m.notifies[c->m.num_notifies - 1].data = (struct span){ (const uint8_t *)data, len };
}

static inline void
selectors(struct conversation *c, const char *i, const char *r)
{
    c->m.has_ts = true;
    c->m.num_ts_i = c->m.num_ts_r = 1;
    T(selector_parse(&c->m.ts_i[0], i) && selector_parse(&c->m.ts_r[0], r));
}

/* octets tell messages apart: the same text again is a retransmission.  The event is left in e. */
static inline void
send_event(struct conversation *c, struct ike_event *e, const char *octets, uint16_t ip_id)
{
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = c->from,
                           .dst = c->to, .src_port = c->ike_src_port, .dst_port = c->ike_dst_port,
                           .ip_id = ip_id, .own_ports = c->own_ports };

    c->frame = at.frame;
    c->now = at.time;
    sadb_see_frame(c->db, c->frame, c->now);
    sadb_see_ike(c->db, e, &at, &c->m, (const uint8_t *)octets, strlen(octets));
    checks_message(c->found, c->db, c->plan, &c->m, e);
}

static inline void
send(struct conversation *c, const char *octets, uint16_t ip_id)
{
    struct ike_event e;

    send_event(c, &e, octets, ip_id);
}

/* A message again, or its copy, soon after the one before. */
static inline void
send_soon(struct conversation *c, const struct ip_addr *src, const struct ip_addr *dst,
          const char *octets, uint16_t ip_id)
{
    c->from = *src;
    c->to = *dst;
    c->now -= 0.49;
    send(c, octets, ip_id);
}

/* --- packets, the path, the end ------------------------------------------------------------ */

static inline struct ipsec_packet
esp_of(uint32_t spi, uint32_t seq)
{
    return (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi, .seq = seq,
                                  .length = SHORTEST };
}

static inline void
see_ipsec(struct conversation *c, const struct sighting *at, const struct ipsec_packet *p)
{
    struct ipsec_event e;

    c->frame = at->frame;
    c->now = at->time;
    sadb_see_frame(c->db, c->frame, c->now);
    sadb_see_ipsec(c->db, &e, at, p);
    checks_packet(c->found, c->db, c->plan, &e);
}

/* An ESP or AH packet as it stands. */
static inline void
ipsec(struct conversation *c, const struct ip_addr *src, const struct ip_addr *dst,
      struct ipsec_packet p)
{
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = *src, .dst = *dst,
                           .ip_id = (uint16_t)(c->frame + 1), .src_port = c->esp_src_port,
                           .dst_port = c->esp_src_port ? PORT_NATT : 0 };

    see_ipsec(c, &at, &p);
}

/* An ESP packet, decrypted where inner_src is not NULL. */
static inline void
packet(struct conversation *c, uint32_t spi, const struct ip_addr *src, const struct ip_addr *dst,
       const char *inner_src, const char *inner_dst, uint8_t protocol)
{
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = *src, .dst = *dst,
                           .ip_id = (uint16_t)(c->frame + 1) };
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = spi, .seq = ++c->seq, .length = 100,
                              .inner_basis = BASIS_DECRYPTED };

    if (inner_src) {
        p.has_inner = p.inner_tunnel = p.inner.has_ports = true;
        p.inner.protocol = protocol;
        p.inner.src_port = p.inner.dst_port = 443;
        T(ip_parse(&p.inner.src, inner_src) && ip_parse(&p.inner.dst, inner_dst));
    }
    see_ipsec(c, &at, &p);
}

/* Something on the path, and where: frame and time are the next ones. */
struct on_path {
    struct sighting at;
    struct path_packet p;
};

static inline void
path(struct conversation *c, struct on_path one)
{
    struct path_event e;

    one.at.frame = ++c->frame;
    one.at.time = c->now += 0.5;
    sadb_see_frame(c->db, c->frame, c->now);
    if (sadb_see_path(c->db, &e, &one.at, &one.p)) {
        checks_path(c->found, c->db, c->plan, &e);
    }
}

/* The capture goes on for a while, and ends. */
static inline void
end_after(struct conversation *c, double seconds)
{
    c->now += seconds;
    sadb_see_frame(c->db, ++c->frame, c->now);
    sadb_see_end(c->db);
    checks_end(c->found, c->db, c->plan);
}

/* --- exchanges of IKEv2 -------------------------------------------------------------------- */

/* Refused where answer is NULL. */
static inline void
sa_init(struct conversation *c, const struct transform *offer, const struct transform *answer)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, offer, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    if (answer) {
        propose(c, answer, 4, PROTO_IKE, 0);
    } else {
        notify(c, N2_NO_PROPOSAL_CHOSEN);
    }
    send(c, "init!", 2);
}

/* IKE_SA_INIT that is refused for the group of its key exchange. */
static inline void
refused_group(struct conversation *c, const uint8_t *wanted)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.has_ke = true;
    c->m.ke_group = KE_MODP_2048;
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    notify(c, N2_INVALID_KE_PAYLOAD);
    c->m.notifies[0].data = (struct span){ wanted, 2 };
    send(c, "ke", 2);
}

static inline void
auth_request(struct conversation *c, const char *ts_i, const char *ts_r)
{
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_PSK;
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, ts_i, ts_r);
    send(c, "auth?", 3);
}

static inline void
auth_response(struct conversation *c, const char *ts_i, const char *ts_r)
{
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, ts_i, ts_r);
    send(c, "auth!", 4);
}

/* IKE_SA_INIT in frames 1 and 2, IKE_AUTH in frames 3 and 4. */
static inline void
tunnel(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
}

/* Another Child SA beside that of tunnel(). */
static inline void
second_child(struct conversation *c, uint32_t id, uint32_t spi_i, uint32_t spi_r, const char *ts_r)
{
    char text[16];

    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_CREATE_CHILD_SA, id, r == 0, r == 1);
        propose(c, esp128, 3, PROTO_ESP, r ? spi_r : spi_i);
        selectors(c, "10.1.0.0/24", ts_r);
        g_snprintf(text, sizeof text, "child %u %u", id, r);
        send(c, text, (uint16_t)(40 + 2 * id + r));
    }
}

/* The Delete of one SPI; none where spi is NULL. */
static inline void
delete_child(struct conversation *c, uint32_t id, bool from_client, bool response,
             const uint8_t *spi)
{
    char text[32];

    begin(c, 2, V2_INFORMATIONAL, id, from_client, response);
    memset(c->m.spi_r, 0x22, 8);
    if (spi) {
        c->m.num_deletes = 1;
        c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                               .inner = true, .spis = { spi, 4 } };
    }
    g_snprintf(text, sizeof text, "delete %u %d %d", id, from_client, response);
    send(c, text, (uint16_t)(20 + c->frame));
}

/* --- exchanges of IKEv1 -------------------------------------------------------------------- */

/* The first two messages of main mode. */
static inline void
v1_phase1(struct conversation *c, const struct transform *answer)
{
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, answer, 4, PROTO_IKE, 0);
    send(c, "mm2", 2);
}

/* Phase 1 and a quick mode with that lifetime; 0 is none. */
static inline void
v1_tunnel(struct conversation *c, uint32_t seconds, uint32_t kilobytes)
{
    reset(c);
    v1_phase1(c, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 1, V1_QUICK, 9, r == 0, false);
        propose(c, esp128, 2, PROTO_ESP, r ? TO_R : TO_I);
        c->m.proposals[0].attr.life_s = seconds;
        c->m.proposals[0].attr.life_kb = kilobytes;
        send(c, r ? "qm2" : "qm1", (uint16_t)(3 + r));
    }
}

#endif
