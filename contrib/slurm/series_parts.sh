#!/usr/bin/env bash
# series_parts.sh - the first stage of a series: an array job that makes the part of each file.
# SPDX-License-Identifier: GPL-2.0-or-later
#SBATCH --job-name=espial-parts
#SBATCH --requeue
#SBATCH --open-mode=append
#
# sbatch --array=1-N [OPTIONS OF SBATCH] series_parts.sh LIST PARTS [--headers]
#
# Each task takes its share of the list, so that there may be more files than tasks.  A task that was
# stopped is run again as it is: parts that are there stay, and none is there in half.
set -u
die() {
    echo "espial: $*" >&2
    exit 2
}
[ $# -ge 2 ] && [ -n "${SLURM_ARRAY_TASK_ID-}" ] ||
    die "usage: sbatch --array=1-N series_parts.sh LIST PARTS [--headers]"
list=$1 parts=$2
shift 2
[ -r "$list" ] || die "$list: the list of files cannot be read on $HOSTNAME"

# Each task takes every N-th line of the list, from its own number on.
first=${SLURM_ARRAY_TASK_MIN:-1} tasks=${SLURM_ARRAY_TASK_COUNT:-1} step=${SLURM_ARRAY_TASK_STEP:-1}
task=$(((SLURM_ARRAY_TASK_ID - first) / step))
# An array of single numbers, as --array=3,7, does not say which of its tasks this one is.
[ "$tasks" = $(((${SLURM_ARRAY_TASK_MAX:-$first} - first) / step + 1)) ] ||
    die "an array of other numbers than N-M or N-M:STEP: submit the whole one again, which makes what is missing"
awk -v task="$task" -v tasks="$tasks" '(NR - 1) % tasks == task' "$list" |
    xargs -r -d '\n' "${ESPIAL:-espial}" --extract "$parts" "$@" --
status=${PIPESTATUS[1]}
# As xargs tells that espial has ended with a status other than 0, which is 2.
[ "$status" != 123 ] || status=2
exit "$status"
