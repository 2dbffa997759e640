#!/bin/sh
# Programs that leave work out have failed the benchmark, however fast they were, and cold files are cold.
set -eu
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
PYTHONPATH=$CLPROC_SOURCE/bench PYTHONDONTWRITEBYTECODE=1 python3 - "$CLPROC_SOURCE/images" <<'CHECK'
import os
import subprocess
import sys
import tempfile
from clpbench.measure import Failure, Work, cool
from clpbench.photos import Photos
from clpbench.race import Contender, Rules, race

images = [os.path.join(sys.argv[1], name) for name in ("000-jpeg-420.jpg", "002-jpeg-422.jpg")]


def one(name, *command):
    return Contender(name, [Work([list(command)])], os.path.abspath(name))


contenders = [one("clproc", "cp", *images, "clproc"), one("codec floor", "cp", *images, "codec floor"),
              one("lazy", "cp", images[0], "lazy"), one("idle", "true"), one("broken", "false"),
              one("clproc other", "cp", images[0], "clproc other")]
contenders[-1].other_work = True
able, failed = race("a race", contenders, Rules(2), reference="clproc")
assert [c.name for c in able] == ["clproc", "codec floor", "clproc other"], able
notes = {c.name: c.note for c in failed}
assert notes["lazy"] == "1 missing, as 002-jpeg-422.jpg", notes
assert set(notes) == {"lazy", "idle", "broken"}, notes
_, failed = race("a race", [one("idle", "true")], Rules(1))
assert [c.note for c in failed] == ["wrote nothing"], failed

# Why no photos can be made is told.
try:
    Photos("sh", os.getcwd(), print)._run("-c", "echo 3 written >&2; echo the disk is full >&2; exit 4")
    assert False, "photos were made"
except Failure as failure:
    assert "the disk is full" in str(failure), failure


def in_memory(path):
    with open(path, "rb") as file:
        try:
            return bool(os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT))
        except BlockingIOError:
            return False


# A file that has just been written is cold, too, unless it is on no disk.
with open("file", "wb") as file:
    file.write(b"x" * 100_000)
try:
    cool(["file"])
    assert not in_memory("file")
except Failure as failure:
    print("cold files were not tried:", failure)
kind = subprocess.run(["stat", "-f", "-c", "%T", "/dev/shm"], capture_output=True, text=True)
if kind.stdout.strip() == "tmpfs" and os.access("/dev/shm", os.W_OK):
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        try:
            cool([file.name])
            assert False, "memory was cold"
        except Failure as failure:
            assert "/dev/shm is kept in memory" in str(failure), failure
CHECK
