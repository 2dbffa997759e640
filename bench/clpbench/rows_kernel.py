"""Rows about the device's work: W4 blurs pictures at full size, W8 looks at the filter kernel."""
import json
import os

from .measure import Work, median, run, warm
from .profiles import kernels, profile, stage_remarks
from .race import race, ratio
from .report import Check, Row

TRUE_GAUSSIANS = ("OpenCV", "vips")


# ------------------------------------------------------------------------------------ W4

def _interpreter_start(bench, job):
    """Seconds that OpenCV's script takes to do nothing."""
    if "OpenCV" not in bench.peers.all:
        return 0
    idle = bench.job("blur", [], sigma=job.sigma)
    work = bench.peers.works("OpenCV", idle, "")[0]
    return median([run(work).wall for _ in range(3)])


def _blur_row(bench, sigma, files, rules, with_floor, names=TRUE_GAUSSIANS):
    row = Row("W4", f"blur σ {sigma} at full size, JPEG quality 85 · {len(files)} photos")
    warm(files)
    quality = ["--quality", "85"]
    contenders = bench.own_and_floor(files, f"blur {sigma}", *quality)
    if not with_floor:
        contenders = contenders[:1]
    job = bench.job("blur", files, sigma=sigma)
    for one in bench.all_peers(job, names):
        if one.name == "OpenCV":
            start = _interpreter_start(bench, job)
            one.count = lambda result, start=start: (result.wall - start, result.cpu)
            row.remarks.append(f"OpenCV's {start:.2f} s to start Python and load are not counted")
        contenders.append(one)
    row.contenders, failed = race(row.title, contenders, rules, reference="clproc")
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    own, floor = row.find("clproc"), row.find("codec floor")
    peers = [one for one in row.contenders if one.name in TRUE_GAUSSIANS]
    if own and floor:
        row.checks.append(Check("the codec floor", ratio(own, floor), 1.6, True))
        row.remarks += stage_remarks(bench, floor, files, f"blur {sigma}", *quality)
    if own and peers:
        fastest = min(peers, key=lambda one: one.median())
        row.checks.append(Check(f"the speed of {fastest.name}, the fastest true Gaussian",
                                ratio(fastest, own), 3 if sigma >= 30 else 1, False))
    return row


def w4(bench):
    """Small σ beside the floor on many photos, large σ on few: the peers take minutes."""
    if bench.options.photos:
        many = bench.first_set().files
    else:
        many = bench.photos.make("detailed", 12, bench.each())
    few = many[:2] if bench.quick else many[:4]
    yield _blur_row(bench, 2, many, bench.rules(), True)
    for sigma in (30,) if bench.quick else (8, 30, 100):
        yield _blur_row(bench, sigma, few, bench.rules(1 if bench.quick else 3), False,
                        ("OpenCV",) if bench.quick else TRUE_GAUSSIANS)
    row = Row("W4", f"kernel time by σ · {len(few)} photos")
    for sigma in (4, 8, 30, 100):
        said = [profile(bench, few, f"blur {sigma}", "--null-output", "--jobs", "1")
                for _ in range(3)]
        row.figures[f"kernel_seconds_sigma_{sigma}"] = min(
            sum(c["total_ns"] for c in kernels(one)) * 1e-9 for one in said)
    row.remarks.append("best of 3, in s: " + ", ".join(
        f"σ {name.rsplit('_', 1)[1]} {value:.3f}" for name, value in row.figures.items()))
    row.checks.append(Check("the kernel time of σ 4 is what σ 100 takes",
                            row.figures["kernel_seconds_sigma_100"]
                            / row.figures["kernel_seconds_sigma_4"], 1.5, True))
    yield row


# ------------------------------------------------------------------------------------ W8

# PoCL's names, old and new, for the threads it may use.
ONE_THREAD = {"POCL_MAX_PTHREAD_COUNT": "1", "POCL_CPU_MAX_CU_COUNT": "1"}


def w8(bench):
    """Both passes of a resize of one plane, on one core each."""
    width, height, out_width, out_height = 6000, 4000, 1920, 1280
    row = Row("W8", f"filter kernel beside hand-written AVX2, a core each · {width}x{height} "
                    f"to {out_width}x{out_height}, one plane")
    loop = os.path.join(bench.options.build, "bench", "clproc-filter-avx2")
    if not os.access(loop, os.X_OK):
        row.remarks.append("not on this processor")
        yield row
        return
    files = bench.photos.make("detailed", 24, bench.each())
    # A launch for each pass of a photo, as the loop works: not for each band.
    said = profile(bench, files, f"gray | resize {out_width}x", "--null-output", "--jobs", "1",
                   "--strategy=-stream", env=ONE_THREAD)
    passes = {c["name"]: c for c in kernels(said)}
    for name, key, outputs in (("filter u8>i16 transposed", "u8_to_i16", width * out_height),
                               ("filter i16>u8 transposed", "i16_to_u8", out_width * out_height)):
        if name not in passes:
            row.remarks.append(f"there was no kernel named {name}")
            continue
        one = passes[name]
        each = one["operations"] / one["calls"]
        taps = round(each / outputs)
        best = json.loads(run(Work([[loop, *map(str, (width, height, out_width, out_height, taps,
                                                      taps))]])).output)[key]
        own = each / (one["min_ns"] * 1e-9)
        row.figures[key] = {"clproc": own, "avx2": best, "taps": taps}
        row.remarks.append(f"{name}, {taps} taps: clproc {own / 1e9:.1f}, "
                           f"AVX2 {best / 1e9:.1f} G multiply-adds a second")
        row.checks.append(Check(f"the hand-written loop's rate, {name}", own / best, 0.6, False))
    yield row
