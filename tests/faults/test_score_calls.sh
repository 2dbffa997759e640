#!/bin/sh
# OpenCL calls of scores on a device made to fail: an error that names them, no output, and nothing
# left behind.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
mkdir "$scratch/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$scratch/vendors"
export OCL_ICD_VENDORS="$scratch/vendors/" FAULT_LOG="$scratch/log" OPENCL_LAYERS="$FAULT_LAYER"
models=$source_dir/tests/models

for call in clBuildProgram clCreateBuffer clSetKernelArg clEnqueueNDRangeKernel clEnqueueReadBuffer; do
    rm -f "$FAULT_LOG"
    export FAULT_NAME=$call FAULT_CODE=-5
    clproc score "$models/sigmoid3.onnx" "$models/sigmoid3.csv" -o out.csv -j 2 --device cpu
    expect_refusal 4 "$call failed for"
    expect_no_file out.csv
    left=$(grep '^left' "$FAULT_LOG" | grep -v -e ' 0$')
    [ -z "$left" ] || fail "never released: $left"
done
