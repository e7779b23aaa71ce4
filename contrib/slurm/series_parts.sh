#!/usr/bin/env bash
# series_parts.sh - the first stage of a series: an array job that makes the part of each file.
# SPDX-License-Identifier: GPL-2.0-or-later
#
#     ls -1 /captures/ring_*.pcapng >files
#     sbatch --array=0-99 series_parts.sh files parts [--headers]
#
# Each task takes its share of the list, so that there may be more files than tasks.  A task that was
# stopped is run again as it is: parts that are there stay, and none is there in half.
#SBATCH --job-name=espial-parts
#SBATCH --ntasks=1 --cpus-per-task=1 --mem=1G
#SBATCH --requeue
set -u
[ $# -ge 2 ] || { echo "usage: sbatch --array=0-N $0 LIST PARTS [--headers]" >&2; exit 2; }
list=$1 parts=$2
shift 2
task=$((${SLURM_ARRAY_TASK_ID:-0} - ${SLURM_ARRAY_TASK_MIN:-0})) tasks=${SLURM_ARRAY_TASK_COUNT:-1}
awk -v task=$task -v tasks="$tasks" '(NR - 1) % tasks == task' "$list" |
    xargs -r -d '\n' "${ESPIAL:-espial}" --extract "$parts" "$@" --
