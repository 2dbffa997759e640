#!/usr/bin/env python3
"""Runs clproc over generated pictures and compares what it stores with the oracle.

    run.py [--device cpu|reference|...]... [--all] [--only WORD] [--keep DIR]

CLPROC names the program, JPEG_PLANES the helper. Prints the acceptance table of each device, and how
far the outputs of the others are from the first one's; exits with 1 if a row is missed, 77 if
something needed is not here. A second device runs a sample of the cases, at least one of each row,
unless --all or ORACLE_ALL asks for every one; one that is not there is left out, and told."""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import PIL  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import cases
import checks
from report import Report


class Program:
    """clproc as the cases call it."""

    def __init__(self, path, device, folder):
        self.path, self.device, self.folder = path, device, folder
        self.name = device  # the device's own, once it has run
        self.runs = 0

    def run(self, options, sources, label):
        """Processes the sources in one call: the output folder, exit code, and complaint if any."""
        self.runs += 1
        out = self.folder / f"out-{label}"
        command = [self.path, "run", *[str(s.path) for s in sources], "-o", str(out), "--device",
                   self.device, "--shrink-on-load", "off", "--png-level", "0", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        complaint = done.stderr.strip().splitlines()[-1:] or [""]
        self.name = complaint[0].rpartition(" s on ")[2] if done.returncode == 0 else self.name
        return out, done.returncode, complaint[0][:200]


SAMPLE = 10  # every so many cases run on further devices


def sample(jobs):
    """Some of the cases, and the first of each name."""
    seen = set()
    for index, job in enumerate(jobs):
        if index % SAMPLE == 0 or job.name not in seen:
            yield job
        seen.add(job.name)


def run_jobs(work, jobs, exact):
    report = Report(exact)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda job: job.run(), jobs):
            report.add_all(results)
    return report


def run_devices(options, folder, clproc, helper):
    """The programs that ran, each with its report."""
    done, work = [], None
    for index, device in enumerate(options.device):
        program = Program(clproc, device, folder / f"device-{index}")
        program.folder.mkdir(exist_ok=True)
        if work is None:
            work = cases.Cases(program, helper, folder, np.random.default_rng(20240229))
        work.use(program)
        if not work.device_there():
            print(f"skipped: no device {device}")
            if index == 0:
                sys.exit(77)
            continue
        if any(program.name == other.name for other, _ in done):
            print(f"skipped: {device} is {program.name}, too")
            continue
        jobs = [job for job in work.jobs() + checks.jobs(work) if options.only in job.name]
        if done and not options.all:
            jobs = list(sample(jobs))
        done.append((program, run_jobs(work, jobs, device == "reference")))
    return done


def missing_rows(report, first):
    """What keeps a further device's table from telling as much as the first's."""
    return [key for key in first.rows if key not in report.rows]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", action="append", help="repeatable; cpu if none is named")
    parser.add_argument("--all", action="store_true", default=bool(os.environ.get("ORACLE_ALL")),
                        help="every case on every device")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--keep", help="work here and leave everything")
    options = parser.parse_args()
    options.device = options.device or ["cpu"]
    clproc, helper = os.environ.get("CLPROC", "clproc"), os.environ.get("JPEG_PLANES")
    if not shutil.which(clproc) or not helper or not shutil.which(helper):
        print("skipped: CLPROC and JPEG_PLANES must name the program and the helper")
        sys.exit(77)
    folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="clproc-oracle-"))
    folder.mkdir(exist_ok=True)
    for program in checks.absent():
        print(f"skipped: {program} is not here to compare with")
    try:
        done = run_devices(options, folder, clproc, helper)
        first, first_report = done[0]
        passed = True
        for program, report in done:
            if program is not first:
                report.add_all(checks.across(first, program))
            print(report.table(f"{program.name}, {program.runs} runs"))
            missing = missing_rows(report, first_report)
            if missing:
                print(f"no case of: {', '.join(missing)}")
            passed = passed and report.passed() and not missing
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
