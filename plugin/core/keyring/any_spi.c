/* any_spi.c - keys of ESP whose SPI the log leaves open: one key schedule of each for all SPIs, and
 * a bound to what strangers' packets cost.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "any_spi.h"

#include "budget.h"
#include "ring.h"

#include <espial/hash.h>
#include <espial/limits.h>
#include <string.h>

enum {
    ALL_KEYS = 2 * KEYLOG_MAX_PER_SPI,  /* with and without extended sequence numbers */
    ROUNDS = 16,                /* of all keys, after which they are none of an SPI's .. */
    LATE_EACH = 8,              /* .. but for one key with each so many packets */
    TRY_OCTETS = 1024,          /* what is one try of the budget: they are all authenticated */
    PACKET_TRIES = 16
};

/* An SPI that no key has opened.  Packets with its number may have been forged before its first
 * true one: it is never given up for good. */
struct strange_spi {
    uint32_t spi;
    unsigned cursor, tries, packets;    /* cursor: the key that is next */
};

struct any_spi {
    struct esp_candidate keys[ALL_KEYS];
    unsigned num;
    unsigned cursor;            /* of an SPI that is new while tries are short */
    struct budget budget;
    GHashTable *by_spi;         /* -> struct strange_spi */
    struct strange_spi *strange;        /* KEYRING_MAX_STRANGE_SPIS, the oldest is replaced */
    unsigned next;
};

static guint
hash_spi(gconstpointer p)
{
    uint32_t spi = GPOINTER_TO_UINT(p);

    return (guint)hash_octets(hash_seed(), &spi, sizeof spi);
}

struct any_spi *
any_spi_new(void)
{
    struct any_spi *a = g_new0(struct any_spi, 1);

    a->budget = budget_of(KEYRING_MAX_ANY_TRIES, PACKET_TRIES);
    a->by_spi = g_hash_table_new(hash_spi, g_direct_equal);
    return a;
}

static void
close_keys(struct any_spi *a)
{
    for (unsigned i = 0; i < a->num; i++) {
        esp_opener_free(a->keys[i].opener);
    }
    a->num = 0;
}

void
any_spi_free(struct any_spi *a)
{
    close_keys(a);
    g_hash_table_destroy(a->by_spi);
    g_free(a->strange);
    g_free(a);
}

void
any_spi_next(struct any_spi *a)
{
    budget_next(&a->budget);
}

/* Extended sequence numbers are rarer, and take more tries: they come last.  The log may have
 * grown. */
static void
take_keys(struct any_spi *a, const struct keylog *log)
{
    const struct keylog_esp *const *keys = keylog_find_esp(log, KEYLOG_ANY_SPI);
    unsigned n = 0;

    while (keys && keys[n] && n < ALL_KEYS / 2) {
        n++;
    }
    if (a->num == 2 * n) {
        return;
    }
    close_keys(a);
    memset(a->keys, 0, sizeof a->keys);
    for (unsigned i = 0; i < 2 * n; i++) {
        a->keys[i].keys = &keys[i % n]->keys;
        a->keys[i].esn = i >= n;
    }
    a->num = 2 * n;
}

static struct strange_spi *
strange_of(struct any_spi *a, uint32_t spi)
{
    struct strange_spi *s =
        (struct strange_spi *)g_hash_table_lookup(a->by_spi, GUINT_TO_POINTER(spi));

    if (s) {
        return s;
    }
    if (!a->strange) {
        a->strange = g_new0(struct strange_spi, KEYRING_MAX_STRANGE_SPIS);
    }
    s = &a->strange[a->next];
    a->next = (a->next + 1) % KEYRING_MAX_STRANGE_SPIS;
    g_hash_table_remove(a->by_spi, GUINT_TO_POINTER(s->spi));
    memset(s, 0, sizeof *s);
    s->spi = spi;
    s->cursor = a->cursor;
    g_hash_table_insert(a->by_spi, GUINT_TO_POINTER(spi), s);
    return s;
}

static bool
is_among(const struct esp_candidate *tried, unsigned num, const struct esp_keys *keys)
{
    for (unsigned i = 0; i < num; i++) {
        if (tried[i].keys == keys) {
            return true;
        }
    }
    return false;
}

/* How many keys this packet may be tried with. */
static unsigned
keys_now(const struct any_spi *a, struct strange_spi *s)
{
    s->packets++;
    if (s->tries < ROUNDS * a->num) {
        return a->num;
    }
    return s->packets % LATE_EACH == 0;
}

static size_t
cost_of(const struct esp_candidate *key, const struct esp_job *j, size_t captured)
{
    return captured < j->len ? 1 : (1 + j->len / TRY_OCTETS) * (key->esn ? ESN_STARTS : 1);
}

static bool
opens(struct esp_candidate *key, struct esp_job *j, size_t captured, struct esp_candidate *out)
{
    struct esp_candidate one = {
        .keys = key->keys, .esn = key->esn, .any = true, .opener = candidate_opener(key)
    };
    bool opened = one.opener && (captured < j->len ? candidate_opens_cut(&one, j, captured, false) :
                                 candidate_opens(&one, j));

    one.opener = NULL;
    *out = one;
    return opened;
}

bool
any_spi_opens(struct keyring *k, struct esp_job *j, size_t captured,
              const struct esp_candidate *tried, unsigned num, struct esp_candidate *out)
{
    struct any_spi *a = k->any_spi;
    struct strange_spi *s;
    size_t taken = 0;

    take_keys(a, k->log);
    if (!a->num) {
        return false;
    }
    s = strange_of(a, be32(j->at));
    for (unsigned left = keys_now(a, s); left > 0; left--) {
        struct esp_candidate *key = &a->keys[s->cursor % a->num];
        size_t cost = cost_of(key, j, captured);
        if (is_among(tried, num, key->keys)) {
            s->cursor++;
            continue;
        }
        if (!budget_take(&a->budget, cost)) {
            keyring_reached(k, "more ESP packets of SPIs that the log does not name than its keys "
                               "of any SPI are all tried with");
            a->cursor = (s->cursor + 1) % a->num;
            return false;
        }
        taken += cost;
        if (opens(key, j, captured, out)) {
            budget_give(&a->budget, taken);
            s->cursor %= a->num;
            return true;
        }
        s->cursor++;
        s->tries += s->tries < ROUNDS * a->num;
    }
    return false;
}
