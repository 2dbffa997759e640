"""Features of an index against numpy and OpenCV, on the small pictures that `clproc run` makes.

compare_features.py INDEX.jsonl SMALL_FOLDER: fails where a value is further off than its bound.
"""
import base64
import json
import math
import pathlib
import sys

import cv2
import numpy as np

CELLS, TILES = 32, 8


def luma_of(rgb):
    r, g, b = (rgb[..., c].astype(np.int64) for c in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(np.float64)


def edges(size, parts):
    return [k * size // parts for k in range(parts + 1)]


def sharpness(luma):
    """Of the whole and of tiles, from pixels that have neighbours on all sides."""
    laplace = cv2.Laplacian(luma, cv2.CV_64F, ksize=1)
    height, width = luma.shape
    tiles = []
    rows, columns = edges(height, TILES), edges(width, TILES)
    for y in range(TILES):
        for x in range(TILES):
            tile = laplace[max(rows[y], 1):min(rows[y + 1], height - 1),
                           max(columns[x], 1):min(columns[x + 1], width - 1)]
            if tile.size:
                tiles.append(tile.var())
    return laplace[1:-1, 1:-1].var(), max(tiles), sum(tiles) / len(tiles)


def noise(luma):
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float64)
    found = cv2.filter2D(luma, cv2.CV_64F, mask)[1:-1, 1:-1]
    return math.sqrt(math.pi / 2) * np.abs(found).sum() / (6 * found.size)


def colourfulness(rgb):
    r, g, b = (rgb[..., c].astype(np.float64) for c in range(3))
    rg, yb = r - g, (r + g) / 2 - b
    return math.hypot(rg.std(), yb.std()) + 0.3 * math.hypot(rg.mean(), yb.mean())


def perceptual_hash(boxes):
    found = cv2.dct(boxes)[:8, :8] * 16  # OpenCV's is orthonormal
    found[0] *= math.sqrt(2)
    found[:, 0] *= math.sqrt(2)
    found = np.floor(16 * found + 0.5).ravel() / 16
    found[0] = np.floor(16 * boxes.sum() + 0.5) / 16
    return sum(1 << (63 - i) for i in range(64) if found[i] > np.median(found))


def channel(values, across, down):
    """One channel of a thumbhash, as its author's encoder has it."""
    grid = np.arange(CELLS) + 0.5
    mean, ac = 0, []
    for v in range(down):
        for u in range(across):
            if u * down >= across * (down - v):
                break
            wave = np.outer(np.cos(math.pi / CELLS * v * grid), np.cos(math.pi / CELLS * u * grid))
            found = (values * wave).mean()
            if u or v:
                ac.append(found if abs(found) >= 1e-9 else 0)
            else:
                mean = found
    scale = max(map(abs, ac))
    return mean, [0.5 + 0.5 / scale * f for f in ac] if scale else ac, scale


def half_up(value):
    return math.floor(value + 0.5)


def thumbhash(colours, width, height):
    r, g, b = (colours[..., c] / 255 for c in range(3))
    across, down = (max(1, half_up(7 * side / max(width, height))) for side in (width, height))
    l, p, q = (channel((r + g + b) / 3, max(3, across), max(3, down)),
               channel((r + g) / 2 - b, 3, 3), channel(r - g, 3, 3))
    first = (half_up(63 * l[0]) | half_up(31.5 + 31.5 * p[0]) << 6 | half_up(31.5 + 31.5 * q[0]) << 12 |
             half_up(31 * l[2]) << 18)
    second = ((down if width > height else across) | half_up(63 * p[2]) << 3 | half_up(63 * q[2]) << 9 |
              (width > height) << 15)
    nibbles = [half_up(15 * f) for part in (l, p, q) for f in part[1]] + [0]
    packed = bytes(nibbles[i] | nibbles[i + 1] << 4 for i in range(0, len(nibbles) - 1, 2))
    return first.to_bytes(3, "little") + second.to_bytes(2, "little") + packed


def dominant(colours):
    left = [tuple(c) for c in colours.reshape(-1, 3)]
    found = []
    while left and len(found) < 5:
        bins = {}
        for c in left:
            key = tuple(int(v) // 32 for v in c)
            bins[key] = bins.get(key, 0) + 1
        fullest = min(bins, key=lambda k: (-bins[k], k))
        near = [c for c in left if all(abs(int(c[i]) // 32 - fullest[i]) <= 1 for i in range(3))]
        left = [c for c in left if not all(abs(int(c[i]) // 32 - fullest[i]) <= 1 for i in range(3))]
        mean = [half_up(sum(c[i] for c in near) / len(near)) for i in range(3)]
        found.append((len(near), "#%02x%02x%02x %d%%" % (*mean, half_up(100 * len(near) / 1024))))
    return [text for _, text in sorted(found, key=lambda f: -f[0])]


def expected(rgb):
    luma = luma_of(rgb)
    dark, bright = rgb.max(axis=2) <= 2, rgb.max(axis=2) >= 253
    whole, best, mean = sharpness(luma)
    shares = np.histogram(luma, bins=16, range=(0, 256))[0] / luma.size
    values = {"SharpnessWhole": whole, "SharpnessBest": best, "SharpnessMean": mean,
              "LumaMean": luma.mean(), "LumaDeviation": luma.std(), "ClippedLow": dark.mean(),
              "ClippedHigh": bright.mean(), "Colourfulness": colourfulness(rgb),
              "NoiseEstimate": noise(luma)}
    for percent in (1, 5, 50, 95, 99):
        values["LumaP%d" % percent] = np.percentile(luma, percent, method="inverted_cdf")
    return values, [half_up(1000 * s) for s in shares]


def check(row, rgb):
    """What differs, as texts; and how far off the numbers are at most, beside their size."""
    wrong, largest = [], 0
    values, histogram = expected(rgb)
    for name, value in values.items():
        off = abs(row[name] - value) / max(1, abs(value))
        largest = max(largest, off)
        if off > 1e-6:
            wrong.append("%s %r, not %r" % (name, row[name], value))
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if abs(row["LumaMean"] - gray.mean()) > 0.5:
        wrong.append("LumaMean %r is far from OpenCV's %r" % (row["LumaMean"], gray.mean()))
    small = cv2.resize(luma_of(rgb), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    colours = cv2.resize(rgb.astype(np.float64), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    colours = np.round(colours, 9)  # sums of OpenCV's shares are not exact
    texts = {"LumaHistogram": " ".join(map(str, histogram)),
             "PerceptualHash": "%016x" % perceptual_hash(small),
             "ThumbHash": base64.b64encode(thumbhash(colours, rgb.shape[1], rgb.shape[0])).decode(),
             "DominantColours": dominant(colours)}
    wrong += ["%s %r, not %r" % (name, row.get(name), text) for name, text in texts.items()
              if row.get(name) != text]
    return wrong, largest


def main():
    rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    failed, largest = False, 0
    for row in rows:
        stem = pathlib.Path(row["FileName"]).stem
        small = cv2.imread(str(pathlib.Path(sys.argv[2]) / (stem + ".png")), cv2.IMREAD_COLOR)
        wrong, off = check(row, np.ascontiguousarray(small[..., ::-1]))
        largest = max(largest, off)
        for text in wrong:
            print("%s: %s" % (row["FileName"], text))
            failed = True
    print("%d pictures; numbers are off by %.1g of their size at most" % (len(rows), largest))
    sys.exit(failed or not rows)


main()
