#!/bin/sh
# HEIF and AVIF in, AVIF out, checked against libheif's and libavif's own programs.
. "$(dirname "$0")/lib.sh"

clproc help formats
expect_code 0
if grep -q 'AVIF  *not in this build' "$out"; then
    # The package is named wherever it is missed.
    expect_out 'libheif-dev'
    make_pictures in
    clproc run in -o out --format avif
    expect_code 2
    expect_err 'built without AVIF; install libheif-dev'
    printf '\0\0\0\030ftypheic\0\0\0\0heicmif1' >in/phone.heic
    printf '\0\0\0\030ftypavif\0\0\0\0avifmif1' >in/web.avif
    clproc run in/phone.heic -o out
    expect_code 1
    expect_err 'phone.heic: is a HEIF, and this clproc was built without that; install libheif-dev'
    clproc run in -o out
    expect_code 0
    expect_err 'phone.heic: warning: skipped: is heic, which is not read; a build with it needs libheif-dev'
    expect_err 'web.avif: warning: skipped: is avif, .*libheif-dev'
    exit 0
fi
have heif-enc && have heif-convert || skip "heif-enc is not installed (libheif-examples)"
need_modules PIL numpy

# The largest difference between two pictures' samples is at most $3.
expect_like() { # FILE FILE LEVELS
    python3 - "$@" <<'END' || fail "$1 and $2 should show the same"
import sys
import numpy
from PIL import Image
a, b = (numpy.asarray(Image.open(name).convert("RGBA")).astype(int) for name in sys.argv[1:3])
assert a.shape == b.shape, (a.shape, b.shape)
assert abs(a - b).max() <= int(sys.argv[3]), abs(a - b).max()
END
}

clproc samples --count 12 --width 151 --height 113 -o in --quiet
rm in/*rgb16*
# Nothing is lost where nothing may be: gray, colours, alpha.
clproc run in -o straight --format png
clproc run in -o exact --format avif --webp-lossless
expect_code 0
expect_err '11 written, 0 skipped, 0 failed'
clproc run exact -o back --format png
expect_code 0
for file in straight/*.png; do
    expect_like "$file" "back/${file##*/}" 0
done
# What libheif decodes; quality counts, and colours are told.
clproc run straight/001-png-rgb.png straight/003-png-rgba-soft.png -o lossy --format avif
expect_code 0
clproc run lossy -o decoded --format png
for name in 001-png-rgb 003-png-rgba-soft; do
    heif-convert lossy/$name.avif theirs.png >/dev/null || fail "heif-convert cannot read $name.avif"
    expect_like theirs.png decoded/$name.png 0
done
clproc run straight/001-png-rgb.png -o low.avif --quality 20
[ "$(wc -c <low.avif)" -lt "$(wc -c <lossy/001-png-rgb.avif)" ] || fail "--quality 20 should be smaller"
if have avifdec; then
    avifdec --info lossy/001-png-rgb.avif >info || fail "avifdec cannot read it"
    for fact in 'Resolution *: 151x113' 'Bit Depth *: 8' 'Color Primaries: 1$' 'Transfer Char. : 13$'; do
        grep -q "$fact" info || fail "avifdec should say $fact: $(cat info)"
    done
    for name in 001-png-rgb 003-png-rgba-soft; do
        avifdec exact/$name.avif theirs.png >/dev/null || fail "avifdec cannot read $name.avif"
        expect_like theirs.png straight/$name.png 0
    done
fi
# Chroma as it is asked for, and 12 bits; as libheif has them.
if have avifdec; then
    for options in '--subsampling 422' '--subsampling 444' '--depth 16' '--depth 16 --subsampling 444' \
        '--depth 16 --webp-lossless'; do
        # shellcheck disable=SC2086
        clproc run straight/001-png-rgb.png straight/003-png-rgba-soft.png straight/006-jpeg-gray.png \
            -o asked --format avif --quality 95 $options
        expect_code 0
        case $options in *lossless* | *444*) chroma=YUV444 ;; *422*) chroma=YUV422 ;; *) chroma=YUV420 ;; esac
        case $options in *16*) bits=12 ;; *) bits=8 ;; esac
        for name in 001-png-rgb 003-png-rgba-soft 006-jpeg-gray; do
            avifdec --info asked/$name.avif >info || fail "avifdec cannot read $name.avif"
            for fact in "Bit Depth *: $bits$" "Format *: $chroma"; do
                grep -q "$fact" info || fail "with $options avifdec should say $fact: $(cat info)"
            done
            clproc run asked/$name.avif -o ours.png --depth 8
            expect_code 0
            case $options in *lossless) expect_like straight/$name.png ours.png 0 ;; esac
            avifdec --depth 8 asked/$name.avif theirs.png >/dev/null || fail avifdec
            # Newer ones of avifdec cut 12 bits down to 8, which are rounded here.
            case $chroma in YUV444) expect_like theirs.png ours.png 4 ;; esac
        done
        rm -r asked
    done
fi
# HEVC, with alpha.
if heif-enc straight/003-png-rgba-soft.png -o soft.heic >/dev/null 2>&1; then
    heif-convert soft.heic theirs.png >/dev/null
    clproc run soft.heic -o ours.png
    expect_code 0
    expect_like theirs.png ours.png 0
    clproc run soft.heic -o out --resize 50%
    expect_code 1
    expect_err 'soft.heic: is a HEIF, which is read but not written; choose another format with --format'
    clproc run soft.heic -o out.jpg --resize 50% --gray --verify 1
    expect_code 0
    expect_out '^verified 1 of 1'
    # Ten bits, in planes of 16.
    clproc run straight/001-png-rgb.png -o wide.png --depth 16
    if heif-enc -b 10 wide.png -o wide.heic >/dev/null 2>&1; then
        heif-convert wide.heic theirs.png >/dev/null
        clproc run wide.heic -o ours.png
        expect_code 0
        expect_like theirs.png ours.png 1
    fi
    # One bit of the coded picture is another: most of that is found, with rows of blocks coded apart (x265's way) and
    # not. What could not be decoded is gray, and never what memory held before.
    "$CLPROC" samples --count 1 --width 520 --height 400 -o photo 2>"$err" || fail "no pictures"
    clproc run photo -o straight/photo --format png
    for apart in 1 0; do
        heif-enc -q 80 -p x265:wpp=$apart straight/photo/*.png -o whole.heic >/dev/null 2>&1 || fail heif-enc
        rm -rf damaged
        mkdir damaged
        python3 -c 'import random
data = open("whole.heic", "rb").read()
start = data.index(b"mdat")
for number in range(8):
    rng, other = random.Random(number), bytearray(data)
    other[rng.randrange(start + (len(data) - start) // 4, len(data))] ^= 1 << rng.randrange(8)
    open("damaged/%d.heic" % number, "wb").write(other)'
        clproc run whole.heic -o whole.png
        expect_code 0
        rm -rf out first second
        clproc run damaged -o out --format png
        expect_code 1
        expect_err 'heic: is not a HEIF that can be decoded: '
        refused=$(grep -c 'is not a HEIF that can be decoded' "$err")
        [ "$refused" -ge 3 ] || fail "only $refused of 8 damaged pictures are refused"
        MALLOC_PERTURB_=40 "$CLPROC" run damaged -o first --format png --fail-on none >"$out" 2>"$err"
        MALLOC_PERTURB_=90 "$CLPROC" run damaged -o second --format png --fail-on none >"$out" 2>"$err"
        expect_count first 8
        expect_err 'heic: warning: its data are damaged'
        diff -r first second >/dev/null || fail "old contents of memory get into pictures"
    done
else
    echo "skipped: libheif has no encoder for HEVC"
fi

# Ten bits become sixteen; code points of colours go on to PNG, and to a profile in a JPEG.
if have avifenc; then
    avifenc -s 10 -d 10 -y 444 -j 1 --cicp 12/13/6 straight/001-png-rgb.png ten.avif >/dev/null || fail avifenc
    clproc run ten.avif -o ten.png
    expect_code 0
    [ "$(od -An -tu1 -j24 -N1 ten.png | tr -d ' ')" = 16 ] || fail "ten bits should become 16"
    grep -q cICP ten.png || fail "ten.png should say what its colours are"
    expect_like ten.png straight/001-png-rgb.png 40
    # To an AVIF they go as 8, unless more are asked for: then as 12, within half a level of those.
    clproc run ten.avif -o eight.avif --resize 50%
    avifdec --info eight.avif | grep -q 'Bit Depth *: 8$' || fail "eight.avif should have 8 bits"
    clproc run ten.png -o twelve.avif --depth 16 --webp-lossless
    expect_code 0
    for name in ten.png twelve.avif; do
        clproc run $name -o ${name%.*}.ppm
        expect_code 0
    done
    python3 -c 'import numpy
a, b = (numpy.fromfile(name, ">u2", offset=17)[:151 * 113 * 3].astype(int) for name in ("ten.ppm", "twelve.ppm"))
assert len(a) == 151 * 113 * 3 and 0 < abs(a - b).max() <= 8, abs(a - b).max()' || fail "12 bits should be kept"
    clproc run ten.avif -o ten.jpg
    grep -q ICC_PROFILE ten.jpg || fail "ten.jpg should have a profile"
    # What the file says of turning and mirroring is done, once.
    for how in '--irot 1' '--irot 3' '--imir 0' '--imir 1' '--irot 1 --imir 1'; do
        avifenc -s 10 -y 444 -j 1 $how straight/001-png-rgb.png turned.avif >/dev/null || fail avifenc
        heif-convert turned.avif theirs.png >/dev/null
        clproc run turned.avif -o turned.png
        expect_code 0
        expect_like theirs.png turned.png 0
    done
    # So is it with alpha; where the file says it of the colours alone, as avifenc before 1.0 does, that is damage.
    for how in '--irot 1' '--irot 2' '--imir 0' '--crop 10,12,80,60'; do
        avifenc -s 10 -y 444 -j 1 $how straight/003-png-rgba-soft.png turned.avif >/dev/null || fail avifenc
        clproc run turned.avif -o turned.png
        if [ "$code" = 0 ]; then
            python3 - straight/003-png-rgba-soft.png turned.png "$how" <<'END' || fail "alpha of $how"
import sys, numpy
from PIL import Image
a, b = (Image.open(name).getchannel("A") for name in sys.argv[1:3])
how = sys.argv[3]
turns = {"--irot 1": Image.ROTATE_90, "--irot 2": Image.ROTATE_180, "--imir 0": Image.FLIP_TOP_BOTTOM}
a = a.transpose(turns[how]) if how in turns else a.crop((10, 12, 90, 72))
sys.exit(bool(a.size != b.size or abs(numpy.asarray(a).astype(int) - numpy.asarray(b)).max() > 3))
END
        else
            expect_err 'turned.avif: its alpha is not turned or cropped as its colours are; --fail-on truncated'
            expect_no_err 'left behind'
            clproc run turned.avif -o turned.png --fail-on truncated
            expect_code 0
            expect_err 'warning: its alpha is not turned'
            expect_no_err 'left behind'
        fi
    done
    # libheif's messages may end in a line feed, which is not passed on.
    head -c 2000 ten.avif >stopped.avif
    clproc run stopped.avif -o stopped.png
    expect_code 1
    expect_err 'stopped.avif: is not an AVIF that can be decoded: '
    expect_no_err '\\n$'
    # Gray of the narrow range has all its levels, as a whole and of tiles; libheif 1.15 leaves 16 to 235.
    for how in '-d 8 -r limited' '-d 10 -r limited' '-d 12 -r limited' '-d 10 -r full' \
        '-d 10 -r limited --grid 2x1 straight/001-png-rgb.png'; do
        avifenc -s 10 -y 400 -j 1 $how straight/001-png-rgb.png gray.avif >/dev/null 2>&1 || fail avifenc
        avifdec -d 16 gray.avif theirs.png >/dev/null || fail avifdec
        clproc run gray.avif -o gray.ppm --depth 16
        expect_code 0
        clproc run theirs.png -o theirs.ppm
        python3 - "$how" <<'END' || fail "gray of $how"
import sys, numpy
a, b = (numpy.fromfile(name, ">u2", offset=17).astype(int) for name in ("gray.ppm", "theirs.ppm"))
sys.exit(bool(abs(a - b).max() > 129 or a.max() - a.min() < 50000))
END
    done
    avifenc -s 10 --cicp 9/16/9 straight/001-png-rgb.png hdr.avif >/dev/null || fail avifenc
    clproc run hdr.avif -o hdr.png
    expect_code 0
    expect_err "hdr.avif: warning: its colours are HDR's (PQ or HLG), which are not converted"
    clproc run hdr.png -o again.png
    expect_code 0
    expect_err "hdr.png: warning: its colours are HDR's (PQ or HLG), which are not converted"
fi

# Metadata, both ways. EXIF's orientation is of before the file was made, and is not applied again.
if have exiftool; then
    exiftool -q -o tagged.jpg -Orientation#=6 -Make=Maker -GPSLatitude=41.9 -GPSLatitudeRef=N \
        -XMP-dc:Title=Ruins in/008-jpeg-444-p3.jpg || fail "exiftool cannot write"
    clproc run tagged.jpg -o tagged.avif
    expect_code 0
    profile=$(exiftool -s3 -ProfileDescription tagged.jpg)
    for name in tagged.avif back.jpg; do
        [ "$(exiftool -s3 -n -Orientation -Make -XMP-dc:Title -GPSLatitude -ProfileDescription \
            -ImageWidth -ImageHeight $name | tr '\n' ' ')" = \
            "1 Maker Ruins 41.9 $profile 113 151 " ] || fail "$name has other metadata"
        clproc run tagged.avif -o back.jpg
        expect_code 0
    done
    # Before 1.19 heif-enc left turning to EXIF, which does not count.
    heif-enc -A tagged.jpg -o foreign.avif >/dev/null 2>&1 || fail "heif-enc cannot write"
    heif-convert foreign.avif theirs.png >/dev/null || fail "heif-convert cannot read foreign.avif"
    sides=$(exiftool -s3 -n -ImageWidth -ImageHeight theirs.png | tr '\n' ' ')
    for options in '' --no-auto-orient; do
        clproc run foreign.avif -o once.jpg $options
        expect_code 0
        [ "$(exiftool -s3 -n -Orientation -ImageWidth -ImageHeight once.jpg | tr '\n' ' ')" = \
            "1 $sides" ] || fail "the picture should be as libheif has it, and upright"
    done
    clproc run tagged.avif -o bare.avif --keep icc
    expect_code 0
    expect_err '1 not re-encoded'
    clproc run tagged.avif -o part.avif --keep copyright,xmp
    expect_err '1 not re-encoded'
    [ "$(exiftool -a -s3 -n -Make -Title -GPSLatitude -ProfileDescription -Warning part.avif)" = Ruins ] ||
        fail "part.avif should have a title and nothing else"
    clproc run part.avif -o part.png
    clproc run tagged.avif -o tagged.png
    expect_like part.png tagged.png 0
    [ "$(exiftool -s3 -Make -XMP-dc:Title -GPSLatitude -ProfileDescription bare.avif)" = "$profile" ] ||
        fail "bare.avif should have a profile and nothing else"
fi
# Gain maps, as Apple has them and as ISO 21496-1 does, and other auxiliary pictures are left behind,
# as a JPEG's are; what is not written anew keeps them.
python3 - exact/003-png-rgba-soft.avif exact/001-png-rgb.avif <<'END' || fail "no gain maps"
import struct, sys
data = open(sys.argv[1], "rb").read()
alpha = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
for name, urn in (("apple", b"urn:com:apple:photo:2020:aux:hdrgainmap"), ("other", b"urn:other")):
    assert data.count(alpha) == 1
    open(name + ".avif", "wb").write(data.replace(alpha, urn.ljust(len(alpha), b"\0")))
# One more item: boxes around it grow, and what lies behind them moves.
data = bytearray(open(sys.argv[2], "rb").read())
def grow(name, by):
    at = data.index(name)
    data[at - 4:at] = struct.pack(">I", struct.unpack(">I", data[at - 4:at])[0] + by)
    return at, at - 4 + struct.unpack(">I", data[at - 4:at])[0] - by
item = b"\0\0\0\x15infe\2\0\0\0\0\x63\0\0tmap\0"
iloc = data.index(b"iloc")
base = data[iloc + 9] >> 4
assert data[iloc + 4] == 0 and data[iloc + 8] == 0x44
place = b"\0\x63\0\0" + bytes(base) + struct.pack(">HII", 1, 0, 1)
more = len(item) + len(place)
at = iloc + 12
for _ in range(data[iloc + 11]):
    at += 4 + base
    for _ in range(data[at + 1]):
        offset = struct.unpack(">I", data[at + 2:at + 6])[0]
        data[at + 2:at + 6] = struct.pack(">I", offset + more)
        at += 8
    at += 2
data[iloc + 11] += 1
grow(b"meta", more)
_, end = grow(b"iloc", len(place))
data[end:end] = place
iinf, end = grow(b"iinf", len(item))
data[iinf + 9] += 1
data[end:end] = item
open("iso.avif", "wb").write(data)
END
for name in apple iso; do
    clproc run $name.avif -o upper.png --crop 100x100+0+0
    expect_code 0
    expect_err "$name.avif: warning: left behind: the gain map (HDR)\$"
done
clproc run other.avif -o upper.png --crop 100x100+0+0
expect_code 0
expect_err 'other.avif: warning: left behind: further pictures behind the first$'
clproc run apple.avif -o copies
expect_no_err warning

# Other metadata leaves the coded picture as it is, of what libheif and libavif write, with alpha and
# turned; what has more than that is encoded anew.
expect_edited() { # FILE OPTIONS...: edited/FILE is the same picture
    name=$1
    shift
    clproc run "$name" -o edited "$@"
    expect_code 0
    expect_err '1 not re-encoded'
    python3 - "$name" "edited/$name" <<'END' || fail "edited/$name should have the coded picture of $name"
import sys
before, after = (open(name, "rb").read() for name in sys.argv[1:3])
# All that is coded stands in one piece at the end, as long as no metadata does.
coded = before[before.rindex(b"mdat") + 4:]
assert any(coded[at:] in after for at in (0, len(coded) // 2)), len(coded)
END
    for one in "$name" "edited/$name"; do
        heif-convert "$one" theirs.png >/dev/null || fail "heif-convert cannot read $one"
        clproc run "$one" -o ours.png --strip all
        expect_code 0
        expect_like theirs.png ours.png 0
        if have avifdec; then
            avifdec --info "$one" >info || fail "avifdec cannot read $one"
        fi
        mv ours.png "ours.${one%%/*}.png"
    done
    expect_like "ours.$name.png" ours.edited.png 0
}
cp exact/001-png-rgb.avif exact/003-png-rgba-soft.avif .
for name in 001-png-rgb.avif 003-png-rgba-soft.avif; do
    expect_edited $name --strip exif
    clproc run $name -o edited --strip all --lossless
    expect_code 0
done
# Descriptions among the properties of a picture go: boxes around one that is added grow, and what
# lies behind them moves.
python3 - 001-png-rgb.avif remarks.avif <<'END' || fail "remarks.avif cannot be made"
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
def number(at):
    return struct.unpack(">I", data[at:at + 4])[0]
def find(*path):  # where a box begins and ends
    at, end = 0, len(data)
    for name in path:
        while data[at + 4:at + 8] != name:
            at += number(at)
        start, end = at, at + number(at)
        at += 12 if name == b"meta" else 8
    return start, end
box = b"udes" + bytes(4) + b"en\0Rome\0at the Forum\0\0"
box = struct.pack(">I", len(box) + 4) + box
iloc = find(b"meta", b"iloc")[0] + 8
assert data[iloc] == 0 and data[iloc + 4] == 0x44
at = iloc + 8
for _ in range(data[iloc + 7]):
    at += 6 + (data[iloc + 5] >> 4)
    for _ in range(data[at - 1]):
        data[at:at + 4] = struct.pack(">I", number(at) + len(box))
        at += 8
end = find(b"meta", b"iprp", b"ipco")[1]
for path in (b"meta",), (b"meta", b"iprp"), (b"meta", b"iprp", b"ipco"):
    start = find(*path)[0]
    data[start:start + 4] = struct.pack(">I", number(start) + len(box))
data[end:end] = box
open(sys.argv[2], "wb").write(data)
END
for options in '--strip all' '--strip gps'; do
    expect_edited remarks.avif $options
    ! grep -q -e Rome -e Forum edited/remarks.avif || fail "a description stays with $options"
done
clproc run apple.avif -o edited --strip exif
expect_code 0
expect_err 'apple.avif: warning: left behind: the gain map'
expect_no_err 're-encoded'
if have avifenc; then
    avifenc -s 10 -j 1 straight/003-png-rgba-soft.png alpha.avif >/dev/null || fail avifenc
    avifenc -s 10 -j 1 --irot 1 --imir 0 straight/001-png-rgb.png irot.avif >/dev/null || fail avifenc
    expect_edited alpha.avif --strip gps
    expect_edited irot.avif --strip gps
    avifenc -s 10 -j 1 --grid 2x1 straight/001-png-rgb.png straight/001-png-rgb.png grid.avif >/dev/null 2>&1 &&
        clproc run grid.avif -o edited --strip gps && expect_no_err 're-encoded'
fi
# Nothing asked for is a copy.
clproc run exact/001-png-rgb.avif -o copies
expect_code 0
expect_err '1 not re-encoded'
expect_same exact/001-png-rgb.avif copies/001-png-rgb.avif

# Broken, cut short, too large: refused with their cause.
size=$(wc -c <lossy/001-png-rgb.avif)
for bytes in 20 200 $((size / 2)) $((size - 1)); do
    head -c $bytes lossy/001-png-rgb.avif >cut.avif
    clproc run cut.avif -o out.png
    expect_code 1
    expect_err 'cut.avif: is not a.* that can be decoded: '
    expect_no_file out.png
done
# What libheif's decoders have to say of that is not said beside it.
python3 -c 'data = bytearray(open("lossy/001-png-rgb.avif", "rb").read())
data[data.index(b"mdat") + 6] = 255
open("broken.avif", "wb").write(data)'
CLPROC_DRIVER_MESSAGES=1 "$CLPROC" run broken.avif -o out.png 2>"$err"
grep -q -v '^clproc: ' "$err" || echo "the decoder is silent here: nothing could be kept back"
clproc run broken.avif -o out.png
expect_code 1
expect_err 'broken.avif: is not an AVIF that can be decoded: '
expect_no_err '^[^c]'
clproc run lossy/001-png-rgb.avif -o out.png --limit-pixels 10000
expect_code 1
expect_err 'limit of 10000'
clproc run lossy/001-png-rgb.avif -o out.png --limit-side 100
expect_code 1
expect_err '001-png-rgb.avif: .*limit'
# What is coded in a file counts as well, whatever its header says: a small one would take any memory.
smaller() { # FROM TO: its header says 10 x 10
    python3 - "$1" "$2" <<'END' || fail "$1 cannot be changed"
import struct, sys
data = open(sys.argv[1], "rb").read()
sides = struct.pack(">II", 151, 113)
assert b"ispe\0\0\0\0" + sides in data or b"ispe\0\0\0\0" + struct.pack(">II", 152, 114) in data
for width in (151, 152):
    old = b"ispe\0\0\0\0" + struct.pack(">II", width, width - 38)
    data = data.replace(old, b"ispe\0\0\0\0" + struct.pack(">II", 10, 10))
open(sys.argv[2], "wb").write(data)
END
}
for name in lossy/001-png-rgb.avif soft.heic; do
    [ -e $name ] || continue
    smaller $name bomb.${name##*.}
    clproc run bomb.${name##*.} -o out.png --limit-pixels 10000
    expect_code 1
    expect_err 'bomb.*: has 15[12] x 1[12][0-9] = 1[78][0-9]* pixels, more than the limit of 10000'
    clproc run bomb.${name##*.} -o out.png
    expect_code 1
    expect_err 'bomb.*: is not a'
done
clproc run in/001-png-rgb.png -o wide.avif --resize 32769x8:fit=fill
expect_code 1
expect_err 'too large for its format, avif, which ends at 32768'
clproc run lossy/001-png-rgb.avif -o turned.avif --lossless --rotate 90
expect_code 1
expect_err 'is an AVIF, and --lossless can only move the blocks of JPEGs'
clproc run apple.avif -o bare.avif --lossless --strip exif
expect_code 1
expect_err 'gets other metadata only by being encoded anew; leave out --lossless'
"$CLPROC" run - -o - --format avif --resize 20x <in/001-png-rgb.png 2>"$err" |
    "$CLPROC" run - -o piped.png 2>"$err"
expect_file piped.png
