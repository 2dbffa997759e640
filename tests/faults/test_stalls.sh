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

# A command with a call that stalls; once it must have come there it is asked to stop. Without an end
# of its own it would be killed after a minute.
stalled_command() { # CALL SIGNAL CODE COMMAND...
    call=$1 signal=$2 expected=$3
    shift 3
    tried=$((tried + 1))
    command_line=" $*; FAULT_STALL=$call, SIG$signal"
    (
        trap - INT
        export FAULT_STALL=$call OPENCL_LAYERS=$FAULT_LAYER
        exec timeout --foreground -s KILL 60 env --default-signal=INT sh -c 'echo $$ >pid; exec "$@"' \
            sh "$CLPROC" "$@"
    ) >"$out" 2>"$err" &
    job=$!
    sleep 0.7
    kill -"$signal" "$(cat pid)"
    code=0
    wait $job || code=$?
    expect_code "$expected"
}

stalled() { # CALL SIGNAL CODE OPTIONS...
    call=$1 signal=$2 expected=$3
    shift 3
    rm -rf out
    stalled_command "$call" "$signal" "$expected" run in -o out --resize 8x "$@"
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

# An index keeps the rows that were made before: of a file that no device was needed for.
: >in/.empty
mv in/.empty in/0.png
rows() { tail -n +2 "$1" | cut -d , -f 1 | tr -d '\r'; }
stalled_command clBuildProgram INT 130 index in -o i.csv --features
expect_err 'the index holds what was read; --update goes on from there'
[ "$(rows i.csv)" = in/0.png ] || fail "the row that was made is not in the index"
clproc index in -o i.csv --features --update
expect_code 1
[ "$(rows i.csv | wc -l)" = 3 ] || fail "the index should have been completed"
cp i.csv whole.csv
stalled_command clFinish TERM 143 index in -o i.csv --features
expect_err 'the index is as it was'
cmp -s i.csv whole.csv || fail "the index has changed"
[ -z "$(find . -maxdepth 1 -name '.clproc-*')" ] || fail "a file is left behind"
stalled_command clGetPlatformIDs INT 130 run in -o out --resize 8x --features i.csv --resume
expect_err 'go on with: clproc run in -o out --resize 8x --features i.csv --resume'
cmp -s i.csv whole.csv || fail "rows of unchanged files are lost"
stalled clBuildProgram INT 130 --features f.csv
expect_err 'go on with: clproc run in -o out --resize 8x --features f.csv'
[ "$(rows f.csv)" = in/0.png ] || fail "the row that was made is not in the table"

# Scores: the kernels are compiled before there is a file to be left behind.
models=$source_dir/tests/models
stalled_command clBuildProgram INT 130 score "$models/hist.onnx" "$models/hist.csv" -o scored.csv --device cpu \
    --columns feature0,feature1,feature2,feature3,feature4,feature5
[ -z "$(find . -name '*scored.csv*')" ] || fail "there should be no file"

echo "verify: T26 calls that never return, and a signal: tried $tried, survived $tried"
