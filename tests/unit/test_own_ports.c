/* What goes to ports of one's own, on which IKE was found by its form: ESP of the same two ends,
 * also where a NAT changes the port of the one that began; but nothing else that uses the port.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"
#include "own_ports.h"
#include "t.h"

#include <espial/frame.h>
#include <string.h>

static const uint8_t here[] = { 192, 0, 2, 1 }, gateway[] = { 198, 51, 100, 1 },
                     other[] = { 203, 0, 113, 9 };

static bool
known(const struct feed *f, const uint8_t src[4], uint16_t from, const uint8_t dst[4], uint16_t to,
      uint32_t seq)
{
    uint8_t esp[40] = { 0xc0, 0, 0, 1, (uint8_t)(seq >> 24), (uint8_t)(seq >> 16),
                        (uint8_t)(seq >> 8), (uint8_t)seq };
    const struct frame_part part = { .kind = FRAME_ESP, .octets = { esp, sizeof esp, sizeof esp },
                                     .src = ip_from(4, src), .dst = ip_from(4, dst),
                                     .src_port = from, .dst_port = to };

    return own_ports_known(f, &part, 9);
}

enum { IP = 20, UDP = 8, MARKER = 4, IKE = 48 };

/* The first part of an IPv4 packet from UDP 24500 to 53000 that holds an encrypted message of main
 * mode, of which octet i is changed; IKE is known on that port, 0: on none. */
static struct frame_part
part_of(size_t i, bool marked, uint16_t port)
{
    uint8_t ike[IKE] = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 5, 0x10, 2, 1, 0, 0, 0, 0, 0, 0, 0, IKE,
        7, 7, 7, 7, 7, 7, 7, 7
    };
    uint8_t head = IP + UDP + (marked ? MARKER : 0), size = head + IKE;
    uint8_t packet[IP + UDP + MARKER + IKE] = {
        0x45, 0, 0, size, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1,
        24500 >> 8, 24500 & 0xff, 53000 >> 8, 53000 & 0xff, 0, (uint8_t)(size - IP)
    };
    const struct octets o = { packet, size, size };
    uint64_t bits[65536 / 64] = { 0 };
    struct frame_walk w = { 0 };
    struct frame_part part = { 0 };

    if (i < IKE) {
        ike[i] ^= 0x40;
    }
    memcpy(packet + head, ike, IKE);
    if (port) {
        bits[port / 64] |= UINT64_C(1) << port % 64;
        w.ports = bits;
    }
    frame_begin(&w, FRAME_LINK_IP, &o);
    if (!frame_next(&w, &part)) {
        part.kind = FRAME_ESP;          /* none, but of another kind than asked for */
    }
    return part;
}

/* IKEv1 goes on with an encrypted message behind the marker, on ports of its own; and where IKE is
 * known on one of the ports, what follows is looked at. */
static void
goes_on(void)
{
    static const uint16_t ports[] = { 24500, 53000 };

    for (size_t i = 0; i <= IKE; i++) {
        struct frame_part part = part_of(i, true, 0);
        /* SPIs, message ID and what is encrypted may be anything. */
        T((part.kind == FRAME_IKE && part.by_form && part.marked) ==
          (i < 16 || (i >= 20 && i < 24) || i >= 28));
    }
    T(part_of(IKE, false, 0).kind != FRAME_IKE);
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        struct frame_part part = part_of(IKE, false, ports[i]);
        T(part.kind == FRAME_IKE && part.own_ports && !part.by_form && !part.marked);
    }
}

int
main(void)
{
    struct feed_options o = { .sadb = { 64, 0.5 }, .seed = 7 };
    struct feed *f = feed_new(&o);
    const struct sighting ike = { .frame = 5, .src = ip_from(4, here), .dst = ip_from(4, gateway),
                                  .src_port = 53000, .dst_port = 24500 };
    const struct sighting late = { .frame = 10, .src = ip_from(4, other),
                                   .dst = ip_from(4, gateway), .src_port = 53000,
                                   .dst_port = 24500 };

    own_ports_add(f->own_ports, &ike);
    own_ports_add(f->own_ports, &late);
    T(known(f, here, 53000, gateway, 24500, 70000));    /* between the ports of IKE */
    T(known(f, gateway, 24500, here, 53000, 70000));
    T(known(f, here, 31007, gateway, 24500, 1));        /* the client's NAT has changed its port */
    T(known(f, gateway, 24500, here, 31007, 2));
    T(!known(f, here, 31007, gateway, 24500, 70000));   /* a query of DNS looks so */
    T(!known(f, here, 31007, gateway, 24500, 0));
    T(!known(f, here, 53000, gateway, 31007, 1));       /* the gateway's port stays */
    T(!known(f, gateway, 31007, here, 53000, 1));
    T(!known(f, other, 31007, gateway, 24500, 1));      /* its IKE comes later */
    feed_free(f);
    goes_on();
    return t_done();
}
