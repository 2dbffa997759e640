#!/bin/sh
# Installs what is missing to build and run clproc on Debian 12 and 13 and Ubuntu 24.04; says nothing
# when all is there.
# --tests: also what some tests use, where it can be had; they skip without it.
set -eu

needed="build-essential cmake pkg-config ocl-icd-opencl-dev opencl-headers pocl-opencl-icd
    libspng-dev libdeflate-dev libjpeg-dev liblcms2-dev libjansson-dev libxxhash-dev libcmocka-dev
    libwebp-dev libtiff-dev libheif-dev libde265-dev libsqlite3-dev"
optional="oclgrind valgrind mesa-opencl-icd libjpeg-turbo-progs python3-pil python3-numpy python3-xxhash liblcms2-utils
    libimage-exiftool-perl imagemagick python3-opencv libvips-tools pngcheck chromium strace time webp libtiff-tools sqlite3
    libheif-examples libavif-bin gcovr exiv2 parallel slurm-wlm munge python3-sklearn python3-onnx
    zsh fish debhelper lintian piuparts autopkgtest debootstrap"
# libheif's codecs, where they are packages of their own, as in Debian 13.
plugins="libheif-plugin-libde265 libheif-plugin-aomdec libheif-plugin-aomenc"
libraries="OpenCL libjpeg spng libdeflate lcms2 jansson libxxhash cmocka"

# The packages of a list that are not installed.
missing() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
            printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: installing packages needs root; run this as root or install sudo" >&2
        return 1
    fi
}

# Quiet, unless it fails.
apt() {
    log=$(mktemp)
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    if command -v cmake >/dev/null && pkg-config --exists $libraries 2>/dev/null; then
        exit 0
    fi
    echo "setup: no apt-get here, so nothing was installed. Install what these Debian packages" >&2
    echo "hold, then run this again:" $needed >&2
    exit 1
fi

absent=$(missing $needed)
if [ -n "$absent" ]; then
    echo "setup: installing $absent"
    apt update
    apt install --no-install-recommends $absent
fi

known=
for package in $plugins; do
    if apt-cache show "$package" >/dev/null 2>&1; then
        known="$known $package"
    fi
done
absent=$(missing $known)
if [ -n "$absent" ]; then
    echo "setup: installing $absent"
    apt install --no-install-recommends $absent
fi

if [ "${1-}" = --tests ]; then
    absent=$(missing $optional)
    if [ -n "$absent" ]; then
        echo "setup: installing for the tests $absent"
        if ! { apt update && apt install --no-install-recommends $absent; }; then
            # One that cannot be had must not keep the others away.
            for package in $absent; do
                apt install --no-install-recommends "$package" 2>/dev/null || true
            done
        fi
        absent=$(missing $optional)
        if [ -n "$absent" ]; then
            echo "setup: not to be had: $absent" >&2
            echo "setup: without them, the tests that need them are skipped" >&2
        fi
    fi
fi
