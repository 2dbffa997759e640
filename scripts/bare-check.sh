#!/bin/sh
# Both commands of the README on bare systems: scripts/bare-check.sh [SUITE...], bookworm and trixie
# without. Each is installed by debootstrap into a folder of its own, gets a copy of this tree, and
# runs scripts/demo.sh and scripts/test.sh there; needs root, the network, and about 4 GB a suite.
#   BARE_FOLDER   where the systems are made (/tmp/clproc-bare)
#   BARE_KEEP=1   they stay, and are taken again next time: then no longer bare, but fast
#   BARE_TESTS    arguments for scripts/test.sh, as '-R ^unit'
set -eu
CDPATH= cd -- "$(dirname -- "$0")/.."
folder=${BARE_FOLDER:-/tmp/clproc-bare}

if [ "$(id -u)" -ne 0 ]; then
    echo "bare-check: chroot needs root" >&2
    exit 1
fi
if ! command -v debootstrap >/dev/null; then
    apt-get -q -y install debootstrap >/dev/null
fi

release() {
    for inner in proc sys dev; do
        if mountpoint -q "$root/$inner"; then
            umount -l "$root/$inner"
        fi
    done
}

# Tracked files as they stand here, and new ones that git would not ignore.
copy_tree() {
    mkdir -p "$root/clproc"
    git ls-files -z --cached --others --exclude-standard |
        tar --create --null --files-from=- --ignore-failed-read 2>/dev/null |
        tar --extract --touch --directory "$root/clproc"
}

prepare() { # SUITE
    if [ ! -e "$root/clproc-ready" ]; then
        rm -rf "$root"
        debootstrap --variant=minbase "$1" "$root" http://deb.debian.org/debian >"$folder/$1.log" 2>&1 || {
            tail -n 5 "$folder/$1.log" >&2
            return 1
        }
        : >"$root/clproc-ready"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    copy_tree
    # PoCL asks /sys for processors and memory.
    mount -t proc proc "$root/proc"
    mount --rbind --make-rslave /sys "$root/sys"
    mount --rbind --make-rslave /dev "$root/dev"
}

mkdir -p "$folder"
failed=
for suite in ${*:-bookworm trixie}; do
    root=$folder/$suite
    trap release EXIT
    trap 'exit 1' HUP INT TERM
    release
    echo "bare-check: $suite"
    prepare "$suite"
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 sh -c \
        "cd /clproc && scripts/demo.sh && scripts/test.sh ${BARE_TESTS-}" || failed="$failed $suite"
    release
    [ -n "${BARE_KEEP-}" ] || rm -rf --one-file-system "$root"
done
if [ -n "$failed" ]; then
    echo "bare-check: failed on:$failed" >&2
    exit 1
fi
echo "bare-check: both README commands pass on: ${*:-bookworm trixie}"
