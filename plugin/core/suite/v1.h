/* v1.h - where IKEv1 numbers go that no row of the registries has.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_V1_H
#define ESPIAL_V1_H

/* V1_UNNAMED keeps numbers of phase 1 and of private ranges apart from the rows of phase 2 (hash
 * 8 is not RIPEMD).  V1_NUMBER is what the peer wrote. */
enum { V1_UNNAMED = 0xc000, V1_NUMBER = 0x3fff, V1_PRIVATE = 0xf000 };

#endif
