#!/bin/sh
# How much of the code under src/ the tests run: lines and branches, by files and in all. Builds a copy of
# its own that counts, in BUILD (build-coverage), and runs the tests there.
#   scripts/coverage.sh            all tests
#   scripts/coverage.sh REGEX      those whose names match
# The last lines are "lines: N of M" and "branches: N of M"; the table by files is BUILD/coverage.txt.
set -eu
CDPATH= cd -- "$(dirname -- "$0")/.."
build=${BUILD:-build-coverage}
command -v gcovr >/dev/null || {
    echo "gcovr is not installed" >&2
    exit 77
}
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS='--coverage -fprofile-update=atomic -O1' >/dev/null
cmake --build "$build" -j "$(nproc)" >/dev/null
find "$build" -name '*.gcda' -delete
# What fails here, fails in the other builds, too; here it is only told.
ctest --test-dir "$build" -j "$(nproc)" -R "${1:-.}" >"$build/coverage.log" 2>&1 ||
    sed -n '/^The following tests FAILED/,$p' "$build/coverage.log" >&2
# A process that is killed while it writes its counts leaves some that are none (below zero): these are passed over.
gcovr --gcov-ignore-parse-errors --root . --filter 'src/' --object-directory "$build" "$build" --branches --exclude-unreachable-branches \
    --output "$build/branches.txt" --print-summary 2>/dev/null >"$build/summary.txt"
gcovr --gcov-ignore-parse-errors --root . --filter 'src/' --object-directory "$build" "$build" --output "$build/coverage.txt" 2>/dev/null
sed -n -e 's/^lines: .*(\([0-9]*\) out of \([0-9]*\))$/lines: \1 of \2/p' \
    -e 's/^branches: .*(\([0-9]*\) out of \([0-9]*\))$/branches: \1 of \2/p' "$build/summary.txt"
