/* shown.c - records of IKE SAs, Child SAs and streams.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <espial/names.h>

/* --- ends ------------------------------------------------------------------------------------- */

static const char *
end_name(const struct endpoint *e, char *out, size_t size)
{
    return e->id ? e->id : ip_print(&e->addr, out, size);
}

/* 0 where the capture does not tell: IKE on port 4500 may be in TCP (RFC 9329 section 4). */
static uint8_t
ike_transport(const struct ike_sa *sa)
{
    for (guint i = 0; i < sa->children.len; i++) {
        if (sa->children.at[i]->tcp_encap) {
            return IP_TCP;
        }
    }
    return sa->i_from_500 || sa->r_from_500 || sa->i_from_4500 ? IP_UDP : 0;
}

static void
put_ike_ends(json_dumper *j, const struct ike_sa *sa)
{
    struct record_end i = { .addr = &sa->initiator.addr, .port = sa->initiator.port },
                      r = { .addr = &sa->responder.addr, .port = sa->responder.port };

    put_ends(j, &i, &r, ike_transport(sa), "ike", false);
}

static uint8_t
child_transport(const struct child_sa *c)
{
    return c->tcp_encap ? IP_TCP : c->udp_encap ? IP_UDP : c->protocol == PROTO_AH ? IP_AH : IP_ESP;
}

static const char *
protocol_name_of(uint8_t protocol)
{
    return protocol == PROTO_AH ? "ah" : "esp";
}

/* What either end has sent. */
static void
put_child_ends(json_dumper *j, const struct child_sa *c, bool counted)
{
    struct record_end i = { .addr = &c->addr_i, .counted = counted },
                      r = { .addr = &c->addr_r, .counted = counted };

    for (guint k = 0; k < c->streams.len; k++) {
        const struct stream *s = c->streams.at[k];
        struct record_end *from = s->to_responder ? &i : &r;
        from->packets += s->packets;
        from->bytes += s->bytes;
    }
    put_ends(j, &i, &r, child_transport(c), protocol_name_of(c->protocol), false);
}

static void
put_stream_ends(json_dumper *j, const struct stream *s, bool counted)
{
    uint8_t transport = s->in_tcp     ? IP_TCP :
                        s->src_port   ? IP_UDP :
                        s->protocol == PROTO_AH ? IP_AH :
                                                  IP_ESP;
    struct record_end source = { &s->src, s->src_port, counted, s->packets, s->bytes },
                      destination = { &s->dst, s->dst_port, counted, 0, 0 };

    put_ends(j, &source, &destination, transport, protocol_name_of(s->protocol),
             s->src_port == s->last_src_port);
}

void
put_ends_of(json_dumper *j, const struct records *all, uint32_t stream, uint32_t child_sa,
            uint32_t ike_sa)
{
    if (stream != NO_ID) {
        put_stream_ends(j, sadb_stream(all->r->db, stream), false);
    } else if (child_sa != NO_ID) {
        put_child_ends(j, sadb_child_sa(all->r->db, child_sa), false);
    } else if (ike_sa != NO_ID) {
        put_ike_ends(j, sadb_ike_sa(all->r->db, ike_sa));
    }
}

/* --- IKE SAs ---------------------------------------------------------------------------------- */

static const char *
reason_of(const struct records *all, uint32_t diagnosis)
{
    return diagnosis == NO_ID ? NULL : diagnoses_get(all->r->diagnoses, diagnosis)->title;
}

void
put_user_of(json_dumper *j, const struct records *all, uint32_t ike_sa)
{
    const struct ike_sa *sa = ike_sa == NO_ID ? NULL : sadb_ike_sa(all->r->db, ike_sa);

    if (sa && sa->user) {
        put_object(j, "user");
        put_text(j, "name", sa->user);
        json_dumper_end_object(j);
    }
}

static void
put_ike_facts(json_dumper *j, const struct records *all, const struct ike_sa *sa)
{
    char text[ADDR_TEXT_MAX], method[SUITE_TEXT_MAX];
    uint32_t weak = all->hygiene_of_ike_sa[sa->id];

    put_object(j, "ike_sa");
    put_number(j, "id", sa->id);
    put_text(j, "version", sa->major == 1 ? "IKEv1" : "IKEv2");
    put_ike_spi(j, "spi_i", sa->spi_i);
    put_ike_spi(j, "spi_r", sa->spi_r);
    put_text(j, "state", ike_sa_state_name(sa->state));
    put_text(j, "initiator", end_name(&sa->initiator, text, sizeof text));
    put_text(j, "responder", end_name(&sa->responder, text, sizeof text));
    put_known(j, "proposal", sa->chosen ? sa->chosen->text : NULL);
    put_known(j, "auth_method", ike_sa_method(sa, method, sizeof method));
    put_text(j, "standing", ike_sa_standing_name(sa));
    put_unless(j, "rekeys", sa->rekeys, NO_ID);
    put_unless(j, "rekeyed_by", sa->rekeyed_by, NO_ID);
    put_number(j, "first_frame", sa->first_frame);
    put_number(j, "last_frame", sa->last_frame);
    put_number(j, "exchanges", sa->exchanges.len);
    begin_list(j, "child_sas");
    for (guint i = 0; i < sa->children.len; i++) {
        json_dumper_value_anyf(j, "%u", sa->children.at[i]->id);
    }
    json_dumper_end_array(j);
    begin_list(j, "virtual_ips");
    for (guint i = 0; i < sa->addresses->len; i++) {
        json_dumper_value_string(j, ip_print(&sa->addresses->at[i].addr, text, sizeof text));
    }
    json_dumper_end_array(j);
    if (weak != NO_ID) {
        put_text(j, "hygiene", diagnoses_hygiene(all->r->diagnoses, weak)->text);
    }
    json_dumper_end_object(j);
}

static bool
ike_is_weak(const struct records *all, const struct ike_sa *sa)
{
    uint32_t weak = all->hygiene_of_ike_sa[sa->id];

    return weak != NO_ID &&
           diagnoses_hygiene(all->r->diagnoses, weak)->severity >= SEV_WARN;
}

void
records_ike_sa(const struct records *all, const struct ike_sa *sa)
{
    struct happening h = { .kind = "event", .dataset = "ike_sa", .id = sa->id,
                           .categories = { "network", "session" }, .types = { "connection" } };
    char i[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX], suite[SUITE_TEXT_MAX];
    uint32_t diagnosis = all->of_ike_sa[sa->id];
    unsigned types = 1;
    json_dumper j;
    char *message;

    if (sa->started_here) {
        h.types[types++] = "start";
    }
    if (sa->deleted_in || sa->state == IKE_FAILED) {
        h.types[types++] = "end";
    }
    h.outcome = sa->state == IKE_FAILED ? "failure" : sa->stood ? "success" : "unknown";
    h.reason = sa->state == IKE_FAILED ? reason_of(all, diagnosis) : NULL;
    h.timed = ike_sa_times(sa, &h.first, &h.last);
    message = g_strdup_printf("IKE SA %u (IKEv%u) of %s with %s: %s", sa->id,
                              (unsigned)sa->major, end_name(&sa->initiator, i, sizeof i),
                              end_name(&sa->responder, r, sizeof r), ike_sa_state_name(sa->state));
    record_begin(&j, all, &h, message);
    put_tags(&j, sa->established_inferred || sa->failed_inferred || sa->deleted_inferred,
             ike_is_weak(all, sa));
    put_ike_ends(&j, sa);
    put_user_of(&j, all, sa->id);
    record_own(&j, all);
    json_dumper_end_object(&j);
    put_ike_facts(&j, all, sa);
    put_link(&j, "tunnel", all->tunnel_of_ike_sa[sa->id]);
    put_link(&j, "diagnosis", diagnosis);
    put_known(&j, "nat", nat_name(sa->nat));
    begin_list(&j, "offered");
    for (guint k = 0; k < sa->offered->len; k++) {
        json_dumper_value_string(&j, kept_text(sa->offered->at[k], suite));
    }
    json_dumper_end_array(&j);
    record_end(&j);
    g_free(message);
}

/* --- Child SAs -------------------------------------------------------------------------------- */

static void
put_child_facts(json_dumper *j, const struct child_sa *c)
{
    char text[ADDR_TEXT_MAX];

    put_object(j, "child_sa");
    put_number(j, "id", c->id);
    put_text(j, "protocol", c->protocol == PROTO_AH ? "AH" : "ESP");
    put_known(j, "mode", child_mode(c));
    put_text(j, "state", child_state_name(c->state));
    put_text(j, "basis", basis_name(c->basis));
    if (c->spi_i) {
        put_spi(j, "spi_i", c->spi_i);
    }
    if (c->spi_r) {
        put_spi(j, "spi_r", c->spi_r);
    }
    put_known(j, "proposal", c->chosen ? c->chosen->text : NULL);
    put_selectors(j, "ts_i", c->ts_i, c->num_ts_i);
    put_selectors(j, "ts_r", c->ts_r, c->num_ts_r);
    put_known(j, "virtual_ip",
              c->virtual_ip.family ? ip_print(&c->virtual_ip, text, sizeof text) : NULL);
    put_unless(j, "negotiated_in", c->negotiated_in, 0);
    put_unless(j, "deleted_in", c->deleted_in, 0);
    put_unless(j, "rekeys", c->rekeys, NO_ID);
    put_unless(j, "rekeyed_by", c->rekeyed_by, NO_ID);
    put_unless(j, "lifetime", c->chosen ? c->chosen->p->attr.life_s : 0, 0);
    put_unless(j, "lifetime_kb", c->chosen ? c->chosen->p->attr.life_kb : 0, 0);
    begin_list(j, "streams");
    for (guint i = 0; i < c->streams.len; i++) {
        json_dumper_value_anyf(j, "%u", c->streams.at[i]->id);
    }
    json_dumper_end_array(j);
    json_dumper_end_object(j);
}

void
records_child_sa(const struct records *all, const struct child_sa *c)
{
    struct happening h = { .kind = "event", .dataset = "child_sa", .id = c->id,
                           .categories = { "network", "session" }, .types = { "connection" } };
    uint32_t diagnosis = all->of_child_sa[c->id];
    unsigned types = 1;
    json_dumper j;
    char *message;

    if (c->negotiated_in) {
        h.types[types++] = "start";
    }
    if (c->deleted_in || c->state == CHILD_FAILED) {
        h.types[types++] = "end";
    }
    h.outcome = c->state == CHILD_FAILED ? "failure" : "success";
    h.reason = c->state == CHILD_FAILED ? reason_of(all, diagnosis) : NULL;
    h.timed = child_times(c, &h.first, &h.last);
    message = g_strdup_printf("Child SA %u (%s) of IKE SA %u: %s", c->id,
                              c->protocol == PROTO_AH ? "AH" : "ESP", c->ike_sa->id,
                              child_state_name(c->state));
    record_begin(&j, all, &h, message);
    put_tags(&j, c->basis == BASIS_INFERRED, false);
    put_child_ends(&j, c, true);
    put_user_of(&j, all, c->ike_sa->id);
    record_own(&j, all);
    json_dumper_end_object(&j);
    put_link(&j, "ike_sa", c->ike_sa->id);
    put_child_facts(&j, c);
    put_link(&j, "tunnel", all->tunnel_of_ike_sa[c->ike_sa->id]);
    put_link(&j, "diagnosis", diagnosis);
    record_end(&j);
    g_free(message);
}

/* --- streams ---------------------------------------------------------------------------------- */

static void
put_stream_facts(json_dumper *j, const struct stream *s)
{
    char cipher[TEXT_MAX], spi[9];

    g_snprintf(spi, sizeof spi, "%08x", s->spi);
    put_object(j, "stream");
    put_number(j, "id", s->id);
    put_text(j, "protocol", s->protocol == PROTO_AH ? "AH" : "ESP");
    put_text(j, "spi", spi);
    if (s->child) {
        put_text(j, "basis", basis_name(s->basis));
    }
    put_number(j, "first_frame", s->first_frame);
    put_number(j, "last_frame", s->last_frame);
    put_number(j, "first_seq", s->first_seq);
    put_number(j, "last_seq", s->last_seq);
    put_number(j, "lost", s->lost);
    put_percent(j, "lost_percent", stream_lost_percent(s));
    put_number(j, "replayed", s->replayed);
    put_number(j, "out_of_window", s->out_of_window);
    put_known(j, "suggests", stream_suggests(s, cipher, sizeof cipher));
    json_dumper_end_object(j);
}

void
records_stream(const struct records *all, const struct stream *s)
{
    struct happening h = { .kind = "event", .dataset = "stream", .id = s->id,
                           .categories = { "network" }, .types = { "connection" },
                           .timed = s->packets > 0, .first = s->first_time, .last = s->last_time };
    char source[ADDR_TEXT_MAX], destination[ADDR_TEXT_MAX];
    uint32_t tunnel = s->child ? all->tunnel_of_ike_sa[s->child->ike_sa->id] :
                                 all->tunnel_of_stream[s->id];
    json_dumper j;
    char *message = g_strdup_printf(
        "%s %08x from %s to %s: %u packets, %" G_GUINT64_FORMAT " lost",
        s->protocol == PROTO_AH ? "AH" : "ESP", s->spi, ip_print(&s->src, source, sizeof source),
        ip_print(&s->dst, destination, sizeof destination), s->packets, (guint64)s->lost);

    record_begin(&j, all, &h, message);
    put_tags(&j, s->child && s->basis == BASIS_INFERRED, false);
    put_stream_ends(&j, s, true);
    record_own(&j, all);
    json_dumper_end_object(&j);
    put_link(&j, "ike_sa", s->child ? s->child->ike_sa->id : NO_ID);
    put_link(&j, "child_sa", s->child ? s->child->id : NO_ID);
    put_stream_facts(&j, s);
    put_link(&j, "tunnel", tunnel);
    record_end(&j);
    g_free(message);
}
