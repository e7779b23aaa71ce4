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

/* A packet with octets of its own, by its number and who sends it. */
static void
sent(struct conversation *c, uint32_t seq, uint8_t who, uint16_t ip_id, uint8_t ttl, double later)
{
    static uint8_t octets[8];
    struct ipsec_packet p = esp_of(TO_R, seq);
    struct sighting at = { .frame = c->frame + 1, .time = c->now + later, .src = c->client,
                           .dst = c->gateway, .ip_id = ip_id, .ttl = ttl };

    memcpy(octets, &seq, sizeof seq);
    octets[4] = who;
    p.octets = (struct span){ octets, sizeof octets };
    see_ipsec(c, &at, &p);
}

/* Two machines in one SA, one counter far behind the other. */
static void
two_counters(struct conversation *c)
{
    tunnel(c);
    for (uint32_t i = 1; i <= 10; i++) {
        sent(c, i, 1, (uint16_t)i, 63, 0.1);
    }
    for (uint32_t i = 1; i <= 6; i++) {
        sent(c, 10 + i, 1, (uint16_t)(10 + i), 63, 0.1);
        sent(c, i, 2, (uint16_t)(500 + i), 60, 0.01);
    }
    end_after(c, 1);
    SAYS(c, two_senders, "one at 1 to 6 (frames 16 to 26), with different octets than the packets "
                         "that had these numbers, TTL 60 instead of 63, while the other continues "
                         "to 16");
    T(the_finding(c, CHECK_two_senders)->count == 6);
    SILENT(c, replay);
    SILENT(c, sequence_went_back);
    SILENT(c, out_of_window);
}

/* Both machines had the state of one moment: neither is behind the other. */
static void
one_height(struct conversation *c)
{
    for (unsigned busy = 1; busy <= 3; busy++) {
        tunnel(c);
        for (uint32_t i = 1; i <= 4; i++) {
            sent(c, i, 1, (uint16_t)i, 63, 0.1);
        }
        for (uint32_t i = 0; i < 8; i++) {
            sent(c, 5 + i, 1, (uint16_t)(10 + i), 63, 0.1);
            for (uint32_t k = 0; k < busy; k++) {
                uint32_t n = 5 + busy * i + k;
                sent(c, n, 2, (uint16_t)(500 + n), 60, 0.02);
            }
        }
        end_after(c, 1);
        SAYS(c, two_senders, "two counters in SPI b0000001: one at 5");
        SILENT(c, sequence_went_back);
        SILENT(c, replay);
    }
}

/* One machine alone, that has passed its old height when the next falls back. */
static void
passes_the_top(struct conversation *c)
{
    tunnel(c);
    for (uint32_t i = 1; i <= 30; i++) {
        sent(c, i, 1, (uint16_t)i, 63, 0.1);
    }
    for (uint32_t i = 16; i <= 50; i++) {
        sent(c, i, 2, (uint16_t)(500 + i), 63, 0.1);
    }
    for (uint32_t i = 36; i <= 60; i++) {
        sent(c, i, 3, (uint16_t)(900 + i), 63, 0.1);
    }
    end_after(c, 1);
    SAYS(c, sequence_went_back, "goes back from 30 to 16 in frame 35");
    SILENT(c, two_senders);
}

/* Numbers that the capture never had before, too far behind to have been on their way; what is
 * late for another reason is not of them. */
static void
too_far_to_be_late(struct conversation *c)
{
    static const struct {
        uint32_t behind;
        double apart, before;
        bool both, far;
    } table[] = {
        { 110, 0.3, 0, false, true },
        { 110, 0.3, 0, true, true },
        { 110, 0.01, 0, false, false },         /* what a path had left */
        { 70, 0.02, 0, true, false },           /* a slow path at this pace */
        { 110, 0.3, -100, false, false },       /* two files in the wrong order */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        bool quick = table[i].behind < 100;
        tunnel(c);
        for (uint32_t k = 1; k <= 60; k++) {
            sent(c, 200 + k, 1, (uint16_t)k, 63, quick ? 0.01 : 0.2);
        }
        for (uint32_t k = 1; k <= 40; k++) {
            if (table[i].both) {
                sent(c, 260 + k, 1, (uint16_t)(100 + k), 63, 0.01);
            }
            sent(c, 260 - table[i].behind + k - 61 * quick, 2, (uint16_t)(500 + k), 60,
                 table[i].apart + (k == 1 ? table[i].before : 0));
        }
        end_after(c, 1);
        TOLD(c, two_senders, table[i].far && table[i].both);
        TOLD(c, sequence_went_back, table[i].far && !table[i].both);
        TOLD(c, out_of_window, !table[i].far);
    }
    tunnel(c);                          /* one has numbers of its own, far ahead */
    for (uint32_t k = 1; k <= 20; k++) {
        sent(c, k, 1, (uint16_t)k, 63, 0.2);
        if (k > 5) {
            sent(c, 1000000 + k, 2, (uint16_t)(500 + k), 60, 0.1);
        }
    }
    end_after(c, 1);
    SAYS(c, two_senders, "too far behind to be late, TTL 63 instead of 60, while the other "
                         "continues to 1000020");
    SILENT(c, sequence_jumped);
}

/* Keys set by hand: a router that starts again begins at 1, and nobody looks at the numbers. */
static void
by_hand(struct conversation *c)
{
    for (uint32_t first = 1; first <= 3; first += 2) {
        reset(c);
        for (uint32_t i = 1; i <= 20; i++) {
            sent(c, i, 1, (uint16_t)i, 1, 10);
        }
        for (uint32_t i = 0; i < 10; i++) {
            sent(c, first + i, 2, (uint16_t)(500 + i), 1, 10);
        }
        end_after(c, 1);
        TOLD(c, sequence_went_back, first != 1);
    }
}

/* A standby goes on far below; what comes again bit for bit is something else. */
static void
went_back(struct conversation *c)
{
    for (uint8_t who = 1; who <= 2; who++) {
        tunnel(c);
        for (uint32_t i = 1; i <= 150; i++) {
            sent(c, i, 1, (uint16_t)i, 63, 0.1);
        }
        for (uint32_t i = 40; i <= 60; i++) {
            sent(c, i, who, (uint16_t)(500 + i), 63, 0.1);
        }
        end_after(c, 1);
        SILENT(c, two_senders);
        if (who == 2) {
            SAYS(c, sequence_went_back, "goes back from 150 to 40 in frame 155");
            T(count(c, CHECK_out_of_window) == 0 && count(c, CHECK_replay) == 0);
        } else {
            SILENT(c, sequence_went_back);
            FIRES(c, out_of_window);
        }
    }
}

/* The same packets in one capture twice, with another clock: no replay, and nothing is lost.  One
 * who sends them again keeps no time, or makes other packets of them. */
static void
second_point(struct conversation *c)
{
    static const struct { uint8_t ttl; uint16_t id; double drift; bool replay; } table[] = {
        { 62, 0, 0, false }, { 62, 0, 0.1, true }, { 62, 700, 0, true }, { 63, 0, 0, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel(c);
        for (uint32_t k = 1; k <= 8; k++) {
            sent(c, k, 1, (uint16_t)k, 63, 0.2);
        }
        for (uint32_t k = 1; k <= 8; k++) {
            sent(c, k, 1, (uint16_t)(k + table[i].id), table[i].ttl, 0.2 + table[i].drift);
        }
        end_after(c, 1);
        TOLD(c, replay, table[i].replay);
        TOLD(c, duplicate_frame, !table[i].replay);
        SILENT(c, two_senders);
        SILENT(c, sequence_went_back);
        SILENT(c, sequence_gap);
        if (!table[i].replay) {
            SAYS(c, duplicate_frame, "Captured at two points whose clocks differ by 1.6 s: 8 "
                                     "frames");
            T(count(c, CHECK_duplicate_frame) == 1 && sadb_stream(c->db, 0)->packets == 8 &&
              sadb_stream(c->db, 0)->replayed == 0);
        }
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
    for (unsigned i = 0; i < 2; i++) {          /* a takeover after minutes; and after an hour */
        tunnel(c);
        for (uint32_t k = 1; k <= 20; k++) {
            sent(c, k, 1, (uint16_t)k, 63, 1);
        }
        c->now += i ? 3600 : 300;
        run(c, 16405, 20);
        end_after(c, 1);
        TOLD(c, sequence_jumped, i == 0);
        TOLD(c, sequence_gap, i == 1);
    }
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
    T(stream_rare(sadb_stream(c->db, 0))->num_gaps == STREAM_MAX_GAPS);
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    gaps(&c);
    jumps(&c);
    many_gaps(&c);
    two_counters(&c);
    one_height(&c);
    passes_the_top(&c);
    too_far_to_be_late(&c);
    by_hand(&c);
    went_back(&c);
    second_point(&c);
    return conversation_done(&c);
}
