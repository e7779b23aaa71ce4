/* fuzz_plan.c - any octets as a planning sheet.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <espial/limits.h>
#include <espial/plan.h>

static void
ask(const struct plan *p)
{
    static const uint8_t v4[] = { 192, 0, 2, 10 }, v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
    struct ip_addr client = ip_from(4, v4), other = ip_from(6, v6);
    const struct plan_peer *one = plan_find(p, "lisa@corp.example", &client);
    char text[TS_TEXT_MAX];

    plan_find(p, NULL, &other);
    plan_find(p, "", NULL);
    if (one) {
        MUST(plan_count(p) > 0 && one->peer);
        for (size_t i = 0; i < one->num_networks; i++) {
            struct selector back;
            selector_print(&one->networks[i], text, sizeof text);
            MUST(selector_parse(&back, text) && selector_equal(&back, &one->networks[i]));
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan *p = plan_new();
    char *messages;
    size_t n = plan_read(p, "fuzz", (const char *)data, size, &messages);

    MUST(n == plan_count(p));
    ask(p);
    g_free(messages);
    plan_free(p);
    return 0;
}
