#!/bin/sh
# What real files hold that test pictures do not: one row for each fault that was found in the field,
# with its right value. The inputs are made here; those of ../shared/field are tried where they are.
. "$(dirname "$0")/lib.sh"
have python3 || skip "python3 is not installed"
field=${CLPROC_FIELD:-$source_dir/../shared/field}

# Pictures of 8 x 6 pixels, byte by byte.
cat >make.py <<'END'
import struct, sys, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 6, 8, 2, 0, 0, 0))
DATA = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(range(y, y + 24)) for y in range(6))))
END = chunk(b"IEND", b"")

def png(name, *chunks, end=END):
    open(name, "wb").write(HEAD + b"".join(chunks) + DATA + end)

def exif(orientation):
    return b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1" + struct.pack(">H", orientation) + b"\0\0\0\0\0\0"

def raw(name, data):
    lines = data.hex()
    lines = "\n".join(lines[i:i + 72] for i in range(0, len(lines), 72))
    return ("\n%s\n%8d\n%s\n" % (name, len(data), lines)).encode()

def text(key, value):
    return chunk(b"tEXt", key + b"\0" + value)

def packed(key, value):
    return chunk(b"zTXt", key + b"\0\0" + zlib.compress(value))

RAW = b"Raw profile type "
IPTC = b"8BIM\4\4\0\0\0\0\0\x0a\x1c\2\x78\0\5Stone"
XMP = b"<x:xmpmeta><rdf:RDF><rdf:Description xmp:Rating='4'/></rdf:RDF></x:xmpmeta>"

# Orientation, wherever a PNG may have it; the first of eXIf and raw profiles counts.
png("exif.png", chunk(b"eXIf", exif(6)))
png("prefix.png", chunk(b"eXIf", b"Exif\0\0" + exif(6)))
png("late.png", end=chunk(b"eXIf", exif(6)) + END)
png("rawexif.png", packed(RAW + b"exif", raw("exif", b"Exif\0\0" + exif(6))))
png("rawbare.png", text(RAW + b"exif", raw("exif", exif(6))))
png("rawapp1.png", text(RAW + b"APP1", raw("app1", b"Exif\0\0" + exif(6))))
png("rawitxt.png", chunk(b"iTXt", RAW + b"exif\0\0\0\0\0" + raw("exif", exif(6))))
png("rawlate.png", end=packed(RAW + b"exif", raw("exif", b"Exif\0\0" + exif(6))) + END)
png("both.png", packed(RAW + b"exif", raw("exif", exif(1))), chunk(b"eXIf", exif(6)))
# Other metadata in texts, and texts.
png("rawxmp.png", packed(RAW + b"xmp", raw("xmp", XMP)))
png("rawapp1xmp.png", text(RAW + b"APP1", raw("app1", b"http://ns.adobe.com/xap/1.0/\0" + XMP)))
png("rawiptc.png", packed(RAW + b"iptc", raw("iptc", IPTC)))
png("raw8bim.png", text(RAW + b"8bim", raw("8bim", IPTC)))
png("rawbad.png", text(RAW + b"exif", b"\nexif\n 200\n4d4d"))
png("texts.png", text(b"Copyright", b"\xa9 Jo"), packed(b"parameters", b"steps: 20, seed: 1"),
    chunk(b"iTXt", b"Description\0\0\0de\0\0" + "Grüße".encode()), text(b"exif:GPSLatitude", b"41"),
    text(b"exif:Orientation", b"6"))
png("long.png", text(b"workflow", b"w" * 70000))
# The end, or what Apple makes of it.
png("noiend.png", end=b"")
png("endcrc.png", end=END[:-4] + b"\0\0\0\0")
open("nocrc.png", "wb").write(HEAD + DATA[:-3])
open("cut.png", "wb").write(HEAD + DATA[:-30])
open("cgbi.png", "wb").write(HEAD[:8] + chunk(b"CgBI", b"P\0 \2") + HEAD[8:] + DATA + END)
png("apng.png", chunk(b"acTL", struct.pack(">II", 3, 0)))

# JPEG: segments behind SOI, and what stands behind EOI.
bare = open("bare.jpg", "rb").read()

def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

def jpeg(name, *segments, behind=b"", picture=bare):
    open(name, "wb").write(picture[:2] + b"".join(segments) + picture[2:] + behind)

XAP = b"http://ns.adobe.com/xap/1.0/\0"
CLAIM = (b"<x:xmpmeta><rdf:RDF><rdf:Description xmlns:hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/' "
         b"hdrgm:Version='1.0' GCamera:MotionPhoto='1' GCamera:MicroVideoOffset='5000' xmp:Rating='4'>"
         b"<Container:Directory><rdf:Seq><rdf:li><Container:Item Item:Semantic='GainMap' "
         b"Item:Length='999'/></rdf:li></rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>")
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"v" * 5000
jpeg("exif.jpg", segment(0xE1, b"Exif\0\0" + exif(6)))
jpeg("exif1nul.jpg", segment(0xE1, b"Exif\0\xff" + exif(6)))
jpeg("exiftwice.jpg", segment(0xE1, b"Exif\0\0Exif\0\0" + exif(6)))
jpeg("xmpnul.jpg", segment(0xE1, XAP + XMP + b"\0\0"))
jpeg("utf16.jpg", segment(0xE1, XAP + XMP.decode().encode("utf-16-le") + b"\0\0"))
jpeg("gain.jpg", segment(0xE1, XAP + CLAIM), behind=bare)
jpeg("mpf.jpg", segment(0xE2, b"MPF\0MM\0*"), behind=bare)
jpeg("motion.jpg", segment(0xE1, XAP + CLAIM), behind=VIDEO)
jpeg("quiet-motion.jpg", behind=b"\0" * 40 + VIDEO)
jpeg("claims.jpg", segment(0xE1, XAP + CLAIM))
jpeg("padded.jpg", behind=b"\0" * 512)
jpeg("c2pa.jpg", segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb\0\0\0\x18jumdc2pa"))
jpeg("comment.jpg", segment(0xFE, b"made by Jo\0"), segment(0xFE, "Grüße".encode()))
jpeg("noeoi.jpg", picture=bare[:-2])
jpeg("cut.jpg", picture=bare[:-40])
sos = bare.index(b"\xff\xda")
size = 2 + struct.unpack(">H", bare[sos + 2:sos + 4])[0]
jpeg("samsung.jpg", picture=bare[:sos + size - 3] + b"\0\0\0" + bare[sos + size:])
END
printf 'P6 8 6 255\n' >/dev/null
clproc samples -o seed --count 1 --width 64 --height 48
clproc run seed -o bare.jpg --strip all --quality 90
expect_code 0
python3 make.py || fail "the inputs cannot be made"

row() { # FILE OPTIONS...: must be done
    file=$1
    shift
    clproc run "$file" -o "out.${format:-png}" --resize 200% "$@"
    expect_code 0
}
quiet() {
    row "$@"
    expect_no_err 'warning'
}

# ---- upright, from whatever holds the orientation: 8 x 6 becomes 12 x 16
for name in exif prefix late rawexif rawbare rawapp1 rawitxt rawlate both; do
    quiet $name.png
    expect_png_size out.png 12x16
    quiet $name.png --no-auto-orient
    expect_png_size out.png 16x12
done
for name in exif exif1nul exiftwice; do
    quiet $name.jpg
    expect_png_size out.png 96x128
done

# ---- metadata in texts is kept, also through a JPEG and back
holds() { # FILE TEXT
    grep -q -a -e "$2" "$1" || fail "$1 should hold $2"
}
lacks() {
    ! grep -q -a -e "$2" "$1" || fail "$1 should not hold $2"
}
for name in rawxmp rawapp1xmp; do
    quiet $name.png
    holds out.png "xmp:Rating='4'"
done
for name in rawiptc raw8bim; do
    format=jpg quiet $name.png
    holds out.jpg Stone
    quiet $name.png
    holds out.png 'Raw profile type iptc'
    format=jpg quiet out.png
    holds out.jpg Stone
done
row rawbad.png
expect_err 'rawbad.png: warning: the text "Raw profile type exif" is broken: dropped'
expect_png_size out.png 16x12

quiet texts.png
holds out.png 'tEXtCopyright'
holds out.png 'zTXtparameters'
holds out.png 'iTXtDescription'
holds out.png 'Grüße'
holds out.png 'exif:GPSLatitude'
lacks out.png 'exif:Orientation'
quiet texts.png --strip gps
lacks out.png GPS
holds out.png Copyright
quiet texts.png --strip comments
lacks out.png 'Copyright\|parameters\|Description'
format=jpg quiet texts.png
holds out.jpg 'Copyright: © Jo'
holds out.jpg 'parameters: steps: 20, seed: 1'
holds out.jpg 'Description: Grüße'
format=jpg row long.png
expect_err 'long.png: warning: the text "workflow" of 70000 bytes was dropped'
quiet long.png
holds out.png workflow
format=jpg quiet comment.jpg
holds out.jpg 'made by Jo'
holds out.jpg 'Grüße'
quiet comment.jpg
holds out.png 'tEXtComment'
holds out.png 'iTXtComment'
holds out.png 'Grüße'
format=jpg quiet comment.jpg --strip all
lacks out.jpg 'made by Jo'

# ---- XMP
format=jpg quiet xmpnul.jpg --fail-on warning
holds out.jpg "xmp:Rating='4'"
format=jpg row utf16.jpg
expect_err 'utf16.jpg: warning: XMP was dropped: the XMP packet is not UTF-8'

# ---- what stands beside a picture: named once, and no longer claimed
left() { # FILE WHAT
    format=jpg row "$1"
    expect_err "$1: warning: left behind: $2\$"
    lacks out.jpg 'hdrgm\|MotionPhoto\|MicroVideo\|Container\|GainMap\|MPF'
}
left gain.jpg 'the gain map (HDR)'
holds out.jpg "xmp:Rating='4'"
left mpf.jpg 'further pictures behind the first'
left motion.jpg 'the video of a motion photo'
left quiet-motion.jpg 'the video of a motion photo'
left c2pa.jpg 'the content credentials (C2PA) of the picture as it was'
left apng.png 'all frames of the animation but the first'
format=jpg quiet claims.jpg # nothing is there to leave
lacks out.jpg 'hdrgm\|MotionPhoto\|Container'
format=jpg quiet padded.jpg
clproc run gain.jpg -o copy.jpg
expect_same gain.jpg copy.jpg

# ---- flaws that harm no pixel; the pixels are those of the whole file
clproc run late.png -o whole.png --format png --no-auto-orient --quality 90 --strip all
for name in noiend nocrc endcrc; do
    row $name.png --strip all
    expect_err "$name.png: warning: the end of the file (IEND) is missing"
    cp out.png flawed.png
    row late.png --strip all --no-auto-orient
    expect_same out.png flawed.png
done
for name in noeoi samsung; do
    row $name.jpg --strip all
    expect_err "$name.jpg: warning: "
    cp out.png flawed.png
    row bare.jpg --strip all
    expect_same out.png flawed.png
done
for name in cut.png cut.jpg; do
    clproc run $name -o none.png --resize 8x
    expect_code 1
    expect_err "$name: .*early\|$name: Premature end"
    expect_no_file none.png
done
clproc run cgbi.png -o none.png --resize 8x
expect_code 1
expect_err 'cgbi.png: .*CgBI'

# ---- folders: what bears a picture's name, or is a picture of another kind, is named
mkdir mixed
cp exif.png mixed/good.png
: >mixed/empty.jpg
head -c 3000 make.py >mixed/noise.jpg
printf '\377\012\0\0\0\0\0\0\0\0\0\0' >mixed/photo.jpg
printf '\0\0\0\030ftypcrx \0\0\0\0crx ' >mixed/phone.dat
printf 'GIF89a\0\0\0\0\0\0\0\0\0\0' >mixed/scan.gif
echo 'not meant to be one' >mixed/notes.txt
clproc run mixed -o mixed-out --resize 8x
expect_code 0
expect_count mixed-out 1
expect_err 'mixed/empty.jpg: warning: .*empty'
expect_err 'mixed/noise.jpg: warning: .*no format that clproc knows'
expect_err 'mixed/photo.jpg: warning: .*jxl'
expect_err 'mixed/phone.dat: warning: .*cr3'
expect_err 'mixed/scan.gif: warning: .*gif'
expect_no_err notes.txt
expect_err '^clproc: 1 written, 6 skipped, 0 failed; 5 are not read ('
longest=$(grep ' written' "$err" | awk '{ if (length > n) n = length } END { print n }')
[ "$longest" -le 84 ] || fail "the summary should fit 80 columns" # bytes of "…" count thrice
clproc run mixed/photo.jpg -o none.png --resize 8x
expect_code 1
expect_err 'photo.jpg: is jxl, which is not read'
clproc run mixed exif.jpg missing.jpg -o mixed-out --resize 8x --existing skip --progress json
python3 - "$err" <<'END' || fail "every file should have a line"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
files = {line["input"]: line for line in lines if line["type"] in ("written", "skipped", "failed")}
assert len(files) == 9, files
assert files["mixed/photo.jpg"]["kind"] == "jxl" and files["mixed/photo.jpg"]["reason"] == "no picture"
assert files["mixed/empty.jpg"]["kind"] == "empty"
assert files["mixed/good.png"]["reason"] == "exists"
assert files["exif.jpg"]["type"] == "written" and files["exif.jpg"]["output"] == "mixed-out/exif.jpg"
assert files["missing.jpg"]["type"] == "failed"
result = lines[-1]
assert result["no_picture"]["cr3"] == 1 and result["exist"] == 1, result
END

# ---- values
refused() { # PATTERN OPTIONS...
    pattern=$1
    shift
    clproc run exif.png "$@"
    expect_refusal 2 "$pattern"
}
refused 'give the sigma alone' -o none.png --blur 0x1.5
refused '0x10: must be' -o none.png --quality 0x10
refused 'inf: must be' -o none.png --limit-seconds inf
refused 'is not a number' -o none.png --sharpen 0x1p1
refused 'write a point' -o none.png --gamma 1,5
refused 'output is given twice, with a.png and b.png' -o a.png -o b.png
refused 'icc is given twice' -o a.png --icc srgb --icc keep
clproc run exif.png -o none.png --crop 5000x5000
expect_code 1
expect_err 'exif.png: crop of 5000 × 5000 is larger than the picture of 6 × 8 pixels; .*fit=cover'
expect_no_file none.png

# ---- file times and permissions
touch -t 200102030405 exif.png
chmod 640 exif.png
clproc run exif.png -o kept.png --resize 8x --preserve times,mode
expect_code 0
[ "$(find kept.png -perm 640 ! -newer exif.png | wc -l)" -eq 1 ] || fail "times and mode should be kept"
clproc run exif.png -o plain.png --resize 8x
[ "$(find plain.png -newer exif.png | wc -l)" -eq 1 ] || fail "an output is new by default"

# ---- the files the faults were found with
if [ ! -d "$field" ]; then
    echo "skipped: no pictures at $field; name a folder of them in CLPROC_FIELD"
    exit 0
fi
clproc run "$field"/cgbi.png "$field"/noiend.png "$field"/rawprofile-exif6.png "$field"/samsung-sos.jpg \
    "$field"/uhdr-motion.jpg "$field"/xmp-nul.jpg -o field --resize 50%
expect_code 1
expect_err 'cgbi.png: .*CgBI'
expect_err 'noiend.png: warning: .*IEND'
expect_png_size field/rawprofile-exif6.png 38x50
expect_err 'samsung-sos.jpg: warning: Invalid SOS'
expect_err 'uhdr-motion.jpg: warning: left behind: the gain map (HDR), the video of a motion photo$'
lacks field/uhdr-motion.jpg 'hdrgm\|MotionPhoto\|Item:Length'
expect_no_err 'xmp-nul.jpg'
holds field/xmp-nul.jpg 'xmp:Rating="4"'
clproc run "$field/strip.png" -o none.png --resize x200
expect_code 1
expect_err 'strip.png: .*1333333 pixels, .*--limit-side'
clproc run "$field/strip2.png" -o none.png --resize x200 --memory 256M
expect_code 1
expect_err 'strip2.png: .*--limit-pixels'
expect_no_file none.png
