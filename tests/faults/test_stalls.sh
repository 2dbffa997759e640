#!/bin/sh
# Work that has no end, and cannot be interrupted: a driver's call that never returns. A signal that
# asks to stop ends the program all the same, with what is left and the command that goes on.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
have timeout || skip "there is no timeout"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/"
make_pictures in
tried=0

# A run with a call that stalls; once it must have come there it is asked to stop. Without an end of
# its own it would be killed after a minute.
stalled() { # CALL SIGNAL CODE OPTIONS...
    call=$1 signal=$2 expected=$3
    shift 3
    tried=$((tried + 1))
    command_line=" run in -o out --resize 8x $*; FAULT_STALL=$call, SIG$signal"
    rm -rf out
    (
        trap - INT
        export FAULT_STALL=$call OPENCL_LAYERS=$FAULT_LAYER
        exec timeout --foreground -s KILL 60 env --default-signal=INT sh -c 'echo $$ >pid; exec "$@"' \
            sh "$CLPROC" run in -o out --resize 8x "$@"
    ) >"$out" 2>"$err" &
    job=$!
    sleep 0.7
    kill -"$signal" "$(cat pid)"
    code=0
    wait $job || code=$?
    expect_code "$expected"
    [ ! -d out ] || [ -z "$(find out -type f)" ] || fail "there should be no output"
}

stalled clBuildProgram INT 130
expect_err '2 left; go on with: clproc run in -o out --resize 8x --existing skip'
stalled clGetPlatformIDs TERM 143
expect_err '2 left; go on with'
stalled clWaitForEvents HUP 129 --device cpu
expect_err '2 left; go on with'
stalled clFinish INT 130 --report report.json
expect_err 'no report is written'
expect_err '2 left; go on with'
stalled clBuildProgram TERM 143 --progress json
tail -n 1 "$err" | grep -q '"status":"cancelled","found":2,"written":0' || fail "no result in JSON"

echo "verify: T26 calls that never return, and a signal: tried $tried, survived $tried"
