/* check_streams.c - traffic over the whole capture: one way, none, in clear.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/flow.h>
#include <espial/hash.h>

#include <float.h>
#include <stdio.h>

enum { GAP_PACKETS = 8 };
#define GAP_SECONDS 1.0
#define GAP_FACTOR 4.0          /* times the usual distance of packets */
#define MANY_APART_S 0.1        /* between packets that are too many to be questions */
#define PACE_FACTOR 1.5         /* between the shortest and the longest distance at one pace */
#define UNUSED_SECONDS 30.0     /* an SA that carries nothing for so long is reported */

/* With keys: among the packets of c, which go one way, are answers. */
static bool
has_replies(const struct child_sa *c, bool to_responder)
{
    const struct flow_reading *r = c->flow ? c->flow->reading : NULL;

    return r && (r->way[to_responder].replies > 0 || r->way[to_responder].acked > 0);
}

/* Unread packets one after the other at one pace, for long: measurements and heartbeats look so,
 * and so does a ping that nobody has stopped, which is what most people send into a tunnel that is
 * silent.  Who sends again what is not answered waits longer each time. */
static bool
keeps_pace(const struct child_sa *c, const struct stream *s, uint32_t packets)
{
    const struct flow *f = c->flow;
    double mean = (s->last_time - s->first_time) / packets, least = DBL_MAX, most = 0;

    if (!f || f->reading || f->num_beats < FLOW_BEATS || packets <= FLOW_BEATS) {
        return false;
    }
    for (uint32_t i = 1; i < f->num_beats; i++) {
        double apart = (double)(f->beats[i] - f->beats[i - 1]);
        least = MIN(least, apart);
        most = MAX(most, apart);
    }
    return most <= PACE_FACTOR * least && mean <= PACE_FACTOR * most && most <= PACE_FACTOR * mean;
}

/* Nobody asks so often without an answer: it is a stream that wants none, as of voice or a log, or
 * the answers take another way.  Where keys are given, it is read. */
static bool
wants_none(const struct child_sa *c, const struct stream *s, uint32_t packets)
{
    return (!c->flow || !c->flow->reading) && packets >= UNANSWERED_PACKETS &&
           s->last_time - s->first_time <= MANY_APART_S * packets;
}

static void
report_one_way(const struct child_sa *c, const struct stream *s, uint32_t packets,
               struct findings *out)
{
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], remedy[TEXT_MAX], carrier[16];
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], networks[2 * TS_TEXT_MAX + 16] = "";
    struct scope where = scope_stream(s, s->first_frame);

    ip_print(&s->src, from, sizeof from);
    ip_print(&s->dst, to, sizeof to);
    where.remedy = remedy;
    if (has_replies(c, s->to_responder)) {
        where.basis = BASIS_DECRYPTED;
        g_strlcpy(remedy,
                  "Nothing is wrong with this SA. Capture both directions, on every line or mirror "
                  "port that its packets use.",
                  sizeof remedy);
        finding_add(out, CHECK_one_way, &where,
                    "%u %s packets from %s to %s were captured (SPI %08x, frames %u to %u), but "
                    "none of the other direction. They include answers, so the other direction "
                    "works, but was not captured.",
                    packets, ipsec_name(s->protocol), from, to, s->spi, s->first_frame,
                    s->last_frame);
        return;
    }
    where.basis = c->basis == BASIS_INFERRED ? BASIS_INFERRED : BASIS_OBSERVED;
    if (c->num_ts_i && c->num_ts_r) {
        g_snprintf(networks, sizeof networks, ", %s === %s",
                   selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
                   selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
    }
    snprintf(remedy, sizeof remedy,
             "Allow %s between %s and %s in both directions. If it is allowed, check whether %s "
             "counts packets of SPI %08x: if it does, it has no route or policy that sends the "
             "answers into the tunnel; if it does not, it drops them: compare selectors and "
             "addresses.",
             stream_carried_in(s, carrier, sizeof carrier), from, to, to, s->spi);
    finding_add(out, CHECK_one_way, &where,
                "%u %s packets go from %s to %s (SPI %08x%s, frames %u to %u), but none comes back, "
                "although IKE of both ends was captured.%s",
                packets, ipsec_name(s->protocol), from, to, s->spi, networks, s->first_frame,
                s->last_frame,
                keeps_pace(c, s, packets) ? " They come at an even pace: if the sender expects no "
                                            "answers (a heartbeat, a measurement), nothing is "
                                            "wrong." :
                                            "");
}

void
check_one_way(const struct check_in *in, struct findings *out)
{
    GArray *ways = all_ways(in->db);
    struct lone_ways *lone = lone_ways_find(in->db);

    for (size_t i = 0; i < sadb_num_child_sas(in->db); i++) {
        const struct child_sa *c = sadb_child_sa(in->db, i);
        struct both_ways b = child_both_ways(c);
        bool to_r = b.packets[1] > 0;
        const struct stream *s = b.first[to_r];
        if (!s || b.packets[!to_r] || b.packets[to_r] < ONE_WAY_PACKETS || !b.reply_expected ||
            !child_stands_alone(c) || !child_both_sides_captured(in->db, c) ||
            other_way_elsewhere(ways, c, !to_r) || lone_ways_answer(lone, c) ||
            wants_none(c, s, b.packets[to_r])) {
            continue;
        }
        report_one_way(c, s, b.packets[to_r], out);
    }
    lone_ways_free(lone);
    g_array_free(ways, TRUE);
}

static bool
has_traffic(const struct child_sa *c)
{
    for (guint i = 0; i < c->streams.len; i++) {
        if (!stream_is_strange(c->streams.at[i])) {
            return true;
        }
    }
    return false;
}

void
check_never_used(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_child_sas(in->db); i++) {
        const struct child_sa *c = sadb_child_sa(in->db, i);
        double end = c->deleted_in ? c->deleted_time : sadb_last_time(in->db);
        struct scope where = { .basis = BASIS_OBSERVED,
                               .frame = c->negotiated_in,
                               .sa = c->ike_sa,
                               .child = c,
                               .exchange = NO_ID };
        if (has_traffic(c) || c->basis == BASIS_INFERRED || !c->established ||
            end - c->negotiated_time < UNUSED_SECONDS || c->rekeyed_by != NO_ID) {
            continue;
        }
        finding_add(
            out, CHECK_never_used, &where,
            "Child SA %u (SPIs %08x and %08x) carries no packet in the %.0f s after frame %u.",
            c->id, c->spi_i, c->spi_r, end - c->negotiated_time, c->negotiated_in);
    }
}

static const struct stream *
busiest(const struct child_sa *c, bool to_responder)
{
    const struct stream *best = NULL;

    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        if (s->to_responder == to_responder && !stream_is_strange(s) &&
            (!best || s->packets > best->packets)) {
            best = s;
        }
    }
    return best;
}

/* Traffic that stops when the old SA ends and goes on later in the new one. */
void
check_rekey_gap(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *c = e->child, *old = NULL;
    const struct stream *before = NULL;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    struct scope where;
    double usual, pause, ended;
    bool broken;

    if (e->new_stream && child_is_negotiated(c) && !stream_is_strange(e->stream)) {
        old = sadb_predecessor(in->db, c);
    }
    if (child_is_negotiated(old)) {
        before = busiest(old, e->to_responder);
    }
    if (!before || before->packets < GAP_PACKETS) {
        return;
    }
    usual = (before->last_time - before->first_time) / (before->packets - 1);
    pause = e->at.time - before->last_time;
    broken = old->deleted_in && old->deleted_in < c->negotiated_in;
    ended = broken ? old->deleted_time : c->negotiated_time;
    if (pause < GAP_SECONDS || pause < GAP_FACTOR * usual ||
        ended - before->last_time > MAX(GAP_SECONDS, GAP_FACTOR * usual)) {
        return;
    }
    where = scope_stream(e->stream, e->at.frame);
    where.also = before->last_frame;
    ip_print(&e->at.src, from, sizeof from);
    ip_print(&e->at.dst, to, sizeof to);
    if (broken) {
        finding_add(out, CHECK_rekey_gap, &where,
                    "No packet goes from %s to %s for %.1f s: SPI %08x ends in frame %u, its SA is "
                    "deleted in frame %u, and the next one is negotiated only in frame %u. Before, "
                    "there was a packet every %.2f s.",
                    from, to, pause, before->spi, before->last_frame, old->deleted_in,
                    c->negotiated_in, usual);
    } else {
        finding_add(out, CHECK_rekey_gap, &where,
                    "No packet goes from %s to %s for %.1f s between SPI %08x (frame %u) and SPI "
                    "%08x, which replaces it. Before, there was a packet every %.2f s.",
                    from, to, pause, before->spi, before->last_frame, e->packet->spi, usual);
    }
}

void
check_cleartext_bypass(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_clear(in->db); i++) {
        const struct clear_packet *p = sadb_clear(in->db, i);
        char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], a[TS_TEXT_MAX], b[TS_TEXT_MAX];
        struct scope where = { .basis = p->child->basis,
                               .frame = p->frame,
                               .sa = p->child->ike_sa,
                               .child = p->child,
                               .exchange = NO_ID,
                               .variant = p->to_responder };
        if (clear_packet_is_explained(p) ||
            points_explain_clear(sadb_points(in->db), p->frame, p->point)) {
            continue;
        }
        finding_add(
            out, CHECK_cleartext_bypass, &where,
            "A packet from %s to %s is in clear, although Child SA %u (frame %u) protects %s === "
            "%s.",
            ip_print(&p->packet.src, src, sizeof src), ip_print(&p->packet.dst, dst, sizeof dst),
            p->child->id, p->child->negotiated_in,
            selectors_print(p->child->ts_i, p->child->num_ts_i, a, sizeof a),
            selectors_print(p->child->ts_r, p->child->num_ts_r, b, sizeof b));
        finding_sum(out, CHECK_cleartext_bypass, &where,
                    SUM_COUNT " packets are in clear, although Child SA %u (frame %u) protects %s "
                    "=== %s.",
                    p->child->id, p->child->negotiated_in, a, b);
    }
}

/* --- streams of no IKE ----------------------------------------------------------------------- */

/* The stream's SPI on its way, or on the way back. */
static uint64_t
way_hash(const struct stream *s, bool back)
{
    const uint64_t head = (uint64_t)s->protocol << 32 | s->spi;
    uint64_t h = hash_octets(hash_seed(), &head, sizeof head);

    h = hash_octets(h, back ? &s->dst : &s->src, sizeof s->src);
    return hash_octets(h, back ? &s->src : &s->dst, sizeof s->dst);
}

static bool
of_no_ike(const struct stream *s)
{
    return s->packets && !s->child && !s->peers;
}

/* Receivers choose SPIs (RFC 4303 section 2.1), each its own: one that leads to a group, or the
 * same both ways where nobody has negotiated, was given to all by somebody else. */
struct shared_spis {
    GHashTable *ways;           /* of way_hash */
    GHashTable *groups;         /* protocol and SPI of what goes to a multicast group */
};

static void
find_shared(const struct sadb *db, struct shared_spis *all)
{
    all->ways = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    all->groups = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (size_t i = 0; i < sadb_num_streams(db); i++) {
        const struct stream *s = sadb_stream(db, i);
        uint64_t way = way_hash(s, false), name = (uint64_t)s->protocol << 32 | s->spi;
        if (of_no_ike(s)) {
            g_hash_table_add(all->ways, g_memdup2(&way, sizeof way));
        }
        if (of_no_ike(s) && ip_is_multicast(&s->dst)) {
            g_hash_table_add(all->groups, g_memdup2(&name, sizeof name));
        }
    }
}

static bool
is_shared(const struct shared_spis *all, const struct stream *s)
{
    uint64_t back = way_hash(s, true), name = (uint64_t)s->protocol << 32 | s->spi;

    return g_hash_table_contains(all->ways, &back) || g_hash_table_contains(all->groups, &name);
}

static void
forget_shared(const struct shared_spis *all)
{
    g_hash_table_destroy(all->ways);
    g_hash_table_destroy(all->groups);
}

void
check_esp_without_ike(const struct check_in *in, struct findings *out)
{
    struct shared_spis shared;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], cipher[TEXT_MAX];

    find_shared(in->db, &shared);
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const char *suggested = NULL;
        bool ordered = ip_compare(&s->src, &s->dst) <= 0;
        struct scope where = { .basis = BASIS_OBSERVED, .frame = s->first_frame,
                               .exchange = NO_ID };
        if (!of_no_ike(s) || is_shared(&shared, s)) {
            continue;
        }
        where.variant = hash_octets(hash_seed(), ordered ? &s->src : &s->dst, sizeof s->src);
        where.variant = hash_octets(where.variant, ordered ? &s->dst : &s->src, sizeof s->src);
        suggested = stream_suggests(s, cipher, sizeof cipher);
        finding_add(out, CHECK_esp_without_ike, &where,
                    "%s goes from %s to %s, first with SPI %08x in frame %u; the capture contains "
                    "no IKE between these two addresses.%s%s%s",
                    ipsec_name(s->protocol), ip_print(&s->src, from, sizeof from),
                    ip_print(&s->dst, to, sizeof to), s->spi, s->first_frame,
                    suggested ? " Its lengths suggest " : "", suggested ? suggested : "",
                    suggested ? "." : "");
    }
    forget_shared(&shared);
}

void
check_group_sa(const struct check_in *in, struct findings *out)
{
    struct shared_spis shared;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

    find_shared(in->db, &shared);
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        struct scope where = { .basis = BASIS_INFERRED, .frame = s->first_frame,
                               .exchange = NO_ID };
        if (!of_no_ike(s) || !is_shared(&shared, s)) {
            continue;
        }
        where.variant = (uint64_t)s->protocol << 32 | s->spi;
        finding_add(out, CHECK_group_sa, &where,
                    "%s with SPI %08x goes from %s to %s%s%s. Suggests group keys, from a key "
                    "server or configured manually.",
                    ipsec_name(s->protocol), s->spi, ip_print(&s->src, from, sizeof from),
                    ip_is_multicast(&s->dst) ? "the multicast group " : "",
                    ip_print(&s->dst, to, sizeof to),
                    ip_is_multicast(&s->dst)                             ? "" :
                    g_hash_table_contains(shared.groups, &where.variant) ?
                        ", and with the same SPI to a multicast group" :
                        ", and back with the same SPI");
    }
    forget_shared(&shared);
}
