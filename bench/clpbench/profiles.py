"""clproc's own account of a run, from its JSON report."""
import json
import os
import re

from .measure import Work, fresh_folder, run


def profile(bench, files, pipeline, *arguments, env=None):
    """The profile of one run."""
    report = os.path.join(fresh_folder(bench.folder("profile")), "run.json")
    out = fresh_folder(bench.folder("profiled"))
    run(Work([bench.own_command(files, out, "--pipeline", pipeline, "--report", report,
                                *arguments)], env=env or {}))
    with open(report, encoding="utf-8") as file:
        return json.load(file)


def kernels(said):
    return [c for c in said["derived"]["commands"] if c["kind"] == "kernel"]


def kernels_built(said):
    """A build's name is its first kernel's, with how many more there were."""
    total = 0
    for build in said["builds"]:
        more = re.search(r" and (\d+) more$", build["name"])
        total += 1 + (int(more.group(1)) if more else 0)
    return total


def stage_remarks(bench, floor, files, pipeline, *arguments):
    """Where the time goes, in clproc and in its floor: the gap between them, stage by stage."""
    least = json.loads(floor.last.output)
    said = profile(bench, files, pipeline, *arguments)
    working = {stage["name"]: stage["self_ns"] * 1e-9 for stage in said["derived"]["stages"]
               if not stage["waits"] and not stage["frames"]}
    working["device"] = said["derived"]["device_busy_ns"] * 1e-9
    shown = sorted((name for name in working if working[name] >= 0.01 * said["wall_ns"] * 1e-9),
                   key=lambda name: -working[name])
    at = said["commands"]["columns"].index
    # A launch that is made for compiling serves no picture.
    first = min((row[at("started")] for row in said["commands"]["rows"] if row[at("images")]),
                default=0) * 1e-9
    return ["seconds, summed over threads",
            "  floor   " + ", ".join(f"{name} {least[name]:.2f}"
                                     for name in ("decode", "encode", "read", "write")),
            "  clproc  " + ", ".join(f"{name} {working[name]:.2f}" for name in shown)
            + f"; {said['wall_ns'] * 1e-9:.2f} in all, the first command after {first:.2f}"]
