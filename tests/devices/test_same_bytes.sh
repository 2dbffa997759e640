#!/bin/sh
# One table of the ways that pictures can go through devices: drivers, several devices, lanes in the
# driver's threads or their own, copies or shared memory, tiles of groups or items, the device's JPEG
# codec, small budgets, numbers of threads. Every way must make the same bytes.
. "$(dirname "$0")/../cli/lib.sh"

clproc samples -o in --count 16 --kind mixed --width 500 --height 370 --seed 4
expect_code 0
clproc samples -o in --count 2 --kind photo --width 2300 --height 1700 --seed 5
mkdir few
# One that a device decodes, one whose rows travel though its results are encoded there, and no JPEG.
for each in 000 001 012; do
    cp "$(find in -name "$each*" | sort | head -n 1)" few/
done
clproc samples -o marks --count 4 --width 90 --height 60
mark=$(echo marks/003-*.png)
cat >pipelines <<END
resize 60% | blur 1
gray | resize 41% | overlay $mark:gravity=centre
rotate 90 | resize 300x | overlay $mark:width=30%:opacity=0.8
resize 45% | gamma 1.4 | levels 90:gamma=2
END

# Bytes of every output that differ from those of the same name in $1 made by the first way.
differing() { # EXPECTED FOUND
    for file in "$2"/*/*; do
        cmp -l "$1/${file#"$2"/}" "$file" 2>&1 | wc -l
    done | awk '{ sum += $1 } END { print sum + 0 }'
}

# Runs all pipelines over a folder into $1/N.
make_all() { # OUT FOLDER OPTIONS...
    out_folder=$1 folder=$2
    shift 2
    number=0
    rm -rf "$out_folder"
    while read -r pipeline; do
        number=$((number + 1))
        "$CLPROC" run "$folder" -o "$out_folder/$number" --pipeline "$pipeline" --format keep \
            --progress off "$@" 2>>"$scratch/said" </dev/null || return 1
    done <pipelines
}

# A way that features are computed.
features() { # NAME FORCE FOLDER OPTIONS...
    name=$1 force=$2 folder=$3
    shift 3
    CLPROC_FORCE=$force "$CLPROC" index "$folder" -o features.jsonl --features --quiet "$@" 2>>"$scratch/said" ||
        fail "features, $name: $(tail -n 1 "$scratch/said")"
    [ -e "expected-$folder.jsonl" ] || cp features.jsonl "expected-$folder.jsonl"
    wrong=$(cmp -l "expected-$folder.jsonl" features.jsonl 2>&1 | wc -l)
    printf '%-52s %8d %8d\n' "features, $name" "$(wc -l <features.jsonl)" "$wrong"
    [ "$wrong" -eq 0 ] || failed=1
}

failed=0
# A row of the table.
way() { # NAME FORCE FOLDER OPTIONS...
    name=$1 force=$2 folder=$3
    shift 3
    if ! CLPROC_FORCE=$force make_all found "$folder" "$@"; then
        printf '%-52s %8s\n' "$name" "failed, having said:"
        tail -n 8 "$scratch/said"
        failed=1
        return
    fi
    wrong=$(differing expected found)
    printf '%-52s %8d %8d\n' "$name" "$(find found -type f | wc -l)" "$wrong"
    [ "$wrong" -eq 0 ] || failed=1
}

CLPROC_FORCE=pool make_all expected in --device cpu --jobs 1 ||
    skip "there is no OpenCL on the processor"
printf '%-52s %8s %8s\n' way outputs "bytes differ"
way "PoCL, its threads, 3 lanes" pool in --device cpu --jobs 3
way "PoCL, kernels in the lane's thread, 1 lane" thread in --device cpu --jobs 1
way "PoCL, kernels in the lane's thread, 8 lanes" thread in --device cpu --jobs 8
way "PoCL, decoded whole" "" in --device cpu --strategy=-stream
way "PoCL, waiting after every portion" pool in --device cpu --strategy=-overlap
way "PoCL, copies instead of shared memory" discrete in --device cpu --jobs 3
way "PoCL, group tiles" group in --device cpu --jobs 2
way "PoCL, group tiles and copies" group,discrete in --device cpu --jobs 2
way "PoCL, JPEG codec on the device" device-codec in --device cpu --jobs 2
way "PoCL, JPEG codec, copies" device-codec,discrete few --device cpu --jobs 1
way "PoCL, two at a time" "" in --device cpu --jobs 4 --batch 2
way "PoCL, 14 MB for all pictures" "" in --device cpu --jobs 4 --memory 14M
way "PoCL, 12 MB on the device, copies" discrete in --device cpu --jobs 4 --device-memory 12M
way "PoCL's processors one by one" sub-devices in --device all --jobs 4
way "two of them, named twice" sub-devices in --device 0,1,0 --jobs 3
for folder in in few; do
    features "PoCL" "" $folder --device cpu --jobs 2
done
features "PoCL, group tiles" group in --device cpu --jobs 3
features "PoCL, copies instead of shared memory" discrete in --device cpu --jobs 1
features "PoCL, JPEG codec" device-codec in --device cpu
export RUSTICL_ENABLE=llvmpipe
if "$CLPROC" devices 2>/dev/null | grep -q 'platform *rusticl'; then
    way "rusticl" "" few --device rusticl --jobs 1
    features "rusticl" "" few --device rusticl
    way "PoCL beside rusticl" "" few --device cpu,rusticl --jobs 2
else
    echo "skipped: rusticl is not installed"
fi
if "$CLPROC" devices 2>/dev/null | grep -q '^[0-9]* *gpu:'; then
    way "GPU" "" in --device gpu
    features "GPU" "" in --device gpu
    way "GPU without its JPEG codec" "" in --device gpu --strategy=-device-codec
    way "GPU beside the processor" "" in --device gpu,cpu
    way "GPU, 16 MB" "" in --device gpu --device-memory 16M
else
    echo "skipped: there is no GPU"
fi
library=${OCLGRIND_ICD:-$(find /usr/lib /usr/local/lib -name liboclgrind-rt-icd.so 2>/dev/null | head -n 1)}
if [ -n "$library" ]; then
    mkdir vendors tiny
    echo "$library" >vendors/oclgrind.icd
    "$CLPROC" samples -o small --count 16 --kind mixed --width 40 --height 31 2>/dev/null
    # A JPEG and another: a group works on a whole tile, however small the picture.
    for each in 000 012; do
        cp "$(find small -name "$each*" | head -n 1)" tiny/
    done
    make_all expected tiny --device cpu --jobs 1 || fail "tiny pictures"
    export OCL_ICD_VENDORS="$PWD/vendors/"
    way "Oclgrind, items" item tiny --device oclgrind --jobs 1
    way "Oclgrind, groups" group tiny --device oclgrind --jobs 2
    for most in 1 32; do
        export OCLGRIND_MAX_WGSIZE=$most
        way "Oclgrind, work-groups of $most" group tiny --device oclgrind --jobs 1
    done
else
    echo "skipped: Oclgrind is not installed"
fi
[ $failed -eq 0 ] || fail "not every way makes the same bytes"
