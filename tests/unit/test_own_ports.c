/* What goes to ports of one's own, on which IKE was found by its form: ESP of the same two ends,
 * also where a NAT changes the port of the one that began; but nothing else that uses the port.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"
#include "own_ports.h"
#include "t.h"

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
    return t_done();
}
