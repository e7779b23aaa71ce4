/* show.c - what a frame's records mean, as tree items and expert information.  Only
 * reads.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include "checks.h"
#include <espial/text.h>
#include <string.h>

enum {
#define FIELD(name, abbrev, type, display, strings, title, meaning) H_##name,
#include "fields.def"
#undef FIELD
    NUM_H
};

static int proto_espial = -1;
static int hf[NUM_H];
static int ett_espial = -1, ett_sa = -1, ett_finding = -1;
static expert_field ei[NUM_CHECKS];
static const unsigned severities[] = { PI_CHAT, PI_NOTE, PI_WARN, PI_ERROR };
static int id_isakmp, id_esp, id_ah;

/* The field that a check is about, plus one: expert information goes there where the frame
 * shows it, else to the finding. */
static const unsigned char about[NUM_CHECKS] = {
    [CHECK_proposal_not_offered] = H_chosen + 1,
    [CHECK_attribute_changed] = H_chosen + 1,
    [CHECK_several_chosen] = H_chosen + 1,
    [CHECK_suite_downgraded] = H_chosen + 1,
    [CHECK_weak_encryption] = H_chosen + 1,
    [CHECK_weak_integrity] = H_chosen + 1,
    [CHECK_weak_prf] = H_chosen + 1,
    [CHECK_weak_dh_group] = H_chosen + 1,
    [CHECK_no_integrity] = H_chosen + 1,
    [CHECK_no_encryption] = H_chosen + 1,
    [CHECK_weak_offered] = H_offered + 1,
    [CHECK_offer_changed] = H_offered + 1,
    [CHECK_exchange_mode_mismatch] = H_exchange + 1,
    [CHECK_aggressive_mode_psk] = H_exchange + 1,
    [CHECK_message_id_reused] = H_exchange + 1,
    [CHECK_payload_missing] = H_exchange + 1,
    [CHECK_payload_unexpected] = H_exchange + 1,
    [CHECK_request_unanswered] = H_exchange + 1,
    [CHECK_retransmission] = H_retransmission_of + 1,
    [CHECK_ikev1_in_use] = H_ike_version + 1,
    [CHECK_nat_detected] = H_nat + 1,
    [CHECK_nat_forced] = H_nat + 1,
    [CHECK_ah_through_nat] = H_nat + 1,
    [CHECK_ts_narrowed] = H_ts_i + 1,
    [CHECK_inner_selector_violation] = H_ts_i + 1,
    [CHECK_inner_source_violation] = H_inner_src + 1,
    [CHECK_virtual_ip_violation] = H_inner_src + 1,
    [CHECK_wrong_child_sa] = H_inner_src + 1,
    [CHECK_inner_destination_violation] = H_inner_dst + 1,
    [CHECK_virtual_ip_shared] = H_virtual_ip + 1,
    [CHECK_esp_after_delete] = H_deleted_in + 1,
    [CHECK_esp_after_lifetime] = H_child_state + 1,
    [CHECK_length_impossible] = H_child_proposal + 1,
    [CHECK_truncated_sha256] = H_child_proposal + 1,
    [CHECK_reserved_spi] = H_stream + 1,
    [CHECK_spi_unknown] = H_stream + 1,
    [CHECK_esp_without_ike] = H_stream + 1,
    [CHECK_esp_null_seen] = H_stream + 1,
    [CHECK_one_way] = H_stream + 1,
    [CHECK_never_used] = H_child_sa + 1,
    [CHECK_outer_source_violation] = H_child_spi + 1,
    [CHECK_outer_destination_violation] = H_child_spi + 1,
    [CHECK_sequence_gap] = H_lost + 1,
    [CHECK_replay] = H_replayed + 1,
    [CHECK_out_of_window] = H_packet + 1,
    [CHECK_sequence_not_one] = H_packet + 1,
    [CHECK_sequence_wrapped] = H_packet + 1,
};

/* A frame, and where it is shown. */
struct view {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree;
    proto_item **items;         /* of the record being shown, by field */
    uint32_t frame;
    bool visited;
};

static proto_item *
generated(proto_item *item)
{
    proto_item_set_generated(item);
    return item;
}

static proto_item *
put_text(const struct view *v, proto_tree *tree, int field, const char *text)
{
    return v->items[field] = generated(proto_tree_add_string(tree, hf[field], v->tvb, 0, 0, text));
}

static void
put_sentences(const struct view *v, proto_tree *tree, int field, const char *text)
{
    v->items[field] = show_sentences(v->tvb, tree, hf[field], ett_sa, text);
}

static proto_item *
put_number(const struct view *v, proto_tree *tree, int field, uint32_t n)
{
    return v->items[field] = generated(proto_tree_add_uint(tree, hf[field], v->tvb, 0, 0, n));
}

static void
put_direction(const struct view *v, proto_tree *tree, bool to_responder)
{
    put_text(v, tree, H_direction,
             to_responder ? "initiator to responder" : "responder to initiator");
}

/* Wireshark has no link to a frame of another file. */
static void
put_elsewhere(const struct view *v, proto_tree *tree, int field, uint32_t frame)
{
    char *name = capture_frame_name(frame);

    proto_item_set_text(put_text(v, tree, H_other_file, name), "%s: frame %s",
                        proto_registrar_get_nth((guint)hf[field])->name, name);
    g_free(name);
}

/* A link to a later frame is known only once that frame has been seen; on the first
 * pass it is left out, so that one pass and two differ in nothing else. */
static void
put_link(const struct view *v, proto_tree *tree, int field, uint32_t frame)
{
    uint32_t here = capture_frame_here(frame);

    if (frame && frame != v->frame && (frame < v->frame || v->visited)) {
        if (here) {
            put_number(v, tree, field, here);
        } else {
            put_elsewhere(v, tree, field, frame);
        }
    }
}

static void
show_offers(const struct view *v, proto_tree *tree, const struct exchange *x)
{
    char text[SUITE_TEXT_MAX];

    if (x->offered_in == v->frame) {
        for (guint i = 0; i < x->offered->len; i++) {
            put_text(v, tree, H_offered, kept_text(x->offered->at[i], text));
        }
    }
    if (x->chosen && x->chosen->frame == v->frame) {
        put_text(v, tree, H_chosen, x->chosen->text);
    }
}

static void
show_exchange(const struct view *v, proto_tree *tree, const struct ike_sa *sa,
              const struct record *r)
{
    const struct exchange *x = sa->exchanges.at[r->exchange];
    char name[64];

    put_text(v, tree, H_exchange, exchange_name(sa->major, x->type, name, sizeof name));
    put_link(v, tree, H_request_in, x->request);
    if (x->request == v->frame) {
        put_link(v, tree, H_response_in, x->response);
    }
    if (r->answers && x->request) {
        double t = x->response_time - x->request_time;
        nstime_t dt = { .secs = (time_t)t, .nsecs = (int)((t - (double)(time_t)t) * 1e9) };
        generated(proto_tree_add_time(tree, hf[H_response_time], v->tvb, 0, 0, &dt));
    }
    put_link(v, tree, H_retransmission_of, r->retransmission_of);
    show_offers(v, tree, x);
}

static const char *
endpoint_at(const struct view *v, const struct endpoint *e, char *out, size_t size)
{
    struct endpoint known = *e;

    if (known.id_frame > v->frame) {
        known.id = NULL;        /* a later frame says it */
    }
    return endpoint_print(&known, out, size);
}

/* One IKE SA replaces another once the newer of the two is established. */
static void
put_lineage(const struct view *v, proto_tree *tree, int field, uint32_t id,
            const struct ike_sa *newer)
{
    if (id != NO_ID && newer && newer->established_in && newer->established_in <= v->frame) {
        put_number(v, tree, field, id);
    }
}

static void
show_ike(const struct view *v, const struct record *r)
{
    const struct ike_sa *sa = sadb_ike_sa(capture_db(), r->ike_sa);
    char initiator[ID_TEXT_MAX], responder[ID_TEXT_MAX];
    proto_item *item;
    proto_tree *tree;

    if (!sa) {
        return;
    }
    endpoint_at(v, &sa->initiator, initiator, sizeof initiator);
    endpoint_at(v, &sa->responder, responder, sizeof responder);
    item = put_number(v, v->tree, H_ike_sa, sa->id);
    proto_item_append_text(item, ", %s to %s", initiator, responder);
    tree = proto_item_add_subtree(item, ett_sa);
    generated(proto_tree_add_bytes_with_length(tree, hf[H_ike_spi_i], v->tvb, 0, 0, sa->spi_i,
                                               sizeof sa->spi_i));
    if (r->spi_r_known) {
        generated(proto_tree_add_bytes_with_length(tree, hf[H_ike_spi_r], v->tvb, 0, 0, sa->spi_r,
                                                   sizeof sa->spi_r));
    }
    put_text(v, tree, H_ike_version, sa->major == 1 ? "IKEv1" : "IKEv2");
    put_text(v, tree, H_ike_state, ike_sa_state_name(r->ike_state));
    if (sa->chosen && sa->chosen->frame <= v->frame) {
        put_text(v, tree, H_ike_proposal, sa->chosen->text);
    }
    put_text(v, tree, H_ike_initiator, initiator);
    put_text(v, tree, H_ike_responder, responder);
    if (sa->auth_method_in && sa->auth_method_in <= v->frame) {
        char method[64];
        const char *name = ike_sa_method(sa, method, sizeof method);
        if (name) {
            put_text(v, tree, H_ike_auth_method, name);
        }
    }
    put_lineage(v, tree, H_ike_rekeys, sa->rekeys, sa);
    put_lineage(v, tree, H_ike_rekeyed_by, sa->rekeyed_by,
                sa->rekeyed_by == NO_ID ? NULL : sadb_ike_sa(capture_db(), sa->rekeyed_by));
    if (sa->user && sa->user_frame <= v->frame) {
        put_text(v, tree, H_user, sa->user);
    }
    if (r->nat != NAT_UNKNOWN) {
        put_text(v, tree, H_nat, nat_name(r->nat));
    }
    if (r->kind == RECORD_IKE) {
        put_direction(v, tree, r->from_initiator);
    }
    if (r->message) {
        put_text(v, tree, H_message, r->message);
    }
    if (r->kind == RECORD_IKE && r->exchange != NO_ID) {
        show_exchange(v, tree, sa, r);
    }
}

static uint32_t
negotiated_in(uint32_t child)
{
    const struct child_sa *c = child == NO_ID ? NULL : sadb_child_sa(capture_db(), child);

    return c ? c->negotiated_in : 0;
}

static void
show_child(const struct view *v, const struct record *r, const struct stream *s)
{
    const struct child_sa *c = sadb_child_sa(capture_db(), r->child);
    char text[TS_TEXT_MAX], other[TS_TEXT_MAX];
    proto_item *item;
    proto_tree *tree;

    if (!c) {
        return;
    }
    item = put_number(v, v->tree, H_child_sa, c->id);
    tree = proto_item_add_subtree(item, ett_sa);
    if (s) {
        put_number(v, tree, H_child_spi, s->spi);
    }
    if (c->basis != BASIS_INFERRED || v->visited) {
        put_number(v, tree, H_child_spi_i, c->spi_i);
        put_number(v, tree, H_child_spi_r, c->spi_r);
    }
    if (c->chosen) {
        put_text(v, tree, H_child_proposal, c->chosen->text);
    }
    if (child_mode(c)) {
        put_text(v, tree, H_child_mode, child_mode(c));
    }
    put_text(v, tree, H_child_state, child_state_name(r->child_state));
    put_text(v, tree, H_child_basis, basis_name(c->basis));
    put_number(v, tree, H_child_owner, child_owner(capture_db(), c, v->frame)->id);
    if (c->chosen && c->chosen->p->attr.life_s) {
        put_number(v, tree, H_lifetime, c->chosen->p->attr.life_s);
    }
    if (c->chosen && c->chosen->p->attr.life_kb) {
        put_number(v, tree, H_lifetime_kb, c->chosen->p->attr.life_kb);
    }
    put_link(v, tree, H_negotiated_in, c->negotiated_in);
    put_link(v, tree, H_deleted_in, c->deleted_in);
    put_link(v, tree, H_rekeys, negotiated_in(c->rekeys));
    put_link(v, tree, H_rekeyed_by, negotiated_in(c->rekeyed_by));
    if (c->num_ts_i) {
        put_text(v, tree, H_ts_i, selectors_print(c->ts_i, c->num_ts_i, text, sizeof text));
        put_text(v, tree, H_ts_r, selectors_print(c->ts_r, c->num_ts_r, other, sizeof other));
        proto_item_append_text(item, ", %s === %s", text, other);
    }
    if (c->virtual_ip.family) {
        put_text(v, tree, H_virtual_ip, ip_print(&c->virtual_ip, text, sizeof text));
    }
}

static void
put_address(const struct view *v, proto_tree *tree, int field4, int field6, const struct ip_addr *a)
{
    if (a->family == 4) {
        guint32 raw;
        memcpy(&raw, a->bytes, sizeof raw);
        v->items[field4] = generated(proto_tree_add_ipv4(tree, hf[field4], v->tvb, 0, 0, raw));
    } else if (a->family == 6) {
        ws_in6_addr raw;
        memcpy(raw.bytes, a->bytes, sizeof raw.bytes);
        v->items[field4] = generated(proto_tree_add_ipv6(tree, hf[field6], v->tvb, 0, 0, &raw));
    }
}

static void
show_stream(const struct view *v, const struct record *r, const struct stream *s)
{
    proto_item *item = put_number(v, v->tree, H_stream, r->stream);
    proto_tree *tree = proto_item_add_subtree(item, ett_sa);
    char cipher[TEXT_MAX];

    proto_item_append_text(item, ", %s %08x, packet %u", s->protocol == PROTO_AH ? "AH" : "ESP",
                           s->spi, r->packet);
    put_number(v, tree, H_stream_spi, s->spi);
    if (r->child != NO_ID) {
        put_direction(v, tree, r->to_responder);
    }
    put_number(v, tree, H_packet, r->packet);
    put_number(v, tree, H_lost, r->lost);
    put_number(v, tree, H_replayed, r->replayed);
    if (v->visited && stream_suggests(s, cipher, sizeof cipher)) {
        put_text(v, tree, H_suggests, cipher);
    }
    put_address(v, tree, H_inner_src, H_inner_src6, &r->inner_src);
    put_address(v, tree, H_inner_dst, H_inner_dst6, &r->inner_dst);
}

/* --- findings ------------------------------------------------------------------- */

/* Of one frame. */
struct frame_findings {
    const GArray *ids;          /* NULL: none */
    proto_item **items;         /* where each is shown; NULL without a tree */
    bool *has_expert_info;                 /* its expert information has been added */
};

static const struct finding *
finding_at(const struct frame_findings *all, guint i)
{
    return findings_get(capture_findings(), g_array_index(all->ids, uint32_t, i));
}

static proto_item *
show_finding(const struct view *v, const struct finding *f)
{
    const struct check *c = &checks[f->check];
    proto_item *item = put_text(v, v->tree, H_finding, c->name);
    proto_tree *tree = proto_item_add_subtree(item, ett_finding);

    proto_item_set_text(item, "Finding: %s (%s)", c->title, c->name);
    if (item) {                 /* its colour, wherever the expert information is */
        FI_SET_FLAG(PITEM_FINFO(item), severities[f->severity]);
    }
    put_text(v, tree, H_severity, severity_name(f->severity));
    put_text(v, tree, H_basis, basis_name(f->basis));
    put_sentences(v, tree, H_detail, finding_detail_at(f, v->frame));
    put_sentences(v, tree, H_remedy, f->remedy);
    return item;
}

/* Expert information is added whether or not there is a tree: Wireshark's expert
 * dialog counts frames that it dissects without one.  Wireshark would cut a long text in the middle
 * of a character. */
static void
put_expert_info(const struct view *v, struct frame_findings *all, guint i, proto_item *item)
{
    const struct finding *f = finding_at(all, i);
    char text[ITEM_LABEL_LENGTH], *copy;
    const char *end, *detail = capture_text(finding_detail_at(f, v->frame), &copy);

    g_snprintf(text, sizeof text, "%s: %s", checks[f->check].title, detail);
    g_free(copy);
    g_utf8_validate(text, -1, &end);
    text[end - text] = 0;
    expert_add_info_format(v->pinfo, item, &ei[f->check], "%s", text);
    all->has_expert_info[i] = true;
}

static bool
is_about(const struct finding *f, const struct record *r)
{
    if (f->stream != NO_ID) {
        return f->stream == r->stream;
    }
    return f->child_sa != NO_ID ? f->child_sa == r->child :
                                  f->ike_sa != NO_ID && f->ike_sa == r->ike_sa;
}

static proto_item *
item_about(const struct view *v, const struct finding *f)
{
    if (f->check == CHECK_sa_established || f->check == CHECK_sa_rekeyed ||
        f->check == CHECK_sa_deleted) {
        return v->items[f->child_sa != NO_ID ? H_child_state : H_ike_state];
    }
    return about[f->check] ? v->items[about[f->check] - 1] : NULL;
}

static void
put_expert_info_on_fields(const struct view *v, struct frame_findings *all, const struct record *r)
{
    for (guint i = 0; all->ids && i < all->ids->len; i++) {
        const struct finding *f = finding_at(all, i);
        proto_item *item = !all->has_expert_info[i] && is_about(f, r) ? item_about(v, f) : NULL;
        if (item) {
            put_expert_info(v, all, i, item);
        }
    }
}

/* --- diagnoses ------------------------------------------------------------------------ */

/* In the first pass nobody knows yet what follows from what. */
static void
show_diagnoses(const struct view *v)
{
    const struct diagnoses *all = capture_diagnoses();
    const GArray *ids = all ? diagnoses_of_frame(all, v->frame) : NULL;

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct diagnosis *d = diagnoses_get(all, g_array_index(ids, uint32_t, i));
        proto_item *item = put_text(v, v->tree, H_diagnosis, checks[d->cause].name);
        proto_tree *tree = proto_item_add_subtree(item, ett_finding);
        proto_item_set_text(item, "Diagnosis: %s (%s)", d->title, checks[d->cause].name);
        if (item) {
            FI_SET_FLAG(PITEM_FINFO(item), severities[d->severity]);
        }
        if (d->tunnel != NO_ID) {
            put_sentences(v, tree, H_outcome, diagnoses_tunnel(all, d->tunnel)->text);
        }
        put_sentences(v, tree, H_diagnosis_text, d->text);
        put_sentences(v, tree, H_diagnosis_remedy, d->remedy);
    }
}

/* --- the frame -------------------------------------------------------------------- */

static void
show_record(const struct view *v, const struct record *r, struct frame_findings *found)
{
    const struct stream *s = r->stream == NO_ID ? NULL : sadb_stream(capture_db(), r->stream);

    memset(v->items, 0,
           NUM_H * sizeof *v->items); /* NOLINT(bugprone-sizeof-expression): an array of pointers */
    if (r->ike_sa != NO_ID) {
        show_ike(v, r);
    }
    if (r->child != NO_ID) {
        show_child(v, r, s);
    }
    if (s) {
        show_stream(v, r, s);
    }
    put_expert_info_on_fields(v, found, r);
    if (r->clear) {
        show_inner(v->tvb, v->pinfo, v->tree, r);
    }
}

/* The layer that the record is about: Espial's part goes below it, as TCP's analysis does.
 * The root where there is no such layer, or where nobody looks. */
static proto_tree *
place_of(proto_tree *root, const struct record *r)
{
    if (!r || !PTREE_DATA(root)->visible) {
        return root;
    }
    for (proto_node *n = root->first_child; n; n = n->next) {
        const header_field_info *h = compat_node_hfinfo(n);
        if (h && PNODE_FINFO(n) && (h->id == id_isakmp || h->id == id_esp || h->id == id_ah)) {
            return proto_item_get_subtree((proto_item *)n) ? (proto_tree *)n : root;
        }
    }
    return root;
}

static void
show_summary(proto_item *item, const struct record *r, const struct frame_findings *found)
{
    if (r && r->ike_sa != NO_ID) {
        proto_item_append_text(item, ", IKE SA %u", r->ike_sa);
    }
    if (r && r->child != NO_ID) {
        proto_item_append_text(item, ", Child SA %u", r->child);
    }
    if (found->ids) {
        proto_item_append_text(item, ", %u finding%s", found->ids->len,
                               found->ids->len == 1 ? "" : "s");
    }
}

static void
show_tree(struct view *v, proto_tree *root, const struct frame_records *records,
          struct frame_findings *found)
{
    const struct record *first = records ? records->at[0] : NULL;
    proto_item *item =
        generated(proto_tree_add_item(place_of(root, first), proto_espial, v->tvb, 0, 0, ENC_NA));

    v->tree = proto_item_add_subtree(item, ett_espial);
    show_summary(item, first, found);
    show_diagnoses(v);
    show_log(v->tvb, v->tree, hf[H_log], v->frame);
    show_point(v->tvb, v->tree,
               &(struct point_fields){ hf[H_point], hf[H_point_name], hf[H_point_time],
                                       hf[H_point_lost], hf[H_sighting] },
               v->frame);
    for (guint i = 0; found->ids && i < found->ids->len; i++) {
        found->items[i] = show_finding(v, finding_at(found, i));
    }
    for (unsigned i = 0; records && i < records->num; i++) {
        show_record(v, records->at[i], found);
    }
}

void
show_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *root, const struct frame_records *records,
           bool visited)
{
    proto_item *items[NUM_H] = { NULL };
    struct view view = { tvb, pinfo, NULL, items, capture_frame(pinfo), visited };
    struct frame_findings found = { .ids = findings_of_frame(capture_findings(), view.frame) };

    if (found.ids) {
        found.items = wmem_alloc0_array(pinfo->pool, proto_item *, found.ids->len);
        found.has_expert_info = wmem_alloc0_array(pinfo->pool, bool, found.ids->len);
    }
    if (root) {
        show_tree(&view, root, records, &found);
    }
    for (guint i = 0; found.ids && i < found.ids->len; i++) {
        if (!found.has_expert_info[i]) {
            put_expert_info(&view, &found, i, found.items[i]);
        }
    }
}

void
show_handoff(void)
{
    id_isakmp = compat_ike_protocol();
    id_esp = proto_get_id_by_filter_name("esp");
    id_ah = proto_get_id_by_filter_name("ah");
}

void
show_register(int proto)
{
    static hf_register_info fields[] = {
#define FIELD(name, abbrev, type, display, strings, title, meaning) \
        { &hf[H_##name], { title, abbrev, type, display, strings, 0, meaning, HFILL } },
#include "fields.def"
#undef FIELD
    };
    static int *etts[] = { &ett_espial, &ett_sa, &ett_finding };
    static ei_register_info experts[] = {
#define CHECK(name, sev, group, trigger, title, ...) \
        { &ei[CHECK_##name], { "espial." #name, PI_##group, PI_##sev, title, EXPFILL } },
#include "checks.def"
#undef CHECK
    };

    proto_espial = proto;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        *fields[i].p_id = -1;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(experts); i++) {
        *experts[i].ids = (expert_field)EI_INIT;
        experts[i].eiinfo.hf_info.hfinfo.blurb = checks[i].why;     /* rows in order of checks[] */
    }
    proto_register_field_array(proto, fields, array_length(fields));
    proto_register_subtree_array(etts, array_length(etts));
    show_log_register();
    show_point_register();
    expert_register_field_array(expert_register_protocol(proto), experts, array_length(experts));
}
