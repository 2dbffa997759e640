"""Rows where the codec is most of the work: W1, W2, W3, W5."""
from .measure import warm
from .profiles import stage_remarks
from .race import OURS, race, ratio
from .report import Check, Row

# The peers W1's and W3's targets are about; the others are shown beside them.
FAST = ("vipsthumbnail", "sharp", "ffmpeg", "Pillow")


def _fastest(contenders, names):
    among = [one for one in contenders if one.name in names]
    return min(among, key=lambda one: one.median()) if among else None


def _against_peers(row, names, target, text):
    own, fastest = row.find("clproc"), _fastest(row.contenders, names)
    if not fastest:
        row.remarks.append("no peer was found: nothing to compare with")
        return
    row.checks.append(Check(f"the speed of {fastest.name}, {text}", ratio(fastest, own), target,
                            False))


def _run_row(bench, row, files, pipeline, arguments, job, names):
    warm(files)
    contenders = bench.own_and_floor(files, pipeline, *arguments)
    contenders += bench.all_peers(job, names)
    able, failed = race(row.title, contenders, bench.rules(), reference="clproc")
    row.contenders = able
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    floor = row.find("codec floor")
    if floor:
        row.remarks += stage_remarks(bench, floor, files, pipeline, *arguments)
    return row


def _resize_row(bench, name, photos, width, floor_target, peer_target):
    row = Row(name, f"JPEG to {width} wide, Lanczos3, quality 85 · {photos.title()}")
    job = bench.job("resize", photos.files, width=width)
    _run_row(bench, row, photos.files, f"resize {width}x:enlarge=no", ["--quality", "85"], job,
             FAST if bench.quick else None)
    own, floor = row.find("clproc"), row.find("codec floor")
    if own and floor:
        row.checks.append(Check("the codec floor", ratio(own, floor), floor_target, True))
        _against_peers(row, FAST, peer_target, "the fastest of " + ", ".join(FAST))
    return row


def w1(bench):
    for photos in bench.jpeg_sets():
        yield _resize_row(bench, "W1", photos, 1920, 1.35, 2.5)


def w2(bench):
    photos = bench.first_set()
    row = Row("W2", f"resize to 1920 wide + blur 2 + gray · {photos.title()}")
    warm(photos.files)
    quality = ["--quality", "85"]
    resize = "resize 1920x:enlarge=no"
    contenders = bench.own_and_floor(photos.files, f"{resize} | blur 2 | gray", *quality)
    contenders.append(bench.own(photos.files, "--pipeline", resize, *quality, name="clproc W1"))
    contenders[-1].other_work = True
    row.contenders, failed = race(row.title, contenders, bench.rules(), reference="clproc")
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    if not failed:
        row.checks.append(Check("W1's time", ratio(row.find("clproc"), row.find("clproc W1")), 1,
                                True))
    yield row


def w3(bench):
    for photos in bench.jpeg_sets()[:1 if bench.quick else None]:
        yield _resize_row(bench, "W3", photos, 320, 1.3, 1.0)


def w5(bench):
    files = bench.png_files()
    row = Row("W5", f"PNG to PNG of half the size, zlib level 6 · {len(files)} photos")
    job = bench.job("half", files)
    _run_row(bench, row, files, "resize 50%", ["--png-level", "6"], job,
             ("vipsthumbnail", "sharp", "Pillow", "OpenCV") if bench.quick else None)
    own = row.find("clproc")
    peers = [one for one in row.contenders if one.name not in (*OURS, "sharp hasty")]
    if own and peers:
        fastest = min(peers, key=lambda one: one.median())
        row.checks.append(Check(f"the speed of the fastest peer, {fastest.name}",
                                ratio(fastest, own), 1.5, False))
        row.checks.append(Check(f"the output size of {fastest.name}", own.size / fastest.size, 1,
                                True))
    yield row
