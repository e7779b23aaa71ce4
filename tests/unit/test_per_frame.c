/* What each frame of a finding shows, and what the finding says of all of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include "expert.h"

static void
detail_is(const struct finding *f, uint32_t frame, const char *text)
{
    T(f && strcmp(finding_detail_at(f, frame), text) == 0);
}

static void
own_and_all(struct conversation *c)
{
    struct scope where = { .basis = BASIS_OBSERVED, .frame = 4, .exchange = NO_ID, .number = 7,
                           .also = 2 };
    const struct finding *f;

    reset(c);
    finding_add(c->found, CHECK_replay, &where, "seven");
    finding_sum(c->found, CHECK_replay, &where, SUM_COUNT);
    f = the_finding(c, CHECK_replay);
    detail_is(f, 4, "seven");
    detail_is(f, 2, "seven");
    T(!finding_differs(f));
    where.frame = 9;
    where.also = 3;
    where.number = 8;
    finding_add(c->found, CHECK_replay, &where, "eight");
    where.frame = 8;            /* frames may be told of late */
    where.also = 0;
    where.number = 11;
    finding_add(c->found, CHECK_replay, &where, "eleven");
    finding_sum(c->found, CHECK_replay, &where,
                SUM_COUNT " of " SUM_NUMBERS " in " SUM_OTHERS ", " SUM_LIST "; " SUM_SECONDS " s");
    where.frame = 12;
    where.number = 7;
    finding_add(c->found, CHECK_replay, &where, "seven");
    T(finding_differs(f) && strcmp(f->detail, "seven") == 0);
    detail_is(f, 2, "seven");
    detail_is(f, 3, "eight");
    detail_is(f, 8, "eleven");
    detail_is(f, 9, "eight");
    detail_is(f, 12, "seven");
    finding_raise(c->found, CHECK_replay, &where, SEV_ERROR, NULL, "Worse.");
    end_after(c, 1);
    T(strcmp(f->detail, "4 of numbers 7, 8 and 11 in frames 2 and 3, 7, 8 and 11; 0.0 s Worse.") ==
      0);
    detail_is(f, 9, "eight");
}

/* Runs of numbers, and more of them than are told. */
static void
ranges(struct conversation *c)
{
    static const struct { uint32_t n[8]; const char *text; } table[] = {
        { { 5, 5 }, "number 5" }, { { 5, 6 }, "numbers 5 and 6" },
        { { 7, 5, 6 }, "numbers 5 to 7" },
        { { 1, 2, 3, 9 }, "numbers 1 to 3 and 9" },
        { { 1, 3, 5, 7, 9, 11, 12 }, "numbers 1, 3, 5, 7 and more up to 12" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct scope where = { .basis = BASIS_OBSERVED, .exchange = NO_ID };
        reset(c);
        for (size_t k = 0; table[i].n[k]; k++) {
            where.frame = (uint32_t)k + 1;
            where.number = table[i].n[k];
            finding_add(c->found, CHECK_out_of_window, &where, "%u", where.number);
            finding_sum(c->found, CHECK_out_of_window, &where, SUM_NUMBERS);
        }
        end_after(c, 1);
        T(strcmp(detail(c, CHECK_out_of_window), table[i].text) == 0);
    }
}

/* Replays in doubt join those that are certain, each with what its frame shows. */
static void
replays(struct conversation *c)
{
    static const uint32_t seqs[] = { 1, 2, 3, 1, 2, 900, 3, 4 };
    static const uint8_t octets[][4] = { "", "one", "two", "thr", "fou", "nin" };
    const struct finding *f;

    tunnel(c);
    for (size_t i = 0; i < G_N_ELEMENTS(seqs); i++) {
        struct ipsec_packet p = esp_of(TO_R, seqs[i]);
        p.octets = (struct span){ octets[MIN(seqs[i], 5)], 4 };
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    f = the_finding(c, CHECK_replay);
    T(count(c, CHECK_replay) == 1);
    SAYS(c, replay, "3 packets of SPI b0000001 repeat numbers 1 to 3 (first in frames 5 "
                    "to 7), bit for bit: a receiver drops them.");
    detail_is(f, 9, "Sequence number 2 of SPI b0000001 is repeated in frame 9, bit for bit; the "
                    "first is in frame 6. A receiver drops it.");
    detail_is(f, 6, finding_detail_at(f, 9));
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    own_and_all(&c);
    ranges(&c);
    replays(&c);
    return conversation_done(&c);
}
