/* stand.c - an IKE SA stands, fails, or turns out not to have stood.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

static bool
was_read(const struct ike_message *m)
{
    return m->encrypted && m->readable;
}

static void
stand(struct sadb *db, struct ike_sa *sa, uint32_t frame, double time)
{
    sa->state = IKE_ESTABLISHED;
    sa->established_in = frame;
    sa->established_time = time;
    sa->failed_in = 0;
    sa->failed_inferred = sa->failed_by_initiator = false;
    sadb_ike_stands(db, sa);
    store_offers_proved(&db->store, sa->offered);
}

void
track_establish(struct turn *t)
{
    struct ike_event *e = t->e;
    struct ike_sa *sa = t->sa;

    sa->post_quantum |= sa->major == 2 && kept_has_ml_kem(sa->chosen);
    if (sa->state == IKE_HALF_OPEN ||
        (sa->state == IKE_FAILED && (was_read(t->m) || (sa->major == 2 && !sa->failed_read)))) {
        stand(t->db, sa, e->at.frame, e->at.time);
        sa->established_inferred = sa->major == 2 && !was_read(t->m);
        sa->eap_open = false;
        e->established = true;
    }
}

void
track_fall(struct ike_sa *sa)
{
    sa->state = sa->state == IKE_ESTABLISHED ? IKE_HALF_OPEN : sa->state;
    sa->established_in = 0;
    sa->established_time = 0;
    sa->established_inferred = sa->established_late = sa->stood = false;
}

void
track_fail(struct turn *t)
{
    struct ike_sa *sa = t->sa;

    sa->state = IKE_FAILED;
    sadb_ike_decided(t->db, sa);
    sa->failed_in = t->e->at.frame;
    sa->failed_by_initiator = t->e->from_initiator;
    sa->failed_read = was_read(t->m);
    sa->failed_inferred = t->m->encrypted && !t->m->readable;
    sa->eap_open = false;
    t->e->failed = true;
}

void
track_carry_on(struct sadb *db, struct ike_sa *sa, bool from_initiator, uint32_t frame, double time)
{
    bool open = sa->state == IKE_HALF_OPEN || (sa->state == IKE_FAILED && !sa->failed_read);

    if (!sa->undecided || !open) {
        return;
    }
    sa->carried_i |= from_initiator;
    sa->carried_r |= !from_initiator;
    if (sa->carried_i && sa->carried_r) {
        stand(db, sa, frame, time);
        sa->established_inferred = sa->established_late = true;
        sa->eap_open = false;
    }
}
