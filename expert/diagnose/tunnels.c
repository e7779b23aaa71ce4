/* tunnels.c - which IKE SAs, and streams of no SA, are of one tunnel: two ends, with the user
 * behind one of them.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

#include <espial/limits.h>

#include <string.h>

/* Sets that grow together: each place names another one of its set, the first names itself. */
static uint32_t
set_of(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static void
join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = set_of(parent, a);
    b = set_of(parent, b);
    parent[MAX(a, b)] = MIN(a, b);
}

/* --- keys: what SAs of one tunnel have in common ---- */

struct ties {
    uint32_t *parent;
    GHashTable *keys;           /* text -> place plus one */
};

/* Whoever has the same two, in whatever order, is of the same tunnel. */
static void
tie(struct ties *t, uint32_t place, const char *a, const char *b)
{
    bool turned = strcmp(a, b) > 0;
    char *key = g_strconcat(turned ? b : a, "\n", turned ? a : b, NULL);
    gpointer at = g_hash_table_lookup(t->keys, key);

    if (at) {
        join(t->parent, place, GPOINTER_TO_UINT(at) - 1);
        g_free(key);
    } else {
        g_hash_table_insert(t->keys, key, GUINT_TO_POINTER(place + 1));
    }
}

/* Who began the SA, by name: the user; the identity, unless it is a group's whose user was not
 * read.  NULL where nothing tells. */
static const char *
initiator_name(const struct ike_sa *sa)
{
    return sa->user ? sa->user : ike_sa_has_user(sa) ? NULL : sa->initiator.id;
}

static void
tie_named(struct ties *t, const struct ike_sa *sa)
{
    const char *name = initiator_name(sa);
    char addr[ADDR_TEXT_MAX];

    if (!name) {
        return;
    }
    tie(t, sa->id, name, ip_print(&sa->responder.addr, addr, sizeof addr));
    if (sa->responder.id) {
        tie(t, sa->id, name, sa->responder.id);
    }
}

/* An answer from elsewhere is an IKE SA of its own to the tracker. */
static void
tie_strays(struct ties *t, const struct sadb *db, const struct ike_sa *sa)
{
    const struct ike_sa *asked = sadb_asked_by(db, sa);

    if (asked) {
        join(t->parent, sa->id, asked->id);
    }
    for (uint32_t i = 0; i < sa->strays.len; i++) {
        const struct ike_sa *stray = sadb_stray_sa(db, sa, &sa->strays.at[i]);
        if (stray) {
            join(t->parent, sa->id, stray->id);
        }
    }
}

/* Clients behind one NAT share its address; there the port tells them apart. */
static bool
port_tells(const struct ike_sa *sa)
{
    return sa->initiator.port != PORT_IKE && sa->initiator.port != PORT_NATT;
}

static char *
pair_key(const struct ip_addr *a, const struct ip_addr *b, uint16_t port)
{
    char one[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX];
    bool turned;

    ip_print(a, one, sizeof one);
    ip_print(b, other, sizeof other);
    turned = strcmp(one, other) > 0;
    return g_strdup_printf("%s\n%s\n%u", turned ? other : one, turned ? one : other, port);
}

/* The named tunnels between two addresses: which one, or that there are several. */
enum { SEVERAL = UINT32_MAX };

static void
note_pair(GHashTable *pairs, struct ties *t, char *key, uint32_t place)
{
    gpointer at = g_hash_table_lookup(pairs, key);
    uint32_t known = GPOINTER_TO_UINT(at);

    if (!at || (known != SEVERAL && set_of(t->parent, known - 1) != set_of(t->parent, place))) {
        g_hash_table_insert(pairs, key, GUINT_TO_POINTER(at ? SEVERAL : place + 1));
    } else {
        g_free(key);
    }
}

/* Those without a name are of the only tunnel between these addresses. */
static void
tie_unnamed(struct ties *t, const struct sadb *db)
{
    GHashTable *pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t n = sadb_num_ike_sas(db);

    for (size_t i = 0; i < n; i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        if (initiator_name(sa)) {
            note_pair(pairs, t, pair_key(&sa->initiator.addr, &sa->responder.addr, 0), sa->id);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        if (!initiator_name(sa)) {
            char *any = pair_key(&sa->initiator.addr, &sa->responder.addr, 0);
            uint32_t known = GPOINTER_TO_UINT(g_hash_table_lookup(pairs, any));
            if (known && known != SEVERAL) {
                join(t->parent, sa->id, known - 1);
                g_free(any);
            } else {
                char *key = known || port_tells(sa) ? pair_key(&sa->initiator.addr,
                                                               &sa->responder.addr,
                                                               sa->initiator.port) :
                                                      g_strdup(any);
                gpointer at = g_hash_table_lookup(t->keys, key);
                if (at) {
                    join(t->parent, sa->id, GPOINTER_TO_UINT(at) - 1);
                    g_free(key);
                } else {
                    g_hash_table_insert(t->keys, key, GUINT_TO_POINTER(sa->id + 1));
                }
                g_free(any);
            }
        }
    }
    g_hash_table_destroy(pairs);
}

/* --- the tunnels ---- */

static struct tunnel *
add_tunnel(struct diagnoses *d)
{
    struct tunnel *t = g_new0(struct tunnel, 1);

    t->id = d->tunnels->len;
    t->ike_sas = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    t->streams = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    t->diagnoses = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_ptr_array_add(d->tunnels, t);
    return t;
}

/* The names come from the SA that knows most of them.  Where both ends call themselves the same,
 * as with one identity for all of a preshared key, only addresses tell who is who. */
static void
name_tunnel(const struct diagnoses *d, struct tunnel *t)
{
    const struct ike_sa *best = NULL;
    char addr[ADDR_TEXT_MAX];
    int most = -1;

    for (guint i = 0; i < t->ike_sas->len; i++) {
        const struct ike_sa *sa = sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, i));
        int known = (initiator_name(sa) ? 2 : 0) + (sa->responder.id ? 1 : 0);
        if (known > most) {
            most = known;
            best = sa;
        }
    }
    if (best) {
        const char *name = ike_sa_user(best), *other = best->responder.id;
        if (g_strcmp0(name, other) == 0) {
            name = other = NULL;
        }
        t->who = g_strdup(name ? name : ip_print(&best->initiator.addr, addr, sizeof addr));
        t->peer = g_strdup(other ? other : ip_print(&best->responder.addr, addr, sizeof addr));
    }
}

/* Tunnels that have the same two names: the address of the end that began each tells them apart,
 * or its port. */
static void
tell_apart(const struct diagnoses *d)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < d->tunnels->len; i++) {
            struct tunnel *t = (struct tunnel *)g_ptr_array_index(d->tunnels, i);
            char *key = g_strconcat(t->who, "\n", t->peer, NULL);
            guint known = GPOINTER_TO_UINT(g_hash_table_lookup(names, key));
            if (pass == 0) {
                g_hash_table_insert(names, key, GUINT_TO_POINTER(known + 1));
                continue;
            }
            if (known > 1) {
                const struct ike_sa *sa =
                    sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, 0));
                char addr[ADDR_TEXT_MAX];
                const char *who = t->who;
                ip_print(&sa->initiator.addr, addr, sizeof addr);
                t->who = strcmp(who, addr) == 0 ?
                             g_strdup_printf("%s port %u", addr, sa->initiator.port) :
                             g_strdup_printf("%s (%s)", who, addr);
                g_free((gpointer)(uintptr_t)who);
            }
            g_free(key);
        }
    }
    g_hash_table_destroy(names);
}

static void
gather_sas(struct diagnoses *d, uint32_t *parent)
{
    for (uint32_t i = 0; i < sadb_num_ike_sas(d->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(d->db, i);
        uint32_t set = set_of(parent, i);
        struct tunnel *t;
        if (set == i) {
            t = add_tunnel(d);
            t->first_frame = sa->first_frame;
            d->tunnel_of_sa[i] = t->id;
        } else {
            d->tunnel_of_sa[i] = d->tunnel_of_sa[set];
            t = (struct tunnel *)g_ptr_array_index(d->tunnels, d->tunnel_of_sa[i]);
        }
        t->first_frame = MIN(t->first_frame, sa->first_frame);
        g_array_append_val(t->ike_sas, i);
    }
    for (guint i = 0; i < d->tunnels->len; i++) {
        name_tunnel(d, (struct tunnel *)g_ptr_array_index(d->tunnels, i));
    }
    tell_apart(d);
}

/* Streams of no Child SA: of the only tunnel between these two addresses, else of one of their
 * own. */
static void
gather_streams(struct diagnoses *d)
{
    GHashTable *pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char addr[ADDR_TEXT_MAX];

    for (size_t i = 0; i < sadb_num_ike_sas(d->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(d->db, i);
        char *key = pair_key(&sa->initiator.addr, &sa->responder.addr, 0);
        uint32_t known = GPOINTER_TO_UINT(g_hash_table_lookup(pairs, key));
        uint32_t now = d->tunnel_of_sa[i] + 1;
        g_hash_table_insert(pairs, key, GUINT_TO_POINTER(known && known != now ? SEVERAL : now));
    }
    for (uint32_t i = 0; i < sadb_num_streams(d->db); i++) {
        const struct stream *s = sadb_stream(d->db, i);
        char *key;
        uint32_t known;
        struct tunnel *t;
        d->tunnel_of_stream[i] = NO_ID;
        if (s->child) {
            continue;
        }
        key = pair_key(&s->src, &s->dst, 0);
        known = GPOINTER_TO_UINT(g_hash_table_lookup(pairs, key));
        if (known && known != SEVERAL) {
            t = (struct tunnel *)g_ptr_array_index(d->tunnels, known - 1);
            g_free(key);
        } else {
            t = add_tunnel(d);
            t->who = g_strdup(ip_print(&s->src, addr, sizeof addr));
            t->peer = g_strdup(ip_print(&s->dst, addr, sizeof addr));
            t->first_frame = s->first_frame;
            g_hash_table_insert(pairs, key, GUINT_TO_POINTER(t->id + 1));
        }
        d->tunnel_of_stream[i] = t->id;
        g_array_append_val(t->streams, i);
    }
    g_hash_table_destroy(pairs);
}

/* Of each, the first of those that replaced each other: whatever is rekeyed is older. */
static void
find_roots(struct diagnoses *d)
{
    size_t sas = sadb_num_ike_sas(d->db), children = sadb_num_child_sas(d->db);

    d->root_of_sa = g_new(uint32_t, MAX(sas, 1));
    d->root_of_child = g_new(uint32_t, MAX(children, 1));
    for (uint32_t i = 0; i < sas; i++) {
        uint32_t before = sadb_ike_sa(d->db, i)->rekeys;
        d->root_of_sa[i] = before < i ? d->root_of_sa[before] : i;
    }
    for (uint32_t i = 0; i < children; i++) {
        uint32_t before = sadb_child_sa(d->db, i)->rekeys;
        d->root_of_child[i] = before < i ? d->root_of_child[before] : i;
    }
}

void
tunnels_find(struct diagnoses *d)
{
    size_t n = sadb_num_ike_sas(d->db);
    struct ties ties = { g_new(uint32_t, MAX(n, 1)),
                         g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };

    for (uint32_t i = 0; i < n; i++) {
        ties.parent[i] = i;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct ike_sa *sa = sadb_ike_sa(d->db, i);
        if (sa->rekeys != NO_ID) {
            join(ties.parent, i, sa->rekeys);
        }
        tie_named(&ties, sa);
        tie_strays(&ties, d->db, sa);
    }
    tie_unnamed(&ties, d->db);
    d->tunnel_of_sa = g_new(uint32_t, MAX(n, 1));
    d->tunnel_of_stream = g_new(uint32_t, MAX(sadb_num_streams(d->db), 1));
    find_roots(d);
    gather_sas(d, ties.parent);
    gather_streams(d);
    g_free(ties.parent);
    g_hash_table_destroy(ties.keys);
}

/* --- what a finding is of ---- */

const struct child_sa *
finding_child(const struct sadb *db, const struct finding *f)
{
    if (f->child_sa != NO_ID) {
        return sadb_child_sa(db, f->child_sa);
    }
    return f->stream != NO_ID ? sadb_stream(db, f->stream)->child : NULL;
}

uint32_t
finding_ike_sa(const struct sadb *db, const struct finding *f)
{
    const struct child_sa *c = f->ike_sa == NO_ID ? finding_child(db, f) : NULL;

    return c ? c->ike_sa->id : f->ike_sa;
}

uint32_t
tunnel_of_finding(const struct diagnoses *d, const struct finding *f)
{
    uint32_t sa = finding_ike_sa(d->db, f);

    return sa != NO_ID        ? d->tunnel_of_sa[sa] :
           f->stream != NO_ID ? d->tunnel_of_stream[f->stream] :
                                NO_ID;
}
