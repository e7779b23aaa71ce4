/* The key ring and IKEv2: candidates, fragments, and the keys that follow from a negotiation.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_negotiate.h"

#include "ring.h"

#include <espial/limits.h>

/* --- candidates -------------------------------------------------------------------------- */

static void
by_spi(void)
{
    struct ike_keys right = ike_keys_like(1), wrong = ike_keys_like(80), none = ike_keys_like(150);
    struct keyring *k = keyring_new(keylog_new());

    T(!says(k, &right, SPI_I, V2_INFORMATIONAL, I, 2) &&
      !m.integrity_wrong); /* no key: nobody's fault */
    log_ike2(keyring_log(k), SPI_I, &right);
    log_ike2(keyring_log(k), OTHER, &wrong);
    T(says(k, &right, SPI_I, V2_INFORMATIONAL, I, 2) && m.num_notifies == 1 && m.readable &&
      !m.integrity_wrong);
    T(says(k, &right, SPI_I, V2_INFORMATIONAL, R, 2));
    sk_seal(&b, &right, V2_INFORMATIONAL, I, 3, SPI_I, SPI_R, 0, notify, 0, 0, 0);
    T(tell(k, &b) && m.num_payloads == 1); /* liveness: nothing inside */
    T(!says(k, &right, OTHER, V2_INFORMATIONAL, I, 2) && m.integrity_wrong);
    T(!says(k, &none, SPI_I, V2_INFORMATIONAL, I, 4) && m.integrity_wrong && !m.readable);
    sk_seal(&b, &right, V2_INFORMATIONAL, I, 5, SPI_I, SPI_R, V2P_NOTIFY, notify, sizeof notify, 0,
            0);
    b.b[b.n - 20] ^= 1;
    T(!tell(k, &b) && m.integrity_wrong);
    b.b[b.n - 20] ^= 1;
    T(tell(k, &b));
    /* Cut by the capture: not even tried. */
    T(ike_parse(&m, b.b, b.n - 1, b.n) && !keyring_read_ike(k, &m, b.b, b.n - 1) &&
      !m.integrity_wrong);
    keyring_free(k);
}

/* Keys without an SPI, or with that of the SA before, are found; an SA that no key is of stops
 * costing tries. */
static void
loose(void)
{
    struct ike_keys keys[40], foreign = ike_keys_like(200);
    struct keyring *k = keyring_new(keylog_new());

    for (int i = 0; i < 40; i++) {
        keys[i] = ike_keys_like((uint8_t)(3 * i));
        log_ike2(keyring_log(k), i % 2 ? 0 : OTHER, &keys[i]);
    }
    T(says(k, &keys[38], SPI_I, V2_INFORMATIONAL, I, 2) &&
      says(k, &keys[37], NEW_I, V2_INFORMATIONAL, I, 2));
    T(says(k, &keys[38], SPI_I, V2_INFORMATIONAL, R, 2));
    for (unsigned i = 0; i < 100; i++) {
        T(!says(k, &foreign, 0x71, V2_INFORMATIONAL, I, i) && !m.integrity_wrong);
    }
    /* Its share is used up; others have theirs. */
    T(!says(k, &keys[5], 0x71, V2_INFORMATIONAL, I, 200));
    T(says(k, &keys[5], 0x73, V2_INFORMATIONAL, I, 200));
    T(!says(k, &keys[5], SPI_I, V2_INFORMATIONAL, I, 201) &&
      m.integrity_wrong); /* a key of another SA now */
    keyring_free(k);
}

/* More keys than one message is tried with: the next one goes on. */
static void
more_than_tried(void)
{
    struct keyring *k = keyring_new(keylog_new());
    struct ike_keys keys;
    unsigned n = 0;

    for (unsigned i = 0; i < KEYLOG_MAX_TRIES + 50; i++) {
        keys = ike_keys_like(0);
        keys.sk_ei.at[0] = (uint8_t)i;
        keys.sk_ei.at[1] = (uint8_t)(i >> 8);
        keys.sk_ai.at[0] = (uint8_t)i;
        keys.sk_ai.at[1] = (uint8_t)(i >> 8);
        log_ike2(keyring_log(k), 0, &keys);
    }
    while (!says(k, &keys, SPI_I, V2_INFORMATIONAL, I, n) && n < 5) {
        n++;
    }
    T(n == 1 && m.readable);
    keyring_free(k);
}

/* Keys change at IKE_INTERMEDIATE; without the later ones nothing is said of the sender. */
static void
intermediate(void)
{
    struct ike_keys first = ike_keys_like(1), second = ike_keys_like(100);
    struct keyring *k = keyring_new(keylog_new());

    log_ike2(keyring_log(k), SPI_I, &first);
    T(says(k, &first, SPI_I, V2_IKE_INTERMEDIATE, I, 1) &&
      says(k, &first, SPI_I, V2_IKE_INTERMEDIATE, R, 1));
    T(!says(k, &second, SPI_I, V2_IKE_AUTH, I, 2) && !m.integrity_wrong);
    log_ike2(keyring_log(k), SPI_I, &second);           /* read into the log later */
    T(says(k, &second, SPI_I, V2_IKE_AUTH, I, 2) && says(k, &second, SPI_I, V2_IKE_AUTH, R, 2));
    T(says(k, &first, SPI_I, V2_IKE_INTERMEDIATE, R, 1));       /* sent again */
    T(says(k, &second, SPI_I, V2_INFORMATIONAL, R, 3));
    keyring_free(k);
}

/* --- fragments ---------------------------------------------------------------------------------
 */

static bool
piece(struct keyring *k, const struct ike_keys *keys, uint32_t id, unsigned number, unsigned total)
{
    static uint8_t all[1200];
    size_t each = sizeof all / total, from = (number - 1) * each,
           to = number == total ? sizeof all : from + each;

    memset(all, 0x66, sizeof all);                      /* one payload over all of them */
    all[0] = 0;
    all[1] = 0;
    all[2] = sizeof all >> 8;
    all[3] = sizeof all & 0xff;
    sk_seal(&b, keys, V2_IKE_AUTH, I, id, SPI_I, SPI_R, V2P_CERT, all + from, to - from, number,
            total);
    return tell(k, &b);
}

static bool
is_whole(void)
{
    const struct ike_payload *p = &m.payloads[m.num_payloads - 1];

    return m.readable && m.fragments == 0 && p->type == V2P_CERT && p->inner &&
           p->body.len == 1196 && p->body.at[0] == 0x66 && p->body.at[1195] == 0x66;
}

static void
fragments(void)
{
    struct ike_keys keys = ike_keys_like(1), wrong = ike_keys_like(80);
    struct keyring *k = keyring_new(keylog_new());

    log_ike2(keyring_log(k), SPI_I, &keys);
    T(!piece(k, &keys, 1, 3, 3) && !piece(k, &keys, 1, 1, 3) && m.fragments == 3 && !m.readable);
    T(!piece(k, &keys, 1, 1, 3));                       /* twice */
    T(!piece(k, &wrong, 1, 2, 3) && m.integrity_wrong); /* not taken for the one that is missing */
    T(piece(k, &keys, 1, 2, 3) && is_whole());
    for (unsigned i = 1; i <= 3; i++) {
        T(!piece(k, &keys, 1, i, 3));                   /* all again: known */
    }
    /* Sent again in smaller ones, the older ones late. */
    T(!piece(k, &keys, 2, 1, 2) && !piece(k, &keys, 2, 2, 4) && !piece(k, &keys, 2, 2, 2) &&
      !piece(k, &keys, 2, 4, 4));
    T(!piece(k, &keys, 2, 1, 4) && piece(k, &keys, 2, 3, 4) && is_whole());
    /* Two messages at a time; one of another key. */
    T(!piece(k, &keys, 3, 1, 2) && !piece(k, &keys, 4, 2, 2) && piece(k, &keys, 3, 2, 2) &&
      is_whole());
    T(piece(k, &keys, 4, 1, 2) && is_whole() && keyring_full(k) == NULL);
    /* More begun than are kept: the oldest is gone, and that is said. */
    for (unsigned i = 0; i <= KEYRING_MAX_REASSEMBLIES; i++) {
        T(!piece(k, &keys, 100 + i, 1, 2));
    }
    T(keyring_full(k) && !piece(k, &keys, 100, 2, 2));
    T(piece(k, &keys, 100 + KEYRING_MAX_REASSEMBLIES, 2, 2) && is_whole());
    T(!piece(k, &keys, 5000, 1, KEYRING_MAX_FRAGMENTS + 1));
    keyring_free(k);
}

/* --- negotiations -------------------------------------------------------------------------------
 */

static void
first_child(bool prf_told, bool request_lost)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(60), nr = nonce(70);
    uint16_t prf = prf_told ? PRF_SHA1 : PRF_SHA256;    /* the log goes before the suite */

    keys.prf = prf_told ? PRF_SHA1 : 0;
    log_ike2(keyring_log(k), SPI_I, &keys);
    init(k, false, 50); /* refused, with a COOKIE: not the nonce that counts */
    init(k, false, 60);
    init(k, true, 70);
    init(k, true, 70);
    T(!opens_esp(k, prf, &keys.sk_d, NULL, &ni, &nr, ESP_R, false));
    if (!request_lost) {
        T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, I, 1, PROTO_ESP, ESP_I, 0, NULL, NULL));
    }
    T(says(k, &keys, SPI_I, V2_IKE_AUTH, R, 1) &&
      says(k, &keys, SPI_I, V2_IKE_AUTH, I, 2)); /* EAP between */
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, R, 2, PROTO_ESP, ESP_R, 0, NULL, NULL));
    T(opens_esp(k, prf, &keys.sk_d, NULL, &ni, &nr, ESP_R, false));
    T(opens_esp(k, prf, &keys.sk_d, NULL, &ni, &nr, ESP_I, true) == !request_lost);
    keyring_free(k);
}

static void
later_child(bool by_responder, bool pfs)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(90), nr = nonce(95), ke = key_like(2, 64), g = key_like(8, 64),
                     other;
    unsigned asks = by_responder ? 0 : I, answers = by_responder ? I | R : R;

    log_ike2(keyring_log(k), SPI_I, &keys);
    for (uint8_t i = 0; i < 20; i++) {
        other = key_like((uint8_t)(100 + i), 64);
        log_secret(keyring_log(k), &other);
    }
    T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, asks, 7, PROTO_ESP, ESP_I, 0, &ni,
                pfs ? &ke : NULL));
    T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, asks, 7, PROTO_ESP, ESP_I, 0, &ni,
                pfs ? &ke : NULL));
    T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, answers, 7, PROTO_ESP, ESP_R, 0, &nr,
                pfs ? &ke : NULL));
    T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, answers, 7, PROTO_ESP, ESP_R, 0, &nr,
                pfs ? &ke : NULL));
    if (pfs) {
        T(!opens_esp(k, PRF_SHA1, &keys.sk_d, &g, &ni, &nr, ESP_R, false));
        log_secret(keyring_log(k), &g);
    }
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, pfs ? &g : NULL, &ni, &nr, ESP_R, false));
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, pfs ? &g : NULL, &ni, &nr, ESP_I, true));
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, pfs ? &g : NULL, &ni, &nr, ESP_R, false));
    T(keylog_find_esp(keyring_log(k), ESP_R) == NULL);
    keyring_free(k);
}

/* The log has the first IKE SA alone, and the secret of its rekeying. */
static void
rekeyed(void)
{
    struct ike_keys old = ike_keys_like(1), keys;
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(90), nr = nonce(95), ke = key_like(2, 64), g = key_like(8, 64),
                     ci = nonce(20), cr = nonce(25);

    log_ike2(keyring_log(k), SPI_I, &old);
    T(says(k, &old, SPI_I, V2_INFORMATIONAL, I, 6));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, I, 7, PROTO_IKE, 0, NEW_I, &ni, &ke));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, R, 7, PROTO_IKE, 0, NEW_R, &nr, &ke));
    keys = rekeyed_keys(&old, &g, &ni, &nr);
    T(!says(k, &keys, NEW_I, V2_INFORMATIONAL, I, 0) && !m.integrity_wrong);
    log_secret(keyring_log(k), &ke);
    log_secret(keyring_log(k), &g);
    T(says(k, &keys, NEW_I, V2_INFORMATIONAL, I, 0) &&
      says(k, &keys, NEW_I, V2_INFORMATIONAL, R, 0));
    T(says(k, &old, SPI_I, V2_INFORMATIONAL, I, 8));
    /* Its Child SAs follow from the SK_d that followed. */
    T(negotiate(k, &keys, NEW_I, V2_CREATE_CHILD_SA, I, 1, PROTO_ESP, ESP_I, 0, &ci, NULL));
    T(negotiate(k, &keys, NEW_I, V2_CREATE_CHILD_SA, R, 1, PROTO_ESP, ESP_R, 0, &cr, NULL));
    T(opens_esp(k, PRF_SHA256, &keys.sk_d, NULL, &ci, &cr, ESP_R, false));
    T(opens_esp(k, PRF_SHA256, &keys.sk_d, NULL, &ci, &cr, ESP_I, true));
    keyring_free(k);
}

/* Negotiations that give no key: of AH, of an IKE SA without a key exchange; the answer again, and
 * of a proposal that was not made. */
static void
no_keys(void)
{
    struct ike_keys old = ike_keys_like(1), keys;
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(90), nr = nonce(95), ke = key_like(2, 64), g = key_like(8, 64);

    log_ike2(keyring_log(k), SPI_I, &old);
    log_secret(keyring_log(k), &g);
    keys = rekeyed_keys(&old, &g, &ni, &nr);
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, I, 6, PROTO_IKE, 0, NEW_I, &ni, NULL));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, R, 6, PROTO_IKE, 0, NEW_R, &nr, NULL));
    T(!says(k, &keys, NEW_I, V2_INFORMATIONAL, I, 0));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, I, 7, PROTO_IKE, 0, NEW_I, &ni, &ke));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, R, 7, PROTO_IKE, 0, NEW_R, &nr, &ke));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, R, 7, PROTO_IKE, 0, NEW_R, &nr, &ke));
    T(says(k, &keys, NEW_I, V2_INFORMATIONAL, I, 0));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, I, 8, PROTO_AH, 0, 0, &ni, NULL));
    T(negotiate(k, &old, SPI_I, V2_CREATE_CHILD_SA, R, 8, PROTO_ESP, ESP_R, 0, &nr, NULL));
    T(!opens_esp(k, PRF_SHA1, &old.sk_d, NULL, &ni, &nr, ESP_I, true));
    keyring_free(k);
}

/* The log may not say of which suite its keys are: the SA does. */
static void
suite_untold(void)
{
    struct ike_keys keys = ike_keys_like(1), untold = keys;
    struct keyring *k = keyring_new(keylog_new());

    untold.encr = untold.integ = untold.prf = 0;
    log_ike2(keyring_log(k), SPI_I, &untold);
    init(k, false, 60);
    init(k, true, 70);
    T(says(k, &keys, SPI_I, V2_INFORMATIONAL, I, 2));
    keyring_free(k);
}

/* SAs that nobody has keys for are counted, not kept without end. */
static void
flood(void)
{
    struct ike_keys keys = ike_keys_like(1), foreign = ike_keys_like(90), late = ike_keys_like(150);
    struct keyring *k = keyring_new(keylog_new());

    log_ike2(keyring_log(k), SPI_I, &keys);
    T(says(k, &keys, SPI_I, V2_INFORMATIONAL, I, 1));
    sk_seal(&b, &foreign, V2_INFORMATIONAL, I, 1, 0x99, 0x9a, V2P_NOTIFY, notify, sizeof notify, 0,
            0);
    for (uint32_t i = 0; i < KEYRING_MAX_IKE_SAS + 10; i++) {
        memcpy(b.b, &i, sizeof i);
        if (tell(k, &b)) {
            T(false);
        }
    }
    T(keyring_full(k) != NULL);
    T(says(k, &keys, SPI_I, V2_INFORMATIONAL, I, 2));   /* those known go on */
    T(!says(k, &late, OTHER, V2_INFORMATIONAL, I, 1));
    log_ike2(keyring_log(k), OTHER, &late);             /* and those that the log names */
    T(says(k, &late, OTHER, V2_INFORMATIONAL, I, 1));
    keyring_free(k);
}

/* --- bounds ------------------------------------------------------------------------------------
 */

/* Of negotiations that nobody answers the newest are kept; of those of one SPI, too. */
static void
newest_kept(void)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(90), nr = nonce(95);

    log_ike2(keyring_log(k), SPI_I, &keys);
    for (uint32_t i = 0; i <= KEYRING_MAX_OFFERS; i++) {
        T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, I, 10 + i, PROTO_ESP, ESP_I + i, 0, &ni,
                    NULL));
    }
    for (uint32_t i = 0; i <= KEYRING_MAX_OFFERS; i++) {
        T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, R, 10 + i, PROTO_ESP, ESP_R + i, 0, &nr,
                    NULL));
        T(opens_esp(k, PRF_SHA1, &keys.sk_d, NULL, &ni, &nr, ESP_R + i, false) == (i > 0));
    }
    for (unsigned i = 0; i <= KEYRING_MAX_PER_SPI; i++) {
        child(k, &keys, 100 + i, 0x2000u + i, 0x3000, (uint8_t)(3 * i));
    }
    for (unsigned i = 0; i <= KEYRING_MAX_PER_SPI; i++) {
        T(child_opens(k, PRF_SHA1, &keys, 0x3000, (uint8_t)(3 * i)) == (i > 0));
    }
    T(keyring_full(k) == NULL);
    keyring_free(k);
}

/* As if so many had been negotiated. */
static void
too_many_children(void)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());

    log_ike2(keyring_log(k), SPI_I, &keys);
    child(k, &keys, 5, ESP_I, ESP_R, 40);
    k->num_negotiations = KEYRING_MAX_CHILDREN;
    child(k, &keys, 6, 0x2000, 0x3000, 50);
    T(keyring_full(k) && strstr(keyring_full(k), "more Child SAs negotiated"));
    T(child_opens(k, PRF_SHA1, &keys, ESP_R, 40) && !child_opens(k, PRF_SHA1, &keys, 0x3000, 50));
    keyring_free(k);
}

/* IKE_SA_INIT that nobody answers. */
static void
too_many_requests(void)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(60), nr = nonce(70);

    log_ike2(keyring_log(k), SPI_I, &keys);
    init(k, false, 60);
    for (uint32_t i = 0; i < KEYRING_MAX_IKE_SAS; i++) {
        T(keyring_full(k) == NULL);
        memcpy(b.b, &i, sizeof i);
        T(ike_parse(&m, b.b, b.n, b.n));
        keyring_learn_ike(k, &m, &told_at);
    }
    T(keyring_full(k) && strstr(keyring_full(k), "unanswered IKE_SA_INIT"));
    init(k, false, 60);                                 /* what comes now is followed again */
    init(k, true, 70);
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, I, 1, PROTO_ESP, ESP_I, 0, NULL, NULL));
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, R, 1, PROTO_ESP, ESP_R, 0, NULL, NULL));
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, NULL, &ni, &nr, ESP_R, false));
    keyring_free(k);
}

/* The octets of fragments that wait for others, all messages. */
static void
too_many_octets(void)
{
    enum {
        EACH = 1900,
        PIECES = KEYRING_MAX_FRAGMENT_OCTETS / EACH / KEYRING_MAX_REASSEMBLIES + 2
    };
    static uint8_t octets[EACH];
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    size_t held = 0;

    log_ike2(keyring_log(k), SPI_I, &keys);
    for (uint32_t id = 1; id <= KEYRING_MAX_REASSEMBLIES; id++) {
        for (unsigned n = 1; n <= PIECES; n++) {
            sk_seal(&b, &keys, V2_IKE_AUTH, I, id, SPI_I, SPI_R, V2P_CERT, octets, sizeof octets, n,
                    PIECES + 1);
            T(!tell(k, &b));
            held += EACH;
            T((keyring_full(k) != NULL) == (held > KEYRING_MAX_FRAGMENT_OCTETS) &&
              k->reassembly_octets <= KEYRING_MAX_FRAGMENT_OCTETS);
        }
    }
    T(keyring_full(k) && strstr(keyring_full(k), "more IKE fragments under way"));
    T(piece(k, &keys, 9000, 1, 2) == false && piece(k, &keys, 9000, 2, 2) && is_whole());
    keyring_free(k);
}

/* A log of many secrets: each packet goes on where the one before stopped, and at some time it
 * ends. */
static void
many_secrets(void)
{
    struct crypt_key ni = nonce(90), nr = nonce(95), ke = key_like(2, 64), g = key_like(8, 64),
                     other = key_like(100, 64);

    for (unsigned place = 700; place <= 1500; place += 800) {
        struct ike_keys keys = ike_keys_like(1);
        struct keyring *k = keyring_new(keylog_new());
        unsigned packets = 0;
        bool opened = false;

        log_ike2(keyring_log(k), SPI_I, &keys);
        for (unsigned i = 0; i < 1600; i++) {
            other.at[0] = (uint8_t)i;
            other.at[1] = (uint8_t)(i >> 8);
            log_secret(keyring_log(k), i == place ? &g : &other);
        }
        T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, I, 7, PROTO_ESP, ESP_I, 0, &ni, &ke));
        T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, R, 7, PROTO_ESP, ESP_R, 0, &nr, &ke));
        while (!opened && packets++ < 20) {
            opened = opens_esp(k, PRF_SHA1, &keys.sk_d, &g, &ni, &nr, ESP_R, false);
        }
        T(opened == (place < KEYRING_MAX_DERIVATIONS) &&
          (!opened || (packets > 1 && packets <= 4)));
        keyring_free(k);
    }
}

int
main(void)
{
    crypt_ready();
    newest_kept();
    too_many_children();
    too_many_requests();
    too_many_octets();
    many_secrets();
    by_spi();
    loose();
    more_than_tried();
    suite_untold();
    intermediate();
    fragments();
    for (int i = 0; i < 4; i++) {
        first_child(i & 1, i & 2);
        later_child(i & 1, i & 2);
    }
    rekeyed();
    no_keys();
    flood();
    return t_done();
}
