/* conversation.h - tells the tracker conversations as parsed messages, and keeps count of
 * the rows that fired and that were silent.  A program ends with "return
 * conversation_done();", which prints them; test_rows.py wants both for every row.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_CONVERSATION_H
#define ESPIAL_TEST_CONVERSATION_H

#include "t.h"

#include "checks.h"

static struct sadb *db;
static struct findings *found;
static struct plan *plan;
static struct ike_message m;
static struct ip_addr client, gateway, stranger;
static uint32_t frame;
static double now;
static unsigned fired[NUM_CHECKS], silent[NUM_CHECKS];
static struct ip_addr *from_addr, *to_addr;
static uint16_t ike_src_port = 500, ike_dst_port = 500, esp_src_port;

G_GNUC_UNUSED static const struct transform aes256[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                           { TRANSFORM_KE, KE_MODP_2048, 0 } };
G_GNUC_UNUSED static const struct transform aes128[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                           { TRANSFORM_KE, KE_MODP_2048, 0 } };
G_GNUC_UNUSED static const struct transform esp128[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

/* The SPIs of tunnel(), by the direction in which they are used, and the least length of its ESP. */
enum { TO_R = 0xb0000001, TO_I = 0xa0000001, SHORTEST = 8 + 16 + 16 + 16 };

static inline void
reset(void)
{
    sadb_free(db);
    findings_free(found);
    plan_free(plan);
    db = sadb_new(7);
    found = findings_new();
    plan = plan_new();
    frame = 0;
    now = 1000;
    ike_src_port = ike_dst_port = 500;
    esp_src_port = 0;
}

static inline unsigned
count(enum check_id id)
{
    unsigned n = 0;

    for (size_t i = 0; i < findings_count(found); i++) {
        n += findings_get(found, i)->check == id;
    }
    return n;
}

/* The first one of this check, or NULL. */
static inline const struct finding *
the_finding(enum check_id id)
{
    for (size_t i = 0; i < findings_count(found); i++) {
        if (findings_get(found, i)->check == id) {
            return findings_get(found, i);
        }
    }
    return NULL;
}

static inline const char *
detail(enum check_id id)
{
    const struct finding *f = the_finding(id);

    return f ? f->detail : "";
}

static inline enum basis
basis_of(enum check_id id)
{
    const struct finding *f = the_finding(id);

    return f ? f->basis : BASIS_CONFIGURED;
}

G_GNUC_UNUSED static enum severity
severity_of(enum check_id id)
{
    for (size_t i = 0; i < findings_count(found); i++) {
        if (findings_get(found, i)->check == id) {
            return findings_get(found, i)->severity;
        }
    }
    return SEV_CHAT;
}

#define FIRES(name) do { fired[CHECK_##name]++; T(count(CHECK_##name) > 0); } while (0)
#define SAYS(name, text) do { FIRES(name); T(strstr(detail(CHECK_##name), text)); } while (0)
#define SILENT(name) do { silent[CHECK_##name]++; T(count(CHECK_##name) == 0); } while (0)
/* Fires or not, by a row of a table. */
#define TOLD(name, wanted) told(CHECK_##name, wanted, __FILE__, __LINE__)

static inline void
told(enum check_id id, bool wanted, const char *file, int line)
{
    t_check((count(id) > 0) == wanted, file, line, checks[id].name);
}

/* A message that the next send() gives away. */
static inline void
begin(uint8_t major, uint8_t exchange, uint32_t id, bool from_client, bool response)
{
    memset(&m, 0, sizeof m);
    memset(m.spi_i, 0x11, 8);
    m.major = major;
    m.exchange = exchange;
    m.message_id = id;
    m.length = 300;
    m.readable = true;
    m.flags = major == 1 ? 0 : (uint8_t)((from_client ? FLAG_INITIATOR : 0) | (response ? FLAG_RESPONSE : 0));
    if (id || response || !from_client || (exchange != V2_IKE_SA_INIT && major == 2)) {
        memset(m.spi_r, 0x22, 8);
    }
    m.encrypted = major == 2 ? exchange != V2_IKE_SA_INIT : id != 0;
    from_addr = from_client ? &client : &gateway;
    to_addr = from_client ? &gateway : &client;
}

/* The message is of another IKE SA of the same two. */
static inline void
as(uint8_t spi)
{
    memset(m.spi_i, spi, 8);
}

static inline void
propose(const struct transform *t, size_t n, uint8_t protocol, uint32_t spi)
{
    struct proposal *p = &m.proposals[m.num_proposals++];

    memset(p, 0, sizeof *p);
    p->number = 1;
    p->v1 = m.major == 1;
    p->v1_transform = p->v1;
    p->attr.auth_method = p->v1 && protocol == PROTO_IKE;
    p->attr.mode = p->v1 && protocol == PROTO_ESP;
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
notify(uint16_t type)
{
    m.notifies[m.num_notifies++] = (struct ike_notify){ .type = type, .inner = m.encrypted };
}

static inline void
selectors(const char *i, const char *r)
{
    m.has_ts = true;
    m.num_ts_i = m.num_ts_r = 1;
    T(selector_parse(&m.ts_i[0], i) && selector_parse(&m.ts_r[0], r));
}

/* octets tell messages apart: the same text again is a retransmission. */
static inline void
send(const char *octets, uint16_t ip_id)
{
    struct sighting at = { .frame = frame + 1, .time = now + 0.5, .src = *from_addr, .dst = *to_addr, .src_port = ike_src_port,
                           .dst_port = ike_dst_port, .ip_id = ip_id };
    struct ike_event e;

    frame = at.frame;
    now = at.time;
    sadb_see_frame(db, frame, now);
    sadb_see_ike(db, &e, &at, &m, (const uint8_t *)octets, strlen(octets));
    checks_message(found, db, plan, &m, &e);
}

/* A message again, or its copy, soon after the one before. */
static inline void
send_soon(const struct ip_addr *src, const struct ip_addr *dst, const char *octets, uint16_t ip_id)
{
    static struct ip_addr a, b;

    a = *src;
    b = *dst;
    from_addr = &a;
    to_addr = &b;
    now -= 0.49;
    send(octets, ip_id);
}

static inline struct ipsec_packet
esp_of(uint32_t spi, uint32_t seq)
{
    return (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi, .seq = seq, .length = SHORTEST };
}

/* An ESP or AH packet as it stands. */
static inline void
ipsec(const struct ip_addr *src, const struct ip_addr *dst, struct ipsec_packet p)
{
    struct sighting at = { .frame = frame + 1, .time = now + 0.5, .src = *src, .dst = *dst, .ip_id = (uint16_t)(frame + 1),
                           .src_port = esp_src_port, .dst_port = esp_src_port ? 4500 : 0 };
    struct ipsec_event e;

    frame = at.frame;
    now = at.time;
    sadb_see_frame(db, frame, now);
    sadb_see_ipsec(db, &e, &at, &p);
    checks_packet(found, db, plan, &e);
}

/* Something on the path, and where: frame and time are the next ones. */
struct on_path {
    struct sighting at;
    struct path_packet p;
};

static inline void
path(struct on_path one)
{
    struct path_event e;

    one.at.frame = ++frame;
    one.at.time = now += 0.5;
    sadb_see_frame(db, frame, now);
    if (sadb_see_path(db, &e, &one.at, &one.p)) {
        checks_path(found, db, plan, &e);
    }
}

/* The capture goes on for a while, and ends. */
static inline void
end_after(double seconds)
{
    now += seconds;
    sadb_see_frame(db, ++frame, now);
    checks_end(found, db, plan);
}

static inline void
packet(uint32_t spi, const struct ip_addr *src, const struct ip_addr *dst, const char *inner_src, const char *inner_dst,
       uint8_t protocol)
{
    static uint32_t seq;
    struct sighting at = { .frame = frame + 1, .time = now + 0.5, .src = *src, .dst = *dst, .ip_id = (uint16_t)(frame + 1) };
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = spi, .seq = seq + 1, .length = 100, .inner_basis = BASIS_DECRYPTED };
    struct ipsec_event e;

    seq++;
    if (inner_src) {
        p.has_inner = p.inner_tunnel = p.inner.has_ports = true;
        p.inner.protocol = protocol;
        p.inner.src_port = p.inner.dst_port = 443;
        T(ip_parse(&p.inner.src, inner_src) && ip_parse(&p.inner.dst, inner_dst));
    }
    frame = at.frame;
    now = at.time;
    sadb_see_frame(db, frame, now);
    sadb_see_ipsec(db, &e, &at, &p);
    checks_packet(found, db, plan, &e);
}

static inline void
sa_init(const struct transform *offer, const struct transform *answer)
{
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(offer, 4, PROTO_IKE, 0);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    if (answer) {
        propose(answer, 4, PROTO_IKE, 0);
    } else {
        notify(N2_NO_PROPOSAL_CHOSEN);
    }
    send("init!", 2);
}

/* IKE_SA_INIT that is refused for the group of its key exchange. */
static inline void
refused_group(const uint8_t *wanted)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.has_ke = true;
    m.ke_group = 14;
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_INVALID_KE_PAYLOAD);
    m.notifies[0].data = (struct span){ wanted, 2 };
    send("ke", 2);
}

static inline void
auth_request(const char *ts_i, const char *ts_r)
{
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.has_auth = true;
    m.auth_method = 2;
    propose(esp128, 3, PROTO_ESP, 0xa0000001);
    selectors(ts_i, ts_r);
    send("auth?", 3);
}

static inline void
auth_response(const char *ts_i, const char *ts_r)
{
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xb0000001);
    selectors(ts_i, ts_r);
    send("auth!", 4);
}

static inline void
tunnel(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
}

/* Another Child SA beside that of tunnel(). */
static inline void
second_child(uint32_t id, uint32_t spi_i, uint32_t spi_r, const char *ts_r)
{
    char text[16];

    for (unsigned r = 0; r < 2; r++) {
        begin(2, V2_CREATE_CHILD_SA, id, r == 0, r == 1);
        propose(esp128, 3, PROTO_ESP, r ? spi_r : spi_i);
        selectors("10.1.0.0/24", ts_r);
        g_snprintf(text, sizeof text, "child %u %u", id, r);
        send(text, (uint16_t)(40 + 2 * id + r));
    }
}

static inline void
v1_phase1(const struct transform *answer)
{
    begin(1, V1_MAIN, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(answer, 4, PROTO_IKE, 0);
    send("mm2", 2);
}

/* The Delete of one SPI; none where spi is NULL. */
static inline void
delete_child(uint32_t id, bool from_client, bool response, const uint8_t *spi)
{
    char text[32];

    begin(2, V2_INFORMATIONAL, id, from_client, response);
    memset(m.spi_r, 0x22, 8);
    if (spi) {
        m.num_deletes = 1;
        m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .inner = true, .spis = { spi, 4 } };
    }
    g_snprintf(text, sizeof text, "delete %u %d %d", id, from_client, response);
    send(text, (uint16_t)(20 + frame));
}

/* Phase 1 and a quick mode with that lifetime; 0 is none. */
static inline void
v1_tunnel(uint32_t seconds, uint32_t kilobytes)
{
    reset();
    v1_phase1(aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(1, V1_QUICK, 9, r == 0, false);
        propose(esp128, 2, PROTO_ESP, r ? TO_R : TO_I);
        m.proposals[0].attr.life_s = seconds;
        m.proposals[0].attr.life_kb = kilobytes;
        send(r ? "qm2" : "qm1", (uint16_t)(3 + r));
    }
}

static inline void
conversation_begin(void)
{
    T(ip_parse(&client, "192.0.2.10") && ip_parse(&gateway, "198.51.100.20") && ip_parse(&stranger, "203.0.113.66"));
}

static inline int
conversation_done(void)
{
    for (size_t i = 0; i < NUM_CHECKS; i++) {
        if (fired[i] || silent[i]) {
            printf("row %s%s%s\n", checks[i].name, fired[i] ? " fired" : "", silent[i] ? " silent" : "");
        }
    }
    sadb_free(db);
    findings_free(found);
    plan_free(plan);
    return t_done();
}

#endif
