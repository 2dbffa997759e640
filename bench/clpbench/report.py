"""What a row found: contenders with their figures, and checks against targets."""
from dataclasses import dataclass, field

from .measure import median
from .race import ratio


@dataclass
class Check:
    text: str  # what was measured
    value: float
    target: float
    most: bool  # the target is the most allowed, else the least
    unit: str = "×"

    @property
    def met(self):
        return self.value <= self.target if self.most else self.value >= self.target

    def line(self):
        sign = "≤" if self.most else "≥"
        return (f"  {'pass' if self.met else 'GAP '}  {self.value:.2f} {self.unit} {self.text}"
                f"  ({sign} {self.target:g})")


@dataclass
class Row:
    name: str  # W1 …
    title: str
    contenders: list = field(default_factory=list)
    checks: list = field(default_factory=list)
    remarks: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)  # anything else worth keeping

    def find(self, name):
        return next((one for one in self.contenders if one.name == name), None)

    def print(self):
        print(f"\n{self.name}  {self.title}")
        own, floor = self.find("clproc"), self.find("codec floor")
        if self.contenders:
            print(f"      {'':<15}{'seconds':>9}{'× floor':>9}{'× clproc':>10}{'cpu s':>8}"
                  f"{'peak MiB':>10}{'out MB':>8}")
        for one in sorted(self.contenders, key=lambda c: c.median()):
            over = f"{ratio(one, floor):9.2f}" if floor else " " * 9
            beside = f"{ratio(one, own):10.2f}" if own else " " * 10
            # The floor holds all results in memory, which says nothing about clproc.
            peak = "" if one is floor else f"{one.peak / 2**20:.0f}"
            once = "*" if one.once else " "
            print(f"      {one.name:<15}{one.median():9.3f}{over}{beside}{median(one.cpu):8.2f}"
                  f"{peak:>10}{one.size / 1e6:8.1f} {once}{one.works[0].variant}".rstrip())
            if one.note:
                print(f"        unequal: {one.note}")
        for check in self.checks:
            print(check.line())
        for remark in self.remarks:
            print(f"        {remark}", flush=True)

    def as_dict(self):
        own, floor = self.find("clproc"), self.find("codec floor")
        return {
            "row": self.name, "title": self.title, "remarks": self.remarks, "figures": self.figures,
            "contenders": [{
                "name": one.name, "variant": one.works[0].variant, "seconds": one.times,
                "cpu_seconds": one.cpu,
                "median": one.median(), "times_floor": ratio(one, floor) if floor else None,
                "times_clproc": ratio(one, own) if own else None, "peak_bytes": one.peak,
                "output_bytes": one.size, "note": one.note} for one in self.contenders],
            "checks": [{"text": check.text, "value": check.value, "target": check.target,
                        "most": check.most, "unit": check.unit, "met": check.met}
                       for check in self.checks]}
