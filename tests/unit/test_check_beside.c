/* What a stream carries that nobody opened, by the clear packets at the tunnel's own device.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

enum { OUTER = 1,
       DEVICE = 2 };

static void
sealed(struct conversation *c, double time, uint32_t seq, bool to_gateway, uint32_t length)
{
    struct ipsec_packet p = esp_of(to_gateway ? TO_R : TO_I, seq);
    struct sighting at = { .frame = c->frame + 1, .time = time, .point = OUTER, .link = 17,
                           .src = to_gateway ? c->client : c->gateway,
                           .dst = to_gateway ? c->gateway : c->client };

    p.length = length;
    see_ipsec(c, &at, &p);
}

/* host is the last octet of its source. */
static void
clear(struct conversation *c, double time, uint8_t host, uint16_t length, uint64_t link)
{
    uint8_t octets[40] = { 0x45, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 1, 0, 0, 64, 1, 0,
                           0, 10, 9, 0, host, 10, 2, 0, 1, 8, 0 };
    struct path_packet p = { .kind = PATH_CLEAR, .clear_octets = { octets, sizeof octets } };
    struct sighting at = { .frame = ++c->frame, .time = time, .point = DEVICE, .link = link };
    struct path_event e;

    T(inner_packet_read(&p.clear, octets, sizeof octets));
    at.src = p.clear.src;
    at.dst = p.clear.dst;
    sadb_see_path(c->db, &e, &at, &p);
}

/* AES-CBC and HMAC-SHA2-256: 8 + 16 + a multiple of 16 + 16. */
static uint32_t
length_of(uint32_t inside)
{
    return 8 + 16 + (inside + 2 + 15) / 16 * 16 + 16;
}

struct case_of {
    const char *what;
    double apart, gap, odd; /* seconds from packet to packet; between two; to a second clear one */
    uint32_t num, longer; /* octets of padding from the third packet on */
    uint64_t link;
    bool back, alone; /* the last one has no clear packet */
};

static void
play(struct conversation *c, const struct case_of *k)
{
    tunnel(c);
    for (uint32_t i = 1; i <= k->num; i++) {
        double time = 2000 + i * k->gap;
        uint16_t inside = (uint16_t)(i % 2 ? 84 : 300);
        if (!k->back && !(k->alone && i == k->num)) {
            clear(c, time, 9, inside, k->link);
        }
        if (k->odd > 0) {
            clear(c, time + k->odd, 9, inside, k->link);
        }
        sealed(c, time + k->apart, i, !k->back, length_of(inside) + (i > 2 ? k->longer : 0));
        if (k->back) {
            clear(c, time + 2 * k->apart, 9, inside, k->link);
        }
    }
    end_after(c, 1);
}

int
main(void)
{
    static struct conversation c;
    static const struct case_of silent[] = {
        { "too few", 0.0002, 0.2, 0, 3, 0, 0, false, false },
        { "too late", 0.02, 0.5, 0, 8, 0, 0, false, false },
        { "so close that a neighbour may be another's", 0.0002, 0.003, 0, 8, 0, 0, false, false },
        { "two clear packets before each", 0.0005, 0.2, 0.0002, 8, 0, 0, false, false },
        { "a length that does not fit", 0.0002, 0.2, 0, 8, 16, 0, false, false },
        { "an interface of the network", 0.0002, 0.2, 0, 8, 0, 5, false, false },
        { "one that is carried by none", 0.0002, 0.2, 0, 8, 0, 0, false, true },
    };
    const struct case_of fires = { "all fits", 0.0002, 0.2, 0, 5, 0, 0, false, false };
    const struct finding *f;

    conversation_begin(&c);
    play(&c, &fires);
    SAYS(&c, inner_source_violation,
         "Inner source 10.9.0.9 in SPI b0000001, as clear packets at the tunnel's own device "
         "suggest (frame ");
    f = the_finding(&c, CHECK_inner_source_violation);
    T(f->basis == BASIS_INFERRED && f->count == 5);
    T(sadb_beside(c.db, sadb_stream(c.db, 0))->num_sources == 1);
    for (size_t i = 0; i < G_N_ELEMENTS(silent); i++) {
        play(&c, &silent[i]);
        T(count(&c, CHECK_inner_source_violation) == 0 ||
          !fprintf(stderr, "said of: %s\n", silent[i].what));
        T(sadb_beside(c.db, sadb_stream(c.db, 0)) == NULL);
    }
    SILENT(&c, inner_source_violation);
    tunnel(&c);                 /* what comes out of the tunnel, and may come from there */
    for (uint32_t i = 1; i <= 4; i++) {
        sealed(&c, 2000 + i, i, true, length_of(84));
        clear(&c, 2000 + i + 0.0003, 9, 84, 0);
    }
    end_after(&c, 1);
    FIRES(&c, inner_source_violation);
    return conversation_done(&c);
}
