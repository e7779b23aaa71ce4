/* errors.c - what an error notify says by its type and its data (RFC 7296 section 3.10.1, RFC 2408
 * section 3.14.1), and what to do then.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

struct error {
    uint16_t type;
    const char *means;          /* to end a sentence */
    const char *remedy;
};

static const char version_remedy[] =
    "Configure the same IKE version on both ends: the peer accepts only the version of its answer.";
static const char payload_remedy[] =
    "Disable the extension that adds this payload on the end that sent it, or update the end that "
    "refuses it.";
static const char mode_remedy[] =
    "Set main mode on both ends, or aggressive mode on both. If a transaction is refused, enable "
    "XAUTH and Mode Config on both ends or on neither.";
static const char offer_remedy[] =
    "Remove what this peer does not support from the offer: new ciphers and groups first, then key "
    "lengths and lifetimes; its log names what it could not read.";
static const char certificate_remedy[] =
    "On the refusing end, check whether it trusts the issuer of the other end's certificate, "
    "whether the certificate is valid now, and whether it contains the expected identity.";

static const struct error errors_v1[] = {
    { N1_INVALID_COOKIE, ": it does not know this phase 1",
      "The peer has lost phase 1 because of a restart or a Delete that did not arrive: take the "
      "tunnel down on the other end and connect again; dead peer detection does so "
      "automatically." },
    { N1_INVALID_MAJOR_VERSION, ": it does not support the IKE version of the request",
      version_remedy },
    { N1_INVALID_EXCHANGE_TYPE, ": it does not support this exchange", mode_remedy },
    { N1_UNSUPPORTED_EXCHANGE_TYPE, ": it does not support this exchange", mode_remedy },
    { N1_INVALID_PAYLOAD_TYPE, ": it does not support a payload of the message", payload_remedy },
    { N1_INVALID_TRANSFORM_ID, ": it does not support an algorithm of the offer", offer_remedy },
    { N1_ATTRIBUTES_NOT_SUPPORTED, ": it does not support an attribute of the offer",
      offer_remedy },
    { N1_BAD_PROPOSAL_SYNTAX, ": it cannot read the offer", offer_remedy },
    { N1_PAYLOAD_MALFORMED, ": it cannot read the message",
      "If the message was encrypted, compare the pre-shared key first: with a different key the "
      "peer decrypts noise. Otherwise check its log for the payload, and update the older end." },
    { N1_INVALID_KEY_INFORMATION, ": it does not accept the key exchange",
      "Configure the same Diffie-Hellman group on both ends; in quick mode, the PFS group." },
    { N1_INVALID_CERT_ENCODING, ": it cannot read the certificate", certificate_remedy },
    { N1_INVALID_CERTIFICATE, ": it does not accept the certificate", certificate_remedy },
    { N1_CERT_TYPE_UNSUPPORTED, ": it does not support this type of certificate",
      certificate_remedy },
    { N1_INVALID_CERT_AUTHORITY, ": it does not accept the issuer", certificate_remedy },
    { N1_CERTIFICATE_UNAVAILABLE, ": it has no certificate of the other end",
      "Configure the other end to send its certificate, or install it on this one." },
    { N1_INVALID_HASH_INFORMATION, ": the authentication does not match",
      "Compare the pre-shared key on both ends, then the identity that each end associates with "
      "it." },
    { N1_INVALID_SIGNATURE, ": the signature is not valid",
      "On the signing end, check that its private key belongs to the certificate that it sends; on "
      "the other end, check that it accepts the certificate for this identity." },
};

static const struct error errors_v2[] = {
    { N2_UNSUPPORTED_CRITICAL_PAYLOAD, ": it does not support a payload that is marked critical",
      payload_remedy },
    { N2_INVALID_MAJOR_VERSION, ": it does not support the IKE version of the request",
      version_remedy },
    { N2_INVALID_SYNTAX, ": it finds a type, a length or a value in the message out of range",
      "Check its log for the payload that it could not read, and update the older end; until then, "
      "disable extensions of the other end one by one. Credentials are not the cause." },
    { N2_INVALID_MESSAGE_ID, ": it did not expect this message ID",
      "The message counters of the two ends differ, as after a failover or a restored state: take "
      "the IKE SA down on both and connect again." },
    { N2_SINGLE_PAIR_REQUIRED, ": it requires a Child SA for each pair of addresses",
      "Configure single addresses on both sides of the Child SA on the requesting end, or "
      "configure this peer to accept whole networks." },
    { N2_NO_ADDITIONAL_SAS, ": it accepts no further Child SA in this IKE SA",
      "Configure the requesting end to use a separate IKE SA for each pair of networks, or put all "
      "of them into the first Child SA. If the request is a rekey, configure that end to "
      "reauthenticate instead." },
    { N2_UNACCEPTABLE_ADDRESSES, ": its policy does not accept the new address (MOBIKE)",
      "Allow the address from which this request comes on that peer, or disable MOBIKE on the end "
      "that moves, so that it connects again." },
    { N2_UNEXPECTED_NAT_DETECTED, ": there is a NAT on the path, which NO_NATS_ALLOWED forbids",
      "Allow NATs on the end that sent NO_NATS_ALLOWED, or remove the NAT from the path." },
    { N2_TS_MAX_QUEUE, ": it accepts no further SA for the same networks (RFC 9611)",
      "Nothing needs to be done: the SAs that are up carry the traffic." },
};

static const struct error *
find_error(uint8_t major, uint16_t type)
{
    const struct error *all = major == 1 ? errors_v1 : errors_v2;
    size_t num = major == 1 ? G_N_ELEMENTS(errors_v1) : G_N_ELEMENTS(errors_v2);

    for (size_t i = 0; i < num; i++) {
        if (all[i].type == type) {
            return &all[i];
        }
    }
    return NULL;
}

const char *
error_remedy(uint8_t major, uint16_t type)
{
    const struct error *e = find_error(major, type);

    return e ? e->remedy : NULL;
}

const char *
error_say(uint8_t major, const struct ike_notify *n, char *out, size_t size)
{
    const struct error *e = find_error(major, n->type);
    struct cur c = cur_of(n->data.at, n->data.len);
    uint8_t payload;
    uint32_t id;
    char name[64];

    g_strlcpy(out, e ? e->means : "", size);
    if (major == 2 && n->type == N2_UNSUPPORTED_CRITICAL_PAYLOAD && cur_u8(&c, &payload)) {
        g_snprintf(out, (gulong)size, ": it does not support payload type %u (%s), which is marked "
                   "critical", payload, payload_name(2, payload, name, sizeof name));
    } else if (major == 2 && n->type == N2_INVALID_MESSAGE_ID && cur_u32(&c, &id)) {
        g_snprintf(out, (gulong)size, ": it did not expect message ID %u", id);
    } else if (n->type == N2_INVALID_MAJOR_VERSION) {
        g_snprintf(out, (gulong)size, "%s, but IKEv%u", e->means, major);
    }
    return out;
}
