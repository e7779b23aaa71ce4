/* fuzz_frames.c - frames of any link layer to IKE, ESP and AH, and the streams of TCP.  The
 * first octet says the link and what is known already; frames follow, each behind two octets
 * of length.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <espial/cursor.h>
#include <espial/frame.h>
#include <espial/ike.h>
#include <espial/ipsec.h>
#include <espial/limits.h>

enum { NUM_LINKS = FRAME_LINK_PPP + 1, ANY_PORT = 8, ANY_TCP = 16, JOIN = 32, CUT = 64,
       MAX_FRAMES = 64,
       MAX_PARTS = 4096 };

struct given {
    unsigned messages;
};

static void
give(void *context, bool ike, const struct octets *message)
{
    struct given *g = (struct given *)context;
    struct ipsec_packet p;

    g->messages++;
    MUST(message->captured <= message->reported);
    touch(message->at, message->captured);
    if (ike) {
        ike_plausible(message->at, message->captured);
    } else {
        esp_read(&p, message->at, message->captured, message->reported);
    }
}

static void
see_part(struct frame_walk *w, struct frame_part *part, struct tcp_encap *tcp, uint8_t mode,
         const uint8_t *at, size_t len)
{
    struct octets *o = &part->octets;
    struct given g = { 0 };

    MUST(o->captured <= o->reported && inside(o->at, o->captured, at, len));
    touch(o->at, o->captured);
    MUST(part->src.family == 0 || part->src.family == 4 || part->src.family == 6);
    MUST(part->src.family == part->dst.family);
    if (part->kind == FRAME_TCP) {
        tcp_encap_see(tcp, part, give, &g);
        tcp_encap_any(tcp);
    } else if (part->kind == FRAME_ESP && o->captured > ESP_HEADER) {
        /* As if it had been decrypted: the payload stands in the packet. */
        struct octets clear = { o->at + ESP_HEADER, o->captured - ESP_HEADER,
                                o->captured - ESP_HEADER };
        frame_enter(w, o->at[ESP_HEADER - 1], &clear, false);
    } else if (part->kind == FRAME_FRAGMENT && mode & JOIN) {
        struct octets joined = { o->at, o->captured, o->captured };
        frame_enter(w, part->protocol, &joined, true);
    }
}

static void
walk(struct frame_walk *w, struct tcp_encap *tcp, uint8_t mode, const uint8_t *at, size_t len)
{
    struct frame_part part;
    unsigned parts = 0;

    while (frame_next(w, &part)) {
        MUST(++parts < MAX_PARTS);
        see_part(w, &part, tcp, mode, at, len);
    }
    MUST(inside(w->ip.at, w->ip.captured, at, len));
}

static void
see_frame(struct tcp_encap *tcp, uint8_t mode, const uint8_t *data, size_t len)
{
    uint8_t *at = own_copy(data, len);
    struct octets frame = { at, len, len + (mode & CUT ? 100u : 0u) };
    struct frame_walk w = { .any_port = (mode & ANY_PORT) != 0, .any_tcp = (mode & ANY_TCP) != 0 };
    size_t from = 0, before;

    frame_begin(&w, (enum frame_link)((mode & 7) % NUM_LINKS), &frame);
    walk(&w, tcp, mode, at, len);
    for (before = 0; frame_search(&w, &frame, &from); before = from) {
        MUST(from > before);
        walk(&w, tcp, mode, at, len);
    }
    free(at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cur c = cur_of(data, size), body;
    struct tcp_encap *tcp;
    unsigned frames = 0;
    uint16_t len;
    uint8_t mode;

    if (!cur_u8(&c, &mode)) {
        return 0;
    }
    tcp = tcp_encap_new();
    while (frames++ < MAX_FRAMES && cur_u16(&c, &len) &&
           cur_sub(&c, &body, MIN(len, cur_left(&c)))) {
        see_frame(tcp, mode, body.at, cur_left(&body));
    }
    tcp_encap_capped(tcp);
    tcp_encap_free(tcp);
    return 0;
}
