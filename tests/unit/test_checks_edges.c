/* Conditions of checks, each from both sides of its edge: what a check that is slightly wrong would say.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t octets[1600];

static void
put(uint8_t type)
{
    m.seen |= (uint64_t)1 << type;
    m.payloads[m.num_payloads++] = (struct ike_payload){ .type = type, .inner = m.encrypted };
}

/* What the first message of IKEv1's exchanges must hold (RFC 2409 section 5). */
static void
v1_forms(void)
{
    static const struct { uint8_t exchange, lacks; bool late, second, missing; } table[] = {
        { V1_MAIN, V1P_SA, false, false, true }, { V1_MAIN, V1P_KE, false, false, false }, { V1_MAIN, V1P_SA, true, false, false },
        { V1_MAIN, V1P_SA, false, true, false }, { V1_AGGRESSIVE, V1P_ID, false, false, true },
        { V1_AGGRESSIVE, V1P_NONCE, false, false, true }, { V1_AGGRESSIVE, V1P_HASH, false, false, false },
        { V1_QUICK, V1P_HASH, false, false, true }, { V1_QUICK, V1P_KE, false, false, false },
    };
    static const uint8_t all[] = { V1P_SA, V1P_KE, V1P_NONCE, V1P_ID, V1P_HASH };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        if (table[i].exchange == V1_QUICK) {
            v1_phase1(aes256);
            found = (findings_free(found), findings_new());
        }
        if (table[i].second) {
            begin(1, V1_MAIN, 0, true, false);
            put(V1P_SA);
            propose(aes256, 4, PROTO_IKE, 0);
            send("first", 1);
        }
        begin(1, table[i].exchange, table[i].exchange == V1_QUICK ? 9 : 0, true, false);
        if (table[i].late || table[i].second || table[i].exchange == V1_QUICK) {
            memset(m.spi_r, 0x22, 8);
        }
        for (size_t k = 0; k < G_N_ELEMENTS(all); k++) {
            if (all[k] != table[i].lacks) {
                put(all[k]);
            }
        }
        send("message", 9);
        T((count(CHECK_payload_missing) == 1) == table[i].missing);
    }
    SILENT(payload_missing);

    /* The key exchange of quick mode is of phase 2's group, which is another matter. */
    for (unsigned exchange = V1_AGGRESSIVE; exchange <= V1_QUICK; exchange += V1_QUICK - V1_AGGRESSIVE) {
        reset();
        for (unsigned r = 0; r < 2; r++) {
            begin(1, exchange == V1_QUICK ? V1_MAIN : V1_AGGRESSIVE, 0, r == 0, false);
            memset(m.spi_r, r ? 0x22 : 0, 8);
            propose(aes256, 4, PROTO_IKE, 0);
            m.has_ke = exchange == V1_AGGRESSIVE;
            m.ke = (struct span){ octets, 128 };
            send(r ? "answer" : "offer", (uint16_t)(1 + r));
        }
        if (exchange == V1_QUICK) {
            begin(1, V1_QUICK, 9, true, false);
            memset(m.spi_r, 0x22, 8);
            m.has_ke = true;
            m.ke = (struct span){ octets, 128 };
            send("qm1", 3);
        }
        T((count(CHECK_ke_length_wrong) == 1) == (exchange == V1_AGGRESSIVE));
    }
}

/* Whose words from a new address are believed (RFC 7296 section 2.11, RFC 4555 section 3.5). */
static void
new_addresses(void)
{
    static const struct { bool keys, mobike, fragment, cut, readable, told; } table[] = {
        { true, false, false, false, true, true },          /* read, and MOBIKE was not announced */
        { true, true, false, false, true, false },          /* read, and MOBIKE was */
        { true, true, false, false, false, true },          /* what the SA's keys do not open */
        { true, true, true, false, false, false },          /* a fragment may become readable */
        { true, true, false, true, false, false },          /* and so may what the capture cut */
        { false, false, false, false, false, false },       /* nobody has read whether MOBIKE was announced */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
            m.readable = table[i].keys;
            m.has_auth = m.readable;
            m.length = 500;
            if (table[i].mobike) {
                notify(N2_MOBIKE_SUPPORTED);
            }
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        begin(2, V2_INFORMATIONAL, 2, true, false);
        m.readable = table[i].readable;
        m.fragment = table[i].fragment;
        m.truncated = table[i].cut;
        from_addr = &stranger;
        send("elsewhere", 9);
        T((count(CHECK_ike_from_new_address) == 1) == table[i].told);
    }
    SILENT(ike_from_new_address);
    for (unsigned answered = 0; answered < 2; answered++) {         /* a request again from elsewhere: before and after its answer */
        reset();
        sa_init(aes256, aes256);
        begin(2, V2_IKE_AUTH, 1, true, false);
        m.readable = false;
        send("auth?", 3);
        if (answered) {
            begin(2, V2_IKE_AUTH, 1, false, true);
            m.readable = false;
            m.length = 500;
            send("auth!", 4);
            begin(2, V2_IKE_AUTH, 1, true, false);
            m.readable = false;
        }
        from_addr = &stranger;
        send("auth?", 5);
        T((count(CHECK_ike_from_new_address) == 1) == answered);
    }
}

/* RFC 7296 section 2.23: after the float IKE stays on 4500; answers go where they are asked from. */
static void
floats(void)
{
    static const struct { bool float_first, from_client, response, told; uint8_t exchange; uint16_t src, dst; } table[] = {
        { true, true, false, true, V2_INFORMATIONAL, 500, 500 }, { true, false, false, true, V2_INFORMATIONAL, 500, 500 },
        { true, true, true, false, V2_INFORMATIONAL, 500, 500 }, { false, true, false, false, V2_INFORMATIONAL, 500, 500 },
        { true, true, false, false, V2_INFORMATIONAL, 4500, 4500 }, { true, true, false, false, V2_INFORMATIONAL, 500, 4500 },
        { true, true, false, false, V2_IKE_SA_INIT, 500, 500 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        ike_src_port = ike_dst_port = table[i].float_first ? 4500 : 500;
        auth_request("10.1.0.0/24", "10.2.0.0/24");
        auth_response("10.1.0.0/24", "10.2.0.0/24");
        ike_src_port = table[i].src;
        ike_dst_port = table[i].dst;
        begin(2, table[i].exchange, 2, table[i].from_client, table[i].response);
        send("message", 9);
        T((count(CHECK_port_500_after_float) == 1) == table[i].told);
    }
    SILENT(port_500_after_float);
}

/* A message that Wireshark shows twice in one frame was captured once. */
static void
nested(void)
{
    for (unsigned same = 0; same < 2; same++) {
        tunnel();
        frame -= same;
        now -= 0.5;
        send("auth!", 4);
        T((count(CHECK_duplicate_frame) == 1) == !same && count(CHECK_retransmission) == 0);
    }
}

/* The first number of an SA is 1 (RFC 4303 section 3.3.3), that of a stream from another address is not. */
static void
first_numbers(void)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = SHORTEST };

    tunnel();
    ipsec(&client, &gateway, p);
    p.seq = 9;
    ipsec(&stranger, &gateway, p);                  /* goes on with the same SPI */
    SILENT(sequence_not_one);
    tunnel();
    ipsec(&gateway, &client, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 0xa0000001, .seq = 1, .length = SHORTEST });
    ipsec(&client, &gateway, p);                    /* the other direction's stream is no excuse */
    SAYS(sequence_not_one, "The first packet of SPI b0000001 has sequence number 9; the exchange in frame 4 began the SA.");
}

/* IKEv1: the transform that the answer names by number, of the proposal that it names. */
static void
numbered(void)
{
    static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform longer[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    for (uint8_t number = 1; number <= 3; number++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        propose(des3, 2, PROTO_ESP, 0xa1);
        propose(esp128, 2, PROTO_ESP, 0xa2);
        m.proposals[1].number = 2;
        send("qm1", 3);
        begin(1, V1_QUICK, 9, false, false);
        propose(longer, 2, PROTO_ESP, TO_R);
        m.proposals[0].number = number;
        send("qm2", 4);
        if (number <= 2) {
            SAYS(attribute_changed, number == 1 ? "offers it as ESP:3DES_CBC/HMAC_SHA1_96" : "offers it as ESP:AES_CBC_128/HMAC_SHA2_256_128");
        } else {
            FIRES(proposal_not_offered);            /* no such proposal */
        }
        T(count(CHECK_attribute_changed) + count(CHECK_proposal_not_offered) == 1);
    }
}

/* Only where all but the group is what the refuser took, PFS is the reason (RFC 2409 section 5.5). */
static void
forward_secrecy(void)
{
    static const struct { uint16_t encr, bits, integ; bool suspected; } table[] = {
        { 12, 256, 12, true }, { 12, 128, 12, false }, { 12, 256, 2, false }, { 3, 0, 12, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct transform t[] = { { TRANSFORM_ENCR, table[i].encr, table[i].bits }, { TRANSFORM_INTEG, table[i].integ, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        propose(t, 3, PROTO_ESP, 0xa1);
        send("qm1", 3);
        begin(1, V1_INFORMATIONAL, 10, false, false);
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 4);
        T((count(CHECK_pfs_mismatch) == 1) == table[i].suspected);
    }
    SILENT(pfs_mismatch);
}

/* One direction alone, but of an SA that was replaced, or beside others of the same two. */
static void
single_ways(void)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = SHORTEST };

    for (unsigned rekeyed = 0; rekeyed < 2; rekeyed++) {
        tunnel();
        for (p.seq = 1; p.seq <= 4; p.seq++) {
            ipsec(&client, &gateway, p);
        }
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
            propose(esp128, 3, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
            selectors("10.1.0.0/24", "10.2.0.0/24");
            if (rekeyed && !r) {
                notify(N2_REKEY_SA);
                m.notifies[0].spi = (struct span){ old, 4 };
            }
            send(r ? "new!" : "new?", (uint16_t)(40 + r));
        }
        end_after(1);
        T((count(CHECK_one_way) == 1) == !rekeyed);
    }
    SILENT(one_way);
}

/* What was told once is not told again with the next message. */
static void
told_once(void)
{
    static const struct transform ml_kem[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                               { TRANSFORM_KE, KE_CURVE_25519, 0 }, { TRANSFORM_ADDKE1, KE_ML_KEM_768, 0 } };

    reset();
    for (unsigned r = 0; r < 2; r++) {
        begin(2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
        propose(ml_kem, 5, PROTO_IKE, 0);
        send(r ? "init!" : "init?", (uint16_t)(1 + r));
    }
    SILENT(post_quantum);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    T(count(CHECK_post_quantum) == 1);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("more", 9);
    T(count(CHECK_post_quantum) == 1 && count(CHECK_sa_established) == 2);
}

/* A foretold refusal: the offer sent again is the same offer. */
static void
foretold_once(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, false, false);
    m.flags = FLAG_INITIATOR;
    memset(m.spi_r, 0, 8);
    memset(m.spi_i, 0x33, 8);
    propose(aes128, 4, PROTO_IKE, 0);
    send("gateway", 1);
    for (unsigned i = 0; i < 3; i++) {
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("client", (uint16_t)(2 + i));
    }
    T(count(CHECK_no_common_proposal) == 1 && count(CHECK_retransmission) == 1);
    for (size_t i = 0; i < findings_count(found); i++) {
        const struct finding *f = findings_get(found, i);
        T(f->check != CHECK_no_common_proposal || f->count == 1);
        T(f->check != CHECK_retransmission || f->count == 2);
    }
}

/* What another pair has agreed on, or failed in, says nothing of this one. */
static void
selectors_of_others(void)
{
    struct ip_addr *peer;

    for (unsigned same = 0; same < 2; same++) {
        reset();
        peer = same ? &client : &stranger;
        for (unsigned step = 0; step < 4; step++) {
            char text[8];
            begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, step % 2 == 0, step % 2);
            memset(m.spi_i, 0x33, 8);
            propose(step < 2 ? aes256 : esp128, step < 2 ? 4 : 3, step < 2 ? PROTO_IKE : PROTO_ESP, step < 2 ? 0 : 0xc1 + step);
            if (step >= 2) {
                m.has_auth = true;
                selectors("10.5.0.0/24", "10.2.0.0/24");
            }
            *(step % 2 ? &to_addr : &from_addr) = peer;
            g_snprintf(text, sizeof text, "%u", step);
            send(text, (uint16_t)(1 + step));
        }
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.9.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        notify(N2_TS_UNACCEPTABLE);
        send("no", 9);
        SAYS(ts_unacceptable, same ? "it has accepted 10.5.0.0/24 === 10.2.0.0/24 before (frame 4)." : "does not show what it would accept.");
    }
}

static void
tries_of_others(void)
{
    for (unsigned same = 0; same < 2; same++) {
        reset();
        for (unsigned r = 0; r < 2; r++) {          /* a try that fails, here or at another gateway */
            begin(2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
            memset(m.spi_i, 0x33, 8);
            if (r) {
                notify(N2_NO_PROPOSAL_CHOSEN);
            } else {
                propose(aes128, 4, PROTO_IKE, 0);
            }
            if (!same) {
                *(r ? &from_addr : &to_addr) = &stranger;
            }
            send(r ? "no" : "first", (uint16_t)(1 + r));
        }
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("second", 3);
        T((count(CHECK_offer_changed) == 1) == same);
    }
}

/* IKEv1 aggressive mode: message 2 answers with a hash, which the initiator may refuse (RFC 2409 section 5.4). */
static void
refused_hash(void)
{
    reset();
    for (unsigned r = 0; r < 2; r++) {
        begin(1, V1_AGGRESSIVE, 0, r == 0, false);
        memset(m.spi_r, r ? 0x22 : 0, 8);
        propose(aes256, 4, PROTO_IKE, 0);
        send(r ? "am2" : "am1", (uint16_t)(1 + r));
    }
    begin(1, V1_INFORMATIONAL, 5, true, false);
    memset(m.spi_r, 0x22, 8);
    notify(N1_AUTHENTICATION_FAILED);
    send("no", 3);
    SAYS(auth_failed, "192.0.2.10 rejects the authentication of 198.51.100.20 (AUTHENTICATION_FAILED in frame 3, request in frame 1, ");
    SILENT(exchange_mode_mismatch);
}

/* Types of payloads up to the last one known; fragments share their message's ID (RFC 7383 section 2.5). */
static void
identifiers(void)
{
    for (uint8_t type = V2P_SA; type < 70; type++) {
        reset();
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        m.num_payloads = 1;
        m.payloads[0] = (struct ike_payload){ .type = type, .critical = true };
        send("critical", 1);
        T((count(CHECK_unknown_critical_payload) == 1) == (type > 54));
    }
    for (unsigned whole = 0; whole < 3; whole++) {
        tunnel();
        for (unsigned n = 1; n <= 3; n++) {
            char text[8];
            begin(2, V2_CREATE_CHILD_SA, 2, true, false);
            m.readable = false;
            m.fragment = n + whole <= 3 ? (uint16_t)n : 0;
            m.fragments = m.fragment ? 3 : 0;
            g_snprintf(text, sizeof text, "%u", n);
            send(text, (uint16_t)(10 + n));
        }
        T((count(CHECK_message_id_reused) == 1) == (whole == 2));       /* two that are no fragments */
    }
}

/* With IKE of one side alone nobody knows whether the other sends anything. */
static void
one_sided(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init!", 2);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    for (uint32_t seq = 1; seq <= 4; seq++) {
        ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .seq = seq, .length = SHORTEST });
    }
    end_after(1);
    T(sadb_num_child_sas(db) == 1 && count(CHECK_one_way) == 0);
}

int
main(void)
{
    conversation_begin();
    selectors_of_others();
    tries_of_others();
    refused_hash();
    identifiers();
    one_sided();
    v1_forms();
    new_addresses();
    floats();
    nested();
    first_numbers();
    numbered();
    forward_secrecy();
    single_ways();
    told_once();
    foretold_once();
    return conversation_done();
}
