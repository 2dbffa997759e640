#!/bin/sh
# Two runs at once into one folder, as shards of one job are: neither loses a picture, neither leaves
# anything behind. FAULT_PAIRS pairs; FAULT_ALL=1 tries a thousand.
. "$(dirname "$0")/../cli/lib.sh"
pairs=${FAULT_PAIRS:-${FAULT_ALL:+1000}}
pairs=${pairs:-50}
"$CLPROC" samples --count 24 --width 40 --height 30 -o in 2>"$err" || fail "no pictures"
find in -type f | sort >all
awk 'NR % 2' all >odd
awk 'NR % 2 == 0' all >even

number=0 lost=0
while [ $number -lt "$pairs" ]; do
    number=$((number + 1))
    rm -rf out
    command_line=" run @odd -o out & clproc run @even -o out"
    "$CLPROC" run @odd -o out >"$out" 2>"$err" &
    other=$!
    code=0
    "$CLPROC" run @even -o out >/dev/null 2>"$scratch/second" || code=$?
    wait $other || code=$?
    cat "$scratch/second" >>"$err"
    # Copies: the outputs are the inputs.
    [ "$code" -eq 0 ] && diff -r in out >/dev/null || lost=$((lost + 1))
    [ "$lost" -eq 0 ] || fail "pair $number lost something: $(diff -rq in out | head -n 3)"
    [ -z "$(find out -name '.clproc-*')" ] || fail "something was left behind"
done
echo "verify: T28 pairs of runs into one folder: tried $number, survived $((number - lost))"
