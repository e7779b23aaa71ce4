/* Messages that belong to no SA or to no exchange that is remembered: every check must bear them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* A message that belongs to no SA: every row must bear it. */
static void
of_no_sa(void)
{
    for (unsigned major = 0; major < 4; major++) {
        for (unsigned exchange = 0; exchange < 48; exchange++) {
            reset();
            begin((uint8_t)major, (uint8_t)exchange, 1, true, exchange & 1);
            memset(m.spi_i, 0, 8);
            propose(aes256, 4, PROTO_IKE, 0);
            notify(N2_NO_PROPOSAL_CHOSEN);
            notify(N2_INVALID_SPI);
            m.has_ke = m.has_auth = true;
            m.cfg_type = CP_REPLY;
            m.eap_code = 4;
            m.trailing = 1;
            m.error = IKE_ERR_HEADER;
            send("stray", 1);
            T(sadb_num_ike_sas(db) == 0);
        }
    }
}

/* More messages than an exchange remembers: none of the rest is remembered, every row must bear it. */
static void
of_no_message(void)
{
    for (unsigned exchange = 0; exchange < 48; exchange++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned i = 0; i < SADB_MAX_MESSAGES + 8; i++) {
            char text[16];
            begin(2, (uint8_t)exchange, 5, true, false);
            propose(aes256, 4, PROTO_IKE, 0);
            notify(N2_NO_PROPOSAL_CHOSEN);
            snprintf(text, sizeof text, "%u", i);
            send(text, 1);
        }
        T(exchange == V2_IKE_SA_INIT || (sadb_caps(db)[0] && strcmp(sadb_caps(db)[0], "messages of one exchange") == 0));
    }
}

int
main(void)
{
    conversation_begin();
    of_no_sa();
    of_no_message();
    return conversation_done();
}
