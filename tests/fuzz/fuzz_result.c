/* fuzz_result.c - any octets as the head of a result, and what many of them come to.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "summary.h"

/* What was read is written, and read again: the same. */
static void
write_again(const struct result *r)
{
    GString *once = g_string_new(NULL), *twice = g_string_new(NULL);
    struct result back;
    char *line;

    result_print(once, r);
    MUST(g_utf8_validate(once->str, (gssize)once->len, NULL) && !strchr(once->str, '\n'));
    line = g_strdup(once->str);
    result_init(&back);
    MUST(result_parse(&back, line));
    result_print(twice, &back);
    MUST(g_string_equal(once, twice));
    result_clear(&back);
    g_free(line);
    g_string_free(once, TRUE);
    g_string_free(twice, TRUE);
}

static void
sum_up(const struct result *r)
{
    FILE *nowhere = fopen("/dev/null", "w");
    struct summary s;

    MUST(nowhere);
    summary_init(&s);
    summary_add(&s, r);
    summary_add(&s, r);
    MUST(s.results + s.duplicates <= 2);
    summary_text(nowhere, &s);
    summary_json(nowhere, &s, "0");
    summary_clear(&s);
    (void)fclose(nowhere);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = g_strndup((const char *)data, size);
    struct result r;

    result_init(&r);
    if (result_parse(&r, line)) {
        MUST(r.causes->len <= RESULT_MAX_ROWS && r.found->len <= RESULT_MAX_ROWS &&
             r.weak->len <= RESULT_MAX_ROWS && r.peers->len <= RESULT_MAX_PEERS &&
             r.said->len <= RESULT_MAX_SAID);
        write_again(&r);
        sum_up(&r);
    }
    result_clear(&r);
    g_free(line);
    return 0;
}
