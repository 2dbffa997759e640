#!/bin/sh
# Every OpenCL call made to fail once, and the device lost from any call on. Normally a sample of
# calls, as many as 40 seconds allow; FAULT_SEED repeats one, FAULT_ALL=1 tries every call of every
# scenario both ways, FAULT_ONLY=NAME takes one scenario.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
have timeout || skip "there is no timeout"
mkdir "$scratch/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$scratch/vendors"
export OCL_ICD_VENDORS="$scratch/vendors/" FAULT_LOG="$scratch/log"
seed=${FAULT_SEED:-$(date +%s)}
codes='-4 -5 -6 -2 -14'
"$CLPROC" samples --count 16 --width 96 --height 64 -o in 2>"$err" || fail "no pictures"
mkdir few
cp in/000* in/001* in/003* in/004* in/007* few
mkdir single
cp in/000* single
"$CLPROC" samples --count 3 --width 2600 --height 2400 -o large 2>"$err" || fail "no pictures"

# name: pictures, pictures of a batch, folder, CLPROC_FORCE, options
scenario() {
    force= forgotten=
    case $1 in
    programs)
        POCL_CACHE_DIR=$scratch/programs forgotten=$scratch/programs/clproc-programs
        set -- 1 64 single '' --jobs 1 --resize 40x ;;
    single) set -- 1 64 single '' --jobs 1 --resize 40x ;;
    batches) set -- 16 3 in '' --jobs 2 --resize 40x ;;
    operations) set -- 16 5 in '' --jobs 1 --resize 40x --blur 2 --brightness 1.2 --pad 100x100 ;;
    bands) set -- 3 1 large '' --jobs 2 --resize 1500x ;;
    copies) set -- 5 2 few 'group discrete' --jobs 1 --resize 40x --rotate 90 --report report.json ;;
    esac
    pictures=$1 batch=$2 folder=$3 force=$4
    shift 4
    arguments=$*
}

# Runs the scenario, with at most thirty seconds.
attempt() { # CALL CODE LOST
    rm -f "$FAULT_LOG" report.json
    [ -z "$forgotten" ] || rm -rf "$forgotten" # so that programs are built from their text
    command_line=" run $folder --batch $batch $arguments; FAULT_CALL=$1 FAULT_CODE=$2 FAULT_LOST=$3"
    code=0
    (
        [ -z "$3" ] || export FAULT_LOST=1
        FAULT_CALL=$1 FAULT_CODE=$2 CLPROC_FORCE=$force OPENCL_LAYERS=$FAULT_LAYER \
            exec timeout -s KILL 30 "$CLPROC" run "$folder" -o done --batch "$batch" $arguments
    ) >"$out" 2>"$err" || code=$?
}

check_balance() {
    [ -e "$FAULT_LOG" ] || fail "the program did not come to its end"
    held=$(grep '^left' "$FAULT_LOG" | grep -v -e ' 0$' -e ' mapping ')
    [ -z "$held" ] || fail "never released: $held"
}

# What a failing call may do, and what not.
check_survival() { # LOST
    case $code in 0 | 1 | 3 | 4) ;; *) fail "exit code 0, 1, 3 or 4 was expected" ;; esac
    check_balance
    call=$(sed -n 's/^failed //p' "$FAULT_LOG")
    # Of a lost device any call may be named first, and of a command that went wrong none.
    [ -z "$1" ] || call="cl[A-Z][A-Za-z]* failed"
    [ "$call" != clGetEventInfo ] || call='failed for a batch'
    [ "$code" -eq 0 ] || grep -q "$call" "$err" || fail "$call should be named"
    mkdir -p done
    wrong=$(diff -rq done expected | grep -v '^Only in expected')
    [ -z "$wrong" ] || fail "not as without failures: $wrong"
    written=$(find done -type f 2>/dev/null | wc -l)
    case $code in
    0) [ "$written" -eq "$pictures" ] || fail "$pictures pictures were expected, not $written" ;;
    1) told=$(grep -c "^clproc: $folder/" "$err")
        [ $((written + told)) -eq "$pictures" ] || fail "$written written, $told told to have failed"
        [ -n "$1" ] || [ "$told" -le "$batch" ] || fail "only a batch should have failed" ;;
    esac
    [ ! -e report.json ] || expect_json report.json
}

# The numbers from 1 to $1 in random order.
shuffled() {
    awk -v seed="$seed" -v n="$1" 'BEGIN { srand(seed); for (i = 1; i <= n; i++) print rand(), i }' |
        sort | cut -d' ' -f2
}

failing_once() { # CALL
    set -- "$1" $codes
    call_number=$1
    shift $((1 + call_number % 5))
    attempt "$call_number" "$1" ''
    check_survival ''
    once=$((once + 1))
}

failing_on() { # CALL
    attempt "$1" -5 1
    check_survival 1
    lost=$((lost + 1))
}

try_scenario() { # NAME SECONDS
    scenario "$1"
    name=$1 once=0 lost=0
    rm -rf done expected
    attempt 0 0 '' # Kernels are built here.
    attempt 0 0 ''
    expect_code 0
    mv done expected
    check_balance
    calls=$(sed -n 's/^calls //p' "$FAULT_LOG")
    until=$(($(date +%s) + $2))
    for number in $(shuffled "$calls"); do
        rm -rf done
        failing_once "$number"
        if [ -n "${FAULT_ALL-}" ] || [ $((once % 3)) -eq 0 ]; then
            rm -rf done
            failing_on "$number"
        fi
        [ -n "${FAULT_ALL-}" ] || [ "$(date +%s)" -lt "$until" ] || break
    done
    echo "$name: of $calls calls, $once of $once failed once and $lost of $lost for good: survived"
}

echo "FAULT_SEED=$seed"
for each in ${FAULT_ONLY:-single batches operations bands copies programs}; do
    try_scenario "$each" 8
done
