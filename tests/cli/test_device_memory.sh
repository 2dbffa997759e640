#!/bin/sh
# --device-memory bounds what batches and their passes take, whatever the order of the pictures; a
# picture too large for it is refused by name, and nothing else changes.
. "$(dirname "$0")/lib.sh"
have python3 || skip "python3 is not installed"
op='--colour lab --sharpen 1'

clproc samples -o in --count 6 --width 600 --height 400
expect_code 0
clproc samples -o small --count 6 --width 300 --height 200
for file in small/*; do
    cp "$file" "in/${file#*/}-s.${file##*.}" # large and small ones in turn
done
clproc run in -o whole $op
expect_code 0
for bound in 16 32; do
    clproc run in -o out $op --device-memory ${bound}M --jobs 4 --profile=trace --report r.json
    expect_code 0
    diff -r whole out >/dev/null || fail "the bound changed the pictures"
    python3 - $bound <<'END' || fail "the device held more than --device-memory ${bound}M"
import json, sys
profile = json.load(open("r.json"))
# The bound is about pictures; tables of operations come on top.
tables = sum(one["peak"] for one in profile["device_memory"] if one["role"] == "tables")
most = max(point[1] for point in profile["memory_line"]) - tables
sys.exit(not 0 < most <= int(sys.argv[1]) << 20)
END
done

rm -r out
clproc run in -o out $op --device-memory 4M
expect_code 1
expect_err '6 written, 0 skipped, 6 failed'
expect_err 'in/000-.*: needs [0-9]* MB on the device .*limit of 4 MB; raise it with --device-memory'
expect_count out 6
clproc run in -o out --device-memory 0
expect_refusal 2 'device-memory 0'
