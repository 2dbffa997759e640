"""Runs programs and measures them: wall time, processor time, peak memory."""
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field


@dataclass
class Work:
    """Commands that together do one piece of work, at most `parallel` of them at a time."""
    commands: list
    parallel: int = 1
    env: dict = field(default_factory=dict)
    variant: str = ""


@dataclass
class Result:
    wall: float  # seconds, from the first start to the last end
    cpu: float  # seconds of user and system time, of all processes
    peak: int  # bytes: the largest process, times the processes that run side by side
    output: str  # of the last command, on standard output


class Failure(Exception):
    """A command that should have worked did not."""


def _start(argv, env, out, err):
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)]
    return os.posix_spawnp(argv[0], argv, env, file_actions=actions)


def run(work):
    """Runs a Work; raises Failure with what the program said if a command fails."""
    env = {**os.environ, **work.env}
    waiting = list(reversed(work.commands))
    running, cpu, largest, failed = {}, 0.0, 0, None
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        while running or (waiting and not failed):
            while waiting and len(running) < work.parallel and not failed:
                argv = waiting.pop()
                running[_start(argv, env, out, err)] = argv
            pid, status, usage = os.wait4(-1, 0)
            argv = running.pop(pid)
            cpu += usage.ru_utime + usage.ru_stime
            largest = max(largest, usage.ru_maxrss * 1024)
            if status != 0:
                failed = argv
        wall = time.monotonic() - start
        if failed:
            err.seek(0)
            said = err.read().decode(errors="replace").strip().replace("\n", "; ")
            raise Failure(f"{' '.join(failed)[:100]}…: {said[:300]}")
        out.seek(0)
        text = out.read().decode(errors="replace")
    return Result(wall, cpu, largest * min(work.parallel, len(work.commands)), text)


def fresh_folder(path):
    """An empty folder at `path`, whatever was there."""
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def folder_bytes(path):
    return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())


def warm(files):
    """Brings files into the page cache."""
    for path in files:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass


def _never_cold(path):
    """Whether a file is on no disk."""
    device = os.stat(path).st_dev
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        mounts = [line.split() for line in file]
    return any(words[2] == f"{os.major(device)}:{os.minor(device)}"
               and words[words.index("-") + 1] in ("tmpfs", "ramfs") for words in mounts)


def cool(files):
    """Takes files out of the page cache, so that the next read comes from the disk. What the system
    knows of names stays."""
    if _never_cold(files[0]):
        raise Failure(f"{os.path.dirname(files[0])} is kept in memory, where nothing is cold; "
                      "--cache or --photos may name a folder on a disk")
    for path in files:
        handle = os.open(path, os.O_RDONLY)
        with contextlib.suppress(OSError):  # EINVAL where nothing can be written
            os.fsync(handle)  # what is not yet on the disk would stay
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def median(values):
    return statistics.median(values)


def progress(text):
    """A line that the next one replaces, on a terminal only."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r\033[K" + text[:width])
        sys.stderr.flush()
