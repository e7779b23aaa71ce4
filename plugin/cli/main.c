/* main.c - the program espial: reads captures without dissection, and says what the plugin says.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "compat.h"
#include "format.h"
#include "inputs.h"
#include "names.h"
#include "print.h"
#include "reader.h"
#include "say.h"
#include "series.h"
#include "terminal.h"
#include "ways/dissect.h"
#include "ways/many.h"
#include "window.h"

#include <espial/text.h>
#include <locale.h>
#include <stdio.h>

enum status { STATUS_GOOD, STATUS_FINDINGS, STATUS_PROBLEM };

static enum status status;

/* What could not be read outranks what was found. */
static void
raise_to(enum status to)
{
    status = MAX(status, to);
}

static const char *
next_step(const struct options *o, unsigned i)
{
    return i + 1 < o->num_captures && !o->points ? "going on with the next file" :
                                                   "nothing to report for it";
}

static void
problem(const char *path, const char *what, const char *next)
{
    char *name = name_full(path);

    say(next ? "%s: %s; %s" : "%s: %s", name, what, next);
    g_free(name);
    raise_to(STATUS_PROBLEM);
}

/* In one line, whatever is in the names that it tells of. */
static void
refuse(char *wrong)
{
    char *shown = text_shown(wrong);

    say("%s", shown);
    g_free(shown);
    g_free(wrong);
}

static bool
has_findings(const struct findings *all)
{
    for (size_t i = 0; i < findings_count(all); i++) {
        if (findings_get(all, i)->severity >= SEV_WARN) {
            return true;
        }
    }
    return false;
}

static void
report(const struct options *o, const char *path, struct reader *reader, struct feed *feed,
       const struct traffic *traffic, const char *fault)
{
    struct report r;
    char *why;

    feed_report(feed, &r);
    r.version = PLUGIN_VERSION_STR;
    r.wireshark = COMPAT_VERSION;
    r.fragments_full = reader_capped(reader);
    if (o->bulk.worker) {
        many_report(path, &r, fault);
        why = NULL;
    } else {
        print_report(o, path, &r, traffic, fault, &why);
    }
    if (why) {
        problem(o->html, "cannot be written (--html)", NULL);
    } else if (has_findings(feed->findings)) {
        raise_to(STATUS_FINDINGS);
    }
    g_free(why);
}

static void
nothing_of(const struct options *o, const char *path, const char *why)
{
    if (o->bulk.worker) {
        many_nothing(why);
    } else {
        print_nothing(o, path, why);
    }
}

/* The i-th capture, or all of them as points. */
static void
read_capture(const struct options *o, unsigned i, const struct inputs *in)
{
    char *const *paths = o->captures + i;
    unsigned num = o->points ? o->num_captures : 1, which = 0;
    struct traffic *traffic = format_is_page(o) ? traffic_new() : NULL;
    char *why = NULL, *fault, *strange;
    char *name = name_base(paths[0]);
    bool nothing;
    struct reader *reader = reader_open(paths, num, &which, &why);
    struct feed_options given;
    struct feed *feed;

    if (!reader) {
        problem(paths[which], why, next_step(o, i));
        nothing_of(o, paths[0], why);
        g_free(why);
        g_free(name);
        traffic_free(traffic);
        return;
    }
    given = inputs_load(in);
    given.name = name;
    feed = feed_new(&given);
    feed_save_to(feed, o->save_state);
    reader_read(reader, feed, traffic);
    fault = reader_fault(reader, &nothing);
    if (fault) {
        problem(paths[0], fault, nothing ? next_step(o, i) : NULL);
    }
    if (fault && nothing) {
        nothing_of(o, paths[0], fault);
    } else {
        report(o, paths[0], reader, feed, traffic, fault);
        if (o->save_state && !feed_save(feed)) {
            raise_to(STATUS_PROBLEM);
        }
    }
    if (inputs_faulty()) {
        raise_to(STATUS_PROBLEM);
    }
    strange = reader_strange(reader);
    if (strange) {
        char *called = name_full(paths[0]);
        say("%s: %s", called, strange);
        g_free(called);
    }
    g_free(strange);
    g_free(fault);
    feed_free(feed);
    g_free(name);
    reader_close(reader);
    traffic_free(traffic);
}

/* --- a series --------------------------------------------------------------------------------- */

static char *series_fault;      /* what was told last; NULL */

static void
tell_series(const char *path, const char *what, const char *next)
{
    char *name = name_full(path);

    problem(path, what, next);
    g_free(series_fault);
    series_fault = g_strdup_printf("%s: %s", name, what);
    g_free(name);
}

static char *
named_with_others(const char *first, unsigned num)
{
    return num < 2 ? g_strdup(first) :
                     g_strdup_printf("%s and %u more file%s", first, num - 1, num == 2 ? "" : "s");
}

/* What a state knew before has these files as one. */
static struct series *
all_files(const struct series *known, const struct series *parts)
{
    return known ? series_with_parts(known, parts) : NULL;
}

static void
report_series(const struct options *o, struct joined *joined, struct reader *reader,
              struct feed *feed, const struct traffic *traffic)
{
    struct series *parts = joined_series(joined), *all;
    const char *first = joined_first(joined);
    char *name = named_with_others(first, given_count(joined_given(joined))), *why;
    struct report r;

    feed_report(feed, &r);
    all = all_files(r.series, parts);
    r.version = PLUGIN_VERSION_STR;
    r.wireshark = COMPAT_VERSION;
    r.fragments_full = reader_capped(reader);
    r.called = name;
    r.series = all ? all : r.series ? r.series : parts;
    print_report(o, first, &r, traffic, series_fault, &why);
    if (why) {
        problem(o->html, "cannot be written (--html)", NULL);
    } else if (has_findings(feed->findings)) {
        raise_to(STATUS_FINDINGS);
    }
    g_free(why);
    g_free(name);
    series_free(all);
    series_free(parts);
}

static void
feed_series(const struct options *o, struct joined *joined, const struct inputs *in)
{
    struct traffic *traffic = format_is_page(o) ? traffic_new() : NULL;
    struct reader *reader = reader_open_series(joined);
    unsigned num = given_count(joined_given(joined));
    char *base = name_base(joined_first(joined)), *name = named_with_others(base, num), *strange;
    struct feed_options given = inputs_load(in);
    struct feed *feed;

    given.name = name;
    if (given.keylog && given_cut_esp(joined_given(joined))) {
        say("ESP was cut to its headers when the parts were made (--headers): no key opens it");
    }
    feed = feed_new(&given);
    feed_save_to(feed, o->save_state);
    reader_read(reader, feed, traffic);
    report_series(o, joined, reader, feed, traffic);
    if ((o->save_state && !feed_save(feed)) || inputs_faulty()) {
        raise_to(STATUS_PROBLEM);
    }
    strange = reader_strange(reader);
    if (strange) {
        say("%s: %s", joined_first(joined), strange);
    }
    g_free(strange);
    feed_free(feed);
    g_free(name);
    g_free(base);
    reader_close(reader);
    traffic_free(traffic);
}

static void
read_series(const struct options *o)
{
    char **files = series_files(o->captures), **keys, *wrong;
    struct joined *joined = joined_open(files, g_strv_length(files), tell_series);
    struct inputs in;

    if (!joined) {
        print_nothing(o, o->captures[0], series_fault ? series_fault : "no file of a series");
        g_strfreev(files);
        return;
    }
    if (o->state && given_cut_esp(joined_given(joined))) {
        problem(o->state, "parts whose ESP was cut (--headers) cannot go on from a state",
                "nothing is read");
        joined_close(joined);
        g_strfreev(files);
        return;
    }
    keys = beside_keys(joined_given(joined));
    wrong = inputs_find_beside(&in, o, keys);
    if (wrong) {
        say("%s", wrong);
        raise_to(STATUS_PROBLEM);
        g_free(wrong);
    } else {
        feed_series(o, joined, &in);
    }
    inputs_free(&in);
    g_strfreev(keys);
    joined_close(joined);
    g_strfreev(files);
    g_free(series_fault);
}

static void
read_all(const struct options *o)
{
    for (unsigned i = 0; i < (o->points ? 1 : o->num_captures); i++) {
        struct inputs in;
        char *wrong = inputs_find(&in, o, o->captures[i]);
        if (wrong) {
            refuse(wrong);
            raise_to(STATUS_PROBLEM);
        } else if (o->window) {
            raise_to((enum status)window_open(o, &in, o->captures[i]));
        } else if (o->dissect) {
            raise_to((enum status)dissect(o, &in, o->captures[i]));
        } else {
            read_capture(o, i, &in);
        }
        if (o->num_captures == 1 && status < STATUS_PROBLEM && !o->window && !format_is_lines(o) &&
            !format_is_page(o) && !o->bulk.worker) {
            window_hint(o, &in, o->captures[i]);
        }
        inputs_free(&in);
    }
}

static void
run(const struct options *o, const char *program)
{
    if (o->bulk.output || o->bulk.merge) {
        raise_to((enum status)many_run(o, program));
    } else if (o->bulk.worker) {
        many_begin(o);
        read_all(o);
        status = (enum status)many_end(o, status);
    } else if (o->extract) {
        series_extract(o->captures, o->extract, o->headers, tell_series);
    } else if (o->series) {
        read_series(o);
    } else {
        read_all(o);
    }
}

int
main(int argc, char **argv)
{
    struct options o;
    char **arguments, *wrong;

    (void)setlocale(LC_ALL, "");
    bear_closed_pipes();
    arguments = g_strdupv(argv);
    if (!options_read(&o, arguments, &wrong)) {
        refuse(wrong);
        options_free(&o);
        return STATUS_PROBLEM;
    }
    if (o.version) {
        printf("espial %s, of Wireshark %s\n", PLUGIN_VERSION_STR, COMPAT_VERSION);
    } else if (!o.num_captures && !o.bulk.list && argc > 1) {
        /* Behind --html, say, a capture was taken for the name of the page. */
        say("no capture is given; try --help");
        status = STATUS_PROBLEM;
    } else if (!o.num_captures && !o.bulk.list) {
        options_help();
    } else {
        compat_begin(argv[0]);
        run(&o, argv[0]);
        wtap_cleanup();
    }
    options_free(&o);
    if (!print_done()) {
        say("standard output is full or closed: what was to be said there is lost");
        return STATUS_PROBLEM;
    }
    return (int)status;
}
