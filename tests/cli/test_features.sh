#!/bin/sh
# Features of pictures: against numpy and OpenCV, beside metadata, what cannot be decoded, filters,
# updates, and groups of pictures that look alike. (tests/devices: the same on all of them.)
. "$(dirname "$0")/lib.sh"
tests=$(cd "$source_dir/tests/cli" && pwd)
clproc devices
grep -q 'cpu:' "$out" || skip "there is no OpenCL on the processor"

mkdir in
cp "$images"/*.jpg "$images"/*.png in/
pictures=$(find in -type f | wc -l)
clproc index in -o a.jsonl --features --jobs 3
expect_code 0
expect_err "^clproc: $pictures written, "
expect_lines a.jsonl "$pictures"
[ "$(sed 's/.*"FileName":"\([^"]*\).*/\1/' a.jsonl)" = "$(find in -type f | sed 's|in/||' | LC_ALL=C sort)" ] ||
    fail "rows should be in the order of the listing"
grep -q Warning a.jsonl && fail "nothing is wrong with these"

# ------------------------------------------------------------- against numpy and OpenCV
if have_modules numpy cv2; then
    clproc run in -o small --resize 320x320 --flatten white --depth 8 --format png
    expect_code 0
    python3 "$tests/compare_features.py" a.jsonl small >differ || fail "$(head differ)"
    tail -n 1 differ
else
    echo "skipped: python3 lacks numpy or cv2 (Debian: python3-numpy, python3-opencv)"
fi

# ------------------------------------------------- the same, whoever computes them when
clproc index in -o b.jsonl --features --jobs 1
expect_same a.jsonl b.jsonl
# Headers give the same metadata, read by themselves or before their pictures are decoded.
clproc index in -o plain.jsonl
sed 's/,"FeaturesVersion":.*/}/' a.jsonl >metadata.jsonl
expect_same plain.jsonl metadata.jsonl

# -------------------------------------------------------------- one open of each file
if have strace && strace -o /dev/null true 2>/dev/null; then
    strace -f -e trace=open,openat -o opens "$CLPROC" index in -o b.jsonl --features -q ||
        fail "the run under strace"
    seen=$(grep -c '"in/[^"]*\.[jp][pn]g"' opens)
    [ "$seen" -eq "$pictures" ] || fail "$pictures files were opened $seen times"
fi

# ---------------------------------------------------------------- fields and filters
clproc index in -o - --fields name,LumaMean,phash --where 'colorfulness = 0' -q
expect_code 0
expect_lines "$out" "$(find in -name '*gray*' | wc -l)"
expect_out '^{"FileName":"006-jpeg-gray.jpg","LumaMean":[0-9.]*,"PerceptualHash":"[0-9a-f]\{16\}"}$'
clproc index in -o c.csv --features
expect_code 0
head -n 1 c.csv | grep -q ',SharpnessWhole,.*,PerceptualHash,ThumbHash' || fail "CSV has columns of them"
clproc index in -o plain.csv
head -n 1 plain.csv | grep -q SharpnessWhole && fail "they are columns only where they are asked for"

# A filter sees what stands in the text of an index, and so does SQL: a fifth is 0.2.
mkdir fifth
{
    printf 'P5 320 5 255\n'
    head -c 320 /dev/zero | tr '\000' '\377'
    head -c 1280 /dev/zero
} >fifth/a.pgm
for condition in 'ClippedHigh = 0.2' 'ClippedHigh >= 0.2' 'ClippedLow <= 0.8'; do
    clproc index fifth -o - --fields name,ClippedHigh --where "$condition" -q
    [ "$(cat "$out")" = '{"FileName":"a.pgm","ClippedHigh":0.2}' ] || fail "$condition: $(cat "$out")"
done

# --------------------------------------------------------------------------- updates
clproc index in -o a.jsonl --features --update
expect_code 0
expect_err "^clproc: 0 written, .* $pictures made before"
expect_same a.jsonl b.jsonl
clproc index in -o a.jsonl --features --update --device nonesuch
expect_code 0 # no device is needed, so none is opened
expect_same a.jsonl b.jsonl
touch in/011-png-gray.png
clproc index in -o a.jsonl --features --update --device nonesuch
expect_refusal 3 nonesuch
clproc index in -o a.jsonl --features --update
expect_err '^clproc: 1 written, '
clproc index in -o plain.jsonl --features --update
expect_err "^clproc: $pictures written, " # rows without features do not do
expect_same plain.jsonl a.jsonl

# ----------------------------------------------------------- what cannot be decoded
mkdir bad
cp in/000* bad/whole.jpg
head -c 20000 in/000* >bad/half.jpg
head -c 700 in/000* >bad/header.jpg
printf 'II*\000\010\000\000\000\001\000\020\001\002\000\002\000\000\000X\000\000\000\000\000\000\000' >bad/raw.nef
echo text >bad/notes.txt
clproc index bad -o bad.jsonl --features
expect_lines bad.jsonl 4
grep 'whole.jpg' bad.jsonl | grep -q 'Warning\|Error' && fail "a whole picture"
grep 'half.jpg' bad.jsonl | grep '"Warning":"[^"]*' | grep -q '"ImageWidth":400.*"LumaMean"' ||
    fail "half a picture has metadata, a warning and features: $(grep half bad.jsonl)"
grep 'header.jpg' bad.jsonl | grep -q '"\(Warning\|Error\)":"[^"]' || fail "a header alone is flawed"
grep 'raw.nef' bad.jsonl | grep '"FileType":"NEF"' | grep -q '"Warning":"no features: ' ||
    fail "a raw file keeps its metadata: $(grep raw.nef bad.jsonl)"
cp a.jsonl b.jsonl
clproc index in -o b.jsonl --features --device nonesuch
expect_refusal 3 nonesuch
expect_same a.jsonl b.jsonl

# ---------------------------------------------------------------------- near pictures
mkdir burst
cp in/012* burst/a.jpg
clproc run burst/a.jpg -o burst/b.jpg --blur 4 --quality 60
clproc run burst/a.jpg -o burst/c.jpg --brightness 1.05 --resize 70%
cp in/001* 'burst/d "x", y.png'
cp in/001* burst/e.png
cp in/004* burst/f.jpg
clproc index burst -o near.csv --near 6 -q
expect_code 0
tr -d '\r' <"$out" >groups.csv
[ "$(head -n 1 groups.csv)" = Group,Rank,Distance,SharpnessWhole,SourceFile ] || fail "a row of names"
expect_lines groups.csv 6
cut -d , -f 1,2 groups.csv | tail -n +2 | tr '\n' ' ' | grep -q '^1,1 1,2 1,3 2,1 2,2 $' ||
    fail "two groups: $(cat groups.csv)"
sed -n 4p groups.csv | grep -q '^1,3,.*,burst/b.jpg$' || fail "the blurred one is the last: $(cat groups.csv)"
sed -n 5p groups.csv | grep -q '^2,1,0,[0-9.]*,"burst/d ""x"", y.png"$' || fail "cells are quoted"
clproc index burst -o near.csv --near 6 --update
expect_err '^clproc: 0 written'
tr -d '\r' <"$out" >again.csv
expect_same groups.csv again.csv
clproc index burst -o near.jsonl --near 6 -q
clproc index burst -o near.jsonl --near 6 --update -q # whose rows could be copied unread
tr -d '\r' <"$out" >again.csv
expect_same groups.csv again.csv
clproc index burst -o near.csv --near 6 --where 'name != "e.png"' -q
expect_lines "$out" 4
clproc index burst -o near.csv --near 6 --where 'name = "f.jpg"' -q
[ "$(tr -d '\r' <"$out")" = Group,Rank,Distance,SharpnessWhole,SourceFile ] || fail "no groups are a table, too"
clproc index burst -o - --near 6
expect_refusal 2 'standard output'
clproc index burst -o near.csv --near 16
expect_refusal 2 near
