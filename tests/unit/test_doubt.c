/* What looks like a forged packet and is none: loss, delay, damage, a moved mapping, a wrong key,
 * a number that goes round.  All of it is told as it is.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform esn[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_ESN, ESN_EXT_SEQ, 0 },
};

static const struct stream *
see(struct conversation *c, uint32_t seq, enum icv_verdict icv)
{
    struct ipsec_packet p = esp_of(TO_R, seq);

    p.icv = icv;
    ipsec(c, &c->client, &c->gateway, p);
    return sadb_stream(c->db, 0);
}

static const struct stream *
see_all(struct conversation *c, size_t num, const uint32_t *seqs)
{
    tunnel(c);
    for (size_t i = 0; i < num; i++) {
        see(c, seqs[i], ICV_UNKNOWN);
    }
    end_after(c, 1);
    return sadb_stream(c->db, 0);
}

#define SEE(c, seqs) see_all(c, G_N_ELEMENTS(seqs), seqs)

/* The first packet has frame 5. */
static void
losses(struct conversation *c)
{
    static const uint32_t goes_on[] = { 1, 2, 3, 900, 901 }, ends[] = { 1, 2, 3, 900 },
                          two[] = { 1, 2, 200, 5000, 5001 }, back[] = { 1, 2, 3, 900, 3, 901 },
                          begins_late[] = { 5000, 5001, 5004 };
    const struct stream *s = SEE(c, goes_on);

    SAYS(c, sequence_gap, "896 of the 901 sequence numbers 1 to 901 of SPI b0000001 were not "
                          "captured (99.4 %): 4 to 899 are missing between frames 7 and 8.");
    SILENT(c, out_of_window);
    T(s->packets == 5 && s->lost == 896 && !stream_rare(s)->stray_frames.len);
    s = SEE(c, ends);
    SAYS(c, sequence_gap, "896 of the 900 sequence numbers 1 to 900");
    T(s->packets == 4);
    s = SEE(c, two);
    SAYS(c, sequence_gap, "4996 of the 5001 sequence numbers 1 to 5001 of SPI b0000001 were not "
                          "captured (99.9 %), in 2 places; the first is missing before frame 7.");
    T(s->packets == 5 && !stream_rare(s)->stray_frames.len);
    s = SEE(c, back);
    SAYS(c, sequence_gap, "896 of the 901 sequence numbers 1 to 901 of SPI b0000001 were not "
                          "captured (99.4 %): 4 to 899 are missing between frames 7 and 8.");
    SAYS(c, replay, "Sequence number 3 of SPI b0000001 is repeated in frame 9; the first is in "
                    "frame 7.");
    T(s->packets == 6 && s->lost == 896);
    s = SEE(c, begins_late);
    SAYS(c, sequence_not_one, "has sequence number 5000");
    SAYS(c, sequence_gap, "2 of the 5 sequence numbers 5000 to 5004");
    T(s->first_frame == 5 && s->packets == 3);
}

/* Two queues, of which one is late by more than a window. */
static void
queues(struct conversation *c)
{
    static const uint32_t seqs[] = { 100, 101, 250, 102, 251, 103, 252, 104 };
    const struct stream *s = SEE(c, seqs);
    const struct finding *f = the_finding(c, CHECK_out_of_window);

    SAYS(c, out_of_window, "3 packets of SPI b0000001 are to the left of the window of 64 packets, "
                           "with numbers 102 to 104: a receiver drops them.");
    T(f && strcmp(finding_detail_at(f, 10), "Sequence number 103 of SPI b0000001 is to the left of "
                  "the window of 64 packets that ends at 251. A receiver drops it.") == 0);
    T(f && f->count == 3 && f->frames->len == 3 && f->frame == 8 &&
      g_array_index(f->frames, uint32_t, 0) == 8 && g_array_index(f->frames, uint32_t, 2) == 12);
    SAYS(c, sequence_gap, "148 of the 153 sequence numbers 100 to 252");
    T(s->out_of_window == 3 && s->packets == 8 && gap_frame(s) == 7);
}

/* The mapping of a NAT moves; one late packet of the old one changes nothing of that. */
static void
mappings(struct conversation *c)
{
    const struct stream *s;
    const struct finding *f;

    tunnel(c);
    c->esp_src_port = 4500;
    see(c, 1, ICV_UNKNOWN);
    c->esp_src_port = 6000;
    see(c, 2, ICV_UNKNOWN);
    s = see(c, 3, ICV_UNKNOWN);
    end_after(c, 1);
    f = the_finding(c, CHECK_nat_mapping_changed);
    SAYS(c, nat_mapping_changed, "now comes from port 6000, before from 4500");
    T(f && f->frame == 6 && f->count == 1 && s->last_src_port == 6000 && s->packets == 3);
    tunnel(c);
    c->esp_src_port = 4500;
    see(c, 1, ICV_UNKNOWN);
    c->esp_src_port = 6000;
    see(c, 2, ICV_UNKNOWN);
    end_after(c, 1);
    FIRES(c, nat_mapping_changed);                  /* the capture ends there */
    tunnel(c);
    c->esp_src_port = 4500;
    see(c, 1, ICV_UNKNOWN);
    c->esp_src_port = 7777;
    see(c, 2, ICV_UNKNOWN);
    c->esp_src_port = 4500;
    see(c, 2, ICV_UNKNOWN);
    see(c, 3, ICV_UNKNOWN);
    end_after(c, 1);
    SILENT(c, nat_mapping_changed);
    SILENT(c, replay);
}

/* Keys that only might be the SPI's: the first packet that they open shows what they were tried
 * with before in vain.  Packets that no key was tried with stay what they were. */
static void
tried_in_vain(struct conversation *c)
{
    for (unsigned tried = 0; tried < 2; tried++) {
        struct ipsec_packet p = esp_of(TO_R, 1);
        const struct stream *s;

        tunnel(c);
        p.tried = tried;
        ipsec(c, &c->client, &c->gateway, p);
        s = see(c, tried ? 1 : 2, ICV_GOOD);
        see(c, 3, ICV_GOOD);
        end_after(c, 1);
        SILENT(c, replay);
        T(s->packets == (tried ? 2 : 3) && s->first_frame == (tried ? 6 : 5));
    }
}

/* No packet verifies: the key says nothing of the sender, and all is told that was without. */
static void
wrong_key(struct conversation *c)
{
    static const uint32_t seqs[] = { 3, 4, 4, 200, 201, 100 };
    const struct stream *s;

    tunnel(c);
    for (size_t i = 0; i < G_N_ELEMENTS(seqs); i++) {
        see(c, seqs[i], ICV_BAD);
    }
    s = sadb_stream(c->db, 0);
    end_after(c, 1);
    SAYS(c, wrong_key, "None of the 6 packets");
    SAYS(c, sequence_not_one, "has sequence number 3");
    SAYS(c, replay, "the first is in frame 6");
    SAYS(c, out_of_window, "Sequence number 100 of SPI b0000001 is to the left of the window of 64 "
                           "packets that ends at 201");
    SAYS(c, sequence_gap, "195 of the 199");
    T(s->packets == 6 && stream_rare(s)->bad == 6 && s->verified_in == 0);
    /* The first that verifies ends that. */
    s = see(c, 1, ICV_GOOD);
    T(s->packets == 1 && s->first_seq == 1 && s->lost == 0 && s->replayed == 0 &&
      stream_rare(s)->bad == 6 && s->verified_in == s->first_frame);
}

/* Damaged on the way: it was captured, and no receiver took it. */
static void
damage(struct conversation *c)
{
    const struct stream *s;

    tunnel(c);
    see(c, 1, ICV_GOOD);
    see(c, 2, ICV_BAD);
    see(c, 3, ICV_BAD);
    s = see(c, 4, ICV_GOOD);
    T(s->lost == 0 && s->packets == 2 && stream_rare(s)->bad == 2);
    see(c, 6, ICV_BAD);
    s = see(c, 8, ICV_GOOD);
    end_after(c, 1);
    SAYS(c, icv_bad, "3 packets of SPI b0000001 fail the integrity check; 3 pass it.");
    SAYS(c, sequence_gap, "3 of the 8 sequence numbers 1 to 8");
    SILENT(c, wrong_key);
    T(s->lost == 3);
}

/* The same octets again are a replay; others under the number are not, and are told apart. */
static void
contents(struct conversation *c)
{
    static const uint8_t one[] = "octets of a packet, from its SPI to its ICV: forty",
                         two[] = "octets of another, from its SPI to its ICV: forty ";
    struct ipsec_packet p = esp_of(TO_R, 1);

    tunnel(c);
    p.octets = (struct span){ one, sizeof one };
    ipsec(c, &c->client, &c->gateway, p);
    ipsec(c, &c->client, &c->gateway, p);
    SAYS(c, replay, "Sequence number 1 of SPI b0000001 is repeated in frame 6, bit for bit; the "
                    "first is in frame 5. A receiver drops it.");
    T(sadb_stream(c->db, 0)->replayed == 1);
    tunnel(c);
    ipsec(c, &c->client, &c->gateway, p);
    p.octets.at = two;
    ipsec(c, &c->client, &c->gateway, p);
    SAYS(c, replay, "is repeated in frame 6 with different octets than the first packet that had "
                    "it: one");
    T(sadb_stream(c->db, 0)->replayed == 0 && sadb_stream(c->db, 0)->packets == 1);
    /* Beyond the packets whose frames are remembered. */
    tunnel(c);
    for (uint32_t seq = 1; seq <= 40; seq++) {
        p.seq = seq;
        ipsec(c, &c->client, &c->gateway, p);
    }
    p.seq = 20;
    ipsec(c, &c->client, &c->gateway, p);
    T(sadb_stream(c->db, 0)->replayed == 1);
    p.octets.at = one;
    ipsec(c, &c->client, &c->gateway, p);
    T(sadb_stream(c->db, 0)->replayed == 1 && sadb_stream(c->db, 0)->packets == 41);
    /* What was cut may be the same. */
    p.octets.len = 0;
    ipsec(c, &c->client, &c->gateway, p);
    T(sadb_stream(c->db, 0)->replayed == 2);
}

/* Six packets, 2^31 - 2 apart: the low half goes round twice and more. */
static void
round_and_round(struct conversation *c)
{
    const struct stream *s = NULL;
    uint32_t seq = 1, apart = (UINT32_C(1) << 31) - 2;

    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    propose(c, esn, 3, PROTO_ESP, TO_I);
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    propose(c, esn, 3, PROTO_ESP, TO_R);
    send(c, "auth!", 4);
    for (unsigned i = 0; i < 6; i++, seq += apart) {
        s = see(c, seq, ICV_GOOD);
    }
    T(s->esn && s->lost == 5 * ((uint64_t)apart - 1) && s->numbers == 5 * (uint64_t)apart + 1);
    end_after(c, 1);
    SAYS(c, sequence_gap, "10737418225 sequence numbers of SPI b0000001, from 1 through the wraps "
                          "at 2^32 to 2147483639, were not captured");
}

/* The other way is not there because a stranger's packet goes it, nor is the SA in use. */
static void
strangers(struct conversation *c)
{
    struct ipsec_packet p = esp_of(TO_I, 5);

    tunnel(c);
    for (uint32_t seq = 1; seq <= 4; seq++) {
        see(c, seq, ICV_UNKNOWN);
    }
    ipsec(c, &c->stranger, &c->client, p);
    end_after(c, 1);
    SAYS(c, one_way, "4 ESP packets go from 192.0.2.10");
    tunnel(c);
    ipsec(c, &c->stranger, &c->client, p);
    end_after(c, 60);
    FIRES(c, never_used);
    FIRES(c, outer_source_violation);
    SILENT(c, sequence_not_one);
    /* A true packet again from elsewhere has nothing of its own to say: its inner source least. */
    static const uint8_t octets[] = "octets of a packet, from its SPI to its ICV: forty";
    struct ipsec_packet inner = esp_of(TO_R, 1);
    inner.octets = (struct span){ octets, sizeof octets };
    inner.has_inner = inner.inner_tunnel = true;
    T(ip_parse(&inner.inner.src, "10.9.9.9") && ip_parse(&inner.inner.dst, "10.2.0.1"));
    tunnel(c);
    ipsec(c, &c->client, &c->gateway, inner);
    ipsec(c, &c->stranger, &c->gateway, inner);
    T(the_finding(c, CHECK_inner_source_violation)->count == 1);
    SAYS(c, replay, "Sequence number 1 of SPI b0000001 is repeated in frame 6, bit for bit");
    FIRES(c, outer_source_violation);
    /* It is answered there: the peer has moved. */
    tunnel(c);
    for (uint32_t seq = 1; seq <= 4; seq++) {
        p.seq = seq;
        ipsec(c, &c->stranger, &c->client, p);
    }
    p = esp_of(TO_R, 1);
    ipsec(c, &c->client, &c->stranger, p);
    end_after(c, 60);
    SILENT(c, never_used);
    SILENT(c, one_way);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    losses(&c);
    queues(&c);
    mappings(&c);
    tried_in_vain(&c);
    wrong_key(&c);
    damage(&c);
    contents(&c);
    round_and_round(&c);
    strangers(&c);
    return conversation_done(&c);
}
