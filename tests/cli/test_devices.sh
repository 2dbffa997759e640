#!/bin/sh
# Devices are listed for people and for programs; a machine without OpenCL is told so.
. "$(dirname "$0")/lib.sh"
make_pictures in

clproc devices
expect_code 0
expect_out '^[0-9]* *reference: '

clproc devices --json
expect_code 0
expect_json "$out"
if have python3; then
    python3 - "$out" <<'END' || fail "the JSON lacks what a user needs"
import json, sys
devices = json.load(open(sys.argv[1]))
assert [d["index"] for d in devices] == list(range(len(devices)))
assert devices[-1]["type"] == "reference" and devices[-1]["usable"]
for d in devices:
    assert d["name"] and d["type"] in ("cpu", "gpu", "accelerator", "reference"), d
    assert d["usable"] or d["problem"], d
END
fi

clproc devices --bench
expect_code 0
expect_out 'speed  *[0-9.]* Mpixels/s'
clproc devices --bench --json
expect_code 0
expect_json "$out"
expect_out '"megapixels_per_second": [0-9.]*, "usable": true'

# Why devices are missing is told by the list, too.
if [ -e /etc/OpenCL/vendors/pocl.icd ]; then
    code=0
    command_line=' devices under ulimit -f 64'
    (ulimit -f 64 && exec "$CLPROC" devices) >"$out" 2>"$err" || code=$?
    expect_code 0
    expect_err 'PoCL needs larger files than it may have; raise `ulimit -f`'
    expect_no_err 'install'
fi

# Drivers that are not PoCL need nothing of what PoCL needs.
mkdir others
echo libnone.so.1 >others/none.icd
for drivers in others others/none.icd; do
    code=0
    command_line=" devices of $drivers under ulimit -f 64"
    (
        ulimit -f 64
        OCL_ICD_VENDORS=$PWD/$drivers exec "$CLPROC" devices
    ) >"$out" 2>"$err" || code=$?
    expect_code 0
    expect_err 'no OpenCL device was found; install'
done

clproc run in -o out --device no-such-device --resize 8x
expect_refusal 3 'no-such-device'
expect_no_file out

clproc run in -o out --device reference --resize 8x
expect_code 0
expect_err 'on .*reference'
expect_count out 2

# Words for devices ignore case, as their names do.
clproc run in -o words --device Reference --resize 8x
expect_code 0
for device in AUTO All,Reference Cpu; do
    clproc run in -o words --device "$device" --resize 8x --existing replace
    [ "$code" -eq 3 ] && expect_err 'no OpenCL device\|matches "Cpu"' && continue
    expect_code 0
    expect_count words 2
done

# PoCL offers what POCL_DEVICES names; the error says so, not only that there is no "cpu".
POCL_DEVICES=nonsense
export POCL_DEVICES
clproc devices
expect_code 0
[ "$(grep -c '^[0-9]' "$out")" -gt 1 ] || expect_err 'POCL_DEVICES is "nonsense".*unset it'
for device in auto cpu; do
    clproc run in -o out2 --device "$device" --resize 8x
    expect_refusal 3 'POCL_DEVICES is "nonsense".*unset it'
done
unset POCL_DEVICES

# Where PoCL offers no device, another driver's is taken, also by runs that would start PoCL alone.
POCL_DEVICES=none RUSTICL_ENABLE=llvmpipe
export POCL_DEVICES RUSTICL_ENABLE
clproc devices
if grep -q '^0  cpu: llvmpipe' "$out"; then
    for device in auto cpu; do
        clproc run in -o "out-$device" --device "$device" --resize 8x
        expect_code 0
        expect_err 'on llvmpipe'
    done
fi
unset POCL_DEVICES

# Facts of several devices are those of all.
clproc devices
if grep -q '^[0-9]*  cpu: llvmpipe' "$out"; then
    clproc run in -o all --device all --resize 8x --report all.json
    expect_code 0
    grep -q '"platform":"Portable Computing Language, rusticl"' all.json || fail "a platform is missing: $(grep platform all.json)"
fi
unset RUSTICL_ENABLE

OCL_ICD_VENDORS=$scratch/none
export OCL_ICD_VENDORS
clproc devices
expect_code 0
expect_err 'no OpenCL device was found; install'
clproc run in -o out2 --device cpu --resize 8x
expect_refusal 3 'OpenCL\|device'
clproc run in -o out2 --resize 8x
expect_refusal 3 'OpenCL\|device'
expect_no_file out2
clproc run in -o out2 --device reference --resize 8x
expect_code 0
expect_count out2 2
unset OCL_ICD_VENDORS

# Without /sys PoCL ends the process that asks it for devices.
if can_mount /sys; then
    code=0
    command_line=' run without /sys'
    unshare -rm sh -c 'mount -t tmpfs none /sys && exec "$0" run in -o out3 --resize 8x' \
        "$CLPROC" >"$out" 2>"$err" || code=$?
    expect_refusal 3 '/sys.*not mounted\|no OpenCL device'
    expect_no_file out3
fi
