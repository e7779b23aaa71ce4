/* names.h - the rows of names.def.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_NAMES_H
#define ESPIAL_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum registry { REG_ENCR, REG_PRF, REG_INTEG, REG_KE, REG_ESN, REG_EXCHANGE, REG_NOTIFY1, REG_NOTIFY2,
                REG_PAYLOAD, REG_AUTH1, REG_AUTH2, REG_IPPROTO };

struct registry_row {
    enum registry registry;
    uint16_t number, rfc;       /* rfc 0: the registry alone, a draft or a vendor */
    const char *name;
};

extern const struct registry_row registry_rows[];
extern const size_t registry_num_rows;

const char *registry_name(enum registry registry, unsigned number);    /* NULL where there is none */

#endif
