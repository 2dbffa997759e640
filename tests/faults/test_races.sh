#!/bin/sh
# The program under the thread sanitizer: runs of shuffled files with 1 to 16 threads, on the reference
# device and on PoCL, some of them interrupted, and one with colour tables; no report may name code of
# clproc's. CLPROC_TSAN names the program that was built so. FAULT_RACES runs, in an order that FAULT_SEED
# chooses.
. "$(dirname "$0")/../cli/lib.sh"
program=${CLPROC_TSAN:-$source_dir/build-tsan/clproc}
[ -x "$program" ] || skip "there is no build with the thread sanitizer"
have shuf || skip "there is no shuf"
runs=${FAULT_RACES:-20}
seed=${FAULT_SEED:-$$}
echo "FAULT_SEED=$seed"
# The same numbers for the same seed.
seq -f "%.0f $seed" 1 100000 >"$scratch/random"
export TSAN_OPTIONS="exitcode=0 halt_on_error=0 log_path=$scratch/report second_deadlock_stack=1"
"$CLPROC" samples --count 24 --width 120 --height 90 -o in 2>"$err" || fail "no pictures"
# No report of the sanitizer may name code of clproc's.
expect_no_report() {
    found=$(grep -l -e ' clp_' -e ' clproc_' "$scratch"/report.* 2>/dev/null | head -n 1)
    [ -z "$found" ] || fail "$(head -n 40 "$found")"
    rm -f "$scratch"/report.*
}

run=0
# Two colour tables, for 8 and for 16 bits, of which one at a time stays on the device: they are sent while
# others are given up.
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
profile=$corpus/ljt-testimages/testimages__test3.icc
if [ -e "$profile" ] && [ -e /etc/OpenCL/vendors/pocl.icd ]; then
    "$CLPROC" run in -o wide --icc "$profile" 2>"$err" || fail "no pictures with a profile"
    CLPROC_FORCE='discrete pool'
    export CLPROC_FORCE
    command_line=" run wide --icc srgb --pipeline 'rotate 90 | gray' with $CLPROC_FORCE"
    code=0
    timeout -s KILL 300 "$program" run wide -o out --icc srgb --pipeline 'rotate 90 | gray' --device cpu --jobs 4 \
        --memory 160M --strategy=-device-codec --report report.json >"$out" 2>"$err" || code=$?
    expect_code 0
    expect_no_report
    run=1
else
    echo "skipped: no corpus at $corpus; name one in CLPROC_CORPUS"
fi
while [ $run -lt "$runs" ]; do
    run=$((run + 1))
    number=$(((seed * 7919 + run * 104729) % 1000003))
    jobs=$((1 + number % 16))
    case $((number / 16 % 4)) in
    0) op='resize 60% | blur 1' ;;
    1) op='rotate 90 | gray' ;;
    2) op='sharpen 1' ;;
    *) op='pad 150x150' ;;
    esac
    # PoCL has threads of its own, which the sanitizer does not follow: one run in four.
    # Every other of these copies pixels and tables.
    device=reference
    [ $((run % 4)) -ne 0 ] || [ ! -e /etc/OpenCL/vendors/pocl.icd ] || device=cpu
    CLPROC_FORCE=
    [ $((run % 8)) -ne 0 ] || CLPROC_FORCE=discrete
    export CLPROC_FORCE
    find in -type f | shuf --random-source="$scratch/random" >list
    rm -rf out
    command_line=" run @list --jobs $jobs --device $device --pipeline '$op'"
    code=0
    timeout -s KILL 300 "$program" run @list -o out --jobs $jobs --device $device --pipeline "$op" --resume \
        --report report.json >"$out" 2>"$err" &
    child=$!
    if [ $((run % 3)) -eq 0 ]; then
        sleep 0.$((number % 8 + 1))
        kill -INT "$(pgrep -P $child)" 2>/dev/null
    fi
    wait $child || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 130 ] || fail "exit code 0 or 130 was expected"
    expect_no_report
done
echo "verify: T23 runs under the thread sanitizer: tried $run, survived $run"
