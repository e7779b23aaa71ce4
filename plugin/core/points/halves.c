/* halves.c - what the points saw of each IKE SA and its Child SAs, direction by direction: a point
 * that captures one direction only, or no IKE, says nothing of what does not come.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <espial/hash.h>

/* One direction of one IKE SA. */
struct half {
    uint32_t packets[POINTS_MAX];
    uint32_t messages[POINTS_MAX]; /* different ones of IKE */
    uint32_t ipsec[POINTS_MAX]; /* packets of ESP and AH */
};

struct halves {
    GHashTable *all; /* IKE SA and direction -> struct half */
    GHashTable *messages; /* set of a message's key at one point */
    GHashTable *turns; /* set of turn_key at one point */
    GHashTable *hosts; /* host_key -> packets from it, or to it, at one point */
    uint32_t ike_at[POINTS_MAX]; /* messages of any SA */
};

static bool
is_outer(const struct record *r)
{
    return r->kind != MARK_SEALED && r->kind != MARK_CLEAR;
}

static struct half *
half_of(const struct halves *h, uint32_t ike_sa, bool to_responder)
{
    int64_t key = (int64_t)ike_sa << 1 | to_responder;

    return (struct half *)g_hash_table_lookup(h->all, &key);
}

static void
count_one(struct halves *h, const struct record *r, bool new_message)
{
    int64_t key = (int64_t)r->ike_sa << 1 | r->to_responder;
    struct half *one = half_of(h, r->ike_sa, r->to_responder);

    if (!one) {
        one = g_new0(struct half, 1);
        g_hash_table_insert(h->all, g_memdup2(&key, sizeof key), one);
    }
    one->packets[r->point]++;
    one->ipsec[r->point] += r->kind != MARK_IKE;
    one->messages[r->point] += new_message;
}

/* A request, or an answer, of that number at a point. */
static int64_t
turn_key(const struct record *r, uint32_t point, uint32_t message_id, bool answer)
{
    const uint32_t turn[] = { r->ike_sa, message_id, point,
                              (uint32_t)(answer << 1 | r->asked_by_initiator) };

    return (int64_t)hash_octets(1, turn, sizeof turn);
}

static void
count_turn(struct halves *h, const struct record *r)
{
    int64_t key = turn_key(r, r->point, r->message_id, r->answer);

    if (!g_hash_table_contains(h->turns, &key)) {
        g_hash_table_add(h->turns, g_memdup2(&key, sizeof key));
    }
}

enum host_count { ANY_FROM,
                  ANY_TO,
                  IKE_FROM, /* different messages */
                  IKE_TO };

static int64_t
host_key(uint32_t point, const struct ip_addr *host, enum host_count which)
{
    return (int64_t)hash_octets(point << 2 | which, host, sizeof *host);
}

static uint32_t
host_count(const struct halves *h, uint32_t point, const struct ip_addr *host,
           enum host_count which)
{
    int64_t key = host_key(point, host, which);

    return GPOINTER_TO_UINT(g_hash_table_lookup(h->hosts, &key));
}

static void
count_host(struct halves *h, uint32_t point, const struct ip_addr *host, enum host_count which)
{
    int64_t key = host_key(point, host, which);

    g_hash_table_insert(h->hosts, g_memdup2(&key, sizeof key),
                        GUINT_TO_POINTER(host_count(h, point, host, which) + 1));
}

static void
count_hosts(struct halves *h, const struct points *p, const struct record *r, bool new_message)
{
    const struct ends *e = record_ends(p, r);

    count_host(h, r->point, &e->src, ANY_FROM);
    count_host(h, r->point, &e->dst, ANY_TO);
    if (new_message) {
        count_host(h, r->point, &e->src, IKE_FROM);
        count_host(h, r->point, &e->dst, IKE_TO);
    }
}

/* An IKE message that this point did not have so far. */
static bool
is_new_message(struct halves *h, const struct record *r)
{
    int64_t message = (int64_t)hash_octets(r->point, &r->key, sizeof r->key);

    if (r->kind != MARK_IKE || g_hash_table_contains(h->messages, &message)) {
        return false;
    }
    g_hash_table_add(h->messages, g_memdup2(&message, sizeof message));
    return true;
}

static void
count(struct halves *h, const struct points *p)
{
    for (guint i = 0; i < p->records->len; i++) {
        const struct record *r = record_at(p, i);
        bool new_message = is_new_message(h, r);
        h->ike_at[r->point] += r->kind == MARK_IKE;
        if (r->ike_sa != NO_ID && is_outer(r)) {
            count_one(h, r, new_message);
        }
        if (is_outer(r)) {
            count_hosts(h, p, r, new_message);
        }
        if (r->ike_sa != NO_ID && r->numbered) {
            count_turn(h, r);
        }
    }
}

bool
halves_one_sided(const struct halves *h, const struct record *r)
{
    const struct half *back = half_of(h, r->ike_sa, !r->to_responder);

    return r->ike_sa != NO_ID && is_outer(r) && (!back || !back->packets[r->point]);
}

/* IKE that goes on in the other direction alone shows what the point captures; one of the addresses
 * is the same on both sides of a translation. */
static bool
shows_back_alone(const struct halves *h, const struct points *p, const struct record *r,
                 uint32_t point)
{
    const struct ends *e = record_ends(p, r);

    bool to_src = host_count(h, point, &e->src, IKE_TO) > 1,
         from_dst = host_count(h, point, &e->dst, IKE_FROM) > 1;

    return (to_src && !host_count(h, point, &e->src, ANY_FROM)) ||
           (from_dst && !host_count(h, point, &e->dst, ANY_TO));
}

/* No ESP and no AH of the IKE SA was captured there, though that of the other direction passed it
 * before it came to r's point. */
static bool
lacks_ipsec(const struct half *this, const struct half *back, const struct record *r,
            uint32_t point)
{
    return (r->kind == MARK_ESP || r->kind == MARK_AH) && back && back->ipsec[r->point] &&
           !back->ipsec[point] && !(this && this->ipsec[point]);
}

bool
halves_blind(const struct halves *h, const struct points *p, const struct record *r, uint32_t point)
{
    const struct half *this = half_of(h, r->ike_sa, r->to_responder),
                      *back = half_of(h, r->ike_sa, !r->to_responder);

    if (r->kind == MARK_IKE && !h->ike_at[point]) {
        return true;
    }
    if ((r->ike_sa == NO_ID || r->kind != MARK_IKE) && is_outer(r) &&
        shows_back_alone(h, p, r, point)) {
        return true;
    }
    if (r->ike_sa == NO_ID) {
        return false;
    }
    if (lacks_ipsec(this, back, r, point)) {
        return true;
    }
    return is_outer(r) && (!this || !this->packets[point]) && back && back->messages[point] > 1;
}

bool
halves_went_on(const struct halves *h, const struct record *r, uint32_t point)
{
    int64_t key = turn_key(r, point, r->message_id, r->answer), next;

    if (r->ike_sa == NO_ID || !r->numbered || g_hash_table_contains(h->turns, &key)) {
        return false;
    }
    next = r->answer ? turn_key(r, point, r->message_id + 1, false) :
                       turn_key(r, point, r->message_id, true);
    return g_hash_table_contains(h->turns, &next);
}

struct halves *
halves_new(const struct points *p)
{
    struct halves *h = g_new0(struct halves, 1);

    h->all = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    h->messages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    h->turns = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    h->hosts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    count(h, p);
    return h;
}

void
halves_free(struct halves *h)
{
    g_hash_table_destroy(h->all);
    g_hash_table_destroy(h->messages);
    g_hash_table_destroy(h->turns);
    g_hash_table_destroy(h->hosts);
    g_free(h);
}
