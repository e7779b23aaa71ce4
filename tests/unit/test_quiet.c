/* Extensions and old modes that are no fault: no warning, no error.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Weak algorithms apart, which none of these has. */
static void
quiet(const char *what)
{
    for (size_t i = 0; i < findings_count(found); i++) {
        const struct finding *f = findings_get(found, i);
        if (f->severity >= SEV_WARN) {
            printf("%s: %s: %s\n", what, checks[f->check].name, f->detail);
        }
        T(f->severity < SEV_WARN);
    }
}

static void
put(uint8_t type)
{
    m.seen |= (uint64_t)1 << type;
    m.payloads[m.num_payloads++] = (struct ike_payload){ .type = type, .inner = m.encrypted };
}

static void
begin_with(uint8_t major, uint8_t exchange, uint32_t id, bool from_client, bool response, const uint8_t *types)
{
    begin(major, exchange, id, from_client, response);
    while (*types) {
        put(*types++);
    }
}

/* A message of these payloads, unlike all before. */
static void
say(uint8_t major, uint8_t exchange, uint32_t id, bool from_client, bool response, const uint8_t *types)
{
    char text[16];

    begin_with(major, exchange, id, from_client, response, types);
    g_snprintf(text, sizeof text, "%u", frame);
    send(text, (uint16_t)(frame + 1));
}

#define PAYLOADS(...) ((const uint8_t[]){ __VA_ARGS__, 0 })

static void
init(uint16_t more)
{
    reset();
    for (unsigned r = 0; r < 2; r++) {
        begin_with(2, V2_IKE_SA_INIT, 0, r == 0, r == 1, PAYLOADS(V2P_SA, V2P_KE, V2P_NONCE));
        propose(aes256, 4, PROTO_IKE, 0);
        if (more) {
            notify(more);
        }
        send(r ? "init!" : "init?", (uint16_t)(r + 1));
    }
}

static void
v2_extensions(void)
{
    /* RFC 6023: no Child SA at all. */
    init(16418);
    say(2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH));
    begin_with(2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH));
    m.has_auth = true;
    send("auth!", 9);
    T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
    end_after(60);
    quiet("childless");

    /* RFC 5998: the responder does not sign, EAP proves both. */
    init(0);
    say(2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_SA, V2P_TSI, V2P_TSR));
    say(2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_EAP));
    say(2, V2_IKE_AUTH, 2, true, false, PAYLOADS(V2P_EAP));
    say(2, V2_IKE_AUTH, 2, false, true, PAYLOADS(V2P_EAP));
    say(2, V2_IKE_AUTH, 3, true, false, PAYLOADS(V2P_AUTH));
    say(2, V2_IKE_AUTH, 3, false, true, PAYLOADS(V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    end_after(60);
    quiet("EAP only");

    /* RFC 4739: another authentication follows the first. */
    init(16404);
    say(2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR, V2P_NOTIFY));
    say(2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH));
    say(2, V2_IKE_AUTH, 2, true, false, PAYLOADS(V2P_IDI));
    say(2, V2_IKE_AUTH, 2, false, true, PAYLOADS(V2P_EAP));
    end_after(60);
    quiet("multiple authentication");

    /* RFC 5723: a ticket instead of SA and KE. */
    reset();
    say(2, V2_IKE_SESSION_RESUME, 0, true, false, PAYLOADS(V2P_NONCE, V2P_NOTIFY));
    begin_with(2, V2_IKE_SESSION_RESUME, 0, false, true, PAYLOADS(V2P_NONCE));
    m.encrypted = false;
    send("resumed", 2);
    say(2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    say(2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    end_after(60);
    quiet("session resumption");

    /* RFC 9242 and RFC 9370: key exchanges between IKE_SA_INIT and IKE_AUTH, and after a rekey. */
    init(0);
    say(2, V2_IKE_INTERMEDIATE, 1, true, false, PAYLOADS(V2P_KE));
    say(2, V2_IKE_INTERMEDIATE, 1, false, true, PAYLOADS(V2P_KE));
    say(2, V2_IKE_AUTH, 2, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    say(2, V2_IKE_AUTH, 2, false, true, PAYLOADS(V2P_IDR, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    say(2, V2_IKE_FOLLOWUP_KE, 3, true, false, PAYLOADS(V2P_KE, V2P_NOTIFY));
    say(2, V2_IKE_FOLLOWUP_KE, 3, false, true, PAYLOADS(V2P_KE));
    end_after(60);
    quiet("additional key exchanges");

    /* RFC 5685: sent away in IKE_AUTH, and later. */
    init(16406);
    say(2, V2_IKE_AUTH, 1, true, false, PAYLOADS(V2P_IDI, V2P_AUTH, V2P_SA, V2P_TSI, V2P_TSR));
    begin_with(2, V2_IKE_AUTH, 1, false, true, PAYLOADS(V2P_IDR, V2P_AUTH, V2P_NOTIFY));
    notify(N2_REDIRECT);
    send("away", 9);
    end_after(60);
    quiet("redirected in IKE_AUTH");
    T(count(CHECK_redirected) == 1);

    /* G-IKEv2: GSA_REKEY goes to all and is answered by none. */
    init(0);
    say(2, V2_GSA_REKEY, 0, false, false, PAYLOADS(V2P_NOTIFY));
    end_after(60);
    quiet("GSA_REKEY");
}

static void
v1_main_mode(uint16_t method)
{
    reset();
    for (unsigned i = 1; i <= 6; i++) {
        char text[16];
        g_snprintf(text, sizeof text, "mm%u", i);
        begin_with(1, V1_MAIN, 0, i % 2, false, i <= 2 ? PAYLOADS(V1P_SA) : i <= 4 ? PAYLOADS(V1P_KE, V1P_NONCE) : PAYLOADS(V1P_ID, V1P_HASH));
        if (i <= 2) {
            propose(aes256, 4, PROTO_IKE, 0);
            m.proposals[0].attr.auth_method = method;
        }
        send(text, (uint16_t)i);
    }
}

static void
v1_modes(void)
{
    static const uint16_t methods[] = { 64221, 64223, 65001, 65005 };       /* hybrid and XAUTH */

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        v1_main_mode(methods[i]);
        say(1, V1_TRANSACTION, 7, false, false, PAYLOADS(V1P_HASH, V1P_ATTRIBUTES));
        say(1, V1_TRANSACTION, 7, true, false, PAYLOADS(V1P_HASH, V1P_ATTRIBUTES));
        end_after(60);
        quiet("hybrid or XAUTH");
        T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
    }
    v1_main_mode(1);
    say(1, V1_NEW_GROUP, 8, true, false, PAYLOADS(V1P_HASH, V1P_SA));
    say(1, V1_NEW_GROUP, 8, false, false, PAYLOADS(V1P_HASH, V1P_SA));
    end_after(60);
    quiet("new group mode");

    /* RFC 2408 section 3.1: the Commit bit holds the SA back until CONNECTED comes. */
    v1_main_mode(1);
    for (unsigned i = 0; i < 3; i++) {
        begin_with(1, V1_QUICK, 9, i != 1, false, i < 2 ? PAYLOADS(V1P_HASH, V1P_SA, V1P_NONCE) : PAYLOADS(V1P_HASH));
        m.flags |= FLAG_COMMIT;
        if (i < 2) {
            propose(esp128, 3, PROTO_ESP, i ? 0xb0000001 : 0xa0000001);
        }
        send(i == 0 ? "qm1" : i == 1 ? "qm2" : "qm3", (uint16_t)(10 + i));
    }
    begin_with(1, V1_INFORMATIONAL, 9, false, false, PAYLOADS(V1P_HASH, V1P_NOTIFY));
    notify(N1_CONNECTED);
    send("connected", 20);
    end_after(20);
    quiet("commit bit");

    /* Draft of base mode: four messages. */
    reset();
    for (unsigned i = 1; i <= 4; i++) {
        char text[16];
        g_snprintf(text, sizeof text, "base%u", i);
        begin_with(1, V1_BASE, 0, i % 2, false, i <= 2 ? PAYLOADS(V1P_SA, V1P_NONCE, V1P_ID) : PAYLOADS(V1P_KE, V1P_HASH));
        if (i <= 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        send(text, (uint16_t)i);
    }
    end_after(60);
    quiet("base mode");

    /* A second phase 1 of the same two: the first is replaced, its Child SAs are not. */
    v1_main_mode(1);
    for (unsigned i = 1; i <= 6; i++) {
        char text[16];
        g_snprintf(text, sizeof text, "again%u", i);
        begin_with(1, V1_MAIN, 0, i % 2, false, i <= 2 ? PAYLOADS(V1P_SA) : PAYLOADS(V1P_KE, V1P_NONCE));
        memset(m.spi_i, 0x77, 8);
        if (i > 1) {
            memset(m.spi_r, 0x78, 8);
        }
        if (i <= 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        send(text, (uint16_t)(30 + i));
    }
    end_after(60);
    quiet("phase 1 anew");
    SAYS(sa_rekeyed, "IKE SA 0 (phase 1) is replaced by IKE SA 1");
    T(sadb_ike_sa(db, 0)->state == IKE_REKEYED && sadb_ike_sa(db, 1)->rekeys == 0);
}

int
main(void)
{
    conversation_begin();
    v2_extensions();
    v1_modes();
    return conversation_done();
}
