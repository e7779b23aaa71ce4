/* names.h - the registries' numbers by name, from the rows of names.def: ENCR_AES_CBC,
 * N2_NO_PROPOSAL_CHOSEN, V2_IKE_AUTH, IP_ESP.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_NAMES_H
#define ESPIAL_NAMES_H

enum registry_number {
#define ROW(registry, number, name, rfc) registry##_##name = (number),
#define ROW_AS(registry, number, name, text, rfc) registry##_##name = (number),
#include <espial/names.def>
#undef ROW
#undef ROW_AS
};

#endif
