/* budget.h - tries of keys that nothing names, over a whole capture: what strangers send shall
 * cost little, however much it is.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_BUDGET_H
#define ESPIAL_KEYRING_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* Tries in stock at first and at most, and what each packet or message adds to them.  What opens
 * one gives back what it took. */
struct budget {
    size_t left, most, each;
};

static inline struct budget
budget_of(size_t most, size_t each)
{
    struct budget b = { most, most, each };

    return b;
}

static inline void
budget_give(struct budget *b, size_t tries)
{
    b->left = b->left + tries < b->most ? b->left + tries : b->most;
}

static inline void
budget_next(struct budget *b)
{
    budget_give(b, b->each);
}

static inline bool
budget_take(struct budget *b, size_t tries)
{
    if (b->left < tries) {
        return false;
    }
    b->left -= tries;
    return true;
}

#endif
