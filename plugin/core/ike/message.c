/* message.c - what is asked of a message that was read.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

static const struct { const char *text, *reference; } errors[] = {
    { "nothing is wrong", "" },
#define IKE_ERROR(name, text, reference) { text, reference },
#include <espial/ike_error.def>
#undef IKE_ERROR
};

const char *
ike_error_text(enum ike_error e)
{
    return errors[e].text;
}

const char *
ike_error_reference(enum ike_error e)
{
    return errors[e].reference;
}

bool
ike_payload_known(uint8_t major, uint8_t type)
{
    if (type == 0) {
        return true;
    }
    if (major == 1) {
        return type <= V1P_NAT_OA || (type >= V1P_NAT_D_DRAFT && type <= V1P_FRAGMENT);
    }
    return type >= V2P_SA && type <= V2P_PS;
}

bool
ike_is_response(const struct ike_message *m)
{
    return m->major == 2 && (m->flags & FLAG_RESPONSE);
}

bool
ike_has_error(const struct ike_message *m)
{
    for (size_t i = 0; i < m->num_notifies; i++) {
        if (notify_is_error(m->major, m->notifies[i].type)) {
            return true;
        }
    }
    return false;
}

const struct ike_notify *
ike_find_notify(const struct ike_message *m, uint16_t type)
{
    for (size_t i = 0; i < m->num_notifies; i++) {
        if (m->notifies[i].type == type) {
            return &m->notifies[i];
        }
    }
    return NULL;
}

bool
ike_xauth_failed(const struct ike_message *m)
{
    for (size_t i = 0; i < m->num_cfg; i++) {
        const struct ike_cfg_attr *a = &m->cfg[i];
        if (a->type == CFG_XAUTH_STATUS && m->cfg_type == CP_SET && a->value.len) {
            uint8_t any = 0;
            for (size_t k = 0; k < a->value.len; k++) {
                any |= a->value.at[k];
            }
            return any == 0;
        }
    }
    return false;
}
