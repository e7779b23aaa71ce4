/* From frames to IKE, ESP and AH: links, tunnels, fragments, cut frames, unknown links.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/frame.h>
#include <espial/limits.h>
#include <stdlib.h>

/* Octets under construction; layers are put in front. */
struct packet {
    uint8_t at[512];
    size_t start, end;
};

static struct packet
payload(const void *octets, size_t len)
{
    struct packet p = { .start = 256, .end = 256 + len };

    memcpy(p.at + 256, octets, len);
    return p;
}

static uint8_t *
front(struct packet *p, size_t n)
{
    p->start -= n;
    memset(p->at + p->start, 0, n);
    return p->at + p->start;
}

static void
be(uint8_t *at, size_t n)
{
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
}

static void
ipv4(struct packet *p, uint8_t protocol)
{
    static const uint8_t ends[8] = { 192, 0, 2, 10, 198, 51, 100, 20 };    /* both addresses */
    uint8_t *h = front(p, 20);
    uint32_t sum = 0;

    h[0] = 0x45;
    be(h + 2, p->end - p->start);
    be(h + 4, 0x1234);
    h[8] = 64;
    h[9] = protocol;
    memcpy(h + 12, ends, sizeof ends);
    for (size_t i = 0; i < 20; i += 2) {
        sum += (uint32_t)(h[i] << 8 | h[i + 1]);
    }
    be(h + 10, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
}

static void
ipv6(struct packet *p, uint8_t next)
{
    size_t len = p->end - p->start;
    uint8_t *h = front(p, 40);

    h[0] = 0x60;
    be(h + 4, len);
    h[6] = next;
    h[7] = 64;
    h[8] = h[24] = 0x20;
    h[23] = 1;
    h[39] = 2;
}

static void
udp(struct packet *p, uint16_t from, uint16_t to)
{
    uint8_t *h = front(p, 8);

    be(h, from);
    be(h + 2, to);
    be(h + 4, p->end - p->start);
}

static void
ethernet(struct packet *p, uint16_t type)
{
    be(front(p, 14) + 12, type);
}

static void
put(struct packet *p, const void *octets, size_t n)
{
    memcpy(front(p, n), octets, n);
}

/* The frame cut to n octets, in a block of just that size. */
static unsigned
parts_of(const struct packet *p, enum frame_link link, size_t n, struct frame_part *out,
         unsigned max)
{
    uint8_t *copy = (uint8_t *)malloc(n ? n : 1);
    struct octets o = { copy, n, p->end - p->start };
    struct frame_walk w = { 0 };
    struct frame_part one;
    unsigned found = 0;

    memcpy(copy, p->at + p->start, n);
    frame_begin(&w, link, &o);
    while (frame_next(&w, &one)) {
        if (one.octets.captured > one.octets.reported || one.octets.at < copy ||
            one.octets.at + one.octets.captured > copy + n) {
            T(false);
        }
        if (found < max) {
            out[found] = one;
            out[found].octets.at = p->at + p->start + (one.octets.at - copy);
        }
        found++;
    }
    free(copy);
    return found;
}

static const uint8_t esp[] = { 0xd6, 0x22, 0xd0, 0xc9, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
                               9, 9, 9, 9, 9 };

/* One part of that kind that holds the octets, and at every shorter length none or one that
 * says that it was cut. */
static void
holds(const struct packet *p, enum frame_link link, enum frame_kind kind, const void *octets,
      size_t len, int line)
{
    struct frame_part part = { 0 }, cut;
    size_t all = p->end - p->start;
    bool good = parts_of(p, link, all, &part, 1) == 1 && part.kind == kind &&
                part.octets.captured == len &&
                part.octets.reported == len && memcmp(part.octets.at, octets, len) == 0;

    t_check(good, __FILE__, line, "one part with its octets");
    for (size_t n = 0; n < all; n++) {
        if (parts_of(p, link, n, &cut, 1) && cut.octets.captured >= cut.octets.reported &&
            cut.octets.reported != len) {
            t_check(false, __FILE__, line, "a cut frame says so");
        }
    }
}
#define HOLDS_ESP(p, link) holds(&(p), link, FRAME_ESP, esp, sizeof esp, __LINE__)

static void
links(void)
{
    static const uint8_t vlan[] = { 0, 5, 8, 0 }, label[] = { 0, 0, 0x11, 64 },
                                  bottom[] = { 0, 1, 1, 64 };
    struct packet native = payload(esp, sizeof esp), p;

    ipv4(&native, 50);
    HOLDS_ESP(native, FRAME_LINK_IP);
    p = native;
    ethernet(&p, 0x0800);
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p.end += 18;                        /* padding to the smallest frame */
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p = native;
    put(&p, vlan, 4);
    put(&p, "\0\7\x81\0", 4);
    ethernet(&p, 0x88a8);
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p = native;
    put(&p, bottom, 4);
    put(&p, label, 4);
    p.at[p.start + 2] = 0x10;           /* not the bottom of the stack */
    ethernet(&p, 0x8847);
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p = native;
    ethernet(&p, 0x0800);
    put(&p, "\0\0\0\0", 4);             /* control word of a pseudowire */
    put(&p, bottom, 4);
    ethernet(&p, 0x8847);
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p = native;
    put(&p, "\x11\0\0\1\0\0\0\x21", 8); /* PPPoE, PPP */
    ethernet(&p, 0x8864);
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p = native;
    put(&p, "\xaa\xaa\3\0\0\0\x08\0", 8);
    ethernet(&p, 60);
    HOLDS_ESP(p, FRAME_LINK_ETHERNET);
    p = native;
    be(front(&p, 16) + 14, 0x0800);
    HOLDS_ESP(p, FRAME_LINK_SLL);
    p = native;
    be(front(&p, 20), 0x0800);
    HOLDS_ESP(p, FRAME_LINK_SLL2);
    p = native;
    put(&p, "\2\0\0\0", 4);
    HOLDS_ESP(p, FRAME_LINK_NULL);
    p = native;
    put(&p, "\xff\3\0\x21", 4);
    HOLDS_ESP(p, FRAME_LINK_PPP);
}

static void
tunnels(void)
{
    static const uint8_t options[] = { 60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0,
                                       0, 0, 0, 0 };
    struct packet native = payload(esp, sizeof esp), six = native, p;

    ipv4(&native, 50);
    ipv6(&six, 50);
    HOLDS_ESP(six, FRAME_LINK_IP);
    p = payload(esp, sizeof esp);
    put(&p, options, sizeof options);
    ipv6(&p, 0);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p = native;
    put(&p, "\x30\0\x08\0\0\0\0\1\0\0\0\2", 12);        /* GRE with key and sequence number */
    ipv4(&p, 47);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p = six;
    ipv4(&p, 41);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p = native;
    put(&p, "\x34\xff\0\0\0\0\0\1\0\0\0\x85\1\0\0\0", 16);      /* GTP-U with an extension header */
    udp(&p, 2152, 2152);
    ipv4(&p, 17);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p = native;
    ethernet(&p, 0x0800);
    put(&p, "\x08\0\0\0\0\0\7\0", 8);
    udp(&p, 50000, 4789);
    ipv4(&p, 17);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p = six;
    put(&p, "\1\0\x86\xdd\0\0\7\0\0\0\0\0", 12);        /* Geneve with one option */
    udp(&p, 50000, 6081);
    ipv4(&p, 17);
    HOLDS_ESP(p, FRAME_LINK_IP);
}

static void
udp_ports(void)
{
    static const uint8_t ike[40] = { 1, 2, 3, 4, 5, 6, 7, 8 }, keepalive[] = { 0xff };
    struct packet p = payload(esp, sizeof esp);
    struct frame_part part;

    udp(&p, 4500, 61234);               /* the peer is behind a NAT */
    ipv4(&p, 17);
    HOLDS_ESP(p, FRAME_LINK_IP);
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 1 && part.udp &&
      part.src_port == 4500 &&
      part.dst_port == 61234 && part.src.bytes[3] == 10 && part.dst.bytes[3] == 20 &&
          part.ip_id == 0x1234);
    p = payload(ike, sizeof ike);
    put(&p, "\0\0\0\0", 4);
    udp(&p, 4500, 4500);
    ipv6(&p, 17);
    holds(&p, FRAME_LINK_IP, FRAME_IKE, ike, sizeof ike, __LINE__);
    p = payload(ike, sizeof ike);
    udp(&p, 500, 500);
    ipv4(&p, 17);
    holds(&p, FRAME_LINK_IP, FRAME_IKE, ike, sizeof ike, __LINE__);
    p = payload(keepalive, 1);
    udp(&p, 4500, 4500);
    ipv4(&p, 17);
    holds(&p, FRAME_LINK_IP, FRAME_KEEPALIVE, keepalive, 1, __LINE__);
    p = payload(esp, sizeof esp);
    udp(&p, 53, 5353);
    ipv4(&p, 17);
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 0);
}

/* IKE behind the marker of UDP 4500 on UDP 500; and Cisco's UDP 10000, where ESP goes, and IKE
 * behind that marker. */
static void
markers(void)
{
    static const uint8_t keepalive[] = { 0xff }, ike[48] = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 46, 0x20, 35, 8, 0, 0, 0, 1, 0, 0, 0, 48,
        35, 0, 0, 20, 7, 7, 7
    };
    static const unsigned ports[] = { 500, 10000, 53 };
    struct frame_part part;

    for (size_t i = 0; i < 3; i++) {
        for (unsigned of = 0; of < 3; of++) {
            struct packet p = of == 0 ? payload(ike, sizeof ike) :
                              of == 1 ? payload(esp, sizeof esp) : payload(keepalive, 1);
            if (of == 0) {
                put(&p, "\0\0\0\0", 4);
            }
            udp(&p, ports[i], ports[i]);
            ipv4(&p, 17);
            memset(&part, 0, sizeof part);
            T((parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 1) ==
              (i == 0 || i == 1 || of == 0));
            T(part.misplaced_marker == (i == 0 && of == 0));
            T(part.by_form == (i > 0 && of == 0) && part.own_ports == (i == 1 || (i && !of)));
            T(i != 1 || part.kind == (of == 0 ? FRAME_IKE : of == 1 ? FRAME_ESP : FRAME_KEEPALIVE));
        }
    }
}

static void
ah_and_esp(void)
{
    struct packet p = payload(esp, sizeof esp);
    struct frame_part parts[3];

    put(&p, "\x32\4\0\0\0\0\1\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    ipv4(&p, 51);
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, parts, 3) == 2 && parts[0].kind == FRAME_AH &&
      parts[0].octets.captured == 24 + sizeof esp && parts[1].kind == FRAME_ESP &&
          parts[1].octets.captured == sizeof esp);
    for (size_t n = 0; n < p.end - p.start; n++) {
        T(parts_of(&p, FRAME_LINK_IP, n, parts, 3) <= 2);
    }
}

static void
fragments(void)
{
    struct packet p = payload(esp, sizeof esp);
    struct octets whole = { esp, sizeof esp, sizeof esp }, o;
    struct frame_walk w = { 0 };
    struct frame_part part;

    ipv4(&p, 50);
    be(p.at + p.start + 6, 3);          /* the last one */
    o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
    frame_begin(&w, FRAME_LINK_IP, &o);
    T(frame_next(&w, &part) && part.kind == FRAME_FRAGMENT && part.protocol == 50 &&
      !part.first_fragment);
    T(!frame_next(&w, &part));
    frame_enter(&w, part.protocol, &whole, true);
    T(frame_next(&w, &part) && part.kind == FRAME_ESP && part.reassembled &&
      part.octets.at == esp && part.src.bytes[0] == 192);
    p = payload(esp, sizeof esp);
    udp(&p, 500, 500);
    put(&p, "\x11\0\0\1\0\1\xab\xcd", 8);       /* the first of several, IPv6 */
    ipv6(&p, 44);
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 1 && part.kind == FRAME_FRAGMENT &&
      part.protocol == 17 &&
      part.first_fragment && part.src_port == 500 && part.ip_id == 0xabcd);
    p.at[p.start + 43] = 0;             /* an atomic fragment is whole (RFC 6946) */
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 1 && part.kind == FRAME_IKE);
}

/* Inside ESP only IPsec counts: an ICMP error or a fragment there is the user's. */
static void
inside(void)
{
    struct packet p = payload("\3\4\0\0\0\0\0\0", 8);
    struct frame_walk w = { 0 };
    struct frame_part part;
    struct octets o;

    ipv4(&p, 1);
    o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
    frame_begin(&w, FRAME_LINK_IP, &o);
    T(frame_next(&w, &part) && part.kind == FRAME_ICMP && w.ip.at == o.at);
    frame_enter(&w, 4, &o, false);
    T(!frame_next(&w, &part));
    p = payload(esp, sizeof esp);
    ipv4(&p, 50);
    o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
    frame_enter(&w, 4, &o, false);
    T(frame_next(&w, &part) && part.kind == FRAME_ESP);
}

/* No frame is so deep that the walk does not end. */
static void
nested(void)
{
    struct packet p = payload(esp, sizeof esp);
    struct frame_part part;

    for (int i = 0; i < 11; i++) {
        ipv4(&p, 4);
    }
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 0);
    for (unsigned bit = 0; bit < 8 * (p.end - p.start); bit++) {
        p.at[p.start + bit / 8] ^= (uint8_t)(1 << bit % 8);
        T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) <= FRAME_MAX_STEPS);
        p.at[p.start + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* As many headers of IPsec as two tunnels of AH and ESP have, and not one more. */
static void
deep(void)
{
    const unsigned most = FRAME_MAX_IPSEC;

    for (unsigned n = 1; n <= 2 * most; n++) {
        struct packet p = payload(esp, sizeof esp);
        struct frame_walk w = { 0 };
        struct frame_part one;
        struct octets o;
        unsigned found = 0;

        for (unsigned i = 1; i < n; i++) {
            put(&p, i == 1 ? "\x32\1\0\0\0\0\1\1\0\0\0\1" : "\x33\1\0\0\0\0\1\1\0\0\0\1", 12);
        }
        ipv4(&p, n > 1 ? 51 : 50);
        o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
        for (frame_begin(&w, FRAME_LINK_IP, &o); frame_next(&w, &one); found++) {
            T(one.kind == (found + 1 == n ? FRAME_ESP : FRAME_AH));
        }
        T(found == (n > most ? most : n) && w.capped == (n > most));
    }
}

static void
search(void)
{
    struct packet p = payload(esp, sizeof esp);
    struct frame_walk w = { 0 };
    struct frame_part part;
    struct octets o;
    size_t from = 0;

    ipv4(&p, 50);
    put(&p, "\x88\x01\x46\x45\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xaa\xaa\3\0\0\0\x08\0",
        34);    /* IEEE 802.11 */
    o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
    T(frame_search(&w, &o, &from) && frame_next(&w, &part) && part.kind == FRAME_ESP && from == 35);
    T(!frame_search(&w, &o, &from));
    p.at[p.start + 34 + 10] ^= 1;       /* the checksum is all that tells chance from a header */
    from = 0;
    T(!frame_search(&w, &o, &from));
    for (size_t n = 0; n < p.end - p.start; n++) {
        o.captured = o.reported = n;
        from = 0;
        T(!frame_search(&w, &o, &from));
    }
}

static unsigned
num_parts(const struct packet *p, enum frame_link link)
{
    struct frame_part part;

    return parts_of(p, link, p->end - p->start, &part, 1);
}

/* What is as long as the walk follows, and one longer. */
static void
limits(void)
{
    static const uint8_t option[] = { 60, 0, 0, 0, 0, 0, 0, 0 },
                                    last[] = { 50, 0, 0, 0, 0, 0, 0, 0 };
    struct packet p;
    struct frame_walk w = { 0 };
    struct octets o;
    size_t from;

    for (unsigned more = 0; more < 2; more++) {
        /* IPv6 extension headers: the last turn finds ESP */
        p = payload(esp, sizeof esp);
        put(&p, last, sizeof last);
        for (unsigned i = 0; i < FRAME_MAX_EXTENSIONS - 2 + more; i++) {
            put(&p, option, sizeof option);
        }
        ipv6(&p, 60);
        T(num_parts(&p, FRAME_LINK_IP) == !more);

        p = payload(esp, sizeof esp);               /* extension headers of GTP-U */
        ipv4(&p, 50);
        put(&p, "\1\0\0\0", 4);
        for (unsigned i = 0; i < FRAME_MAX_EXTENSIONS - 1 + more; i++) {
            put(&p, "\1\0\0\x85", 4);
        }
        put(&p, "\x34\xff\0\0\0\0\0\1\0\0\0\x85", 12);
        udp(&p, 2152, 2152);
        ipv4(&p, 17);
        T(num_parts(&p, FRAME_LINK_IP) == !more);

        p = payload(esp, sizeof esp);               /* MPLS labels; the bottom one has the S bit */
        ipv4(&p, 50);
        put(&p, "\0\1\1\x40", 4);
        for (unsigned i = 0; i < FRAME_MAX_LABELS - 1 + more; i++) {
            put(&p, "\0\1\0\x40", 4);
        }
        ethernet(&p, 0x8848);
        T(num_parts(&p, FRAME_LINK_ETHERNET) == !more);
    }
    /* what an unknown link puts behind an IPv6 packet */
    for (unsigned more = 0; more < 2; more++) {
        p = payload(esp, sizeof esp);
        ipv6(&p, 50);
        memset(p.at + p.end, 0, FRAME_MAX_TRAILER + more);
        p.end += FRAME_MAX_TRAILER + more;
        put(&p, "\1\2\3", 3);
        o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
        from = 0;
        T(frame_search(&w, &o, &from) == !more);
    }
    for (unsigned more = 0; more < 2; more++) {     /* and before an IPv4 packet */
        uint8_t frame[FRAME_MAX_SEARCH + 128] = { 0 };
        size_t at = FRAME_MAX_SEARCH - 1 + more, len;
        p = payload(esp, sizeof esp);
        ipv4(&p, 50);
        len = p.end - p.start;
        memcpy(frame + at, p.at + p.start, len);
        o = (struct octets){ frame, at + len, at + len };
        from = 0;
        T(frame_search(&w, &o, &from) == !more);
    }
}

/* Layers behind the rarer types, and what leads nowhere. */
static void
rare(void)
{
    struct packet native = payload(esp, sizeof esp), p;
    struct frame_walk w = { 0 };
    struct frame_part part;
    struct octets o;

    ipv4(&native, 50);
    p = native;
    put(&p, "\0\0\x88\x0b\xff\3\0\x21", 8);       /* PPP in GRE version 0 */
    ipv4(&p, 47);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p.at[p.start + 20 + 1] = 1;                     /* version 1 is PPTP's own, and compressed */
    T(num_parts(&p, FRAME_LINK_IP) == 0);
    p = native;
    ethernet(&p, 0x0800);
    put(&p, "\x80\0\x65\x58\0\0\0\0", 8);         /* Ethernet in GRE, with a checksum */
    ipv4(&p, 47);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p = native;
    ethernet(&p, 0x88cc);                           /* LLDP */
    T(num_parts(&p, FRAME_LINK_ETHERNET) == 0);
    T(num_parts(&p, FRAME_LINK_OTHER) == 0);
    p = native;
    put(&p, "\x30\xff\0\0\0\0\0\1", 8);            /* GTP-U without options */
    udp(&p, 2152, 2152);
    ipv4(&p, 17);
    HOLDS_ESP(p, FRAME_LINK_IP);
    p.at[p.start + 28 + 1] = 1;                     /* an echo request */
    T(num_parts(&p, FRAME_LINK_IP) == 0);

    /* IP headers that cannot be: a length shorter than itself, versions that are none. */
    p = native;
    p.at[p.start] = 0x44;
    T(num_parts(&p, FRAME_LINK_IP) == 0);
    p.at[p.start] = 0x55;
    T(num_parts(&p, FRAME_LINK_IP) == 0);

    /* Inside ESP the user's own fragments and tunnels are no part of IPsec. */
    p = payload(esp, sizeof esp);
    ipv4(&p, 50);
    be(p.at + p.start + 6, 0x2000);
    o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
    frame_begin(&w, FRAME_LINK_IP, &o);
    T(frame_next(&w, &part) && part.kind == FRAME_FRAGMENT && part.first_fragment);
    frame_enter(&w, 4, &o, false);
    T(!frame_next(&w, &part));
    p = native;
    put(&p, "\x08\0\0\0\0\0\7\0", 8);
    udp(&p, 50000, 4789);
    ipv4(&p, 17);
    o = (struct octets){ p.at + p.start, p.end - p.start, p.end - p.start };
    frame_enter(&w, 4, &o, false);
    T(!frame_next(&w, &part));

    /* TCP: a segment without data, one of IKE's port, one of another. */
    p = payload("\0\x20", 2);
    memcpy(front(&p, 20) + 12, "\x50\x02", 2);
    be(p.at + p.start, 4500);
    ipv4(&p, 6);
    T(parts_of(&p, FRAME_LINK_IP, p.end - p.start, &part, 1) == 1 && part.kind == FRAME_TCP &&
      part.tcp_syn && part.src_port == 4500);
    be(p.at + p.start + 20, 80);
    T(num_parts(&p, FRAME_LINK_IP) == 0);
    p.end -= 2;
    be(p.at + p.start + 2, p.end - p.start);
    be(p.at + p.start + 20, 4500);
    T(num_parts(&p, FRAME_LINK_IP) == 0);
}

int
main(void)
{
    limits();
    rare();
    links();
    tunnels();
    udp_ports();
    markers();
    ah_and_esp();
    fragments();
    inside();
    nested();
    deep();
    search();
    return t_done();
}
