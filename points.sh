# points.sh - several captures of the same traffic, made into one with an interface for each.
# Sourced, never run; bash only.  SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034  # tmp, number, path and POINT_NAMES are the launcher's

# point_names FILE PATH: a line for each interface of PATH, by which reports call it.
point_names() {
    local base
    base=$(base_name "$(without_packing "$1")")
    base=${base%.*}
    capinfos -I "$2" 2>/dev/null | awk -v base="${base//;/,}" '
        /^Number of interfaces in file:/ { num = $NF }
        /^Interface #[0-9]+ info:/ { at++ }
        /^ *Name = / { sub(/^ *Name = /, ""); gsub(/;/, ","); name[at] = $0 }
        END {
            for (i = 1; i <= num || i == 1; i++)
                print (num > 1 ? base "/" (name[i] ? name[i] : i) : base)
        }'
}

# join_points FILE...: path becomes a capture of all of them, and POINT_NAMES says which is which.
# False where one cannot be read.
join_points() {
    local name paths=() names=()
    for name in "$@"; do
        number=$((number + 1))
        readable "$name" || return 1
        paths+=("$path")
        mapfile -t -O ${#names[@]} names < <(point_names "$name" "$path")
    done
    path=$tmp/points.pcapng
    if ! mergecap -I none -w "$path" "${paths[@]}" 2>"$tmp/err"; then
        problem "$1" "cannot be joined with the others: $(tail -n 1 "$tmp/err"); $(next_step)"
        return 1
    fi
    POINT_NAMES=$(IFS=';' && printf %s "${names[*]}")
}
