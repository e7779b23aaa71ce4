/* check_lengths.c - packets that are lost or get on by their length (RFC 4301 section 8.2).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/protocol.h>
#include <stdio.h>

enum {
    FEW = 3, /* echoes lost, and packets answered, that make a rule */
    LADDER_STEPS = 2,
    SAFE_OUTER = 1280, /* octets of an IP packet that every path should carry: what IPv6
                                 * demands of links */
    SMALLEST_OUTER = 576,
    TCP_AND_IP = 40
};
#define SURELY_LOST_S 1.0

/* Of one direction: which lengths are lost, and which get on. */
struct rule {
    bool below; /* short ones are lost, else long ones */
    bool tcp; /* a segment was sent again and again, not acknowledged */
    uint32_t lost, passed; /* octets: the lost ones that are nearest to those that pass, which
                                 * are nearest to them */
    uint32_t sent; /* packets lost */
    uint32_t first_frame, last_frame;
};

static void
add_fate(struct flow_fate *to, const struct flow_question *q)
{
    to->shortest = to->number ? MIN(to->shortest, q->length) : q->length;
    to->longest = MAX(to->longest, q->length);
    to->first_frame = to->number ? MIN(to->first_frame, q->first_frame) : q->first_frame;
    to->last_frame = MAX(to->last_frame, q->last_frame);
    to->sent += q->sent;
    to->number++;
}

static bool
rule_of_read(const struct flow *f, bool to_r, double now, struct rule *out)
{
    double patience = MAX(SURELY_LOST_S, flow_patience(&f->way[to_r]));
    struct flow_fate lost = f->reading->way[to_r].lost, got = f->reading->way[to_r].answered;
    bool tcp = false, heard = false;

    for (size_t i = 0; i < FLOW_QUESTIONS; i++) {
        const struct flow_question *q = &f->reading->way[to_r].open[i];
        if (flow_question_is_lost(q, patience, now)) {
            add_fate(&lost, q);
            tcp |= q->tcp;
            heard |= q->tcp && q->back; /* its connection lives */
        }
    }
    *out = (struct rule){ lost.longest < got.shortest, tcp, lost.shortest, got.longest, lost.sent,
                          lost.first_frame, lost.last_frame };
    if (!lost.number || !got.number || lost.sent < FEW ||
        (!heard && (got.number < FEW || got.last_frame < lost.first_frame))) {
        return false;
    }
    if (out->below) {
        out->lost = lost.longest;
        out->passed = got.shortest;
        return lost.number >= FEW && got.number >= FEW;
    }
    return lost.shortest > got.longest;
}

/* Nobody could read them: the longest ones come again after doubled pauses, as TCP does, while
 * something comes back for shorter ones. */
static bool
rule_of_ladder(const struct flow_way *w, struct rule *out)
{
    const struct flow_ladder *l = &w->ladder;

    *out = (struct rule){ false, false, l->length, w->longest, l->sent, l->first_frame,
                          l->last_frame };
    return l->steps >= LADDER_STEPS && l->length >= FLOW_FULL_SEGMENT && l->length > w->longest &&
           w->questions >= FEW && l->back > 0;
}

static bool
find_rule(const struct sadb *db, const struct child_sa *c, bool to_r, struct rule *out)
{
    const struct flow *f = c->flow;

    if (!f || !f->way[0].packets || !f->way[1].packets) {
        return false;
    }
    return f->reading ? rule_of_read(f, to_r, sadb_last_time(db), out) :
                        rule_of_ladder(&f->way[to_r], out);
}

bool
length_decides(const struct sadb *db, const struct child_sa *c, bool to_responder)
{
    struct rule rule;

    return find_rule(db, c, to_responder, &rule);
}

/* Octets of what ESP is inside of; in TCP a length stands in front of it (RFC 9329 section 3). */
static uint32_t
carrier_header(const struct stream *s)
{
    if (s->in_tcp) {
        return TCP_HEADER + TCP_ENCAP_LENGTH;
    }
    return s->src_port ? UDP_HEADER : 0;
}

/* Octets of what the SA encrypts, in an outer packet of so many; of an SA whose suite is not known
 * by AES-CBC with HMAC-SHA2-256. */
static uint32_t
room_inside(const struct child_sa *c, const struct stream *s, uint32_t outer)
{
    struct encr_geometry g = { .iv = 16, .block = 16, .icv = 0 };
    uint32_t head = s->src.family == 6 ? IPV6_HEADER : IPV4_HEADER, around;
    uint8_t icv = 16;

    for (size_t i = 0; c->chosen && i < c->chosen->p->num_transforms; i++) {
        const struct transform *t = &c->chosen->p->transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            encr_geometry(t->id, &g);
        } else if (t->type == TRANSFORM_INTEG && t->id) {
            integ_icv_len(t->id, &icv);
        }
    }
    around = head + carrier_header(s) + ESP_HEADER + g.iv + (g.icv ? g.icv : icv);
    if (s->protocol == PROTO_AH) {
        return outer - head - AH_HEADER - icv;
    }
    return (outer - around) / MAX(g.block, 4u) * MAX(g.block, 4u) - ESP_TRAILER;
}

/* An outer packet that gets on: one that did, or what every path should carry. */
static uint32_t
outer_that_fits(const struct stream *s, const struct rule *rule)
{
    uint32_t head = s->src.family == 6 ? IPV6_HEADER : IPV4_HEADER;
    uint32_t passed, lost;

    head += carrier_header(s);
    passed = rule->passed + head;
    lost = rule->lost + head;

    if (lost > SAFE_OUTER) {
        return MAX(passed, SAFE_OUTER);
    }
    return lost > SMALLEST_OUTER ? MAX(passed, SMALLEST_OUTER) : passed;
}

static void
report(const struct child_sa *c, const struct stream *s, const struct rule *rule,
       struct findings *out)
{
    struct scope where = scope_stream(s, rule->first_frame);
    char remedy[TEXT_MAX], from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    uint32_t outer = outer_that_fits(s, rule), inside = room_inside(c, s, outer);
    uint32_t ip = c->transport ? 0 : TCP_AND_IP;

    where.also = rule->last_frame;
    where.basis = BASIS_INFERRED;
    where.remedy = remedy;
    if (rule->below) {
        g_strlcpy(remedy,
                  "Look for what drops short packets on the way or in the network cards: disable "
                  "ESP and checksum offload on both ends, and compare captures at both.",
                  sizeof remedy);
    } else {
        snprintf(remedy, sizeof remedy,
                 "Clamp the TCP MSS of what enters the tunnel to %u on both ends, or set the "
                 "tunnel's MTU to %u: outer packets then have at most %u octets; raise the value "
                 "step by step. Allow ICMP \"fragmentation needed\" and \"packet too big\" to both "
                 "ends: with them they find the limit themselves.",
                 inside - (ip ? ip : TCP_HEADER), ip ? inside : inside + IPV4_HEADER, outer);
    }
    finding_add(out, CHECK_large_esp_lost, &where,
                "%u packets of %u octets%s from %s to %s (SPI %08x, frames %u to %u) are not "
                "answered%s, while those of %u octets%s are. Suggests that the length decides.",
                rule->sent, rule->lost, rule->below ? " or less" : " or more",
                ip_print(&s->src, from, sizeof from), ip_print(&s->dst, to, sizeof to), s->spi,
                rule->first_frame, rule->last_frame,
                rule->tcp ? " (the same TCP segment repeatedly)" : "", rule->passed,
                rule->below ? " or more" : " or less");
}

void
check_large_esp_lost(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_child_sas(in->db); i++) {
        const struct child_sa *c = sadb_child_sa(in->db, i);
        for (unsigned to_r = 0; to_r < 2; to_r++) {
            struct both_ways b = child_both_ways(c);
            struct rule rule;
            if (b.first[to_r] && find_rule(in->db, c, to_r, &rule)) {
                report(c, b.first[to_r], &rule, out);
            }
        }
    }
}
