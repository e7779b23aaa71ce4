/* What one ESP or AH packet shows: its number, its length, its IV, its padding, and whether its SA
 * was alive.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform gcm[] = {
    { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform des3[] = {
    { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform ah_sha1[] = {
    { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform esn[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_ESN, ESN_EXT_SEQ, 0 },
};

/* The first number of an SA is 1 (RFC 4303 section 3.3.3), that of a stream from another address
 * is not. */
static void
first_numbers(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = SHORTEST };

    tunnel(c);
    ipsec(c, &c->client, &c->gateway, p);
    p.seq = 9;
    ipsec(c, &c->stranger, &c->gateway, p);         /* goes on with the same SPI */
    SILENT(c, sequence_not_one);
    tunnel(c);
    ipsec(c, &c->gateway, &c->client, esp_of(TO_I, 1));
    ipsec(c, &c->client, &c->gateway, p);           /* the other direction's stream is no excuse */
    SAYS(c, sequence_not_one, "The first packet of SPI b0000001 has sequence number 9, although "
         "the exchange in frame 4 set up the SA.");
}

static void
child(struct conversation *c, const struct transform *t, size_t n, uint8_t protocol)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    propose(c, t, n, protocol, TO_I);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, t, n, protocol, TO_R);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth!", 4);
}

static void
sequence(struct conversation *c)
{
    child(c, esp128, 3, PROTO_ESP);
    for (uint32_t seq = 1; seq <= 5; seq++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, seq));
    }
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 8));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 6));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 7));    /* reordered, all come */
    end_after(c, 1);
    SILENT(c, replay);
    SILENT(c, out_of_window);
    SILENT(c, sequence_gap);
    SILENT(c, sequence_not_one);
    SILENT(c, sequence_wrapped);

    child(c, esp128, 3, PROTO_ESP);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 3));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 4));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 4));
    SAYS(c, replay, "the first is in frame 6");
    SAYS(c, sequence_not_one, "has sequence number 3");
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 200));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 100));
    SAYS(c, out_of_window, "window of 64 packets that ends at 200");
    end_after(c, 1);
    SAYS(c, sequence_gap, "195 of the 198");

    child(c, esp128, 3, PROTO_ESP);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, UINT32_MAX));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SAYS(c, sequence_wrapped, "starts again at 1");
    child(c, esn, 3, PROTO_ESP);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, UINT32_MAX));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SILENT(c, sequence_wrapped);
    T(sadb_stream(c->db, 0)->lost == 1);            /* 0 is a number with ESN */
}

static void
lengths(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    child(c, esp128, 3, PROTO_ESP);
    ipsec(c, &c->client, &c->gateway, p);
    SILENT(c, length_impossible);
    SILENT(c, truncated_sha256);
    SILENT(c, cleartext_in_esp);
    p.seq = 2;
    p.length = SHORTEST - 4;
    p.readable_ip = true;
    ipsec(c, &c->client, &c->gateway, p);
    SAYS(c, truncated_sha256, "matches a 96-bit ICV");
    SILENT(c, length_impossible);
    FIRES(c, cleartext_in_esp);
    p.seq = 3;
    p.length = SHORTEST + 3;
    ipsec(c, &c->client, &c->gateway, p);
    SAYS(c, length_impossible, "gives lengths of 8 modulo 16; this one is 11");
    p.seq = 4;
    p.length = 20;
    ipsec(c, &c->client, &c->gateway, p);
    T(count(c, CHECK_length_impossible) == 1);      /* one finding, more frames */

    child(c, ah_sha1, 2, PROTO_AH);
    p = (struct ipsec_packet){ .protocol = PROTO_AH, .spi = TO_R, .seq = 1, .length = 100,
                               .ah_words = 4 };
    ipsec(c, &c->client, &c->gateway, p);
    SILENT(c, ah_length_wrong);
    SILENT(c, protocol_mismatch);
    p.seq = 2;
    p.ah_words = 5;
    ipsec(c, &c->client, &c->gateway, p);
    SAYS(c, ah_length_wrong, "states a length of 5");
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SAYS(c, protocol_mismatch, "negotiated for AH");
}

static void
ivs_and_amounts(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    child(c, gcm, 2, PROTO_ESP);
    p.has_iv = true;
    for (uint32_t i = 1; i <= 20; i++) {
        p.seq = i;
        p.iv = i;
        ipsec(c, &c->client, &c->gateway, p);
    }
    SILENT(c, iv_reused);
    p.seq = 21;
    p.iv = 20;
    ipsec(c, &c->client, &c->gateway, p);
    FIRES(c, iv_reused);

    child(c, des3, 3, PROTO_ESP);
    p = esp_of(TO_R, 1);
    p.length = 1u << 31;
    for (p.seq = 1; p.seq <= 16; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    SILENT(c, birthday_bound);
    p.length = 8 + 8 + 8 + 12;
    ipsec(c, &c->client, &c->gateway, p);
    FIRES(c, birthday_bound);
}

static void
padding(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    child(c, esp128, 3, PROTO_ESP);
    p.icv = ICV_GOOD;
    ipsec(c, &c->client, &c->gateway, p);
    SILENT(c, padding_bad);
    p.seq = 2;
    p.bad_padding = true;
    ipsec(c, &c->client, &c->gateway, p);
    FIRES(c, padding_bad);
}

static void
life(struct conversation *c)
{
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 };

    child(c, esp128, 3, PROTO_ESP);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                           .spis = { spi, 4 }, .inner = true };
    send(c, "delete", 5);
    c->now -= 0.4;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SILENT(c, esp_after_delete);                    /* within the grace */
    c->now += 3;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 2));
    SAYS(c, esp_after_delete, "Child SA 0 was deleted in frame 5");

    reset(c);
    v1_phase1(c, aes256);
    begin(c, 1, V1_QUICK, 9, true, false);
    propose(c, esp128, 2, PROTO_ESP, TO_I);
    c->m.proposals[0].attr.life_s = 100;
    send(c, "qm1", 3);
    begin(c, 1, V1_QUICK, 9, false, false);
    propose(c, esp128, 2, PROTO_ESP, TO_R);
    c->m.proposals[0].attr.life_s = 100;
    send(c, "qm2", 4);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SILENT(c, esp_after_lifetime);
    c->now += 200;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 2));
    SAYS(c, esp_after_lifetime, "lifetime of 100 s");
}

static void
of_no_ike(struct conversation *c)
{
    child(c, esp128, 3, PROTO_ESP);
    SILENT(c, reserved_spi);
    ipsec(c, &c->stranger, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 9,
                                                               .seq = 1, .length = 100 });
    SAYS(c, reserved_spi, "ESP to 198.51.100.20 uses SPI 00000009, which the receiver chose");
    T(strstr(remedy(c, CHECK_reserved_spi), "receiver"));
    child(c, esp128, 3, PROTO_ESP);
    ipsec(c, &c->stranger, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 0,
                                                               .seq = 1, .length = 100 });
    SAYS(c, reserved_spi, "ESP from 203.0.113.66 uses SPI 00000000, which cannot identify an SA.");
    T(strstr(remedy(c, CHECK_reserved_spi), "Check the sender"));
}

static void
translated(struct conversation *c)
{
    child(c, esp128, 3, PROTO_ESP);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SILENT(c, udp_encap_mismatch);
    ((struct ike_sa *)sadb_ike_sa(c->db, 0))->nat = NAT_INITIATOR;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 2));
    FIRES(c, udp_encap_mismatch);
}

static void
carry(struct conversation *c, uint32_t seq, uint32_t length)
{
    ipsec(c, &c->client, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R,
                                                             .seq = seq, .length = length });
}

static void
used_after_lifetime(struct conversation *c)
{
    v1_tunnel(c, 0, 100);                           /* 100 KB, to the octet */
    carry(c, 1, 100 * 1024);
    carry(c, 2, 1023);
    SILENT(c, esp_after_lifetime);
    carry(c, 3, SHORTEST);
    SAYS(c, esp_after_lifetime, "ESP of SPI b0000001 has carried more than the 100 KB that quick "
                                "mode (frame 4) set as its lifetime.");
    v1_tunnel(c, 3600, 0);
    c->now += 3600;                                 /* within the grace */
    carry(c, 1, SHORTEST);
    T(count(c, CHECK_esp_after_lifetime) == 0);
    c->now += 1;
    carry(c, 2, SHORTEST);
    SAYS(c, esp_after_lifetime,
         "ESP with SPI b0000001 is sent 3602 s after quick mode (frame 4), which set a lifetime of "
         "3600 s.");
    T(the_finding(c, CHECK_esp_after_lifetime)->child_sa == 0 &&
      the_finding(c, CHECK_esp_after_lifetime)->frame == 6);
    tunnel(c);                                      /* IKEv2 negotiates none */
    c->now += 1e6;
    carry(c, 1, SHORTEST);
    T(count(c, CHECK_esp_after_lifetime) == 0);
}

/* An ICV of an algorithm whose length is not known says nothing of AH's or ESP's length. */
static void
unknown_lengths(struct conversation *c)
{
    static const struct transform strange[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, 999, 0 },
    };
    static const struct transform ah[] = { { TRANSFORM_INTEG, 999, 0 } };
    static const struct transform gmac[] = { { TRANSFORM_INTEG, INTEG_AES_128_GMAC, 0 } };
    const struct transform *const suites[] = { strange, ah, gmac };

    for (unsigned i = 0; i < 3; i++) {
        uint8_t protocol = i == 0 ? PROTO_ESP : PROTO_AH;
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.has_auth = true;
            propose(c, suites[i], i == 0 ? 2 : 1, protocol, r ? TO_R : TO_I);
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ipsec(c, &c->client, &c->gateway, (struct ipsec_packet){ .protocol = protocol, .spi = TO_R,
                                                                 .seq = 1, .length = 41,
                                                                 .ah_words = 4 });
        T(count(c, CHECK_length_impossible) == 0 && count(c, CHECK_ah_length_wrong) == 0 &&
          count(c, CHECK_truncated_sha256) == 0);
    }
}

/* The answer to the IKE SA's rekeying was not captured: the Child SAs are another one's. */
static void
rekeyed_unseen(struct conversation *c, bool rekeys)
{
    tunnel(c);
    if (rekeys) {
        begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        c->m.proposals[0].spi_len = 8;
        memset(c->m.proposals[0].spi, 0x77, 8);
        send(c, "rekey", 20);
    }
    begin(c, 2, V2_INFORMATIONAL, rekeys ? 3 : 2, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send(c, "delete", 21);
    c->now += 2;
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    if (rekeys) {
        SILENT(c, esp_after_delete);
    } else {
        FIRES(c, esp_after_delete);
    }
}

/* The Delete that follows the rekeying stands before it. */
static void
deleted_before_rekeyed(struct conversation *c)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send(c, "delete", 21);
    /* message 2 is missing: it may have given them to another one */
    T(sadb_child_sa(c->db, 0)->deleted_in == 0);
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_CREATE_CHILD_SA, 2, side == 0, side == 1);
        propose(c, aes256, 4, PROTO_IKE, 0);
        c->m.proposals[0].spi_len = 8;
        memset(c->m.proposals[0].spi, 0x77 + side, 8);
        send(c, side ? "rekeyed" : "rekey", (uint16_t)(22 + side));
    }
    T(sadb_num_ike_sas(c->db) == 2 && sadb_child_sa(c->db, 0)->deleted_in == 0);
    c->now += 3;
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    SILENT(c, esp_after_delete);
}

/* Streams: IKE between the two is known, the grace after a Delete is not over, the cipher's
 * blocks are large. */
static void
streams(struct conversation *c)
{
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 };
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel(c);
    p.spi = 0xdeadbeef;
    ipsec(c, &c->client, &c->gateway, p);
    TOLD(c, spi_unknown, true);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));

    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                           .spis = { spi, 4 }, .inner = true };
    send(c, "delete", 5);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));    /* 0.5 s after, to the moment */
    TOLD(c, esp_after_delete, false);
    c->now -= 0.49;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 2));
    TOLD(c, esp_after_delete, true);

    tunnel(c);
    p = esp_of(TO_R, 1);
    p.length = (1u << 31) - 8;                      /* a length that the suite allows */
    for (p.seq = 1; p.seq <= 20; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    TOLD(c, birthday_bound, false);
    TOLD(c, length_impossible, false);
}

/* The answer that chose the SPI went another way. */
static void
answer_another_way(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    SILENT(c, spi_unknown);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    FIRES(c, spi_unknown);
}

/* The first message of the quick mode went another way, and holds one of the two SPIs. */
static void
offer_another_way(struct conversation *c)
{
    for (unsigned lost = 0; lost < 2; lost++) {
        reset(c);
        v1_phase1(c, aes256);
        for (unsigned r = lost; r < 3; r++) {
            begin(c, 1, V1_QUICK, 9, r != 1, false);
            if (r < 2) {
                propose(c, esp128, 2, PROTO_ESP, r ? TO_R : TO_I);
            }
            send(c, "qm1\0qm2\0qm3" + 4 * (size_t)r, (uint16_t)(3 + r));
        }
        packet(c, 0xc0000001, &c->gateway, &c->client, NULL, NULL, 0);
        TOLD(c, spi_unknown, !lost);
    }
}

/* A client behind the same NAT, which connected before the capture: its port tells it apart. */
static void
other_client(struct conversation *c)
{
    static const uint16_t ports[] = { PORT_NATT, 0, 61000 };

    for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
        for (unsigned back = 0; back < 2; back++) {
            tunnel(c);
            ((struct ike_sa *)sadb_ike_sa(c->db, 0))->nat = NAT_INITIATOR;
            ((struct ike_sa *)sadb_ike_sa(c->db, 0))->initiator.port = PORT_NATT;
            for (uint32_t seq = 1; seq <= 2; seq++) {
                struct ipsec_packet p = esp_of(0xc0000001, seq);
                struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5,
                                       .src = back ? c->gateway : c->client,
                                       .dst = back ? c->client : c->gateway,
                                       .src_port = back && ports[i] ? PORT_NATT : ports[i],
                                       .dst_port = back ? ports[i] : ports[i] ? PORT_NATT : 0 };
                see_ipsec(c, &at, &p);
            }
            TOLD(c, spi_unknown, ports[i] != 61000);
        }
    }
}

/* The SPI is known, of the other protocol. */
static void
other_protocol(struct conversation *c)
{
    tunnel(c);
    ipsec(c, &c->client, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_AH, .spi = TO_R,
                                                             .seq = 1, .length = 100 });
    FIRES(c, protocol_mismatch);
    SILENT(c, spi_unknown);
}

/* What was never enciphered has no padding. */
static void
clear_payload(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = SHORTEST,
                              .clear_read = true,
                              .bad_padding = true, .icv = ICV_GOOD, .readable_ip = true };

    tunnel(c);
    ipsec(c, &c->client, &c->gateway, p);
    FIRES(c, cleartext_in_esp);
    SILENT(c, padding_bad);
    p.seq = 2;
    p.readable_ip = false;
    ipsec(c, &c->client, &c->gateway, p);
    FIRES(c, padding_bad);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    first_numbers(&c);
    sequence(&c);
    lengths(&c);
    ivs_and_amounts(&c);
    padding(&c);
    life(&c);
    of_no_ike(&c);
    translated(&c);
    used_after_lifetime(&c);
    unknown_lengths(&c);
    rekeyed_unseen(&c, true);
    rekeyed_unseen(&c, false);
    deleted_before_rekeyed(&c);
    streams(&c);
    answer_another_way(&c);
    offer_another_way(&c);
    other_client(&c);
    other_protocol(&c);
    clear_payload(&c);
    return conversation_done(&c);
}
