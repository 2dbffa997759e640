#!/bin/sh
# A GPU's driver that takes longer to open than the processor to do all files: the run ends when
# these are done.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
have timeout || skip "there is no timeout"
export RUSTICL_ENABLE=llvmpipe CLPROC_FORCE=emulated-gpu
"$CLPROC" devices 2>/dev/null | grep -q 'platform *rusticl' || skip "rusticl is not installed"
"$CLPROC" samples --kind photo --count 1 --width 64 --height 64 -o in 2>"$err" || fail "no pictures"
# Files that are large, which the run goes by, and soon done.
truncate -s 15M in/*.jpg
cp in/*.jpg in/second.jpg
command_line=" run in -o out --resize 8x --jobs 1 with FAULT_STALL=clCreateContext FAULT_STALL_FROM=2"
code=0
# The second context would be the GPU's, and never is.
FAULT_STALL=clCreateContext FAULT_STALL_FROM=2 OPENCL_LAYERS=$FAULT_LAYER \
    timeout -s KILL 60 "$CLPROC" run in -o out --resize 8x --jobs 1 >"$out" 2>"$err" || code=$?
expect_code 0
expect_err '2 written'
[ "$(find out -name '*.jpg' | wc -l)" -eq 2 ] || fail "both should be there"
# A GPU's memory is the system's to take back when the process ends; all else is done as ever.
export CLPROC_FORCE='discrete abandoned'
clproc run in -o left --resize 8x --device cpu --report left.json
expect_code 0
expect_err '2 written'
[ "$(find left -name '*.jpg' | wc -l)" -eq 2 ] && [ -s left.json ] || fail "pictures and report should be there"
