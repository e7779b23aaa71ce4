/* info_tag.c - what the packet list says of a message and of a finding.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/text.h>

#include <string.h>

enum { TAG_MAX = 140 }; /* octets; the packet list has one line */

static bool
is_cause(const struct finding *f, uint32_t frame)
{
    const struct diagnoses *all = capture_diagnoses();
    const GArray *ids = all ? diagnoses_of_frame(all, frame) : NULL;

    for (guint i = 0; ids && i < ids->len; i++) {
        if (diagnoses_get(all, g_array_index(ids, uint32_t, i))->cause == f->check) {
            return true;
        }
    }
    return false;
}

/* The worst of the frame; of those the cause, where that is known. */
static const struct finding *
worst_of(uint32_t frame, const GArray *ids)
{
    const struct finding *worst = NULL;

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct finding *f =
            findings_get(capture_findings(), g_array_index(ids, uint32_t, i));
        if (!worst || f->severity > worst->severity ||
            (f->severity == worst->severity && !is_cause(worst, frame) && is_cause(f, frame))) {
            worst = f;
        }
    }
    return worst;
}

static void
append_messages(packet_info *pinfo, const struct record *kept)
{
    for (const struct record *r = kept; r; r = r->next) {
        const char *content = r->message ? strstr(r->message, ": ") : NULL;
        if (content && !g_str_has_prefix(content, ": encrypted") &&
            !g_str_has_prefix(content, ": fragment")) {
            col_append_str(pinfo->cinfo, COL_INFO, content);
        }
    }
}

static void
put_tag(packet_info *pinfo, const struct finding *f, bool first)
{
    char *copy,
        *head = text_head(capture_text(finding_detail_at(f, capture_frame(pinfo)), &copy), TAG_MAX);

    if (first) {
        col_prepend_fstr(pinfo->cinfo, COL_INFO, "[%s] ", head);
    } else {
        col_append_fstr(pinfo->cinfo, COL_INFO, " [%s]", head);
    }
    g_free(head);
    g_free(copy);
}

/* What fails comes first, as of TCP: the end of the column is out of sight. */
void
info_append(packet_info *pinfo, const struct record *kept)
{
    uint32_t frame = capture_frame(pinfo);
    const struct finding *worst =
        prefs_info_tag() ? worst_of(frame, findings_of_frame(capture_findings(), frame)) : NULL;
    bool tagged = worst && worst->severity >= SEV_NOTE;
    bool first = tagged && worst->severity >= SEV_WARN &&
                 check_rule(worst->check)->area != AREA_HYGIENE;

    if (prefs_info_message()) {
        append_messages(pinfo, kept);
    }
    if (tagged) {
        put_tag(pinfo, worst, first);
    }
}
