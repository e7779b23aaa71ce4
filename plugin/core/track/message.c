/* message.c - from one IKE message to its IKE SA and its exchange.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/hash.h>
#include <string.h>

enum { EXCHANGES_LOOKED_AT = 64 };

/* One packet captured at two points comes within a moment; a retransmission
 * waits at least a good part of a second (RFC 7296 section 2.1). */
#define DUPLICATE_SECONDS 0.2

static bool
between(const struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b)
{
    return (ip_equal(&sa->initiator.addr, a) && ip_equal(&sa->responder.addr, b)) ||
           (ip_equal(&sa->initiator.addr, b) && ip_equal(&sa->responder.addr, a));
}

/* The same, where a NAT's two sides were captured. */
static bool
known_between(const struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b)
{
    return (ike_sa_is_at(sa, true, a) && ike_sa_is_at(sa, false, b)) || (ike_sa_is_at(sa, true, b) && ike_sa_is_at(sa, false, a));
}

/* The first message of sa at this moment again, from beyond a NAT. */
static bool
first_again(const struct ike_sa *sa, uint64_t sum, const struct sighting *at)
{
    const struct exchange *x = sa->exchanges->len ? (const struct exchange *)g_ptr_array_index(sa->exchanges, 0) : NULL;
    const struct exchange_message *one = x && x->messages->len ? &g_array_index(x->messages, struct exchange_message, 0) : NULL;

    return one && one->digest == sum && at->time - one->time < DUPLICATE_SECONDS && one->ip_id == at->ip_id;
}

static struct ike_sa *
find_sa(struct sadb *db, const struct ike_message *m, const struct sighting *at, uint64_t sum)
{
    struct sa_key key = store_key(&db->store, 'i', 0, m->spi_i, 8, NULL, NULL);
    struct ike_sa *half_open = NULL;
    unsigned looked = 0;

    for (const struct link *l = store_newest(&db->store, &key); l && looked < SADB_MAX_PER_SPI; l = l->older, looked++) {
        struct ike_sa *sa = (struct ike_sa *)l->member;
        if (sa->major != m->major || memcmp(sa->spi_i, m->spi_i, 8) != 0) {
            continue;
        }
        if (sa->has_spi_r && memcmp(sa->spi_r, m->spi_r, 8) == 0) {
            return sa;
        }
        if (!half_open && (known_between(sa, &at->src, &at->dst) || first_again(sa, sum, at)) &&
            (ike_spi_is_zero(m->spi_r) || !sa->has_spi_r || (sa->state != IKE_ESTABLISHED && !sa->chosen))) {
            half_open = sa;
        }
    }
    return half_open;
}

/* IKEv1 has no flag that says who began the SA: the addresses tell, and where both
 * sides are behind one address, the ports. */
static bool
v1_from_initiator(const struct ike_sa *sa, const struct sighting *at)
{
    bool src_i = ike_sa_is_at(sa, true, &at->src), src_r = ike_sa_is_at(sa, false, &at->src);

    if (src_i != src_r) {
        return src_i;
    }
    if (src_i) {
        return at->src_port == sa->initiator.port;
    }
    return !ike_sa_is_at(sa, true, &at->dst);
}

static struct ike_sa *
make_sa(struct sadb *db, const struct ike_message *m, const struct sighting *at)
{
    struct ike_sa *sa = sadb_ike_new(db, m->major, m->spi_i, m->spi_r);
    bool src_begins = m->major == 1 || (m->flags & FLAG_INITIATOR);

    if (!sa) {
        return NULL;
    }
    /* The first answer to an unseen request comes from the responder. */
    if (m->major == 1 && m->exchange == V1_INFORMATIONAL && m->message_id == 0) {
        src_begins = false;
    }
    sa->initiator.addr = src_begins ? at->src : at->dst;
    sa->initiator.port = src_begins ? at->src_port : at->dst_port;
    sa->responder.addr = src_begins ? at->dst : at->src;
    sa->responder.port = src_begins ? at->dst_port : at->src_port;
    sa->started_here = ike_spi_is_zero(m->spi_r) && (m->major == 1 || !ike_is_response(m));
    sa->first_frame = at->frame;
    store_pair_add(&db->store, sa, &at->src, &at->dst);
    return sa;
}

static bool
same_exchange(const struct exchange *x, const struct ike_message *m, bool by_initiator)
{
    return x->type == m->exchange && x->message_id == m->message_id &&
           (m->major == 1 || x->by_initiator == by_initiator);
}

static struct exchange_message *
find_message(const struct exchange *x, uint64_t sum, bool from_initiator)
{
    for (guint i = 0; i < x->messages->len; i++) {
        struct exchange_message *old = &g_array_index(x->messages, struct exchange_message, i);
        if (old->digest == sum && old->from_initiator == from_initiator) {
            return old;
        }
    }
    return NULL;
}

/* The exchange of a message.  A new request under a used message ID (the retry
 * after COOKIE or INVALID_KE_PAYLOAD) begins another exchange. */
static struct exchange *
find_exchange(const struct ike_sa *sa, const struct ike_message *m, bool from_initiator, uint64_t sum)
{
    bool by_initiator = ike_is_response(m) ? !from_initiator : from_initiator;
    guint looked = 0;

    for (guint i = sa->exchanges->len; i > 0 && looked < EXCHANGES_LOOKED_AT; i--, looked++) {
        struct exchange *x = (struct exchange *)g_ptr_array_index(sa->exchanges, i - 1);
        if (!same_exchange(x, m, by_initiator)) {
            continue;
        }
        if (find_message(x, sum, from_initiator)) {
            return x;
        }
        if (m->major == 2 && !ike_is_response(m) && (x->response || x->request) && !m->fragment) {
            if (m->exchange == V2_IKE_SA_INIT) {
                continue;
            }
        }
        if (m->major == 2 && ike_is_response(m) && x->response && !m->fragment &&
            m->exchange == V2_IKE_SA_INIT) {
            continue;
        }
        return x;
    }
    return NULL;
}

static struct exchange *
make_exchange(struct sadb *db, struct ike_sa *sa, const struct ike_message *m, bool by_initiator)
{
    struct exchange *x;

    if (sa->exchanges->len >= SADB_MAX_EXCHANGES) {
        store_cap(&db->store, "exchanges of one IKE SA");
        return NULL;
    }
    x = (struct exchange *)store_alloc(&db->store, sizeof *x);
    x->index = sa->exchanges->len;
    x->type = m->exchange;
    x->message_id = m->message_id;
    x->by_initiator = by_initiator;
    x->offered = db->store.no_offers;
    store_push(&db->store, sa->exchanges, x);
    return x;
}

/* MOBIKE tries paths by one request on each of them.  Without keys nobody knows of MOBIKE; what
 * comes at the same moment is believed to be that.  An answer may come after the next request. */
static bool
probes_path(const struct ike_event *e, double gap)
{
    const struct ike_sa *sa = e->sa;

    return sa->major == 2 && e->exchange->type == V2_INFORMATIONAL && e->exchange->index + 2 >= sa->exchanges->len &&
           ((sa->mobike_i && sa->mobike_r) || (!sa->auth_read && gap < DUPLICATE_SECONDS));
}

static void
note_again(struct sadb *db, struct ike_event *e, struct exchange_message *old)
{
    const struct sighting *at = &e->at;
    double gap = at->time - (old->again ? old->again->last_time : old->time);

    e->message = old;
    /* A nested message that Wireshark reassembled stands in the same frame. */
    if (gap < DUPLICATE_SECONDS && (old->ip_id == at->ip_id || old->ip_id == 0 || at->ip_id == 0) &&
        (known_between(e->sa, &at->src, &at->dst) || track_translated(e->sa, e->exchange, old, at))) {
        if (e->sa->after_nat == at->frame) {
            store_pair_add(&db->store, e->sa, &at->src, &at->dst);
        }
        e->duplicate = true;
        old->twice |= at->frame != old->frame;
        e->sa->captured_twice |= old->twice;
        return;
    }
    e->new_address = !known_between(e->sa, &at->src, &at->dst);
    if (e->new_address && probes_path(e, gap)) {
        e->probe = true;
        e->new_address = false;
        return;
    }
    e->retransmission_of = old->frame;
    old->ip_id = at->ip_id;
    if (!old->again) {
        old->again = (struct retransmissions *)store_alloc(&db->store, sizeof *old->again);
        old->again->frames = store_array(&db->store, sizeof(uint32_t));
    }
    old->again->num++;
    old->again->last_time = at->time;
    if (old->again->frames->len < SADB_MAX_RETRANSMISSIONS) {
        g_array_append_val(old->again->frames, at->frame);
    } else {
        store_cap(&db->store, "frames of one message's retransmissions");
    }
}

/* Returns where the next message goes, NULL where the exchange holds no more. */
static struct exchange_message *
next_message(struct sadb *db, struct message_list *list)
{
    if (list->len >= SADB_MAX_MESSAGES) {
        store_cap(&db->store, "messages of one exchange");
        return NULL;
    }
    if (list->len == list->room) {
        uint32_t room = list->room ? list->room * 2 : 1;
        char *more = (char *)store_alloc(&db->store, room * sizeof(struct exchange_message));
        if (list->len) {
            memcpy(more, list->data, list->len * sizeof(struct exchange_message));
        }
        list->data = more;
        list->room = room;
    }
    list->len++;
    return &g_array_index(list, struct exchange_message, list->len - 1);
}

/* The keys change at IKE_INTERMEDIATE, and the verdict is of the old ones (RFC 9242
 * section 3.3.1), which stands before IKE_AUTH. */
static bool
fails_integrity(const struct ike_sa *sa, const struct ike_message *m)
{
    for (guint i = 0; i < sa->exchanges->len && i < EXCHANGES_LOOKED_AT && m->integrity_wrong; i++) {
        if (((const struct exchange *)g_ptr_array_index(sa->exchanges, i))->type == V2_IKE_INTERMEDIATE) {
            return false;
        }
    }
    return m->integrity_wrong;
}

/* Keys that have opened no message of the SA may be another one's: then a wrong checksum says
 * nothing of the sender. */
static bool
believed(const struct ike_sa *sa, const struct ike_message *m)
{
    return !sa->num_readable || !fails_integrity(sa, m);
}

static bool
add_message(struct sadb *db, struct ike_event *e, const struct ike_message *m, uint64_t sum)
{
    struct exchange *x = e->exchange;
    const struct sighting *at = &e->at;

    e->message = next_message(db, x->messages);
    if (!e->message) {
        return false;
    }
    *e->message = (struct exchange_message){
        .digest = sum, .time = at->time, .frame = at->frame, .length = MIN(m->length, (1u << 27) - 1) & ((1u << 27) - 1),
        .from_initiator = e->from_initiator, .encrypted = m->encrypted, .readable = m->readable, .refused = ike_has_error(m),
        .fragment = m->fragment, .ip_id = at->ip_id, .src_port = at->src_port, .dst_port = at->dst_port,
    };
    if (!believed(e->sa, m)) {      /* it is not known to be that side's: it neither asks nor answers */
        e->message->forged = true;
    } else if (e->from_initiator == x->by_initiator && !x->request && !(m->major == 2 && ike_is_response(m))) {
        x->request = at->frame;
        x->request_time = at->time;
    } else if (e->from_initiator != x->by_initiator && !x->response) {
        x->response = at->frame;
        x->response_time = at->time;
    }
    if (m->encrypted && !m->readable && !m->truncated) {
        x->unreadable = true;
    }
    return true;
}

/* Ports move when IKE floats to 4500, addresses by MOBIKE (RFC 4555 section 3.5) or by
 * a mapping of NAT; both are believed once the other side answers to the new place. */
static void
follow_addresses(struct sadb *db, struct ike_event *e, const struct ike_message *m)
{
    struct ike_sa *sa = e->sa;
    struct endpoint *from = e->from_initiator ? &sa->initiator : &sa->responder;
    struct endpoint *to = e->from_initiator ? &sa->responder : &sa->initiator;
    bool update = ike_find_notify(m, N2_UPDATE_SA_ADDRESSES) && e->basis == BASIS_DECRYPTED && m->major == 2;
    /* With MOBIKE an answer on another path is only a probe's (RFC 4555 sections 3.8 and 3.10). */
    bool answered = m->major == 2 && ike_is_response(m) && m->encrypted && e->exchange && e->exchange->request &&
                    !(sa->mobike_i && sa->mobike_r);
    struct ip_addr *old_from = &from->addr, *old_to = &to->addr;

    if (between(sa, &e->at.src, &e->at.dst)) {
        if (ike_sa_behind_nat(sa, e->from_initiator) && from->port != e->at.src_port && to->port == e->at.dst_port && to->port == PORT_NATT) {
            e->old_src_port = from->port;
        }
        from->port = e->at.src_port;
        to->port = e->at.dst_port;
        return;
    }
    if (known_between(sa, &e->at.src, &e->at.dst)) {
        return;
    }
    if (!update && !answered) {
        e->new_address = !e->new_sa;
        sa->path_unsure |= sa->mobike_i && sa->mobike_r && ike_is_response(m) && m->readable && e->exchange && !e->exchange->request;
        return;
    }
    e->moved_initiator = ip_equal(&from->addr, &e->at.src) ? !e->from_initiator : e->from_initiator;
    e->old_addr = e->moved_initiator ? sa->initiator.addr : sa->responder.addr;
    if (sa->children->len > SADB_MAX_LOOKED_AT) {
        store_cap(&db->store, "Child SAs that follow a new address");
    }
    for (guint i = sa->children->len, looked = 0; i > 0 && looked < SADB_MAX_LOOKED_AT; i--, looked++) {
        struct child_sa *c = (struct child_sa *)g_ptr_array_index(sa->children, i - 1);
        struct ip_addr *near = e->from_initiator ? &c->addr_i : &c->addr_r;
        struct ip_addr *far = e->from_initiator ? &c->addr_r : &c->addr_i;
        if (ip_equal(near, old_from) && ip_equal(far, old_to)) {
            *near = e->at.src;
            *far = e->at.dst;
        }
    }
    from->addr = e->at.src;
    from->port = e->at.src_port;
    to->addr = e->at.dst;
    to->port = e->at.dst_port;
    e->moved = true;
    store_pair_add(&db->store, sa, &e->at.src, &e->at.dst);
}

static void
note_integrity(struct sadb *db, struct ike_event *e, const struct ike_message *m)
{
    struct ike_sa *sa = e->sa;

    if (!fails_integrity(sa, m)) {
        return;
    }
    if (!sa->wrong_frames) {
        sa->wrong_frames = store_array(&db->store, sizeof(uint32_t));
    }
    sa->num_wrong++;
    if (sa->wrong_frames->len < SADB_MAX_WRONG_FRAMES) {
        g_array_append_val(sa->wrong_frames, e->at.frame);
    } else {
        store_cap(&db->store, "frames of one IKE SA's messages that fail their check");
    }
}

static bool
has_ml_kem(const struct kept_proposal *k)
{
    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        const struct transform *t = &k->p->transforms[i];
        if (t->type >= TRANSFORM_KE && t->type != TRANSFORM_ESN && ke_is_ml_kem(t->id)) {
            return true;
        }
    }
    return false;
}

static void
establish(struct ike_event *e)
{
    e->sa->post_quantum |= e->sa->major == 2 && has_ml_kem(e->sa->chosen);
    if (e->sa->state == IKE_HALF_OPEN || e->sa->state == IKE_FAILED) {
        e->sa->state = IKE_ESTABLISHED;
        e->sa->established_in = e->at.frame;
        e->established = true;
    }
}

/* When both sides have proved who they are, as far as the packets show. */
static void
follow_state(struct ike_event *e, const struct ike_message *m)
{
    struct ike_sa *sa = e->sa;
    bool failed = m->readable && ike_has_error(m);

    if (m->major == 1) {
        unsigned n = e->exchange ? sadb_whole_messages(e->exchange) : 0;
        if (m->exchange == V1_QUICK || (m->exchange == V1_MAIN && n >= 6 && !e->from_initiator) ||
            (m->exchange == V1_AGGRESSIVE && n >= 3 && e->from_initiator)) {
            establish(e);
        }
        if ((failed && sa->state == IKE_HALF_OPEN) || (ike_xauth_failed(m) && sa->state == IKE_ESTABLISHED)) {
            sa->state = IKE_FAILED;     /* XAUTH: phase 1 stands, but for nobody */
        }
        return;
    }
    if (m->exchange == V2_IKE_SA_INIT) {
        bool retry = ike_find_notify(m, N2_INVALID_KE_PAYLOAD) != NULL;
        if (failed && !retry && sa->state == IKE_HALF_OPEN) {
            sa->state = IKE_FAILED;
        }
        return;
    }
    if (m->exchange == V2_IKE_AUTH && ike_is_response(m)) {
        uint32_t refusal = sadb_sk_length(sa->chosen, 16);
        if (m->readable && m->encrypted) {
            if (m->has_auth && m->eap_code == 0) {
                establish(e);
            } else if ((failed || m->eap_code == EAP_FAILURE) && sa->state == IKE_HALF_OPEN) {
                sa->state = IKE_FAILED;
            }
        } else if (refusal && m->length > refusal + 64 && !m->fragment) {
            establish(e);
        }
    } else if (m->exchange == V2_CREATE_CHILD_SA && ike_is_response(m)) {
        establish(e);
    }
}

void
sadb_see_ike(struct sadb *db, struct ike_event *e, const struct sighting *at,
             const struct ike_message *m, const uint8_t *octets, size_t len)
{
    uint64_t sum = hash_octets(db->store.seed, octets, len);   /* seeded: no message can be made to look like another */
    struct exchange_message *old;

    db->num_ike++;
    memset(e, 0, sizeof *e);
    e->at = *at;
    e->is_response = ike_is_response(m);
    e->basis = m->encrypted && m->readable ? BASIS_DECRYPTED : BASIS_OBSERVED;
    if (m->major < 1 || m->major > 2 || ike_spi_is_zero(m->spi_i)) {
        return;
    }
    e->sa = find_sa(db, m, at, sum);
    if (!e->sa) {
        e->sa = make_sa(db, m, at);
        e->new_sa = true;
    }
    if (!e->sa) {
        return;
    }
    e->from_initiator = m->major == 2 ? (m->flags & FLAG_INITIATOR) != 0 : v1_from_initiator(e->sa, at);
    if (!e->from_initiator && !ike_spi_is_zero(m->spi_r) && !e->sa->chosen) {
        memcpy(e->sa->spi_r, m->spi_r, 8);
        e->sa->has_spi_r = true;
    }
    e->exchange = find_exchange(e->sa, m, e->from_initiator, sum);
    if (!e->exchange) {
        e->exchange = make_exchange(db, e->sa, m, e->is_response ? !e->from_initiator : e->from_initiator);
    }
    if (!e->exchange) {
        return;
    }
    if (m->capped) {
        store_cap(&db->store, "payloads, proposals or other parts of one IKE message");
    }
    e->about = e->exchange;
    e->sa->last_frame = at->frame;
    old = find_message(e->exchange, sum, e->from_initiator);
    if (old) {
        note_again(db, e, old);
        track_sent(db, e->sa, e->from_initiator, at->time);
        return;
    }
    if (!add_message(db, e, m, sum)) {
        return;
    }
    if (m->encrypted && !m->fragment) {
        e->sa->num_encrypted++;
        e->sa->num_readable += m->readable;
    }
    note_integrity(db, e, m);
    if (e->message->forged) {
        e->new_address = !e->new_sa && !known_between(e->sa, &at->src, &at->dst);
        return;
    }
    track_abilities(e, m);
    track_liveness(e, m);
    follow_addresses(db, e, m);
    track_sent(db, e->sa, e->from_initiator, at->time);
    track_identities(db, e, m);
    if (m->major == 1 && m->exchange == V1_INFORMATIONAL) {
        struct exchange *x = track_refused(e);
        if (x && (e->message->refused || !m->readable)) {
            e->about = x;
            x->answered_by = x->answered_by ? x->answered_by : at->frame;
        }
    }
    track_offer(db, e, m);
    track_answer(db, e, m);
    track_nat(e, m);
    follow_state(e, m);
    e->collides = track_colliding(e);
    e->replaces = track_replaced(db, e);
    if (e->established && m->major == 1) {
        track_phase1(db, e);
    }
    track_deletes(db, e, m);
}
