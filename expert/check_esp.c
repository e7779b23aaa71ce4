/* check_esp.c - ESP and AH packets against what was negotiated, as a receiver would see
 * them (RFC 4303, RFC 4302).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/points.h>

#include <stdio.h>

enum { ICV_96 = 12 };      /* octets */
/* 2^32 blocks of 64 bits, the birthday bound (RFC 7321 section 3) */
#define SMALL_BLOCK_BYTES ((uint64_t)32 << 30)

/* For scope.number, never 0. */
static uint32_t
milliseconds(double seconds)
{
    return seconds > 0.001 && seconds < UINT32_MAX / 1000.0 ? (uint32_t)(seconds * 1000) : 1;
}

static bool
counts(const struct check_in *in)
{
    return in->ipsec->stream && !in->ipsec->duplicate;
}

/* The newest live Child SA of the same two and the same protocol: what they negotiated for this
 * direction.  NULL where there is none. */
static const struct child_sa *
negotiated_instead(const struct ipsec_event *e, bool *to_responder)
{
    const struct ike_sa *sa = e->peers;

    if (!sa) {
        return NULL;
    }
    *to_responder = ip_equal(&e->at.dst, &sa->responder.addr);
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        if (child_is_negotiated(c) && c->protocol == e->packet->protocol && c->established &&
            !c->deleted_in && (*to_responder ? c->spi_r : c->spi_i)) {
            return c;
        }
    }
    return NULL;
}

/* Where another SPI was negotiated for the direction, and what became of it. */
static void
say_instead(const struct ipsec_event *e, char *out, size_t size)
{
    bool to_r = false;
    const struct child_sa *c = negotiated_instead(e, &to_r);
    uint32_t packets = c ? child_both_ways(c).packets[to_r] : 0;

    g_strlcpy(out, ".", size);
    if (c && packets) {
        snprintf(out, size, "; the negotiated SPI is %08x (Child SA %u, frame %u).",
                 to_r ? c->spi_r : c->spi_i, c->id, c->negotiated_in);
    } else if (c) {
        snprintf(out, size,
                 "; the negotiated SPI is %08x (Child SA %u, frame %u), which has carried nothing "
                 "so far.",
                 to_r ? c->spi_r : c->spi_i, c->id, c->negotiated_in);
    }
}

void
check_spi_unknown(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], instead[128];
    struct scope where;

    if (e->child || !e->stream || !e->stream->peers_readable ||
        child_is_negotiated(stream_rare(e->stream)->other_protocol)) {
        return;         /* the last: protocol_mismatch reports it */
    }
    where = scope_packet(in);
    say_instead(e, instead, sizeof instead);
    finding_add(out, CHECK_spi_unknown, &where,
                "%s from %s to %s uses SPI %08x, which no captured exchange between these peers "
                "negotiated%s",
                ipsec_name(e->packet->protocol), ip_print(&e->at.src, from, sizeof from),
                ip_print(&e->at.dst, to, sizeof to), e->packet->spi, instead);
}

/* The Delete was captured at another place than the packet, and nobody knows how far the clocks of
 * the two are apart. */
static bool
clocks_apart(const struct check_in *in)
{
    const struct points *p = sadb_points(in->db);
    const struct ipsec_event *e = in->ipsec;

    return !points_one_place(p, e->child->deleted_in, e->at.frame) &&
           !(points_meet(p) && points_knows_clock(p, e->at.point));
}

void
check_esp_after_delete(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    double since;
    struct scope where;

    if (!child_is_negotiated(e->child) || !e->child->deleted_in || e->duplicate) {
        return;
    }
    since = e->at.time - e->child->deleted_time;
    if (since <= sadb_options(in->db)->delete_grace || clocks_apart(in)) {
        return;
    }
    where = scope_packet(in);
    where.number = milliseconds(since);
    finding_add(out, CHECK_esp_after_delete, &where,
                "%s with SPI %08x is sent %.1f s after Child SA %u was deleted in frame %u.",
                ipsec_name(e->packet->protocol), e->packet->spi, since, e->child->id,
                e->child->deleted_in);
    finding_sum(out, CHECK_esp_after_delete, &where,
                SUM_COUNT " packets with SPI %08x are sent " SUM_SECONDS " s after Child SA %u was "
                "deleted in frame %u.",
                e->packet->spi, e->child->id, e->child->deleted_in);
}

static double
lifetime(const struct child_sa *c)
{
    return c->chosen && c->chosen->p->v1 ? (double)c->chosen->p->attr.life_s : 0;
}

void
check_esp_after_lifetime(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *c = e->child;
    double age;
    struct scope where;
    uint64_t kb;

    if (!child_is_negotiated(c) || !c->established || e->duplicate) {
        return;
    }
    age = e->at.time - c->negotiated_time;
    kb = c->chosen && c->chosen->p->v1 ? c->chosen->p->attr.life_kb : 0;
    where = scope_packet(in);
    where.number = milliseconds(age);
    if (lifetime(c) > 0 && age > lifetime(c) + sadb_options(in->db)->delete_grace) {
        finding_add(
            out, CHECK_esp_after_lifetime, &where,
            "%s with SPI %08x is sent %.0f s after quick mode (frame %u), which set a lifetime of "
            "%.0f s.",
            ipsec_name(e->packet->protocol), e->packet->spi, age, c->negotiated_in, lifetime(c));
        finding_sum(out, CHECK_esp_after_lifetime, &where,
                    SUM_COUNT " packets with SPI %08x are sent " SUM_SECONDS " s after quick mode "
                    "(frame %u), which set a lifetime of %.0f s.",
                    e->packet->spi, c->negotiated_in, lifetime(c));
    } else if (kb && e->stream->bytes / 1024 > kb) {
        where.variant = 1;
        finding_add(out, CHECK_esp_after_lifetime, &where,
                    "%s of SPI %08x has carried more than the %" G_GINT64_MODIFIER "u KB that "
                    "quick mode (frame %u) set as its lifetime.",
                    ipsec_name(e->packet->protocol), e->packet->spi, kb, c->negotiated_in);
    }
}

void
check_reserved_spi(const struct check_in *in, struct findings *out)
{
    char who[ADDR_TEXT_MAX];
    struct scope where;

    if (in->ipsec->packet->spi >= ESP_FIRST_FREE_SPI || !counts(in)) {
        return;
    }
    where = scope_packet(in);
    if (!in->ipsec->packet->spi) {
        where.remedy = "Check the sender: SPI 0 is reserved for local use and must never be sent.";
        finding_add(out, CHECK_reserved_spi, &where,
                    "%s from %s uses SPI 00000000, which cannot identify an SA.",
                    ipsec_name(in->ipsec->packet->protocol),
                    ip_print(&in->ipsec->at.src, who, sizeof who));
        return;
    }
    finding_add(out, CHECK_reserved_spi, &where,
                "%s to %s uses SPI %08x, which the receiver chose; the SPIs 0 to 255 are reserved.",
                ipsec_name(in->ipsec->packet->protocol),
                ip_print(&in->ipsec->at.dst, who, sizeof who), in->ipsec->packet->spi);
}

/* RFC 4303 section 3.4.3, RFC 4302 section 3.4.3: where several send to a group, and with keys set
 * by hand, no receiver looks at the numbers. */
static bool
has_window(const struct ipsec_event *e)
{
    const struct ip_addr *dst = &e->at.dst;

    return e->child || (dst->family == 4 ? dst->bytes[0] >> 4 != 14 : dst->bytes[0] != 0xff);
}

/* What is known of two packets with one number. */
enum likeness { SAME, OTHER_OCTETS, NOT_KNOWN };

static void
say_replay(const struct ipsec_event *e, struct findings *out, const struct scope *where)
{
    char first[48] = "";
    const char *like = e->same ? ", bit for bit" : "";

    if (e->original) {
        g_snprintf(first, sizeof first, "; the first is in frame %u", e->original);
    }
    finding_add(out, CHECK_replay, where,
                "Sequence number %u of SPI %08x is repeated in frame %u%s%s. A receiver drops it.",
                e->packet->seq, e->packet->spi, e->at.frame, like, first);
    finding_sum(out, CHECK_replay, where,
                SUM_COUNT " packets of SPI %08x repeat " SUM_NUMBERS
                          "%s%s: a receiver drops them.",
                e->packet->spi, e->original ? " (first in " SUM_OTHERS ")" : "", like);
}

void
check_replay(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct scope where;

    if ((!e->replayed && !e->differs && !e->echo) || e->explained || !has_window(e)) {
        return;
    }
    where = scope_packet(in);
    where.also = e->original;
    where.number = e->packet->seq;
    where.variant = e->differs ? OTHER_OCTETS : e->same ? SAME : NOT_KNOWN;
    if (!e->differs) {
        if (e->same) {
            where.remedy =
                "No data is lost: the receiver drops the second packet. If it always follows "
                "immediately, look for what duplicates packets on the way (a mirror port, a loop, "
                "bonded links). If it comes later, someone replays it: its TTL and link address "
                "show where it enters.";
        }
        say_replay(e, out, &where);
        return;
    }
    where.remedy =
        "Compare TTL, IP identification and link address of the two packets: if two devices share "
        "the SA, use it on one of them only. If both packets come from one device, its counter was "
        "reset; if one comes from elsewhere, it is forged.";
    finding_add(out, CHECK_replay, &where,
                "Sequence number %u of SPI %08x is repeated in frame %u with different octets than "
                "the first packet that had it: one of the two is forged, or two senders share the "
                "SA.",
                e->packet->seq, e->packet->spi, e->at.frame);
    finding_sum(out, CHECK_replay, &where,
                SUM_COUNT " packets of SPI %08x have " SUM_NUMBERS ", which other packets with "
                "different octets had first: one of each two is forged, or two senders share the "
                "SA.",
                e->packet->spi);
}

static void
say_late(struct findings *out, struct scope *where, const struct stream *s, uint32_t seq,
         uint32_t top, uint32_t window)
{
    where->number = seq;
    finding_add(out, CHECK_out_of_window, where,
                "Sequence number %u of SPI %08x is to the left of the window of %u packets that "
                "ends at %u. A receiver drops it.",
                seq, s->spi, window, top);
    finding_sum(out, CHECK_out_of_window, where,
                SUM_COUNT " packets of SPI %08x are to the left of the window of %u packets, with "
                SUM_NUMBERS ": a receiver drops them.",
                s->spi, window);
}

/* RFC 4303 section 3.3.3: a sender begins with 1 and must not cycle. */
static bool
is_number_0(const struct ipsec_event *e)
{
    return e->stream && !e->packet->seq && !e->stream->esn && !e->wrapped && !e->duplicate &&
           (e->out_of_window || e->replayed || e->differs ||
            (e->new_stream && child_is_negotiated(e->child)));
}

void
check_out_of_window(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct scope where = scope_packet(in);
    uint32_t window = sadb_options(in->db)->window;

    for (uint32_t i = 0; i < e->num_late; i++) {
        where.frame = e->late[i].frame;
        say_late(out, &where, e->stream, e->late[i].seq, e->late_top, window);
    }
    where.frame = e->at.frame;
    if (is_number_0(e)) {
        where.variant = 1;
        where.number = 0;
        where.remedy = "Find out who sends this packet: it is forged or damaged, unless the "
                       "sender's counter has wrapped; a sender must rekey before that. A larger "
                       "anti-replay window does not help.";
        finding_add(out, CHECK_out_of_window, &where,
                    "A packet of SPI %08x has sequence number 0: no sender may use it, and a "
                    "receiver drops the packet. It is forged or damaged, or the counter has "
                    "wrapped.",
                    e->packet->spi);
    } else if (e->out_of_window && !e->explained && has_window(e)) {
        say_late(out, &where, e->stream, e->packet->seq, e->stream->last_seq, window);
    }
}

void
check_sequence_not_one(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct scope where;

    if (!e->new_stream || !e->stream || !child_is_negotiated(e->child) || !e->child->established ||
        e->packet->seq <= 1 || e->number != 1 || stream_is_strange(e->stream)) {
        return;
    }
    /* A change of address begins another stream in the middle of the numbers. */
    for (guint i = 0; i < e->child->streams.len; i++) {
        const struct stream *s = e->child->streams.at[i];
        if (s != e->stream && s->spi == e->stream->spi && !stream_is_strange(s)) {
            return;
        }
    }
    where = scope_packet(in);
    finding_add(out, CHECK_sequence_not_one, &where,
                "The first packet of SPI %08x has sequence number %u, although %s in frame %u set "
                "up the SA.",
                e->packet->spi, e->packet->seq,
                e->child->exchange_type == V1_QUICK ? "quick mode" : "the exchange",
                e->child->negotiated_in);
}

void
check_sequence_wrapped(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct scope where;

    if (!e->wrapped || !child_is_negotiated(e->child)) {
        return;
    }
    where = scope_packet(in);
    finding_add(out, CHECK_sequence_wrapped, &where,
                "The sequence number of SPI %08x starts again at %u without extended sequence "
                "numbers (Child SA %u).",
                e->packet->spi, e->packet->seq, e->child->id);
}

/* --- the law of lengths ----------------------------------------------------------- */

struct geometry {
    uint32_t head, block, icv;
    uint16_t encr, integ;
};

static bool
geometry_of(const struct child_sa *c, struct geometry *out)
{
    struct encr_geometry g = { 0 };
    uint8_t icv = 0;
    bool known = false;

    *out = (struct geometry){ 0 };
    for (size_t i = 0; c->chosen && i < c->chosen->p->num_transforms; i++) {
        const struct transform *t = &c->chosen->p->transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            known = encr_geometry(t->id, &g);
            out->encr = t->id;
        } else if (t->type == TRANSFORM_INTEG) {
            out->integ = t->id;
            if (t->id && !integ_icv_len(t->id, &icv)) {
                return false;
            }
        }
    }
    out->head = 8u + g.iv;
    out->block = g.block;
    out->icv = g.icv ? g.icv : icv;
    return known && g.block >= 4;
}

static bool
fits(const struct geometry *g, uint32_t length)
{
    uint32_t least = g->head + g->block + g->icv;

    return length >= least && (length - least) % g->block == 0;
}

static bool
lawful(const struct check_in *in, struct geometry *g)
{
    const struct ipsec_event *e = in->ipsec;

    return counts(in) && child_is_negotiated(e->child) && e->child->established &&
           e->packet->protocol == PROTO_ESP && e->child->protocol == PROTO_ESP &&
           geometry_of(e->child, g);
}

static bool
fits_96(const struct geometry *g, uint32_t length)
{
    struct geometry short_icv = *g;

    short_icv.icv = ICV_96;
    return g->integ == INTEG_HMAC_SHA2_256_128 && g->block > 4 && fits(&short_icv, length);
}

void
check_length_impossible(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct geometry g;
    struct scope where;

    if (!lawful(in, &g) || fits(&g, e->packet->length) || fits_96(&g, e->packet->length)) {
        return;
    }
    where = scope_packet(in);
    where.variant = e->forged;      /* a word on what was forged or damaged is one of its own */
    where.basis = e->child->basis;
    where.number = e->packet->length;
    if (e->packet->length < g.head + g.block + g.icv) {
        finding_add(out, CHECK_length_impossible, &where,
                    "ESP length %u of SPI %08x is too short: %s (negotiated in frame %u) requires "
                    "at least %u.",
                    e->packet->length, e->packet->spi, e->child->chosen->text,
                    e->child->negotiated_in, g.head + g.block + g.icv);
    } else {
        finding_add(out, CHECK_length_impossible, &where,
                    "ESP length %u of SPI %08x does not match %s (negotiated in frame %u), which "
                    "gives lengths of %u modulo %u; this one is %u.",
                    e->packet->length, e->packet->spi, e->child->chosen->text,
                    e->child->negotiated_in, (g.head + g.icv) % g.block, g.block,
                    e->packet->length % g.block);
    }
    finding_sum(out, CHECK_length_impossible, &where,
                SUM_COUNT " packets of SPI %08x have ESP lengths of " SUM_LIST ", but %s "
                "(negotiated in frame %u) gives %u modulo %u and at least %u.",
                e->packet->spi, e->child->chosen->text, e->child->negotiated_in,
                (g.head + g.icv) % g.block, g.block, g.head + g.block + g.icv);
}

void
check_truncated_sha256(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct geometry g;
    struct scope where;

    if (!lawful(in, &g) || fits(&g, e->packet->length) || !fits_96(&g, e->packet->length)) {
        return;
    }
    where = scope_packet(in);
    where.variant = e->forged;
    where.basis = e->child->basis;
    where.number = e->packet->length;
    finding_add(out, CHECK_truncated_sha256, &where,
                "ESP length %u of SPI %08x matches a 96-bit ICV; %s (negotiated in frame %u) has "
                "one of 128 bits.",
                e->packet->length, e->packet->spi, e->child->chosen->text, e->child->negotiated_in);
    finding_sum(out, CHECK_truncated_sha256, &where,
                SUM_COUNT " packets of SPI %08x have ESP lengths of " SUM_LIST ", which match a "
                "96-bit ICV; %s (negotiated in frame %u) has one of 128 bits.",
                e->packet->spi, e->child->chosen->text, e->child->negotiated_in);
}

void
check_ah_length_wrong(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    bool v6 = e->at.src.family == 6;
    uint8_t icv = 0;
    unsigned words;
    struct scope where;

    if (!counts(in) || e->packet->protocol != PROTO_AH || !child_is_negotiated(e->child) ||
        !e->child->chosen) {
        return;
    }
    for (size_t i = 0; i < e->child->chosen->p->num_transforms; i++) {
        const struct transform *t = &e->child->chosen->p->transforms[i];
        if (t->type == TRANSFORM_INTEG &&
            (!integ_icv_len(t->id, &icv) ||
             (t->id >= INTEG_AES_128_GMAC && t->id <= INTEG_AES_256_GMAC))) {
            return;         /* GMAC carries its IV there too: RFC 4543 section 3.3 */
        }
    }
    if (!icv) {
        return;
    }
    /* RFC 4302 section 2.2: in words, less two; IPv6 wants a multiple of eight octets. */
    words = v6 ? (12u + icv + 7) / 8 * 2 - 2 : (12u + icv + 3) / 4 - 2;
    if (e->packet->ah_words == words) {
        return;
    }
    where = scope_packet(in);
    where.variant = e->forged;
    finding_add(out, CHECK_ah_length_wrong, &where,
                "AH with SPI %08x states a length of %u; %s (frame %u) requires %u.",
                e->packet->spi, e->packet->ah_words, e->child->chosen->text,
                e->child->negotiated_in, words);
}

static bool
in_clear(const struct check_in *in)
{
    struct geometry g;

    return lawful(in, &g) && g.encr != ENCR_NULL && in->ipsec->packet->readable_ip;
}

void
check_cleartext_in_esp(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct scope where;

    if (!in_clear(in)) {
        return;
    }
    where = scope_packet(in);
    finding_add(out, CHECK_cleartext_in_esp, &where,
                "ESP with SPI %08x carries a readable IPv4 packet, although %s was negotiated in "
                "frame %u.",
                e->packet->spi, e->child->chosen->text, e->child->negotiated_in);
}

void
check_protocol_mismatch(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *c = e->stream ? stream_rare(e->stream)->other_protocol : NULL;
    struct scope where;

    if (!counts(in) || e->child || !child_is_negotiated(c)) {
        return;
    }
    where = scope_packet(in);
    finding_add(
        out, CHECK_protocol_mismatch, &where, "%s uses SPI %08x, which frame %u negotiated for %s.",
        ipsec_name(e->packet->protocol), e->packet->spi, c->negotiated_in, ipsec_name(c->protocol));
}

void
check_iv_reused(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct geometry g;
    struct scope where;

    if (!e->iv_repeats || !lawful(in, &g)) {
        return;
    }
    where = scope_packet(in);
    finding_add(out, CHECK_iv_reused, &where,
                "Two packets of SPI %08x have the same explicit IV with the same key (%s) and "
                "therefore the same key stream.",
                e->packet->spi, e->child->chosen->text);
}

void
check_birthday_bound(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct geometry g;
    struct scope where;

    if (!lawful(in, &g) || g.block != 8 || e->stream->bytes <= SMALL_BLOCK_BYTES) {
        return;
    }
    where = scope_packet(in);
    finding_add(out, CHECK_birthday_bound, &where,
                "SPI %08x has carried more than 32 GiB with one key of %s.", e->packet->spi,
                e->child->chosen->text);
}

void
check_padding_bad(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    struct scope where;

    if (!counts(in) || !e->packet->bad_padding || e->packet->icv != ICV_GOOD || in_clear(in)) {
        return;         /* what was never enciphered has no padding that decryption could find */
    }
    where = scope_packet(in);
    where.basis = BASIS_DECRYPTED;
    finding_add(out, CHECK_padding_bad, &where,
                "The padding of a packet of SPI %08x is not 1, 2, 3, .. although its integrity "
                "check passes.",
                e->packet->spi);
}
