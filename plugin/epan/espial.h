/* espial.h - between the files of the adapter.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_EPAN_H
#define ESPIAL_EPAN_H

#include "compat.h"

#include <espial/check.h>
#include <espial/keyring.h>

/* All that lives as long as one capture file is open. */
struct capture {
    struct sadb *db;
    struct findings *findings;
    struct plan *plan;
    struct keyring *keys;       /* NULL without a key log */
};
extern struct capture capture;
extern int proto_espial;
extern int tap_espial;

enum record_kind { RECORD_IKE, RECORD_IPSEC, RECORD_PATH };

/* What one layer of a frame was, as known when it was first seen, so that every pass
 * shows the same.  Lives in file scope; a frame may have several. */
struct record {
    enum record_kind kind;
    uint32_t ike_sa, child, stream;     /* ids, NO_ID */
    uint32_t exchange;                  /* index in its IKE SA, NO_ID */
    bool from_initiator, to_responder, answers, spi_r_known;
    uint32_t retransmission_of;
    enum ike_sa_state ike_state;
    enum nat nat;
    enum child_state child_state;
    uint32_t packet, lost, replayed;
    struct ip_addr inner_src, inner_dst;
    struct record *next;
};

/* feed.c: reads the layers of a frame once, in capture order. */
void feed_handoff(dissector_handle_t handle);
void feed_want(bool wanted);
struct record *feed_frame(packet_info *pinfo, proto_tree *tree);

/* show.c */
void show_register(int proto);
void show_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct record *records, bool visited);

/* prefs.c */
void prefs_register_espial(int proto);
struct plan *prefs_make_plan(void);
struct sadb_options prefs_options(void);

struct keylog *prefs_keylog(void);      /* NULL where none is named */

/* keys.c: Wireshark's dissector shows the clear payloads of IKEv1. */
void keys_feed_ikev1(const struct keylog *log);

/* report.c and report_json.c */
void report_register(void);
void report_json(FILE *out, const struct capture *c);
/* All frames have been seen: what only the end proves is added once. */
void capture_end(void);

#endif
