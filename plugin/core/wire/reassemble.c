/* reassemble.c - IP fragments to datagrams, and Cisco's fragments of IKEv1 to messages.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/frame.h>

#include <espial/cursor.h>
#include <espial/hash.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

enum kind { KIND_IPV4, KIND_IPV6, KIND_CISCO };

/* Keys are zeroed first; the hash takes all octets. */
struct key {
    struct ip_addr src, dst;
    uint32_t id;
    uint32_t kind;
};

/* One fragment: its place in the whole, and where its octets lie in those of the datagram. */
struct piece {
    uint32_t offset, len;
    size_t at;
};

struct datagram {
    struct key key;
    GArray *pieces;             /* of struct piece, by offset; of the same one, as they came */
    GByteArray *octets;
    uint32_t reach;             /* all is there up to here */
    uint32_t end;               /* where the first last fragment ends */
    bool has_end;
    GList *turn;                /* in order of age */
};

struct datagrams {
    GHashTable *open;           /* struct key -> struct datagram */
    GQueue age;                 /* the oldest first */
    size_t held;                /* octets of all of them, and what each piece costs */
    GByteArray *given[FRAME_MAX_STEPS];
    unsigned turn;
    bool capped;
};

static guint
key_hash(gconstpointer p)
{
    return (guint)hash_octets(hash_seed(), p, sizeof(struct key));
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    const struct key *x = (const struct key *)a, *y = (const struct key *)b;

    return x->id == y->id && x->kind == y->kind && ip_equal(&x->src, &y->src) &&
           ip_equal(&x->dst, &y->dst);
}

static size_t
weight(const struct datagram *d)
{
    return d->octets->len + d->pieces->len * sizeof(struct piece);
}

static void
free_datagram(gpointer p)
{
    struct datagram *d = (struct datagram *)p;

    g_array_free(d->pieces, TRUE);
    g_byte_array_free(d->octets, TRUE);
    g_free(d);
}

struct datagrams *
datagrams_new(void)
{
    struct datagrams *r = g_new0(struct datagrams, 1);

    r->open = g_hash_table_new_full(key_hash, key_equal, NULL, free_datagram);
    g_queue_init(&r->age);
    return r;
}

void
datagrams_free(struct datagrams *r)
{
    if (!r) {
        return;
    }
    g_queue_clear(&r->age);
    g_hash_table_destroy(r->open);
    for (unsigned i = 0; i < FRAME_MAX_STEPS; i++) {
        if (r->given[i]) {
            g_byte_array_free(r->given[i], TRUE);
        }
    }
    g_free(r);
}

bool
datagrams_capped(const struct datagrams *r)
{
    return r->capped;
}

static void
forget(struct datagrams *r, struct datagram *d)
{
    r->held -= weight(d);
    g_queue_delete_link(&r->age, d->turn);
    g_hash_table_remove(r->open, &d->key);
}

static void
forget_oldest(struct datagrams *r)
{
    r->capped = true;
    forget(r, (struct datagram *)g_queue_peek_head(&r->age));
}

static struct datagram *
datagram_of(struct datagrams *r, const struct key *k)
{
    struct datagram *d = (struct datagram *)g_hash_table_lookup(r->open, k);

    if (d) {
        return d;
    }
    if (g_hash_table_size(r->open) >= REASSEMBLY_MAX) {
        forget_oldest(r);
    }
    d = g_new0(struct datagram, 1);
    d->key = *k;
    d->pieces = g_array_new(FALSE, FALSE, sizeof(struct piece));
    d->octets = g_byte_array_new();
    g_queue_push_tail(&r->age, d);
    d->turn = g_queue_peek_tail_link(&r->age);
    g_hash_table_insert(r->open, &d->key, d);
    return d;
}

static const struct piece *
piece_at(const struct datagram *d, unsigned i)
{
    return &g_array_index(d->pieces, struct piece, i);
}

/* Behind all that begin at or before its offset. */
static unsigned
place_of(const struct datagram *d, uint32_t offset)
{
    unsigned low = 0, high = d->pieces->len;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (piece_at(d, middle)->offset <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void
add_piece(struct datagrams *r, struct datagram *d, uint32_t offset, const struct octets *o)
{
    const struct piece p = { offset, (uint32_t)o->reported, d->octets->len };
    unsigned place = place_of(d, offset);

    if (d->pieces->len >= REASSEMBLY_MAX_PIECES) {
        r->capped = true;
        return;
    }
    r->held -= weight(d);
    g_array_insert_val(d->pieces, place, p);
    g_byte_array_append(d->octets, o->at, (guint)o->reported);
    r->held += weight(d);
    /* Those behind it that waited for it: none before it can go on from here. */
    for (unsigned i = place; i < d->pieces->len; i++) {
        const struct piece *one = piece_at(d, i);
        if (one->offset > d->reach) {
            break;
        }
        d->reach = MAX(d->reach, one->offset + (d->key.kind == KIND_CISCO ? 1 : one->len));
    }
}

/* What the oldest ones hold is given up first. */
static void
keep_within(struct datagrams *r)
{
    while (r->held > REASSEMBLY_MAX_OCTETS) {
        forget_oldest(r);
    }
}

/* Octets for the whole, which stay until as many others were given as a frame can hold. */
static GByteArray *
next_given(struct datagrams *r)
{
    GByteArray **slot = &r->given[r->turn++ % FRAME_MAX_STEPS];

    if (!*slot) {
        *slot = g_byte_array_new();
    }
    g_byte_array_set_size(*slot, 0);
    return *slot;
}

static void
give(struct octets *out, const GByteArray *whole)
{
    *out = (struct octets){ whole->data, whole->len, whole->len };
}

/* Where two say different things of one octet, that counts which begins first, and of two that
 * begin together the one that came first. */
static void
join(struct datagrams *r, const struct datagram *d, struct octets *out)
{
    GByteArray *whole = next_given(r);

    for (unsigned i = 0; i < d->pieces->len && whole->len < d->end; i++) {
        const struct piece *p = piece_at(d, i);
        uint32_t end = MIN(p->offset + p->len, d->end);
        if (end > whole->len) {
            g_byte_array_append(whole, d->octets->data + p->at + (whole->len - p->offset),
                                end - whole->len);
        }
    }
    give(out, whole);
}

static void
join_cisco(struct datagrams *r, const struct datagram *d, struct octets *out)
{
    GByteArray *whole = next_given(r);

    for (unsigned i = 0; i < d->pieces->len; i++) {
        const struct piece *p = piece_at(d, i);
        if (i == 0 || piece_at(d, i - 1)->offset != p->offset) {
            g_byte_array_append(whole, d->octets->data + p->at, p->len);
        }
    }
    give(out, whole);
}

/* --- IP --------------------------------------------------------------------------------- */

/* Of private networks, or of the link alone. */
static bool
is_local(const struct ip_addr *a)
{
    const uint8_t *b = a->bytes;

    return b[0] == 10 || (b[0] == 172 && b[1] >> 4 == 1) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 169 && b[1] == 254);
}

/* The octets that its header says it carries, all of which must be here. */
static bool
read_ipv4(struct key *k, uint32_t *offset, bool *more, struct octets *o,
          const struct frame_part *part)
{
    const uint8_t *h = part->octets.at;
    size_t header = (size_t)(h[0] & 15) * 4, total = be16(h + 2);
    uint16_t place = be16(h + 6);

    if (!total) {
        total = part->octets.reported;          /* left to the adapter */
    }
    k->kind = KIND_IPV4;
    k->id = (uint32_t)(part->protocol ^ be16(h + 4));
    if (is_local(&part->src) || is_local(&part->dst)) {
        k->id ^= part->vlan;    /* two networks may have the same addresses */
    }
    *offset = (place & IPV4_FRAGMENT_OFFSET) * 8u;
    *more = (place & IPV4_MORE_FRAGMENTS) != 0;
    *o = part->payload;
    if (total <= header || total - header > o->captured) {
        return false;
    }
    o->captured = o->reported = total - header;
    return true;
}

/* The fragment header lies in front of what it carries (RFC 8200 section 4.5). */
static bool
read_ipv6(struct key *k, uint32_t *offset, bool *more, struct octets *o,
          const struct frame_part *part)
{
    const uint8_t *h = part->payload.at - IPV6_FRAGMENT_HEADER;
    uint16_t place = be16(h + 2);
    size_t payload = be16(part->octets.at + 4),
           before = (size_t)(part->payload.at - part->octets.at) - IPV6_HEADER;

    k->kind = KIND_IPV6;
    k->id = be32(h + 4);
    *offset = place & IPV6_FRAGMENT_OFFSET;
    *more = (place & IPV6_MORE_FRAGMENTS) != 0;
    *o = part->payload;
    if (payload <= before || payload - before > o->captured) {
        return false;
    }
    o->captured = o->reported = payload - before;
    return true;
}

bool
datagrams_join(struct datagrams *r, const struct frame_part *part, struct octets *out)
{
    struct datagram *d;
    struct octets o;
    struct key k;
    uint32_t offset;
    bool more, whole;

    memset(&k, 0, sizeof k);
    k.src = part->src;
    k.dst = part->dst;
    if (!(part->src.family == 4 ? read_ipv4(&k, &offset, &more, &o, part) :
                                  read_ipv6(&k, &offset, &more, &o, part))) {
        return false;
    }
    d = datagram_of(r, &k);
    if (!more && !d->has_end) {
        d->has_end = true;
        d->end = offset + (uint32_t)o.reported;
    }
    add_piece(r, d, offset, &o);
    whole = d->has_end && d->reach >= d->end;
    if (whole) {
        join(r, d, out);
        forget(r, d);
    } else {
        keep_within(r);
    }
    return whole;
}

/* --- Cisco's fragments --------------------------------------------------------------------- */

/* The payload with a fragment: identifier, number from 1, whether it is the last.  What follows in
 * the datagram belongs to it. */
static bool
find_fragment(const struct octets *message, struct octets *out)
{
    enum { NEXT = 16, VERSION = 17, FLAGS = 19, LENGTH = 24 };
    enum { BEFORE = 4, IKEV1 = 1, ENCRYPTED = 1 };
    const uint8_t *h = message->at;
    size_t at = IKE_HEADER, end;
    uint8_t type;

    if (message->captured < IKE_HEADER || (h[VERSION] >> 4 == IKEV1 && (h[FLAGS] & ENCRYPTED))) {
        return false;
    }
    end = be32(h + LENGTH);
    type = h[NEXT];
    for (unsigned n = 0; n < IKE_MAX_PAYLOADS && type && end <= message->captured &&
                         at + PAYLOAD_HEADER <= end; n++) {
        size_t len = be16(h + at + 2);
        if (len < PAYLOAD_HEADER || at + len > end) {
            return false;
        }
        if (type == V1P_FRAGMENT && len >= PAYLOAD_HEADER + BEFORE) {
            *out = *message;
            out->at += at + PAYLOAD_HEADER;
            out->captured -= at + PAYLOAD_HEADER;
            out->reported -= at + PAYLOAD_HEADER;
            return out->captured == out->reported;
        }
        type = h[at];
        at += len;
    }
    return false;
}

bool
datagrams_join_cisco(struct datagrams *r, const struct ip_addr *src, const struct ip_addr *dst,
                 const struct octets *message, struct octets *out)
{
    enum { NUMBER = 2, LAST = 3, BEFORE = 4 };
    struct octets o;
    struct datagram *d;
    struct key k;
    uint32_t number;
    bool last, whole;

    if (!find_fragment(message, &o)) {
        return false;
    }
    memset(&k, 0, sizeof k);
    k.kind = KIND_CISCO;
    k.src = *src;
    k.dst = *dst;
    number = o.at[NUMBER];
    last = o.at[LAST] != 0;
    if (number == 0) {
        return false;           /* they are counted from 1 */
    }
    o.at += BEFORE;
    o.captured -= BEFORE;
    o.reported -= BEFORE;
    d = datagram_of(r, &k);
    if (last && !d->has_end) {
        d->has_end = true;
        d->end = number;
    }
    add_piece(r, d, number - 1, &o);
    whole = d->has_end && d->reach >= d->end;
    if (whole) {
        join_cisco(r, d, out);
        forget(r, d);
    } else {
        keep_within(r);
    }
    return whole;
}
