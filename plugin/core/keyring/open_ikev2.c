/* open_ikev2.c - opens SK and SKF payloads: candidates by SPI first, then a bounded number
 * of others (RFC 7296 section 3.14, RFC 7383).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "derive.h"
#include "open.h"

#include <espial/limits.h>
#include <string.h>

/* IKE fragments of one message, opened (RFC 7383 section 2.5). */
struct join {
    uint8_t spis[IKE_SPIS];
    uint32_t message_id;
    uint8_t flags, exchange;
    uint16_t total;
    unsigned have;
    bool done;                  /* was given away; what comes again is a repetition */
    uint8_t first;
    size_t octets;
    GByteArray *at[KEYRING_MAX_FRAGMENTS];
};

/* A message under way to its clear text. */
struct letter {
    const struct ike_message *m;
    const struct key_suite *suite;
    const uint8_t *at;
    size_t body;
    uint8_t *out;
    size_t len;                 /* of the clear text */
    bool opened;                /* false with the right key: the padding is impossible */
};

static void
free_piece(GByteArray *a)
{
    if (a) {
        crypt_wipe(a->data, a->len);
        g_byte_array_free(a, TRUE);
    }
}

static void
drop_pieces(struct join *j)
{
    for (unsigned i = 0; i < KEYRING_MAX_FRAGMENTS; i++) {
        free_piece(j->at[i]);
        j->at[i] = NULL;
    }
    j->octets = 0;
    j->have = 0;
}

void
ike2_free_join(void *p)
{
    drop_pieces((struct join *)p);
    g_free(p);
}

/* --- keys --------------------------------------------------------------------------- */

static bool
fits(void *context, const struct ike_keys *keys)
{
    struct letter *l = (struct letter *)context;
    struct ike_keys told = *keys;
    bool verified = false;

    if (!told.encr) {                   /* the log does not say: what the SA has chosen */
        told.encr = l->suite->encr;
        told.integ = l->suite->integ;
    }
    l->opened = ike2_open(&told, (l->m->flags & FLAG_INITIATOR) != 0, l->at, l->m->length, l->body, l->out, &l->len, &verified);
    crypt_wipe(&told, sizeof told);
    return verified;
}

static const struct ike_keys *
try_list(const GPtrArray *list, struct letter *l)
{
    for (guint i = list ? list->len : 0, tries = 0; i-- > 0 && tries < KEYLOG_MAX_TRIES; tries++) {
        const struct ike_keys *keys = (const struct ike_keys *)g_ptr_array_index(list, i);
        if (fits(l, keys)) {
            return keys;
        }
    }
    return NULL;
}

/* A log may give keys no SPI, or that of the IKE SA before.  Each message goes on where the
 * one before stopped, so that an SA that no key is of costs no more than its share. */
static const struct ike_keys *
try_loose(struct keyring *k, struct ike2_sa *sa, struct letter *l)
{
    for (guint i = 0; i < k->loose->len && i < KEYLOG_MAX_TRIES && sa->tries < KEYRING_MAX_SA_TRIES; i++) {
        const struct ike_keys *keys = (const struct ike_keys *)g_ptr_array_index(k->loose, sa->cursor++ % k->loose->len);
        if (fits(l, keys)) {
            return keys;
        }
        sa->tries++;
    }
    return NULL;
}

static void
believe(struct keyring *k, struct ike2_sa *sa, const struct ike_keys *keys)
{
    g_ptr_array_remove_fast(k->loose, (gpointer)keys);
    g_ptr_array_remove(sa->keys, (gpointer)keys);
    if (sa->keys->len >= KEYRING_MAX_SA_KEYS) {
        g_ptr_array_remove_index(sa->keys, 0);
    }
    g_ptr_array_add(sa->keys, (gpointer)keys);
}

/* Keys change at IKE_INTERMEDIATE (RFC 9242 section 3.3.1): one SA may have several. */
static bool
find_key(struct keyring *k, struct ike2_sa *sa, struct letter *l, bool *wrong)
{
    const GPtrArray *named = ike2_named(k, sa->spis);
    const struct ike_keys *keys = try_list(sa->keys, l);

    *wrong = false;
    if (keys) {
        if (keys != g_ptr_array_index(sa->keys, sa->keys->len - 1)) {
            believe(k, sa, keys);
        }
        return true;
    }
    keys = try_list(named, l);
    keys = keys ? keys : sa->birth ? keyring_derive_ike(k, sa->birth, sa->spis, fits, l) : NULL;
    keys = keys ? keys : try_loose(k, sa, l);
    if (keys) {
        believe(k, sa, keys);
        return true;
    }
    *wrong = (sa->keys->len || named) && (!sa->intermediate || sa->fresh);
    return false;
}

/* --- fragments ------------------------------------------------------------------------ */

static bool
is_of(const struct join *j, const struct ike_message *m)
{
    return j->message_id == m->message_id && j->exchange == m->exchange && memcmp(j->spis, m->spi_i, 8) == 0 &&
           memcmp(j->spis + 8, m->spi_r, 8) == 0 && j->flags == (m->flags & (FLAG_INITIATOR | FLAG_RESPONSE));
}

static void
drop_oldest(struct keyring *k)
{
    struct join *j = (struct join *)g_queue_pop_head(k->joins);

    if (!j->done) {
        keyring_reached(k, "more IKE fragments under way than the key ring keeps");
    }
    k->join_octets -= j->octets;
    ike2_free_join(j);
}

/* A message sent again in more fragments replaces what is here; of fewer, these are the
 * older ones (RFC 7383 section 2.6). */
static struct join *
join_of(struct keyring *k, const struct ike_message *m)
{
    struct join *j;

    for (GList *l = k->joins->tail; l; l = l->prev) {
        j = (struct join *)l->data;
        if (!is_of(j, m)) {
            continue;
        }
        if (m->fragments > j->total && !j->done) {
            k->join_octets -= j->octets;
            drop_pieces(j);
            j->total = m->fragments;
        }
        return m->fragments == j->total && !j->done ? j : NULL;
    }
    j = g_new0(struct join, 1);
    keyring_spis(m, j->spis);
    j->message_id = m->message_id;
    j->flags = m->flags & (FLAG_INITIATOR | FLAG_RESPONSE);
    j->exchange = m->exchange;
    j->total = m->fragments;
    g_queue_push_tail(k->joins, j);
    if (g_queue_get_length(k->joins) > KEYRING_MAX_JOINS) {
        drop_oldest(k);
    }
    return j;
}

static bool
give_away(struct keyring *k, struct join *j, struct ike_message *m)
{
    size_t at = 0, all = j->octets;
    uint8_t *out = keyring_clear(k, all);

    for (unsigned i = 0; i < j->total; i++) {
        if (j->at[i]->len) {
            memcpy(out + at, j->at[i]->data, j->at[i]->len);
        }
        at += j->at[i]->len;
    }
    k->join_octets -= j->octets;
    drop_pieces(j);
    j->done = true;
    if (!ike_parse_inner(m, j->first, out, all)) {
        return false;
    }
    m->fragment = m->fragments = 0;             /* whole from here on */
    return true;
}

static bool
join(struct keyring *k, struct ike_message *m, const struct letter *l)
{
    struct join *j;

    if (m->fragments > KEYRING_MAX_FRAGMENTS) {
        keyring_reached(k, "an IKE message in more fragments than the key ring joins");
        return false;
    }
    j = join_of(k, m);
    if (!j || m->fragment < 1 || m->fragment > j->total || j->at[m->fragment - 1]) {
        return false;
    }
    while (k->join_octets + l->len > KEYRING_MAX_FRAGMENT_OCTETS && g_queue_peek_head(k->joins) != j) {
        drop_oldest(k);
    }
    j->at[m->fragment - 1] = g_byte_array_append(g_byte_array_new(), l->out, (guint)l->len);
    j->have++;
    j->octets += l->len;
    k->join_octets += l->len;
    j->first = m->fragment == 1 ? m->inner_first : j->first;
    return j->have == j->total && give_away(k, j, m);
}

bool
ike2_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured)
{
    struct letter l = { .m = m, .at = at };
    uint8_t spis[IKE_SPIS];
    struct ike2_sa *sa;
    bool wrong, known;

    if (!m->encrypted || m->length > captured || !m->encrypted_body.at || !keylog_num_ike2(k->log)) {
        return false;
    }
    keyring_spis(m, spis);
    sa = ike2_sa_of(k, spis, true);
    if (!sa) {
        return false;
    }
    if (m->exchange == V2_IKE_INTERMEDIATE) {
        sa->intermediate = true;
        sa->fresh = false;
    }
    l.suite = &sa->suite;
    l.body = (size_t)(m->encrypted_body.at - at);
    l.out = keyring_clear(k, m->length);
    known = find_key(k, sa, &l, &wrong);
    m->integrity_wrong = wrong;
    sa->fresh = sa->fresh || (known && m->exchange != V2_IKE_INTERMEDIATE);
    if (!known || !l.opened || m->readable) {
        return false;
    }
    return m->fragments ? join(k, m, &l) : ike_parse_inner(m, m->inner_first, l.out, l.len);
}
