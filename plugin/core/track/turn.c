/* turn.c - what a message leaves to be done, so that the end of the capture tells whose turn it was
 * (RFC 7296 section 2.16, draft-beaulieu-ike-xauth section 4); and who the user is.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

enum { LAST_WORD = 8 }; /* octets of a payload with EAP-Success or EAP-Failure */

/* What the answer to IKE_AUTH says of EAP. */
static void
note_eap(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct exchange *x = t->exchange;
    uint32_t last_word = sadb_sk_length(t->sa->chosen, LAST_WORD);

    if (m->readable) {
        x->shows_certificate |= (m->seen >> V2P_CERT & 1) != 0;
        x->eap_asks |= m->eap_code == EAP_REQUEST;
        x->eap_succeeded |= m->eap_code == EAP_SUCCESS;
        x->eap_type = m->eap_code == EAP_REQUEST ? m->eap_type : x->eap_type;
    } else if (m->inner_first == V2P_EAP && m->fragment <= 1) {
        x->eap_shape |= m->fragment || (last_word && m->length > last_word);
    }
}

static bool
is_xauth(uint16_t type)
{
    return type >= CFG_XAUTH_TYPE && type <= CFG_XAUTH_ANSWER;
}

static void
note_transaction(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct exchange *x = t->exchange;

    for (size_t i = 0; i < m->num_cfg; i++) {
        uint16_t type = m->cfg[i].type;
        x->xauth |= is_xauth(type);
        x->mode_config |= !is_xauth(type);
        x->xauth_accepted |= type == CFG_XAUTH_STATUS && m->cfg_type == CP_SET &&
                             m->cfg[i].value.len && !ike_xauth_failed(m);
    }
}

void
track_turn(struct turn *t)
{
    const struct ike_message *m = t->m;

    if (m->major == 2 && m->exchange == V2_IKE_AUTH && t->e->is_response && m->encrypted) {
        note_eap(t);
    } else if (m->major == 1 && m->exchange == V1_TRANSACTION && m->encrypted && m->readable) {
        note_transaction(t);
    }
}

/* The name that the client's side gives: XAUTH's answer, or EAP's Identity. */
static struct span
user_of(const struct ike_message *m)
{
    if (m->major == 2) {
        bool named = m->exchange == V2_IKE_AUTH && m->eap_code == EAP_RESPONSE &&
                     m->eap_type == EAPT_IDENTITY;
        return named ? m->eap_data : (struct span){ NULL, 0 };
    }
    for (size_t i = 0; m->exchange == V1_TRANSACTION && i < m->num_cfg; i++) {
        if (m->cfg[i].type == CFG_XAUTH_USER_NAME && m->cfg_type == CP_REPLY) {
            return m->cfg[i].value;
        }
    }
    return (struct span){ NULL, 0 };
}

/* The first name counts, as with identities. */
void
track_user(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    struct ike_id id = { .present = true, .type = ID_RFC822_ADDR, .data = user_of(t->m) };
    char text[ID_TEXT_MAX];

    if (!id.data.len || sa->user || !t->e->from_initiator || !t->m->encrypted || !t->m->readable) {
        return;
    }
    sa->user = store_text(&t->db->store, ike_id_print(&id, text, sizeof text));
    sa->user_frame = t->e->at.frame;
}
