#!/bin/sh
# Installs what is missing, builds with warnings as errors, and runs every test. Arguments go to
# ctest, as in scripts/test.sh -R cli. At the end stands what tests left out, and why; a cause that
# tests/skips.txt does not list is a failure.
set -eu
CDPATH= cd -- "$(dirname -- "$0")/.."

scripts/setup.sh --tests
echo "test: building"
cmake --preset ci >/dev/null
cmake --build --preset ci -j "$(nproc)" >/dev/null

# Kernels built by other programs or versions must not help or disturb.
POCL_CACHE_DIR=$PWD/build/pocl-cache
export POCL_CACHE_DIR
mkdir -p "$POCL_CACHE_DIR"
result=0
ctest --test-dir build --output-on-failure -j 2 -O build/test-summary.txt "$@" || result=$?
awk -f scripts/skips.awk tests/skips.txt build/test-summary.txt build/Testing/Temporary/LastTest.log ||
    result=1
exit "$result"
