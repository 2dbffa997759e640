#!/bin/sh
# Formats that a build may lack are left out and had again in one build folder, and configuring says which are there.
set -u
source=${CLPROC_SOURCE:?}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "FAILED: $*"
    exit 1
}

configure() { # OPTION...: writes what it says of formats to $scratch/said
    cmake -S "$source" -B "$scratch/a build" -DCLPROC_TESTS=OFF -DCLPROC_BENCH=OFF "$@" >"$scratch/log" 2>&1 ||
        { cat "$scratch/log"; fail "cmake $*"; }
    grep -e ': yes$' -e ': no[,;]' -e '^-- clproc index writes' "$scratch/log" >"$scratch/said"
}

configure
cp "$scratch/said" "$scratch/first"
[ "$(wc -l <"$scratch/first")" -eq 4 ] || fail "configuring tells of other formats: $(cat "$scratch/first")"
for option in WEBP TIFF HEIF SQLITE; do
    configure "-DCLPROC_$option=OFF"
    grep -q "CLPROC_$option is off" "$scratch/said" || grep -q ': no; install' "$scratch/first" ||
        fail "CLPROC_$option=OFF: $(cat "$scratch/said")"
    configure "-DCLPROC_$option=ON"
    diff "$scratch/first" "$scratch/said" || fail "CLPROC_$option=ON brings back something else"
done

# Folders may be given as whole paths. pkg-config then names these, wherever its file lies.
configure -DCMAKE_INSTALL_PREFIX=/opt/clproc -DCMAKE_INSTALL_LIBDIR=/srv/lib
for line in 'prefix=/opt/clproc' 'libdir=/srv/lib' 'includedir=/opt/clproc/include'; do
    grep -q -x "$line" "$scratch/a build/clproc.pc" || fail "no $line in $(cat "$scratch/a build/clproc.pc")"
done
