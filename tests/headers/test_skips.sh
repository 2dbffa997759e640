#!/bin/sh
# Tests leave something out only with a cause, and where pictures from elsewhere are missing that is
# no failure. scripts/test.sh sees neither on a machine that has them.
set -u
tests=${CLPROC_SOURCE:?}/tests
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "FAILED: $*"
    exit 1
}

# cmocka's skip() tells no cause; the macro that does calls it.
grep -rnw --include='*.c' --include='*.h' 'skip();' "$tests" | grep -v '/skip.h:' >"$scratch/bare" &&
    fail "without SKIP_BECAUSE(): $(cat "$scratch/bare")"

# As they stand in the sources, with a word for each variable.
grep -rhoE --include='*.[ch]' --include='*.sh' '(SKIP_BECAUSE\(|skip |echo )"[^"]*CLPROC_(CORPUS|FIELD)[^"]*"' "$tests" |
    sed -E 's/^[^"]*"(skipped: )?//; s/"$//; s/\$[a-zA-Z_]+/word/g' | sort -u >"$scratch/causes"
[ -s "$scratch/causes" ] || fail "no causes are found"
grep -v -e '^#' -e '^$' "$tests/skips.txt" >"$scratch/allowed"
grep -Evx -f "$scratch/allowed" "$scratch/causes" >"$scratch/unknown" &&
    fail "not in tests/skips.txt: $(cat "$scratch/unknown")"
exit 0
