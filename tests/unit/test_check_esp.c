/* What one ESP or AH packet shows: its number, its length, its IV, its padding, and whether its SA
 * was alive.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform ah_sha1[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform esn[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_EXT_SEQ, 0 } };

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

static void
child(const struct transform *t, size_t n, uint8_t protocol)
{
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.has_auth = true;
    propose(t, n, protocol, 0xa0000001);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(t, n, protocol, TO_R);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("auth!", 4);
}

static void
sequence(void)
{
    child(esp128, 3, PROTO_ESP);
    for (uint32_t seq = 1; seq <= 5; seq++) {
        ipsec(&client, &gateway, esp_of(TO_R, seq));
    }
    ipsec(&client, &gateway, esp_of(TO_R, 8));
    ipsec(&client, &gateway, esp_of(TO_R, 6));
    ipsec(&client, &gateway, esp_of(TO_R, 7));                       /* reordered, all come */
    end_after(1);
    SILENT(replay);
    SILENT(out_of_window);
    SILENT(sequence_gap);
    SILENT(sequence_not_one);
    SILENT(sequence_wrapped);

    child(esp128, 3, PROTO_ESP);
    ipsec(&client, &gateway, esp_of(TO_R, 3));
    ipsec(&client, &gateway, esp_of(TO_R, 4));
    ipsec(&client, &gateway, esp_of(TO_R, 4));
    SAYS(replay, "it was in frame 6 first");
    SAYS(sequence_not_one, "has sequence number 3");
    ipsec(&client, &gateway, esp_of(TO_R, 200));
    ipsec(&client, &gateway, esp_of(TO_R, 100));
    SAYS(out_of_window, "window of 64 below 200");
    end_after(1);
    SAYS(sequence_gap, "195 of the 198");

    child(esp128, 3, PROTO_ESP);
    ipsec(&client, &gateway, esp_of(TO_R, UINT32_MAX));
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    SAYS(sequence_wrapped, "begins again at 1");
    child(esn, 3, PROTO_ESP);
    ipsec(&client, &gateway, esp_of(TO_R, UINT32_MAX));
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    SILENT(sequence_wrapped);
    T(sadb_stream(db, 0)->lost == 1);                       /* 0 is a number with ESN */
}

static void
lengths(void)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    child(esp128, 3, PROTO_ESP);
    ipsec(&client, &gateway, p);
    SILENT(length_impossible);
    SILENT(truncated_sha256);
    SILENT(cleartext_in_esp);
    p.seq = 2;
    p.length = SHORTEST - 4;
    p.readable_ip = true;
    ipsec(&client, &gateway, p);
    SAYS(truncated_sha256, "fits a 96-bit ICV");
    SILENT(length_impossible);
    FIRES(cleartext_in_esp);
    p.seq = 3;
    p.length = SHORTEST + 3;
    ipsec(&client, &gateway, p);
    SAYS(length_impossible, "gives lengths of 8 modulo 16, this is 11");
    p.seq = 4;
    p.length = 20;
    ipsec(&client, &gateway, p);
    T(count(CHECK_length_impossible) == 1);                 /* one finding, more frames */

    child(ah_sha1, 2, PROTO_AH);
    p = (struct ipsec_packet){ .protocol = PROTO_AH, .spi = TO_R, .seq = 1, .length = 100, .ah_words = 4 };
    ipsec(&client, &gateway, p);
    SILENT(ah_length_wrong);
    SILENT(protocol_mismatch);
    p.seq = 2;
    p.ah_words = 5;
    ipsec(&client, &gateway, p);
    SAYS(ah_length_wrong, "states a length of 5");
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    SAYS(protocol_mismatch, "negotiated for AH");
}

static void
ivs_and_amounts(void)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    child(gcm, 2, PROTO_ESP);
    p.has_iv = true;
    for (uint32_t i = 1; i <= 20; i++) {
        p.seq = i;
        p.iv = i;
        ipsec(&client, &gateway, p);
    }
    SILENT(iv_reused);
    p.seq = 21;
    p.iv = 20;
    ipsec(&client, &gateway, p);
    FIRES(iv_reused);

    child(des3, 3, PROTO_ESP);
    p = esp_of(TO_R, 1);
    p.length = 1u << 31;
    for (p.seq = 1; p.seq <= 16; p.seq++) {
        ipsec(&client, &gateway, p);
    }
    SILENT(birthday_bound);
    p.length = 8 + 8 + 8 + 12;
    ipsec(&client, &gateway, p);
    FIRES(birthday_bound);
}

static void
padding(void)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    child(esp128, 3, PROTO_ESP);
    p.icv = ICV_GOOD;
    ipsec(&client, &gateway, p);
    SILENT(padding_bad);
    p.seq = 2;
    p.bad_padding = true;
    ipsec(&client, &gateway, p);
    FIRES(padding_bad);
}

static void
life(void)
{
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 };

    child(esp128, 3, PROTO_ESP);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { spi, 4 }, .inner = true };
    send("delete", 5);
    now -= 0.4;
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    SILENT(esp_after_delete);                               /* within the grace */
    now += 3;
    ipsec(&client, &gateway, esp_of(TO_R, 2));
    SAYS(esp_after_delete, "Child SA 0 was deleted in frame 5");

    reset();
    v1_phase1(aes256);
    begin(1, V1_QUICK, 9, true, false);
    propose(esp128, 2, PROTO_ESP, 0xa0000001);
    m.proposals[0].attr.life_s = 100;
    send("qm1", 3);
    begin(1, V1_QUICK, 9, false, false);
    propose(esp128, 2, PROTO_ESP, TO_R);
    m.proposals[0].attr.life_s = 100;
    send("qm2", 4);
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    SILENT(esp_after_lifetime);
    now += 200;
    ipsec(&client, &gateway, esp_of(TO_R, 2));
    SAYS(esp_after_lifetime, "gave it 100 s");
}

static void
of_no_ike(void)
{
    child(esp128, 3, PROTO_ESP);
    SILENT(esp_without_ike);
    SILENT(reserved_spi);
    ipsec(&stranger, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 9, .seq = 1, .length = 100 });
    SAYS(esp_without_ike, "203.0.113.66");
    SAYS(reserved_spi, "00000009");
}

static void
translated(void)
{
    child(esp128, 3, PROTO_ESP);
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    SILENT(udp_encap_mismatch);
    ((struct ike_sa *)sadb_ike_sa(db, 0))->nat = NAT_INITIATOR;
    ipsec(&client, &gateway, esp_of(TO_R, 2));
    FIRES(udp_encap_mismatch);
}

static void
carry(uint32_t seq, uint32_t length)
{
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .seq = seq, .length = length });
}

static void
used_after_lifetime(void)
{
    v1_tunnel(0, 100);                              /* 100 KB, to the octet */
    carry(1, 100 * 1024);
    carry(2, 1023);
    SILENT(esp_after_lifetime);
    carry(3, SHORTEST);
    SAYS(esp_after_lifetime, "ESP of SPI b0000001 has carried more than the 100 KB that quick mode in frame 4 gave it.");
    v1_tunnel(3600, 0);
    now += 3600;                                    /* within the grace */
    carry(1, SHORTEST);
    T(count(CHECK_esp_after_lifetime) == 0);
    now += 1;
    carry(2, SHORTEST);
    SAYS(esp_after_lifetime, "ESP of SPI b0000001 is used 3602 s after quick mode in frame 4, which gave it 3600 s.");
    T(the_finding(CHECK_esp_after_lifetime)->child_sa == 0 && the_finding(CHECK_esp_after_lifetime)->frame == 6);
    tunnel();                                       /* IKEv2 negotiates none */
    now += 1e6;
    carry(1, SHORTEST);
    T(count(CHECK_esp_after_lifetime) == 0);
}

/* An ICV of an algorithm whose length is not known says nothing of AH's or ESP's length. */
static void
unknown_lengths(void)
{
    static const struct transform strange[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, 999, 0 } }, ah[] = { { TRANSFORM_INTEG, 999, 0 } };
    static const struct transform gmac[] = { { TRANSFORM_INTEG, INTEG_AES_128_GMAC, 0 } };

    for (unsigned i = 0; i < 3; i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
            m.has_auth = true;
            propose(i == 0 ? strange : i == 1 ? ah : gmac, i == 0 ? 2 : 1, i == 0 ? PROTO_ESP : PROTO_AH, r ? TO_R : TO_I);
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = i == 0 ? PROTO_ESP : PROTO_AH, .spi = TO_R, .seq = 1, .length = 41,
                                                        .ah_words = 4 });
        T(count(CHECK_length_impossible) == 0 && count(CHECK_ah_length_wrong) == 0 && count(CHECK_truncated_sha256) == 0);
    }
}

/* The answer to the IKE SA's rekeying was not captured: the Child SAs are another one's. */
static void
rekeyed_unseen(bool rekeys)
{
    tunnel();
    if (rekeys) {
        begin(2, V2_CREATE_CHILD_SA, 2, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        m.proposals[0].spi_len = 8;
        memset(m.proposals[0].spi, 0x77, 8);
        send("rekey", 20);
    }
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("delete", 21);
    now += 2;
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    if (rekeys) {
        SILENT(esp_after_delete);
    } else {
        FIRES(esp_after_delete);
    }
}

/* The Delete that follows the rekeying stands before it. */
static void
deleted_before_rekeyed(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("delete", 21);
    T(sadb_child_sa(db, 0)->deleted_in == frame);
    for (int side = 0; side < 2; side++) {
        begin(2, V2_CREATE_CHILD_SA, 2, side == 0, side == 1);
        propose(aes256, 4, PROTO_IKE, 0);
        m.proposals[0].spi_len = 8;
        memset(m.proposals[0].spi, 0x77 + side, 8);
        send(side ? "rekeyed" : "rekey", (uint16_t)(22 + side));
    }
    T(sadb_num_ike_sas(db) == 2 && sadb_child_sa(db, 0)->deleted_in == 0);
    now += 3;
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    SILENT(esp_after_delete);
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

/* The answer that chose the SPI went another way. */
static void
answer_another_way(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    packet(0xc0000001, &client, &gateway, NULL, NULL, 0);
    SILENT(spi_unknown);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    packet(0xc0000001, &client, &gateway, NULL, NULL, 0);
    FIRES(spi_unknown);
}

/* The SPI is known, of the other protocol. */
static void
other_protocol(void)
{
    tunnel();
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_AH, .spi = 0xb0000001, .seq = 1, .length = 100 });
    FIRES(protocol_mismatch);
    SILENT(spi_unknown);
}

/* What was never enciphered has no padding. */
static void
clear_payload(void)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0xb0000001, .seq = 1, .length = SHORTEST, .clear_read = true,
                              .bad_padding = true, .icv = ICV_GOOD, .readable_ip = true };

    tunnel();
    ipsec(&client, &gateway, p);
    FIRES(cleartext_in_esp);
    SILENT(padding_bad);
    p.seq = 2;
    p.readable_ip = false;
    ipsec(&client, &gateway, p);
    FIRES(padding_bad);
}

int
main(void)
{
    conversation_begin();
    first_numbers();
    sequence();
    lengths();
    ivs_and_amounts();
    padding();
    life();
    of_no_ike();
    translated();
    used_after_lifetime();
    unknown_lengths();
    rekeyed_unseen(true);
    rekeyed_unseen(false);
    deleted_before_rekeyed();
    streams();
    answer_another_way();
    other_protocol();
    clear_payload();
    return conversation_done();
}
