#!/bin/sh
# Guard bytes on both sides of every device buffer, looked at after every kernel (guards.h): nothing may
# have changed them. Then a kernel writes a byte beyond each
# end of each buffer, which must be seen.
# FAULT_ALL=1 has the kernels of GPUs run so, too.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
! ldd "$CLPROC" | grep -q -e libasan || skip "a layer is loaded before a sanitizer"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/" FAULT_LOG="$scratch/log"
"$CLPROC" samples --count 16 --width 37 --height 21 -o in 2>"$err" || fail "no pictures"

guarded() { # FORCE ARGUMENTS...
    rm -rf out "$scratch/guards"
    command_line=" run -o out --device cpu $*; CLPROC_FORCE='$1'"
    force=$1
    shift
    code=0
    OPENCL_LAYERS=$FAULT_LAYER FAULT_GUARDS="$scratch/guards" CLPROC_FORCE=$force \
        "$CLPROC" run -o out --device cpu "$@" >"$out" 2>"$err" || code=$?
    expect_code 0
    buffers=$(sed -n 's/^guarded //p' "$FAULT_LOG")
    [ "${buffers:-0}" -gt 0 ] || fail "no buffer had guards"
}

tried=0
for force in '' 'discrete device-codec' ${FAULT_ALL:+group 'group discrete'}; do
    for pipeline in 'resize 9x7:fit=fill' 'rotate 90 | pad 50x40:colour=#f80' 'saturation 1.4 | blur 1.2' \
        'gamma 1.4 | sharpen 1'; do
        CLPROC_FORCE=$force "$CLPROC" run in -o expected --device cpu --pipeline "$pipeline" 2>"$err"
        guarded "$force" in --pipeline "$pipeline"
        [ ! -e "$scratch/guards" ] || fail "written beyond: $(head -n 5 "$scratch/guards")"
        diff -r out expected >/dev/null || fail "guards have changed what comes out"
        tried=$((tried + buffers))
    done
    export FAULT_OVERRUN=1
    guarded "$force" in --pipeline "$pipeline"
    unset FAULT_OVERRUN
    for place in 'byte 0 behind' 'byte 1 before'; do
        seen=$(grep -c "$place" "$scratch/guards")
        [ "$seen" -eq "$buffers" ] || fail "$place: seen of $seen of $buffers buffers"
    done
    expect_lines "$scratch/guards" $((2 * buffers))
    tried=$((tried + 2 * buffers))
done
echo "verify: T18 buffers with guards, and bytes beyond them: tried $tried, survived $tried"
