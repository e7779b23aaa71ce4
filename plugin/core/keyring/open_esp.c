/* open_esp.c - the keys of one SPI: tried with its packets, kept as openers, and the one
 * that proved right first.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "any_spi.h"
#include "candidate.h"
#include "derive.h"
#include "near.h"
#include "open.h"

#include <espial/cursor.h>
#include <espial/ipsec.h>
#include <espial/limits.h>
#include <string.h>

enum { OPENER_OCTETS = 8192 };  /* of one key schedule, about, without its scratch space */

/* What may open the packets to one SPI. */
struct spi_keys {
    uint32_t spi;
    struct esp_candidate *candidates;
    unsigned num;
    int right;                          /* the one that opened the last packet, -1 */
    bool logged;                        /* the log names keys for it */
    unsigned failed;                    /* packets that no key opened before any did */
    size_t octets, longest;             /* of key schedules, about; of a packet: their scratch */
    GList *link;                        /* in with_openers; NULL: no opener is kept */
};

static void
close_openers(struct spi_keys *s)
{
    for (unsigned i = 0; i < s->num; i++) {
        esp_opener_free(s->candidates[i].opener);
        s->candidates[i].opener = NULL;
    }
}

void
spi_keys_free(void *p)
{
    struct spi_keys *s = (struct spi_keys *)p;

    close_openers(s);
    g_free(s->candidates);
    g_free(s);
}

static struct esp_candidate *
add_candidate(struct spi_keys *s, const struct esp_keys *keys, bool esn)
{
    struct esp_candidate *key;

    s->candidates = g_renew(struct esp_candidate, s->candidates, s->num + 1);
    key = &s->candidates[s->num++];
    memset(key, 0, sizeof *key);
    key->keys = keys;
    key->esn = esn;
    return key;
}

static struct spi_keys *
add_spi_keys(struct keyring *k, uint32_t spi)
{
    struct spi_keys *s = g_new0(struct spi_keys, 1);

    s->spi = spi;
    s->right = -1;
    g_hash_table_insert(k->spi_keys, GUINT_TO_POINTER(spi), s);
    return s;
}

/* NULL where nothing is known of the SPI: such packets must cost nothing. */
static struct spi_keys *
spi_keys_of(struct keyring *k, uint32_t spi)
{
    struct spi_keys *s = (struct spi_keys *)g_hash_table_lookup(k->spi_keys, GUINT_TO_POINTER(spi));
    const struct keylog_esp *const *keys;

    if (s) {
        return s;
    }
    keys = keylog_find_esp(k->log, spi);
    if (!keys && !g_hash_table_lookup(k->negotiations, GUINT_TO_POINTER(spi))) {
        return NULL;
    }
    s = add_spi_keys(k, spi);
    s->logged = keys != NULL;
    for (size_t i = 0; keys && keys[i]; i++) {
        add_candidate(s, &keys[i]->keys, false);
        add_candidate(s, &keys[i]->keys, true);
    }
    return s;
}

/* --- key schedules ------------------------------------------------------------------------ */

static void
close_oldest(struct keyring *k)
{
    struct spi_keys *old = (struct spi_keys *)g_queue_pop_tail(k->with_openers);

    close_openers(old);
    old->link = NULL;
    k->open_octets -= old->octets;
    old->octets = 0;
}

/* Key schedules are large: those of the SPIs used last are kept. */
static void
settle(struct keyring *k, struct spi_keys *s, size_t len)
{
    size_t open = 0;

    s->longest = MAX(s->longest, len);
    for (unsigned i = 0; i < s->num; i++) {
        open += s->candidates[i].opener != NULL;
    }
    k->open_octets -= s->octets;
    s->octets = open * (OPENER_OCTETS + s->longest);
    k->open_octets += s->octets;
    if (s->link) {
        g_queue_unlink(k->with_openers, s->link);
        g_queue_push_head_link(k->with_openers, s->link);
    } else if (open) {
        g_queue_push_head(k->with_openers, s);
        s->link = k->with_openers->head;
    }
    while (k->with_openers->length > KEYRING_MAX_OPEN ||
           (k->open_octets > KEYRING_MAX_OPEN_OCTETS && k->with_openers->length > 1)) {
        close_oldest(k);
    }
}

/* --- one packet ----------------------------------------------------------------------------- */

static bool
derived_opens(void *context, const struct esp_keys *keys)
{
    struct esp_job *j = (struct esp_job *)context;
    bool wrong = j->wrong;

    for (int esn = 0; esn < 2; esn++) {
        struct esp_candidate key = { .keys = keys, .esn = esn != 0 };
        bool opened = candidate_opens(&key, j);
        esp_opener_free(key.opener);
        key.opener = NULL;
        if (opened) {
            j->found = key;
            return true;
        }
    }
    j->tried |= j->wrong;
    j->wrong = wrong;                   /* a key that only might be says nothing of the packet */
    return false;
}

static bool
open_derived(struct keyring *k, struct spi_keys *s, struct esp_job *j)
{
    GPtrArray *list = (GPtrArray *)g_hash_table_lookup(k->negotiations, GUINT_TO_POINTER(s->spi));

    for (guint i = list ? list->len : 0; i-- > 0;) {
        const struct esp_keys *keys = keyring_derive_esp(
            k, (struct child_negotiation *)g_ptr_array_index(list, i), derived_opens, j);
        if (!keys) {
            continue;
        }
        j->found.keys = keys;
        j->found.derived = true;
        *add_candidate(s, keys, j->found.esn) = j->found;
        s->right = (int)s->num - 1;
        add_candidate(s, keys, !j->found.esn)->derived = true;
        /* It is known now: nothing is left to derive. */
        g_ptr_array_remove_index(list, i);
        k->num_negotiations--;
        return true;
    }
    return false;
}

/* Once a key has proved right with or without extended numbers, its other way is wrong: it is the
 * last to be tried, for a sender that goes another way than was negotiated. */
static bool
superseded(const struct spi_keys *s, const struct esp_candidate *key)
{
    for (unsigned i = 0; i < s->num && !key->proved; i++) {
        if (s->candidates[i].keys == key->keys && s->candidates[i].proved) {
            return true;
        }
    }
    return false;
}

/* The one key that opens the other packets of the SPI; NULL where there are several. */
static struct esp_candidate *
only_proved(struct spi_keys *s)
{
    struct esp_candidate *one = NULL;

    for (unsigned i = 0; i < s->num; i++) {
        if (s->candidates[i].proved && one) {
            return NULL;
        }
        one = s->candidates[i].proved ? &s->candidates[i] : one;
    }
    return one;
}

static bool
open_cut(struct keyring *k, struct spi_keys *s, struct esp_job *j, size_t captured)
{
    struct esp_candidate *one = s ? only_proved(s) : NULL, found;

    if (one) {
        return candidate_opens_cut(one, j, captured, true);
    }
    for (unsigned i = 0; s && i < s->num; i++) {
        struct esp_candidate *key = &s->candidates[i];
        if (!superseded(s, key) && candidate_opens_cut(key, j, captured, false)) {
            return true;
        }
    }
    return !j->named && any_spi_opens(k, j, captured, s ? s->candidates : NULL, s ? s->num : 0,
                                      &found);
}

static bool
open_with(struct spi_keys *s, struct esp_job *j, bool other_way)
{
    for (unsigned i = 0; i < s->num; i++) {
        struct esp_candidate *key = &s->candidates[i];
        if ((int)i != s->right && superseded(s, key) == other_way && candidate_opens(key, j)) {
            s->right = (int)i;
            return true;
        }
    }
    return false;
}

static bool
open_known(struct spi_keys *s, struct esp_job *j)
{
    return (s->right >= 0 && candidate_opens(&s->candidates[s->right], j)) ||
           open_with(s, j, false) || open_with(s, j, true);
}

/* The key is the SPI's from now on. */
static bool
open_any(struct keyring *k, struct spi_keys *s, struct esp_job *j)
{
    struct esp_candidate found;

    if (j->named ||
        !any_spi_opens(k, j, j->len, s ? s->candidates : NULL, s ? s->num : 0, &found)) {
        return false;
    }
    if (!s && k->num_any_spis >= KEYRING_MAX_ANY_SPIS) {
        keyring_reached(k, "more SPIs than keys of any SPI are remembered for");
        return true;
    }
    k->num_any_spis += s == NULL;
    s = s ? s : add_spi_keys(k, be32(j->at));
    *add_candidate(s, found.keys, found.esn) = found;
    s->right = (int)s->num - 1;
    return true;
}

/* Keys of any SPI accuse nobody. */
static bool
has_own_key(const struct spi_keys *s)
{
    for (unsigned i = 0; i < s->num; i++) {
        if (!s->candidates[i].any) {
            return true;
        }
    }
    return false;
}

static bool
open_packet(struct keyring *k, struct spi_keys *s, struct esp_job *j, size_t captured, bool verify)
{
    bool cut = captured < j->len, known = s && has_own_key(s);

    if (s && !verify && !cut && s->right >= 0 && candidate_peeks(&s->candidates[s->right], j)) {
        return true;
    }
    if (cut) {
        return open_cut(k, s, j, captured);
    }
    if ((s && (open_known(s, j) || open_derived(k, s, j))) || open_any(k, s, j)) {
        return true;
    }
    j->out->icv = known && j->wrong ? ICV_BAD : ICV_UNKNOWN;
    if (j->out->icv == ICV_BAD && s->right < 0 && near_is_due(&s->failed)) {
        near_miss_esp(k, s->candidates, s->num, j);
    }
    j->out->tried = j->out->icv == ICV_UNKNOWN && j->tried;
    return false;
}

bool
keyring_open_esp(struct keyring *k, struct esp_clear *out, const uint8_t *at, size_t captured,
                 size_t reported, bool verify)
{
    struct esp_job j = { .at = at, .len = reported, .out = out };
    struct spi_keys *s;
    bool opened;

    memset(out, 0, sizeof *out);
    if (captured < ESP_HEADER || captured > reported) {
        return false;
    }
    any_spi_next(k->any_spi);
    s = spi_keys_of(k, be32(at));
    j.seq = be32(at + 4);
    j.named = s && s->logged;
    opened = open_packet(k, s, &j, captured, verify);
    out->named = j.named;
    if (s) {
        settle(k, s, reported);
    }
    return opened && !out->noise;
}

void
spi_keys_use(const struct keyring *k, struct key_use *use)
{
    GHashTable *used = g_hash_table_new(g_direct_hash, g_direct_equal);
    GHashTableIter i;
    gpointer value;

    g_hash_table_iter_init(&i, k->spi_keys);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        const struct spi_keys *s = (const struct spi_keys *)value;
        const struct keylog_esp *const *keys =
            s->logged ? keylog_find_esp(k->log, s->spi) : NULL;
        for (; keys && *keys; keys++) {
            use->esp_named++;
        }
        for (unsigned n = 0; n < s->num; n++) {
            if (s->candidates[n].proved && !s->candidates[n].derived) {
                g_hash_table_add(used, (gpointer)s->candidates[n].keys);
            }
        }
    }
    use->esp_used = g_hash_table_size(used);
    g_hash_table_destroy(used);
}

/* --- for showing ------------------------------------------------------------------------------ */

/* The packet may be an old one: the top of its SA has gone on since. */
static bool
show_with(struct esp_candidate *key, const uint8_t *at, size_t len, uint8_t *clear,
          size_t *clear_len)
{
    struct esp_opener *o = candidate_opener(key);
    uint32_t newest = key->has_top ? (uint32_t)(key->top >> 32) + 1 : ESN_STARTS - 1;
    uint32_t high = key->esn ? newest : 0;

    for (unsigned i = 0; o && i <= KEYRING_MAX_HIGHS; i++, high--) {
        enum esp_verdict v = esp_verify(o, at, len, high);
        if (v == ESP_VERIFIED || (v == ESP_NO_ICV && key->proved)) {
            return esp_open(o, at, len, high, clear, clear_len);
        }
        if (v != ESP_ICV_WRONG || !high) {
            return false;
        }
    }
    return false;
}

size_t
keyring_open_esp_whole(struct keyring *k, const uint8_t *at, size_t len, uint8_t *out, size_t size,
                       uint8_t *next_header)
{
    struct spi_keys *s;
    uint8_t *clear;
    struct span payload;
    size_t n = 0;
    bool opened = false;

    if (len < ESP_HEADER) {
        return 0;
    }
    s = (struct spi_keys *)g_hash_table_lookup(k->spi_keys, GUINT_TO_POINTER(be32(at)));
    if (!s) {
        return 0;
    }
    clear = (uint8_t *)g_malloc(len);
    for (unsigned i = 0; i < s->num && !opened; i++) {
        opened = s->candidates[i].proved && show_with(&s->candidates[i], at, len, clear, &n);
    }
    opened = opened && esp_clear_read(next_header, &payload, clear, n);
    n = opened ? MIN(payload.len, size) : 0;
    if (n) {
        memcpy(out, payload.at, n);
    }
    crypt_wipe(clear, len);
    g_free(clear);
    settle(k, s, len);
    return n;
}
