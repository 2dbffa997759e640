#!/bin/sh
# --keep: what is named stays, in every block and format, and nothing else does; without a re-encode
# where --strip needs none.
. "$(dirname "$0")/lib.sh"
have exiftool || skip "exiftool is not installed (libimage-exiftool-perl)"
have python3 || skip "python3 is not installed"

# A photo that is turned, with all kinds of metadata, each in every place that it has.
cp "$images/000-jpeg-420.jpg" full.jpg
exiftool -q -b -icc_profile "$images/008-jpeg-444-p3.jpg" >p3.icc
exiftool -q -overwrite_original -Make=Maker -Orientation#=6 \
    '-EXIF:Copyright=(c) Jo' -EXIF:Artist=Jo '-XMP-dc:Rights=(c) Jo' -XMP-dc:Creator=Jo \
    '-XMP-dc:Rights-de=(c) bei Jo' -XMP-dc:Creator+=Bo -XMP-xmpRights:Marked=true \
    -XMP-xmpRights:UsageTerms=Ask -XMP-xmpRights:UsageTerms-fr-CA=Demandez \
    -XMP-xmpRights:Certificate=https://jo.example/c '-IPTC:CopyrightNotice=(c) Jo' -IPTC:By-line=Jo \
    -EXIF:DateTimeOriginal='2020:01:02 03:04:05' -EXIF:SubSecTimeOriginal=42 \
    -EXIF:OffsetTimeOriginal=+01:00 -EXIF:ModifyDate='2021:01:02 03:04:05' \
    -XMP-photoshop:DateCreated='2020:01:02' -IPTC:DateCreated=2020:01:02 \
    -GPSLatitude=41.9 -GPSLatitudeRef=N -XMP-photoshop:City=Rome -IPTC:City=Rome \
    -XMP-dc:Title=Secret -IPTC:Caption-Abstract=Secret -Comment=Secret '-icc_profile<=p3.icc' \
    full.jpg || fail "exiftool cannot write the test picture"
exiftool -q -o upright.jpg -Orientation#=1 full.jpg

tags() { # FILE: all its metadata, a tag a line
    exiftool -a -G1 -s -n --System:all --File:all --Composite:all --ExifTool:all --JFIF:all \
        --IPTC:CodedCharacterSet --IPTC:ApplicationRecordVersion --ICC_Profile:all --ICC-header:all \
        --XMP-x:XMPToolkit --Photoshop:IPTCDigest --IFD0:YCbCrPositioning --ExifIFD:ExifVersion \
        --PNG:all --PNG-pHYs:all "$1" | sed 's/ *: /=/' | tr -s ' '
}

expect_tags() { # FILE TAGS: exactly those, in lines
    tags "$1" | sort >"$scratch/has"
    printf '%s\n' "$2" | sed '/^$/d' | sort >"$scratch/wanted"
    cmp -s "$scratch/has" "$scratch/wanted" ||
        fail "$1 has other tags: $(diff "$scratch/wanted" "$scratch/has")"
    [ -z "$(exiftool -s3 -Warning "$1")" ] || fail "exiftool warns of $1"
}

scan() { # FILE: a JPEG from its first table on, a PNG's pixel data
    python3 - "$1" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
at = 2
while data[at + 1] != 0xDB:
    at += struct.unpack(">H", data[at + 2:at + 4])[0] + 2
sys.stdout.buffer.write(data[at:])
END
}

rights='[IFD0] Copyright=(c) Jo
[IFD0] Artist=Jo
[XMP-dc] Rights=(c) Jo
[XMP-dc] Rights-de=(c) bei Jo
[XMP-dc] Creator=Jo, Bo
[XMP-xmpRights] Marked=True
[XMP-xmpRights] UsageTerms=Ask
[XMP-xmpRights] UsageTerms-fr-CA=Demandez
[XMP-xmpRights] Certificate=https://jo.example/c
[IPTC] CopyrightNotice=(c) Jo
[IPTC] By-line=Jo'
dates='[ExifIFD] DateTimeOriginal=2020:01:02 03:04:05
[ExifIFD] SubSecTimeOriginal=42
[ExifIFD] OffsetTimeOriginal=+01:00
[IFD0] ModifyDate=2021:01:02 03:04:05
[XMP-photoshop] DateCreated=2020:01:02
[IPTC] DateCreated=2020:01:02'
profile="$(exiftool -s3 -ProfileDescription full.jpg)"

# With a re-encode, in both formats.
for name in out.jpg out.png; do
    clproc run full.jpg -o "$name" --resize 120x --keep copyright,icc,date
    expect_code 0
    expect_no_err warning
    expect_tags "$name" "$rights
$dates"
    [ "$(exiftool -s3 -ProfileDescription "$name")" = "$profile" ] || fail "$name lacks its profile"
    ! grep -q -e Secret -e Rome -e Maker "$name" || fail "$name tells more than it should"
done
clproc run out.png -o back.jpg --crop 60x40 --keep copyright
expect_code 0
expect_tags back.jpg "$rights"
[ -z "$(exiftool -s3 -ProfileDescription back.jpg)" ] || fail "the profile should have gone"

# A whole kind loses its place unless that is named, too.
clproc run upright.jpg -o out.jpg --keep exif
expect_code 0
[ "$(exiftool -s3 -IFD0:Make out.jpg)" = Maker ] || fail "EXIF should be kept"
[ -z "$(exiftool -a -s3 -GPS:all -XMP:all -IPTC:all out.jpg)" ] || fail "nothing else should be"
clproc run upright.jpg -o out.jpg --keep exif,gps
expect_code 0
[ "$(exiftool -s3 -n -GPS:GPSLatitude out.jpg)" = 41.9 ] || fail "the place should be kept"
[ "$(exiftool -s3 -XMP:City -IPTC:City out.jpg | tr '\n' ' ')" = 'Rome Rome ' ] ||
    fail "the place should be kept everywhere"
[ -z "$(exiftool -a -s3 -XMP:Title -IPTC:Caption-Abstract out.jpg)" ] || fail "a title was kept"
clproc run upright.jpg -o out.jpg --keep orientation
expect_code 0
expect_tags out.jpg '[IFD0] Orientation=1'

# Without a re-encode: of a picture that need not be turned, and of one whose tag is kept.
scan full.jpg >full.scan
clproc run upright.jpg -o kept.jpg --keep copyright
expect_code 0
expect_err '1 not re-encoded'
expect_tags kept.jpg "$rights"
scan kept.jpg >kept.scan
expect_same full.scan kept.scan
clproc run full.jpg -o kept.jpg --keep copyright,orientation
expect_code 0
expect_err '1 not re-encoded'
expect_tags kept.jpg "$rights
[IFD0] Orientation=6"
scan kept.jpg >kept.scan
expect_same full.scan kept.scan
echo other >kept.jpg
clproc run full.jpg -o kept.jpg --keep copyright,orientation --existing skip
expect_code 0
expect_err '0 written, 1 skipped'
[ "$(cat kept.jpg)" = other ] || fail "what is there should have been left alone"
clproc run full.jpg -o turned.jpg --keep copyright
expect_code 0
expect_no_err 're-encoded'
# Where pixels are turned the tag says so.
clproc run full.jpg -o turned.jpg --keep orientation --lossless=trim
expect_code 0
expect_tags turned.jpg '[IFD0] Orientation=1'

# PNG's texts, its pixels as they are stored.
python3 - <<'END' || fail "the PNG cannot be made"
import struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
texts = [(b"Copyright", b"(c) Jo"), (b"Author", b"Jo"), (b"Creation Time", b"2020"),
         (b"Comment", b"Secret"), (b"Title", b"Secret"), (b"exif:GPSLatitude", b"41.9"),
         (b"Raw profile type app5", b"\napp5\n       4\n34312e39\n")]
open("text.png", "wb").write(b"\x89PNG\r\n\x1a\n" +
    chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) +
    b"".join(chunk(b"tEXt", key + b"\0" + text) for key, text in texts) +
    chunk(b"IDAT", zlib.compress((b"\0" + bytes(range(24))) * 8, 1)) + chunk(b"IEND", b""))
END
clproc run text.png -o kept.png --keep copyright
expect_code 0
expect_err '1 not re-encoded'
[ "$(exiftool -s -PNG:Copyright -PNG:Author -PNG:CreationTime -PNG:Comment -PNG:Title kept.png |
    tr -s ' ' | tr '\n' ' ')" = 'Copyright : (c) Jo Author : Jo ' ] || fail "other texts were kept"
! grep -q -e Secret -e 41.9 -e 2020 kept.png || fail "kept.png tells more than it should"
for options in '--strip gps' '--strip gps --png-level 1'; do
    clproc run text.png -o placeless.png --overwrite $options
    expect_code 0
    ! grep -q -e 41.9 -e 34312e39 placeless.png || fail "placeless.png tells the place"
    grep -q Secret placeless.png || fail "placeless.png lost other texts"
done

# What became a JPEG's comments keeps its meaning, with and without a re-encode, and back in a PNG.
clproc run text.png -o noted.jpg
expect_code 0
grep -q 'exif:GPSLatitude: 41.9' noted.jpg || fail "texts should become comments"
for options in '' '--quality 90' '--format png'; do
    clproc run noted.jpg -o 'noted/{name}.{ext}' --overwrite --strip gps $options
    expect_code 0
    noted=$(echo noted/*)
    ! grep -q 41.9 "$noted" || fail "$noted tells the place"
    grep -q 'Secret' "$noted" && grep -q 'Copyright: (c) Jo' "$noted" || fail "$noted lost others"
    rm -r noted
done
clproc run noted.jpg -o kept.jpg --keep copyright
expect_code 0
[ "$(exiftool -b -Comment kept.jpg)" ] || fail "kept.jpg should have its rights"
grep -q 'Copyright: (c) Jo' kept.jpg && ! grep -q -e Secret -e 41.9 -e 2020 kept.jpg ||
    fail "kept.jpg has other comments"

# Per output: what is shared, and what is one's own.
clproc run upright.jpg --keep icc --to one/ --keep copyright --to two/ --resize 50x
expect_code 0
expect_tags one/upright.jpg "$rights"
expect_tags two/upright.jpg ''

# Both at once say nothing; a journal knows the difference.
clproc run full.jpg -o out.jpg --keep icc --strip gps
expect_refusal 2 '--keep leaves out all that it does not name, .*leave out one of them'
clproc run full.jpg --strip gps --to one/ --keep icc
expect_refusal 2 '--keep leaves out all'
clproc run full.jpg -o out.jpg --keep thumbnail
expect_refusal 2 '--keep thumbnail: must be one of exif|'
clproc run upright.jpg -o again --keep icc --resume
clproc run upright.jpg -o again --keep icc --resume
expect_err '0 written, 1 skipped'
clproc run upright.jpg -o again --keep copyright --resume
expect_err '1 written, 0 skipped'
# The new file stands beside the old one in memory.
clproc samples -o large --kind photo --count 1 --width 1600 --height 1200
clproc run large -o whole --quality 100 --subsampling 444 --device reference
large=$(find whole -type f) size=$(wc -c <"$large")
[ "$size" -gt 1100000 ] || fail "$large should be larger"
clproc run "$large" -o copied.jpg --memory 2M
expect_code 0
clproc run "$large" -o stripped.jpg --strip all --memory 2M
expect_code 1
expect_err "$large: needs .* MB while it is processed, more than the limit of 2 MB; raise it with --memory"
expect_no_file stripped.jpg
