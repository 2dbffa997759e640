#!/usr/bin/env python3
"""Runs clproc over generated pictures and compares what it stores with the oracle.

    run.py [--device cpu|reference|...] [--only WORD] [--keep DIR]

CLPROC names the program, JPEG_PLANES the helper. Prints the acceptance table; exits with 1 if a row
is missed, 77 if something needed is not here."""

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
        self.runs = 0

    def run(self, options, sources, label):
        """Processes the sources in one call: the output folder, exit code, and complaint if any."""
        self.runs += 1
        out = self.folder / f"out-{label}"
        command = [self.path, "run", *[str(s.path) for s in sources], "-o", str(out), "--device",
                   self.device, "--shrink-on-load", "off", "--png-level", "0", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        complaint = done.stderr.strip().splitlines()[-1:] or [""]
        return out, done.returncode, complaint[0][:200]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--keep", help="work here and leave everything")
    options = parser.parse_args()
    clproc, helper = os.environ.get("CLPROC", "clproc"), os.environ.get("JPEG_PLANES")
    if not shutil.which(clproc) or not helper or not shutil.which(helper):
        print("skipped: CLPROC and JPEG_PLANES must name the program and the helper")
        sys.exit(77)
    folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="clproc-oracle-"))
    folder.mkdir(exist_ok=True)
    program = Program(clproc, options.device, folder)
    report = Report(exact=options.device == "reference")
    try:
        work = cases.Cases(program, helper, folder, np.random.default_rng(20240229))
        if not work.device_there():
            print(f"skipped: no device {options.device}")
            sys.exit(77)
        jobs = [job for job in work.jobs() + checks.jobs(work) if options.only in job.name]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for result in pool.map(lambda job: job.run(), jobs):
                report.add_all(result)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(report.table(f"device {options.device}, {program.runs} runs"))
    sys.exit(0 if report.passed() else 1)


if __name__ == "__main__":
    main()
