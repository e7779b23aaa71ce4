/* open_ikev2.c - opens SK and SKF payloads: candidates by SPI first, then a bounded number
 * of others (RFC 7296 section 3.14, RFC 7383).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "derive.h"
#include "near.h"
#include "open.h"

#include <espial/limits.h>
#include <string.h>

/* The IKE fragments of one message, opened, until all are there (RFC 7383 section 2.6). */
struct reassembly {
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

/* The SK or SKF payload of a message, under way to its clear text (RFC 7296 section 3.14). */
struct sk_payload {
    const struct ike_message *m;
    const struct ike2_sa *sa;
    const uint8_t *at;
    size_t body;                /* offset of its IV in the message */
    uint8_t *out;
    size_t len;                 /* of the clear text */
    unsigned tries;
    struct key_near near;       /* what would open it */
    bool opened;                /* false with the right key: the padding is impossible */
};

static void
free_fragment(GByteArray *a)
{
    if (a) {
        crypt_wipe(a->data, a->len);
        g_byte_array_free(a, TRUE);
    }
}

static void
drop_fragments(struct reassembly *r)
{
    for (unsigned i = 0; i < KEYRING_MAX_FRAGMENTS; i++) {
        free_fragment(r->at[i]);
        r->at[i] = NULL;
    }
    r->octets = 0;
    r->have = 0;
}

void
reassembly_free(void *p)
{
    drop_fragments((struct reassembly *)p);
    g_free(p);
}

/* --- keys --------------------------------------------------------------------------- */

static bool
opens_as(struct sk_payload *sk, const struct ike_keys *keys)
{
    bool verified = false;

    sk->tries++;
    sk->opened = ike2_open(keys, (sk->m->flags & FLAG_INITIATOR) != 0, sk->at, sk->m->length,
                           sk->body, sk->out, &sk->len, &verified);
    return verified;
}

static bool
opens(void *context, const struct ike_keys *keys)
{
    struct sk_payload *sk = (struct sk_payload *)context;
    struct key_suite suites[KEYRING_MAX_NONCES];
    struct ike_keys told = *keys;
    bool verified = false;

    if (told.encr) {
        return opens_as(sk, keys);
    }
    /* The log does not say: what the SA has chosen, by one of the answers. */
    for (unsigned i = 0, n = ike2_suites(sk->sa, suites); i < n && !verified; i++) {
        told.encr = suites[i].encr;
        told.integ = suites[i].integ;
        verified = opens_as(sk, &told);
    }
    crypt_wipe(&told, sizeof told);
    return verified;
}

static const struct ike_keys *
try_list(const GPtrArray *list, struct sk_payload *sk)
{
    for (guint i = list ? list->len : 0, tries = 0; i-- > 0 && tries < KEYLOG_MAX_TRIES; tries++) {
        const struct ike_keys *keys = (const struct ike_keys *)g_ptr_array_index(list, i);
        if (opens(sk, keys)) {
            return keys;
        }
    }
    return NULL;
}

/* How many loose keys a message of an SA is tried with.  Messages that none has opened may be
 * forged ones: it is never given up for good. */
static guint
loose_now(const struct keyring *k, const struct ike2_sa *sa)
{
    return sa->tries < KEYRING_MAX_SA_TRIES ? MIN(k->loose->len, (guint)KEYLOG_MAX_TRIES) :
           MIN(k->loose->len, 1u);
}

/* A log may give keys no SPI, or that of the IKE SA before.  Each message goes on where the
 * one before stopped, so that an SA that no key is of costs no more than its share; and all
 * messages that fail have one stock of tries. */
static const struct ike_keys *
try_loose(struct keyring *k, struct ike2_sa *sa, struct sk_payload *sk)
{
    unsigned before = sk->tries;

    for (guint left = loose_now(k, sa); left > 0; left--) {
        const struct ike_keys *keys;
        unsigned here = sk->tries;
        if (!budget_take(&k->loose_tries, 1)) {
            keyring_reached(k, "more IKE messages of SPIs that the log does not name than all of "
                               "its keys are tried with");
            k->loose_cursor = sa->cursor;
            return NULL;
        }
        keys = (const struct ike_keys *)g_ptr_array_index(k->loose, sa->cursor++ % k->loose->len);
        if (opens(sk, keys)) {
            budget_give(&k->loose_tries, sk->tries - before);
            return keys;
        }
        /* One key for each suite that the SA may have chosen. */
        budget_take(&k->loose_tries, MIN(k->loose_tries.left, MAX(sk->tries - here, 1u) - 1));
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
    ike2_prove(sa);
}

/* Keys change at IKE_INTERMEDIATE (RFC 9242 section 3.3.1): one SA may have several. */
static bool
find_key(struct keyring *k, struct ike2_sa *sa, struct sk_payload *sk, bool *wrong)
{
    const GPtrArray *named = ike2_named(k, sa->spis);
    const struct ike_keys *keys = try_list(sa->keys, sk);

    *wrong = false;
    if (keys) {
        if (keys != g_ptr_array_index(sa->keys, sa->keys->len - 1)) {
            believe(k, sa, keys);
        }
        return true;
    }
    keys = try_list(named, sk);
    if (!keys && sa->rekeying) {
        keys = keyring_derive_ike(k, sa->rekeying, sa->spis, opens, sk);
    }
    keys = keys ? keys : try_loose(k, sa, sk);
    if (keys) {
        believe(k, sa, keys);
        return true;
    }
    *wrong = (sa->keys->len || named) && (!sa->intermediate || sa->fresh);
    if (*wrong && named && !sa->keys->len && near_is_due(&sa->failed)) {
        sk->near = near_miss_ike(k, named, sk->m, sk->at, sk->body, sk->out);
    }
    return false;
}

/* --- fragments ------------------------------------------------------------------------ */

static bool
is_of(const struct reassembly *r, const struct ike_message *m)
{
    return r->message_id == m->message_id && r->exchange == m->exchange &&
           memcmp(r->spis, m->spi_i, 8) == 0 && memcmp(r->spis + 8, m->spi_r, 8) == 0 &&
           r->flags == (m->flags & (FLAG_INITIATOR | FLAG_RESPONSE));
}

static void
drop_oldest(struct keyring *k)
{
    struct reassembly *r = (struct reassembly *)g_queue_pop_head(k->reassemblies);

    if (!r->done) {
        keyring_reached(k, "more IKE fragments under way than the key ring keeps");
    }
    k->reassembly_octets -= r->octets;
    reassembly_free(r);
}

/* A message sent again in more fragments replaces what is here; of fewer, these are the
 * older ones (RFC 7383 section 2.6). */
static struct reassembly *
reassembly_of(struct keyring *k, const struct ike_message *m)
{
    struct reassembly *r;

    for (GList *l = k->reassemblies->tail; l; l = l->prev) {
        r = (struct reassembly *)l->data;
        if (!is_of(r, m)) {
            continue;
        }
        if (m->fragments > r->total && !r->done) {
            k->reassembly_octets -= r->octets;
            drop_fragments(r);
            r->total = m->fragments;
        }
        return m->fragments == r->total && !r->done ? r : NULL;
    }
    r = g_new0(struct reassembly, 1);
    keyring_spis(m, r->spis);
    r->message_id = m->message_id;
    r->flags = m->flags & (FLAG_INITIATOR | FLAG_RESPONSE);
    r->exchange = m->exchange;
    r->total = m->fragments;
    g_queue_push_tail(k->reassemblies, r);
    if (g_queue_get_length(k->reassemblies) > KEYRING_MAX_REASSEMBLIES) {
        drop_oldest(k);
    }
    return r;
}

static bool
parse_reassembled(struct keyring *k, struct reassembly *r, struct ike_message *m)
{
    size_t at = 0, all = r->octets;
    uint8_t *out = keyring_clear(k, all);

    for (unsigned i = 0; i < r->total; i++) {
        if (r->at[i]->len) {
            memcpy(out + at, r->at[i]->data, r->at[i]->len);
        }
        at += r->at[i]->len;
    }
    k->reassembly_octets -= r->octets;
    drop_fragments(r);
    r->done = true;
    if (!ike_parse_inner(m, r->first, out, all)) {
        return false;
    }
    m->fragment = m->fragments = 0;             /* whole from here on */
    return true;
}

static bool
reassemble(struct keyring *k, struct ike_message *m, const struct sk_payload *sk)
{
    struct reassembly *r;

    if (m->fragments > KEYRING_MAX_FRAGMENTS) {
        keyring_reached(k, "an IKE message in more fragments than the key ring joins");
        return false;
    }
    r = reassembly_of(k, m);
    if (!r || m->fragment < 1 || m->fragment > r->total || r->at[m->fragment - 1]) {
        return false;
    }
    while (k->reassembly_octets + sk->len > KEYRING_MAX_FRAGMENT_OCTETS &&
           g_queue_peek_head(k->reassemblies) != r) {
        drop_oldest(k);
    }
    r->at[m->fragment - 1] = g_byte_array_append(g_byte_array_new(), sk->out, (guint)sk->len);
    r->have++;
    r->octets += sk->len;
    k->reassembly_octets += sk->len;
    r->first = m->fragment == 1 ? m->inner_first : r->first;
    return r->have == r->total && parse_reassembled(k, r, m);
}

bool
ike2_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured)
{
    struct sk_payload sk = { .m = m, .at = at };
    uint8_t spis[IKE_SPIS];
    struct ike2_sa *sa;
    bool wrong, known;

    m->key_named = ike2_named(k, m->spi_i) != NULL;
    if (!m->encrypted || m->length > captured || !m->encrypted_body.at ||
        !keylog_num_ike2(k->log)) {
        return false;
    }
    keyring_spis(m, spis);
    sa = ike2_sa_of(k, spis, true);
    /* They change before IKE_AUTH alone: what comes later under that name changes nothing. */
    if (m->exchange == V2_IKE_INTERMEDIATE && !sa->fresh) {
        sa->intermediate = true;
        sa->fresh = false;
    }
    sk.sa = sa;
    sk.body = (size_t)(m->encrypted_body.at - at);
    sk.out = keyring_clear(k, m->length);
    known = find_key(k, sa, &sk, &wrong);
    m->integrity_wrong = wrong;
    m->near = sk.near;
    sa->fresh = sa->fresh || (known && m->exchange != V2_IKE_INTERMEDIATE);
    if (!known || !sk.opened || m->readable) {
        return false;
    }
    return m->fragments ? reassemble(k, m, &sk) :
           ike_parse_inner(m, m->inner_first, sk.out, sk.len);
}
