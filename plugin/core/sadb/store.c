/* store.c - the memory of the SA database: chunks, lists by key, and what equal SAs share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <espial/hash.h>
#include <string.h>

/* SAs are small and many: they are cut from chunks, which cost malloc's own head once. */
void *
sadb_alloc(struct sadb *db, size_t size)
{
    enum { CHUNK = 1 << 15, ALIGN = 8 };
    char *chunk;

    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > CHUNK / 4) {
        void *own = g_malloc0(size);
        g_ptr_array_insert(db->chunks, 0, own);
        return own;
    }
    if (db->chunk_left < size) {
        g_ptr_array_add(db->chunks, g_malloc0(CHUNK));
        db->chunk_left = CHUNK;
    }
    chunk = (char *)g_ptr_array_index(db->chunks, db->chunks->len - 1);
    db->chunk_left -= size;
    return chunk + db->chunk_left;
}

char *
sadb_strdup(struct sadb *db, const char *text)
{
    size_t size = strlen(text) + 1;

    return (char *)memcpy(sadb_alloc(db, size), text, size);
}

void
sadb_push(struct sadb *db, struct list *list, void *member)
{
    if (list->len == list->room) {
        uint32_t room = list->room ? list->room * 2 : 2;
        gpointer *more = (gpointer *)sadb_alloc(db, room * sizeof *more);
        if (list->len) {
            memcpy(more, list->pdata, list->len * sizeof *more);
        }
        list->pdata = more;
        list->room = room;
    }
    list->pdata[list->len++] = member;
}

GArray *
sadb_array(struct sadb *db, unsigned element)
{
    GArray *a = g_array_new(FALSE, TRUE, element);

    g_ptr_array_add(db->arrays, a);
    return a;
}

GPtrArray *
sadb_ptr_array(struct sadb *db)
{
    GPtrArray *a = g_ptr_array_new();

    g_ptr_array_add(db->ptr_arrays, a);
    return a;
}

uint64_t
sadb_key_hash(const struct sa_key *k)
{
    return hash_octets(k->seed, k, sizeof *k);
}

/* Open addressing over the newest link of each key: eight octets a place, where a GHashTable
 * takes twenty. */
static struct link **
place_of(const struct sadb *db, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (db->num_places - 1);

    while (db->places[at] && db->places[at]->hash != hash) {
        at = (at + 1) & (db->num_places - 1);
    }
    return &db->places[at];
}

void
sadb_more_places(struct sadb *db)
{
    struct link **old = db->places;
    uint32_t num = db->num_places;

    db->num_places = num ? num * 2 : 64;
    db->places = g_new0(struct link *, db->num_places);
    for (uint32_t i = 0; i < num; i++) {
        if (old[i]) {
            *place_of(db, old[i]->hash) = old[i];
        }
    }
    g_free(old);
}

const struct link *
sadb_list(const struct sadb *db, const struct sa_key *key)
{
    return *place_of(db, sadb_key_hash(key));
}

void
sadb_list_add(struct sadb *db, const struct sa_key *key, void *member)
{
    struct link *link = (struct link *)sadb_alloc(db, sizeof *link), **place;

    if (db->num_keys >= db->num_places / 4 * 3) {
        sadb_more_places(db);
    }
    db->epoch++;
    link->hash = sadb_key_hash(key);
    link->member = member;
    place = place_of(db, link->hash);
    link->older = *place;
    db->num_keys += !*place;
    *place = link;
}

void
sadb_pair_add(struct sadb *db, struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key pair = sadb_pair_key(db, a, b);

    sadb_list_add(db, &pair, sa);
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

    g_snprintf(out, (gulong)size, "%u.%u.%u.%u.%u.%u.%u.%u.%u.%u.%u %s", p->number, p->v1_transform, p->protocol, p->v1,
               a->auth_method, a->mode, a->life_s, a->life_kb, a->auth_alg, a->others, p->num_transforms, text);
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
keep_suite(struct sadb *db, const struct proposal *p)
{
    char text[SUITE_TEXT_MAX], key[SUITE_TEXT_MAX + 128];
    struct suite *s;

    proposal_print(p, text, sizeof text);
    suite_key(key, sizeof key, p, text);
    s = (struct suite *)g_hash_table_lookup(db->suites, key);
    if (s && same_transforms(&s->p, p)) {
        return s;
    }
    bool known = s != NULL;
    s = (struct suite *)sadb_alloc(db, sizeof *s);
    s->p = *p;
    s->p.spi_len = 0;
    memset(s->p.spi, 0, sizeof s->p.spi);
    if (p->num_transforms) {
        size_t bytes = p->num_transforms * sizeof *p->transforms;
        s->p.transforms = (const struct transform *)memcpy(sadb_alloc(db, bytes), p->transforms, bytes);
    }
    s->text = sadb_strdup(db, text);
    if (!known) {
        g_hash_table_insert(db->suites, sadb_strdup(db, key), s);
    }
    return s;
}

struct kept_proposal *
sadb_keep(struct sadb *db, const struct proposal *p, uint32_t frame)
{
    struct kept_proposal *k = (struct kept_proposal *)sadb_alloc(db, sizeof *k);
    const struct suite *s = keep_suite(db, p);

    *k = (struct kept_proposal){ &s->p, s->text, frame };
    return k;
}

const GPtrArray *
sadb_keep_offers(struct sadb *db, const struct ike_message *m, uint32_t frame)
{
    GString *key = g_string_new(NULL);
    const struct suite *suites[IKE_MAX_PROPOSALS];
    GPtrArray *list;

    for (size_t i = 0; i < m->num_proposals; i++) {
        suites[i] = keep_suite(db, &m->proposals[i]);
        g_string_append_printf(key, "%p ", (const void *)suites[i]);
    }
    list = (GPtrArray *)g_hash_table_lookup(db->offers, key->str);
    if (!list) {
        list = sadb_ptr_array(db);
        for (size_t i = 0; i < m->num_proposals; i++) {
            struct kept_proposal *k = (struct kept_proposal *)sadb_alloc(db, sizeof *k);
            *k = (struct kept_proposal){ &suites[i]->p, suites[i]->text, frame };
            g_ptr_array_add(list, k);
        }
        g_hash_table_insert(db->offers, sadb_strdup(db, key->str), list);
    }
    g_string_free(key, TRUE);
    return list;
}

/* Most clients of a gateway ask for the same selectors: a small memory of recent ones
 * spares copies and costs nothing where all differ. */
const struct selector *
sadb_keep_selectors(struct sadb *db, const struct selector *s, size_t n)
{
    struct recent_selectors *recent;
    uint32_t h = db->seed;

    if (!n) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        h = (h ^ s[i].lo.bytes[3] ^ (uint32_t)s[i].hi.bytes[2] << 8 ^ s[i].port_lo) * 2654435761u;
    }
    recent = &db->recent[h >> 16 & (G_N_ELEMENTS(db->recent) - 1)];
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
    recent->at = (const struct selector *)memcpy(sadb_alloc(db, n * sizeof *s), s, n * sizeof *s);
    return recent->at;
}

void
sadb_policy_add(struct sadb *db, const struct ip_addr *addr, const struct kept_proposal *kept, uint32_t frame, bool chosen)
{
    struct sa_key key = sadb_key(db, 'a', kept->p->protocol, NULL, 0, addr, NULL);
    struct policy *entry;
    unsigned looked = 0;

    for (const struct link *l = sadb_list(db, &key); l && looked < SADB_MAX_POLICIES; l = l->older, looked++) {
        const struct policy *old = (const struct policy *)l->member;
        if (old->chosen == chosen && strcmp(old->kept->text, kept->text) == 0) {
            return;
        }
    }
    entry = (struct policy *)sadb_alloc(db, sizeof *entry);
    *entry = (struct policy){ kept, frame, chosen };
    sadb_list_add(db, &key, entry);
}

size_t
sadb_policies(const struct sadb *db, const struct ip_addr *addr, uint8_t protocol, struct policy *out, size_t max)
{
    struct sa_key key = sadb_key(db, 'a', protocol, NULL, 0, addr, NULL);
    size_t n = 0;

    for (const struct link *l = sadb_list(db, &key); l && n < MIN(max, (size_t)SADB_MAX_POLICIES); l = l->older) {
        out[n++] = *(const struct policy *)l->member;
    }
    return n;
}
