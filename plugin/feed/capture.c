/* capture.c - a capture's feed from its beginning to what is reported of it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <espial/plan.h>

/* Of a state that cannot be read or written. */
static void
say(const struct feed *f, char *message)
{
    if (message && f->state->tell) {
        f->state->tell(message);
    }
    g_free(message);
}

struct feed *
feed_new(const struct feed_options *o)
{
    struct feed *f = g_new0(struct feed, 1);
    char *message = NULL;

    f->db = sadb_new(o->seed);
    sadb_set_options(f->db, &o->sadb);
    f->findings = findings_new();
    f->plan = o->plan ? o->plan : plan_new();
    f->keys = o->keylog ? keyring_new(o->keylog) : NULL;
    f->logs = o->logs;
    f->tcp = tcp_encap_new();
    f->own_ports = own_ports_new();
    f->verify = o->verify;
    f->state = g_new0(struct feed_state, 1);
    f->state->tell = o->tell;
    f->state->now.name = g_strdup(o->name ? o->name : "");
    f->state->before = o->state_file ? state_in_new(o->state_file, &message) : NULL;
    say(f, message);
    return f;
}

void
feed_free(struct feed *f)
{
    if (f) {
        diagnoses_free(f->diagnoses);
        sadb_free(f->db);
        findings_free(f->findings);
        plan_free(f->plan);
        keyring_free(f->keys);
        logs_free(f->logs);
        tcp_encap_free(f->tcp);
        own_ports_free(f->own_ports);
        series_free(f->series);
        pieces_free(f->state->pieces);
        state_in_free(f->state->before);
        state_out_free(f->state->saved);
        g_free(f->state->save_to);
        g_free(f->state->now.name);
        g_free(f->state);
        g_free(f);
    }
}

/* --- the files of a series ------------------------------------------------------------------- */

/* The first frame tells whether the state is one of files before it.  The sums that are saved are
 * those that are compared with. */
static void
begin_with_state(struct feed *f, const struct feed_frame *first)
{
    struct feed_state *s = f->state;
    char *refused = s->before ? state_in_refuses(s->before, first) : NULL, *message = NULL;

    if (s->before || s->save_to) {
        s->pieces = pieces_new();
    }
    if (s->before && !refused) {
        state_in_adopt(s->before);
    }
    if (s->save_to) {
        s->saved = state_out_new(s->save_to, &message);
        say(f, message);
    }
    if (refused) {
        say(f, g_strdup_printf("the state %s; the capture is read without it.", refused));
    } else if (s->before && !state_in_replay(s->before, f)) {
        say(f, g_strdup("the state has a record that cannot be read: what is behind it is left "
                        "out."));
    }
    g_free(refused);
    state_in_free(s->before);
    s->before = NULL;
}

void
feed_begin_file(struct feed *f, const struct feed_frame *frame)
{
    struct feed_state *s = f->state;
    struct series_file *now = &s->now;

    if (!s->begun) {
        s->begun = true;
        begin_with_state(f, frame);
        now->first_time = now->last_time = s->last_time = frame->time;
    }
    now->num_frames = frame->number;
    now->first_time = MIN(now->first_time, frame->time);
    now->last_time = MAX(now->last_time, frame->time);
    now->pause = MAX(now->pause, frame->time - s->last_time);
    s->last_time = frame->time;
}

void
feed_save_to(struct feed *f, const char *path)
{
    g_free(f->state->save_to);
    f->state->save_to = g_strdup(path);
}

bool
feed_save(struct feed *f)
{
    struct feed_state *s = f->state;
    char *message = NULL;
    bool written;

    if (!s->saved) {
        if (!s->begun) {
            say(f, g_strdup("no state is written: the capture has no frame."));
        }
        return false;
    }
    state_out_pieces(s->saved, pieces_all(s->pieces));
    feed_see_file(f, &s->now);
    written = state_out_finish(s->saved, &message);
    say(f, message);
    state_out_free(s->saved);
    s->saved = NULL;
    return written;
}

/* --- the end --------------------------------------------------------------------------------- */

void
feed_end(struct feed *f)
{
    if (f->ended) {
        return;
    }
    f->ended = true;
    if (f->series) {
        feed_add_file(f, &f->state->now);
    }
    if (f->keys) {
        struct key_use use = keyring_use(f->keys);
        sadb_see_keys(f->db, &use);
    }
    sadb_see_end(f->db);
    if (f->logs) {
        logs_tie(f->logs, f->db);
    }
    checks_end_logged(f->findings, f->db, f->plan, f->logs);
    f->diagnoses = diagnoses_new_logged(f->db, f->findings, f->logs);
}

void
feed_report(struct feed *f, struct report *out)
{
    feed_end(f);
    *out = (struct report){ .db = f->db,
                            .findings = f->findings,
                            .diagnoses = f->diagnoses,
                            .logs = f->logs,
                            .series = f->series,
                            .cut_frames = f->cut_frames,
                            .keys_full = f->keys ? keyring_full(f->keys) : NULL,
                            .tcp_full = tcp_encap_capped(f->tcp),
                            .ports_full = own_ports_capped(f->own_ports),
                            .deep = f->deep };
}
