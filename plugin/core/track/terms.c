/* terms.c - what the initiator of an IKE SA wants, and what it is given.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* RFC 7296 section 1.2: the initiator may name the responder that it wants. */
static void
note_wish(struct turn *t)
{
    const struct ike_message *m = t->m;
    char text[ID_TEXT_MAX];

    if (m->major == 2 && m->exchange == V2_IKE_AUTH && !ike_is_response(m) && m->id_r.present &&
        !t->sa->asked_id) {
        t->sa->asked_id = store_text(&t->db->store, ike_id_print(&m->id_r, text, sizeof text));
        t->sa->asked_id_in = t->e->at.frame;
    }
}

static void
note_given(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;

    sa->redirected |= m->major == 2 && !t->e->from_initiator && ike_find_notify(m, N2_REDIRECT);
    sa->refused_child |= t->message->refused && m->encrypted;
    for (size_t i = 0; (m->cfg_type == CP_REPLY || m->cfg_type == CP_SET) && i < m->num_cfg; i++) {
        sa->given_dns |= (m->cfg[i].type == CFG_INTERNAL_IP4_DNS ||
                          m->cfg[i].type == CFG_INTERNAL_IP6_DNS) && m->cfg[i].value.len;
    }
}

void
track_terms(struct turn *t)
{
    note_wish(t);
    note_given(t);
}
