"""Pipelines over pictures: which options, which steps of the oracle, which row of the table."""

import os
import subprocess

import numpy as np

import pictures
from oracle import jpeg_to_planes, jpeg_to_rgb, apply, reindexed_planes
from report import Result, compare

FILTERS = ("box", "bilinear", "catmull-rom", "mitchell", "lanczos3", "area")


class Job:
    def __init__(self, name, work):
        self.name, self.work = name, work

    def run(self):
        try:
            return self.work()
        except Exception as error:  # a defect of the oracle must not look like a pass
            return [Result("decode", self.name, problem=f"{type(error).__name__}: {error}")]


def flags(steps):
    """Steps as options of the program."""
    return [word for name, argument in steps
            for word in ([f"--{name}", argument] if argument else [f"--{name}"])]


def brief(steps):
    return " ".join(flags(steps)) or "no operation"


class Cases:
    def __init__(self, program, helper, folder, random):
        self.helper, self.folder = helper, folder
        self.use(program)
        source = folder / "in"
        source.mkdir(exist_ok=True)
        self.pngs = pictures.make_pngs(source, random)
        self.jpegs = pictures.make_jpegs(
            source, helper, [(1, 1), (1, 9), (9, 1), (3, 5), (37, 41), (190, 257), (64, 128)],
            random)
        self._make_samples(source)

    def use(self, program):
        """Runs on this program's device from now on."""
        self.program, self.ties = program, program.device == "reference"

    def _make_samples(self, source):
        """Photo-like pictures by the program itself; all orientations at an odd size."""
        for kind, count, width, height in (("orientation", 16, 131, 94), ("photo", 2, 514, 380),
                                           ("png", 11, 257, 190)):
            subprocess.run([self.program.path, "samples", "-o", str(source / kind), "--kind", kind,
                            "--count", str(count), "--width", str(width), "--height", str(height)],
                           check=True, capture_output=True)
        files = sorted((source / "orientation").iterdir())
        self.turned = [pictures.load_png(f, "photo") for f in files if f.suffix == ".png"]
        jpegs = [pictures.Source(f, "photo") for f in files if f.suffix == ".jpg"]
        photos = [pictures.Source(f, "photo") for f in sorted((source / "photo").iterdir())]
        pictures.load_jpegs(jpegs + photos, self.helper, source)
        self.turned_jpegs, self.photos = jpegs, photos
        files = sorted((source / "png").iterdir())
        self.photo_pngs = [s for s in (pictures.load_png(f, "photo") for f in files)
                           if s.orientation == 1]

    def device_there(self):
        done = self.program.run(["--resize", "50%"], self.pngs[:1], "probe")
        return done[1] != 3

    # ------------------------------------------------------------- running

    def command(self, options, source):
        return (f"clproc run {os.path.basename(source.path)} -o OUT --device "
                f"{self.program.device} --shrink-on-load off {' '.join(options)}")

    def outputs(self, label, options, sources, suffix, row_of, case):
        """Runs the program; yields (source, path), or a Result for what is missing."""
        out, code, complaint = self.program.run(options, sources, label)
        for source in sources:
            path = out / (source.path.stem + suffix)
            if path.exists():
                yield source, path
            else:
                yield source, Result(row_of(source), f"{case}, {source.path.stem}",
                                     problem=f"no output, exit {code}: {complaint}",
                                     command=self.command(options, source))

    def png_case(self, label, steps, sources, row_of):
        """PNG to PNG."""
        options = flags(steps) + ["--format", "png"]
        results = []
        for source, path in self.outputs(label, options, sources, ".png", row_of, brief(steps)):
            if isinstance(path, Result):
                results.append(path)
                continue
            picture = source.picture()
            for name, argument in [("orient", source.orientation)] + steps:
                apply(picture, name, argument)
            expected, unsure = picture.stored()
            weight = None
            if picture.premultiplied and source.depth == 16:
                weight = np.minimum(1, expected[..., -1:] / 257)
            result = compare(row_of(source), f"{brief(steps)}, {source.layout}{source.depth}",
                             pictures.read_png(path), expected, unsure,
                             source.kind in ("noise", "photo"),
                             self.ties or source.depth == 16, weight)
            result.command = self.command(options, source)
            results.append(result)
        return results

    def jpeg_png_case(self, label, steps, sources, row):
        options = flags(steps) + ["--format", "png"]
        results = []
        for source, path in self.outputs(label, options, sources, ".png", lambda _: row,
                                         brief(steps)):
            if isinstance(path, Result):
                results.append(path)
                continue
            picture = jpeg_to_rgb(source.jpeg, steps)
            out = pictures.read_png(path)
            result = compare(row, f"{brief(steps)}, JPEG to PNG", out, picture.stored()[0],
                             ties=self.ties)
            result.command = self.command(options, source)
            results.append(result)
        return results

    def jpeg_jpeg_case(self, label, steps, sources, row):
        """Both sides go through the same encoder at quality 100 before planes are compared."""
        options = flags(steps) + ["--quality", "100"]
        results, found, jobs = [], [], []
        for source, path in self.outputs(label, options, sources, ".jpg", lambda _: row,
                                         brief(steps)):
            if isinstance(path, Result):
                results.append(path)
            else:
                found.append((source, path))
                jobs.append(f"planes {path} {path}.planes")
        if not found:
            return results
        pictures.jpeg_jobs(self.helper, jobs)
        jobs, rows = [], {}
        for source, path in found:
            _, out_steps = pictures.read_planes(f"{path}.planes")
            planes = reindexed_planes(source.jpeg, steps, out_steps)
            rows[path] = "reindex-planes" if planes else row
            planes = planes or jpeg_to_planes(source.jpeg, steps, out_steps)
            most_h, most_v = max(h for h, _ in out_steps), max(v for _, v in out_steps)
            factors = [(most_h // h, most_v // v) for h, v in out_steps]
            pictures.write_planes(f"{path}.want", [np.floor(p + 0.5) for p in planes], factors)
            jobs += [f"encode {path}.want {path}.want.jpg 100",
                     f"planes {path}.want.jpg {path}.want.planes"]
        pictures.jpeg_jobs(self.helper, jobs)
        for source, path in found:
            got, _ = pictures.read_planes(f"{path}.planes")
            want, _ = pictures.read_planes(f"{path}.want.planes")
            for index, (a, b) in enumerate(zip(got, want)):
                result = compare(rows[path], f"{brief(steps)}, JPEG to JPEG, plane {index}", a,
                                 b.astype(np.float64))
                result.command = self.command(options, source)
                if a.size < 500:  # too few samples for a mean to mean much
                    result.psnr = float("inf")
                results.append(result)
        return results

    # ------------------------------------------------------------ the cases

    def jobs(self):
        jobs = []

        def add(name, method, *arguments):
            label = str(len(jobs))
            jobs.append(Job(name, lambda: method(label, *arguments)))

        self._png_jobs(add)
        self._jpeg_jobs(add)
        return jobs

    def _png_jobs(self, add):
        everything = self.pngs + self.photo_pngs
        opaque = [s for s in everything if s.layout in ("gray", "rgb")]
        alpha = [s for s in everything if s.layout in ("ga", "rgba")]
        large = [s for s in self.pngs if min(s.size()) > 36]

        def by_depth(name):
            return lambda source: f"{name}-{source.depth}"

        def exact(source):
            return "reindex-png"

        for steps in ([("flip", "h")], [("flip", "v")], [("rotate", "90")], [("rotate", "180")],
                      [("rotate", "270")], [("flip", "v"), ("rotate", "90"), ("flip", "h")]):
            add("reindex", self.png_case, steps, everything, exact)
        add("reindex", self.png_case, [("crop", "20x15+3+5")], large, exact)
        add("orientation", self.png_case, [("crop", "41x33+7+11")], self.turned, exact)
        add("orientation", self.png_case, [("rotate", "90")], self.turned, exact)

        for name in FILTERS:
            row = by_depth("resize-box" if name in ("box", "area") else "resize")
            sources = [s for s in opaque if s.depth == 8]
            deep = [s for s in opaque if s.depth == 16]
            sizes = ["37%", "171x127:fit=fill"] + ([] if name == "area" else ["230%"])
            for size in sizes:
                steps = [("resize", f"{size}:filter={name}")]
                add("resize", self.png_case, steps, sources, row)
                add("resize", self.png_case, steps, deep, by_depth("resize"))
            if name in ("bilinear", "lanczos3", "area"):
                add("alpha", self.png_case, [("resize", f"37%:filter={name}")], alpha,
                    by_depth("alpha"))
        for size in ("150x", "x77", "171x127", "171x127:fit=outside", "300x300"):
            add("resize", self.png_case, [("resize", size)],
                [s for s in large if s.layout == "rgb"], by_depth("resize"))
        add("resize", self.png_case, [("resize", "61x44:fit=fill:filter=nearest")], opaque, exact)
        add("alpha", self.png_case, [("resize", "257x60:fit=fill")], alpha, by_depth("alpha"))
        add("alpha", self.png_case, [("resize", "60x190:fit=fill")], alpha, by_depth("alpha"))

        for sigma in ("0.5", "2", "5.3", "9", "20"):
            add("blur", self.png_case, [("blur", sigma)], opaque, by_depth("blur"))
        add("blur", self.png_case, [("box-blur", "3")], opaque, by_depth("blur"))
        for sigma in ("0.8", "6"):
            add("alpha", self.png_case, [("blur", sigma)], alpha, by_depth("alpha"))
        add("alpha", self.png_case, [("flatten", "#3080ff")], alpha, by_depth("alpha"))
        add("alpha", self.png_case, [("blur", "2"), ("flatten", "white")], alpha,
            by_depth("alpha"))

        rgb = [s for s in opaque if s.layout == "rgb"]
        for steps in ([("gray", "")], [("brightness", "1.3")], [("contrast", "0.6")],
                      [("contrast", "1.7")]):
            add("colour", self.png_case, steps, opaque, by_depth("colour"))
        for steps in ([("gamma", "2.2")], [("gamma", "0.45")],
                      [("levels", "20:white=230:gamma=1.3")]):
            add("curve", self.png_case, steps, opaque, by_depth("curve"))
        for steps in ([("saturation", "0.2")], [("saturation", "1.8")],
                      [("matrix", "0.5,0.3,0.2,0,1,0,0.1,-0.4,1.1")],
                      [("matrix", "1,0,0,10,0,1,0,-20.5,0,0,1,3")]):
            add("colour", self.png_case, steps, rgb, by_depth("colour"))

        for steps in ([("matrix", "0,0,1,0,1,0,1,0,0")], [("matrix", "0,1,0,0,1,0,0,1,0")],
                      [("colour", "srgb")]):
            add("channels", self.png_case, steps, rgb, lambda _: "channels")
        self._sharpen_and_light_jobs(add, by_depth, opaque, alpha)

        for steps in ([("resize", "60%"), ("blur", "1.5")], [("blur", "3"), ("resize", "33%")],
                      [("resize", "37%"), ("gray", "")], [("rotate", "90"), ("resize", "41%")],
                      [("flip", "h"), ("blur", "2")], [("resize", "50%"), ("saturation", "1.5")],
                      [("gray", ""), ("blur", "1"), ("rotate", "270")]):
            add("chain", self.png_case, steps, opaque, by_depth("chain"))
        for steps in ([("crop", "30x21+5+7"), ("resize", "57%")],
                      [("crop", "30x21+5+7"), ("blur", "2.5")],
                      [("pad", "300x600:gravity=northwest:colour=#40c0f0"), ("resize", "40%")],
                      [("pad", "600x300:gravity=southeast:colour=#804020"), ("blur", "3")]):
            add("chain", self.png_case, steps, [s for s in large if s.layout == "rgb"],
                by_depth("chain"))
        add("chain", self.png_case, [("pad", "300x200:gravity=northwest:colour=#4060f0")],
            [s for s in large if s.layout in ("gray", "ga")], by_depth("chain"))
        add("chain", self.png_case, [("resize", "70%"), ("blur", "1")], self.turned,
            by_depth("chain"))
        add("chain", self.png_case,
            [("pad", "300x200:gravity=northwest:colour=#ff000080"), ("blur", "2")],
            [s for s in large if s.layout == "rgba"], by_depth("alpha"))

    def _sharpen_and_light_jobs(self, add, by_depth, opaque, alpha):
        rgb = [s for s in opaque if s.layout == "rgb"]
        for argument in ("1:amount=0.8", "2.5:amount=2:channels=rgb", "1.5:threshold=8",
                         "3:amount=1.5:threshold=4:channels=rgb"):
            add("sharpen", self.png_case, [("sharpen", argument)], opaque, by_depth("sharpen"))
        for argument in ("37%", "171x127:fit=fill:filter=catmull-rom", "60%:filter=bilinear"):
            add("linear", self.png_case, [("linear", ""), ("resize", argument)], opaque,
                by_depth("linear"))
        add("linear-alpha", self.png_case, [("linear", ""), ("resize", "37%")], alpha,
            by_depth("linear-alpha"))
        for sigma in ("1.5", "9"):
            add("linear", self.png_case, [("linear", ""), ("blur", sigma)], opaque,
                by_depth("linear"))
        for space in ("linear", "ycbcr", "hsv", "lab"):
            add("space", self.png_case, [("colour", space)], rgb, by_depth("space"))
        for space in ("linear", "ycbcr", "lab"):
            add("space", self.png_case,
                [("colour", space), ("blur", "1"), ("colour", "srgb")], rgb, by_depth("space"))
        for space in ("ycbcr", "hsv", "lab"):
            add("sharpen", self.png_case, [("colour", space), ("sharpen", "1.2:amount=1.5")], rgb,
                by_depth("space"))

    def _jpeg_jobs(self, add):
        large = [s for s in self.jpegs if min(s.size()) > 36]
        whole = [s for s in self.jpegs if s.size() == (64, 128)]
        every = self.jpegs + self.turned_jpegs + self.photos

        add("decode", self.jpeg_png_case, [], every, "decode")
        for steps in ([("flip", "h")], [("flip", "v")], [("rotate", "90")], [("rotate", "180")],
                      [("rotate", "270")]):
            add("reindex-rgb", self.jpeg_png_case, steps, self.jpegs + self.turned_jpegs,
                "reindex-rgb")
            add("reindex-planes", self.jpeg_jpeg_case, steps, whole + self.turned_jpegs,
                "jpeg-jpeg")
        add("reindex-rgb", self.jpeg_png_case, [("crop", "20x16+8+4")], large, "reindex-rgb")
        add("reindex-rgb", self.jpeg_png_case, [("crop", "21x15+3+5")], large + self.turned_jpegs,
            "reindex-rgb")
        add("reindex-planes", self.jpeg_jpeg_case, [("crop", "32x16+16+32")], whole,
            "jpeg-jpeg")
        add("decode", self.jpeg_png_case, [("gray", "")], every, "decode")
        add("decode", self.jpeg_png_case, [("gray", ""), ("rotate", "90")], self.turned_jpegs,
            "decode")

        for steps in ([("resize", "37%")], [("resize", "171x127:fit=fill:filter=bilinear")],
                      [("resize", "230%:filter=catmull-rom")], [("blur", "2")],
                      [("resize", "60%"), ("blur", "1.2")]):
            add("planned", self.jpeg_png_case, steps, every, "jpeg-png")
            add("planned", self.jpeg_jpeg_case, steps, every, "jpeg-jpeg")
            add("planned-gray", self.jpeg_png_case, steps + [("gray", "")], every, "jpeg-gray")
        for steps in ([("crop", "21x17+3+5"), ("resize", "80%")],
                      [("pad", "300x600:gravity=northwest:colour=#40c0f0"), ("resize", "40%")]):
            add("planned", self.jpeg_png_case, steps, large, "jpeg-png")
            add("planned", self.jpeg_jpeg_case, steps, large, "jpeg-jpeg")
        add("planned", self.jpeg_jpeg_case, [("resize", "257x60:fit=fill")], large, "jpeg-jpeg")
        for steps in ([("resize", "50%"), ("brightness", "1.5")],
                      [("resize", "50%"), ("saturation", "1.7")], [("contrast", "1.4")]):
            add("planned", self.jpeg_png_case, steps, every, "jpeg-png")
            add("planned", self.jpeg_jpeg_case, steps, self.photos, "jpeg-jpeg")
        add("planned", self.jpeg_jpeg_case, [("crop", "21x17+3+5")], large + self.turned_jpegs,
            "jpeg-jpeg")
