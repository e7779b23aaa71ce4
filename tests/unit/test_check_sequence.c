/* The sequence numbers of a sender over the whole capture.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* count packets from a number on, every hundredth of a second. */
static void
run(struct conversation *c, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        c->now -= 0.49;
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, from + i));
    }
}

/* Each gap is told where it is, until what is missing has come. */
static void
gaps(struct conversation *c)
{
    const struct finding *f;

    tunnel(c);
    run(c, 1, 4);               /* frames 5 to 8 */
    run(c, 6, 1);
    run(c, 9, 2);
    run(c, 15, 1);
    run(c, 12, 1);
    run(c, 5, 1);
    end_after(c, 1);
    f = the_finding(c, CHECK_sequence_gap);
    SAYS(c, sequence_gap, "5 of the 15 sequence numbers 1 to 15 of SPI b0000001 were not captured "
                          "(33.3 %), in 2 places; the first is missing before frame 10.");
    T(f && f->frames->len == 2 && f->frame == 10);
    T(f && strcmp(finding_detail_at(f, 10), "Between frames 9 and 10, of the sequence numbers of "
                  "SPI b0000001, 7 to 8 are missing.") == 0);
    T(f && strcmp(finding_detail_at(f, 12), "Between frames 11 and 12, of the sequence numbers of "
                  "SPI b0000001, of 11 to 14, 3 are missing.") == 0);
    tunnel(c);
    run(c, 1, 4);
    run(c, 6, 1);
    run(c, 5, 1);
    end_after(c, 1);
    SILENT(c, sequence_gap);
}

/* Far more than the pace allows was never sent; a pause of the capture loses what was. */
static void
jumps(struct conversation *c)
{
    const struct stream *s;

    tunnel(c);
    run(c, 1, 20);
    c->now += 3;
    run(c, 16405, 20);
    end_after(c, 1);
    s = sadb_stream(c->db, 0);
    SAYS(c, sequence_jumped, "jumps from 20 (frame 24) to 16405 (frame 25)");
    SILENT(c, sequence_gap);
    SILENT(c, out_of_window);
    T(s->lost == 0 && s->numbers == 40 && s->packets == 40 && stream_lost_percent(s) == 0);
    tunnel(c);
    run(c, 1, 20);
    c->now += 50;               /* 5000 packets at the old pace */
    run(c, 3000, 20);
    end_after(c, 1);
    SILENT(c, sequence_jumped);
    SAYS(c, sequence_gap, "2979 of the 3019");
}

/* Beyond the gaps that are told one by one their numbers are counted all the same. */
static void
many_gaps(struct conversation *c)
{
    tunnel(c);
    for (uint32_t i = 0; i < STREAM_MAX_GAPS + 1; i++) {
        run(c, 2 * i + 1, 1);
        T(!sadb_caps(c->db)[0]);
    }
    run(c, 2 * STREAM_MAX_GAPS + 3, 1);
    T(sadb_caps(c->db)[0] && sadb_stream(c->db, 0)->lost == STREAM_MAX_GAPS + 1);
    T(sadb_stream(c->db, 0)->num_gaps == STREAM_MAX_GAPS);
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    gaps(&c);
    jumps(&c);
    many_gaps(&c);
    return conversation_done(&c);
}
