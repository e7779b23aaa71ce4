/* Forged ESP put into true traffic, at every place of it: what is said of the true packets stays,
 * word for word, and so do the counts (RFC 4303 section 3.4.3).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

enum { ROOM = 64, OCTETS = 40, EARLY = 1, COPY = 2, LATE_PORT = 4, DAMAGED = 8 };

/* One packet of a true capture: a copy is the one before again, at another point. */
struct sent {
    uint32_t seq;
    uint8_t body;               /* tells packets of one number apart */
    uint8_t how;
};

/* What a stranger puts in: its number beside that of the true packet before it or behind it. */
struct forgery {
    const char *what;
    uint32_t seq;
    bool relative, same_id, other_source, other_port;
    unsigned again;             /* so many more of them, at other places */
};

struct run {
    struct conversation *c;
    bool keys;
    unsigned num_forged;
};

static void
put(struct run *r, uint32_t frame, double time, const struct sent *one, const struct forgery *f,
    uint16_t ip_id)
{
    static uint8_t noise;
    uint8_t octets[OCTETS];
    struct conversation *c = r->c;
    struct sighting at = { .frame = frame, .time = time, .ip_id = ip_id,
                           .src = f && f->other_source ? c->stranger : c->client,
                           .dst = c->gateway, .src_port = PORT_NATT, .dst_port = PORT_NATT };
    struct ipsec_packet p = esp_of(TO_R, one->seq);

    at.src_port = one->how & LATE_PORT ? 5000 : at.src_port;
    at.src_port = f && f->other_port ? 7777 : at.src_port;
    memset(octets, f ? ++noise : one->body, sizeof octets);
    octets[0] = f != NULL;
    octets[4] = (uint8_t)one->seq;
    p.octets = (struct span){ octets, sizeof octets };
    p.icv = !r->keys ? ICV_UNKNOWN : f || one->how & DAMAGED ? ICV_BAD : ICV_GOOD;
    see_ipsec(c, &at, &p);
    r->num_forged += f != NULL;
}

/* True packets have the even frames. */
static void
play(struct run *r, const struct sent *true_ones, size_t num, const struct forgery *f, size_t at)
{
    double time = 2000;

    tunnel(r->c);
    r->num_forged = 0;
    for (size_t i = 0; i < num; i++) {
        uint32_t frame = 100 + 2 * (uint32_t)i;
        const struct sent *one = &true_ones[i];
        uint16_t id = (uint16_t)(one->how & COPY ? 1000 + i - 1 : 1000 + i);
        bool here = f && (i == at || (f->again && i > at && i <= at + f->again));
        time += one->how & COPY ? 0.01 : 0.5;
        if (here) {
            struct sent forged = { f->seq, 0, one->how & LATE_PORT };
            forged.seq += f->relative ? one->seq : 0;
            put(r, frame - 1, time - 0.0001, &forged, f, f->same_id ? id : 7);
        }
        put(r, frame, time, one, NULL, id);
    }
    r->c->frame = 100 + 2 * (uint32_t)num;
    end_after(r->c, 40);
}

struct told {
    enum check_id check;
    char text[TEXT_MAX];
    uint32_t num, count, frames[ROOM];
};

static size_t
keep(const struct conversation *c, struct told *out)
{
    size_t n = MIN(findings_count(c->found), (size_t)ROOM);

    for (size_t i = 0; i < n; i++) {
        const struct finding *f = findings_get(c->found, i);
        out[i] = (struct told){ .check = (enum check_id)f->check, .count = f->count };
        g_strlcpy(out[i].text, f->detail, sizeof out[i].text);
        out[i].num = MIN(f->frames->len, (uint32_t)ROOM);
        for (uint32_t k = 0; k < out[i].num; k++) {
            out[i].frames[k] = g_array_index(f->frames, uint32_t, k);
        }
    }
    return n;
}

static bool
same(const struct told *a, const struct told *b)
{
    return a->check == b->check && strcmp(a->text, b->text) == 0 && a->num == b->num &&
           a->count == b->count && memcmp(a->frames, b->frames, a->num * sizeof *a->frames) == 0;
}

/* Findings that speak of forgery. */
static bool
speaks_of_it(enum check_id check)
{
    return check == CHECK_icv_bad || check == CHECK_replay ||
           check == CHECK_outer_source_violation;
}

static const struct stream *
true_stream(const struct conversation *c)
{
    for (size_t i = 0; i < sadb_num_streams(c->db); i++) {
        const struct stream *s = sadb_stream(c->db, i);
        if (ip_equal(&s->src, &c->client)) {
            return s;
        }
    }
    return NULL;
}

/* Each finding of the true capture is there; counts says that the counts are known, too. */
static void
compare(const struct conversation *c, const struct told *wanted, size_t num_wanted,
        const struct stream *was, bool counts, const char *what, size_t place, bool keys)
{
    static struct told now[ROOM];
    size_t n = keep(c, now);
    const struct stream *s = true_stream(c);
    bool good = true;

    for (size_t i = 0; i < num_wanted; i++) {
        size_t k = 0;
        while (k < n && !same(&wanted[i], &now[k])) {
            k++;
        }
        if (k == n && wanted[i].check != CHECK_icv_bad) {
            printf("lost: %s\n", wanted[i].text);
            good = false;
        }
    }
    for (size_t k = 0; k < n; k++) {
        size_t i = 0;
        while (i < num_wanted && !same(&wanted[i], &now[k])) {
            i++;
        }
        if (i == num_wanted && !speaks_of_it(now[k].check)) {
            printf("new: %s: %s\n", checks[now[k].check].name, now[k].text);
            good = false;
        }
    }
    if (counts && (s->packets != was->packets || s->lost != was->lost ||
                   s->replayed != was->replayed || s->out_of_window != was->out_of_window ||
                   s->first_seq != was->first_seq || s->last_seq != was->last_seq ||
                   s->numbers != was->numbers || s->first_frame != was->first_frame ||
                   s->bytes != was->bytes)) {
        printf("packets %u %u, lost %u %u, replayed %u %u, left %u %u, first %u %u, last %u %u\n",
               was->packets, s->packets, (unsigned)was->lost, (unsigned)s->lost, was->replayed,
               s->replayed, was->out_of_window, s->out_of_window, was->first_seq, s->first_seq,
               was->last_seq, s->last_seq);
        good = false;
    }
    if (!good) {
        printf("  by %s before true packet %zu, %s keys\n", what, place, keys ? "with" : "no");
    }
    T(good);
}

static const struct forgery far_ahead[] = {
    { "number 0xf0000000", 0xf0000000, false, false, false, false, 0 },
    { "number + 3000", 3000, true, false, false, false, 0 },
    { "number + 300 on another port", 300, true, false, false, true, 0 },
    { "two of number 0xf0000000", 0xf0000000, false, false, false, false, 1 },
};
static const struct forgery shadows[] = {
    { "the number of the next", 0, true, true, false, false, 0 },
    { "the number of the one before", UINT32_MAX, true, false, false, false, 0 },
    { "the number after the next", 1, true, true, false, false, 0 },
};
static const struct forgery strangers[] = {
    { "another source", 0, true, true, true, false, 2 },
    { "another source and number", 0x7000, false, false, true, false, 4 },
};

static void
attack(struct conversation *c, const struct sent *ones, size_t num, const struct forgery *f,
       bool keys, size_t first, size_t end, bool counts)
{
    static struct told wanted[ROOM];
    struct run r = { c, keys, 0 };
    struct stream was;
    size_t num_wanted;

    play(&r, ones, num, NULL, 0);
    num_wanted = keep(c, wanted);
    was = *true_stream(c);
    for (size_t at = first; at < end; at++) {
        play(&r, ones, num, f, at);
        compare(c, wanted, num_wanted, &was, counts, f->what, at, keys);
        if (keys) {
            const struct finding *told = the_finding(c, CHECK_icv_bad);
            T(told && r.num_forged > 0 && count(c, CHECK_wrong_key) == 0);
        }
    }
}

/* Clean; with loss, small and large; reordered; replayed; captured twice; begun late; of a NAT
 * whose mapping moves; damaged. */
static const struct sent clean[] = { { 1, 1, 0 }, { 2, 2, 0 }, { 3, 3, 0 }, { 4, 4, 0 },
                                     { 5, 5, 0 }, { 6, 6, 0 } };
static const struct sent loss[] = { { 1, 1, 0 }, { 2, 2, 0 }, { 5, 5, 0 }, { 6, 6, 0 },
                                    { 900, 7, 0 }, { 901, 8, 0 }, { 902, 9, 0 } };
static const struct sent reordered[] = { { 1, 1, 0 }, { 2, 2, 0 }, { 4, 4, 0 }, { 3, 3, 0 },
                                         { 5, 5, 0 }, { 7, 7, 0 }, { 6, 6, 0 }, { 8, 8, 0 } };
static const struct sent replayed[] = { { 1, 1, 0 }, { 2, 2, 0 }, { 3, 3, 0 }, { 2, 2, 0 },
                                        { 4, 4, 0 }, { 5, 5, 0 }, { 3, 3, 0 }, { 6, 6, 0 } };
static const struct sent twice[] = { { 1, 1, 0 }, { 1, 1, COPY }, { 2, 2, 0 }, { 2, 2, COPY },
                                     { 3, 3, 0 }, { 3, 3, COPY } };
static const struct sent late[] = { { 500, 1, 0 }, { 501, 2, 0 }, { 502, 3, 0 }, { 400, 4, 0 },
                                    { 503, 5, 0 } };
static const struct sent moved[] = { { 1, 1, 0 }, { 2, 2, 0 }, { 3, 3, LATE_PORT },
                                     { 4, 4, LATE_PORT }, { 5, 5, LATE_PORT } };
static const struct sent damaged[] = { { 1, 1, 0 }, { 2, 2, DAMAGED }, { 3, 3, 0 },
                                       { 4, 4, DAMAGED }, { 5, 5, DAMAGED }, { 6, 6, 0 } };

static const struct { const struct sent *ones; size_t num; } captures[] = {
    { clean, G_N_ELEMENTS(clean) }, { loss, G_N_ELEMENTS(loss) },
    { reordered, G_N_ELEMENTS(reordered) }, { replayed, G_N_ELEMENTS(replayed) },
    { twice, G_N_ELEMENTS(twice) }, { late, G_N_ELEMENTS(late) },
    { moved, G_N_ELEMENTS(moved) }, { damaged, G_N_ELEMENTS(damaged) },
};

/* With keys nothing that is wrong has a part in anything, whatever it is and wherever it is. */
static void
with_keys(struct conversation *c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(captures); i++) {
        size_t num = captures[i].num;
        for (size_t k = 0; k < G_N_ELEMENTS(far_ahead); k++) {
            attack(c, captures[i].ones, num, &far_ahead[k], true, 0, num, true);
        }
        for (size_t k = 0; k < G_N_ELEMENTS(shadows); k++) {
            attack(c, captures[i].ones, num, &shadows[k], true, 0, num, true);
        }
        for (size_t k = 0; k < G_N_ELEMENTS(strangers); k++) {
            attack(c, captures[i].ones, num, &strangers[k], true, 0, num, true);
        }
    }
}

/* Without keys one far ahead is not believed while the others go on as before. */
static void
without_keys(struct conversation *c)
{
    for (size_t i = 0; i + 1 < G_N_ELEMENTS(captures); i++) {
        size_t num = captures[i].num;
        for (size_t k = 0; k < G_N_ELEMENTS(far_ahead); k++) {
            /* Behind the last one, but for its copy, nothing tells. */
            size_t end = captures[i].ones == twice ? num - 2 : num;
            attack(c, captures[i].ones, num, &far_ahead[k], false, 0, end, true);
        }
    }
    for (size_t k = 0; k < G_N_ELEMENTS(strangers); k++) {
        attack(c, clean, G_N_ELEMENTS(clean), &strangers[k], false, 0, G_N_ELEMENTS(clean), true);
    }
    attack(c, clean, G_N_ELEMENTS(clean), &shadows[0], false, 0, G_N_ELEMENTS(clean), true);
    attack(c, clean, G_N_ELEMENTS(clean), &shadows[1], false, 2, G_N_ELEMENTS(clean), true);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    with_keys(&c);
    without_keys(&c);
    return conversation_done(&c);
}
