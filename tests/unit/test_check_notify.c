/* Errors that a peer says by a notify.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions.h"

/* Errors without a row of their own: each by its name, of the exchange that it answers. */
static void
errors(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    begin(c, 1, V1_QUICK, 9, true, false);
    propose(c, esp128, 2, PROTO_ESP, TO_I);
    send(c, "qm1", 3);
    begin(c, 1, V1_INFORMATIONAL, 10, false, false);
    notify(c, N1_PAYLOAD_MALFORMED);
    send(c, "no", 4);
    SAYS(c, error_notify, "198.51.100.20 answers quick mode (frame 3) with PAYLOAD_MALFORMED: it "
                          "cannot read the message.");
    T(g_str_has_prefix(remedy(c, CHECK_error_notify), "If the message was encrypted, compare"));
    T(the_finding(c, CHECK_error_notify)->exchange == 1);

    tunnel(c);    /* a status is no error, and what was sent again is not told again */
    begin(c, 2, V2_INFORMATIONAL, 2, false, false);
    notify(c, N2_INITIAL_CONTACT);
    send(c, "contact", 9);
    SILENT(c, error_notify);
    begin(c, 2, V2_INFORMATIONAL, 3, false, false);
    notify(c, 16383);
    send(c, "private", 10);
    send(c, "private", 11);
    FIRES(c, error_notify);
    T(the_finding(c, CHECK_error_notify)->count == 1);

    tunnel(c);    /* without keys: a lone notify, and no other try (RFC 7296 section 1.3) */
    for (unsigned again = 0; again < 2; again++) {
        tunnel(c);
        for (uint32_t id = 2; id <= 2 + again; id++) {
            char text[16];
            begin(c, 2, V2_CREATE_CHILD_SA, id, true, false);
            c->m.readable = false;
            c->m.length = 400;
            g_snprintf(text, sizeof text, "child %u?", id);
            send(c, text, (uint16_t)(20 + id));
            begin(c, 2, V2_CREATE_CHILD_SA, id, false, true);
            c->m.readable = false;
            c->m.length = id == 2 ? 28 + 4 + 16 + 16 + 16 : 400;
            g_snprintf(text, sizeof text, "child %u!", id);
            send(c, text, (uint16_t)(30 + id));
        }
        end_after(c, 20);
        T((count(c, CHECK_error_notify) > 0) == (again == 0));
    }
}

/* RFC 7296 sections 2.25.1 and 2.25.2: both ends rekey or delete at once. */
static void
collisions(struct conversation *c)
{
    static const uint16_t types[] = { N2_TEMPORARY_FAILURE, N2_CHILD_SA_NOT_FOUND };
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        tunnel(c);
        begin(c, 2, V2_INFORMATIONAL, 0, false, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.num_payloads = 2;
        c->m.num_deletes = 1;
        c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                               .inner = true, .spis = { old, 4 } };
        send(c, "delete", 50);
        begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
        propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        notify(c, N2_REKEY_SA);
        c->m.notifies[0].spi = (struct span){ old, 4 };
        send(c, "rekey?", 51);
        begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
        notify(c, types[i]);
        send(c, "rekey!", 52);
        SAYS(c, error_notify, "198.51.100.20 answers the rekey of SPI a0000001 in frame 6 with ");
        T(strstr(detail(c, CHECK_error_notify), "it started an exchange of its own in frame 5."));
        T(g_str_has_prefix(remedy(c, CHECK_error_notify), "Nothing needs to be done if "));
    }
}

static void
inferred_error(struct conversation *c)
{
    for (unsigned big = 0; big < 2; big++) {
        tunnel(c);
        begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
        c->m.readable = false;
        send(c, "child?", 5);
        begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
        c->m.readable = false;
        c->m.length = big ? 300 : sadb_sk_length(sadb_ike_sa(c->db, 0)->chosen, 8);
        send(c, "child!", 6);
        end_after(c, 20);
        T((count(c, CHECK_error_notify) == 1) == !big);
    }
}

/* CREATE_CHILD_SA that nobody can read; short: its answer is a lone notify. */
static void
unread_child(struct conversation *c, uint32_t id, bool from_client, bool is_short)
{
    char text[32];

    for (unsigned answer = 0; answer < 2; answer++) {
        begin(c, 2, V2_CREATE_CHILD_SA, id, from_client != (answer > 0), answer > 0);
        c->m.readable = false;
        c->m.length = answer && is_short ? sadb_sk_length(sadb_ike_sa(c->db, 0)->chosen, 8) : 400;
        g_snprintf(text, sizeof text, "unread %u %u %u", id, from_client, answer);
        send(c, text, (uint16_t)(40 + 2 * id + answer));
    }
}

/* A refused one is tried again: TEMPORARY_FAILURE where that succeeds soon, or where the refuser
 * was at work itself. */
static void
inferred_tries(struct conversation *c)
{
    tunnel(c);
    for (uint32_t id = 2; id < 5; id++) {
        unread_child(c, id, true, true);
        c->now += 20;
    }
    end_after(c, 20);
    SAYS(c, error_notify, "; 2 more tries up to frame ");
    T(count(c, CHECK_error_notify) == 1);
    T(strstr(remedy(c, CHECK_error_notify), "PFS group"));
    tunnel(c);
    unread_child(c, 2, true, true);
    c->now += 15;
    unread_child(c, 3, true, false);
    end_after(c, 20);
    SILENT(c, error_notify);
    /* hours later an IKE SA is replaced */
    tunnel(c);
    unread_child(c, 2, true, true);
    c->now += 7200;
    unread_child(c, 3, true, false);
    end_after(c, 20);
    FIRES(c, error_notify);
    tunnel(c);
    unread_child(c, 0, false, false);
    unread_child(c, 2, true, true);
    end_after(c, 20);
    SILENT(c, error_notify);
}

static void
complain(struct conversation *c, uint16_t type, const void *spi, size_t spi_len, const void *data,
         size_t len)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, false, false);
    notify(c, type);
    c->m.notifies[0].spi = (struct span){ (const uint8_t *)spi, spi_len };
    c->m.notifies[0].data = (struct span){ (const uint8_t *)data, len };
    send(c, "complaint", 9);
}

static void
spis(struct conversation *c)
{
    /* RFC 7296 section 1.5: the SPI is the data */
    complain(c, N2_INVALID_SPI, NULL, 0, "\240\0\0\1", 4);
    SAYS(c, invalid_spi, "198.51.100.20 rejects a packet of SPI a0000001, Child SA 0 (frame 4).");
    T(the_finding(c, CHECK_invalid_spi)->child_sa == 0);
    complain(c, N2_INVALID_SPI, NULL, 0, "\1\2\3\4", 4);
    SAYS(c, invalid_spi,
         "rejects a packet of SPI 01020304, which no captured exchange negotiated.");
    T(the_finding(c, CHECK_invalid_spi)->child_sa == NO_ID);
    complain(c, N2_INVALID_SPI, NULL, 0, "\1\2", 2);
    SAYS(c, invalid_spi, "rejects a packet but does not say of which SPI.");
    complain(c, N2_INVALID_SELECTORS, "\260\0\0\1", 4, "quoted packet", 13);
    SAYS(c, invalid_selectors, "rejects a packet of SPI b0000001, Child SA 0");
    T(count(c, CHECK_error_notify) == 0);
    reset(c);
    v1_phase1(c, aes256);
    begin(c, 1, V1_INFORMATIONAL, 9, false, false);
    notify(c, N2_INVALID_SELECTORS);
    send(c, "v1", 9);
    SILENT(c, invalid_selectors);
}

/* IKE_SA_INIT and IKE_AUTH of s, which nobody can read, with answers of that length. */
static void
unread_up(struct conversation *c, const struct session *s, uint32_t asks, uint32_t answers,
          unsigned rounds)
{
    session_init(c, s);
    for (unsigned i = 0; i < 2 * rounds; i++) {
        take(c, s, V2_IKE_AUTH, 1 + i / 2, i % 2 == 0, i % 2 == 1);
        c->m.inner_first = i % 2 ? V2P_IDR : V2P_IDI;
        c->m.length = i % 2 ? answers : asks;
        put(c, 0.05);
    }
}

/* Without keys: a client is let in like another one, gets a shorter answer, and no ESP follows. */
static void
given_less(struct conversation *c)
{
    static const struct {
        uint32_t asks, answers;
        unsigned rounds;
        bool carries, goes_on, elsewhere, told;
    } cases[] = {
        { 352, 208, 1, false, false, false, true },
        { 368, 208, 1, false, false, false, true },
        { 352, 304, 1, false, false, false, false },    /* an idle tunnel */
        { 352, 288, 1, false, false, false, false },    /* a little less */
        { 256, 208, 1, false, false, false, false },    /* it asked for less */
        { 352, 208, 1, true, false, false, false },     /* ESP comes of it */
        { 352, 208, 1, false, true, false, false },     /* it goes on to ask (RFC 6023) */
        { 352, 208, 2, false, false, false, false },    /* another round */
        { 352, 208, 1, false, false, true, false },     /* sent elsewhere (RFC 5685) */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct session a = { .spi = 0x10, .blind = true }, b = a, d = a;
        struct ip_addr place;
        T(ip_parse(&place, "192.0.2.11"));
        b.spi = 0x12;
        b.place = &place;
        d.spi = 0x14;
        d.place = &place;
        reset(c);
        unread_up(c, &a, 352, 304, 1);
        session_carries(c, &a, 2, 2);
        unread_up(c, &b, cases[i].asks, cases[i].answers, cases[i].rounds);
        if (cases[i].carries) {
            session_carries(c, &b, 2, 2);
            for (unsigned n = 0; n < 4; n++) {
                packet(c, 0xd0000012u, &place, &c->gateway, NULL, NULL, 0);
                packet(c, 0xc0000012u, &c->gateway, &place, NULL, NULL, 0);
            }
        }
        for (unsigned r = 0; cases[i].goes_on && r < 2; r++) {
            take(c, &b, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
            c->m.inner_first = V2P_SA;
            put(c, 0.1);
        }
        if (cases[i].elsewhere) {
            struct ip_addr first = c->gateway;
            c->gateway = c->stranger;
            unread_up(c, &d, 352, 304, 1);
            c->gateway = first;
        }
        end_after(c, 60);
        if (cases[i].told) {
            SAYS(c, error_notify, "198.51.100.20 answers IKE_AUTH (frame 11) with 208 bytes, but a "
                                  "request of about the same length of IKE SA 0 with 304 (frame "
                                  "4)");
            T(basis_of(c, CHECK_error_notify) == BASIS_INFERRED);
        } else {
            SILENT(c, error_notify);
        }
    }
}

/* What a notify holds is told (RFC 7296 section 3.10.1). */
static void
data_of_errors(struct conversation *c)
{
    static const struct {
        uint16_t type;
        const char *data, *says, *remedy;
        size_t len;
    } cases[] = {
        { N2_UNSUPPORTED_CRITICAL_PAYLOAD, "\x37", "payload type 55 (payload 55)", "Disable", 1 },
        { N2_INVALID_MESSAGE_ID, "\0\0\0\7", "did not expect message ID 7", "The message counters",
          4 },
        { N2_INVALID_MESSAGE_ID, "", "did not expect this message ID", "The message counters", 0 },
        { N2_NO_ADDITIONAL_SAS, "", "accepts no further Child SA",
          "Configure the requesting end to use", 0 },
        { N2_INVALID_SYNTAX, "", "a type, a length or a value", "Check its log", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        complain(c, cases[i].type, NULL, 0, cases[i].data, cases[i].len);
        SAYS(c, error_notify, cases[i].says);
        T(g_str_has_prefix(remedy(c, CHECK_error_notify), cases[i].remedy));
    }
}

/* The start of the packet, as it came or what was inside. */
static void
quoted_packets(struct conversation *c)
{
    static const uint8_t inner[] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 64, IP_TCP, 0, 0, 10, 9, 9, 9,
                                     10, 2, 0, 1, 0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t outer[] = { 0x45, 0, 0, 100, 0, 0, 0, 0, 64, IP_ESP, 0, 0, 192, 0, 2, 10,
                                     198, 51, 100, 20, 0xb0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0 };

    complain(c, N2_INVALID_SELECTORS, "\260\0\0\1", 4, inner, sizeof inner);
    SAYS(c, invalid_selectors, "It quotes the inner packet: 10.9.9.9 to 10.2.0.1, tcp from port "
                               "40000 to 443; the SA is for 10.1.0.0/24 === 10.2.0.0/24.");
    tunnel(c);
    c->seq = 1;
    packet(c, TO_R, &c->client, &c->gateway, "10.9.9.9", "10.2.0.1", IP_TCP);
    begin(c, 2, V2_INFORMATIONAL, 2, false, false);
    notify_with(c, N2_INVALID_SELECTORS, outer, sizeof outer);
    c->m.notifies[0].spi = (struct span){ outer + 20, 4 };
    send(c, "complaint", 9);
    SAYS(c, invalid_selectors, "SPI b0000001, sequence number 2 (frame 5).");
    T(the_finding(c, CHECK_invalid_selectors)->frames->len == 2);
    /* cut behind the IP header */
    complain(c, N2_INVALID_SELECTORS, "\260\0\0\1", 4, outer, 20);
    SAYS(c, invalid_selectors, "It quotes the packet: 192.0.2.10 to 198.51.100.20, esp");
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    given_less(&c);
    errors(&c);
    inferred_error(&c);
    inferred_tries(&c);
    spis(&c);
    data_of_errors(&c);
    quoted_packets(&c);
    collisions(&c);
    return conversation_done(&c);
}
