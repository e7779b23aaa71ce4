# setup.sh - what ./espial and ./run-tests share: packages, build, installation.
# Sourced, never run; bash only.  SPDX-License-Identifier: GPL-2.0-or-later

HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
BUILD=${ESPIAL_BUILD_DIR:-$HERE/build}
LOG=$BUILD/setup.log
STAMP=$BUILD/setup.stamp
PROGRAM=$BUILD/bin/espial
ME=$(basename "$0")
NO_INSTALL=0

# shown TEXT: as it may go to a terminal, for names of files and what strangers wrote.  Control
# characters, octets that are no UTF-8, and characters that turn or hide what stands around them
# come as \xNN, octet by octet; all else as it is.
shown() {
    local LC_ALL=C rest=$1 out='' part octet
    # C1 controls; U+061C, 200B-200F, 2028-202E, 2060-206F, FEFF.
    local odd=$'^(\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf)'
    local tail=$'[\x80-\xbf]' two three four
    two=$'[\xc2-\xdf]'$tail
    three=$'(\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])'$tail
    four=$'(\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])'$tail$tail
    while [ -n "$rest" ]; do
        if [[ $rest =~ ^[\ -~]+ ]] || [[ ! $rest =~ $odd && $rest =~ ^($two|$three|$four) ]]; then
            part=${BASH_REMATCH[0]}
            out+=$part
        else
            part=${rest:0:1}
            printf -v octet %d "'$part"
            printf -v octet '\\x%02x' $((octet & 255))
            out+=$octet
        fi
        rest=${rest:${#part}}
    done
    printf %s "$out"
}

say() {
    printf '%s: %s\n' "$ME" "$(shown "$*")" >&2
}

die() {
    say "$*"
    exit 2
}

# quiet WHAT COMMAND...: a line of progress, the output goes to the log.
quiet() {
    local what=$1 from
    shift
    say "$what ..."
    from=$(($(wc -l <"$LOG") + 1))
    printf '\n== %s: %s\n' "$what" "$*" >>"$LOG"
    if ! "$@" >>"$LOG" 2>&1 </dev/null; then
        tail -n "+$from" "$LOG" | tail -n 25 >&2
        die "$what failed; the whole output is in $LOG"
    fi
}

# missing_packages [wireshark | tests [gui]]: names the Debian packages that are not there.  Looks for
# what is used, not for package names, so other ways to install it work as well.
missing_packages() {
    local tool module
    for tool in cmake:cmake ninja:ninja-build cc:gcc pkg-config:pkg-config \
                tshark:tshark capinfos:wireshark-common; do
        command -v "${tool%%:*}" >/dev/null || echo "${tool#*:}"
    done
    # gcc without its recommended packages has no C library headers.
    [ -e /usr/include/stdio.h ] || echo libc6-dev
    for module in wireshark:wireshark-dev glib-2.0:libglib2.0-dev \
                  libgcrypt:libgcrypt20-dev gnutls:libgnutls28-dev; do
        pkg-config --exists "${module%%:*}" 2>/dev/null || echo "${module#*:}"
    done
    [ "${1-}" != wireshark ] || command -v wireshark >/dev/null || echo wireshark
    [ "${1-}" = tests ] || return 0
    [ -x /usr/bin/python3 ] || echo python3
    # scapy makes the laboratory's ESP with cryptography.
    for module in jsonschema scapy cryptography; do
        /usr/bin/python3 -c "import importlib.util as u, sys
sys.exit(u.find_spec('$module') is None)" 2>/dev/null || echo "python3-$module"
    done
    # Wireshark 4.0 has Lua 5.2, later ones 5.4: the companion is run in what there is of them.
    # Debian 12 is the last that has both.
    command -v lua5.4 >/dev/null || echo lua5.4
    case $(cat /etc/debian_version 2>/dev/null) in
    12*)
        # tests/lint/run judges by its versions of the other tools (66 MB).
        for tool in lua5.2 clang-format clang-tidy cppcheck shellcheck pyflakes3; do
            command -v "$tool" >/dev/null || echo "$tool"
        done ;;
    esac
    # The other versions of Wireshark, which only root can make, and none has others in it.
    if [ "$(id -u)" = 0 ] && [ -z "${ESPIAL_INSIDE-}" ] && command -v apt-get >/dev/null; then
        command -v mmdebstrap >/dev/null || echo mmdebstrap
    fi
    # Engines for many captures, which the tests start here: daemons, which only root finds in PATH.
    if [ -z "${ESPIAL_INSIDE-}" ]; then
        for tool in parallel:parallel slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge; do
            PATH=$PATH:/usr/sbin:/sbin command -v "${tool%%:*}" >/dev/null || echo "${tool#*:}"
        done
    fi
    for tool in editcap:wireshark-common mergecap:wireshark-common sharkd:wireshark-common ip:iproute2 jq:jq sqlite3:sqlite3; do
        command -v "${tool%%:*}" >/dev/null || echo "${tool#*:}"
    done
    [ "${2-}" = gui ] || return 0
    for tool in wireshark:wireshark Xvfb:xvfb xdotool:xdotool import:imagemagick tesseract:tesseract-ocr; do
        command -v "${tool%%:*}" >/dev/null || echo "${tool#*:}"
    done
}

install_packages() {
    local as_root=() packages
    mapfile -t packages < <(missing_packages "$@")
    [ ${#packages[@]} -gt 0 ] || return 0
    if [ $NO_INSTALL = 1 ]; then
        die "packages are missing: ${packages[*]}; install them, or run again" \
            "without --no-install"
    fi
    command -v apt-get >/dev/null ||
        die "there is no apt-get here; install what these Debian packages hold:" \
            "${packages[*]} (README.md, Installing, says what that is)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "no sudo here; as root, run: apt-get install ${packages[*]}"
        say "sudo may ask for your password, to install packages"
        # sudo -v asks where any rule of the user needs a password, also beside one that needs none.
        sudo true || die "not allowed to install: ${packages[*]}"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    # A source that cannot be reached need not be the one that matters.
    (quiet "updating the package lists" "${as_root[@]}" apt-get update) ||
        say "going on with the package lists there are"
    quiet "installing ${packages[*]}" "${as_root[@]}" \
        apt-get install -y -o DPkg::Lock::Timeout=120 --no-install-recommends "${packages[@]}"
    hash -r
    mapfile -t packages < <(missing_packages "$@")
    [ ${#packages[@]} = 0 ] || die "installed, yet still missing: ${packages[*]}"
}

# runs: the program, with the libraries of the Wireshark that is here.
runs() {
    "$PROGRAM" --version >/dev/null 2>&1
}

# Nothing newer than the stamp in what plugin and program are made of (a folder is newer when
# a file went), same Wireshark, and the installed plugin is the built one.
up_to_date() {
    [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$HERE $version $plugin_dir" ] && [ -x "$PROGRAM" ] &&
        cmp -s "$BUILD/espial.so" "$plugin_dir/espial.so" &&
        [ -z "$(cd "$HERE" && find CMakeLists.txt setup.sh include plugin \
            expert -newer "$STAMP" -print -quit)" ]
}

configure() {
    local args=(-S "$HERE" -B "$BUILD" "-DESPIAL_PLUGIN_DIR=$personal") old
    old=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$BUILD/CMakeCache.txt" 2>/dev/null)
    if [ "$old" != "$HERE" ] ||
       [ "$(cut -d' ' -f2 "$STAMP" 2>/dev/null)" != "$version" ]; then
        # Another place or another Wireshark: nothing that CMake remembers holds.
        rm -rf "$BUILD/CMakeCache.txt" "$BUILD/CMakeFiles"
        args+=(-G Ninja)
    fi
    quiet "configuring for Wireshark $version" cmake "${args[@]}"
}

# await LOCK: until the other one is done, and says what it is at.
await() {
    local what
    ! flock -n "$1" || return 0
    say "waiting for another set-up"
    until flock -w 20 "$1"; do
        what=$(sed -n 's/^== \(.*\): .*/\1/p' "$LOG" 2>/dev/null | tail -n 1)
        say "still waiting for the other set-up${what:+, which is $what}; its log is $LOG"
    done
}

# setup [wireshark | tests [gui]]: packages, build, installed plugin.  Ends the script (2) on failure.
setup() {
    local lock global personal='' prefix=/usr/local version plugin_dir new_stamp one
    if ! mkdir -p "$BUILD" 2>/dev/null; then
        die "cannot write to $BUILD"
    fi
    if [ -w "$BUILD" ]; then
        exec {lock}>"$BUILD/setup.lock"
        await "$lock"
        : >"$LOG"
    else
        LOG=/dev/null
    fi
    install_packages "$@"

    version=$(pkg-config --modversion wireshark)
    # Debian's pkg-config file has plugindir with the version, older ones without.
    global=$(pkg-config --variable=plugindir wireshark)
    case $global in
    */"${version%.*}") ;;
    *) global=$global/${version%.*} ;;
    esac
    plugin_dir=$global/epan
    # Wireshark run as root loads global plugins only.
    # Another user takes what root has installed, as long as it is this build.
    if [ "$(id -u)" != 0 ] && ! up_to_date; then
        prefix=$HOME/.local
        personal=$prefix/lib/wireshark/plugins/${version%.*}/epan
        plugin_dir=$personal
    fi
    if ! up_to_date; then
        [ -w "$BUILD" ] ||
            die "cannot write to $BUILD; copy the checkout or change its owner"
        # Touched first: a source changed while it is built counts as newer.
        new_stamp=$(mktemp "$BUILD/stamp.XXXXXX")
        configure
        quiet "building plugin and program" cmake --build "$BUILD" --target espial espial-cli
        quiet "installing the plugin into $plugin_dir" cmake --install "$BUILD"
        for one in program program-doc; do
            quiet "installing $one below $prefix" cmake --install "$BUILD" --component $one --prefix "$prefix"
        done
        runs || die "the program does not run; see: $PROGRAM --version"
        if ! loaded; then
            die "tshark does not load $plugin_dir/espial.so; see: tshark -G plugins"
        fi
        # Written under its old time.
        touch -r "$new_stamp" "$BUILD/stamp.time"
        echo "$HERE $version $plugin_dir" >"$new_stamp"
        touch -r "$BUILD/stamp.time" "$new_stamp"
        chmod 644 "$new_stamp"      # for a user who takes what root has built
        mv -f "$new_stamp" "$STAMP"
        rm -f "$BUILD/stamp.time"
    fi
    if [ -n "$personal" ] && [ -f "$global/epan/espial.so" ] &&
       ! cmp -s "$global/epan/espial.so" "$plugin_dir/espial.so"; then
        say "warning: $global/epan/espial.so is another build and is loaded first;" \
            "remove it, or run ./espial as root"
    fi
    if [ "${1-}" = tests ]; then
        quiet "building the tests" cmake --build "$BUILD"
    fi
    if [ -n "${lock-}" ]; then
        exec {lock}>&-      # a long report or test run must not hold others up
    fi
}

loaded() {
    tshark -G plugins 2>/dev/null | grep -q '^espial\.so[[:space:]]'
}
