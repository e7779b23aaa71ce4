/* log.c - the daemons' logs beside a capture, as lines of text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

static void
print_clocks(FILE *out, const struct log_file *file)
{
    char text[TEXT_MAX];

    for (guint i = 0; i < file->clocks->len; i++) {
        const struct log_clock *c = &g_array_index(file->clocks, struct log_clock, i);
        fprintf(out, "  clock%s: %s (%u lines of messages say so)\n", i ? " then" : "",
                log_clock_print(c->offset, text, sizeof text), c->matched);
    }
}

static void
print_file(FILE *out, const struct log_file *file)
{
    char text[ADDR_TEXT_MAX];

    fprintf(out, "%s: %s", file->name, log_daemon_name(file->daemon));
    if (file->owner.family) {
        fprintf(out, " at %s", ip_print(&file->owner, text, sizeof text));
    }
    fprintf(out, ", %u of %u lines are about an SA, %u are tied to the capture\n", file->kept,
            file->lines, file->tied);
    print_clocks(out, file);
    if (file->secret) {
        fprintf(out, "  %u lines may hold a secret and are left out\n", file->secret);
    }
    if (file->unreadable) {
        fprintf(out, "  %u lines cannot be read, from line %u on\n", file->unreadable,
                file->first_unreadable);
    }
    if (file->capped) {
        fprintf(out, "  limit reached: only the first %d lines of all logs are kept\n",
                LOG_MAX_LINES);
    }
    if (!file->clocks->len && !file->tied) {
        fprintf(out, "  nothing of it fits the capture%s%s\n", file->doubt ? ": " : "",
                file->doubt ? file->doubt : "");
    }
}

/* The message of a frame, before the lines about it. */
static void
print_message(FILE *out, const struct report *r, const struct log_line *line)
{
    const struct ike_sa *sa = line->ike_sa == NO_ID ? NULL : sadb_ike_sa(r->db, line->ike_sa);
    char name[64];

    for (guint i = 0; sa && i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (guint k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            if (m->frame == line->frame) {
                fprintf(out, "frame %u, IKE SA %u, %s: %s\n", m->frame, sa->id,
                        m->from_initiator ? "initiator" : "responder",
                        m->text ? m->text :
                                  exchange_name(sa->major, x->type, name, sizeof name));
                return;
            }
        }
    }
    fprintf(out, "frame %u\n", line->frame);
}

static void
print_line(FILE *out, const struct report *r, const struct log_line *line)
{
    char where[TEXT_MAX];
    const struct ike_sa *sa = line->ike_sa == NO_ID ? NULL : sadb_ike_sa(r->db, line->ike_sa);
    const char *side = sa ? logs_side(r->logs, line, sa) : NULL;

    fprintf(out, "  %s%s%s%s  %s\n", side ? side : "", side ? ", " : "",
            log_line_print(r->logs, line, where, sizeof where),
            line->tie == LOG_BY_PEER ? " (by peer and time)" : "", line->text);
}

void
report_log(FILE *out, const struct report *r)
{
    const GArray *order = r->logs ? logs_in_order(r->logs) : NULL;
    uint32_t frame = 0;

    fprintf(out, "\nEspial logs\n");
    if (!r->logs) {
        fprintf(out, "no log is given (espial.log_file)\n");
        return;
    }
    for (size_t i = 0; i < logs_num_files(r->logs); i++) {
        print_file(out, logs_file(r->logs, i));
    }
    for (guint i = 0; i < order->len; i++) {
        const struct log_line *line = logs_line(r->logs, g_array_index(order, uint32_t, i));
        if (line->frame != frame) {
            frame = line->frame;
            print_message(out, r, line);
        }
        print_line(out, r, line);
    }
}
