#!/bin/sh
# The Debian packages of debian/: they are built, and a second time, elsewhere, as the same bytes; lintian
# finds nothing that debian/ does not explain; in a system that debootstrap makes they are installed, removed
# and purged by piuparts, and their own tests run. PACKAGE_DEBIAN=1, since it takes half an hour; the system
# needs root and Debian's mirror.
set -u
source=${CLPROC_SOURCE:?}
tried=0
fail() {
    echo "FAILED: $*"
    exit 1
}
skip() {
    echo "verify: T29 Debian packages: not run, $*"
    echo "skipped: $*"
    exit 77
}
[ -n "${PACKAGE_DEBIAN-}" ] || skip "PACKAGE_DEBIAN is not set"
command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null || skip "debhelper is not installed"
scratch=$(mktemp -d)
root=$scratch/system
leave() {
    for inner in proc sys dev; do
        ! mountpoint -q "$root/$inner" || umount -l "$root/$inner"
    done
    rm -rf --one-file-system "$scratch"
}
trap leave EXIT
trap 'exit 1' HUP INT TERM

# In another folder, time zone and language, with tests and without.
build() { # FOLDER
    mkdir -p "$scratch/$1/clproc"
    tar -C "$source" -c --exclude=.git --exclude='./build*' --exclude=./out . | tar -C "$scratch/$1/clproc" -x
    (cd "$scratch/$1/clproc" && dpkg-buildpackage -us -uc -b -j"$(nproc)") >"$scratch/$1/log" 2>&1 || {
        tail -n 20 "$scratch/$1/log"
        fail "the packages cannot be built"
    }
}
build one
export TZ=Asia/Kathmandu LC_ALL=C DEB_BUILD_OPTIONS=nocheck
build another/folder
for package in "$scratch"/one/*.deb; do
    cmp "$package" "$scratch/another/folder/${package##*/}" || fail "${package##*/} is not the same when it is built again"
    tried=$((tried + 1))
done
rm -rf "$scratch/another"
[ $tried -ge 3 ] || fail "only $tried packages"
# What is loaded when a picture first needs it is depended on, too.
for package in clproc libclproc0; do
    for library in libde265 libheif libtiff; do
        dpkg-deb -f "$scratch/one/${package}"_*.deb Depends | grep -q "$library-*[0-9]*[t64]* (>= [0-9]" ||
            fail "$package does not depend on $library"
        tried=$((tried + 1))
    done
done
cd "$scratch/one" || exit 1

if command -v lintian >/dev/null; then
    lintian --fail-on error,warning ./*.changes || fail "lintian finds fault"
    tried=$((tried + 1))
else
    echo "verify: T29 lintian: not run, it is not installed"
fi

# A system of its own.
system() {
    for program in piuparts autopkgtest debootstrap; do
        command -v $program >/dev/null || { absent="there is no $program" && return 1; }
    done
    [ "$(id -u)" -eq 0 ] || { absent="chroot needs root" && return 1; }
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=http://deb.debian.org/debian
    debootstrap --variant=minbase "$suite" "$root" $mirror >"$scratch/log" 2>&1 || {
        absent="no system could be made: $(tail -n 1 "$scratch/log")"
        return 1
    }
}
if system; then
    piuparts --existing-chroot "$root" --distribution "$suite" --mirror "$mirror main" --no-eatmydata \
        --warn-on-leftovers-after-purge ./clproc_*.deb ./libclproc0_*.deb ./libclproc-dev_*.deb >"$scratch/log" 2>&1 ||
        { grep -e ERROR -e FAIL "$scratch/log"; fail "piuparts finds fault"; }
    for inner in proc sys dev; do
        mount --rbind "/$inner" "$root/$inner" && mount --make-rslave "$root/$inner"
    done
    # Folders for its files are of that system.
    env -u TMPDIR autopkgtest --no-built-binaries ./clproc_*.deb ./libclproc*_*.deb clproc/ -- chroot "$root" >"$scratch/log" 2>&1 ||
        { tail -n 40 "$scratch/log"; fail "the packages' own tests fail"; }
    grep ' PASS$' "$scratch/log"
    tried=$((tried + 2))
else
    echo "verify: T29 piuparts and autopkgtest: not run, $absent"
fi
echo "verify: T29 Debian packages: tried $tried, survived $tried"
