/* sadb.c - containers and lookups of the SA database.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sadb_internal.h"

#include <string.h>

static const char *const basis_names[] = { "observed", "decrypted", "configured", "inferred" };
static const char *const ike_state_names[] = { "half_open", "established", "failed", "rekeyed", "deleted" };
static const char *const child_state_names[] = { "installed", "rekeyed", "deleted", "failed" };

const char *
basis_name(enum basis b)
{
    return basis_names[b];
}

const char *
ike_sa_state_name(enum ike_sa_state s)
{
    return ike_state_names[s];
}

const char *
child_state_name(enum child_state s)
{
    return child_state_names[s];
}

static guint
key_hash(gconstpointer p)
{
    const struct sa_key *k = (const struct sa_key *)p;
    uint64_t words[(sizeof *k + 7) / 8] = { 0 }, h = k->seed;

    memcpy(words, k, sizeof *k);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        h = (h ^ words[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return (guint)(h ^ h >> 32);
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct sa_key)) == 0;
}

static void
free_ptr_array(gpointer p)
{
    g_ptr_array_free((GPtrArray *)p, TRUE);
}

static void
free_array(gpointer p)
{
    g_array_free((GArray *)p, TRUE);
}

struct sadb *
sadb_new(uint32_t seed)
{
    struct sadb *db = g_new0(struct sadb, 1);

    db->seed = seed | 1;
    db->ike_sas = g_ptr_array_new();
    db->child_sas = g_ptr_array_new();
    db->streams = g_ptr_array_new();
    db->lists = g_hash_table_new_full(key_hash, key_equal, g_free, free_ptr_array);
    db->stream_of = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    db->options = (struct sadb_options){ 64, 0.5 };     /* RFC 4303 section 3.4.3: SHOULD be 64 */
    db->fragments = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    db->clear = g_array_new(FALSE, FALSE, sizeof(struct clear_packet));
    db->blocks = g_ptr_array_new_with_free_func(g_free);
    db->arrays = g_ptr_array_new_with_free_func(free_array);
    db->ptr_arrays = g_ptr_array_new_with_free_func(free_ptr_array);
    return db;
}

void
sadb_free(struct sadb *db)
{
    if (!db) {
        return;
    }
    g_ptr_array_free(db->ike_sas, TRUE);
    g_ptr_array_free(db->child_sas, TRUE);
    g_ptr_array_free(db->streams, TRUE);
    g_hash_table_destroy(db->lists);
    g_hash_table_destroy(db->stream_of);
    g_hash_table_destroy(db->fragments);
    g_array_free(db->clear, TRUE);
    g_ptr_array_free(db->arrays, TRUE);
    g_ptr_array_free(db->ptr_arrays, TRUE);
    g_ptr_array_free(db->blocks, TRUE);
    g_free(db);
}

void
sadb_set_options(struct sadb *db, const struct sadb_options *options)
{
    db->options = *options;
    db->options.window = CLAMP(options->window, 32u, (unsigned)STREAM_WINDOW_MAX);
}

const struct sadb_options *
sadb_options(const struct sadb *db)
{
    return &db->options;
}

void *
sadb_alloc(struct sadb *db, size_t size)
{
    void *p = g_malloc0(size);

    g_ptr_array_add(db->blocks, p);
    return p;
}

char *
sadb_strdup(struct sadb *db, const char *text)
{
    char *copy = g_strdup(text);

    g_ptr_array_add(db->blocks, copy);
    return copy;
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

void
sadb_cap(struct sadb *db, const char *limit)
{
    for (size_t i = 0; i < db->num_caps; i++) {
        if (strcmp(db->caps[i], limit) == 0) {
            return;
        }
    }
    if (db->num_caps + 1 < G_N_ELEMENTS(db->caps)) {
        db->caps[db->num_caps++] = limit;
    }
}

const char *const *
sadb_caps(const struct sadb *db)
{
    return db->caps;
}

struct sa_key
sadb_key(const struct sadb *db, char kind, uint8_t protocol, const void *spi, size_t spi_len,
         const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key k;

    memset(&k, 0, sizeof k);        /* padding is hashed too */
    k.seed = db->seed;
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
sadb_pair_key(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b)
{
    bool ordered = ip_compare(a, b) <= 0;

    return sadb_key(db, 'p', 0, NULL, 0, ordered ? a : b, ordered ? b : a);
}

GPtrArray *
sadb_list(const struct sadb *db, const struct sa_key *key)
{
    return (GPtrArray *)g_hash_table_lookup(db->lists, key);
}

bool
sadb_list_add(struct sadb *db, const struct sa_key *key, void *member, unsigned max)
{
    GPtrArray *list = sadb_list(db, key);

    db->epoch++;
    if (!list) {
        list = g_ptr_array_new();
        g_hash_table_insert(db->lists, g_memdup2(key, sizeof *key), list);
    }
    if (list->len >= max) {
        return false;
    }
    g_ptr_array_add(list, member);
    return true;
}

struct kept_proposal *
sadb_keep(struct sadb *db, const struct proposal *p, uint32_t frame)
{
    struct kept_proposal *k = (struct kept_proposal *)sadb_alloc(db, sizeof *k);
    size_t bytes = p->num_transforms * sizeof *p->transforms;
    char text[SUITE_TEXT_MAX];

    k->p = *p;
    k->frame = frame;
    if (bytes) {
        struct transform *copy = (struct transform *)sadb_alloc(db, bytes);
        memcpy(copy, p->transforms, bytes);
        k->p.transforms = copy;
    }
    k->text = sadb_strdup(db, proposal_print(&k->p, text, sizeof text));
    return k;
}

void
sadb_policy_add(struct sadb *db, const struct ip_addr *addr, const struct kept_proposal *kept, bool chosen)
{
    struct sa_key key = sadb_key(db, 'a', kept->p.protocol, NULL, 0, addr, NULL);
    GPtrArray *list = sadb_list(db, &key);
    struct policy *entry;

    for (guint i = 0; list && i < list->len; i++) {
        const struct policy *old = (const struct policy *)g_ptr_array_index(list, i);
        if (old->chosen == chosen && strcmp(old->kept->text, kept->text) == 0) {
            return;
        }
    }
    if (list && list->len >= SADB_MAX_POLICIES) {
        g_ptr_array_remove_index(list, 0);
    }
    entry = (struct policy *)sadb_alloc(db, sizeof *entry);
    entry->kept = kept;
    entry->chosen = chosen;
    sadb_list_add(db, &key, entry, SADB_MAX_POLICIES);
}

size_t
sadb_policies(const struct sadb *db, const struct ip_addr *addr, uint8_t protocol,
              const struct kept_proposal **out, bool *chosen, size_t max)
{
    struct sa_key key = sadb_key(db, 'a', protocol, NULL, 0, addr, NULL);
    GPtrArray *list = sadb_list(db, &key);
    size_t n = 0;

    for (guint i = list ? list->len : 0; i > 0 && n < max; i--) {
        const struct policy *p = (const struct policy *)g_ptr_array_index(list, i - 1);
        out[n] = p->kept;
        chosen[n++] = p->chosen;
    }
    return n;
}

struct ike_sa *
sadb_ike_new(struct sadb *db, uint8_t major, const uint8_t spi_i[8], const uint8_t spi_r[8])
{
    struct sa_key key = sadb_key(db, 'i', 0, spi_i, 8, NULL, NULL);
    struct ike_sa *sa;

    if (db->ike_sas->len >= SADB_MAX_IKE_SAS) {
        sadb_cap(db, "IKE SAs");
        return NULL;
    }
    sa = (struct ike_sa *)sadb_alloc(db, sizeof *sa);
    sa->id = db->ike_sas->len;
    sa->major = major;
    memcpy(sa->spi_i, spi_i, 8);
    memcpy(sa->spi_r, spi_r, 8);
    sa->has_spi_r = !zero_spi(spi_r);
    sa->rekeys = sa->rekeyed_by = NO_ID;
    sa->exchanges = sadb_ptr_array(db);
    sa->offered = sadb_ptr_array(db);
    sa->children = sadb_ptr_array(db);
    sa->addresses = sadb_array(db, sizeof(struct assigned_address));
    g_ptr_array_add(db->ike_sas, sa);
    if (!sadb_list_add(db, &key, sa, SADB_MAX_PER_SPI)) {
        sadb_cap(db, "IKE SAs with one SPI");
    }
    return sa;
}

static bool
spi_list_add(struct sadb *db, struct child_sa *c, uint32_t spi)
{
    struct sa_key key = sadb_key(db, 'c', c->protocol, &spi, sizeof spi, NULL, NULL);

    if (!sadb_list_add(db, &key, c, SADB_MAX_PER_SPI)) {
        sadb_cap(db, "Child SAs with one SPI");
        return false;
    }
    return true;
}

void
sadb_child_spi(struct sadb *db, struct child_sa *c, bool initiator, uint32_t spi)
{
    if (spi && spi_list_add(db, c, spi)) {
        *(initiator ? &c->spi_i : &c->spi_r) = spi;
    }
}

struct child_sa *
sadb_child_new(struct sadb *db, struct ike_sa *sa, uint8_t protocol, uint32_t spi_i, uint32_t spi_r)
{
    struct child_sa *c;

    if (db->child_sas->len >= SADB_MAX_CHILD_SAS) {
        sadb_cap(db, "Child SAs");
        return NULL;
    }
    c = (struct child_sa *)sadb_alloc(db, sizeof *c);
    c->id = db->child_sas->len;
    c->ike_sa = sa;
    c->protocol = protocol;
    c->rekeys = c->rekeyed_by = NO_ID;
    c->addr_i = sa->initiator.addr;
    c->addr_r = sa->responder.addr;
    c->streams = sadb_ptr_array(db);
    g_ptr_array_add(db->child_sas, c);
    g_ptr_array_add(sa->children, c);
    sadb_child_spi(db, c, true, spi_i);
    sadb_child_spi(db, c, false, spi_r);
    return c;
}

struct child_sa *
sadb_child_at(const struct sadb *db, uint8_t protocol, uint32_t spi, const struct ip_addr *dst,
              uint32_t frame, bool *to_responder)
{
    struct sa_key key = sadb_key(db, 'c', protocol, &spi, sizeof spi, NULL, NULL);
    GPtrArray *list = sadb_list(db, &key);

    for (guint i = list ? list->len : 0; i > 0; i--) {
        struct child_sa *c = (struct child_sa *)g_ptr_array_index(list, i - 1);
        if (c->request_frame > frame) {
            continue;
        }
        if (c->spi_r == spi && ip_equal(dst, &c->addr_r)) {
            *to_responder = true;
            return c;
        }
        if (c->spi_i == spi && ip_equal(dst, &c->addr_i)) {
            *to_responder = false;
            return c;
        }
    }
    return NULL;
}

struct child_sa *
sadb_child_of(const struct sadb *db, const struct ike_sa *sa, uint8_t protocol, uint32_t spi, bool initiator)
{
    struct sa_key key = sadb_key(db, 'c', protocol, &spi, sizeof spi, NULL, NULL);
    GPtrArray *list = sadb_list(db, &key);
    const struct ip_addr *side = initiator ? &sa->initiator.addr : &sa->responder.addr;

    for (guint i = list ? list->len : 0; i > 0; i--) {
        struct child_sa *c = (struct child_sa *)g_ptr_array_index(list, i - 1);
        if ((c->spi_i == spi && ip_equal(&c->addr_i, side)) ||
            (c->spi_r == spi && ip_equal(&c->addr_r, side)) || c->ike_sa == sa) {
            return c;
        }
    }
    return NULL;
}

struct ike_sa *
sadb_ike_between(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key key = sadb_pair_key(db, a, b);
    GPtrArray *list = sadb_list(db, &key);

    return list && list->len ? (struct ike_sa *)g_ptr_array_index(list, list->len - 1) : NULL;
}

bool
sadb_peers_readable(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key key = sadb_pair_key(db, a, b);
    GPtrArray *list = sadb_list(db, &key);
    uint32_t read = 0;
    guint looked = 0;

    for (guint i = list ? list->len : 0; i > 0 && looked < SADB_MAX_PER_PEER; i--, looked++) {
        const struct ike_sa *sa = (const struct ike_sa *)g_ptr_array_index(list, i - 1);
        if (!sa->started_here || sa->num_readable < sa->num_encrypted) {
            return false;
        }
        read += sa->num_readable;
    }
    return read > 0;
}

void
sadb_see_frame(struct sadb *db, uint32_t frame, double time)
{
    if (!db->num_frames) {
        db->first_time = time;
    }
    db->num_frames = MAX(db->num_frames, frame);
    db->last_time = MAX(db->last_time, time);
}

size_t
sadb_num_ike_sas(const struct sadb *db)
{
    return db->ike_sas->len;
}

const struct ike_sa *
sadb_ike_sa(const struct sadb *db, size_t i)
{
    return i < db->ike_sas->len ? (const struct ike_sa *)g_ptr_array_index(db->ike_sas, i) : NULL;
}

size_t
sadb_num_child_sas(const struct sadb *db)
{
    return db->child_sas->len;
}

const struct child_sa *
sadb_child_sa(const struct sadb *db, size_t i)
{
    return i < db->child_sas->len ? (const struct child_sa *)g_ptr_array_index(db->child_sas, i) : NULL;
}

size_t
sadb_num_streams(const struct sadb *db)
{
    return db->streams->len;
}

const struct stream *
sadb_stream(const struct sadb *db, size_t i)
{
    return i < db->streams->len ? (const struct stream *)g_ptr_array_index(db->streams, i) : NULL;
}

uint32_t
sadb_num_frames(const struct sadb *db)
{
    return db->num_frames;
}

double
sadb_first_time(const struct sadb *db)
{
    return db->first_time;
}

double
sadb_last_time(const struct sadb *db)
{
    return db->last_time;
}

bool
zero_spi(const uint8_t spi[8])
{
    static const uint8_t zero[8];

    return memcmp(spi, zero, sizeof zero) == 0;
}

const struct selector *
child_selectors(const struct child_sa *c, bool initiator, size_t *num)
{
    *num = initiator ? c->num_ts_i : c->num_ts_r;
    return initiator ? c->ts_i : c->ts_r;
}

char *
endpoint_print(const struct endpoint *e, char *out, size_t size)
{
    if (e->id) {
        g_strlcpy(out, e->id, size);
        return out;
    }
    return ip_print(&e->addr, out, size);
}

uint32_t
sadb_sk_length(const struct kept_proposal *chosen, uint32_t inner)
{
    struct encr_geometry g = { 0 };
    uint8_t icv = 0;
    bool known = false;

    for (size_t i = 0; chosen && i < chosen->p.num_transforms; i++) {
        const struct transform *t = &chosen->p.transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            known = encr_geometry(t->id, &g);
        } else if (t->type == TRANSFORM_INTEG && t->id != 0 && !integ_icv_len(t->id, &icv)) {
            return 0;
        }
    }
    if (!known) {
        return 0;
    }
    /* Pad Length takes one octet; stream and AEAD modes need no padding in IKE. */
    uint32_t block = g.block > 4 ? g.block : 1;
    return 28 + 4 + g.iv + (inner + 1 + block - 1) / block * block + (g.icv ? g.icv : icv);
}
