/* What messages of IKEv2 show that nobody could read.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include <espial/shape.h>

/* Octets of a message of aes256 that holds 8 octets of payloads, as a lone notify, a Delete of the
 * IKE SA or the end of EAP does, and of longer ones. */
enum { LEAST = 80, MORE = 112, CHILDLESS = 184, SUCCESS = 272, LONG = 1168 };

static const struct ike_sa *
first(const struct conversation *c)
{
    return sadb_ike_sa(c->db, 0);
}

/* A message of which only the type of the first payload and the length are known. */
static void
unread(struct conversation *c, uint8_t exchange, uint32_t id, bool from_client, bool response,
       uint8_t inner_first, uint32_t length)
{
    char text[48];

    begin(c, 2, exchange, id, from_client, response);
    memset(c->m.spi_r, 0x22, 8);
    c->m.readable = false;
    c->m.inner_first = inner_first;
    c->m.length = length;
    g_snprintf(text, sizeof text, "%u %u %d %d %u", exchange, id, from_client, response, length);
    send(c, text, (uint16_t)(500 + c->frame));
}

static void
init(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
}

/* IKE_AUTH in frames 3 and 4. */
static void
auth(struct conversation *c, uint32_t answer)
{
    unread(c, V2_IKE_AUTH, 1, true, false, V2P_IDI, SUCCESS);
    unread(c, V2_IKE_AUTH, 1, false, true, V2P_IDR, answer);
}

/* Rounds of EAP from message ID 2 on; returns the next one. */
static uint32_t
eap_rounds(struct conversation *c, unsigned rounds)
{
    uint32_t id = 2;

    for (unsigned i = 0; i < rounds; i++, id++) {
        unread(c, V2_IKE_AUTH, id, true, false, V2P_EAP, MORE + 16 * i);
        unread(c, V2_IKE_AUTH, id, false, true, V2P_EAP, i + 1 < rounds ? LONG : LEAST);
    }
    return id;
}

/* Established is said of the last answer alone, and of none that is not the last. */
static void
eap(struct conversation *c)
{
    uint32_t id;

    for (unsigned rounds = 1; rounds < 14; rounds += 3) {
        /* an answer so long, with a certificate, may begin EAP: it is not yet the last */
        init(c);
        auth(c, rounds % 2 ? LONG : SUCCESS);
        T(first(c)->established_in == (rounds % 2 ? 0 : 4));
        id = eap_rounds(c, rounds);
        T(first(c)->state == IKE_HALF_OPEN && first(c)->eap_open && !first(c)->established_in);
        T(!sadb_has_stood(c->db, 2, &c->client, &c->gateway));
        unread(c, V2_IKE_AUTH, id, true, false, V2P_AUTH, MORE);
        T(first(c)->state == IKE_HALF_OPEN);
        unread(c, V2_IKE_AUTH, id, false, true, V2P_AUTH, SUCCESS);
        T(first(c)->state == IKE_ESTABLISHED && !first(c)->eap_open && first(c)->eap);
        T(first(c)->established_inferred && first(c)->established_in == c->frame);
        end_after(c, 1);
        T(count(c, CHECK_sa_established) == 1);
        T(the_finding(c, CHECK_sa_established)->frame == first(c)->established_in);
        FIRES(c, sa_established);
        SILENT(c, auth_failure_suspected);
    }
    init(c);                            /* the answer begins with AUTH, and the request did not */
    auth(c, LONG);
    id = eap_rounds(c, 2);
    unread(c, V2_IKE_AUTH, id, true, false, V2P_EAP, MORE);
    unread(c, V2_IKE_AUTH, id, false, true, V2P_AUTH, SUCCESS);
    T(first(c)->state == IKE_HALF_OPEN);
    end_after(c, 1);
    SILENT(c, sa_established);
    init(c);                            /* refused in the middle */
    auth(c, LONG);
    eap_rounds(c, 2);
    unread(c, V2_IKE_AUTH, 4, true, false, V2P_EAP, MORE);
    unread(c, V2_IKE_AUTH, 4, false, true, V2P_NOTIFY, LEAST);
    T(first(c)->state == IKE_FAILED && first(c)->failed_in == c->frame);
    T(first(c)->failed_inferred && !first(c)->failed_by_initiator && !first(c)->eap_open);
}

/* Without IKE_SA_INIT, and so without a suite. */
static void
late(struct conversation *c)
{
    reset(c);
    unread(c, V2_IKE_AUTH, 5, true, false, V2P_AUTH, MORE);
    unread(c, V2_IKE_AUTH, 5, false, true, V2P_AUTH, SUCCESS);
    T(first(c)->state == IKE_ESTABLISHED && first(c)->established_in == 2);
    reset(c);
    unread(c, V2_IKE_AUTH, 5, false, true, V2P_AUTH, SUCCESS);
    T(first(c)->state == IKE_ESTABLISHED);
    reset(c);
    auth(c, SUCCESS);
    T(first(c)->state == IKE_ESTABLISHED && first(c)->established_in == 2);
    reset(c);
    auth(c, SUCCESS);
    unread(c, V2_IKE_AUTH, 2, true, false, V2P_EAP, MORE);
    T(first(c)->state == IKE_HALF_OPEN && !first(c)->established_in);
    reset(c);
    unread(c, V2_IKE_AUTH, 1, true, false, V2P_IDI, SUCCESS);
    unread(c, V2_IKE_AUTH, 1, false, true, V2P_NOTIFY, 76);
    T(first(c)->state == IKE_FAILED);
}

/* An answer in fragments refuses nothing and may begin EAP: what uses the SA tells. */
static void
fragments(struct conversation *c)
{
    init(c);
    unread(c, V2_IKE_AUTH, 1, true, false, V2P_IDI, SUCCESS);
    for (uint16_t n = 1; n <= 2; n++) {
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.readable = false;
        c->m.fragment = n;
        c->m.fragments = 2;
        c->m.inner_first = n == 1 ? V2P_IDR : 0;
        send(c, n == 1 ? "first half" : "second half", 77);
    }
    T(first(c)->state == IKE_HALF_OPEN);
    unread(c, V2_INFORMATIONAL, 2, true, false, 0, LEAST);
    T(first(c)->state == IKE_HALF_OPEN);
    unread(c, V2_INFORMATIONAL, 2, false, true, 0, LEAST);
    T(first(c)->state == IKE_ESTABLISHED && first(c)->established_late);
    end_after(c, 1);
    SAYS(c, sa_established, "both ends use it by this frame");
    T(the_finding(c, CHECK_sa_established)->frame == c->frame - 1);
}

/* Whose Delete it is. */
static void
deletes(struct conversation *c)
{
    static const struct {
        uint8_t answer;
        uint32_t length;
        bool from_client, of_ike;
        const char *says;
    } rows[] = {
        { 0, LEAST, true, true, "seems to delete IKE SA 0" },
        { 0, LEAST, false, true, "seems to delete IKE SA 0" },
        { V2P_DELETE, LEAST, true, false, "seems to delete a Child SA of IKE SA 0" },
        { 0, MORE, true, false, "too long for that of the IKE SA" },
        { UINT8_MAX, LEAST, true, false, "seems to delete IKE SA 0 or one of its" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        init(c);
        auth(c, SUCCESS);
        unread(c, V2_INFORMATIONAL, 2, rows[i].from_client, false, V2P_DELETE, rows[i].length);
        T(!first(c)->deleted_in);
        if (rows[i].answer != UINT8_MAX) {
            unread(c, V2_INFORMATIONAL, 2, !rows[i].from_client, true, rows[i].answer, LEAST);
        }
        T((first(c)->state == IKE_DELETED) == rows[i].of_ike);
        T(first(c)->deleted_in == (rows[i].of_ike ? 5 : 0));
        T(first(c)->deleted_inferred == rows[i].of_ike);
        T(first(c)->deleted_by_initiator == (rows[i].of_ike && rows[i].from_client));
        end_after(c, 1);
        SAYS(c, sa_deleted, rows[i].says);
        T(basis_of(c, CHECK_sa_deleted) == BASIS_INFERRED);
        T(the_finding(c, CHECK_sa_deleted)->frame == 5);
        T(!strstr(detail(c, CHECK_sa_deleted), "too short"));
    }
    init(c);                            /* the refusal of its only Child SA */
    auth(c, CHILDLESS);
    unread(c, V2_INFORMATIONAL, 2, true, false, V2P_DELETE, LEAST);
    unread(c, V2_INFORMATIONAL, 2, false, true, 0, LEAST);
    end_after(c, 1);
    SAYS(c, sa_deleted, "It was up for 0.500 s, and the answer that set it up (frame 4) is too "
                        "short to contain a Child SA");
}

/* It was not the IKE SA: an exchange, or traffic, goes on. */
static void
deletes_child_after_all(struct conversation *c)
{
    init(c);
    auth(c, SUCCESS);
    unread(c, V2_INFORMATIONAL, 2, true, false, V2P_DELETE, LEAST);
    unread(c, V2_INFORMATIONAL, 2, false, true, 0, LEAST);
    T(first(c)->state == IKE_DELETED);
    unread(c, V2_INFORMATIONAL, 0, false, false, 0, LEAST);     /* was under way */
    T(first(c)->state == IKE_DELETED);
    unread(c, V2_INFORMATIONAL, 0, true, true, 0, LEAST);
    T(first(c)->state == IKE_ESTABLISHED && !first(c)->deleted_in);
    end_after(c, 1);
    SAYS(c, sa_deleted, "seems to delete IKE SA 0 or one of its");
    init(c);
    auth(c, SUCCESS);
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    unread(c, V2_INFORMATIONAL, 2, true, false, V2P_DELETE, LEAST);
    unread(c, V2_INFORMATIONAL, 2, false, true, 0, LEAST);
    c->now += 20;
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    T(first(c)->state == IKE_DELETED);
    end_after(c, 1);
    T(first(c)->state == IKE_ESTABLISHED);
    init(c);                            /* a liveness check, and MOBIKE */
    auth(c, SUCCESS);
    for (uint32_t id = 2; id < 6; id++) {
        uint8_t inside = id & 1 ? 0 : V2P_NOTIFY;
        unread(c, V2_INFORMATIONAL, id, true, false, inside, inside ? MORE : LEAST);
        unread(c, V2_INFORMATIONAL, id, false, true, inside, inside ? MORE : LEAST);
    }
    end_after(c, 1);
    SILENT(c, sa_deleted);
    T(first(c)->state == IKE_ESTABLISHED);
}

/* The initiator does not accept the responder: what was said before it knew is not said. */
static void
initiator_refuses(struct conversation *c)
{
    init(c);
    auth(c, SUCCESS);
    unread(c, V2_INFORMATIONAL, 2, true, false, V2P_NOTIFY, LEAST);
    unread(c, V2_INFORMATIONAL, 2, false, true, 0, LEAST);
    T(first(c)->state == IKE_ESTABLISHED);
    end_after(c, 1);
    T(first(c)->state == IKE_FAILED && first(c)->failed_in == 5);
    T(first(c)->failed_by_initiator && first(c)->failed_inferred && !first(c)->established_in);
    SILENT(c, sa_established);
    SAYS(c, auth_failure_suspected, "The first message of 192.0.2.10 after IKE_AUTH (frame 5) is "
                                    "as short as a lone notify, and neither end uses the SA");
    T(basis_of(c, CHECK_auth_failure_suspected) == BASIS_INFERRED);
    init(c);                            /* the SA is used: it was something else */
    auth(c, SUCCESS);
    unread(c, V2_INFORMATIONAL, 2, true, false, V2P_NOTIFY, LEAST);
    unread(c, V2_INFORMATIONAL, 2, false, true, 0, LEAST);
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    end_after(c, 1);
    T(first(c)->state == IKE_ESTABLISHED);
    FIRES(c, sa_established);
    SILENT(c, auth_failure_suspected);
    init(c);                            /* in the middle of EAP */
    auth(c, LONG);
    eap_rounds(c, 2);
    unread(c, V2_INFORMATIONAL, 4, true, false, V2P_NOTIFY, LEAST);
    end_after(c, 1);
    SAYS(c, auth_failure_suspected, "ends EAP with a lone notify of its own (frame 9)");
    tunnel(c);                          /* read with keys */
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 9);
    T(first(c)->state == IKE_FAILED && first(c)->failed_by_initiator);
    T(!first(c)->failed_inferred && !first(c)->established_in);
    T(sadb_child_sa(c->db, 0)->state == CHILD_FAILED);
    end_after(c, 1);
    SAYS(c, auth_failed, "192.0.2.10 rejects the authentication");
    SILENT(c, sa_established);
}

/* After the end of EAP the initiator goes on at once, unless it was refused. */
static void
eap_ends(struct conversation *c)
{
    static const struct {
        uint32_t last;
        double silence;
        bool again, suspected;
    } rows[] = {
        { LEAST, 10, false, true },
        { LEAST, 1, false, false },     /* the capture ends */
        { MORE, 60, false, false },     /* a user who is slow */
        { LEAST, 10, true, false },     /* the initiator did not hear it */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        init(c);
        auth(c, LONG);
        unread(c, V2_IKE_AUTH, 2, true, false, V2P_EAP, MORE);
        unread(c, V2_IKE_AUTH, 2, false, true, V2P_EAP, rows[i].last);
        if (rows[i].again) {
            unread(c, V2_IKE_AUTH, 2, true, false, V2P_EAP, MORE);
        }
        end_after(c, rows[i].silence);
        TOLD(c, auth_failure_suspected, rows[i].suspected);
    }
    init(c);
    auth(c, LONG);
    eap_rounds(c, 3);
    end_after(c, 10);
    SAYS(c, auth_failure_suspected, "The last message of EAP (frame 10, 80 bytes)");
    init(c);                            /* a notify in any round */
    auth(c, LONG);
    eap_rounds(c, 2);
    unread(c, V2_IKE_AUTH, 4, true, false, V2P_EAP, MORE);
    unread(c, V2_IKE_AUTH, 4, false, true, V2P_NOTIFY, LEAST);
    SAYS(c, auth_failure_suspected, "EAP ends with an IKE_AUTH answer of 80 bytes");
}

/* Nobody answers IKE_AUTH, on the port on which IKE_SA_INIT was answered. */
static void
silent_on_an_open_port(struct conversation *c)
{
    for (unsigned times = 1; times <= 3; times++) {
        for (unsigned floated = 0; floated < 2; floated++) {
            init(c);
            c->ike_src_port = c->ike_dst_port = floated ? PORT_NATT : PORT_IKE;
            for (unsigned i = 0; i < times; i++) {
                unread(c, V2_IKE_AUTH, 1, true, false, V2P_IDI, SUCCESS);
                c->now += 3;
            }
            end_after(c, 20);
            TOLD(c, auth_failure_suspected, times == 3 && !floated);
        }
    }
    init(c);
    for (unsigned i = 0; i < 4; i++) {
        unread(c, V2_IKE_AUTH, 1, true, false, V2P_IDI, SUCCESS);
        c->now += 3;
    }
    end_after(c, 20);
    SAYS(c, auth_failure_suspected, "IKE_AUTH (frame 3) is sent 4 times, and 198.51.100.20");
}

/* A responder that begins an exchange with its own SPI first, and answers that follow it. */
static void
turned_spis(struct conversation *c, bool turned)
{
    init(c);
    auth(c, SUCCESS);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_CREATE_CHILD_SA, 0, r == 1, r == 1);
        c->m.encrypted = true;
        c->m.readable = false;
        c->m.inner_first = V2P_SA;
        c->m.length = SUCCESS;
        memset(c->m.spi_i, turned ? 0x22 : 0x11, 8);
        memset(c->m.spi_r, turned ? 0x11 : 0x22, 8);
        c->m.flags = (uint8_t)(turned ? (r ? FLAG_RESPONSE : FLAG_INITIATOR) : c->m.flags);
        send(c, r ? "child!" : "child?", (uint16_t)(50 + r));
    }
    T(sadb_num_ike_sas(c->db) == 1 && first(c)->exchanges.len == 3);
    T(!first(c)->exchanges.at[2]->by_initiator && first(c)->exchanges.at[2]->response == 6);
    TOLD(c, malformed_message, turned);
}

/* The Delete of an IKE SA that may have been rekeyed by messages that the capture lacks. */
static void
deleted_behind_a_hole(struct conversation *c, uint32_t id)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, id, true, false);
    memset(c->m.spi_r, 0x22, 8);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send(c, "delete", 9);
    T(first(c)->deleted_in == 5);
    T((sadb_child_sa(c->db, 0)->deleted_in != 0) == (id == 2));
    T((strstr(detail(c, CHECK_sa_deleted), "earlier message IDs are missing") != NULL) ==
      (id != 2));
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.1", "10.2.0.1", IP_UDP);
    c->now += 2;
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.1", "10.2.0.1", IP_UDP);
    TOLD(c, esp_after_delete, id == 2);
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    eap(&c);
    late(&c);
    fragments(&c);
    deletes(&c);
    deletes_child_after_all(&c);
    initiator_refuses(&c);
    eap_ends(&c);
    silent_on_an_open_port(&c);
    turned_spis(&c, false);
    turned_spis(&c, true);
    deleted_behind_a_hole(&c, 2);
    deleted_behind_a_hole(&c, 3);
    return conversation_done(&c);
}
