#!/bin/sh
# What drivers and their compilers print stays out of the program's standard error, be it closed, full
# or read by another program; but it is shown where they end the program.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
have python3 || skip "python3 is not installed"
! ldd "$CLPROC" | grep -q -e libasan -e libtsan || skip "sanitizers write to standard error themselves"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/"
make_pictures in
cold=0

# Runs with nothing compiled before, under each of two compilers: PoCL's, and one that always talks.
cold_run() { # STREAMS OPTIONS...
    streams=$1
    shift
    for layer in '' "$FAULT_LAYER"; do
        cold=$((cold + 1))
        POCL_CACHE_DIR=$scratch/cold$cold
        command_line=" run in -o out --resize 8x $* $streams"
        rm -rf out
        code=0
        : >"$err"
        (
            FAULT_CHATTER=1
            export FAULT_CHATTER
            [ -z "$layer" ] || export OPENCL_LAYERS="$layer"
            eval "exec \"\$CLPROC\" run in -o out --resize 8x $* $streams"
        ) || code=$?
        expect_code 0
        expect_file out/a.jpg out/b.png
        grep -v -e ' running on ' -e '^clproc: [0-9]* written' -e '^{.*}$' "$err" >"$scratch/words"
        expect_lines "$scratch/words" 0
    done
}

cold_run '2>"$err"'
cold_run '2>"$err"' --progress json
python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$err" ||
    fail "not every line is JSON"
cold_run '2>&-'
cold_run '2>/dev/full'
cold_run '>&- 2>&-'

# As it is, where that is wished for.
command_line=' run with CLPROC_DRIVER_MESSAGES'
code=0
POCL_CACHE_DIR=$scratch/said CLPROC_DRIVER_MESSAGES=1 FAULT_CHATTER=1 OPENCL_LAYERS=$FAULT_LAYER \
    "$CLPROC" run in -o out --resize 8x 2>"$err" || code=$?
expect_code 0
expect_err '^a word from the compiler'
expect_err '^a word from a library'

# Drivers that end the program are quoted.
for end in exit abort; do
    code=0
    command_line=" run with FAULT_END=$end"
    POCL_CACHE_DIR=$scratch/$end FAULT_END=$end OPENCL_LAYERS=$FAULT_LAYER \
        "$CLPROC" run in -o out2 --resize 8x 2>"$err" || code=$?
    [ "$code" -ne 0 ] || fail "it should have been ended"
    expect_err 'a driver or a decoder has ended the program'
    expect_err '^a word from the compiler'
done
echo "verify: T27 runs with nothing compiled: tried $cold, survived $cold"
