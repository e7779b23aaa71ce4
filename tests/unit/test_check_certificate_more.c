/* The authorities that a side asks for against the certificate that it is shown (RFC 7296
 * section 3.7, RFC 2408 section 3.10), and certificates that are weak.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "certificates.h"
#include "chains.h"
#include "conversation.h"

enum { INSIDE = CERT_FROM + 1000,
       X509 = 4 };

#define DER(array) ((struct span){ (array), sizeof(array) })

static uint8_t bodies[8][1024]; /* of the message under way */

/* A payload of that encoding. */
static void
carry(struct conversation *c, uint8_t type, struct span what)
{
    uint8_t *body = bodies[c->m.num_payloads % G_N_ELEMENTS(bodies)];

    body[0] = X509;
    memcpy(body + 1, what.at, what.len);
    c->m.payloads[c->m.num_payloads++] =
        (struct ike_payload){ .type = type, .inner = true, .body = { body, what.len + 1 } };
}

static void
show(struct conversation *c, struct span der)
{
    carry(c, c->m.major == 1 ? V1P_CERT : V2P_CERT, der);
}

static void
ask(struct conversation *c, struct span authority)
{
    carry(c, c->m.major == 1 ? V1P_CERTREQ : V2P_CERTREQ, authority);
}

static void
name(struct ike_id *id, const char *fqdn)
{
    *id = (struct ike_id){ .present = true, .type = ID_FQDN,
                           .data = { (const uint8_t *)fqdn, strlen(fqdn) } };
}

/* IKE_SA_INIT, whose answer asks for what asked is, and a client that shows chain. */
static void
client_shows(struct conversation *c, const struct span *asked, size_t num_asked,
             const struct span *chain, size_t num)
{
    reset(c);
    c->now = INSIDE;
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    for (size_t i = 0; i < num_asked; i++) {
        ask(c, asked[i]);
    }
    send(c, "init!", 2);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_DIGITAL_SIGNATURE;
    name(&c->m.id_i, "gw.lab.example");
    for (size_t i = 0; i < num; i++) {
        show(c, chain[i]);
    }
    send(c, "auth?", 3);
}

static void
refused(struct conversation *c)
{
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 4);
}

static const char *
advice(const struct conversation *c)
{
    return the_finding(c, CHECK_auth_failed)->remedy;
}

static void
whole_chain(struct conversation *c)
{
    const struct span asked_middle[] = { DER(key_of_middle) }, other[] = { { cert_named, 20 } };
    const struct span leaf[] = { DER(chain_leaf), DER(chain_middle), DER(chain_root) };

    /* what is asked for is on the way up */
    client_shows(c, asked_middle, 1, leaf, 2);
    SILENT(c, weak_certificate);
    T(c->db && sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_ASKED);
    refused(c);
    SAYS(c, auth_failed, "The other side requests a certificate from this CA (frame 2).");
    T(strstr(advice(c), "which requests this issuer"));
    T(!strstr(advice(c), "whether it trusts"));

    /* up to a root that nobody asks for */
    client_shows(c, other, 1, leaf, 3);
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_OTHER);
    refused(c);
    SAYS(c, auth_failed, "The certificate chain ends at \"CN=Root\", but the other side requests "
                         "the CA with the key hash");
    T(g_str_has_prefix(advice(c), "Install \"CN=Root\" as a trusted CA"));
}

static void
open_chain(struct conversation *c)
{
    const struct span root[] = { DER(key_of_root) }, any[] = { { chain_leaf, 0 } };
    const struct span leaf[] = { DER(chain_leaf), DER(chain_middle) };
    const struct span odd[] = { { cert_named, 21 } };

    client_shows(c, root, 1, leaf, 1);
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_OPEN);
    SILENT(c, auth_failed);
    refused(c);
    SAYS(c, auth_failed, "the certificate of \"CN=Middle\", which issued it, is not included.");
    T(strstr(advice(c), "whether it trusts the issuer \"CN=Middle\""));
    T(strstr(advice(c), "If \"CN=Middle\" is an intermediate CA, configure the sender"));

    /* the root is not sent, and may be the one that is asked for */
    client_shows(c, root, 1, leaf, 2);
    refused(c);
    SAYS(c, auth_failed, "the certificate of \"CN=Root\", which issued the last one");

    /* whichever there is; nothing; what cannot be read */
    for (int i = 0; i < 3; i++) {
        client_shows(c, i ? odd : any, i != 1, leaf, 1);
        T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_UNKNOWN);
        refused(c);
        T(!strstr(the_finding(c, CHECK_auth_failed)->detail, "requests"));
        T(strstr(advice(c), "whether it trusts the issuer"));
        T(!strstr(advice(c), "intermediate"));
    }
}

/* Each side asks for its own authority alone. */
static void
none_in_common(struct conversation *c)
{
    const struct span root[] = { DER(key_of_root) };

    client_shows(c, root, 1, NULL, 0);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.auth_method = AUTH2_DIGITAL_SIGNATURE;
    show(c, DER(chain_leaf));
    ask(c, DER(key_of_middle));
    send(c, "auth again", 3);
    refused(c);
    SAYS(c, auth_failed, "the two ends request no CA in common");
    T(strstr(advice(c), "is an intermediate CA, configure the sender"));
    T(!strstr(advice(c), "whether it trusts"));
}

/* More than is kept: nothing is said of what may be among them. */
static void
too_many(struct conversation *c)
{
    uint8_t all[(CERT_MAX_ASKED + 1) * 20];
    struct span asked[] = { { all, sizeof all } }, leaf[] = { DER(chain_leaf) };

    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)(i / 20);
    }
    client_shows(c, asked, 1, leaf, 1);
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_UNKNOWN);
    T(sadb_caps(c->db)[0] != NULL);
    asked[0].len -= 20;
    client_shows(c, asked, 1, leaf, 1);
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_OPEN);
    T(sadb_caps(c->db)[0] == NULL);
}

/* Main mode: the gateway asks by name in message 4, the client shows in message 5. */
static void
main_mode(struct conversation *c, struct span asked, struct span shown)
{
    reset(c);
    c->now = INSIDE;
    v1_phase1(c, aes256);
    begin(c, 1, V1_MAIN, 0, false, false);
    ask(c, asked);
    send(c, "mm4", 3);
    begin(c, 1, V1_MAIN, 0, true, false);
    c->m.encrypted = true;
    name(&c->m.id_i, "gw.lab.example");
    show(c, shown);
    send(c, "mm5", 4);
    begin(c, 1, V1_INFORMATIONAL, 99, false, false);
    c->m.encrypted = true;
    notify(c, N1_AUTHENTICATION_FAILED);
    send(c, "no", 5);
}

static void
by_name(struct conversation *c)
{
    main_mode(c, DER(name_of_root), DER(chain_short));
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_ASKED);
    SAYS(c, weak_certificate, "the certificate \"CN=gw.lab.example\", which has a key of RSA with "
                              "1024 bits and is signed with ECDSA-SHA1.");

    main_mode(c, DER(name_of_root), DER(chain_leaf));
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_OPEN);
    SILENT(c, weak_certificate);
    SAYS(c, auth_failed, "The other side requests \"CN=Root\" (frame 3), and the certificate of "
                         "\"CN=Middle\", which issued it, is not included.");
    T(g_str_has_prefix(advice(c), "Install \"CN=Middle\" as a trusted CA on the other side"));

    main_mode(c, (struct span){ name_of_root, 9 }, DER(chain_leaf));
    T(sadb_ike_sa(c->db, 0)->certificate_i->chain.issuing == ISSUING_UNKNOWN);
}

/* Without keys, what message 5 rests on is told by the method that was agreed in clear. */
static void
suspected(struct conversation *c)
{
    static const struct {
        uint16_t method;
        const char *text;
    } table[] = {
        { AUTH1_PSK, "the first that requires the right key, with an Informational instead of its "
                     "own message. Suggests that the pre-shared keys differ." },
        { AUTH1_RSA_SIGNATURE, "Suggests that it does not accept the initiator's certificate" },
        { AUTH1_XAUTH_RSA_SIGNATURE_I, "which authenticates the initiator, with" },
        { AUTH1_HYBRID_RSA_SIGNATURE_I, "does not accept the initiator's authentication" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, V1_MAIN, 0, r == 0, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.proposals[0].attr.auth_method = table[i].method;
            send(c, r ? "mm2" : "mm1", (uint16_t)(1 + r));
        }
        begin(c, 1, V1_MAIN, 0, true, false);
        send(c, "mm3", 3);
        begin(c, 1, V1_MAIN, 0, false, false);
        send(c, "mm4", 4);
        begin(c, 1, V1_MAIN, 0, true, false);
        c->m.encrypted = true;
        c->m.readable = false;
        send(c, "mm5", 5);
        begin(c, 1, V1_INFORMATIONAL, 99, false, false);
        c->m.encrypted = true;
        c->m.readable = false;
        send(c, "no", 6);
        SAYS(c, auth_failure_suspected, table[i].text);
        T(!strstr(the_finding(c, CHECK_auth_failure_suspected)->remedy, "certificate") ==
          (table[i].method == AUTH1_PSK || table[i].method == AUTH1_HYBRID_RSA_SIGNATURE_I));
    }
}

/* RFC 9593: the gateway says what it accepts, a pre-shared key and what else is in data. */
static void
announced(struct conversation *c)
{
    static const uint8_t key[] = { 2, AUTH2_PSK }, both[] = { 2, AUTH2_PSK, 3, 14, 0 },
                         broken[] = { 0, AUTH2_PSK, 9 };
    static const struct { const uint8_t *data; size_t len; bool tells; } table[] = {
        { key, sizeof key, true },
        { both, sizeof both, false },
        { broken, sizeof broken, false },
        { NULL, 0, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        c->now = INSIDE;
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init", 1);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        propose(c, aes256, 4, PROTO_IKE, 0);
        notify_with(c, N2_SUPPORTED_AUTH_METHODS, table[i].data, table[i].len);
        send(c, "init!", 2);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        c->m.has_auth = true;
        c->m.auth_method = AUTH2_DIGITAL_SIGNATURE;
        show(c, DER(chain_leaf));
        send(c, "auth?", 3);
        refused(c);
        T((strstr(the_finding(c, CHECK_auth_failed)->detail,
                  "announces in frame 2 what it accepts: pre-shared key; digital signature is "
                  "not among it.") != NULL) == table[i].tells);
        T((strstr(advice(c), "same authentication method") != NULL) == table[i].tells);
    }
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    whole_chain(&c);
    open_chain(&c);
    none_in_common(&c);
    too_many(&c);
    by_name(&c);
    suspected(&c);
    announced(&c);
    return conversation_done(&c);
}
