/* prefs.c - the preferences: keys, plan, limits, what is shown.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <espial/feed.h>

struct plan_row {
    char *peer, *ike, *esp, *virtual_ip, *networks;
};

static const char *plan_file = "";
static unsigned replay_window = FEED_WINDOW;
static const char *keylog_file = "", *log_file = "", *state_file = "";
static ws_bool feed_tables = 1, verify_icv = 1, inner_shown = 1, info_tag = 1, info_message = 1;
static const char *report_title = "", *report_author = "";
static const char *delete_grace = "0.5";    /* seconds; Wireshark has no preference for fractions */
static struct plan_row *rows;
static unsigned num_rows;
static uat_t *plan_uat;

UAT_CSTRING_CB_DEF(rows, peer, struct plan_row)
UAT_CSTRING_CB_DEF(rows, ike, struct plan_row)
UAT_CSTRING_CB_DEF(rows, esp, struct plan_row)
UAT_CSTRING_CB_DEF(rows, virtual_ip, struct plan_row)
UAT_CSTRING_CB_DEF(rows, networks, struct plan_row)

static void *
copy_row(void *to, const void *from, size_t size _U_)
{
    struct plan_row *n = (struct plan_row *)to;
    const struct plan_row *o = (const struct plan_row *)from;

    n->peer = g_strdup(o->peer);
    n->ike = g_strdup(o->ike);
    n->esp = g_strdup(o->esp);
    n->virtual_ip = g_strdup(o->virtual_ip);
    n->networks = g_strdup(o->networks);
    return to;
}

static ws_bool
check_row(void *r, char **error)
{
    const struct plan_row *row = (const struct plan_row *)r;
    struct plan *trial = plan_new();
    bool ok = plan_add(trial, row->peer, row->ike, row->esp, row->virtual_ip, row->networks, error);

    plan_free(trial);
    return ok;
}

static void
free_row(void *r)
{
    struct plan_row *row = (struct plan_row *)r;

    g_free(row->peer);
    g_free(row->ike);
    g_free(row->esp);
    g_free(row->virtual_ip);
    g_free(row->networks);
}

void
prefs_tell(const char *message)
{
    report_failure("Espial: %s", message);
}

struct keylog *
prefs_keylog(void)
{
    struct keylog *log = feed_keylog(keylog_file, prefs_tell);

    key_tables_read(log);
    if (keylog_count(log)) {
        return log;
    }
    keylog_free(log);
    return NULL;
}

struct logs *
prefs_logs(void)
{
    char **paths = feed_log_paths(log_file ? log_file : "");
    struct logs *logs = feed_logs(paths, prefs_tell);

    g_strfreev(paths);
    return logs;
}

const char *
prefs_state_file(void)
{
    return state_file && *state_file ? state_file : NULL;
}

bool
prefs_verify(void)
{
    return verify_icv;
}

bool
prefs_show_inner(void)
{
    return inner_shown;
}

bool
prefs_info_tag(void)
{
    return info_tag;
}

bool
prefs_info_message(void)
{
    return info_message;
}

const char *
prefs_report_title(void)
{
    return report_title && *report_title ? report_title : NULL;
}

const char *
prefs_report_author(void)
{
    return report_author && *report_author ? report_author : NULL;
}

/* A path from here is another one from the folder where Wireshark is started next, and OK in the
 * preferences stores it. */
static void
make_absolute(const char *name, const char *path)
{
    char *whole, *setting, *error = NULL;

    if (!path || !*path || g_path_is_absolute(path)) {
        return;
    }
    whole = g_canonicalize_filename(path, NULL);
    setting = g_strdup_printf("%s:%s", name, whole);
    prefs_set_pref(setting, &error);
    g_free(error);
    g_free(setting);
    g_free(whole);
}

static void
make_logs_absolute(void)
{
    char **paths, *all, *setting, *error = NULL;

    if (!log_file || !*log_file) {
        return;
    }
    paths = feed_log_paths(log_file);
    for (char **path = paths; *path; path++) {
        char *whole = **path ? g_canonicalize_filename(*path, NULL) : g_strdup("");
        g_free(*path);
        *path = whole;
    }
    all = g_strjoinv(G_SEARCHPATH_SEPARATOR_S, paths);
    if (strcmp(all, log_file) != 0) {
        setting = g_strdup_printf("espial.log_file:%s", all);
        prefs_set_pref(setting, &error);
        g_free(error);
        g_free(setting);
    }
    g_free(all);
    g_strfreev(paths);
}

/* Wireshark takes IKE keys up when a file is opened, so they must be in its table before. */
static void
apply(void)
{
    struct keylog *log = NULL;
    char *messages = NULL;

    make_absolute("espial.keylog_file", keylog_file);
    make_absolute("espial.plan_file", plan_file);
    make_logs_absolute();
    if (feed_tables && keylog_file && *keylog_file) {
        log = keylog_new();
        keylog_load(log, keylog_file, &messages);       /* prefs_keylog reports faults, once */
        key_tables_feed(log);
    }
    g_free(messages);
    keylog_free(log);
}

void
prefs_register_espial(int proto)
{
    static uat_field_t fields[] = {
        UAT_FLD_CSTRING(rows, peer, "Peer", "Identity or address"),
        UAT_FLD_CSTRING(
            rows, ike, "IKE suite",
            "e.g. AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048; empty: any"),
        UAT_FLD_CSTRING(rows, esp, "ESP suite", "e.g. AES_GCM_16_256; empty: any"),
        UAT_FLD_CSTRING(rows, virtual_ip, "Virtual address",
                        "The address bound to this peer; empty: none"),
        UAT_FLD_CSTRING(rows, networks, "Networks",
                        "What it may reach, separated by ';'; empty: any"),
        UAT_END_FIELDS
    };
    module_t *module = prefs_register_protocol(proto, apply);

    prefs_register_filename_preference(
        module, "keylog_file", "Key log file",
        "Keys as daemons and kernels write them, in mixed formats, plain or gzipped: Wireshark's "
        "own tables, the logs of strongSwan and libreswan, \"ip xfrm state\", \"setkey -D\", "
        "FortiGate, VPP; or a folder with Wireshark's tables",
        &keylog_file, FALSE);

    prefs_register_bool_preference(
        module, "feed_tables", "Give the IKE keys of the key log to Wireshark",
        "Add the IKE keys of the key log to Wireshark's own tables, so that its ISAKMP details are "
        "decrypted. Espial does not need this; turn it off to disable Wireshark's own decryption, "
        "which forged IKEv1 messages can crash. Keys that were added remain until the program ends",
        &feed_tables);
    prefs_register_filename_preference(
        module, "log_file", "Daemons' logs",
        "Logs of the IKE daemons at one end or both, gzipped or not: charon, pluto, iked, racoon, "
        "Firebox, SafeNet, by themselves, of syslog or of the journal. Several are separated by "
        "\"" G_SEARCHPATH_SEPARATOR_S "\"",
        &log_file, FALSE);
    prefs_register_filename_preference(
        module, "state_file", "State of the files before",
        "What was known at the end of the file before this one of a ring buffer or of another "
        "series, as \"espial --save-state\" writes it: SAs that were set up there are known here",
        &state_file, FALSE);
    prefs_register_filename_preference(
        module, "plan_file", "Plan file",
        "The planning sheet: a group [peer IDENTITY] for each peer, with the keys ike, esp, "
        "virtual_ip, networks, auth, id, other, mode, pfs, ike_lifetime and lifetime",
        &plan_file, FALSE);
    prefs_register_uint_preference(
        module, "replay_window", "Anti-replay window",
        "Size of the receiver's window in packets, 32 to 1024; older packets are reported as out "
        "of the window",
        10, &replay_window);
    prefs_register_string_preference(module, "delete_grace", "Grace after a Delete (seconds)",
                                     "Seconds in which packets of a deleted SA may still arrive",
                                     &delete_grace);
    prefs_register_bool_preference(
        module, "verify_icv", "Verify the integrity of every ESP packet",
        "Check the integrity of every ESP packet whose keys are known; otherwise only as many "
        "packets are decrypted as the checks need",
        &verify_icv);
    prefs_register_bool_preference(
        module, "show_inner", "Show the packets inside ESP",
        "Show packets that Espial's keys decrypt and Wireshark's ESP dissector has not shown, "
        "below Espial's item",
        &inner_shown);
    prefs_register_bool_preference(
        module, "info_tag", "Name the worst finding in the Info column",
        "Show the worst finding of a packet as a short tag after Wireshark's own text, except for "
        "mere state changes",
        &info_tag);
    prefs_register_bool_preference(
        module, "info_message", "Show the content of IKE messages in the Info column",
        "Show the payloads of an IKE message with their values after Wireshark's own text, where "
        "they could be read",
        &info_message);
    prefs_register_string_preference(module, "report_title", "Title of the HTML report",
                                     "Title of the HTML report; empty: the name of the "
                                     "capture",
                                     &report_title);
    prefs_register_string_preference(module, "report_author", "Author of the HTML report",
                                     "Author named in the HTML report; empty: none",
                                     &report_author);
    plan_uat = uat_new("Espial plan", sizeof(struct plan_row), "espial_plan", TRUE, (void **)&rows,
                       &num_rows, UAT_AFFECTS_DISSECTION, NULL, copy_row, check_row, free_row, NULL,
                       NULL, fields);
    prefs_register_uat_preference(module, "plan", "Plan",
                                  "The planning sheet: what each peer should negotiate", plan_uat);
}

struct plan *
prefs_make_plan(void)
{
    struct plan *plan = plan_new();

    for (unsigned i = 0; i < num_rows; i++) {
        char *error = NULL;
        plan_add(plan, rows[i].peer, rows[i].ike, rows[i].esp, rows[i].virtual_ip, rows[i].networks,
                 &error);
        g_free(error);          /* check_row reported it when the row was entered */
    }
    feed_plan(plan, plan_file, prefs_tell);
    return plan;
}

struct sadb_options
prefs_options(void)
{
    return (struct sadb_options){ replay_window, feed_grace(delete_grace, prefs_tell) };
}
