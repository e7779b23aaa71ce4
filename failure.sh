# failure.sh - what ./espial says when tshark fails.
# Sourced, never run; bash only.  SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154  # tmp and path are the launcher's

# signal_of RC: the signal of a crash, or nothing.
signal_of() {
    case $1 in
    132 | 133 | 134 | 135 | 136 | 139 | 159) echo $(($1 - 128)) ;;
    esac
}

# plural_frames N WHERE: "3 frames before the cut are".
plural_frames() {
    if [ "$1" = 1 ]; then
        printf 'frame %s is' "$2"
    else
        printf '%s frames %s are' "$1" "$2"
    fi
}

# explain FILE RC: tshark's failure in our words.
explain() {
    local frames signal what
    signal=$(signal_of "$2")
    if [ -n "$signal" ]; then
        problem "$1" "tshark $(tshark_version) crashed twice (signal $signal) while reading it, the\
 second time without keys in Wireshark's own tables: by whose fault is unknown; $(next_step)"
        return
    elif grep -q 'Invalid -z argument' "$tmp/err"; then
        die "tshark did not load the espial plugin (see: tshark -G plugins)"
    elif grep -Eq "cut short in the middle|damaged or corrupt" "$tmp/err"; then
        # That file is read once more: tshark says neither where nor after how many.
        frames=$(capinfos -c -M -r -T "$path" 2>/dev/null | cut -f2)
        what=$(sed -n 's/^(\(.*\))$/\1/p' "$tmp/err")
        # No report of a capture that nobody has read.
        if [ "${frames:-0}" = 0 ]; then
            : >"$tmp/out"
            if [ -z "$what" ]; then
                what="the capture is cut short in the middle of its first packet"
            else
                what="not a capture file, or damaged at its first packet ($what)"
            fi
            problem "$1" "$what: 0 frames could be read; $(next_step)"
        elif [ -z "$what" ]; then
            problem "$1" "the capture is cut short in the middle of a packet;\
 the $(plural_frames "$frames" "before the cut") reported"
        else
            problem "$1" "the capture is damaged: $what;\
 the $(plural_frames "$frames" "before the damage") reported"
        fi
    elif grep -q "isn't a capture file" "$tmp/err"; then
        problem "$1" "not a capture file; $(next_step)"
    else
        problem "$1" "tshark failed with exit status $2; $(next_step)"
        return
    fi
    : >"$tmp/err"
}
