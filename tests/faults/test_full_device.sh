#!/bin/sh
# A device that says it has more memory than it can give, as a GPU that others use: pictures go
# through in portions, or with fewer beside them, or on another device; the same bytes.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/"
"$CLPROC" samples --kind photo --count 4 --width 3000 --height 2400 -o in 2>"$err" || fail "no pictures"
tried=0
strategy=--strategy=-device-codec

with_room() { # MEGABYTES CODE OPTIONS...
    room=$1 expected=$2
    shift 2
    tried=$((tried + 1))
    rm -rf out
    command_line=" run in -o out $* with FAULT_SMALL=room of $room MB"
    code=0
    FAULT_SMALL=room=$((room * 1000000)) OPENCL_LAYERS=$FAULT_LAYER \
        "$CLPROC" run in -o out $strategy "$@" >"$out" 2>"$err" || code=$?
    expect_code "$expected"
}

same_bytes() { # ROOMS OPERATIONS...
    rooms=$1
    shift
    command_line=" run in -o free $*"
    "$CLPROC" run in -o free "$@" --device cpu >"$out" 2>"$err" || fail "it does not work at all"
    for room in $rooms; do
        CLPROC_FORCE=discrete with_room "$room" 0 "$@" --jobs 3
        expect_err 'less memory to give than it says'
        [ -z "$(diff -rq out free)" ] || fail "other bytes with little memory"
    done
    rm -rf free
}

# As a whole, some beside each other; one alone; in bands.
same_bytes '30 20 12' --resize 1000x
same_bytes '60 46 26' --resize 1000x --gamma 1.5

# Where there is no room for the device's JPEG codec, either, it does without: alone, so that there is none to wait for.
strategy=''
rm in/00[1-9]*
command_line=' run in -o free --resize 2000x'
"$CLPROC" run in -o free --resize 2000x --device cpu >"$out" 2>"$err" || fail "it does not work at all"
CLPROC_FORCE=discrete,device-codec with_room 20 0 --resize 2000x --jobs 1
[ -z "$(diff -rq out free)" ] || fail "other bytes without the codec"
"$CLPROC" samples --kind photo --count 4 --width 3000 --height 2400 -o in 2>"$err" || fail "no pictures"
strategy=--strategy=-device-codec

# Nothing helps where there is room for nothing: each file is named, with the cause.
CLPROC_FORCE=discrete with_room 2 1 --resize 1000x --jobs 2
[ "$(grep -c 'in/.*: clCreateBuffer failed for ' "$err")" -eq 4 ] || fail "4 files should be named"
echo "verify: T32 devices with less memory than they say: tried $tried, survived $tried"
