/* check_icv.c - integrity checks that fail, in ESP, AH and IKE: damaged packets or wrong keys.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

/* The algorithms under which the same key fits. */
static const char *
near_algorithm(const struct key_near *near, char *out, size_t size)
{
    struct transform t = { near->integ ? TRANSFORM_INTEG : TRANSFORM_ENCR,
                           near->integ ? near->integ : near->encr, 0 };

    if (near->integ == CRYPT_INTEG_SHA256_96) {
        g_snprintf(out, size, "HMAC_SHA2_256_96"); /* not of the registry */
        return out;
    }
    return transform_print(&t, out, size);
}

/* What would fit where the keys of a stream do not, and what to do about it: NULL where nothing is
 * known to. */
static const char *
near_of_stream(const struct stream *s, GString *text)
{
    const struct key_near *near = &stream_rare(s)->key_near;
    const struct child_sa *c = s->child;
    char name[SUITE_TEXT_MAX];

    switch (near->miss) {
    case NEAR_SALT:
        g_string_append(text, " The key itself is right, but its salt (the last octets) is not.");
        return "Append the salt of exactly this SA to the key, in the order in which the daemon "
               "derives it; the sender's salt differs only if its software is faulty.";
    case NEAR_ALGORITHM:
        g_string_append_printf(text, " It matches as a key of %s.",
                               near_algorithm(near, name, sizeof name));
        return "Give that algorithm with the key. If a different one was negotiated, the sender "
               "does not use it: update the sender, or configure both ends for what it uses.";
    case NEAR_CIPHER:
        g_string_append(text, " It decrypts them to IP packets: the encryption key is right, only "
                              "the ICV fails.");
        return "Correct the integrity key or its algorithm; with extended sequence numbers, start "
               "the capture before the SA. If both are right, the packets were changed on the way: "
               "compare with a capture at the sender.";
    case NEAR_OTHER_SPI:
        if (child_is_negotiated(c) &&
            (near->spi == c->spi_i || near->spi == c->spi_r)) {
            g_string_append_printf(text, " The key given for SPI %08x, the other direction of the "
                                         "same SA, matches.",
                                   near->spi);
            return "Swap the two keys: each belongs to the SPI of its own direction.";
        }
        g_string_append_printf(text, " The key given for SPI %08x matches.", near->spi);
        return "Give this SPI that key: the rows of the two SPIs are swapped, or one was copied "
               "from the other.";
    default:
        return NULL;
    }
}

/* One packet of a stream that verifies shows that the keys are right, so the others were damaged
 * or forged.  Where none verifies, the keys are not this SA's. */
static void
report_bad(struct findings *out, enum check_id check, const struct stream *s, uint32_t good)
{
    const struct stream_rare *rare = stream_rare(s);
    GString *near = g_string_new(NULL);
    const char *remedy = near_of_stream(s, near);
    char cipher[TEXT_MAX], none[40];

    g_snprintf(none, sizeof none, "None of the %u packets", rare->bad);
    if (!remedy && stream_suggests(s, cipher, sizeof cipher)) {
        g_string_append_printf(near, " Their lengths suggest %s.", cipher);
    }
    for (guint i = 0; i < rare->bad_frames.len; i++) {
        struct scope where = scope_stream(s, rare->bad_frames.at[i]);
        where.basis = BASIS_DECRYPTED;
        if (check == CHECK_icv_bad) {
            finding_add(out, check, &where,
                        "%u packet%s of SPI %08x fail%s the integrity check; %u pass it.",
                        rare->bad, rare->bad == 1 ? "" : "s", s->spi, rare->bad == 1 ? "s" : "",
                        good);
        } else {
            where.remedy = remedy;
            finding_add(out, check, &where,
                        "%s of SPI %08x %s the integrity check with the key given.%s",
                        rare->bad == 1 ? "The only packet" : none, s->spi,
                        rare->bad == 1 ? "fails" : "passes", near->str);
        }
    }
    g_string_free(near, TRUE);
}

void
check_icv_bad(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        uint32_t good = stream_rare(s)->bad_frames.len ? stream_num_good(s) : 0;
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
                    "%s includes the upper half of an extended sequence number (ESN) in the ICV of "
                    "SPI %08x, although %s was negotiated (frame %u): a receiver that follows the "
                    "negotiation drops these packets." :
                    "%s omits the upper half of the extended sequence number (ESN) from the ICV of "
                    "SPI %08x, although %s was negotiated (frame %u): a receiver that follows the "
                    "negotiation drops these packets.",
                ip_print(&e->at.src, who, sizeof who), e->packet->spi, c->chosen->text,
                c->negotiated_in);
}

/* As near_of_stream. */
static const char *
near_of_ike(const struct ike_sa *sa, GString *text)
{
    char name[SUITE_TEXT_MAX];

    if (sa->key_near.miss == NEAR_EXCHANGED) {
        g_string_append(text, " They pass if the keys of the two directions are swapped.");
        return "Swap SK_ei with SK_er and SK_ai with SK_ar: the initiator's keys are those of the "
               "end that started the IKE SA or, for a rekeyed one, the rekey.";
    }
    if (sa->key_near.miss == NEAR_ALGORITHM) {
        g_string_append_printf(text, " They pass with the same keys and %s.",
                               near_algorithm(&sa->key_near, name, sizeof name));
        return "Give that algorithm with the keys.";
    }
    return NULL;
}

/* The same for the messages of an IKE SA. */
static void
report_ike(const struct check_in *in, struct findings *out, enum check_id check)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        bool some = sa->num_readable > 0;
        GString *near = g_string_new(NULL);
        const char *remedy = some ? NULL : near_of_ike(sa, near);
        for (guint k = 0;
             some == (check == CHECK_ike_icv_bad) && k < sa->wrong_frames.len;
             k++) {
            struct scope where = { .basis = BASIS_DECRYPTED,
                                   .frame = sa->wrong_frames.at[k],
                                   .sa = sa,
                                   .exchange = NO_ID,
                                   .remedy = remedy };
            finding_add(out, check, &where,
                        "%u of the %u encrypted messages of IKE SA %u fail%s the integrity check "
                        "with the keys given.%s",
                        sa->num_wrong, sa->num_encrypted + sa->num_forged, sa->id,
                        sa->num_wrong == 1 ? "s" : "", near->str);
        }
        g_string_free(near, TRUE);
    }
}

void
check_ike_icv_bad(const struct check_in *in, struct findings *out)
{
    report_ike(in, out, CHECK_ike_icv_bad);
}

/* The ICV is made over what is encrypted: it fits, and what comes out is noise. */
static void
report_noise(struct findings *out, const struct stream *s)
{
    const struct stream_rare *rare = stream_rare(s);
    struct scope where = scope_stream(s, rare->noise_frame);

    where.basis = BASIS_DECRYPTED;
    where.remedy = "Give the encryption key of exactly this SA: the integrity key is right, but "
                   "the encryption key is that of the other direction or of another cipher; for a "
                   "counter mode, the salt at its end may be wrong.";
    finding_add(out, CHECK_wrong_key, &where,
                "%u packet%s of SPI %08x pass%s the integrity check with the integrity key given, "
                "but the encryption key given does not decrypt %s.",
                rare->noise, rare->noise == 1 ? "" : "s", s->spi, rare->noise == 1 ? "es" : "",
                rare->noise == 1 ? "it" : "them");
}

void
check_wrong_key(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const struct stream_rare *rare = stream_rare(s);
        if (rare->bad_frames.len && !stream_num_good(s)) {
            report_bad(out, CHECK_wrong_key, s, 0);
        } else if (rare->noise && rare->noise >= s->good / 2) {
            report_noise(out, s);
        }
    }
    report_ike(in, out, CHECK_wrong_key);
}
