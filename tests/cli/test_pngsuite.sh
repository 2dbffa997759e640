#!/bin/sh
# The PNG suite: what is valid decodes to libpng's pixels, what is broken is refused with a reason.
. "$(dirname "$0")/lib.sh"
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
suite=$corpus/pngsuite
[ -d "$suite" ] || skip "no PNG suite at $suite; name a corpus in CLPROC_CORPUS"

# Broken: in the header, the signature, a checksum, the colour type, or without pixels.
mkdir broken
for file in "$suite"/*; do
    name=${file##*/}
    name=${name##*__}
    case $name in
    x*) cp "$file" "broken/$name" ;;
    esac
done
count=$(find broken -type f | wc -l)
[ "$count" -ge 14 ] || fail "14 broken files were expected in $suite, not $count"
for file in broken/*; do
    clproc run "$file" -o none --resize 8x
    expect_code 1
    expect_err "^clproc: $file: is \|^clproc: $file: .*; --fail-on \|^clproc: $file: .*not"
    expect_failures 1
    expect_count none 0
done

# Valid: encoded anew, and read by Pillow and OpenCV before and after.
clproc run "$suite" -o out --png-level 1 --progress json
cp "$err" account.json
need_modules numpy PIL
python3 - "$suite" out account.json <<'END' || fail "pixels differ from libpng's"
import json, os, sys
import numpy
from PIL import Image
try:
    import cv2
except ImportError:
    cv2 = None
    print("no OpenCV: Pillow alone reads the pictures")

suite, out, account = sys.argv[1:]
failed = {os.path.basename(line["input"]): line["message"]
          for line in map(json.loads, open(account)) if line["type"] == "failed"}

def rgba16(samples):
    """Height, width and 1 to 4 channels of 8 or 16 bits, as 16-bit RGBA."""
    samples = samples if samples.ndim == 3 else samples[:, :, None]
    deep = samples.astype(numpy.uint16) * 257 if samples.dtype == numpy.uint8 else samples
    colours = deep[:, :, :3] if deep.shape[2] >= 3 else deep[:, :, :1].repeat(3, axis=2)
    alpha = deep[:, :, -1:] if deep.shape[2] in (2, 4) else numpy.full_like(deep[:, :, :1], 65535)
    return numpy.concatenate([colours, alpha], axis=2)

def by_pillow(path):
    """Upper eight bits; without the alpha of a key, which it does not scale."""
    with Image.open(path) as picture:
        if picture.mode.startswith("I"):
            return rgba16((numpy.asarray(picture) >> 8).astype(numpy.uint8))[:, :, :3]
        keyed = picture.mode in ("1", "L", "RGB") and "transparency" in picture.info
        samples = rgba16(numpy.asarray(picture.convert("RGBA")))
        return samples[:, :, :3] if keyed else samples

def by_opencv(path):
    """Sixteen bits, but not the transparency of a palette or a colour."""
    samples = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(samples.shape[2] if samples.ndim == 3 else 1)
    return rgba16(samples[:, :, order] if order else samples)[:, :, :3]

checked = 0
for name in sorted(os.listdir(suite)):
    if not name.startswith("tests__images__") or name.split("__")[-1].startswith("x"):
        continue
    assert name not in failed, f"{name}: {failed[name]}"
    for read in (by_pillow, by_opencv)[:2 if cv2 else 1]:
        before, after = read(os.path.join(suite, name)), read(os.path.join(out, name))
        if before.shape[2] != after.shape[2]:
            before, after = before[:, :, :3], after[:, :, :3]
        assert before.shape == after.shape, f"{name}: {before.shape}, then {after.shape}"
        off = (before != after).any(axis=2)
        assert not off.any(), f"{name} by {read.__name__}: {off.sum()} pixels differ"
    checked += 1
assert checked >= 150, checked
print(checked, "pictures agree")
END
