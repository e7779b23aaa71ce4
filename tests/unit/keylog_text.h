/* keylog_text.h - texts to key logs, for their tests.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_KEYLOG_TEXT_H
#define ESPIAL_TEST_KEYLOG_TEXT_H

#include "t.h"

#include <espial/keylog.h>
#include <espial/limits.h>
#include <glib.h>

#define KEY8 "0001020304050607"
#define KEY16 KEY8 "08090a0b0c0d0e0f"
#define KEY20 KEY16 "10111213"
#define KEY32 KEY16 "101112131415161718191a1b1c1d1e1f"
#define KEY36 KEY32 "20212223"
#define OTHER16 "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define OTHER20 OTHER16 "b0b1b2b3"
#define OTHER32 OTHER16 "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define OTHER36 OTHER32 "c0c1c2c3"

static inline struct keylog *
read_text(const char *text, size_t len, char **messages)
{
    struct keylog *k = keylog_new();

    keylog_read(k, "keys", text, len, messages);
    return k;
}

/* Text that nothing is to be said of. */
static inline struct keylog *
clean(const char *text)
{
    char *messages;
    struct keylog *k = read_text(text, strlen(text), &messages);

    T(messages == NULL);
    if (messages) {
        fprintf(stderr, "    %s\n", messages);
    }
    g_free(messages);
    return k;
}

/* Text of which a thing is said, alone or among others, and never an octet of a key. */
static inline void
refusal(const char *text, const char *says, bool alone)
{
    char *messages;
    struct keylog *k = read_text(text, strlen(text), &messages);
    bool said = messages && strstr(messages, says);

    T(said);
    if (!said) {
        fprintf(stderr, "    wanted %s, got %s\n", says, messages ? messages : "nothing");
    }
    T(!messages || (!strstr(messages, "0001") && (!alone || !strchr(messages, '\n'))));
    g_free(messages);
    keylog_free(k);
}

static inline bool
is_hex(const struct crypt_key *key, const char *hex)
{
    char digits[2 * CRYPT_KEY_MAX + 1] = "";

    for (size_t i = 0; i < key->len; i++) {
        g_snprintf(digits + 2 * i, 3, "%02x", key->at[i]);
    }
    return strcmp(digits, hex) == 0;
}

static inline bool
has_esp(const struct keylog *k, uint32_t spi, uint16_t encr, uint16_t integ, const char *encr_key,
        const char *integ_key)
{
    const struct keylog_esp *const *e = keylog_find_esp(k, spi);

    for (; e && *e; e++) {
        if ((*e)->keys.encr == encr && (*e)->keys.integ == integ &&
            is_hex(&(*e)->keys.encr_key, encr_key) &&
            is_hex(&(*e)->keys.integ_key, integ_key)) {
            return true;
        }
    }
    return false;
}

/* A text may be cut anywhere, and its lines may end as those of Windows. */
static inline void
every_prefix(const char *text, size_t len)
{
    char *messages;

    for (size_t n = 0; n <= len; n++) {
        char *copy = (char *)g_memdup2(text, n);
        keylog_free(read_text(copy, n, &messages));
        g_free(messages);
        g_free(copy);
    }
}

#endif
