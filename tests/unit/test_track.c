/* What the tracker makes of messages: whose they are, which exchange they belong to, what they make and end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

#include "store.h"

static struct ike_event last;

/* As send(), and the event is kept. */
static void
see(const char *octets, uint16_t ip_id)
{
    struct sighting at = { .frame = frame + 1, .time = now + 0.5, .src = *from_addr, .dst = *to_addr, .src_port = ike_src_port,
                           .dst_port = ike_dst_port, .ip_id = ip_id };

    frame = at.frame;
    now = at.time;
    sadb_see_frame(db, frame, now);
    sadb_see_ike(db, &last, &at, &m, (const uint8_t *)octets, strlen(octets));
    checks_message(found, db, plan, &m, &last);
}

/* IKEv1 has no flag that says whose a message is (RFC 2408 section 3.1). */
static void
v1_sides(void)
{
    static const struct { uint16_t src, dst; bool initiator; } ports[] = { { 500, 4500, true }, { 4500, 500, false }, { 7, 500, false } };

    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {      /* both behind one address: the ports tell */
        reset();
        ike_src_port = 500;
        ike_dst_port = 4500;
        begin(1, V1_MAIN, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        to_addr = &client;
        see("mm1", 1);
        begin(1, V1_MAIN, 0, true, false);
        memset(m.spi_r, 0x22, 8);
        from_addr = to_addr = &client;
        ike_src_port = ports[i].src;
        ike_dst_port = ports[i].dst;
        see("next", 2);
        T(last.from_initiator == ports[i].initiator);
    }
    for (unsigned to_client = 0; to_client < 2; to_client++) {      /* from elsewhere: who it goes to tells */
        reset();
        v1_phase1(aes256);
        begin(1, V1_INFORMATIONAL, 9, true, false);
        memset(m.spi_r, 0x22, 8);
        from_addr = &stranger;
        to_addr = to_client ? &client : &gateway;
        see("elsewhere", 9);
        T(last.sa == sadb_ike_sa(db, 0) && last.from_initiator == !to_client);
    }
    reset();                                        /* the capture begins with a refusal: it comes from the responder */
    begin(1, V1_INFORMATIONAL, 0, false, false);
    notify(N1_NO_PROPOSAL_CHOSEN);
    see("no", 1);
    T(ip_equal(&last.sa->responder.addr, &gateway) && ip_equal(&last.sa->initiator.addr, &client) && !last.from_initiator);
    T(!last.sa->started_here);
}

/* One initiator SPI: of another version, of another pair, of another responder SPI (RFC 7296 section 2.6). */
static void
spis(void)
{
    static const uint8_t other[8] = { 9 };

    reset();
    sa_init(aes256, aes256);
    begin(1, V1_MAIN, 0, true, false);
    see("version 1", 9);
    T(last.new_sa && sadb_num_ike_sas(db) == 2);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes128, 4, PROTO_IKE, 0);
    from_addr = &stranger;
    see("stranger", 10);
    T(last.new_sa && sadb_num_ike_sas(db) == 3);
    begin(2, V2_INFORMATIONAL, 5, true, false);
    memset(m.spi_r, 0x99, 8);
    see("another", 11);
    T(last.new_sa && sadb_num_ike_sas(db) == 4 && last.sa->spi_r[0] == 0x99);
    T(sadb_knows_spi_i(db, m.spi_i) && !sadb_knows_spi_i(db, other));
    T(!sadb_ike_sa(db, 99) && !sadb_child_sa(db, 99) && !sadb_stream(db, 99));
}

/* Wrong keys at IKE_INTERMEDIATE accuse nobody: the keys change there (RFC 9242 section 3.3.1). */
static void
intermediate(void)
{
    for (unsigned changes = 0; changes < 2; changes++) {
        tunnel();
        if (changes) {
            begin(2, V2_IKE_INTERMEDIATE, 1, true, false);
            see("intermediate", 8);
        }
        begin(2, V2_INFORMATIONAL, 2, true, false);
        m.readable = false;
        m.integrity_wrong = true;
        see("wrong", 9);
        T(last.message->forged == !changes && (sadb_ike_sa(db, 0)->num_wrong == 1) == !changes);
    }
}

/* Two proposals with SPIs of their own: the one of the chosen proposal counts (RFC 7296 section 3.3.1). */
static void
spi_of_the_chosen(void)
{
    static const struct transform ah[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

    for (uint8_t chosen = 1; chosen <= 2; chosen++) {
        reset();
        sa_init(aes256, aes256);
        begin(2, V2_IKE_AUTH, 1, true, false);
        propose(ah, 2, PROTO_AH, 0xa1);
        propose(esp128, 3, PROTO_ESP, 0xa2);
        m.proposals[1].number = 2;
        selectors("10.1.0.0/24", "10.2.0.0/24");
        see("auth?", 3);
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(chosen == 1 ? ah : esp128, chosen == 1 ? 2 : 3, chosen == 1 ? PROTO_AH : PROTO_ESP, 0xb1);
        m.proposals[0].number = chosen;
        selectors("10.1.0.0/24", "10.2.0.0/24");
        see("auth!", 4);
        T(last.child && last.child->spi_i == 0xa0u + chosen && last.child->spi_r == 0xb1);
        T(last.child && last.child->protocol == (chosen == 1 ? PROTO_AH : PROTO_ESP));
    }
}

/* RFC 7296 section 1.4.1: the IKE SA ends once, and its Child SAs with it; one SA of two protocols is two. */
static void
deletes(void)
{
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 }, unknown[] = { 1, 2, 3, 4 };

    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.num_deletes = 2;
    m.deletes[0] = m.deletes[1] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    see("all", 9);
    T(last.ike_deleted && last.num_deleted == 1 && sadb_ike_sa(db, 0)->deleted_in == 5 && sadb_child_sa(db, 0)->deleted_in == 5);
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    see("again", 10);
    T(!last.ike_deleted && sadb_ike_sa(db, 0)->deleted_in == 5);

    static const struct { uint8_t protocol, spi_len; const uint8_t *spi; bool ends; } table[] = {
        { PROTO_ESP, 4, spi, true }, { PROTO_AH, 4, spi, false }, { PROTO_ESP, 4, unknown, false }, { PROTO_ESP, 2, spi, false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel();
        begin(2, V2_INFORMATIONAL, 2, true, false);
        m.num_deletes = 1;
        m.deletes[0] = (struct ike_delete){ .protocol = table[i].protocol, .spi_len = table[i].spi_len, .num_spis = 1, .inner = true,
                                            .spis = { table[i].spi, table[i].spi_len } };
        see("delete", 9);
        T((sadb_child_sa(db, 0)->state == CHILD_DELETED) == table[i].ends && last.num_deleted == table[i].ends);
    }
    SILENT(sa_deleted);
}

/* An address is given once, by the gateway alone, and 0.0.0.0 is none (RFC 7296 section 3.15.1). */
static void
addresses(void)
{
    static const struct { bool from_client; uint8_t type; const char *a, *b; unsigned num; } table[] = {
        { false, CP_REPLY, "\12\1\0\7", "\12\1\0\7", 1 }, { false, CP_REPLY, "\12\1\0\7", "\12\1\0\10", 2 },
        { false, CP_SET, "\12\1\0\7", "\0\0\0\0", 1 }, { true, CP_REPLY, "\12\1\0\7", "\12\1\0\10", 0 },
        { false, CP_REQUEST, "\12\1\0\7", "\12\1\0\10", 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel();
        begin(2, V2_INFORMATIONAL, 2, table[i].from_client, false);
        m.cfg_type = table[i].type;
        m.num_cfg = 2;
        m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { (const uint8_t *)table[i].a, 4 } };
        m.cfg[1] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { (const uint8_t *)table[i].b, 4 } };
        see("addresses", 9);
        T(sadb_ike_sa(db, 0)->addresses->len == table[i].num);
    }
}

/* Which Child SAs can be told from each other, and from whom. */
static void
lookups(void)
{
    const struct selector *none = NULL;
    size_t n = 9;
    bool to_r = false;

    tunnel();
    T(sadb_child_at(db, PROTO_ESP, 0xb0000001, &gateway, 5, &to_r) == sadb_child_sa(db, 0) && to_r);
    T(sadb_child_at(db, PROTO_ESP, 0xa0000001, &client, 5, &to_r) == sadb_child_sa(db, 0) && !to_r);
    T(!sadb_child_at(db, PROTO_ESP, 0xb0000001, &gateway, 2, &to_r));       /* not yet asked for */
    T(!sadb_child_at(db, PROTO_AH, 0xb0000001, &gateway, 5, &to_r) && !sadb_child_at(db, PROTO_ESP, 0xb0000001, &client, 5, &to_r));
    T(sadb_child_of(db, sadb_ike_sa(db, 0), PROTO_ESP, 0xa0000001, true) == sadb_child_sa(db, 0));
    T(!sadb_child_of(db, sadb_ike_sa(db, 0), PROTO_ESP, 0xdead, true));
    none = exchange_selectors((const struct exchange *)g_ptr_array_index(sadb_ike_sa(db, 0)->exchanges, 0), false, &n);
    T(!none && n == 0);

    /* With no answer captured nobody can say that an SPI is unknown. */
    T(sadb_peers_readable(db, &client, &gateway) && !sadb_peers_readable(db, &client, &stranger));
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    see("child?", 9);
    T(!sadb_peers_readable(db, &client, &gateway));
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    see("init?", 1);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    T(!sadb_peers_readable(db, &client, &gateway));

    /* A clear packet of a direction whose SPI was not captured says nothing. */
    struct clear_packet clear = { .child = (struct child_sa *)sadb_alloc(db, sizeof *clear.child), .to_responder = true, .time = 5 };
    T(clear_is_explained(&clear));
    clear.child->spi_r = 7;
    T(!clear_is_explained(&clear));
}

/* A phase 1 of these two, with the identities that they give. */
static void
phase1(uint8_t spi, struct ip_addr *i, struct ip_addr *r, const char *id_i, const char *id_r, uint16_t port)
{
    for (unsigned n = 1; n <= 6; n++) {
        const char *id = n == 5 ? id_i : n == 6 ? id_r : NULL;
        char text[16];
        begin(1, V1_MAIN, 0, n % 2, false);
        memset(m.spi_i, spi, 8);
        memset(m.spi_r, n == 1 ? 0 : spi + 1, 8);
        from_addr = n % 2 ? i : r;
        to_addr = n % 2 ? r : i;
        ike_src_port = n % 2 ? port : 500;
        ike_dst_port = n % 2 ? 500 : port;
        if (n <= 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        if (id) {
            m.id_i = (struct ike_id){ .present = true, .inner = true, .type = 2, .data = { (const uint8_t *)id, strlen(id) } };
        }
        g_snprintf(text, sizeof text, "%u mm%u", spi, n);
        see(text, (uint16_t)(10 * spi + n));
    }
    ike_src_port = ike_dst_port = 500;
    T(last.established);
}

/* IKEv1 authenticates anew by another phase 1: of the same two, whoever begins (RFC 2409 section 5.5). */
static void
anew(void)
{
    static const struct { struct ip_addr *i, *r; const char *id_i, *id_r; uint16_t port; bool replaces; } table[] = {
        { &client, &gateway, "lisa", "gw", 500, true }, { &gateway, &client, "gw", "lisa", 500, true },
        { &client, &gateway, "bob", "gw", 500, false }, { &client, &gateway, "lisa", "other", 500, false },
        { &stranger, &gateway, "lisa", "gw", 500, false }, { &client, &gateway, "lisa", "gw", 4500, true },
        { &client, &gateway, NULL, NULL, 500, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        phase1(0x11, &client, &gateway, "lisa", "gw", 500);
        phase1(0x33, table[i].i, table[i].r, table[i].id_i, table[i].id_r, table[i].port);
        T((last.reauthenticates == sadb_ike_sa(db, 0)) == table[i].replaces);
        T((sadb_ike_sa(db, 0)->state == IKE_REKEYED) == table[i].replaces);
    }
    for (uint16_t port = 500; port <= 501; port++) {        /* with no identities the ports tell two clients behind a NAT */
        reset();
        phase1(0x11, &client, &gateway, NULL, NULL, 500);
        phase1(0x33, &client, &gateway, NULL, NULL, port);
        T((last.reauthenticates != NULL) == (port == 500));
        phase1(0x55, &client, &gateway, NULL, NULL, port);  /* the newest is replaced, not one that was replaced before */
        T(last.reauthenticates == sadb_ike_sa(db, 1));
    }
}

/* Rekeys that cross: of the same kind, from both sides, and neither answered (RFC 7296 section 2.8.1). */
static void
crossing(void)
{
    static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };
    static const struct { bool first_ike, second_ike, same_side, answered, collides; } table[] = {
        { false, false, false, false, true }, { true, true, false, false, true }, { true, false, false, false, false },
        { false, false, true, false, false }, { false, false, false, true, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel();
        for (unsigned n = 0; n < 2; n++) {
            bool ike = n ? table[i].second_ike : table[i].first_ike, by_client = n == 0 || table[i].same_side;
            char text[16];
            begin(2, V2_CREATE_CHILD_SA, 2 + n, by_client, false);
            propose(ike ? aes256 : esp128, ike ? 4 : 3, ike ? PROTO_IKE : PROTO_ESP, ike ? 0 : 0xa2 + n);
            if (ike) {
                m.proposals[0].spi_len = 8;
                memset(m.proposals[0].spi, (int)(0x71 + n), 8);
            } else {
                notify(N2_REKEY_SA);
                m.notifies[0].spi = (struct span){ by_client ? i_spi : r_spi, 4 };
            }
            g_snprintf(text, sizeof text, "rekey %u", n);
            see(text, (uint16_t)(20 + n));
            if (n == 0 && table[i].answered) {
                begin(2, V2_CREATE_CHILD_SA, 2, false, true);
                propose(esp128, 3, PROTO_ESP, 0xb2);
                see("answer", 30);
            }
        }
        T((last.collides != NULL) == table[i].collides);
        T((count(CHECK_rekey_collision) == 1) == table[i].collides);
    }
}

/* The length of an SK payload by its suite (RFC 7296 section 3.14): header, IV, padding to the block, ICV. */
static void
lengths(void)
{
    static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 } }, ctr[] = { { TRANSFORM_ENCR, ENCR_AES_CTR, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform strange[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, 999, 0 } };
    static const struct { const struct transform *t; uint16_t n; uint32_t empty, eight; } table[] = {
        { aes256, 4, 28 + 4 + 16 + 16 + 16, 28 + 4 + 16 + 16 + 16 }, { gcm, 1, 28 + 4 + 8 + 1 + 16, 28 + 4 + 8 + 9 + 16 },
        { ctr, 2, 28 + 4 + 8 + 1 + 12, 28 + 4 + 8 + 9 + 12 }, { des3, 2, 28 + 4 + 8 + 8 + 12, 28 + 4 + 8 + 16 + 12 },
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
    conversation_begin();
    v1_sides();
    spis();
    intermediate();
    spi_of_the_chosen();
    deletes();
    addresses();
    lookups();
    anew();
    crossing();
    lengths();
    return conversation_done();
}
