#!/bin/sh
# Installs what is missing, builds with warnings as errors, and runs every test. Arguments go to
# ctest, as in scripts/test.sh -R cli.
set -eu
cd "$(dirname "$0")/.."

scripts/setup.sh --tests
echo "test: building"
cmake --preset ci >/dev/null
cmake --build --preset ci -j "$(nproc)" >/dev/null

# Kernels built by other programs or versions must not help or disturb.
POCL_CACHE_DIR=$PWD/build/pocl-cache
export POCL_CACHE_DIR
mkdir -p "$POCL_CACHE_DIR"
ctest --test-dir build --output-on-failure -j 2 "$@"
