#!/bin/sh
# What a driver's compiler has to say of kernels is for nobody who sends pictures through them: no device
# prints anything when it compiles.
. "$(dirname "$0")/lib.sh"
make_pictures in
POCL_CACHE_DIR=$scratch/fresh XDG_CACHE_HOME=$scratch/fresh RUSTICL_ENABLE=llvmpipe
export XDG_CACHE_HOME RUSTICL_ENABLE
mkdir -p "$POCL_CACHE_DIR"

clproc devices --json
expect_code 0
devices=$(grep -o '"index": *[0-9]*' "$out" | tr -cd '0-9\n')
[ -n "$devices" ] || fail "no device is listed"
for device in $devices; do
    clproc run in -o "out-$device" --resize 40x --device "$device"
    expect_code 0
    expect_failures 0
    expect_no_err 'warning'
done
exit 0
