/* keylog.h - the secrets that daemons write, for the messages and packets of a capture.
 * Nothing here prints or returns text that holds a secret.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYLOG_H
#define ESPIAL_KEYLOG_H

#include <espial/cursor.h>
#include <espial/keys.h>

/* No SPI on the wire (RFC 4303 section 2.1): stands for a key whose SPI was left open. */
enum { KEYLOG_ANY_SPI = 0 };

/* Keys of ESP in one direction. */
struct keylog_esp {
    uint32_t spi;
    struct esp_keys keys;       /* esn is set where the log says so; not all logs do */
    unsigned line;              /* of the log, the first of those that have the key */
};

/* Keys of an IKE SA of IKEv2. */
struct keylog_ike2 {
    uint8_t spi_i[8], spi_r[8]; /* zero where the log does not say */
    struct ike_keys keys;
    unsigned line;
};

/* Keys of an ISAKMP SA of IKEv1. */
struct keylog_ike1 {
    uint8_t spi_i[8];
    struct crypt_key key;       /* of encryption, extended (RFC 2409 appendix B); len 0: unknown */
    struct crypt_key skeyid_d;  /* RFC 2409 section 5; len 0: unknown */
    unsigned line;
};

/* A shared secret of a key exchange, g^ir (RFC 7296 section 2.14) or g(qm)^xy (RFC 2409
 * section 5.5); the log does not say of which SA. */
struct keylog_secret {
    struct span octets;
    unsigned line;
};

struct keylog;
/* An empty log, which the caller frees with keylog_free unless a keyring takes it. */
struct keylog *keylog_new(void);
/* Overwrites the secrets.  NULL is allowed. */
void keylog_free(struct keylog *k);
/* Reads a file, gzipped or not, line by line, formats mixed:
 *   - Wireshark's esp_sa, ikev1_decryption_table and ikev2_decryption_table rows, as
 *     strongSwan's save-keys plugin writes them too;
 *   - the log of strongSwan's charon (ike = 4, chd = 4), of file, syslog and journal;
 *   - the log of libreswan's pluto (plutodebug=private);
 *   - "ip xfrm state", "ip -s xfrm state", "ip -o xfrm state";
 *   - "setkey -D"; FortiGate "diagnose vpn tunnel list"; VPP "show ikev2 sa details".
 * Keys of AH are passed over.  What looks like a key and cannot be read, or does not fit its
 * algorithm, is left out and told in *messages (g_free it; NULL where all was well) with
 * name, line and reason, KEYLOG_MAX_MESSAGES of them and how many more; so are a file that
 * cannot be opened, is no regular file (a FIFO could be waited for without end) or ends early,
 * after what came before was kept.  Returns how many keys were new.  Where path is a folder,
 * Wireshark's three tables in it are read, and no other file. */
size_t keylog_load(struct keylog *k, const char *path, char **messages);
/* The same for text in memory, such as rows of a table; name stands in messages. */
size_t keylog_read(struct keylog *k, const char *name, const char *text, size_t len,
                   char **messages);

/* What takes a file's octets piece by piece: at is valid during the call. */
struct keylog_sink {
    void (*take)(void *user, const char *at, size_t len);
    void *user;
};
/* The octets of a regular file, gzipped or not, up to KEYLOG_MAX_FILE of them; overwrites its own
 * copies.  NULL where the file was read to its end, else why not (g_free it), after what came
 * before was given away. */
char *keylog_each(const char *path, const struct keylog_sink *sink);

/* Keys of all kinds, shared secrets included. */
size_t keylog_count(const struct keylog *k);

/* All keys that the log gives to an SPI: a log may not say which direction a key is of, so
 * that packets must decide.  NULL-terminated, the log's, and valid until more is read into it;
 * NULL where there is none. */
const struct keylog_esp *const *keylog_find_esp(const struct keylog *k, uint32_t spi);
size_t keylog_num_esp(const struct keylog *k);
const struct keylog_esp *keylog_esp(const struct keylog *k, size_t i);      /* as below */
/* What the log holds of one kind, in order of reading: i counts from 0; NULL behind the last one.
 * The log owns what these return, and it stays where it is as long as the log lives. */
size_t keylog_num_ike2(const struct keylog *k);
const struct keylog_ike2 *keylog_ike2(const struct keylog *k, size_t i);
/* How Wireshark's table of these keys spells the algorithms, without the RFC behind.  False
 * where it has no name for one. */
bool keylog_ike2_names(const struct keylog_ike2 *one, const char **encr, const char **integ);
size_t keylog_num_ike1(const struct keylog *k);
const struct keylog_ike1 *keylog_ike1(const struct keylog *k, size_t i);
size_t keylog_num_secrets(const struct keylog *k);
const struct keylog_secret *keylog_secret(const struct keylog *k, size_t i);

#endif
