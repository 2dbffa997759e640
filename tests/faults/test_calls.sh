#!/bin/sh
# Every OpenCL call made to fail once, and the device lost from any call on, also where there are two.
# Normally a sample of FAULT_CALLS calls of each scenario, with a random code; FAULT_SEED repeats one.
# FAULT_ALL=1 tries every call of every scenario with every code, once and for good; FAULT_ONLY=NAME takes
# one scenario.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
have timeout || skip "there is no timeout"
mkdir "$scratch/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$scratch/vendors"
export OCL_ICD_VENDORS="$scratch/vendors/" FAULT_LOG="$scratch/log"
seed=${FAULT_SEED:-$(date +%s)}
count=${FAULT_CALLS:-34}
codes='-4 -5 -6 -2'
"$CLPROC" samples --count 16 --width 96 --height 64 -o in 2>"$err" || fail "no pictures"
mkdir few
cp in/000* in/001* in/003* in/004* in/007* few
mkdir single
cp in/000* single
"$CLPROC" samples --count 3 --width 1800 --height 1600 -o large 2>"$err" || fail "no pictures"

# name: pictures, pictures of a batch, folder, CLPROC_FORCE, options
scenario() {
    force= forgotten= devices=
    case $1 in
    stations)
        devices='basic pthread'
        set -- 16 3 in '' --jobs 2 --resize 40x --device all ;;
    programs)
        POCL_CACHE_DIR=$scratch/programs forgotten=$scratch/programs/clproc-programs
        set -- 1 64 single '' --jobs 1 --resize 40x ;;
    single) set -- 1 64 single '' --jobs 1 --resize 40x ;;
    batches) set -- 16 3 in '' --jobs 2 --resize 40x ;;
    operations) set -- 16 5 in '' --jobs 1 --resize 40x --blur 2 --brightness 1.2 --pad 100x100 --report report.json ;;
    bands) set -- 3 1 large '' --jobs 2 --resize 1000x ;;
    outputs) set -- 10 1 few 'group discrete' --jobs 2 --resize 40x --to 'done/b-{name}.{ext}' --gray ;;
    # Unprobed: the report would measure copies of 128 MB, which take longer than the run.
    copies) set -- 5 2 few 'group discrete unprobed' --jobs 1 --resize 40x --rotate 90 --report report.json ;;
    esac
    pictures=$1 batch=$2 folder=$3 force=$4
    shift 4
    arguments=$*
}

# Runs the scenario. Where all is over while the driver's thread still prepares kernels, the program leaves
# that thread behind, and tells nothing at its exit: then it runs again.
attempt() { # CALL CODE LOST
    for try in 1 2 3 4 5; do
        run_once "$@"
        [ ! -e "$FAULT_LOG" ] || break
        rm -rf done
    done
}

# With at most three minutes: some failures have kernels compiled anew.
run_once() { # CALL CODE LOST
    rm -f "$FAULT_LOG" report.json
    [ -z "$forgotten" ] || rm -rf "$forgotten" # so that programs are built from their text
    command_line=" run $folder --batch $batch $arguments; FAULT_CALL=$1 FAULT_CODE=$2 FAULT_LOST=$3"
    code=0
    (
        [ -z "$3" ] || export FAULT_LOST=1
        [ -z "$devices" ] || export POCL_DEVICES="$devices"
        FAULT_CALL=$1 FAULT_CODE=$2 CLPROC_FORCE=$force OPENCL_LAYERS=$FAULT_LAYER \
            exec timeout -s KILL 180 "$CLPROC" run "$folder" -o done --batch "$batch" $arguments
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
    # Where there is another device, it makes the picture that one has failed with; but none is known of
    # without the lists of platforms and devices.
    case $devices,$1,$call in
    ,*,* | *,1,* | *,clGetPlatformIDs | *,clGetPlatformInfo | *,clGetDeviceIDs) ;;
    *) expect_code 0 ;;
    esac
    # Of a lost device any call may be named first, and of a command that went wrong none.
    [ -z "$1" ] || call="cl[A-Z][A-Za-z]* failed"
    [ "$call" != clGetEventInfo ] || call='failed for a picture'
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

failing_once() { # CALL CODE
    rm -rf done
    attempt "$1" "$2" ''
    check_survival ''
    once=$((once + 1))
}

failing_on() { # CALL CODE
    rm -rf done
    attempt "$1" "$2" 1
    check_survival 1
    lost=$((lost + 1))
}

# One of the codes, other ones for other seeds and calls; -14 is for commands that went wrong.
choose_code() { # CALL
    set -- $(awk -v seed="$seed" -v n="$1" 'BEGIN { srand(seed + n); rand(); print int(rand() * 5) }')
    case $1 in
    0) echo -4 ;; 1) echo -5 ;; 2) echo -6 ;; 3) echo -2 ;; *) echo -14 ;;
    esac
}

# For good: of the four, each in turn.
code_in_turn() { # NUMBER
    set -- $(($1 % 4)) $codes
    shift $(($1 + 1))
    echo "$1"
}

try_scenario() { # NAME COUNT
    scenario "$1"
    name=$1 once=0 lost=0
    rm -rf done expected
    attempt 0 0 '' # Kernels are built here.
    attempt 0 0 ''
    expect_code 0
    mv done expected
    check_balance
    calls=$(sed -n 's/^calls //p' "$FAULT_LOG")
    if [ -n "${FAULT_ALL-}" ]; then
        for number in $(seq 1 "$calls"); do
            for each_code in $codes -14; do
                failing_once "$number" "$each_code"
            done
            for each_code in $codes; do
                failing_on "$number" "$each_code"
            done
        done
    else
        for number in $(shuffled "$calls" | head -n "$2"); do
            failing_once "$number" "$(choose_code "$number")"
            [ $((once % 3)) -ne 0 ] || failing_on "$number" "$(code_in_turn $lost)"
        done
    fi
    echo "$name: of $calls calls, $once of $once failed once and $lost of $lost for good: survived"
    all_once=$((all_once + once)) all_lost=$((all_lost + lost))
}

echo "FAULT_SEED=$seed"
all_once=0 all_lost=0
for each in ${FAULT_ONLY:-single batches operations bands outputs copies stations programs}; do
    # Compiling takes a second each time, and what is there for one output or station is there for two.
    case $each in
    programs | outputs | stations) few=$(((count + 3) / 4)) ;;
    *) few=$count ;;
    esac
    try_scenario "$each" $few
done
echo "verify: T1 OpenCL calls that fail once: tried $all_once, survived $all_once"
echo "verify: T2 devices that are lost: tried $all_lost, survived $all_lost"
