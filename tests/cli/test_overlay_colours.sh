#!/bin/sh
# Overlays look the same on every picture: they are brought to the profile that it keeps or is
# converted to, held against Little CMS as Pillow calls it.
. "$(dirname "$0")/lib.sh"
need_modules PIL numpy
"$CLPROC" samples --count 12 --width 151 --height 113 -o in --quiet || fail "no pictures"
photo=in/008-jpeg-444-p3.jpg

# Colours of all kinds in patches of 8 x 8, and a gray overlay; both hide what is below.
python3 - <<'END' || fail "no overlays"
import numpy
from PIL import Image
patches = numpy.random.default_rng(7).integers(0, 256, (5, 8, 3), numpy.uint8)
patches[0] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 0, 0], [255, 255, 255],
              [128, 128, 128], [3, 5, 40]]
Image.fromarray(patches.repeat(8, 0).repeat(8, 1)).save("logo.png")
Image.fromarray(numpy.arange(64 * 40, dtype=numpy.uint16).reshape(40, 64).astype(numpy.uint8)).save("gray.png")
END

# The upper left corner of PICTURE is the overlay by PROFILE, the rest is PLAIN's.
expect_overlaid() { # PICTURE PLAIN OVERLAY PROFILE
    python3 - "$@" <<'END' || fail "$1 does not have $3 as $4 has it"
import sys
import numpy
from PIL import Image, ImageCms
picture, plain, overlay = (Image.open(name).convert("RGB") for name in sys.argv[1:4])
wanted = ImageCms.profileToProfile(overlay, ImageCms.createProfile("sRGB"), sys.argv[4],
                                   renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC)
picture, plain, wanted = (numpy.asarray(one).astype(int) for one in (picture, plain, wanted))
off = abs(picture[:40, :64] - wanted).max()
assert off <= 1, off
assert (abs(wanted - numpy.asarray(overlay)).max() > 10) == (sys.argv[3] == "logo.png")
picture, plain = picture.copy(), plain.copy()
picture[:40, :64] = plain[:40, :64] = 0
assert (picture == plain).all()
END
}
expect_corner() { # PICTURE OVERLAY LEVELS: the overlay's own values, but for so many levels
    python3 - "$@" <<'END' || fail "$1 should have $2 as it is"
import sys
import numpy
from PIL import Image
a, b = (numpy.asarray(Image.open(name).convert("RGB")).astype(int) for name in sys.argv[1:3])
assert abs(a[:40, :64] - b).max() <= int(sys.argv[3]), abs(a[:40, :64] - b).max()
END
}
profile_of() { # PICTURE FILE
    python3 -c 'import sys; from PIL import Image; open(sys.argv[2], "wb").write(Image.open(sys.argv[1]).info["icc_profile"])' \
        "$@" || fail "$1 has no profile"
}

# A picture that keeps its profile.
profile_of $photo p3.icc
clproc run $photo -o plain.png
for overlay in logo gray; do
    clproc run $photo -o marked.png --overlay $overlay.png:gravity=northwest --intent relative
    [ "$code" -eq 3 ] && skip "there is no OpenCL device"
    expect_code 0
    expect_overlaid marked.png plain.png $overlay.png p3.icc
    # What a viewer shows is the logo.
    clproc run marked.png -o shown.png --icc srgb --intent relative
    expect_corner shown.png $overlay.png 3
done
# One that is converted to a profile, and one to sRGB.
clproc run in/001-png-rgb.png -o plain.png --icc p3.icc --intent relative
clproc run in/001-png-rgb.png -o marked.png --icc p3.icc --overlay logo.png:gravity=northwest --intent relative
expect_code 0
expect_overlaid marked.png plain.png logo.png p3.icc
clproc run $photo -o marked.png --icc srgb --overlay logo.png:gravity=northwest
expect_corner marked.png logo.png 0
clproc run $photo --explain --overlay logo.png --format png
expect_out "KERNEL *overlay .*opacity 1, brought to the picture's profile"

# Several profiles in one run, over whole pixels and over the planes of a JPEG, scaled, half there,
# in linear light: as the reference has them, and the same bytes as on a GPU.
for overlay in logo gray; do
    clproc run in -o $overlay --overlay $overlay.png:width=70%:opacity=0.7 --verify 12 --device cpu
    expect_code 0
    expect_out '^verified 12 of 12 '
done
CLPROC_FORCE='group discrete' "$CLPROC" run in -o same --overlay logo.png:width=70%:opacity=0.7 \
    --device cpu 2>"$err" || fail "the run as on a GPU"
diff -r logo same >/dev/null || fail "other bytes as on a GPU"
clproc run in -o linear --linear --overlay logo.png:width=70%:opacity=0.7 --verify 12 --device cpu
expect_code 0
expect_out '^verified 12 of 12 '

# Colours told in numbers: of a gamma of 1.8, and no profile.
python3 - <<'END' || fail "no picture"
from PIL import Image, PngImagePlugin
info = PngImagePlugin.PngInfo()
info.add(b"gAMA", (55556).to_bytes(4, "big"))
Image.new("RGB", (20, 20)).save("numbers.png", pnginfo=info)
Image.new("L", (20, 20), 128).save("half.png")
END
clproc run numbers.png -o marked.png --overlay half.png
expect_code 0
python3 -c 'from PIL import Image
value = 255 * (((128 / 255 + 0.055) / 1.055) ** 2.4) ** (1 / 1.8)
assert abs(Image.open("marked.png").getpixel((5, 5))[0] - value) <= 1' || fail "the gamma should count"

# A profile to which nothing can be converted: said, and the overlay as it is.
sed 's/rTRC/xTRC/g' $photo >odd.jpg
clproc run odd.jpg -o marked.png --overlay logo.png:gravity=northwest
expect_code 0
expect_err 'odd.jpg: warning: overlays stay in sRGB beside the colour profile: '
expect_corner marked.png logo.png 0
exit 0
