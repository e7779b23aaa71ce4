/* test_ike_replay.c - good messages cut at every octet and with every bit flipped, in
 * blocks of their exact size.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_build.h"

struct range {
    const uint8_t *at;
    size_t len;
};

static bool
inside(const struct span *s, const struct range *r, size_t n)
{
    bool ok = s->at == NULL && s->len == 0;

    for (size_t i = 0; i < n && !ok; i++) {
        ok = s->at >= r[i].at && s->at <= r[i].at + r[i].len &&
             s->len <= (size_t)(r[i].at + r[i].len - s->at);
    }
    return ok;
}

/* All that was said borrows from these bytes and stays in its limits. */
static bool
sound(const struct range *r, size_t n)
{
    bool ok = m.num_payloads <= IKE_MAX_PAYLOADS && m.num_proposals <= IKE_MAX_PROPOSALS &&
              m.num_transforms <= IKE_MAX_TRANSFORMS && m.num_notifies <= IKE_MAX_NOTIFIES &&
              m.num_deletes <= IKE_MAX_DELETES && m.num_ts_i <= IKE_MAX_SELECTORS &&
                  m.num_ts_r <= IKE_MAX_SELECTORS &&
              m.num_cfg <= IKE_MAX_CFG_ATTRS && m.num_vendors <= IKE_MAX_VENDORS &&
                  m.num_nat_d <= 4 &&
              inside(&m.encrypted_body, r, n) && inside(&m.id_i.data, r, n) &&
                  inside(&m.id_r.data, r, n) &&
              inside(&m.ke, r, n) && inside(&m.nonce, r, n);

    for (size_t i = 0; ok && i < m.num_payloads; i++) {
        ok = inside(&m.payloads[i].body, r, n);
    }
    for (size_t i = 0; ok && i < m.num_proposals; i++) {
        const struct proposal *p = &m.proposals[i];
        ok = p->spi_len <= 8 && p->transforms >= m.transforms &&
             p->transforms + p->num_transforms <= m.transforms + m.num_transforms;
    }
    for (size_t i = 0; ok && i < m.num_notifies; i++) {
        ok = inside(&m.notifies[i].spi, r, n) && inside(&m.notifies[i].data, r, n);
    }
    for (size_t i = 0; ok && i < m.num_deletes; i++) {
        ok = inside(&m.deletes[i].spis, r, n) &&
             m.deletes[i].spis.len == (size_t)m.deletes[i].num_spis * m.deletes[i].spi_len;
    }
    for (size_t i = 0; ok && i < m.num_cfg; i++) {
        ok = inside(&m.cfg[i].value, r, n);
    }
    for (size_t i = 0; ok && i < m.num_vendors; i++) {
        ok = inside(&m.vendors[i], r, n);
    }
    for (size_t i = 0; ok && i < m.num_nat_d; i++) {
        ok = inside(&m.nat_d[i], r, n);
    }
    return ok;
}

static void
replay_outer(const struct buf *b)
{
    size_t all;

    T(parse(b) && m.error == IKE_OK);
    all = m.num_payloads;
    for (size_t n = 0; n < b->n; n++) {
        uint8_t *copy = malloc(n ? n : 1);      /* exact: the sanitizer sees one octet more */
        struct range r = { copy, n };
        bool ok;
        memcpy(copy, b->b, n);
        ok = ike_parse(&m, copy, n, b->n);
        T(ok == (n >= 28) && m.truncated && m.error == IKE_OK && sound(&r, 1) &&
          m.num_payloads <= all);
        ok = ike_parse(&m, copy, n, n);
        T(ok == (n >= 28) && !m.truncated && m.error != IKE_OK && sound(&r, 1) &&
          m.num_payloads <= all);
        if (n >= 28) {
            /* The header agrees with the datagram: the chain itself must notice. */
            copy[26] = (uint8_t)(n >> 8);
            copy[27] = (uint8_t)n;
            T(ike_parse(&m, copy, n, n) &&
              (m.encrypted || m.error != IKE_OK || m.num_payloads < all) && sound(&r, 1));
        }
        free(copy);
    }
    for (size_t bit = 0; bit < b->n * 8; bit++) {
        uint8_t *copy = malloc(b->n);
        struct range r = { copy, b->n };
        memcpy(copy, b->b, b->n);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        T(ike_parse(&m, copy, b->n, b->n) && sound(&r, 1));
        ike_plausible(copy, b->n);
        ike_parse(&m, copy, b->n, b->n + 40);
        T(sound(&r, 1));
        free(copy);
    }
}

static void
replay_inner(const struct buf *outer, uint8_t first, const struct buf *b)
{
    struct range r[2] = { { outer->b, outer->n } };
    size_t all;

    T(parse(outer) && ike_parse_inner(&m, first, b->b, b->n) && m.error == IKE_OK);
    all = m.num_payloads;
    for (size_t n = 0; n < b->n; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, b->b, n);
        r[1] = (struct range){ copy, n };
        parse(outer);
        if (ike_parse_inner(&m, first, copy, n)) {
            T(m.readable && m.error != IKE_OK && m.error_inner && m.num_payloads < all);
        }
        T(sound(r, 2));
        free(copy);
    }
    for (size_t bit = 0; bit < b->n * 8; bit++) {
        uint8_t *copy = malloc(b->n);
        struct selector s;
        char out[ID_TEXT_MAX];
        memcpy(copy, b->b, b->n);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        r[1] = (struct range){ copy, b->n };
        parse(outer);
        ike_parse_inner(&m, first, copy, b->n);
        T(sound(r, 2) && strlen(ike_id_print(&m.id_i, out, sizeof out)) < sizeof out);
        ike_id_selector(&m.id_r, &s);
        free(copy);
    }
}

static void
test_replay(void)
{
    static struct buf outer, b;

    build_main(&b);
    replay_outer(&b);
    build_init(&b);
    replay_outer(&b);
    build_sk(&b, false, 0, 0);
    replay_outer(&b);
    build_sk(&b, true, 1, 2);
    replay_outer(&b);
    build_quick_outer(&outer);
    replay_outer(&outer);
    build_v1_fragment(&b, 1);
    replay_outer(&b);

    build_quick(&b);
    replay_inner(&outer, V1P_HASH, &b);
    build_transaction(&b);
    replay_inner(&outer, V1P_ATTRIBUTES, &b);
    build_sk(&outer, false, 0, 0);
    build_auth(&b);
    replay_inner(&outer, V2P_IDI, &b);
}

int
main(void)
{
    test_replay();
    return t_done();
}
