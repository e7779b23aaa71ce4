/* test_bulk.c - heads of results, also damaged ones, and what many come to.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { MUTATIONS = 20000, MANY = 60 };

static void
fill(struct result *r, unsigned n)
{
    struct result_cause cause = { g_strdup_printf("cause_%u", n % 7), g_strdup("A title"),
                                  SEV_WARN, 1 + n % 3, 2, { 4, 9 + n } };
    struct result_check check = { g_strdup("check"), n % 2 ? SEV_ERROR : SEV_NOTE, 1, 5 };
    struct result_weak weak = { g_strdup("DES_CBC"), g_strdup("ESP"), true, 2 };
    struct result_peer peer = { g_strdup_printf("gw%u \"\\\n", n % 5), n % 3, 1, 4 };

    result_init(r);
    r->path = g_strdup_printf("/captures/%u.pcapng", n);
    r->id = g_strdup_printf("%032x", n);
    r->fingerprint = g_strdup("f");
    r->espial = g_strdup("1");
    r->state = n % 4 == 3 ? RESULT_UNREAD : RESULT_READ;
    r->reason = n % 4 == 3 ? g_strdup("not a capture") : NULL;
    r->frames = n;
    r->tunnels[VERDICT_FAILS] = 1;
    g_array_append_val(r->causes, cause);
    g_array_append_val(r->found, check);
    g_array_append_val(r->weak, weak);
    g_array_append_val(r->peers, peer);
    g_ptr_array_add(r->said, g_strdup("said"));
}

static char *
line_of(const struct result *r)
{
    GString *line = g_string_new(NULL);

    result_print(line, r);
    return g_string_free(line, FALSE);
}

/* What is written is read as it was. */
static void
test_round(void)
{
    struct result r, again;
    char *line, *copy, *second;

    fill(&r, 3);
    line = line_of(&r);
    copy = g_strdup(line);
    result_init(&again);
    assert(result_parse(&again, copy));
    second = line_of(&again);
    assert(strcmp(line, second) == 0 && again.state == RESULT_UNREAD && again.causes->len == 1);
    assert(strcmp(g_array_index(again.peers, struct result_peer, 0).peer, "gw3 \"\\\n") == 0);
    result_clear(&again);
    result_clear(&r);
    g_free(line);
    g_free(copy);
    g_free(second);
}

/* Whatever a line holds, it is read or refused, and what is read can be written. */
static void
test_damaged(void)
{
    GRand *chance = g_rand_new_with_seed(7);
    unsigned refused = 0;
    struct result r;
    char *line;

    fill(&r, 3);
    line = line_of(&r);
    for (unsigned i = 0; i < MUTATIONS; i++) {
        struct result out;
        char *copy = g_strdup(line), *back;
        size_t len = strlen(line);
        for (gint k = g_rand_int_range(chance, 1, 4); k; k--) {
            copy[g_rand_int_range(chance, 0, (gint)len)] = (char)g_rand_int_range(chance, 1, 256);
        }
        if (i % 3 == 0) {
            copy[g_rand_int_range(chance, 0, (gint)len)] = 0;
        }
        result_init(&out);
        if (result_parse(&out, copy)) {
            back = line_of(&out);
            assert(g_utf8_validate(back, -1, NULL));
            g_free(back);
        } else {
            refused++;
        }
        result_clear(&out);
        g_free(copy);
    }
    assert(refused > MUTATIONS / 2 && refused < MUTATIONS);
    result_clear(&r);
    g_free(line);
    g_rand_free(chance);
}

static char *
summary_of(const unsigned *order, unsigned num)
{
    struct summary s;
    FILE *out = tmpfile();
    char *text;
    long len;

    assert(out);
    summary_init(&s);
    for (unsigned i = 0; i < num; i++) {
        struct result r;
        fill(&r, order[i]);
        summary_add(&s, &r);
        result_clear(&r);
    }
    summary_json(out, &s, "1");
    summary_text(out, &s);
    summary_clear(&s);
    len = ftell(out);
    assert(len > 0);
    text = g_malloc0((gsize)len + 1);
    rewind(out);
    assert(fread(text, 1, (size_t)len, out) == (size_t)len);
    (void)fclose(out);
    return text;
}

/* The same in any order, with more places than are named. */
static void
test_order(void)
{
    GRand *chance = g_rand_new_with_seed(9);
    unsigned order[MANY * 3];
    char *first;

    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++) {
        order[i] = i;
    }
    first = summary_of(order, G_N_ELEMENTS(order));
    assert(strstr(first, "\"places_left_out\":6") && strstr(first, "and 21 more files"));
    for (unsigned round = 0; round < 5; round++) {
        char *other;
        for (unsigned i = G_N_ELEMENTS(order) - 1; i; i--) {
            unsigned k = (unsigned)g_rand_int_range(chance, 0, (gint)i + 1), kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        other = summary_of(order, G_N_ELEMENTS(order));
        assert(strcmp(first, other) == 0);
        g_free(other);
    }
    g_free(first);
    g_rand_free(chance);
}

/* Names hold paths apart, tell them, and fit. */
static void
test_names(void)
{
    char *a = result_name("/a/b_c.pcap"), *b = result_name("/a_b/c.pcap"), *long_name, *longest;

    assert(g_str_has_prefix(a, "a_b_c.pcap-") && g_str_has_prefix(b, "a_b_c.pcap-"));
    assert(strcmp(a, b) != 0 && g_str_has_suffix(a, ".jsonl"));
    longest = g_strnfill(4000, 'x');
    long_name = result_name(longest);
    assert(strlen(long_name) < 200);
    g_free(long_name);
    g_free(longest);
    g_free(a);
    g_free(b);
}

int
main(void)
{
    test_round();
    test_damaged();
    test_order();
    test_names();
    return 0;
}
