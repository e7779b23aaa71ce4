/* names.h - the registries' numbers by name, from the rows of names.def: ENCR_AES_CBC,
 * N2_NO_PROPOSAL_CHOSEN, V2_IKE_AUTH, IP_ESP.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_NAMES_H
#define ESPIAL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum registry_number {
#define ROW(registry, number, name, rfc) registry##_##name = (number),
#define ROW_AS(registry, number, name, text, rfc) registry##_##name = (number),
#include <espial/names.def>
#undef ROW
#undef ROW_AS
};

/* True for the notify types that report errors: RFC 2408 section 3.14.1 (1 to 8191), RFC 7296
 * section 3.10.1 (1 to 16383). */
bool notify_is_error(uint8_t major, uint16_t type);

/* Names as people know them, written into out, which holds size octets; out is returned.  A
 * number without a row is shown as a number. */
char *exchange_name(uint8_t major, uint8_t exchange, char *out, size_t size);   /* "IKE_SA_INIT", "Quick Mode" */
char *notify_name(uint8_t major, uint16_t type, char *out, size_t size);        /* "NO_PROPOSAL_CHOSEN" for both versions */
char *payload_name(uint8_t major, uint8_t type, char *out, size_t size);        /* "SA", "TSi", "NAT-D" */
char *auth_method_name(uint8_t major, uint16_t method, char *out, size_t size); /* "pre-shared key", "RSA signature" */
char *ip_protocol_name(uint8_t protocol, char *out, size_t size);               /* "tcp", "udp", "icmp", else the number */

#endif
