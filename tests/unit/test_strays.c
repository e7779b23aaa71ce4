/* Messages that belong to no SA or to no exchange that is remembered: every check must bear them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* A message that belongs to no SA: every row must bear it. */
static void
of_no_sa(struct conversation *c)
{
    for (unsigned major = 0; major < 4; major++) {
        for (unsigned exchange = 0; exchange < 48; exchange++) {
            reset(c);
            begin(c, (uint8_t)major, (uint8_t)exchange, 1, true, exchange & 1);
            as(c, 0);
            propose(c, aes256, 4, PROTO_IKE, 0);
            notify(c, N2_NO_PROPOSAL_CHOSEN);
            notify(c, N2_INVALID_SPI);
            c->m.has_ke = c->m.has_auth = true;
            c->m.cfg_type = CP_REPLY;
            c->m.eap_code = EAP_FAILURE;
            c->m.trailing = 1;
            c->m.error = IKE_ERR_HEADER;
            send(c, "stray", 1);
            T(sadb_num_ike_sas(c->db) == 0);
        }
    }
}

/* More messages than an exchange remembers: none of the rest is remembered, every row must bear
 * it. */
static void
of_no_message(struct conversation *c)
{
    for (unsigned exchange = 0; exchange < 48; exchange++) {
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned i = 0; i < SADB_MAX_MESSAGES + 8; i++) {
            char text[16];
            begin(c, 2, (uint8_t)exchange, 5, true, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            notify(c, N2_NO_PROPOSAL_CHOSEN);
            snprintf(text, sizeof text, "%u", i);
            send(c, text, 1);
        }
        T(exchange == V2_IKE_SA_INIT ||
          (sadb_caps(c->db)[0] && strcmp(sadb_caps(c->db)[0], "messages of one exchange") == 0));
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    of_no_sa(&c);
    of_no_message(&c);
    return conversation_done(&c);
}
