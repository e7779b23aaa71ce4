# debian.sh - another Debian in a folder: what tests/versions/run and tests/package/run share.
# Sourced, never run; bash only.  SPDX-License-Identifier: GPL-2.0-or-later

# The archive that this machine's own packages come from.
mirror() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    apt-get indextargets --format '$(REPO_URI)' "Release: $codename" 'Component: main' 2>/dev/null |
        sed -n '/^https\?:/{p;q}'
}

# What apt here needs to reach it, and Release files that a machine's clock calls expired.
apt_options() {
    apt-config dump 2>/dev/null | grep -iE '^Acquire::[a-z:./-]*proxy[a-z-]* '
    echo 'Acquire::Check-Valid-Until "false";'
    echo 'Acquire::Languages "none";'
    echo 'APT::Install-Recommends "false";'
}

# apart LIMIT COMMAND...: for so many seconds, in mount and process namespaces of its own, so that
# nothing is left mounted and nothing left running, this script's own end included.
readonly UNSHARE=(unshare --mount --pid --fork --kill-child --mount-proc)
child=
apart() {
    local limit=$1
    shift
    timeout -k 5 "$limit" "${UNSHARE[@]}" "$@" </dev/null &
    child=$!
    wait $child
}
end() {
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
    exit 143
}
trap end TERM INT HUP

# inside LIMIT DIR COMMAND...: there.
inside() {
    local limit=$1 dir=$2
    shift 2
    apart "$limit" bash -c '
        dir=$0
        mount -t proc proc "$dir/proc" && mount -t tmpfs tmpfs "$dir/tmp" || exit 125
        exec chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive ESPIAL_INSIDE=1 ${http_proxy:+http_proxy="$http_proxy"} \
            ${https_proxy:+https_proxy="$https_proxy"} "$@"' "$dir" "$@"
}
