#!/bin/sh
# Queues that lag behind the host and behind each other, as a GPU's do (late.h): what comes out has the same
# bytes, no command waits for a flush that does not come, and no kernel is given a buffer that the host has
# mapped. FAULT_ALL=1 has the kernels of GPUs run so, too; pauses are by FAULT_SEED.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
! ldd "$CLPROC" | grep -q -e libasan || skip "a layer is loaded before a sanitizer"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
seed=${FAULT_SEED:-$$}
echo "FAULT_SEED=$seed"
export OCL_ICD_VENDORS="$PWD/vendors/" FAULT_LATE_LOG="$scratch/mapped" FAULT_LOG="$scratch/log"
"$CLPROC" samples --count 16 --width 130 --height 90 -o small 2>"$err" || fail "no pictures"
# Large enough for bands, and decoded in no time: the host is soon back at memory that it has used before.
"$CLPROC" samples --count 3 --width 1600 --height 1200 -o files 2>"$err" || fail "no pictures"
"$CLPROC" run files -o large --format ppm 2>"$err" || fail "no pictures"

tried=0 device=cpu
late() { # FORCE ARGUMENTS...: results behind -o are the same as without pauses
    rm -rf late expected further expected-further
    CLPROC_FORCE=$1
    export CLPROC_FORCE
    shift
    clproc run -o expected --device $device --jobs 4 "$@"
    expect_code 0
    [ ! -e further ] || mv further expected-further
    tried=$((tried + 1))
    command_line=" run $*; CLPROC_FORCE='$CLPROC_FORCE' FAULT_LATE=$((seed + tried))"
    OPENCL_LAYERS=$FAULT_LAYER FAULT_LATE=$((seed + tried)) timeout -s KILL 120 \
        "$CLPROC" run -o late --device $device --jobs 4 "$@" >"$out" 2>"$err" || code=$?
    expect_code 0
    held=$(sed -n 's/^held //p' "$FAULT_LOG")
    [ "${held:-0}" -gt 20 ] || fail "only ${held:-0} commands were held up"
    [ ! -e "$FAULT_LATE_LOG" ] || fail "$(sort "$FAULT_LATE_LOG" | uniq -c)"
    differences=$(diff -rq late expected; [ ! -e further ] || diff -rq further expected-further)
    [ -z "$differences" ] || fail "pauses change what comes out: $differences"
    left=$(sed -n 's/^left //p' "$FAULT_LOG" | grep -v ' 0$')
    [ -z "$left" ] || fail "left behind: $left"
}

# Pool: threads of the driver's run commands. A little memory makes small parts of the ring, each of which is
# used many times; a profile also asks every command for its times.
for force in 'discrete pool' pool ${FAULT_ALL:+'group discrete' group}; do
    late "$force" small --pipeline 'resize 70% | gamma 1.4'
    late "$force" small --pipeline 'rotate 90 | saturation 1.3' --strategy=-device-codec
    late "$force" large --pipeline 'resize 600x | sharpen 1' --memory 60M --strategy=-device-codec \
        --report "$scratch/report.json"
    late "$force" large --linear --pipeline 'blur 2' --memory 120M
    late "$force" small --linear --resize 60% --memory 40M
    late "$force" small --resize 60x --to 'further/{name}.{ext}' --resize 90x --gamma 1.2
done
late 'discrete pool' large --pipeline 'blur 2' --device-memory 20M --strategy=-device-codec
# Several devices, each with a queue of its own for tables
device=all
late 'discrete pool sub-devices' small --pipeline 'resize 70% | gamma 1.4'
echo "verify: T33 runs with queues that lag: tried $tried, survived $tried"
