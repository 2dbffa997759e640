"""The row about what all optimisations together are worth, also as `clproc analyse` tells it: naive."""
import os
import re

from .measure import Work, fresh_folder, progress, run, warm
from .race import race, ratio
from .report import Check, Row

PHOTOS = 6
PIPELINE = "resize 25% | blur 1 | sharpen 0.8"  # what clproc analyse does by itself


def _folder(bench):
    """The photos alone in a folder, for a program that takes folders."""
    if bench.options.photos:
        files = bench.own_photos(False)
    elif bench.quick:
        files = bench.photos.make("detailed", 6, bench.each())[:PHOTOS]
    else:
        files = [path for size in (6, 12, 24)
                 for path in bench.photos.make("detailed", size, bench.each())[:PHOTOS // 3]]
    folder = fresh_folder(bench.folder("naive photos"))
    for path in files:
        os.symlink(os.path.abspath(path), os.path.join(folder, os.path.basename(path)))
    return folder, files


def gain_of(text):
    """The gain of the whole that an analysis.md tells, and of how many photos it speaks."""
    steps = re.search(r"^## One after another$(.*?)^## ", text, re.M | re.S).group(1)
    gains = re.findall(r"\| ([0-9.]+) × \|$", steps, re.M)
    return float(gains[-1]), int(re.search(r"^\| images of a run \| ([0-9]+) ", text, re.M).group(1))


def _analysis(bench, folder):
    report = fresh_folder(bench.folder("analysis"))
    progress("clproc analyse")
    run(Work([[bench.clproc, "analyse", folder, "-o", report, "--pipeline", PIPELINE, "--device",
               bench.options.device, "--seconds", str(30 * bench.options.runs), "--progress",
               "off"]]))
    progress("")
    with open(os.path.join(report, "analysis.md"), encoding="utf-8") as file:
        return gain_of(file.read())


def naive(bench):
    folder, files = _folder(bench)
    row = Row("naive", f"{PIPELINE}, all optimisations against none · {len(files)} photos")
    warm(files)
    contenders = [bench.own([folder], "--pipeline", PIPELINE, *strategy, name=name)
                  for name, strategy in (("clproc", []), ("clproc naive", ["--strategy", "naive"]))]
    row.contenders, failed = race(row.title, contenders, bench.rules(5 * bench.options.runs))
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    if not failed:
        gain = ratio(row.find("clproc naive"), row.find("clproc"))
        told, photos = _analysis(bench, folder)
        row.figures = {"gain": gain, "analysis": told, "analysis_photos": photos}
        row.remarks.append(f"naive takes {gain:.2f} times as long; clproc analyse, {photos} photos: "
                           f"{told:.2f}")
        row.checks.append(Check("away from this: the gain of the whole after clproc analyse",
                                abs(told / gain - 1), 0.1, True, "of it"))
    yield row
