#!/usr/bin/env bash
# series_report.sh - the second stage of a series: one job that reads all parts in order of time.
# SPDX-License-Identifier: GPL-2.0-or-later
#
#     sbatch --dependency=afterok:JOB series_report.sh parts report.json --json [--keys PATH] ..
#
# Of files that were cut short the first stage ends with 2, and parts are there: then afterany.  The
# report is written beside and renamed, so one that is there is whole.
#SBATCH --job-name=espial-report
#SBATCH --ntasks=1 --cpus-per-task=1 --mem=8G
#SBATCH --requeue
set -u
[ $# -ge 2 ] || { echo "usage: sbatch $0 PARTS REPORT [OPTION]..." >&2; exit 2; }
parts=$1 report=$2
shift 2
"${ESPIAL:-espial}" --series "$@" -- "$parts" >"$report.new"
status=$?
mv -f "$report.new" "$report"
# Findings (1) are no failure of the job.
[ $status -le 1 ]
