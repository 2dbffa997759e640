#!/bin/sh
# Several outputs from one decode: each is what a run of its own makes, files are opened and decoded
# once, and what becomes of one output is nothing to the others.
. "$(dirname "$0")/lib.sh"
"$CLPROC" samples --count 12 --width 300 --height 200 -o in 2>"$err" || fail "no pictures"
pictures=12

# What stands before the first --to is shared, what follows one is its own. Decoding here does not
# shrink, so that a run of its own decodes the same.
clproc run in -o all/full --quality 70 --to all/png --format png --resize 200x --to all/gray --gray \
    --quality 90 --to 'all/{width}/{name}.{ext}' --rotate 90 --report report.json
expect_code 0
expect_err "^clproc: $((4 * pictures)) written, 0 skipped, 0 failed"
clproc run in -o one/full --quality 70
clproc run in -o one/png --quality 70 --format png --resize 200x
clproc run in -o one/gray --quality 90 --gray
clproc run in -o 'one/{width}/{name}.{ext}' --quality 70 --rotate 90
diff -r one all >"$out" || fail "an output should be what a run of its own makes"
have python3 || skip "python3 is not installed"
python3 - <<'EOF' || fail "each file should be opened and decoded once"
import json
report = json.load(open("report.json"))
counters = report["counters"]
assert counters["images"] == counters["files opened"] == 12, counters
EOF

# An output that is alone has rows computed that it needs; beside another one all of them are.
while read -r pipeline; do
    rm -rf alone beside small
    clproc run in -o alone --pipeline "$pipeline" --format png
    expect_code 0
    clproc run in --to beside --pipeline "$pipeline" --format png --to small --resize 10x
    expect_code 0
    diff -r alone beside >"$out" || fail "$pipeline: rows that are needed are missing"
done <<END
crop 100x30+7+3
flip v | crop 100x30+7+3
rotate 90 | crop 30x100+150+0
crop 150x100+5+5 | resize 50%
END

# Decodes: one where outputs need the same planes, luma alone among them, or fewer of its pixels.
decodes() { # COUNT OPTIONS
    expected=$1
    shift
    rm -rf out
    clproc run in/000-jpeg-420.jpg "$@" --report report.json
    expect_code 0
    clproc report show report.json
    told=$(sed -n 's/^decode  *\([0-9]*\) .*/\1/p' "$out")
    [ "$told" = "$expected" ] || fail "$expected decodes were expected, not $told"
}
decodes 1 --to out/a --resize 200x --to out/b --resize 100x --to out/c --resize 40x
decodes 1 --to out/a --gray --to out/b --resize 100x
decodes 2 --to out/a --format png --to out/b --resize 100x

# A JPEG is shrunk for the largest output, so that this one is what a run of its own makes; the
# others are what they are without shrinking, or nearer to it than alone.
clproc run in/000-jpeg-420.jpg --to s/a.jpg --resize 140x --to s/b.jpg --resize 20x
expect_code 0
clproc run in/000-jpeg-420.jpg -o s/alone.jpg --resize 140x
expect_same s/a.jpg s/alone.jpg
clproc run in/000-jpeg-420.jpg --to s/c.jpg --resize 300x --to s/d.jpg --resize 20x
clproc run in/000-jpeg-420.jpg -o s/whole.jpg --resize 20x --shrink-on-load off
expect_same s/d.jpg s/whole.jpg

# An output that keeps its pixels is not decoded, and does not make others decode more.
clproc run in/000-jpeg-420.jpg --to k/private --strip all --to k/turned --lossless=trim --rotate 90 \
    --to k/small --resize 40x
expect_code 0
clproc run in/000-jpeg-420.jpg -o l/private --strip all
clproc run in/000-jpeg-420.jpg -o l/turned --lossless=trim --rotate 90
clproc run in/000-jpeg-420.jpg -o l/small --resize 40x
diff -r k l >"$out" || fail "outputs beside lossless ones should be what runs of their own make"

# The same bytes however a device is used, and with little memory.
options='--to X/a --resize 150x --to X/b --gray --to X/c --blur 2 --to X/d --rotate 90 --sharpen 1'
clproc run in $(echo "$options" | sed s/X/plain/g)
expect_code 0
for force in pool discrete 'group discrete' device-codec; do
    rm -rf other
    CLPROC_FORCE=$force clproc run in $(echo "$options" | sed s/X/other/g)
    expect_code 0
    diff -r plain other >/dev/null || fail "other bytes with CLPROC_FORCE='$force'"
done
"$CLPROC" samples --kind photo --count 2 --width 2400 --height 1800 -o large 2>"$err" ||
    fail "no pictures"
clproc run large $(echo "$options" | sed 's/X/roomy/g')
expect_code 0
clproc run large $(echo "$options" | sed 's/X/tight/g') --memory 60M --jobs 1
expect_code 0
diff -r roomy tight >/dev/null || fail "other bytes with little memory"

# Strategies that leave things out give as many outputs.
clproc run in/000-jpeg-420.jpg --strategy naive --to n/a --resize 100x --to n/b --format png
expect_code 0
expect_count n 2

# A broken file is named once, and all of its outputs have failed; no picture is skipped once.
mkdir bad
cp in/000-jpeg-420.jpg bad/good.jpg
head -c 3000 in/000-jpeg-420.jpg >bad/cut.jpg
echo text >bad/notes.txt
clproc run bad --to b/1 --resize 50x --to b/2 --gray --to b/3 --format png
expect_code 1
expect_err '^clproc: 3 written, 1 skipped, 3 failed'
[ "$(grep -c cut.jpg "$err")" -eq 1 ] || fail "a broken file should be named once"
expect_count b 3

# What is there already and what is no picture add up.
mkdir o
touch o/notes.txt.jpg
clproc run bad --to 'o/{name}.jpg' --to 'o/{name}-2.jpg' --existing skip --fail-on none --progress json
sed -n 's/.*"found":\([0-9]*\),"written":\([0-9]*\),.*"skipped":\([0-9]*\),"failed":\([0-9]*\),.*/\1 \2 \3 \4/p' \
    "$err" >counts
read -r found written skipped failed <counts
[ "$found" -eq $((written + skipped + failed)) ] || fail "counts should add up: $(cat counts)"

# One output that fails leaves the others.
clproc run in --to w/thumb --resize 50x --to w/huge --resize 65000x65000! --limit-pixels 1M
expect_code 1
expect_err "^clproc: $pictures written, 0 skipped, $pictures failed"
expect_count w/thumb $pictures
expect_no_file w/huge/000-jpeg-420.jpg
expect_err 'in/000-jpeg-420.jpg: w/huge.*limit'

# --existing, --resume and --dry-run know every output.
rm -r all/gray/000-jpeg-420.jpg all/png/001-png-rgb.png
clproc run in -o all/full --to all/png --format png --to all/gray --gray --existing skip
expect_code 0
expect_err "^clproc: 2 written, $((3 * pictures - 2)) skipped, 0 failed"
set -- in -o r/a --resize 50x --to r/b --gray --to r/a/small --resize 20x --resume
clproc run "$@"
expect_code 0
rm r/b/000-jpeg-420.jpg
clproc run "$@"
expect_err "^clproc: 1 written, $((3 * pictures - 1)) skipped"
clproc run "$@" --quality 20 # of the last output alone; which is no reason to make the others anew
expect_err "^clproc: $pictures written, $((2 * pictures)) skipped"
clproc run in/000-jpeg-420.jpg --to p/1 --to p/2 --resize 10x --dry-run
expect_lines "$out" 2
expect_out '000-jpeg-420.jpg -> p/1/000-jpeg-420.jpg'
expect_out '000-jpeg-420.jpg -> p/2/000-jpeg-420.jpg'
expect_no_file p

# --explain shows what each output does.
clproc run in/000-jpeg-420.jpg -o 'x/{name}.jpg' --resize 50x --to y --gray --explain
expect_code 0
expect_out '^output 1 of 2, x/{name}.jpg'
expect_out '^output 2 of 2, y: from the same decode'

# Sides as --width and --height are one box within an output.
clproc run in/000-jpeg-420.jpg --to 'wh/{width}x{height}.jpg' --width 30 --to 'wh/{width}x{height}.jpg' \
    --height 30
expect_code 0
expect_file wh/30x20.jpg wh/45x30.jpg
clproc run in/000-jpeg-420.jpg --to 'box/{width}x{height}.jpg' --width 30 --height 40 --to \
    'box/b-{width}x{height}.jpg' --height 10 --width 90
expect_code 0
expect_file box/30x20.jpg box/b-15x10.jpg

# What cannot be meant.
clproc run in --to c --to c
expect_refusal 2 "'c/000-jpeg-420.jpg' by two of its outputs.*--to"
clproc run in -o c --to 'c/{name}.{ext}' --format jpeg --to 'd/{name}.jpg'
expect_refusal 2 'two of its outputs'
mkdir -p real other
ln -s real link
for alias in "$PWD/c" other/../c ./c// ; do
    clproc run in --to c --resize 10x --to "$alias" --resize 20x
    expect_refusal 2 'two of its outputs'
done
clproc run in --to link/deep --to real/deep
expect_refusal 2 'two of its outputs'
clproc run in --to c -o d
expect_refusal 2 'before the first --to'
clproc run in/000-jpeg-420.jpg --to - --to c
expect_refusal 2 'one output of one picture'
clproc run in --to c --icc srgb --icc keep
expect_refusal 2 'given twice'
clproc run in --to c --icc srgb --to d --icc keep
expect_code 0
clproc run in/000-jpeg-420.jpg --to 'e/{width}.jpg' --resize 40x --to 'e/{width}.jpg' --resize 40x
expect_code 1
expect_err '1 written, 0 skipped, 1 failed'
set --
for i in $(seq 33); do
    set -- "$@" --to "many/$i"
done
clproc run in/000-jpeg-420.jpg "$@"
expect_refusal 2 'more than 32 outputs'
