# window.sh - for ./espial --wireshark: what Wireshark keeps of its user, a profile and the sizes of
# windows.  Sourced behind setup.sh; bash only.  SPDX-License-Identifier: GPL-2.0-or-later

SHIPPED=$HERE/plugin/profile/IPsec
WINDOWS=('IPsec Diagnoses' 'IPsec Findings' 'IPsec SAs' 'IPsec Counts')

configuration() {
    printf %s "${WIRESHARK_CONFIG_DIR:-${XDG_CONFIG_HOME:-$HOME/.config}/wireshark}"
}

# first_windows: Wireshark's first window is small and so is each of ours, whose remedies would be
# out of sight.  Sizes that Wireshark has kept are left alone.
first_windows() {
    local file name
    file=$(configuration)/recent_common
    if [ ! -e "$file" ]; then
        mkdir -p "${file%/*}" 2>/dev/null || return 0
        printf 'gui.geometry_main_%s\n' 'maximized: TRUE' 'width: 1360' 'height: 820' >"$file" || return 0
    fi
    for name in "${WINDOWS[@]}"; do
        grep -qsF "gui.geom.$name.width:" "$file" ||
            printf 'gui.geom.%s.%s: %s\n' "$name" x 20 "$name" y 120 "$name" width 1320 \
                "$name" height 420 "$name" maximized FALSE >>"$file"
    done 2>/dev/null
}

# content FOLDER: what a profile consists of, without what Wireshark writes when it ends.
content() {
    cat "$1/colorfilters" "$1/dfilter_buttons" "$1/preferences" 2>/dev/null | cksum
}

# profile_news [take]: says once of each newer profile that there is one, as the user's own is never
# written over; take puts it in place and keeps the old one beside it.
profile_news() {
    local own old mark new n=1
    own=$(configuration)/profiles/IPsec
    mark=$own/espial-profile
    new=$(content "$SHIPPED")
    [ -d "$own" ] || return 0
    if [ "$new" = "$(content "$own")" ]; then
        :
    elif [ "${1-}" = take ]; then
        while old="$own before $n" && [ -e "$old" ]; do n=$((n + 1)); done
        if ! mv "$own" "$old" || ! cp -R "$SHIPPED" "$own"; then
            die "the profile in $own cannot be replaced"
        fi
        say "the profile IPsec is the newer one; yours is kept as \"${old##*/}\""
    elif [ "$new" != "$(cat "$mark" 2>/dev/null)" ]; then
        say "the profile IPsec that comes with this version differs from yours, which is kept;" \
            "./espial --wireshark --new-profile takes the newer one"
    fi
    printf '%s\n' "$new" 2>/dev/null >"$mark" || :
}
