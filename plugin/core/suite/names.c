/* names.c - names of exchanges, payloads, notifies and methods.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry.h"

#include <espial/protocol.h>
#include <espial/suite.h>

#include <glib.h>

enum { V1_LAST_ERROR = 8191, V2_LAST_ERROR = 16383 };

/* What both versions call alike has one number, so that either name serves for both. */
G_STATIC_ASSERT((int)N1_NO_PROPOSAL_CHOSEN == (int)N2_NO_PROPOSAL_CHOSEN);
G_STATIC_ASSERT((int)N1_AUTHENTICATION_FAILED == (int)N2_AUTHENTICATION_FAILED);
G_STATIC_ASSERT((int)N1_INVALID_SPI == (int)N2_INVALID_SPI);

const struct registry_row registry_rows[] = {
#define ROW(registry, number, name, rfc) { REG_##registry, number, rfc, #name },
#define ROW_AS(registry, number, name, text, rfc) { REG_##registry, number, rfc, text },
#include <espial/names.def>
#undef ROW
#undef ROW_AS
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

bool
notify_is_error(uint8_t major, uint16_t type)
{
    return type > 0 && type <= (major == 1 ? V1_LAST_ERROR : V2_LAST_ERROR);
}

char *
exchange_name(uint8_t major, uint8_t exchange, char *out, size_t size)
{
    const char *name = registry_name(major == 1 ? REG_V1 : REG_V2, exchange);

    return print_name(name, "exchange ", exchange, out, size);
}

char *
notify_name(uint8_t major, uint16_t type, char *out, size_t size)
{
    const char *name = registry_name(major == 1 ? REG_N1 : REG_N2, type);

    return print_name(name, "notify ", type, out, size);
}

char *
payload_name(uint8_t major, uint8_t type, char *out, size_t size)
{
    const char *name = registry_name(major == 1 ? REG_V1P : REG_V2P, type);

    return print_name(name, "payload ", type, out, size);
}

char *
eap_type_name(uint8_t type, char *out, size_t size)
{
    return print_name(registry_name(REG_EAPT, type), "EAP type ", type, out, size);
}

char *
auth_method_name(uint8_t major, uint16_t method, char *out, size_t size)
{
    const char *name = registry_name(major == 1 ? REG_AUTH1 : REG_AUTH2, method);

    return print_name(name, "authentication method ", method, out, size);
}

char *
encap_mode_name(uint16_t mode, char *out, size_t size)
{
    return print_name(registry_name(REG_MODE, mode), "encapsulation mode ", mode, out, size);
}

char *
ip_protocol_name(uint8_t protocol, char *out, size_t size)
{
    return print_name(registry_name(REG_IP, protocol), "", protocol, out, size);
}

char *
icmp_print(bool v6, uint8_t type, uint8_t code, char *out, size_t size)
{
    const char *name = NULL;

    if (type == (v6 ? ICMPV6_UNREACHABLE : ICMP_UNREACHABLE)) {
        name = registry_name(v6 ? REG_UNREACH6 : REG_UNREACH, code);
    } else if (type == (v6 ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED)) {
        name = code ? "reassembly time exceeded" : "time to live exceeded";
    }
    if (name) {
        g_strlcpy(out, name, size);
    } else {
        g_snprintf(out, (gulong)size, "type %u, code %u", type, code);
    }
    return out;
}
