#!/bin/sh
# The eight EXIF orientations of one picture, as JPEG and PNG, come out as one upright picture each
# from every kind of operation, with tag 1.
. "$(dirname "$0")/lib.sh"
need_modules numpy PIL

cat >turn.py <<'END'
"""make: writes in/N.jpg and in/N.png, stored so that orientation N shows them upright.
check FOLDER: all of its pictures must look like the first, and be tagged upright."""
import os, sys
import numpy
from PIL import Image

T = Image.Transpose if hasattr(Image, "Transpose") else Image
STORED = {2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,
          6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}

def scene():
    y, x = numpy.mgrid[0:80, 0:112]
    r, g, b = x * 2, y * 3, 120 + 60 * numpy.sin(x / 9.0) * numpy.cos(y / 13.0)
    picture = numpy.stack([r, g, b], 2).astype(numpy.uint8)
    picture[8:20, 10:40] = (250, 20, 20)  # one corner is marked
    return Image.fromarray(picture)

def make():
    os.makedirs("in", exist_ok=True)
    for n in range(1, 9):
        stored = scene().transpose(STORED[n]) if n > 1 else scene()
        tags = Image.Exif()
        tags[0x0112] = n
        stored.save(f"in/{n}.png", exif=tags.tobytes())
        stored.save(f"in/{n}.jpg", exif=tags.tobytes(), quality=98, subsampling=0)

def check(folder):
    for ending, allowed in (("png", 1), ("jpg", 6)):
        first = None
        for n in range(1, 9):
            with Image.open(f"{folder}/{n}.{ending}") as found:
                tag = found.getexif().get(0x0112, 1)
                pixels = numpy.asarray(found.convert("RGB")).astype(int)
            assert tag == 1, f"{folder}/{n}.{ending}: orientation {tag}"
            first = pixels if first is None else first
            assert pixels.shape == first.shape, f"{folder}/{n}.{ending}: {pixels.shape}, not {first.shape}"
            off = abs(pixels - first)
            assert numpy.percentile(off, 99) <= allowed, f"{folder}/{n}.{ending}: differs by {off.max()}"
        truth = numpy.asarray(scene()).astype(int)
        if folder == "same":
            assert first.shape == truth.shape and numpy.percentile(abs(first - truth), 99) <= allowed

make() if sys.argv[1] == "make" else check(sys.argv[2])
END

python3 turn.py make || fail "the pictures cannot be made"
while read -r name options; do
    clproc run in -o "$name" --quality 98 --subsampling 444 $options
    expect_code 0
    expect_count "$name" 16
    python3 turn.py check "$name" >"$scratch/check" 2>&1 ||
        fail "$name: $(tail -n 1 "$scratch/check")"
done <<'END'
same
resize --resize 50x
small --resize 13x
crop --crop 60x50+5+7
blur --blur 1.5
rotate --rotate 90
all --resize 70x60:fit=cover --blur 0.8 --rotate 270 --gray
END

# Left alone, the picture stays as it is stored, and so does its tag.
clproc run in/6.png -o stored.png --no-auto-orient --flip h
expect_code 0
expect_png_size stored.png 80x112
[ "$(python3 -c 'from PIL import Image; print(Image.open("stored.png").getexif()[0x112])')" = 6 ] ||
    fail "the orientation should be kept with --no-auto-orient"
