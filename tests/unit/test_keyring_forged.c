/* The key ring among forged messages and packets: what is true is still opened.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_negotiate.h"

#include "ring.h"

#include <espial/limits.h>

/* Where forged messages come from: of senders of their own, or with the true addresses. */
enum forger { STRANGER,
              STRANGERS,
              TRUE_ADDRESSES };

static void
from_to(uint8_t from, uint8_t to)
{
    uint8_t src[4] = { 192, 0, 2, from }, dst[4] = { 198, 51, 100, to };

    told_at.src = ip_from(4, src);
    told_at.dst = ip_from(4, dst);
}

static void
forged_init(struct keyring *k, bool response, enum forger who, unsigned i)
{
    header(&b, V2P_SA, 0x20, V2_IKE_SA_INIT, response ? R : I, 0);
    set_spis(&b, SPI_I, response ? SPI_R : 0);
    add_sa(&b, V2P_NONCE, PROTO_IKE, 0, 0, true);
    blob(&b, 0, (uint8_t[16]){ (uint8_t)i, (uint8_t)(i >> 8), response, 0x99 }, 16);
    set_length(&b, b.n);
    from_to(who == TRUE_ADDRESSES ? 1 : (uint8_t)(10 + (who == STRANGERS ? i % 200 : 0)), 1);
    T(!tell(k, &b));
}

/* However many requests have the SPI of the true one, and answers both SPIs, the true nonces are
 * found; what had to go is told. */
static void
forged_inits(enum forger who, unsigned num, bool before_true)
{
    struct ike_keys keys = ike_keys_like(1), untold = keys;
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(60), nr = nonce(70);

    untold.encr = untold.integ = untold.prf = 0; /* the suite of the true answer is found as well */
    log_ike2(keyring_log(k), SPI_I, &untold);
    for (int answer = 0; answer < 2; answer++) {
        for (unsigned i = 0; i < num && before_true; i++) {
            forged_init(k, answer, who, i);
        }
        from_to(1, 1);
        init(k, answer, answer ? 70 : 60);
        for (unsigned i = 0; i < num && !before_true; i++) {
            forged_init(k, answer, who, i);
        }
    }
    T((keyring_full(k) != NULL) == (num > KEYRING_MAX_NONCES));
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, I, 1, PROTO_ESP, ESP_I, 0, NULL, NULL));
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, R, 1, PROTO_ESP, ESP_R, 0, NULL, NULL));
    for (unsigned packets = 0;
         packets < 4 && !opens_esp(k, PRF_SHA256, &keys.sk_d, NULL, &ni, &nr, ESP_R, false);
         packets++) {
    }
    T(opens_esp(k, PRF_SHA256, &keys.sk_d, NULL, &ni, &nr, ESP_R, false));
    T(opens_esp(k, PRF_SHA256, &keys.sk_d, NULL, &ni, &nr, ESP_I,
                true)); /* at once: they are proved now */
    for (unsigned i = 0; i < 3; i++) {
        forged_init(k, false, who, 5000 + i);
        forged_init(k, true, who, 5000 + i);
    }
    child(k, &keys, 7, 0x2000, 0x3000, 40);
    T(child_opens(k, PRF_SHA256, &keys, 0x3000, 40));
    keyring_free(k);
}

/* Strangers' requests beyond number do not move that of an SPI that the log names. */
static void
forged_spis(void)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(60), nr = nonce(70);

    log_ike2(keyring_log(k), SPI_I, &keys);
    init(k, false, 60);
    for (uint32_t i = 0; i < 2 * KEYRING_MAX_IKE_SAS + 10; i++) {
        memcpy(b.b, &i, sizeof i);
        T(ike_parse(&m, b.b, b.n, b.n));
        keyring_learn_ike(k, &m, &told_at);
        T(k->num_requests <= KEYRING_MAX_IKE_SAS + 1);
    }
    init(k, true, 70);
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, R, 1, PROTO_ESP, ESP_R, 0, NULL, NULL));
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, NULL, &ni, &nr, ESP_R, false));
    keyring_free(k);
}

/* Before the first packet of an SPI come forged ones: its keys are still derived. */
static void
forged_packets(void)
{
    struct ike_keys keys = ike_keys_like(1);
    struct keyring *k = keyring_new(keylog_new());
    unsigned n = 0;

    log_ike2(keyring_log(k), SPI_I, &keys);
    child(k, &keys, 5, ESP_I, ESP_R, 40);
    for (unsigned i = 0; i < 2 * KEYRING_MAX_DERIVATIONS; i++) {
        T(!child_opens(k, PRF_SHA1, &keys, ESP_R, 90));
    }
    while (!child_opens(k, PRF_SHA1, &keys, ESP_R, 40) && n < 100) {
        n++;
    }
    T(n < 64 && keyring_full(k) == NULL);
    keyring_free(k);
}

/* The same in clear, as anybody can send it. */
static void
forge(struct keyring *k, unsigned exchange, unsigned flags, uint32_t id, unsigned protocol,
      uint32_t esp_spi, uint8_t ike_spi, uint8_t seed)
{
    struct crypt_key n = nonce(seed), ke = key_like(seed, 64);

    header(&b, V2P_SA, 0x20, exchange, flags, id);
    set_spis(&b, SPI_I, SPI_R);
    negotiation(&b, flags, protocol, esp_spi, ike_spi, &n, &ke);
    set_length(&b, b.n);
    T(!tell(k, &b) && m.readable && m.num_proposals == 1);
}

/* What must be encrypted and is in clear takes no place of what is true: no offer, no negotiation
 * of an SPI, no IKE SA that replaces another. */
static void
clear_negotiations(void)
{
    struct ike_keys keys = ike_keys_like(1), next;
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(40), nr = nonce(41), ke = key_like(2, 64), g = key_like(8, 64);

    log_ike2(keyring_log(k), SPI_I, &keys);
    log_secret(keyring_log(k), &g);
    child(k, &keys, 5, ESP_I, ESP_R, 40);
    for (unsigned i = 0; i <= KEYRING_MAX_PER_SPI; i++) {
        forge(k, V2_CREATE_CHILD_SA, I, 20 + i, PROTO_ESP, ESP_I, 0, (uint8_t)(100 + i));
        forge(k, V2_CREATE_CHILD_SA, R, 20 + i, PROTO_ESP, ESP_R, 0, (uint8_t)(120 + i));
    }
    T(child_opens(k, PRF_SHA1, &keys, ESP_R, 40));
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, NULL, &ni, &nr, ESP_I, true));
    T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, I, 7, PROTO_IKE, 0, NEW_I, &ni, &ke));
    for (unsigned i = 0; i <= KEYRING_MAX_OFFERS; i++) {
        forge(k, V2_CREATE_CHILD_SA, I, 60 + i, PROTO_IKE, 0, OTHER, (uint8_t)(100 + i));
    }
    forge(k, V2_CREATE_CHILD_SA, R, 7, PROTO_IKE, 0, NEW_R, 99);
    T(negotiate(k, &keys, SPI_I, V2_CREATE_CHILD_SA, R, 7, PROTO_IKE, 0, NEW_R, &nr, &ke));
    next = rekeyed_keys(&keys, &g, &ni, &nr);
    T(says(k, &next, NEW_I, V2_INFORMATIONAL, I, 0));
    T(keyring_full(k) == NULL);
    keyring_free(k);
}

/* --- IKE SAs
 * -------------------------------------------------------------------------------------- */

static struct ike_keys
numbered_keys(unsigned i)
{
    struct ike_keys keys = ike_keys_like(7);

    keys.sk_ei.at[0] = keys.sk_ai.at[0] = keys.sk_ar.at[0] = (uint8_t)i;
    keys.sk_ei.at[1] = keys.sk_ai.at[1] = keys.sk_ar.at[1] = (uint8_t)(i >> 8);
    return keys;
}

/* Messages of IKE SAs that no key is of take from one stock of tries; keys that the log names are
 * tried whatever is left of it, and what a stream of messages opened gives back. */
static void
strange_messages(void)
{
    enum { LOOSE = 600 };
    struct ike_keys keys, foreign = ike_keys_like(90), named = ike_keys_like(150);
    struct keyring *k = keyring_new(keylog_new());
    unsigned n = 0;

    for (unsigned i = 0; i < LOOSE; i++) {
        keys = numbered_keys(i);
        log_ike2(keyring_log(k), 0, &keys);
    }
    log_ike2(keyring_log(k), OTHER, &named);
    sk_seal(&b, &foreign, V2_INFORMATIONAL, I, 1, 0x99, 0x9a, V2P_NOTIFY, notify, sizeof notify, 0,
            0);
    for (uint32_t i = 0; i < 1000; i++) {
        memcpy(b.b, &i, sizeof i);
        T(!tell(k, &b) && !m.integrity_wrong);
    }
    T(keyring_full(k) && strstr(keyring_full(k), "more IKE messages of SPIs"));
    T(k->loose_tries.left < 20);
    T(says(k, &named, OTHER, V2_INFORMATIONAL, I, 1));
    while (!says(k, &keys, SPI_I, V2_INFORMATIONAL, I, n) && n < 200) {
        n++;
    }
    T(n < LOOSE / 5 && says(k, &keys, SPI_I, V2_INFORMATIONAL, R, n));
    for (unsigned i = 0; i < 1000; i++) {
        T(says(k, &keys, SPI_I, V2_INFORMATIONAL, I, n));
    }
    T(k->loose_tries.left > 5000);
    keyring_free(k);
}

/* More responder's SPIs than IKE SAs are followed, to the SPI of a true one: what has proved right
 * stays. */
static void
forged_sas(void)
{
    struct ike_keys keys = ike_keys_like(1), next = ike_keys_like(40), foreign = ike_keys_like(90);
    struct keyring *k = keyring_new(keylog_new());
    struct crypt_key ni = nonce(60), nr = nonce(70);

    log_ike2(keyring_log(k), SPI_I, &keys);
    log_ike2(keyring_log(k), OTHER, &next);
    init(k, false, 60);
    init(k, true, 70);
    T(negotiate(k, &keys, SPI_I, V2_IKE_AUTH, R, 1, PROTO_ESP, ESP_R, 0, NULL, NULL));
    sk_seal(&b, &foreign, V2_INFORMATIONAL, I, 1, SPI_I, SPI_R, V2P_NOTIFY, notify, sizeof notify,
            0, 0);
    for (uint32_t i = 0; i < KEYRING_MAX_IKE_SAS + 10; i++) {
        memcpy(b.b + 8, &i, sizeof i);
        T(!tell(k, &b));
    }
    T(keyring_full(k) && strstr(keyring_full(k), "more IKE SAs"));
    T(g_hash_table_size(k->sas2) <= KEYRING_MAX_IKE_SAS + 2);
    T(opens_esp(k, PRF_SHA1, &keys.sk_d, NULL, &ni, &nr, ESP_R, false));
    T(says(k, &next, OTHER, V2_INFORMATIONAL, I, 1)); /* one that comes now is followed */
    keyring_free(k);
}

/* A log with more keys of one SPI than are tried: the newest are. */
static void
many_named(void)
{
    struct ike_keys keys;
    struct keyring *k = keyring_new(keylog_new());

    for (unsigned i = 0; i < 10000; i++) {
        keys = numbered_keys(i);
        log_ike2(keyring_log(k), SPI_I, &keys);
    }
    T(says(k, &keys, SPI_I, V2_INFORMATIONAL, I, 1));
    T(keyring_full(k) && strstr(keyring_full(k), "more keys of one IKE SA"));
    child(k, &keys, 5, ESP_I, ESP_R, 40);
    T(child_opens(k, PRF_SHA1, &keys, ESP_R, 40));
    keyring_free(k);
}

/* --- ESP ---------------------------------------------------------------------------------------
 */

static bool
packet_opens(struct keyring *k, const struct esp_keys *keys, uint32_t spi, uint32_t seq)
{
    static struct buf esp;
    struct esp_clear clear;
    uint8_t packet[60];

    ip_packet(packet, sizeof packet);
    esp_seal(&esp, keys, spi, seq, 4, packet, sizeof packet, 0);
    return keyring_open_esp(k, &clear, esp.b, esp.n, esp.n, true) && clear.icv == ICV_GOOD;
}

/* Packets of SPIs that keys of any SPI could be of: they cost a bounded number of tries and nothing
 * that stays; a few packets of a true stream are enough all the same, and what the log names is
 * always tried. */
static void
strange_spis(void)
{
    struct esp_keys keys[KEYLOG_MAX_PER_SPI], foreign = esp_keys_like(AES, SHA1, 200),
                                              named = esp_keys_like(AES, SHA1, 220);
    struct keyring *k = keyring_new(keylog_new());
    unsigned n = 1;

    for (unsigned i = 0; i < KEYLOG_MAX_PER_SPI; i++) {
        keys[i] = esp_keys_like(AES, SHA1, (uint8_t)(5 * i));
        log_esp(keyring_log(k), KEYLOG_ANY_SPI, &keys[i]);
    }
    log_esp(keyring_log(k), 0x4000, &named);
    T(packet_opens(k, &keys[15], 0x3000, 1)); /* one packet is enough */
    T(keyring_full(k) == NULL);
    for (uint32_t i = 0; i < 2 * KEYRING_MAX_STRANGE_SPIS; i++) {
        T(!packet_opens(k, &foreign, 0x10000 + i, 1));
    }
    T(keyring_full(k) && strstr(keyring_full(k), "keys of any SPI"));
    T(g_hash_table_size(k->spi_keys) == 1);
    T(packet_opens(k, &keys[15], 0x3000, 2));
    T(packet_opens(k, &named, 0x4000, 1));
    while (!packet_opens(k, &keys[14], 0x3001, n) && n < 100) {
        n++;
    }
    T(n < 8);
    keyring_free(k);
}

/* Packets forged with the SPI of a stream before its first one. */
static void
forged_stream(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9), foreign = esp_keys_like(AES, SHA1, 200);
    struct keyring *k = keyring_new(keylog_new());
    unsigned n = 1;

    log_esp(keyring_log(k), KEYLOG_ANY_SPI, &keys);
    for (unsigned i = 0; i < 1000; i++) {
        T(!packet_opens(k, &foreign, 0x3000, i));
    }
    while (!packet_opens(k, &keys, 0x3000, n) && n < 100) {
        n++;
    }
    T(n <= 16 && keyring_full(k) == NULL);
    keyring_free(k);
}

/* Key schedules of many keys of many SPIs. */
static void
open_keys(void)
{
    struct esp_keys keys, foreign = esp_keys_like(AES, SHA1, 200);
    struct keyring *k = keyring_new(keylog_new());

    for (uint32_t spi = 0x1000; spi < 0x1200; spi++) {
        for (unsigned i = 0; i < KEYLOG_MAX_PER_SPI; i++) {
            keys = esp_keys_like(AES, SHA1, (uint8_t)(5 * i));
            log_esp(keyring_log(k), spi, &keys);
        }
        T(!packet_opens(k, &foreign, spi, 1));
        T(k->open_octets <= KEYRING_MAX_OPEN_OCTETS);
    }
    T(k->open_octets > KEYRING_MAX_OPEN_OCTETS / 2 && packet_opens(k, &keys, 0x1000, 2));
    keyring_free(k);
}

int
main(void)
{
    crypt_ready();
    clear_negotiations();
    for (int who = STRANGER; who <= TRUE_ADDRESSES; who++) {
        for (int before = 0; before < 2; before++) {
            forged_inits((enum forger)who, 1, before);
            forged_inits((enum forger)who, 5, before);
            forged_inits((enum forger)who, 1000, before);
        }
    }
    forged_spis();
    forged_packets();
    strange_messages();
    forged_sas();
    many_named();
    strange_spis();
    forged_stream();
    open_keys();
    return t_done();
}
