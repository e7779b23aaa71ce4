/* test_crypt_kdf.c - prfs, integrity algorithms and the keys derived with them: published
 * vectors, and derivations computed apart.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "crypt_hex.h"
#include "algorithm.h"
#include "t.h"

/* --- IKEv1 ------------------------------------------------------------------------ */

static void
fill(uint8_t *at, uint8_t first)
{
    for (uint8_t i = 0; i < 32; i++) {
        at[i] = (uint8_t)(first + i);
    }
}

static void
test_ike1_keys(void)
{
    uint8_t a[32], b[32], key[32], out[40];
    struct span gxi = { a, 32 }, gxr = { b, 32 };

    fill(a, 0x40);
    fill(b, 0x80);
    fill(key, 0);
    T(ike1_first_iv(2, &gxi, &gxr, out, 16) && is_hex(out, 16, "553330f8c2ac2b31a4969c485a4b7a9f"));
    T(ike1_first_iv(5, &gxi, &gxr, out, 8) && is_hex(out, 8, "0984dad7e24ef9a3"));
    T(!ike1_first_iv(4, &gxi, &gxr, out, 16) && !ike1_first_iv(99, &gxi, &gxr, out, 16));
    T(!ike1_first_iv(1, &gxi, &gxr, out, 17));
    T(ike1_phase2_iv(1, key, 0x12345678, out, 16) &&
      is_hex(out, 16, "c96e942b839f4ccf985e8d746098e500"));
    T(ike1_extend_key(2, key, 20, out, 32));
    T(is_hex(out, 32, "1e5fd6a5cbc98bd4c1fe20d5e5fb2ed1df330c93a33c043ca850a65fd7aeae17"));
    T(ike1_extend_key(2, key, 20, out, 20) && memcmp(out, key, 20) == 0);
    T(!ike1_extend_key(99, key, 20, out, 32));
}

/* --- MACs and prfs -------------------------------------------------------------------- */

/* Cut in every two pieces: the same. */
static void
check_prf(uint16_t prf, const char *key_hex, const char *data_hex, const char *want)
{
    struct bytes key = bytes_of(key_hex), data = bytes_of(data_hex);
    uint8_t out[CRYPT_PRF_MAX];

    for (size_t cut = 0; cut <= data.len; cut++) {
        struct span pieces[2] = { { data.at, cut }, { data.at + cut, data.len - cut } };
        T(prf_run(prf, key.at, key.len, pieces, 2, out));
        T(is_hex(out, prf_len(prf), want));
    }
    g_free(key.at);
    g_free(data.at);
}

#define K16 "000102030405060708090a0b0c0d0e0f"
#define B16 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define B20 B16 "0b0b0b0b"
#define HI "4869205468657265"

static void
test_prfs(void)
{
    check_prf(1, B16, HI, "9294727a3638bb1c13f48ef8158bfc9d");                      /* RFC 2202 */
    check_prf(2, B20, HI, "b617318655057264e28bc0b6fb378c8ef146be00");
    /* RFC 4231 */
    check_prf(5, B20, HI, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_prf(6, B20, HI, "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
                          "faea9ea9076ede7f4af152e8b2fa9cb6");
    check_prf(7, B20, HI, "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                          "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
    check_prf(5, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_prf(4, K16, K16 "10111213", "47f51b4564966215b8985c63055ed308");          /* RFC 4434 */
    check_prf(4, "00010203040506070809", K16 "10111213", "0fa087af7d866e7653434e602fdde835");
    check_prf(4, K16 "edcb", K16 "10111213", "8cd3c93ae598a9803006ffb67c40e9e4");
    check_prf(8, K16, K16 "10111213", "980ae87b5f4c9c5214f5b6a8455e4c2d");          /* RFC 4615 */
    check_prf(8, "00010203040506070809", K16 "10111213", "290d9e112edb09ee141fcf64c0b72f3d");
    check_prf(8, K16 "edcb", K16 "10111213", "84a348a4a45d235babfffc0d2b4da09a");
    T(prf_len(3) == 0 && prf_len(0) == 0 && prf_len(99) == 0);
    T(!prf_run(99, (const uint8_t *)"", 0, NULL, 0, NULL));
}

static void
check_integ(uint16_t integ, const char *key_hex, const char *data_hex, const char *want)
{
    struct bytes key = bytes_of(key_hex), data = bytes_of(data_hex), icv = bytes_of(want);
    struct span all = { data.at, data.len };
    struct crypt_mac m;
    const char *why;

    T(crypt_mac_open(&m, integ, key.at, key.len, &why) && m.icv == icv.len);
    T(crypt_mac_check(&m, &all, 1, icv.at) && crypt_mac_check(&m, &all, 1, icv.at));
    icv.at[icv.len - 1] ^= 1;
    T(!crypt_mac_check(&m, &all, 1, icv.at));
    crypt_mac_close(&m);
    g_free(key.at);
    g_free(data.at);
    g_free(icv.at);
}

#define CMAC_KEY "2b7e151628aed2a6abf7158809cf4f3c"
#define CMAC_40 "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"

static void
test_integs(void)
{
    check_integ(1, B16, HI, "9294727a3638bb1c13f48ef8");                            /* RFC 2202 */
    check_integ(2, B20, HI, "b617318655057264e28bc0b6");
    check_integ(6, B16, HI, "9294727a3638bb1c13f48ef8158bfc9d");
    check_integ(7, B20, HI, "b617318655057264e28bc0b6fb378c8ef146be00");
    check_integ(12, B16 B16, HI, "198a607eb44bfbc69903a0f1cf2bbdc5");               /* RFC 4868 */
    check_integ(13, B16 B16 B16, HI, "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973");
    check_integ(14, B16 B16 B16 B16, HI,
                "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8");
    check_integ(CRYPT_INTEG_SHA256_96, B16 B16, HI, "198a607eb44bfbc69903a0f1");
    check_integ(5, K16, "", "75f0251d528ac01c4573dfd5");                            /* RFC 3566 */
    check_integ(5, K16, "000102", "5b376580ae2f19afe7219cee");
    check_integ(5, K16, K16, "d2a246fa349b68a79998a439");
    check_integ(5, K16, K16 "10111213", "47f51b4564966215b8985c63");
    check_integ(5, K16, K16 "101112131415161718191a1b1c1d1e1f", "f54f0ec8d2b9f3d36807734b");
    check_integ(5, K16, K16 "101112131415161718191a1b1c1d1e1f2021", "becbb3bccdb518a30677d548");
    check_integ(8, CMAC_KEY, "", "bb1d6929e95937287fa37d12");                       /* RFC 4494 */
    check_integ(8, CMAC_KEY, "6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9d");
    check_integ(8, CMAC_KEY, CMAC_40, "dfa66747de9ae63030ca3261");
    check_integ(8, CMAC_KEY, CMAC_40 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
                "51f0bebf7e3b9d92fc497417");
}

/* --- KEYMAT ------------------------------------------------------------------------- */

static void
test_keymat(void)
{
    struct crypt_key d = { .len = 32 };
    uint8_t a[32], b[32], c[32], out[80];
    static const uint8_t spi[4] = { 0xc0, 0xff, 0xee, 0x01 };
    struct span ni = { a, 32 }, nr = { b, 32 }, g = { c, 32 };

    fill(d.at, 0);
    fill(a, 0x40);
    fill(b, 0x80);
    fill(c, 0xc0);
    T(child_keymat_v2(5, &d, NULL, &ni, &nr, out, 72));
    T(is_hex(out, 72,
             "a030f25938d28724ef4f7891fd6d321aceb9276b287302fde529e8059ae33b71d100bf9a98ea4b08"
                      "4e1ef964d5c2e798cd930b8301bc672b8ffa4bf5c6a674f3ad9e6c757d652408"));
    T(child_keymat_v2(5, &d, &g, &ni, &nr, out, 72));
    T(is_hex(out, 72,
             "eb092bf53e15d0d1c4a7562287a7d9a1cf5e68b571dcec7ce82f4ed4459446fcc77364b2d9fae8a4"
                      "9616a107c9aa6acbcf2dd1b94c0b5f37b0d9aacd98daf696cf39384193354433"));
    d.len = 20;
    T(child_keymat_v1(2, &d, NULL, 3, spi, &ni, &nr, out, 36));
    T(is_hex(out, 36, "77ecd3ac60509cfc4008cde25011878e47294ff530d53e67e3d779c29346b76f52a3a2e9"));
    T(child_keymat_v1(2, &d, &g, 3, spi, &ni, &nr, out, 36));
    T(is_hex(out, 36, "f03f829aee9e309ce00bdd3730f36e302c02aaa373512013f4cbd39c0fe3a881a93472cb"));
    T(!child_keymat_v2(99, &d, NULL, &ni, &nr, out, 36) &&
      !child_keymat_v1(99, &d, NULL, 3, spi, &ni, &nr, out, 36));
}

/* The counter of prf+ is one octet: 255 outputs, and not one octet more. */
static void
test_prf_plus_limit(void)
{
    uint8_t key[32] = { 0 }, *out = g_malloc(255 * 16 + 1);
    struct span many[9] = { { key, 1 } };

    T(prf_plus(1, key, 16, many, 1, out, (size_t)255 * 16));
    T(!prf_plus(1, key, 16, many, 1, out, 255 * 16 + 1));
    T(!prf_plus(1, key, 16, many, G_N_ELEMENTS(many), out, 16));
    T(prf_plus(1, key, 16, NULL, 0, out, 0));
    g_free(out);
}

static void
test_keys_cut(void)
{
    struct esp_keys k = { .esn = true };
    uint8_t keymat[72];
    size_t used = 0;

    for (size_t i = 0; i < sizeof keymat; i++) {
        keymat[i] = (uint8_t)i;
    }
    T(esp_keys_cut(&k, 12, 256, 2, keymat, 52, &used) && used == 52);
    T(k.encr == 12 && k.integ == 2 && k.encr_key.len == 32 && k.integ_key.len == 20 && k.esn);
    T(memcmp(k.encr_key.at, keymat, 32) == 0 && memcmp(k.integ_key.at, keymat + 32, 20) == 0);
    T(!esp_keys_cut(&k, 12, 256, 2, keymat, 51, &used) && used == 52);
    T(esp_keys_cut(&k, 20, 256, 0, keymat, sizeof keymat, &used) && used == 36 &&
      k.integ_key.len == 0);
    T(esp_keys_cut(&k, 11, 0, 0, keymat, 0, &used) && used == 0);
    T(!esp_keys_cut(&k, 12, 100, 2, keymat, sizeof keymat, &used));
    T(!esp_keys_cut(&k, 12, 128, 9, keymat, sizeof keymat, &used));
}

static void
test_key_lengths(void)
{
    static const struct { uint16_t encr, bits; size_t len; } fits[] = {
        { 2, 0, 8 }, { 2, 64, 8 }, { 2, 56, 8 }, { 3, 0, 24 }, { 3, 192, 24 }, { 3, 168, 24 },
        { 6, 0, 16 },
        { 7, 0, 16 }, { 7, 448, 56 }, { 11, 0, 0 }, { 12, 0, 16 }, { 12, 192, 24 }, { 13, 256, 36 },
        { 14, 128, 19 },
        { 16, 256, 35 }, { 18, 128, 20 }, { 20, 192, 28 }, { 21, 256, 36 }, { 23, 256, 32 },
        { 24, 128, 20 },
        { 27, 192, 27 }, { 28, 0, 36 }, { 28, 256, 36 }, { 29, 128, 19 }, { 30, 256, 36 },
        { 31, 0, 36 }
    }, does_not[] = {
        { 0, 0, 0 }, { 2, 128, 0 }, { 3, 128, 0 }, { 7, 32, 0 }, { 7, 456, 0 }, { 11, 8, 0 },
        { 12, 127, 0 },
        { 12, 64, 0 }, { 12, 65535, 0 }, { 28, 128, 0 }, { 32, 256, 0 }, { 1, 0, 0 }
    };
    size_t len;

    for (size_t i = 0; i < G_N_ELEMENTS(fits); i++) {
        T(crypt_encr_key_len(fits[i].encr, fits[i].bits, &len) && len == fits[i].len);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(does_not); i++) {
        T(!crypt_encr_key_len(does_not[i].encr, does_not[i].bits, &len));
    }
    T(crypt_integ_key_len(0, &len) && len == 0 && crypt_integ_key_len(14, &len) && len == 64);
    T(!crypt_integ_key_len(3, &len) && !crypt_integ_key_len(9, &len));
}

int
main(void)
{
    test_ike1_keys();
    test_prfs();
    test_integs();
    test_keymat();
    test_prf_plus_limit();
    test_keys_cut();
    test_key_lengths();
    return t_done();
}
