/* keyring.h - which key opens which message and packet.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_H
#define ESPIAL_KEYRING_H

#include <espial/keylog.h>
#include <espial/sadb.h>

enum { KEYRING_HEAD = 96 };
struct keyring;
struct keyring *keyring_new(struct keylog *log);
void keyring_free(struct keyring *k);
struct keylog *keyring_log(struct keyring *k);
bool keyring_read_ike(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured);
void keyring_learn_ike(struct keyring *k, const struct ike_message *m);
struct esp_clear {
    enum icv_verdict icv;
    bool opened;
    uint8_t head[KEYRING_HEAD];
    size_t head_len;
    size_t payload_len;
    uint8_t next_header;
    bool bad_padding;
};
bool keyring_open_esp(struct keyring *k, struct esp_clear *out, const uint8_t *at, size_t captured, size_t reported, bool verify);
size_t keyring_open_esp_whole(struct keyring *k, const uint8_t *at, size_t len, uint8_t *out, size_t size, uint8_t *next_header);
#endif
