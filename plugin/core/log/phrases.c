/* phrases.c - what daemons say, and what it means: the one table.
 *
 * The first row whose text is part of a line stands for it: what says more comes first.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <string.h>

#define PROPOSAL LOG_ABOUT_PROPOSAL
#define SELECTORS LOG_ABOUT_SELECTORS
#define AUTH LOG_ABOUT_AUTH
#define IDENTITY LOG_ABOUT_IDENTITY
#define CERTIFICATE LOG_ABOUT_CERTIFICATE
#define ADDRESS LOG_ABOUT_ADDRESS
#define MESSAGE LOG_ABOUT_MESSAGE
#define PACKET LOG_ABOUT_PACKET
#define INNER LOG_ABOUT_INNER
#define STATE LOG_ABOUT_STATE

#define SAYS(text, kind, about, means, remedy) { text, NULL, kind, about, means, remedy }
#define SAYS_BOTH(text, also, kind, about, means, remedy) { text, also, kind, about, means, remedy }

static const char use_common[] = "Give both ends one suite in common.";
static const char same_psk[] =
    "Enter the same pre-shared key on both ends, for these two identities.";
static const char name_peer[] =
    "Configure on this end a connection that takes that peer: its address, its identity and its "
    "way to prove it.";
static const char same_networks[] = "Give both ends the same networks, mirrored.";

static const struct log_phrase phrases[] = {
    SAYS_BOTH("CHILD_SA ", " established with SPIs ", LOG_CHILD_UP, STATE, NULL, NULL),
    SAYS_BOTH("IKE_SA ", " established between ", LOG_IKE_UP, STATE, NULL, NULL),
    /* charon: the cipher suites */
    SAYS("no acceptable ENCRYPTION_ALGORITHM found", LOG_REASON, PROPOSAL,
         "the encryption algorithms have none in common", use_common),
    SAYS("no acceptable INTEGRITY_ALGORITHM found", LOG_REASON, PROPOSAL,
         "the integrity algorithms have none in common", use_common),
    SAYS("no acceptable PSEUDO_RANDOM_FUNCTION found", LOG_REASON, PROPOSAL,
         "the pseudo-random functions have none in common", use_common),
    SAYS("no acceptable DIFFIE_HELLMAN_GROUP found", LOG_REASON, PROPOSAL,
         "the Diffie-Hellman groups have none in common", use_common),
    SAYS("no acceptable KEY_EXCHANGE_METHOD found", LOG_REASON, PROPOSAL,
         "the Diffie-Hellman groups have none in common", use_common),
    SAYS("no acceptable EXTENDED_SEQUENCE_NUMBERS found", LOG_REASON, PROPOSAL,
         "one end demands extended sequence numbers and the other end has none", use_common),
    SAYS("no acceptable ADDITIONAL_KEY_EXCHANGE", LOG_REASON, PROPOSAL,
         "the additional key exchanges have none in common", use_common),
    SAYS("received proposals unacceptable", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("no acceptable proposal found", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("no matching proposal found, sending", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("no proposal found", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("received proposals: ", LOG_RECEIVED, PROPOSAL, NULL, NULL),
    SAYS("configured proposals: ", LOG_CONFIGURED, PROPOSAL, NULL, NULL),
    SAYS("unacceptable, requesting", LOG_REPORT, PROPOSAL, NULL, NULL),
    /* charon: networks and addresses */
    SAYS("unacceptable: non-matching authentication", LOG_REASON, AUTH | IDENTITY,
         "the peer proves its identity in another way than is configured", name_peer),
    SAYS_BOTH("traffic selectors ", " unacceptable", LOG_REASON, SELECTORS,
              "no connection is configured for these networks", same_networks),
    SAYS("no matching CHILD_SA config found", LOG_REASON, SELECTORS,
         "no connection is configured for these networks", same_networks),
    SAYS("no acceptable traffic selectors found", LOG_REASON, SELECTORS,
         "the networks of the two ends have none in common", same_networks),
    SAYS("is full, unable to assign address", LOG_REASON, ADDRESS,
         "all addresses of the pool are in use",
         "Make the pool larger, or end sessions that hold its addresses."),
    SAYS("no virtual IP found for", LOG_REASON, ADDRESS, "no pool has an address for this peer",
         "Give the connection an address pool of the family that the peer asks for."),
    SAYS("no virtual IP found, sending", LOG_REASON, ADDRESS,
         "no pool has an address for this peer",
         "Give the connection an address pool of the family that the peer asks for."),
    /* charon: who the peer is */
    SAYS("but MAC mismatched", LOG_REASON, AUTH, "the pre-shared keys of the two ends differ",
         same_psk),
    SAYS("no shared key found for", LOG_REASON, AUTH,
         "no pre-shared key is configured for these two identities", same_psk),
    SAYS("calculated HASH does not match HASH payload", LOG_REASON, AUTH,
         "the pre-shared keys of the two ends differ, or the identity that was hashed does",
         same_psk),
    SAYS("none allows pre-shared key authentication using", LOG_REASON, AUTH | IDENTITY,
         "the connections that fit do not allow this way to authenticate", name_peer),
    SAYS("no IKE config found for", LOG_REASON, IDENTITY | PROPOSAL,
         "no connection is configured for these two addresses and this version of IKE", name_peer),
    SAYS("no matching peer config found", LOG_REASON, IDENTITY | AUTH,
         "no connection is configured for these two identities", name_peer),
    SAYS("no peer config found", LOG_REASON, IDENTITY | AUTH,
         "no connection is configured for this peer", name_peer),
    SAYS("no alternative config found", LOG_REASON, IDENTITY | AUTH,
         "no other connection fits this peer", name_peer),
    SAYS("constraint check failed", LOG_REASON, AUTH | IDENTITY | CERTIFICATE,
         "the peer's identity or its way to prove it is not the configured one", name_peer),
    SAYS("constraint requires", LOG_REASON, AUTH | IDENTITY | CERTIFICATE,
         "the peer does not authenticate as is configured", name_peer),
    SAYS("no issuer certificate found for", LOG_REASON, CERTIFICATE | AUTH,
         "the authority that issued the peer's certificate is not trusted",
         "Install the certificate of that authority on this end, or let the peer send the "
         "intermediate ones."),
    SAYS("subject certificate invalid", LOG_REASON, CERTIFICATE | AUTH,
         "the peer's certificate is outside its time",
         "Renew that certificate, or set the clock of this end."),
    SAYS("certificate was revoked", LOG_REASON, CERTIFICATE | AUTH,
         "the peer's certificate is revoked", "Issue a new certificate for the peer."),
    SAYS("no trusted ", LOG_REASON, CERTIFICATE | AUTH,
         "no trusted key is known for the peer's identity",
         "Install the authority's certificate on this end, and let the peer's certificate name "
         "its identity."),
    SAYS("no private key found for", LOG_REASON, CERTIFICATE | AUTH,
         "this end has no private key for its own identity",
         "Install the private key that goes with this end's certificate."),
    SAYS("signature validation failed", LOG_REASON, CERTIFICATE | AUTH,
         "the signature does not fit the peer's key",
         "Let the peer use the key of its certificate."),
    SAYS("EAP-MS-CHAPv2 verification failed", LOG_REASON, AUTH, "the user's password is wrong",
         "Let the user enter the password that the gateway knows."),
    SAYS("RADIUS authentication of", LOG_REASON, AUTH, NULL,
         "Look at the RADIUS server's log for this user."),
    SAYS("destroying IKE_SA after failed XAuth authentication", LOG_REASON, AUTH,
         "the user name or the password is wrong",
         "Let the user enter the password that the gateway knows."),
    SAYS("(myself) failed", LOG_REPORT, AUTH, NULL, NULL),
    SAYS_BOTH("XAuth authentication of", " failed", LOG_REASON, AUTH, NULL,
              "Let the user enter the password that the gateway knows."),
    SAYS("received EAP_NAK, sending EAP_FAILURE", LOG_REASON, AUTH,
         "the peer does not take the EAP method that this end wants",
         "Configure one EAP method on both ends."),
    SAYS(" failed for peer ", LOG_REASON, AUTH, NULL,
         "Compare the user's password and the EAP method on both ends."),
    SAYS("Aggressive Mode PSK disabled for security reasons", LOG_REASON, AUTH | IDENTITY,
         "this end refuses aggressive mode with a pre-shared key",
         "Use main mode or IKEv2, or certificates."),
    SAYS_BOTH("authentication of '", " failed", LOG_REASON, AUTH, NULL, NULL),
    /* charon: messages */
    SAYS("could not decrypt payloads", LOG_REASON, MESSAGE | AUTH,
         "a message could not be decrypted: the two ends have other keys, as different "
         "pre-shared keys make them", same_psk),
    SAYS("decryption failed?", LOG_REASON, MESSAGE | AUTH,
         "a message could not be decrypted: the two ends have other keys, as different "
         "pre-shared keys make them", same_psk),
    SAYS("half-open IKE_SA count of", LOG_REASON, MESSAGE,
         "this end has too many half-open IKE SAs",
         "Find who begins them; raise the limit of half-open IKE SAs if they are lawful."),
    SAYS("peer too aggressive", LOG_REASON, MESSAGE,
         "this end has too many half-open IKE SAs of that peer",
         "Find why the peer begins so many; raise the limit if they are lawful."),
    SAYS("giving up after", LOG_RESENT, MESSAGE, NULL, NULL),
    SAYS("peer not responding", LOG_RESENT, MESSAGE, NULL, NULL),
    SAYS("received retransmit of request", LOG_REPORT, MESSAGE, NULL, NULL),
    SAYS("retransmit ", LOG_RESENT, MESSAGE, NULL, NULL),
    SAYS("unable to install inbound and outbound IPsec SA", LOG_REASON, STATE | PACKET,
         "the kernel did not take the SA",
         "Look at the kernel's log, and whether it has the algorithms."),
    SAYS("unable to install IPsec policies", LOG_REASON, STATE | PACKET,
         "the kernel did not take the policies",
         "Look for another connection with the same networks on this end."),
    SAYS("destroying duplicate IKE_SA", LOG_REASON, STATE,
         "this end takes the peer for one that it already knows, and has ended the older IKE SA",
         "Give each device an identity of its own, or set the uniqueness policy to keep several."),
    SAYS("deleting duplicate IKE_SA", LOG_REASON, STATE,
         "this end takes the peer for one that it already knows, and has ended the older IKE SA",
         "Give each device an identity of its own, or set the uniqueness policy to keep several."),
    /* charon: packets */
    SAYS("ESP sequence number verification failed", LOG_REASON, PACKET,
         "packets were dropped because their sequence numbers are old or came before", NULL),
    SAYS("ESP ICV verification failed", LOG_REASON, PACKET,
         "packets were dropped because their integrity check failed", NULL),
    SAYS("ESP decryption or ICV verification failed", LOG_REASON, PACKET,
         "packets were dropped because their integrity check failed", NULL),
    SAYS("ESP decryption failed", LOG_REASON, PACKET,
         "packets were dropped because they cannot be decrypted", NULL),
    SAYS("does not belong to an installed SA", LOG_REASON, PACKET,
         "packets were dropped because this end has no such SA", NULL),
    SAYS("discarding inbound IP packet", LOG_REASON, INNER,
         "a packet from the tunnel was dropped because no policy admits its addresses", NULL),
    /* charon: SAs */
    SAYS("Starting IKE charon daemon", LOG_STARTED, STATE, NULL, NULL),
    SAYS("CHILD_SA rekey", LOG_REPORT, STATE, NULL, NULL),
    SAYS("failed to establish CHILD_SA", LOG_REPORT, STATE, NULL, NULL),
    SAYS("closing CHILD_SA", LOG_DOWN, STATE, NULL, NULL),
    SAYS("sending DELETE for", LOG_DOWN, STATE, NULL, NULL),
    SAYS("received DELETE for", LOG_DOWN, STATE, NULL, NULL),
    SAYS("deleting IKE_SA", LOG_DOWN, STATE, NULL, NULL),
    /* pluto */
    SAYS("no local proposal matches remote proposals", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("no acceptable Oakley Transform", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("but no connection has been authorized", LOG_REASON, IDENTITY | PROPOSAL,
         "no connection is configured for this peer and this way to authenticate", name_peer),
    SAYS("no suitable connection found with IKEv2 policy", LOG_REASON, IDENTITY | PROPOSAL,
         "no connection is configured for this peer and IKEv2", name_peer),
    SAYS("we require IKEv2 peer to have ID", LOG_REASON, IDENTITY | AUTH, NULL, name_peer),
    SAYS("we require peer to have ID", LOG_REASON, IDENTITY | AUTH, NULL, name_peer),
    SAYS("AUTH mismatch: Received AUTH != computed AUTH", LOG_REASON, AUTH,
         "the pre-shared keys of the two ends differ", same_psk),
    SAYS("computed hash does not match", LOG_REASON, AUTH,
         "the pre-shared keys of the two ends differ", same_psk),
    SAYS("does not match computed value", LOG_REASON, AUTH,
         "the pre-shared keys of the two ends differ", same_psk),
    SAYS("probable authentication failure (mismatch of preshared secrets?)", LOG_REASON,
         AUTH | MESSAGE, "the pre-shared keys of the two ends differ", same_psk),
    SAYS("Can't authenticate: no preshared key found for", LOG_REASON, AUTH,
         "no pre-shared key is configured for these two identities", same_psk),
    SAYS("Authentication Failed: Incorrect Username or Password", LOG_REASON, AUTH,
         "the user name or the password is wrong",
         "Let the user enter the password that the gateway knows."),
    SAYS("no connection is known for", LOG_REASON, SELECTORS,
         "no connection is configured for these networks", same_networks),
    SAYS("no RSA public key known for", LOG_REASON, CERTIFICATE | AUTH,
         "no key is known for the peer's identity",
         "Install the peer's public key or its authority's certificate."),
    SAYS("Certificate rejected for this connection", LOG_REASON, CERTIFICATE | AUTH,
         "the peer's certificate is not accepted",
         "Install the certificate of its authority on this end."),
    SAYS("failed IPsec verification", LOG_REASON, CERTIFICATE | AUTH,
         "the peer's certificate is not accepted",
         "Install the certificate of its authority on this end."),
    SAYS("max number of retransmissions", LOG_RESENT, MESSAGE, NULL, NULL),
    SAYS("retransmission; will wait", LOG_RESENT, MESSAGE, NULL, NULL),
    SAYS("Starting Pluto", LOG_STARTED, STATE, NULL, NULL),
    SAYS("established Child SA", LOG_CHILD_UP, STATE, NULL, NULL),
    SAYS("established IKE SA", LOG_IKE_UP, STATE, NULL, NULL),
    SAYS("IPsec SA established", LOG_CHILD_UP, STATE, NULL, NULL),
    SAYS("ISAKMP SA established", LOG_IKE_UP, STATE, NULL, NULL),
    SAYS("deleting state (", LOG_DOWN, STATE, NULL, NULL),
    /* racoon */
    SAYS("no suitable proposal found", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("failed to get valid proposal", LOG_DECISION, PROPOSAL,
         "no proposal received fits one that is configured", use_common),
    SAYS("rejected enctype", LOG_REASON, PROPOSAL, "the encryption algorithms differ", use_common),
    SAYS("rejected hashtype", LOG_REASON, PROPOSAL, "the hash algorithms differ", use_common),
    SAYS("rejected dh_group", LOG_REASON, PROPOSAL, "the Diffie-Hellman groups differ", use_common),
    SAYS("rejected authmethod", LOG_REASON, PROPOSAL, "the ways to authenticate differ",
         use_common),
    SAYS("pfs group mismatched", LOG_REASON, PROPOSAL,
         "the groups of perfect forward secrecy differ", use_common),
    SAYS("no suitable policy found", LOG_REASON, SELECTORS,
         "no policy is configured for these networks", same_networks),
    SAYS("no policy found", LOG_REASON, SELECTORS, "no policy is configured for these networks",
         same_networks),
    SAYS("HASH mismatched", LOG_REASON, AUTH, "the pre-shared keys of the two ends differ",
         same_psk),
    SAYS("couldn't find the pskey", LOG_REASON, AUTH,
         "no pre-shared key is configured for this peer", same_psk),
    SAYS("couldn't find configuration", LOG_REASON, IDENTITY | PROPOSAL,
         "no connection is configured for this peer", name_peer),
    SAYS("not acceptable Aggressive mode", LOG_REASON, IDENTITY | PROPOSAL,
         "this end does not take aggressive mode", "Configure one exchange mode on both ends."),
    SAYS("not acceptable Identity Protection mode", LOG_REASON, IDENTITY | PROPOSAL,
         "this end does not take main mode", "Configure one exchange mode on both ends."),
    SAYS("negotiation failed due to time up", LOG_RESENT, MESSAGE, NULL, NULL),
    SAYS("ISAKMP-SA established", LOG_IKE_UP, STATE, NULL, NULL),
    SAYS("IPsec-SA established", LOG_CHILD_UP, STATE, NULL, NULL),
    SAYS("ISAKMP-SA deleted", LOG_DOWN, STATE, NULL, NULL),
    SAYS("IPsec-SA expired", LOG_DOWN, STATE, NULL, NULL),
    /* Firebox and SafeNet's client */
    SAYS("deny in ipsec", LOG_REASON, INNER,
         "a packet from the tunnel was dropped because its address is not the peer's",
         "Let the client use the address that the gateway has bound to that user."),
    SAYS("AUTH_FAILED", LOG_REASON, AUTH, "the authentication failed",
         "Enter the password or the pre-shared key that both ends know."),
    SAYS("Phase 1 completed", LOG_IKE_UP, STATE, NULL, NULL),
    SAYS("Load outbound ESP SA", LOG_CHILD_UP, STATE, NULL, NULL),
    SAYS("Load inbound ESP SA", LOG_CHILD_UP, STATE, NULL, NULL),
    SAYS("Deleting old phase 1 SA", LOG_DOWN, STATE, NULL, NULL),
    SAYS("Established IKE SA", LOG_IKE_UP, STATE, NULL, NULL),
    SAYS("Loading IPSec SA", LOG_CHILD_UP, STATE, NULL, NULL),
    /* what the other end has said, by any of them */
    SAYS("CHILD_SA ", LOG_REPORT, STATE, NULL, NULL),
    SAYS("NO_PROPOSAL_CHOSEN", LOG_REPORT, PROPOSAL, NULL, NULL),
    SAYS("NO-PROPOSAL-CHOSEN", LOG_REPORT, PROPOSAL, NULL, NULL),
    SAYS("AUTHENTICATION_FAILED", LOG_REPORT, AUTH, NULL, NULL),
    SAYS("TS_UNACCEPTABLE", LOG_REPORT, SELECTORS, NULL, NULL),
    SAYS("INTERNAL_ADDRESS_FAILURE", LOG_REPORT, ADDRESS, NULL, NULL),
};

const struct log_phrase *
phrase_find(const char *text, const char **at)
{
    for (size_t i = 0; i < G_N_ELEMENTS(phrases); i++) {
        const struct log_phrase *p = &phrases[i];
        *at = strstr(text, p->text);
        if (*at && (!p->also || strstr(*at + strlen(p->text), p->also))) {
            return p;
        }
    }
    *at = NULL;
    return NULL;
}
