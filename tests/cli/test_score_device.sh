#!/bin/sh
# Trees and matrices on OpenCL devices: the same bytes as the host's threads, whatever the driver.
. "$(dirname "$0")/lib.sh"
models=$source_dir/tests/models
columns=feature0,feature1,feature2,feature3,feature4,feature5

# Scores of several kinds of trees, and of none, with a device's name and options, as with threads.
expect_same_scores() { # DEVICE MODELS OPTIONS...
    device=$1 names=$2
    shift 2
    for name in $names; do
        clproc score "$models/$name.onnx" "$models/$name.csv" -o host.csv -q --columns $columns
        expect_code 0
        clproc score "$models/$name.onnx" "$models/$name.csv" -o device.csv -q --columns $columns --device "$device" "$@"
        expect_code 0
        expect_same host.csv device.csv
    done
}

clproc devices
grep -q "^[0-9]* *cpu:" "$out" || skip "PoCL is not installed"
# Missing values, several ensembles of several sums in one, and matrices.
expect_same_scores cpu "hist sigmoid3 line softmax double3"

# Several models, threads and launches.
head -n 1 "$models/forest.csv" >many.csv
for _ in $(seq 400); do
    sed 1d "$models/forest.csv"
done >>many.csv
for device in '' '--device cpu'; do
    # shellcheck disable=SC2086
    clproc score "$models/forest.onnx" many.csv --model "$models/boosted.onnx" -o "scored$device.csv" -j 3 $device
    expect_code 0
    expect_err "10000 rows scored"
done
expect_same scored.csv "scored--device cpu.csv"

clproc score "$models/forest.onnx" many.csv -o none.csv --device reference
expect_refusal 2 "the reference device has no models"
clproc score "$models/forest.onnx" many.csv -o none.csv --device nosuch
expect_refusal 3 'no usable device matches "nosuch"'
expect_no_file none.csv

export RUSTICL_ENABLE=llvmpipe
if "$CLPROC" devices 2>/dev/null | grep -q 'platform *rusticl'; then
    expect_same_scores rusticl "indexed softmax"
else
    echo "skipped: rusticl is not installed"
fi
if "$CLPROC" devices 2>/dev/null | grep -q '^[0-9]* *gpu:'; then
    expect_same_scores gpu "forest3 hist indexed sigmoid3 line softmax double3"
else
    echo "skipped: there is no GPU"
fi
library=${OCLGRIND_ICD:-$(find /usr/lib /usr/local/lib -name liboclgrind-rt-icd.so 2>/dev/null | head -n 1)}
if [ -n "$library" ]; then
    mkdir vendors
    echo "$library" >vendors/oclgrind.icd
    export OCL_ICD_VENDORS="$PWD/vendors/" OCLGRIND_LOG="$scratch/log" OCLGRIND_CHECK_API=1 \
        OCLGRIND_DATA_RACES=1 OCLGRIND_UNINITIALIZED=1
    # Its search for uninitialised memory ends a program that writes buffers from several threads.
    expect_same_scores oclgrind "hist3 softmax" -j 1
    [ ! -s "$OCLGRIND_LOG" ] || fail "Oclgrind says: $(head -n 12 "$OCLGRIND_LOG")"
else
    echo "skipped: Oclgrind is not installed"
fi
