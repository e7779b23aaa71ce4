/* check_ending.c - who ends an IKE SA, how soon, and how often.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "words/lives.h"

#include <string.h>

enum { FLAPS = 3, TIMES_SHOWN = 6 };
#define FLAPPING_SECONDS 60.0
#define TYPING_SECONDS 60.0     /* XAUTH: from phase 1 to the quick mode */

/* --- an SA that ends before it was used ----------------------------------------------------- */

static bool
carried_before(const struct ike_sa *sa, uint32_t frame)
{
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            const struct stream *s = c->streams.at[k.i];
            if (s->packets && s->first_frame < frame && !stream_is_strange(s)) {
                return true;
            }
        }
    }
    return false;
}

/* The responder's identity is one that its initiator cannot expect: another one than it asked for
 * or, where it asked for none, an address that is not the one it reached (RFC 7296 sections 1.2 and
 * 3.5). */
static bool
is_unexpected(const struct ike_sa *sa)
{
    const struct endpoint *r = &sa->responder;
    struct ip_addr is;

    if (!r->id || !r->id_frame) {
        return false;
    }
    if (sa->asked_id) {
        return strcmp(sa->asked_id, r->id) != 0;
    }
    return ip_parse(&is, r->id) && !ike_sa_is_at(sa, false, &is);
}

/* Deleted at once after it came up, unused, and nothing that was seen explains it. */
static bool
closed_at_once(const struct sadb *db, const GArray *lives, guint i)
{
    const struct life *one = life_at(lives, i);
    const struct ike_sa *sa = one->sa;
    const struct ending *end = &one->end;

    if (!end->frame || !sa->started_here || end->born <= 0 ||
        end->time - end->born >= LIFE_AT_ONCE || !sa->from_initiator || !sa->from_responder ||
        sa->redirected || sa->refused_child ||
        sa->state == IKE_FAILED || sa->state == IKE_REKEYED || is_unexpected(sa)) {
        return false;
    }
    if (sa->major == 1 && end->inferred && end->time - sa->established_time > TYPING_SECONDS) {
        return false;
    }
    return !carried_before(sa, end->frame) && !life_overlaps(lives, i) && !life_pushed_out(db, one);
}

/* The initiator of an IKEv1 SA deletes it where Mode Config or quick mode is due: phase 1 ends with
 * the responder's identity, and nothing but phase 1 was negotiated (RFC 2409 section 5). */
static bool
leaves_after_identity(const struct life *one)
{
    const struct ike_sa *sa = one->sa;

    if (sa->major != 1 || !one->end.by_initiator || one->end.inferred || !sa->responder.id ||
        !sa->responder.id_frame || sa->children.len) {
        return false;
    }
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type != V1_INFORMATIONAL && x->index) {
            return false;
        }
    }
    return true;
}

/* What the initiator held when it left, or was made to leave. */
static void
given_text(const struct life *one, char *out, size_t size)
{
    const struct ike_sa *sa = one->sa;
    const struct child_sa *c = sa->children.len ? sa->children.at[sa->children.len - 1] : NULL;
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], addr[ADDR_TEXT_MAX];

    if (one->end.inferred) {
        g_strlcpy(out, "What the initiator received is encrypted.", size);
        return;
    }
    if (leaves_after_identity(one)) {
        g_snprintf(out, (gulong)size,
                   "It requests nothing: the last thing it received is the responder's identity %s "
                   "(frame %u). Suggests that it expects a different identity%s.",
                   sa->responder.id, sa->responder.id_frame,
                   sa->certificate_r ? ", or does not accept the certificate" : "");
        return;
    }
    if (!c || !c->num_ts_i) {
        g_strlcpy(out, "It has no Child SA.", size);
        return;
    }
    selectors_print(c->ts_i, c->num_ts_i, i, sizeof i);
    selectors_print(c->ts_r, c->num_ts_r, r, sizeof r);
    if (sa->addresses->len) {
        g_snprintf(out, (gulong)size,
                   "In frame %u the initiator received %s, %s DNS server, and the selectors %s === "
                   "%s.",
                   c->negotiated_in,
                   ip_print(&sa->addresses->at[sa->addresses->len - 1].addr, addr, sizeof addr),
                   sa->given_dns ? "a" : "no", i, r);
    } else {
        g_snprintf(out, (gulong)size, "In frame %u the initiator received no address, and the "
                                      "selectors %s === %s.",
                   c->negotiated_in, i, r);
    }
}

static const char *
closed_remedy(const struct life *one)
{
    if (leaves_after_identity(one)) {
        return "Set the responder's own identity (leftid, local id) to the one that the initiator "
               "expects, or configure the initiator to expect the one that the responder sends "
               "(rightid, remote id). The initiator's log names both; also check there whether it "
               "accepts the responder's certificate, and whether a user or script ends the "
               "connection.";
    }
    return one->end.by_initiator ?
               "Check the initiator's log at this time: it leaves because of something that it "
               "received or did not receive. Compare its profile with the gateway's: address, DNS "
               "server, networks, the gateway's identity and certificate. Then check whether a "
               "script or a user ends the connection." :
               "Check the responder's log at this time: a check after the authentication ends the "
               "SA, such as the user's rights, accounting, a session or licence limit, or a "
               "script.";
}

static const struct endpoint *
closer(const struct life *one)
{
    return one->end.by_initiator ? &one->sa->initiator : &one->sa->responder;
}

/* Both SAs were closed at once, by the same one of the same two. */
static bool
same_story(const struct life *a, const struct life *b)
{
    return ike_sa_same_ends(a->sa, b->sa) && ip_equal(&closer(a)->addr, &closer(b)->addr);
}

static struct scope
scope_ending(const struct life *first, const struct life *now)
{
    return (struct scope){ .basis = now->end.inferred ? BASIS_INFERRED : BASIS_DECRYPTED,
                           .frame = now->end.frame, .sa = first->sa, .exchange = NO_ID };
}

static void
report_closed(struct findings *out, const struct life *first, const struct life *now)
{
    struct scope where = scope_ending(first, now);
    char who[ID_TEXT_MAX + ADDR_TEXT_MAX], given[TEXT_MAX];
    const struct ending *end = &now->end;
    const char *role = end->by_initiator ? "initiator" : "responder";
    double ms = MAX(0.0, end->time - end->born) * 1000;

    given_text(now, given, sizeof given);
    life_closer(now, who, sizeof who);
    where.remedy = closed_remedy(now);
    if (end->inferred) {
        finding_add(out, CHECK_closed_at_once, &where,
                    "%s, the %s, ends IKE SA %u %.0f ms after it came up, before any ESP: frame %u "
                    "looks like a Delete, because %s. %s",
                    who, role, now->sa->id, ms, end->frame,
                    now->sa->major == 2 ? "it starts with one and an empty answer follows" :
                                          "nothing follows in this SA",
                    given);
    } else {
        finding_add(out, CHECK_closed_at_once, &where,
                    "%s, the %s, deletes IKE SA %u in frame %u, %.0f ms after it came up and "
                    "before any ESP. %s",
                    who, role, now->sa->id, end->frame, ms, given);
    }
}

typedef bool same_fn(const struct life *a, const struct life *b);
typedef bool fits_fn(const struct sadb *db, const GArray *lives, guint i);
typedef void tell_fn(struct findings *out, const GPtrArray *story);

/* Lives (const struct life) that belong to one story, in order of frames. */
static GPtrArray *
story_of(GPtrArray *stories, const struct life *life, same_fn *same)
{
    GPtrArray *one;

    for (struct newest n = newest_first(stories->len, SADB_MAX_PER_PEER); newest_next(&n);) {
        one = (GPtrArray *)g_ptr_array_index(stories, n.i);
        if (same((const struct life *)g_ptr_array_index(one, one->len - 1), life)) {
            return one;
        }
    }
    one = g_ptr_array_new();
    g_ptr_array_add(stories, one);
    return one;
}

static void
free_story(gpointer p)
{
    g_ptr_array_free((GPtrArray *)p, TRUE);
}

/* Walks the IKE SAs of each pair of ends: those that fit are told by stories, each of lives that
 * are the same. */
static void
tell_stories(const struct check_in *in, struct findings *out, fits_fn *fits, same_fn *same,
             tell_fn *tell)
{
    GArray *lives = lives_new(in->db);
    guint end;

    for (guint start = 0; start < lives->len; start = end) {
        GPtrArray *stories = g_ptr_array_new_with_free_func(free_story);
        end = lives_of_pair(lives, start);
        for (guint i = start; i < end; i++) {
            if (fits(in->db, lives, i)) {
                const struct life *one = life_at(lives, i);
                g_ptr_array_add(story_of(stories, one, same), (gpointer)(uintptr_t)one);
            }
        }
        for (guint i = 0; i < stories->len; i++) {
            tell(out, (const GPtrArray *)g_ptr_array_index(stories, i));
        }
        g_ptr_array_free(stories, TRUE);
    }
    g_array_free(lives, TRUE);
}

static const struct life *
told_in(const GPtrArray *story, guint i)
{
    return (const struct life *)g_ptr_array_index(story, i);
}

static void
tell_closed(struct findings *out, const GPtrArray *story)
{
    const struct life *first = told_in(story, 0), *last = told_in(story, story->len - 1);
    struct scope where = scope_ending(first, first);

    /* one Informational of IKEv1 may be anything */
    if (story->len == 1 && first->sa->major == 1 && first->end.inferred) {
        return;
    }
    for (guint i = 0; i < story->len; i++) {
        report_closed(out, first, told_in(story, i));
    }
    if (story->len > 1) {
        finding_raise(out, CHECK_closed_at_once, &where, SEV_WARN, NULL,
                      "This happens %u times between these two ends, the last time in frame %u.",
                      story->len, last->end.frame);
    }
}

void
check_closed_at_once(const struct check_in *in, struct findings *out)
{
    tell_stories(in, out, closed_at_once, same_story, tell_closed);
}

/* --- SAs that come and go ----------------------------------------------------------------- */

/* A Delete that ends a connection, which nothing that was seen explains. */
static bool
breaks(const struct sadb *db, const GArray *lives, guint i)
{
    const struct life *one = life_at(lives, i);
    const struct ike_sa *sa = one->sa;

    return one->end.frame && sa->started_here && one->end.born > 0 && !sa->redirected &&
           sa->state != IKE_FAILED && sa->state != IKE_REKEYED && !life_overlaps(lives, i) &&
           !life_pushed_out(db, one);
}

/* The SAs offer the same: nobody tries one configuration after another. */
static bool
same_comings(const struct life *a, const struct life *b)
{
    return ike_sa_same_ends(a->sa, b->sa) && a->sa->offered == b->sa->offered;
}

/* The first place from which on as many SAs as flapping takes come and go within its time; the
 * number of SAs where there is none. */
static guint
flaps_from(const GPtrArray *story)
{
    for (guint i = 0; i + FLAPS <= story->len; i++) {
        if (told_in(story, i + FLAPS - 1)->end.time - told_in(story, i)->end.born <=
            FLAPPING_SECONDS) {
            return i;
        }
    }
    return story->len;
}

static void
tell_flapping(struct findings *out, const GPtrArray *story)
{
    guint from = flaps_from(story), by_initiator = 0, num = 0, unused = 0;
    const struct life *first, *last;
    char a[ID_TEXT_MAX + ADDR_TEXT_MAX], b[ID_TEXT_MAX + ADDR_TEXT_MAX], frames[128] = "",
        remedy[TEXT_MAX];
    bool inferred = false;
    struct scope where;

    if (from == story->len) {
        return;
    }
    first = last = told_in(story, from);
    for (guint i = from; i < story->len; i++, num++) {
        const struct life *one = told_in(story, i);
        if (one->end.born - last->end.time > FLAPPING_SECONDS) {
            break;
        }
        last = one;
        by_initiator += ip_equal(&closer(one)->addr, &first->sa->initiator.addr) != 0;
        inferred |= one->end.inferred;
        unused += one->end.time - one->end.born < LIFE_AT_ONCE &&
                  !carried_before(one->sa, one->end.frame);
        if (num < TIMES_SHOWN) {
            size_t len = strlen(frames);
            g_snprintf(frames + len, (gulong)(sizeof frames - len), "%s%u by %s", num ? ", " : "",
                       one->end.frame, one->end.by_initiator ? "the initiator" : "the responder");
        }
    }
    /* all of one side, at once and unused: closed_at_once tells that */
    if (unused == num && (by_initiator == num || !by_initiator)) {
        return;
    }
    life_end_print(&first->sa->initiator, a, sizeof a);
    life_end_print(&first->sa->responder, b, sizeof b);
    g_snprintf(remedy, sizeof remedy,
               "Check the log of %s at these times for why it deletes the SA: a user, a script, an "
               "idle timeout, a dead peer. Configure only one end to reconnect automatically "
               "(start and close actions).",
               !by_initiator || by_initiator == num ? by_initiator ? a : b : "both ends");
    for (guint i = from; i < from + num; i++) {
        where = scope_ending(first, told_in(story, i));
        where.basis = inferred ? BASIS_INFERRED : BASIS_DECRYPTED;
        where.remedy = remedy;
        finding_add(out, CHECK_flapping, &where,
                    "IKE SAs between %s and %s come up and %s %u times within %.0f s: %s deletes %u "
                    "of them, %s %u (frames %s%s).",
                    a, b, inferred ? "seem to be deleted" : "are deleted", num,
                    last->end.time - first->end.born, a, by_initiator, b,
                    num - by_initiator, frames, num > TIMES_SHOWN ? ", .." : "");
    }
}

void
check_flapping(const struct check_in *in, struct findings *out)
{
    tell_stories(in, out, breaks, same_comings, tell_flapping);
}

/* --- the responder is somebody else --------------------------------------------------------- */

/* The initiator leaves with this message: it deletes the IKE SA, or rejects the responder. */
static bool
leaves(const struct check_in *in)
{
    const struct ike_event *e = in->ike;

    return e->from_initiator && !e->is_response &&
           (e->ike_deleted || new_message_notify(in, N2_AUTHENTICATION_FAILED) ||
            (in->msg->major == 1 && new_message_notify(in, N1_INVALID_ID_INFORMATION) &&
             e->about && e->about->type != V1_QUICK));
}

/* The time of the responder's message with its identity; 0. */
static double
named_at(const struct ike_sa *sa)
{
    for (guint i = 0; i < sa->exchanges.len && i < SADB_MAX_PER_PEER; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (guint k = 0; k < x->messages.len && k < SADB_MAX_PER_PEER; k++) {
            if (x->messages.at[k].frame == sa->responder.id_frame) {
                return x->messages.at[k].time;
            }
        }
    }
    return 0;
}

void
check_responder_id_unexpected(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    const struct ike_sa *sa = e->sa;
    char addr[ADDR_TEXT_MAX], asked[ID_TEXT_MAX + 64], who[ID_TEXT_MAX + ADDR_TEXT_MAX],
        remedy[TEXT_MAX];
    struct scope where;
    double named;

    if (!message_is_new(in) || !leaves(in) || !is_unexpected(sa) ||
        carried_before(sa, e->at.frame)) {
        return;
    }
    named = named_at(sa);
    if (named <= 0 || e->at.time - named >= LIFE_AT_ONCE) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    where.also = sa->responder.id_frame;
    ip_print(&sa->responder.addr, addr, sizeof addr);
    if (sa->asked_id) {
        g_snprintf(asked, sizeof asked, "the initiator requested %s (frame %u)", sa->asked_id,
                   sa->asked_id_in);
    } else {
        g_snprintf(asked, sizeof asked, "the initiator reached %s", addr);
    }
    g_snprintf(remedy, sizeof remedy,
               "Set the responder's own identity (leftid, local id) to what the initiator expects, "
               "%s, or configure the initiator to expect %s (rightid, remote id). Behind a NAT, a "
               "responder without a configured identity sends its private address.",
               sa->asked_id ? sa->asked_id : addr, sa->responder.id);
    where.remedy = remedy;
    finding_add(out, CHECK_responder_id_unexpected, &where,
                "The responder identifies itself as %s (frame %u), but %s; %s then %s (frame %u).",
                sa->responder.id, sa->responder.id_frame, asked,
                life_end_print(&sa->initiator, who, sizeof who),
                e->ike_deleted ? "deletes the IKE SA immediately" : "rejects it", e->at.frame);
}
