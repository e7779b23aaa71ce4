/* line.c - what a message says, in one line, as the log of an endpoint has it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <espial/text.h>
#include <glib.h>
#include <string.h>

/* What is named of one list; the rest is counted. */
enum { SUITES_NAMED = 2, ATTRIBUTES_NAMED = 6, SPIS_NAMED = 4 };

/* A line under way, and how many of each kind of payload are in it. */
struct line {
    const struct ike_message *m;
    char *out;
    size_t size;
    bool full;
    size_t notifies, deletes, ids, certificates;
    bool has_nat, has_sa, has_cfg;
};

static void
add_item(struct line *l, const char *item)
{
    size_t len = strlen(l->out);
    bool first = !len || l->out[len - 1] == ' ';

    /* Each must leave room for ", ..". */
    l->full = l->full ||
              !list_add(l->out, l->size - (first ? 2 : 0), first ? "" : ", ", item, true);
}

/* A name that ends nowhere but where its writer ended it: one with a comma could look like the next
 * payload. */
static void
add_named(struct line *l, const char *kind, const char *name)
{
    char item[2 * ID_TEXT_MAX];
    const char *quote = strpbrk(name, ", ") || !*name ? "\"" : "";

    g_snprintf(item, sizeof item, "%s %s%s%s", kind, quote, name, quote);
    add_item(l, item);
}

/* What a user typed, which may hold anything. */
static void
print_typed(const struct span *s, char *out, size_t size)
{
    char *raw = g_strndup((const char *)s->at, MIN(s->len, ID_TEXT_MAX / 2));
    char *shown = text_shown(g_strdelimit(raw, "\"", '\''));

    g_strlcpy(out, shown, size);
    if (strlen(shown) >= size) {        /* not in the middle of a character */
        const char *end;
        g_utf8_validate(out, -1, &end);
        out[end - out] = 0;
    }
    g_free(shown);
    g_free(raw);
}

static void
add_suites(struct line *l)
{
    const struct ike_message *m = l->m;
    char text[SUITE_TEXT_MAX], item[2 * SUITE_TEXT_MAX + 64] = "SA ";

    if (l->has_sa) {
        return;                 /* all of the message are in one list */
    }
    l->has_sa = true;
    for (size_t i = 0; i < m->num_proposals && i < SUITES_NAMED; i++) {
        const struct proposal *p = &m->proposals[i];
        g_strlcat(item, i ? " or " : "", sizeof item);
        g_strlcat(item, proposal_print(p, text, sizeof text), sizeof item);
        if (i == 0 && p->spi_len == 4) {
            g_snprintf(text, sizeof text, " SPI %08x", be32(p->spi));
            g_strlcat(item, text, sizeof item);
        }
    }
    if (m->num_proposals > SUITES_NAMED) {
        g_snprintf(text, sizeof text, " or %zu more", m->num_proposals - SUITES_NAMED);
        g_strlcat(item, text, sizeof item);
    }
    add_item(l, m->num_proposals ? item : "SA");
}

static void
print_group(uint16_t group, char *out, size_t size)
{
    const struct transform t = { TRANSFORM_KE, group, 0 };

    transform_print(&t, out, size);
}

static void
add_group(struct line *l)
{
    char name[64], item[80];

    if (l->m->major == 1) {
        add_item(l, "KE");      /* its group is in the SA payload */
        return;
    }
    print_group(l->m->ke_group, name, sizeof name);
    g_snprintf(item, sizeof item, "KE %s", name);
    add_item(l, item);
}

/* IDi and IDr of IKEv2 have types of their own, those of IKEv1 an order (RFC 2409 section 5.5). */
static void
add_identity(struct line *l, const struct ike_payload *p)
{
    const struct ike_message *m = l->m;
    bool second = m->major == 1 ? l->ids++ > 0 : p->type == V2P_IDR;
    const struct ike_id *id = second ? &m->id_r : &m->id_i;
    char name[ID_TEXT_MAX];
    struct selector s;

    if (!id->present) {
        return;
    }
    if (m->major == 1 && m->exchange == V1_QUICK && ike_id_selector(id, &s)) {
        selector_print(&s, name, sizeof name);
    } else {
        ike_id_print(id, name, sizeof name);
    }
    add_named(l, m->major == 2 ? (second ? "IDr" : "IDi") :
                 m->exchange == V1_QUICK ? (second ? "IDcr" : "IDci") : "ID", name);
}

static bool
is_nat_detection(const struct ike_message *m, uint16_t type)
{
    return m->major == 2 &&
           (type == N2_NAT_DETECTION_SOURCE_IP || type == N2_NAT_DETECTION_DESTINATION_IP);
}

/* Both hashes are one word. */
static void
add_nat(struct line *l)
{
    if (!l->has_nat) {
        add_item(l, "NAT-D");
    }
    l->has_nat = true;
}

/* What does something, beside errors; the rest announces what its sender can do. */
static bool
acts(const struct ike_message *m, uint16_t type)
{
    return m->major == 1 || type == N2_REKEY_SA || type == N2_COOKIE || type == N2_REDIRECT ||
           type == N2_REDIRECTED_FROM || type == N2_USE_TRANSPORT_MODE ||
           type == N2_UPDATE_SA_ADDRESSES || type == N2_INITIAL_CONTACT;
}

static void
add_notify(struct line *l, const struct ike_notify *n)
{
    char name[64], value[64] = "", item[160];

    notify_name(l->m->major, n->type, name, sizeof name);
    if (l->m->major == 2 && n->type == N2_INVALID_KE_PAYLOAD && n->data.len == 2) {
        print_group(be16(n->data.at), value, sizeof value);
    } else if (l->m->major == 2 && n->type == N2_AUTH_LIFETIME && n->data.len == 4) {
        g_snprintf(value, sizeof value, "%u s", be32(n->data.at));
    } else if (n->spi.len == 4) {
        g_snprintf(value, sizeof value, "SPI %08x", be32(n->spi.at));
    }
    g_snprintf(item, sizeof item, "N %s%s%s", name, *value ? " " : "", value);
    add_item(l, item);
}

/* The next notify, where its payload stands. */
static void
add_notify_in_place(struct line *l)
{
    const struct ike_message *m = l->m;
    const struct ike_notify *n = l->notifies < m->num_notifies ? &m->notifies[l->notifies++] : NULL;

    if (n && is_nat_detection(m, n->type)) {
        add_nat(l);
    } else if (n && acts(m, n->type) && !notify_is_error(m->major, n->type)) {
        add_notify(l, n);
    }
}

/* Errors stand before everything, announcements behind it, each type once. */
static void
add_notifies(struct line *l, bool errors)
{
    const struct ike_message *m = l->m;

    for (size_t i = 0; i < m->num_notifies && !l->full; i++) {
        const struct ike_notify *n = &m->notifies[i];
        bool error = notify_is_error(m->major, n->type);
        if (error == errors && (error || !acts(m, n->type)) && !is_nat_detection(m, n->type) &&
            ike_find_notify(m, n->type) == n) {
            add_notify(l, n);
        }
    }
}

static void
add_delete(struct line *l)
{
    const struct ike_delete *d =
        l->deletes < l->m->num_deletes ? &l->m->deletes[l->deletes++] : NULL;
    char item[128], spi[16];
    size_t num;

    if (!d) {
        return;
    }
    if (d->protocol == PROTO_IKE) {
        add_item(l, "D IKE SA");
        return;
    }
    g_snprintf(item, sizeof item, "D %s", d->protocol == PROTO_AH ? "AH" : "ESP");
    num = d->spi_len == 4 ? d->spis.len / 4 : 0;
    for (size_t i = 0; i < num && i < SPIS_NAMED; i++) {
        g_snprintf(spi, sizeof spi, " %08x", be32(d->spis.at + 4 * i));
        g_strlcat(item, spi, sizeof item);
    }
    if (num > SPIS_NAMED) {
        g_snprintf(spi, sizeof spi, " and %zu more", num - SPIS_NAMED);
        g_strlcat(item, spi, sizeof item);
    }
    add_item(l, item);
}

static void
add_selectors(struct line *l, bool initiator)
{
    const struct ike_message *m = l->m;
    char text[TS_TEXT_MAX], item[TS_TEXT_MAX + 8];

    if (initiator) {
        selectors_print(m->ts_i, m->num_ts_i, text, sizeof text);
    } else {
        selectors_print(m->ts_r, m->num_ts_r, text, sizeof text);
    }
    g_snprintf(item, sizeof item, "%s %s", initiator ? "TSi" : "TSr", text);
    add_item(l, item);
}

/* An attribute of a Configuration payload (RFC 7296 section 3.15.1, draft-beaulieu-ike-xauth
 * section 4); false for one that has no word here.  A password is never told. */
static bool
print_attribute(const struct ike_cfg_attr *a, char *out, size_t size)
{
    struct ip_addr addr = { 0 };
    char value[ID_TEXT_MAX] = "";
    const char *word;

    switch (a->type) {
    case CFG_INTERNAL_IP4_ADDRESS: case CFG_INTERNAL_IP6_ADDRESS: word = "address"; break;
    case CFG_INTERNAL_IP4_DNS: case CFG_INTERNAL_IP6_DNS: word = "DNS"; break;
    case CFG_INTERNAL_IP4_SUBNET: case CFG_INTERNAL_IP6_SUBNET: word = "network"; break;
    case CFG_XAUTH_TYPE: word = "XAUTH"; break;
    case CFG_XAUTH_USER_NAME: word = "user"; break;
    case CFG_XAUTH_USER_PASSWORD: word = "password"; break;
    case CFG_XAUTH_STATUS:
        word = !a->value.len ? "status" : ike_number(&a->value) ? "status OK" : "status FAIL";
        break;
    default: return false;
    }
    if (a->type == CFG_INTERNAL_IP4_ADDRESS || a->type == CFG_INTERNAL_IP4_DNS ||
        (a->type == CFG_INTERNAL_IP4_SUBNET && a->value.len == 8)) {
        addr = a->value.len >= 4 ? ip_from(4, a->value.at) : addr;
    } else if (a->type == CFG_INTERNAL_IP6_ADDRESS || a->type == CFG_INTERNAL_IP6_DNS ||
               a->type == CFG_INTERNAL_IP6_SUBNET) {
        addr = a->value.len >= 16 ? ip_from(6, a->value.at) : addr;
    }
    if (a->type == CFG_XAUTH_USER_NAME && a->value.len) {
        char typed[ID_TEXT_MAX - 2];
        print_typed(&a->value, typed, sizeof typed);
        g_snprintf(value, sizeof value, "\"%s\"", typed);
    } else if (!ip_unspecified(&addr)) {
        ip_print(&addr, value, sizeof value);
    }
    g_snprintf(out, (gulong)size, "%s%s%s", word, *value ? " " : "", value);
    return true;
}

/* The verb, and what is asked for or given: "CFG ask address, DNS". */
static void
add_configuration(struct line *l)
{
    const struct ike_message *m = l->m;
    const char *verb = m->cfg_type == CP_REQUEST ? "CFG ask" :
                       m->cfg_type == CP_REPLY   ? "CFG reply" :
                       m->cfg_type == CP_SET     ? "CFG set" :
                       m->cfg_type == CP_ACK     ? "CFG ack" :
                                                   "CFG";
    char item[2 * ID_TEXT_MAX + 64], one[ID_TEXT_MAX + 16];
    size_t named = 0;

    if (l->has_cfg) {
        return;
    }
    l->has_cfg = true;
    g_strlcpy(item, verb, sizeof item);
    for (size_t i = 0; i < m->num_cfg && named < ATTRIBUTES_NAMED; i++) {
        if (print_attribute(&m->cfg[i], one, sizeof one) &&
            strlen(item) + strlen(one) + 16 < sizeof item) {
            g_strlcat(item, named++ ? " and " : " ", sizeof item);
            g_strlcat(item, one, sizeof item);
        }
    }
    if (m->num_cfg > named) {
        g_snprintf(one, sizeof one, "%s%zu %s", named ? " and " : " ", m->num_cfg - named,
                   named ? "more" : m->num_cfg == 1 ? "attribute" : "attributes");
        g_strlcat(item, one, sizeof item);
    }
    add_item(l, item);
}

static void
add_eap(struct line *l)
{
    static const char *const codes[] = { [EAP_REQUEST] = "request", [EAP_RESPONSE] = "response",
                                         [EAP_SUCCESS] = "success", [EAP_FAILURE] = "failure" };
    const struct ike_message *m = l->m;
    const char *code = m->eap_code < G_N_ELEMENTS(codes) ? codes[m->eap_code] : NULL;
    bool typed = m->eap_code == EAP_REQUEST || m->eap_code == EAP_RESPONSE;
    char type[64] = "", who[ID_TEXT_MAX] = "", item[2 * ID_TEXT_MAX];

    if (typed) {
        eap_type_name(m->eap_type, type, sizeof type);
    }
    if (m->eap_code == EAP_RESPONSE && m->eap_type == EAPT_IDENTITY && m->eap_data.len) {
        print_typed(&m->eap_data, who, sizeof who);
    }
    g_snprintf(item, sizeof item, "EAP %s%s%s%s%s%s", code ? code : "message", *type ? " " : "",
               type, *who ? " \"" : "", who, *who ? "\"" : "");
    add_item(l, item);
}

static void
add_authentication(struct line *l)
{
    char name[64], item[80];

    auth_method_name(2, l->m->auth_method, name, sizeof name);
    g_snprintf(item, sizeof item, "AUTH %s", name);
    add_item(l, item);
}

/* RFC 2408 section 3.1.  Vendor IDs and nonces say nothing that anybody looks for; HASH is in each
 * message of phase 2. */
static void
add_v1(struct line *l, const struct ike_payload *p)
{
    char name[64];

    switch (p->type) {
    case V1P_SA: add_suites(l); break;
    case V1P_KE: add_group(l); break;
    case V1P_ID: add_identity(l, p); break;
    case V1P_NOTIFY: add_notify_in_place(l); break;
    case V1P_DELETE: add_delete(l); break;
    case V1P_ATTRIBUTES: add_configuration(l); break;
    case V1P_NAT_D: case V1P_NAT_D_DRAFT: add_nat(l); break;
    case V1P_VENDOR: case V1P_NONCE: case V1P_FRAGMENT: break;
    case V1P_HASH:
        if (l->m->exchange != V1_MAIN && l->m->exchange != V1_AGGRESSIVE) {
            break;
        }
        /* FALLTHROUGH */
    default: add_item(l, payload_name(1, p->type, name, sizeof name)); break;
    }
}

/* RFC 7296 section 3.2. */
static void
add_v2(struct line *l, const struct ike_payload *p)
{
    char name[64];

    switch (p->type) {
    case V2P_SA: add_suites(l); break;
    case V2P_KE: add_group(l); break;
    case V2P_IDI: case V2P_IDR: add_identity(l, p); break;
    case V2P_AUTH: add_authentication(l); break;
    case V2P_NOTIFY: add_notify_in_place(l); break;
    case V2P_DELETE: add_delete(l); break;
    case V2P_TSI: case V2P_TSR: add_selectors(l, p->type == V2P_TSI); break;
    case V2P_CP: add_configuration(l); break;
    case V2P_EAP: add_eap(l); break;
    case V2P_VENDOR: case V2P_NONCE: case V2P_SK: case V2P_SKF: break;
    case V2P_CERT:
        if (l->certificates++) {
            break;              /* a chain is one word */
        }
        /* FALLTHROUGH */
    default: add_item(l, payload_name(2, p->type, name, sizeof name)); break;
    }
}

static void
add_sealed(struct line *l)
{
    const struct ike_message *m = l->m;
    char item[128], name[64];

    if (m->fragment) {
        if (m->fragments) {
            g_snprintf(item, sizeof item, "fragment %u of %u", m->fragment, m->fragments);
        } else {
            g_snprintf(item, sizeof item, "fragment %u%s", m->fragment,
                       m->fragment_last ? ", the last" : "");
        }
        add_item(l, item);
    }
    if (!m->encrypted || m->readable) {
        return;
    }
    g_snprintf(item, sizeof item, "encrypted, %u octets", m->length);
    add_item(l, item);
    if (m->inner_first && m->fragment <= 1) {
        g_snprintf(item, sizeof item, "first %s",
                   payload_name(m->major, m->inner_first, name, sizeof name));
        add_item(l, item);
    }
    if (m->integrity_wrong) {
        add_item(l, "the keys given do not fit");
    }
}

/* "IKE_AUTH request 1" (RFC 7296 section 2.2), "Quick Mode message 2". */
static void
add_head(struct line *l, unsigned place)
{
    const struct ike_message *m = l->m;
    char name[64];

    exchange_name(m->major, m->exchange, name, sizeof name);
    if (m->major == 2) {
        g_snprintf(l->out, (gulong)l->size, "%s %s %u", name,
                   ike_is_response(m) ? "response" : "request", m->message_id);
    } else if (place && m->exchange != V1_INFORMATIONAL) {
        g_snprintf(l->out, (gulong)l->size, "%s message %u", name, place);
    } else {
        g_strlcpy(l->out, name, l->size);
    }
    g_strlcat(l->out, ": ", l->size);
}

char *
ike_message_print(const struct ike_message *m, unsigned place, char *out, size_t size)
{
    struct line l = { .m = m, .out = out, .size = size };
    const char *body;

    out[0] = 0;
    add_head(&l, place);
    body = out + strlen(out);
    add_notifies(&l, true);
    for (size_t i = 0; i < m->num_payloads && !l.full; i++) {
        if (m->major == 1) {
            add_v1(&l, &m->payloads[i]);
        } else {
            add_v2(&l, &m->payloads[i]);
        }
    }
    add_notifies(&l, false);
    if (!m->readable || m->fragment) {
        add_sealed(&l);
    }
    if (m->truncated && !l.full) {
        add_item(&l, "cut by the capture");
    } else if (m->error && !l.full) {
        add_item(&l, ike_error_text(m->error));
    }
    if (!*body && !m->num_payloads) {
        add_item(&l, "empty");
    }
    if (!*body) {
        out[body - out - 2] = 0;        /* nothing that is told: no colon */
    }
    return out;
}
