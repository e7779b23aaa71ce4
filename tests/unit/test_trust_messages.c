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

/* The answer to IKE_AUTH as long as a success, as short as a refusal, and between. */
enum { LONG = 400, SHORT = 80, BETWEEN = 110 };

static void
auth_unread(struct conversation *c, uint32_t answer)
{
    reset(c);
    sa_init(c, aes256, aes256);
    noise(c, V2_IKE_AUTH, 1, true, false, LONG, false);
    noise(c, V2_IKE_AUTH, 1, false, true, answer, false);
}

/* A message after the next each way. */
static void
used(struct conversation *c)
{
    noise(c, V2_INFORMATIONAL, 2, true, false, SHORT, false);
    noise(c, V2_INFORMATIONAL, 2, false, true, SHORT, false);
}

/* Without keys: one answer is believed, a second one is not. */
static void
unread(struct conversation *c)
{
    static const struct {
        uint32_t first, second;
        enum ike_sa_state then, in_use;
    } rows[] = {
        { LONG, 0, IKE_ESTABLISHED, IKE_ESTABLISHED },
        { SHORT, 0, IKE_HALF_OPEN, IKE_HALF_OPEN },
        { BETWEEN, 0, IKE_HALF_OPEN, IKE_HALF_OPEN },
        { LONG, LONG + 16, IKE_ESTABLISHED, IKE_ESTABLISHED },
        { SHORT, LONG, IKE_HALF_OPEN, IKE_ESTABLISHED },    /* one of them is not the peer's */
        { LONG, SHORT, IKE_HALF_OPEN, IKE_ESTABLISHED },
        { BETWEEN, LONG, IKE_HALF_OPEN, IKE_HALF_OPEN },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        auth_unread(c, rows[i].first);
        if (rows[i].second) {
            noise(c, V2_IKE_AUTH, 1, false, true, rows[i].second, false);
        }
        T(first(c)->state == rows[i].then);
        T((first(c)->established_in != 0) == (rows[i].then == IKE_ESTABLISHED));
        used(c);
        T(first(c)->state == rows[i].in_use);
    }
    auth_unread(c, LONG);
    T(basis_of(c, CHECK_sa_established) == BASIS_INFERRED);
    auth_unread(c, SHORT);              /* nor does any later exchange establish it */
    noise(c, V2_CREATE_CHILD_SA, 2, true, false, LONG, false);
    noise(c, V2_CREATE_CHILD_SA, 2, false, true, LONG, false);
    T(first(c)->state == IKE_HALF_OPEN);
    SILENT(c, sa_established);
    reset(c);                           /* a capture that begins late */
    noise(c, V2_CREATE_CHILD_SA, 2, true, false, LONG, false);
    noise(c, V2_CREATE_CHILD_SA, 2, false, true, LONG, false);
    T(first(c)->state == IKE_ESTABLISHED);
}

/* A failure that was read stays one. */
static void
failed(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 4);
    T(first(c)->state == IKE_FAILED);
    noise(c, V2_IKE_AUTH, 2, false, true, LONG, false);
    noise(c, V2_CREATE_CHILD_SA, 3, false, true, LONG, false);
    T(first(c)->state == IKE_FAILED);

    reset(c);
    v1_phase1(c, aes256);
    begin(c, 1, V1_INFORMATIONAL, 0, false, false);
    notify(c, N1_AUTHENTICATION_FAILED);
    send(c, "no", 3);
    T(first(c)->state == IKE_FAILED);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 1, V1_QUICK, 9, r == 0, false);
        c->m.readable = false;
        send(c, r ? "noise b" : "noise a", 9);
    }
    T(first(c)->state == IKE_FAILED && !first(c)->established_in);
}

/* Main Mode: one more message of a kind is none more. */
static void
main_mode(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    for (unsigned n = 3; n <= 5; n++) {
        for (unsigned forged = 0; forged < 2; forged++) {
            char text[16];
            begin(c, 1, V1_MAIN, 0, n % 2, false);
            memset(c->m.spi_r, 0x22, 8);
            c->m.has_ke = n < 5;
            c->m.encrypted = n == 5;
            c->m.readable = n < 5;
            g_snprintf(text, sizeof text, "mm%u %u", n, forged);
            send(c, text, (uint16_t)(2 * n + forged));
        }
    }
    T(sadb_whole_messages(first(c)->exchanges.at[0]) == 5 && first(c)->state == IKE_HALF_OPEN);
    SILENT(c, unprotected_message);
    end_after(c, 60);
    FIRES(c, request_unanswered);
}

static struct ip_addr
address(const char *text)
{
    struct ip_addr a;

    T(ip_parse(&a, text));
    return a;
}

/* An end moves where the other answers it; two do not move at once. */
static void
moves(struct conversation *c)
{
    static const struct { const char *client, *gateway; bool moves; } rows[] = {
        { "203.0.113.1", "203.0.113.2", false },
        { "203.0.113.1", "198.51.100.20", true },
        { "192.0.2.10", "203.0.113.2", true },
        { "2001:db8::1", "2001:db8::2", true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct ip_addr a = address(rows[i].client), b = address(rows[i].gateway);
        auth_unread(c, LONG);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_INFORMATIONAL, 2, r == 0, r == 1);
            c->m.readable = false;
            c->from = r ? b : a;
            c->to = r ? a : b;
            send(c, r ? "b" : "a", (uint16_t)(9 + r));
        }
        T((ip_equal(&first(c)->initiator.addr, &a) && ip_equal(&first(c)->responder.addr, &b)) ==
          rows[i].moves);
        TOLD(c, address_updated, rows[i].moves);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    refuted(&c);
    refuted_later(&c);
    unread(&c);
    failed(&c);
    main_mode(&c);
    moves(&c);
    return conversation_done(&c);
}
