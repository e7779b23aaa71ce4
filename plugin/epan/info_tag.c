/* info_tag.c - what the packet list says of a finding.  SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "espial.h"

#include <string.h>

/* Of a finding's first sentence, which has both values that contradict: as much as the packet list
 * has room for, to the end of a word. */
static const char *
tag_of(wmem_allocator_t *pool, const char *detail)
{
    enum { TAG_MAX = 110 };
    const char *end = strstr(detail, ". ");
    size_t len = end ? (size_t)(end - detail) : strlen(detail);
    bool cut = len > TAG_MAX;

    if (cut) {
        for (len = TAG_MAX; len && detail[len] != ' '; len--) {
        }
    }
    while (len && (detail[len - 1] == '.' || detail[len - 1] == ',')) {
        len--;
    }
    return wmem_strdup_printf(pool, "%.*s%s", (int)len, detail, cut ? " .." : "");
}

void
info_tag_append(packet_info *pinfo, const struct findings *all, const GArray *ids)
{
    const struct finding *worst = NULL;

    for (guint i = 0; i < ids->len; i++) {
        const struct finding *f = findings_get(all, g_array_index(ids, uint32_t, i));
        if (!worst || checks[f->check].severity > checks[worst->check].severity) {
            worst = f;
        }
    }
    if (worst && checks[worst->check].severity >= SEV_NOTE) {
        col_append_fstr(pinfo->cinfo, COL_INFO, " [%s]",
                        tag_of(pinfo->pool, finding_detail_at(worst, pinfo->num)));
    }
}

void
info_message_append(packet_info *pinfo, const struct record *kept)
{
    for (const struct record *r = kept; r; r = r->next) {
        const char *content = r->message ? strstr(r->message, ": ") : NULL;
        if (content && !g_str_has_prefix(content, ": encrypted") &&
            !g_str_has_prefix(content, ": fragment")) {
            col_append_str(pinfo->cinfo, COL_INFO, content);
        }
    }
}
