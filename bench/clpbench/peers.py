"""Other programs, at their best honest settings: same size, filter class and quality, all cores.

Each peer offers variants of how to use all cores; the benchmark tries them and keeps the fastest.
Shrink-on-load follows clproc's rule everywhere: only while twice the wanted size is left.
"""
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from .measure import Work
from .pictures import header

IMAGEMAGICK = ("magick", "convert-im6.q16", "convert")
HERE = os.path.dirname(os.path.abspath(__file__))


@dataclass
class Job:
    """What is to be done to some files, all of one format."""
    # "resize" to `width`, "half" the size, "blur" by `sigma`, "outputs" of all `widths`
    task: str
    files: list
    cores: int
    width: int = 0
    widths: tuple = ()
    sigma: float = 0
    quality: int = 85
    png_level: int = 6


def _each(job, command, env=None, variant="a process a file"):
    return Work([command(path) for path in job.files], job.cores, env or {}, variant)


def _target(out, path):
    return os.path.join(out, os.path.basename(path))


def _is_png(job):
    return job.files[0].endswith(".png")


# ------------------------------------------------------------------------------- libvips

def _vipsthumbnail_outputs(job, out):
    """It makes one output of a file; so a process for each of them, and of each core's files."""
    commands = [["vipsthumbnail", "--size", f"{width}x100000>", "-o",
                 f"{out}/%s-{width}.jpg[Q={job.quality}]", *job.files[i::job.cores]]
                for width in job.widths for i in range(job.cores) if job.files[i::job.cores]]
    return [Work(commands, job.cores, {"VIPS_CONCURRENCY": "1"}, "a process a core and output")]


def vipsthumbnail(job, out):
    if job.task == "outputs":
        return _vipsthumbnail_outputs(job, out)
    if job.task not in ("resize", "half"):
        return []
    saved = f"[compression={job.png_level},filter=all]" if _is_png(job) else f"[Q={job.quality}]"
    if job.task == "half":
        sizes = {(header(path)[0] + 1) // 2 for path in job.files}
        groups = [(width, [p for p in job.files if (header(p)[0] + 1) // 2 == width])
                  for width in sorted(sizes)]
    else:
        groups = [(job.width, job.files)]

    def command(width, files):
        ending = ".png" if _is_png(job) else ".jpg"
        return ["vipsthumbnail", "--size", f"{width}x100000>", "-o", f"{out}/%s{ending}{saved}",
                *files]
    whole = [command(*group) for group in groups]
    dealt = [command(width, files[i::job.cores]) for width, files in groups
             for i in range(job.cores) if files[i::job.cores]]
    return [Work(dealt, job.cores, {"VIPS_CONCURRENCY": "1"}, "a process a core"),
            Work(whole, 1, {"VIPS_CONCURRENCY": str(job.cores)}, "one process")]


def vips(job, out):
    if job.task == "blur":
        def command(path):
            return ["vips", "gaussblur", path, f"{_target(out, path)}[Q={job.quality}]",
                    str(job.sigma), "--precision", "float", "--min-ampl", "0.01"]
    elif job.task == "half":
        saved = f"[compression={job.png_level},filter=all]"

        def command(path):
            return ["vips", "resize", path, _target(out, path) + saved, "0.5"]
    else:
        return []
    return [_each(job, command, {"VIPS_CONCURRENCY": "1"}),
            Work([command(path) for path in job.files], 1,
                 {"VIPS_CONCURRENCY": str(job.cores)}, "file after file")]


# --------------------------------------------------------------- programs for one file each

def ffmpeg(job, out):
    start = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-threads", "1"]
    if job.task == "resize":
        def command(path):
            lowres = 0
            while lowres < 3 and header(path)[0] >> (lowres + 1) >= 2 * job.width:
                lowres += 1
            scale = f"scale='min({job.width},iw)':-1:flags=lanczos"
            return [*start, "-lowres", str(lowres), "-i", path, "-vf", scale,
                    "-pix_fmt", "yuvj420p", "-q:v", "2", _target(out, path)]
    elif job.task == "half":
        def command(path):
            return [*start, "-i", path, "-vf", "scale=iw/2:-1:flags=lanczos",
                    "-compression_level", str(job.png_level), "-pred", "mixed",
                    _target(out, path)]
    else:
        return []
    return [_each(job, command)]


def _magick(job, out, program, threads):
    """GraphicsMagick and ImageMagick take the same words, but for the hint to shrink on loading."""
    gap = f"{2 * job.width}x{2 * job.width}"
    shrink = ["-size", gap] if program[0] == "gm" else ["-define", f"jpeg:size={gap}"]
    if job.task == "resize":
        options = ["-auto-orient", "-filter", "Lanczos", "-resize", f"{job.width}x>",
                   "-quality", str(job.quality), "-sampling-factor", "2x2"]
    elif job.task == "half":
        # The tens are the zlib level, the ones stand for choosing each row's filter.
        options = ["-filter", "Lanczos", "-resize", "50%", "-quality", str(10 * job.png_level + 5)]
    else:
        return []

    def command(path):
        # Smaller photos would be decoded enlarged.
        hint = shrink if job.task == "resize" and header(path)[0] >= 4 * job.width else []
        return [*program, *hint, path, *options, _target(out, path)]
    return [_each(job, command, {threads: "1"}),
            Work([command(path) for path in job.files], 1, {threads: str(job.cores)},
                 "file after file")]


def graphicsmagick(job, out):
    return _magick(job, out, ["gm", "convert"], "OMP_NUM_THREADS")


def _magick_outputs(job, out, program):
    """From one decode: -write keeps what is there on the way to the next size."""
    def command(path):
        stem, ending = os.path.splitext(os.path.basename(path))
        gap = f"{2 * job.widths[0]}x{2 * job.widths[0]}"
        hint = ["-define", f"jpeg:size={gap}"] if header(path)[0] >= 4 * job.widths[0] else []
        words = [program, *hint, path, "-auto-orient", "-filter", "Lanczos", "-quality",
                 str(job.quality), "-sampling-factor", "2x2"]
        for width in job.widths:
            words += ["(", "+clone", "-resize", f"{width}x>", "-write",
                      os.path.join(out, f"{stem}-{width}{ending}"), "+delete", ")"]
        return [*words, "null:"]
    return [_each(job, command, {"MAGICK_THREAD_LIMIT": "1"})]


def imagemagick(job, out):
    # Some systems name version 6 "convert", which other programs are called, too.
    program = next(name for name in IMAGEMAGICK if shutil.which(name))
    if job.task == "outputs":
        return _magick_outputs(job, out, program)
    return _magick(job, out, [program], "MAGICK_THREAD_LIMIT")


# ---------------------------------------------------------------------------- by script

def _script(job, out, program, script, env, variants):
    works = []
    for variant, more in variants:
        text = json.dumps({"task": job.task, "files": job.files, "out": out, "width": job.width,
                           "widths": job.widths,
                           "sigma": job.sigma, "quality": job.quality, "cores": job.cores,
                           "png_level": job.png_level, **more})
        works.append(Work([[*program, os.path.join(HERE, script), text]], 1, env, variant))
    return works


class Peers:
    """The peers found on this machine."""

    def __init__(self, cache):
        self.cache = os.path.join(cache, "peers")
        self.pillow_python = self._python_with("PIL")
        self.opencv_python = self._python_with("cv2")
        self.sharp = self._node_finds_sharp()
        self.all = {name: work for name, found, work in (
            ("vipsthumbnail", shutil.which("vipsthumbnail"), vipsthumbnail),
            ("vips", shutil.which("vips"), vips),
            ("sharp", self.sharp, self._sharp),
            ("sharp hasty", self.sharp, self._sharp_hasty),
            ("ffmpeg", shutil.which("ffmpeg"), ffmpeg),
            ("Pillow", self.pillow_python, self._pillow),
            ("OpenCV", self.opencv_python, self._opencv),
            ("GraphicsMagick", shutil.which("gm"), graphicsmagick),
            ("ImageMagick", any(map(shutil.which, IMAGEMAGICK)), imagemagick)) if found}

    @staticmethod
    def _works(argv, env=None):
        try:
            return subprocess.run(argv, env={**os.environ, **(env or {})}, check=False,
                                  capture_output=True, timeout=60).returncode == 0
        except OSError:
            return False

    def _python_with(self, module):
        for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
            if self._works([python, "-c", f"import {module}"]):
                return python
        return None

    def _node_finds_sharp(self):
        return self._works(["node", "-e", "require('sharp')"], self._node_path())

    def _node_path(self):
        return {"NODE_PATH": os.path.join(self.cache, "node_modules")}

    def install(self):
        """Gets sharp from npm, into the cache folder."""
        os.makedirs(self.cache, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", self.cache, "--no-audit", "--no-fund",
                        "sharp"], check=True)
        self.__init__(os.path.dirname(self.cache))

    def _sharp(self, job, out):
        if job.task == "blur":
            return []
        return self._sharp_works(job, out, False)

    def _sharp_hasty(self, job, out):
        """As sharp does unless told: JPEGs are shrunk on loading down to the wanted size, with
        nothing left for the filter; PNGs are written unfiltered, and larger. Not the same work."""
        hasty = job.task not in ("blur", "outputs")
        return self._sharp_works(job, out, True) if hasty else []

    def _sharp_works(self, job, out, hasty):
        return _script(job, out, ["node"], "job_sharp.js",
                       {**self._node_path(), "UV_THREADPOOL_SIZE": str(job.cores)},
                       [("a file a core", {"threads": 1, "hasty": hasty}),
                        ("file after file", {"threads": job.cores, "hasty": hasty})])

    def _pillow(self, job, out):
        if job.task == "blur":
            return []  # its GaussianBlur is three box blurs
        return _script(job, out, [self.pillow_python], "job_pillow.py", {},
                       [("processes", {"processes": True}), ("threads", {"processes": False})])

    def _opencv(self, job, out):
        ways = [("a file a core", {"threads": 1}), ("file after file", {"threads": job.cores})]
        variants = [(f"float, {way}", {**more, "float": True}) for way, more in ways]
        if job.task != "blur":
            variants = ways
        elif job.sigma <= 8:
            # In 8 bits OpenCV rounds weights to 1/256, too coarse for wide kernels.
            variants += [(f"8 bits, {way}", {**more, "float": False}) for way, more in ways]
        return _script(job, out, [self.opencv_python], "job_opencv.py",
                       {"OMP_NUM_THREADS": "1"}, variants)

    def keep(self, names):
        """Forgets all others."""
        self.all = {name: work for name, work in self.all.items() if name in names}

    def works(self, name, job, out):
        return self.all[name](job, out)
