# capture.sh - what is given to ./espial as a capture, made into a file that tshark reads.
# Sourced, never run; bash only.  SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # tmp, number and keys are the launcher's

# magic FILE: its first six octets.
magic() {
    head -c 6 -- "$1" | od -An -tx1 | tr -d ' \n'
}

# not_a_capture FILE: tshark reads any MP4, JPEG, JSON or e-mail as "packets" and
# takes an empty file or a line of text for one: no error from it, so look first.
not_a_capture() {
    case $(magic "$1") in
    0a0d0d0a* | a1b2c3d4* | d4c3b2a1* | a1b23c4d* | 4d3cb2a1*) return 1 ;;
    '') return 0 ;;
    esac
    case $(capinfos -t "$1" 2>/dev/null | sed -n 's/^File type: *//p') in
    *MIME* | *MP4* | *JPEG* | *GIF* | *PNG* | *MPEG* | *Object\ Notation* | *RFC\ 7468* | *ELF*)
        return 0 ;;
    esac
    return 1
}

# without_packing NAME: what a compressed capture was called before.
without_packing() {
    case $1 in
    *.gz | *.zst | *.lz4 | *.xz | *.bz2) printf %s "${1%.*}" ;;
    *) printf %s "$1" ;;
    esac
}

# key_path FILE: the file or folder with the keys of a capture, or nothing.
key_path() {
    local base
    if [ -n "$keys" ]; then
        printf %s "$keys"
    elif [ "$1" != - ]; then
        base=$(without_packing "$1")
        base=${base%.*}.keys
        [ ! -e "$base" ] || printf %s "$base"
    fi
}

# spool TO: standard input, to its end.  Who stops a capture with Ctrl+C stops the program that
# writes into this pipe, and wants the report: the second one ends the reading.
spool() {
    local reader stops=0
    cat <&0 >"$1" &             # which ignores the signal, as it is in the background
    reader=$!
    trap 'stops=$((stops + 1)); [ $stops -lt 2 ] || kill $reader 2>/dev/null' INT
    while kill -0 $reader 2>/dev/null; do
        wait $reader
    done
    wait $reader
    trap 'exit 2' INT
}

# unpack TOOL: makes path a file with what is packed in it.
unpack() {
    local packed=$path
    if ! command -v "$1" >/dev/null; then
        problem "$file" "compressed with $1, which is not installed here: install it, or unpack the\
 capture where it is ($1 -d); $(next_step)"
        return 1
    fi
    path=$tmp/unpacked$number
    "$1" -dc <"$packed" >"$path" 2>"$tmp/err" ||
        problem "$file" "$1 cannot unpack all of it: $(head -n 1 "$tmp/err")"
}

# readable FILE: sets path to a file that tshark reads, or says why there is none.
readable() {
    local file=$1
    path=$file
    if [ "$file" = - ] && [ -t 0 ]; then
        problem "$file" "standard input is a terminal: it takes a capture from a pipe; $(next_step)"
        return 1
    elif [ "$file" = - ] || [ -p "$file" ]; then
        path=$tmp/piped$number
        if [ "$file" = - ]; then spool "$path"; else spool "$path" <"$file"; fi
    elif [ ! -e "$file" ]; then
        problem "$file" "no such file; $(next_step)"
        return 1
    elif [ ! -f "$file" ] || [ ! -r "$file" ]; then
        problem "$file" "cannot be read as a file; $(next_step)"
        return 1
    fi
    case $(magic "$path") in
    fd377a585a00) unpack xz || return 1 ;;
    425a68*) unpack bzip2 || return 1 ;;
    504b0304*)
        problem "$file" "a ZIP archive: take the capture out of it (unzip); $(next_step)"
        return 1 ;;
    esac
    if not_a_capture "$path"; then
        problem "$file" "not a capture file; $(next_step)"
        return 1
    fi
}

# json_text TEXT: as it stands between the quotes of JSON.
json_text() {
    local text
    text=$(shown "$1")
    text=${text//\\/\\\\}
    printf %s "${text//\"/\\\"}"
}

# json_record FILE WHY: a report in one line of a capture that could not be read.
json_record() {
    local version
    version=$(tshark -G plugins 2>/dev/null | awk -F '\t' '$1 == "espial.so" { print $2; exit }')
    printf '{"error":"%s","format":"espial-report/1","plugin":"%s","capture":{"frames":0,' \
        "$(json_text "$2")" "$(json_text "$version")"
    printf '"first_time":null,"last_time":null,"file":"%s"},' "$(json_text "$(base_name "$1")")"
    printf '"ike_sas":[],"child_sas":[],"streams":[],"findings":[],"diagnoses":[],"tunnels":[],'
    printf '"hygiene":[],"outcome":{"verdict":"unknown","text":"The capture could not be read."}}\n'
}

# full_name FILE, base_name FILE: for people, with and without its folders.
full_name() {
    if [ "$1" = - ]; then
        printf 'standard input'
    else
        printf %s "$1"
    fi
}

base_name() {
    local name
    name=$(full_name "$1")
    printf %s "${name##*/}"
}

# --- what is known at the end of one file, for the next --------------------------------------

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
