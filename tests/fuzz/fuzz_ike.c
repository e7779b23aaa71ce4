/* fuzz_ike.c - one IKE message, and all that can be printed of it.  The first octet says how
 * much was reported beyond what was captured, the second how many of the last octets stand
 * for the clear text.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <espial/ike.h>

enum { SMALL = 12 };            /* texts are printed into too little room as well */

struct input {
    const uint8_t *at, *clear;
    size_t len, clear_len;
};

static void
span_ok(const struct input *in, const struct span *s)
{
    MUST(inside(s->at, s->len, in->at, in->len) || inside(s->at, s->len, in->clear, in->clear_len));
    touch(s->at, s->len);
}

static void
print_proposals(const struct ike_message *m)
{
    char text[SUITE_TEXT_MAX], small[SMALL];

    MUST(m->num_proposals <= IKE_MAX_PROPOSALS && m->num_transforms <= IKE_MAX_TRANSFORMS);
    for (size_t i = 0; i < m->num_proposals; i++) {
        const struct proposal *p = &m->proposals[i];
        must_be_text(proposal_print(p, text, sizeof text), sizeof text);
        must_be_text(proposal_print(p, small, sizeof small), sizeof small);
        suite_type_mask(p);
        MUST(p->spi_len <= sizeof p->spi);
        for (size_t j = 0; j < p->num_transforms; j++) {
            const struct transform *t = &p->transforms[j];
            struct transform back;
            uint16_t octets;
            must_be_text(transform_print(t, text, sizeof text), sizeof text);
            MUST(transform_type_name(t->type) != NULL);
            transform_requirement(p->protocol, t);
            ke_length(t->id, true, &octets);
            MUST(suite_has(p, t));
            transform_parse(&back, text);
        }
        for (size_t j = 0; j < m->num_proposals; j++) {
            suite_chosen_from(p, &m->proposals[j]);
        }
    }
}

static void
print_id(const struct input *in, const struct ike_id *id)
{
    char text[ID_TEXT_MAX], small[SMALL], range[TS_TEXT_MAX];
    struct selector s;

    if (id->present) {
        span_ok(in, &id->data);
        must_be_text(ike_id_print(id, text, sizeof text), sizeof text);
        must_be_text(ike_id_print(id, small, sizeof small), sizeof small);
        if (ike_id_selector(id, &s)) {
            must_be_text(selector_print(&s, range, sizeof range), sizeof range);
        }
    }
}

static void
print_selectors(const struct selector *s, size_t n)
{
    char text[TS_TEXT_MAX];
    struct selector back;

    MUST(n <= IKE_MAX_SELECTORS);
    must_be_text(selectors_print(s, n, text, sizeof text), sizeof text);
    for (size_t i = 0; i < n; i++) {
        must_be_text(selector_print(&s[i], text, sizeof text), sizeof text);
        MUST(selector_equal(&s[i], &s[i]));
        selector_within(&s[i], &s[0]);
        selector_has_addr(&s[i], &s[i].lo);
        selector_parse(&back, text);
    }
}

static void
print_message(const struct input *in, const struct ike_message *m)
{
    char text[TEXT_MAX];

    must_be_text(exchange_name(m->major, m->exchange, text, sizeof text), sizeof text);
    MUST(m->num_payloads <= IKE_MAX_PAYLOADS && m->num_notifies <= IKE_MAX_NOTIFIES &&
         m->num_deletes <= IKE_MAX_DELETES);
    MUST(m->num_cfg <= IKE_MAX_CFG_ATTRS && m->num_vendors <= IKE_MAX_VENDORS);
    if (m->error) {
        MUST(ike_error_text(m->error) && ike_error_reference(m->error));
        MUST(m->error_offset <= (m->error_inner ? in->clear_len : in->len));
    }
    for (size_t i = 0; i < m->num_payloads; i++) {
        span_ok(in, &m->payloads[i].body);
        must_be_text(payload_name(m->major, m->payloads[i].type, text, sizeof text), sizeof text);
    }
    for (size_t i = 0; i < m->num_notifies; i++) {
        span_ok(in, &m->notifies[i].spi);
        span_ok(in, &m->notifies[i].data);
        must_be_text(notify_name(m->major, m->notifies[i].type, text, sizeof text), sizeof text);
        MUST(ike_find_notify(m, m->notifies[i].type) != NULL);
    }
    for (size_t i = 0; i < m->num_deletes; i++) {
        span_ok(in, &m->deletes[i].spis);
        MUST(m->deletes[i].spis.len == (size_t)m->deletes[i].num_spis * m->deletes[i].spi_len);
    }
    for (size_t i = 0; i < m->num_cfg; i++) {
        span_ok(in, &m->cfg[i].value);
    }
    for (size_t i = 0; i < m->num_vendors; i++) {
        span_ok(in, &m->vendors[i]);
    }
    for (size_t i = 0; i < m->num_nat_d; i++) {
        span_ok(in, &m->nat_d[i]);
    }
    span_ok(in, &m->ke);
    span_ok(in, &m->nonce);
    span_ok(in, &m->encrypted_body);
    must_be_text(auth_method_name(m->major, m->auth_method, text, sizeof text), sizeof text);
    print_id(in, &m->id_i);
    print_id(in, &m->id_r);
    print_selectors(m->ts_i, m->num_ts_i);
    print_selectors(m->ts_r, m->num_ts_r);
    print_proposals(m);
    ike_xauth_failed(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ike_message m, before;
    struct input in = { NULL, NULL, 0, 0 };
    uint8_t *message, *clear;

    if (size < 2) {
        return 0;
    }
    in.clear_len = MIN((size_t)data[1] * 4, size - 2);
    in.len = size - 2 - in.clear_len;
    in.at = message = own_copy(data + 2, in.len);
    in.clear = clear = own_copy(data + 2 + in.len, in.clear_len);
    ike_plausible(in.at, in.len);
    if (ike_parse(&m, in.at, in.len, in.len + data[0])) {
        print_message(&in, &m);
        before = m;
        if (!ike_parse_inner(&m, m.inner_first, in.clear, in.clear_len)) {
            /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): a copy, with its padding */
            MUST(memcmp(&m, &before, sizeof m) == 0);
        }
        print_message(&in, &m);
    }
    free(message);
    free(clear);
    return 0;
}
