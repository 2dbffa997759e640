#!/bin/sh
# Devices with little memory, small buffers, little local memory, small groups: pictures come out as ever,
# or fail with the cause. PoCL through a layer that refuses more, then Oclgrind, which is built to be small.
# PoCL compiles the kernels of GPUs anew for every size of groups, slowly: FAULT_ALL=1 tries all of that.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
! ldd "$CLPROC" | grep -q -e libasan || skip "a layer is loaded before a sanitizer"
mkdir pocl oclgrind
cp /etc/OpenCL/vendors/pocl.icd pocl
export OCL_ICD_VENDORS="$PWD/pocl/"
tried=0 made=0

# What is there is right, and what is not was told with a cause.
check() { # FOLDER
    case $code in 0 | 1 | 3 | 4) ;; *) fail "exit code 0, 1, 3 or 4 was expected" ;; esac
    wrong=$(diff -rq out expected 2>/dev/null | grep -v '^Only in expected')
    [ -z "$wrong" ] || fail "other bytes on a small device: $wrong"
    there=$(find out -type f 2>/dev/null | wc -l) wanted=$(find "$1" -type f | wc -l)
    if [ "$there" -lt "$wanted" ]; then
        [ "$code" -ne 0 ] || fail "$there of $wanted outputs, and exit code 0"
        expect_err 'memory\|exceeds\|CL_MEM_OBJECT_ALL\|CL_INVALID_WORK_GROUP\|CL_INVALID_BUFFER_SIZE'
    fi
    made=$((made + there))
    tried=$((tried + 1))
}

"$CLPROC" samples --count 4 --width 700 --height 500 -o in 2>"$err" || fail "no pictures"
op='resize 60% | blur 1.2'
for force in '' discrete group ${FAULT_ALL:+'group discrete'}; do
    set -- alloc=65536 alloc=1000000 alloc=16000000 global=2000000 global=40000000 group=1 group=8 group=64 \
        local=512 local=8192
    if [ "$force" = group ] && [ -z "${FAULT_ALL-}" ]; then
        op='resize 60%'
        set -- global=2000000 group=8 local=512
    fi
    rm -rf expected
    CLPROC_FORCE=$force "$CLPROC" run in -o expected --device cpu --pipeline "$op" 2>"$err" || fail "no pictures"
    for small in "$@"; do
        rm -rf out
        command_line=" run in; CLPROC_FORCE='$force' FAULT_SMALL=$small"
        code=0
        OPENCL_LAYERS=$FAULT_LAYER CLPROC_FORCE=$force FAULT_SMALL=$small \
            "$CLPROC" run in -o out --device cpu --pipeline "$op" >"$out" 2>"$err" || code=$?
        check in
    done
done

# Where a buffer can hold less than a whole picture takes, be it of scratch memory or of a decoded JPEG, the
# picture comes in bands.
"$CLPROC" samples --count 1 --width 2400 --height 1800 -o large 2>"$err" || fail "no picture"
bands() { # BYTES ARGUMENTS...
    rm -rf out expected
    small=alloc=$1
    shift
    CLPROC_FORCE=discrete "$CLPROC" run large -o expected --device cpu "$@" 2>"$err" || fail "no picture"
    command_line=" run large $*; CLPROC_FORCE=discrete FAULT_SMALL=$small"
    code=0
    OPENCL_LAYERS=$FAULT_LAYER CLPROC_FORCE=discrete FAULT_SMALL=$small \
        "$CLPROC" run large -o out --device cpu "$@" >"$out" 2>"$err" || code=$?
    expect_code 0
    check large
}
bands 22000000 --linear --blur 2
bands 3000000 --resize 400x --shrink-on-load off

library=${OCLGRIND_ICD:-$(find /usr/lib /usr/local/lib -name liboclgrind-rt-icd.so 2>/dev/null | head -n 1)}
if [ -n "$library" ]; then
    echo "$library" >oclgrind/oclgrind.icd
    export OCL_ICD_VENDORS="$PWD/oclgrind/" CLPROC_FORCE=
    "$CLPROC" samples --count 1 --width 40 --height 30 -o tiny 2>"$err" || fail "no pictures"
    rm -rf expected
    "$CLPROC" run tiny -o expected --device oclgrind --resize 50% 2>"$err" || fail "no picture"
    for small in OCLGRIND_GLOBAL_MEM_SIZE=100000 OCLGRIND_MAX_WGSIZE=1 OCLGRIND_MAX_WGSIZE=16 \
        OCLGRIND_LOCAL_MEM_SIZE=1024; do
        rm -rf out
        command_line=" run tiny; $small"
        code=0
        env "$small" "$CLPROC" run tiny -o out --device oclgrind --resize 50% >"$out" 2>"$err" || code=$?
        check tiny
    done
fi
[ $made -ge $tried ] || fail "only $made pictures in $tried runs"
echo "$made pictures in $tried runs"
echo "verify: T21 small devices: tried $tried, survived $tried"
