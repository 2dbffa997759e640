#!/bin/sh
# Steps that multiply the errors of integer filters: of 8 bits no sample is more than 0.6 levels from the
# definition, also in noise of the greatest contrast.
. "$(dirname "$0")/lib.sh"
have python3 || skip "python3 is not installed"
python3 - <<'END'
import random
chance = random.Random(7)
width, height = 1024, 768
def save(name, pixel, side):
    rows = []
    for y in range(0, height, side):
        row = b"".join(bytes(pixel()) * side for x in range(0, width, side))
        rows += [row] * side
    open(name, "wb").write(b"P6\n%d %d\n255\n" % (width, height) + b"".join(rows))
save("noise.ppm", lambda: [chance.choice((0, 255)) for c in range(3)], 1)
save("two.ppm", lambda: chance.choice(([0, 0, 255], [255, 255, 0])), 2)
END
clproc run two.ppm -o two.jpg --quality 100 --subsampling 420
expect_code 0

within() { # PICTURE OPERATION...
    clproc run "$1" -o bytes.ppm --resize 900x "$2" "$3" --strategy=-shrink
    expect_code 0
    clproc run "$1" -o exact.ppm --resize 900x "$2" "$3" --strategy=-shrink --device reference --depth 16
    expect_code 0
    python3 - <<'END' || fail "too far from the definition: $*"
import array, sys
def samples(name, kind):
    data = open(name, "rb").read()
    values = array.array(kind, data.split(b"\n", 3)[3])
    if kind == "H" and sys.byteorder == "little":
        values.byteswap()
    return values
most = max(abs(a - b / 257) for a, b in zip(samples("bytes.ppm", "B"), samples("exact.ppm", "H")))
print("%.3f" % most)
sys.exit(most > 0.602)  # the exact ones are rounded to 16 bits
END
}
for step in '--contrast 1.2' '--contrast 1.7' '--saturation 2' '--brightness 1.2'; do
    within two.jpg $step
done
for step in '--contrast 2.1' '--contrast 6' '--levels 100:white=150'; do
    within noise.ppm $step
done
