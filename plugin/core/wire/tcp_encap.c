/* tcp_encap.c - TCP segments to IKE and ESP.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/frame.h>

#include <espial/cursor.h>
#include <espial/hash.h>
#include <espial/ike.h>
#include <espial/limits.h>
#include <glib.h>
#include <string.h>

/* Segments of whole messages that make a stream without IKE one of ESP. */
enum { SURE_AFTER = 3 };

struct key {
    struct ip_addr src, dst;
    uint16_t src_port, dst_port;
};

/* A segment that came before its turn. */
struct early {
    uint32_t seq;
    GByteArray *octets;
};

/* One direction of a connection. */
struct flow {
    bool ours;                  /* known to carry IKE and ESP */
    bool begun;                 /* some message was found in it */
    bool synced;                /* next is where a message begins or goes on */
    bool prefixed;
    uint32_t start, next;       /* start: of the prefix */
    unsigned fits;              /* segments of whole messages before it was known */
    GByteArray *rest;           /* of a message that is not whole yet */
    GPtrArray *early;           /* of struct early */
};

struct tcp_encap {
    GHashTable *flows;          /* struct key -> struct flow */
    size_t held;                /* octets that wait */
    bool any, capped;
};

/* Keys are zeroed first and have no padding. */
static guint
key_hash(gconstpointer p)
{
    return (guint)hash_octets(hash_seed(), p, sizeof(struct key));
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    const struct key *x = (const struct key *)a, *y = (const struct key *)b;

    return x->src_port == y->src_port && x->dst_port == y->dst_port &&
           ip_equal(&x->src, &y->src) && ip_equal(&x->dst, &y->dst);
}

static void
free_early(gpointer p)
{
    g_byte_array_free(((struct early *)p)->octets, TRUE);
    g_free(p);
}

static void
free_flow(gpointer p)
{
    struct flow *f = (struct flow *)p;

    g_byte_array_free(f->rest, TRUE);
    g_ptr_array_free(f->early, TRUE);
    g_free(f);
}

struct tcp_encap *
tcp_encap_new(void)
{
    struct tcp_encap *t = g_new0(struct tcp_encap, 1);

    t->flows = g_hash_table_new_full(key_hash, key_equal, g_free, free_flow);
    return t;
}

void
tcp_encap_free(struct tcp_encap *t)
{
    if (t) {
        g_hash_table_destroy(t->flows);
        g_free(t);
    }
}

bool
tcp_encap_any(const struct tcp_encap *t)
{
    return t->any;
}

bool
tcp_encap_capped(const struct tcp_encap *t)
{
    return t->capped;
}

static struct flow *
flow_of(struct tcp_encap *t, const struct key *k, bool make)
{
    struct flow *f = (struct flow *)g_hash_table_lookup(t->flows, k);

    if (f || !make) {
        return f;
    }
    if (g_hash_table_size(t->flows) >= TCP_ENCAP_MAX_STREAMS) {
        t->capped = true;
        return NULL;
    }
    f = g_new0(struct flow, 1);
    f->rest = g_byte_array_new();
    f->early = g_ptr_array_new_with_free_func(free_early);
    g_hash_table_insert(t->flows, g_memdup2(k, sizeof *k), f);
    return f;
}

/* The length of the message at c, its own length field included; 0 where too little is there
 * to tell or none can be so short. */
static size_t
message_length(const struct cur *c)
{
    struct cur at = *c;
    uint16_t len;

    return cur_u16(&at, &len) && len >= TCP_ENCAP_LENGTH ? len : 0;
}

static bool
has_marker(const uint8_t *at, size_t len)
{
    return len >= NON_ESP_MARKER && be32(at) == 0;
}

/* Whether the segment is whole messages from the first octet to the last.  *ike: one of them
 * is an IKE message. */
static bool
is_chain(const uint8_t *at, size_t len, bool *ike)
{
    struct cur c = cur_of(at, len), one;

    *ike = false;
    while (cur_left(&c)) {
        size_t n = message_length(&c);
        if (!n || !cur_sub(&c, &one, n)) {
            return false;
        }
        n -= TCP_ENCAP_LENGTH;
        one.at += TCP_ENCAP_LENGTH;
        if (n >= NON_ESP_MARKER + IKE_HEADER && has_marker(one.at, n)) {
            *ike |= ike_plausible(one.at + NON_ESP_MARKER, n - NON_ESP_MARKER);
        } else if (n > 1 && n < ESP_HEADER) {
            return false;
        }
    }
    return true;
}

static void
give_message(const uint8_t *at, size_t len, tcp_encap_give give, void *context)
{
    struct octets o = { at, len, len };
    bool ike = has_marker(at, len);

    if (ike) {
        o.at += NON_ESP_MARKER;
        o.captured = o.reported = len - NON_ESP_MARKER;
    }
    if (len > 1) {              /* one octet is a keepalive: RFC 9329 section 6.6 */
        give(context, ike, &o);
    }
}

static void
lose(struct flow *f)
{
    f->synced = false;
    g_byte_array_set_size(f->rest, 0);
    g_ptr_array_set_size(f->early, 0);
}

/* Octets of the stream in their order. */
static void
take(struct flow *f, const uint8_t *at, size_t len, tcp_encap_give give, void *context)
{
    size_t used = 0;

    f->next += (uint32_t)len;
    g_byte_array_append(f->rest, at, (guint)len);
    while (used < f->rest->len) {
        struct cur c = cur_of(f->rest->data + used, f->rest->len - used), whole;
        size_t n = message_length(&c);
        if (!n && cur_left(&c) >= TCP_ENCAP_LENGTH) {
            lose(f);            /* RFC 9329 section 3.1: a length of 0 or 1 ends the connection */
            return;
        }
        if (!n || !cur_sub(&c, &whole, n)) {
            break;
        }
        give_message(whole.at + TCP_ENCAP_LENGTH, n - TCP_ENCAP_LENGTH, give, context);
        used += n;
    }
    g_byte_array_remove_range(f->rest, 0, (guint)used);
}

/* Drops what of the segment was seen before.  False when nothing is left. */
static bool
cut_seen(const struct flow *f, uint32_t *seq, const uint8_t **at, size_t *len)
{
    uint32_t behind = f->next - *seq;

    if (behind == 0 || behind > UINT32_MAX / 2) {
        return true;
    }
    if (behind >= *len) {
        return false;
    }
    *seq += behind;
    *at += behind;
    *len -= behind;
    return true;
}

static void
take_early(struct flow *f, tcp_encap_give give, void *context)
{
    bool again = true;

    while (again && f->synced) {
        again = false;
        for (guint i = 0; i < f->early->len && !again; i++) {
            struct early *e = (struct early *)g_ptr_array_index(f->early, i);
            const uint8_t *at = e->octets->data;
            size_t len = e->octets->len;
            uint32_t seq = e->seq;
            bool left = cut_seen(f, &seq, &at, &len);
            if (left && seq != f->next) {
                continue;
            }
            g_ptr_array_steal_index_fast(f->early, i);
            if (left) {
                take(f, at, len, give, context);
            }
            free_early(e);
            again = true;
        }
    }
}

/* A segment lies ahead: its predecessor may still come, or was not captured. */
static void
wait_for(struct flow *f, uint32_t seq, const uint8_t *at, size_t len)
{
    struct early *e;

    if (f->early->len >= TCP_ENCAP_MAX_EARLY) {
        lose(f);
        return;
    }
    e = g_new0(struct early, 1);
    e->seq = seq;
    e->octets = g_byte_array_append(g_byte_array_new(), at, (guint)len);
    g_ptr_array_add(f->early, e);
}

/* Finds where messages begin in a stream whose start or middle was not captured. */
static bool
sync_at(struct flow *f, uint32_t seq, const uint8_t *at, size_t len, bool first)
{
    bool ike, chain = is_chain(at, len, &ike);

    if (f->ours ? chain || first : chain && (ike || ++f->fits >= SURE_AFTER)) {
        f->ours = f->synced = f->begun = true;
        f->next = seq;
    }
    return f->synced;
}

static size_t
held(const struct flow *f)
{
    size_t n = f->rest->len;

    for (guint i = 0; i < f->early->len; i++) {
        n += ((const struct early *)g_ptr_array_index(f->early, i))->octets->len;
    }
    return n;
}

/* The prefix is the first thing that the connection's originator sends. */
static void
begin(struct tcp_encap *t, struct flow *f, uint32_t seq, const struct key *back)
{
    struct flow *other = flow_of(t, back, true);

    lose(f);
    f->ours = f->synced = f->begun = f->prefixed = true;
    f->start = seq;
    f->next = seq + TCP_ENCAP_PREFIX;
    if (other) {
        t->held -= held(other);
        lose(other);
        other->ours = true;     /* it begins with its first octets, without prefix */
        other->begun = false;
    }
}

static void
see_octets(struct flow *f, uint32_t seq, const uint8_t *at, size_t len, tcp_encap_give give,
           void *context)
{
    if (!f->synced && !sync_at(f, seq, at, len, f->ours && !f->begun)) {
        return;
    }
    if (!cut_seen(f, &seq, &at, &len)) {
        return;
    }
    if (seq != f->next) {
        wait_for(f, seq, at, len);
        return;
    }
    take(f, at, len, give, context);
    take_early(f, give, context);
}

void
tcp_encap_see(struct tcp_encap *t, const struct frame_part *s, tcp_encap_give give, void *context)
{
    struct key k, back;
    const struct octets *o = &s->octets;
    uint32_t seq = s->tcp_seq + s->tcp_syn;
    bool begins = tcp_encap_begins(o);
    struct flow *f;
    size_t before;

    memset(&k, 0, sizeof k);
    memset(&back, 0, sizeof back);
    k.src = back.dst = s->src;
    k.dst = back.src = s->dst;
    k.src_port = back.dst_port = s->src_port;
    k.dst_port = back.src_port = s->dst_port;
    f = flow_of(t, &k, begins || k.src_port == PORT_NATT || k.dst_port == PORT_NATT);
    if (!f) {
        return;
    }
    before = held(f);
    if (o->captured < o->reported) {
        lose(f);                /* the snap length took the rest */
    } else if (begins && !(f->prefixed && f->start == seq)) {
        begin(t, f, seq, &back);
        see_octets(f, seq + TCP_ENCAP_PREFIX, o->at + TCP_ENCAP_PREFIX,
                   o->captured - TCP_ENCAP_PREFIX, give, context);
    } else {
        see_octets(f, seq, o->at, o->captured, give, context);
    }
    t->any |= f->ours;
    t->held += held(f) - before;
    if (t->held > TCP_ENCAP_MAX_HELD) {
        t->held -= held(f);
        lose(f);
        t->capped = true;
    }
}
