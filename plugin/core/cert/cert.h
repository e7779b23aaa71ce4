/* cert.h - what the files of this room share.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CERT_H
#define ESPIAL_CERT_H

#include "x509.h"

/* What a stranger wrote, so that it can stand in a sentence; cut where it is too long. */
void cert_put_text(char out[CERT_TEXT_MAX], const char *text, size_t len);
void cert_sum(struct authority_sum *out, const void *octets, size_t len);

#endif
