/* names.c - names of exchanges, payloads, notifies and methods.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <espial/suite.h>

#include <glib.h>

enum { V2_FIRST_EXCHANGE = 34, V2_FIRST_PAYLOAD = 33, V1_PRIVATE_PAYLOAD = 128 };

const struct registry_row registry_rows[] = {
#define ROW(registry, number, name, rfc) { REG_##registry, number, rfc, name },
#include "names.def"
#undef ROW
};

const size_t registry_num_rows = G_N_ELEMENTS(registry_rows);

/* Names are looked up for what is shown, not for every packet: a walk over some
 * hundred rows is enough. */
const char *
registry_name(enum registry registry, unsigned number)
{
    for (size_t i = 0; i < registry_num_rows; i++) {
        if (registry_rows[i].registry == registry && registry_rows[i].number == number) {
            return registry_rows[i].name;
        }
    }
    return NULL;
}

static char *
print_name(const char *name, const char *unknown, unsigned number, char *out, size_t size)
{
    if (name) {
        g_strlcpy(out, name, size);
    } else {
        g_snprintf(out, (gulong)size, "%s%u", unknown, number);
    }
    return out;
}

char *
exchange_name(uint8_t major, uint8_t exchange, char *out, size_t size)
{
    /* The numbers of the two versions do not meet. */
    bool fits = major == 1 ? exchange < V2_FIRST_EXCHANGE : exchange >= V2_FIRST_EXCHANGE;

    return print_name(fits ? registry_name(REG_EXCHANGE, exchange) : NULL, "exchange ", exchange, out, size);
}

char *
notify_name(uint8_t major, uint16_t type, char *out, size_t size)
{
    return print_name(registry_name(major == 1 ? REG_NOTIFY1 : REG_NOTIFY2, type), "notify ", type, out, size);
}

char *
payload_name(uint8_t major, uint8_t type, char *out, size_t size)
{
    /* One numbering: IKEv2 begins where IKEv1 ends, and 0 ends the chain in both. */
    bool v1 = type < V2_FIRST_PAYLOAD || type >= V1_PRIVATE_PAYLOAD;
    bool fits = type == 0 || v1 == (major == 1);

    return print_name(fits ? registry_name(REG_PAYLOAD, type) : NULL, "payload ", type, out, size);
}

char *
auth_method_name(uint8_t major, uint16_t method, char *out, size_t size)
{
    return print_name(registry_name(major == 1 ? REG_AUTH1 : REG_AUTH2, method), "authentication method ", method, out,
                      size);
}

char *
ip_protocol_name(uint8_t protocol, char *out, size_t size)
{
    return print_name(registry_name(REG_IPPROTO, protocol), "", protocol, out, size);
}
