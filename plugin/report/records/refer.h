/* refer.h - names by which others know a flow, and a section of an RFC.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_REFER_H
#define ESPIAL_REPORT_REFER_H

#include <espial/addr.h>

/* The Community ID (version 1, seed 0) of a flow; ports 0: it has none.  Freed by g_free. */
char *community_id(const struct ip_addr *source, uint16_t source_port,
                   const struct ip_addr *destination, uint16_t destination_port,
                   uint8_t transport);
/* Where "RFC 7296 section 2.23" can be read; NULL where it is no RFC.  Freed by g_free. */
char *reference_url(const char *reference);

#endif
