/* check_keys.c - the keys that were given against what the capture needs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <string.h>

enum {
    SURE_PACKETS = 3, /* of a stream that belongs to no SA: anybody can send a few */
    NAMES_SHOWN = 4
};

/* What encrypted IKE SAs and streams of ESP a capture has, and which of them nobody could read. */
struct unread {
    uint32_t ikes, streams; /* how many there are */
    uint32_t num_ikes, num_streams; /* of them, unread */
    uint32_t frame; /* the first that shows one */
    bool misplaced; /* the key of another IKE SA opens one */
    struct named {
        unsigned num;
        GString *names; /* of the first few */
    } keyless, misfits; /* for which no key is given; which those given do not open */
};

static void
note_one(struct unread *u, uint32_t frame, bool named, const char *name)
{
    struct named *to = named ? &u->misfits : &u->keyless;

    if (frame && (!u->frame || frame < u->frame)) {
        u->frame = frame;
    }
    if (to->num++ < NAMES_SHOWN) {
        g_string_append_printf(to->names, "%s%s", to->num > 1 ? ", " : "", name);
    }
}

/* Both ends speak encrypted: a message alone may be anybody's.  Its first such frame, 0. */
static uint32_t
encrypted_in(const struct ike_sa *sa)
{
    uint32_t from[2] = { 0, 0 };

    for (uint32_t i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (uint32_t k = 0; k < x->messages.len && !x->injected; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            uint32_t *to = &from[m->from_initiator];
            if (m->encrypted && !m->truncated && !m->injected && !m->forged &&
                (!*to || m->frame < *to)) {
                *to = m->frame;
            }
        }
    }
    return from[0] && from[1] ? MIN(from[0], from[1]) : 0;
}

/* IKEv1 has no message keys: the IVs follow from what came before (RFC 2409 appendix B), so that a
 * capture which begins late may not be opened with the right key. */
static bool
lacks_beginning(const struct ike_sa *sa)
{
    return sa->major == 1 && sa->key_named && !sa->started_here;
}

static void
see_ikes(const struct check_in *in, struct unread *u, bool told)
{
    char name[2 * ID_TEXT_MAX + 128], i[ID_TEXT_MAX], r[ID_TEXT_MAX];

    for (size_t n = 0; n < sadb_num_ike_sas(in->db); n++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, n);
        uint32_t frame = sa->num_encrypted ? encrypted_in(sa) : 0;
        if (!frame) {
            continue;
        }
        u->ikes++;
        if (sa->num_readable || lacks_beginning(sa)) {
            continue;
        }
        u->num_ikes++;
        if (sa->wrong_frames.len || !told) {
            continue; /* wrong_key says it */
        }
        g_snprintf(name, sizeof name, "IKE SA %u (%s with %s)", sa->id,
                   endpoint_print(&sa->initiator, i, sizeof i),
                   endpoint_print(&sa->responder, r, sizeof r));
        if (sa->key_near.miss == NEAR_OTHER_SPI) {
            size_t used = strlen(name);
            u->misplaced = true;
            g_snprintf(name + used, (gulong)(sizeof name - used),
                       ", which the key given for initiator cookie %08x.. decrypts",
                       sa->key_near.spi);
        }
        note_one(u, frame, sa->key_named, name);
    }
}

static void
see_streams(const struct check_in *in, struct unread *u, bool told)
{
    char name[ADDR_TEXT_MAX + 32], to[ADDR_TEXT_MAX];

    for (size_t n = 0; n < sadb_num_streams(in->db); n++) {
        const struct stream *s = sadb_stream(in->db, n);
        const struct stream_rare *rare = stream_rare(s);
        if (s->protocol != PROTO_ESP || s->strange || !s->packets ||
            (!s->child && s->packets < SURE_PACKETS)) {
            continue;
        }
        u->streams++;
        if (s->read) {
            continue;
        }
        u->num_streams++;
        if (rare->bad_frames.len || rare->noise || s->key_named != s->key_fails || !told) {
            continue;
        }
        g_snprintf(name, sizeof name, "SPI %08x to %s", s->spi, ip_print(&s->dst, to, sizeof to));
        note_one(u, s->first_frame, s->key_named, name);
    }
}

/* No key is of an SPI in the capture, and none that leaves its SPI open fits. */
static bool
is_of_others(const struct key_use *keys)
{
    return keys->ike_named + keys->esp_named + keys->ike_used + keys->esp_used == 0;
}

/* Who gave no key of a kind knows that nothing of it is opened. */
static bool
counts(const struct key_use *keys, bool esp)
{
    return (esp ? keys->esp_given : keys->ike_given) || is_of_others(keys);
}

static void
say_names(GString *to, const char *before, const struct named *n, const char *after)
{
    if (n->num) {
        g_string_append_printf(to, " %s %s", before, n->names->str);
        if (n->num > NAMES_SHOWN) {
            g_string_append_printf(to, " and %u more", n->num - NAMES_SHOWN);
        }
        g_string_append(to, after);
    }
}

static const char *
say_why(GString *to, const struct key_use *keys, const struct unread *u)
{
    if (is_of_others(keys)) {
        say_names(to, "None of the keys belongs to an SPI in this capture: they are of other SAs, "
                      "or of another time or capture. Not decrypted:",
                  &u->keyless, ".");
        return "Give the keys of this tunnel at this time: enable key logging on one of its two "
               "ends before the tunnel is set up, or read the kernel's SAs while it is up; each "
               "rekey changes them.";
    }
    say_names(to, "No key is given for", &u->keyless, ".");
    say_names(to, "No packet is decrypted by the keys given for", &u->misfits, ".");
    if (u->misplaced) {
        return "Give the IKE SA that key: the rows of the two cookies are swapped, or one was "
               "copied from the other.";
    }
    return u->keyless.num ? NULL :
           "Check that the log gives the keys as the SA uses them, with its algorithms: for IKEv1 "
           "the encryption key of phase 1, for ESP without integrity the right cipher.";
}

void
check_keys_unused(const struct check_in *in, struct findings *out)
{
    const struct key_use *keys = sadb_keys(in->db);
    struct scope where = { .basis = BASIS_CONFIGURED, .exchange = NO_ID };
    struct unread u = { .frame = 0 };
    GString *why;

    if (!keys || keys->ike_given + keys->esp_given == 0) {
        return;
    }
    why = g_string_new(NULL);
    u.keyless.names = g_string_new(NULL);
    u.misfits.names = g_string_new(NULL);
    see_ikes(in, &u, counts(keys, false));
    see_streams(in, &u, counts(keys, true));
    if (u.keyless.num + u.misfits.num) {
        where.frame = u.frame;
        where.remedy = say_why(why, keys, &u);
        finding_add(out, CHECK_keys_unused, &where,
                    "Keys given: %u IKE, %u ESP; they decrypt %u of %u IKE SA%s and %u of %u ESP "
                    "stream%s.%s",
                    keys->ike_given, keys->esp_given, u.ikes - u.num_ikes, u.ikes,
                    u.ikes == 1 ? "" : "s", u.streams - u.num_streams, u.streams,
                    u.streams == 1 ? "" : "s", why->str);
    }
    g_string_free(u.keyless.names, TRUE);
    g_string_free(u.misfits.names, TRUE);
    g_string_free(why, TRUE);
}
