/* candidate.c - one key of ESP tried with a packet: its upper half, its ICV, its clear text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "candidate.h"

#include "clear.h"
#include "secrets.h"

#include <espial/cursor.h>
#include <espial/ipsec.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

enum {
    PAD_MAX = 255,
    ESN_WINDOW = 1024           /* packets behind the highest that may still come */
};

/* A peek has no ICV to prove the upper half: it is looked at again before it could be guessed
 * wrong. */
#define ESN_STALE (1u << 24)

struct esp_opener *
candidate_opener(struct esp_candidate *key)
{
    if (!key->opener && !key->refused) {
        struct esp_keys keys = *key->keys;
        keys.esn = key->esn;
        key->opener = esp_opener_new(&keys, NULL);
        key->refused = key->opener == NULL;
        crypt_wipe(&keys, sizeof keys);
    }
    return key->opener;
}

/* --- sequence numbers ---------------------------------------------------------------- */

/* RFC 4303 appendix A2.1: the upper half that puts the packet into the window or ahead of it. */
static uint32_t
guess_high(uint64_t top, uint32_t seq)
{
    uint32_t top_low = (uint32_t)top, top_high = (uint32_t)(top >> 32),
             bottom = top_low - (ESN_WINDOW - 1);

    if (top_low >= ESN_WINDOW - 1) {
        return seq >= bottom ? top_high : top_high + 1;
    }
    return seq >= bottom && top_high ? top_high - 1 : top_high;
}

/* Upper halves that a packet may have, the likeliest first. */
static unsigned
highs_of(const struct esp_candidate *key, uint32_t seq, uint32_t out[ESN_STARTS])
{
    unsigned n = 0;

    if (!key->esn) {
        out[n++] = 0;
        return n;
    }
    if (!key->has_top) {
        for (; n < ESN_STARTS; n++) {
            out[n] = n;
        }
        return n;
    }
    out[n++] = guess_high(key->top, seq);
    out[n] = out[0] + 1;                /* resynchronisation, A3 */
    n++;
    if (out[0]) {
        out[n] = out[0] - 1;
        n++;
    }
    return n;
}

static void
saw(struct esp_candidate *key, uint32_t high, uint32_t seq)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): 64 bits, not 32 */
    uint64_t all = (uint64_t)high << 32 | seq;

    if (key->esn && (!key->has_top || all > key->top)) {
        key->top = all;
        key->has_top = true;
    }
}

/* --- one packet --------------------------------------------------------------------------- */

/* The ICV speaks for the integrity key alone, but of an AEAD, which has one key: an encryption key
 * that is not this SA's gives noise, and in one of 256 packets right padding by chance. */
static void
judge_text(struct esp_candidate *key, struct esp_clear *c)
{
    if (!key->keys->integ || key->keys->encr == ENCR_NULL) {
        return;
    }
    if (clear_is_noise(c)) {
        key->noise++;
    } else {
        key->sense++;
    }
    c->noise = key->noise > key->sense;
    c->opened = !c->noise;
}

bool
candidate_opens(struct esp_candidate *key, struct esp_job *j)
{
    struct esp_opener *o = candidate_opener(key);
    uint32_t highs[ESN_STARTS];
    unsigned n = highs_of(key, j->seq, highs);

    for (unsigned i = 0; o && i < n; i++) {
        enum esp_verdict v = esp_verify(o, j->at, j->len, highs[i]);
        if (v == ESP_VERIFIED) {
            clear_read(o, j->out, j->at, j->len, highs[i]);
            judge_text(key, j->out);
            j->out->icv = ICV_GOOD;
            j->out->esn = key->esn;
            saw(key, highs[i], j->seq);
            key->proved = true;
            return true;
        }
        if (v == ESP_NO_ICV) {
            struct esp_clear c = { .icv = ICV_UNKNOWN };
            clear_read(o, &c, j->at, j->len, highs[i]);
            if (!clear_plausible(&c, j->named) && (!key->proved || !clear_looks_right(&c))) {
                return false;
            }
            key->proved = true;
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

bool
candidate_peeks(struct esp_candidate *key, struct esp_job *j)
{
    struct esp_opener *o = candidate_opener(key);
    uint32_t high = 0;

    if (key->esn) {
        if (!key->has_top || j->seq - (uint32_t)key->top + ESN_STALE > 2 * ESN_STALE) {
            return false;
        }
        high = guess_high(key->top, j->seq);
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

bool
candidate_opens_cut(struct esp_candidate *key, struct esp_job *j, size_t captured, bool believed)
{
    struct esp_opener *o = candidate_opener(key);
    size_t text = o ? esp_text_len(o, j->len) : 0, want = MIN(text, (size_t)KEYRING_HEAD), said;
    struct esp_clear c = {
        .icv = ICV_UNKNOWN, .cut = true, .next_header = IP6_NO_NEXT, .opened = true
    };
    uint32_t high;

    while (want && esp_peek_reach(o, want) > captured) {
        want--;
    }
    if (!want) {
        return false;
    }
    c.payload_len = text;
    high = key->esn && key->has_top ? guess_high(key->top, j->seq) : 0;
    c.head_len = esp_peek(o, j->at, j->len, high, c.head, want);
    said = clear_ip_length(c.head, c.head_len);
    if (said && said + ESP_TRAILER <= text && said + ESP_TRAILER + PAD_MAX >= text) {
        c.next_header = c.head[0] >> 4 == 4 ? IP_IPV4 : IP_IPV6;
    } else if (!believed) {
        return false;
    }
    *j->out = c;
    return true;
}
