#!/bin/sh
# PGM, PPM and PAM: samples in and out as they are, through files and pipes; hostile headers.
. "$(dirname "$0")/lib.sh"
need_modules PIL.Image

cat >pnm.py <<'END'
"""make NAME MAGIC CHANNELS MAXIMUM: a picture of 7 x 5; samples NAME: what it holds, a line a picture
of "kind width height maximum: samples"."""
import sys
from PIL import Image
def make(name, magic, channels, maximum):
    wide = maximum > 255
    samples = [(i * 2654435761 >> 7) % (maximum + 1) for i in range(35 * channels)]
    samples[0], samples[-1] = 0, maximum
    head = f"{magic} # a comment\n7\t# and one more\n5 {maximum}\n"
    if magic == "P7":
        head = f"P7\n# a comment\nWIDTH 7\nHEIGHT 5\nDEPTH {channels}\nMAXVAL {maximum}\n" \
               "TUPLTYPE OF MY OWN\nENDHDR\n"
    data = b"".join(s.to_bytes(1 + wide, "big") for s in samples)
    open(name, "wb").write(head.encode() + data)
    return samples
def read(name):
    data = open(name, "rb").read()
    if data[:2] == b"P7":
        head, rest = data.split(b"ENDHDR\n", 1)
        words = dict(line.split(None, 1) for line in head.decode().split("\n")[1:] if line)
        width, height, maximum = (int(words[k]) for k in ("WIDTH", "HEIGHT", "MAXVAL"))
        kind = words["TUPLTYPE"].strip()
    else:
        magic, width, height, maximum, rest = data.split(None, 4)[0], *map(int, data.split(None, 4)[1:4]), None
        rest = data[len(b"%s\n%d %d\n%d\n" % (magic, width, height, maximum)):]
        kind = magic.decode()
    size = 1 + (maximum > 255)
    return kind, width, height, maximum, [int.from_bytes(rest[i:i + size], "big")
                                          for i in range(0, len(rest), size)]
def spread(samples, maximum):
    most = 65535 if maximum > 255 else 255
    return [(s * most * 2 + maximum) // (2 * maximum) for s in samples], most
END

expect_samples() { # OUTPUT INPUT-MAGIC CHANNELS MAXIMUM KIND
    python3 - "$@" <<'END' || fail "$1 holds other samples"
import sys
sys.path.insert(0, ".")
from pnm import *
name, magic, channels, maximum, kind = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5]), sys.argv[5]
wanted, most = spread(make("wanted", magic, channels, maximum), maximum)
got = read(name)
assert got == (kind, 7, 5, most, wanted), (got, wanted)
END
}

# Every kind, from 1 bit to 16, to itself and to PAM, and through PNG.
kinds='gray P5 1 255 pgm P5 GRAYSCALE
rgb P6 3 255 ppm P6 RGB
bits P6 3 1 ppm P6 RGB
few P5 1 100 pgm P5 GRAYSCALE
wide P5 1 65535 pgm P5 GRAYSCALE
ten P6 3 1023 ppm P6 RGB
one P7 1 255 pam GRAYSCALE GRAYSCALE
two P7 2 255 pam GRAYSCALE_ALPHA GRAYSCALE_ALPHA
four P7 4 65535 pam RGB_ALPHA RGB_ALPHA
three P7 3 4095 pam RGB RGB'
mkdir kinds
echo "$kinds" | while read -r name magic channels maximum ending rest; do
    python3 -c "from pnm import *; make('kinds/$name.$ending', '$magic', $channels, $maximum)" ||
        exit 1
done || fail "the pictures cannot be made"
# --quality has them encoded anew.
clproc run kinds -o self --quality 90
expect_code 0
clproc run kinds -o pam --format pam --quality 90
expect_code 0
clproc run kinds -o png --format png
expect_code 0
clproc run png -o back --format pam
expect_code 0
echo "$kinds" | while read -r name magic channels maximum ending own pam; do
    (expect_samples self/$name.$ending $magic $channels $maximum $own &&
        expect_samples pam/$name.pam $magic $channels $maximum $pam &&
        expect_samples back/$name.pam $magic $channels $maximum $pam) || exit 1
done || fail "samples have changed"
# Through pipes.
"$CLPROC" run - -o - --format pam <kinds/ten.ppm 2>"$err" | cmp -s - pam/ten.pam ||
    fail "a pipe should give the same"

# Formats by name and by ending: gray in a PPM is three equal channels, a PNM is what the picture is.
cp kinds/gray.pgm kinds/rgb.ppm kinds/four.pam .
clproc run gray.pgm rgb.ppm -o folder --format pnm
expect_code 0
expect_samples folder/gray.pnm P5 1 255 P5
expect_samples folder/rgb.pnm P6 3 255 P6
clproc run gray.pgm -o gray.ppm
expect_code 0
python3 - <<'END' || fail "gray.ppm should have three equal channels"
from pnm import *
kind, _, _, _, samples = read("gray.ppm")
wanted = make("wanted", "P5", 1, 255)
assert kind == "P6" and samples == [s for s in wanted for _ in range(3)]
END
clproc run rgb.ppm -o wrong.pgm
expect_code 1
expect_err 'rgb.ppm: is in colour, and a PGM holds gray alone; add --gray, or write a PPM'
expect_no_file wrong.pgm
clproc run rgb.ppm -o right.pgm --gray
expect_code 0
clproc run four.pam -o flat.ppm --depth 8
expect_code 0
clproc run rgb.ppm -o turned.ppm --rotate 90 --lossless
expect_code 0
python3 - <<'END' || fail "turned.ppm should be turned, and Pillow read it and right.pgm"
from pnm import *
picture = Image.open("rgb.ppm").convert("RGB")
assert Image.open("turned.ppm").tobytes() == picture.transpose(Image.Transpose.ROTATE_270).tobytes()
assert Image.open("right.pgm").mode == "L" and Image.open("flat.ppm").mode == "RGB"
END

# What is lost for want of room is told.
clproc run "$images/008-jpeg-444-p3.jpg" -o profile.ppm --resize 20x
expect_code 0
expect_err "warning: .*the colour profile was dropped: the output's format has no room for it"
clproc run "$images/008-jpeg-444-p3.jpg" -o profile.ppm --resize 20x --fail-on warning
expect_code 0
# But not an orientation that has been applied, where EXIF says nothing else.
"$CLPROC" samples --count 2 --kind orientation --width 40 --height 30 -o oriented 2>"$err" || fail "no pictures"
clproc run oriented -o upright --format ppm
expect_code 0
expect_no_err 'EXIF was dropped'
clproc run oriented -o lying --format ppm --no-auto-orient
expect_code 0
expect_err 'EXIF was dropped'

# In folders, and several pictures in one file.
mkdir in && cp rgb.ppm gray.pgm in/ && cat rgb.ppm gray.pgm >in/two.ppm
clproc run in -o all --resize 3x
expect_code 0
expect_err 'two.ppm: warning: left behind: further pictures'
expect_count all 3

# Cut off, with samples that are too large, and headers that lie or end.
head -c 90 rgb.ppm >cut.ppm
clproc run cut.ppm -o out.png
expect_code 1
expect_err 'cut.ppm: the file ends early; --fail-on none takes it as it is'
clproc run cut.ppm -o out.png --fail-on none
expect_code 0
expect_file out.png
printf 'P5 2 1 3\n\001\377' >large.pgm
clproc run large.pgm -o out.png
expect_code 1
expect_err 'large.pgm: samples exceed the maximum'
for head in 'P6' 'P6 ' 'P6 7' 'P6 7 5 ' 'P6 7 5 255' 'P6 0 5 255\n' 'P6 7 5 0\n' 'P6 7 5 65536\n' 'P6 -7 5 255\n' \
    'P6 7 5 25x\n' 'P6 99999999999999999999 5 255\n' 'P6#' 'P7\n' 'P7\nWIDTH 7\n' 'P7\nENDHDR\n' \
    'P7\nWIDTH 7\nHEIGHT 5\nDEPTH 5\nMAXVAL 255\nENDHDR\n' 'P7\nWIDTH 7\nNONSENSE 3\nENDHDR\n'; do
    printf "$head" >bad.ppm
    clproc run bad.ppm -o bad.png
    expect_code 1
    expect_err 'bad.ppm: is no'
    expect_no_file bad.png
done
printf 'P6 2000000000 2000000000 65535\n12345' >huge.ppm
clproc run huge.ppm -o bad.png
expect_code 1
expect_err 'huge.ppm: .*--limit-pixels'
clproc run huge.ppm -o bad.png --limit-pixels 4100000000000000000 --limit-side 2147483647
expect_code 1
expect_no_file bad.png
python3 -c "open('long.ppm', 'wb').write(b'P6 #' + b'x' * 100000 + b'\n1 1 255\nabc')"
clproc run long.ppm -o bad.png
expect_code 1
expect_err 'long.ppm: .*its header makes no sense'
# Netpbm's older kinds are named.
printf 'P3 1 1 255 1 2 3\n' >plain.ppm
clproc run plain.ppm -o bad.png
expect_code 1
expect_err 'plain.ppm: is pnm, which is not read'

# Inks are no RGB with alpha, whatever their number.
for inks in '4 CMYK' '5 CMYK_ALPHA'; do
    printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH %s\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\nabcde' $inks >inks.pam
    clproc run inks.pam -o inks.png
    expect_code 1
    expect_err 'inks.pam: is a PAM of CMYK, which is not read; convert it to RGB, or'
    expect_no_file inks.png
done
