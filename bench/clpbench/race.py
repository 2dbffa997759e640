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
    prepare: object = None  # called before each run, whose time it is no part of
    times: list = field(default_factory=list)
    cpu: list = field(default_factory=list)
    warm_up: tuple = ()  # what the best way took while it was looked for
    once: bool = False  # far behind: its warm-up is all that was measured
    peak: int = 0
    size: int = 0  # bytes written
    note: str = ""  # what is unequal about its results, or why it failed
    other_work: bool = False  # its results are not to be compared with others'
    last: object = None  # the last Result

    def measure(self, work):
        fresh_folder(self.out)
        if self.prepare:
            self.prepare()
        result = run(work)
        return (result, *self.count(result))

    def choose(self, all_ways):
        """Tries the ways, which warms every cache, too, and keeps the fastest."""
        if not all_ways:
            self.works = self.works[:1]
        tried = [(self.measure(work), i) for i, work in enumerate(self.works)]
        (self.last, seconds, cpu), best = min(tried, key=lambda one: one[0][1])
        self.works = [self.works[best]]
        self.warm_up = (seconds, cpu)

    def stop_at_warm_up(self):
        self.once = True
        self.times, self.cpu, self.peak = [self.warm_up[0]], [self.warm_up[1]], self.last.peak

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


@dataclass
class Rules:
    runs: int
    all_ways: bool = True  # else only the first way of each contender
    # A contender is measured once where it takes this many times what the fastest program beside
    # clproc and its floor does.
    patience: float = 3.0


OURS = ("clproc", "codec floor")


def _warm_up(title, contenders, rules):
    """Those that work, and those that failed."""
    able, failed = [], []
    for one in contenders:
        progress(f"{title}: {one.name} warms up")
        try:
            one.choose(rules.all_ways)
            able.append(one)
        except Failure as failure:
            one.note = str(failure)
            failed.append(one)
    return able, failed


def race(title, contenders, rules, reference=None):
    """Measures all; returns those that work and those that failed. `reference`: the name whose
    pictures the others' are compared with."""
    able, failed = _warm_up(title, contenders, rules)
    others = [one.warm_up[0] for one in able if not one.name.startswith(OURS)]
    racing = [one for one in able if one.name.startswith(OURS)
              or one.warm_up[0] <= rules.patience * min(others)]
    for one in able:
        if one not in racing:
            one.stop_at_warm_up()
    for turn in range(rules.runs):
        for one in racing:
            progress(f"{title}: run {turn + 1} of {rules.runs}, {one.name}")
            one.take_turn()
    progress("")
    failed += _check(able, reference)
    return [one for one in able if one not in failed], failed


def _check(able, reference):
    """Notes what is unequal about results; returns those whose work was not done, however fast."""
    folders = {one.name: one.out for one in able}
    failed = []
    for one in able:
        one.size = folder_bytes(one.out)
        compared = reference in folders and one.name != reference and not one.other_work
        lost = pictures.missing(one.out, folders[reference]) if compared else []
        if not one.size or lost:
            one.note = f"{len(lost)} missing, as {lost[0]}" if lost else "wrote nothing"
            failed.append(one)
        elif compared:
            one.note = pictures.differences(one.out, folders[reference])
    return failed


def ratio(slower, faster):
    """How many times longer `slower` took: the median of the turns' ratios, so that what slows a
    whole turn down drops out."""
    if len(slower.times) != len(faster.times):
        return slower.median() / faster.median()
    return median([a / b for a, b in zip(slower.times, faster.times)])
