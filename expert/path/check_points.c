/* check_points.c - what became of packets between two capture points.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/points.h>

enum { FEW = 3 }; /* lost packets that may show a pattern */

/* Which of the packets are lost. */
enum pattern { LOST_ALL,
               LOST_SINCE,
               LOST_LARGE,
               LOST_SOME };

static const struct lost_packet *
lost_at(const struct passage *g, guint i)
{
    return &g_array_index(g->lost, struct lost_packet, i);
}

static enum pattern
pattern_of(const struct passage *g)
{
    if (!g->arrived) {
        return LOST_ALL;
    }
    if (g->num_lost >= FEW && lost_at(g, 0)->frame > g->last_arrived) {
        return LOST_SINCE;
    }
    if (g->num_lost >= FEW && g->smallest_lost > g->largest_arrived) {
        return LOST_LARGE;
    }
    return LOST_SOME;
}

static bool
was_sent_in(const struct exchange_message *m, uint32_t frame)
{
    if (m->frame == frame) {
        return true;
    }
    for (guint i = 0; m->again && i < m->again->frames.len; i++) {
        if (m->again->frames.at[i] == frame) {
            return true;
        }
    }
    return false;
}

/* The message whose sending that frame is, and its exchange; NULL. */
static const struct exchange_message *
message_of(const struct ike_sa *sa, uint32_t frame, const struct exchange **its)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        for (guint i = 0; i < x->messages.len; i++) {
            if (was_sent_in(message_at(x, i), frame)) {
                *its = x;
                return message_at(x, i);
            }
        }
    }
    return NULL;
}

/* "IKE_SA_INIT responses" where all lost messages are of one exchange, else "messages". */
static void
say_messages(const struct ike_sa *sa, const struct passage *g, uint32_t num, GString *out)
{
    const struct exchange *first = NULL, *other = NULL;
    const struct exchange_message *m = NULL;
    char name[64];

    for (guint i = 0; i < g->lost->len && (!i || other == first); i++) {
        const struct exchange_message *one = message_of(sa, lost_at(g, i)->frame, &other);
        m = i ? m : one;
        first = i ? first : other;
    }
    if (!m || other != first || num != g->num_lost) {
        g_string_append_printf(out, "message%s", num == 1 ? "" : "s");
        return;
    }
    g_string_append_printf(out, "%s %s%s",
                           exchange_name(sa->major, first->type, name, sizeof name),
                           sa->major == 1 ? "message" : m->response ? "response" :
                                                                      "request",
                           num == 1 ? "" : "s");
}

/* "5 ESP packets of SPI 423e6869", "2 IKE_AUTH requests of IKE SA 0". */
static char *
say_what(const struct check_in *in, const struct passage *g, uint32_t num, char *out, size_t size)
{
    const struct stream *s = g->stream == NO_ID ? NULL : sadb_stream(in->db, g->stream);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%u ", num);
    if (s) {
        g_string_append_printf(text, "%s packet%s of SPI %08x", ipsec_name(s->protocol),
                               num == 1 ? "" : "s", s->spi);
    } else {
        say_messages(sadb_ike_sa(in->db, g->ike_sa), g, num, text);
        g_string_append_printf(text, " of IKE SA %u", g->ike_sa);
    }
    g_strlcpy(out, text->str, size);
    g_string_free(text, TRUE);
    return out;
}

static const struct ike_sa *
sa_of(const struct check_in *in, const struct passage *g)
{
    return g->ike_sa == NO_ID ? NULL : sadb_ike_sa(in->db, g->ike_sa);
}

/* Who sends the packets of g, and to whom: identities where they are known. */
static void
say_ends(const struct check_in *in, const struct passage *g, char *from, char *to, size_t size)
{
    const struct ike_sa *sa = sa_of(in, g);
    const struct stream *s = g->stream == NO_ID ? NULL : sadb_stream(in->db, g->stream);

    if (sa) {
        endpoint_print(g->to_responder ? &sa->initiator : &sa->responder, from, size);
        endpoint_print(g->to_responder ? &sa->responder : &sa->initiator, to, size);
    } else if (s) {
        ip_print(&s->src, from, size);
        ip_print(&s->dst, to, size);
    }
}

/* What carries them, in the words of a firewall. */
static const char *
carried_in(const struct check_in *in, const struct passage *g, char *out, size_t size)
{
    const struct ike_sa *sa = sa_of(in, g);

    if (g->stream != NO_ID) {
        return stream_carried_in(sadb_stream(in->db, g->stream), out, size);
    }
    g_snprintf(out, (gulong)size, "UDP %u",
               sa && sa->responder.port ? (unsigned)sa->responder.port : (unsigned)PORT_IKE);
    return out;
}

static void
say_remedy(const struct check_in *in, const struct passage *g, enum pattern pattern, char *out,
           size_t size)
{
    const struct point *from = points_get(sadb_points(in->db), g->from),
                       *to = points_get(sadb_points(in->db), g->to);
    char carrier[32];

    switch (pattern) {
    case LOST_ALL:
        g_snprintf(out, (gulong)size,
                   "Check the firewalls, filters and routes between %s and %s: they must let %s "
                   "pass in this direction.",
                   from->name, to->name, carried_in(in, g, carrier, sizeof carrier));
        break;
    case LOST_SINCE:
        g_snprintf(out, (gulong)size,
                   "Check the logs of the devices between %s and %s for what changed at that "
                   "moment: a route, a link, an expired firewall session for %s.",
                   from->name, to->name, carried_in(in, g, carrier, sizeof carrier));
        break;
    case LOST_LARGE:
        g_snprintf(out, (gulong)size,
                   "Configure the devices between %s and %s to pass packets of that length or to "
                   "send ICMP \"fragmentation needed\"; until then, lower the MTU or the TCP MSS "
                   "of the tunnel.",
                   from->name, to->name);
        break;
    default:
        g_snprintf(out, (gulong)size,
                   "Check the error and drop counters of the links and queues between %s and %s at "
                   "this time.",
                   from->name, to->name);
    }
}

static void
say_lost(const struct check_in *in, const struct passage *g, enum pattern pattern, GString *out)
{
    const struct points *p = sadb_points(in->db);
    const struct point *from = points_get(p, g->from), *to = points_get(p, g->to);
    char a[ID_TEXT_MAX], b[ID_TEXT_MAX], what[96];

    say_ends(in, g, a, b, sizeof a);
    g_string_append_printf(out, "Between %s and %s ", from->name, to->name);
    if (pattern == LOST_ALL) {
        g_string_append_printf(out, "%s%s from %s to %s %s lost", g->num_lost > 1 ? "all " : "",
                               say_what(in, g, g->num_lost, what, sizeof what), a, b,
                               g->num_lost == 1 ? "is" : "are");
    } else {
        g_string_append_printf(out, "%u of the %s from %s to %s %s lost", g->num_lost,
                               say_what(in, g, g->sent, what, sizeof what), a, b,
                               g->num_lost == 1 ? "is" : "are");
    }
    g_string_append_printf(out, ": frame%s %u%s at %s", g->num_lost == 1 ? "" : "s",
                           lost_at(g, 0)->frame, g->num_lost == 1 ? "" : " and later", from->name);
    if (pattern == LOST_SINCE) {
        g_string_append_printf(out, "; frame %u was the last that arrived", g->last_arrived);
    } else if (pattern == LOST_LARGE) {
        g_string_append_printf(out,
                               "; all of them have %u octets or more, and the longest that "
                               "arrived has %u",
                               g->smallest_lost, g->largest_arrived);
    }
    g_string_append_c(out, '.');
    if (!g->end_known) {
        g_string_append_printf(out,
                               " The last frame at %s is %u: it is inferred that the capture there "
                               "was still running.",
                               to->name, to->last_frame);
    }
}

void
check_lost_between(const struct check_in *in, struct findings *out)
{
    const struct points *p = sadb_points(in->db);

    for (size_t i = 0; i < points_num_passages(p); i++) {
        const struct passage *g = points_passage(p, i);
        const struct stream *s = g->stream == NO_ID ? NULL : sadb_stream(in->db, g->stream);
        struct scope where = s ? scope_stream(s, 0) : (struct scope){ .exchange = NO_ID };
        char remedy[TEXT_MAX];
        GString *text;
        if (!g->num_lost || g->inner) {
            continue;
        }
        text = g_string_new(NULL);
        say_lost(in, g, pattern_of(g), text);
        say_remedy(in, g, pattern_of(g), remedy, sizeof remedy);
        where.basis = g->end_known ? BASIS_OBSERVED : BASIS_INFERRED;
        where.sa = sa_of(in, g);
        where.variant = (uint64_t)g->from << 8 | (uint64_t)g->to << 1 | g->to_responder;
        where.remedy = remedy;
        for (guint k = 0; k < g->lost->len; k++) {
            where.frame = lost_at(g, k)->frame;
            finding_add(out, CHECK_lost_between, &where, "%s", k ? "" : text->str);
        }
        g_string_free(text, TRUE);
    }
}

/* Kinds of change that are reported apart. */
enum change { CHANGE_ADDRESSES, CHANGE_DSCP, CHANGE_FRAGMENTS };

/* Said once, with both sightings of the first packet. */
static void
say_change(const struct check_in *in, struct findings *out, const struct passage *g,
           enum change change, const uint32_t frame[2], const char *remedy, const char *text)
{
    struct scope where = { .basis = BASIS_OBSERVED,
                           .frame = frame[0],
                           .also = frame[1],
                           .sa = sa_of(in, g),
                           .exchange = NO_ID,
                           .remedy = remedy,
                           .variant = (uint64_t)change << 16 |
                                      (uint64_t)MIN(g->from, g->to) << 8 | MAX(g->from, g->to) };

    if (finding_frame(out, CHECK_rewritten_between, &where)) {
        return;
    }
    finding_add(out, CHECK_rewritten_between, &where, "%s", text);
    where.frame = frame[1];
    finding_add(out, CHECK_rewritten_between, &where, "%s", "");
}

static void
say_rewriting(const struct check_in *in, struct findings *out, const struct passage *g)
{
    const struct points *p = sadb_points(in->db);
    const char *from = points_get(p, g->from)->name, *to = points_get(p, g->to)->name,
               *whose = sa_of(in, g) ? "IKE and its SAs" : "ESP or AH";
    const uint32_t *frame = g->rewriting.frame;
    char ends[REWRITING_TEXT_MAX], text[TEXT_MAX + REWRITING_TEXT_MAX];

    if (g->rewriting.num) {
        g_snprintf(text, sizeof text,
                   "Between %s and %s a packet of %s changes its addresses: %s (frames %u and "
                   "%u). A device there translates them.",
                   from, to, whose, rewriting_print(&g->rewriting, ends, sizeof ends), frame[0],
                   frame[1]);
        say_change(in, out, g, CHANGE_ADDRESSES, frame, NULL, text);
    }
    frame = g->remarking.frame;
    if (g->remarking.num) {
        g_snprintf(text, sizeof text,
                   "Between %s and %s packets of %s change their DSCP, the first from %u to %u "
                   "(frames %u and %u). A device there sets another class of service.",
                   from, to, whose, (unsigned)g->remarking.dscp[0],
                   (unsigned)g->remarking.dscp[1], frame[0], frame[1]);
        say_change(in, out, g, CHANGE_DSCP, frame,
                   "Nothing needs to be done unless these packets need their class of service: "
                   "then ask who runs the network between the two points to keep the DSCP.",
                   text);
    }
    frame = g->fragmenting.frame;
    if (g->fragmenting.num) {
        g_snprintf(text, sizeof text,
                   g->fragmenting.apart ?
                       "Packets of %s leave %s whole and arrive at %s in IP fragments (frames %u "
                       "and %u). A link between them takes no packets of that length." :
                       "Packets of %s leave %s in IP fragments and arrive at %s whole (frames %u "
                       "and %u). A device between them joins them.",
                   whose, from, to, frame[0], frame[1]);
        say_change(in, out, g, CHANGE_FRAGMENTS, frame,
                   "Nothing needs to be done if the tunnel works. To avoid fragments, lower the "
                   "MTU of the tunnel, or have its gateways lower TCP's MSS.",
                   text);
    }
}

void
check_rewritten_between(const struct check_in *in, struct findings *out)
{
    const struct points *p = sadb_points(in->db);

    for (size_t i = 0; i < points_num_passages(p); i++) {
        say_rewriting(in, out, points_passage(p, i));
    }
}

/* Who receives the stream's packets and should forward what they carry. */
static void
say_receiver(const struct stream *s, char *out, size_t size)
{
    const struct ike_sa *sa = s->child ? s->child->ike_sa : NULL;

    if (sa) {
        endpoint_print(s->to_responder ? &sa->responder : &sa->initiator, out, size);
    } else {
        ip_print(&s->dst, out, size);
    }
}

void
check_dropped_after_arrival(const struct check_in *in, struct findings *out)
{
    const struct points *p = sadb_points(in->db);

    for (size_t i = 0; i < points_num_passages(p); i++) {
        const struct passage *g = points_passage(p, i);
        char who[ID_TEXT_MAX], src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], remedy[TEXT_MAX];
        const struct stream *s;
        struct scope where;
        if (!g->num_lost || !g->inner || g->stream == NO_ID) {
            continue;
        }
        s = sadb_stream(in->db, g->stream);
        where = scope_stream(s, 0);
        say_receiver(s, who, sizeof who);
        ip_print(&g->inner_src, src, sizeof src);
        ip_print(&g->inner_dst, dst, sizeof dst);
        g_snprintf(remedy, sizeof remedy,
                   "Check on %s what drops %s to %s behind the tunnel: the selectors or the policy "
                   "of SPI %08x, a firewall rule, a missing route.",
                   who, src, dst, s->spi);
        where.basis = BASIS_DECRYPTED;
        where.variant = (uint64_t)g->from << 8 | g->to;
        where.remedy = remedy;
        for (guint k = 0; k < g->lost->len; k++) {
            where.frame = lost_at(g, k)->frame;
            if (k) {
                finding_add(out, CHECK_dropped_after_arrival, &where, "%s", "");
                continue;
            }
            finding_add(out, CHECK_dropped_after_arrival, &where,
                        "%u packet%s from %s to %s arrive%s at %s in SPI %08x, but nothing of %s "
                        "leaves at %s, and no one answers: %s drops %s.",
                        g->num_lost, g->num_lost == 1 ? "" : "s", src, dst,
                        g->num_lost == 1 ? "s" : "", points_get(p, g->from)->name, s->spi,
                        g->num_lost == 1 ? "it" : "them", points_get(p, g->to)->name, who,
                        g->num_lost == 1 ? "it" : "them");
        }
    }
}
