/* fuzz_datagrams.c - streams of datagrams through parser, key ring, tracker and checks, and
 * what later passes ask.  Each record is a byte of direction and kind, two of length, and the
 * octets.  The environment's ESPIAL_FUZZ_KEYS names the key log: the one of the captures that
 * the seeds are made of.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <espial/check.h>
#include <espial/cursor.h>
#include <espial/ipsec.h>
#include <espial/keyring.h>

/* IS_ICMP with IS_ESP is a fragment, with IS_AH a NAT keepalive, with both IKE without its
 * marker, with IS_CLEAR a clear packet. */
enum { FROM_RESPONDER = 1, IS_ESP = 2, IS_AH = 4, IS_CLEAR = 8, ON_4500 = 16, IS_ICMP = 32,
       LATER = 64, OTHER_PEER = 128,
       MAX_FRAMES = 64 };

struct run {
    struct keyring *keys;       /* NULL without a key log */
    struct sadb *db;
    struct findings *found;
    struct plan *plan;
    struct sighting at;
};

static void
see_message(struct run *r, const uint8_t *at, size_t len, bool clear)
{
    static struct ike_message m;
    struct ike_event e;

    if (!ike_parse(&m, at, len, len)) {
        return;
    }
    /* What follows the header's length stands for the clear text of the message. */
    if (clear && m.length >= 28 && m.length < len) {
        ike_parse_inner(&m, m.inner_first, at + m.length, len - m.length);
    } else if (r->keys) {
        keyring_read_ike(r->keys, &m, at, len);
    }
    if (r->keys) {
        keyring_learn_ike(r->keys, &m, &r->at);
    }
    sadb_see_ike(r->db, &e, &r->at, &m, at, len);
    checks_message(r->found, r->db, r->plan, &m, &e);
}

static void
open_packet(struct run *r, struct ipsec_packet *p, const uint8_t *at, size_t len)
{
    struct esp_clear c;
    struct span payload;

    keyring_open_esp(r->keys, &c, at, len, len, (p->seq & 1) != 0);
    p->icv = c.icv;
    if (c.opened) {
        MUST(c.head_len <= sizeof c.head && c.payload_len <= len);
        payload = (struct span){ c.head, c.head_len };
        p->bad_padding = c.bad_padding;
        p->clear_read = true;
        if (!c.bad_padding) {
            ipsec_set_inner(p, &r->at, c.next_header, &payload, BASIS_DECRYPTED);
        }
    }
}

static void
see_packet(struct run *r, const uint8_t *at, size_t len, bool ah, bool clear)
{
    struct ipsec_packet p;
    struct ipsec_event e;
    struct span payload = { NULL, 0 };
    uint8_t next = 0;

    if (ah ? !ah_read(&p, &next, &payload, at, len, len) : !esp_read(&p, at, len, len)) {
        return;
    }
    p.icv = at[len - 1] & 1 ? ICV_GOOD : ICV_BAD;
    if (ah && payload.len) {
        ipsec_set_inner(&p, &r->at, next, &payload, BASIS_OBSERVED);
    } else if (clear && len > 8 && esp_clear_read(&next, &payload, at + 8, len - 8)) {
        ipsec_set_inner(&p, &r->at, next, &payload, BASIS_DECRYPTED);
    } else if (!ah && !clear && r->keys) {
        open_packet(r, &p, at, len);
    }
    sadb_see_ipsec(r->db, &e, &r->at, &p);
    checks_packet(r->found, r->db, r->plan, &e);
}

static enum path_kind
path_kind(uint8_t kind)
{
    if (kind & IS_CLEAR) {
        return PATH_CLEAR;
    }
    switch (kind & (IS_ESP | IS_AH)) {
    case IS_ESP: return PATH_FRAGMENT;
    case IS_AH: return PATH_KEEPALIVE;
    case IS_ESP | IS_AH: return PATH_UNMARKED;
    default: return PATH_ICMP;
    }
}

static void
see_path(struct run *r, uint8_t kind, const uint8_t *at, size_t len)
{
    static const uint8_t protocols[] = { 17, 50, 51, 6 };
    struct path_packet p = { .kind = path_kind(kind) };
    struct sighting where = r->at;
    struct path_event e;

    if ((p.kind == PATH_ICMP && !icmp_error_read(&p, at[0] & 1, at, len)) ||
        (p.kind == PATH_CLEAR && !inner_packet_read(&p.clear, at, len))) {
        return;
    }
    if (p.kind == PATH_FRAGMENT) {
        p.protocol = protocols[at[0] & 3];
        p.src_port = p.dst_port = at[0] & 4 ? 4500 : 0;
    }
    where.ip_id = at[len - 1];
    if (sadb_see_path(r->db, &e, &where, &p)) {
        checks_path(r->found, r->db, r->plan, &e);
    }
}

/* Later passes. */
static void
ask_of_packet(const struct run *r, const uint8_t *at, size_t len)
{
    struct ipsec_packet p;
    struct stream_at s;
    uint8_t *out, next;
    size_t got;

    if (!esp_read(&p, at, len, len)) {
        return;
    }
    if (sadb_stream_at(r->db, &s, PROTO_ESP, p.spi, p.seq, &r->at.src, &r->at.dst, r->at.frame)) {
        /* its number says nothing: of a packet that is not believed it may be any */
        MUST(s.stream->born <= r->at.frame);
        if (s.child) {
            child_state_at(r->db, s.child, r->at.frame);
            ike_sa_state_at(r->db, s.child->ike_sa, r->at.frame);
            MUST(sadb_predecessor(r->db, s.child) != s.child);
            MUST(child_holder(r->db, s.child) != NULL);
        }
    }
    if (r->keys) {
        out = own_copy(at, len);
        got = keyring_open_esp_whole(r->keys, at, len, out, len, &next);
        MUST(got <= len);
        touch(out, got);
        free(out);
    }
}

static void
see(struct run *r, uint8_t kind, const uint8_t *at, size_t len, bool later)
{
    static const uint8_t addresses[3][4] = { { 192, 0, 2, 10 }, { 198, 51, 100, 20 },
                                             { 203, 0, 113, 66 } };
    unsigned from = kind & FROM_RESPONDER ? 1 : kind & OTHER_PEER ? 2 : 0,
                    to = kind & FROM_RESPONDER ? 0 : 1;

    r->at.frame++;
    r->at.time += kind & LATER ? 40 : 0.3;
    r->at.src = ip_from(4, addresses[from]);
    r->at.dst = ip_from(4, addresses[to]);
    r->at.src_port = r->at.dst_port = (kind & ON_4500) ? 4500 : (kind & (IS_ESP | IS_AH)) ? 0 : 500;
    r->at.ip_id = (uint16_t)r->at.frame;
    if (later) {
        ask_of_packet(r, at, len);
        return;
    }
    sadb_see_frame(r->db, r->at.frame, r->at.time);
    if (kind & IS_ICMP) {
        see_path(r, kind, at, len);
    } else if (kind & (IS_ESP | IS_AH)) {
        see_packet(r, at, len, (kind & IS_AH) != 0, (kind & IS_CLEAR) != 0);
    } else {
        see_message(r, at, len, (kind & IS_CLEAR) != 0);
    }
}

/* --- later passes ----------------------------------------------------------------- */

static void
ask_of_sas(const struct run *r)
{
    char text[ID_TEXT_MAX];

    for (size_t i = 0; i < sadb_num_ike_sas(r->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(r->db, i);
        MUST(sa->id == i && sa->first_frame >= 1 && sa->last_frame <= r->at.frame);
        must_be_text(endpoint_print(&sa->initiator, text, sizeof text), sizeof text);
        must_be_text(endpoint_print(&sa->responder, text, sizeof text), sizeof text);
        for (uint32_t f = 1; f <= r->at.frame; f += 7) {
            ike_sa_state_at(r->db, sa, f);
        }
    }
    for (size_t i = 0; i < sadb_num_child_sas(r->db); i++) {
        MUST(sadb_child_sa(r->db, i)->id == i);
    }
    for (size_t i = 0; i < sadb_num_streams(r->db); i++) {
        const struct stream *s = sadb_stream(r->db, i);
        MUST(s->id == i && s->packets >= 1 && s->first_frame <= s->last_frame &&
             s->last_frame <= r->at.frame);
    }
}

static void
ask_of_findings(const struct run *r)
{
    for (size_t i = 0; i < findings_count(r->found); i++) {
        const struct finding *f = findings_get(r->found, i);
        MUST(f->id == i && f->count >= 1 && f->frames->len >= 1 && f->detail[0] && f->remedy[0]);
        must_be_text(f->detail, (size_t)TEXT_MAX * 4);
        for (guint j = 0; j < f->frames->len; j++) {
            uint32_t frame = g_array_index(f->frames, uint32_t, j);
            MUST(frame >= 1 && frame <= r->at.frame &&
                 (!j || frame > g_array_index(f->frames, uint32_t, j - 1)));
            MUST(findings_of_frame(r->found, frame) != NULL);
        }
        MUST(f->ike_sa == NO_ID || f->ike_sa < sadb_num_ike_sas(r->db));
        MUST(f->child_sa == NO_ID || f->child_sa < sadb_num_child_sas(r->db));
        MUST(f->stream == NO_ID || f->stream < sadb_num_streams(r->db));
    }
}

/* --- the run -------------------------------------------------------------------------- */

static struct keyring *
fixed_keys(void)
{
    static gchar *text;
    static gsize len;
    const char *path = g_getenv("ESPIAL_FUZZ_KEYS");
    struct keylog *log;
    char *messages;

    if (!path || (!text && !g_file_get_contents(path, &text, &len, NULL))) {
        return NULL;
    }
    log = keylog_new();
    keylog_read(log, "keys", text, len, &messages);
    g_free(messages);
    return keyring_new(log);
}

static void
each_record(struct run *r, const uint8_t *data, size_t size, bool later)
{
    struct cur c = cur_of(data, size), body;
    uint8_t kind;
    uint16_t len;

    r->at.frame = 0;
    while (r->at.frame < MAX_FRAMES && cur_u8(&c, &kind) && cur_u16(&c, &len) &&
           cur_sub(&c, &body, len)) {
        if (!len) {
            continue;
        }
        uint8_t *own = own_copy(body.at, len);
        see(r, kind, own, len, later);
        free(own);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = { fixed_keys(), sadb_new(1), findings_new(), plan_new(), { .time = 1000 } };
    char *error = NULL;

    plan_add(r.plan, "192.0.2.10", "AES_CBC_256", "AES_GCM_16_128", "10.1.0.9", "10.2.0.0/24",
             &error);
    each_record(&r, data, size, false);
    sadb_see_end(r.db);
    checks_end(r.found, r.db, r.plan);
    each_record(&r, data, size, true);
    ask_of_sas(&r);
    ask_of_findings(&r);
    plan_free(r.plan);
    findings_free(r.found);
    sadb_free(r.db);
    keyring_free(r.keys);
    return 0;
}
