/* espial.h - between the files of the adapter.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_EPAN_H
#define ESPIAL_EPAN_H

#include "compat.h"

#include <espial/feed.h>
#include <espial/plan.h>

#include <string.h>

/* What a frame showed, outermost first: for the tap "espial", and in the packet's scope
 * under Espial's protocol and FRAME_RECORDS while it is shown.  NULL for a frame that has
 * findings only. */
enum { FRAME_RECORDS = 1 };
struct frame_records {
    bool visited;               /* by the dissector, in an earlier pass */
    address src, dst;           /* outer; pinfo may have the inner ones by now */
    unsigned num;
    const struct record *at[];
};

/* host.c: gives a frame to the feed, as feed_frame says; records live in the packet's scope and in
 * file scope. */
void host_handoff(void);
struct record *host_read_frame(struct feed *feed, tvbuff_t *tvb, packet_info *pinfo, bool visited,
                               bool detailed, struct record **kept);
/* interface.c: when and where a frame was captured. */
void host_sighting(const packet_info *pinfo, struct feed_frame *out);
const char *host_point_name(void *context);       /* a packet_info */

/* show.c */
void show_register(int proto);
void show_handoff(void);
void show_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *root,
                const struct frame_records *records, bool visited);

/* info_tag.c: appends to the Info column what the IKE messages of the frame say, where it could be
 * read, and the worst of its findings, notes and above. */
void info_append(packet_info *pinfo, const struct record *kept);

/* show_text.c: sentences of the core, a line for each 130 characters, below tree; ett is that of
 * the lines. */
proto_item *show_sentences(tvbuff_t *tvb, proto_tree *tree, int field, int ett,
                           const char *sentences);

/* show_log.c: the lines of daemons' logs whose place is that frame, below tree. */
void show_log_register(void);
void show_log(tvbuff_t *tvb, proto_tree *tree, int field, uint32_t frame);

/* show_point.c: at which capture point that frame is and when, where else its packet was seen, and
 * where it did not arrive. */
struct point_fields {
    int point, name, time, lost, sighting;
};
void show_point_register(void);
void show_point(tvbuff_t *tvb, proto_tree *tree, const struct point_fields *f, uint32_t frame);

/* inner.c: the packet inside ESP, dissected by Wireshark below tree; columns stay those of the
 * outer packet.  Where none are made, pinfo keeps the innermost addresses and ports, for Follow
 * Stream. */
void inner_handoff(void);
void show_inner(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct record *r);

/* prefs.c */
void prefs_register_espial(int proto);
struct plan *prefs_make_plan(void);
struct sadb_options prefs_options(void);
struct logs *prefs_logs(void);          /* NULL where none is given */
struct keylog *prefs_keylog(void);      /* NULL where no key is known */
void prefs_tell(const char *message);    /* what cannot be read of what was given */
const char *prefs_state_file(void);     /* NULL where none is given */
bool prefs_verify(void);
bool prefs_show_inner(void);
bool prefs_info_tag(void);
bool prefs_info_message(void);
const char *prefs_report_title(void);   /* NULL where none is set */
const char *prefs_report_author(void);

/* key_tables.c: Wireshark's own tables of keys. */
void key_tables_read(struct keylog *log);
/* Gives IKE keys to Wireshark, so that its dissector shows what they open; it takes them
 * up when a file is opened. */
void key_tables_feed(const struct keylog *log);

/* For printing. */
static inline uint64_t
ike_spi_number(const uint8_t spi[8])
{
    uint64_t n;

    memcpy(&n, spi, sizeof n);
    return GUINT64_FROM_BE(n);
}

/* stat/: registers Wireshark's own statistics.  The tree comes in the handoff, where sharkd finds
 * it too. */
void stat_tree_handoff(void);
void stat_table_register(void);
void stat_table_found_register(void);
void stat_table_counts_register(void);
void stat_table_points_register(void);
void stat_conversation_register(int proto);
/* Wireshark takes a table's rows from a tap of its own name: those of conversations beside
 * "espial", which get the same records. */
bool stat_conversation_wanted(void);
void stat_conversation_queue(packet_info *pinfo, const struct frame_records *records);
void stat_flow_register(int proto);
void stat_menu_register(int proto);
/* The outer addresses of a record of this frame; their octets live as long as the capture, those of
 * IKE as long as the packet. */
void record_addresses(const struct frame_records *all, const struct record *r, address *src,
                      address *dst);

/* stat/report.c */
void report_register(void);
void report_html_register(void);     /* stat/report_html.c */
void report_state_register(void);    /* stat/state.c */
void report_ndjson_register(void);

#endif
