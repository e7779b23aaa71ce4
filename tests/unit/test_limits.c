/* Every bound of limits.h that a message, an SA or a finding can reach: what is beyond is left out,
 * what is within stays, and it is said.  Those that take a million SAs: tests/flood.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"
#include "ike_build.h"

#include "expert.h"
#include "database.h"

static bool
said(struct conversation *c, const char *limit)
{
    for (const char *const *cap = sadb_caps(c->db); *cap; cap++) {
        if (strcmp(*cap, limit) == 0) {
            return true;
        }
    }
    return false;
}

/* --- parts of one message ------------------------------------------------------------------ */

static const char parts[] = "payloads, proposals or other parts of one IKE message";

static void
put(struct buf *b, const void *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        u8(b, ((const uint8_t *)at)[i]);
    }
}

/* A message of n payloads of that body; the next type of the last is 0. */
static struct buf
of_payloads(unsigned version, unsigned type, unsigned n, const void *body, size_t len)
{
    struct buf b;

    header(&b, type, version, version == 0x10 ? V1_MAIN : V2_IKE_SA_INIT, 0, 0);
    for (unsigned i = 0; i < n; i++) {
        size_t at = open_part(&b, i + 1 < n ? type : 0);
        put(&b, body, len);
        close_part(&b, at);
    }
    set_length(&b, b.n);
    return b;
}

static void
see(struct conversation *c, const struct buf *b)
{
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = c->client,
                           .dst = c->gateway };
    struct ike_event e;

    c->frame = at.frame;
    c->now = at.time;
    sadb_see_ike(c->db, &e, &at, &c->m, b->b, b->n);
}

/* As many as fit, and one more; number is the member of m that counts them. */
static void
capped(struct conversation *c, unsigned version, unsigned type, const char *body, size_t len,
       const size_t *number, size_t most)
{
    for (unsigned more = 0; more < 2; more++) {
        struct buf b = of_payloads(version, type, (unsigned)most + more, body, len);
        reset(c);
        T(ike_parse(&c->m, b.b, b.n, b.n) && c->m.error == IKE_OK);
        T(c->m.capped == more && *number == most);
        see(c, &b);
        T(said(c, parts) == more);
    }
}

static void
parts_of_messages(struct conversation *c)
{
    capped(c, 0x20, V2P_NOTIFY, "\0\0\100\0", 4, &c->m.num_notifies, IKE_MAX_NOTIFIES);
    capped(c, 0x10, V1P_NOTIFY, "\0\0\0\1\1\0\0\1", 8, &c->m.num_notifies, IKE_MAX_NOTIFIES);
    capped(c, 0x20, V2P_DELETE, "\3\4\0\1abcd", 8, &c->m.num_deletes, IKE_MAX_DELETES);
    capped(c, 0x10, V1P_DELETE, "\0\0\0\1\3\4\0\1abcd", 12, &c->m.num_deletes, IKE_MAX_DELETES);
    capped(c, 0x20, V2P_VENDOR, "vendor", 6, &c->m.num_vendors, IKE_MAX_VENDORS);
    capped(c, 0x10, V1P_VENDOR, "vendor", 6, &c->m.num_vendors, IKE_MAX_VENDORS);
    capped(c, 0x10, V1P_NAT_D, "01234567890123456789", 20, &c->m.num_nat_d,
           G_N_ELEMENTS(c->m.nat_d));
    capped(c, 0x20, V2P_NONCE, "0123456789abcdef", 16, &c->m.num_payloads, IKE_MAX_PAYLOADS);
}

/* What stands in one payload: selectors, attributes of a configuration, transforms. */
static void
parts_of_payloads(struct conversation *c)
{
    for (unsigned more = 0; more < 2; more++) {
        struct buf b;
        size_t p, t, one;

        header(&b, V2P_TSI, 0x20, V2_IKE_AUTH, FLAG_INITIATOR, 1);
        p = open_part(&b, 0);
        u8(&b, IKE_MAX_SELECTORS + more);
        fill(&b, 0, 3);
        for (unsigned i = 0; i < IKE_MAX_SELECTORS + more; i++) {
            put(&b, "\7\0\0\20\0\0\377\377\12\1\0\0\12\1\0\377", 16);
        }
        close_part(&b, p);
        set_length(&b, b.n);
        T(ike_parse(&c->m, b.b, b.n, b.n) && c->m.error == IKE_OK &&
          c->m.num_ts_i == IKE_MAX_SELECTORS && c->m.capped == more);

        for (unsigned version = 0x10; version <= 0x20; version += 0x10) {
            header(&b, version == 0x10 ? V1P_ATTRIBUTES : V2P_CP, version,
                   version == 0x10 ? V1_TRANSACTION : V2_IKE_AUTH, 0, 1);
            p = open_part(&b, 0);
            u8(&b, CP_REQUEST);
            fill(&b, 0, 3);
            for (unsigned i = 0; i < IKE_MAX_CFG_ATTRS + more; i++) {
                u32(&b, 1u << 16);
            }
            close_part(&b, p);
            set_length(&b, b.n);
            T(ike_parse(&c->m, b.b, b.n, b.n) && c->m.error == IKE_OK &&
              c->m.num_cfg == IKE_MAX_CFG_ATTRS && c->m.capped == more);
        }

        /* 512 transforms in three proposals, or one more. */
        header(&b, V2P_SA, 0x20, V2_IKE_SA_INIT, FLAG_INITIATOR, 0);
        p = open_part(&b, 0);
        for (unsigned i = 0; i < 3; i++) {
            unsigned n = i < 2 ? 200 : IKE_MAX_TRANSFORMS - 400 + more;
            one = open_proposal(&b, i < 2, i + 1, PROTO_IKE, 0, n);
            for (unsigned k = 0; k < n; k++) {
                t = open_part(&b, k + 1 < n ? 3 : 0);
                u32(&b, (uint32_t)TRANSFORM_ENCR << 24 | 12);
                close_part(&b, t);
            }
            close_part(&b, one);
        }
        close_part(&b, p);
        set_length(&b, b.n);
        T(ike_parse(&c->m, b.b, b.n, b.n) && c->m.error == IKE_OK &&
          c->m.num_transforms == IKE_MAX_TRANSFORMS && c->m.capped == more);
        T(c->m.num_proposals == 3 && c->m.proposals[2].num_transforms == IKE_MAX_TRANSFORMS - 400);
    }
}

/* An answer that was read in part accuses nobody of an offer that was never made. */
static void
silent_on_parts(struct conversation *c)
{
    for (unsigned capped = 0; capped < 2; capped++) {
        reset(c);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init?", 1);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        propose(c, aes128, 4, PROTO_IKE, 0);
        c->m.capped = capped;
        send(c, "init!", 2);
        T(count(c, CHECK_proposal_not_offered) == !capped && said(c, parts) == capped);
    }
}

/* --- SAs ------------------------------------------------------------------------------------- */

/* As if so many had come: the lists are made long, and shortened before they are read again. */
static void
too_many_sas(struct conversation *c)
{
    struct sighting at = { .frame = 90, .time = 2000, .src = c->client, .dst = c->gateway };
    struct ike_event e;
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0x12345, .seq = 1, .length = 100 };
    struct ipsec_event packet_event;

    reset(c);
    tunnel(c);
    g_ptr_array_set_size(c->db->ike_sas, SADB_MAX_IKE_SAS);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x77);
    sadb_see_ike(c->db, &e, &at, &c->m, (const uint8_t *)"new", 3);
    g_ptr_array_set_size(c->db->ike_sas, 1);
    T(!e.sa && !e.exchange && said(c, "IKE SAs"));
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);  /* what is known goes on */
    send(c, "known", 9);
    T(sadb_ike_sa(c->db, 0)->last_frame == c->frame);

    tunnel(c);
    g_ptr_array_set_size(c->db->child_sas, SADB_MAX_CHILD_SAS);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    sadb_see_ike(c->db, &e, &at, &c->m, (const uint8_t *)"child?", 6);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(c, esp128, 3, PROTO_ESP, 0xb0000002);
    sadb_see_ike(c->db, &e, &at, &c->m, (const uint8_t *)"child!", 6);
    g_ptr_array_set_size(c->db->child_sas, 1);
    T(e.sa && !e.child && said(c, "Child SAs"));

    tunnel(c);
    g_ptr_array_set_size(c->db->streams, SADB_MAX_STREAMS);
    sadb_see_ipsec(c->db, &packet_event, &at, &p);
    g_ptr_array_set_size(c->db->streams, 0);
    T(!packet_event.stream && packet_event.peers == sadb_ike_sa(c->db, 0) &&
      said(c, "ESP and AH streams"));
    checks_packet(c->found, c->db, c->plan, &packet_event);  /* no check stumbles over it */
    T(count(c, CHECK_spi_unknown) == 0 && count(c, CHECK_esp_without_ike) == 0);
}

static void
rekey_ike(struct conversation *c, const uint8_t spi[8])
{
    begin(c, 2, V2_CREATE_CHILD_SA, 3, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].spi_len = 8;
    memcpy(c->m.proposals[0].spi, spi, 8);
    send(c, "ike?", 7);
    begin(c, 2, V2_CREATE_CHILD_SA, 3, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].spi_len = 8;
    memset(c->m.proposals[0].spi, 0x99, 8);
    send(c, "ike!", 8);
}

static void
inherited(struct conversation *c)
{
    static const uint8_t fresh_i[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    tunnel(c);
    rekey_ike(c, fresh_i);
    T(sadb_ike_sa(c->db, 1)->children.len == 1 && c->db->num_inherited == 1 && !*sadb_caps(c->db));
    tunnel(c);
    c->db->num_inherited = SADB_MAX_INHERITED;
    rekey_ike(c, fresh_i);
    T(sadb_num_ike_sas(c->db) == 2 && sadb_ike_sa(c->db, 1)->children.len == 0 &&
      said(c, "Child SAs that a new IKE SA inherits"));
}

static void
messages_with_wrong_checks(struct conversation *c)
{
    static const char limit[] = "frames of one IKE SA's messages that fail their check";
    char text[16];

    tunnel(c);
    for (unsigned i = 0; i < SADB_MAX_WRONG_FRAMES + 6; i++) {
        begin(c, 2, V2_INFORMATIONAL, 2 + i, true, false);
        c->m.readable = false;
        c->m.integrity_wrong = true;
        g_snprintf(text, sizeof text, "wrong %u", i);
        send(c, text, (uint16_t)(100 + i));
        T(said(c, limit) == (i >= SADB_MAX_WRONG_FRAMES));
    }
    end_after(c, 1);
    /* all are counted, the first 64 are listed */
    SAYS(c, ike_icv_bad, "70 of the 72 encrypted messages");
    T(sadb_ike_sa(c->db, 0)->wrong_frames.len == SADB_MAX_WRONG_FRAMES);
}

/* A clear packet is held against the newest Child SAs. */
static void
clear_against_many(struct conversation *c)
{
    struct on_path e = { .p = { .kind = PATH_CLEAR } };
    char ts[32], text[32];

    tunnel(c);
    for (unsigned i = 0; i < SADB_MAX_CLEAR_SAS; i++) {
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_CREATE_CHILD_SA, 2 + i, r == 0, r == 1);
            propose(c, esp128, 3, PROTO_ESP, (r ? 0xc0000000 : 0xd0000000) + i);
            g_snprintf(ts, sizeof ts, "10.9.%u.0/24", i % 256);
            selectors(c, "10.1.0.0/24", ts);
            g_snprintf(text, sizeof text, "child %u %u", i, r);
            send(c, text, (uint16_t)(10 + 2 * i + r));
        }
    }
    T(sadb_num_child_sas(c->db) == SADB_MAX_CLEAR_SAS + 1);
    T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.9.0.1"));
    path(c, e);
    T(sadb_num_clear(c->db) == 1);
    T(ip_parse(&e.p.clear.dst, "10.2.0.1"));    /* of the first, which is not looked at any more */
    path(c, e);
    T(sadb_num_clear(c->db) == 1);
}

/* And against so many selectors of theirs.  What no SA must protect is remembered until one
 * does. */
static void
clear_against_selectors(struct conversation *c)
{
    /* of each: both ends, and the one that refuses again for the other direction */
    enum { FIT = SADB_MAX_CLEAR_SELECTORS / (3 * IKE_MAX_SELECTORS) };
    struct on_path e = { .p = { .kind = PATH_CLEAR } };
    char text[32];

    for (unsigned more = 0; more < 2; more++) {
        tunnel(c);
        for (unsigned i = 0; i < FIT + more; i++) {
            for (unsigned r = 0; r < 2; r++) {
                begin(c, 2, V2_CREATE_CHILD_SA, 2 + i, r == 0, r == 1);
                propose(c, esp128, 3, PROTO_ESP, (r ? 0xc0000000 : 0xd0000000) + i);
                selectors(c, "10.0.0.0/8", "10.0.0.0/8");
                for (size_t k = 0; k < IKE_MAX_SELECTORS; k++) {
                    c->m.ts_i[k] = c->m.ts_i[0];
                    c->m.ts_r[k] = c->m.ts_r[0];
                    c->m.ts_r[k].protocol = IP_TCP;
                }
                c->m.num_ts_i = c->m.num_ts_r = IKE_MAX_SELECTORS;
                g_snprintf(text, sizeof text, "child %u %u", i, r);
                send(c, text, (uint16_t)(10 + 2 * i + r));
            }
        }
        T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
        e.p.clear.protocol = IP_ICMP;
        path(c, e);
        T(sadb_num_clear(c->db) == 1 - more);
        T(said(c, "selectors that a clear packet is compared with") == more);
    }

    tunnel(c);
    T(ip_parse(&e.p.clear.dst, "10.3.0.1"));
    for (unsigned i = 0; i < 3; i++) {
        path(c, e);
        T(sadb_num_clear(c->db) == 0);
    }
    second_child(c, 2, 0xd0000001, 0xc0000001, "10.3.0.0/24");
    path(c, e);
    T(sadb_num_clear(c->db) == 1 && sadb_clear(c->db, 0)->child->id == 1);
}

/* --- suites --------------------------------------------------------------------------------- */

/* IKE_SA_INIT of strangers, each of a suite that nobody has. */
static void
strangers(struct conversation *c, unsigned from, unsigned n)
{
    struct transform one = { .type = TRANSFORM_ENCR };
    char text[32];

    for (unsigned i = from; i < from + n; i++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        memcpy(c->m.spi_i, &(uint64_t){ 1 + i }, 8);
        one.id = (uint16_t)(1000 + i);
        propose(c, &one, 1, PROTO_IKE, 0);
        g_snprintf(text, sizeof text, "stranger %u", i);
        send(c, text, (uint16_t)i);
    }
}

/* What strangers offer has an end; whoever comes after them is heard as before. */
static void
suites(struct conversation *c)
{
    static const char full[] = "proposals of IKE SAs that are not established";
    static const struct transform des[] = { { TRANSFORM_ENCR, ENCR_DES_CBC, 0 } };
    const struct ike_sa *sa;
    char text[SUITE_TEXT_MAX];

    reset(c);
    strangers(c, 0, SADB_MAX_SUITES + SADB_MAX_LOOSE_OFFERS);
    T(!said(c, full));
    T(sadb_ike_sa(c->db, SADB_MAX_SUITES - 1)->offered->at[0]->text);
    sa = sadb_ike_sa(c->db, SADB_MAX_SUITES);
    T(sa->offered->len == 1 && !sa->offered->at[0]->text);
    T_STR(kept_text(sa->offered->at[0], text), "IKE:ENCR_5096");
    strangers(c, SADB_MAX_SUITES + SADB_MAX_LOOSE_OFFERS, 1);
    T(said(c, full));
    T(sa->offered->len == 0 && sa->exchanges.at[0]->offered->len == 0);
    T(sadb_ike_sa(c->db, SADB_MAX_SUITES - 1)->offered->len == 1);

    /* A true one comes, and more strangers: what it offered stays, for it is established. */
    sa_init(c, aes256, aes128);
    FIRES(c, proposal_not_offered);
    forget_findings(c);
    sa = sadb_ike_sa(c->db, sadb_num_ike_sas(c->db) - 1);
    T(sa->offered->len == 1 && !sa->offered->at[0]->text && !sa->chosen);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    T(sa->state == IKE_ESTABLISHED && sa->offered->at[0]->text);
    strangers(c, 2 * SADB_MAX_SUITES, 2 * SADB_MAX_LOOSE_OFFERS);
    T(sa->offered->len == 1 && sadb_child_sa(c->db, 0)->chosen);
    T_STR(sa->offered->at[0]->text,
          "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048");

    /* What is not known any more accuses nobody. */
    forget_findings(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, aes256 + 1, 3, PROTO_IKE, 0);
    send(c, "asked", 1);
    strangers(c, 20000, SADB_MAX_LOOSE_OFFERS + 1);
    forget_findings(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x33);
    propose(c, des, 1, PROTO_IKE, 0);
    send(c, "answered", 2);
    SILENT(c, proposal_not_offered);
    FIRES(c, weak_encryption);
    end_after(c, 60);
    SILENT(c, proposal_not_offered);
}

/* --- findings ------------------------------------------------------------------------------ */

/* Frames beyond the details that are kept are listed, and say that there are many. */
static void
details_of_frames(struct conversation *c)
{
    struct scope where = { .exchange = NO_ID };
    const struct finding *f;

    reset(c);
    for (uint32_t i = 0; i <= FINDING_MAX_DETAILS + FINDING_MAX_DETAILS / FINDING_MAX_FRAMES; i++) {
        where.frame = i + 1;
        where.variant = i / FINDING_MAX_FRAMES;
        T(!findings_capped(c->found));
        finding_add(c->found, CHECK_replay, &where, "frame %u", where.frame);
    }
    f = findings_get(c->found, findings_count(c->found) - 1);
    T(!findings_capped(c->found) && strcmp(finding_detail_at(f, where.frame), f->detail) != 0);
    where.frame++;
    finding_add(c->found, CHECK_replay, &where, "frame %u", where.frame);
    T(findings_capped(c->found) && g_array_index(f->frames, uint32_t, f->frames->len - 1) ==
                                       where.frame);
    T(strstr(finding_detail_at(f, where.frame), "One of many"));
}

static void
frames_of_findings(struct conversation *c)
{
    struct scope where = { .exchange = NO_ID };
    const GArray *ids;

    reset(c);
    for (uint32_t i = 1; i <= FINDING_MAX_FRAMES; i++) {
        where.frame = 2 * i;
        finding_add(c->found, CHECK_replay, &where, "again");
    }
    T(!findings_capped(c->found) && findings_count(c->found) == 1 &&
      findings_get(c->found, 0)->frames->len == FINDING_MAX_FRAMES);
    where.frame = 7;
    finding_add(c->found, CHECK_replay, &where, "again");
    T(findings_capped(c->found) && findings_get(c->found, 0)->frames->len == FINDING_MAX_FRAMES);
    T(findings_get(c->found, 0)->count == FINDING_MAX_FRAMES + 1);
    T(findings_of_frame(c->found, 7) == NULL && findings_of_frame(c->found, UINT32_MAX) == NULL);
    ids = findings_of_frame(c->found, 2 * FINDING_MAX_FRAMES);
    T(ids && ids->len == 1 && g_array_index(ids, uint32_t, 0) == 0);

    reset(c);    /* frames out of order are listed in order, each once */
    static const uint32_t frames[] = { 50, 20, 40, 20, 30, 60, 10 };
    for (size_t i = 0; i < G_N_ELEMENTS(frames); i++) {
        where.frame = frames[i];
        finding_add(c->found, CHECK_replay, &where, "again");
    }
    T(findings_get(c->found, 0)->frames->len == 6 && findings_get(c->found, 0)->count == 7 &&
      findings_get(c->found, 0)->frame == 50);
    for (guint i = 0; i < 6; i++) {
        T(g_array_index(findings_get(c->found, 0)->frames, uint32_t, i) == 10 * (i + 1));
    }
    T(findings_get(c->found, 1) == NULL);
    finding_raise(c->found, CHECK_icv_bad, &where, SEV_ERROR, NULL, "nothing to raise");
    finding_raise(c->found, CHECK_replay, &where, SEV_CHAT, "worse", "never lower");
    T(findings_count(c->found) == 1 && findings_get(c->found, 0)->severity == SEV_WARN &&
      strcmp(findings_get(c->found, 0)->detail, "again") == 0);
    finding_raise(c->found, CHECK_replay, &where, SEV_ERROR, "do this", "It is worse.");
    T(strcmp(findings_get(c->found, 0)->detail, "again It is worse.") == 0 &&
      strcmp(findings_get(c->found, 0)->remedy, "do this") == 0);
    T(strcmp(severity_name(findings_get(c->found, 0)->severity), "error") == 0 &&
      strcmp(severity_name(SEV_CHAT), "chat") == 0);
}

/* --- texts --------------------------------------------------------------------------------- */

/* Lists that do not fit end behind a whole name: half of one would be another. */
static void
texts(struct conversation *c)
{
    static const uint16_t bits[] = { 128, 192, 256 };
    struct transform many[60];
    struct proposal p = { .protocol = PROTO_IKE, .transforms = many };
    struct selector s[IKE_MAX_SELECTORS];
    char text[SUITE_TEXT_MAX], list[TS_TEXT_MAX], one[64], expected[64];

    for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
        many[i] = (struct transform){ TRANSFORM_ENCR, (uint16_t)(12 + i / 3), bits[i % 3] };
    }
    for (p.num_transforms = 1; p.num_transforms <= G_N_ELEMENTS(many); p.num_transforms++) {
        proposal_print(&p, text, sizeof text);
        transform_print(&many[p.num_transforms - 1], one, sizeof one);
        T(strlen(text) < sizeof text);
        T(g_str_has_suffix(text, "/..") || g_str_has_suffix(text, one));
        /* What stands before the dots is a name of the list. */
        if (g_str_has_suffix(text, "/..")) {
            bool known = false;
            text[strlen(text) - 3] = 0;
            for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
                transform_print(&many[i], one, sizeof one);
                known |= strcmp(strrchr(text, '/') + 1, one) == 0;
            }
            T(known && strlen(text) > sizeof text - 32);
        }
    }
    for (unsigned i = 0; i < IKE_MAX_SELECTORS; i++) {
        g_snprintf(one, sizeof one, "10.%u.0.0/24", 100 + i);
        T(selector_parse(&s[i], one));
    }
    T_STR(selectors_print(s, 11, list, sizeof list) + 15, "10.101.0.0/24, 10.102.0.0/24, "
          "10.103.0.0/24, 10.104.0.0/24, 10.105.0.0/24, 10.106.0.0/24, 10.107.0.0/24, "
          "10.108.0.0/24, 10.109.0.0/24, ..");
    g_snprintf(expected, sizeof expected, "%s", "10.109.0.0/24");
    T_STR(selectors_print(s, 10, list, sizeof list) + strlen(list) - 13, expected);

    /* The offer is not the same where only what is not shown differs. */
    for (unsigned same = 0; same < 2; same++) {
        reset(c);
        for (unsigned again = 0; again < 2; again++) {
            begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
            as(c, again ? 0x33 : 0x11);
            many[59].key_bits = again && !same ? 128 : 256;
            propose(c, many, 60, PROTO_IKE, 0);
            send(c, again ? "second" : "first", (uint16_t)(1 + again));
            begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
            as(c, again ? 0x33 : 0x11);
            notify(c, N2_NO_PROPOSAL_CHOSEN);
            send(c, again ? "no again" : "no", (uint16_t)(3 + again));
        }
        T((count(c, CHECK_offer_changed) == 1) == !same);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    texts(&c);
    parts_of_messages(&c);
    parts_of_payloads(&c);
    silent_on_parts(&c);
    too_many_sas(&c);
    inherited(&c);
    messages_with_wrong_checks(&c);
    clear_against_many(&c);
    clear_against_selectors(&c);
    suites(&c);
    details_of_frames(&c);
    frames_of_findings(&c);
    return conversation_done(&c);
}
