/* open_esp.c - the keys of one SPI: tried with its packets, kept as openers, and the one
 * that proved right first.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "clear.h"
#include "derive.h"
#include "open.h"

#include <espial/cursor.h>
#include <espial/ipsec.h>
#include <espial/limits.h>
#include <string.h>

enum {
    HEADER = 8, PAD_MAX = 255,
    ESN_WINDOW = 1024,          /* packets behind the highest that may still come */
    ANY_SPI_TRIES = 16,         /* packets of an SPI after which keys of any SPI are none of its */
    ESN_STARTS = 4              /* upper halves tried where no packet has proved one */
};

/* A peek has no ICV to prove the upper half: it is looked at again before it could be guessed
 * wrong. */
#define ESN_STALE (1u << 24)

/* One key with or without extended sequence numbers. */
struct esp_try {
    const struct esp_keys *keys;        /* the log's or the keyring's */
    struct esp_opener *opener;          /* NULL until it is wanted */
    bool esn, refused;
    bool proved, has_top;
    uint64_t top;                       /* highest verified sequence number */
};

struct esp_lock {
    uint32_t spi;
    struct esp_try *tries;
    unsigned num;
    int right;                          /* the one that opened the last packet, -1 */
    bool logged;                        /* the log names keys for it */
    unsigned num_any;                   /* the first tries are of keys of any SPI */
    unsigned failures;                  /* packets that none of those opened, while nothing else did */
    GList *link;                        /* in open_locks; NULL: no opener is kept */
};

static void
close_openers(struct esp_lock *l)
{
    for (unsigned i = 0; i < l->num; i++) {
        esp_opener_free(l->tries[i].opener);
        l->tries[i].opener = NULL;
    }
}

void
esp_lock_free(void *p)
{
    struct esp_lock *l = (struct esp_lock *)p;

    close_openers(l);
    g_free(l->tries);
    g_free(l);
}

static struct esp_try *
add_try(struct esp_lock *l, const struct esp_keys *keys, bool esn)
{
    struct esp_try *t;

    l->tries = g_renew(struct esp_try, l->tries, l->num + 1);
    t = &l->tries[l->num++];
    memset(t, 0, sizeof *t);
    t->keys = keys;
    t->esn = esn;
    return t;
}

/* NULL where nothing is known of the SPI: such packets must cost nothing. */
static struct esp_lock *
lock_of(struct keyring *k, uint32_t spi)
{
    struct esp_lock *l = (struct esp_lock *)g_hash_table_lookup(k->locks, GUINT_TO_POINTER(spi));
    const struct keylog_esp *const *keys, *const *any;

    if (l) {
        return l;
    }
    keys = keylog_find_esp(k->log, spi);
    any = keylog_find_esp(k->log, KEYLOG_ANY_SPI);
    if (!keys && !any && !g_hash_table_lookup(k->origins, GUINT_TO_POINTER(spi))) {
        return NULL;
    }
    l = g_new0(struct esp_lock, 1);
    l->spi = spi;
    l->right = -1;
    l->logged = keys != NULL;
    keys = keys ? keys : any;
    for (size_t i = 0; keys && keys[i]; i++) {
        add_try(l, &keys[i]->keys, false);
        add_try(l, &keys[i]->keys, true);
    }
    l->num_any = l->logged ? 0 : l->num;
    g_hash_table_insert(k->locks, GUINT_TO_POINTER(spi), l);
    return l;
}

/* Key schedules are large: those of the SPIs used last are kept. */
static void
touch(struct keyring *k, struct esp_lock *l)
{
    if (l->link) {
        g_queue_unlink(k->open_locks, l->link);
        g_queue_push_head_link(k->open_locks, l->link);
        return;
    }
    g_queue_push_head(k->open_locks, l);
    l->link = k->open_locks->head;
    if (g_queue_get_length(k->open_locks) > KEYRING_MAX_OPEN) {
        struct esp_lock *old = (struct esp_lock *)g_queue_pop_tail(k->open_locks);
        close_openers(old);
        old->link = NULL;
    }
}

static struct esp_opener *
opener_of(struct esp_try *t)
{
    if (!t->opener && !t->refused) {
        struct esp_keys keys = *t->keys;
        keys.esn = t->esn;
        t->opener = esp_opener_new(&keys, NULL);
        t->refused = t->opener == NULL;
        crypt_wipe(&keys, sizeof keys);
    }
    return t->opener;
}

/* --- sequence numbers ---------------------------------------------------------------- */

/* RFC 4303 appendix A2.1: the upper half that puts the packet into the window or ahead of it. */
static uint32_t
guess_high(uint64_t top, uint32_t seq)
{
    uint32_t top_low = (uint32_t)top, top_high = (uint32_t)(top >> 32), bottom = top_low - (ESN_WINDOW - 1);

    if (top_low >= ESN_WINDOW - 1) {
        return seq >= bottom ? top_high : top_high + 1;
    }
    return seq >= bottom && top_high ? top_high - 1 : top_high;
}

/* Upper halves that a packet may have, the likeliest first. */
static unsigned
highs_of(const struct esp_try *t, uint32_t seq, uint32_t out[ESN_STARTS])
{
    unsigned n = 0;

    if (!t->esn) {
        out[n++] = 0;
        return n;
    }
    if (!t->has_top) {
        for (; n < ESN_STARTS; n++) {
            out[n] = n;
        }
        return n;
    }
    out[n++] = guess_high(t->top, seq);
    out[n] = out[0] + 1;                /* resynchronisation, A3 */
    n++;
    if (out[0]) {
        out[n] = out[0] - 1;
        n++;
    }
    return n;
}

static void
saw(struct esp_try *t, uint32_t high, uint32_t seq)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): 64 bits hold it; version 14 counts 32 */
    uint64_t all = (uint64_t)high << 32 | seq;

    if (t->esn && (!t->has_top || all > t->top)) {
        t->top = all;
        t->has_top = true;
    }
}

/* --- one packet --------------------------------------------------------------------------- */

struct esp_job {
    const uint8_t *at;
    size_t len;
    uint32_t seq;
    struct esp_clear *out;
    bool named;                         /* the keys tried are the log's for this SPI */
    bool wrong;
    struct esp_try found;               /* a derived key that fits */
};

/* A wrong key leaves out as it was. */
static bool
open_with(struct esp_try *t, struct esp_job *j)
{
    struct esp_opener *o = opener_of(t);
    uint32_t highs[ESN_STARTS];
    unsigned n = highs_of(t, j->seq, highs);

    for (unsigned i = 0; o && i < n; i++) {
        enum esp_verdict v = esp_verify(o, j->at, j->len, highs[i]);
        if (v == ESP_VERIFIED) {
            clear_read(o, j->out, j->at, j->len, highs[i]);
            j->out->icv = ICV_GOOD;
            saw(t, highs[i], j->seq);
            t->proved = true;
            return true;
        }
        if (v == ESP_NO_ICV) {
            struct esp_clear c = { .icv = ICV_UNKNOWN };
            clear_read(o, &c, j->at, j->len, highs[i]);
            if (!clear_plausible(&c, j->named) && (!t->proved || !clear_looks_right(&c))) {
                return false;
            }
            t->proved = true;
            *j->out = c;
            return true;
        }
        j->wrong = true;
        if (v != ESP_ICV_WRONG) {
            return false;               /* a length that the algorithms cannot give */
        }
    }
    return false;
}

/* False: it must be verified after all. */
static bool
peek_with(struct esp_try *t, struct esp_job *j)
{
    struct esp_opener *o = opener_of(t);
    uint32_t high = 0;

    if (t->esn) {
        if (!t->has_top || j->seq - (uint32_t)t->top + ESN_STALE > 2 * ESN_STALE) {
            return false;
        }
        high = guess_high(t->top, j->seq);
    }
    if (!o || !esp_text_len(o, j->len)) {
        return false;
    }
    clear_read(o, j->out, j->at, j->len, high);
    if (clear_looks_right(j->out)) {
        return true;
    }
    memset(j->out, 0, sizeof *j->out);
    return false;
}

/* The head of a packet that the capture cut.  believed: the key needs no IP packet of about
 * the right length to speak for it. */
static bool
open_cut(struct esp_try *t, struct esp_job *j, size_t captured, bool believed)
{
    struct esp_opener *o = opener_of(t);
    size_t text = o ? esp_text_len(o, j->len) : 0, want = MIN(text, (size_t)KEYRING_HEAD), said;
    struct esp_clear c = { .icv = ICV_UNKNOWN, .cut = true, .next_header = IP6_NO_NEXT, .opened = true };

    while (want && esp_peek_reach(o, want) > captured) {
        want--;
    }
    if (!want) {
        return false;
    }
    c.payload_len = text;
    c.head_len = esp_peek(o, j->at, j->len, t->esn && t->has_top ? guess_high(t->top, j->seq) : 0, c.head, want);
    said = clear_ip_length(c.head, c.head_len);
    if (said && said + ESP_TRAILER <= text && said + ESP_TRAILER + PAD_MAX >= text) {
        c.next_header = c.head[0] >> 4 == 4 ? IP_IPV4 : IP_IPV6;
    } else if (!believed) {
        return false;
    }
    *j->out = c;
    return true;
}

static bool
derived_fits(void *context, const struct esp_keys *keys)
{
    struct esp_job *j = (struct esp_job *)context;
    bool wrong = j->wrong;

    for (int esn = 0; esn < 2; esn++) {
        struct esp_try t = { .keys = keys, .esn = esn != 0 };
        bool opened = open_with(&t, j);
        esp_opener_free(t.opener);
        t.opener = NULL;
        if (opened) {
            j->found = t;
            return true;
        }
    }
    j->wrong = wrong;                   /* a key that only might be says nothing of the packet */
    return false;
}

static bool
open_derived(struct keyring *k, struct esp_lock *l, struct esp_job *j)
{
    GPtrArray *list = (GPtrArray *)g_hash_table_lookup(k->origins, GUINT_TO_POINTER(l->spi));

    for (guint i = list ? list->len : 0; i-- > 0;) {
        const struct esp_keys *keys = keyring_derive_esp(k, (struct origin *)g_ptr_array_index(list, i), derived_fits, j);
        if (!keys) {
            continue;
        }
        j->found.keys = keys;
        *add_try(l, keys, j->found.esn) = j->found;
        l->right = (int)l->num - 1;
        /* It is known now: nothing is left to derive. */
        g_ptr_array_remove_index(list, i);
        k->num_origins--;
        return true;
    }
    return false;
}

/* Once a key has proved right with or without extended numbers, its other way is wrong. */
static bool
superseded(const struct esp_lock *l, const struct esp_try *t)
{
    for (unsigned i = 0; i < l->num && !t->proved; i++) {
        if (l->tries[i].keys == t->keys && l->tries[i].proved) {
            return true;
        }
    }
    return false;
}

/* The one key that opens the other packets of the SPI; NULL where there are several. */
static struct esp_try *
only_proved(struct esp_lock *l)
{
    struct esp_try *one = NULL;

    for (unsigned i = 0; i < l->num; i++) {
        if (l->tries[i].proved && one) {
            return NULL;
        }
        one = l->tries[i].proved ? &l->tries[i] : one;
    }
    return one;
}

static bool
open_any_cut(struct esp_lock *l, struct esp_job *j, size_t captured)
{
    struct esp_try *one = only_proved(l);

    if (one) {
        return open_cut(one, j, captured, true);
    }
    for (unsigned i = 0; i < l->num; i++) {
        if (!superseded(l, &l->tries[i]) && open_cut(&l->tries[i], j, captured, false)) {
            return true;
        }
    }
    return false;
}

static bool
open_any(struct esp_lock *l, struct esp_job *j)
{
    if (l->right >= 0 && open_with(&l->tries[l->right], j)) {
        return true;
    }
    for (unsigned i = 0; i < l->num; i++) {
        struct esp_try *t = &l->tries[i];
        if ((int)i != l->right && !superseded(l, t) && open_with(t, j)) {
            l->right = (int)i;
            return true;
        }
    }
    return false;
}

bool
keyring_open_esp(struct keyring *k, struct esp_clear *out, const uint8_t *at, size_t captured, size_t reported, bool verify)
{
    struct esp_job j = { .at = at, .len = reported, .out = out };
    struct esp_lock *l;
    bool cut = captured < reported, known;

    memset(out, 0, sizeof *out);
    if (captured < HEADER || captured > reported) {
        return false;
    }
    l = lock_of(k, be32(at));
    if (!l || (l->failures >= ANY_SPI_TRIES && l->num == l->num_any && !g_hash_table_lookup(k->origins, GUINT_TO_POINTER(l->spi)))) {
        return false;
    }
    j.seq = be32(at + 4);
    j.named = l->logged;
    touch(k, l);
    if (!verify && !cut && l->right >= 0 && peek_with(&l->tries[l->right], &j)) {
        return true;
    }
    known = l->num > l->num_any;
    if (cut) {
        return open_any_cut(l, &j, captured);
    }
    if (open_any(l, &j) || open_derived(k, l, &j)) {
        return true;
    }
    l->failures += l->right < 0;
    out->icv = known && j.wrong ? ICV_BAD : ICV_UNKNOWN;
    return false;
}

/* --- for showing ------------------------------------------------------------------------------ */

/* The packet may be an old one: the top of its SA has gone on since. */
static bool
show_with(struct esp_try *t, const uint8_t *at, size_t len, uint8_t *clear, size_t *clear_len)
{
    struct esp_opener *o = opener_of(t);
    uint32_t high = t->esn && t->has_top ? (uint32_t)(t->top >> 32) + 1 : t->esn ? ESN_STARTS - 1 : 0;

    for (unsigned i = 0; o && i <= KEYRING_MAX_HIGHS; i++, high--) {
        enum esp_verdict v = esp_verify(o, at, len, high);
        if (v == ESP_VERIFIED || (v == ESP_NO_ICV && t->proved)) {
            return esp_open(o, at, len, high, clear, clear_len);
        }
        if (v != ESP_ICV_WRONG || !high) {
            return false;
        }
    }
    return false;
}

size_t
keyring_open_esp_whole(struct keyring *k, const uint8_t *at, size_t len, uint8_t *out, size_t size, uint8_t *next_header)
{
    struct esp_lock *l = len >= HEADER ? (struct esp_lock *)g_hash_table_lookup(k->locks, GUINT_TO_POINTER(be32(at))) : NULL;
    uint8_t *clear;
    struct span payload;
    size_t n = 0;
    bool opened = false;

    if (!l) {
        return 0;
    }
    touch(k, l);
    clear = (uint8_t *)g_malloc(len);
    for (unsigned i = 0; i < l->num && !opened; i++) {
        opened = l->tries[i].proved && show_with(&l->tries[i], at, len, clear, &n);
    }
    opened = opened && esp_clear_read(next_header, &payload, clear, n);
    n = opened ? MIN(payload.len, size) : 0;
    if (n) {
        memcpy(out, payload.at, n);
    }
    crypt_wipe(clear, len);
    g_free(clear);
    return n;
}
