#!/bin/sh
# TIFF in, checked against the PNGs that the files were made from by other programs.
. "$(dirname "$0")/lib.sh"

clproc help formats
expect_code 0
if grep -q 'TIFF  *not in this build' "$out"; then
    printf 'II*\0\010\0\0\0\0\0\0\0\0\0\0\0' >scan.tif
    clproc run scan.tif -o out.png
    expect_code 1
    expect_err 'scan.tif: is a TIFF, and this clproc was built without that; install libtiff-dev'
    exit 0
fi
have tiffcp && have tiffset || skip "tiffcp is not installed (libtiff-tools)"
need_modules PIL numpy

same_pixels() { # FILE FILE
    python3 - "$1" "$2" <<'END' || fail "$1 and $2 should show the same"
import sys
from PIL import Image
import numpy
a, b = (numpy.asarray(Image.open(name)) for name in sys.argv[1:])
sys.exit(bool(a.shape != b.shape or a.dtype != b.dtype or (a != b).any()))
END
}

# Each as PNG, and as the TIFF that Pillow makes of it. 16-bit RGB and alpha: written by hand.
mkdir png tif
python3 - "$images/001-png-rgb.png" <<'END' || fail "the pictures cannot be made"
import struct, sys
from PIL import Image
import numpy
rgb = Image.open(sys.argv[1]).convert("RGB").resize((151, 113))
def both(name, picture, **options):
    picture.save("png/%s.png" % name)
    picture.save("tif/%s.tif" % name, **options)
both("rgb", rgb)
both("gray", rgb.convert("L"))
rgba = rgb.convert("RGBA")
rgba.putalpha(rgb.convert("L"))
both("rgba", rgba)
both("wide", Image.fromarray((numpy.asarray(rgb.convert("L")).astype(numpy.uint16) * 257 + 3)))
rgb.convert("L").point(lambda v: 255 * (v > 99)).convert("1").save("tif/bits.tif")
rgb.convert("L").point(lambda v: 255 * (v > 99)).save("png/bits.png")
palette = rgb.quantize(16)
palette.save("tif/palette.tif")
palette.convert("RGB").save("png/palette.png")
def tiff(name, array, photometric, extra=None, order=">"):
    height, width, samples = array.shape
    bits = array.dtype.itemsize * 8
    data = array.astype(order + "u%d" % (bits // 8)).tobytes()
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, samples, None), (259, 3, 1, 1),
            (262, 3, 1, photometric), (273, 4, 1, None), (277, 3, 1, samples), (278, 4, 1, height),
            (279, 4, 1, len(data))] + ([(338, 3, 1, extra)] if extra is not None else [])
    at = 10 + len(tags) * 12 + 4
    body = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IH", 8, len(tags))
    for tag, kind, count, value in tags:
        if tag == 258:
            value = at if samples > 2 else bits
            if samples == 2:
                body += struct.pack(order + "HHIHH", tag, 3, 2, bits, bits)
                continue
        if tag == 273:
            value = at + samples * 2
        short = kind == 3 and count == 1
        body += struct.pack(order + ("HHIHxx" if short else "HHII"), tag, kind, count, value)
    body += bytes(4) + struct.pack(order + "%dH" % samples, *[bits] * samples) + data
    open("tif/%s.tif" % name, "wb").write(body)
array = numpy.asarray(rgb)
inverse = 255 - numpy.asarray(rgb.convert("L"))[:, :, None]
tiff("white", inverse, 0)
rgb.convert("L").save("png/white.png")
# Premultiplied alpha comes back within rounding; opaque parts exactly.
alpha = numpy.full(array.shape[:2] + (1,), 255, numpy.uint8)
tiff("opaque", numpy.concatenate([array, alpha], 2), 2, 1)
opaque = rgb.convert("RGBA")
opaque.save("png/opaque.png")
half = numpy.concatenate([array // 2, alpha // 2], 2)  # 127
tiff("half", half.astype(numpy.uint8), 2, 1, "<")
expected = numpy.minimum(255, ((array // 2).astype(int) * 255 + 63) // 127).astype(numpy.uint8)
Image.fromarray(numpy.concatenate([expected, alpha // 2], 2), "RGBA").save("png/half.png")
# Alpha without ExtraSamples, as OpenCV writes it.
tiff("untold", numpy.concatenate([array, numpy.asarray(rgb.convert("L"))[:, :, None]], 2), 2)
rgba.save("png/untold.png")
# 16 bits of RGB: Pillow reads no such PNG, so it is told by its high bytes.
tiff("rgb16", array.astype(numpy.uint16) * 257, 2, None, "<")
rgb.save("png/rgb16.png")
tiff("deep", array.astype(numpy.uint32), 2)
# Levels of fewer bits, and palettes: of 16 bits, and of 8 in the lower halves.
def packed(name, bits, photometric, colours=None):
    levels = array[:, :, 1] >> (8 - bits)
    height, width = levels.shape
    each = 8 // bits
    cells = numpy.zeros((height, (width + each - 1) // each * each), numpy.uint8)
    cells[:, :width] = levels
    data = numpy.zeros((height, cells.shape[1] // each), numpy.uint8)
    for i in range(each):
        data |= cells[:, i::each] << (8 - bits - i * bits)
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 1),
            (262, 3, 1, photometric), (273, 4, 1, None), (277, 3, 1, 1), (278, 4, 1, 50),
            (279, 4, 1, None)] + ([(320, 3, 3 << bits, None)] if colours is not None else [])
    strips = [data[y:y + 50].tobytes() for y in range(0, height, 50)]
    table = 8 + 2 + len(tags) * 12 + 4
    map_at = table + 8 * len(strips)
    at = map_at + (6 << bits if colours is not None else 0)
    offsets = [at + sum(map(len, strips[:i])) for i in range(len(strips))]
    body = b"II*\0" + struct.pack("<IH", 8, len(tags))
    for tag, kind, count, value in tags:
        count = len(strips) if tag in (273, 279) else count
        value = {273: table, 279: table + 4 * len(strips), 320: map_at}.get(tag, value)
        body += struct.pack("<HHII", tag, kind, count, value)
    body += bytes(4) + struct.pack("<%dI" % len(strips), *offsets)
    body += struct.pack("<%dI" % len(strips), *map(len, strips))
    if colours is not None:
        body += numpy.asarray(colours).T.astype("<u2").tobytes()
    open("tif/%s.tif" % name, "wb").write(body + b"".join(strips))
    return levels
for bits in (1, 2, 4):
    levels = packed("gray%d" % bits, bits, 1)
    Image.fromarray((levels * (255 // ((1 << bits) - 1))).astype(numpy.uint8)).save("png/gray%d.png" % bits)
levels = packed("white2", 2, 0)
Image.fromarray((255 - levels * 85).astype(numpy.uint8)).save("png/white2.png")
colours = numpy.random.default_rng(1).integers(0, 65536, (16, 3))
levels = packed("palette4", 4, 3, colours)
Image.fromarray((colours[levels] >> 8).astype(numpy.uint8)).save("png/palette4.png")
levels = packed("palette-low", 4, 3, colours >> 8)
Image.fromarray((colours[levels] >> 8).astype(numpy.uint8)).save("png/palette-low.png")
# Planes of 16 bits, one after the other.
deep = array.astype(numpy.uint16) * 257
tiff("planes16", deep.transpose(2, 0, 1).reshape(-1, array.shape[1], 3), 2)
data = bytearray(open("tif/planes16.tif", "rb").read())
def patch(tag, kind, count, value):
    at = 10 + 12 * next(i for i in range(9) if data[10 + 12 * i:12 + 12 * i] == struct.pack(">H", tag))
    data[at:at + 12] = struct.pack(">HHI", tag, kind, count) + value
plane = deep[:, :, 0].size * 2
first = len(data) - 3 * plane
at = len(data)
data += struct.pack(">6I", first, first + plane, first + 2 * plane, plane, plane, plane)
patch(257, 4, 1, struct.pack(">I", array.shape[0]))
patch(278, 4, 1, struct.pack(">I", array.shape[0]))
patch(273, 4, 3, struct.pack(">I", at))
patch(279, 4, 3, struct.pack(">I", at + 12))
patch(259, 3, 1, struct.pack(">HH", 1, 0))
patch(277, 3, 1, struct.pack(">HH", 3, 0))
data[8:10] = struct.pack(">H", 10)
entry = struct.pack(">HHIHH", 284, 3, 1, 2, 0)
# One entry more: everything behind the directory moves, so it is written anew at the end.
directory = bytes(data[10:10 + 12 * 9]) + entry
data[4:8] = struct.pack(">I", len(data))
data += struct.pack(">H", 10) + directory + bytes(4)
open("tif/planes16.tif", "wb").write(data)
rgb.save("png/planes16.png")
# Large, and little in their files.
large = numpy.add.outer(numpy.arange(4000) // 40, numpy.arange(6000) // 30).astype(numpy.uint8)
Image.fromarray(large).save("large.tif")
Image.fromarray(large).save("large.png")
END
rm -f deep.tif && mv tif/deep.tif deep.tif

# Other ways to store the same.
tiffcp -c lzw -t -w 32 -l 48 tif/rgb.tif tif/tiles.tif && cp png/rgb.png png/tiles.png &&
    tiffcp -p separate -c zip tif/rgb.tif tif/planes.tif && cp png/rgb.png png/planes.png &&
    tiffcp -p separate -t -w 64 -l 64 -c lzw tif/rgba.tif tif/tiled-planes.tif &&
    cp png/rgba.png png/tiled-planes.png &&
    tiffcp -c packbits -r 7 tif/gray.tif tif/strips.tif && cp png/gray.png png/strips.png &&
    tiffcp -c lzw:2 -B tif/wide.tif tif/swapped.tif && cp png/wide.png png/swapped.png &&
    tiffcp -8 tif/rgb.tif tif/big.tif && cp png/rgb.png png/big.png &&
    tiffcp -p separate -c lzw -r 1000 tif/rgba.tif tif/whole-planes.tif &&
    cp png/rgba.png png/whole-planes.png &&
    tiffcp -c packbits -f lsb2msb -r 1000 tif/bits.tif tif/reversed.tif &&
    cp png/bits.png png/reversed.png &&
    tiffcp -t -w 256 -l 256 -c zip tif/palette4.tif tif/tiled-palette.tif &&
    cp png/palette4.png png/tiled-palette.png || fail "tiffcp failed"
clproc run tif -o out --format png --depth 8
expect_code 0
expect_summary() { expect_err "^clproc: $1"; }
expect_summary '27 written, 0 skipped, 0 failed'
for file in tif/*.tif; do
    name=${file##*/}
    name=${name%.tif}
    case $name in
    wide | swapped) # 16 bits as they are
        clproc run "$file" -o out/$name.png
        expect_code 0
        ;;
    esac
    same_pixels "png/$name.png" "out/$name.png"
done
clproc run tif/rgb.tif -o small.jpg --resize 50%
expect_code 0
# JPEG inside, of YCbCr: libtiff's samples, as Pillow has them.
tiffcp -c jpeg:90 -r 16 tif/rgb.tif jpeg.tif &&
    python3 -c 'from PIL import Image; Image.open("jpeg.tif").convert("RGB").save("jpeg.png")' ||
    fail "a TIFF of JPEG cannot be made"
clproc run jpeg.tif -o jpeg-out.png
expect_code 0
same_pixels jpeg.png jpeg-out.png
# Inks become RGB as a JPEG's do.
python3 - "$images/001-png-rgb.png" <<'END' || fail "CMYK cannot be made"
import sys
from PIL import Image
inks = Image.open(sys.argv[1]).convert("RGB").resize((64, 48)).convert("CMYK")
inks.save("inks.tif")
c, m, y, k = inks.split()
Image.merge("RGB", [band.point(lambda v: 255 - v) for band in (c, m, y)]).save("inks.png")
END
clproc run inks.tif -o inks-out.png
expect_code 0
same_pixels inks.png inks-out.png
# But no other inks, whatever their number.
tiffset -s 332 1 inks.tif >/dev/null 2>&1 || fail "tiffset failed"
clproc run inks.tif -o inks-out.png
expect_code 0
tiffset -s 332 2 inks.tif >/dev/null 2>&1 || fail "tiffset failed"
clproc run inks.tif -o other-inks.png
expect_code 1
expect_err 'inks.tif: is a TIFF of other inks than CMYK, ink set 2, which is not read; convert it'
expect_no_file other-inks.png

# Orientation, profile, texts, density.
for turn in 3 6; do
    cp tif/rgb.tif turned.tif
    tiffset -s 274 $turn turned.tif >/dev/null 2>&1 || fail "tiffset failed"
    tiffset -s 315 "Jo Doe, a photographer" turned.tif >/dev/null 2>&1
    clproc run turned.tif -o turned.png
    expect_code 0
    case $turn in 3) angle=180 ;; 6) angle=90 ;; esac
    clproc run png/rgb.png -o expected.png --rotate $angle
    same_pixels expected.png turned.png
    if have exiftool; then
        [ "$(exiftool -s3 -n -Orientation turned.png)" = 1 ] || fail "it should be upright"
        [ "$(exiftool -s3 -Artist turned.png)" = "Jo Doe, a photographer" ] ||
            fail "the artist should be kept"
    fi
done
python3 - "$images/008-jpeg-444-p3.jpg" <<'END' || fail "a profile cannot be put in"
import sys
from PIL import Image
photo = Image.open(sys.argv[1])
photo.save("p3.tif", icc_profile=photo.info["icc_profile"], dpi=(300, 300))
photo.save("p3.png", icc_profile=photo.info["icc_profile"])
END
clproc run p3.tif -o p3-srgb.png --icc srgb
clproc run p3.png -o png-srgb.png --icc srgb
same_pixels p3-srgb.png png-srgb.png
if have exiftool; then
    clproc run p3.tif -o p3.jpg
    [ -n "$(exiftool -s3 -ICC_Profile:ProfileDescription p3.jpg)" ] || fail "the profile is kept"
    [ "$(exiftool -s3 -JFIF:XResolution p3.jpg)" = 300 ] || fail "the density should be kept"
fi
# EXIF's and GPS's directories come with the picture, but for the maker's note; --strip and --keep see
# them.
if have exiftool; then
    exiftool -q -o full.tif -Make=Maker -Orientation#=6 -DateTimeOriginal='2020:01:02 03:04:05' \
        -FNumber=2.8 -LensModel='A lens' -GPSLatitude=41.9 -GPSLatitudeRef=N p3.tif ||
        fail "exiftool cannot write a TIFF"
    exiftool -q -o named.tif -DocumentName=doc -HostComputer=host -XPTitle=title -XPKeywords=keys p3.tif
    clproc run named.tif -o named.jpg
    [ "$(exiftool -s3 -DocumentName -HostComputer -XPTitle -XPKeywords named.jpg | xargs)" = "doc host title keys" ] ||
        fail "all texts of the first directory should be kept"
    facts() { # FILE
        exiftool -s3 -n -Make -Orientation -DateTimeOriginal -FNumber -LensModel -GPSLatitude \
            -Warning "$1" | tr '\n' ' '
    }
    clproc run full.tif -o full.jpg --resize 50%
    expect_code 0
    [ "$(facts full.jpg)" = 'Maker 1 2020:01:02 03:04:05 2.8 A lens 41.9 ' ] ||
        fail "full.jpg says $(facts full.jpg)"
    clproc run full.tif -o full.png --strip gps
    [ "$(facts full.png)" = 'Maker 1 2020:01:02 03:04:05 2.8 A lens ' ] ||
        fail "full.png says $(facts full.png)"
    clproc run full.tif -o full.jpg --keep date
    [ "$(facts full.jpg)" = '2020:01:02 03:04:05 ' ] || fail "full.jpg says $(facts full.jpg)"
fi
tiffcp tif/rgb.tif tif/gray.tif several.tif
clproc run several.tif -o first.png
expect_err 'warning: left behind: further pictures'
same_pixels png/rgb.png first.png

# Rows come one after the other: memory for all of them is not needed.
clproc run large.png -o large-out.png --resize 300x
expect_code 0
for way in '-c none -r 16' '-c none -r 5000' '-c lzw -r 5000' '-c zip -r 5000' '-c zip -t -w 256 -l 256'; do
    rm -f stored.tif
    tiffcp $way large.tif stored.tif || fail "tiffcp failed"
    clproc run stored.tif -o stored.png --resize 300x --memory 80M
    expect_code 0
    same_pixels large-out.png stored.png
done

# Only read: copies stay, anything else wants a format.
clproc run tif/rgb.tif -o copied
expect_code 0
expect_same tif/rgb.tif copied/rgb.tif
clproc run tif/rgb.tif -o copied --resize 50%
expect_code 1
expect_err 'rgb.tif: is a TIFF, which is read but not written; .*--format'
clproc run tif/rgb.tif -o copied --strip all
expect_code 1
clproc run tif/rgb.tif -o no.tif --resize 50%
expect_refusal 2 'no.tif: has the ending of a format that is not written'

# Broken, raw, of other kinds: told by their cause, or taken as they are.
head -c 4000 tif/strips.tif >cut.tif # its directory stands behind
clproc run cut.tif -o none.png
expect_code 1
expect_err 'cut.tif: is not a TIFF that can be decoded'
clproc run deep.tif -o none.png
expect_code 1
expect_err 'deep.tif: is a TIFF of another kind, bits a sample: 32'
cp tif/rgb.tif lab.tif
tiffset -s 262 8 lab.tif >/dev/null 2>&1
clproc run lab.tif -o none.png
expect_code 1
expect_err 'lab.tif: is a TIFF of L\*a\*b\* colours'
python3 - <<'END'
data = bytearray(open("tif/rgb16.tif", "rb").read())
open("short.tif", "wb").write(data[:-20000])
END
clproc run short.tif -o none.png
expect_code 1
expect_err 'short.tif: .*; --fail-on none'
expect_no_file none.png
# What is there comes out, the rest is black.
tiffcp -c lzw -r 10 tif/rgb.tif cut-strips.tif # its directory stands behind: a strip is damaged
python3 - cut-strips.tif <<'END' || fail "a strip cannot be damaged"
import sys
from PIL import Image
place = Image.open(sys.argv[1]).tag_v2[273][4]
data = bytearray(open(sys.argv[1], "rb").read())
data[place:place + 40] = bytes(40)
open(sys.argv[1], "wb").write(data)
END
for file in short cut-strips; do
    clproc run $file.tif -o $file.png --fail-on none --depth 8
    expect_code 0
    expect_err "$file.tif: warning: "
done
python3 - <<'END' || fail "what is there of a damaged file should come out"
import sys
from PIL import Image
import numpy
whole, short, cut = (numpy.asarray(Image.open(name)) for name in ("png/rgb.png", "short.png", "cut-strips.png"))
rows = (whole.size * 2 - 20000) // (whole.shape[1] * 6)
bad = (short[:rows] != whole[:rows]).any() or short[rows:].any()
bad |= (cut[:40] != whole[:40]).any() or (cut[50:] != whole[50:]).any()
sys.exit(bool(bad))
END
clproc run cut-strips.tif -o none.png
expect_code 1
clproc run tif/rgb.tif -o none.png --limit-pixels 1000
expect_code 1
expect_err 'limit of 1000'
cp tif/rgb.tif preview.tif
tiffset -s 254 1 preview.tif >/dev/null 2>&1
clproc run preview.tif -o none.png
expect_code 1
expect_err "preview.tif: is a camera's raw file"
mkdir folder
cp tif/rgb.tif folder/photo.nef
cp tif/rgb.tif folder/photo.tif
clproc run folder -o from-folder --format png
expect_code 0
expect_err 'photo.nef: warning: skipped: is a TIFF by another name'
expect_summary '1 written, 1 skipped, 0 failed; 1 is not read (1 tif)'
# IPTC in a tag of its own, as exiftool writes it, is kept, too.
if have exiftool; then
    exiftool -q -o iptc.tif -IPTC:City=Rome -IPTC:CopyrightNotice=Jo p3.tif ||
        fail "exiftool cannot write a TIFF"
    clproc run iptc.tif -o iptc.jpg
    expect_code 0
    [ "$(exiftool -s3 -IPTC:City -IPTC:CopyrightNotice iptc.jpg | tr '\n' ' ')" = "Rome Jo " ] || fail "IPTC is lost"
    clproc run iptc.tif -o kept.jpg --keep copyright
    expect_code 0
    [ "$(exiftool -s3 -IPTC:City -IPTC:CopyrightNotice kept.jpg | tr '\n' ' ')" = "Jo " ] || fail "more or less is kept"
fi
# Of planes that libtiff cannot put together there is no pixel, which nothing tolerates.
if tiffcp -c jpeg -p separate tif/rgb.tif apart.tif 2>/dev/null; then
    clproc run apart.tif -o apart.png --fail-on none
    expect_code 1
    expect_err 'apart.tif: is not a TIFF that can be decoded: '
    expect_no_file apart.png
fi
# What libtiff complains of while it reads on: a fax's bad code words, and what libjpeg says of a JPEG inside.
python3 - "$images/001-png-rgb.png" <<'END' || fail "no picture of one bit"
import sys
from PIL import Image
Image.open(sys.argv[1]).convert("RGB").resize((640, 480)).convert("1").save("bits.tif")
Image.open(sys.argv[1]).convert("RGB").resize((640, 480)).save("colours.tif")
END
spoil() { # FROM TO: six bytes in the middle are others
    cp "$1" "$2"
    printf '\245\132\303\074\017\360' | dd of="$2" bs=1 seek=$(($(wc -c <"$1") / 2)) conv=notrunc 2>/dev/null
}
if tiffcp -c g4 bits.tif fax4.tif && tiffcp -c g3 bits.tif fax3.tif; then
    spoil fax4.tif broken.tif
    clproc run broken.tif -o none.png
    expect_code 1
    expect_err 'broken.tif: .* at line [0-9]* of strip [0-9]'
    clproc run broken.tif -o some.png --fail-on none
    expect_code 0
    expect_err 'broken.tif: warning: .* at line [0-9]* of strip [0-9]'
    spoil fax3.tif broken.tif
    clproc run broken.tif -o none.png --fail-on warning
    expect_code 1
    expect_no_file none.png
    clproc run fax4.tif fax3.tif -o faxes --format png --fail-on warning
    expect_code 0
    expect_same faxes/fax4.png faxes/fax3.png
fi
if tiffcp -c jpeg:r colours.tif jpeg.tif 2>/dev/null; then
    spoil jpeg.tif broken.tif
    clproc run broken.tif -o none.png
    expect_code 1
    expect_err 'broken.tif: .*JPEG'
fi
