/* Later passes know of each packet what the first knew, though nothing was kept of the clean ones.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/sadb.h>

enum { PACKETS = 24 };

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
    T(e.stream->steps && e.stream->steps->len < 10);
    T(!sadb_stream_at(db, &then, PROTO_ESP, p.spi, 1, &at.src, &at.dst, 0));
    T(!sadb_stream_at(db, &then, PROTO_AH, p.spi, 5, &at.src, &at.dst, 9));
    sadb_free(db);
    return t_done();
}
