/* check_beside.c - without the keys of ESP: inner sources that are seen at the tunnel's own device,
 * beside the ESP packets that carry them.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"
#include "words/bound.h"

#include <espial/hash.h>

static const struct endpoint *
sender(const struct stream *s)
{
    return s->to_responder ? &s->child->ike_sa->initiator : &s->child->ike_sa->responder;
}

/* "Inner source 10.1.0.9 in SPI 47f54071, as the clear packets at the tunnel's own device show
 * (frame 8 with frame 9, and so on)" */
static void
say_source(const struct stream *s, const struct beside_source *b, GString *out)
{
    char addr[ADDR_TEXT_MAX];

    g_string_append_printf(out,
                           "Inner source %s in SPI %08x, as clear packets at the tunnel's own "
                           "device suggest (frame %u with frame %u",
                           ip_print(&b->packet.src, addr, sizeof addr), s->spi, b->clear[0],
                           b->sealed[0]);
    if (b->packets > 1) {
        g_string_append_printf(out, ", and %u more", b->packets - 1);
    }
    g_string_append(out, ")");
}

static void
report(struct findings *out, unsigned check, const struct stream *s,
       const struct beside_source *b, GString *text, const char *remedy)
{
    struct scope where = scope_stream(s, 0);

    where.basis = BASIS_INFERRED;
    where.variant = hash_octets(hash_seed(), &b->packet.src, sizeof b->packet.src);
    where.remedy = remedy;
    for (unsigned i = 0; i < b->num; i++) {
        where.frame = b->sealed[i];
        where.also = b->clear[i];
        finding_add(out, check, &where, "%s", i ? "" : text->str);
    }
}

/* The planning sheet binds another address to who sends the stream. */
static bool
against_plan(const struct check_in *in, struct findings *out, const struct stream *s,
             const struct beside_source *b)
{
    struct bound_otherwise bound;
    GString *text;

    if (!plan_binds_otherwise(in, &bound, sender(s), &b->packet.src)) {
        return false;
    }
    text = g_string_new(NULL);
    say_source(s, b, text);
    g_string_append(text, bound.text);
    report(out, CHECK_virtual_ip_violation, s, b, text, bound.remedy);
    g_string_free(text, TRUE);
    return true;
}

/* The gateway has assigned another one, and the selectors admit no network behind the client. */
static void
against_assigned(struct findings *out, const struct stream *s, const struct beside_source *b)
{
    const struct ike_sa *sa = s->child->ike_sa;
    const struct assigned_address *last = NULL;
    char bound[ADDR_TEXT_MAX], who[ID_TEXT_MAX], gateway[ID_TEXT_MAX];
    const struct selector *ts;
    size_t num;
    GString *text;

    for (guint i = 0; s->to_responder && i < sa->addresses->len; i++) {
        const struct assigned_address *a = &sa->addresses->at[i];
        if (ip_equal(&a->addr, &b->packet.src)) {
            return;
        }
        last = a->addr.family == b->packet.src.family ? a : last;
    }
    ts = child_selectors(s->child, true, &num);
    if (!last || (num && selectors_admit(ts, num, &b->packet, true) != REFUSED_ADDRESS)) {
        return;
    }
    text = g_string_new(NULL);
    say_source(s, b, text);
    g_string_append_printf(text, ", but %s assigned %s to %s (%s, frame %u).",
                           endpoint_print(&sa->responder, gateway, sizeof gateway),
                           ip_print(&last->addr, bound, sizeof bound),
                           endpoint_print(sender(s), who, sizeof who),
                           last->mode_config ? "Mode Config" : "configuration payload",
                           last->frame);
    report(out, CHECK_virtual_ip_violation, s, b, text, NULL);
    g_string_free(text, TRUE);
}

static void
against_selectors(struct findings *out, const struct stream *s, const struct beside_source *b)
{
    const struct child_sa *c = s->child;
    char list[TS_TEXT_MAX], who[ID_TEXT_MAX];
    const struct selector *ts;
    size_t num;
    GString *text;

    ts = child_selectors(c, s->to_responder, &num);
    if (!child_is_negotiated(c) || !num ||
        selectors_admit(ts, num, &b->packet, true) != REFUSED_ADDRESS ||
        child_admits(c, &b->packet, !s->to_responder) <= ADMITTED_PERHAPS) {
        return;
    }
    text = g_string_new(NULL);
    say_source(s, b, text);
    g_string_append_printf(text, ", but Child SA %u (frame %u) admits only %s from %s.", c->id,
                           c->negotiated_in, selectors_print(ts, num, list, sizeof list),
                           endpoint_print(sender(s), who, sizeof who));
    report(out, CHECK_inner_source_violation, s, b, text, NULL);
    g_string_free(text, TRUE);
}

void
beside_sources(const struct check_in *in, struct findings *out, unsigned check)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const struct inner_beside *b =
            s->child && !s->child->transport && !stream_is_strange(s) ? sadb_beside(in->db, s) :
                                                                        NULL;
        for (unsigned k = 0; b && k < b->num_sources; k++) {
            if (check == CHECK_inner_source_violation) {
                against_selectors(out, s, &b->sources[k]);
            } else if (!against_plan(in, out, s, &b->sources[k])) {
                against_assigned(out, s, &b->sources[k]);
            }
        }
    }
}
