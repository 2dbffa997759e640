#!/bin/sh
# Gathers seeds for one fuzz target and runs it over them and FUZZ_COUNT mutations of them, for at least
# FUZZ_SECONDS; FUZZ_SEED takes others. The input that ended it is kept.
# replay.sh TARGET [FOLDER]: only make the seeds, in FOLDER, as for a fuzzer.
. "$(dirname "$0")/../cli/lib.sh"
target=$1
seeds=${2:-$scratch/seeds}
mkdir -p "$seeds"
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}

small_files() { # PATTERN...: pictures that a decoder is through with at once
    for pattern in "$@"; do
        find "$images" "$corpus" -type f -name "$pattern" -size -64k \
            -exec cp --backup=numbered -t "$seeds" {} + 2>/dev/null
    done
}

# Lossy, lossless, animated; nothing where the program was built without it.
webp_files() {
    clproc help formats
    grep -q 'WebP  *not in this build' "$out" && return
    clproc run "$images" -o "$seeds/lossy" --resize 40x --format webp --device reference
    expect_code 0
    clproc run "$images" -o "$seeds/lossless" --resize 24x --webp-lossless --format webp \
        --device reference
    expect_code 0
    have img2webp && clproc run "$images" -o frames --resize 20x14:fit=fill --format png \
        --device reference && img2webp frames/*.png -o "$seeds/moving.webp" >/dev/null 2>&1
    return 0
}

avif_files() {
    clproc help formats
    grep -q 'AVIF  *not in this build' "$out" && return
    clproc run "$images" -o "$seeds/avif" --resize 20x --format avif --device reference
    expect_code 0
    clproc run "$images" -o "$seeds/exact" --resize 12x --webp-lossless --format avif \
        --device reference
    expect_code 0
}

case ${target##*_} in
jpeg | scan) small_files '*.jpg' '*.jpeg' ;;
png) small_files '*.png' ;;
webp) webp_files ;;
heif)
    avif_files
    if have heif-enc; then
        clproc run "$images" -o small --resize 16x16:fit=fill --format png --device reference
        for file in small/*.png; do
            heif-enc "$file" -o "$seeds/$(basename "$file").heic" >/dev/null 2>&1
        done
    fi
    ;;
pnm)
    clproc run "$images" -o "$seeds" --resize 12x --format pam --device reference
    expect_code 0
    clproc run "$images" -o "$seeds" --resize 12x --format pnm --device reference
    expect_code 0
    printf 'P6 # a comment\n2 2\n1023\n\1\2\3\0\1\2\3\0\1\2\3\0\1\2\3\0\1\2\3\0\1\2\3\0' >"$seeds/wide"
    ;;
tiff)
    have python3 || skip "python3 is not installed"
    python3 "$source_dir/tests/fuzz/seeds_tiff.py" "$seeds" || fail "no seeds can be made"
    for packed in lzw zip packbits; do
        have tiffcp && tiffcp -c $packed "$seeds/rgb.tif" "$seeds/$packed.tif" &&
            tiffcp -c $packed "$seeds/tiles.tif" "$seeds/$packed-tiles.tif"
    done
    have tiffcp && tiffcp -c jpeg -r 16 "$seeds/rgb.tif" "$seeds/jpeg.tif" &&
        tiffcp -c g4 "$seeds/bits.tif" "$seeds/g4.tif"
    ;;
lossless)
    webp_files
    avif_files
    small_files '*.jpg' '*.jpeg' '*.png'
    ;;
exif | icc | xmp) small_files '*.jpg' '*.jpeg' '*.png' ;;
index)
    small_files '*.jpg' '*.jpeg' '*.png'
    # Raw files, BigTIFFs, a TIFF file with an EXIF directory; filters.
    have python3 && python3 "$source_dir/tests/fuzz/seeds_raw.py" "$seeds"
    printf 'II*\0\010\0\0\0\003\0\017\001\002\0\012\0\0\0\110\0\0\0\022\001\003\0\001\0\0\0\006\0\0\0\151\207\004\0\001\0\0\0\062\0\0\0\0\0\0\0\001\0\232\202\005\0\001\0\0\0\122\0\0\0\0\0\0\0\0\0\0\0Canon EOS\0\001\0\0\0\372\0\0\0' \
        >"$seeds/tiff"
    printf '%s' 'iso > 800 and (lens ~ "50(mm|cm)$" or not Flash = null)' >"$seeds/where"
    ;;
model)
    cp "$source_dir"/tests/models/*.onnx "$seeds"
    cp "$source_dir"/tests/models/line.csv "$seeds"
    printf '{"feature0": 1.5, "a": null}\n\n{"a": true}\n' >"$seeds/lines"
    printf 'a,"b ""c"",",d\r\n1,"2\n3",\r\n' >"$seeds/quotes"
    ;;
pipeline)
    "$CLPROC" help | sed -n '/^Operations/,/^$/s/^  \([a-z-]*\) .*/\1/p' | while read -r op; do
        "$CLPROC" help "$op" | sed -n 's/^Example: .* -o out\/ --//p' >"$seeds/$op"
    done
    echo 'resize 19x20:fit=cover | blur 2 | gray' >"$seeds/three"
    echo 'pad 64x64:gravity=north:colour=#f80 | sharpen 1:amount=0.8:channels=rgb | levels 10:white=240' >"$seeds/four"
    ;;
run)
    clproc samples --count 16 --width 44 --height 30 -o small
    expect_code 0
    webp_files
    find "$seeds" -type f -exec mv --backup=numbered -t small {} +
    clproc samples --count 16 --width 20 --height 30 --kind orientation -o turned
    expect_code 0
    mv turned/* small
    number=0
    for picture in small/*; do
        for pipeline in 'resize 19x20:fit=cover | blur 2 | gray' 'resize 50%' 'rotate 90 | crop 10x10' '' \
            'pad 64x64:gravity=north:colour=#f80 | sharpen 1:amount=0.8:channels=rgb'; do
            # Eight bytes of options, the operations, the file.
            number=$((number + 1))
            bytes=$(printf '\\%03o' $((number % 4)) 80 $((number * 37 % 256)) $((number % 12)) \
                $((number % 16)) $((number * 8 % 128)) $((number * 7 % 256)) $((number * 5 % 256)))
            { printf "$bytes" && printf '%s\n' "$pipeline" && cat "$picture"; } >"$seeds/$number"
        done
    done
    ;;
report)
    clproc run "$images"/000*.jpg "$images"/001*.png -o out --resize 8x --device reference \
        --report "$seeds/summary.json" --report "$scratch/timeline.html"
    expect_code 0
    # As of a run that is too long to be kept one by one.
    sums='"calls":3,"total_ns":90,"first_calls":1,"first_ns":50,"most_images":2,"steady_ns":40,"least_ns":10'
    sums=$sums',"most_ns":30,"bytes":8,"operations":9,"delay_ns":7,"deviation_ns":14.142,"histogram":[[10,1],[30,1]]'
    sums=$sums',"stride":1,"samples":[[5,10,4,1],[70,30,4,2]]'
    sed -e 's|clproc-profile/1|clproc-profile/2|' -e 's|^"cores"|"kept_until":60,&|' \
        -e 's|"names":\[\]|"names":[{"kind":"kernel","name":"k"}]|' -e 's|"rows":\[\]|"rows":[[0,1,2,3,53,4,4,9,0,1,1]]|' \
        -e "s|\"batches\":\[|\"sums\":{\"busy_ns\":90,\"kernel_busy_ns\":90,\"transfer_busy_ns\":0,\"commands\":[{\"name\":0,$sums}]},&|" \
        "$seeds/summary.json" >"$seeds/sums.json"
    clproc report show "$seeds/sums.json"
    expect_code 0
    expect_out '^k  *3 '
    ;;
journal)
    clproc run "$images"/000*.jpg "$images"/001*.png -o out --resize 8x --device reference --resume
    expect_code 0
    cp out/.clproc-journal "$seeds/whole"
    head -c 50 "$seeds/whole" >"$seeds/torn"
    ;;
*) fail "no seeds are known for $target" ;;
esac
# What was found once.
cp "$source_dir/tests/fuzz/found/${target##*fuzz_}"-* "$seeds" 2>/dev/null
[ $# -gt 1 ] && exit

kept=$PWD/${target##*/}-crash
"$target" "$kept" "$seeds" || {
    mv "$kept" "${TMPDIR:-/tmp}/"
    fail "the input is kept as ${TMPDIR:-/tmp}/${kept##*/}"
}
