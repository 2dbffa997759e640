#!/bin/sh
# The installed library serves a program outside the tree, found with pkg-config.
set -eu
build=${CLPROC_BUILD:?}
source=${CLPROC_SOURCE:?}
if grep -q '^CLPROC_SANITIZE:[A-Z]*=.' "$build/CMakeCache.txt"; then
    echo "skipped: a library with sanitizers needs a program with them"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix="$scratch/a prefix"
cmake --install "$build" --prefix "$prefix" >"$scratch/log" || { cat "$scratch/log"; exit 1; }

pc=$(find "$prefix" -name clproc.pc)
[ -n "$pc" ] || { echo "FAILED: no clproc.pc was installed"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
POCL_CACHE_DIR=${POCL_CACHE_DIR:-$scratch/cache}
export PKG_CONFIG_PATH LD_LIBRARY_PATH POCL_CACHE_DIR
mkdir -p "$POCL_CACHE_DIR"
# The prefix chosen at installation, not at configuration, is the one that counts.
# What pkg-config prints is quoted for a shell.
eval "found=$(pkg-config --variable=prefix clproc)"
[ "$(realpath "$found")" = "$(realpath "$prefix")" ] || { echo "FAILED: pkg-config's prefix is $found"; exit 1; }
eval "set -- $(pkg-config --cflags --libs clproc)"
${CC:-cc} -std=c11 -Wall -Wextra -Werror "$source/tests/headers/outside.c" "$@" -o "$scratch/outside"

"$scratch/outside" reference
if "$prefix/bin/clproc" devices | grep -q '^[0-9]* *cpu: '; then
    "$scratch/outside" cpu
else
    echo "no OpenCL CPU device: only the reference was tried"
fi

manual=$prefix/share/man/man1/clproc.1
[ -s "$manual" ] || { echo "FAILED: no manual page was installed"; exit 1; }
for file in bash-completion/completions/clproc zsh/site-functions/_clproc fish/vendor_completions.d/clproc.fish; do
    grep -q 'completion words' "$prefix/share/$file" || { echo "FAILED: no completion in $file"; exit 1; }
done
"$prefix/bin/clproc" help --man | cmp - "$manual" || { echo "FAILED: the manual page is another one"; exit 1; }
