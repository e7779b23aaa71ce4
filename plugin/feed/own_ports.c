/* own_ports.c - between whom IKE was found by its form, on UDP ports that are none of its own.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "own_ports.h"

#include <espial/cursor.h>
#include <espial/hash.h>
#include <glib.h>
#include <string.h>

/* What else goes to such a port from another one, as DNS or QUIC, looks like ESP with some high
 * number. */
enum { FIRST_NUMBERS = 64 };

struct own_ports {
    uint64_t bits[65536 / 64];
    GHashTable *since;          /* hash of two addresses and ports -> the first frame */
    GHashTable *ends;           /* the same without the port of the end that began */
    bool capped;
};

struct own_ports *
own_ports_new(void)
{
    struct own_ports *own = g_new0(struct own_ports, 1);

    own->since = g_hash_table_new(g_direct_hash, g_direct_equal);
    own->ends = g_hash_table_new(g_direct_hash, g_direct_equal);
    return own;
}

void
own_ports_free(struct own_ports *own)
{
    if (own) {
        g_hash_table_destroy(own->since);
        g_hash_table_destroy(own->ends);
        g_free(own);
    }
}

const uint64_t *
own_ports_bits(const struct own_ports *own)
{
    return own->bits;
}

bool
own_ports_capped(const struct own_ports *own)
{
    return own->capped;
}

/* The same for both directions.  Without the port of one end: whatever NAT is in front of that one
 * may give it another port at any time. */
static gpointer
key_of(const struct sighting *at)
{
    struct { struct ip_addr addr; uint16_t port; } end[2];
    int order = ip_compare(&at->src, &at->dst);
    bool turned = order > 0 || (order == 0 && at->src_port > at->dst_port);

    memset(end, 0, sizeof end);
    end[turned].addr = at->src;
    end[turned].port = at->src_port;
    end[!turned].addr = at->dst;
    end[!turned].port = at->dst_port;
    return GSIZE_TO_POINTER((gsize)hash_octets(hash_seed(), end, sizeof end));
}

static struct sighting
from_any_port(const struct sighting *at)
{
    return (struct sighting){ .src = at->src, .dst = at->dst, .dst_port = at->dst_port };
}

static struct sighting
to_any_port(const struct sighting *at)
{
    return (struct sighting){ .src = at->src, .dst = at->dst, .src_port = at->src_port };
}

void
own_ports_add(struct own_ports *own, const struct sighting *at)
{
    struct sighting there = from_any_port(at);

    if (g_hash_table_contains(own->since, key_of(at))) {
        return;
    }
    if (g_hash_table_size(own->since) >= OWN_PORTS_MAX) {
        own->capped = true;
        return;
    }
    own->bits[at->src_port / 64] |= UINT64_C(1) << at->src_port % 64;
    own->bits[at->dst_port / 64] |= UINT64_C(1) << at->dst_port % 64;
    g_hash_table_insert(own->since, key_of(at), GUINT_TO_POINTER(at->frame));
    if (!g_hash_table_contains(own->ends, key_of(&there))) {
        g_hash_table_insert(own->ends, key_of(&there), GUINT_TO_POINTER(at->frame));
    }
}

static bool
is_since(GHashTable *table, const struct sighting *at, uint32_t frame)
{
    guint since = GPOINTER_TO_UINT(g_hash_table_lookup(table, key_of(at)));

    return since && since <= frame;
}

/* ESP that begins with its first packets (RFC 4303 section 2.2), or that has begun. */
static bool
is_esp(const struct feed *f, const struct frame_part *p, uint32_t frame)
{
    struct stream_at at;
    uint32_t spi = be32(p->octets.at), seq = be32(p->octets.at + sizeof spi);

    return (seq && seq <= FIRST_NUMBERS) ||
           sadb_stream_at(f->db, &at, PROTO_ESP, spi, seq, &p->src, &p->dst, frame);
}

bool
own_ports_known(const struct feed *f, const struct frame_part *p, uint32_t frame)
{
    const struct sighting at = { .frame = frame, .src = p->src, .dst = p->dst,
                                 .src_port = p->src_port, .dst_port = p->dst_port };
    const struct sighting there = from_any_port(&at), back = to_any_port(&at);
    const struct child_sa *child;
    bool to_r, one_end;

    if (is_since(f->own_ports->since, &at, frame)) {
        return true;
    }
    one_end = is_since(f->own_ports->ends, &there, frame) ||
              is_since(f->own_ports->ends, &back, frame);
    if (one_end && p->kind != FRAME_ESP) {
        return true;
    }
    if (p->kind != FRAME_ESP || p->octets.captured < ESP_HEADER) {
        return false;
    }
    child = sadb_child_at(f->db, PROTO_ESP, be32(p->octets.at), &p->dst, frame, &to_r);
    return (child && child->basis != BASIS_INFERRED) || (one_end && is_esp(f, p, frame));
}
