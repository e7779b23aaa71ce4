/* capture.c - owns what is known of the open capture file, from its opening to its closing.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"

#include "espial.h"

#include <epan/epan.h>

static struct capture open_file;        /* db is NULL where none is open */

void
capture_forget(void)
{
    diagnoses_free(open_file.diagnoses);
    sadb_free(open_file.db);
    findings_free(open_file.findings);
    plan_free(open_file.plan);
    keyring_free(open_file.keys);
    logs_free(open_file.logs);
    tcp_encap_free(open_file.tcp);
    own_ports_free(open_file.own_ports);
    memset(&open_file, 0, sizeof open_file);
}

void
capture_begin(void)
{
    struct sadb_options options = prefs_options();
    struct keylog *log = prefs_keylog();

    capture_forget();
    open_file.db = sadb_new(g_random_int());
    sadb_set_options(open_file.db, &options);
    open_file.findings = findings_new();
    open_file.plan = prefs_make_plan();
    open_file.keys = log ? keyring_new(log) : NULL;
    open_file.logs = prefs_logs();
    open_file.tcp = tcp_encap_new();
    open_file.own_ports = own_ports_new();
    open_file.verify = prefs_verify();
}

void
capture_end(void)
{
    if (open_file.db && !open_file.ended) {
        open_file.ended = true;
        if (open_file.keys) {
            struct key_use use = keyring_use(open_file.keys);
            sadb_see_keys(open_file.db, &use);
        }
        sadb_see_end(open_file.db);
        if (open_file.logs) {
            logs_tie(open_file.logs, open_file.db);
        }
        checks_end_logged(open_file.findings, open_file.db, open_file.plan, open_file.logs);
        open_file.diagnoses = diagnoses_new_logged(open_file.db, open_file.findings,
                                                   open_file.logs);
    }
}

struct capture *
capture_to_feed(void)
{
    return open_file.db ? &open_file : NULL;
}

const struct sadb *
capture_db(void)
{
    return open_file.db;
}

const struct findings *
capture_findings(void)
{
    return open_file.findings;
}

const struct diagnoses *
capture_diagnoses(void)
{
    return open_file.diagnoses;
}

const struct logs *
capture_logs(void)
{
    return open_file.ended ? open_file.logs : NULL;
}

bool
capture_report(struct report *out)
{
    if (!open_file.db) {
        return false;
    }
    capture_end();
    *out = (struct report){ .db = open_file.db,
                            .findings = open_file.findings,
                            .diagnoses = open_file.diagnoses,
                            .logs = open_file.logs,
                            .version = PLUGIN_VERSION_STR,
                            .cut_frames = open_file.cut_frames,
                            .wireshark = epan_get_version(),
                            .keys_full = open_file.keys ? keyring_full(open_file.keys) : NULL,
                            .tcp_full = tcp_encap_capped(open_file.tcp),
                            .ports_full = own_ports_capped(open_file.own_ports),
                            .deep = open_file.deep };
    return true;
}
