/* Integrity checks that fail, of IKE and of ESP: damage, or a wrong key.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
wrong_keys(struct conversation *c)
{
    tunnel(c);
    end_after(c, 1);
    SILENT(c, ike_icv_bad);
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.readable = false;
    c->m.integrity_wrong = true;
    send(c, "damaged", 5);
    end_after(c, 1);
    SAYS(c, ike_icv_bad, "1 of the 3 encrypted messages");
    T(count(c, CHECK_wrong_key) == 0);
}

static void
integrity_of_streams(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel(c);
    p.icv = ICV_GOOD;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    SILENT(c, icv_bad);
    SILENT(c, wrong_key);
    tunnel(c);
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(c, &c->client, &c->gateway, p);
    p = esp_of(TO_R, 2);
    p.icv = ICV_GOOD;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    SAYS(c, icv_bad, "1 packet of SPI b0000001 fails the integrity check; 1 pass it");
    SILENT(c, wrong_key);
    tunnel(c);
    p = esp_of(TO_R, 1);
    p.icv = ICV_BAD;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    FIRES(c, wrong_key);
}

/* The integrity key is right, the encryption key is not: nothing is said of the sender. */
static void
noise(struct conversation *c)
{
    for (unsigned all = 0; all < 2; all++) {
        tunnel(c);
        for (uint32_t seq = 1; seq <= 5; seq++) {
            struct ipsec_packet p = esp_of(TO_R, seq);
            p.icv = ICV_GOOD;
            p.key_named = true;
            p.noise = all || seq == 1;
            p.clear_read = !p.noise;
            ipsec(c, &c->client, &c->gateway, p);
        }
        sadb_see_keys(c->db, &(struct key_use){ .esp_given = 1, .esp_named = 1 });
        end_after(c, 1);
        TOLD(c, wrong_key, all);
        T(count(c, CHECK_padding_bad) == 0 && count(c, CHECK_icv_bad) == 0);
        T(!all || strstr(detail(c, CHECK_wrong_key), "5 packets of SPI b0000001 pass the "
                                                     "integrity check"));
        T(!all || strstr(remedy(c, CHECK_wrong_key), "encryption key of exactly this SA"));
    }
}

/* Sent in clear under a right ICV: the key is not at fault. */
static void
clear_under_icv(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel(c);
    p.icv = ICV_GOOD;
    p.noise = p.readable_ip = true;
    ipsec(c, &c->client, &c->gateway, p);
    end_after(c, 1);
    T(count(c, CHECK_wrong_key) == 0 && count(c, CHECK_cleartext_in_esp) == 1);
}

/* What would fit is said, with what to do about it. */
static void
near_misses(struct conversation *c)
{
    static const struct {
        struct key_near near;
        const char *says, *remedy;
    } table[] = {
        { { .miss = NEAR_NOTHING }, "with the key given.", "of exactly this SA" },
        { { .miss = NEAR_ALGORITHM, .encr = ENCR_AES_CBC, .integ = CRYPT_INTEG_SHA256_96 },
          "It matches as a key of HMAC_SHA2_256_96.",
          "Give that algorithm" },
        { { .miss = NEAR_ALGORITHM, .encr = ENCR_AES_GCM_12 }, "It matches as a key of AES_GCM_12.",
          "Give that algorithm" },
        { { .miss = NEAR_CIPHER }, "It decrypts them to IP packets", "integrity key" },
        { { .miss = NEAR_OTHER_SPI, .spi = TO_I }, "SPI a0000001, the other direction",
          "Swap the two keys" },
        { { .miss = NEAR_SALT }, "The key itself is right, but its salt", "to the key" },
        { { .miss = NEAR_OTHER_SPI, .spi = 7 }, "The key given for SPI 00000007 matches.",
          "Give this SPI that key" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct ipsec_packet p = esp_of(TO_R, 1);
        tunnel(c);
        p.icv = ICV_BAD;
        p.near = table[i].near;
        ipsec(c, &c->client, &c->gateway, p);
        end_after(c, 1);
        SAYS(c, wrong_key, table[i].says);
        T(strstr(the_finding(c, CHECK_wrong_key)->remedy, table[i].remedy));
    }
    for (unsigned i = 0; i < 2; i++) {
        reset(c);
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        c->m.readable = false;
        c->m.integrity_wrong = true;
        c->m.near = (struct key_near){ .miss = i ? NEAR_EXCHANGED : NEAR_ALGORITHM,
                                       .integ = INTEG_HMAC_SHA2_256_128 };
        send(c, "auth?", 3);
        end_after(c, 1);
        SAYS(c, wrong_key, i ? "if the keys of the two directions are swapped" :
                               "They pass with the same keys and HMAC_SHA2_256_128.");
        T(strstr(the_finding(c, CHECK_wrong_key)->remedy, i ? "SK_ei with SK_er" : "Give that"));
    }
}

/* Each packet tells by its ICV which kind of numbers its sender counts with. */
static void
extended_numbers(struct conversation *c)
{
    static const struct transform esp_esn[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 },
        { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_ESN, ESN_EXT_SEQ, 0 },
    };
    static const struct {
        bool negotiated, used, verified, told;
    } table[] = {
        { false, false, true, false }, { true, true, true, false },
        { true, false, true, true },   { false, true, true, true },
        { true, false, false, false },          /* nobody knows: the ICV was not verified */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct ipsec_packet p = esp_of(TO_R, 1);
        const struct transform *chosen = table[i].negotiated ? esp_esn : esp128;
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.has_auth = true;
            propose(c, chosen, 3, PROTO_ESP, r ? TO_R : TO_I);
            selectors(c, "10.1.0.0/24", "10.2.0.0/24");
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        p.icv = table[i].verified ? ICV_GOOD : ICV_UNKNOWN;
        p.esn = table[i].used;
        ipsec(c, &c->client, &c->gateway, p);
        TOLD(c, esn_mismatch, table[i].told);
        if (table[i].told) {
            SAYS(c, esn_mismatch, table[i].used ? "192.0.2.10 includes the upper half" :
                                                  "192.0.2.10 omits the upper half");
        } else {
            SILENT(c, esn_mismatch);
        }
    }
    reset(c); /* without its negotiation no SA has a setting */
    struct ipsec_packet p = esp_of(TO_R, 1);
    p.icv = ICV_GOOD;
    p.esn = true;
    ipsec(c, &c->client, &c->gateway, p);
    SILENT(c, esn_mismatch);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    wrong_keys(&c);
    noise(&c);
    clear_under_icv(&c);
    integrity_of_streams(&c);
    near_misses(&c);
    extended_numbers(&c);
    return conversation_done(&c);
}
