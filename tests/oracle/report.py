"""The acceptance table: what was promised, what was measured."""

import threading
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Limit:
    """A row: most levels off, most distance to the unrounded value, most wrong samples in %."""
    name: str
    delta: int = 1
    error: float = 0.6
    mismatch: float = 100.0
    psnr: float = 0.0


ROWS = {
    "reindex-png": Limit("crop, flip, rotate, orientation: PNG", 0, 0.0, 0.0),
    "reindex-rgb": Limit("... JPEG to PNG = libjpeg-turbo's RGB", 0, 0.0, 0.0),
    "reindex-planes": Limit("... JPEG to JPEG, aligned, planes", 0, 0.0, 0.0),
    "decode": Limit("YCbCr to RGB and upsampling = libjpeg-turbo", 0, 0.0, 0.0),
    "depth": Limit("8 to 16 bits and back", 0, 0.5, 0.0),
    "resize-8": Limit("resize, 8 bit", 1, 0.6, 1.0),
    "resize-box-8": Limit("resize box and area, 8 bit", 1, 0.6, 6.0),
    "resize-16": Limit("resize, 16 bit", 1, 9.0, 1.0),
    "blur-8": Limit("Gaussian and box, 8 bit", 1, 0.6, 3.0),
    "blur-16": Limit("Gaussian and box, 16 bit", 1, 9.0, 1.0),
    "colour-8": Limit("gray, brightness, contrast, saturation, matrix, 8 bit"),
    "colour-16": Limit("gray, brightness, contrast, saturation, matrix, 16 bit", 1, 9.0),
    # One input level near a tie is 0.4 % of 8-bit noise: a share says nothing there.
    "curve-8": Limit("gamma, levels, 8 bit"),
    "curve-16": Limit("gamma, levels, 16 bit", 1, 9.0, 1.0),
    "channels": Limit("channels swapped, copied, sRGB to sRGB: PNG", 0, 0.0, 0.0),
    "sharpen-8": Limit("unsharp mask, 8 bit", 1, 0.6, 3.0),
    "sharpen-16": Limit("unsharp mask, 16 bit", 1, 9.0, 1.0),
    "space-8": Limit("linear, YCbCr, HSV, Lab, 8 bit"),
    "space-16": Limit("linear, YCbCr, HSV, Lab, 16 bit", 2, 9.0),
    "linear-8": Limit("linear light: resize and blur, 8 bit", 1, 0.6, 0.5),
    "linear-16": Limit("linear light: resize and blur, 16 bit", 2, 9.0),
    "linear-alpha-8": Limit("linear light with alpha: resize, 8 bit", 1, 0.6, 0.5),
    "linear-alpha-16": Limit("linear light with alpha: resize, 16 bit (*)", 2, 9.0),
    "alpha-8": Limit("alpha: resize, blur, flatten, 8 bit", 1, 0.6, 1.0),
    "alpha-16": Limit("alpha: resize, blur, flatten, 16 bit (*)", 1, 9.0, 1.0),
    "chain-8": Limit("pipelines, 8 bit", 1, 0.6, 3.0),
    "chain-16": Limit("pipelines, 16 bit", 1, 9.0, 1.0),
    "jpeg-png": Limit("planned JPEG to PNG, filtered"),
    "jpeg-gray": Limit("planned JPEG to gray PNG, filtered", 1, 0.6, 3.0),
    "jpeg-jpeg": Limit("planned JPEG to JPEG, quality 100 on both sides", 4, 9.0, psnr=50.0),
    "pillow": Limit("cross-check: Pillow mode F resize", 1, 1.0),
    "opencv": Limit("cross-check: OpenCV 32F Gaussian", 1, 1.0),
    "vips": Limit("cross-check: libvips Gaussian, means of blocks, Lab", 1, 1.0),
    "batches": Limit("the same bytes for every batch size and number of workers", 0, 0.0, 0.0),
    "fringe": Limit("fringe: lowest RGB where alpha > 8 (255)", 0, 0.0, 0.0),
    "checkerboard": Limit("linear light: checkerboard to mean 188.0", 1, 0.6),
    "devices-8": Limit("both devices: the same bytes, 8 bit", 0, 0.0, 0.0),
    "devices-16": Limit("both devices: levels apart, 16 bit", 1, 9.0),
    "shrink": Limit("shrink-on-load against the whole picture, PSNR", 255, 999, psnr=30.0),
    "conventional": Limit("plain resize against the conventional route, PSNR", 255, 999, psnr=45.0),
}
# Rows whose limits do not tighten for the reference device: other programs, tables of curves.
UNTOUCHED = ("pillow", "opencv", "vips", "checkerboard", "curve-16", "space-8", "space-16", "linear-8",
             "linear-16", "linear-alpha-8", "linear-alpha-16")


@dataclass
class Result:
    """One comparison. `counts`: the share of wrong samples means something, unlike on patterns."""
    row: str
    case: str
    samples: int = 0
    delta: int = 0
    error: float = 0.0
    wrong: int = 0
    counts: bool = True
    psnr: float = float("inf")
    problem: str = ""
    command: str = ""


# A value on a tie may be rounded either way by arithmetic in another order.
TIE = 0.5 + 1e-6


def compare(row, case, out, expected, unsure=None, counts=True, ties=False, weight=None):
    """`out`: what was stored; `expected`: unrounded; `unsure`: pixels not to look at; `weight`: by
    what errors are multiplied. A sample is wrong if it is not the rounded value; with `ties`, a tie
    may go either way."""
    if out.shape != expected.shape:
        return Result(row, case, problem=f"shape {out.shape}, expected {expected.shape}")
    stored = out.astype(np.float64)
    away = np.abs(stored - expected)
    delta = np.abs(stored - np.floor(expected + 0.5))
    if ties:
        delta[away <= TIE] = 0
    if weight is not None:
        away, delta = away * weight, delta * weight
    if unsure is not None:
        away[unsure] = delta[unsure] = 0
    square = float(np.mean(away**2)) if away.size else 0.0
    return Result(row, case, away.size, int(np.ceil(delta.max(initial=0))),
                  float(away.max(initial=0)), int(np.count_nonzero(delta >= 1)), counts,
                  10 * np.log10(255**2 / square) if square > 0 else float("inf"))


@dataclass
class Row:
    limit: Limit
    results: list = field(default_factory=list)

    def worst(self):
        """The largest figures, and the mismatch of the worst case with enough samples to tell."""
        delta = max(r.delta for r in self.results)
        error = max(r.error for r in self.results)
        psnr = min(r.psnr for r in self.results)
        shares = {}
        for r in self.results:
            if r.counts:
                wrong, samples = shares.get(r.case, (0, 0))
                shares[r.case] = (wrong + r.wrong, samples + r.samples)
        mismatch = max((100 * w / s for w, s in shares.values() if s >= 5000), default=0.0)
        if not self.limit.mismatch:  # exact rows: every sample counts
            mismatch = max((100 * r.wrong / max(1, r.samples) for r in self.results), default=0.0)
        return delta, error, mismatch, psnr


class Report:
    def __init__(self, exact):
        self.exact, self.rows, self.lock = exact, {}, threading.Lock()

    def limit(self, key):
        limit = ROWS[key]
        if self.exact and limit.mismatch and not limit.psnr and key not in UNTOUCHED:
            return Limit(limit.name, 1, 0.5 + 1e-6, 1.0)
        return limit

    def add_all(self, results):
        with self.lock:
            for result in results:
                self.rows.setdefault(result.row, Row(self.limit(result.row))).results.append(result)

    def failures(self, key):
        row = self.rows[key]
        limit = row.limit
        found = [r for r in row.results if r.problem or r.delta > limit.delta
                 or r.error > limit.error + 1e-9 or r.psnr < limit.psnr]
        if not found and row.worst()[2] > limit.mismatch:
            found = [max((r for r in row.results if r.counts),
                         key=lambda r: r.wrong / max(1, r.samples))]
        return found

    def passed(self):
        return bool(self.rows) and not any(self.failures(key) for key in self.rows)

    def table(self, title):
        lines = [f"Acceptance ({title})", "",
                 f"{'what':62} {'samples':>9} {'max':>4} {'limit':>5} {'|out-x|':>8} {'limit':>6} "
                 f"{'wrong %':>8} {'limit':>6} {'PSNR':>6} {'limit':>6}  verdict"]
        complaints = []
        for key in (k for k in ROWS if k in self.rows):
            row = self.rows[key]
            delta, error, mismatch, psnr = row.worst()
            bad = self.failures(key)
            limit = row.limit
            error_limit = f"{limit.error:6.3f}" if limit.error < 9 else f"{'-':>6}"
            lines.append(
                f"{limit.name[:62]:62} {sum(r.samples for r in row.results):9} {delta:4} "
                f"{limit.delta:5} {error:8.4f} {error_limit} "
                f"{mismatch:8.3f} {limit.mismatch:6.1f} {min(psnr, 999):6.1f} {limit.psnr:6.1f}  "
                f"{'MISSED' if bad else 'ok'}")
            worst = sorted(bad, key=lambda r: (not r.problem, -r.delta, -r.error))
            one_each = {r.case: r for r in reversed(worst)}
            for r in list(reversed(one_each.values()))[:6]:
                complaints.append(f"  {key}: {r.case}: "
                                  + (r.problem or f"max {r.delta}, |out-x| {r.error:.4f}, "
                                     f"{r.wrong}/{r.samples} wrong, PSNR {r.psnr:.1f}")
                                  + (f"\n      {r.command}" if r.command else ""))
            if len(one_each) > 6:
                complaints.append(f"  {key}: and {len(one_each) - 6} cases more")
        if "alpha-16" in self.rows:
            lines.append("(*) below alpha 257, one level of 8 bits, colours count by alpha / 257")
        return "\n".join(lines + ([""] + complaints if complaints else []))
