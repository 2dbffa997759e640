#!/bin/sh
# Strategies from outside: what the naive one does, step by step, and that every switch works.
. "$(dirname "$0")/lib.sh"

clproc samples -o in --count 4 --width 120 --height 90
steps='resize 60% | blur 1.5 | flip h | gamma 1.2 | gray'

# One pass or pair of passes for each operation, on an RGB picture that is copied from one to the
# next.
clproc run in/000* -o none.png --explain --strategy naive --pipeline "$steps"
expect_code 0
expect_out '^decoded: 120 x 90 RGB'
[ "$(grep -c '^ *[0-9]*  colour   copy ' "$out")" -eq 4 ] || fail "a copy was expected between any two of 5 steps"
for name in resize blur flip gamma gray; do
    grep -q "^ *[0-9]*  [a-z]*  *$name\\( [xy]\\)\\{0,1\\}  " "$out" || fail "$name should have passes of its own"
done
clproc run in/000* -o none.png --explain --pipeline "$steps"
! grep -q '  copy ' "$out" || fail "nothing is copied without need"

# Every switch, alone and left out alone, gives a picture for every picture.
for name in parallel overlap planar compose shrink one-listing one-open; do
    for strategy in $name -$name; do
        clproc run in -o "out$name$strategy" --strategy "$strategy" --pipeline "$steps"
        expect_code 0
        expect_count "out$name$strategy" 4
    done
done
