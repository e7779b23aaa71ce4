#!/usr/bin/env bash
# array.sh - a Slurm array job that reads many captures with Espial: see README.md beside it.
# SPDX-License-Identifier: GPL-2.0-or-later
#SBATCH --job-name=espial
#SBATCH --requeue
#SBATCH --open-mode=append
#
# sbatch --array=1-N [OPTIONS OF SBATCH] array.sh LIST DIR [OPTIONS OF ESPIAL]
set -u
if [ $# -lt 2 ] || [ -z "${SLURM_ARRAY_TASK_ID-}" ]; then
    echo "Usage: sbatch --array=1-N $0 LIST DIR [OPTIONS OF ESPIAL]" >&2
    exit 2
fi
list=$1 results=$2
shift 2

# Each task takes every N-th line of the list, from its own number on.
: "${SLURM_ARRAY_TASK_MIN:=1}" "${SLURM_ARRAY_TASK_COUNT:=1}"
task=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN))
step=${SLURM_ARRAY_TASK_STEP:-1}
jobs=${SLURM_CPUS_PER_TASK:-1}
# What Slurm gives the task is for all processes of it.
if [ -n "${SLURM_MEM_PER_CPU-}" ] && [ "$SLURM_MEM_PER_CPU" -gt 0 ]; then
    set -- --memory-limit="$SLURM_MEM_PER_CPU" "$@"
elif [ -n "${SLURM_MEM_PER_NODE-}" ] && [ "$SLURM_MEM_PER_NODE" -gt 0 ]; then
    set -- --memory-limit=$((SLURM_MEM_PER_NODE / jobs)) "$@"
fi
awk -v parts="$SLURM_ARRAY_TASK_COUNT" -v part=$((task / step)) 'NR % parts == part' "$list" |
    "${ESPIAL:-espial}" --output "$results" --jobs "$jobs" --list - "$@"
status=${PIPESTATUS[1]}
# Findings are no failure of the task.
[ "$status" != 1 ] || status=0
exit "$status"
