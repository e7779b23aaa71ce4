/* shape.c - what the first payload's type and the length of an encrypted message show.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/shape.h>

#include <espial/sadb.h>

/* Octets of payloads, generic headers counted (RFC 7296 sections 3.10, 3.11, 3.16). */
enum {
    OF_NOTIFY = 8, OF_ITS_DATA = 8,     /* errors carry two octets of data, some a few more */
    OF_DELETE = 8, OF_AN_SPI = 4,
    OF_EAP_END = 8,                     /* Success and Failure have no data */
    /* The least that an answer with a Child SA holds beside IDr and AUTH: a proposal with SPI and
     * a cipher, two selectors of IPv4 (RFC 7296 sections 3.3 and 3.13). */
    LEAST_ID = 12, LEAST_AUTH = 24, LEAST_SA = 28, LEAST_TS = 24,
    /* Where the suite is not known: the lone notify under the widest one. */
    WIDEST_IV = 16, WIDEST_BLOCK = 16, WIDEST_ICV = 32,
    UNPADDED = 3        /* what some pad with although their cipher needs no padding */
};

/* It is no longer than one that holds inner octets. */
static bool
is_within(const struct ike_sa *sa, const struct exchange_message *m, uint32_t inner)
{
    uint32_t most = sadb_sk_length(sa->chosen, inner);

    if (!most) {
        most = 28 + 4 + WIDEST_IV + (inner / WIDEST_BLOCK + 1) * WIDEST_BLOCK + WIDEST_ICV;
    }
    return m->length <= most + UNPADDED;
}

static enum shape
shape_of_delete(const struct ike_sa *sa, const struct exchange_message *m)
{
    uint32_t ike = sadb_sk_length(sa->chosen, OF_DELETE),
             child = sadb_sk_length(sa->chosen, OF_DELETE + OF_AN_SPI);

    if (!ike) {
        return SHAPE_DELETE;
    }
    if (m->length < child) {
        return SHAPE_DELETE_IKE;
    }
    /* one that was padded to a multiple of four, though it need not be */
    return m->length > ike + UNPADDED ? SHAPE_DELETE_CHILD : SHAPE_DELETE;
}

enum shape
message_shape(const struct ike_sa *sa, const struct exchange_message *m)
{
    if (sa->major != 2 || !m->encrypted || m->fragment > 1) {
        return SHAPE_UNKNOWN;
    }
    switch (m->inner_first) {
    case 0: return m->fragment ? SHAPE_UNKNOWN : SHAPE_EMPTY;
    case V2P_NOTIFY:
        return m->fragment || !is_within(sa, m, OF_NOTIFY + OF_ITS_DATA) ? SHAPE_NOTIFIES :
                                                                           SHAPE_NOTIFY;
    case V2P_DELETE: return m->fragment ? SHAPE_DELETE_CHILD : shape_of_delete(sa, m);
    case V2P_EAP:
        return m->fragment || !sa->chosen || !is_within(sa, m, OF_EAP_END) ? SHAPE_EAP :
                                                                             SHAPE_EAP_END;
    case V2P_AUTH: return SHAPE_AUTH;
    default: return SHAPE_OTHER;
    }
}

const struct exchange_message *
exchange_side(const struct exchange *x, bool response)
{
    for (uint32_t i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        if (m->response == response && m->fragment < 2 && !m->forged && !m->injected) {
            return m;
        }
    }
    return NULL;
}

enum shape
exchange_shape(const struct ike_sa *sa, const struct exchange *x, bool response)
{
    const struct exchange_message *m = exchange_side(x, response);

    return m ? message_shape(sa, m) : SHAPE_UNKNOWN;
}

bool
answer_lacks_child(const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *m = exchange_side(x, true);
    uint32_t least;

    if (sa->major != 2 || x->type != V2_IKE_AUTH || !m || m->readable || !m->encrypted ||
        m->fragment || (m->inner_first != V2P_IDR && m->inner_first != V2P_AUTH)) {
        return false;
    }
    least = sadb_sk_length(sa->chosen, (m->inner_first == V2P_IDR ? LEAST_ID : 0) + LEAST_AUTH +
                                           LEAST_SA + 2 * LEAST_TS);
    return m->length < least;
}
