/* authority.c - the authorities whose certificates one side asks for, against the certificate that
 * it is shown (RFC 7296 section 3.7, RFC 2408 section 3.10).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "words/authority.h"

#include <string.h>

/* "CN=Lab CA,O=Espial", "an authority with the key 1a2b..", "3 authorities" */
static const char *
say_asked(const struct ike_sa *sa, const struct asked_authorities *asked, char *out, gulong size)
{
    if (asked->num == 1) {
        g_snprintf(out, size, sa->major == 1 ? "\"%s\"" : "the CA with the key hash %.16s..",
                   asked->names);
    } else {
        g_snprintf(out, size, "%u CAs%s%s%s", asked->num,
                   sa->major == 1 ? " (" : "", sa->major == 1 ? asked->names : "",
                   sa->major == 1 ? ")" : "");
    }
    return out;
}

static bool
is_sure(const struct asked_authorities *asked)
{
    return asked && asked->num && !asked->any && !asked->unsure;
}

/* Both ask, and for none that the other one asks for too: each trusts its own. */
static bool
none_in_common(const struct auth_terms *terms)
{
    const struct asked_authorities *i = terms->asked_by_i, *r = terms->asked_by_r;

    if (!is_sure(i) || !is_sure(r)) {
        return false;
    }
    for (unsigned a = 0; a < i->num; a++) {
        for (unsigned b = 0; b < r->num; b++) {
            if (memcmp(&i->sums[a], &r->sums[b], sizeof i->sums[0]) == 0) {
                return false;
            }
        }
    }
    return true;
}

void
authority_say(struct authority_words *say, const struct ike_sa *sa, bool of_initiator)
{
    const struct peer_certificate *shown = of_initiator ? sa->certificate_i : sa->certificate_r;
    const struct auth_terms *terms = sa->auth_terms;
    const struct asked_authorities *asked =
        !terms ? NULL : of_initiator ? terms->asked_by_r :
                                       terms->asked_by_i;
    const char *top = shown ? shown->chain.top : "";
    char list[SUITE_TEXT_MAX];

    *say = (struct authority_words){ .text = "" };
    if (!shown || !asked || shown->chain.issuing == ISSUING_UNKNOWN) {
        return;
    }
    say_asked(sa, asked, list, sizeof list);
    if (shown->chain.issuing == ISSUING_ASKED) {
        say->asked = say->sure = true;
        g_snprintf(say->text, sizeof say->text,
                   "The other side requests a certificate from this CA (frame %u).", asked->frame);
        g_strlcpy(say->remedy,
                  "Check the log of the rejecting side, which requests this issuer: whether the "
                  "certificate is revoked or lacks a usage, or whether no connection accepts this "
                  "identity.",
                  sizeof say->remedy);
    } else if (shown->chain.issuing == ISSUING_OTHER) {
        say->sure = true;
        g_snprintf(say->text, sizeof say->text,
                   "The certificate chain ends at \"%s\", but the other side requests %s (frame "
                   "%u).",
                   top, list, asked->frame);
        g_snprintf(say->remedy, sizeof say->remedy,
                   "Install \"%s\" as a trusted CA on the rejecting side, or use a certificate "
                   "from a CA that it requests.",
                   top);
    } else {
        bool apart = sa->major == 2 && none_in_common(terms);
        say->sure = apart || sa->major == 1;
        g_snprintf(say->text, sizeof say->text,
                   "The other side requests %s (frame %u), and the certificate of \"%s\", which "
                   "issued %s, is not included%s.",
                   list, asked->frame, top, shown->chain.num_issuers ? "the last one" : "it",
                   apart ? "; the two ends request no CA in common" : "");
        g_snprintf(say->remedy, sizeof say->remedy,
                   say->sure ? "Install \"%s\" as a trusted CA on the other side; if it is an "
                               "intermediate CA, configure the sender to include its certificate "
                               "instead." :
                               "If \"%s\" is an intermediate CA, configure the sender to include "
                               "its certificate.",
                   top);
    }
}
