/* check_icv.c - integrity checks that fail, in ESP, AH and IKE: damaged packets or wrong keys.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

/* One packet of a stream that verifies shows that the keys are right, so the others were damaged
 * or forged.  Where none verifies, the keys are not this SA's. */
static void
report_bad(struct findings *out, enum check_id check, const struct stream *s, uint32_t good)
{
    for (guint i = 0; i < s->bad_frames.len; i++) {
        struct scope where = scope_stream(s, s->bad_frames.at[i]);
        where.basis = BASIS_DECRYPTED;
        if (check == CHECK_icv_bad) {
            finding_add(out, check, &where,
                        "%u packet%s of SPI %08x fail%s the integrity check; %u pass it.", s->bad,
                        s->bad == 1 ? "" : "s", s->spi, s->bad == 1 ? "s" : "", good);
        } else {
            finding_add(
                out, check, &where,
                "None of the %u packets of SPI %08x passes the integrity check with the key given.",
                s->bad, s->spi);
        }
    }
}

void
check_icv_bad(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        uint32_t good = s->bad_frames.len ? stream_num_good(s) : 0;
        if (good) {
            report_bad(out, CHECK_icv_bad, s, good);
        }
    }
}

void
check_esn_mismatch(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *c = e->child;
    char who[ADDR_TEXT_MAX];
    struct scope where;

    if (e->packet->icv != ICV_GOOD || e->packet->protocol != PROTO_ESP || e->duplicate ||
        !child_is_negotiated(c) || !c->chosen || e->packet->esn == child_has_esn(c)) {
        return;
    }
    where = scope_packet(in);
    where.basis = BASIS_DECRYPTED;
    finding_add(out, CHECK_esn_mismatch, &where,
                e->packet->esn ?
                    "%s puts the upper half of an extended sequence number (ESN) into the ICV of SPI "
                    "%08x, though %s was negotiated (frame %u): a receiver that keeps to it drops "
                    "these packets." :
                    "%s leaves the upper half of the extended sequence number (ESN) out of the ICV "
                    "of SPI %08x, though %s was negotiated (frame %u): a receiver that keeps to it "
                    "drops these packets.",
                ip_print(&e->at.src, who, sizeof who), e->packet->spi, c->chosen->text,
                c->negotiated_in);
}

/* The same for the messages of an IKE SA. */
static void
report_ike(const struct check_in *in, struct findings *out, enum check_id check)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        bool some = sa->num_readable > 0;
        for (guint k = 0;
             some == (check == CHECK_ike_icv_bad) && k < sa->wrong_frames.len;
             k++) {
            struct scope where = { .basis = BASIS_DECRYPTED,
                                   .frame = sa->wrong_frames.at[k],
                                   .sa = sa,
                                   .exchange = NO_ID };
            finding_add(out, check, &where,
                        "%u of the %u encrypted messages of IKE SA %u fail the integrity check "
                        "with the keys given.",
                        sa->num_wrong, sa->num_encrypted + sa->num_forged, sa->id);
        }
    }
}

void
check_ike_icv_bad(const struct check_in *in, struct findings *out)
{
    report_ike(in, out, CHECK_ike_icv_bad);
}

void
check_wrong_key(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        if (s->bad_frames.len && !stream_num_good(s)) {
            report_bad(out, CHECK_wrong_key, s, 0);
        }
    }
    report_ike(in, out, CHECK_wrong_key);
}
