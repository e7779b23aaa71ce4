/* What lengths, offers and SPIs suggest is taken back, or not believed, where the SA goes on.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Someone asks in the gateway's name with an offer that the client does not have. */
static void
poisoned(struct conversation *c)
{
    static const struct transform des[] = {
        { TRANSFORM_ENCR, ENCR_DES_CBC, 0 },
        { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
        { TRANSFORM_PRF, PRF_HMAC_MD5, 0 },
        { TRANSFORM_KE, KE_MODP_768, 0 },
    };

    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, des, 4, PROTO_IKE, 0);
    c->from = c->gateway;
    c->to = c->client;
    send(c, "poison", 1);
}

/* up_to: 0 the request alone, 1 it is refused, 2 the answer chooses and nothing follows, 3 the
 * client goes on, 4 the SA stands. */
static void
forecast(struct conversation *c, unsigned up_to, bool wanted)
{
    poisoned(c);
    if (up_to) {
        sa_init(c, aes256, up_to > 1 ? aes256 : NULL);
    } else {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init?", 1);
    }
    if (up_to > 2) {
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    }
    if (up_to > 3) {
        auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    }
    end_after(c, 1);
    TOLD(c, no_common_proposal, wanted);
    T(!wanted || strstr(detail(c, CHECK_no_common_proposal), "no suite in common"));
}

/* An answer of noise as short as a refusal, before the true one: the SA is used, or not. */
static void
short_noise(struct conversation *c, bool used)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned k = 0; k < (used ? 3u : 2u); k++) {
        begin(c, 2, V2_IKE_AUTH, 1, k == 0, k > 0);
        c->m.readable = false;
        c->m.length = k == 1 ? 80 : 400;
        send(c, k == 0 ? "auth?" : k == 1 ? "noise" : "auth!", (uint16_t)(3 + k));
    }
    for (unsigned k = 0; used && k < 2; k++) {
        begin(c, 2, V2_INFORMATIONAL, 2, k == 0, k == 1);
        c->m.readable = false;
        c->m.length = 80;
        send(c, k ? "dpd!" : "dpd?", (uint16_t)(9 + k));
    }
    end_after(c, 1);
    TOLD(c, auth_failure_suspected, !used);
}

/* A fragment of noise before the answer is none. */
static void
fragment_first(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned k = 0; k < 3; k++) {
        begin(c, 2, V2_IKE_AUTH, 1, k == 0, k > 0);
        c->m.readable = false;
        c->m.length = 400;
        c->m.fragment = k == 1 ? 2 : 0;
        send(c, k == 0 ? "auth?" : k == 1 ? "noise" : "auth!", (uint16_t)(3 + k));
    }
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED &&
      sadb_ike_sa(c->db, 0)->established_in == 5);
}

/* Phase 1 of so many messages, then quick mode that nobody can read. */
static enum ike_sa_state
quick_after(struct conversation *c, uint8_t mode, unsigned messages, bool begun)
{
    char text[8];

    reset(c);
    for (unsigned n = begun ? 1 : messages; n <= messages; n++) {
        begin(c, 1, mode, 0, n % 2, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        c->m.encrypted = n > (mode == V1_MAIN ? 4 : 2);
        c->m.readable = !c->m.encrypted;
        if (n < 3) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        g_snprintf(text, sizeof text, "p%u", n);
        send(c, text, (uint16_t)n);
    }
    for (unsigned n = 1; n <= 2; n++) {
        begin(c, 1, V1_QUICK, 9, n == 1, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = false;
        send(c, n == 1 ? "qm1" : "qm2", (uint16_t)(10 + n));
    }
    return sadb_ike_sa(c->db, 0)->state;
}

static void
quick_modes(struct conversation *c)
{
    T(quick_after(c, V1_MAIN, 5, true) == IKE_HALF_OPEN);       /* nobody has accepted the fifth */
    T(quick_after(c, V1_MAIN, 6, true) == IKE_ESTABLISHED);
    T(quick_after(c, V1_MAIN, 5, false) == IKE_ESTABLISHED);    /* its beginning was not captured */
    T(quick_after(c, V1_AGGRESSIVE, 2, true) == IKE_HALF_OPEN);
    T(quick_after(c, V1_AGGRESSIVE, 3, true) == IKE_ESTABLISHED);
}

/* An IKE SA of which nobody can read more than the first exchange. */
static void
unread(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.readable = false;
        c->m.length = 400;
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
}

/* RFC 4303 section 2.1: SPIs that are reserved make an SA where they are the only ones. */
static void
reserved(struct conversation *c)
{
    unread(c);
    ipsec(c, &c->client, &c->gateway, esp_of(1, 1));
    ipsec(c, &c->gateway, &c->client, esp_of(2, 1));
    T(sadb_num_child_sas(c->db) == 1 && sadb_child_sa(c->db, 0)->spi_r == 1 &&
      sadb_child_sa(c->db, 0)->spi_i == 2);
    unread(c);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    ipsec(c, &c->client, &c->gateway, esp_of(1, 1));
    ipsec(c, &c->gateway, &c->client, esp_of(2, 1));
    ipsec(c, &c->gateway, &c->client, esp_of(TO_I, 1));
    T(sadb_num_child_sas(c->db) == 1 && sadb_child_sa(c->db, 0)->spi_r == TO_R &&
      sadb_child_sa(c->db, 0)->spi_i == TO_I);
}

/* A Child SA that is only inferred was negotiated in no frame. */
static void
rejected(struct conversation *c)
{
    static const uint8_t spi[] = { 0xb0, 0, 0, 1 };

    unread(c);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    begin(c, 2, V2_INFORMATIONAL, 2, false, false);
    notify_with(c, N2_INVALID_SPI, spi, sizeof spi);
    send(c, "rejects", 9);
    SAYS(c, invalid_spi, "Child SA 0 (inferred, since frame 5)");
}

/* RFC 2409 section 5.7: a refusal in a message of its own is of the last exchange that its keys can
 * read, whatever noise comes in between. */
static void
refused_ids(struct conversation *c, bool noise, uint8_t type)
{
    for (unsigned n = 1; n <= 2; n++) {
        if (n == 1) {
            reset(c);
        }
        begin(c, 1, V1_AGGRESSIVE, 0, n == 1, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, n == 1 ? "am1" : "am2", (uint16_t)n);
    }
    begin(c, 1, V1_AGGRESSIVE, 0, true, false);
    memset(c->m.spi_r, 0x22, 8);
    c->m.encrypted = true;
    send(c, "am3", 3);
    begin(c, 1, V1_QUICK, 9, true, false);
    memset(c->m.spi_r, 0x22, 8);
    propose(c, esp128, 2, PROTO_ESP, TO_I);
    send(c, "qm1", 4);
    for (unsigned n = 0; noise && n < 2; n++) {
        begin(c, 1, type, 10, n == 0, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = false;
        send(c, n ? "noise 2" : "noise 1", (uint16_t)(5 + n));
    }
    begin(c, 1, V1_INFORMATIONAL, 11, false, false);
    memset(c->m.spi_r, 0x22, 8);
    notify(c, N1_INVALID_ID_INFORMATION);
    send(c, "no", 7);
    FIRES(c, ts_unacceptable);
    SILENT(c, identity_rejected);
}

/* RFC 4303 section 3.4.3: a receiver drops what comes again before it looks inside. */
static void
replayed_inside(struct conversation *c)
{
    tunnel(c);
    packet(c, TO_R, &c->client, &c->gateway, "10.9.9.9", "10.2.0.5", IP_TCP);
    FIRES(c, inner_source_violation);
    c->seq--;
    packet(c, TO_R, &c->client, &c->gateway, "10.9.9.9", "10.2.0.5", IP_TCP);
    FIRES(c, replay);
    T(the_finding(c, CHECK_inner_source_violation)->count == 1);
    packet(c, TO_R, &c->client, &c->gateway, "10.9.9.9", "10.2.0.5", IP_TCP);
    T(the_finding(c, CHECK_inner_source_violation)->count == 2);
}

/* A try that was refused, hundreds of requests that anybody may send, and the next try. */
static void
changed_offer(struct conversation *c, unsigned between)
{
    char text[16];

    reset(c);
    sa_init(c, aes128, NULL);
    for (unsigned i = 0; i < between; i++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        c->m.spi_i[0] = (uint8_t)(0x80 | i >> 8);
        c->m.spi_i[1] = (uint8_t)i;
        propose(c, aes128, 4, PROTO_IKE, 0);
        g_snprintf(text, sizeof text, "half %u", i);
        send(c, text, (uint16_t)(1000 + i));
    }
    SILENT(c, offer_changed);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "again", 5);
    SAYS(c, offer_changed, "its try in frame 1 offered");
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    forecast(&c, 0, true);
    forecast(&c, 1, true);
    forecast(&c, 2, true);
    forecast(&c, 3, false);
    forecast(&c, 4, false);
    short_noise(&c, false);
    short_noise(&c, true);
    fragment_first(&c);
    quick_modes(&c);
    reserved(&c);
    rejected(&c);
    refused_ids(&c, false, V1_QUICK);
    refused_ids(&c, true, V1_QUICK);
    refused_ids(&c, true, 249);
    replayed_inside(&c);
    changed_offer(&c, 0);
    changed_offer(&c, 300);
    return conversation_done(&c);
}
