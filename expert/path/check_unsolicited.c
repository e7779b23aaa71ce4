/* check_unsolicited.c - answers to IKE requests that nobody sent: an address in whose name others
 * ask gets them from many places at once.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/hash.h>

/* So many senders, or so many answers of fewer senders in quick succession, are no negotiation
 * whose other direction the capture lacks. */
enum { SENDERS = 4,
       ANSWERS = 10 };
#define ANSWER_S 0.5            /* who begins anew by himself waits longer, on average */

/* Who gets such answers. */
struct receiver {
    struct ip_addr addr;
    const struct ike_sa *first;
    double from, to;            /* times of the first answer and of the last */
    unsigned answers, senders;
};

struct pair {
    struct ip_addr from, to;
};

static guint
pair_hash(gconstpointer p)
{
    return (guint)hash_octets(hash_seed(), p, sizeof(struct pair));
}

static gboolean
pair_equal(gconstpointer a, gconstpointer b)
{
    const struct pair *x = (const struct pair *)a, *y = (const struct pair *)b;

    return ip_equal(&x->from, &y->from) && ip_equal(&x->to, &y->to);
}

/* Octets that the structure does not use are zero in both. */
static struct pair *
pair_of(const struct ip_addr *from, const struct ip_addr *to)
{
    struct pair *p = g_new0(struct pair, 1);

    p->from = ip_from(from->family, from->bytes);
    p->to = ip_from(to->family, to->bytes);
    return p;
}

/* The IKE SA is one side's first words alone, in clear, and they answer: a choice or a refusal. */
static const struct exchange_message *
lone_answer(const struct ike_sa *sa)
{
    const struct exchange *x = sa->exchanges.len ? sa->exchanges.at[0] : NULL;
    const struct exchange_message *m = x && x->messages.len ? message_at(x, 0) : NULL;

    if (!m || sa->num_encrypted || sa->exchanges.len > 1 || m->encrypted ||
        (sa->from_initiator && sa->from_responder)) {
        return NULL;
    }
    if (sa->major == 2 ? !m->response : m->from_initiator && !m->refused) {
        return NULL;
    }
    return sa->major == 2 || !m->from_initiator || x->type == V1_INFORMATIONAL ? m : NULL;
}

static const struct ip_addr *
receiver_of(const struct ike_sa *sa)
{
    return sa->from_responder ? &sa->initiator.addr : &sa->responder.addr;
}

static const struct ip_addr *
sender_of(const struct ike_sa *sa)
{
    return sa->from_responder ? &sa->responder.addr : &sa->initiator.addr;
}

/* Who has sent IKE to whom, but for such answers. */
static GHashTable *
spoken(const struct sadb *db)
{
    GHashTable *all = g_hash_table_new_full(pair_hash, pair_equal, g_free, NULL);

    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        if (lone_answer(sa)) {
            continue;
        }
        if (sa->from_initiator) {
            g_hash_table_add(all, pair_of(&sa->initiator.addr, &sa->responder.addr));
        }
        if (sa->from_responder) {
            g_hash_table_add(all, pair_of(&sa->responder.addr, &sa->initiator.addr));
        }
    }
    return all;
}

static bool
is_pair(GHashTable *all, const struct ip_addr *from, const struct ip_addr *to)
{
    struct pair p = { .from = *from, .to = *to }, *key = pair_of(&p.from, &p.to);
    bool found = g_hash_table_contains(all, key);

    g_free(key);
    return found;
}

/* What one address got; the table's key is a pair of that address with itself. */
static struct receiver *
receiver_at(GHashTable *all, const struct ip_addr *addr)
{
    struct pair *key = pair_of(addr, addr);
    struct receiver *r = (struct receiver *)g_hash_table_lookup(all, key);

    if (r) {
        g_free(key);
        return r;
    }
    r = g_new0(struct receiver, 1);
    r->addr = *addr;
    g_hash_table_insert(all, key, r);
    return r;
}

struct unsolicited {
    GHashTable *spoken, *receivers, *senders;
};

static bool
is_flood(const struct receiver *r)
{
    return r->senders >= SENDERS ||
           (r->answers >= ANSWERS && r->to - r->from < ANSWER_S * r->answers);
}

/* NULL where the IKE SA is no such answer, or its receiver has asked its sender. */
static const struct exchange_message *
not_asked(const struct unsolicited *u, const struct ike_sa *sa)
{
    const struct exchange_message *m = lone_answer(sa);

    return m && !is_pair(u->spoken, receiver_of(sa), sender_of(sa)) ? m : NULL;
}

static struct unsolicited
gather(const struct sadb *db)
{
    struct unsolicited u = {
        .spoken = spoken(db),
        .receivers = g_hash_table_new_full(pair_hash, pair_equal, g_free, g_free),
        .senders = g_hash_table_new_full(pair_hash, pair_equal, g_free, NULL),
    };

    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        const struct exchange_message *m = not_asked(&u, sa);
        struct receiver *r;
        if (!m) {
            continue;
        }
        r = receiver_at(u.receivers, receiver_of(sa));
        r->first = r->first ? r->first : sa;
        r->from = r->answers++ ? MIN(r->from, m->time) : m->time;
        r->to = MAX(r->to, m->time);
        r->senders += g_hash_table_add(u.senders, pair_of(sender_of(sa), receiver_of(sa))) ? 1 : 0;
    }
    return u;
}

static void
forget(struct unsolicited *u)
{
    g_hash_table_destroy(u->spoken);
    g_hash_table_destroy(u->receivers);
    g_hash_table_destroy(u->senders);
}

static const struct receiver *
flooded(const struct unsolicited *u, const struct ike_sa *sa)
{
    const struct receiver *r = not_asked(u, sa) ? receiver_at(u->receivers, receiver_of(sa)) : NULL;

    return r && is_flood(r) ? r : NULL;
}

void
check_unsolicited_answers(const struct check_in *in, struct findings *out)
{
    struct unsolicited u = gather(in->db);

    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        const struct receiver *r = flooded(&u, sa);
        struct scope where = { .basis = BASIS_INFERRED, .exchange = NO_ID };
        char who[ADDR_TEXT_MAX], by[ADDR_TEXT_MAX], name[64], many[48] = "";
        if (!r) {
            continue;
        }
        where.frame = not_asked(&u, sa)->frame;
        where.variant = r->first->id;
        if (r->senders > 1) {
            g_snprintf(many, sizeof many, " and %u other address%s", r->senders - 1,
                       r->senders > 2 ? "es" : "");
        }
        finding_add(out, CHECK_unsolicited_answers, &where,
                    "%s receives %u IKE answers from %s%s (the first is %s, frame %u), but no "
                    "request from %s to %s was captured. Suggests requests with a spoofed source "
                    "address, or a capture that lacks what it sends.",
                    ip_print(&r->addr, who, sizeof who), r->answers,
                    ip_print(sender_of(r->first), by, sizeof by), many,
                    exchange_name(r->first->major, r->first->exchanges.at[0]->type, name,
                                  sizeof name),
                    not_asked(&u, r->first)->frame, who, r->senders > 1 ? "them" : by);
    }
    forget(&u);
}

static bool
is_told(const struct ike_sa *sa, const void *data)
{
    return flooded((const struct unsolicited *)data, sa) != NULL;
}

void
explain_unsolicited(struct findings *out, const struct sadb *db)
{
    struct unsolicited u = gather(db);

    if (g_hash_table_size(u.receivers)) {
        findings_withdraw_of(out, db, is_told, &u);
    }
    forget(&u);
}
