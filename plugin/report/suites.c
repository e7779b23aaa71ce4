/* suites.c - what was offered beside what was taken (RFC 7296 section 2.7,
 * RFC 2409 section 5).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "sections.h"

#include <string.h>

enum {
    TYPES = TRANSFORM_ADDKE7 + 1,
    CELL_MAX = 24,
    KNOWN_MAX = 2,
    POLICIES_LOOKED_AT = 16,
    SHOWN_OPEN = 2
};

/* One negotiation: the offers, and what the other side took, or is known to take. */
struct negotiation {
    const struct ike_sa *sa;
    const struct exchange *x;
    struct policy known[KNOWN_MAX];                 /* refused: from elsewhere in the capture */
    size_t num_known, num_offers;
    guint shown[PAGE_MAX_OFFERS];                   /* indices of the offers that have a column */
    unsigned types;             /* bit t: a row for type t */
};

static const struct proposal *
offer(const struct negotiation *n, size_t i)
{
    return (n->x->offered->at[n->shown[i]])->p;
}

/* The first offers; the one that was accepted is among them, or takes the last one's place. */
static void
choose_offers(struct negotiation *n)
{
    const struct exchange *x = n->x;

    n->num_offers = MIN(x->offered->len, PAGE_MAX_OFFERS);
    for (guint i = 0; i < n->num_offers; i++) {
        n->shown[i] = i;
    }
    for (guint i = 0; x->chosen && i < x->offered->len; i++) {
        if (suite_chosen_from(x->chosen->p, (x->offered->at[i])->p)) {
            n->shown[n->num_offers - 1] = MAX(i, n->shown[n->num_offers - 1]);
            return;
        }
    }
}

static unsigned
types_of(const struct proposal *p)
{
    unsigned mask = 0;

    for (size_t i = 0; i < p->num_transforms; i++) {
        mask |= p->transforms[i].type < TYPES ? 1u << p->transforms[i].type : 0;
    }
    return mask;
}

static bool
has_type(const struct proposal *p, unsigned type)
{
    return types_of(p) >> type & 1;
}

/* What the refusing side chose or offered elsewhere; its choices say more. */
static void
look_up_known(const struct page *p, struct negotiation *n)
{
    struct policy found[POLICIES_LOOKED_AT];
    const struct ip_addr *refuser =
        n->x->by_initiator ? &n->sa->responder.addr : &n->sa->initiator.addr;
    size_t all = sadb_policies(p->r->db, refuser, offer(n, 0)->protocol, found, POLICIES_LOOKED_AT);

    for (int wanted = 1; wanted >= 0; wanted--) {
        for (size_t i = 0; i < all && n->num_known < KNOWN_MAX; i++) {
            if (found[i].chosen == (wanted == 1) && found[i].kept->p->v1 == offer(n, 0)->v1) {
                n->known[n->num_known++] = found[i];
            }
        }
    }
}

/* No transform of that type is in both.  A type that only one side names is unmet, but for
 * ESN, which may be left out (RFC 7296 section 3.3.3), and integrity beside an AEAD cipher. */
static bool
unmet(const struct proposal *a, const struct proposal *b, unsigned type)
{
    if (!has_type(a, type) || !has_type(b, type)) {
        return has_type(a, type) != has_type(b, type) && type != TRANSFORM_ESN &&
               type != TRANSFORM_INTEG;
    }
    for (size_t i = 0; i < a->num_transforms; i++) {
        if (a->transforms[i].type == type && suite_has(b, &a->transforms[i])) {
            return false;
        }
    }
    return true;
}

/* That offer against all that is known: it meets if it meets one. */
static bool
offer_unmet(const struct negotiation *n, size_t i, unsigned type)
{
    for (size_t k = 0; k < n->num_known; k++) {
        if (!unmet(offer(n, i), n->known[k].kept->p, type)) {
            return false;
        }
    }
    return n->num_known > 0;
}

/* --- cells --------------------------------------------------------------------- */

/* The transforms of one type; those that the other side takes are marked, in a shape too. */
static void
put_transforms(GString *out, const struct proposal *p, unsigned type, const struct proposal *other,
               bool is_unmet)
{
    unsigned shown = 0, all = 0;
    char text[64];

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i];
        if (t->type != type || all++ >= CELL_MAX) {
            continue;
        }
        bool met = other && suite_has(other, t);
        html_put(out, "%s<span class=\"tf%s\">", shown++ ? " " : "",
                 met      ? " met" :
                 is_unmet ? " unmet" :
                            "");
        html_put(out, "%s%s</span>", met ? "\xe2\x9c\x93 " : is_unmet ? "\xe2\x89\xa0 " : "",
                 transform_print(t, text, sizeof text));
    }
    if (all > shown) {
        html_put(out, " <span class=\"limit\">and %u more</span>", all - shown);
    }
    if (!all) {
        html_put(out, "<span class=\"%s\">none</span>", is_unmet ? "tf unmet" : "sub");
    }
}

/* What RFC 8247 and RFC 8221 say against the choice. */
static void
put_requirements(GString *out, const struct proposal *p, unsigned type)
{
    enum requirement worst = REQ_NONE;

    for (size_t i = 0; i < p->num_transforms; i++) {
        enum requirement one = p->transforms[i].type == type ?
                                   transform_requirement(p->protocol, &p->transforms[i]) :
                                   REQ_NONE;
        worst = MAX(worst, one);
    }
    if (worst != REQ_NONE) {
        html_put(out, "; <span class=\"weak\">%s be used (RFC %u)</span>",
                 worst == REQ_MUST_NOT ? "must not" : "should not",
                 p->protocol == PROTO_IKE || type == TRANSFORM_KE ? 8247 : 8221);
    }
}

static void
put_type_row(GString *out, const struct negotiation *n, unsigned type)
{
    const struct proposal *chosen = n->x->chosen ? n->x->chosen->p : NULL;
    bool met = false;

    html_put(out, "<tr><th scope=\"row\">%s</th>", transform_type_name((uint8_t)type));
    for (size_t i = 0; i < n->num_offers; i++) {
        bool bad = chosen ? false : offer_unmet(n, i, type);
        g_string_append(out, "<td>");
        put_transforms(out, offer(n, i), type,
                       chosen       ? chosen :
                       n->num_known ? n->known[0].kept->p :
                                      NULL,
                       bad);
        g_string_append(out, "</td>");
        met |= chosen ? !unmet(chosen, offer(n, i), type) : !bad;
    }
    if (chosen) {
        g_string_append(out, "<td class=\"took\">");
        put_transforms(out, chosen, type, met ? chosen : NULL, !met);
        g_string_append(out, "</td>");
    }
    for (size_t k = 0; k < n->num_known && !chosen; k++) {
        g_string_append(out, "<td class=\"took\">");
        put_transforms(out, n->known[k].kept->p, type, met ? offer(n, 0) : NULL, !met);
        g_string_append(out, "</td>");
    }
    if (!chosen && !n->num_known) {
        g_string_append(
            out, "<td class=\"took sub\">not known</td><td class=\"sub\">\xe2\x80\x93</td></tr>\n");
        return;
    }
    html_put(out, "<td><span class=\"%s\">%s</span>", met ? "good" : "bad",
             met ? chosen ? "agreed" : "meets" : "differs");
    if (chosen) {
        put_requirements(out, chosen, type);
    }
    g_string_append(out, "</td></tr>\n");
}

/* --- what IKEv1 negotiates beside transforms ------------------------------------- */

enum attribute { ATTRIBUTE_AUTH, ATTRIBUTE_MODE, ATTRIBUTE_LIFE, NUM_ATTRIBUTES };

static uint32_t
attribute_of(const struct proposal *p, enum attribute a)
{
    return a == ATTRIBUTE_AUTH ? p->attr.auth_method :
           a == ATTRIBUTE_MODE ? p->attr.mode :
                                 p->attr.life_s;
}

static const char *
attribute_print(const struct proposal *p, enum attribute a, char *out, size_t size)
{
    static const char *const modes[] = { "", "tunnel", "transport", "tunnel in UDP",
                                         "transport in UDP" };
    uint32_t value = attribute_of(p, a);

    if (!value) {
        return "none stated";
    }
    if (a == ATTRIBUTE_AUTH) {
        return auth_method_name(1, (uint16_t)value, out, size);
    }
    if (a == ATTRIBUTE_MODE && value < G_N_ELEMENTS(modes)) {
        return modes[value];
    }
    g_snprintf(out, (gulong)size, a == ATTRIBUTE_LIFE ? "%u s" : "%u", value);
    return out;
}

static void
put_attribute_row(GString *out, const struct negotiation *n, enum attribute a)
{
    static const char *const names[] = { "Authentication", "Mode", "Lifetime" };
    const struct proposal *chosen = n->x->chosen ? n->x->chosen->p : NULL;
    const struct proposal *other = chosen ? chosen : n->num_known ? n->known[0].kept->p : NULL;
    bool any = other && attribute_of(other, a), same = false;
    char text[64];

    for (size_t i = 0; i < n->num_offers; i++) {
        any |= attribute_of(offer(n, i), a) != 0;
        same |= other && attribute_of(offer(n, i), a) == attribute_of(other, a);
    }
    if (!any) {
        return;
    }
    html_put(out, "<tr><th scope=\"row\">%s</th>", names[a]);
    for (size_t i = 0; i < n->num_offers; i++) {
        html_put(out, "<td>%s</td>", attribute_print(offer(n, i), a, text, sizeof text));
    }
    if (chosen) {
        html_put(out, "<td class=\"took\">%s</td>", attribute_print(chosen, a, text, sizeof text));
    }
    for (size_t k = 0; k < n->num_known && !chosen; k++) {
        html_put(out, "<td class=\"took\">%s</td>",
                 attribute_print(n->known[k].kept->p, a, text, sizeof text));
    }
    if (!other) {
        g_string_append(
            out, "<td class=\"took sub\">not known</td><td class=\"sub\">\xe2\x80\x93</td></tr>\n");
        return;
    }
    html_put(out, "<td class=\"%s\">%s</td></tr>\n",
             same                ? "good" :
             a == ATTRIBUTE_LIFE ? "" :
                                   "bad",
             same ? "same" : "differs");
}

/* --- one negotiation ------------------------------------------------------------ */

static bool
was_refused(const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        if (x->messages.at[i].refused) {
            return true;
        }
    }
    return x->answered_by != 0;
}

static void
put_title(GString *out, const struct negotiation *n)
{
    const struct exchange *x = n->x;
    char name[64];

    html_put(out, "%s, ", exchange_name(n->sa->major, x->type, name, sizeof name));
    html_put(out, x->response || x->answered_by ? "frames %u and %u" : "frame %u",
             x->request ? x->request : n->sa->first_frame,
             x->response ? x->response : x->answered_by);
    html_put(out, ": <span class=\"%s\">%s</span>",
             x->chosen ? "good" : was_refused(x) ? "bad" : "sub",
             x->chosen      ? "accepted" :
             was_refused(x) ? "refused" :
             x->response    ? "no choice read" :
                              "not answered");
}

static void
put_negotiation(struct page *p, struct negotiation *n, bool open)
{
    GString *out = p->out;
    static const char *const protocols[] = { "", "IKE", "AH", "ESP", "IPCOMP" };
    guint more = n->x->offered->len > PAGE_MAX_OFFERS ? n->x->offered->len - PAGE_MAX_OFFERS : 0;
    bool by_i = n->x->by_initiator;
    char who[ID_TEXT_MAX];

    html_put(out, "<details class=\"nego%s\"%s><summary><h5>", n->x->chosen ? " well" : "",
             open ? " open" : "");
    put_title(out, n);
    g_string_append(
        out,
        "</h5></summary>\n<div class=\"scroll\" role=\"region\" aria-label=\"Offered and accepted\" tabindex=\"0\">"
        "<table class=\"suites\"><caption>");
    html_put(out, "Offered by %s; ",
             endpoint_print(by_i ? &n->sa->initiator : &n->sa->responder, who, sizeof who));
    endpoint_print(by_i ? &n->sa->responder : &n->sa->initiator, who, sizeof who);
    html_put(out,
             n->x->chosen ? "accepted by %s" :
             n->num_known ? "on the right, what %s accepts elsewhere in the capture" :
                            "the capture does not show what %s would accept",
             who);
    g_string_append(out, "</caption><thead><tr><th scope=\"col\">Type</th>");
    for (size_t i = 0; i < n->num_offers; i++) {
        unsigned protocol = offer(n, i)->protocol;
        html_put(out, "<th scope=\"col\">Offer %u <span class=\"sub\">%s</span></th>",
                 n->shown[i] + 1, protocol < G_N_ELEMENTS(protocols) ? protocols[protocol] : "");
    }
    if (n->x->chosen) {
        html_put(out, "<th scope=\"col\">Accepted <span class=\"sub\">frame %u</span></th>",
                 n->x->chosen->frame);
    }
    for (size_t k = 0; k < n->num_known && !n->x->chosen; k++) {
        html_put(out, "<th scope=\"col\">Known <span class=\"sub\">frame %u</span></th>",
                 n->known[k].frame);
    }
    g_string_append(out, !n->x->chosen && !n->num_known ? "<th scope=\"col\">Accepted</th>" : "");
    g_string_append(out, "<th scope=\"col\">Outcome</th></tr></thead>\n<tbody>\n");
    for (unsigned k = 0; k < TYPES; k++) {
        static const uint8_t order[TYPES] = {
            0, TRANSFORM_ENCR, TRANSFORM_INTEG, TRANSFORM_PRF, TRANSFORM_KE, 6, 7, 8, 9, 10, 11,
            12, TRANSFORM_ESN
        };
        if (n->types >> order[k] & 1) {
            put_type_row(out, n, order[k]);
        }
    }
    for (int a = 0; a < NUM_ATTRIBUTES && offer(n, 0)->v1; a++) {
        put_attribute_row(out, n, (enum attribute)a);
    }
    g_string_append(out, "</tbody></table></div>\n");
    if (more) {
        html_put(out, "<p class=\"limit\">%u more offers in that message are not shown.</p>\n",
                 more);
    }
    g_string_append(out, "</details>\n");
}

static char *
key_of(const struct exchange *x)
{
    GString *key = g_string_new(x->chosen ? x->chosen->text : was_refused(x) ? "refused" : "open");
    char text[SUITE_TEXT_MAX];

    for (guint i = 0; i < x->offered->len; i++) {
        g_string_append_c(key, '\n');
        g_string_append(key, kept_text(x->offered->at[i], text));
    }
    return g_string_free(key, FALSE);
}

/* The choice comes with the last answer of several IKE_AUTH exchanges (RFC 7296 section 2.16). */
static bool
chosen_later(const struct ike_sa *sa, const struct exchange *x)
{
    bool later = false;

    for (guint i = 0; i < sa->exchanges.len && !was_refused(x) && x->response; i++) {
        const struct exchange *other = sa->exchanges.at[i];
        later |= other->type == x->type && other->type == V2_IKE_AUTH && sa->major == 2 &&
                 other->chosen && other->request > x->request;
    }
    return later;
}

/* Those that were not accepted come first; equal ones are shown once. */
void
page_negotiations(struct page *p, const struct ike_sa *sa)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    unsigned shown = 0, more = 0;

    for (int accepted = 0; accepted < 2; accepted++) {
        for (guint i = 0; i < sa->exchanges.len; i++) {
            const struct exchange *x = sa->exchanges.at[i];
            struct negotiation n = { .sa = sa, .x = x };
            /* INVALID_KE_PAYLOAD and COOKIE refuse no suite: the next try shows the outcome. */
            if (!x->offered->len || (x->chosen != NULL) != (accepted == 1) || x->refused_ke ||
                (!x->chosen && chosen_later(sa, x)) || !g_hash_table_add(seen, key_of(x))) {
                continue;
            }
            if (shown == PAGE_MAX_COMPARED) {
                more++;
                continue;
            }
            choose_offers(&n);
            if (!x->chosen) {
                look_up_known(p, &n);
            }
            for (size_t k = 0; k < n.num_offers; k++) {
                n.types |= types_of(offer(&n, k));
            }
            n.types |= x->chosen   ? types_of(x->chosen->p) :
                       n.num_known ? types_of(n.known[0].kept->p) :
                                     0;
            g_string_append(p->out, shown++ ? "" : "<h4>Offered and accepted</h4>\n");
            put_negotiation(p, &n, !x->chosen || shown <= SHOWN_OPEN);
        }
    }
    if (more) {
        html_put(p->out, "<p class=\"limit\">%u more negotiations of this SA are not shown.</p>\n",
                 more);
    }
    g_hash_table_destroy(seen);
}
