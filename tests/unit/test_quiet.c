/* Extensions and old modes that are no fault: no warning, no error.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Weak algorithms apart, which none of these has. */
static void
quiet(struct conversation *c, const char *what)
{
    for (size_t i = 0; i < findings_count(c->found); i++) {
        const struct finding *f = findings_get(c->found, i);
        if (f->severity >= SEV_WARN) {
            printf("%s: %s: %s\n", what, checks[f->check].name, f->detail);
        }
        T(f->severity < SEV_WARN);
    }
}

static void
put(struct conversation *c, uint8_t type)
{
    c->m.seen |= (uint64_t)1 << type;
    c->m.payloads[c->m.num_payloads++] = (struct ike_payload){ .type = type,
                                                               .inner = c->m.encrypted };
}

static void
begin_with(struct conversation *c, uint8_t major, uint8_t exchange, uint32_t id, bool from_client,
           bool response, const uint8_t *types)
{
    begin(c, major, exchange, id, from_client, response);
    while (*types) {
        put(c, *types++);
    }
}

/* A message of these payloads, unlike all before. */
static void
say(struct conversation *c, uint8_t major, uint8_t exchange, uint32_t id, bool from_client,
    bool response, const uint8_t *types)
{
    char text[16];

    begin_with(c, major, exchange, id, from_client, response, types);
    g_snprintf(text, sizeof text, "%u", c->frame);
    send(c, text, (uint16_t)(c->frame + 1));
}

#define PAYLOADS(...) ((const uint8_t[]){ __VA_ARGS__, 0 })

static void
init(struct conversation *c, uint16_t more)
{
    reset(c);
    for (unsigned r = 0; r < 2; r++) {
        begin_with(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1, PAYLOADS(V2P_SA, V2P_KE, V2P_NONCE));
        propose(c, aes256, 4, PROTO_IKE, 0);
        if (more) {
            notify(c, more);
        }
        send(c, r ? "init!" : "init?", (uint16_t)(r + 1));
    }
}

static void
v2_extensions(struct conversation *c)
{
    /* RFC 6023: no Child SA at all. */
    init(c, N2_CHILDLESS_IKEV2_SUPPORTED);
    say(c, 2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH));
    begin_with(c, 2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH));
    c->m.has_auth = true;
    send(c, "auth!", 9);
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
    end_after(c, 60);
    quiet(c, "childless");

    /* RFC 5998: the responder does not sign, EAP proves both. */
    init(c, 0);
    say(c, 2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_SA, V2P_TSI, V2P_TSR));
    say(c, 2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_EAP));
    say(c, 2, V2_IKE_AUTH, 2, true, false, PAYLOADS(V2P_EAP));
    say(c, 2, V2_IKE_AUTH, 2, false, true, PAYLOADS(V2P_EAP));
    say(c, 2, V2_IKE_AUTH, 3, true, false, PAYLOADS(V2P_AUTH));
    say(c, 2, V2_IKE_AUTH, 3, false, true, PAYLOADS(V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    end_after(c, 60);
    quiet(c, "EAP only");

    /* RFC 4739: another authentication follows the first. */
    init(c, N2_MULTIPLE_AUTH_SUPPORTED);
    say(c, 2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR,
                                                    V2P_NOTIFY));
    say(c, 2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH));
    say(c, 2, V2_IKE_AUTH, 2, true, false, PAYLOADS(V2P_IDI));
    say(c, 2, V2_IKE_AUTH, 2, false, true, PAYLOADS(V2P_EAP));
    end_after(c, 60);
    quiet(c, "multiple authentication");

    /* RFC 5723: a ticket instead of SA and KE. */
    reset(c);
    say(c, 2, V2_IKE_SESSION_RESUME, 0, true, false, PAYLOADS(V2P_NONCE, V2P_NOTIFY));
    begin_with(c, 2, V2_IKE_SESSION_RESUME, 0, false, true, PAYLOADS(V2P_NONCE));
    c->m.encrypted = false;
    send(c, "resumed", 2);
    say(c, 2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    say(c, 2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    end_after(c, 60);
    quiet(c, "session resumption");

    /* RFC 9242 and RFC 9370: key exchanges between IKE_SA_INIT and IKE_AUTH, and after a rekey. */
    init(c, 0);
    say(c, 2, V2_IKE_INTERMEDIATE, 1, true, false, PAYLOADS(V2P_KE));
    say(c, 2, V2_IKE_INTERMEDIATE, 1, false, true, PAYLOADS(V2P_KE));
    say(c, 2, V2_IKE_AUTH, 2, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    say(c, 2, V2_IKE_AUTH, 2, false, true, PAYLOADS(V2P_IDR, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    say(c, 2, V2_IKE_FOLLOWUP_KE, 3, true, false, PAYLOADS(V2P_KE, V2P_NOTIFY));
    say(c, 2, V2_IKE_FOLLOWUP_KE, 3, false, true, PAYLOADS(V2P_KE));
    end_after(c, 60);
    quiet(c, "additional key exchanges");

    /* RFC 5685: sent away in IKE_AUTH, and later. */
    init(c, N2_REDIRECT_SUPPORTED);
    say(c, 2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    begin_with(c, 2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH, V2P_NOTIFY));
    notify(c, N2_REDIRECT);
    send(c, "away", 9);
    end_after(c, 60);
    quiet(c, "redirected in IKE_AUTH");
    T(count(c, CHECK_redirected) == 1);

    /* G-IKEv2: GSA_REKEY goes to all and is answered by none. */
    init(c, 0);
    say(c, 2, V2_GSA_REKEY, 0, false, false, PAYLOADS(V2P_NOTIFY));
    end_after(c, 60);
    quiet(c, "GSA_REKEY");
}

static void
v1_main_mode(struct conversation *c, uint16_t method)
{
    reset(c);
    for (unsigned i = 1; i <= 6; i++) {
        char text[16];
        g_snprintf(text, sizeof text, "mm%u", i);
        begin_with(c, 1, V1_MAIN, 0, i % 2, false, i <= 2 ? PAYLOADS(V1P_SA) :
                                                   i <= 4 ? PAYLOADS(V1P_KE, V1P_NONCE) :
                                                            PAYLOADS(V1P_ID, V1P_HASH));
        c->m.encrypted = i > 4;
        if (i <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.proposals[0].attr.auth_method = method;
        }
        send(c, text, (uint16_t)i);
    }
}

static void
v1_modes(struct conversation *c)
{
    static const uint16_t methods[] = { AUTH1_HYBRID_RSA_SIGNATURE_I, AUTH1_HYBRID_DSS_SIGNATURE_I,
                                        AUTH1_XAUTH_PSK_I, AUTH1_XAUTH_RSA_SIGNATURE_I };

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        v1_main_mode(c, methods[i]);
        say(c, 1, V1_TRANSACTION, 7, false, false, PAYLOADS(V1P_HASH, V1P_ATTRIBUTES));
        say(c, 1, V1_TRANSACTION, 7, true, false, PAYLOADS(V1P_HASH, V1P_ATTRIBUTES));
        end_after(c, 60);
        quiet(c, "hybrid or XAUTH");
        T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
    }
    v1_main_mode(c, AUTH1_PSK);
    say(c, 1, V1_NEW_GROUP, 8, true, false, PAYLOADS(V1P_HASH, V1P_SA));
    say(c, 1, V1_NEW_GROUP, 8, false, false, PAYLOADS(V1P_HASH, V1P_SA));
    end_after(c, 60);
    quiet(c, "new group mode");

    /* RFC 2408 section 3.1: the Commit bit holds the SA back until CONNECTED comes. */
    v1_main_mode(c, AUTH1_PSK);
    for (unsigned i = 0; i < 3; i++) {
        begin_with(c, 1, V1_QUICK, 9, i != 1, false,
                   i < 2 ? PAYLOADS(V1P_HASH, V1P_SA, V1P_NONCE) : PAYLOADS(V1P_HASH));
        c->m.flags |= FLAG_COMMIT;
        if (i < 2) {
            propose(c, esp128, 3, PROTO_ESP, i ? TO_R : TO_I);
        }
        send(c, i == 0 ? "qm1" : i == 1 ? "qm2" : "qm3", (uint16_t)(10 + i));
    }
    begin_with(c, 1, V1_INFORMATIONAL, 9, false, false, PAYLOADS(V1P_HASH, V1P_NOTIFY));
    notify(c, N1_CONNECTED);
    send(c, "connected", 20);
    end_after(c, 20);
    quiet(c, "commit bit");

    /* Draft of base mode: four messages. */
    reset(c);
    for (unsigned i = 1; i <= 4; i++) {
        char text[16];
        g_snprintf(text, sizeof text, "base%u", i);
        begin_with(c, 1, V1_BASE, 0, i % 2, false,
                   i <= 2 ? PAYLOADS(V1P_SA, V1P_NONCE, V1P_ID) : PAYLOADS(V1P_KE, V1P_HASH));
        if (i <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        send(c, text, (uint16_t)i);
    }
    end_after(c, 60);
    quiet(c, "base mode");

    /* A second phase 1 of the same two: the first is replaced, its Child SAs are not. */
    v1_main_mode(c, AUTH1_PSK);
    for (unsigned i = 1; i <= 6; i++) {
        char text[16];
        g_snprintf(text, sizeof text, "again%u", i);
        begin_with(c, 1, V1_MAIN, 0, i % 2, false,
                   i <= 2 ? PAYLOADS(V1P_SA) : PAYLOADS(V1P_KE, V1P_NONCE));
        c->m.encrypted = i > 4;
        as(c, 0x77);
        if (i > 1) {
            memset(c->m.spi_r, 0x78, 8);
        }
        if (i <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        send(c, text, (uint16_t)(30 + i));
    }
    end_after(c, 60);
    quiet(c, "phase 1 anew");
    SAYS(c, sa_rekeyed, "IKE SA 0 (phase 1) is replaced by IKE SA 1");
    T(sadb_ike_sa(c->db, 0)->state == IKE_REKEYED && sadb_ike_sa(c->db, 1)->rekeys == 0);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    v2_extensions(&c);
    v1_modes(&c);
    return conversation_done(&c);
}
