/* keys.c - the key log at work: which key opens which packet.  Keys are tried once for
 * each SPI and kept as openers.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <espial/crypt.h>
#include <espial/ipsec.h>
#include <espial/keylog.h>
#include <espial/keyring.h>

#include <string.h>

/* The keys that a log gives to one SPI, with and without extended sequence numbers. */
struct lock {
    struct esp_opener **openers;
    unsigned num;
    int right;                  /* the one that has opened a packet, -1 */
};

struct keyring {
    struct keylog *log;
    GHashTable *locks;          /* SPI -> struct lock, NULL where no key fits */
    GHashTable *ike;            /* IKE SPIs -> index of the right key + 1 */
    GHashTable *fragments;      /* message key -> struct pieces */
};

/* IKE fragments of one message, opened (RFC 7383 section 2.5). */
struct pieces {
    unsigned total, have;
    uint8_t first;
    GByteArray **at;
};

static void
free_lock(gpointer p)
{
    struct lock *l = (struct lock *)p;

    for (unsigned i = 0; l && i < l->num; i++) {
        esp_opener_free(l->openers[i]);
    }
    if (l) {
        g_free(l->openers);
    }
    g_free(l);
}

static void
free_pieces(gpointer data)
{
    struct pieces *p = (struct pieces *)data;

    for (unsigned i = 0; i < p->total; i++) {
        if (p->at[i]) {
            g_byte_array_free(p->at[i], TRUE);
        }
    }
    g_free(p->at);
    g_free(p);
}

struct keyring *
keyring_new(struct keylog *log)
{
    struct keyring *k = g_new0(struct keyring, 1);

    k->log = log;
    k->locks = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_lock);
    k->ike = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    k->fragments = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_pieces);
    return k;
}

void
keyring_free(struct keyring *k)
{
    if (!k) {
        return;
    }
    g_hash_table_destroy(k->fragments);
    g_hash_table_destroy(k->ike);
    g_hash_table_destroy(k->locks);
    keylog_free(k->log);
    g_free(k);
}

static struct lock *
lock_of(struct keyring *k, uint32_t spi)
{
    const struct keylog_esp *const *keys;
    gpointer known;
    struct lock *l = NULL;

    if (g_hash_table_lookup_extended(k->locks, GUINT_TO_POINTER(spi), NULL, &known)) {
        return (struct lock *)known;
    }
    keys = keylog_find_esp(k->log, spi);
    if (keys) {
        l = g_new0(struct lock, 1);
        l->right = -1;
        l->openers = g_new0(struct esp_opener *, 2 * KEYLOG_MAX_PER_SPI + 2);
        for (size_t i = 0; keys[i]; i++) {
            struct esp_keys one = keys[i]->keys;
            for (int esn = 0; esn < 2; esn++) {
                one.esn = esn != 0;
                struct esp_opener *o = esp_opener_new(&one, NULL);
                if (o) {
                    l->openers[l->num++] = o;
                }
            }
        }
        g_hash_table_insert(k->locks, GUINT_TO_POINTER(spi), l);
    }
    return l;
}

/* Without an ICV the trailer is all that speaks for a key, and a packet that looks like
 * one inside. */
static bool
plausible(const uint8_t *clear, size_t len)
{
    struct inner_packet inner;
    struct span payload;
    uint8_t next;

    return esp_clear_read(&next, &payload, clear, len) && (next == 4 || next == 41) &&
           inner_packet_read(&inner, payload.at, payload.len);
}

static bool
open_all(struct keyring *k, const uint8_t *at, size_t len, uint8_t *out, size_t *n, enum icv_verdict *icv)
{
    uint32_t spi = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    struct lock *l = k ? lock_of(k, spi) : NULL;
    bool wrong = false;

    *icv = ICV_UNKNOWN;
    for (unsigned i = 0; l && i < l->num; i++) {
        enum esp_verdict v;
        if (l->right >= 0 && (unsigned)l->right != i) {
            continue;
        }
        v = esp_verify(l->openers[i], at, len, 0);
        wrong |= v == ESP_ICV_WRONG || v == ESP_BAD_LENGTH || v == ESP_TOO_SHORT;
        if (v != ESP_VERIFIED && v != ESP_NO_ICV) {
            continue;
        }
        if (!esp_open(l->openers[i], at, len, 0, out, n) || (v == ESP_NO_ICV && !plausible(out, *n))) {
            continue;
        }
        l->right = (int)i;
        *icv = v == ESP_VERIFIED ? ICV_GOOD : ICV_UNKNOWN;
        return true;
    }
    *icv = wrong ? ICV_BAD : ICV_UNKNOWN;
    return false;
}

bool
keyring_open_esp(struct keyring *k, struct esp_clear *c, const uint8_t *at, size_t captured, size_t reported, bool verify)
{
    uint8_t *out = g_malloc(captured + 1);
    size_t n;
    struct span payload;
    (void)verify;
    memset(c, 0, sizeof *c);
    if (captured == reported && open_all(k, at, captured, out, &n, &c->icv)) {
        c->opened = true;
        c->bad_padding = !esp_clear_read(&c->next_header, &payload, out, n);
        if (!c->bad_padding) {
            c->payload_len = payload.len;
            c->head_len = MIN(payload.len, sizeof c->head);
            memcpy(c->head, payload.at, c->head_len);
        }
    }
    g_free(out);
    return c->opened || c->icv == ICV_BAD;
}

size_t
keyring_open_esp_whole(struct keyring *k, const uint8_t *at, size_t len, uint8_t *out, size_t size, uint8_t *next)
{
    size_t n;
    struct span payload;
    enum icv_verdict icv;
    (void)size;
    if (!open_all(k, at, len, out, &n, &icv) || !esp_clear_read(next, &payload, out, n)) {
        return 0;
    }
    return payload.len;
}

struct keylog *keyring_log(struct keyring *k) { return k->log; }
void keyring_learn_ike(struct keyring *k, const struct ike_message *m) { (void)k; (void)m; }

/* --- IKEv2 ------------------------------------------------------------------ */

static bool
try_key(const struct keyring *k, size_t i, const struct ike_message *m, const uint8_t *at, size_t body, uint8_t *out, size_t *len)
{
    const struct keylog_ike2 *key = keylog_ike2(k->log, i);
    bool verified = false;

    return key && ike2_open(&key->keys, (m->flags & V2_INITIATOR) != 0, at, m->length, body, out, len, &verified);
}

static char *
spis(const struct ike_message *m)
{
    GString *s = g_string_new(NULL);

    for (int i = 0; i < 8; i++) {
        g_string_append_printf(s, "%02x%02x", m->spi_i[i], m->spi_r[i]);
    }
    return g_string_free(s, FALSE);
}

/* Keys change at IKE_INTERMEDIATE (RFC 9242 section 3.3.1), so that one SA may have
 * several: the last one that fitted is tried first. */
static bool
open_message(struct keyring *k, const struct ike_message *m, const uint8_t *at, size_t body, uint8_t *out, size_t *len)
{
    char *name = spis(m);
    size_t last = GPOINTER_TO_SIZE(g_hash_table_lookup(k->ike, name)), n = keylog_num_ike2(k->log);
    bool opened = last && try_key(k, last - 1, m, at, body, out, len);

    for (unsigned pass = 0; pass < 2 && !opened; pass++) {
        for (size_t i = 0, tries = 0; i < n && tries < KEYLOG_MAX_TRIES && !opened; i++) {
            bool named = memcmp(keylog_ike2(k->log, i)->spi_i, m->spi_i, 8) == 0;
            if (named == (pass == 0)) {
                tries++;
                opened = try_key(k, i, m, at, body, out, len);
                if (opened) {
                    g_hash_table_insert(k->ike, g_strdup(name), GSIZE_TO_POINTER(i + 1));
                }
            }
        }
    }
    g_free(name);
    return opened;
}

static bool
join(struct keyring *k, wmem_allocator_t *pool, struct ike_message *m, const char *name, const uint8_t *clear, size_t len)
{
    struct pieces *p = (struct pieces *)g_hash_table_lookup(k->fragments, name);
    size_t all = 0;
    uint8_t *out;

    if (!p) {
        p = g_new0(struct pieces, 1);
        p->total = m->fragments;
        p->at = g_new0(GByteArray *, p->total);
        g_hash_table_insert(k->fragments, g_strdup(name), p);
    }
    if (m->fragment < 1 || m->fragment > p->total || p->at[m->fragment - 1]) {
        return false;
    }
    p->at[m->fragment - 1] = g_byte_array_append(g_byte_array_new(), clear, (guint)len);
    p->have++;
    p->first = m->fragment == 1 ? m->inner_first : p->first;
    for (unsigned i = 0; p->have == p->total && i < p->total; i++) {
        all += p->at[i]->len;
    }
    if (p->have < p->total) {
        return false;
    }
    out = (uint8_t *)wmem_alloc(pool, all ? all : 1);
    all = 0;
    for (unsigned i = 0; i < p->total; i++) {
        memcpy(out + all, p->at[i]->data, p->at[i]->len);
        all += p->at[i]->len;
    }
    if (!ike_parse_inner(m, p->first, out, all)) {
        return false;
    }
    m->fragment = m->fragments = 0;             /* whole from here on */
    return true;
}

static bool
keyring_open_ike(struct keyring *k, wmem_allocator_t *pool, struct ike_message *m, const uint8_t *at, size_t captured, const char *name)
{
    uint8_t *out;
    size_t len, body;

    if (!k || m->major != 2 || !m->encrypted || m->readable || m->length > captured || !m->encrypted_body.at) {
        return false;
    }
    body = (size_t)(m->encrypted_body.at - at);
    out = (uint8_t *)wmem_alloc(pool, m->length);
    if (!open_message(k, m, at, body, out, &len)) {
        return false;
    }
    m->integrity_wrong = false;
    return m->fragments ? join(k, pool, m, name, out, len) : ike_parse_inner(m, m->inner_first, out, len);
}


bool
keyring_read_ike(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured)
{
    char *name = g_strdup_printf("%s.%u.%u.%u", spis(m), m->message_id, m->flags, m->exchange);
    return keyring_open_ike(k, wmem_file_scope(), m, at, captured, name);
}
