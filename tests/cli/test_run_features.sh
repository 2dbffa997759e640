#!/bin/sh
# run --features: the rows that `clproc index --features` gives, whatever else the run makes of the
# pictures, from one open of each file.
. "$(dirname "$0")/lib.sh"
clproc devices
grep -q 'cpu:' "$out" || skip "there is no OpenCL on the processor"
need_modules PIL.Image

mkdir in
cp "$images"/00* in/
pictures=$(find in -type f | wc -l)
clproc index in -o want.csv --features -q
expect_code 0

# ---------------------------------------------- the same values, whatever becomes of pictures
clproc run in -o plain --resize 200x
clproc run in -o a --resize 200x --features a.csv
expect_code 0
expect_err "^clproc: $pictures written, 0 skipped, 0 failed"
expect_same a.csv want.csv
expect_count a "$pictures"
for file in a/*; do
    expect_same "$file" "plain/${file#a/}"
done
number=0
while read -r options; do
    number=$((number + 1))
    # shellcheck disable=SC2086 # several options
    clproc run in -o "b$number" $options --features "b$number/rows.csv"
    expect_code 0
    expect_same "b$number/rows.csv" want.csv
done <<END
--linear --resize 320x --no-auto-orient --gray
--strip all
--strategy naive --blur 2 --format png --depth 16
--resize 320x320 --to thumbs --resize 40x40 --to {name}-{width}.png --rotate 90
--resize 100x --verify 3 --jobs 1
END
expect_count thumbs "$pictures"
clproc run in --null-output --icc srgb --features c.jsonl
expect_code 0
clproc index in -o want.jsonl --features -q
expect_same c.jsonl want.jsonl
clproc run in/000* -o - --resize 20x --features one.csv
expect_code 0
expect_lines one.csv 2
clproc run in/000* in -o twice/{index}.png --resize 20x --features twice.csv
expect_code 0
expect_count twice $((pictures + 1))
expect_lines twice.csv $((pictures + 1)) # with the row of names: a file has one row

if have strace && strace -o /dev/null true 2>/dev/null; then
    strace -f -e trace=open,openat -o opens "$CLPROC" run in -o a --resize 200x --features a.csv -q ||
        fail "the run under strace"
    seen=$(grep -c '"in/[^"]*\.[jp][pn]g"' opens)
    [ "$seen" -eq "$pictures" ] || fail "$pictures files were opened $seen times"
fi

# ------------------------------------------- one decode of a JPEG serves outputs and features
# expect_calls REPORT COUNT [NAME]: how often pictures were decoded, or else a stage or a kernel came.
expect_calls() {
    found=$(grep -o "\"name\":\"${3-decode}\",[^}]*\"calls\":[0-9]*" "$1" | sed 's/.*"calls"://')
    [ "${found:-0}" -eq "$2" ] || fail "${3-decode}: ${found:-0} times, not $2"
}
mkdir large
clproc samples -o large --kind photo --count 2 --width 2700 --height 1501 -q
first=$(find large -name '000*')
kinds=0
if have djpeg && have cjpeg; then
    djpeg -pnm "$first" >all.ppm
    while read -r name options; do
        # shellcheck disable=SC2086 # several options
        cjpeg -quality 90 $options all.ppm >"large/$name.jpg"
        kinds=$((kinds + 1))
    done <<END
444 -sample 1x1
422 -sample 2x1 -restart 1
440 -sample 1x2
411 -sample 4x1
gray -grayscale -restart 20B
rgb -rgb
progressive -progressive
END
else
    echo "skipped: djpeg and cjpeg are not there: other samplings"
fi
python3 - "$first" <<'END' || fail "CMYK cannot be made"
import sys
from PIL import Image
Image.open(sys.argv[1]).convert("CMYK").save("large/cmyk.jpg")
END
kinds=$((kinds + 1))
clproc index large -o want-large.csv --features -q
expect_code 0
for options in '--resize 900x' '--resize 1900x' '--null-output --blur 1' '--resize 1400x --to second --resize 700x' \
    '--resize 500x --memory 64M' '--resize 1000x --jobs 1' '--resize 1000x --jobs 3' \
    '--resize 1000x --gray' '--format png --png-level 1'; do
    # shellcheck disable=SC2086 # several options
    clproc run large -o l --existing overwrite $options --features large.csv --report large.json
    expect_code 0
    expect_same large.csv want-large.csv
    case $options in
    *--memory*) ;; # what there is no room for
    *) expect_calls large.json $((2 + kinds)) ;;
    esac
done

# Damage that the outputs tolerate does not need a second decode; what they refuse has not been
# decoded to its end.
mkdir torn
for file in large/*; do
    head -c 60000 "$file" >"torn/${file#large/}"
done
clproc index torn -o want-torn.csv --features -q
for tolerance in none truncated; do
    clproc run torn -o t --existing overwrite --resize 900x --fail-on $tolerance --features torn.csv --report torn.json
    expect_same torn.csv want-torn.csv
    count=$((2 + kinds))
    if [ $tolerance = none ]; then
        expect_err 'warning: Premature end'
        expect_no_err 'EOI' # the least of what is missing
    else
        count=$((2 * count))
    fi
    expect_calls torn.json "$count"
done

# A scan that a device decodes is packed, sent and searched for its blocks once; only samples of another
# size are made of these again.
mkdir scans
cp large/* scans
rm -f scans/cmyk.jpg scans/rgb.jpg scans/progressive.jpg # of which no device decodes the scan
python3 - "$first" <<'END' || fail "no picture on its side can be made"
import sys
from PIL import Image
picture = Image.open(sys.argv[1])
exif = Image.Exif()
exif[0x112] = 6
picture.save("scans/side.jpg", exif=exif, subsampling=2)
END
count=$(find scans -type f | wc -l)
clproc index scans -o want-scans.csv --features -q
# on_device FORCE FOLDER SIZES OPTIONS...: every scan is decoded once, into samples of so many sizes.
on_device() {
    force=$1 folder=$2 sizes=$3
    shift 3
    rm -rf done plain
    clproc run "$folder" -o done "$@"
    mv done plain
    CLPROC_FORCE=$force
    export CLPROC_FORCE
    clproc run "$folder" -o done "$@" --features found.csv --device cpu --strategy=-overlap \
        --profile=trace --report run.json
    unset CLPROC_FORCE
    expect_same found.csv "want-$folder.csv"
    diff -r plain done >/dev/null || fail "other outputs from $force"
    [ "$sizes" -gt 0 ] || return 0
    expect_calls run.json "$count" 'pack scan'
    for kernel in jpeg_cold jpeg_meet jpeg_chain jpeg_sums jpeg_prefix jpeg_blocks; do
        expect_calls run.json "$count" $kernel
    done
    expect_calls run.json $((sizes * count)) jpeg_planes
    grep -q "\"decoded on a device\":$count,.*\"given back to libjpeg\":0" run.json ||
        fail "not on the device: $(grep '"counters"' run.json)"
}
on_device 'discrete device-codec' scans 2 --resize 900x --to 'done/{name}-gray.png' --resize 400x --gray
on_device device-codec scans 1 --resize 150x150 --format png # the size that features need
on_device 'discrete device-codec' torn 0 --resize 900x --fail-on none # libjpeg decodes them after all

# --------------------------------------------------------------------- what goes wrong
mkdir bad
cp in/000* bad/whole.jpg
head -c 20000 in/000* >bad/half.jpg
head -c 700 in/000* >bad/header.jpg
head -c 3000 in/001* >bad/half.png
printf 'II*\000\010\000\000\000\001\000\020\001\002\000\002\000\000\000X\000\000\000\000\000\000\000' >bad/raw.nef
echo text >bad/notes.txt
clproc index bad -o want-bad.csv --features -q
clproc run bad -o e --resize 50x --features bad.csv
expect_code 1
expect_same bad.csv want-bad.csv
for tolerance in none truncated warning; do
    clproc run bad -o e --resize 50x --features bad.csv --fail-on "$tolerance"
    expect_same bad.csv want-bad.csv
done
clproc run bad -o without --resize 50x
grep -v written "$err" | sort >told
clproc run bad -o e --resize 50x --features bad.csv
grep -v written "$err" | sort >told-too
expect_same told told-too

# Files with bytes that are wrong, here and there.
mkdir spoilt
LC_ALL=C awk 'BEGIN { srand(5); for (i = 0; i < 60; i++) print i, int(rand() * 255), int(600 + rand() * 20000) }' |
    while read -r i byte at; do
        cp in/00$((i % 3))-*.jpg "spoilt/$i.jpg" 2>/dev/null || cp in/000*.jpg "spoilt/$i.jpg"
        # shellcheck disable=SC2059 # the byte is the format
        printf "\\$(printf %03o "$byte")" |
            dd of="spoilt/$i.jpg" bs=1 seek="$at" conv=notrunc 2>/dev/null
    done
clproc index spoilt -o want-spoilt.csv --features -q
clproc run spoilt -o e --resize 700x --features spoilt.csv -q
expect_same spoilt.csv want-spoilt.csv
for file in in/*; do
    mkdir -p "taken/${file#in/}" # where the output would be
done
clproc run in -o taken --resize 50x --features taken.csv
expect_code 1
expect_err ' 0 written, .* failed'
expect_same taken.csv want.csv # of pictures, not of what could be written

# ------------------------------------------------------------- skipped files, resumed runs
clproc run in -o a --resize 200x --existing skip --features a.csv
expect_code 0
expect_err "^clproc: 0 written, $pictures skipped"
expect_same a.csv want.csv
clproc run in/*.jpg -o f --resize 200x --resume --features f.csv
expect_code 0
touch -d '2001-01-01' in/000*
clproc index in -o want.csv --features -q
if have strace && strace -o /dev/null true 2>/dev/null; then
    strace -f -e trace=open,openat -o opens "$CLPROC" run in -o f --resize 200x --resume --features f.csv -q ||
        fail "the run under strace"
    grep -q '"in/002-[^"]*\.jpg"' opens && fail "a file that has its row and its output is not opened"
else
    clproc run in -o f --resize 200x --resume --features f.csv
fi
expect_count f $((pictures + 1)) # the journal is one
expect_same f.csv want.csv
clproc run in -o f --resize 200x --resume --features f.csv
expect_err "^clproc: 0 written, $pictures skipped"
expect_same f.csv want.csv

# A stopped run keeps the rows that it has; the command that goes on adds the others.
mkdir many
for i in 1 2 3 4 5 6; do
    for file in in/*; do
        cp "$file" "many/$i-${file#in/}"
    done
done
"$CLPROC" run many -o k --resize 1000x --blur 9 --resume --features k.csv --jobs 1 -q &
job=$!
while kill -0 $job 2>/dev/null && [ "$(find k -name '*.*g' 2>/dev/null | wc -l)" -lt 9 ]; do :; done
kill -TERM $job 2>/dev/null
code=0
wait $job || code=$?
command_line=" run many --resume, stopped"
expect_code 143
expect_file k.csv
rows=$(wc -l <k.csv)
[ "$rows" -gt 1 ] && [ "$rows" -lt $((6 * pictures + 1)) ] || fail "a part of the rows, not $rows"
clproc run many -o k --resize 1000x --blur 9 --resume --features k.csv
expect_code 0
clproc index many -o want-many.csv --features -q
expect_same k.csv want-many.csv

# ------------------------------------------------------------------------------- shards
for shard in 1 2 3; do
    clproc run in -o g --resize 200x --shard $shard/3 --features part$shard.csv -q
    expect_code 0
done
expect_count g "$pictures"
clproc index merge part1.csv part2.csv part3.csv -o merged.csv
expect_code 0
expect_same merged.csv want.csv

# ------------------------------------------------------------ tables, and what is refused
clproc help index
if grep -q '\.sqlite' "$out"; then
    clproc run in --null-output --features h.sqlite
    expect_code 0
    clproc index merge h.sqlite -o h.csv
    expect_same h.csv want.csv
else
    echo "skipped: this build has no SQLite"
fi
cp want.csv kept.csv
clproc run in -o i --resize 200x --features kept.csv --dry-run
expect_code 0
clproc run in -o i --resize 200x --features new.csv --dry-run
expect_code 0
expect_same kept.csv want.csv
expect_no_file new.csv i
clproc run in -o i --resize 200x --features kept.csv --device nonesuch
expect_code 3
expect_same kept.csv want.csv
clproc run in -o i --features rows.txt
expect_refusal 2 rows.txt
clproc run in -o i --features -
expect_refusal 2 'features go to a file'
clproc run - -o i.jpg --features rows.csv <in/000-jpeg-420.jpg
expect_code 2
expect_err 'standard input'
expect_no_file rows.csv
clproc profile in -o i --features rows.csv --duration 1
expect_refusal 2 duration
