"""bench/run.sh: rows W1 to W10 and others, as tables and JSON."""
import argparse
import fcntl
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

from . import rows_codec, rows_index, rows_kernel, rows_outputs, rows_scale, rows_strategy
from .bench import Bench
from .measure import Failure, progress
from .peers import Peers
from .photos import Photos

ROWS = {"W1": rows_codec.w1, "W2": rows_codec.w2, "W3": rows_codec.w3, "W4": rows_kernel.w4,
        "W5": rows_codec.w5, "W6": rows_scale.w6, "W7": rows_scale.w7, "W8": rows_kernel.w8,
        "W9": rows_outputs.w9, "W10": rows_index.w10,
        "profiling": rows_scale.profiling_cost, "naive": rows_strategy.naive}


def parse():
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(
        prog="bench/run.sh", description="Measures clproc beside its codec floor and other "
        "programs. Ratios hold within one run; the times of two runs are not to be compared.")
    parser.add_argument("--quick", action="store_true", help="fewer photos, runs and peers")
    parser.add_argument("--only", metavar="ROWS", help="some of " + ",".join(ROWS))
    parser.add_argument("--runs", type=int, help="turns of every contender (default: 5, quick 2)")
    parser.add_argument("--photos", metavar="DIR", help="measure with these photos")
    parser.add_argument("--corpus", metavar="DIR", help="also a set tiled from the photos below it")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--device", default="cpu", help="as for clproc run (default: cpu)")
    parser.add_argument("--build", metavar="DIR", default=os.path.join(here, "build"),
                        help="where clproc was built (default: build)")
    parser.add_argument("--cache", metavar="DIR",
                        default=os.path.join(tempfile.gettempdir(), "clproc-bench"),
                        help="where photo sets are kept (default: clproc-bench in $TMPDIR)")
    parser.add_argument("--peers", metavar="NAMES",
                        help="only these, as vipsthumbnail,sharp; none: no other program")
    parser.add_argument("--install-peers", action="store_true", help="get sharp from npm first")
    parser.add_argument("--make-photos", action="store_true", help="make the photo sets and stop")
    options = parser.parse_args()
    options.runs = options.runs or (2 if options.quick else 5)
    options.only = options.only.split(",") if options.only else list(ROWS)
    for name in options.only:
        if name not in ROWS:
            parser.error(f"there is no row {name}; rows are {', '.join(ROWS)}")
    return options


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":", 1)[1].strip() for line in file
                        if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{len(os.sched_getaffinity(0))} cores of {name}, {platform.system()}"


def alone(cache):
    """Waits until no other benchmark runs: each would spoil the other's times. Keep the result."""
    os.makedirs(cache, exist_ok=True)
    lock = open(os.path.join(cache, ".lock"), "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another run of the benchmark to end", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def main():
    sys.stdout.reconfigure(line_buffering=True)
    options = parse()
    bench = Bench(options, None, Peers(options.cache))
    for program in (bench.clproc, bench.floor):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is missing: build the project first, or give --build")
    lock = alone(options.cache)
    bench.photos = Photos(bench.clproc, options.cache, progress)
    if options.install_peers:
        bench.peers.install()
    if options.peers is not None:
        bench.peers.keep(options.peers.split(","))
    if options.make_photos:
        try:
            bench.jpeg_sets()
            bench.png_files()
        except Failure as failure:
            sys.exit(f"no photos are made: {failure}")
        return 0
    start = time.monotonic()
    version = subprocess.run([bench.clproc, "--version"], capture_output=True, text=True,
                             check=False).stdout.strip()
    print(f"{version} · {machine()} · load {os.getloadavg()[0]:.1f} · peers: "
          f"{', '.join(bench.peers.all) or 'none'}")
    print(f"medians of {options.runs} runs in turns, ratios medians of each turn's ratio; "
          "programs far behind run once (*)")
    rows, failed = [], 0
    for name in options.only:
        try:
            for row in ROWS[name](bench):
                row.print()
                rows.append(row)
        except Failure as failure:
            print(f"\n{name}  cannot be measured: {failure}")
            failed += 1
    gaps = sum(not check.met for row in rows for check in row.checks)
    checks = sum(len(row.checks) for row in rows)
    print(f"\n{checks - gaps} of {checks} targets met, {time.monotonic() - start:.0f} s")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"format": "clproc-bench/1", "version": version, "machine": machine(),
                       "quick": options.quick, "runs": options.runs,
                       "rows": [row.as_dict() for row in rows]}, file, indent=1)
            file.write("\n")
    lock.close()
    return 1 if failed else 0


sys.exit(main())
