"""Contenders for one piece of work, measured in turns: A B C, A B C, …"""
import json
from dataclasses import dataclass, field

from . import pictures
from .measure import Failure, folder_bytes, fresh_folder, median, progress, run


@dataclass
class Contender:
    name: str
    works: list  # of Work: ways to do it, of which the fastest is kept
    out: str  # the folder it writes to
    # What a run counts, from its Result: (seconds, seconds of processor time).
    count: object = lambda result: (result.wall, result.cpu)
    times: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    peak: int = 0
    size: int = 0  # bytes written
    note: str = ""  # what is unequal about its results
    last: object = None  # the last Result

    def measure(self, work):
        fresh_folder(self.out)
        result = run(work)
        return (result, *self.count(result))

    def choose(self):
        """Tries all ways, which warms every cache, too, and keeps the fastest."""
        tried = [(self.measure(work)[1], i) for i, work in enumerate(self.works)]
        self.works = [self.works[min(tried)[1]]]

    def take_turn(self):
        self.last, seconds, cpu = self.measure(self.works[0])
        self.times.append(seconds)
        self.cpu.append(cpu)
        self.peak = max(self.peak, self.last.peak)

    def median(self):
        return median(self.times)


def floor_count(result):
    """The floor prepares before its clock starts, so it says itself what counts."""
    said = json.loads(result.output)
    return said["seconds"], said["cpu"]


def race(title, contenders, runs, reference=None):
    """Measures all; returns those that work. `reference`: the name whose pictures the others' are
    held against."""
    able, failed = [], []
    for one in contenders:
        progress(f"{title}: {one.name} warms up")
        try:
            one.choose()
            able.append(one)
        except Failure as failure:
            one.note = str(failure)
            failed.append(one)
    for turn in range(runs):
        for one in able:
            progress(f"{title}: run {turn + 1} of {runs}, {one.name}")
            one.take_turn()
    folders = {one.name: one.out for one in able}
    for one in able:
        one.size = folder_bytes(one.out)
        if reference in folders and one.name != reference:
            one.note = pictures.differences(one.out, folders[reference])
    progress("")
    return able, failed


def ratio(slower, faster):
    """How many times longer `slower` took: the median of the turns' ratios, so that what slows a
    whole turn down drops out."""
    return median([a / b for a, b in zip(slower.times, faster.times)])
