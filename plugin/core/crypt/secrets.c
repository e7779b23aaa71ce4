/* secrets.c - overwrites secrets, and owns those that must live on.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrets.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

struct secrets {
    GPtrArray *all;             /* of struct secret */
};

struct secret {
    size_t size;
    _Alignas(max_align_t) uint8_t at[];
};

void
crypt_wipe(void *at, size_t len)
{
    volatile uint8_t *p = (volatile uint8_t *)at;

    for (size_t i = 0; i < len; i++) {
        p[i] = 0;
    }
}

static void
free_secret(gpointer p)
{
    struct secret *s = (struct secret *)p;

    crypt_wipe(s->at, s->size);
    g_free(s);
}

struct secrets *
secrets_new(void)
{
    struct secrets *s = g_new0(struct secrets, 1);

    s->all = g_ptr_array_new_with_free_func(free_secret);
    return s;
}

void
secrets_free(struct secrets *s)
{
    g_ptr_array_free(s->all, TRUE);
    g_free(s);
}

void *
secrets_keep(struct secrets *s, const void *from, size_t size)
{
    struct secret *one = (struct secret *)g_malloc0(sizeof *one + size);

    one->size = size;
    memcpy(one->at, from, size);
    g_ptr_array_add(s->all, one);
    return one->at;
}

size_t
secrets_count(const struct secrets *s)
{
    return s->all->len;
}
