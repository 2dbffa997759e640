"""Rows about start-up, growth and the cost of profiling: W6, W7, profiling."""
import os

from .measure import Work, fresh_folder, median, progress, run, warm
from .profiles import kernels_built, profile
from .race import race, ratio
from .report import Check, Row

# ------------------------------------------------------------------------------------ W6

def _empty_caches(bench):
    """Variables that point every kernel cache to a new folder."""
    folder = fresh_folder(os.path.join(bench.out, "caches"))
    return {"POCL_CACHE_DIR": os.path.join(folder, "pocl"), "XDG_CACHE_HOME": folder}


def w6(bench):
    photo = bench.photos.small(1, 1200, 800)
    resize = ["--pipeline", "resize 640x", "--quality", "85"]
    row = Row("W6", "one photo of 1 megapixel to 640 wide, whole process")
    warm(photo)
    contenders = [bench.own(photo, *resize)]
    contenders += bench.all_peers(bench.job("resize", photo, width=640), ("vipsthumbnail",))
    row.contenders, failed = race(row.title, contenders, bench.rules(4 * bench.options.runs),
                                  reference="clproc")
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    own, peer = row.find("clproc"), row.find("vipsthumbnail")
    if own and peer:
        row.checks.append(Check("vipsthumbnail's time, kernel cache warm", ratio(own, peer), 1.5,
                                True))
    cold = []
    for turn in range(bench.options.runs):
        progress(f"{row.title}: empty caches, run {turn + 1}")
        command = bench.own_command(photo, fresh_folder(bench.folder("clproc")), *resize)
        cold.append(run(Work([command], env=_empty_caches(bench))).wall)
    row.figures["cold_seconds"] = cold
    row.checks.append(Check("with all caches empty", median(cold), 2, True, "s"))
    said = profile(bench, photo, "resize 640x", env=_empty_caches(bench))
    row.checks.append(Check("built", kernels_built(said), 3, True, "kernels"))
    yield row


# ------------------------------------------------------------------------------------ W7

def _many(bench, count):
    """A folder of `count` small photos: links to 100 different ones."""
    photos = bench.photos.small(100, 320, 240)
    folder = os.path.join(bench.options.cache, f"many-{count}")
    if not os.path.isdir(folder) or len(os.listdir(folder)) != count:
        fresh_folder(folder)
        for i in range(count):
            os.link(photos[i % len(photos)], os.path.join(folder, f"{i:05d}.jpg"))
    return folder


def _rates(out):
    """Files a second among the first and the last 1,000 written."""
    times = sorted(entry.stat().st_mtime_ns for entry in os.scandir(out))
    return 999e9 / (times[999] - times[0]), 999e9 / (times[-1] - times[-1000])


def w7(bench):
    row = Row("W7", "10,000 photos of 320x240 to 160 wide")
    many, few = _many(bench, 10000), _many(bench, 100)
    resize = ["--pipeline", "resize 160x", "--quality", "85"]
    out = bench.folder("clproc")
    rates, peaks, small_peaks = [], [], []
    for turn in range(1 if bench.quick else bench.options.runs):
        progress(f"{row.title}: run {turn + 1}")
        fresh_folder(out)
        peaks.append(run(Work([bench.own_command([many], out, *resize)])).peak)
        rates.append(_rates(out))
        fresh_folder(out)
        small_peaks.append(run(Work([bench.own_command([few], out, *resize)])).peak)
    fresh_folder(out)
    first, last = median([r[0] for r in rates]), median([r[1] for r in rates])
    change = median([r[1] / r[0] for r in rates])
    row.figures = {"rates": rates, "peaks": peaks, "peaks_of_100": small_peaks}
    row.remarks.append(f"first 1,000: {first:.0f} files a second; last 1,000: {last:.0f}")
    row.checks.append(Check("the rate of the first 1,000 is what the last 1,000 have", change, 0.95,
                            False))
    row.checks.append(Check("the peak memory of 100 photos is what 10,000 need",
                            max(peaks) / max(small_peaks), 1.1, True))
    row.remarks.append(f"peak {max(peaks) / 2**20:.0f} MiB, of 100 photos "
                       f"{max(small_peaks) / 2**20:.0f} MiB")
    large = bench.photos.make("detailed", 24, bench.each())
    warm(large)
    peak = max(run(Work([bench.own_command(large, fresh_folder(out), "--pipeline", "resize 1920x",
                                           "--quality", "85")])).peak for _ in range(3))
    row.checks.append(Check(f"at most, {len(large)} baseline photos of 24 megapixels to 1920 wide",
                            peak / 2**20, 256, True, "MiB"))
    yield row


# ----------------------------------------------------------------------------- profiling

def profiling_cost(bench):
    photos = bench.first_set()
    row = Row("profiling", f"cost of recording, resize to 1920 wide · {photos.title()}")
    resize = ["--pipeline", "resize 1920x", "--quality", "85"]
    warm(photos.files)
    contenders = [bench.own(photos.files, *resize)]
    for level in ("summary", "trace"):
        contenders.append(bench.own(photos.files, *resize, f"--profile={level}",
                                    name=f"clproc {level}"))
    row.contenders, failed = race(row.title, contenders, bench.rules(3 * bench.options.runs))
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    off = row.find("clproc")
    for level, most in (("summary", 1.02), ("trace", 1.05)):
        one = row.find(f"clproc {level}")
        if off and one:
            row.checks.append(Check(f"the time without, --profile={level}", ratio(one, off), most,
                                    True))
    yield row
