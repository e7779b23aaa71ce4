/* A capture of very many tunnels: the failing ones first, alike ones together.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose_build.h"

enum { MANY = 10000, FAIL_EACH = 10 };

/* Tunnels of as many clients, of which one in FAIL_EACH is refused and the others have no end. */
static void
begin_many(struct conversation *c, uint32_t n)
{
    reset(c);
    for (uint32_t i = 0; i < n; i++) {
        char text[32];
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
            memcpy(c->m.spi_i, &i, sizeof i);
            if (r) {
                memcpy(c->m.spi_r, &i, sizeof i);
            }
            g_snprintf(text, sizeof text, "10.%u.%u.%u", 1 + i / 65536, i / 256 % 256, i % 256);
            T(ip_parse(r ? &c->to : &c->from, text));
            if (r) {
                c->from = c->gateway;
            }
            propose(c, aes256, 4, PROTO_IKE, 0);
            g_snprintf(text, sizeof text, "%u %u", i, r);
            c->now -= 0.499;
            send(c, text, (uint16_t)c->frame);
        }
    }
    forget_findings(c);
    for (uint32_t i = FAIL_EACH - 1; i < n; i += FAIL_EACH) {
        find(c, CHECK_auth_failed, 2 * i + 2, sadb_ike_sa(c->db, i), "Rejected.");
    }
}

static void
all_of_them(struct conversation *c)
{
    const struct diagnoses *d;
    const char *text;

    begin_many(c, MANY);
    d = diagnosed(c);
    T(diagnoses_num_tunnels(d) == MANY && diagnoses_count(d) == MANY / FAIL_EACH);
    for (size_t i = 0; i < MANY; i++) {
        T((diagnoses_worst(d, i)->verdict == VERDICT_FAILS) == (i < MANY / FAIL_EACH));
    }
    T(diagnoses_worst(d, 0)->id == FAIL_EACH - 1);
    T(says(diagnoses_outcome(d), "Of 10000 tunnels, 1000 fail, 9000 "));
    text = printed(c, report_diagnosis);
    T(says(text, "\n\nFails: 10.1.0.9 gets no tunnel to 198.51.100.20"));
    T(says(text, "\nsame cause: 999 other tunnels (10.1.0.19 to 198.51.100.20, from frame 39; "));
    T(strstr(text, "Fails: ") < strstr(text, "annot be told: "));
    T(!strstr(strstr(text, "Fails: ") + 1, "Fails: "));         /* told once */
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    all_of_them(&c);
    return conversation_done(&c);
}
