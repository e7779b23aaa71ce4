/* fuzz_datagrams.c - streams of datagrams through parser, tracker and checks.  Each record
 * is a byte of direction and kind, two of length, and the octets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/check.h>
#include <espial/cursor.h>
#include <espial/ipsec.h>

#include <string.h>

enum { FROM_RESPONDER = 1, IS_ESP = 2, IS_AH = 4, IS_CLEAR = 8, ON_4500 = 16, IS_ICMP = 32, LATER = 64, OTHER_PEER = 128,
       MAX_FRAMES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
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
    }
    sadb_see_ike(r->db, &e, &r->at, &m, at, len);
    checks_message(r->found, r->db, r->plan, &m, &e);
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
    if (ah && payload.len) {
        ipsec_set_inner(&p, &r->at, next, &payload, BASIS_OBSERVED);
    } else if (clear && len > 8 && esp_clear_read(&next, &payload, at + 8, len - 8)) {
        ipsec_set_inner(&p, &r->at, next, &payload, BASIS_DECRYPTED);
    }
    p.icv = at[len - 1] & 1 ? ICV_GOOD : ICV_BAD;
    sadb_see_ipsec(r->db, &e, &r->at, &p);
    checks_packet(r->found, r->db, r->plan, &e);
}

static void
see_path(struct run *r, const uint8_t *at, size_t len, bool icmp)
{
    struct path_event e = { .kind = PATH_CLEAR };

    if (icmp ? icmp_error_read(&e, at[0] & 1, at, len) : inner_packet_read(&e.clear, at, len)) {
        e.at = r->at;
        if (sadb_see_path(r->db, &e)) {
            checks_path(r->found, r->db, r->plan, &e);
        }
    }
}

static void
see(struct run *r, uint8_t kind, const uint8_t *at, size_t len)
{
    static const uint8_t addresses[3][4] = { { 192, 0, 2, 10 }, { 198, 51, 100, 20 }, { 203, 0, 113, 66 } };
    unsigned from = kind & FROM_RESPONDER ? 1 : kind & OTHER_PEER ? 2 : 0, to = kind & FROM_RESPONDER ? 0 : 1;

    r->at.frame++;
    r->at.time += kind & LATER ? 40 : 0.3;
    r->at.src = ip_from(4, addresses[from]);
    r->at.dst = ip_from(4, addresses[to]);
    r->at.src_port = r->at.dst_port = kind & ON_4500 ? 4500 : kind & (IS_ESP | IS_AH) ? 0 : 500;
    r->at.ip_id = (uint16_t)r->at.frame;
    sadb_see_frame(r->db, r->at.frame, r->at.time);
    if (kind & IS_ICMP) {
        see_path(r, at, len, !(kind & IS_CLEAR));
    } else if (kind & (IS_ESP | IS_AH)) {
        see_packet(r, at, len, (kind & IS_AH) != 0, (kind & IS_CLEAR) != 0);
    } else {
        see_message(r, at, len, (kind & IS_CLEAR) != 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = { sadb_new(1), findings_new(), plan_new(), { .time = 1000 } };
    struct cur c = cur_of(data, size), body;
    char *error = NULL;
    uint8_t kind;
    uint16_t len;

    plan_add(r.plan, "192.0.2.10", "AES_CBC_256", "AES_GCM_16_128", "10.1.0.9", "10.2.0.0/24", &error);
    while (r.at.frame < MAX_FRAMES && cur_u8(&c, &kind) && cur_u16(&c, &len) && cur_sub(&c, &body, len)) {
        if (len) {
            see(&r, kind, body.at, len);
        }
    }
    checks_end(r.found, r.db, r.plan);
    plan_free(r.plan);
    findings_free(r.found);
    sadb_free(r.db);
    return 0;
}
