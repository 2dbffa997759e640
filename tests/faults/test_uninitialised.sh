#!/bin/sh
# Nothing of what memory held before gets into a picture. Truncated and corrupt files that are
# accepted come out the same whatever malloc() fills blocks with, and whole ones whatever new device
# buffers hold.
. "$(dirname "$0")/../cli/lib.sh"
have python3 || skip "python3 is not installed"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"

# Each small picture cut short at three places, and with bytes turned over in two.
python3 - "$images" whole broken <<'END'
import os, sys
source, whole, broken = sys.argv[1:]
os.mkdir(broken)
for name in sorted(os.listdir(source)):
    stem, ending = os.path.splitext(name)
    if ending not in (".jpg", ".png"):
        continue
    data = open(os.path.join(source, name), "rb").read()
    for share in (30, 60, 95):
        open(f"{broken}/{stem}-{share}{ending}", "wb").write(data[: len(data) * share // 100])
    for share in (45, 80):
        at = len(data) * share // 100
        changed = data[:at] + bytes(b ^ 0x5A for b in data[at : at + 8]) + data[at + 8 :]
        open(f"{broken}/{stem}-x{share}{ending}", "wb").write(changed)
END
tests=$(find broken -type f | wc -l)
run() { # FILL BATCH JOBS FORCE: other pictures stand in a slot before, too
    MALLOC_PERTURB_=$1 CLPROC_FORCE=$4
    export MALLOC_PERTURB_ CLPROC_FORCE
    clproc run broken -o "out$1" --fail-on none --resize 90x --pad 100x100 --batch "$2" --jobs "$3"
    unset MALLOC_PERTURB_ CLPROC_FORCE
    case $code in 0 | 1) ;; *) fail "exit code 0 or 1 was expected" ;; esac
}

run 1 7 1 ''
run 85 3 3 ''
run 254 64 2 discrete
written=$(find out1 -type f | wc -l)
[ "$written" -ge $((tests / 3)) ] || fail "only $written of $tests were accepted"
for fill in 85 254; do
    differences=$(diff -rq out1 "out$fill")
    [ -z "$differences" ] || fail "what memory held is in pictures: $differences"
done
echo "$written of $tests broken pictures accepted; the same whatever memory held"
echo "verify: T15 pictures free of what memory held: tried $written, survived $written"

# 255 makes a float that is no number, which multiplication by 0 does not remove.
for size in 17x31 70x33; do
    "$CLPROC" samples --count 16 --width ${size%x*} --height ${size#*x} -o whole/$size 2>"$err" ||
        fail "no pictures"
done
for force in none 'group discrete'; do
    rm -rf filled0 filled255
    for fill in 0 255; do
        CLPROC_FORCE=$force FAULT_FILL=$fill OPENCL_LAYERS=$FAULT_LAYER
        export CLPROC_FORCE FAULT_FILL OPENCL_LAYERS
        clproc run whole -o filled$fill --batch 9 --resize 13x19:fit=fill --rotate 90 --blur 1.2 \
            --gamma 1.4 --sharpen 1 --pad 30x30
        expect_code 0
    done
    differences=$(diff -rq filled0 filled255)
    [ -z "$differences" ] || fail "what buffers held is in pictures: $differences"
done
echo "whole pictures are the same whatever buffers held"
