/* The key ring among forged messages and packets: what is true is still opened.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_negotiate.h"

#include "ring.h"

#include <espial/limits.h>

/* The same in clear, as anybody can send it. */
static void
forge(struct keyring *k, unsigned exchange, unsigned flags, uint32_t id, unsigned protocol, uint32_t esp_spi, uint8_t ike_spi, uint8_t seed)
{
    struct crypt_key n = nonce(seed), ke = key_like(seed, 64);

    header(&b, V2P_SA, 0x20, exchange, flags, id);
    set_spis(&b, SPI_I, SPI_R);
    negotiation(&b, flags, protocol, esp_spi, ike_spi, &n, &ke);
    set_length(&b, b.n);
    T(!tell(k, &b) && m.readable && m.num_proposals == 1);
}

/* What must be encrypted and is in clear takes no place of what is true: no offer, no negotiation of an SPI, no IKE SA
 * that replaces another. */
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

int
main(void)
{
    crypt_ready();
    clear_negotiations();
    return t_done();
}
