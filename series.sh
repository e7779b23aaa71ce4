# series.sh - one capture in several files, as ring buffers and rotation leave it, made into one.
# Sourced, never run; bash only.  SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154,SC2034  # what belongs to the launcher: tmp, number, path, ..

MAX_FILES=4096          # SERIES_MAX_FILES of include/espial/limits.h
MERGED_AT_ONCE=200      # files that mergecap has open
DELETED_AT_ONCE=250     # ranges of frames that editcap takes

# The files that can be read, in the order given and then in that of time: as the user calls them,
# what tshark reads, number of frames, first and last time, frames left out.
s_name=() s_path=() s_count=() s_first=() s_last=() s_left=()
declare -A s_alike=()           # places of the files of so many frames from then to then

# measure PATH: its frames, its first and last time, and whether all of it could be read.
measure() {
    local line
    line=$(LC_ALL=C capinfos -M -T -r -c -a -e -S "$1" 2>"$tmp/err" | tail -n 1)
    read -r count first last < <(awk -F '\t' 'NF > 3 { print $(NF - 2), $(NF - 1), $NF }' <<<"$line")
    [[ ${count-} =~ ^[0-9]+$ ]] || count=0
    [ "$count" != 0 ] || first=0 last=0
    ! [ -s "$tmp/err" ]
}

# kind PATH: the format to write it in again.
kind() {
    local kind
    kind=$(capinfos -M -T -r -t "$1" 2>/dev/null | tail -n 1)
    kind=${kind##*$'\t'}
    case $kind in
    pcap | nsecpcap) printf %s "$kind" ;;
    *) printf pcapng ;;
    esac
}

# whole FILE: path has nothing behind its last whole frame, as the file that is being written when
# its capture is stopped; mergecap would give up what comes after it.
whole() {
    local what
    measure "$path" && return
    what=$(sed -n 's/^(\(.*\))$/\1/p' "$tmp/err" | head -n 1)
    if grep -q "isn't a capture file" "$tmp/err"; then
        problem "$1" "not a capture file; $(next_step)"
        return 1
    elif [ "$count" = 0 ]; then
        problem "$1" "not a capture file, or damaged at its first packet${what:+ ($what)};\
 $(next_step)"
        return 1
    fi
    editcap -F "$(kind "$path")" "$path" "$tmp/whole$number" 2>/dev/null
    problem "$1" "cut short or damaged${what:+ ($what)}: the $(plural_frames "$count" \
        "before that") in the series"
    path=$tmp/whole$number
    measure "$path"
}

# given_twice FILE: it is one of the series already.
given_twice() {
    local i like="$count $first $last"
    for i in ${s_alike[$like]-}; do
        if [ "$path" -ef "${s_path[i]}" ] || cmp -s "$path" "${s_path[i]}"; then
            say "$(full_name "$1"): the same as $(full_name "${s_name[i]}"); it is read once"
            return 0
        fi
    done
    s_alike[$like]+=" ${#s_name[@]}"
    return 1
}

# gather FILE...: those that can be read.
gather() {
    local name count first last
    for name in "$@"; do
        number=$((number + 1))
        readable "$name" && whole "$name" && ! given_twice "$name" || continue
        s_name+=("$name") s_path+=("$path") s_count+=("$count") s_left+=(0)
        s_first+=("$first") s_last+=("$last")
    done
}

# put_in_order: by the first frame's time; files without a frame stand last.
put_in_order() {
    local i order name=() paths=() count=() first=() last=() left=()
    mapfile -t order < <(for i in "${!s_name[@]}"; do
        printf '%s %s %s\n' $((s_count[i] == 0)) "${s_first[i]}" "$i"
    done | LC_ALL=C sort -s -k 1,1n -k 2,2n | cut -d ' ' -f 3)
    for i in "${order[@]}"; do
        name+=("${s_name[i]}") paths+=("${s_path[i]}") count+=("${s_count[i]}")
        first+=("${s_first[i]}") last+=("${s_last[i]}") left+=("${s_left[i]}")
    done
    s_name=("${name[@]}") s_path=("${paths[@]}") s_count=("${count[@]}")
    s_first=("${first[@]}") s_last=("${last[@]}") s_left=("${left[@]}")
}

# overlapping: the places of the files that begin before an earlier one ends.
overlapping() {
    local i
    for i in "${!s_name[@]}"; do
        printf '%s %s %s\n' "${s_count[i]}" "${s_first[i]}" "${s_last[i]}"
    done | LC_ALL=C awk '$1 && begun && $2 < end { print NR - 1 }
        $1 && (!begun || $3 > end) { end = $3; begun = 1 }'
}

# frame_marks PATH: of each frame its time, length and content.  Nothing is dissected.
frame_marks() {
    local args=() name
    for name in eth sll null ppp ip ipv6 espial; do args+=(--disable-protocol "$name"); done
    tshark -n -r "$1" "${args[@]}" -o frame.generate_md5_hash:TRUE -T fields -e frame.time_epoch \
        -e frame.cap_len -e frame.md5_hash 2>/dev/null
}

# drop_frames I < RANGES: takes them out of a file, from behind as the numbers change.
drop_frames() {
    local ranges one out
    mapfile -t ranges < <(sort -t - -k 1,1nr)
    while [ ${#ranges[@]} -gt 0 ]; do
        one=("${ranges[@]:0:DELETED_AT_ONCE}") ranges=("${ranges[@]:DELETED_AT_ONCE}")
        out=$tmp/less$1.${#ranges[@]}
        editcap -F "$(kind "${s_path[$1]}")" "${s_path[$1]}" "$out" "${one[@]}" 2>"$tmp/err" || return 1
        s_path[$1]=$out
    done
}

# only_new I: leaves out what a file has of an earlier one, as the end of a ring that was copied
# while it was written: the same frame would be taken for one that was sent again.
only_new() {
    local i count first last
    : >"$tmp/earlier"
    for ((i = 0; i < $1; i++)); do
        if [ "${s_count[i]}" != 0 ] && LC_ALL=C awk "BEGIN { exit !(${s_last[i]} >= ${s_first[$1]} &&
            ${s_first[i]} <= ${s_last[$1]}) }"; then
            frame_marks "${s_path[i]}" >>"$tmp/earlier"
        fi
    done
    frame_marks "${s_path[$1]}" | awk 'earlier { known[$0]++; next }
        known[$0] {
            known[$0]--
            if (!to || FNR != to + 1) { if (to) print from "-" to; from = FNR }
            to = FNR
        }
        END { if (to) print from "-" to }' earlier=1 "$tmp/earlier" earlier=0 - >"$tmp/drop"
    [ -s "$tmp/drop" ] || return 0
    drop_frames "$1" <"$tmp/drop" || return 1
    measure "${s_path[$1]}"
    s_left[$1]=$((s_count[$1] - count))
    s_count[$1]=$count s_first[$1]=$first s_last[$1]=$last
}

# links PATH: a line for each of its interfaces, by which the same one is known in another file.
links() {
    LC_ALL=C capinfos -I "$1" 2>/dev/null | awk '
        /^Interface #[0-9]+ info:/ { if (at++) print line; line = ""; next }
        at && !/Number of (stat entries|packets) = / { gsub(/^ +/, ""); line = line $0 ";" }
        END { print line }'
}

# same_links: sets how (options of mergecap) so that an interface stays one through all files:
# points are compared where there are several.
same_links() {
    local i all one num=0 most=0 kinds double=0
    all=$(links "${s_path[0]}")
    how=(-I all)
    : >"$tmp/links"
    for i in "${!s_path[@]}"; do
        [ "${s_count[i]}" != 0 ] || continue
        one=$(links "${s_path[i]}")
        [ "$one" = "$all" ] || how=(-I any)
        num=$(wc -l <<<"$one")
        [ "$num" = "$(sort -u <<<"$one" | wc -l)" ] || double=1
        most=$((num > most ? num : most))
        printf '%s\n' "$one" >>"$tmp/links"
    done
    [ "${how[1]}" = any ] || return 0
    # One interface, of which files say different things: settings that were changed in between.
    kinds=$(sed -E 's/.*(^|;)Encapsulation = ([^;]*);.*/\2/' "$tmp/links" | sort -u | wc -l)
    one=$(sed -nE 's/(^|.*;)Name = ([^;]*);.*/\2/p' "$tmp/links" | sort -u | wc -l)
    if [ $most = 1 ] && [ "$kinds" = 1 ] && [ "$one" -le 1 ]; then
        how=(-F nsecpcap)
    elif [ $double = 1 ]; then
        how=(-I all)
    fi
}

# merged TO OPTION... -- PATH...: in the order of time.
merged() {
    local to=$1 options=() paths=() part=0 some
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    while [ $# -gt $MERGED_AT_ONCE ]; do
        paths=()
        while [ $# -gt 0 ]; do
            some=("${@:1:MERGED_AT_ONCE}")
            shift ${#some[@]}
            part=$((part + 1))
            mergecap "${options[@]}" -w "$tmp/part$part" "${some[@]}" 2>"$tmp/err" || return 1
            paths+=("$tmp/part$part")
        done
        set -- "${paths[@]}"
    done
    mergecap "${options[@]}" -w "$to" "$@" 2>"$tmp/err" && rm -f "$tmp"/part*
}

# numbers PATH...: of each file its first and last frame in the series, where their times overlap:
# files whose interfaces all stay apart are joined, so that each frame tells its file.
numbers() {
    local one i=0
    merged "$tmp/apart" -I none -- "$@" || return 1
    for one in "$@"; do
        printf '%s %s\n' $((i++)) "$(links "$one" | wc -l)"
    done >"$tmp/links"
    tshark -n -r "$tmp/apart" --disable-protocol eth --disable-protocol ip --disable-protocol ipv6 \
        --disable-protocol espial -T fields -e frame.interface_id 2>/dev/null |
        awk 'lists { for (i = 0; i < $2; i++) of[num++] = $1; files = NR; next }
            { f = of[$1 + 0]; if (!(f in first)) first[f] = FNR; last[f] = FNR }
            END { for (f = 0; f < files; f++) print first[f] + 0, last[f] + 0 }' lists=1 "$tmp/links" lists=0 -
    rm -f "$tmp/apart"
}

# write_list OVERLAPS PATH...: for the reports (include/espial/file/series.h).
write_list() {
    local overlaps=$1 i k=0 before=0 at ranges=() first last
    local -A called=()
    shift
    for i in "${s_name[@]}"; do
        called[${i##*/}]=$((${called[${i##*/}]-0} + 1))
    done
    if [ "$overlaps" != 0 ]; then
        mapfile -t ranges < <(numbers "$@")
        [ ${#ranges[@]} = $# ] || return 1
    fi
    for i in "${!s_name[@]}"; do
        first=0 last=0
        if [ "${s_count[i]}" != 0 ]; then
            first=$((before + 1)) last=$((before += s_count[i]))
            [ "$overlaps" = 0 ] || read -r first last <<<"${ranges[k++]}"
        fi
        at=$(full_name "${s_name[i]}")
        [ "${called[${s_name[i]##*/}]}" != 1 ] || at=${at##*/}
        at=$(printf %s "$at" | od -An -v -tx1 | tr -d '\n' | tr ' ' %)
        printf '%s %s %s %s %s %s %s\n' "$first" "$last" "${s_count[i]}" "${s_left[i]}" \
            "${s_first[i]}" "${s_last[i]}" "$at"
    done >"$tmp/series"
}

# join_series FILE...: path becomes one capture of all of them, and SERIES_LIST names a list of
# which frames are of which.  False where there is none.
join_series() {
    local i how=() used=() overlaps=0 total=0 count first last
    gather "$@"
    if [ ${#s_name[@]} -gt $MAX_FILES ]; then
        problem "$1" "${#s_name[@]} files are more than the $MAX_FILES of a series"
        return 1
    fi
    [ ${#s_name[@]} != 0 ] || return 1
    put_in_order
    for i in $(overlapping); do
        only_new "$i" || break
    done
    put_in_order
    [ -z "$(overlapping)" ] || overlaps=1
    for i in "${!s_name[@]}"; do
        [ "${s_count[i]}" = 0 ] || used+=("${s_path[i]}")
        total=$((total + s_count[i]))
    done
    [ ${#used[@]} != 0 ] || used=("${s_path[0]}")
    same_links
    path=$tmp/series.pcapng
    merged "$path" "${how[@]}" -- "${used[@]}" && measure "$path" && [ "$count" = $total ] &&
        write_list $overlaps "${used[@]}" || {
        problem "${s_name[0]}" "cannot be joined with the others: $(tail -n 1 "$tmp/err")"
        return 1
    }
    file=${s_name[0]}
    SERIES_LIST=$tmp/series
}

# series_keys: sets SERIES_KEYS, as people keep them: beside the first file, beside each, or beside
# them by the beginning that all names have.
series_keys() {
    local name one base common='' from=()
    SERIES_KEYS=$keys
    [ -z "$keys" ] || return 0
    for name in "${s_name[@]}"; do
        one=$(key_path "$name")
        base=$(without_packing "$name")
        base=${base%.*}
        [ "$name" != "${s_name[0]}" ] || common=$base
        while [[ $base != "$common"* ]]; do common=${common%?}; done
        [ -z "$one" ] || known_keys "$one" || from+=("$one")
    done
    while [[ $common == *[-_.0-9] ]]; do common=${common%?}; done
    if [ ${#from[@]} = 0 ] && [ -n "${common##*/}" ] && [ -e "$common.keys" ]; then
        from=("$common.keys")
    fi
    if [ ${#from[@]} -le 1 ]; then
        SERIES_KEYS=${from[0]-}
    else
        all_keys
    fi
}

# known_keys PATH: one of from says the same.
known_keys() {
    local one
    for one in "${from[@]}"; do
        ! diff -rq "$1" "$one" >/dev/null 2>&1 || return 0
    done
    return 1
}

# all_keys: SERIES_KEYS becomes a folder with what those of from hold, or one file where a daemon's
# log is among them.
all_keys() {
    local one table log=0
    SERIES_KEYS=$tmp/keys
    for one in "${from[@]}"; do [ -d "$one" ] || log=1; done
    [ $log = 1 ] || mkdir "$SERIES_KEYS"
    for one in "${from[@]}"; do
        [ -d "$one" ] || zcat -f -- "$one" >>"$SERIES_KEYS"
        for table in "${TABLES[@]}"; do
            [ ! -f "$one/$table" ] || cat "$one/$table" >>"$SERIES_KEYS$([ $log = 1 ] || echo "/$table")"
        done
        [ -z "$plan" ] && [ -f "$one/plan" ] && plan=$one/plan
    done
}

# series_options: what goes with --series, and what does not.
series_options() {
    [ "$points" = 0 ] || die "--series and --points exclude each other: the files of a series are of\
 one place, one after the other"
    [ "$window" = 0 ] || die "--series and --wireshark exclude each other: join the files with\
 mergecap to see them in one window (docs/series.md)"
}

# called FILE: what the report is of, for people.
called() {
    local more=$((${#s_name[@]} - 1))
    full_name "$1"
    case $more in
    -1 | 0) ;;
    1) printf ' and 1 more file' ;;
    *) printf ' and %s more files' $more ;;
    esac
}

# --- what is known at the end of one file, for the next --------------------------------------

# What the plugin says of a state that it could not read or write.
STATE_FAULTS='Espial: (the state|no state) '

# state_options: what goes with --state and --save-state.
state_options() {
    local name
    [ -n "$state$save_state" ] || return 0
    if [ -n "$state" ] && { [ ! -f "$state" ] || [ ! -r "$state" ]; }; then
        die "$state: cannot be read (--state)"
    elif [ ${#files[@]} -gt 1 ] && [ "$points$series" = 00 ]; then
        die "--state and --save-state are of one capture, or of a series; ${#files[@]} captures are given"
    elif [ -n "$save_state" ] && [ "$window" = 1 ]; then
        die "--save-state and --wireshark exclude each other"
    fi
    if [ -n "$save_state" ]; then
        for name in "${files[@]}"; do
            [ ! "$save_state" -ef "$name" ] || die "$save_state is the capture itself (--save-state)"
        done
        writable "$save_state" --save-state
    fi
}
