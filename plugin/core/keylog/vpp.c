/* vpp.c - VPP "show ikev2 sa" and "show ikev2 sa details": a block for each IKE SA,
 * in it one for each Child SA.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <string.h>

enum { NAME_LEN = 40, SPI_LEN = 8, OFFSET_DIGITS = 8 };

static const struct key_name encr_names[] = {
    { "null", ENCR_NULL }, { "des", ENCR_DES_CBC }, { "3des", ENCR_3DES_CBC },
    { "cast", ENCR_CAST_CBC }, { "blowfish", ENCR_BLOWFISH_CBC }, { "aes-cbc", ENCR_AES_CBC },
    { "aes-ctr", ENCR_AES_CTR }, { "aes-gcm-16", ENCR_AES_GCM_16 },
};
static const struct key_name integ_names[] = {
    { "none", INTEG_NONE }, { "md5-96", INTEG_HMAC_MD5_96 }, { "sha1-96", INTEG_HMAC_SHA1_96 },
    { "aes-xcbc-96", INTEG_AES_XCBC_96 }, { "md5-128", INTEG_HMAC_MD5_128 },
    { "sha1-160", INTEG_HMAC_SHA1_160 }, { "cmac-96", INTEG_AES_CMAC_96 },
    { "hmac-sha2-256-128", INTEG_HMAC_SHA2_256_128 },
    { "hmac-sha2-384-192", INTEG_HMAC_SHA2_384_192 },
    { "hmac-sha2-512-256", INTEG_HMAC_SHA2_512_256 },
};
static const struct key_name prf_names[] = {
    { "hmac-md5", PRF_HMAC_MD5 }, { "hmac-sha1", PRF_HMAC_SHA1 },
    { "aes128-xcbc", PRF_AES128_XCBC }, { "hmac-sha2-256", PRF_HMAC_SHA2_256 },
    { "hmac-sha2-384", PRF_HMAC_SHA2_384 }, { "hmac-sha2-512", PRF_HMAC_SHA2_512 },
    { "aes128-cmac", PRF_AES128_CMAC },
};

struct vpp {
    bool ike, child, refused;   /* a block is open */
    unsigned line;              /* of its beginning */
    uint64_t spi;
    struct ike_keys keys;       /* of the IKE SA */
    struct esp_keys esp[2];     /* initiator to responder, and back */
    uint64_t spis[2];
    unsigned num_spis;
    char kind;                  /* d, a, e or p of "SK_x", 0 outside */
    struct crypt_key *open;     /* the key that a line may go on with */
};

static void *
vpp_begin(void)
{
    return g_new0(struct vpp, 1);
}

static void
child_done(struct vpp *v, struct key_reader *r)
{
    unsigned line = r->line;
    bool told = v->esp[0].encr_key.len || v->esp[0].integ_key.len;

    r->line = v->line;
    for (unsigned i = 0; v->child && told && !v->refused && i < 2 * v->num_spis; i++) {
        /* Which SPI is whose has changed with versions: the packets tell. */
        const struct esp_keys *keys = &v->esp[i % 2];
        if (keylog_misfit(keys)) {
            keylog_refuse(r, keylog_misfit(keys));
            break;
        }
        keylog_add_esp(r, (uint32_t)v->spis[i / 2], keys);
    }
    r->line = line;
    crypt_wipe(v->esp, sizeof v->esp);
    v->child = false;
    v->num_spis = 0;
    v->open = NULL;
    v->kind = 0;
}

static void
ike_done(struct vpp *v, struct key_reader *r)
{
    unsigned line = r->line;
    uint8_t spi_i[SPI_LEN];

    if (v->ike && !v->refused && v->keys.sk_ei.len) {
        keylog_put_spi(spi_i, v->spi);
        r->line = v->line;
        keylog_add_ike2(r, spi_i, NULL, &v->keys);
        r->line = line;
    }
    crypt_wipe(&v->keys, sizeof v->keys);
    v->ike = false;
    v->open = NULL;
    v->kind = 0;
}

static void
block_done(struct vpp *v, struct key_reader *r)
{
    child_done(v, r);
    ike_done(v, r);
    v->refused = false;
    v->line = r->line;
}

static void
refuse(struct vpp *v, struct key_reader *r, const char *why)
{
    if (!v->refused) {
        keylog_refuse(r, why);
    }
    v->refused = true;
}

/* --- algorithms: "encr:aes-cbc-256 prf:hmac-sha1 integ:sha1-96 esn:yes" -------- */

/* A name may have the key's bits behind it. */
static const struct key_name *
encr_of(char *name)
{
    const struct key_name *a = keylog_named(encr_names, G_N_ELEMENTS(encr_names), name);
    char *bits = strrchr(name, '-');

    if (!a && bits && !bits[1 + strspn(bits + 1, "0123456789")]) {
        *bits = 0;
        a = keylog_named(encr_names, G_N_ELEMENTS(encr_names), name);
    }
    return a;
}

static void
algorithms(struct vpp *v, struct key_reader *r, const char *text)
{
    char name[NAME_LEN];
    const struct key_name *encr = NULL, *integ = &integ_names[0], *prf = NULL;

    if (keylog_word(text, "encr:", " ", name, sizeof name)) {
        encr = encr_of(name);
    }
    if (keylog_word(text, "integ:", " ", name, sizeof name)) {
        integ = keylog_named(integ_names, G_N_ELEMENTS(integ_names), name);
    }
    if (keylog_word(text, "prf:", " ", name, sizeof name)) {
        prf = keylog_named(prf_names, G_N_ELEMENTS(prf_names), name);
    }
    if (!encr || !integ) {
        refuse(v, r, "an algorithm is not known to Espial");
    } else if (v->child) {
        v->esp[0].encr = v->esp[1].encr = encr->id;
        v->esp[0].integ = v->esp[1].integ = integ->id;
        v->esp[0].esn = v->esp[1].esn = strstr(text, "esn:yes") != NULL;
    } else {
        v->keys.encr = encr->id;
        v->keys.integ = integ->id;
        v->keys.prf = prf ? prf->id : 0;
    }
}

/* --- keys ------------------------------------------------------------------- */

static struct crypt_key *
key_of(struct vpp *v, bool responder)
{
    switch (v->kind) {
    case 'e':
        return v->child ? &v->esp[responder].encr_key :
               responder ? &v->keys.sk_er : &v->keys.sk_ei;
    case 'a':
        return v->child ? &v->esp[responder].integ_key :
               responder ? &v->keys.sk_ar : &v->keys.sk_ai;
    case 'd':
        return v->child ? NULL : &v->keys.sk_d;
    default:
        return NULL;
    }
}

/* Digits, or "00000020: " and digits where a key has more than 32 octets. */
static void
take(struct vpp *v, struct key_reader *r, const char *text)
{
    struct crypt_key more;

    text += strspn(text, " ");
    if (strspn(text, "0123456789abcdef") == OFFSET_DIGITS && text[OFFSET_DIGITS] == ':') {
        text += OFFSET_DIGITS + 1;
        text += strspn(text, " ");
    }
    if (!v->open || !*text) {
        return;
    }
    if (!keylog_hex(text, &more) || more.len > sizeof v->open->at - v->open->len) {
        refuse(v, r, "a key is no even number of hex digits, or too long");
    } else {
        memcpy(v->open->at + v->open->len, more.at, more.len);
        v->open->len += more.len;
    }
    crypt_wipe(&more, sizeof more);
}

static bool
key_line(struct vpp *v, struct key_reader *r, const char *text)
{
    if (g_str_has_prefix(text, "SK_") && strchr("daep", text[3]) && text[3] && text[4] == ' ') {
        v->kind = text[3];
        v->open = key_of(v, false);
        text += 4 + strspn(text + 4, " ");
        take(v, r, g_str_has_prefix(text, "i:") ? text + 2 : text);
    } else if (v->kind && g_str_has_prefix(text, "r:")) {
        v->open = key_of(v, true);
        take(v, r, text + 2);
    } else if (v->kind && strspn(text, "0123456789abcdef") == OFFSET_DIGITS &&
               text[OFFSET_DIGITS] == ':') {
        take(v, r, text);
    } else {
        v->kind = 0;
        v->open = NULL;
        return false;
    }
    return true;
}

/* --- lines ------------------------------------------------------------------ */

static void
begin_child(struct vpp *v, struct key_reader *r, const char *text)
{
    child_done(v, r);
    v->child = true;
    v->refused = false;
    v->line = r->line;
    if (strstr(text, "encr:")) {
        algorithms(v, r, text);
    }
}

static void
child_spis(struct vpp *v, const char *text)
{
    const char *i = strstr(text, "spi(i) "), *responder = strstr(text, "spi(r) ");

    if (i && responder && keylog_hex_number(i + 7, 8, &v->spis[0]) &&
        keylog_hex_number(responder + 7, 8, &v->spis[1])) {
        v->num_spis = 2;
    }
}

static bool
vpp_line(void *state, struct key_reader *r, const char *line)
{
    struct vpp *v = (struct vpp *)state;
    const char *text = line + strspn(line, " \t"), *ispi = strstr(text, " ispi ");

    if (ispi && (g_str_has_prefix(text, "iip ") || strstr(text, " iip ")) &&
        strstr(ispi, " rspi ")) {
        block_done(v, r);
        v->ike = keylog_hex_number(ispi + 6, 2 * SPI_LEN, &v->spi);
        return true;
    }
    if (!v->ike && !v->child) {
        return false;
    }
    if (key_line(v, r, text)) {
        return true;
    }
    if (g_str_has_prefix(text, "child sa ")) {
        ike_done(v, r);
        begin_child(v, r, text);
    } else if (g_str_has_prefix(text, "encr:")) {
        algorithms(v, r, text);
    } else if (v->child && g_str_has_prefix(text, "spi(i) ")) {
        child_spis(v, text);
    } else if (v->child && g_str_has_prefix(text, "traffic selectors")) {
        child_done(v, r);
    } else {
        return false;
    }
    return true;
}

static void
vpp_end(void *state, struct key_reader *r)
{
    block_done((struct vpp *)state, r);
    crypt_wipe(state, sizeof(struct vpp));
    g_free(state);
}

const struct key_format keylog_vpp = { "show ikev2 sa", vpp_begin, vpp_line, vpp_end };
