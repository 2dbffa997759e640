#!/bin/sh
# What a distribution looks at before it takes a program: how the binaries are protected, what the library
# exports, that a second build is the same, that help tells of every option. PACKAGE_TWICE=1 builds twice,
# in two folders.
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
    tried=$((tried + 5))
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
# Each option that the program takes is explained.
sed -n 's/^    {"\([a-z0-9-]*\)", .*CLP_CLI_.*/\1/p' "$source/src/cli/options.c" >"$scratch/options"
[ -s "$scratch/options" ] || fail "the table of options is not found"
while read -r option; do
    "$build/clproc" help "--$option" >"$scratch/help" 2>&1 || fail "help does not tell of --$option"
    [ -s "$scratch/help" ] || fail "help says nothing of --$option"
    tried=$((tried + 1))
done <"$scratch/options"
if [ -n "${PACKAGE_TWICE-}" ]; then
    cp -r "$source/CMakeLists.txt" "$source/src" "$source/include" "$source/kernels" "$source/scripts" "$scratch"
    for each in one two; do
        cmake -S "$scratch" -B "$scratch/$each" -DCMAKE_BUILD_TYPE=Release -DCLPROC_TESTS=OFF -DCLPROC_BENCH=OFF \
            -DCMAKE_C_FLAGS="-ffile-prefix-map=$scratch/$each=." -DCMAKE_C_COMPILER_LAUNCHER= >/dev/null &&
            cmake --build "$scratch/$each" -j "$(nproc)" >/dev/null || fail "it cannot be built alone"
    done
    for file in clproc libclproc.so; do
        cmp "$scratch/one/$file" "$scratch/two/$file" || fail "$file is not the same when it is built again"
        tried=$((tried + 1))
    done
else
    echo "verify: T29 the same build twice: not run, PACKAGE_TWICE is not set"
fi
echo "verify: T29 packages: not run, there is no Debian package of it: lintian, piuparts, autopkgtest; abidiff without a release"
echo "verify: T29 what packages ask of binaries and help: tried $tried, survived $tried"
