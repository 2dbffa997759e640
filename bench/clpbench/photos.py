"""The photo sets: made by clproc's own generator, kept outside the repository."""
import json
import os
import shutil

from .measure import Failure, Work, fresh_folder, run
from .pictures import pictures_in

SIZES = {6: (3000, 2000), 12: (4000, 3000), 24: (6000, 4000), 33: (7680, 4320)}  # megapixels
# What is done to a generated photo, and the quality it is stored at. A camera's detailed picture
# takes some two bits a pixel, a smooth one less than half a bit.
LOOKS = {"detailed": ["--contrast", "1.3", "--quality", "97"],
         "smooth": ["--blur", "2", "--quality", "90"],
         "png": ["--format", "png"]}


class Photos:
    """Makes what is asked for unless it is there already."""

    def __init__(self, clproc, cache, say):
        self.clproc, self.cache, self.say = clproc, cache, say

    def _run(self, *arguments):
        run(Work([[self.clproc, *arguments, "--progress", "off"]]))

    def _done(self, folder, recipe):
        try:
            with open(os.path.join(folder, ".recipe"), encoding="utf-8") as file:
                return json.load(file) == recipe
        except (OSError, ValueError):
            return False

    def _finish(self, folder, recipe):
        with open(os.path.join(folder, ".recipe"), "w", encoding="utf-8") as file:
            json.dump(recipe, file)

    def _base(self, width, height, count, seed=1):
        """Generated photos of one size."""
        folder = os.path.join(self.cache, f"base-{width}x{height}-{seed}-{count}")
        recipe = [width, height, count, seed]
        if not self._done(folder, recipe):
            self.say(f"making {count} photos of {width}x{height}")
            shutil.rmtree(folder, ignore_errors=True)
            self._run("samples", "--kind", "photo", "--count", str(count), "--width", str(width),
                      "--height", str(height), "--seed", str(seed), "-o", folder)
            self._finish(folder, recipe)
        return folder

    def make(self, look, megapixels, count):
        """Paths of `count` photos of one look and one of SIZES."""
        width, height = SIZES[megapixels]
        return self._of_size(look, f"{megapixels:02d}mp", width, height, count)

    def small(self, count, width=640, height=480):
        """Paths of small JPEGs."""
        return self._of_size("smooth", f"{width}x{height}", width, height, count)

    def _of_size(self, look, name, width, height, count):
        folder = os.path.join(self.cache, f"{look}-{name}-{count}")
        recipe = [look, LOOKS[look], width, height, count]
        if not self._done(folder, recipe):
            base = self._base(width, height, count)
            self.say(f"making {count} {look} photos of {width}x{height}")
            shutil.rmtree(folder, ignore_errors=True)
            self._run("run", base, "-o", os.path.join(folder, f"{look}-{name}-{{name}}.{{ext}}"),
                      *LOOKS[look])
            self._finish(folder, recipe)
        return pictures_in(folder)

    def tree(self, count, each=250):
        """A folder with `count` small pictures of every form, `each` to a folder."""
        folder, width, height = os.path.join(self.cache, f"tree-{count}"), 160, 120
        if not os.path.isdir(folder):
            self.say(f"making a tree of {count} small pictures")
            made = folder + ".part"
            shutil.rmtree(made, ignore_errors=True)
            for start in range(0, count, each):
                self._run("samples", "--count", str(min(each, count - start)), "--width",
                          str(width), "--height", str(height), "--seed", str(start), "-o",
                          os.path.join(made, f"{start:06d}"))
            os.rename(made, folder)
        return folder

    def mixed(self, look, each, sizes=(6, 12, 24)):
        """`each` photos of each size."""
        return [path for size in sizes for path in self.make(look, size, each)]

    def tiled(self, corpus, python, each, sizes=(6, 12, 24)):
        """`each` photos of each size, tiled from the JPEGs in the corpus' bench-* folders."""
        files = [path for name in sorted(os.listdir(corpus)) if name.startswith("bench-")
                 for path in pictures_in(os.path.join(corpus, name))]
        if not files or not python:
            self.say("")
            raise Failure(f"{corpus} has no JPEG in a folder named bench-…" if not files else
                          "no Python with Pillow was found to tile real photos with")
        folder = os.path.join(self.cache, f"real-{each}")
        recipe = [files, each, list(sizes)]
        if not self._done(folder, recipe):
            self.say(f"tiling {each * len(sizes)} photos")
            fresh_folder(folder)
            run(Work([[python, os.path.join(os.path.dirname(__file__), "job_tile.py"), json.dumps({
                "files": files, "out": folder,
                "sizes": [(f"{size:02d}mp", SIZES[size], each) for size in sizes]})]]))
            self._finish(folder, recipe)
        return pictures_in(folder)
