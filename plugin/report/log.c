/* log.c - the daemons' logs beside a capture: as lines of text, as JSON, in the ladder.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "lines.h"
#include "sections.h"

#include <wsutil/json_dumper.h>

enum { LADDER_LINES = 4 };      /* of one row of a ladder */

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
    if (logs_capped(r->logs)) {
        fprintf(out, "limit reached: some lines that name peers alone are tied to nothing\n");
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

/* --- JSON --------------------------------------------------------------------------- */

static void
put_number(json_dumper *j, const char *name, uint32_t n, uint32_t none)
{
    json_dumper_set_member_name(j, name);
    if (n == none) {
        json_dumper_value_anyf(j, "null");
    } else {
        json_dumper_value_anyf(j, "%u", n);
    }
}

static void
put_string(json_dumper *j, const char *name, const char *text)
{
    json_dumper_set_member_name(j, name);
    if (text) {
        json_dumper_value_string(j, text);
    } else {
        json_dumper_value_anyf(j, "null");
    }
}

static void
put_seconds(json_dumper *j, const char *name, double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    json_dumper_set_member_name(j, name);
    seconds = seconds > -0.0005 && seconds < 0.0005 ? 0 : seconds;     /* not "-0.000" */
    json_dumper_value_anyf(j, "%s", g_ascii_formatd(text, sizeof text, "%.3f", seconds));
}

static void
json_line(json_dumper *j, const struct report *r, const struct log_line *line)
{
    const struct ike_sa *sa = line->ike_sa == NO_ID ? NULL : sadb_ike_sa(r->db, line->ike_sa);

    json_dumper_begin_object(j);
    put_string(j, "file", logs_file(r->logs, line->file)->name);
    put_number(j, "line", line->number, 0);
    put_string(j, "text", line->text);
    put_string(j, "side", sa ? logs_side(r->logs, line, sa) : NULL);
    put_number(j, "ike_sa", line->ike_sa, NO_ID);
    put_number(j, "child_sa", line->child_sa, NO_ID);
    put_number(j, "frame", line->frame, 0);
    if (line->at > 0) {
        put_seconds(j, "time", line->at);
    } else {
        put_string(j, "time", NULL);
    }
    json_dumper_end_object(j);
}

static void
json_file(json_dumper *j, const struct log_file *file)
{
    char addr[ADDR_TEXT_MAX];

    json_dumper_begin_object(j);
    put_string(j, "file", file->name);
    put_string(j, "daemon", log_daemon_name(file->daemon));
    put_string(j, "address",
               file->owner.family ? ip_print(&file->owner, addr, sizeof addr) : NULL);
    put_number(j, "lines", file->lines, NO_ID);
    put_number(j, "tied", file->tied, NO_ID);
    put_number(j, "secret", file->secret, NO_ID);
    put_number(j, "unreadable", file->unreadable, NO_ID);
    json_dumper_set_member_name(j, "clocks");
    json_dumper_begin_array(j);
    for (guint i = 0; i < file->clocks->len; i++) {
        const struct log_clock *c = &g_array_index(file->clocks, struct log_clock, i);
        json_dumper_begin_object(j);
        put_seconds(j, "offset", c->offset);
        put_number(j, "matched", c->matched, NO_ID);
        json_dumper_end_object(j);
    }
    json_dumper_end_array(j);
    json_dumper_end_object(j);
}

void
json_logs(struct json_dumper *j, const struct report *r)
{
    const GArray *order = logs_in_order(r->logs);

    json_dumper_set_member_name(j, "logs");
    json_dumper_begin_object(j);
    json_dumper_set_member_name(j, "files");
    json_dumper_begin_array(j);
    for (size_t i = 0; i < logs_num_files(r->logs); i++) {
        json_file(j, logs_file(r->logs, i));
    }
    json_dumper_end_array(j);
    json_dumper_set_member_name(j, "lines");
    json_dumper_begin_array(j);
    for (guint i = 0; i < order->len; i++) {
        json_line(j, r, logs_line(r->logs, g_array_index(order, uint32_t, i)));
    }
    json_dumper_end_array(j);
    json_dumper_end_object(j);
}

void
json_log_lines(struct json_dumper *j, const struct report *r, const struct diagnosis *d)
{
    if (!r->logs || !d->log_lines->len) {
        return;
    }
    json_dumper_set_member_name(j, "log_lines");
    json_dumper_begin_array(j);
    for (guint i = 0; i < d->log_lines->len; i++) {
        json_line(j, r, logs_line(r->logs, g_array_index(d->log_lines, uint32_t, i)));
    }
    json_dumper_end_array(j);
}

/* --- the ladder ---------------------------------------------------------------------- */

/* What tells more than the message: not that it was sent, and with which payloads. */
static bool
is_telling(const struct log_line *line)
{
    return line->phrase && !line->is_message && line->phrase->kind != LOG_STARTED;
}

void
put_row_log(struct page *p, const struct ike_sa *sa, uint32_t first, uint32_t last)
{
    const GArray *there = p->r->logs ? logs_of_frame(p->r->logs, first) : NULL;
    unsigned said = 0, more = 0;
    char where[TEXT_MAX];

    if (first != last) {
        return;                 /* many packets: a line stands at the row of one */
    }
    for (guint i = 0; there && i < there->len; i++) {
        const struct log_line *line = logs_line(p->r->logs, g_array_index(there, uint32_t, i));
        const char *side;
        if (!is_telling(line) || line->ike_sa != sa->id) {
            continue;
        }
        if (said == LADDER_LINES) {
            more++;
            continue;
        }
        side = logs_side(p->r->logs, line, sa);
        g_string_append(p->out, said++ ? "" : "<ul>");
        html_put(p->out, "<li class=\"off\">%s%s%s: ", side ? side : "", side ? ", " : "",
                 log_line_print(p->r->logs, line, where, sizeof where));
        html_text_breaking(p->out, line->text);
        g_string_append(p->out, "</li>");
    }
    if (more) {
        html_put(p->out, "<li class=\"off\">and %u more lines of logs</li>", more);
    }
    g_string_append(p->out, said ? "</ul>" : "");
}
