/* pieces.c - the fragments that are left at the end of a file.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "pieces.h"

#include <espial/limits.h>
#include <string.h>

struct piece_key {
    struct ip_addr src, dst;
    uint16_t ip_id;
    uint8_t protocol;
};

struct pieces {
    GArray *keys;               /* of struct piece_key, of each of those .. */
    GPtrArray *octets;          /* .. of GBytes */
    size_t held;
    struct datagrams *before;  /* of files before; NULL where there are none */
    guint num_before;           /* of octets, the first */
    GHashTable *whole;          /* frame -> GBytes that it completed with them */
};

static void
unref(gpointer bytes)
{
    g_bytes_unref((GBytes *)bytes);
}

struct pieces *
pieces_new(void)
{
    struct pieces *p = g_new0(struct pieces, 1);

    p->keys = g_array_new(FALSE, FALSE, sizeof(struct piece_key));
    p->octets = g_ptr_array_new_with_free_func(unref);
    p->whole = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, unref);
    return p;
}

void
pieces_free(struct pieces *p)
{
    if (p) {
        g_array_free(p->keys, TRUE);
        g_ptr_array_free(p->octets, TRUE);
        g_hash_table_destroy(p->whole);
        datagrams_free(p->before);
        g_free(p);
    }
}

static bool
same(const struct piece_key *k, const struct frame_part *f)
{
    return k->ip_id == f->ip_id && k->protocol == f->protocol && ip_equal(&k->src, &f->src) &&
           ip_equal(&k->dst, &f->dst);
}

static void
drop(struct pieces *p, guint i)
{
    p->held -= g_bytes_get_size((GBytes *)p->octets->pdata[i]);
    p->num_before -= i < p->num_before;
    g_array_remove_index(p->keys, i);
    g_ptr_array_remove_index(p->octets, i);
}

static bool
known_before(const struct pieces *p, const struct frame_part *fragment)
{
    for (guint i = 0; i < p->num_before; i++) {
        if (same(&g_array_index(p->keys, struct piece_key, i), fragment)) {
            return true;
        }
    }
    return false;
}

void
pieces_add(struct pieces *p, const struct frame_part *fragment)
{
    const struct octets *o = &fragment->octets;
    struct piece_key k;

    if (o->captured < o->reported || o->captured > STATE_MAX_PACKET) {
        return;
    }
    while (p->octets->len && (p->octets->len >= STATE_MAX_PIECES ||
                              p->held + o->captured > STATE_MAX_PIECES_OCTETS)) {
        drop(p, 0);
    }
    memset(&k, 0, sizeof k);
    k.src = fragment->src;
    k.dst = fragment->dst;
    k.ip_id = fragment->ip_id;
    k.protocol = fragment->protocol;
    g_array_append_val(p->keys, k);
    g_ptr_array_add(p->octets, g_bytes_new(o->at, o->captured));
    p->held += o->captured;
}

bool
pieces_read(struct pieces *p, const uint8_t *at, size_t len)
{
    struct frame_walk walk = { 0 };
    const struct octets o = { at, len, len };
    struct frame_part part;
    struct octets whole;

    frame_begin(&walk, FRAME_LINK_IP, &o);
    if (!frame_next(&walk, &part) || part.kind != FRAME_FRAGMENT) {
        return false;
    }
    pieces_add(p, &part);
    p->num_before = p->octets->len;
    p->before = p->before ? p->before : datagrams_new();
    datagrams_join(p->before, &part, &whole);
    return true;
}

void
pieces_joined(struct pieces *p, const struct frame_part *fragment)
{
    for (guint i = p->keys->len; i-- > 0;) {
        if (same(&g_array_index(p->keys, struct piece_key, i), fragment)) {
            drop(p, i);
        }
    }
}

bool
pieces_join(struct pieces *p, const struct frame_part *fragment, uint32_t frame, bool visited,
            struct octets *out)
{
    GBytes *whole = (GBytes *)g_hash_table_lookup(p->whole, GUINT_TO_POINTER(frame));
    gsize len;

    if (!visited && known_before(p, fragment) && datagrams_join(p->before, fragment, out)) {
        whole = g_bytes_new(out->at, out->captured);
        g_hash_table_replace(p->whole, GUINT_TO_POINTER(frame), whole);
    }
    if (!whole) {
        return false;
    }
    out->at = (const uint8_t *)g_bytes_get_data(whole, &len);
    out->captured = out->reported = len;
    return true;
}

const GPtrArray *
pieces_all(const struct pieces *p)
{
    return p->octets;
}
