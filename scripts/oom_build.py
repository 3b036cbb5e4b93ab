"""One build in a memory cgroup of its own, watched: what scripts/oom.py runs many of."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from oom_units import object_of, write_build

GIB = 1 << 30
PERIOD = 0.25


def word_of(file, word):
    for line in Path(file).read_text().splitlines():
        if line.split()[0] == word:
            return int(line.split()[1])
    return 0


class Cgroup:
    """A memory cgroup with a limit and no swap, or the whole machine (limit None)."""

    live = set()

    def __init__(self, limit, name):
        self.limit, self.path, self.is_v2 = limit, None, False
        if limit:
            self.make(name)
        self.kills_before = self.count_kills()

    def make(self, name):
        v1, v2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
        self.is_v2 = not v1.is_dir()
        self.path = (v2 if self.is_v2 else v1) / f"nvcache-oom-{os.getpid()}-{name}"
        try:
            self.path.mkdir()
            (self.path / ("memory.max" if self.is_v2 else "memory.limit_in_bytes")).write_text(str(self.limit))
        except OSError as error:
            sys.exit(f"oom: no cgroup with a limit can be made here ({error}); try --large")
        Cgroup.live.add(self)
        swap = self.path / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")

    def words_to_enter(self):
        """To be put in front of a command."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(self.path / "cgroup.procs")] if self.path else []

    def count_kills(self):
        if not self.path:
            return word_of("/proc/vmstat", "oom_kill")
        return word_of(self.path / ("memory.events" if self.is_v2 else "memory.oom_control"), "oom_kill")

    def kills(self):
        return self.count_kills() - self.kills_before

    def used(self):
        if self.path:
            return word_of(self.path / "memory.stat", "anon" if self.is_v2 else "total_rss")
        return (word_of("/proc/meminfo", "MemTotal:") - word_of("/proc/meminfo", "MemAvailable:")) * 1024

    def end_processes(self):
        for pid in (self.path / "cgroup.procs").read_text().split() if self.path else []:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def remove(self):
        for _ in range(100 if self.path else 0):
            try:
                self.path.rmdir()
                Cgroup.live.discard(self)
                return
            except OSError:
                self.end_processes()
                time.sleep(0.1)


class Build:
    """What is to be built and how; after run() also what became of it."""

    def __init__(self, name, units, launcher, jobs, limit, *, env=None, until_killed=False):
        self.name, self.units, self.launcher, self.jobs, self.limit = name, units, launcher, jobs, limit
        self.env = env or {}
        self.until_killed = until_killed  # one kill is enough to know
        self.samples = []  # (seconds, bytes)
        self.is_cut = False
        self.killed = self.made = 0
        self.code = None
        self.seconds = 0.0

    def is_good(self):
        return self.code == 0 and self.killed == 0 and self.made == len(self.units)

    def follow(self, process, cgroup, deadline, samples_file):
        """Until it ends, sample; end it when it is no longer of interest."""
        began = time.monotonic()
        while process.poll() is None:
            now = time.monotonic()
            self.samples.append((now - began, cgroup.used()))
            if samples_file:
                samples_file.write(f"{self.name},{self.limit or 0},{now - began:.2f},{self.samples[-1][1]}\n")
            if now > deadline or (self.until_killed and cgroup.kills() > 0):
                self.is_cut = True
                os.killpg(process.pid, signal.SIGKILL)
                cgroup.end_processes()
            time.sleep(PERIOD)
        self.seconds = time.monotonic() - began

    def run(self, place, sources, options, cores=None, deadline=float("inf"), samples_file=None):
        where = place / f"build-{self.name}"
        shutil.rmtree(where, ignore_errors=True)
        write_build(where, sources, self.units, self.launcher, options.nvcc)
        cgroup = Cgroup(self.limit, self.name)
        pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
        try:
            with open(where / "log", "wb") as log:
                process = subprocess.Popen([*cgroup.words_to_enter(), *pinned, *options.builder, f"-j{self.jobs}"], cwd=where,
                                           env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=subprocess.STDOUT, start_new_session=True)
                thread = threading.Thread(target=self.follow, args=(process, cgroup, deadline, samples_file))
                thread.start()
                self.code = process.wait()
                thread.join()
            self.killed = cgroup.kills()
        finally:
            cgroup.remove()
        self.made = sum((where / object_of(unit)).exists() for unit in self.units)

    def facts(self):
        used = [used for _, used in self.samples]
        return {
            "build": self.name, "limit_gib": (self.limit or 0) / GIB, "jobs": self.jobs, "units": len(self.units), "made": self.made,
            "killed": self.killed, "seconds": round(self.seconds, 1), "cut": self.is_cut, "good": self.is_good(),
            "peak_gib": round(max(used, default=0) / GIB, 2), "mean_gib": round(sum(used) / max(1, len(used)) / GIB, 2),
        }


def curve(samples, total):
    """Memory in use over time as one line of digits: tenths of what there is, `+` above it."""
    if not samples:
        return ""
    end = samples[-1][0]
    columns = [0] * 60
    for when, used in samples:
        column = min(59, int(when / max(0.001, end) * 60))
        columns[column] = max(columns[column], used)
    return "".join("+" if used > total else str(min(9, used * 10 // total)) for used in columns)
