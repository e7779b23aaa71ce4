/* The dates and names of certificates, and what they make of a refused authentication (RFC 7296
 * sections 2.21.2 and 3.6).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "certificates.h"
#include "conversation.h"

enum { INSIDE = CERT_FROM + 1000, DAY = 86400 };

/* The message carries the certificate. */
static void
show(struct conversation *c, const uint8_t *der, size_t len)
{
    static uint8_t body[1024];

    body[0] = 4;
    memcpy(body + 1, der, len);
    c->m.payloads[c->m.num_payloads++] =
        (struct ike_payload){ .type = c->m.major == 1 ? V1P_CERT : V2P_CERT, .inner = true,
                              .body = { body, len + 1 } };
}

static void
name(struct ike_id *id, const char *fqdn)
{
    *id = (struct ike_id){ .present = true, .type = ID_FQDN,
                           .data = { (const uint8_t *)fqdn, strlen(fqdn) } };
}

/* The gateway answers IKE_AUTH at that time as gw, with a certificate. */
static void
answered(struct conversation *c, double when, const char *gw, const uint8_t *der, size_t len)
{
    reset(c);
    c->now = when;
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_DIGITAL_SIGNATURE;
    name(&c->m.id_r, gw);
    show(c, der, len);
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth!", 4);
}

static void
refused_by_client(struct conversation *c)
{
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 5);
}

static void
dates(struct conversation *c)
{
    answered(c, INSIDE, "gw.lab.example", cert_named, sizeof cert_named);
    SILENT(c, certificate_expired);
    SILENT(c, certificate_not_yet_valid);

    answered(c, CERT_TO + 3 * DAY, "gw.lab.example", cert_named, sizeof cert_named);
    SAYS(c, certificate_expired,
         "gw.lab.example sends the certificate \"CN=gw.lab.example,O=Espial\"");
    SAYS(c, certificate_expired, "expired on 2027-01-01 00:00:00 UTC, 3 days before this frame");
    SILENT(c, certificate_not_yet_valid);
    refused_by_client(c);
    SAYS(c, auth_failed, "and has expired");
    T(strstr(the_finding(c, CHECK_auth_failed)->remedy, "Renew the certificate"));

    answered(c, CERT_FROM - 7202, "gw.lab.example", cert_authority, sizeof cert_authority);
    SAYS(c, certificate_not_yet_valid, "the authority's certificate");
    SAYS(c, certificate_not_yet_valid, "2 hours after this frame");
    SILENT(c, certificate_expired);

    /* a capture without a clock */
    answered(c, 100, "gw.lab.example", cert_named, sizeof cert_named);
    SILENT(c, certificate_not_yet_valid);
}

static void
names(struct conversation *c)
{
    answered(c, INSIDE, "gw.lab.example", cert_named, sizeof cert_named);
    refused_by_client(c);
    SILENT(c, certificate_name_mismatch);
    SAYS(c, auth_failed, "issued by \"CN=gw.lab.example,O=Espial\".");
    T(strstr(the_finding(c, CHECK_auth_failed)->remedy, "trusts the issuer"));
    T(!strstr(the_finding(c, CHECK_auth_failed)->remedy, "pre-shared"));

    answered(c, INSIDE, "vpn.lab.example", cert_named, sizeof cert_named);
    SAYS(c, certificate_name_mismatch, "The responder identifies itself as vpn.lab.example, but "
                                       "its certificate \"CN=gw.lab.example,O=Espial\" names "
                                       "gw.lab.example, 198.51.100.20");
    T(severity_of(c, CHECK_certificate_name_mismatch) == SEV_NOTE);
    refused_by_client(c);
    T(severity_of(c, CHECK_certificate_name_mismatch) == SEV_WARN);
    SAYS(c, auth_failed, "and does not contain that identity");
    T(g_str_has_prefix(the_finding(c, CHECK_auth_failed)->remedy, "Issue the certificate with"));
}

/* What a signature needs is not a pre-shared key, also where no certificate was sent. */
static void
without_certificate(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_RSA_SIGNATURE;
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 4);
    FIRES(c, auth_failed);
    T(strstr(the_finding(c, CHECK_auth_failed)->remedy, "has or receives the certificate"));
}

/* IKEv1 sends certificates in any order: the authority's is not the peer's. */
static void
main_mode(struct conversation *c)
{
    reset(c);
    c->now = CERT_TO + DAY;
    v1_phase1(c, aes256);
    begin(c, 1, V1_MAIN, 0, true, false);
    c->m.encrypted = true;
    name(&c->m.id_i, "other.lab.example");
    show(c, cert_named, sizeof cert_named);
    send(c, "mm5", 3);
    FIRES(c, certificate_expired);
    SAYS(c, certificate_name_mismatch, "The initiator identifies itself as other.lab.example");
}

/* What of a message is left out is said. */
static void
too_many(struct conversation *c)
{
    static const uint8_t broken[] = { 0x30, 0x82 };

    for (unsigned num = CERT_MAX_READ; num <= CERT_MAX_READ + 1; num++) {
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_MAIN, 0, true, false);
        c->m.encrypted = true;
        for (unsigned i = 0; i < num; i++) {
            show(c, broken, sizeof broken);
        }
        send(c, "mm5", 3);
        T((sadb_caps(c->db)[0] != NULL) == (num > CERT_MAX_READ));
    }
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    dates(&c);
    names(&c);
    without_certificate(&c);
    main_mode(&c);
    too_many(&c);
    return conversation_done(&c);
}
