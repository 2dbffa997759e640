#!/bin/sh
# The JPEG codec's kernels in a simulator that watches every access: out of bounds, data races
# between work-items, wrong use of the API. The log must stay empty.
. "$(dirname "$0")/../cli/lib.sh"
library=${OCLGRIND_ICD:-$(find /usr/lib /usr/local/lib -name liboclgrind-rt-icd.so 2>/dev/null | head -n 1)}
[ -n "$library" ] || skip "Oclgrind is not installed"
mkdir vendors
echo "$library" >vendors/oclgrind.icd
export OCL_ICD_VENDORS="$PWD/vendors/" OCLGRIND_LOG="$scratch/log" OCLGRIND_CHECK_API=1 \
    OCLGRIND_DATA_RACES=1 CLPROC_JPEG_PLATFORM=Oclgrind
for name in decode encode; do
    rm -f "$OCLGRIND_LOG"
    FAULT_LOG="$scratch/$name" OPENCL_LAYERS=$FAULT_LAYER "$CLPROC_BUILD/tests/test_kernels_jpeg_$name" a_few >"$out" 2>&1 ||
        fail "$name: $(tail -n 5 "$out")"
    grep -q 'OK.*a_few' "$out" || fail "$name: nothing was run"
    [ ! -s "$OCLGRIND_LOG" ] || fail "Oclgrind says: $(head -n 12 "$OCLGRIND_LOG")"
done
# Every kernel of the codec has run.
sed -n 's/^ran //p' "$scratch/decode" "$scratch/encode" | sort -u >ran
sed -n 's/^__kernel void \(jpeg_[a-z_]*\)(.*/\1/p' "$source_dir"/kernels/*.cl | sort -u >all
[ -s all ] || fail "the codec's kernels are not found"
[ -z "$(comm -13 ran all)" ] || fail "never run: $(comm -13 ran all)"
kinds=$(wc -l <all)
echo "verify: T17 kernels of the JPEG codec in Oclgrind: tried $kinds, survived $kinds"
