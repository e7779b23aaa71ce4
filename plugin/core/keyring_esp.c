/* keyring_esp.c - the keys of one SPI: tried with its packets, kept as openers, and the one
 * that proved right first.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_internal.h"

#include <espial/ipsec.h>
#include <espial/limits.h>
#include <string.h>

enum {
    HEADER = 8, TRAILER = 2, TAIL_FIRST = 18, TAIL_MAX = 257, PAD_MAX = 255,
    NEXT_ICMP = 1, NEXT_TCP = 6, NEXT_ICMPV6 = 58, NEXT_IPV4 = 4, NEXT_UDP = 17, NEXT_IPV6 = 41, NEXT_NONE = 59,
    IPV4_HEADER = 20, IPV6_HEADER = 40,
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

static uint32_t
be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
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
    uint64_t all = (uint64_t)high << 32 | seq;

    if (t->esn && (!t->has_top || all > t->top)) {
        t->top = all;
        t->has_top = true;
    }
}

/* --- clear text ------------------------------------------------------------------------ */

/* Padding, as far as it need be decrypted: its length, and 1, 2, 3, .. before it. */
static void
read_tail(struct esp_opener *o, struct esp_clear *out, const uint8_t *at, size_t len, uint32_t high)
{
    uint8_t tail[TAIL_MAX];
    size_t text = esp_text_len(o, len), got = esp_peek_tail(o, at, len, high, tail, TAIL_FIRST), pad;

    if (got < TRAILER) {
        out->bad_padding = true;
        return;
    }
    pad = tail[got - 2];
    out->next_header = tail[got - 1];
    out->payload_len = text - TRAILER;
    if (pad + TRAILER > text) {
        out->bad_padding = true;
        return;
    }
    if (pad + TRAILER > got) {
        got = esp_peek_tail(o, at, len, high, tail, pad + TRAILER);
    }
    for (size_t i = 0; i < pad; i++) {
        out->bad_padding = out->bad_padding || tail[got - TRAILER - pad + i] != i + 1;
    }
    if (!out->bad_padding) {
        out->payload_len = text - TRAILER - pad;
    }
}

/* The header checksum is right in a packet that a tunnel carries. */
static bool
is_ipv4(const uint8_t *head, size_t len)
{
    size_t header = (head[0] & 15) * (size_t)4;
    uint32_t sum = 0;

    if (header < IPV4_HEADER || header > len) {
        return false;
    }
    for (size_t i = 0; i < header; i += 2) {
        sum += (uint32_t)(head[i] << 8 | head[i + 1]);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff || sum == 0x1fffe;
}

/* IPv6 has none: its next header is one of few, and its addresses begin as those that are
 * assigned do (RFC 4291 section 2.4). */
static bool
is_ipv6(const uint8_t *head, size_t len)
{
    static const uint8_t next[] = { 0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 88, 89, 132, 136 };

    if (len < IPV6_HEADER || !memchr(next, head[6], sizeof next)) {
        return false;
    }
    for (size_t at = 8; at < IPV6_HEADER; at += 16) {
        if (head[at] && (head[at] < 0x20 || (head[at] > 0x3f && head[at] < 0xfc))) {
            return false;
        }
    }
    return true;
}

/* Octets of the IP packet at the start of the head, as its header says; 0: it is none. */
static size_t
ip_length(const uint8_t *head, size_t len)
{
    if (len && head[0] >> 4 == 4 && is_ipv4(head, len)) {
        return (size_t)(head[2] << 8 | head[3]);
    }
    if (len && head[0] >> 4 == 6 && is_ipv6(head, len)) {
        return IPV6_HEADER + (size_t)(head[4] << 8 | head[5]);
    }
    return 0;
}

/* Transport mode: the whole padding fits already, and the header must be one. */
static bool
is_transport(const struct esp_clear *c)
{
    const uint8_t *h = c->head;
    uint32_t sum = 0;

    if (c->next_header == NEXT_ICMP && c->head_len >= 8 && c->payload_len == c->head_len) {
        for (size_t i = 0; i < c->head_len; i++) {
            sum += (uint32_t)h[i] << (i % 2 ? 0 : 8);
        }
        sum = (sum & 0xffff) + (sum >> 16);
        return sum == 0xffff || sum == 0x1fffe;
    }
    if (c->next_header == NEXT_ICMP || c->next_header == NEXT_ICMPV6) {
        return c->head_len >= 8 && (h[0] < 20 || (c->next_header == NEXT_ICMPV6 && h[0] >= 128 && h[0] <= 161)) && h[1] < 16;
    }
    if (c->next_header == NEXT_TCP) {
        return c->head_len >= 20 && h[12] >> 4 >= 5 && (h[12] >> 4) * (size_t)4 <= c->payload_len && !(h[12] & 0xe);
    }
    return false;
}

/* Without an ICV only the clear text can speak for a key: of a tunnel's packet its header and
 * length, of others less, which is enough for a key that the log gives to this very SPI. */
static bool
plausible(const struct esp_clear *c, bool named)
{
    if (c->bad_padding) {
        return false;
    }
    if (c->next_header == NEXT_IPV4 || c->next_header == NEXT_IPV6) {
        return c->payload_len && ip_length(c->head, c->head_len) == c->payload_len &&
               c->head[0] >> 4 == (c->next_header == NEXT_IPV4 ? 4 : 6);
    }
    if (c->next_header == NEXT_UDP) {
        return c->head_len >= 8 && (size_t)(c->head[4] << 8 | c->head[5]) == c->payload_len;
    }
    return named && is_transport(c);
}

static void
read_clear(struct esp_opener *o, struct esp_clear *out, const uint8_t *at, size_t len, uint32_t high)
{
    read_tail(o, out, at, len, high);
    out->head_len = esp_peek(o, at, len, high, out->head, KEYRING_HEAD);
    out->head_len = MIN(out->head_len, out->payload_len);
    out->opened = true;
}

/* Packets that are noise inside are another SA's with the same SPI, or damaged: the ICV tells. */
static bool
looks_right(const struct esp_clear *c)
{
    return !c->bad_padding && (c->next_header != NEXT_IPV4 || (c->head_len && c->head[0] >> 4 == 4)) &&
           (c->next_header != NEXT_IPV6 || (c->head_len && c->head[0] >> 4 == 6));
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
            read_clear(o, j->out, j->at, j->len, highs[i]);
            j->out->icv = ICV_GOOD;
            saw(t, highs[i], j->seq);
            t->proved = true;
            return true;
        }
        if (v == ESP_NO_ICV) {
            struct esp_clear c = { .icv = ICV_UNKNOWN };
            read_clear(o, &c, j->at, j->len, highs[i]);
            if (!plausible(&c, j->named) && (!t->proved || !looks_right(&c))) {
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
    read_clear(o, j->out, j->at, j->len, high);
    if (looks_right(j->out)) {
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
    struct esp_clear c = { .icv = ICV_UNKNOWN, .cut = true, .next_header = NEXT_NONE, .opened = true };

    while (want && esp_peek_reach(o, want) > captured) {
        want--;
    }
    if (!want) {
        return false;
    }
    c.payload_len = text;
    c.head_len = esp_peek(o, j->at, j->len, t->esn && t->has_top ? guess_high(t->top, j->seq) : 0, c.head, want);
    said = ip_length(c.head, c.head_len);
    if (said && said + TRAILER <= text && said + TRAILER + PAD_MAX >= text) {
        c.next_header = c.head[0] >> 4 == 4 ? NEXT_IPV4 : NEXT_IPV6;
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
