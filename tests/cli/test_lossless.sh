#!/bin/sh
# What is not decoded: metadata edited around a scan that stays byte for byte, and JPEGs turned,
# mirrored and cropped by whole blocks, against jpegtran.
. "$(dirname "$0")/lib.sh"
have python3 || skip "python3 is not installed"

# A JPEG's bytes from its first scan to its end, and a PNG's pixel data.
pixels() { # FILE
    python3 - "$1" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
out = sys.stdout.buffer
if data[:2] == b"\xff\xd8":
    at = 2
    while data[at + 1] != 0xDA:
        size = struct.unpack(">H", data[at + 2:at + 4])[0] + 2
        if not 0xE0 <= data[at + 1] <= 0xEF and data[at + 1] != 0xFE:
            out.write(data[at:at + size])  # tables and frame
        at += size
    out.write(data[at:data.rindex(b"\xff\xd9") + 2])
else:
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"IEND"):
            out.write(data[at:at + 12 + size])
        at += 12 + size
END
}

expect_pixels() { # FILE FILE: as stored
    pixels "$1" >"$scratch/one"
    pixels "$2" >"$scratch/two"
    [ -s "$scratch/one" ] || fail "$1 should have pixels"
    expect_same "$scratch/one" "$scratch/two"
}

expect_summary() { # PATTERN
    expect_err "^clproc: $1"
}

# Pictures with metadata of all kinds, made without other tools.
python3 - "$images/000-jpeg-420.jpg" <<'END' || fail "the pictures cannot be made"
import struct, sys, zlib
jpeg = open(sys.argv[1], "rb").read()
def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data
def exif(orientation):
    gps = struct.pack("<HHHII", 1, 1, 2, 2, 0x4E) + b"\0\0\0\0"  # latitude N
    return (b"II*\0" + struct.pack("<IH", 8, 2) + struct.pack("<HHII", 0x112, 3, 1, orientation)
            + struct.pack("<HHII", 0x8825, 4, 1, 38) + b"\0\0\0\0" + gps)
at = 2
while jpeg[at + 1] in (0xE0, 0xE1, 0xE2, 0xED, 0xFE):
    at += struct.unpack(">H", jpeg[at + 2:at + 4])[0] + 2
jfif = segment(0xE0, b"JFIF\0\1\2\1\1\x2c\1\x2c\1\1abc")  # 300 dpi and a thumbnail of one pixel
comment = segment(0xFE, b"a comment")
private = segment(0xE9, b"a private segment")
body = jpeg[at:]
def write(name, orientation, tail=b""):
    open(name, "wb").write(b"\xff\xd8" + jfif + segment(0xE1, b"Exif\0\0" + exif(orientation))
                           + comment + private + body + tail)
write("plain.jpg", 1)
write("turned.jpg", 6)
write("behind.jpg", 1, b"\xff\xd8\xff\xe1\0\4ab SECRET")
open("cut.jpg", "wb").write(open("plain.jpg", "rb").read()[:-3000])
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(name, *chunks):
    pixels = chunk(b"IDAT", zlib.compress(bytes([0, 0, 1, 2, 3]) * 4, 1))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR",
        struct.pack(">IIBBBBB", 4, 4, 8, 3, 0, 0, 0)) + chunk(b"tEXt", b"Comment\0a comment")
        + chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\xff\x80\0\xff")
        + chunk(b"eXIf", exif(1)) + chunk(b"prVt", b"private") + pixels + b"".join(chunks)
        + chunk(b"tIME", bytes(7)) + chunk(b"IEND", b""))
png("palette.png")
END

# Only metadata goes: the scan stays, and that is told.
clproc run plain.jpg palette.png -o all --strip all --verbose
expect_code 0
expect_summary 'plain.jpg -> all/plain.jpg (copied without re-encoding)'
expect_summary '2 written, 0 skipped, 0 failed; 2 not re-encoded'
for name in plain.jpg palette.png; do
    expect_pixels $name all/$name
    ! grep -q -e comment -e private -e Exif -e eXIf -e tIME all/$name ||
        fail "all/$name should hold no metadata"
done
od -An -tx1 -N20 all/plain.jpg | tr -d ' \n' |
    grep -q '^ffd8ffe000104a46494600010201012c012c0000' ||
    fail "the density should stay, and the thumbnail go"
clproc run plain.jpg palette.png -o gps --strip gps
expect_code 0
for name in plain.jpg palette.png; do
    expect_pixels $name gps/$name
    grep -q 'a comment' gps/$name || fail "gps/$name should keep its comment"
done
grep -q Exif gps/plain.jpg || fail "gps/plain.jpg should keep EXIF"
if have djpeg; then
    djpeg plain.jpg >plain.ppm && djpeg all/plain.jpg >all.ppm || fail "djpeg cannot read it"
    expect_same plain.ppm all.ppm
fi
if have exiftool; then
    [ -z "$(exiftool -a -s -GPS:all gps/plain.jpg)" ] || fail "the place should be gone"
    [ -z "$(exiftool -s3 -Warning gps/plain.jpg)" ] || fail "exiftool warns of gps/plain.jpg"
fi
if have pngcheck; then
    pngcheck -q all/palette.png gps/palette.png >"$scratch/check" ||
        fail "pngcheck: $(cat "$scratch/check")"
fi

# Reports and progress count it.
clproc run plain.jpg palette.png turned.jpg -o told --strip gps --report report.json --progress json
expect_code 0
expect_err '"type":"written","input":"plain.jpg".*"message":"copied without re-encoding"'
expect_err '"type":"result".*"written":3,"kept":2,'
grep -q '"not encoded anew":2' report.json || fail "the report should count 2"
# A report from before that was counted can still be read.
sed 's/,"not encoded anew":2//' report.json >earlier.json
clproc report show earlier.json
expect_code 0

# The same metadata as where pixels are encoded.
clproc run plain.jpg -o encoded --strip gps --quality 90
expect_code 0
expect_no_err 're-encoded'
if have exiftool; then
    for folder in gps encoded; do
        exiftool -a -G1 -s --System:all --File:all --Composite:all --ExifTool:all \
            --JFIFVersion $folder/plain.jpg >$folder.txt
    done
    expect_same gps.txt encoded.txt
fi

# What stands behind the picture goes, with a warning; what is not whole is decoded, for a verdict.
clproc run behind.jpg -o out --strip thumbnail
expect_code 0
expect_err 'warning: left behind: further pictures'
! grep -q SECRET out/behind.jpg || fail "what stood behind the picture is still there"
expect_pixels plain.jpg out/behind.jpg
clproc run cut.jpg -o out --strip all
expect_code 1
expect_err 'cut.jpg: Premature end'
expect_no_file out/cut.jpg

# Whatever was asked of the encoder, or turns pixels, encodes.
for options in '--quality 85' '--progressive' '--subsampling 444' '--flip h' '--icc srgb' '--gray'; do
    clproc run plain.jpg -o encodes --strip gps $options
    expect_code 0
    expect_no_err 're-encoded'
    pixels encodes/plain.jpg >"$scratch/two"
    ! cmp -s "$scratch/one" "$scratch/two" || fail "$options should encode"
done
clproc run turned.jpg -o turned --strip exif
expect_code 0
expect_no_err 're-encoded'
clproc run turned.jpg -o stored --strip gps --no-auto-orient
expect_code 0
expect_err '1 not re-encoded'
expect_pixels turned.jpg stored/turned.jpg

# --dry-run and --resume know it, --explain tells it, --verify says why there is nothing to prove.
clproc run plain.jpg -o dry --strip gps --dry-run
expect_code 0
expect_out 'plain.jpg -> dry/plain.jpg'
expect_no_file dry
clproc run plain.jpg --explain --strip gps
expect_code 0
expect_out '^nothing is decoded: metadata'
clproc run plain.jpg -o again --strip gps --resume
clproc run plain.jpg -o again --strip gps --resume
expect_code 0
expect_summary '0 written, 1 skipped, 0 failed; 1 made before'
clproc run plain.jpg -o again --strip gps --resume --lossless
expect_code 0
expect_summary '1 written, 0 skipped, 0 failed; 1 not re-encoded'
clproc run plain.jpg -o proof --strip gps --verify 1
expect_code 0
expect_out '^verified 0 of 1 pictures asked for; what is not re-encoded needs no proof'
clproc run plain.jpg -o - --strip gps
expect_code 0
cp "$out" piped.jpg
expect_same gps/plain.jpg piped.jpg

# Refusals, by name.
clproc run plain.jpg -o no --lossless --resize 50%
expect_refusal 2 'can rotate, flip and crop, but resize makes new pixels'
clproc run plain.jpg -o no --lossless --quality 90
expect_refusal 2 'keeps pixels as they are stored, but --quality'
clproc run plain.jpg -o no --lossless --format png
expect_code 1
expect_err 'plain.jpg: is a JPEG, and --lossless leaves it one'
expect_no_file no/plain.png

have jpegtran && have djpeg && have cjpeg || {
    echo "skipped: jpegtran is not installed (libjpeg-turbo-progs)"
    exit 0
}

# Every kind of sampling, of a size that no block divides, in every way.
djpeg -crop 605x451+0+0 "$images/000-jpeg-420.jpg" >"$scratch/all.ppm" 2>/dev/null ||
    djpeg "$images/000-jpeg-420.jpg" >"$scratch/all.ppm"
mkdir odd even
convert_to() { # NAME CJPEG-OPTIONS...
    name=$1
    shift
    cjpeg -quality 80 "$@" "$scratch/all.ppm" >whole.jpg
    jpegtran -copy none -crop 229x155+0+0 whole.jpg >"odd/$name.jpg"
    jpegtran -copy none -crop 224x160+0+0 whole.jpg >"even/$name.jpg"
}
convert_to 420 -sample 2x2
convert_to 422 -sample 2x1
convert_to 440 -sample 1x2
convert_to 411 -sample 4x1
convert_to 444 -sample 1x1
convert_to gray -grayscale
convert_to progressive -sample 2x2
jpegtran -progressive -copy none odd/progressive.jpg >p.jpg && mv p.jpg odd/progressive.jpg
jpegtran -progressive -copy none even/progressive.jpg >p.jpg && mv p.jpg even/progressive.jpg

compare() { # FOLDER OUT JPEGTRAN-OPTIONS...
    folder=$1
    made=$2
    shift 2
    for file in "$folder"/*.jpg; do
        progressive=
        case $file in *progressive*) progressive=-progressive ;; esac
        jpegtran -copy none -optimize $progressive "$@" "$file" >expected.jpg
        expect_same expected.jpg "$made/${file##*/}"
    done
}

for angle in 90 180 270; do
    clproc run even -o "e$angle" --lossless --rotate $angle
    expect_code 0
    expect_summary '7 written, 0 skipped, 0 failed; 7 not re-encoded'
    compare even "e$angle" -perfect -rotate $angle
    clproc run odd -o "o$angle" --lossless=trim --rotate $angle
    expect_code 0
    compare odd "o$angle" -trim -rotate $angle
done
clproc run even -o eh --lossless --flip h
compare even eh -perfect -flip horizontal
clproc run even -o ev --lossless --flip v
compare even ev -perfect -flip vertical
clproc run odd -o oh --lossless=trim --flip h
compare odd oh -trim -flip horizontal
# Cropped on block boundaries the far edges may lie anywhere.
clproc run odd -o crop --lossless --crop 101x77+64+32
expect_code 0
compare odd crop -crop 101x77+64+32
# A flip counts from the far edge: what is cropped first need not end on a block.
clproc run even -o chain --lossless --crop 96x64+32+32 --rotate 90 --flip h
expect_code 0
for file in even/*.jpg; do
    progressive=
    case $file in *progressive*) progressive=-progressive ;; esac
    jpegtran -copy none -crop 96x64+32+32 "$file" >one.jpg
    jpegtran -copy none -optimize $progressive -perfect -transpose one.jpg >expected.jpg
    expect_same expected.jpg "chain/${file##*/}"
done
# Trimming keeps within what was asked for: the next block inside.
clproc run odd/444.jpg -o in.jpg --lossless=trim --crop 50x50+9+17
expect_code 0
jpegtran -copy none -optimize -crop 43x43+16+24 odd/444.jpg >expected.jpg
expect_same expected.jpg in.jpg

# What does not go by blocks fails with cause and cure, the others are whole.
clproc run odd/420.jpg even/420.jpg -o '{dir}/x{name}.jpg' --lossless --flip h
expect_code 1
expect_err 'odd/420.jpg: has 229 columns, which is no multiple of its blocks. 16.*--lossless=trim'
expect_file even/x420.jpg
expect_no_file odd/x420.jpg
clproc run even/420.jpg -o no.jpg --lossless --crop 50x50+9+16
expect_code 1
expect_err 'would be cut at 9 of its columns .* 16; cut at 0 or 16'
clproc run even/420.jpg -o no.jpg --lossless=trim --crop 5x50+9+16
expect_code 1
expect_err 'has no whole block of 16 columns there'
expect_no_file no.jpg

# Auto-orientation, and the tag that then says 1.
clproc run turned.jpg --explain --lossless=trim
expect_code 0
expect_out '^no sample is decoded: blocks'
clproc run turned.jpg -o upright.jpg --lossless=trim
expect_code 0
jpegtran -copy none -optimize -trim -rotate 90 turned.jpg >expected.jpg
djpeg expected.jpg >expected.ppm
djpeg upright.jpg >upright.ppm
expect_same expected.ppm upright.ppm
if have exiftool; then
    [ "$(exiftool -s3 -n -IFD0:Orientation upright.jpg)" = 1 ] || fail "it should be upright"
fi
# Cut short, it is refused like any other; taken as it is, it is whole.
clproc run cut.jpg -o moved.jpg --lossless --crop 64x64+0+0
expect_code 1
expect_err 'cut.jpg: Premature end'
clproc run cut.jpg -o moved.jpg --lossless --crop 64x64+0+0 --fail-on none
expect_code 0
djpeg moved.jpg >/dev/null 2>"$scratch/djpeg" || fail "djpeg: $(cat "$scratch/djpeg")"
# Bounds hold before memory is taken.
clproc run even/420.jpg -o no.jpg --lossless --rotate 90 --memory 100k
expect_code 1
expect_err 'needs [0-9]* MB while it is processed, more than the limit .*--memory'
# A PNG loses nothing by being encoded.
cp "$images/001-png-rgb.png" some.png
clproc run some.png -o some-out.png --lossless --rotate 90
expect_code 0
clproc run some-out.png -o some-back.png --rotate 270
expect_code 0
# Blocks are moved for one output, and the file is kept for another.
clproc run even/420.jpg --to moved --flip h --lossless --to kept --strip gps
expect_code 0
expect_err '2 written'
djpeg kept/420.jpg >kept.ppm
djpeg even/420.jpg >expected.ppm
expect_same expected.ppm kept.ppm
