#!/bin/sh
# A user can tell in seconds whether a driver computes what clproc promises.
. "$(dirname "$0")/lib.sh"

clproc selftest --device reference
expect_code 0
expect_out '^[0-9]*  *reference: reference'
for op in $("$CLPROC" help | sed -n '/^Operations/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
    expect_out "^   $op\b.*  ok\$"
done
expect_out 'rows on 1 device keep the promise'

clproc selftest --device no-such-device
expect_refusal 3 'no-such-device'
clproc selftest --device 0,reference
expect_refusal 2 'several devices'
clproc selftest everything
expect_refusal 2 'no operand'

clproc selftest
[ "$code" -eq 3 ] && skip "no OpenCL device"
expect_code 0
expect_out '^[1-9][0-9]* of [1-9][0-9]* rows on [1-9]'
grep ' rows on ' "$out" | sed 's/,.*//' >every
clproc selftest --device All
expect_code 0
grep ' rows on ' "$out" | sed 's/,.*//' | cmp -s - every || fail "all should be every device"

# Why there is no device is told as by a run.
if [ -e /etc/OpenCL/vendors/pocl.icd ]; then
    command_line=' selftest with POCL_DEVICES=nonsense'
    code=0
    POCL_DEVICES=nonsense OCL_ICD_VENDORS=/etc/OpenCL/vendors/pocl.icd "$CLPROC" selftest \
        >"$out" 2>"$err" || code=$?
    expect_refusal 3 'POCL_DEVICES is "nonsense".*unset it'
fi

OCL_ICD_VENDORS=$scratch/none
export OCL_ICD_VENDORS
clproc selftest
expect_refusal 3 'no OpenCL device'
