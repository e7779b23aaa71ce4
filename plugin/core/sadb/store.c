/* store.c - the memory of the SA database: chunks, lists by key, and what equal SAs share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <espial/hash.h>
#include <string.h>

static void
free_array(gpointer p)
{
    g_array_free((GArray *)p, TRUE);
}

/* SAs are small and many: they are cut from chunks, which cost malloc's own head once. */
void *
store_alloc(struct store *store, size_t size)
{
    enum { CHUNK = 1 << 15, ALIGN = 8 };
    char *chunk;

    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > CHUNK / 4) {
        void *own = g_malloc0(size);
        g_ptr_array_insert(store->chunks, 0, own);
        return own;
    }
    if (store->chunk_left < size) {
        g_ptr_array_add(store->chunks, g_malloc0(CHUNK));
        store->chunk_left = CHUNK;
    }
    chunk = (char *)g_ptr_array_index(store->chunks, store->chunks->len - 1);
    store->chunk_left -= size;
    return chunk + store->chunk_left;
}

char *
store_text(struct store *store, const char *text)
{
    size_t size = strlen(text) + 1;

    return (char *)memcpy(store_alloc(store, size), text, size);
}

void *
store_room(struct store *store, const void *at, uint32_t len, uint32_t *room, size_t element)
{
    void *more;

    if (len < *room) {
        return (void *)at;
    }
    *room = *room ? *room * 2 : (uint32_t)MAX(1, 16 / element);
    more = store_alloc(store, *room * element);
    return len ? memcpy(more, at, len * element) : more;
}

void
store_add_exchange(struct store *store, struct exchange_list *list, const struct exchange *x)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    const struct exchange **at = store_room(store, list->at, list->len, &list->room, sizeof *at);

    at[list->len++] = x;
    list->at = at;
}

void
store_add_child(struct store *store, struct child_list *list, const struct child_sa *c)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    const struct child_sa **at = store_room(store, list->at, list->len, &list->room, sizeof *at);

    at[list->len++] = c;
    list->at = at;
}

void
store_add_stream(struct store *store, struct stream_list *list, const struct stream *s)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
    const struct stream **at = store_room(store, list->at, list->len, &list->room, sizeof *at);

    at[list->len++] = s;
    list->at = at;
}

void
store_add_frame(struct store *store, struct frame_numbers *list, uint32_t frame)
{
    uint32_t *at = store_room(store, list->at, list->len, &list->room, sizeof *at);

    at[list->len++] = frame;
    list->at = at;
}

GArray *
store_array(struct store *store, unsigned element)
{
    GArray *a = g_array_new(FALSE, TRUE, element);

    g_ptr_array_add(store->arrays, a);
    return a;
}

uint64_t
sa_key_hash(const struct sa_key *k)
{
    return hash_octets(k->seed, k, sizeof *k);
}

/* Open addressing over the newest link of each key: eight octets a place, where a GHashTable
 * takes twenty. */
static struct link **
place_of(const struct store *store, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (store->num_places - 1);

    while (store->places[at] && store->places[at]->hash != hash) {
        at = (at + 1) & (store->num_places - 1);
    }
    return &store->places[at];
}

static void
more_places(struct store *store)
{
    struct link **old = store->places;
    uint32_t num = store->num_places;

    store->num_places = num ? num * 2 : 64;
    store->places = g_new0(struct link *, store->num_places);
    for (uint32_t i = 0; i < num; i++) {
        if (old[i]) {
            *place_of(store, old[i]->hash) = old[i];
        }
    }
    g_free(old);
}

struct walk
store_walk(const struct store *store, const struct sa_key *key, uint32_t cap)
{
    return (struct walk){ *place_of(store, sa_key_hash(key)), cap };
}

void
store_add(struct store *store, const struct sa_key *key, void *member)
{
    struct link *link = (struct link *)store_alloc(store, sizeof *link), **place;

    if (store->num_keys >= store->num_places / 4 * 3) {
        more_places(store);
    }
    store->epoch++;
    link->hash = sa_key_hash(key);
    link->member = member;
    place = place_of(store, link->hash);
    link->older = *place;
    store->num_keys += !*place;
    *place = link;
}

void
store_pair_add(struct store *store, struct ike_sa *sa, const struct ip_addr *a,
               const struct ip_addr *b)
{
    struct sa_key pair = store_pair_key(store, a, b);

    store_add(store, &pair, sa);
}

/* What proposals that are alike share. */
struct suite {
    struct proposal p;
    const char *text;
};

/* All that tells one proposal from another, SPIs left out. */
static void
suite_key(char *out, size_t size, const struct proposal *p, const char *text)
{
    const struct v1_attributes *a = &p->attr;

    g_snprintf(out, (gulong)size, "%u.%u.%u.%u.%u.%u.%u.%u.%u.%u.%u %s", p->number, p->v1_transform,
               p->protocol, p->v1, a->auth_method, a->mode, a->life_s, a->life_kb, a->auth_alg,
               a->others, p->num_transforms, text);
}

/* Transforms that a long text would cut off tell suites apart too. */
static bool
same_transforms(const struct proposal *a, const struct proposal *b)
{
    for (size_t i = 0; i < a->num_transforms; i++) {
        const struct transform *x = &a->transforms[i], *y = &b->transforms[i];
        if (x->type != y->type || x->id != y->id || x->key_bits != y->key_bits) {
            return false;
        }
    }
    return true;
}

static const struct suite *
keep_suite(struct store *store, const struct proposal *p)
{
    char text[SUITE_TEXT_MAX], key[SUITE_TEXT_MAX + 128];
    struct suite *s;

    proposal_print(p, text, sizeof text);
    suite_key(key, sizeof key, p, text);
    s = (struct suite *)g_hash_table_lookup(store->suites, key);
    if (s && same_transforms(&s->p, p)) {
        return s;
    }
    bool known = s != NULL;
    s = (struct suite *)store_alloc(store, sizeof *s);
    s->p = *p;
    s->p.spi_len = 0;
    memset(s->p.spi, 0, sizeof s->p.spi);
    if (p->num_transforms) {
        size_t bytes = p->num_transforms * sizeof *p->transforms;
        s->p.transforms =
            (const struct transform *)memcpy(store_alloc(store, bytes), p->transforms, bytes);
    }
    s->text = store_text(store, text);
    if (!known) {
        g_hash_table_insert(store->suites, store_text(store, key), s);
    }
    return s;
}

struct kept_proposal *
store_proposal(struct store *store, const struct proposal *p, uint32_t frame)
{
    struct kept_proposal *k = (struct kept_proposal *)store_alloc(store, sizeof *k);
    const struct suite *s = keep_suite(store, p);

    *k = (struct kept_proposal){ &s->p, s->text, frame };
    return k;
}

const struct offer_list *
store_offers(struct store *store, const struct ike_message *m, uint32_t frame)
{
    GString *key = g_string_new(NULL);
    const struct suite *suites[IKE_MAX_PROPOSALS];
    struct offer_list *list;

    for (size_t i = 0; i < m->num_proposals; i++) {
        suites[i] = keep_suite(store, &m->proposals[i]);
        g_string_append_printf(key, "%p ", (const void *)suites[i]);
    }
    list = (struct offer_list *)g_hash_table_lookup(store->offers, key->str);
    if (!list) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers */
        const struct kept_proposal **all = store_alloc(store, m->num_proposals * sizeof *all);
        list = store_alloc(store, sizeof *list);
        for (size_t i = 0; i < m->num_proposals; i++) {
            struct kept_proposal *k = store_alloc(store, sizeof *k);
            *k = (struct kept_proposal){ &suites[i]->p, suites[i]->text, frame };
            all[i] = k;
        }
        *list = (struct offer_list){ all, (uint32_t)m->num_proposals };
        g_hash_table_insert(store->offers, store_text(store, key->str), list);
    }
    g_string_free(key, TRUE);
    return list;
}

/* Most clients of a gateway ask for the same selectors: a small memory of recent ones
 * spares copies and costs nothing where all differ. */
const struct selector *
store_selectors(struct store *store, const struct selector *s, size_t n)
{
    struct recent_selectors *recent;
    uint32_t h = store->seed;

    if (!n) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        h = (h ^ s[i].lo.bytes[3] ^ (uint32_t)s[i].hi.bytes[2] << 8 ^ s[i].port_lo) * 2654435761u;
    }
    recent = &store->recent[h >> 16 & (G_N_ELEMENTS(store->recent) - 1)];
    if (recent->num == n) {
        size_t same = 0;
        while (same < n && selector_equal(&recent->at[same], &s[same])) {
            same++;
        }
        if (same == n) {
            return recent->at;
        }
    }
    recent->num = n;
    recent->at =
        (const struct selector *)memcpy(store_alloc(store, n * sizeof *s), s, n * sizeof *s);
    return recent->at;
}

void
store_policy(struct store *store, const struct ip_addr *addr, const struct kept_proposal *kept,
             uint32_t frame, bool chosen)
{
    struct sa_key key = store_key(store, 'a', kept->p->protocol, NULL, 0, addr, NULL);
    struct policy *entry;
    const struct policy *old;

    for (struct walk w = store_walk(store, &key, SADB_MAX_POLICIES); (old = walk_next(&w));) {
        if (old->chosen == chosen && strcmp(old->kept->text, kept->text) == 0) {
            return;
        }
    }
    entry = (struct policy *)store_alloc(store, sizeof *entry);
    *entry = (struct policy){ kept, frame, chosen };
    store_add(store, &key, entry);
}

void
store_cap(struct store *store, const char *limit)
{
    for (size_t i = 0; i < store->num_caps; i++) {
        if (strcmp(store->caps[i], limit) == 0) {
            return;
        }
    }
    if (store->num_caps + 1 < G_N_ELEMENTS(store->caps)) {
        store->caps[store->num_caps++] = limit;
    }
}

struct sa_key
store_key(const struct store *store, char kind, uint8_t protocol, const void *spi, size_t spi_len,
         const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key k;

    memset(&k, 0, sizeof k);        /* padding is hashed too */
    k.seed = store->seed;
    k.kind = (uint8_t)kind;
    k.protocol = protocol;
    if (spi) {
        memcpy(k.spi, spi, MIN(spi_len, sizeof k.spi));
    }
    if (a) {
        k.a = *a;
    }
    if (b) {
        k.b = *b;
    }
    return k;
}

struct sa_key
store_pair_key(const struct store *store, const struct ip_addr *a, const struct ip_addr *b)
{
    bool ordered = ip_compare(a, b) <= 0;

    return store_key(store, 'p', 0, NULL, 0, ordered ? a : b, ordered ? b : a);
}

void
store_init(struct store *store, uint32_t seed)
{
    store->seed = seed | 1;
    more_places(store);
    store->chunks = g_ptr_array_new_with_free_func(g_free);
    store->arrays = g_ptr_array_new_with_free_func(free_array);
    store->suites = g_hash_table_new(hash_text, g_str_equal);
    store->offers = g_hash_table_new(hash_text, g_str_equal);
}

void
store_clear(struct store *store)
{
    g_free(store->places);
    g_ptr_array_free(store->arrays, TRUE);
    g_hash_table_destroy(store->suites);
    g_hash_table_destroy(store->offers);
    g_ptr_array_free(store->chunks, TRUE);
}
