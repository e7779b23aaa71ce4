/* Forged messages of IKE change nothing that is true.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct ike_sa *
first(const struct conversation *c)
{
    return sadb_ike_sa(c->db, 0);
}

/* Noise in the name of one end; wrong: the keys of the SA do not open it. */
static void
noise(struct conversation *c, uint8_t exchange, uint32_t id, bool from_client, bool response,
      uint32_t length, bool wrong)
{
    char text[32];

    begin(c, 2, exchange, id, from_client, response);
    memset(c->m.spi_r, 0x22, 8);
    c->m.readable = false;
    c->m.integrity_wrong = wrong;
    c->m.length = length;
    g_snprintf(text, sizeof text, "noise %u", c->frame);
    send(c, text, (uint16_t)(500 + c->frame));
}

/* Keys prove it: no exchange, no question, no answer, and the true ones are found. */
static void
refuted(struct conversation *c)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "alive?", 20);
    for (uint32_t id = 0; id < 200; id++) {
        noise(c, V2_INFORMATIONAL, 3 + id, true, false, 80, true);
        noise(c, V2_CREATE_CHILD_SA, 3 + id, false, true, 400, true);
    }
    noise(c, V2_INFORMATIONAL, 2, true, false, 80, true);
    noise(c, V2_INFORMATIONAL, 2, false, true, 80, true);
    noise(c, V2_IKE_INTERMEDIATE, 1, true, false, 80, true);
    noise(c, V2_INFORMATIONAL, 900, true, false, 80, true);
    T(first(c)->exchanges.len == 3 && first(c)->exchanges.at[2]->response == 0);
    T(first(c)->num_encrypted == 3 && first(c)->num_readable == 3 && first(c)->num_forged == 404);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    send(c, "alive!", 21);
    T(first(c)->exchanges.at[2]->response == c->frame && !first(c)->exchanges.at[2]->unreadable);
    end_after(c, 60);
    SILENT(c, message_id_reused);
    SILENT(c, request_unanswered);
    SAYS(c, ike_icv_bad, "404 of the 408 encrypted messages of IKE SA 0");
}

/* Before any message of the SA was opened the keys may be another one's; then the first that they
 * open proves the earlier ones forged. */
static void
refuted_later(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    noise(c, V2_IKE_AUTH, 1, true, false, 300, true);
    noise(c, V2_IKE_AUTH, 1, false, true, 80, true);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    T(first(c)->exchanges.at[1]->request == 5 && first(c)->exchanges.at[1]->response == 6);
    T(first(c)->state == IKE_ESTABLISHED && first(c)->established_in == 6);
    T(first(c)->num_encrypted == 2 && first(c)->num_forged == 2);
    SILENT(c, message_id_reused);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    refuted(&c);
    refuted_later(&c);
    return conversation_done(&c);
}
