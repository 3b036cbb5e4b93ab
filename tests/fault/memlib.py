"""A memory cgroup (v1 or v2) for the tests that run out of memory."""

import os
import signal
import threading
import time
from pathlib import Path

MIB = 1 << 20
V1 = Path("/sys/fs/cgroup/memory")
IS_V1 = V1.is_dir()
CONTROLLER = V1 if IS_V1 else Path("/sys/fs/cgroup")
LIMIT, STAT, USED, EVENTS = (
    ("memory.limit_in_bytes", "memory.stat", "total_rss", "memory.oom_control") if IS_V1
    else ("memory.max", "memory.stat", "anon", "memory.events")
)


def can_make_cgroups():
    """Tried, not guessed: the controller may be off below the root, or we may not write."""
    path = CONTROLLER / f"nvcache-probe-{os.getpid()}"
    try:
        path.mkdir()
    except OSError:
        return False
    try:
        return (path / LIMIT).exists()
    finally:
        path.rmdir()


def skip_all(tally):
    tally.skip("no memory controller that may be written: no cgroup with a limit can be made")
    tally.passed += 1
    tally.end()


class Cgroup:
    """A memory cgroup of our own."""

    def __init__(self, limit):
        self.path = CONTROLLER / f"nvcache-test-{os.getpid()}"
        self.path.mkdir()
        (self.path / LIMIT).write_text(str(limit))
        if (self.path / "memory.swap.max").exists():
            (self.path / "memory.swap.max").write_text("0")
        self.peak = self.kills = 0
        self.stop = False
        self.samples = []
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def number(self, name, word):
        for line in (self.path / name).read_text().splitlines():
            if line.split()[0] == word:
                return int(line.split()[1])
        return 0

    def watch(self):
        while not self.stop:
            now = self.number(STAT, USED)
            self.peak = max(self.peak, now)
            self.samples.append(now)
            time.sleep(0.02)

    def end(self):
        self.stop = True
        self.thread.join()
        self.kills = self.number(EVENTS, "oom_kill")
        for _ in range(100):
            for pid in (self.path / "cgroup.procs").read_text().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.05)
