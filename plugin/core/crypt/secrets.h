/* secrets.h - a store of secrets that are overwritten before their memory is given back.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CRYPT_SECRETS_H
#define ESPIAL_CRYPT_SECRETS_H

#include <stddef.h>

/* Overwrites a secret, even where nobody reads it again. */
void crypt_wipe(void *at, size_t len);

struct secrets;

/* The caller frees it with secrets_free. */
struct secrets *secrets_new(void);
/* Overwrites and frees every copy.  NULL is not allowed. */
void secrets_free(struct secrets *s);
/* A copy of size octets, aligned for any type; the store owns it as long as it lives. */
void *secrets_keep(struct secrets *s, const void *from, size_t size);
/* How many copies the store holds. */
size_t secrets_count(const struct secrets *s);

#endif
