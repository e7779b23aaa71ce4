/* The receiver's window as RFC 4303 section 3.4.3 and appendix A2 have it, and what ties a
 * stream to a Child SA: negotiated, inferred, moved, reused.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform esn[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_ESN, ESN_EXT_SEQ, 0 },
};
static const struct transform gmac[] = {
    { TRANSFORM_ENCR, ENCR_NULL_AES_GMAC, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform null[] = {
    { TRANSFORM_ENCR, ENCR_NULL, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};

/* A Child SA of that suite; the answer's SPI can differ. */
static void
child(struct conversation *c, const struct transform *t, size_t n, uint32_t spi_r)
{
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    propose(c, t, n, PROTO_ESP, TO_I);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, t, n, PROTO_ESP, spi_r);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth!", 4);
}

static const struct stream *
see(struct conversation *c, uint32_t spi, uint32_t seq)
{
    ipsec(c, &c->client, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi,
                                                             .seq = seq, .length = 100 });
    return sadb_num_streams(c->db) ? sadb_stream(c->db, sadb_num_streams(c->db) - 1) : NULL;
}

/* A score sheet: what each number is to a receiver. */
enum verdict { NEW, AGAIN, LEFT };

static void
score(struct conversation *c, const char *what, unsigned window, const struct transform *t,
      size_t num, const uint32_t *seqs, const enum verdict *wants)
{
    struct sadb_options options = { window, 0.5 };
    const struct stream *s = NULL;
    uint32_t replayed = 0, left = 0;

    reset(c);
    sadb_set_options(c->db, &options);
    sa_init(c, aes256, aes256);
    child(c, t, 3, TO_R);
    for (size_t i = 0; i < num; i++) {
        s = see(c, TO_R, seqs[i]);
        replayed += wants[i] == AGAIN;
        left += wants[i] == LEFT;
        if (s->replayed != replayed || s->out_of_window != left) {
            printf("%s: number %u: %u replayed, %u left of the window\n", what, seqs[i],
                   s->replayed, s->out_of_window);
        }
        T(s->replayed == replayed && s->out_of_window == left);
        replayed = s->replayed;
        left = s->out_of_window;
    }
}

#define SCORE(c, what, window, t, seqs, ...) \
    do { \
        const enum verdict wants[] = { __VA_ARGS__ }; \
        T(G_N_ELEMENTS(seqs) == G_N_ELEMENTS(wants)); \
        score(c, what, window, t, G_N_ELEMENTS(seqs), seqs, wants); \
    } while (0)

static void
windows(struct conversation *c)
{
    static const uint32_t edge64[] = { 1, 100, 37, 37, 36, 100, 99, 101, 38 };
    static const uint32_t edge32[] = { 1, 100, 69, 69, 68 };
    static const uint32_t edge1024[] = { 1, 2000, 977, 977, 976, 1500, 1500 };
    static const uint32_t jump[] = { 1, 2, 66, 2, 3, 130, 66, 67, 5000, 4999, 130 };
    static const uint32_t low[] = { 10, 0, 1, 10 };

    /* 64 numbers: 37 to 100 while 100 is the highest. */
    SCORE(c, "64", 64, esp128, edge64, NEW, NEW, NEW, AGAIN, LEFT, AGAIN, NEW, NEW, NEW);
    SCORE(c, "32", 32, esp128, edge32, NEW, NEW, NEW, AGAIN, LEFT);
    SCORE(c, "1024", 1024, esp128, edge1024, NEW, NEW, NEW, AGAIN, LEFT, NEW, AGAIN);
    /* A jump by the window's whole size empties it. */
    SCORE(c, "jumps", 64, esp128, jump, NEW, NEW, NEW, LEFT, NEW, NEW, LEFT, NEW, NEW, NEW, LEFT);
    /* 0 is never sent without extended numbers (RFC 4303 section 3.3.3). */
    SCORE(c, "zero", 64, esp128, low, NEW, LEFT, NEW, AGAIN);

    struct sadb_options options = { 1 << 20, 0.5 };
    reset(c);
    sadb_set_options(c->db, &options);
    T(sadb_options(c->db)->window == STREAM_WINDOW_MAX);
    options.window = 0;
    sadb_set_options(c->db, &options);
    T(sadb_options(c->db)->window == 32);    /* the least that RFC 4303 section 3.4.3 allows */
}

/* The low half of the number wraps; the high half is never sent (RFC 4303 section 2.2.1,
 * appendix A2). */
static void
extended(struct conversation *c)
{
    static const uint32_t over[] = { UINT32_MAX - 1, UINT32_MAX, 0, 1, UINT32_MAX, 0,
                                     UINT32_MAX - 70 };

    SCORE(c, "extended", 64, esn, over, NEW, NEW, NEW, NEW, AGAIN, AGAIN, LEFT);
    T(sadb_stream(c->db, 0)->lost == 0 && sadb_stream(c->db, 0)->esn &&
      count(c, CHECK_sequence_wrapped) == 0);
    reset(c);
    sa_init(c, aes256, aes256);
    child(c, esn, 3, TO_R);
    T(child_has_esn(sadb_child_sa(c->db, 0)) && !child_has_esn(NULL));
}

/* What is lost, what comes late, and where the gap began. */
static void
losses(struct conversation *c)
{
    const struct stream *s;

    tunnel(c);
    see(c, TO_R, 1);
    s = see(c, TO_R, 5);
    T(s->lost == 3 && gap_frame(s) == 6);
    see(c, TO_R, 3);
    T(s->lost == 2 && gap_frame(s) == 6);
    see(c, TO_R, 2);
    see(c, TO_R, 4);
    T(s->lost == 0 && gap_frame(s) == 0);           /* all came: nothing is missing */
    see(c, TO_R, 7);
    T(s->lost == 1 && gap_frame(s) == 10 && s->packets == 6 && s->first_seq == 1 &&
      s->last_seq == 7);
}

/* One packet at two capture points: same number, same IP Identification, at once (RFC 791
 * section 3.1). */
static void
captured_twice(struct conversation *c)
{
    struct sighting at = { .src = c->client, .dst = c->gateway, .ip_id = 77 };
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100 };
    struct ipsec_event e;
    static const struct { double gap; uint16_t id; bool twice; } table[] = {
        { 0.0, 77, true }, { 0.05, 77, true }, { 0.2, 77, false }, { 0.0, 78, false },
        { 700.0, 77, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel(c);
        at.frame = ++c->frame;
        at.time = 2000;
        at.ip_id = 77;
        sadb_see_ipsec(c->db, &e, &at, &p);
        T(e.new_stream && e.number == 1);
        at.frame = ++c->frame;
        at.time += table[i].gap;
        at.ip_id = table[i].id;
        sadb_see_ipsec(c->db, &e, &at, &p);
        T(e.duplicate == table[i].twice && e.replayed == !table[i].twice);
        T(e.stream->packets == (table[i].twice ? 1 : 2) &&
          stream_rare(e.stream)->duplicates == table[i].twice);
        T(e.original == 5);
    }
    /* What was seen too long ago is known to come again, though not where it was. */
    tunnel(c);
    for (uint32_t seq = 1; seq <= 20; seq++) {
        see(c, TO_R, seq);
    }
    see(c, TO_R, 3);
    SAYS(c, replay, "Sequence number 3 of SPI b0000001 is repeated in frame 25. A receiver drops "
                    "it.");
}

/* An inferred Child SA of ESP shows no mode; AH's next header stands in clear. */
static void
mode_of_inferred(struct conversation *c)
{
    for (unsigned mode = 0; mode < 3; mode++) {
        struct ipsec_packet p = { .protocol = PROTO_AH, .spi = 0xe1, .seq = 1, .length = 100,
                                  .clear_read = true, .has_inner = true, .inner_tunnel = mode == 1,
                                  .inner_basis = BASIS_OBSERVED };
        const char *name;
        if (mode == 2) {
            p = (struct ipsec_packet){
                .protocol = PROTO_ESP, .spi = 0xe1, .seq = 1, .length = 100
            };
        }
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.readable = false;
            c->m.length = 500;
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ipsec(c, &c->client, &c->gateway, p);
        T(sadb_num_child_sas(c->db) == 1);
        name = child_mode(sadb_child_sa(c->db, 0));
        T(mode == 2 ? name == NULL : name != NULL);
        T(!name || strcmp(name, mode ? "tunnel" : "transport") == 0);
    }
}

/* Keys open IKEv1, but for a message that may be noise: a packet of a new SPI belongs to a Child SA
 * only where it may be of quick mode.  Where no key opens any, each of them may. */
static void
beside_noise(struct conversation *c)
{
    static const struct { uint8_t exchange; bool keys, inferred; } table[] = {
        { V1_INFORMATIONAL, true, false }, { V1_QUICK, true, true },
        { V1_INFORMATIONAL, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_MAIN, 0, true, false);
        c->m.encrypted = true;
        c->m.readable = table[i].keys;
        send(c, "identity", 7);
        begin(c, 1, table[i].exchange, 9, true, false);
        c->m.encrypted = true;
        c->m.readable = false;
        send(c, "noise", 8);
        T(!see(c, 0xc1, 1)->child == !table[i].inferred);
    }
}

/* Nobody could read IKE: opposite streams pair in the order of their birth. */
static void
inferred(struct conversation *c)
{
    struct ipsec_packet back = { .protocol = PROTO_ESP, .spi = 0xd1, .seq = 1, .length = 100 };
    const struct stream *s;

    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.readable = false;
        c->m.length = 500;
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
    s = see(c, 0xc1, 1);
    T(s->child && s->basis == BASIS_INFERRED && s->to_responder && s->child->spi_r == 0xc1 &&
      s->child->spi_i == 0);
    see(c, 0xc2, 1);
    ipsec(c, &c->gateway, &c->client, back);
    back.spi = 0xd2;
    ipsec(c, &c->gateway, &c->client, back);
    T(sadb_num_child_sas(c->db) == 2);
    T(sadb_child_sa(c->db, 0)->spi_r == 0xc1 && sadb_child_sa(c->db, 0)->spi_i == 0xd1);
    T(sadb_child_sa(c->db, 1)->spi_r == 0xc2 && sadb_child_sa(c->db, 1)->spi_i == 0xd2);
    back = (struct ipsec_packet){ .protocol = PROTO_AH, .spi = 0xd3, .seq = 1, .length = 100 };
    ipsec(c, &c->gateway, &c->client, back);        /* AH pairs with AH alone */
    T(sadb_num_child_sas(c->db) == 3 && sadb_child_sa(c->db, 2)->protocol == PROTO_AH &&
      sadb_child_sa(c->db, 2)->spi_i == 0xd3);
    T(!sadb_child_sa(c->db, 0)->established);
    /* What is only inferred accuses nobody. */
    for (uint32_t seq = 2; seq <= 4; seq++) {
        see(c, 0xc1, seq);
    }
    see(c, 0xc1, UINT32_MAX);
    see(c, 0xc1, 1);
    T(count(c, CHECK_sequence_wrapped) == 0 && count(c, CHECK_sequence_not_one) == 0 &&
      count(c, CHECK_spi_unknown) == 0);

    /* Keys that arrive later: the same stream moves to the negotiated Child SA, and later passes
     * know which it was at each frame. */
    struct stream_at then;
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.readable = false;
    send(c, "unread", 3);
    s = see(c, TO_R, 1);
    T(s->child && s->basis == BASIS_INFERRED);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    see(c, TO_R, 2);
    T(s->child && s->child->basis == BASIS_DECRYPTED && s->tied_frame == 7 &&
      stream_rare(s)->ties && stream_rare(s)->ties->len == 1);
    T(sadb_stream_at(c->db, &then, PROTO_ESP, TO_R, 1, &c->client, &c->gateway, 4) && then.child &&
      then.child->basis == BASIS_INFERRED);
    T(sadb_stream_at(c->db, &then, PROTO_ESP, TO_R, 2, &c->client, &c->gateway, 7) &&
      then.child == s->child && then.to_responder);
    T(!sadb_stream_at(c->db, &then, PROTO_ESP, TO_R, 1, &c->client, &c->gateway, 3));
}

/* An SPI that a later negotiation gives out again begins a stream of its own (RFC 4301 section
 * 4.1). */
static void
reused(struct conversation *c)
{
    struct stream_at then;

    tunnel(c);
    see(c, TO_R, 1);
    see(c, TO_R, 2);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.3.0.0/24");
    send(c, "again?", 20);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/24", "10.3.0.0/24");
    send(c, "again!", 21);
    see(c, TO_R, 1);
    T(sadb_num_streams(c->db) == 2 && count(c, CHECK_replay) == 0 &&
      count(c, CHECK_sequence_not_one) == 0);
    T(sadb_stream(c->db, 1)->child == sadb_child_sa(c->db, 1) &&
      stream_rare(sadb_stream(c->db, 1))->older == sadb_stream(c->db, 0));
    T(sadb_stream_at(c->db, &then, PROTO_ESP, TO_R, 2, &c->client, &c->gateway, 6) &&
      then.stream == sadb_stream(c->db, 0) && then.number == 2);
    T(sadb_stream_at(c->db, &then, PROTO_ESP, TO_R, 1, &c->client, &c->gateway, 9) &&
      then.stream == sadb_stream(c->db, 1) && then.number == 1);
}

/* Integrity, where keys are known, and what has no cipher. */
static void
verdicts(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = 100 };
    const struct stream *s;

    tunnel(c);
    for (uint32_t seq = 1; seq <= 6; seq++) {
        p.seq = seq;
        p.icv = seq % 3 == 0 ? ICV_BAD : seq % 3 == 1 ? ICV_GOOD : ICV_UNKNOWN;
        ipsec(c, &c->client, &c->gateway, p);
    }
    s = sadb_stream(c->db, 0);
    T(s->good == 2 && stream_rare(s)->bad == 2 && stream_rare(s)->bad_frames.len == 2 &&
      stream_rare(s)->bad_frames.at[1] == 10);
    T(!sadb_has_null(c->db) && !kept_is_null(s->child->chosen) && !kept_is_null(NULL));
    reset(c);
    sa_init(c, aes256, aes256);
    child(c, null, 3, TO_R);
    T(sadb_has_null(c->db) && kept_is_null(sadb_child_sa(c->db, 0)->chosen));
    SAYS(c, no_encryption, "ESP:NULL");
    reset(c);
    sa_init(c, aes256, aes256);
    child(c, gmac, 2, TO_R);
    T(sadb_has_null(c->db));

    /* GMAC is a counter mode: the same IV twice gives the key away (RFC 4543 section 3.1). */
    p = (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .length = 100, .has_iv = true };
    for (uint32_t seq = 1; seq <= STREAM_IVS + 1; seq++) {
        p.seq = seq;
        p.iv = seq;
        ipsec(c, &c->client, &c->gateway, p);
    }
    SILENT(c, iv_reused);
    p.seq = STREAM_IVS + 2;
    p.iv = 1;                                       /* beyond what is remembered */
    ipsec(c, &c->client, &c->gateway, p);
    T(count(c, CHECK_iv_reused) == 0);
    p.seq = STREAM_IVS + 3;
    p.iv = 4;
    ipsec(c, &c->client, &c->gateway, p);
    FIRES(c, iv_reused);
}

/* States at earlier frames, for later passes. */
static void
states(struct conversation *c)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 }, fresh_i[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const struct ike_sa *sa;
    const struct child_sa *child;

    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    notify(c, N2_REKEY_SA);
    c->m.notifies[0].spi = (struct span){ old, 4 };
    send(c, "rekey?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(c, esp128, 3, PROTO_ESP, 0xb0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "rekey!", 6);
    begin(c, 2, V2_CREATE_CHILD_SA, 3, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].spi_len = 8;
    memcpy(c->m.proposals[0].spi, fresh_i, 8);
    send(c, "ike?", 7);
    begin(c, 2, V2_CREATE_CHILD_SA, 3, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].spi_len = 8;
    memset(c->m.proposals[0].spi, 0x99, 8);
    send(c, "ike!", 8);
    begin(c, 2, V2_INFORMATIONAL, 4, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                           .spis = { old, 4 }, .inner = true };
    send(c, "delete", 9);
    sa = sadb_ike_sa(c->db, 0);
    child = sadb_child_sa(c->db, 0);
    T(ike_sa_state_at(c->db, sa, 3) == IKE_HALF_OPEN &&
      ike_sa_state_at(c->db, sa, 4) == IKE_ESTABLISHED);
    T(ike_sa_state_at(c->db, sa, 7) == IKE_ESTABLISHED &&
      ike_sa_state_at(c->db, sa, 8) == IKE_REKEYED);
    T(ike_sa_state_at(c->db, sa, 9) == IKE_REKEYED &&
      strcmp(ike_sa_state_name(sa->state), "rekeyed") == 0);
    T(child_state_at(c->db, child, 4) == CHILD_INSTALLED &&
      child_state_at(c->db, child, 6) == CHILD_REKEYED);
    T(strcmp(child_state_name(CHILD_INSTALLED), "installed") == 0 &&
      strcmp(basis_name(child->basis), "decrypted") == 0);
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send(c, "delete", 5);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    send(c, "deleted", 6);
    sa = sadb_ike_sa(c->db, 0);
    child = sadb_child_sa(c->db, 0);
    T(ike_sa_state_at(c->db, sa, 4) == IKE_ESTABLISHED &&
      ike_sa_state_at(c->db, sa, 5) == IKE_DELETED);
    T(child_state_at(c->db, child, 4) == CHILD_INSTALLED &&
      child_state_at(c->db, child, 5) == CHILD_DELETED);
    T(sadb_num_frames(c->db) == 6 && sadb_first_time(c->db) == 1000.5 &&
      sadb_last_time(c->db) == 1003.0);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    windows(&c);
    extended(&c);
    losses(&c);
    captured_twice(&c);
    beside_noise(&c);
    inferred(&c);
    mode_of_inferred(&c);
    reused(&c);
    verdicts(&c);
    states(&c);
    return conversation_done(&c);
}
