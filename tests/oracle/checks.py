"""Comparisons that are no pipeline against the oracle: other programs, batches, fringes, light."""

import shutil
import subprocess

import numpy as np
from PIL import Image

import pictures
from cases import Job
from oracle import jpeg_to_rgb, resize_matrix, along
from report import Result, compare

try:
    import cv2
except ImportError:
    cv2 = None

PILLOW = {"box": Image.BOX, "bilinear": Image.BILINEAR, "catmull-rom": Image.BICUBIC,
          "lanczos3": Image.LANCZOS}


def _missing(row, case, done):
    return Result(row, case, problem=f"exit {done[1]}: {done[2]}")


def pillow(work, name):
    """Pillow filters floats without rounding between the passes."""
    sources = [s for s in work.pngs if s.layout == "rgb" and s.depth == 8 and s.kind != "blocks"]
    results = []
    for size in ((67, 50), (171, 127), (600, 443)):
        case = f"resize {size[0]}x{size[1]} {name}"
        done = work.program.run(["--resize", f"{size[0]}x{size[1]}:fit=fill:filter={name}"],
                                sources, f"pillow-{name}-{size[0]}")
        for source in sources:
            path = done[0] / source.path.name
            if not path.exists():
                results.append(_missing("pillow", case, done))
                continue
            planes = [Image.fromarray(source.samples[..., c].astype(np.float32), "F")
                      .resize(size, PILLOW[name]) for c in range(3)]
            want = np.clip(np.stack([np.array(p, np.float64) for p in planes], axis=2), 0, 255)
            results.append(compare("pillow", case, pictures.read_png(path), want))
    return results


def opencv(work, sigma):
    sources = [s for s in work.pngs if s.layout == "rgb" and s.depth == 8 and min(s.size()) > 36]
    results, case = [], f"blur {sigma}"
    done = work.program.run(["--blur", str(sigma)], sources, f"opencv-{sigma}")
    for source in sources:
        path = done[0] / source.path.name
        if not path.exists():
            results.append(_missing("opencv", case, done))
            continue
        want = cv2.GaussianBlur(source.samples.astype(np.float32), (0, 0), sigma,
                                borderType=cv2.BORDER_REPLICATE)
        results.append(compare("opencv", case, pictures.read_png(path), want.astype(np.float64)))
    return results


def _vips(path, *steps):
    """What libvips makes of a picture, in float; each step is an operation with its arguments."""
    last = path
    for index, (operation, *arguments) in enumerate(steps):
        made = path.with_suffix(f".{index}.v")
        subprocess.run(["vips", operation, last, made, *arguments], check=True, capture_output=True)
        last = made
    size = [int(subprocess.run(["vipsheader", "-f", field, last], check=True, capture_output=True)
                .stdout) for field in ("height", "width", "bands")]
    raw = path.with_suffix(".raw")
    subprocess.run(["vips", "rawsave", last, raw], check=True, capture_output=True)
    return np.fromfile(raw, np.float32).reshape(size).astype(np.float64)


def _packed_lab(lab):
    return lab * [2.55, 1, 1] + [0, 128, 128]


VIPS = {  # options: its steps in float, and what its samples mean
    ("--blur", "2"): ([("cast", "float"),
                       ("gaussblur", "2", "--precision", "float", "--min-ampl", "0.001")], None),
    ("--resize", "25%:filter=area"): ([("cast", "float"), ("shrink", "4", "4")], None),
    ("--colour", "lab"): ([("colourspace", "lab")], _packed_lab),
}


def vips(work, options):
    """libvips, of the distribution: its own Gaussian, means of blocks, and Lab."""
    steps, meaning = VIPS[options]
    size, case = (188, 256), " ".join(options)
    path = work.folder / "in" / f"vips-{options[0].strip('-')}.png"
    samples = pictures.content("smooth", *size, 3, 8, np.random.default_rng(8))
    pictures.write_png(path, samples)
    done = work.program.run(list(options), [pictures.Source(path, "smooth", samples)],
                            f"vips-{options[0].strip('-')}")
    if not (done[0] / path.name).exists():
        return [_missing("vips", case, done)]
    want = _vips(path, *steps)
    want = meaning(want) if meaning else want
    return [compare("vips", case, pictures.read_png(done[0] / path.name), want, counts=False)]


def batches(work):
    """The same bytes whatever is processed together and by how many."""
    sources = work.pngs + work.photos + work.turned_jpegs
    ops = ["--resize", "43%", "--blur", "1.1", "--quality", "90"]
    ways = {"one": ["--batch", "1", "--jobs", "1"], "two": ["--batch", "2", "--jobs", "3"],
            "all": ["--batch", "1000", "--jobs", "2"]}
    folders = {name: work.program.run(ops + way, sources, f"batch-{name}")
               for name, way in ways.items()}
    results = []
    for source in sources:
        read = []
        for done in folders.values():
            path = done[0] / source.path.name
            if not path.exists():
                return [_missing("batches", source.path.stem, done)]
            read.append(path.read_bytes())
        differs = any(data != read[0] for data in read)
        results.append(Result("batches", source.path.stem, len(read[0]), int(differs),
                              wrong=int(differs)))
    return results


def fringe(work):
    """An opaque white square on transparent black stays white where anything is seen of it."""
    samples = np.zeros((96, 96, 4), np.uint8)
    samples[24:72, 24:72] = 255
    path = work.folder / "in" / "fringe.png"
    pictures.write_png(path, samples)
    source, results = pictures.Source(path, "blocks", samples), []
    for options in (["--blur", "3"], ["--resize", "37%"], ["--resize", "96x31:fit=fill"],
                    ["--resize", "200%:filter=bilinear"]):
        case = " ".join(options)
        done = work.program.run(options, [source], "fringe-" + options[1].replace(":", "-"))
        if not (done[0] / path.name).exists():
            results.append(_missing("fringe", case, done))
            continue
        out = pictures.read_png(done[0] / path.name)
        seen = out[out[..., 3] > 8][:, :3]
        results.append(compare("fringe", case, seen, np.full(seen.shape, 255.0)))
    return results


def linear_light(work):
    """A fine checkerboard keeps its brightness when it is filtered in linear light."""
    y, x = np.mgrid[:512, :512]
    samples = (((x + y) % 2) * 255).astype(np.uint8)[..., None]
    path = work.folder / "in" / "checkerboard.png"
    pictures.write_png(path, samples)
    source = pictures.Source(path, "blocks", samples)
    results = []
    for options, want in ((["--linear"], 188.0), ([], 127.5)):
        done = work.program.run(["--resize", "32x32", *options], [source],
                                f"linear-{len(options)}")
        case = " ".join(["checkerboard", *options])
        if not (done[0] / path.name).exists():
            results.append(_missing("checkerboard", case, done))
            continue
        mean = pictures.read_png(done[0] / path.name).mean(keepdims=True)
        results.append(Result("checkerboard", case, 1, 0, float(abs(mean.item() - want)), counts=False))
    return results


def conventional(work):
    """JPEG planes filtered directly against RGB clamped first: the same to the eye."""
    results = []
    done = work.program.run(["--resize", "50%", "--format", "png"], work.photos, "conventional")
    for source in work.photos:
        path = done[0] / (source.path.stem + ".png")
        if not path.exists():
            results.append(_missing("conventional", source.path.stem, done))
            continue
        out, rgb = pictures.read_png(path), source.jpeg.rgb.astype(np.float64)
        want = along(resize_matrix(rgb.shape[0], out.shape[0], "lanczos3"),
                     resize_matrix(rgb.shape[1], out.shape[1], "lanczos3"), rgb)
        result = compare("conventional", source.path.stem, out, np.clip(want, 0, 255),
                         counts=False)
        results.append(result)
    return results


def shrink_on_load(work):
    """Decoding at a fraction of the size is another picture, but close to the same."""
    results = []
    options = ["--resize", "20%", "--format", "png"]
    done = work.program.run([*options, "--shrink-on-load", "auto"], work.photos, "shrink")
    for source in work.photos:
        path = done[0] / (source.path.stem + ".png")
        if not path.exists():
            results.append(_missing("shrink", source.path.stem, done))
            continue
        picture = jpeg_to_rgb(source.jpeg, [("resize", "20%")])
        results.append(compare("shrink", source.path.stem, pictures.read_png(path),
                               picture.stored()[0], counts=False))
    return results


def depth(work):
    """8 to 16 bits multiplies by 257; back divides and rounds."""
    results = []
    for bits, scale in ((16, 257.0), (8, 1 / 257)):
        sources = [s for s in work.pngs if s.depth != bits]
        done = work.program.run(["--depth", str(bits)], sources, f"depth-{bits}")
        for source in sources:
            path = done[0] / source.path.name
            if not path.exists():
                results.append(_missing("depth", f"--depth {bits}", done))
                continue
            results.append(compare("depth", f"--depth {bits}, {source.layout}",
                                   pictures.read_png(path), source.samples * scale))
    return results


def _file_apart(case, ours, theirs):
    """How far two outputs of one case are apart: bytes, or levels where samples have 16 bits."""
    a, b = ours.read_bytes(), theirs.read_bytes()
    if a[:4] == b"\x89PNG" and a[24] == 16:
        return compare("devices-16", case, pictures.read_png(ours),
                       pictures.read_png(theirs).astype(np.float64))
    differing = abs(len(a) - len(b)) + sum(x != y for x, y in zip(a, b)) if a != b else 0
    return Result("devices-8", case, len(a), min(differing, 1), wrong=differing)


def across(first, other):
    """What another device wrote against what the first did of the same case."""
    results = []
    for theirs in sorted(other.folder.glob("out-*/*.*")):
        ours = first.folder / theirs.relative_to(other.folder)
        case = f"{theirs.parent.name}/{theirs.name}"
        if theirs.suffix in (".png", ".jpg") and ours.exists():
            results.append(_file_apart(case, ours, theirs))
        elif theirs.suffix in (".png", ".jpg"):
            results.append(Result("devices-8", case, problem="the first device wrote no such file"))
    return results


def absent():
    """What of other programs is not here to compare with."""
    return ([] if cv2 else ["OpenCV"]) + ([] if shutil.which("vips") else ["libvips"])


def jobs(work):
    listed = [Job("pillow", lambda n=name: pillow(work, n)) for name in PILLOW]
    if cv2 is not None:
        listed += [Job("opencv", lambda s=sigma: opencv(work, s)) for sigma in (0.8, 2, 5, 20)]
    if shutil.which("vips"):
        listed += [Job("vips", lambda o=options: vips(work, o)) for options in VIPS]
    return listed + [Job("batches", lambda: batches(work)), Job("fringe", lambda: fringe(work)),
                     Job("checkerboard", lambda: linear_light(work)),
                     Job("conventional", lambda: conventional(work)),
                     Job("shrink", lambda: shrink_on_load(work)),
                     Job("depth", lambda: depth(work))]
