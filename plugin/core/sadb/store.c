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

const char *
store_known_line(const struct store *store, const char *text)
{
    return store->lines ? (const char *)g_hash_table_lookup(store->lines, text) : NULL;
}

const char *
store_line(struct store *store, const char *text)
{
    const char *kept = store_known_line(store, text);

    if (!store->lines) {
        store->lines = g_hash_table_new(g_str_hash, g_str_equal);
    }
    if (kept) {
        return kept;
    }
    if (g_hash_table_size(store->lines) >= SADB_MAX_LINES) {
        store_cap(store, "contents of IKE messages as text");
        return NULL;
    }
    kept = store_text(store, text);
    g_hash_table_add(store->lines, (char *)kept);
    return kept;
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
    link->hash = sa_key_hash(key);
    link->member = member;
    place = place_of(store, link->hash);
    link->older = *place;
    store->num_keys += !*place;
    *place = link;
}

uint16_t
store_epoch_of_spi(const struct store *store, uint32_t spi)
{
    return hash_word(store->seed, spi) % STORE_EPOCHS;
}

uint16_t
store_epoch_of_pair(const struct store *store, const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key pair = store_pair_key(store, a, b);

    return sa_key_hash(&pair) % STORE_EPOCHS;
}

void
store_pair_add(struct store *store, struct ike_sa *sa, const struct ip_addr *a,
               const struct ip_addr *b)
{
    struct sa_key pair = store_pair_key(store, a, b);

    store->epochs[store_epoch_of_pair(store, a, b)]++;
    store_add(store, &pair, sa);
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

/* The last SADB_MAX_POLICIES that one address is known to offer or to take. */
struct policies {
    struct policy *at;          /* oldest first */
    uint32_t num, room;
    struct ip_addr addr;
    uint8_t protocol;
};

static struct policies *
policies_of(const struct store *store, const struct sa_key *key)
{
    struct walk w = store_walk(store, key, SADB_MAX_PER_SPI);
    struct policies *all;

    while ((all = walk_next(&w)) != NULL) {
        if (all->protocol == key->protocol && ip_equal(&all->addr, &key->a)) {
            return all;
        }
    }
    return NULL;
}

bool
store_is_witness(const struct store *store, const struct policy *one)
{
    bool wanted = one->kept->p->num_transforms == 1;    /* the group of INVALID_KE_PAYLOAD */

    if (store_is_refuted(store, one->frame)) {
        return false;
    }
    if (one->kept->p->protocol != PROTO_IKE || wanted) {
        return true;
    }
    return !one->chosen || one->sa->went_on;
}

/* The oldest that is no witness, else the oldest. */
static void
forget_policy(const struct store *store, struct policies *all)
{
    uint32_t i = 0;

    while (i < all->num && store_is_witness(store, &all->at[i])) {
        i++;
    }
    i = i < all->num ? i : 0;
    memmove(all->at + i, all->at + i + 1, (--all->num - i) * sizeof *all->at);
}

void
store_policy(struct store *store, const struct ip_addr *addr, const struct policy *one)
{
    uint8_t protocol = one->kept->p->protocol;
    struct sa_key key = store_key(store, 'a', protocol, NULL, 0, addr, NULL);
    struct policies *all = policies_of(store, &key);

    if (!one->kept->text) {
        return;                 /* held loosely */
    }
    if (!all) {
        all = (struct policies *)store_alloc(store, sizeof *all);
        all->addr = *addr;
        all->protocol = protocol;
        store_add(store, &key, all);
    }
    for (uint32_t i = 0; i < all->num; i++) {
        const struct policy *old = &all->at[i];
        if (old->chosen == one->chosen && (old->sa == one->sa || store_is_witness(store, old)) &&
            !store_is_refuted(store, old->frame) && strcmp(old->kept->text, one->kept->text) == 0 &&
            policy_same_matter(old, one)) {
            return;
        }
    }
    if (all->num < SADB_MAX_POLICIES) {
        all->at = store_room(store, all->at, all->num, &all->room, sizeof *all->at);
    } else {
        forget_policy(store, all);
    }
    all->at[all->num++] = *one;
}

size_t
store_policies(const struct store *store, const struct ip_addr *addr, uint8_t protocol,
               struct policy *out, size_t max)
{
    struct sa_key key = store_key(store, 'a', protocol, NULL, 0, addr, NULL);
    const struct policies *all = policies_of(store, &key);
    size_t n = 0;

    for (uint32_t i = all ? all->num : 0; i > 0 && n < max; i--) {
        if (store_is_witness(store, &all->at[i - 1])) {
            out[n++] = all->at[i - 1];
        }
    }
    return n;
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

/* The responder's SPI stands where an address would. */
struct sa_key
store_spis_key(const struct store *store, const uint8_t spi_i[8], const uint8_t spi_r[8])
{
    struct ip_addr other;

    memset(&other, 0, sizeof other);
    memcpy(other.bytes, spi_r, 8);
    return store_key(store, 'b', 0, spi_i, 8, &other, NULL);
}

struct sa_key
store_half_key(const struct store *store, const uint8_t spi_i[8], const struct ip_addr *a,
               const struct ip_addr *b)
{
    bool ordered = ip_compare(a, b) <= 0;

    return store_key(store, 'h', 0, spi_i, 8, ordered ? a : b, ordered ? b : a);
}

void
store_refute(struct store *store, uint32_t frame, bool refuted)
{
    if (!refuted) {
        if (store->refuted) {
            g_hash_table_remove(store->refuted, GUINT_TO_POINTER(frame));
        }
        return;
    }
    if (!store->refuted) {
        store->refuted = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    g_hash_table_add(store->refuted, GUINT_TO_POINTER(frame));
}

bool
store_is_refuted(const struct store *store, uint32_t frame)
{
    return store->refuted && g_hash_table_contains(store->refuted, GUINT_TO_POINTER(frame));
}

void
store_init(struct store *store, uint32_t seed)
{
    store->seed = seed | 1;
    more_places(store);
    store->chunks = g_ptr_array_new_with_free_func(g_free);
    store->arrays = g_ptr_array_new_with_free_func(free_array);
}

void
store_clear(struct store *store)
{
    g_free(store->places);
    g_ptr_array_free(store->arrays, TRUE);
    if (store->refuted) {
        g_hash_table_destroy(store->refuted);
    }
    if (store->lines) {
        g_hash_table_destroy(store->lines);
    }
    g_ptr_array_free(store->chunks, TRUE);
}
