#!/usr/bin/env bash
# series_report.sh - the second stage of a series: one job that reads all parts in order of time.
# SPDX-License-Identifier: GPL-2.0-or-later
#SBATCH --job-name=espial-report
#SBATCH --requeue
#SBATCH --open-mode=append
#
# sbatch --dependency=afterany:JOB [OPTIONS OF SBATCH] series_report.sh LIST PARTS REPORT [OPTIONS OF ESPIAL]
#
# It makes no report as long as a file of the list has no part.  The report is written beside and
# renamed, so one that is there is whole.
set -u
die() {
    echo "espial: $*" >&2
    exit 2
}
[ $# -ge 3 ] || die "usage: sbatch series_report.sh LIST PARTS REPORT [OPTIONS OF ESPIAL]"
list=$1 parts=$2 report=$3
shift 3
[ -r "$list" ] || die "$list: the list of files cannot be read on $HOSTNAME"

# A part has the name of its file, and eight digits, as files of two folders may have one name.
missing=$({ find "$parts" -name '*.part' -printf 'part %f\n'; sort -u "$list" | sed 's/^/file /'; } | awk '
    { name = substr($0, 6) }
    /^part / { sub(/-[0-9a-f]+\.part$/, "", name); num[name]++; next }
    name != "" { path = name; sub(/.*\//, "", name); if (--num[name] < 0) print path }')
if [ -n "$missing" ]; then
    echo "$missing" | sed -n '1,20s/$/: has no part/p' >&2
    die "$(echo "$missing" | wc -l) files of $list have no part in $parts: submit the first stage again, which" \
        "makes what is missing, or take what cannot be read from the list; then this job again"
fi
"${ESPIAL:-espial}" --series "$@" -- "$parts" >"$report.new"
status=$?
# One that was stopped in the middle, or could not be begun, does not take the place of a whole one.
if [ "$status" -le 2 ] && [ -s "$report.new" ]; then
    mv -f "$report.new" "$report" || status=2
else
    rm -f "$report.new"
fi
# Findings are no failure of the job.
[ "$status" != 1 ] || status=0
exit "$status"
