#!/bin/sh
# WebP in and out, checked against cwebp and dwebp.
. "$(dirname "$0")/lib.sh"

clproc help formats
expect_code 0
if grep -q 'WebP  *not in this build' "$out"; then
    # The package is named wherever it is missed.
    expect_out 'libwebp-dev'
    make_pictures in
    clproc run in -o out --format webp
    expect_code 2
    expect_err 'built without WebP; install libwebp-dev'
    clproc run in/b.png -o out.webp
    expect_code 2
    expect_err 'out.webp: .*libwebp-dev'
    printf 'RIFF\0\0\0\0WEBPVP8 \0\0\0\0' >photo.webp
    clproc run photo.webp -o out
    expect_code 1
    expect_err 'photo.webp: is a WebP, and this clproc was built without that; install libwebp-dev'
    exit 0
fi
have dwebp && have cwebp || skip "cwebp is not installed (webp)"
need_modules PIL

same_pixels() { # FILE FILE
    python3 - "$1" "$2" <<'END' || fail "$1 and $2 should show the same"
import sys
from PIL import Image
a, b = (Image.open(name).convert("RGBA") for name in sys.argv[1:])
sys.exit(a.size != b.size or a.tobytes() != b.tobytes())
END
}

clproc samples --count 12 --width 151 --height 113 -o in --quiet
expect_code 0
rm in/*rgb16*
# Lossless: there and back nothing is lost, and dwebp reads the same.
clproc run in -o straight --format png
clproc run in -o exact --format webp --webp-lossless
expect_code 0
expect_summary() { expect_err "^clproc: $1"; }
expect_summary '11 written, 0 skipped, 0 failed'
clproc run exact -o back --format png
expect_code 0
for file in exact/*.webp; do
    name=${file##*/}
    name=${name%.webp}
    dwebp -quiet "$file" -o dwebp.png || fail "dwebp cannot read $file"
    same_pixels "straight/$name.png" "back/$name.png"
    same_pixels dwebp.png "back/$name.png"
done
# Lossy: what libwebp decodes, alpha included; quality counts.
clproc run in -o lossy --format webp
expect_code 0
clproc run lossy -o decoded --format png
expect_code 0
for file in lossy/*.webp; do
    name=${file##*/}
    dwebp -quiet "$file" -o dwebp.png || fail "dwebp cannot read $file"
    same_pixels dwebp.png "decoded/${name%.webp}.png"
done
clproc run in/001-png-rgb.png -o low.webp --quality 20
[ "$(wc -c <low.webp)" -lt "$(wc -c <lossy/001-png-rgb.webp)" ] || fail "--quality 20 should be smaller"
# The bytes are cwebp's, from the same pixels with the same settings.
cwebp -quiet -q 85 -m 4 in/001-png-rgb.png -o cwebp.webp
expect_same cwebp.webp lossy/001-png-rgb.webp
clproc run lossy/000-jpeg-420.webp -o small.jpg --resize 50%
expect_code 0

# Orientation, profile, EXIF, XMP: there and back; the scan stays where only they are edited.
if have exiftool; then
    cp in/001-png-rgb.png tagged.png
    cwebp -quiet tagged.png -o tagged.webp
    exiftool -q -overwrite_original -Orientation#=6 -Make=Maker -GPSLatitude=41.9 \
        -GPSLatitudeRef=N -XMP-dc:Title=Ruins tagged.webp || fail "exiftool cannot write a WebP"
    clproc run tagged.webp -o upright.webp --gray
    expect_code 0
    clproc run tagged.webp -o upright.png
    clproc run upright.webp -o upright-again.png
    [ "$(png_size upright.png)" = 113x151 ] || fail "a WebP should be turned as EXIF says"
    expect_png_size upright-again.png 113x151
    [ "$(exiftool -s3 -n -IFD0:Orientation upright.webp)" = 1 ] || fail "it should be upright"
    [ "$(exiftool -s3 -Make upright.webp)" = Maker ] || fail "EXIF should be kept"
    [ "$(exiftool -s3 -XMP-dc:Title upright.webp)" = Ruins ] || fail "XMP should be kept"
    exiftool -q -overwrite_original -Orientation#=1 tagged.webp
    clproc run tagged.webp -o stripped.webp --strip gps
    expect_code 0
    expect_err '1 not re-encoded'
    [ -z "$(exiftool -s3 -GPSLatitude stripped.webp)" ] || fail "the place should be gone"
    [ "$(exiftool -s3 -Make stripped.webp)" = Maker ] || fail "the rest should be kept"
    clproc run tagged.webp -o bare.webp --strip all
    cwebp -quiet tagged.png -o plain.webp
    expect_same plain.webp bare.webp
    clproc run in/008-jpeg-444-p3.jpg -o p3.webp
    [ "$(exiftool -s3 -ICC_Profile:ProfileDescription p3.webp)" = \
        "$(exiftool -s3 -ICC_Profile:ProfileDescription in/008-jpeg-444-p3.jpg)" ] ||
        fail "the profile should be kept"
    clproc run p3.webp -o srgb.png --icc srgb
    clproc run in/008-jpeg-444-p3.jpg -o p3-exact.webp --webp-lossless
    clproc run p3-exact.webp -o one.png --icc srgb
    clproc run straight/008-jpeg-444-p3.png -o two.png --icc srgb
    same_pixels one.png two.png
fi

# Of an animation the first frame, with a warning; metadata alone leaves it moving.
if have img2webp; then
    img2webp -d 100 straight/001-png-rgb.png straight/010-jpeg-444.png -o moving.webp \
        >/dev/null 2>&1 || fail "img2webp cannot write"
    clproc run moving.webp -o first.png
    expect_code 0
    expect_err 'warning: left behind: all frames of the animation but the first'
    clproc run moving.webp -o still.webp --strip all
    expect_no_err warning
    expect_same moving.webp still.webp
    # One that is cut behind its first frame ends early, and still has that frame.
    head -c $(($(wc -c <moving.webp) - 100)) moving.webp >stopped.webp
    clproc run stopped.webp -o stopped.png --fail-on truncated
    expect_code 1
    expect_err 'stopped.webp: the file ends early; --fail-on none'
    clproc run stopped.webp -o stopped.png --fail-on none
    expect_code 0
    same_pixels first.png stopped.png
    head -c 100 moving.webp >frameless.webp
    clproc run frameless.webp -o frameless.png --fail-on none
    expect_code 1
    expect_err 'frameless.webp: is not a WebP that can be decoded: it ends early'
    # One that is all there does not end early: with stray bytes behind its chunks, or where the last claims too much.
    python3 - <<'END' || fail "an animation cannot be damaged"
import struct
data = open("moving.webp", "rb").read()
for name, more in ("strewn", b"abc\0"), ("greedy", b"junk" + struct.pack("<I", 1000) + b"abcd"):
    head = data[:4] + struct.pack("<I", len(data) - 8 + len(more))
    open(name + ".webp", "wb").write(head + data[8:] + more)
END
    for name in strewn greedy; do
        clproc run $name.webp -o $name.png
        expect_code 1
        expect_err "$name.webp: the data is damaged; --fail-on truncated"
        clproc run $name.webp -o $name.png --fail-on truncated
        expect_code 0
        same_pixels first.png $name.png
    done
fi

# Broken, cut short, too large: refused with their cause, or taken as they are.
head -c 3000 lossy/000-jpeg-420.webp >cut.webp
clproc run cut.webp -o out.png
expect_code 1
expect_err 'cut.webp: the file ends early; --fail-on none'
clproc run cut.webp -o out.png --fail-on none
expect_code 0
expect_png_size out.png 151x113
# A file that has all the bytes that it says does not end early, whatever libwebp wants more.
python3 - cut.webp <<'END' || fail "a WebP cannot be damaged"
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
assert data[12:16] == b"VP8 "
data[4:8], data[16:20] = struct.pack("<I", len(data) - 8), struct.pack("<I", len(data) - 20)
open("damaged.webp", "wb").write(data)
END
clproc run damaged.webp -o damaged.png
expect_code 1
expect_err 'damaged.webp: the data is damaged; --fail-on truncated'
head -c 100 damaged.webp >few.webp
printf '\134\0\0\0' | dd of=few.webp bs=1 seek=4 conv=notrunc 2>/dev/null
clproc run few.webp -o few.png --fail-on none
expect_code 1
expect_err 'few.webp: is not a WebP that can be decoded: its data is damaged'
head -c 20 lossy/000-jpeg-420.webp >head.webp
clproc run head.webp -o out.png --fail-on none
expect_code 1
expect_err 'head.webp: is not a WebP that can be decoded'
clproc run lossy/000-jpeg-420.webp -o out.png --limit-pixels 10000
expect_code 1
expect_err 'limit of 10000'
clproc run cut.webp -o none.webp --strip all
expect_code 1
expect_no_file none.webp
clproc run in/000-jpeg-420.jpg -o wide.webp --resize 16384x8:fit=fill
expect_code 1
expect_err 'too large for its format, webp, which ends at 16383'
clproc run lossy/000-jpeg-420.webp -o turned.webp --lossless --rotate 90
expect_code 1
expect_err 'is a WebP, and --lossless can only move the blocks of JPEGs'
clproc run in/000-jpeg-420.jpg in/001-png-rgb.png -o 'mixed/{name}.webp' --resize 32x --verify 2
expect_code 0
expect_file mixed/000-jpeg-420.webp mixed/001-png-rgb.webp
expect_out '^verified 2 of 2'
