/* heard.c - nonces and suites of IKE_SA_INIT, which anybody may have sent.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "heard.h"

#include <espial/limits.h>
#include <string.h>

enum {
    SHARE = KEYRING_MAX_NONCES / 2,     /* of the sender heard first, and of all others */
    SHARE_OLDEST = SHARE / 2            /* of these are never given up */
};

static void
unref_nonce(gpointer p)
{
    g_bytes_unref(((struct heard *)p)->nonce);
}

static void
heard_release(gpointer p)
{
    g_rc_box_release_full(p, unref_nonce);
}

GPtrArray *
heard_new(void)
{
    return g_ptr_array_new_with_free_func(heard_release);
}

const struct heard *
heard_at(const GPtrArray *list, guint i)
{
    return (const struct heard *)g_ptr_array_index(list, i);
}

static bool
same_sender(const struct heard *a, const struct heard *b)
{
    return ip_equal(&a->src, &b->src) && ip_equal(&a->dst, &b->dst);
}

static bool
same_suite(const struct key_suite *a, const struct key_suite *b)
{
    return a->encr == b->encr && a->key_bits == b->key_bits && a->integ == b->integ &&
           a->prf == b->prf;
}

/* Who forges has read the SPI in a true message: the first one of an SPI is never given up, nor
 * are the first ones of its sender.  The newest are kept as well: a true request may come again
 * with another nonce (RFC 7296 section 2.7).  Other senders do not use up its share. */
static bool
make_room(GPtrArray *list, const struct heard *one)
{
    bool of_first;
    guint of_share = 0, given_up = 0;

    if (!list->len) {
        return false;
    }
    of_first = same_sender(one, heard_at(list, 0));
    for (guint i = 0; i < list->len; i++) {
        if (same_sender(heard_at(list, i), heard_at(list, 0)) == of_first) {
            given_up = of_share == SHARE_OLDEST ? i : given_up;
            of_share++;
        }
    }
    if (of_share < SHARE) {
        return false;
    }
    g_ptr_array_remove_index(list, given_up);
    return true;
}

static bool
is_in(const GPtrArray *list, const struct heard *one)
{
    for (guint i = 0; i < list->len; i++) {
        if (same_suite(&heard_at(list, i)->suite, &one->suite) &&
            g_bytes_equal(heard_at(list, i)->nonce, one->nonce)) {
            return true;
        }
    }
    return false;
}

bool
heard_add(GPtrArray *list, const struct heard *one, bool *lost)
{
    struct heard *kept;

    if (is_in(list, one)) {
        return false;
    }
    if (make_room(list, one)) {
        *lost = true;
    }
    kept = g_rc_box_new(struct heard);
    *kept = *one;
    g_bytes_ref(kept->nonce);
    g_ptr_array_add(list, kept);
    return true;
}

void
heard_share(GPtrArray *list, const struct heard *one)
{
    if (!is_in(list, one)) {
        make_room(list, one);
        g_ptr_array_add(list, g_rc_box_acquire((gpointer)one));
    }
}

void
heard_keep_only(GPtrArray *list, guint i)
{
    if (i + 1 < list->len) {
        g_ptr_array_remove_range(list, i + 1, list->len - i - 1);
    }
    if (i) {
        g_ptr_array_remove_range(list, 0, i);
    }
}

bool
heard_answers(const struct heard *answer, const struct heard *request)
{
    return ip_equal(&answer->src, &request->dst) && ip_equal(&answer->dst, &request->src);
}
