/* info_tag.c - what the packet list says of a finding.  SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "espial.h"

#include <string.h>

static const char *const upper[] = { "ah", "dh", "esp", "icmp", "icv", "id", "ike",
                                     "ip", "iv", "ke", "mtu", "nat", "pfs", "prf",
                                     "psk", "sa", "spi", "ts", "udp" };

static bool
is_upper(const char *word, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(upper); i++) {
        if (strlen(upper[i]) == len && memcmp(upper[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* "virtual_ip_violation" becomes "Virtual IP violation". */
static const char *
tag_of(wmem_allocator_t *pool, const char *name)
{
    char *out = wmem_strdup(pool, name);
    bool first = true;

    for (char *word = out; *word; first = false) {
        size_t len = strcspn(word, "_"), raised = is_upper(word, len) ? len : first;
        for (size_t i = 0; i < raised; i++) {
            word[i] = g_ascii_toupper(word[i]);
        }
        word += len;
        if (*word) {
            *word++ = ' ';
        }
    }
    return out;
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
                        tag_of(pinfo->pool, checks[worst->check].name));
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
