/* The receiver's window as RFC 4303 section 3.4.3 and appendix A2 have it, and what ties a stream to
 * a Child SA: negotiated, inferred, moved, reused.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform esn[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_EXT_SEQ, 0 } };
static const struct transform gmac[] = { { TRANSFORM_ENCR, ENCR_NULL_AES_GMAC, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform null[] = { { TRANSFORM_ENCR, ENCR_NULL, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

/* A Child SA of that suite; the answer's SPI can differ. */
static void
child(const struct transform *t, size_t n, uint32_t spi_r)
{
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.has_auth = true;
    propose(t, n, PROTO_ESP, TO_I);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(t, n, PROTO_ESP, spi_r);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("auth!", 4);
}

static const struct stream *
see(uint32_t spi, uint32_t seq)
{
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi, .seq = seq, .length = 100 });
    return sadb_num_streams(db) ? sadb_stream(db, sadb_num_streams(db) - 1) : NULL;
}

/* A score sheet: what each number is to a receiver. */
enum verdict { NEW, AGAIN, LEFT };

static void
score(const char *what, unsigned window, const struct transform *t, size_t num, const uint32_t *seqs, const enum verdict *wants)
{
    struct sadb_options options = { window, 0.5 };
    const struct stream *s = NULL;
    uint32_t replayed = 0, left = 0;

    reset();
    sadb_set_options(db, &options);
    sa_init(aes256, aes256);
    child(t, 3, TO_R);
    for (size_t i = 0; i < num; i++) {
        s = see(TO_R, seqs[i]);
        replayed += wants[i] == AGAIN;
        left += wants[i] == LEFT;
        if (s->replayed != replayed || s->out_of_window != left) {
            printf("%s: number %u: %u replayed, %u left of the window\n", what, seqs[i], s->replayed, s->out_of_window);
        }
        T(s->replayed == replayed && s->out_of_window == left);
        replayed = s->replayed;
        left = s->out_of_window;
    }
}

#define SCORE(what, window, t, seqs, ...) \
    do { \
        const enum verdict wants[] = { __VA_ARGS__ }; \
        T(G_N_ELEMENTS(seqs) == G_N_ELEMENTS(wants)); \
        score(what, window, t, G_N_ELEMENTS(seqs), seqs, wants); \
    } while (0)

static void
windows(void)
{
    static const uint32_t edge64[] = { 1, 100, 37, 37, 36, 100, 99, 101, 38 };
    static const uint32_t edge32[] = { 1, 100, 69, 69, 68 };
    static const uint32_t edge1024[] = { 1, 2000, 977, 977, 976, 1500, 1500 };
    static const uint32_t jump[] = { 1, 2, 66, 2, 3, 130, 66, 67, 5000, 4999, 130 };
    static const uint32_t low[] = { 10, 0, 1, 10 };

    /* 64 numbers: 37 to 100 while 100 is the highest. */
    SCORE("64", 64, esp128, edge64, NEW, NEW, NEW, AGAIN, LEFT, AGAIN, NEW, NEW, NEW);
    SCORE("32", 32, esp128, edge32, NEW, NEW, NEW, AGAIN, LEFT);
    SCORE("1024", 1024, esp128, edge1024, NEW, NEW, NEW, AGAIN, LEFT, NEW, AGAIN);
    /* A jump by the window's whole size empties it. */
    SCORE("jumps", 64, esp128, jump, NEW, NEW, NEW, LEFT, NEW, NEW, LEFT, NEW, NEW, NEW, LEFT);
    /* 0 is never sent without extended numbers (RFC 4303 section 3.3.3). */
    SCORE("zero", 64, esp128, low, NEW, LEFT, NEW, AGAIN);

    struct sadb_options options = { 1 << 20, 0.5 };
    reset();
    sadb_set_options(db, &options);
    T(sadb_options(db)->window == STREAM_WINDOW_MAX);
    options.window = 0;
    sadb_set_options(db, &options);
    T(sadb_options(db)->window == 32);              /* the least that RFC 4303 section 3.4.3 allows */
}

/* The low half of the number wraps; the high half is never sent (RFC 4303 section 2.2.1, appendix A2). */
static void
extended(void)
{
    static const uint32_t over[] = { UINT32_MAX - 1, UINT32_MAX, 0, 1, UINT32_MAX, 0, UINT32_MAX - 70 };

    SCORE("extended", 64, esn, over, NEW, NEW, NEW, NEW, AGAIN, AGAIN, LEFT);
    T(sadb_stream(db, 0)->lost == 0 && sadb_stream(db, 0)->esn && count(CHECK_sequence_wrapped) == 0);
    reset();
    sa_init(aes256, aes256);
    child(esn, 3, TO_R);
    T(sadb_has_esn(sadb_child_sa(db, 0)) && !sadb_has_esn(NULL));
}

/* What is lost, what comes late, and where the gap began. */
static void
losses(void)
{
    const struct stream *s;

    tunnel();
    see(TO_R, 1);
    s = see(TO_R, 5);
    T(s->lost == 3 && s->gap_frame == 6);
    see(TO_R, 3);
    T(s->lost == 2 && s->gap_frame == 6);
    see(TO_R, 2);
    see(TO_R, 4);
    T(s->lost == 0 && s->gap_frame == 0);           /* all came: nothing is missing */
    see(TO_R, 7);
    T(s->lost == 1 && s->gap_frame == 10 && s->packets == 6 && s->first_seq == 1 && s->last_seq == 7);
}

/* One packet at two capture points: same number, same IP Identification, at once (RFC 791 section 3.1). */
static void
captured_twice(void)
{
    struct sighting at = { .src = client, .dst = gateway, .ip_id = 77 };
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100 };
    struct ipsec_event e;
    static const struct { double gap; uint16_t id; bool twice; } table[] = {
        { 0.0, 77, true }, { 0.05, 77, true }, { 0.2, 77, false }, { 0.0, 78, false }, { 700.0, 77, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel();
        at.frame = ++frame;
        at.time = 2000;
        at.ip_id = 77;
        sadb_see_ipsec(db, &e, &at, &p);
        T(e.new_stream && e.number == 1);
        at.frame = ++frame;
        at.time += table[i].gap;
        at.ip_id = table[i].id;
        sadb_see_ipsec(db, &e, &at, &p);
        T(e.duplicate == table[i].twice && e.replayed == !table[i].twice);
        T(e.stream->packets == (table[i].twice ? 1 : 2) && e.stream->duplicates == table[i].twice);
        T(e.original == 5);
    }
    /* What was seen too long ago is known to come again, though not where it was. */
    tunnel();
    for (uint32_t seq = 1; seq <= 20; seq++) {
        see(TO_R, seq);
    }
    see(TO_R, 3);
    SAYS(replay, "Sequence number 3 of SPI b0000001 comes again. A receiver drops it.");
}

/* Nobody could read IKE: opposite streams pair in the order of their birth. */
static void
inferred(void)
{
    struct ipsec_packet back = { .protocol = PROTO_ESP, .spi = 0xd1, .seq = 1, .length = 100 };
    const struct stream *s;

    reset();
    sa_init(aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
        m.readable = false;
        m.length = 500;
        send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
    s = see(0xc1, 1);
    T(s->child && s->basis == BASIS_INFERRED && s->to_responder && s->child->spi_r == 0xc1 && s->child->spi_i == 0);
    see(0xc2, 1);
    ipsec(&gateway, &client, back);
    back.spi = 0xd2;
    ipsec(&gateway, &client, back);
    T(sadb_num_child_sas(db) == 2);
    T(sadb_child_sa(db, 0)->spi_r == 0xc1 && sadb_child_sa(db, 0)->spi_i == 0xd1);
    T(sadb_child_sa(db, 1)->spi_r == 0xc2 && sadb_child_sa(db, 1)->spi_i == 0xd2);
    back = (struct ipsec_packet){ .protocol = PROTO_AH, .spi = 0xd3, .seq = 1, .length = 100 };
    ipsec(&gateway, &client, back);                 /* AH pairs with AH alone */
    T(sadb_num_child_sas(db) == 3 && sadb_child_sa(db, 2)->protocol == PROTO_AH && sadb_child_sa(db, 2)->spi_i == 0xd3);
    T(!sadb_child_sa(db, 0)->established);
    /* What is only inferred accuses nobody. */
    for (uint32_t seq = 2; seq <= 4; seq++) {
        see(0xc1, seq);
    }
    see(0xc1, UINT32_MAX);
    see(0xc1, 1);
    T(count(CHECK_sequence_wrapped) == 0 && count(CHECK_sequence_not_one) == 0 && count(CHECK_spi_unknown) == 0);

    /* Keys that arrive later: the same stream moves to the negotiated Child SA, and later passes know
     * which it was at each frame. */
    struct stream_at then;
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.readable = false;
    send("unread", 3);
    s = see(TO_R, 1);
    T(s->child && s->basis == BASIS_INFERRED);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    see(TO_R, 2);
    T(s->child && s->child->basis == BASIS_DECRYPTED && s->tied_frame == 7 && s->ties && s->ties->len == 1);
    T(sadb_stream_at(db, &then, PROTO_ESP, TO_R, 1, &client, &gateway, 4) && then.child && then.child->basis == BASIS_INFERRED);
    T(sadb_stream_at(db, &then, PROTO_ESP, TO_R, 2, &client, &gateway, 7) && then.child == s->child && then.to_responder);
    T(!sadb_stream_at(db, &then, PROTO_ESP, TO_R, 1, &client, &gateway, 3));
}

/* An SPI that a later negotiation gives out again begins a stream of its own (RFC 4301 section 4.1). */
static void
reused(void)
{
    struct stream_at then;

    tunnel();
    see(TO_R, 1);
    see(TO_R, 2);
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.3.0.0/24");
    send("again?", 20);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors("10.1.0.0/24", "10.3.0.0/24");
    send("again!", 21);
    see(TO_R, 1);
    T(sadb_num_streams(db) == 2 && count(CHECK_replay) == 0 && count(CHECK_sequence_not_one) == 0);
    T(sadb_stream(db, 1)->child == sadb_child_sa(db, 1) && sadb_stream(db, 1)->older == sadb_stream(db, 0));
    T(sadb_stream_at(db, &then, PROTO_ESP, TO_R, 2, &client, &gateway, 6) && then.stream == sadb_stream(db, 0) && then.number == 2);
    T(sadb_stream_at(db, &then, PROTO_ESP, TO_R, 1, &client, &gateway, 9) && then.stream == sadb_stream(db, 1) && then.number == 1);
}

/* Integrity, where keys are known, and what has no cipher. */
static void
verdicts(void)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = 100 };
    const struct stream *s;

    tunnel();
    for (uint32_t seq = 1; seq <= 6; seq++) {
        p.seq = seq;
        p.icv = seq % 3 == 0 ? ICV_BAD : seq % 3 == 1 ? ICV_GOOD : ICV_UNKNOWN;
        ipsec(&client, &gateway, p);
    }
    s = sadb_stream(db, 0);
    T(s->good == 2 && s->bad == 2 && s->bad_frames->len == 2 && g_array_index(s->bad_frames, uint32_t, 1) == 10);
    T(!sadb_has_null(db) && !sadb_is_null(s->child->chosen) && !sadb_is_null(NULL));
    reset();
    sa_init(aes256, aes256);
    child(null, 3, TO_R);
    T(sadb_has_null(db) && sadb_is_null(sadb_child_sa(db, 0)->chosen));
    SAYS(no_encryption, "ESP:NULL");
    reset();
    sa_init(aes256, aes256);
    child(gmac, 2, TO_R);
    T(sadb_has_null(db));

    /* GMAC is a counter mode: the same IV twice gives the key away (RFC 4543 section 3.1). */
    p = (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .length = 100, .has_iv = true };
    for (uint32_t seq = 1; seq <= STREAM_IVS + 1; seq++) {
        p.seq = seq;
        p.iv = seq;
        ipsec(&client, &gateway, p);
    }
    SILENT(iv_reused);
    p.seq = STREAM_IVS + 2;
    p.iv = 1;                                       /* beyond what is remembered */
    ipsec(&client, &gateway, p);
    T(count(CHECK_iv_reused) == 0);
    p.seq = STREAM_IVS + 3;
    p.iv = 4;
    ipsec(&client, &gateway, p);
    FIRES(iv_reused);
}

/* States at earlier frames, for later passes. */
static void
states(void)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 }, fresh_i[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const struct ike_sa *sa;
    const struct child_sa *c;

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ old, 4 };
    send("rekey?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(esp128, 3, PROTO_ESP, 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("rekey!", 6);
    begin(2, V2_CREATE_CHILD_SA, 3, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].spi_len = 8;
    memcpy(m.proposals[0].spi, fresh_i, 8);
    send("ike?", 7);
    begin(2, V2_CREATE_CHILD_SA, 3, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].spi_len = 8;
    memset(m.proposals[0].spi, 0x99, 8);
    send("ike!", 8);
    begin(2, V2_INFORMATIONAL, 4, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { old, 4 }, .inner = true };
    send("delete", 9);
    sa = sadb_ike_sa(db, 0);
    c = sadb_child_sa(db, 0);
    T(ike_sa_state_at(db, sa, 3) == IKE_HALF_OPEN && ike_sa_state_at(db, sa, 4) == IKE_ESTABLISHED);
    T(ike_sa_state_at(db, sa, 7) == IKE_ESTABLISHED && ike_sa_state_at(db, sa, 8) == IKE_REKEYED);
    T(ike_sa_state_at(db, sa, 9) == IKE_REKEYED && strcmp(ike_sa_state_name(sa->state), "rekeyed") == 0);
    T(child_state_at(db, c, 4) == CHILD_INSTALLED && child_state_at(db, c, 6) == CHILD_REKEYED);
    T(strcmp(child_state_name(CHILD_INSTALLED), "installed") == 0 && strcmp(basis_name(c->basis), "decrypted") == 0);
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("delete", 5);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send("deleted", 6);
    sa = sadb_ike_sa(db, 0);
    c = sadb_child_sa(db, 0);
    T(ike_sa_state_at(db, sa, 4) == IKE_ESTABLISHED && ike_sa_state_at(db, sa, 5) == IKE_DELETED);
    T(child_state_at(db, c, 4) == CHILD_INSTALLED && child_state_at(db, c, 5) == CHILD_DELETED);
    T(sadb_num_frames(db) == 6 && sadb_first_time(db) == 1000.5 && sadb_last_time(db) == 1003.0);
}

int
main(void)
{
    conversation_begin();
    windows();
    extended();
    losses();
    captured_twice();
    inferred();
    reused();
    verdicts();
    states();
    return conversation_done();
}
