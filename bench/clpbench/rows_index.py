"""The row about an index of many small photos: W10."""
import os
import shlex
import shutil

from .measure import Work, cool, warm
from .race import Contender, race, ratio
from .report import Check, Row

WANTED = 50_000  # files a second, warm


def _every_file(folder):
    return sorted(os.path.join(base, name) for base, _, names in os.walk(folder) for name in names)


def _exiftool(tree, out):
    return Work([["sh", "-c", f"exiftool -fast2 -json -r {shlex.quote(tree)} "
                  f">{shlex.quote(out)}/index.json"]], variant="one process")


def _exiv2(tree, out, cores):
    """All metadata of each file as text. It fails where a file has none, which is no failure."""
    each = f'exiv2 -q -pa "$@" >{shlex.quote(out)}/$$.txt; :'
    return Work([["sh", "-c", f"find {shlex.quote(tree)} -type f -print0 | "
                  f"xargs -0 -n 250 -P {cores} sh -c {shlex.quote(each)} sh"]],
                variant="processes on all cores")


def _contenders(bench, tree, files):
    """Each with all files in the page cache, and with none."""
    works = {"clproc": lambda out: Work([[bench.clproc, "index", tree, "-o", f"{out}/index.jsonl",
                                          "--quiet"]]),
             "exiftool": lambda out: _exiftool(tree, out),
             "exiv2": lambda out: _exiv2(tree, out, bench.cores)}
    asked = bench.options.peers.split(",") if bench.options.peers is not None else list(works)
    for name, work in works.items():
        if name != "clproc" and not (name in asked and shutil.which(name)):
            continue
        out = bench.folder(f"index {name}")
        yield Contender(name, [work(out)], out)
        if name != "exiftool":  # its time is its own, whatever the disk does
            yield Contender(f"{name} cold", [work(out)], out, prepare=lambda: cool(files))


def w10(bench):
    tree = bench.options.photos or bench.photos.tree(1000 if bench.quick else 10_000)
    files = _every_file(tree)
    row = Row("W10", f"metadata of {len(files)} small photos, warm and cold")
    # A cold turn leaves the files warm for the next contender.
    warm(files)
    row.contenders, failed = race(row.title, list(_contenders(bench, tree, files)), bench.rules())
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    own, cold = row.find("clproc"), row.find("clproc cold")
    if own:
        row.checks.append(Check("files a second, warm", len(files) / own.median(), WANTED, False,
                                ""))
    for name, target in (("exiftool", 20), ("exiv2", 3)):
        peer = row.find(name)
        if own and peer:
            row.checks.append(Check(f"the speed of {name}, warm", ratio(peer, own), target, False))
    peer = row.find("exiv2 cold")
    if cold and peer:
        row.checks.append(Check("the speed of exiv2, cold", ratio(peer, cold), 3, False))
    yield row
