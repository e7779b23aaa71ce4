/* offers.c - the proposals that messages made, each kept once, and how many of those that nobody
 * proved.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <espial/hash.h>
#include <string.h>

/* What proposals that are alike share. */
struct suite {
    uint64_t hash;              /* of all that tells one from another */
    struct proposal p;
    const char *text;
};

/* Proposals that one message or more offered.  The list stays where it is, whatever becomes of what
 * is in it. */
struct offers {
    struct offer_list list;
    uint64_t hash;
    void *loose;                /* what is in the list, where that may go; else NULL */
    GList *place;               /* among the loose ones */
};

/* SPIs are left out. */
static uint64_t
suite_hash(const struct store *store, const struct proposal *p)
{
    const struct v1_attributes *a = &p->attr;
    const uint64_t head[] = {
        p->number | (uint64_t)p->v1_transform << 8 | (uint64_t)p->protocol << 16 |
            (uint64_t)p->v1 << 24 | (uint64_t)p->num_transforms << 32,
        a->auth_method | (uint64_t)a->mode << 16 | (uint64_t)a->life_s << 32,
        a->life_kb | (uint64_t)a->others << 32, a->auth_alg
    };
    uint64_t h = hash_octets(store->seed, head, sizeof head);

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i];
        uint64_t word = t->type | (uint64_t)t->id << 16 | (uint64_t)t->key_bits << 32;
        h = hash_octets(h, &word, sizeof word);
    }
    return h;
}

static bool
same_suite(const struct proposal *p, const struct proposal *q)
{
    const struct v1_attributes *a = &p->attr, *b = &q->attr;

    if (p->number != q->number || p->v1_transform != q->v1_transform ||
        p->protocol != q->protocol || p->v1 != q->v1 || p->num_transforms != q->num_transforms ||
        a->auth_method != b->auth_method || a->mode != b->mode || a->life_s != b->life_s ||
        a->life_kb != b->life_kb || a->auth_alg != b->auth_alg || a->others != b->others) {
        return false;
    }
    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *x = &p->transforms[i], *y = &q->transforms[i];
        if (x->type != y->type || x->id != y->id || x->key_bits != y->key_bits) {
            return false;
        }
    }
    return true;
}

/* *to becomes p, without its SPI and with transforms of its own at at. */
static void
copy_suite(struct proposal *to, const struct proposal *p, struct transform *at)
{
    *to = *p;
    to->spi_len = 0;
    memset(to->spi, 0, sizeof to->spi);
    to->transforms = NULL;
    if (p->num_transforms) {
        to->transforms =
            (const struct transform *)memcpy(at, p->transforms, p->num_transforms * sizeof *at);
    }
}

/* Beyond most, what is new is shared with nobody. */
static const struct suite *
keep_suite(struct store *store, const struct proposal *p, unsigned most)
{
    char text[SUITE_TEXT_MAX];
    uint64_t hash = suite_hash(store, p);
    struct suite *s = (struct suite *)g_hash_table_lookup(store->suites, &hash);
    bool known = s != NULL;

    if (s && same_suite(&s->p, p)) {
        return s;
    }
    s = (struct suite *)store_alloc(store, sizeof *s);
    s->hash = hash;
    copy_suite(&s->p, p, store_alloc(store, p->num_transforms * sizeof *p->transforms));
    s->text = store_text(store, proposal_print(p, text, sizeof text));
    if (!known && g_hash_table_size(store->suites) < most) {
        g_hash_table_insert(store->suites, &s->hash, s);
    }
    return s;
}

struct kept_proposal *
store_proposal(struct store *store, const struct proposal *p, uint32_t frame)
{
    struct kept_proposal *k = (struct kept_proposal *)store_alloc(store, sizeof *k);
    const struct suite *s = keep_suite(store, p, 2 * SADB_MAX_SUITES);

    *k = (struct kept_proposal){ &s->p, s->text, frame };
    return k;
}

/* Room for n proposals and what they are made of, which may be given back. */
static void
hold_loosely(struct store *store, struct offers *o, const struct proposal *all, size_t n,
             uint32_t frame)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    size_t num = 0, one = sizeof(struct kept_proposal *) + sizeof(struct kept_proposal) +
                          sizeof(struct proposal);
    const struct kept_proposal **at;
    struct kept_proposal *k;
    struct proposal *p;
    struct transform *t;

    for (size_t i = 0; i < n; i++) {
        num += all[i].num_transforms;
    }
    o->loose = g_malloc(n * one + num * sizeof *t);
    at = (const struct kept_proposal **)o->loose;
    k = (struct kept_proposal *)(at + n);
    p = (struct proposal *)(k + n);
    t = (struct transform *)(p + n);
    for (size_t i = 0; i < n; i++) {
        copy_suite(&p[i], &all[i], t);
        t += all[i].num_transforms;
        k[i] = (struct kept_proposal){ &p[i], NULL, frame };
        at[i] = &k[i];
    }
    o->list = (struct offer_list){ at, (uint32_t)n };
    g_queue_push_tail(store->loose, o);
    o->place = store->loose->tail;
}

static void
hold(struct store *store, struct offers *o, const struct proposal *all, size_t n, uint32_t frame,
     unsigned most)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    const struct kept_proposal **at = store_alloc(store, n * sizeof *at);

    for (size_t i = 0; i < n; i++) {
        const struct suite *s = keep_suite(store, &all[i], most);
        struct kept_proposal *k = store_alloc(store, sizeof *k);
        *k = (struct kept_proposal){ &s->p, s->text, frame };
        at[i] = k;
    }
    o->list = (struct offer_list){ at, (uint32_t)n };
    store->num_offers++;
}

/* The oldest of those held loosely are not held any more: who has them finds an empty list. */
static void
let_go(struct store *store)
{
    struct offers *o = (struct offers *)g_queue_pop_head(store->loose);

    g_hash_table_remove(store->offers, &o->hash);
    o->list = no_offers;
    g_free(o->loose);
    o->loose = NULL;
    store_cap(store, "proposals of IKE SAs that are not established");
}

/* Suites and lists that strangers offer leave half of the room to those of SAs that stand. */
static bool
has_room(const struct store *store, size_t n, bool proved)
{
    size_t share = proved ? 2 : 1;

    return g_hash_table_size(store->suites) + n <= share * SADB_MAX_SUITES &&
           store->num_offers < share * SADB_MAX_OFFERS;
}

static bool
same_offers(const struct offer_list *list, const struct ike_message *m)
{
    bool same = list->len == m->num_proposals;

    for (uint32_t i = 0; same && i < list->len; i++) {
        same = same_suite(list->at[i]->p, &m->proposals[i]);
    }
    return same;
}

const struct offer_list *
store_offers(struct store *store, const struct ike_message *m, uint32_t frame, bool proved)
{
    uint64_t hash = m->num_proposals;
    struct offers *o;

    for (size_t i = 0; i < m->num_proposals; i++) {
        uint64_t one = suite_hash(store, &m->proposals[i]);
        hash = hash_octets(hash, &one, sizeof one);
    }
    o = (struct offers *)g_hash_table_lookup(store->offers, &hash);
    if (o && same_offers(&o->list, m)) {
        return &o->list;
    }
    if (o) {
        return &no_offers;      /* 2^64 to one against it */
    }
    o = store_alloc(store, sizeof *o);
    o->hash = hash;
    if (has_room(store, m->num_proposals, proved)) {
        hold(store, o, m->proposals, m->num_proposals, frame,
             (proved ? 2 : 1) * SADB_MAX_SUITES);
    } else {
        hold_loosely(store, o, m->proposals, m->num_proposals, frame);
        if (store->loose->length > SADB_MAX_LOOSE_OFFERS) {
            let_go(store);
        }
    }
    g_hash_table_insert(store->offers, &o->hash, o);
    return &o->list;
}

void
store_offers_proved(struct store *store, const struct offer_list *list)
{
    struct offers *o = (struct offers *)(uintptr_t)list;
    struct proposal all[IKE_MAX_PROPOSALS];
    void *loose;

    if (!list->len || list->at[0]->text || !has_room(store, list->len, true)) {
        return;
    }
    loose = o->loose;
    for (uint32_t i = 0; i < list->len; i++) {
        all[i] = *list->at[i]->p;
    }
    hold(store, o, all, list->len, list->at[0]->frame, 2 * SADB_MAX_SUITES);
    g_queue_delete_link(store->loose, o->place);
    o->loose = NULL;
    g_free(loose);
}

void
store_offers_init(struct store *store)
{
    store->suites = g_hash_table_new(g_int64_hash, g_int64_equal);
    store->offers = g_hash_table_new(g_int64_hash, g_int64_equal);
    store->loose = g_queue_new();
}

void
store_offers_clear(struct store *store)
{
    g_hash_table_destroy(store->suites);
    g_hash_table_destroy(store->offers);
    for (const GList *l = store->loose->head; l; l = l->next) {
        g_free(((struct offers *)l->data)->loose);
    }
    g_queue_free(store->loose);
}
