/* report_build.h - what conversation.h has told, as a report, and the text that it gives.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_REPORT_BUILD_H
#define ESPIAL_TEST_REPORT_BUILD_H

#include "conversation.h"

#include "expert.h"

#include <espial/report.h>

#include <stdlib.h>

/* As long as the next call. */
static inline struct report
report_now(struct conversation *c)
{
    static struct diagnoses *diagnoses;

    diagnoses_free(diagnoses);
    diagnoses = diagnoses_new(c->db, c->found);
    return (struct report){
        .db = c->db, .findings = c->found, .diagnoses = diagnoses, .version = "9.8.7"
    };
}

/* What is printed of all that was told; as long as the next call. */
static inline const char *
printed_of(void (*print)(FILE *, const struct report *), const struct report *r)
{
    static char *text;
    size_t len;
    FILE *out;

    free(text);
    text = NULL;
    out = open_memstream(&text, &len);
    print(out, r);
    T(fclose(out) == 0);
    return text;
}

static inline const char *
printed(struct conversation *c, void (*print)(FILE *, const struct report *))
{
    struct report r = report_now(c);

    return printed_of(print, &r);
}

/* A finding of one's own, so that its words and its place are known. */
static inline void
find(struct conversation *c, enum check_id check, uint32_t at, const struct ike_sa *sa,
     const char *says)
{
    struct scope where = { .basis = BASIS_OBSERVED, .frame = at, .sa = sa, .exchange = NO_ID };

    finding_add(c->found, check, &where, "%s", says);
}

/* The client's name, as it stands in the capture, where the tunnel is made with one. */
static inline void
tunnel_of(struct conversation *c, const char *name)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_PSK;
    c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_FQDN,
                              .data = { (const uint8_t *)name, strlen(name) } };
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth?", 3);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
}

#endif
