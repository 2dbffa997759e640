#!/bin/sh
# What a distribution looks at before it takes a program: how the binaries are protected, what the library
# exports, that help tells of every option. The packages themselves are test_debian.sh's.
set -u
build=${CLPROC_BUILD:?}
source=${CLPROC_SOURCE:?}
tried=0
fail() {
    echo "FAILED: $*"
    exit 1
}
skip() {
    echo "skipped: $*"
    exit 77
}
if grep -q '^CLPROC_SANITIZE:[A-Z]*=.' "$build/CMakeCache.txt"; then
    skip "a library with sanitizers needs a program with them"
fi
command -v readelf >/dev/null || skip "there is no readelf"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for file in "$build/clproc" "$build/libclproc.so"; do
    readelf -hW "$file" | grep -q 'Type: *DYN' || fail "$file cannot be loaded anywhere"
    ! readelf -lW "$file" | grep 'GNU_STACK' | grep -q 'RWE' || fail "$file has a stack that can be run"
    readelf -lW "$file" | grep -q 'GNU_RELRO' || fail "$file has no relocations that become read-only"
    ! readelf -dW "$file" | grep -q 'TEXTREL' || fail "$file has code that is written to"
    ! readelf -dW "$file" | grep -q -e 'RPATH' -e 'RUNPATH' || fail "$file looks for libraries in the build folder"
    ! readelf -dW "$file" | grep 'NEEDED' | grep -e 'libde265' -e 'libheif' -e 'libtiff' ||
        fail "$file has every run load what few pictures need"
    tried=$((tried + 6))
done
readelf --dyn-syms -W "$build/libclproc.so" |
    awk '$5 == "GLOBAL" && $7 != "UND" { sub(/@.*/, "", $8); print $8 }' | sort -u >"$scratch/exported"
[ -s "$scratch/exported" ] || fail "the library exports nothing"
! grep -v '^clproc_' "$scratch/exported" || fail "the library exports these, too"
# What the header declares is there, and nothing else.
grep -o '\bclproc_[a-z0-9_]*(' "$source/include/clproc/clproc.h" | tr -d '(' | sort -u >"$scratch/declared"
comm -23 "$scratch/exported" "$scratch/declared" >"$scratch/undeclared"
[ ! -s "$scratch/undeclared" ] || fail "exported, and not declared: $(cat "$scratch/undeclared")"
readelf -dW "$build/libclproc.so" | grep -q 'SONAME.*libclproc\.so\.[0-9]' || fail "the library has no version"
tried=$((tried + 3))
# Debian's list of what a version of the library has is what it exports: nothing may be lost, and what is new
# must be told there. Its packages have the program's version.
sed -n 's/^ \(clproc_[a-z0-9_]*\)@Base .*/\1/p' "$source"/debian/libclproc*.symbols | sort -u >"$scratch/listed"
[ "$(comm -3 "$scratch/listed" "$scratch/exported" | tee "$scratch/differ" | wc -l)" -eq 0 ] ||
    fail "debian/libclproc*.symbols differs from what is exported: $(cat "$scratch/differ")"
version=$(sed -n 's/^#define CLPROC_VERSION "\(.*\)"/\1/p' "$source/include/clproc/clproc.h")
head -n 1 "$source/debian/changelog" | grep -q "($version)" || fail "debian/changelog is not of version $version"
tried=$((tried + 2))
# Each option that the program takes is explained.
sed -n 's/^    {"\([a-z0-9-]*\)", .*CLP_CLI_.*/\1/p' "$source/src/cli/options.c" >"$scratch/options"
[ -s "$scratch/options" ] || fail "the table of options is not found"
while read -r option; do
    "$build/clproc" help "--$option" >"$scratch/help" 2>&1 || fail "help does not tell of --$option"
    [ -s "$scratch/help" ] || fail "help says nothing of --$option"
    tried=$((tried + 1))
done <"$scratch/options"
echo "verify: T29 what packages ask of binaries and help: tried $tried, survived $tried"
