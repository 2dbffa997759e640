#!/bin/sh
# What exiftool and pngcheck find in outputs: metadata kept, upright, of the new size, without
# thumbnail; the place gone where asked; broken blocks dropped with a warning.
. "$(dirname "$0")/lib.sh"
have exiftool || skip "exiftool is not installed (libimage-exiftool-perl)"

# A photo with a thumbnail that shows a secret, an ICC profile, and the place in every corner.
mkdir in
cp "$images/000-jpeg-420.jpg" in/full.jpg
exiftool -q -b -icc_profile "$images/008-jpeg-444-p3.jpg" >p3.icc
"$CLPROC" run "$images/006-jpeg-gray.jpg" -o thumb.jpg --resize 40x --strip all 2>/dev/null
printf SECRET >>thumb.jpg
exiftool -q -overwrite_original -Make=Maker -Model=One -DateTimeOriginal='2020:01:02 03:04:05' \
    -Orientation#=1 -ExifImageWidth=600 -ExifImageHeight=450 \
    -GPSLatitude=41.9 -GPSLatitudeRef=N -GPSLongitude=12.5 -GPSLongitudeRef=E \
    '-ThumbnailImage<=thumb.jpg' '-PhotoshopThumbnail<=thumb.jpg' '-icc_profile<=p3.icc' \
    -XMP-dc:Title=Ruins -XMP-tiff:Orientation#=1 -XMP-tiff:ImageWidth=600 \
    -XMP-exif:GPSLatitude=41.9 -XMP-exif:GPSLongitude=12.5 -XMP-photoshop:City=Rome \
    -XMP-iptcExt:LocationShownCity=Rome -XMP-iptcCore:Location=Forum \
    -IPTC:City=Rome -IPTC:Country-PrimaryLocationName=Italy -IPTC:Caption-Abstract=Columns \
    -IPTC:Keywords=stone -JFIF:XResolution=300 -JFIF:YResolution=300 -JFIF:ResolutionUnit=inches \
    in/full.jpg || fail "exiftool cannot write the test picture"

tag() { # FILE TAG: its value, empty if it is not there
    exiftool -s3 -n "-$2" "$1"
}

expect_tag() { # FILE TAG VALUE
    value=$(tag "$1" "$2")
    [ "$value" = "$3" ] || fail "$2 of $1 should be '$3', not '$value'"
}

expect_kept() { # FILE: all that does not tell the place
    expect_tag "$1" IFD0:Make Maker
    expect_tag "$1" ExifIFD:DateTimeOriginal '2020:01:02 03:04:05'
    expect_tag "$1" XMP-dc:Title Ruins
    expect_tag "$1" ICC_Profile:ProfileDescription "$(tag in/full.jpg ICC_Profile:ProfileDescription)"
    expect_tag "$1" Warning ''
}

expect_sound() { # FILE: no thumbnail, and the size is the new one
    ! grep -q SECRET "$1" || fail "$1 still holds the thumbnail"
    expect_tag "$1" ThumbnailImage ''
    expect_tag "$1" PhotoshopThumbnail ''
    expect_tag "$1" ExifIFD:ExifImageWidth "$(tag "$1" File:ImageWidth)$(tag "$1" PNG:ImageWidth)"
    expect_tag "$1" ExifIFD:ExifImageHeight "$(tag "$1" File:ImageHeight)$(tag "$1" PNG:ImageHeight)"
    expect_tag "$1" IFD0:Orientation 1
}

# Kept by default.
grep -q SECRET in/full.jpg || fail "the test picture should have a thumbnail"
clproc run in/full.jpg -o kept.jpg --resize 120x
expect_code 0
expect_no_err warning
expect_kept kept.jpg
expect_sound kept.jpg
expect_tag kept.jpg XMP-tiff:Orientation 1
expect_tag kept.jpg XMP-tiff:ImageWidth 120
expect_tag kept.jpg IPTC:City Rome
expect_tag kept.jpg IPTC:Caption-Abstract Columns
expect_tag kept.jpg XMP-photoshop:City Rome
[ -n "$(tag kept.jpg Composite:GPSPosition)" ] || fail "the GPS position should be kept"
expect_tag kept.jpg JFIF:XResolution 300
expect_tag kept.jpg JFIF:ResolutionUnit 1

# Densities across and down go with the sides.
exiftool -q -o dense.jpg -Orientation#=6 -JFIF:XResolution=204 -JFIF:YResolution=98 \
    -IFD0:XResolution=204 -IFD0:YResolution=98 in/full.jpg || fail "exiftool cannot write densities"
expect_densities() { # FILE ACROSS DOWN
    densities=$(exiftool -s3 -n -JFIF:XResolution -JFIF:YResolution -IFD0:XResolution -IFD0:YResolution "$1" | xargs)
    [ "$densities" = "$2 $3 $2 $3" ] || fail "$1 should have densities of $2 and $3, twice, not $densities"
}
for how in --lossless=trim '--resize 50%'; do
    clproc run dense.jpg -o upright.jpg $how
    expect_densities upright.jpg 98 204
    clproc run dense.jpg -o again.jpg $how --rotate 90
    expect_densities again.jpg 204 98
    clproc run dense.jpg -o stored.jpg $how --no-auto-orient --flip h
    expect_densities stored.jpg 204 98
    clproc run dense.jpg -o lying.jpg $how --no-auto-orient --rotate 90
    expect_densities lying.jpg 98 204
    rm upright.jpg again.jpg stored.jpg lying.jpg
done
clproc run dense.jpg -o turned.png --resize 20%
expect_tag turned.png PNG-pHYs:PixelsPerUnitX 3858
expect_tag turned.png PNG-pHYs:PixelsPerUnitY 8031

# To PNG, which has IPTC as a text, and back.
clproc run in/full.jpg -o there.png --resize 120x
expect_code 0
expect_no_err warning
expect_kept there.png
expect_tag there.png IPTC:City Rome
expect_sound there.png
expect_tag there.png PNG-pHYs:PixelsPerUnitX 11811
if have pngcheck; then
    pngcheck -q there.png >"$scratch/check" || fail "pngcheck: $(cat "$scratch/check")"
fi
clproc run there.png -o back.jpg --crop 60x40
expect_code 0
expect_kept back.jpg
expect_sound back.jpg
expect_tag back.jpg JFIF:XResolution 300
expect_tag back.jpg IPTC:Caption-Abstract Columns

# Stripping: what is named goes, and nothing else.
strip() { # LIST
    clproc run in/full.jpg -o out.jpg --strip "$1"
    expect_code 0
    ! grep -q SECRET out.jpg || fail "out.jpg still holds the thumbnail"
}
strip gps
expect_kept out.jpg
expect_sound out.jpg
exiftool -a -G1 -s out.jpg >"$scratch/tags"
if grep -i -e gps -e rome -e italy -e forum -e '41[. ]' "$scratch/tags"; then
    fail "--strip gps should take the place out everywhere"
fi
! grep -q -e Rome -e Italy -e Forum out.jpg || fail "the place is still in the bytes"
expect_tag out.jpg IPTC:Caption-Abstract Columns
expect_tag out.jpg IPTC:Keywords stone
strip thumbnail
expect_kept out.jpg
expect_tag out.jpg IPTC:City Rome
strip exif
expect_tag out.jpg IFD0:Make ''
expect_tag out.jpg XMP-dc:Title Ruins
expect_tag out.jpg IPTC:City Rome
strip xmp
expect_tag out.jpg XMP-dc:Title ''
expect_tag out.jpg IFD0:Make Maker
strip iptc
expect_tag out.jpg IPTC:City ''
expect_tag out.jpg XMP-dc:Title Ruins
strip icc
expect_tag out.jpg ICC_Profile:ProfileDescription ''
expect_tag out.jpg IFD0:Make Maker
strip all
exiftool -G0 -s out.jpg | grep -e '^\[EXIF' -e '^\[XMP' -e '^\[IPTC' -e '^\[ICC' -e '^\[Photoshop' &&
    fail "--strip all should leave nothing"

# Tags that name the colour space follow a conversion; those of a picture that keeps its own stay.
exiftool -q -o adobe.jpg -ExifIFD:ColorSpace#=65535 -InteropIndex=R03 -XMP-exif:ColorSpace#=65535 \
    '-XMP-photoshop:ICCProfileName=Adobe RGB (1998)' in/full.jpg || fail "exiftool cannot write"
exiftool -q -b -ICC_Profile "$images/008-jpeg-444-p3.jpg" >p3.icc
spaces() { # FILE
    exiftool -s3 -n -f -ExifIFD:ColorSpace -InteropIndex -XMP-exif:ColorSpace \
        -XMP-photoshop:ICCProfileName "$1" | tr '\n' ' '
}
for case in 'keep:65535 R03 65535 Adobe RGB (1998) ' 'srgb:1 R98 1 - ' 'p3.icc:65535  65535 - '; do
    clproc run adobe.jpg -o space.jpg --quality 80 --icc "${case%%:*}"
    expect_code 0
    [ "$(spaces space.jpg)" = "${case#*:}" ] ||
        fail "with --icc ${case%%:*} the spaces are: $(spaces space.jpg)"
done

# Makers' notes survive, with the offsets into them, unless the place is to go.
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
photo=$(find "$corpus" -name '*exif_full.jpg' 2>/dev/null | head -n 1)
if [ -n "$photo" ]; then
    exiftool -s -Apple:all "$photo" >"$scratch/notes"
    [ -s "$scratch/notes" ] || fail "$photo should have maker notes"
    clproc run "$photo" -o note.jpg --resize 300x
    expect_code 0
    exiftool -s -Apple:all note.jpg >"$scratch/after"
    expect_same "$scratch/notes" "$scratch/after"
    expect_tag note.jpg IFD0:Orientation 1
    expect_tag note.jpg Warning ''
    # Only its maker knows whether it tells the place.
    clproc run "$photo" -o note.jpg --strip gps
    expect_code 0
    [ -z "$(exiftool -Apple:all -MakerNote note.jpg)" ] || fail "--strip gps keeps the maker's note"
    expect_tag note.jpg IFD0:Make Apple
    expect_tag note.jpg Warning ''
    exiftool -a -G1 -s note.jpg | grep -i gps && fail "--strip gps should find all of it"
else
    echo "skipped: no corpus at $corpus; name one in CLPROC_CORPUS"
fi

# Metadata that is broken, or too large for the output, is dropped with a warning; under --fail-on
# warning the picture fails.
have python3 || exit 0
python3 - in/full.jpg <<'END' || fail "the broken pictures cannot be made"
import struct, sys, zlib
jpeg = open(sys.argv[1], "rb").read()

def bare():  # without any APPn but JFIF
    at, out = 2, jpeg[:2]
    while jpeg[at + 1] != 0xDA:
        size = struct.unpack(">H", jpeg[at + 2:at + 4])[0] + 2
        if not 0xE1 <= jpeg[at + 1] <= 0xEF:
            out += jpeg[at:at + size]
        at += size
    return out, jpeg[at:]

def app(number, data):
    return bytes([0xFF, 0xE0 + number]) + struct.pack(">H", len(data) + 2) + data

def write(name, *segments):
    head, tail = bare()
    open(name, "wb").write(head[:2] + b"".join(segments) + head[2:] + tail)

write("exif.jpg", app(1, b"Exif\0\0MM\0*\xff\xff\xff\xff broken"))
write("xmp.jpg", app(1, b"http://ns.adobe.com/xap/1.0/\0<x><tiff:Orientation>6"))
write("iptc.jpg", app(13, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"))
write("icc.jpg", app(2, b"ICC_PROFILE\0\1\1" + b"\xff" * 200))
write("parts.jpg", app(2, b"ICC_PROFILE\0\1\2" + b"\0" * 200))

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(name, *chunks):
    row = b"\0" + bytes(range(96))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" +
        chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 24, 8, 2, 0, 0, 0)) + b"".join(chunks) +
        chunk(b"IDAT", zlib.compress(row * 24)) + chunk(b"IEND", b""))

# A TIFF structure whose one value fills it: valid in a PNG, too large for a JPEG.
def exif(size):
    entry = struct.pack("<HHII", 0x9286, 7, size, 26)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + b"\0\0\0\0" + b"c" * size

png("large.png", chunk(b"eXIf", exif(70000)))
png("exif.png", chunk(b"eXIf", b"Exif\0\0II*\0"))
png("icc.png", chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\xff" * 400)))
png("bomb.png", chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(100000000), 9)))
png("zlib.png", chunk(b"iCCP", b"x\0\0no zlib stream"))
xmp = b"XML:com.adobe.xmp\0\0\0\0\0"
png("xmp.png", chunk(b"iTXt", xmp + b"<x>" + b" " * 66000 + b"</x>"))
png("text.png", chunk(b"iTXt", xmp + b"<x>" + b" " * 9000000 + b"</x>"))
END
for name in exif.jpg xmp.jpg iptc.jpg icc.jpg parts.jpg large.png exif.png icc.png bomb.png zlib.png \
    xmp.png text.png; do
    clproc run "$name" -o dropped.jpg --resize 16x --format jpeg
    expect_code 0
    expect_err "^clproc: $name: warning: .*dropped"
    expect_file dropped.jpg
    expect_tag dropped.jpg Warning ''
    rm dropped.jpg
    clproc run "$name" -o dropped.jpg --resize 16x --format jpeg --fail-on warning
    expect_code 1
    expect_err "^clproc: $name: .*--fail-on error takes it"
    expect_no_file dropped.jpg
done
# Where the output has room, there is nothing to tell.
clproc run large.png -o large-out.png --resize 16x --fail-on warning
expect_code 0
# A profile of RGB that no longer fits, because the run made the picture gray, is nobody's fault.
clproc run in/full.jpg -o gray.jpg --gray --fail-on warning
expect_code 0
expect_err 'warning: the colour profile was dropped'
expect_tag gray.jpg ICC_Profile:ProfileDescription ''
