/* check_turn.c - negotiations in which it is one side's turn to speak, and it never does though it
 * lives.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "words/authority.h"
#include "words/turn.h"

#include <espial/hash.h>
#include <string.h>

/* Seconds of silence after which nobody waits any more.  A daemon answers at once; a person who
 * types a password does not. */
#define DAEMON_S 10.0
#define HALF_OPEN_S 30.0 /* most gateways drop what is half open by then */
#define PERSON_S 60.0
#define ANEW_S 1.0 /* what begins sooner was under way beside it */
#define ANEW_MOST_S 300.0
enum { MANY_TRIES = 3 };

/* Two addresses, the lower one first, and what is between them. */
struct pair {
    struct ip_addr a, b;
    GArray *sas; /* uint32_t: their ids */
    bool streams; /* ESP or AH was captured */
};

/* An IKE SA, and whose turn it is in it. */
struct waiting {
    struct turn_due turn;
    struct pair *pair;
    uint32_t place; /* in the list of its pair */
    bool told;
};

/* What came after it between the same two. */
struct sequel {
    const struct ike_sa *next; /* the initiator's next try */
    double next_time;
    unsigned tries; /* further tries */
    bool solved, pending; /* one of them came to an SA; the last one is under way still */
};

static guint
pair_hash(gconstpointer p)
{
    const struct pair *pair = (const struct pair *)p;
    struct ip_addr both[2] = { pair->a, pair->b };

    return (guint)hash_octets(hash_seed(), both, sizeof both);
}

static gboolean
pair_equal(gconstpointer a, gconstpointer b)
{
    const struct pair *p = (const struct pair *)a, *q = (const struct pair *)b;

    return ip_equal(&p->a, &q->a) && ip_equal(&p->b, &q->b);
}

static void
pair_free(gpointer p)
{
    struct pair *pair = (struct pair *)p;

    g_array_free(pair->sas, TRUE);
    g_free(pair);
}

static struct pair
pair_of(const struct ip_addr *a, const struct ip_addr *b)
{
    bool ordered = ip_compare(a, b) < 0;

    return (struct pair){ .a = ordered ? *a : *b, .b = ordered ? *b : *a };
}

static double
last_sent(const struct exchange_message *m)
{
    return m->again ? m->again->last_time : m->time;
}

/* --- what followed ------------------------------------------------------------------------- */

/* Their ids are not known to differ. */
static bool
may_be_same(const struct ike_sa *a, const struct ike_sa *b)
{
    return !a->initiator.id || !b->initiator.id || strcmp(a->initiator.id, b->initiator.id) == 0;
}

static const struct exchange_message *
first_message(const struct ike_sa *sa)
{
    const struct exchange *x = sadb_first_exchange(sa);

    return x && x->messages.len ? message_at(x, 0) : NULL;
}

/* The same initiator begins again, from the port that it had. */
static bool
begins_again(const struct ike_sa *sa, const struct ike_sa *later)
{
    const struct exchange_message *a = first_message(sa), *b = first_message(later);

    return a && b && later->started_here && later->rekeys == NO_ID && later->major == sa->major &&
           ip_equal(&sa->initiator.addr, &later->initiator.addr) && a->src_port == b->src_port;
}

/* When its last message was sent. */
static double
last_of(const struct ike_sa *sa)
{
    const struct exchange *x = sa->exchanges.len ? sa->exchanges.at[sa->exchanges.len - 1] : NULL;
    const struct exchange_message *m = x ? last_message(x, 0) : NULL;

    return m ? last_sent(m) : 0;
}

/* Anybody can make up an IKE SA that nobody could read: it says nothing of one that was read. */
static bool
may_tell(const struct waiting *w, const struct ike_sa *other)
{
    return w->turn.shape || !w->turn.last->encrypted || other->num_readable;
}

static struct sequel
sequel_of(const struct check_in *in, const struct waiting *all, const struct ike_sa *sa)
{
    const struct waiting *w = &all[sa->id];
    const GArray *sas = w->pair->sas;
    struct sequel s = { .next = NULL };
    double before = w->turn.time;
    bool ended = false;
    guint from = w->place > SADB_MAX_PER_PEER ? w->place - SADB_MAX_PER_PEER : 0;

    for (guint i = from; i < sas->len && i <= w->place + SADB_MAX_PER_PEER; i++) {
        const struct ike_sa *other = sadb_ike_sa(in->db, g_array_index(sas, uint32_t, i));
        const struct exchange_message *first = first_message(other);
        if (other == sa || !may_be_same(sa, other) || !may_tell(w, other)) {
            continue;
        }
        s.solved |= other->established_in > sa->first_frame && !all[other->id].turn.due;
        if (i < w->place || !first || !begins_again(sa, other)) {
            continue;
        }
        ended |= first->time - before > ANEW_MOST_S;
        /* What begins at once is another tunnel of the same two. */
        if (!ended && first->time - before >= ANEW_S) {
            s.next_time = s.next ? s.next_time : first->time;
            s.next = s.next ? s.next : other;
            s.tries++;
            s.pending = (other->state == IKE_HALF_OPEN || all[other->id].turn.due) &&
                        sadb_last_time(in->db) - last_of(other) < DAEMON_S;
        }
        before = MAX(before, last_of(other));
    }
    return s;
}

/* The next message would go to UDP 4500, which the capture may lack. */
static bool
floats_next(const struct ike_sa *sa, const struct turn_due *t)
{
    bool nat = sa->nat != NAT_UNKNOWN && sa->nat != NAT_NONE;

    return t->last->dst_port != PORT_NATT && t->last->src_port != PORT_NATT &&
           (t->due == DUE_IKE_AUTH || (t->due == DUE_PHASE1 && nat &&
                                       (t->x->type == V1_AGGRESSIVE ||
                                        sadb_whole_messages(t->x) == 4)));
}

/* The silence has lasted, and no capture of something that works looks like it. */
static bool
is_abandoned(const struct check_in *in, const struct ike_sa *sa, const struct waiting *w,
             const struct sequel *s)
{
    double silence = sadb_last_time(in->db) - w->turn.time;

    if (s->solved || (s->pending && s->tries < MANY_TRIES)) {
        return false;
    }
    if (floats_next(sa, &w->turn) &&
        MAX(w->turn.again, message_repeats(w->turn.last)) + s->tries < MANY_TRIES - 1) {
        return false;
    }
    switch (w->turn.due) {
    case DUE_IKE_AUTH:
        return silence >= DAEMON_S;
    case DUE_PHASE1:
        return silence >= (message_repeats(w->turn.last) ? AFTER_RETRANSMISSION_S :
                                                           WITHOUT_RETRANSMISSION_S);
    case DUE_EAP:
        return !(w->turn.shape && w->pair->streams) &&
               (s->next || silence >= (w->turn.x->message_id == 1 ? HALF_OPEN_S : PERSON_S));
    case DUE_CONFIG:
        return !w->pair->streams &&
               (s->next || silence >= (w->turn.shape ? 2 * DAEMON_S : DAEMON_S));
    default:
        /* A phase 1 alone may renew one from before the capture; two such do not. */
        return !w->pair->streams && s->next && silence >= DAEMON_S;
    }
}

/* --- what is said -------------------------------------------------------------------------- */

/* How it went on, to end a sentence. */
static void
say_sequel(const struct check_in *in, const struct waiting *w, const struct sequel *s, char *out,
           gulong size)
{
    if (s->tries > 1) {
        g_snprintf(out, size, " and starts again %u times, first after %.0f s (frame %u)", s->tries,
                   s->next_time - w->turn.time, s->next->first_frame);
    } else if (s->next) {
        g_snprintf(out, size, " and starts again after %.0f s (frame %u)",
                   s->next_time - w->turn.time, s->next->first_frame);
    } else {
        g_snprintf(out, size, " in the %.0f s captured after it",
                   sadb_last_time(in->db) - w->turn.time);
    }
}

struct words {
    char text[TEXT_MAX], remedy[TEXT_MAX];
    char i[ID_TEXT_MAX], r[ID_TEXT_MAX], sequel[128];
};

static void
say_eap_first(const struct ike_sa *sa, const struct turn_due *t, struct words *say)
{
    const struct peer_certificate *c = sa->certificate_r;
    bool psk = sa->auth_method_r == AUTH2_PSK;
    struct authority_words authority;

    if (t->x->shows_certificate) {
        g_snprintf(say->text, sizeof say->text,
                   "%s has sent its certificate%s%s%s and requests the user by EAP (frame %u), but "
                   "%s does not continue%s. Clients do this when they do not trust the gateway's "
                   "certificate.",
                   say->r, c ? " \"" : "", c ? c->certificate.subject : "", c ? "\"" : "",
                   t->last->frame, say->i, say->sequel);
        authority_say(&authority, sa, false);
        g_strlcat(say->text, authority.text[0] ? " " : "", sizeof say->text);
        g_strlcat(say->text, authority.text, sizeof say->text);
        g_snprintf(say->remedy, sizeof say->remedy,
                   "Install the CA that issued the certificate%s%s%s on the client;",
                   c ? ", \"" : "", c ? c->certificate.issuer : "", c ? "\"," : "");
        if (authority.asked) {
            say->remedy[0] = '\0';
        } else if (authority.sure) {
            g_snprintf(say->remedy, sizeof say->remedy, "%s ", authority.remedy);
        }
        g_strlcat(say->remedy, authority.sure ? "Check" : " check", sizeof say->remedy);
        g_strlcat(say->remedy,
                  " that the certificate contains the name that the client connects to as "
                  "subjectAltName, and the usage serverAuth. The client's log names the reason.",
                  sizeof say->remedy);
        return;
    }
    g_snprintf(say->text, sizeof say->text,
               "%s requests the user by EAP (frame %u)%s, but %s does not continue%s.%s",
               say->r, t->last->frame,
               psk               ? " and authenticates itself with a pre-shared key" :
               sa->auth_method_r ? " and authenticates itself with a signature, but sends no "
                                   "certificate" :
                                   " and sends neither AUTH nor a certificate of its own",
               say->i, say->sequel,
               psk ? "" : " A client that does not have its certificate cannot verify it.");
    g_strlcpy(say->remedy,
              psk ? "Compare the pre-shared key and the gateway's identity with what the client "
                    "expects; with EAP, most clients require a certificate from the gateway." :
                    "Configure the gateway to send its certificate in every IKE_AUTH (in "
                    "strongSwan send_cert = always). Then check that the client trusts the issuer, "
                    "and that the certificate contains the name and the usage serverAuth.",
              sizeof say->remedy);
}

static void
say_eap(const struct ike_sa *sa, const struct turn_due *t, struct words *say)
{
    char type[32];

    if (t->shape && !t->x->eap_shape) {
        uint32_t asked = exchange_octets(t->x, false), answered = exchange_octets(t->x, true);
        g_snprintf(say->text, sizeof say->text,
                   "%s answers IKE_AUTH (%u bytes) with %u bytes (frame %u), like a gateway that "
                   "sends its certificate and requests EAP, but %s does not continue%s. Suggests "
                   "that the client does not accept the gateway's certificate.",
                   say->r, asked, answered, t->last->frame, say->i, say->sequel);
        g_strlcpy(say->remedy,
                  "Install the CA of the gateway's certificate on the client; check that the "
                  "certificate contains the name that the client connects to and the usage "
                  "serverAuth. The IKE keys would show the certificate.",
                  sizeof say->remedy);
    } else if (!t->shape && t->x->message_id == 1) {
        say_eap_first(sa, t, say);
    } else {
        g_snprintf(say->text, sizeof say->text,
                   "%s continues with %s (frame %u), but %s does not answer%s. It has accepted "
                   "what the gateway sent before.",
                   say->r,
                   t->shape            ? "EAP, as the first payload shows" :
                   t->x->eap_succeeded ? "EAP-Success" :
                                         eap_type_name(t->x->eap_type, type, sizeof type),
                   t->last->frame, say->i, say->sequel);
        g_strlcpy(say->remedy,
                  "Check the client's log for why it stops: the user has not entered the password, "
                  "the client does not support this EAP method, or it does not accept the server's "
                  "authentication within EAP.",
                  sizeof say->remedy);
    }
}

static void
say_ike_auth(const struct ike_sa *sa, const struct turn_due *t, struct words *say)
{
    char name[64];

    exchange_name(2, t->x->type, name, sizeof name);
    if (t->again) {
        g_snprintf(say->text, sizeof say->text,
                   "%s answers %s (frame %u), but %s sends the same request %u more time%s and no "
                   "IKE_AUTH%s: the answer does not arrive, or is not accepted.",
                   say->r, name, t->last->frame, say->i, t->again, t->again == 1 ? "" : "s",
                   say->sequel);
    } else {
        g_snprintf(say->text, sizeof say->text,
                   "%s answers %s (frame %u), but %s does not send IKE_AUTH%s.",
                   say->r, name, t->last->frame, say->i, say->sequel);
    }
    g_snprintf(say->remedy, sizeof say->remedy,
               "Check the log of %s to see whether it gets the answer. If it does not, allow UDP "
               "%u back to it beyond the capture point. If it does, allow it to send to UDP 4500, "
               "and check what its log says about the answer or its own credentials.",
               ip_print(&sa->initiator.addr, name, sizeof name), t->last->src_port);
}

static void
say_phase1(const struct ike_sa *sa, const struct turn_due *t, struct words *say)
{
    unsigned whole = sadb_whole_messages(t->x);
    bool aggressive = t->x->type == V1_AGGRESSIVE, nat = floats_next(sa, t);
    char learnt[SUITE_TEXT_MAX + 64];

    if (aggressive) {
        g_snprintf(learnt, sizeof learnt, "the identity and the authentication of %s", say->r);
    } else if (whole == 2) {
        g_snprintf(learnt, sizeof learnt, "the suite %s", kept_text(t->x->chosen, learnt));
    } else {
        g_strlcpy(learnt, nat ? "that a NAT is in the path" : "the responder's public value",
                  sizeof learnt);
    }
    g_snprintf(say->text, sizeof say->text,
               "%s has sent message %u of %s mode (frame %u, %u time%s), but %s does not send "
               "message %u%s. The last thing it received is %s.",
               say->r, whole, aggressive ? "aggressive" : "main", t->last->frame,
               message_repeats(t->last) + 1, message_repeats(t->last) ? "s" : "", say->i, whole + 1,
               say->sequel, learnt);
    g_snprintf(say->remedy, sizeof say->remedy,
               "Check the log of %s to see whether it gets message %u; if it does not, the path "
               "back to it is blocked beyond the capture point.%s",
               ip_print(&sa->initiator.addr, learnt, sizeof learnt), whole,
               nat        ? " If it does, its next message goes to UDP 4500: allow that on its "
                            "side." :
               aggressive ? " If it does, compare the pre-shared key and the responder's identity "
                            "with what it expects." :
                            " If it does, its log says why it does not continue.");
}

static void
say_phase2(const struct ike_sa *sa, const struct turn_due *t, struct words *say)
{
    char ip[ADDR_TEXT_MAX];

    if (t->due == DUE_XAUTH) {
        g_snprintf(say->text, sizeof say->text,
                   "Phase 1 with XAUTH is complete (frame %u), but %s does not request the user%s.",
                   sa->established_in, say->r, say->sequel);
        g_strlcpy(say->remedy,
                  "Check that this connection uses XAUTH on the gateway and can reach its user "
                  "database, or disable XAUTH on both ends.",
                  sizeof say->remedy);
    } else if (t->due == DUE_CONFIG && t->shape) {
        g_snprintf(say->text, sizeof say->text,
                   "%s and %s complete two transactions, as XAUTH does (frame %u), but neither "
                   "Mode Config nor quick mode follows%s. Suggests that the client waits for the "
                   "gateway to push the address and the gateway for the client to pull it, or that "
                   "the user was rejected.",
                   say->r, say->i, t->x->request, say->sequel);
        g_strlcpy(say->remedy,
                  "First check the gateway's log for a rejected user. Then set Mode Config to push "
                  "on both ends or to pull on both ends (in strongSwan pull = no or yes, in "
                  "ipsec.conf modeconfig=).",
                  sizeof say->remedy);
    } else if (t->due == DUE_CONFIG) {
        g_snprintf(say->text, sizeof say->text,
                   "%s accepts the user %s (XAUTH, frame %u), but neither Mode Config nor quick "
                   "mode follows%s: the client waits for the gateway to push the address, and the "
                   "gateway for the client to pull it.",
                   say->r, sa->user ? sa->user : say->i, t->x->request, say->sequel);
        g_strlcpy(say->remedy,
                  "Set Mode Config to push on both ends or to pull on both ends (in strongSwan "
                  "pull = no or yes, in ipsec.conf modeconfig=); a client that needs no address "
                  "must start quick mode itself.",
                  sizeof say->remedy);
    } else {
        bool config = t->x->type == V1_TRANSACTION;
        g_snprintf(say->text, sizeof say->text,
                   "Phase 1 is complete (frame %u)%s, but %s does not start quick mode%s.",
                   sa->established_in, config ? ", and so are XAUTH and Mode Config" : "", say->i,
                   say->sequel);
        g_snprintf(say->remedy, sizeof say->remedy,
                   "Check the log of %s for why it does not start quick mode: no traffic for the "
                   "tunnel, no network configured, or an identity or certificate of the other end "
                   "that it does not accept.",
                   ip_print(&sa->initiator.addr, ip, sizeof ip));
    }
}

static void
mark(struct findings *out, struct scope *where, const struct waiting *w, const char *text)
{
    for (guint i = 0; i < w->turn.x->messages.len; i++) {
        const struct exchange_message *m = message_at(w->turn.x, i);
        if (m->from_initiator == w->turn.last->from_initiator && !m->injected && !m->forged) {
            where->frame = m->frame;
            finding_add(out, CHECK_negotiation_abandoned, where, "%s", text);
        }
    }
}

/* The tries that ended in the same way are one finding. */
static void
report(const struct check_in *in, struct findings *out, struct waiting *all,
       const struct ike_sa *sa, const struct sequel *s)
{
    struct waiting *w = &all[sa->id];
    struct scope where = { .sa = sa, .exchange = NO_ID, .variant = w->turn.due };
    struct words say;

    endpoint_print(&sa->initiator, say.i, sizeof say.i);
    endpoint_print(&sa->responder, say.r, sizeof say.r);
    say_sequel(in, w, s, say.sequel, sizeof say.sequel);
    if (w->turn.due == DUE_EAP) {
        say_eap(sa, &w->turn, &say);
    } else if (w->turn.due == DUE_IKE_AUTH) {
        say_ike_auth(sa, &w->turn, &say);
    } else if (w->turn.due == DUE_PHASE1) {
        say_phase1(sa, &w->turn, &say);
    } else {
        say_phase2(sa, &w->turn, &say);
    }
    where.basis = w->turn.shape           ? BASIS_INFERRED :
                  w->turn.last->encrypted ? BASIS_DECRYPTED :
                                            BASIS_OBSERVED;
    where.remedy = say.remedy;
    mark(out, &where, w, say.text);
    for (guint i = w->place + 1;
         i < w->pair->sas->len && i <= w->place + SADB_MAX_PER_PEER; i++) {
        const struct ike_sa *later = sadb_ike_sa(in->db, g_array_index(w->pair->sas, uint32_t, i));
        struct waiting *v = &all[later->id];
        if (v->turn.due == w->turn.due && v->turn.shape == w->turn.shape &&
            may_be_same(sa, later) && begins_again(sa, later)) {
            v->told = true;
            mark(out, &where, v, say.text);
        }
    }
}

/* --- phase 1 without a Child SA ------------------------------------------------------------- */

/* Nothing else between the two could make it a renewal, or the first of several tries. */
static bool
is_only_one(const struct check_in *in, const struct waiting *w, const struct ike_sa *sa)
{
    const GArray *sas = w->pair->sas;

    if (w->pair->streams || sas->len > SADB_MAX_PER_PEER) {
        return false;
    }
    for (guint i = 0; i < sas->len; i++) {
        const struct ike_sa *other = sadb_ike_sa(in->db, g_array_index(sas, uint32_t, i));
        if (other != sa && (other->established_in || !other->started_here)) {
            return false;
        }
    }
    return true;
}

/* --- all IKE SAs --------------------------------------------------------------------------- */

static struct pair *
take_pair(GHashTable *pairs, const struct ip_addr *a, const struct ip_addr *b)
{
    struct pair key = pair_of(a, b), *pair = (struct pair *)g_hash_table_lookup(pairs, &key);

    if (!pair) {
        pair = g_new(struct pair, 1);
        *pair = key;
        pair->sas = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_hash_table_insert(pairs, pair, pair);
    }
    return pair;
}

static void
find_pairs(const struct sadb *db, GHashTable *pairs, struct waiting *all)
{
    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        struct pair *pair = take_pair(pairs, &sa->initiator.addr, &sa->responder.addr);
        all[i].pair = pair;
        all[i].place = pair->sas->len;
        g_array_append_val(pair->sas, sa->id);
    }
    for (size_t i = 0; i < sadb_num_streams(db); i++) {
        const struct stream *s = sadb_stream(db, i);
        struct pair key = pair_of(&s->src, &s->dst),
                    *pair = (struct pair *)g_hash_table_lookup(pairs, &key);
        if (pair) {
            pair->streams = true;
        }
    }
}

void
check_negotiation_abandoned(const struct check_in *in, struct findings *out)
{
    size_t num = sadb_num_ike_sas(in->db);
    struct waiting *all = g_new0(struct waiting, num + 1);
    GHashTable *pairs = g_hash_table_new_full(pair_hash, pair_equal, NULL, pair_free);
    bool some = false;

    for (size_t i = 0; i < num; i++) {
        all[i].turn = whose_turn(sadb_ike_sa(in->db, i));
        some |= all[i].turn.due != DUE_NOTHING || phase1_is_alone(sadb_ike_sa(in->db, i));
    }
    if (some) {
        find_pairs(in->db, pairs, all);
    }
    for (size_t i = 0; some && i < num; i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        struct sequel s = { .next = NULL };
        bool due = all[i].turn.due && all[i].turn.last && !all[i].told;
        if (due) {
            s = sequel_of(in, all, sa);
            due = is_abandoned(in, sa, &all[i], &s);
        }
        if (due) {
            report(in, out, all, sa, &s);
        } else if (!all[i].told && phase1_is_alone(sa) && is_only_one(in, &all[i], sa)) {
            report_phase1_alone(in, out, sa);
        }
    }
    g_hash_table_destroy(pairs);
    g_free(all);
}
