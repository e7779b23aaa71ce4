/* Where checks must hold their tongue, one condition at a time, beside the case in which they speak.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Only what was read whole lacks a payload, and who refuses owes none (RFC 7296 section 1.2). */
static void
parts_missing(void)
{
    static const struct { bool truncated, capped, fragment, error, unread; uint16_t notify; bool told; } table[] = {
        { .told = true }, { .truncated = true }, { .capped = true }, { .fragment = true }, { .error = true }, { .unread = true },
        { .notify = 14 }, { .notify = 16390 }, { .notify = 16407 }, { .notify = 16388, .told = true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("init?", 1);
        begin(2, V2_IKE_SA_INIT, 0, false, true);
        m.seen = (uint64_t)1 << V2P_SA | (uint64_t)1 << V2P_NONCE;
        m.truncated = table[i].truncated;
        m.capped = table[i].capped;
        m.fragment = table[i].fragment;
        m.error = table[i].error ? IKE_ERR_KE : IKE_OK;
        m.readable = !table[i].unread;
        if (table[i].notify) {
            notify(table[i].notify);
        }
        found = (findings_free(found), findings_new());
        send("init!", 2);
        TOLD(payload_missing, table[i].told);
    }
    for (uint32_t id = 1; id <= 2; id++) {          /* EAP takes rounds before AUTH comes (RFC 7296 section 2.16) */
        reset();
        sa_init(aes256, aes256);
        found = (findings_free(found), findings_new());
        begin(2, V2_IKE_AUTH, id, false, true);
        m.seen = (uint64_t)1 << V2P_IDR;
        send("auth!", 4);
        TOLD(payload_missing, id == 1);
    }
}

/* RFC 7296 section 2.4: whose answers were never captured is not dead. */
static void
liveness(void)
{
    static const struct { bool one_sided, payloads, again, dead, unanswered; } table[] = {
        { false, false, false, true, false }, { false, true, true, true, false }, { false, true, false, false, true },
        { true, false, true, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].one_sided) {
            reset();
            begin(2, V2_IKE_SA_INIT, 0, true, false);
            propose(aes256, 4, PROTO_IKE, 0);
            send("init?", 1);
        } else {
            tunnel();
        }
        begin(2, V2_INFORMATIONAL, 2, true, false);
        m.num_payloads = table[i].payloads ? 3 : 1;
        send("alive?", 5);
        if (table[i].again) {
            send("alive?", 6);
        }
        end_after(20);
        TOLD(dead_peer, table[i].dead);
        TOLD(request_unanswered, table[i].unanswered);
    }
}

/* A NAT, or MOBIKE of either side, explains another address (RFC 4555 section 3.1). */
static void
moved(void)
{
    static const struct { enum nat nat; unsigned mobike; bool told; } table[] = {
        { NAT_NONE, 0, true }, { NAT_INITIATOR, 0, false }, { NAT_RESPONDER, 0, false }, { NAT_BOTH, 0, false }, { NAT_FORCED, 0, true },
        { NAT_NONE, 1, false }, { NAT_NONE, 2, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
            m.has_auth = true;
            if (table[i].mobike == r + 1) {
                notify(N2_MOBIKE_SUPPORTED);
            }
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ((struct ike_sa *)sadb_ike_sa(db, 0))->nat = table[i].nat;
        begin(2, V2_INFORMATIONAL, 2, true, false);
        from_addr = &stranger;
        send("elsewhere", 9);
        TOLD(ike_from_new_address, table[i].told);
    }
}

/* Streams: IKE between the two is known, the grace after a Delete is not over, the cipher's blocks are large. */
static void
streams(void)
{
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 };
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel();
    p.spi = 0xdeadbeef;
    ipsec(&client, &gateway, p);
    TOLD(esp_without_ike, false);
    TOLD(spi_unknown, true);
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    TOLD(esp_without_ike, false);

    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { spi, 4 }, .inner = true };
    send("delete", 5);
    ipsec(&client, &gateway, esp_of(TO_R, 1));               /* 0.5 s after, to the moment */
    TOLD(esp_after_delete, false);
    now -= 0.49;
    ipsec(&client, &gateway, esp_of(TO_R, 2));
    TOLD(esp_after_delete, true);

    tunnel();
    p = esp_of(TO_R, 1);
    p.length = (1u << 31) - 8;                      /* a length that the suite allows */
    for (p.seq = 1; p.seq <= 20; p.seq++) {
        ipsec(&client, &gateway, p);
    }
    TOLD(birthday_bound, false);
    TOLD(length_impossible, false);
}

/* RFC 4301 section 5.2: one violation, one word; another SA is no excuse once it is deleted. */
static void
inner(void)
{
    static const uint8_t second[] = { 0xa0, 0, 0, 2 };

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    m.ts_r[0].protocol = 17;
    send("auth!", 4);
    packet(TO_R, &client, &gateway, "10.7.0.5", "10.2.0.5", 6);
    TOLD(inner_source_violation, true);
    TOLD(inner_selector_violation, false);
    packet(TO_R, &client, &gateway, "10.1.0.5", "10.7.0.5", 6);
    TOLD(inner_destination_violation, true);
    TOLD(inner_selector_violation, false);

    for (unsigned deleted = 0; deleted < 2; deleted++) {
        tunnel();
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
            propose(esp128, 3, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
            selectors("10.1.0.0/24", "10.3.0.0/24");
            send(r ? "second!" : "second?", (uint16_t)(40 + r));
        }
        if (deleted) {
            begin(2, V2_INFORMATIONAL, 3, true, false);
            m.num_deletes = 1;
            m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { second, 4 }, .inner = true };
            send("delete", 50);
        }
        packet(TO_R, &client, &gateway, "10.1.0.5", "10.3.0.5", 6);
        TOLD(wrong_child_sa, !deleted);
        TOLD(inner_destination_violation, true);
    }
}

/* The pool's address again: of the same user, or once the other has gone (RFC 7296 section 2.19). */
static void
pool(void)
{
    static const struct { const char *second; bool deleted, told; } table[] = { { "bob", false, true }, { "lisa", false, false },
                                                                                { "bob", true, false } };
    static const uint8_t one[] = { 10, 9, 0, 1 };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        for (unsigned user = 0; user < 2; user++) {
            const char *who = user ? table[i].second : "lisa";
            for (unsigned step = 0; step < 4; step++) {
                bool response = step % 2;
                char text[16];
                begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
                memset(m.spi_i, user ? 0x33 : 0x11, 8);
                if (step < 2) {
                    propose(aes256, 4, PROTO_IKE, 0);
                } else {
                    m.has_auth = true;
                    m.id_i = (struct ike_id){ .present = !response, .type = 2, .data = { (const uint8_t *)who, strlen(who) } };
                }
                if (step == 3) {
                    m.cfg_type = CP_REPLY;
                    m.num_cfg = 1;
                    m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { one, 4 } };
                }
                from_addr = response ? &gateway : user ? &stranger : &client;
                to_addr = response ? (user ? &stranger : &client) : &gateway;
                g_snprintf(text, sizeof text, "%u.%u", user, step);
                send(text, (uint16_t)(10 * user + step));
            }
            if (!user && table[i].deleted) {
                begin(2, V2_INFORMATIONAL, 2, true, false);
                m.num_deletes = 1;
                m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
                send("gone", 70);
            }
        }
        TOLD(virtual_ip_shared, table[i].told);
    }
}

/* Refusals of IKEv1: the first message of a mode alone speaks of the mode (RFC 2409 section 5). */
static void
modes(void)
{
    static const struct { uint8_t exchange; unsigned messages; uint16_t notify; bool told; } table[] = {
        { V1_MAIN, 1, 7, true }, { V1_MAIN, 1, 24, false }, { V1_MAIN, 2, 7, false }, { V1_AGGRESSIVE, 1, 24, true },
        { V1_AGGRESSIVE, 1, 29, true }, { V1_AGGRESSIVE, 2, 7, false }, { V1_AGGRESSIVE, 1, 18, false }, { V1_QUICK, 1, 7, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        for (unsigned n = 0; n < table[i].messages + (table[i].messages == 2); n++) {
            char text[8];
            begin(1, table[i].exchange, table[i].exchange == V1_QUICK ? 9 : 0, n % 2 == 0, false);
            memset(m.spi_r, n ? 0x22 : 0, 8);
            propose(table[i].exchange == V1_QUICK ? esp128 : aes256, table[i].exchange == V1_QUICK ? 3 : 4, PROTO_IKE, 0);
            g_snprintf(text, sizeof text, "%u", n);
            send(text, (uint16_t)(1 + n));
        }
        begin(1, V1_INFORMATIONAL, 5, false, false);
        memset(m.spi_r, table[i].messages > 1 ? 0x22 : 0, 8);
        notify(table[i].notify);
        send("no", 9);
        TOLD(exchange_mode_mismatch, table[i].told);
    }
}

/* What nobody could read speaks of the key only where the key was needed. */
static void
keys_needed(void)
{
    for (unsigned n = 1; n <= 5; n++) {
        reset();
        for (unsigned k = 1; k <= n; k++) {
            char text[8];
            begin(1, V1_MAIN, 0, k % 2, false);
            memset(m.spi_r, k == 1 ? 0 : 0x22, 8);
            g_snprintf(text, sizeof text, "mm%u", k);
            send(text, (uint16_t)k);
        }
        begin(1, V1_INFORMATIONAL, 78, false, false);
        memset(m.spi_r, 0x22, 8);
        m.readable = false;
        send("secret", 9);
        TOLD(auth_failure_suspected, n == 5);
    }
}

/* A quick mode that is refused is refused at once. */
static void
quick_mode_refused(void)
{
    for (unsigned late = 0; late < 2; late++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        m.readable = false;
        send("qm1", 3);
        now += late * 4;
        begin(1, V1_INFORMATIONAL, 10, false, false);
        m.readable = false;
        send("secret", 4);
        end_after(20);
        T((basis_of(CHECK_request_unanswered) == BASIS_INFERRED) == !late);
    }
}

/* Where PFS is known to be the same it is not the reason. */
static void
same_pfs(void)
{
    static const struct transform pfs[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };

    for (unsigned same = 2; same-- > 0;) {
        reset();
        v1_phase1(aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_QUICK, 9, r == 0, false);
            propose(pfs, 3, PROTO_ESP, r ? TO_R : 0xa1);
            send(r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        begin(1, V1_QUICK, 10, true, false);
        propose(pfs, same ? 3 : 2, PROTO_ESP, 0xa2);
        send("again", 5);
        begin(1, V1_INFORMATIONAL, 11, false, false);
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 6);
        TOLD(pfs_mismatch, !same);
    }
    SAYS(pfs_mismatch, "which asks for no PFS; but for that it has taken this suite before (frame 4)");
}

/* Kilobytes that one of the two alone names. */
static void
kilobytes_of_one(void)
{
    for (unsigned side = 0; side < 2; side++) {
        reset();
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_MAIN, 0, r == 0, false);
            propose(aes256, 4, PROTO_IKE, 0);
            m.proposals[0].attr.life_s = 3600;
            m.proposals[0].attr.life_kb = r == side ? 1000 : 0;
            send(r ? "mm2" : "mm1", (uint16_t)(1 + r));
        }
        SAYS(lifetime_mismatch, side ? "3600 s and 0 KB with 3600 s and 1000 KB" : "3600 s and 1000 KB with 3600 s and 0 KB");
    }
}

/* What was captured twice is told once. */
static void
twice(void)
{
    char *error = NULL;

    reset();
    T(plan_add(plan, "192.0.2.10", "AES_CBC_128", NULL, NULL, NULL, &error));
    for (unsigned i = 0; i < 4; i++) {
        begin(2, i < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, i / 2, i % 2 == 0, i % 2);
        m.has_auth = i >= 2;
        if (i < 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        if (i == 2) {
            m.error = IKE_ERR_ID;
        }
        for (unsigned copy = 0; copy < 2; copy++) {
            char text[8];
            now -= copy * 0.45;
            g_snprintf(text, sizeof text, "%u", i);
            send(text, (uint16_t)(1 + i));
        }
    }
    TOLD(plan_mismatch, true);
    TOLD(retransmission, false);
    for (size_t i = 0; i < findings_count(found); i++) {
        const struct finding *f = findings_get(found, i);
        T((f->check != CHECK_malformed_message && f->check != CHECK_plan_mismatch) || f->count == 1);
    }
    T(count(CHECK_malformed_message) == 1);
    begin(2, V2_INFORMATIONAL, 2, false, false);    /* 18 is a notify of IKEv1 alone */
    notify(N1_INVALID_ID_INFORMATION);
    send("eighteen", 20);
    TOLD(identity_rejected, false);
}

int
main(void)
{
    conversation_begin();
    parts_missing();
    liveness();
    moved();
    streams();
    inner();
    pool();
    modes();
    keys_needed();
    quick_mode_refused();
    same_pfs();
    kilobytes_of_one();
    twice();
    return conversation_done();
}
