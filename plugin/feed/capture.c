/* capture.c - a capture's feed from its beginning to what is reported of it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

struct feed *
feed_new(const struct feed_options *o)
{
    struct feed *f = g_new0(struct feed, 1);

    f->db = sadb_new(o->seed);
    sadb_set_options(f->db, &o->sadb);
    f->findings = findings_new();
    f->plan = o->plan;
    f->keys = o->keylog ? keyring_new(o->keylog) : NULL;
    f->logs = o->logs;
    f->tcp = tcp_encap_new();
    f->own_ports = own_ports_new();
    f->verify = o->verify;
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
        g_free(f);
    }
}

void
feed_end(struct feed *f)
{
    if (f->ended) {
        return;
    }
    f->ended = true;
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
                            .cut_frames = f->cut_frames,
                            .keys_full = f->keys ? keyring_full(f->keys) : NULL,
                            .tcp_full = tcp_encap_capped(f->tcp),
                            .ports_full = own_ports_capped(f->own_ports),
                            .deep = f->deep };
}
