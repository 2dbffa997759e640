"""What the rows share: programs, photo sets, contenders."""
import os
from dataclasses import dataclass

from . import pictures
from .measure import Failure, Work, fresh_folder, run
from .peers import Job
from .race import Contender, Rules, floor_count


@dataclass
class PhotoSet:
    name: str
    files: list

    def title(self):
        return (f"{self.name}: {len(self.files)} photos, "
                f"{pictures.megapixels(self.files):.0f} megapixels")


class Bench:
    def __init__(self, options, photos, peers):
        self.options, self.photos, self.peers = options, photos, peers
        self.clproc = os.path.join(options.build, "clproc")
        self.floor = os.path.join(options.build, "bench", "clproc-floor")
        self.out = os.path.join(options.cache, "out")
        self.cores = len(os.sched_getaffinity(0))
        self.quick = options.quick

    def rules(self, runs=None):
        """How to race; `runs` where a row wants another number of turns."""
        return Rules(runs or self.options.runs, not self.quick, 1.5 if self.quick else 3)

    # ---------------------------------------------------------------- photos

    def each(self):
        """Photos of each size in a set."""
        return 8 if self.quick else 16

    def own_photos(self, png):
        """The PNGs, or the JPEGs, below --photos; of those with one name only the first, since
        all results go to one folder."""
        found = {}
        for path in pictures.pictures_in(self.options.photos):
            if (pictures.header(path)[2] == "png") == png:
                found.setdefault(os.path.splitext(os.path.basename(path))[0], path)
        if not found:
            raise Failure(f"there is no {'PNG' if png else 'JPEG'} in {self.options.photos}")
        return list(found.values())

    def jpeg_sets(self):
        """The sets for JPEG rows."""
        if self.options.photos:
            name = os.path.basename(os.path.abspath(self.options.photos))
            return [PhotoSet(name, self.own_photos(False))]
        sets = [PhotoSet(look, self.photos.mixed(look, self.each()))
                for look in ("detailed", "smooth")]
        if not self.quick:
            sets.append(PhotoSet("large", self.photos.make("detailed", 33, 8)))
        if self.options.corpus:
            sets.append(PhotoSet("real", self.photos.tiled(
                self.options.corpus, self.peers.pillow_python, self.each())))
        return sets

    def first_set(self):
        return self.jpeg_sets()[0]

    def png_files(self):
        if self.options.photos:
            return self.own_photos(True)
        return self.photos.mixed("png", 4 if self.quick else 8, (6,) if self.quick else (6, 12))

    # ------------------------------------------------------------ contenders

    def folder(self, name):
        return os.path.join(self.out, name.replace(" ", "-").lower())

    def own_command(self, files, out, *arguments):
        return [self.clproc, "run", *files, "-o", out, "--device", self.options.device,
                "--progress", "off", *arguments]

    def own(self, files, *arguments, name="clproc"):
        out = self.folder(name)
        return Contender(name, [Work([self.own_command(files, out, *arguments)])], out)

    def own_and_floor(self, files, pipeline, *arguments):
        """clproc and its floor; for that the pictures clproc makes are kept."""
        kept, out = self.folder("kept"), self.folder("codec floor")
        fresh_folder(kept)
        run(Work([self.own_command(files, kept, "--pipeline", pipeline, *arguments)]))
        command = [self.floor, "--results", kept, "-o", out, "--pipeline", pipeline, *arguments]
        return [self.own(files, "--pipeline", pipeline, *arguments),
                Contender("codec floor", [Work([command + files])], out, count=floor_count)]

    def peer(self, name, job):
        out = self.folder(name)
        works = self.peers.works(name, job, out)
        return [Contender(name, works, out)] if works else []

    def all_peers(self, job, names=None):
        chosen = [name for name in self.peers.all if names is None or name in names]
        return [one for name in chosen for one in self.peer(name, job)]

    def job(self, task, files, **more):
        return Job(task, files, self.cores, **more)
