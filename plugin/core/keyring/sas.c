/* sas.c - what is known of each IKE SA and of each negotiation, by SPI, and the keys that the
 * log names for them.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "sas.h"

#include <espial/limits.h>
#include <string.h>

void
offer_free(void *p)
{
    g_bytes_unref(((struct offer *)p)->nonce);
    g_free(p);
}

void
child_negotiation_free(void *p)
{
    struct child_negotiation *child = (struct child_negotiation *)p;

    g_bytes_unref(child->ni);
    g_bytes_unref(child->nr);
    g_free(child);
}

void
ike_rekeying_free(void *p)
{
    struct ike_rekeying *rekeying = (struct ike_rekeying *)p;

    if (rekeying) {
        g_bytes_unref(rekeying->ni);
        g_bytes_unref(rekeying->nr);
        g_free(rekeying);
    }
}

/* --- IKE SAs that are not proved ---------------------------------------------------- */

/* Both kinds of IKE SA begin with their SPIs, the key of their table. */
static void
wait_for_proof(struct keyring *k, GHashTable *sas, GQueue *in, void *sa, struct unproved *u)
{
    if (in->length >= KEYRING_MAX_IKE_SAS) {
        g_hash_table_remove(sas, g_queue_peek_head(in));
        keyring_reached(k, "more IKE SAs than the key ring follows");
    }
    g_queue_push_tail(in, sa);
    u->in = in;
    u->link = in->tail;
}

static void
prove(struct unproved *u)
{
    if (u->in) {
        g_queue_delete_link(u->in, u->link);
        u->in = NULL;
    }
}

/* The newest keys that the log names for an SPI are tried. */
static void
add_named(struct keyring *k, GPtrArray *list, const void *key)
{
    if (list->len >= KEYRING_MAX_NAMED) {
        g_ptr_array_remove_index(list, 0);
        keyring_reached(k, "more keys of one IKE SA in the log than the key ring tries");
    }
    g_ptr_array_add(list, (gpointer)key);
}

/* --- IKEv2 ------------------------------------------------------------------------- */

void
ike2_free(void *p)
{
    struct ike2_sa *sa = (struct ike2_sa *)p;

    prove(&sa->unproved);
    g_ptr_array_free(sa->keys, TRUE);
    g_queue_free_full(sa->offers, offer_free);
    g_ptr_array_free(sa->requests, TRUE);
    g_ptr_array_free(sa->answers, TRUE);
    ike_rekeying_free(sa->rekeying);
    g_free(sa);
}

void
init_requests_free(void *p)
{
    struct init_requests *r = (struct init_requests *)p;

    g_ptr_array_free(r->heard, TRUE);
    g_free(r);
}

/* Of a rekeyed SA it was protected. */
unsigned
ike2_suites(const struct ike2_sa *sa, struct key_suite out[KEYRING_MAX_NONCES])
{
    unsigned n = 0;

    if (sa->rekeying) {
        out[n++] = sa->rekeying->suite;
        return n;
    }
    for (guint i = 0; i < sa->answers->len; i++) {
        const struct key_suite *one = &heard_at(sa->answers, i)->suite;
        bool again = false;
        for (unsigned j = 0; j < n && !again; j++) {
            again = memcmp(&out[j], one, sizeof *one) == 0;
        }
        if (!again) {
            out[n++] = *one;
        }
    }
    return n;
}

/* The log may have grown. */
static void
index_log(struct keyring *k)
{
    static const uint8_t zero[8];

    for (; k->indexed < keylog_num_ike2(k->log); k->indexed++) {
        const struct keylog_ike2 *one = keylog_ike2(k->log, k->indexed);
        GPtrArray *list;
        g_ptr_array_add(k->loose, (gpointer)&one->keys);
        if (memcmp(one->spi_i, zero, sizeof zero) == 0) {
            continue;
        }
        list = (GPtrArray *)g_hash_table_lookup(k->named, one->spi_i);
        if (!list) {
            list = g_ptr_array_new();
            keyring_put(k->named, one->spi_i, 8, list);
        }
        add_named(k, list, &one->keys);
    }
}

const GPtrArray *
ike2_named(struct keyring *k, const uint8_t *spi_i)
{
    index_log(k);
    return (const GPtrArray *)g_hash_table_lookup(k->named, spi_i);
}

struct ike2_sa *
ike2_sa_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool make)
{
    struct ike2_sa *sa = (struct ike2_sa *)g_hash_table_lookup(k->sas2, spis);

    if (sa || !make) {
        return sa;
    }
    sa = g_new0(struct ike2_sa, 1);
    memcpy(sa->spis, spis, IKE_SPIS);
    sa->keys = g_ptr_array_new();
    sa->requests = heard_new();
    sa->answers = heard_new();
    sa->offers = g_queue_new();
    sa->cursor = k->loose_cursor;
    keyring_put(k->sas2, spis, IKE_SPIS, sa);
    /* Strangers' SAs shall not end those that the log has keys for. */
    wait_for_proof(k, k->sas2, k->unproved2[ike2_named(k, spis) != NULL], sa, &sa->unproved);
    return sa;
}

void
ike2_prove(struct ike2_sa *sa)
{
    prove(&sa->unproved);
}

/* --- IKEv1 ------------------------------------------------------------------------- */

void
ike1_free(void *p)
{
    struct ike1_sa *sa = (struct ike1_sa *)p;

    prove(&sa->unproved);
    for (unsigned i = 0; i < sa->num_ke; i++) {
        g_bytes_unref(sa->ke[i]);
    }
    g_queue_free_full(sa->exchanges, g_free);
    g_queue_free_full(sa->offers, offer_free);
    g_free(sa);
}

struct ike1_sa *
ike1_sa_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool make)
{
    static const uint8_t zero[8];
    struct ike1_sa *sa = (struct ike1_sa *)g_hash_table_lookup(k->sas1, spis), *first;
    uint8_t half[IKE_SPIS] = { 0 };

    if (sa || !make) {
        return sa;
    }
    sa = g_new0(struct ike1_sa, 1);
    memcpy(sa->spis, spis, IKE_SPIS);
    sa->exchanges = g_queue_new();
    sa->offers = g_queue_new();
    /* The first message of aggressive mode has a public value and no responder's cookie yet. */
    memcpy(half, spis, 8);
    first = memcmp(spis + 8, zero, 8) ? (struct ike1_sa *)g_hash_table_lookup(k->sas1, half) : NULL;
    for (; first && sa->num_ke < first->num_ke; sa->num_ke++) {
        sa->ke[sa->num_ke] = g_bytes_ref(first->ke[sa->num_ke]);
    }
    keyring_put(k->sas1, spis, IKE_SPIS, sa);
    wait_for_proof(k, k->sas1, k->unproved1, sa, &sa->unproved);
    return sa;
}

void
ike1_prove(struct ike1_sa *sa)
{
    prove(&sa->unproved);
}

const GPtrArray *
ike1_keys(struct keyring *k, const uint8_t *cookie)
{
    for (; k->indexed1 < keylog_num_ike1(k->log); k->indexed1++) {
        const struct keylog_ike1 *one = keylog_ike1(k->log, k->indexed1);
        GPtrArray *list = (GPtrArray *)g_hash_table_lookup(k->keys1, one->spi_i);
        if (!list) {
            list = g_ptr_array_new();
            keyring_put(k->keys1, one->spi_i, 8, list);
        }
        add_named(k, list, one);
    }
    return (const GPtrArray *)g_hash_table_lookup(k->keys1, cookie);
}
