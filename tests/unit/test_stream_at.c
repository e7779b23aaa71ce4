/* Later passes know of each packet what the first knew, though nothing was kept of the clean ones.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/sadb.h>

enum { PACKETS = 24 };

/* What is not believed after all: later passes still know what was said of it at its time. */
static void
forged(bool keys)
{
    static const struct { uint32_t seq; bool bad; } ones[] = {
        { 4000, true }, { 1, false }, { 2, false }, { 9000, true }, { 3, false }, { 3, true },
        { 4, false }, { 0xf0000000, true }, { 0xf0000000, true }, { 5, false }, { 2, false },
        { 300, false }, { 9, true }, { 301, false }, { 302, false },
    };
    enum { NUM = G_N_ELEMENTS(ones) };
    struct sadb *db = sadb_new(7);
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x1234, .length = 100 };
    struct sighting at = { .src = { 4, { 192, 0, 2, 1 } }, .dst = { 4, { 198, 51, 100, 2 } } };
    struct stream_at first[NUM] = { { NULL } }, then;
    struct ipsec_event e = { .packet = NULL };

    for (unsigned i = 0; i < NUM; i++) {
        at.frame = i + 1;
        at.time = i;
        at.ip_id = (uint16_t)(i + 1);
        p.seq = ones[i].seq;
        p.icv = !keys ? ICV_UNKNOWN : ones[i].bad ? ICV_BAD : ICV_GOOD;
        sadb_see_ipsec(db, &e, &at, &p);
        first[i] = (struct stream_at){ .stream = e.stream, .number = e.number,
                                       .lost = e.stream->lost, .replayed = e.stream->replayed };
    }
    for (unsigned i = NUM; i-- > 0;) {
        T(sadb_stream_at(db, &then, PROTO_ESP, p.spi, ones[i].seq, &at.src, &at.dst, i + 1) &&
          then.stream == first[i].stream && then.number == first[i].number &&
          then.lost == first[i].lost && then.replayed == first[i].replayed);
    }
    T(e.stream->lost == 294 && e.stream->first_seq == 1 &&
      e.stream->last_seq == 302);
    sadb_free(db);
}

int
main(void)
{
    /* In order, loss, reordering, a replay, a jump, a late one. */
    static const uint32_t seqs[PACKETS] = { 5, 6, 7, 8, 11, 12, 10, 13, 14, 14, 15, 16,
                                            40, 41, 42, 30, 43, 44, 45, 46, 47, 48, 49, 50 };
    struct sadb *db = sadb_new(7);
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x1234, .length = 100 };
    struct sighting at = { .src = { 4, { 192, 0, 2, 1 } }, .dst = { 4, { 198, 51, 100, 2 } } };
    struct ipsec_event e;
    struct stream_at then;
    uint32_t number[PACKETS], lost[PACKETS], replayed[PACKETS];

    for (unsigned i = 0; i < PACKETS; i++) {
        at.frame = i + 1;
        at.time = i;
        at.ip_id = (uint16_t)(i + 1);
        p.seq = seqs[i];
        sadb_see_ipsec(db, &e, &at, &p);
        number[i] = e.number;
        lost[i] = e.stream->lost;
        replayed[i] = e.stream->replayed;
        T(e.number == i + 1);
    }
    T(replayed[PACKETS - 1] == 1 && lost[PACKETS - 1] == 23);
    for (unsigned i = PACKETS; i-- > 0;) {
        T(sadb_stream_at(db, &then, PROTO_ESP, p.spi, seqs[i], &at.src, &at.dst, i + 1) &&
          then.number == number[i] && then.lost == lost[i] && then.replayed == replayed[i]);
    }
    /* of 24 packets: what was out of order alone */
    T(stream_rare(e.stream)->steps && stream_rare(e.stream)->steps->len < 10);
    T(!sadb_stream_at(db, &then, PROTO_ESP, p.spi, 1, &at.src, &at.dst, 0));
    T(!sadb_stream_at(db, &then, PROTO_AH, p.spi, 5, &at.src, &at.dst, 9));
    sadb_free(db);
    forged(true);
    forged(false);
    return t_done();
}
