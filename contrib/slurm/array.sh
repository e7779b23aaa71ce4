#!/usr/bin/env bash
# array.sh - a Slurm array job that reads many captures with Espial: see README.md beside it.
# SPDX-License-Identifier: GPL-2.0-or-later
#SBATCH --job-name=espial
#SBATCH --requeue
#SBATCH --open-mode=append
#
# sbatch --array=1-N [OPTIONS OF SBATCH] array.sh LIST DIR [OPTIONS OF ESPIAL]
set -u
die() {
    echo "espial: $*" >&2
    exit 2
}
[ $# -ge 2 ] && [ -n "${SLURM_ARRAY_TASK_ID-}" ] ||
    die "usage: sbatch --array=1-N array.sh LIST DIR [OPTIONS OF ESPIAL]"
list=$1 results=$2
shift 2
[ -r "$list" ] || die "$list: the list of captures cannot be read on $HOSTNAME"

# Each task takes every N-th line of the list, from its own number on.
first=${SLURM_ARRAY_TASK_MIN:-1} tasks=${SLURM_ARRAY_TASK_COUNT:-1} step=${SLURM_ARRAY_TASK_STEP:-1}
task=$(((SLURM_ARRAY_TASK_ID - first) / step))
# An array of single numbers, as --array=3,7, does not say which of its tasks this one is.
[ "$tasks" = $(((${SLURM_ARRAY_TASK_MAX:-$first} - first) / step + 1)) ] ||
    die "an array of other numbers than N-M or N-M:STEP: submit the whole one again, which reads what is missing"
# More tasks than captures: nothing is left for this one.
[ "$(wc -l <"$list")" -gt "$task" ] || exit 0
jobs=${SLURM_CPUS_PER_TASK:-1}
# What Slurm gives the task is for all processes of it.
if [ -n "${SLURM_MEM_PER_CPU-}" ] && [ "$SLURM_MEM_PER_CPU" -gt 0 ]; then
    set -- --memory-limit="$SLURM_MEM_PER_CPU" "$@"
elif [ -n "${SLURM_MEM_PER_NODE-}" ] && [ "$SLURM_MEM_PER_NODE" -gt 0 ]; then
    set -- --memory-limit=$((SLURM_MEM_PER_NODE / jobs)) "$@"
fi
awk -v task="$task" -v tasks="$tasks" '(NR - 1) % tasks == task' "$list" |
    "${ESPIAL:-espial}" --output "$results" --jobs "$jobs" --list - "$@"
status=${PIPESTATUS[1]}
# Findings are no failure of the task.
[ "$status" != 1 ] || status=0
exit "$status"
