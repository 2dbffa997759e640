"""The row about several outputs of each picture: W9."""
from .measure import Work, warm
from .race import Contender, race, ratio
from .report import Check, Row

WIDTHS = (1920, 960, 320)
PEERS = ("vipsthumbnail", "sharp", "ImageMagick")


def _own(bench, files, widths, name):
    out = bench.folder(name)
    command = [bench.clproc, "run", *files, "--device", bench.options.device, "--progress", "off",
               "--quality", "85"]
    for width in widths:
        command += ["--to", f"{out}/{{name}}-{width}.{{ext}}", "--pipeline",
                    f"resize {width}x:enlarge=no"]
    return Contender(name, [Work([command])], out)


def w9(bench):
    photos = bench.first_set()
    wide = " ".join(map(str, WIDTHS))
    row = Row("W9", f"JPEG to {wide} wide at once, quality 85 · {photos.title()}")
    warm(photos.files)
    contenders = [_own(bench, photos.files, WIDTHS, "clproc"),
                  _own(bench, photos.files, WIDTHS[:1], "clproc one")]
    contenders[1].other_work = True
    contenders += bench.all_peers(bench.job("outputs", photos.files, widths=WIDTHS), PEERS)
    row.contenders, failed = race(row.title, contenders, bench.rules(), reference="clproc")
    row.remarks += [f"{one.name} failed: {one.note}" for one in failed]
    own, alone = row.find("clproc"), row.find("clproc one")
    if own and alone:
        row.checks.append(Check("the time of the largest alone", ratio(own, alone), 1.25, True))
    peers = [one for one in row.contenders if one.name in PEERS]
    if own and peers:
        fastest = min(peers, key=lambda one: one.median())
        row.checks.append(Check(f"the speed of the fastest peer, {fastest.name}",
                                ratio(fastest, own), 2.5, False))
    yield row
