/* What the tracker makes of messages: whose they are, which exchange they belong to, what they
 * make and end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include "database.h"

static struct ike_event last;

/* As send(), and the event is kept. */
static void
see(struct conversation *c, const char *octets, uint16_t ip_id)
{
    send_event(c, &last, octets, ip_id);
}

/* IKEv1 has no flag that says whose a message is (RFC 2408 section 3.1). */
static void
v1_sides(struct conversation *c)
{
    static const struct { uint16_t src, dst; bool initiator; } ports[] = {
        { PORT_IKE, PORT_NATT, true }, { PORT_NATT, PORT_IKE, false }, { 7, PORT_IKE, false },
    };

    /* both behind one address: the ports tell */
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        reset(c);
        c->ike_src_port = PORT_IKE;
        c->ike_dst_port = PORT_NATT;
        begin(c, 1, V1_MAIN, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        c->to = c->client;
        see(c, "mm1", 1);
        begin(c, 1, V1_MAIN, 0, true, false);
        memset(c->m.spi_r, 0x22, 8);
        c->from = c->to = c->client;
        c->ike_src_port = ports[i].src;
        c->ike_dst_port = ports[i].dst;
        see(c, "next", 2);
        T(last.from_initiator == ports[i].initiator);
    }
    /* from elsewhere: who it goes to tells */
    for (unsigned to_client = 0; to_client < 2; to_client++) {
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_INFORMATIONAL, 9, true, false);
        memset(c->m.spi_r, 0x22, 8);
        c->from = c->stranger;
        c->to = to_client ? c->client : c->gateway;
        see(c, "elsewhere", 9);
        T(last.sa == sadb_ike_sa(c->db, 0) && last.from_initiator == !to_client);
    }
    reset(c);    /* the capture begins with a refusal: it comes from the responder */
    begin(c, 1, V1_INFORMATIONAL, 0, false, false);
    notify(c, N1_NO_PROPOSAL_CHOSEN);
    see(c, "no", 1);
    T(ip_equal(&last.sa->responder.addr, &c->gateway) &&
      ip_equal(&last.sa->initiator.addr, &c->client) && !last.from_initiator);
    T(!last.sa->started_here);
}

/* One initiator SPI: of another version, of another pair, of another responder SPI (RFC 7296
 * section 2.6). */
static void
spis(struct conversation *c)
{
    static const uint8_t other[8] = { 9 };

    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 1, V1_MAIN, 0, true, false);
    see(c, "version 1", 9);
    T(last.new_sa && sadb_num_ike_sas(c->db) == 2);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes128, 4, PROTO_IKE, 0);
    c->from = c->stranger;
    see(c, "stranger", 10);
    T(last.new_sa && sadb_num_ike_sas(c->db) == 3);
    begin(c, 2, V2_INFORMATIONAL, 5, true, false);
    memset(c->m.spi_r, 0x99, 8);
    see(c, "another", 11);
    T(last.new_sa && sadb_num_ike_sas(c->db) == 4 && last.sa->spi_r[0] == 0x99);
    T(sadb_knows_spi_i(c->db, c->m.spi_i) && !sadb_knows_spi_i(c->db, other));
    T(!sadb_ike_sa(c->db, 99) && !sadb_child_sa(c->db, 99) && !sadb_stream(c->db, 99));
}

/* Wrong keys at IKE_INTERMEDIATE accuse nobody: the keys change there (RFC 9242 section 3.3.1). */
static void
intermediate(struct conversation *c)
{
    for (unsigned changes = 0; changes < 2; changes++) {
        tunnel(c);
        if (changes) {
            begin(c, 2, V2_IKE_INTERMEDIATE, 1, true, false);
            see(c, "intermediate", 8);
        }
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        c->m.readable = false;
        c->m.integrity_wrong = true;
        see(c, "wrong", 9);
        T((last.message == NULL) == !changes &&
          (sadb_ike_sa(c->db, 0)->num_wrong == 1) == !changes);
    }
}

/* Two proposals with SPIs of their own: the one of the chosen proposal counts (RFC 7296 section
 * 3.3.1). */
static void
spi_of_the_chosen(struct conversation *c)
{
    static const struct transform ah[] = {
        { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };

    for (uint8_t chosen = 1; chosen <= 2; chosen++) {
        reset(c);
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        propose(c, ah, 2, PROTO_AH, 0xa1);
        propose(c, esp128, 3, PROTO_ESP, 0xa2);
        c->m.proposals[1].number = 2;
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        see(c, "auth?", 3);
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.has_auth = true;
        propose(c, chosen == 1 ? ah : esp128, chosen == 1 ? 2 : 3,
                chosen == 1 ? PROTO_AH : PROTO_ESP, 0xb1);
        c->m.proposals[0].number = chosen;
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        see(c, "auth!", 4);
        T(last.child && last.child->spi_i == 0xa0u + chosen && last.child->spi_r == 0xb1);
        T(last.child && last.child->protocol == (chosen == 1 ? PROTO_AH : PROTO_ESP));
    }
}

/* RFC 7296 section 1.4.1: the IKE SA ends once, and its Child SAs with it; one SA of two
 * protocols is two. */
static void
deletes(struct conversation *c)
{
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 }, unknown[] = { 1, 2, 3, 4 };

    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.num_deletes = 2;
    c->m.deletes[0] = c->m.deletes[1] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    see(c, "all", 9);
    T(last.ike_deleted && last.num_deleted == 1 && sadb_ike_sa(c->db, 0)->deleted_in == 5 &&
      sadb_child_sa(c->db, 0)->deleted_in == 5);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    see(c, "again", 10);
    T(!last.ike_deleted && sadb_ike_sa(c->db, 0)->deleted_in == 5);

    static const struct { uint8_t protocol, spi_len; const uint8_t *spi; bool ends; } table[] = {
        { PROTO_ESP, 4, spi, true }, { PROTO_AH, 4, spi, false }, { PROTO_ESP, 4, unknown, false },
        { PROTO_ESP, 2, spi, false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel(c);
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        c->m.num_deletes = 1;
        c->m.deletes[0] = (struct ike_delete){ .protocol = table[i].protocol,
                                               .spi_len = table[i].spi_len, .num_spis = 1,
                                               .inner = true,
                                            .spis = { table[i].spi, table[i].spi_len } };
        see(c, "delete", 9);
        T((sadb_child_sa(c->db, 0)->state == CHILD_DELETED) == table[i].ends &&
          last.num_deleted == table[i].ends);
    }
    SILENT(c, sa_deleted);
}

/* An address is given once, by the gateway alone, and 0.0.0.0 is none (RFC 7296 section 3.15.1). */
static void
addresses(struct conversation *c)
{
    static const struct {
        bool from_client; uint8_t type; const char *a, *b; unsigned num;
    } table[] = {
        { false, CP_REPLY, "\12\1\0\7", "\12\1\0\7", 1 },
        { false, CP_REPLY, "\12\1\0\7", "\12\1\0\10", 2 },
        { false, CP_SET, "\12\1\0\7", "\0\0\0\0", 1 },
        { true, CP_REPLY, "\12\1\0\7", "\12\1\0\10", 0 },
        { false, CP_REQUEST, "\12\1\0\7", "\12\1\0\10", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel(c);
        begin(c, 2, V2_INFORMATIONAL, 2, table[i].from_client, false);
        c->m.cfg_type = table[i].type;
        c->m.num_cfg = 2;
        c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS,
                                             { (const uint8_t *)table[i].a, 4 } };
        c->m.cfg[1] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS,
                                             { (const uint8_t *)table[i].b, 4 } };
        see(c, "addresses", 9);
        T(sadb_ike_sa(c->db, 0)->addresses->len == table[i].num);
    }
}

static bool
readable(struct conversation *c, const struct ip_addr *src, const struct ip_addr *dst)
{
    struct stream between = { .src = *src, .dst = *dst };

    return sadb_peers_readable(c->db, &between);
}

/* Which Child SAs can be told from each other, and from whom. */
static void
lookups(struct conversation *c)
{
    const struct selector *none = NULL;
    const struct ike_sa *sa;
    size_t n = 9;
    bool to_r = false;

    tunnel(c);
    T(sadb_child_at(c->db, PROTO_ESP, TO_R, &c->gateway, 5, &to_r) == sadb_child_sa(c->db, 0) &&
      to_r);
    T(sadb_child_at(c->db, PROTO_ESP, TO_I, &c->client, 5, &to_r) == sadb_child_sa(c->db, 0) &&
      !to_r);
    T(!sadb_child_at(c->db, PROTO_ESP, TO_R, &c->gateway, 2, &to_r));       /* not yet asked for */
    T(!sadb_child_at(c->db, PROTO_AH, TO_R, &c->gateway, 5, &to_r) &&
      !sadb_child_at(c->db, PROTO_ESP, TO_R, &c->client, 5, &to_r));
    sa = sadb_ike_sa(c->db, 0);
    T(sadb_child_of(c->db, sa, PROTO_ESP, TO_I, true) == sadb_child_sa(c->db, 0));
    T(!sadb_child_of(c->db, sa, PROTO_ESP, 0xdead, true));
    none = exchange_selectors(sa->exchanges.at[0], false, &n);
    T(!none && n == 0);

    /* With no answer captured nobody can say that an SPI is unknown. */
    T(readable(c, &c->client, &c->gateway) && !readable(c, &c->client, &c->stranger));
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    see(c, "child?", 9);
    T(!readable(c, &c->client, &c->gateway));
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    see(c, "init?", 1);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    T(!readable(c, &c->client, &c->gateway));

    /* A clear packet of a direction whose SPI was not captured says nothing. */
    struct child_sa half = { .spi_r = 0 };
    struct clear_packet clear = { .child = &half, .to_responder = true, .time = 5 };
    T(clear_packet_is_explained(&clear));
    half.spi_r = 7;
    T(!clear_packet_is_explained(&clear));
}

/* A phase 1 of these two, with the identities that they give. */
static void
phase1(struct conversation *c, uint8_t spi, const struct ip_addr *i, const struct ip_addr *r,
       const char *id_i, const char *id_r, uint16_t port)
{
    for (unsigned n = 1; n <= 6; n++) {
        const char *id = n == 5 ? id_i : n == 6 ? id_r : NULL;
        char text[16];
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        c->m.encrypted = n > 4;
        as(c, spi);
        memset(c->m.spi_r, n == 1 ? 0 : spi + 1, 8);
        c->from = n % 2 ? *i : *r;
        c->to = n % 2 ? *r : *i;
        c->ike_src_port = n % 2 ? port : PORT_IKE;
        c->ike_dst_port = n % 2 ? PORT_IKE : port;
        if (n <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        if (id) {
            c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_FQDN,
                                         .data = { (const uint8_t *)id, strlen(id) } };
        }
        g_snprintf(text, sizeof text, "%u mm%u", spi, n);
        see(c, text, (uint16_t)(10 * spi + n));
    }
    c->ike_src_port = c->ike_dst_port = PORT_IKE;
    T(last.established);
}

/* IKEv1 authenticates anew by another phase 1: of the same two, whoever begins (RFC 2409 section
 * 5.5). */
static void
anew(struct conversation *c)
{
    const struct {
        const struct ip_addr *i, *r; const char *id_i, *id_r; uint16_t port; bool replaces;
    } table[] = {
        { &c->client, &c->gateway, "lisa", "gw", PORT_IKE, true },
        { &c->gateway, &c->client, "gw", "lisa", PORT_IKE, true },
        { &c->client, &c->gateway, "bob", "gw", PORT_IKE, false },
        { &c->client, &c->gateway, "lisa", "other", PORT_IKE, false },
        { &c->stranger, &c->gateway, "lisa", "gw", PORT_IKE, false },
        { &c->client, &c->gateway, "lisa", "gw", PORT_NATT, true },
        { &c->client, &c->gateway, NULL, NULL, PORT_IKE, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        phase1(c, 0x11, &c->client, &c->gateway, "lisa", "gw", PORT_IKE);
        phase1(c, 0x33, table[i].i, table[i].r, table[i].id_i, table[i].id_r, table[i].port);
        T((last.reauthenticates == sadb_ike_sa(c->db, 0)) == table[i].replaces);
        T((sadb_ike_sa(c->db, 0)->state == IKE_REKEYED) == table[i].replaces);
    }
    /* with no identities the ports tell two clients behind a NAT */
    for (unsigned other = 0; other < 2; other++) {
        uint16_t port = (uint16_t)(PORT_IKE + other);
        reset(c);
        phase1(c, 0x11, &c->client, &c->gateway, NULL, NULL, PORT_IKE);
        phase1(c, 0x33, &c->client, &c->gateway, NULL, NULL, port);
        T((last.reauthenticates != NULL) == !other);
        /* the newest is replaced, not one that was replaced before */
        phase1(c, 0x55, &c->client, &c->gateway, NULL, NULL, port);
        T(last.reauthenticates == sadb_ike_sa(c->db, 1));
    }
}

/* Rekeys that cross: of the same kind, from both sides, and neither answered (RFC 7296 section
 * 2.8.1). */
static void
crossing(struct conversation *c)
{
    static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };
    static const struct { bool first_ike, second_ike, same_side, answered, collides; } table[] = {
        { false, false, false, false, true }, { true, true, false, false, true },
        { true, false, false, false, false },
        { false, false, true, false, false }, { false, false, false, true, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel(c);
        for (unsigned n = 0; n < 2; n++) {
            bool ike = n ? table[i].second_ike : table[i].first_ike;
            bool by_client = n == 0 || table[i].same_side;
            char text[16];
            begin(c, 2, V2_CREATE_CHILD_SA, 2 + n, by_client, false);
            propose(c, ike ? aes256 : esp128, ike ? 4 : 3, ike ? PROTO_IKE : PROTO_ESP,
                    ike ? 0 : 0xa2 + n);
            if (ike) {
                c->m.proposals[0].spi_len = 8;
                memset(c->m.proposals[0].spi, (int)(0x71 + n), 8);
            } else {
                notify(c, N2_REKEY_SA);
                c->m.notifies[0].spi = (struct span){ by_client ? i_spi : r_spi, 4 };
            }
            g_snprintf(text, sizeof text, "rekey %u", n);
            see(c, text, (uint16_t)(20 + n));
            if (n == 0 && table[i].answered) {
                begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
                propose(c, esp128, 3, PROTO_ESP, 0xb2);
                see(c, "answer", 30);
            }
        }
        T((last.collides != NULL) == table[i].collides);
        T((count(c, CHECK_rekey_collision) == 1) == table[i].collides);
    }
}

/* The length of an SK payload by its suite (RFC 7296 section 3.14): header, IV, padding to the
 * block, ICV. */
static void
lengths(void)
{
    static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 } };
    static const struct transform ctr[] = {
        { TRANSFORM_ENCR, ENCR_AES_CTR, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    };
    static const struct transform des3[] = {
        { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    };
    static const struct transform strange[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, 999, 0 },
    };
    static const struct {
        const struct transform *t; uint16_t n; uint32_t empty, eight;
    } table[] = {
        { aes256, 4, 28 + 4 + 16 + 16 + 16, 28 + 4 + 16 + 16 + 16 },
        { gcm, 1, 28 + 4 + 8 + 1 + 16, 28 + 4 + 8 + 9 + 16 },
        { ctr, 2, 28 + 4 + 8 + 1 + 12, 28 + 4 + 8 + 9 + 12 },
        { des3, 2, 28 + 4 + 8 + 8 + 12, 28 + 4 + 8 + 16 + 12 },
        { strange, 2, 0, 0 }, { aes256 + 1, 3, 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct proposal p = { .num_transforms = table[i].n, .transforms = table[i].t };
        struct kept_proposal k = { .p = &p };
        T(sadb_sk_length(&k, 0) == table[i].empty && sadb_sk_length(&k, 8) == table[i].eight);
    }
    T(sadb_sk_length(NULL, 8) == 0);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    v1_sides(&c);
    spis(&c);
    intermediate(&c);
    spi_of_the_chosen(&c);
    deletes(&c);
    addresses(&c);
    lookups(&c);
    anew(&c);
    crossing(&c);
    lengths();
    return conversation_done(&c);
}
