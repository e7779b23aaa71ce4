/* format.h - between the formats of the key log.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYLOG_FORMAT_H
#define ESPIAL_KEYLOG_FORMAT_H

#include "crypto.h"
#include "secrets.h"

#include <espial/keylog.h>
#include <espial/limits.h>
#include <glib.h>

struct keylog {
    GPtrArray *ike1, *ike2;     /* of struct keylog_ike1, keylog_ike2 */
    GPtrArray *esp_keys;        /* of struct keylog_esp */
    GPtrArray *secrets;         /* of struct keylog_secret */
    GHashTable *esp;            /* SPI -> GPtrArray of struct keylog_esp, NULL-terminated */
    GHashTable *seen1, *seen2, *seen_secrets;   /* sets of the lists' members */
    struct secrets *all;        /* owns every key and secret of the lists above */
};

/* A line under way. */
struct key_reader {
    struct keylog *log;
    const char *name, *format;  /* of the file; of what reads the line, NULL outside */
    unsigned line;
    GString *messages;
    unsigned refused;
    bool no_text, long_line;    /* told already */
};

/* A way in which daemons write keys.  All of them see a file's lines in turn, until one
 * says that a line is its own, read or refused; so they may stand mixed. */
struct key_format {
    const char *name;           /* in messages, "read as NAME" */
    void *(*begin)(void);       /* of a file; NULL where no line depends on another */
    bool (*line)(void *state, struct key_reader *r, const char *line);
    /* Frees the state, after adding what waited for more. */
    void (*end)(void *state, struct key_reader *r);
};

extern const struct key_format keylog_charon, keylog_fortigate, keylog_pluto, keylog_rows,
    keylog_setkey, keylog_vpp, keylog_xfrm;

/* --- to the log: what does not fit is refused, what is known is not added again --- */

void keylog_add_esp(struct key_reader *r, uint32_t spi, const struct esp_keys *keys);
/* key may have no octets, and so may skeyid_d. */
void keylog_add_ike1(struct key_reader *r, const uint8_t spi_i[8], const struct crypt_key *key,
                     const struct crypt_key *skeyid_d);
/* spi_r may be NULL: not told. */
void keylog_add_ike2(struct key_reader *r, const uint8_t spi_i[8], const uint8_t *spi_r,
                     const struct ike_keys *keys);
void keylog_add_secret(struct key_reader *r, const uint8_t *octets, size_t len);
/* "NAME line 12: WHAT (read as FORMAT); the line is left out." */
void keylog_refuse(struct key_reader *r, const char *what);
void keylog_refuse_at(struct key_reader *r, unsigned line, const char *what);
/* NULL where the keys fit the algorithms, else why not (static text). */
const char *keylog_misfit(const struct esp_keys *keys);

/* --- text --- */

/* Hex digits, an even number of them, to octets. */
bool keylog_hex(const char *text, struct crypt_key *out);
/* Appends "0A 0B  0C" up to three blanks in a row or what is no hex; *len grows to at most
 * max.  How many octets. */
size_t keylog_hex_dump(const char *text, uint8_t *out, size_t *len, size_t max);
/* A number in hex, with 0x or without, that ends at the text's end or before a character
 * that is no letter and no digit. */
bool keylog_hex_number(const char *text, unsigned digits_max, uint64_t *out);
/* The octets of an IKE SPI that a log writes as a number. */
void keylog_put_spi(uint8_t out[8], uint64_t spi);
/* The word after a label such as "spi=" or "encr:", cut into out; false without it. */
bool keylog_word(const char *text, const char *label, const char *stops, char *out, size_t size);

struct key_name {
    const char *name;
    uint16_t id;
};

const struct key_name *keylog_named(const struct key_name *table, size_t n, const char *name);

#endif
