/* telling.c - what would tell apart the causes that remain, or make sure of one that is inferred:
 * keys, a capture elsewhere, a log.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "diagnose.h"
#include "expert.h"

#include <string.h>

/* Whom to ask. */
enum whom {
    NOBODY,
    SENDER,             /* of the message or packet that the cause is found in */
    RECEIVER
};

/* When a row is meant. */
enum when {
    ALWAYS,
    WHEN_SURE,          /* it was seen; what made it was not */
    WHEN_INFERRED,
    WHEN_ANSWERED,      /* its exchange has an answer, and goes on as if it had none */
    WHEN_SILENT,        /* it has none */
    WHEN_BY_INITIATOR,  /* who sent the message in question */
    WHEN_AFTER_EAP,     /* it is of a later message of IKE_AUTH than the first */
    WHEN_LONG,          /* so is the message in question, by what passes everywhere unfragmented */
    WHEN_SECRET         /* one secret proves the ends, no user or certificate */
};

enum { LONG_OCTETS = 1232 };    /* of IKE: 1280 less the headers of IPv6 and UDP, RFC 8200 */

/* Parts of sentences; NULL where it would tell nothing.  '@' stands for the end that is asked. */
static const struct telling {
    enum check_id check;
    enum when when;
    enum whom whom;
    const char *keys;           /* what those of the IKE SA would show */
    const char *capture;        /* sentence parts: what a capture at that end would show */
    const char *log;            /* what to look for in its log */
} tellings[] = {
#define PACKETS                                                                                    \
    "if none of these packets arrives there, the path there is blocked; if they arrive and no "    \
    "answer leaves, it drops them or sends the answers elsewhere; if answers leave, the path "     \
    "back is blocked"
#define MESSAGES                                                                                   \
    "if the message does not arrive there, the path there is blocked; if it arrives and no "       \
    "answer leaves, the IKE daemon is down or ignores it; if an answer leaves, the path back is "  \
    "blocked"
    { CHECK_one_way, ALWAYS, RECEIVER,
      "whether the inner addresses are those that the SA admits", PACKETS, NULL },
    { CHECK_stream_stopped, ALWAYS, RECEIVER,
      "what these packets carry, and whether their inner addresses are those that the SA admits",
      PACKETS, "a restart, or an SA that it deleted or replaced" },
    { CHECK_request_unanswered, WHEN_INFERRED, SENDER, "what it answers", NULL,
      "the request that it refuses" },
    { CHECK_request_unanswered, WHEN_SURE, RECEIVER, NULL, MESSAGES, "this request" },
    { CHECK_retransmission, WHEN_ANSWERED, SENDER, NULL,
      "if the answer does not arrive there, the path back is blocked; if it arrives, it is not "
      "accepted",
      "an answer that it does not accept" },
    { CHECK_retransmission, WHEN_SILENT, RECEIVER, NULL, MESSAGES, "this request" },
    { CHECK_dead_peer, ALWAYS, RECEIVER, NULL, MESSAGES,
      "a restart, or an SA that it deleted or replaced" },
    { CHECK_udp_4500_blocked, WHEN_LONG, RECEIVER, NULL,
      "if its first fragment arrives there and the others do not, it is their length that the way "
      "does not let through and not the port; if none arrives, the port is blocked on the way "
      "there; if answers leave, on the way back",
      NULL },
    { CHECK_udp_4500_blocked, ALWAYS, RECEIVER, NULL,
      "if they do not arrive there, UDP 4500 is blocked on the way there; if answers leave, on the "
      "way back; if they arrive and no answer leaves, they are not accepted",
      NULL },
    { CHECK_large_message_lost, ALWAYS, RECEIVER, NULL,
      "if some fragments of it do not arrive there, the way drops them; if it arrives whole, it is "
      "not accepted",
      NULL },
    { CHECK_large_esp_lost, ALWAYS, RECEIVER, NULL,
      "if the long packets do not arrive there, their length decides; if they arrive, what is "
      "behind @ does not answer",
      NULL },
    { CHECK_auth_failure_suspected, WHEN_BY_INITIATOR, SENDER, "the refusal and both identities",
      NULL, "what it does not accept: the certificate, the identity or the key of the peer" },
    { CHECK_auth_failure_suspected, WHEN_AFTER_EAP, SENDER, "the refusal and the user", NULL,
      "what it refuses: the user's password, or what it checks after that" },
    { CHECK_auth_failure_suspected, ALWAYS, SENDER, "the refusal and both identities", NULL,
      "this negotiation: where it finds no connection for the peer, an identity differs; where it "
      "finds one, the key, password or certificate does" },
    { CHECK_auth_failed, WHEN_SECRET, SENDER, NULL, NULL,
      "this negotiation: where it finds no connection for the peer, an identity differs; where it "
      "finds one, the key does" },
    { CHECK_exchange_mode_mismatch, ALWAYS, SENDER, NULL, NULL,
      "this negotiation: it has a connection for the peer in another mode, or none at all" },
    { CHECK_negotiation_abandoned, WHEN_BY_INITIATOR, RECEIVER,
      "what the last message gives and asks for", NULL, "what it waits for" },
    { CHECK_negotiation_abandoned, ALWAYS, RECEIVER, "what the last message gives and asks for",
      NULL, "why it does not continue: a certificate that it does not trust, a user who is asked" },
    { CHECK_closed_at_once, ALWAYS, SENDER, "what the SA gave it", NULL,
      "the reason why it deletes the SA" },
    { CHECK_flapping, ALWAYS, SENDER, "who deletes the SAs", NULL,
      "the reason why it deletes the SA" },
    { CHECK_error_notify, WHEN_INFERRED, SENDER, "which error it reports", NULL,
      "the request that it refuses" },
    { CHECK_pfs_mismatch, WHEN_INFERRED, SENDER, NULL, NULL,
      "the Diffie-Hellman group that it expects" },
    { CHECK_no_common_proposal, WHEN_INFERRED, SENDER, NULL, NULL,
      "the proposals that it compares" },
    { CHECK_asymmetric_tunnels, WHEN_INFERRED, NOBODY,
      "whether the same inner hosts talk in both tunnels", NULL, NULL },
    { CHECK_identity_contended, WHEN_INFERRED, NOBODY, "whether both give one identity", NULL,
      NULL },
    { CHECK_source_nat_before_ipsec, WHEN_INFERRED, NOBODY,
      "whether these destinations are among the networks of the SA", NULL, NULL },
    { CHECK_replay, ALWAYS, SENDER, NULL,
      "if a packet leaves there once, the way repeats it; if twice, @ does", NULL },
    { CHECK_two_senders, ALWAYS, SENDER, NULL,
      "if both counters leave there, two machines of its own send; if one does, someone else "
      "sends the other",
      NULL },
    { CHECK_icv_bad, ALWAYS, SENDER, NULL,
      "if a packet is the same there, @ changed it; if it differs, the way changes it; if it is "
      "not there, someone else sends it",
      NULL },
    { CHECK_outer_source_violation, ALWAYS, SENDER, NULL,
      "if these packets leave there, they take another line or a NAT on the way; if not, someone "
      "else sends them",
      NULL },
    { CHECK_ike_from_new_address, ALWAYS, SENDER, NULL,
      "if the message leaves there, it takes another line or a NAT on the way; if not, someone "
      "else sends it",
      NULL },
    { CHECK_injected_answer, ALWAYS, SENDER, NULL,
      "an answer that does not leave there is someone else's", NULL },
    { CHECK_message_id_reused, ALWAYS, SENDER, NULL,
      "a message that does not leave there is someone else's", NULL },
    { CHECK_malformed_message, WHEN_SURE, SENDER, NULL,
      "if it leaves there as it is here, @ changes it; if it is whole there, the way changes it; "
      "if it is not there, someone else sends it",
      NULL }
};

/* Two causes found in one exchange or one Child SA, of which one is enough, and what tells which.
 * '@' is the end that does not answer. */
static const struct {
    enum check_id one, other;
    const char *text;
} alternatives[] = {
    { CHECK_auth_failure_suspected, CHECK_large_message_lost,
      "a lost message is retransmitted unchanged until @ gives up, and a refusal is not" },
    { CHECK_negotiation_abandoned, CHECK_large_message_lost,
      "the log of @ shows whether it has the large message: without it, the way drops it" },
    { CHECK_udp_4500_blocked, CHECK_large_message_lost,
      "a short message to UDP 4500 that @ answers shows that the port is open" },
    { CHECK_one_way, CHECK_large_esp_lost,
      "a short packet (ping without data) that @ answers shows that the length decides" },
    { CHECK_stream_stopped, CHECK_large_esp_lost,
      "a short packet (ping without data) that @ answers shows that the length decides" },
    { CHECK_stream_stopped, CHECK_icmp_unreachable,
      "the ICMP message is about the host or the port that it quotes; @ is alive if it answers "
      "IKE" },
    { CHECK_replay, CHECK_two_senders,
      "a repeated packet is the same in every octet; a second sender's differs" },
    { CHECK_spi_unknown, CHECK_esp_after_delete,
      "the SA database of @ shows whether it still has the SPI" }
};

/* --- where the cause is found ---- */

struct ends {
    const struct ike_sa *sa;    /* NULL */
    const struct exchange *exchange;            /* NULL */
    const struct exchange_message *message;     /* NULL */
    const struct endpoint *from, *to;           /* NULL where not known */
};

static bool
is_message(const struct exchange_message *m, uint32_t frame)
{
    for (guint i = 0; m->frame != frame && m->again && i < m->again->frames.len; i++) {
        if (m->again->frames.at[i] == frame) {
            return true;
        }
    }
    return m->frame == frame;
}

static void
find_message(struct ends *e, uint32_t frame)
{
    for (guint i = 0; i < e->sa->exchanges.len && !e->message; i++) {
        const struct exchange *x = e->sa->exchanges.at[i];
        for (guint k = 0; k < x->messages.len && !e->message; k++) {
            if (is_message(message_at(x, k), frame)) {
                e->exchange = x;
                e->message = message_at(x, k);
            }
        }
    }
}

static struct ends
ends_of(const struct diagnoses *d, const struct finding *f)
{
    uint32_t id = finding_ike_sa(d->db, f);
    struct ends e = { .sa = id != NO_ID ? sadb_ike_sa(d->db, id) : NULL };
    bool there;

    if (!e.sa) {
        return e;
    }
    if (f->stream != NO_ID && sadb_stream(d->db, f->stream)->child) {
        there = sadb_stream(d->db, f->stream)->to_responder;
    } else {
        find_message(&e, f->frame);
        if (!e.message) {
            return e;
        }
        there = e.message->from_initiator;
    }
    e.from = there ? &e.sa->initiator : &e.sa->responder;
    e.to = there ? &e.sa->responder : &e.sa->initiator;
    return e;
}

/* --- which row ---- */

static bool
is_meant(const struct telling *t, const struct diagnosis *one, const struct ends *e)
{
    const struct exchange *x = e->exchange;
    const struct ike_sa *sa = e->sa;

    switch (t->when) {
    case WHEN_SURE:
        return one->basis != BASIS_INFERRED;
    case WHEN_INFERRED:
        return one->basis == BASIS_INFERRED;
    case WHEN_ANSWERED:
        return x && e->message->frame == x->request && x->response;
    case WHEN_SILENT:
        return x && e->message->frame == x->request && !x->response;
    case WHEN_BY_INITIATOR:
        return e->message && e->message->from_initiator;
    case WHEN_AFTER_EAP:
        return x && sa->major == 2 && x->message_id > 1;
    case WHEN_LONG:
        return e->message && e->message->length > LONG_OCTETS;
    case WHEN_SECRET:
        return sa && !ike_sa_has_user(sa) && !sa->user &&
               sa->auth_method == (sa->major == 1 ? AUTH1_PSK : AUTH2_PSK);
    default:
        return true;
    }
}

static const struct telling *
telling_of(const struct diagnosis *one, const struct ends *e)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tellings); i++) {
        if (tellings[i].check == one->cause && is_meant(&tellings[i], one, e)) {
            return &tellings[i];
        }
    }
    return NULL;
}

/* --- in words ---- */

static void
put_asking(GString *out, const char *text, const char *end)
{
    for (const char *p = text; *p; p++) {
        if (*p == '@') {
            g_string_append(out, end);
        } else {
            g_string_append_c(out, *p);
        }
    }
}

/* An IKE SA of the diagnosis that nobody could read all of; NULL. */
static const struct ike_sa *
unread_sa(const struct diagnoses *d, const struct diagnosis *one)
{
    for (guint i = 0; i < one->ike_sas->len; i++) {
        const struct ike_sa *sa = sadb_ike_sa(d->db, g_array_index(one->ike_sas, uint32_t, i));
        if (sa->num_encrypted > sa->num_readable) {
            return sa;
        }
    }
    return NULL;
}

static void
put_telling(const struct diagnoses *d, GString *out, const struct diagnosis *one,
            const struct telling *t, const struct ends *e)
{
    const struct ike_sa *unread = t->keys ? unread_sa(d, one) : NULL;
    const struct endpoint *end = t->whom == SENDER ? e->from : t->whom == RECEIVER ? e->to : NULL;
    char name[ID_TEXT_MAX];

    if (unread) {
        g_string_append_printf(out, " The keys of IKE SA %u would show %s.", unread->id, t->keys);
    }
    if (!end) {
        return;
    }
    endpoint_print(end, name, sizeof name);
    if (t->capture) {
        g_string_append_printf(out, points_meet(sadb_points(d->db)) ?
                                        " Check the capture point nearest to %s: " :
                                        " Capture also at %s: ", name);
        put_asking(out, t->capture, name);
        g_string_append_c(out, '.');
    }
    if (t->log) {
        g_string_append_printf(out, " Check the log of %s", name);
        if (sadb_time_of(d->db, one->first_frame) > 0) {
            GString *clock = g_string_new(NULL);
            if (put_clock(clock, d, one->first_time)) {
                g_string_append_printf(out, " at %s", clock->str);
            }
            g_string_free(clock, TRUE);
        }
        g_string_append(out, " for ");
        put_asking(out, t->log, name);
        g_string_append_c(out, '.');
    }
}

/* What has no row of its own. */
static void
put_general(const struct diagnoses *d, GString *out, const struct diagnosis *one)
{
    enum area area = check_rule(one->cause)->area;
    const struct ike_sa *unread = unread_sa(d, one);

    if (one->basis != BASIS_INFERRED) {
        return;
    }
    if (unread && area != AREA_PATH) {
        g_string_append_printf(out, " The keys of IKE SA %u would confirm this.", unread->id);
    } else if (area == AREA_PATH || area == AREA_SYMPTOM) {
        g_string_append(out, points_meet(sadb_points(d->db)) ?
                                 " Longer captures at both points would confirm this." :
                                 " A capture at the other end would confirm this.");
    }
}

static bool
share_place(const struct diagnoses *d, const struct diagnosis *a, const struct diagnosis *b)
{
    const struct finding *f = findings_get(d->all, g_array_index(a->evidence, uint32_t, 0));
    const struct finding *g = findings_get(d->all, g_array_index(b->evidence, uint32_t, 0));

    if (a->tunnel == NO_ID || a->tunnel != b->tunnel) {
        return false;
    }
    if (f->exchange != NO_ID && f->exchange == g->exchange && f->ike_sa == g->ike_sa) {
        return true;
    }
    for (guint i = 0; i < a->child_sas->len; i++) {
        for (guint k = 0; k < b->child_sas->len; k++) {
            if (g_array_index(a->child_sas, uint32_t, i) ==
                g_array_index(b->child_sas, uint32_t, k)) {
                return true;
            }
        }
    }
    return false;
}

/* The other cause that is possible in the same place. */
static void
put_alternative(const struct diagnoses *d, GString *out, const struct diagnosis *one,
                const struct diagnosis *other, const struct ends *e)
{
    char name[ID_TEXT_MAX];

    for (size_t i = 0; i < G_N_ELEMENTS(alternatives); i++) {
        unsigned a = alternatives[i].one, b = alternatives[i].other;
        if (!((a == one->cause && b == other->cause) || (b == one->cause && a == other->cause)) ||
            !share_place(d, one, other) || !e->to) {
            continue;
        }
        g_string_append(out, " Or it is another cause, ");
        put_title_within(out, other->title);
        g_string_append_printf(out, " (frame %u): ", other->first_frame);
        put_asking(out, alternatives[i].text, endpoint_print(e->to, name, sizeof name));
        g_string_append_c(out, '.');
        return;
    }
}

void
tell_apart_causes(const struct diagnoses *d, struct diagnosis *one)
{
    const struct finding *cause = findings_get(d->all, g_array_index(one->evidence, uint32_t, 0));
    struct ends e = ends_of(d, cause);
    const struct telling *t = telling_of(one, &e);
    const struct tunnel *tunnel =
        one->tunnel == NO_ID ?
            NULL :
            (const struct tunnel *)g_ptr_array_index(d->tunnels, one->tunnel);
    GString *out = g_string_new(one->text);
    size_t told = out->len;
    bool logged = one->log_lines->len > 0;      /* the log that would be asked has answered */

    if (t && !logged) {
        put_telling(d, out, one, t, &e);
    }
    if (out->len == told && !logged) {
        put_general(d, out, one);
    }
    for (guint i = 0; tunnel && i < tunnel->diagnoses->len; i++) {
        const struct diagnosis *other = (const struct diagnosis *)g_ptr_array_index(
            d->list, g_array_index(tunnel->diagnoses, uint32_t, i));
        if (other != one) {
            put_alternative(d, out, one, other, &e);
        }
    }
    g_free(one->text);
    one->text = g_string_free(out, FALSE);
    one->to_tell = one->text + told + (one->text[told] == ' ');
}
