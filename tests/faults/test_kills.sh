#!/bin/sh
# Runs that are killed at any moment, on the OpenCL device, every fifth time two at once: only whole
# files have names of outputs, and the next run goes on from there. It is disturbed as well, but every
# fourth is not, and ends with what an undisturbed one makes. Signals that ask to stop, in turn.
# FAULT_KILLS of each; FAULT_SEED repeats the moments.
. "$(dirname "$0")/../cli/lib.sh"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/"
count=${FAULT_KILLS:-50}
seed=${FAULT_SEED:-$(date +%s)}
jobs=3
op='--resize 60x --blur 1'
echo "FAULT_SEED=$seed"
"$CLPROC" samples --count 64 --width 96 --height 64 -o in 2>"$err" || fail "no pictures"
clproc run in -o expected $op # compiles
expect_code 0
rm -rf expected
start=$(date +%s%N)
clproc run in -o expected $op --jobs $jobs
expect_code 0
span=$((($(date +%s%N) - start) / 1000000)) # ms

# Machines are not as fast from minute to minute as when the span was measured: it grows where a run
# was under way, and shrinks where it had ended, so that about two of three are met.
adapt() { # MET
    [ "$1" -eq 1 ] && span=$((span * 105 / 100 + 1)) || span=$((span * 90 / 100 + 1))
}

# A moment of a run, in seconds, for number $1; a tenth of them after its end.
moment() {
    awk -v seed="$seed" -v n="$1" -v span="$span" \
        'BEGIN { srand(seed + n); rand(); printf "%.4f", rand() * span * 1.1 / 1000 }'
}

start_run() { # OUTPUT: sets $pid
    "$CLPROC" run in -o "$1" $op --jobs $jobs --resume >>"$out" 2>>"$err" &
    pid=$!
}

# Everything there is equals what is expected; at most so many temporary files.
expect_whole() { # MOST
    [ -d out ] || return 0
    wrong=$(diff -rq out expected | grep -v -e '^Only in expected' -e 'Only in out.*: \.clproc-')
    [ -z "$wrong" ] || fail "not whole: $wrong"
    left=$(find out -name '.clproc-????????' | wc -l)
    [ "$left" -le "$1" ] || fail "$left temporary files, by at most $1 threads"
}

expect_complete() {
    clproc run in -o out $op --resume
    expect_code 0
    rm -f out/.clproc-journal
    # Temporary files go when a run writes to their folder. Where one of two runs that were killed had made all,
    # those of the other stay.
    ! grep -q ' 0 written' "$err" || rm -f out/.clproc-????????
    differences=$(diff -rq out expected)
    [ -z "$differences" ] || fail "the next run did not complete it: $differences"
    rm -rf out
    most=$jobs
}

most=$jobs # temporary files: more once two at a time were killed
tried=0 cut=0
while [ $tried -lt "$count" ]; do
    tried=$((tried + 1))
    after=$(moment $tried)
    command_line=" run $tried, killed after $after s"
    : >"$out"
    : >"$err"
    start_run out
    first=$pid second=
    if [ $((tried % 5)) -eq 0 ]; then
        start_run out
        second=$pid
        most=$((2 * jobs))
    fi
    sleep "$after"
    kill -9 $first $second 2>/dev/null
    code=0
    wait $first 2>/dev/null || code=$?
    [ -z "$second" ] || wait $second 2>/dev/null
    met=$((code == 137))
    cut=$((cut + met))
    adapt $met
    expect_whole $most
    [ $((met && tried % 4)) -ne 0 ] || expect_complete
done
[ $((cut * 2)) -ge "$count" ] || fail "only $cut of $count runs were under way when they were killed"
echo "verify: T6 kills at random moments: tried $tried, survived $tried"

expect_complete
tried=0 stopped=0
while [ $tried -lt "$count" ]; do
    tried=$((tried + 1))
    set -- INT 130 TERM 143 HUP 129
    shift $((tried % 3 * 2))
    after=$(moment $((tried + 1000000)))
    command_line=" run $tried, SIG$1 after $after s"
    : >"$out"
    : >"$err"
    # Shells have their background jobs ignore SIGINT.
    (
        trap - INT
        exec env --default-signal=INT "$CLPROC" run in -o out $op --jobs $jobs --resume
    ) >>"$out" 2>>"$err" &
    pid=$!
    sleep "$after"
    kill -"$1" $pid 2>/dev/null
    code=0 met=0
    wait $pid 2>/dev/null || code=$?
    case $code in
    0) ;;
    "$2") met=1 ;;
    *) fail "exit code 0 or $2 was expected" ;;
    esac
    stopped=$((stopped + met))
    adapt $met
    expect_whole $jobs # of those that a slow machine did not let end in time
    [ $((met && tried % 4)) -ne 0 ] || expect_complete
done
expect_complete
[ $((stopped * 2)) -ge "$count" ] || fail "only $stopped of $count runs were under way when they were asked to stop"
echo "verify: T7 signals that ask to stop: tried $tried, survived $tried"
