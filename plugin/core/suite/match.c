/* match.c - comparing proposals (RFC 7296 section 2.7, RFC 2409 section 5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/suite.h>

static bool
same(const struct transform *a, const struct transform *b)
{
    return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

/* "None" says what leaving the type out says (RFC 7296 section 3.3.2). */
static bool
is_none(const struct transform *t)
{
    return (t->type == TRANSFORM_INTEG && t->id == INTEG_NONE) ||
           (t->type == TRANSFORM_KE && t->id == KE_NONE);
}

bool
suite_has(const struct proposal *p, const struct transform *t)
{
    for (size_t i = 0; i < p->num_transforms; i++) {
        if (same(&p->transforms[i], t)) {
            return true;
        }
    }
    return false;
}

unsigned
suite_type_mask(const struct proposal *p)
{
    unsigned mask = 0;

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i];
        if (t->type < 32 && !is_none(t)) {
            mask |= 1u << t->type;
        }
    }
    return mask;
}

/* Types that the choice may leave out: those offered as NONE too, and integrity where an AEAD
 * cipher was chosen from an offer that mixes both kinds (RFC 7296 section 3.3). */
static unsigned
optional_types(const struct proposal *chosen, const struct proposal *offered)
{
    unsigned mask = 0;

    for (size_t i = 0; i < offered->num_transforms; i++) {
        const struct transform *t = &offered->transforms[i];
        mask |= is_none(t) ? 1u << t->type : 0;
    }
    for (size_t i = 0; i < chosen->num_transforms; i++) {
        const struct transform *t = &chosen->transforms[i];
        mask |= t->type == TRANSFORM_ENCR && encr_is_aead(t->id) ? 1u << TRANSFORM_INTEG : 0;
    }
    return mask;
}

bool
suite_chosen_from(const struct proposal *chosen, const struct proposal *offered)
{
    unsigned seen = 0, has = suite_type_mask(chosen), wants = suite_type_mask(offered);

    if (chosen->protocol != offered->protocol || has & ~wants ||
        (wants & ~has & ~optional_types(chosen, offered))) {
        return false;
    }
    for (size_t i = 0; i < chosen->num_transforms; i++) {
        const struct transform *t = &chosen->transforms[i];
        if (is_none(t)) {
            continue;
        }
        if (t->type >= 32 || seen >> t->type & 1 || !suite_has(offered, t)) {
            return false;
        }
        seen |= 1u << t->type;
    }
    return !chosen->v1 || (chosen->attr.auth_method == offered->attr.auth_method &&
                           chosen->attr.mode == offered->attr.mode);
}

unsigned
suite_unmet(const struct proposal *offered, const struct proposal *known)
{
    unsigned offers = suite_type_mask(offered), knows = suite_type_mask(known);
    unsigned both = offers & knows, unmet = offers ^ knows;
    bool aead = false;

    for (unsigned type = 0; type < 32; type++) {
        bool met = false;
        if (!(both >> type & 1)) {
            continue;
        }
        for (size_t i = 0; i < offered->num_transforms; i++) {
            const struct transform *t = &offered->transforms[i];
            if (t->type == type && suite_has(known, t)) {
                met = true;
                aead |= type == TRANSFORM_ENCR && encr_is_aead(t->id);
            }
        }
        unmet |= met ? 0 : 1u << type;
    }
    if (aead) {
        unmet &= ~(1u << TRANSFORM_INTEG);      /* an AEAD cipher that both hold brings its own */
    }
    /* ESN No is what an offer without the transform means (RFC 7296 section 3.3.3). */
    if (!(both >> TRANSFORM_ESN & 1)) {
        unmet &= ~(1u << TRANSFORM_ESN);
    }
    if (unmet >> TRANSFORM_ENCR & 1 && !(both >> TRANSFORM_INTEG & 1)) {
        unmet &= ~(1u << TRANSFORM_INTEG);      /* AEAD on one side: the cipher says it all */
    }
    return unmet;
}

bool
v1_is_transport(uint16_t mode)
{
    return mode == MODE_TRANSPORT || mode == MODE_UDP_TRANSPORT ||
           mode == MODE_UDP_TRANSPORT_DRAFT;
}
