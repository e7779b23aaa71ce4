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
    struct budget stock = { most, most, each };

    return stock;
}

static inline void
budget_give(struct budget *stock, size_t tries)
{
    stock->left = stock->left + tries < stock->most ? stock->left + tries : stock->most;
}

static inline void
budget_next(struct budget *stock)
{
    budget_give(stock, stock->each);
}

static inline bool
budget_take(struct budget *stock, size_t tries)
{
    if (stock->left < tries) {
        return false;
    }
    stock->left -= tries;
    return true;
}

#endif
