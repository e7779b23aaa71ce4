/* registry.h - the rows of names.def as a table.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REGISTRY_H
#define ESPIAL_REGISTRY_H

#include <espial/names.h>

#include <stddef.h>
#include <stdint.h>

enum registry {
    REG_ENCR, REG_PRF, REG_INTEG, REG_KE, REG_ESN, REG_V1, REG_V2, REG_V1P, REG_V2P, REG_N1, REG_N2,
    REG_AUTH1, REG_AUTH2, REG_IP, REG_MODE, REG_P1, REG_P2, REG_ATTR, REG_LIFE, REG_ID, REG_TS,
    REG_EAP, REG_EAPT, REG_CP, REG_CFG, REG_UNREACH, REG_UNREACH6
};

struct registry_row {
    enum registry registry;
    uint16_t number, rfc;       /* rfc 0: the registry alone, a draft or a vendor */
    const char *name;           /* as it is shown */
};

extern const struct registry_row registry_rows[];
extern const size_t registry_num_rows;

/* The name that is shown; NULL where the registry has no such row. */
const char *registry_name(enum registry registry, unsigned number);

#endif
