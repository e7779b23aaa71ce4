/* IP fragments and Cisco's: every order, overlaps, duplicates, cut ones, an identification that
 * comes again, and what is given up.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/frame.h>
#include <espial/limits.h>
#include <espial/protocol.h>
#include <stdlib.h>

enum { WHOLE = 40, MAX_PACKET = 256 };

/* The datagram, whose octets count up. */
static uint8_t
octet(size_t at)
{
    return (uint8_t)(at * 7 + 1);
}

struct fragment {
    uint8_t packet[MAX_PACKET];
    struct frame_part part;
};

static void
make_part(struct fragment *f, bool v6, size_t header, size_t len)
{
    f->part = (struct frame_part){ .kind = FRAME_FRAGMENT, .protocol = 17 };
    f->part.src = v6 ? (struct ip_addr){ 6, { 0x20, 1, 0xd, 0xb8, 1 } } :
                       (struct ip_addr){ 4, { 192, 0, 2, 1 } };
    f->part.dst = v6 ? (struct ip_addr){ 6, { 0x20, 1, 0xd, 0xb8, 2 } } :
                       (struct ip_addr){ 4, { 192, 0, 2, 2 } };
    f->part.octets = (struct octets){ f->packet, header + len, header + len };
    f->part.payload = (struct octets){ f->packet + header, len, len };
    for (size_t i = 0; i < len; i++) {
        f->packet[header + i] = 0;
    }
}

static struct fragment
v4(uint16_t id, size_t offset, size_t len, bool more)
{
    struct fragment f;

    make_part(&f, false, IPV4_HEADER, len);
    memset(f.packet, 0, IPV4_HEADER);
    f.packet[0] = 0x45;
    f.packet[3] = (uint8_t)(IPV4_HEADER + len);
    f.packet[4] = (uint8_t)(id >> 8);
    f.packet[5] = (uint8_t)id;
    f.packet[6] = (uint8_t)((more ? 0x20 : 0) | offset / 8 >> 8);
    f.packet[7] = (uint8_t)(offset / 8);
    for (size_t i = 0; i < len; i++) {
        f.packet[IPV4_HEADER + i] = octet(offset + i);
    }
    return f;
}

static struct fragment
v6(uint32_t id, size_t offset, size_t len, bool more)
{
    enum { HEADER = IPV6_HEADER + IPV6_FRAGMENT_HEADER };
    struct fragment f;

    make_part(&f, true, HEADER, len);
    memset(f.packet, 0, HEADER);
    f.packet[0] = 0x60;
    f.packet[5] = (uint8_t)(IPV6_FRAGMENT_HEADER + len);
    f.packet[6] = IP6_FRAGMENT;
    f.packet[IPV6_HEADER] = 17;
    f.packet[IPV6_HEADER + 2] = (uint8_t)(offset >> 8);
    f.packet[IPV6_HEADER + 3] = (uint8_t)(offset | more);
    f.packet[IPV6_HEADER + 7] = (uint8_t)id;
    for (size_t i = 0; i < len; i++) {
        f.packet[HEADER + i] = octet(offset + i);
    }
    return f;
}

static bool
add(struct datagrams *r, struct fragment f, struct octets *out)
{
    f.part.octets.at = f.packet;
    f.part.payload.at = f.packet + (f.part.octets.reported - f.part.payload.reported);
    return datagrams_join(r, &f.part, out);
}

static bool
is_whole(const struct octets *o, size_t len)
{
    bool same = o->captured == len && o->reported == len;

    for (size_t i = 0; same && i < len; i++) {
        same = o->at[i] == octet(i);
    }
    return same;
}

static struct fragment
any(bool six, uint16_t id, size_t offset, size_t len, bool more)
{
    return six ? v6(id, offset, len, more) : v4(id, offset, len, more);
}

static void
orders(bool six)
{
    static const unsigned all[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                        { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    struct datagrams *r = datagrams_new();
    struct octets out;

    for (unsigned i = 0; i < 6; i++) {
        for (unsigned j = 0; j < 3; j++) {
            unsigned n = all[i][j];
            bool whole = add(r, any(six, 7, (size_t)n * 16, n == 2 ? 8 : 16, n != 2), &out);
            T(whole == (j == 2));
        }
        T(is_whole(&out, WHOLE));
    }
    /* Another identification, protocol or address is another datagram. */
    T(!add(r, any(six, 8, 0, 16, true), &out));
    T(!add(r, any(six, 9, 16, 24, false), &out));
    T(add(r, any(six, 8, 16, 24, false), &out) && is_whole(&out, WHOLE));
    T(!datagrams_capped(r));
    datagrams_free(r);
}

static void
overlaps(bool six)
{
    struct datagrams *r = datagrams_new();
    struct octets out;
    struct fragment odd = any(six, 7, 8, 16, true);

    /* What begins first counts; of two that begin together the one that came first. */
    memset(odd.packet + odd.part.octets.reported - 16, 0xee, 16);
    T(!add(r, any(six, 7, 0, 16, true), &out));
    T(!add(r, any(six, 7, 0, 16, true), &out));
    T(!add(r, odd, &out));
    T(!add(r, any(six, 7, 8, 16, true), &out));
    T(add(r, any(six, 7, 24, 16, false), &out) && out.captured == WHOLE);
    T(out.at[15] == octet(15) && out.at[16] == 0xee && out.at[23] == 0xee &&
      out.at[24] == octet(24));
    /* Fragments behind the end are not of it. */
    T(!add(r, any(six, 7, 48, 16, true), &out));
    T(!add(r, any(six, 7, 32, 8, false), &out));
    T(add(r, any(six, 7, 0, 32, true), &out) && is_whole(&out, WHOLE));
    /* One that says more than the first end does: the first end counts. */
    T(!add(r, any(six, 7, 8, 16, false), &out));
    T(!add(r, any(six, 7, 16, 24, false), &out));
    T(add(r, any(six, 7, 0, 8, true), &out) && is_whole(&out, 24));
    datagrams_free(r);
}

/* As Wireshark has it: a copy of the last fragment begins a datagram, which goes on with the
 * identification's next use. */
static void
again(bool six)
{
    struct datagrams *r = datagrams_new();
    struct octets out;

    T(!add(r, any(six, 7, 0, 16, true), &out));
    T(!add(r, any(six, 7, 0, 16, true), &out));
    T(add(r, any(six, 7, 16, 24, false), &out) && is_whole(&out, WHOLE));
    T(!add(r, any(six, 7, 16, 24, false), &out));
    T(add(r, any(six, 7, 0, 16, true), &out) && is_whole(&out, WHOLE));
    datagrams_free(r);
}

static void
cut(bool six)
{
    struct datagrams *r = datagrams_new();
    struct fragment f = any(six, 7, 0, 16, true);
    struct octets out;

    f.part.payload.captured--;
    f.part.octets.captured--;
    T(!add(r, f, &out));
    T(!add(r, any(six, 7, 16, 24, false), &out));
    T(add(r, any(six, 7, 0, 16, true), &out) && is_whole(&out, WHOLE));
    f = any(six, 7, 0, 0, true);        /* a fragment of nothing */
    T(!add(r, f, &out));
    datagrams_free(r);
}

/* What was given stays while a frame goes on to give more. */
static void
stays(void)
{
    struct datagrams *r = datagrams_new();
    struct octets first, out;

    add(r, v4(7, 0, 16, true), &first);
    T(add(r, v4(7, 16, 24, false), &first));
    for (uint16_t i = 0; i + 1 < FRAME_MAX_STEPS; i++) {
        T(!add(r, v4(i, 0, 8, true), &out) && add(r, v4(i, 8, 8, false), &out));
    }
    T(is_whole(&first, WHOLE));
    datagrams_free(r);
}

static void
networks(void)
{
    struct datagrams *r = datagrams_new();
    struct fragment one = v4(7, 0, 16, true), other = v4(7, 16, 24, false);
    struct octets out;

    one.part.src.bytes[0] = other.part.src.bytes[0] = 10;     /* anybody has it */
    one.part.vlan = 5;
    other.part.vlan = 6;
    T(!add(r, one, &out) && !add(r, other, &out));
    other.part.vlan = 5;
    T(add(r, other, &out) && is_whole(&out, WHOLE));
    one.part.src.bytes[0] = other.part.src.bytes[0] = 203;
    other.part.vlan = 6;
    T(!add(r, one, &out));
    T(add(r, other, &out) && is_whole(&out, WHOLE));
    datagrams_free(r);
}

/* What the walk gives of a fragment behind two tags, the outermost of which counts. */
static void
walked(void)
{
    enum { TAGS = 22 };
    static const uint8_t link[TAGS] = { [12] = 0x88, 0xa8, 0, 7, 0x81, 0, 0, 5, 0x08, 0 };
    struct fragment f = v4(7, 0, 16, true);
    uint8_t frame[TAGS + MAX_PACKET];
    const struct octets o = { frame, TAGS + IPV4_HEADER + 16, TAGS + IPV4_HEADER + 16 };
    struct frame_walk w = { 0 };
    struct frame_part part;

    memcpy(frame, link, TAGS);
    memcpy(frame + TAGS, f.packet, IPV4_HEADER + 16);
    frame_begin(&w, FRAME_LINK_ETHERNET, &o);
    T(frame_next(&w, &part) && part.kind == FRAME_FRAGMENT && part.vlan == 7);
    T(part.payload.captured == 16 && part.payload.at == frame + TAGS + IPV4_HEADER);
    frame[TAGS + 3] = IPV4_HEADER - 1;          /* shorter than its own header: nobody reads it */
    frame_begin(&w, FRAME_LINK_ETHERNET, &o);
    T(!frame_next(&w, &part));
    frame[TAGS + 3] = 0;                        /* left to the adapter */
    frame_begin(&w, FRAME_LINK_ETHERNET, &o);
    T(frame_next(&w, &part) && part.kind == FRAME_FRAGMENT);
}

/* The oldest datagrams are given up, the newest are joined. */
static void
many(void)
{
    struct datagrams *r = datagrams_new();
    struct octets out;
    struct fragment f;

    for (unsigned i = 0; i < REASSEMBLY_MAX; i++) {
        f = v6(0, 0, 16, true);
        f.packet[IPV6_HEADER + 4] = (uint8_t)(i >> 8);
        f.packet[IPV6_HEADER + 7] = (uint8_t)i;
        T(!add(r, f, &out));
    }
    T(!datagrams_capped(r));
    f = v6(0xff, 0, 16, true);
    f.packet[IPV6_HEADER + 4] = 0xff;
    T(!add(r, f, &out) && datagrams_capped(r));
    T(!add(r, v6(0, 16, 24, false), &out));
    f = v6(0xff, 16, 24, false);
    f.packet[IPV6_HEADER + 4] = 0xff;
    T(add(r, f, &out) && is_whole(&out, WHOLE));
    datagrams_free(r);
}

/* Copies of one fragment without end. */
static void
flood(void)
{
    struct datagrams *r = datagrams_new();
    struct octets out;

    for (unsigned i = 0; i < REASSEMBLY_MAX_PIECES; i++) {
        add(r, v4(7, 8, 8, true), &out);
    }
    T(!datagrams_capped(r));
    T(!add(r, v4(7, 8, 8, true), &out) && datagrams_capped(r));
    datagrams_free(r);
}

static void
octets_held(void)
{
    enum { BIG = 60000 };
    struct datagrams *r = datagrams_new();
    struct fragment f = v4(7, 8, 8, true);
    uint8_t *big = (uint8_t *)calloc(1, IPV4_HEADER + BIG);
    struct octets out;

    memcpy(big, f.packet, IPV4_HEADER);
    big[2] = (IPV4_HEADER + BIG) >> 8;
    big[3] = (IPV4_HEADER + BIG) & 0xff;
    f.part.octets = (struct octets){ big, IPV4_HEADER + BIG, IPV4_HEADER + BIG };
    f.part.payload = (struct octets){ big + IPV4_HEADER, BIG, BIG };
    for (unsigned i = 0; i <= REASSEMBLY_MAX_OCTETS / BIG; i++) {
        T(!datagrams_capped(r));
        T(!datagrams_join(r, &f.part, &out));
    }
    T(datagrams_capped(r));
    T(!add(r, v4(7, 0, 16, true), &out));       /* nothing is left of it */
    T(add(r, v4(7, 16, 24, false), &out) && is_whole(&out, WHOLE));
    free(big);
    datagrams_free(r);
}

/* --- Cisco's --------------------------------------------------------------------------- */

static const struct ip_addr a = { 4, { 192, 0, 2, 1 } }, b = { 4, { 192, 0, 2, 2 } };

static bool
add_cisco(struct datagrams *r, const struct ip_addr *from, uint8_t number, bool last, size_t len,
          struct octets *out)
{
    enum { HEADER = IKE_HEADER + PAYLOAD_HEADER + 4 };
    uint8_t m[MAX_PACKET] = { 0 };
    const struct octets o = { m, HEADER + len, HEADER + len };

    m[16] = 132;
    m[17] = 0x10;
    m[27] = (uint8_t)(HEADER + len);
    m[IKE_HEADER + 3] = (uint8_t)(PAYLOAD_HEADER + 4 + len);
    m[IKE_HEADER + 6] = number;
    m[IKE_HEADER + 7] = last;
    memset(m + HEADER, number, len);
    return datagrams_join_cisco(r, from, from == &a ? &b : &a, &o, out);
}

static void
cisco(void)
{
    struct datagrams *r = datagrams_new();
    uint8_t plain[IKE_HEADER + 8] = { 0 };
    const struct octets message = { plain, sizeof plain, sizeof plain };
    struct octets out;

    T(!add_cisco(r, &a, 1, false, 10, &out));
    T(!add_cisco(r, &a, 3, true, 5, &out));
    T(!add_cisco(r, &b, 2, false, 10, &out));           /* another one's */
    T(!add_cisco(r, &a, 1, false, 11, &out));           /* a copy: the first counts */
    T(add_cisco(r, &a, 2, false, 10, &out) && out.captured == 25);
    T(out.at[9] == 1 && out.at[10] == 2 && out.at[24] == 3);
    T(add_cisco(r, &a, 1, true, 10, &out) && out.captured == 10);
    T(!add_cisco(r, &a, 0, true, 10, &out));            /* they are counted from 1 */
    plain[16] = 132;                                    /* a payload without its header's length */
    plain[27] = sizeof plain;
    T(!datagrams_join_cisco(r, &a, &b, &message, &out));
    plain[IKE_HEADER + 3] = 8;
    plain[IKE_HEADER + 6] = plain[IKE_HEADER + 7] = 1;
    T(datagrams_join_cisco(r, &a, &b, &message, &out) && out.captured == 0);
    plain[17] = 0x10;
    plain[19] = 1;                                      /* nobody has opened it */
    T(!datagrams_join_cisco(r, &a, &b, &message, &out));
    datagrams_free(r);
}

int
main(void)
{
    for (int six = 0; six < 2; six++) {
        orders(six);
        overlaps(six);
        again(six);
        cut(six);
    }
    stays();
    walked();
    networks();
    many();
    flood();
    octets_held();
    cisco();
    datagrams_free(NULL);
    return t_done();
}
