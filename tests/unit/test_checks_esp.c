/* The rows of ESP and AH, firing and silent.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform ah_sha1[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform esn[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_EXT_SEQ, 0 } };

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
integrity_of_streams(void)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel();
    p.icv = ICV_GOOD;
    ipsec(&client, &gateway, p);
    end_after(1);
    SILENT(icv_bad);
    SILENT(wrong_key);
    tunnel();
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(&client, &gateway, p);
    p = esp_of(TO_R, 2);
    p.icv = ICV_GOOD;
    ipsec(&client, &gateway, p);
    end_after(1);
    SAYS(icv_bad, "1 packet of SPI b0000001 fails the integrity check; 1 pass it");
    SILENT(wrong_key);
    tunnel();
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(&client, &gateway, p);
    end_after(1);
    FIRES(wrong_key);
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
unused(void)
{
    tunnel();
    end_after(5);
    SILENT(never_used);
    tunnel();
    end_after(60);
    SAYS(never_used, "carries no packet");
}

static void
directions(void)
{
    struct ipsec_packet back = { .protocol = PROTO_ESP, .spi = 0xa0000001, .seq = 1, .length = SHORTEST };

    tunnel();
    for (uint32_t seq = 1; seq <= 3; seq++) {
        ipsec(&client, &gateway, esp_of(TO_R, seq));
    }
    ipsec(&gateway, &client, back);
    end_after(1);
    SILENT(one_way);
    tunnel();
    for (uint32_t seq = 1; seq <= 3; seq++) {
        ipsec(&client, &gateway, esp_of(TO_R, seq));
    }
    end_after(1);
    SAYS(one_way, "3 ESP packets go from 192.0.2.10 to 198.51.100.20");
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
mapping(void)
{
    tunnel();
    esp_src_port = 4500;
    ipsec(&client, &gateway, esp_of(TO_R, 1));
    ipsec(&client, &gateway, esp_of(TO_R, 2));
    SILENT(nat_mapping_changed);
    esp_src_port = 33000;
    ipsec(&client, &gateway, esp_of(TO_R, 3));
    SAYS(nat_mapping_changed, "port 33000, before from 4500");
}

int
main(void)
{
    conversation_begin();
    sequence();
    lengths();
    ivs_and_amounts();
    padding();
    integrity_of_streams();
    life();
    unused();
    directions();
    of_no_ike();
    translated();
    mapping();
    return conversation_done();
}
