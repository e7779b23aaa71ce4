/* fuzz_keylog.c - any octets as a key log, all formats.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "crypto.h"

#include <espial/keylog.h>

/* What was kept has keys that fit their algorithms: an opener takes them. */
static void
open_all(const struct keylog *k)
{
    for (uint32_t spi = 0; spi < 16; spi++) {
        const struct keylog_esp *const *e = keylog_find_esp(k, spi);
        for (; e && *e; e++) {
            struct esp_opener *o = esp_opener_new(&(*e)->keys, NULL);
            if (!o || (*e)->spi != spi) {
                g_error("a key was kept that does not fit");
            }
            esp_opener_free(o);
        }
    }
    for (size_t i = 0; i < keylog_num_ike1(k); i++) {
        if (keylog_ike1(k, i)->key.len > CRYPT_KEY_MAX) {
            g_error("a key is longer than its octets");
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keylog *k = keylog_new();
    char *messages;

    keylog_read(k, "fuzz", (const char *)data, size, &messages);
    open_all(k);
    g_free(messages);
    keylog_free(k);
    return 0;
}
