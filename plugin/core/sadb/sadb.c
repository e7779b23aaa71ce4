/* sadb.c - the tables of the SA database and what they answer.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

#include <string.h>

static guint
key_hash(gconstpointer p)
{
    return (guint)sa_key_hash((const struct sa_key *)p);
}

static gboolean
key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(struct sa_key)) == 0;
}

struct sadb *
sadb_new(uint32_t seed)
{
    struct sadb *db = g_new0(struct sadb, 1);

    store_init(&db->store, seed);
    store_offers_init(&db->store);
    db->ike_sas = g_ptr_array_new();
    db->stood = g_ptr_array_new();
    db->child_sas = g_ptr_array_new();
    db->streams = g_ptr_array_new();
    sadb_set_options(db, &(struct sadb_options){ 64, 0.5 });    /* RFC 4303 section 3.4.3 */
    db->fragments = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
    db->clear = g_array_new(FALSE, FALSE, sizeof(struct clear_packet));
    db->first_fragments = g_array_new(FALSE, TRUE, sizeof(struct first_fragment));
    db->sought = g_array_new(FALSE, FALSE, sizeof(struct sought_neighbor));
    db->past = g_array_new(FALSE, FALSE, sizeof(struct past_packet));
    sadb_clock_begin(db);
    return db;
}

void
sadb_free(struct sadb *db)
{
    if (!db) {
        return;
    }
    g_ptr_array_free(db->ike_sas, TRUE);
    g_ptr_array_free(db->stood, TRUE);
    g_ptr_array_free(db->child_sas, TRUE);
    g_ptr_array_free(db->streams, TRUE);
    g_free(db->stream_places.at);
    g_hash_table_destroy(db->fragments);
    g_array_free(db->clear, TRUE);
    g_array_free(db->first_fragments, TRUE);
    g_array_free(db->past, TRUE);
    g_array_free(db->sought, TRUE);
    sadb_clock_end(db);
    points_free(db->points);
    store_offers_clear(&db->store);
    store_clear(&db->store);
    g_free(db);
}

void
sadb_set_options(struct sadb *db, const struct sadb_options *options)
{
    db->options = *options;
    db->options.window = CLAMP(options->window, 32u, (unsigned)STREAM_WINDOW_MAX);
    db->window_mask = 63;
    while (db->window_mask < db->options.window - 1) {
        db->window_mask = db->window_mask * 2 + 1;
    }
}

const struct sadb_options *
sadb_options(const struct sadb *db)
{
    return &db->options;
}

const char *const *
sadb_caps(const struct sadb *db)
{
    return db->store.caps;
}

struct ike_sa *
sadb_ike_new(struct sadb *db, uint8_t major, const uint8_t spi_i[8], const uint8_t spi_r[8])
{
    struct sa_key key = store_key(&db->store, 'i', 0, spi_i, 8, NULL, NULL);
    struct ike_sa *sa;

    if (db->ike_sas->len >= SADB_MAX_IKE_SAS) {
        store_cap(&db->store, "IKE SAs");
        return NULL;
    }
    sa = (struct ike_sa *)store_alloc(&db->store, sizeof *sa);
    sa->id = db->ike_sas->len;
    sa->major = major;
    memcpy(sa->spi_i, spi_i, 8);
    memcpy(sa->spi_r, spi_r, 8);
    sa->has_spi_r = !ike_spi_is_zero(spi_r);
    sa->rekeys = sa->rekeyed_by = NO_ID;
    sa->offered = &no_offers;
    sa->addresses = &no_addresses;
    g_ptr_array_add(db->ike_sas, sa);
    store_add(&db->store, &key, sa);
    if (sa->has_spi_r) {
        key = store_spis_key(&db->store, spi_i, spi_r);
        store_add(&db->store, &key, sa);
    }
    return sa;
}

struct sa_key
database_spi_key(const struct sadb *db, uint8_t protocol, uint32_t spi, bool inferred)
{
    return store_key(&db->store, inferred ? 'C' : 'c', protocol, &spi, sizeof spi, NULL, NULL);
}

void
sadb_child_spi(struct sadb *db, struct child_sa *c, bool initiator, uint32_t spi)
{
    struct sa_key key = database_spi_key(db, c->protocol, spi, c->basis == BASIS_INFERRED);

    if (spi) {
        *(initiator ? &c->spi_i : &c->spi_r) = spi;
        db->store.epochs[store_epoch_of_spi(&db->store, spi)]++;
        store_add(&db->store, &key, c);
    }
}

struct child_sa *
sadb_child_new(struct sadb *db, struct ike_sa *sa, uint8_t protocol, uint32_t spi_i, uint32_t spi_r)
{
    struct child_sa *c;

    if (db->child_sas->len >= SADB_MAX_CHILD_SAS) {
        store_cap(&db->store, "Child SAs");
        return NULL;
    }
    c = (struct child_sa *)store_alloc(&db->store, sizeof *c);
    c->id = db->child_sas->len;
    c->ike_sa = sa;
    c->protocol = protocol;
    c->rekeys = c->rekeyed_by = NO_ID;
    c->addr_i = sa->initiator.addr;
    c->addr_r = sa->responder.addr;
    g_ptr_array_add(db->child_sas, c);
    store_add_child(&db->store, &sa->children, c);
    sadb_child_spi(db, c, true, spi_i);
    sadb_child_spi(db, c, false, spi_r);
    return c;
}

static struct child_sa *
child_at(const struct sadb *db, uint8_t protocol, uint32_t spi, const struct ip_addr *dst,
         uint32_t frame, bool inferred, bool *to_responder)
{
    struct sa_key key = database_spi_key(db, protocol, spi, inferred);
    struct child_sa *c;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (c = walk_next(&w));) {
        if (c->protocol != protocol || c->request_frame > frame) {
            continue;
        }
        if (c->spi_r == spi && ip_equal(dst, &c->addr_r)) {
            *to_responder = true;
            return c;
        }
        if (c->spi_i == spi && ip_equal(dst, &c->addr_i)) {
            *to_responder = false;
            return c;
        }
    }
    return NULL;
}

const struct child_sa *
sadb_child_at(const struct sadb *db, uint8_t protocol, uint32_t spi, const struct ip_addr *dst,
              uint32_t frame, bool *to_responder)
{
    const struct child_sa *c = child_at(db, protocol, spi, dst, frame, false, to_responder);

    return c ? c : child_at(db, protocol, spi, dst, frame, true, to_responder);
}

static struct child_sa *
child_of(const struct sadb *db, const struct ike_sa *sa, uint8_t protocol, uint32_t spi,
         bool initiator, bool inferred)
{
    struct sa_key key = database_spi_key(db, protocol, spi, inferred);
    const struct ip_addr *side = initiator ? &sa->initiator.addr : &sa->responder.addr;
    struct child_sa *c;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (c = walk_next(&w));) {
        if (c->protocol != protocol || (c->spi_i != spi && c->spi_r != spi)) {
            continue;
        }
        if ((c->spi_i == spi && ip_equal(&c->addr_i, side)) ||
            (c->spi_r == spi && ip_equal(&c->addr_r, side)) || c->ike_sa == sa) {
            return c;
        }
    }
    return NULL;
}

struct child_sa *
sadb_child_of(const struct sadb *db, const struct ike_sa *sa, uint8_t protocol, uint32_t spi,
              bool initiator)
{
    struct child_sa *c = child_of(db, sa, protocol, spi, initiator, false);

    return c ? c : child_of(db, sa, protocol, spi, initiator, true);
}

void
sadb_ike_decided(struct sadb *db, struct ike_sa *sa)
{
    struct sa_key pair = store_pair_key(&db->store, &sa->initiator.addr, &sa->responder.addr);

    pair.kind = 'D';
    if (!sa->decided) {
        sa->decided = true;
        store_add(&db->store, &pair, sa);
    }
}

const struct ike_sa *
sadb_try_before(const struct sadb *db, const struct ike_sa *sa)
{
    struct sa_key pair = store_pair_key(&db->store, &sa->initiator.addr, &sa->responder.addr);
    const struct ike_sa *old;
    struct walk w;

    pair.kind = 'D';
    for (w = store_walk(&db->store, &pair, SADB_MAX_PER_PEER);
         (old = (struct ike_sa *)walk_next(&w));) {
        if (old->id < sa->id && old->major == sa->major && old->offered->len &&
            ip_equal(&old->initiator.addr, &sa->initiator.addr) &&
            ip_equal(&old->responder.addr, &sa->responder.addr)) {
            return old;
        }
    }
    return NULL;
}

void
sadb_ike_stands(struct sadb *db, struct ike_sa *sa)
{
    struct sa_key pair = store_pair_key(&db->store, &sa->initiator.addr, &sa->responder.addr);

    sadb_ike_decided(db, sa);
    db->store.epochs[store_epoch_of_pair(&db->store, &sa->initiator.addr, &sa->responder.addr)]++;
    pair.kind = 'P';
    store_add(&db->store, &pair, sa);
    if (!sa->stood) {
        sa->stood = true;
        g_ptr_array_add(db->stood, sa);
    }
}

struct walk
sadb_stood_between(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key pair = store_pair_key(&db->store, a, b);

    pair.kind = 'P';
    return store_walk(&db->store, &pair, SADB_MAX_PER_PEER);
}

bool
sadb_has_stood(const struct sadb *db, uint8_t major, const struct ip_addr *a,
               const struct ip_addr *b)
{
    const struct ike_sa *sa;

    for (struct walk w = sadb_stood_between(db, a, b); (sa = (struct ike_sa *)walk_next(&w));) {
        if (sa->major == major && sa->stood) {
            return true;
        }
    }
    return false;
}

struct ike_sa *
sadb_ike_between(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b)
{
    struct sa_key key = store_pair_key(&db->store, a, b);
    struct walk w = sadb_stood_between(db, a, b);
    struct ike_sa *sa;

    do {
        sa = (struct ike_sa *)walk_next(&w);
    } while (sa && !sa->stood);
    if (sa && sa->state == IKE_ESTABLISHED) {
        return sa;
    }
    w = store_walk(&db->store, &key, 1);
    return (struct ike_sa *)walk_next(&w);
}

/* An answer that could hold the SPI of a Child SA was not captured. */
static bool
lacks_answer(const struct ike_sa *sa)
{
    if (!sa->from_initiator || !sa->from_responder) {
        return true;
    }
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if ((x->type == V2_IKE_AUTH || x->type == V2_CREATE_CHILD_SA || x->type == V1_QUICK) &&
            (!x->request || !x->response || x->answered_first)) {
            return true;
        }
    }
    return false;
}

/* Its packets come from or go to another port of the NAT: to another client behind it. */
static bool
of_other_client(const struct stream *s, const struct ike_sa *sa)
{
    bool out = ip_equal(&s->src, &sa->initiator.addr);
    uint16_t port = out ? s->src_port : s->dst_port;

    return port && ike_sa_behind_nat(sa, true) && port != sa->initiator.port;
}

bool
sadb_peers_readable(const struct sadb *db, const struct stream *s)
{
    struct sa_key key = store_pair_key(&db->store, &s->src, &s->dst);
    uint32_t read = 0;
    const struct ike_sa *sa;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_LOOKED_AT); (sa = walk_next(&w));) {
        if (of_other_client(s, sa)) {
            continue;
        }
        /* a request that nobody answered made no SA, and anybody can send it */
        if (sa->started_here && !sa->from_responder && !sa->num_encrypted) {
            continue;
        }
        if (!sa->started_here || sa->num_readable < sa->num_encrypted || lacks_answer(sa)) {
            return false;
        }
        read += sa->num_readable;
    }
    return read > 0;
}

#define CLOCK_SET_BACK_S 1.0    /* more than frames of one capture are out of order */

void
sadb_see_frame(struct sadb *db, uint32_t frame, double time)
{
    if (!db->num_frames) {
        db->first_time = time;
    }
    db->num_frames = MAX(db->num_frames, frame);
    sadb_note_time(db, frame, time);
    /* A clock that was set back: what was captured before it has no place after what comes now. */
    if (time < db->last_time - CLOCK_SET_BACK_S) {
        db->last_time = time;
    }
    db->last_time = MAX(db->last_time, time);
}

const char *
sadb_keep_line(struct sadb *db, const char *text)
{
    const char *known = store_known_line(&db->store, text);

    if (known) {
        return known;
    }
    if (db->num_loose >= SADB_MAX_LOOSE_LINES) {
        store_cap(&db->store, "contents of IKE messages of no exchange as text");
        return NULL;
    }
    db->num_loose++;
    return store_line(&db->store, text);
}

void
sadb_see_keys(struct sadb *db, const struct key_use *use)
{
    db->keys = *use;
    db->keys_given = true;
}

const struct points *
sadb_points(const struct sadb *db)
{
    return db->points;
}

const struct key_use *
sadb_keys(const struct sadb *db)
{
    return db->keys_given ? &db->keys : NULL;
}

size_t
sadb_num_ike_sas(const struct sadb *db)
{
    return db->ike_sas->len;
}

const struct ike_sa *
sadb_ike_sa(const struct sadb *db, size_t i)
{
    return i < db->ike_sas->len ? (const struct ike_sa *)g_ptr_array_index(db->ike_sas, i) : NULL;
}

size_t
sadb_num_child_sas(const struct sadb *db)
{
    return db->child_sas->len;
}

const struct child_sa *
sadb_child_sa(const struct sadb *db, size_t i)
{
    return i < db->child_sas->len ? (const struct child_sa *)g_ptr_array_index(db->child_sas, i) :
                                    NULL;
}

size_t
sadb_num_streams(const struct sadb *db)
{
    return db->streams->len;
}

const struct stream *
sadb_stream(const struct sadb *db, size_t i)
{
    return i < db->streams->len ? (const struct stream *)g_ptr_array_index(db->streams, i) : NULL;
}

uint32_t
sadb_num_frames(const struct sadb *db)
{
    return db->num_frames;
}

double
sadb_first_time(const struct sadb *db)
{
    return db->first_time;
}

double
sadb_last_time(const struct sadb *db)
{
    return db->last_time;
}

const struct ike_sa *
child_holder(const struct sadb *db, const struct child_sa *c)
{
    const struct ike_sa *sa = c->ike_sa;

    for (unsigned looked = 0; sa->rekeyed_by != NO_ID && looked < SADB_MAX_PER_PEER; looked++) {
        sa = sadb_ike_sa(db, sa->rekeyed_by);
    }
    return sa;
}

const struct ike_sa *
sadb_asked_by(const struct sadb *db, const struct ike_sa *answered)
{
    struct sa_key key = store_key(&db->store, 'i', 0, answered->spi_i, 8, NULL, NULL);
    const struct ike_sa *sa;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (sa != answered && sa->major == answered->major && sa->started_here &&
            memcmp(sa->spi_i, answered->spi_i, sizeof sa->spi_i) == 0 &&
            ip_equal(&sa->initiator.addr, &answered->initiator.addr)) {
            return sa;
        }
    }
    return NULL;
}

size_t
sadb_num_judgements(const struct sadb *db)
{
    return db->judgements ? db->judgements->len : 0;
}

struct judgement
sadb_judgement(const struct sadb *db, size_t i)
{
    return g_array_index(db->judgements, struct judgement, i);
}

bool
sadb_has_null(const struct sadb *db)
{
    return db->has_null;
}

bool
sadb_knows_spi_i(const struct sadb *db, const uint8_t spi[8])
{
    struct sa_key key = store_key(&db->store, 'i', 0, spi, 8, NULL, NULL);

    struct walk w = store_walk(&db->store, &key, 1);

    return walk_next(&w) != NULL;
}

bool
sadb_wants_clear(const struct sadb *db)
{
    return db->has_selectors || db->stood->len;
}

size_t
sadb_num_first_fragments(const struct sadb *db)
{
    return db->first_fragments->len;
}

const struct first_fragment *
sadb_first_fragment(const struct sadb *db, size_t i)
{
    return &g_array_index(db->first_fragments, struct first_fragment, i);
}

size_t
sadb_num_sought(const struct sadb *db)
{
    return db->sought->len;
}

const struct sought_neighbor *
sadb_sought(const struct sadb *db, size_t i)
{
    return &g_array_index(db->sought, struct sought_neighbor, i);
}

size_t
sadb_num_past(const struct sadb *db)
{
    return db->past->len;
}

const struct past_packet *
sadb_past(const struct sadb *db, size_t i)
{
    return i < db->past->len ? &g_array_index(db->past, struct past_packet, i) : NULL;
}

size_t
sadb_num_clear(const struct sadb *db)
{
    return db->clear->len;
}

const struct clear_packet *
sadb_clear(const struct sadb *db, size_t i)
{
    return i < db->clear->len ? &g_array_index(db->clear, struct clear_packet, i) : NULL;
}

const struct child_sa *
sadb_predecessor(const struct sadb *db, const struct child_sa *c)
{
    if (c->rekeys != NO_ID) {
        return sadb_child_sa(db, c->rekeys);
    }
    for (struct newest n = newest_first(c->id, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *old = sadb_child_sa(db, n.i);
        if (old->protocol == c->protocol && old->basis != BASIS_INFERRED &&
            ip_equal(&old->addr_i, &c->addr_i) && ip_equal(&old->addr_r, &c->addr_r) &&
            (old->ike_sa == c->ike_sa || ike_sa_same_peers(old->ike_sa, c->ike_sa)) &&
            child_same_selectors(old, c)) {
            return old;
        }
    }
    return NULL;
}

size_t
sadb_policies(const struct sadb *db, const struct ip_addr *addr, uint8_t protocol,
              struct policy *out, size_t max)
{
    return store_policies(&db->store, addr, protocol, out, max);
}
