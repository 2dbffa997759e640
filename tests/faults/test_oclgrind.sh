#!/bin/sh
# Kernels in a simulator that watches every access: out of bounds, data races between work-items,
# wrong use of the API. The log must stay empty. Normally every pipeline on four pictures; FAULT_ALL=1
# runs everything. (Its check for values nobody has written takes some for such that have been
# written, and loads of whole vectors reach into the padding of rows: test_uninitialised.sh has a
# sharper one.) What plans can ask for must all have run; of groups' kernels only with FAULT_ALL=1.
. "$(dirname "$0")/../cli/lib.sh"
library=${OCLGRIND_ICD:-$(find /usr/lib /usr/local/lib -name liboclgrind-rt-icd.so 2>/dev/null | head -n 1)}
[ -n "$library" ] || skip "Oclgrind is not installed"
have python3 || skip "python3 is not installed"
mkdir vendors
echo "$library" >vendors/oclgrind.icd
export OCL_ICD_VENDORS="$PWD/vendors/" OCLGRIND_LOG="$scratch/log" OCLGRIND_CHECK_API=1 \
    OCLGRIND_DATA_RACES=1
: >"$scratch/kernels"

# Runs a pipeline; the log must be empty, and every picture written.
check() { # FORCE FOLDER OPTIONS...
    # Large copies under a watch on races take 13 GB.
    CLPROC_FORCE="unprobed $1" folder=$2
    export CLPROC_FORCE
    shift 2
    rm -rf out "$OCLGRIND_LOG"
    clproc run "$folder" -o out --jobs 1 --device oclgrind --report report.json "$@"
    expect_code 0
    [ ! -s "$OCLGRIND_LOG" ] || fail "Oclgrind says: $(head -n 12 "$OCLGRIND_LOG")"
    python3 - "$CLPROC_FORCE" >>"$scratch/kernels" <<'END' || fail "no kernels are in the report"
import json, sys
force = "items" if "item" in sys.argv[1] else "groups"
names = {c["name"] for c in json.load(open("report.json"))["commands"]["names"] if c["kind"] == "kernel"}
print("\n".join(f"{force}: {name}" for name in names))
END
}

# Less than a tile, a row, a column, odd, more than a tile of either kind.
for size in 1x1 1x19 23x1 17x31 70x33; do
    "$CLPROC" samples --count 16 --width ${size%x*} --height ${size#*x} -o "$size" 2>"$err" ||
        fail "no pictures"
done
mkdir few
for each in 000 003 005 007; do
    cp 17x31/$each* few/
done

pipelines='resize 9x7:fit=fill
resize 40x | rotate 90
resize 30x:filter=nearest | pad 50x40:colour=#f80
gray | blur 1.2
saturation 1.4 | sharpen 1
gamma 1.4 | blur 9
overlay few/003-png-rgba-soft.png:gravity=centre:width=130%:opacity=0.7'
echo "$pipelines" >list
number=0

for size in few ${FAULT_ALL:+17x31 1x19 70x33 23x1 1x1}; do
    while read -r pipeline; do
        number=$((number + 1))
        check item $size --pipeline "$pipeline"
        # In turn, where not everything is tried: linear light, 16 bits.
        if [ $size = few ] && [ -n "${FAULT_ALL-}" ] || [ $((number % 2)) -eq 0 ]; then
            check 'item discrete' few --pipeline "$pipeline" --linear
        fi
        if [ $size = few ] && [ -n "${FAULT_ALL-}" ] || [ $((number % 2)) -eq 1 ]; then
            check item few --pipeline "$pipeline" --depth 16 --format png
        fi
    done <list
done

# A group works on a whole tile, however small the picture: some of the pipelines take long enough.
[ -n "${FAULT_ALL-}" ] || sed -i -n '1p;3p;5p;7p' list
sed -i '1s/$/:filter=bilinear/' list
for size in few ${FAULT_ALL:+1x19 17x31 70x33}; do
    while read -r pipeline; do
        check '' $size --pipeline "$pipeline"
        [ -z "${FAULT_ALL-}" ] || check discrete $size --pipeline "$pipeline" --depth 16 --format png
    done <list
done

# What only few plans ask for.
rare() { # FORCE
    check "$1" few --pipeline 'rotate 90 | gray' --format jpg
    check "$1" few --pipeline 'resize 12x9:fit=fill | rotate 90' --format png
    check "$1" few --pipeline 'resize 12x9:fit=fill | rotate 90' --strategy=-compose
    check "$1" deep --pipeline 'resize 9x7:fit=fill'
}
# Alpha of 16 bits
clproc run few -o deep --format png --depth 16 --device reference
expect_code 0
rare item
[ -z "${FAULT_ALL-}" ] || rare ''
# Features have no report. Of groups one picture will do: all have as many strips.
mkdir one
cp few/003* one/
for force in item group; do
    [ $force = item ] && folder=few || folder=one
    rm -f "$OCLGRIND_LOG"
    CLPROC_FORCE=$force
    clproc index $folder -o features.jsonl --features --jobs 1 --device oclgrind
    expect_code 0
    [ "$(grep -c LumaMean features.jsonl)" -eq "$(find $folder -type f | wc -l)" ] ||
        fail "every picture has features: $(cat features.jsonl)"
    [ ! -s "$OCLGRIND_LOG" ] || fail "Oclgrind says: $(head -n 12 "$OCLGRIND_LOG")"
    echo "${force}s: features u8" >>"$scratch/kernels"
done
sort "$scratch/kernels" | uniq -c
while read -r pipeline; do
    "$CLPROC_BUILD/tests/faults/fault_variants" "$pipeline" || fail "what plans ask for is not known"
done <<END | sort -u >"$scratch/variants"
$pipelines
rotate 90 | gray
resize 12x9:fit=fill | rotate 90
END
[ -s "$scratch/variants" ] || fail "plans ask for nothing"
for force in items ${FAULT_ALL:+groups}; do
    never=$(sed -n "s/^$force: //p" "$scratch/kernels" | sort -u | comm -13 - "$scratch/variants")
    [ -z "$never" ] || fail "$force: never run: $never"
done
kinds=$(sort -u "$scratch/kernels" | wc -l)
echo "verify: T17 kernels in Oclgrind: tried $kinds, survived $kinds"
