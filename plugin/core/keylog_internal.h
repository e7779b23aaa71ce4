/* keylog_internal.h - between the formats of the key log.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYLOG_INTERNAL_H
#define ESPIAL_KEYLOG_INTERNAL_H

#include <espial/keylog.h>
#include <glib.h>

struct keylog {
    GPtrArray *ike1, *ike2;     /* of struct keylog_ike1, keylog_ike2 */
    GPtrArray *secrets;         /* of struct keylog_secret */
    GHashTable *esp;            /* SPI -> GPtrArray of struct keylog_esp, NULL-terminated */
    GPtrArray *all;             /* of struct secret, every allocation that holds one */
    size_t num_esp;
};

/* A line under way. */
struct key_reader {
    struct keylog *log;
    const char *name;
    unsigned line;
    GString *messages;
    unsigned refused;
};

void keylog_add_esp(struct key_reader *r, uint32_t spi, const struct esp_keys *keys);
void keylog_add_ike1(struct key_reader *r, const uint8_t spi_i[8], const struct crypt_key *key);
void keylog_add_ike2(struct key_reader *r, const uint8_t spi_i[8], const struct ike_keys *keys);
void keylog_add_secret(struct key_reader *r, const uint8_t *octets, size_t len);
/* "NAME line 12: WHAT; the line is left out." */
void keylog_refuse(struct key_reader *r, const char *what);
/* Hex digits, an even number of them, to octets. */
bool keylog_hex(const char *text, struct crypt_key *out);

/* True where the line is of that format, read or refused. */
bool keylog_row(struct key_reader *r, const char *line);

struct charon;
struct charon *charon_new(void);
void charon_free(struct charon *c);
bool charon_line(struct charon *c, struct key_reader *r, const char *line);

#endif
