/* Key logs of IKE daemons: strongSwan's charon, libreswan's pluto, VPP.  All keys are
 * invented.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_text.h"

/* KEY16, KEY20.. and OTHER16.. as charon dumps them. */
#define C(prefix) prefix "   0: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F  ................\n"
#define C_16(prefix) prefix "  16: 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F  ................\n"
#define C_4(prefix) prefix "  16: 10 11 12 13                                      ....\n"
#define O(prefix) prefix "   0: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 AA AB AC AD AE AF  ................\n"
#define O_16(prefix) prefix "  16: B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 BA BB BC BD BE BF  ................\n"
#define O_4(prefix) prefix "  16: B0 B1 B2 B3                                      ....\n"

/* --- strongSwan ------------------------------------------------------------- */

#define T7 "2026-01-01T00:00:00.000 07[IKE] <gw|1> "
#define M7 "2026-01-01T00:00:00.000 07[CFG] <gw|1> "
#define D7 "2026-01-01T00:00:00.000 07[CHD] <gw|1> "
#define T9 "2026-01-01T00:00:00.000 09[IKE] <gw|2> "

/* Two threads at once; a Child SA of GCM with ESN. */
static const char charon[] =
    "2026-01-01T00:00:00.000 00[DMN] Starting IKE charon daemon (strongSwan 5.9.8, Linux 6.1, x86_64)\n"
    "2026-01-01T00:00:00.000 07[MGR] checkout IKEv2 SA by message with SPIs 0102030405060708_i 1112131415161718_r\n"
    M7 "selected proposal: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048\n"
    T7 "shared Diffie Hellman secret => 20 bytes @ 0x7f00\n" O(T7) O_4(T7)
    T7 "SKEYSEED => 20 bytes @ 0x7f00\n" C(T7) C_4(T7)
    T7 "Sk_d secret => 20 bytes @ 0x7f00\n" O(T7) O_4(T7)
    T7 "Sk_ai secret => 20 bytes @ 0x7f00\n" C(T7)
    T9 "Sk_ei secret => 16 bytes @ 0x7f00\n"
    C_4(T7)
    T7 "Sk_ar secret => 20 bytes @ 0x7f00\n" O(T7) O_4(T7)
    T7 "Sk_ei secret => 16 bytes @ 0x7f00\n" C(T7) T7 "Sk_er secret => 16 bytes @ 0x7f00\n" O(T7)
    O(T9)
    M7 "selected proposal: ESP:AES_GCM_16_128/EXT_SEQ\n"
    D7 "  using AES_GCM_16 for encryption\n"
    D7 "encryption initiator key => 20 bytes @ 0x7f00\n" C(D7) C_4(D7)
    D7 "encryption responder key => 20 bytes @ 0x7f00\n" O(D7) O_4(D7)
    D7 "adding inbound ESP SA\n"
    D7 "  SPI 0x47c6231f, src 198.51.100.20 dst 192.0.2.10\n"
    D7 "registering outbound ESP SA\n"
    D7 "  SPI 0x47c62320, src 192.0.2.10 dst 198.51.100.20\n"
    D7 "adding outbound ESP SA\n"
    D7 "  SPI 0x99999999, src 192.0.2.10 dst 198.51.100.20\n";         /* of an exchange elsewhere */

static void
strongswan(void)
{
    const char *encr = "", *integ = "";
    char *messages;
    struct keylog *k = clean(charon);
    const struct keylog_ike2 *ike = keylog_ike2(k, 0);

    T(keylog_num_ike2(k) == 1 && ike->keys.encr == 12 && ike->keys.integ == 2 && ike->keys.prf == 2);
    T(is_hex(&ike->keys.sk_d, OTHER20) && is_hex(&ike->keys.sk_ai, KEY20) && is_hex(&ike->keys.sk_ar, OTHER20));
    T(is_hex(&ike->keys.sk_ei, KEY16) && is_hex(&ike->keys.sk_er, OTHER16));
    T(ike->spi_i[0] == 1 && ike->spi_i[7] == 8 && ike->line == 22);
    T(ike->spi_r[0] == 0x11 && ike->spi_r[7] == 0x18 && keylog_ike2_names(ike, &encr, &integ));
    T_STR(encr, "AES-CBC-128");
    T_STR(integ, "HMAC_SHA1_96");
    T(keylog_num_secrets(k) == 1 && keylog_secret(k, 0)->octets.len == 20 && keylog_secret(k, 0)->octets.at[19] == 0xb3);
    /* The log does not say whose SPI is which: each has both keys. */
    T(has_esp(k, 0x47c6231f, 20, 0, KEY20, "") && has_esp(k, 0x47c6231f, 20, 0, OTHER20, "") && has_esp(k, 0x47c62320, 20, 0, KEY20, ""));
    T(keylog_find_esp(k, 0x47c6231f) && keylog_find_esp(k, 0x47c6231f)[0]->keys.esn && !keylog_find_esp(k, 0x47c6231f)[2]);
    T(keylog_find_esp(k, 0x99999999) == NULL);
    T(keylog_read(k, "the other end", charon, sizeof charon - 1, &messages) == 0 && messages == NULL);
    keylog_free(k);
}

/* With ike = 4 and chd = 4 alone only NAT detection has the cookies, and it may come after. */
#define N(t) t "natd_chunk => 22 bytes @ 0x7f00\n" t "   0: AA BB CC DD EE FF 00 11 12 13 14 15 16 17 18 19  ................\n" \
             t "  16: C0 00 02 0A 01 F4                                ......\n"
#define S8 "Jan  1 00:00:00 gw charon: 08[IKE1] <3> "
#define H8 "Jan  1 00:00:00 gw charon: 08[CHD] <3> "

static void
strongswan_v1(void)
{
    struct keylog *k = clean(
        S8 "SKEYID_d => 20 bytes @ 0x7f00\n" C(S8) C_4(S8)
        S8 "encryption key Ka => 16 bytes @ 0x7f00\n" O(S8) N(S8)
        H8 "  using 3DES_CBC for encryption\n" H8 "  using HMAC_MD5_96 for integrity\n"
        H8 "DH secret => 16 bytes @ 0x7f00\n" C(H8)
        H8 "encryption initiator key => 24 bytes @ 0x7f00\n" C(H8) H8 "  16: 00 01 02 03 04 05 06 07                          ........\n"
        H8 "encryption responder key => 24 bytes @ 0x7f00\n" O(H8) H8 "  16: 00 01 02 03 04 05 06 07                          ........\n"
        H8 "integrity initiator key => 16 bytes @ 0x7f00\n" C(H8) H8 "integrity responder key => 16 bytes @ 0x7f00\n" O(H8)
        H8 "adding inbound ESP SA\n" H8 "  SPI 0x00000abc, src 198.51.100.20 dst 192.0.2.10\n"
        H8 "  using HMAC_SHA1_96 for integrity\n"
        H8 "integrity initiator key => 20 bytes @ 0x7f00\n" C(H8) C_4(H8) H8 "integrity responder key => 20 bytes @ 0x7f00\n" O(H8) O_4(H8)
        H8 "adding inbound AH SA\n" H8 "  SPI 0x00000abd, src 198.51.100.20 dst 192.0.2.10\n");

    T(keylog_num_ike1(k) == 1 && is_hex(&keylog_ike1(k, 0)->key, OTHER16) && is_hex(&keylog_ike1(k, 0)->skeyid_d, KEY20));
    T(keylog_num_ike1(k) == 1 && keylog_ike1(k, 0)->spi_i[0] == 0xaa && keylog_ike1(k, 0)->spi_i[7] == 0x11);
    T(has_esp(k, 0xabc, 3, 1, KEY16 KEY8, KEY16) && has_esp(k, 0xabc, 3, 1, OTHER16 KEY8, OTHER16));
    T(keylog_find_esp(k, 0xabd) == NULL && keylog_num_secrets(k) == 1);
    keylog_free(k);
}

/* Keys derived again after IKE_INTERMEDIATE, by a thread that has not seen the proposal,
 * and those of a rekeying, which are of the SA that is checked in next. */
static void
strongswan_again(void)
{
#define I1 "11[IKE] <gw|7> "
#define I2 "12[IKE] <gw|7> "
#define SK(t, X, Y) t "Sk_d secret => 16 bytes @ 0x1\n" C(t) t "Sk_ei secret => 20 bytes @ 0x1\n" X(t) X##_4(t) \
                    t "Sk_er secret => 20 bytes @ 0x1\n" Y(t) Y##_4(t)
    struct keylog *k = clean(
        "11[MGR] checkout IKEv2 SA by message with SPIs 0102030405060708_i 1112131415161718_r\n"
        "11[CFG] <gw|7> selected proposal: IKE:AES_GCM_16_128/PRF_AES128_CMAC/CURVE_25519/KE1_ML_KEM_768\n"
        SK(I1, C, O)
        "11[MGR] <gw|7> checkin IKEv2 SA gw[7] with SPIs 0102030405060708_i 1112131415161718_r\n"
        I2 "key exchange secret => 16 bytes @ 0x1\n" C(I2) SK(I2, C, C)
        "12[MGR] <gw|7> checkin IKEv2 SA gw[7] with SPIs 0102030405060708_i 1112131415161718_r\n"
        SK(I1, O, O)
        "11[MGR] <gw|7> checkin IKEv2 SA gw[8] with SPIs 2102030405060708_i 3112131415161718_r\n"
        "11[MGR] <gw|7> checkin IKEv2 SA gw[7] with SPIs 0102030405060708_i 1112131415161718_r\n");

    T(keylog_num_ike2(k) == 3 && keylog_num_secrets(k) == 1);
    for (size_t i = 0; i < keylog_num_ike2(k); i++) {
        T(keylog_ike2(k, i)->keys.encr == 20 && keylog_ike2(k, i)->keys.prf == 8 && keylog_ike2(k, i)->spi_i[0] == (i < 2 ? 0x01 : 0x21));
    }
    keylog_free(k);
}

/* The journal has neither threads nor anything before the lines of a dump. */
static void
strongswan_journal(void)
{
#define J "Jan 01 00:00:00 gw charon-systemd[625]: "
    struct keylog *k = clean(J "selected proposal: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048\n"
                             J "Sk_ai secret => 20 bytes @ 0x1\n" C("      ") C_4("      ")
                             J "Sk_ar secret => 20 bytes @ 0x1\n" C("      ") C_4("      ")
                             J "Sk_ei secret => 16 bytes @ 0x1\n" C("      ") J "Sk_er secret => 16 bytes @ 0x1\n" O("      ")
                             J "  using AES_CBC for encryption\n" J "  using HMAC_SHA2_256_128 for integrity\n"
                             J "encryption initiator key => 16 bytes @ 0x1\n" C("    ") J "encryption responder key => 16 bytes @ 0x1\n" O("    ")
                             J "integrity initiator key => 32 bytes @ 0x1\n" C("    ") C_16("    ")
                             J "integrity responder key => 32 bytes @ 0x1\n" O("    ") O_16("    ")
                             J "adding inbound ESP SA\n" J "  SPI 0x00000001, src 198.51.100.20 dst 192.0.2.10\n"
                             J "  using HMAC_SHA2_256_128 with 96-bit truncation\n");

    T(keylog_num_ike2(k) == 1 && is_hex(&keylog_ike2(k, 0)->keys.sk_er, OTHER16));
    T(has_esp(k, 1, 12, 12, KEY16, KEY32) && has_esp(k, 1, 12, CRYPT_INTEG_SHA256_96, OTHER16, OTHER32));
    keylog_free(k);
}

/* Without the lines that name the suite the keys are kept: the capture names it. */
static void
strongswan_suite_untold(void)
{
    static const char text[] = T7 "Sk_ei secret => 16 bytes @ 0x7f00\n" C(T7) T7 "Sk_er secret => 16 bytes @ 0x7f00\n" O(T7);
    char *messages;
    struct keylog *k = read_text(text, strlen(text), &messages);

    T(!messages && keylog_num_ike2(k) == 1 && keylog_ike2(k, 0)->keys.encr == 0);
    keylog_free(k);
}

static void
refused(const char *text, const char *says)
{
    refusal(text, says, false);
}

static void
strongswan_bad(void)
{
    refused(T7 "Sk_ei secret => 32 bytes @ 0x7f00\n" C(T7) T7 "Sk_er secret => 16 bytes @ 0x7f00\n" O(T7), "keys line 1: the hex dump of a secret ends before");
    refused(T7 "Sk_ei secret => 32 bytes @ 0x7f00\n" C(T7), "keys line 1: the hex dump of a secret ends before");
    refused(T7 "Sk_ei secret => 1000 bytes @ 0x7f00\n", "keys line 1: more octets than any key of that kind has");
    refused(T7 "DH secret => 100000 bytes @ 0x7f00\n", "keys line 1: more octets than any key of that kind has");
    /* 2^32 + 16 is not 16. */
    refused(T7 "Sk_ei secret => 4294967312 bytes @ 0x7f00\n" C(T7), "keys line 1: more octets than any key of that kind has");
    refused(D7 "  using AES_CBC for encryption\n" D7 "encryption initiator key => 20 bytes @ 0x7f00\n" C(D7) C_4(D7)
            D7 "  SPI 0x00000001, src 198.51.100.20 dst 192.0.2.10\n", "keys line 5: an AES key has 16, 24 or 32 octets");
}

/* --- libreswan -------------------------------------------------------------- */

#define P "Jan  1 00:00:00.000001: | "
#define Q "Jan  1 00:00:00.000001: \"gw\" #2: "
#define DUMP P "  00 01 02 03  04 05 06 07  08 09 0a 0b  0c 0d 0e 0f   ................\n"
#define DUMP_16 P "  10 11 12 13  14 15 16 17  18 19 1a 1b  1c 1d 1e 1f   ................\n"
#define DUMP_4 P "  10 11 12 13                                          ....\n"
#define OUMP P "  a0 a1 a2 a3  a4 a5 a6 a7  a8 a9 aa ab  ac ad ae af   ................\n"
#define OUMP_16 P "  b0 b1 b2 b3  b4 b5 b6 b7  b8 b9 ba bb  bc bd be bf   ................\n"
#define OUMP_4 P "  b0 b1 b2 b3                                          ....\n"
#define PAIR P "ESP enckey:\n" DUMP P "ESP authkey:\n" DUMP DUMP_16 P "ESP enckey:\n" OUMP P "ESP authkey:\n" OUMP OUMP_16
#define TUNNEL "IPsec tunnel [10.1.0.0-10.1.0.255:0-65535 0] -> [10.2.0.0-10.2.0.255:0-65535 0] "

static const char pluto[] =
    P "ikev2 I 0x0102030405060708 0x1112131415161718 sha256:0x" KEY32 " aes256:0x" KEY32 "\n"
    P "ikev2 R 0x0102030405060708 0x1112131415161718 sha256:0x" OTHER32 " aes256:0x" OTHER32 "\n"
    PAIR
    Q "initiator established Child SA using #1; " TUNNEL "{ESP/ESN=>0x078cfe50 <0xf9a9048a xfrm=AES_CBC_128-HMAC_SHA2_256_128 DPD=passive}\n"
    /* One that failed, then one of GCM, whose authkey has no octets. */
    P "ESP enckey:\n" OUMP P "ESP authkey:\n" OUMP OUMP_16
    P "ESP enckey:\n" DUMP DUMP_4 P "ESP authkey:\n" P "                                                       \n"
    P "ESP enckey:\n" OUMP OUMP_4 P "ESP authkey:\n" P "                                                       \n"
    Q "initiator established Child SA using #1; " TUNNEL "{ESPinUDP=>0x00000002 <0x00000003 xfrm=AES_GCM_16_128-NONE NATD=192.0.2.9:4500}\n"
    Q "IPsec SA established tunnel mode {ESP=>0x00000002 <0x00000003 xfrm=AES_GCM_16_128-NONE}\n";

static void
libreswan(void)
{
    struct keylog *k = clean(pluto);
    const struct keylog_ike2 *ike = keylog_ike2(k, 0);

    T(keylog_num_ike2(k) == 1 && ike->keys.encr == 12 && ike->keys.integ == 12 && ike->spi_i[0] == 1 && ike->spi_i[7] == 8);
    T(is_hex(&ike->keys.sk_ei, KEY32) && is_hex(&ike->keys.sk_ar, OTHER32) && ike->keys.sk_d.len == 0);
    T(has_esp(k, 0x078cfe50, 12, 12, KEY16, KEY32) && has_esp(k, 0xf9a9048a, 12, 12, OTHER16, OTHER32) && has_esp(k, 0xf9a9048a, 12, 12, KEY16, KEY32));
    T(keylog_find_esp(k, 0x078cfe50) && keylog_find_esp(k, 0x078cfe50)[0]->keys.esn);
    T(has_esp(k, 2, 20, 0, KEY20, "") && has_esp(k, 3, 20, 0, OTHER20, "") && !keylog_find_esp(k, 2)[0]->keys.esn && !keylog_find_esp(k, 2)[2]);
    keylog_free(k);
}

/* Openswan and older libreswans: other names, dumps that begin in the line of their name. */
static void
openswan(void)
{
    struct keylog *k = clean("| ICOOKIE:  aa bb cc dd  ee ff 00 11\n| Skeyid_d:  00 01 02 03  04 05 06 07  08 09 0a 0b  0c 0d 0e 0f\n|   10 11 12 13\n"
                             "| enc key:  a0 a1 a2 a3  a4 a5 a6 a7  a8 a9 aa ab  ac ad ae af\n| IV:  00 01\n"
                             "| ESP enckey:  00 01 02 03  04 05 06 07  08 09 0a 0b  0c 0d 0e 0f\n| ESP authkey:  00 01 02 03  04 05 06 07  08 09 0a 0b  0c 0d 0e 0f\n|   10 11 12 13\n"
                             "\"gw\" #2: STATE_QUICK_I2: sent QI2, IPsec SA established tunnel mode {ESP=>0x00000001 <0x00000002 xfrm=AES_128-HMAC_SHA1 NATOA=none}\n");

    T(keylog_num_ike1(k) == 1 && keylog_ike1(k, 0)->spi_i[0] == 0xaa && is_hex(&keylog_ike1(k, 0)->key, OTHER16));
    T(keylog_num_ike1(k) == 1 && is_hex(&keylog_ike1(k, 0)->skeyid_d, KEY20));
    T(has_esp(k, 1, 12, 2, KEY16, KEY20) && has_esp(k, 2, 12, 2, KEY16, KEY20));
    keylog_free(k);
}

static void
libreswan_names(void)
{
    static const struct { const char *xfrm; uint16_t encr, integ; const char *integ_key; } rows[] = {
        { "AES_CTR_128-AES_XCBC_96", 13, 5, KEY16 }, { "AES_GCM_8_128-NONE", 18, 0, NULL }, { "AES_GCM_A_128-NONE", 18, 0, NULL },
        { "NULL_AUTH_AES_GMAC_128-NONE", 21, 0, NULL }, { "AES_CBC_128-HMAC_SHA2_256_TRUNCBUG", 12, CRYPT_INTEG_SHA256_96, KEY32 },
        { "CAMELLIA_CBC_128-AES_CMAC_96", 23, 8, KEY16 }, { "AES_128-HMAC_MD5", 12, 1, KEY16 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        bool salted = rows[i].encr == 13 || rows[i].encr == 18 || rows[i].encr == 21;
        char *text = g_strconcat(P "ESP enckey:\n" DUMP, salted ? DUMP_4 : "", P "ESP authkey:\n", rows[i].integ_key ? DUMP : "",
                                 rows[i].integ == CRYPT_INTEG_SHA256_96 ? DUMP_16 : "", Q "IPsec SA established tunnel mode {ESP=>0x00000001 <0x00000002 xfrm=",
                                 rows[i].xfrm, "}\n", NULL);
        struct keylog *k = clean(text);
        T(has_esp(k, 2, rows[i].encr, rows[i].integ, salted ? KEY20 : KEY16, rows[i].integ_key ? rows[i].integ_key : ""));
        keylog_free(k);
        g_free(text);
    }
}

/* With crypt too the salts are told, of nobody in particular. */
static void
libreswan_salts(void)
{
#define SALTS(i, r) P "initiator salt extracted len 16 bytes at 0x1\n" P "unwrapped:\n" P "  " i "  00 00 00 00  00 00 00 00  00 00 00 00   ................\n" \
                    P "responder salt extracted len 16 bytes at 0x1\n" P "unwrapped:\n" P "  " r "  00 00 00 00  00 00 00 00  00 00 00 00   ................\n"
#define GCM P "ikev2 I 0x0102030405060708 0x1112131415161718 none: aes_gcm_16128:0x" KEY16 "\n" \
            P "ikev2 R 0x0102030405060708 0x1112131415161718 none: aes_gcm_16128:0x" OTHER16 "\n"
    struct keylog *k = clean(SALTS("10 11 12 13", "b0 b1 b2 b3") GCM);

    T(keylog_num_ike2(k) == 1 && is_hex(&keylog_ike2(k, 0)->keys.sk_ei, KEY20) && is_hex(&keylog_ike2(k, 0)->keys.sk_er, OTHER20));
    keylog_free(k);
    refused(SALTS("10 11 12 13", "b0 b1 b2 b3") SALTS("20 21 22 23", "c0 c1 c2 c3") GCM, "keys line 14: the salt that belongs to the key, its last octets, is missing");
}

static void
libreswan_bad(void)
{
    refused(P "ikev2 I 0x0102030405060708 0x11 none: aes_gcm_16128:0x" KEY16 "\n" P "ikev2 R 0x0102030405060708 0x11 none: aes_gcm_16128:0x" OTHER16 "\n",
            "keys line 2: the salt that belongs to the key, its last octets, is missing");
    refused(P "ikev2 R 0x0102030405060708 0x11 sha1:0x" KEY20 " aes128:0x" KEY16 "\n", "keys line 1: the initiator's keys do not stand before");
    refused(P "ikev2 I 0x0102030405060708 0x11 sha1:0x" KEY20 "\n", "keys line 1: a line of IKEv2 keys is cut");
    refused(P "ikev2 I 0x0102030405060708 0x11 sha1:0x" KEY20 " aes128:0x0\n", "keys line 1: the IKEv2 keys are no hex digits");
    refused(P "ikev2 I 0x0102030405060708 0x11 tiger:0x" KEY20 " aes128:0x" KEY16 "\n", "keys line 1: the algorithms of these IKEv2 keys");
    refused(PAIR Q "IPsec SA established tunnel mode {ESP=>0x00000001 <0x00000002 xfrm=ROT_13-HMAC_SHA2_256_128}\n", "the algorithms of the ESP keys before");
    refused(P "ESP enckey:\n" DUMP P "ESP authkey:\n" DUMP Q "IPsec SA established tunnel mode {ESP=>0x00000001 <0x00000002 xfrm=AES_CBC_128-HMAC_SHA1_96}\n",
            "an HMAC_SHA1_96 key has 20 octets");
    /* The log of every day has SPIs and no keys. */
    keylog_free(clean(Q "IPsec SA established tunnel mode {ESP=>0x00000001 <0x00000002 xfrm=AES_CBC_128-HMAC_SHA1_96}\n"));
}

/* --- VPP -------------------------------------------------------------------- */

static const char vpp[] =
    "vpp# show ikev2 sa details\n"
    " iip 192.0.2.1 ispi 2030405060708 rip 192.0.2.2 rspi 1112131415161718\n"
    " encr:aes-gcm-16 prf:hmac-sha2-256  dh-group:modp-2048\n"
    " nonce i:" OTHER32 "\n       r:" KEY32 "\n"
    " SK_d    " KEY32 "\n"
    " SK_e  i:00000000: " KEY32 "\n         00000020: 20212223\n"
    "       r:00000000: " OTHER32 "\n         00000020: c0c1c2c3\n"
    " SK_p  i:" KEY32 "\n       r:" OTHER32 "\n"
    " identifier (i) id-type fqdn data a.example\n"
    "   child sa 0:encr:aes-cbc-128 integ:sha1-96 esn:yes \n"
    "    spi(i) 9dffd57a spi(r) c4e0ef\n"
    "    SK_e  i:" KEY16 "\n          r:" OTHER16 "\n"
    "    SK_a  i:" KEY20 "\n          r:" OTHER20 "\n"
    "    traffic selectors (i):0 type 7 protocol_id 0 addr 10.1.0.0 - 10.1.0.255 port 0 - 65535\n"
    /* As printed by older versions. */
    " iip 192.0.2.3 ispi 3f4910656249f831 rip 192.0.2.4 rspi 361d287720d78d15\n"
    " encr:aes-cbc-256 prf:hmac-sha1 integ:sha1-96 dh-group:modp-2048\n"
    "  SK_d    " KEY20 "\n  SK_a  i:" KEY20 "\n        r:" OTHER20 "\n  SK_e  i:" KEY32 "\n        r:" OTHER32 "\n"
    "  child sa 0:\n    encr:aes-cbc-128 integ:hmac-sha2-256-128 esn:no\n    spi(i) 1 spi(r) 2\n"
    "    SK_e  i:" KEY16 "\n          r:" OTHER16 "\n    SK_a  i:" KEY32 "\n          r:" OTHER32 "\n";

static void
vpp_details(void)
{
    struct keylog *k = clean(vpp);
    const struct keylog_ike2 *gcm = keylog_ike2(k, 0), *cbc = keylog_ike2(k, 1);

    T(keylog_num_ike2(k) == 2 && gcm->keys.encr == 20 && gcm->keys.integ == 0 && gcm->keys.prf == 5 && gcm->spi_i[0] == 0 && gcm->spi_i[1] == 2);
    T(is_hex(&gcm->keys.sk_ei, KEY36) && is_hex(&gcm->keys.sk_er, OTHER36) && is_hex(&gcm->keys.sk_d, KEY32));
    T(cbc && cbc->keys.encr == 12 && cbc->keys.integ == 2 && cbc->keys.prf == 2 && is_hex(&cbc->keys.sk_ar, OTHER20) && is_hex(&cbc->keys.sk_d, KEY20));
    T(has_esp(k, 0x9dffd57a, 12, 2, KEY16, KEY20) && has_esp(k, 0xc4e0ef, 12, 2, OTHER16, OTHER20) && has_esp(k, 0xc4e0ef, 12, 2, KEY16, KEY20));
    T(keylog_find_esp(k, 0x9dffd57a) && keylog_find_esp(k, 0x9dffd57a)[0]->keys.esn);
    T(has_esp(k, 1, 12, 12, KEY16, KEY32) && has_esp(k, 2, 12, 12, OTHER16, OTHER32) && !keylog_find_esp(k, 1)[0]->keys.esn);
    keylog_free(k);
    refused("iip 192.0.2.1 ispi 1 rip 192.0.2.2 rspi 2\n  child sa 0:encr:aes-gcm-16  esn:no\n    spi(i) 1 spi(r) 2\n    SK_e  i:" KEY32 "\n          r:" OTHER32 "\n",
            "keys line 2: the salt that belongs to the key, its last octets, is missing");
    refused("iip 192.0.2.1 ispi 1 rip 192.0.2.2 rspi 2\n encr:aes-xyz prf:hmac-sha1\n SK_e  i:" KEY16 "\n       r:" KEY16 "\n", "keys line 2: an algorithm is not known");
    refused("iip 192.0.2.1 ispi 1 rip 192.0.2.2 rspi 2\n encr:aes-cbc integ:sha1-96\n SK_e  i:" KEY16 "0\n", "keys line 3: a key is no even number of hex digits");
}

int
main(void)
{
    strongswan();
    strongswan_v1();
    strongswan_again();
    strongswan_journal();
    strongswan_suite_untold();
    strongswan_bad();
    libreswan();
    openswan();
    libreswan_names();
    libreswan_salts();
    libreswan_bad();
    vpp_details();
    every_prefix(charon, sizeof charon - 1);
    every_prefix(pluto, sizeof pluto - 1);
    every_prefix(vpp, sizeof vpp - 1);
    return t_done();
}
