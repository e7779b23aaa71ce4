/* fuzz_log.c - any octets as a daemon's log, all formats.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <espial/log.h>
#include <string.h>

/* What was kept can be printed, and its ids are those of the capture, which has no SA. */
static void
look_at(const struct logs *l)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < logs_num_lines(l); i++) {
        const struct log_line *line = logs_line(l, i);
        if (line->id != i || line->file >= logs_num_files(l) || !line->number ||
            strlen(line->text) > LOG_MAX_TEXT || !g_utf8_validate(line->text, -1, NULL)) {
            g_error("a line was kept that is none");
        }
        for (const char *p = line->text; *p; p++) {
            if ((unsigned char)*p < ' ') {
                g_error("a control character was kept");
            }
        }
        if (line->tie != LOG_LOOSE || line->ike_sa != NO_ID || line->frame) {
            g_error("a line is tied to nothing");
        }
        log_line_print(l, line, text, sizeof text);
    }
    for (size_t i = 0; i < logs_num_files(l); i++) {
        const struct log_file *file = logs_file(l, i);
        if (file->kept > file->lines || file->tied) {
            g_error("more lines were kept than read");
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct logs *l = logs_new();
    struct sadb *db = sadb_new(1);
    char *messages;

    sadb_see_frame(db, 1, 1795430660);
    sadb_see_end(db);
    logs_read(l, "fuzz", (const char *)data, size, &messages);
    g_free(messages);
    logs_tie(l, db);
    look_at(l);
    sadb_free(db);
    logs_free(l);
    return 0;
}
