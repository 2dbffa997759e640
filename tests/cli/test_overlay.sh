#!/bin/sh
# Overlays: any file that is read may be one, it is read once, what it does not cover stays as it is,
# and what cannot be an overlay is refused before anything is written.
. "$(dirname "$0")/lib.sh"
"$CLPROC" samples --count 8 --width 300 --height 200 -o in 2>"$err" || fail "no pictures"
"$CLPROC" samples --kind orientation --count 16 --width 60 --height 40 -o turned 2>"$err" ||
    fail "no pictures"
"$CLPROC" samples --count 8 --width 90 --height 60 --seed 3 -o logos 2>"$err" || fail "no pictures"
logo=$(ls logos/*rgba*.png | head -n 1)
pictures=8

# The promise, for every kind of picture, against the reference device.
options="--overlay $logo:gravity=southeast:width=30%:margin=2%:opacity=0.8"
clproc run in -o plain $options --verify $pictures --device cpu
[ "$code" -eq 3 ] && skip "there is no OpenCL device"
expect_code 0
expect_out "^verified $pictures of $pictures "

# The same bytes beside another device, in the driver's threads, in little memory, beside other outputs. Overlays in
# all other ways through a device are in devices.same_bytes.
clproc run in -o other $options --device cpu,reference
expect_code 0
CLPROC_FORCE=pool clproc run in -o other $options --device cpu
expect_code 0
diff -r plain other >/dev/null || fail "other bytes in the driver's threads"
clproc run in $options --to tight --memory 4M --jobs 1 --device cpu --to tight2 --resize 50%
expect_code 0
diff -r plain tight >/dev/null || fail "other bytes with little memory, and beside another output"

# It is read once, whatever the number of pictures and outputs.
if have strace && strace -o /dev/null true 2>/dev/null; then
    strace -f -e trace=open,openat -o opens "$CLPROC" run in $options --to s/a --to s/b --overlay "$logo" \
        --to s/c --gray >"$out" 2>"$err" || fail "the run under strace"
    seen=$(grep -c "\"$logo\"" opens)
    [ "$seen" -eq 1 ] || fail "the overlay was opened $seen times"
else
    echo "strace is not there or not allowed: opens are not counted"
fi

# What is not covered stays as it is: an overlay that shows nothing changes no sample.
"$CLPROC" run in -o same --format png --png-level 5 --device cpu 2>"$err" || fail "no copies"
clproc run in -o covered --format png --png-level 5 --overlay "$logo:opacity=0" --device cpu
expect_code 0
diff -r same covered >/dev/null || fail "an opacity of 0 should change nothing"
# And the planes of a JPEG stay as they are beside it.
clproc run in/000-jpeg-420.jpg -o beside.jpg --quality 95 --overlay "$logo:width=30%"
expect_code 0
clproc run in/000-jpeg-420.jpg -o without.jpg --quality 95
for picture in beside without; do
    clproc run $picture.jpg -o $picture.png --crop 180x120+0+0
    expect_code 0
done
expect_same beside.png without.png
clproc run in/000-jpeg-420.jpg --explain --overlay "$logo:width=30%"
expect_out 'colour *overlay *input 150x100 u8 -> output 150x100 u8'

# Any format, and upright: a turned file is the same overlay as its upright copy.
clproc run turned -o upright --png-level 5
expect_code 0
for turned in turned/*orientation[36].png; do
    clproc run in/001-png-rgb.png -o a.png --overlay "$turned:width=50%"
    expect_code 0
    clproc run in/001-png-rgb.png -o b.png --overlay "upright/${turned#*/}:width=50%"
    expect_same a.png b.png
done

# Many of them, JPEGs among them, over whole pixels and over the planes of a JPEG.
set --
for any in turned/*orientation6.jpg logos/* "$logo"; do
    set -- "$@" --overlay "$any:width=$((10 * $#))%:height=$((12 + $#))%:opacity=0.5"
done
clproc run in/000-jpeg-420.jpg in/001-png-rgb.png -o many "$@" --verify 2
expect_code 0
expect_out '^verified 2 of 2 '
clproc help formats
if grep -q '^  WebP *read' "$out"; then
    clproc run "$logo" -o logo.webp --webp-lossless
    expect_code 0
    clproc run in/001-png-rgb.png -o webp.png --overlay logo.webp
    expect_code 0
    clproc run in/001-png-rgb.png -o png.png --overlay "$logo"
    expect_same webp.png png.png
fi

# Metadata stays; --explain and --dry-run know it; --resume sees that it has changed.
clproc run in/001-png-rgb.png --explain $options
expect_code 0
expect_out 'KERNEL *overlay *90 x 60 -> 90 x 60 at 206, 136, opacity 0.8'
clproc run in -o none $options --dry-run
expect_lines "$out" $pictures
expect_no_file none
cp "$logo" changing.png
clproc run in -o r --overlay changing.png --resume
expect_err "^clproc: $pictures written"
clproc run in -o r --overlay changing.png --resume
expect_err "^clproc: 0 written, $pictures skipped"
cp "$(ls turned/*.png | head -n 1)" changing.png
clproc run in -o r --overlay changing.png --resume
expect_err "^clproc: $pictures written"

# Another program's picture, where no sample needs scaling: within a level.
if have convert && have compare; then
    clproc run in/001-png-rgb.png -o ours.png --overlay "$logo:margin=10" --strip all --icc srgb
    expect_code 0
    convert in/001-png-rgb.png "$logo" -gravity southeast -geometry +10+10 -composite theirs.png ||
        fail "ImageMagick failed"
    apart=$(compare -metric PAE ours.png theirs.png null: 2>&1 | sed 's/ .*//')
    [ "${apart%.*}" -le 257 ] || fail "ImageMagick's is $apart of 65535 off"
else
    echo "ImageMagick is not there: its pictures are not compared"
fi

# Bad input: one line that names the file, and nothing written.
echo text >notes.txt
head -c 2000 "$logo" >cut.png
: >empty.png
mkfifo pipe
refused() { # OVERLAY PATTERN OPTIONS...
    value=$1 pattern=$2
    shift 2
    clproc run in -o bad --overlay "$value" "$@"
    expect_refusal 2 "$pattern"
    expect_no_file bad
}
refused missing.png 'missing.png: as an overlay: .*No such file'
refused notes.txt:width=10% 'notes.txt: as an overlay: is not a picture in a format that clproc knows'
refused empty.png 'empty.png: as an overlay: '
refused cut.png 'cut.png: as an overlay: .*ends early'
refused in 'in: as an overlay: is not a regular file'
refused pipe 'pipe: as an overlay: is not a regular file'
refused "$logo" "$logo: as an overlay: .*limit of 1000; raise it with --limit-pixels" --limit-pixels 1000
refused "$logo" "$logo: as an overlay: .*limit of 500 bytes; raise it with --limit-file" --limit-file 500
refused "$logo" "$logo: as an overlay: .*more than half of the memory.*--memory" --memory 30K
refused "$logo" '--lossless can rotate, flip and crop, but overlay makes new pixels' --lossless
refused "$logo:width=ten" 'width "ten" is not N pixels, N% or auto'
refused "$logo:opacity=80%" 'opacity "80%" is not a number from 0 to 1'
refused "$logo:gravity=up" 'gravity "up" is not one of centre'
refused "$logo:colour=red" 'no parameter "colour"'
refused "" 'overlay needs a file'
clproc run in --to bad/1 --to bad/2 --overlay missing.png # of one output alone
expect_refusal 2 'missing.png: as an overlay'
expect_no_file bad
# Margins that leave no room for one fail that picture.
clproc run in/001-png-rgb.png -o bad/none.png --overlay "$logo:margin=1000"
expect_code 1
expect_err 'the overlay has no room in a picture of'
expect_no_file bad/none.png
# One that would be far larger than any picture may be fails that picture.
clproc run in/001-png-rgb.png -o bad/huge.png --overlay "$logo:width=1000000"
expect_code 1
expect_err 'in/001-png-rgb.png: overlay would make 1000000 × '
expect_no_file bad/huge.png
# It is no picture's output.
mkdir own
cp in/001-png-rgb.png own/logo.png
cp own/logo.png .
clproc run own -o . --overlay logo.png:width=20% --existing replace
expect_code 1
expect_err 'own/logo.png: ./logo.png: is one of the inputs, which are never overwritten'
cmp -s own/logo.png logo.png || fail "the overlay has been replaced"
exit 0
