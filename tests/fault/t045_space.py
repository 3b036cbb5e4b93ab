#!/usr/bin/env python3
"""Disk space comes back: after clear and trim, while a compile runs, and while a hit that has the
cache's files mapped stands still.

Measured by statvfs on a file system of its own, so that files without a name count too.
"""

import os
import subprocess
import time

from faultlib import NVCACHE, Place, Tally, figure, full, program

UNITS, SIZE = 8, 300000
ALL = UNITS * SIZE
EMPTY = 256 << 10  # less than one object: directories, lock, counters, what is known of memory, the table of digests


class Disk:
    """A tmpfs, and how much of it is used beyond what was used when it was new."""

    def __init__(self, place):
        self.path = place.top / "disk"
        self.path.mkdir()
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", self.path], check=False).returncode == 0
        self.env = {"NVCACHE_DIR": str(self.path / "cache")}
        self.new = self.blocks()

    def blocks(self):
        info = os.statvfs(self.path)
        return (info.f_blocks - info.f_bfree) * info.f_frsize

    def used(self):
        return self.blocks() - self.new

    def end(self):
        if self.mounted:
            subprocess.run(["umount", self.path], check=False)


def fill(place, tally, disk):
    for n in range(UNITS):
        done = place.compile(f"unit{n}", env=disk.env)
        tally.check(done.code == 0 and place.is_right(f"unit{n}"), f"unit{n}: {done.code} {done.err[-200:]}")
    tally.check(disk.used() >= ALL, f"{disk.used()} bytes for objects of {ALL}")


def by_command(place, tally, disk):
    fill(place, tally, disk)
    before = disk.used()
    tally.check(place.nvcache("trim", "1M", env=disk.env).code == 0, "trim")
    trimmed = disk.used()
    tally.check(trimmed <= (1 << 20) + EMPTY, f"{trimmed} bytes after trim 1M")
    fill(place, tally, disk)
    tally.check(place.nvcache("clear", env=disk.env).code == 0, "clear")
    tally.check(disk.used() <= EMPTY, f"{disk.used()} bytes after clear")
    figure("space", f"{before >> 10} KiB, {trimmed >> 10} after trim 1M, {disk.used() >> 10} after clear")


def is_mapped(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
        return ".mdb" in maps.read()


def while_compiling(place, tally, disk):
    """A miss has looked into every file, but keeps none while the compiler runs."""
    fill(place, tally, disk)
    place.unit("slow", size=5000)
    with open(place.work / "slow.cu", "a", encoding="utf-8") as source:
        source.write("// fake-memory: 5@5000\n")
    os.utime(place.work / "slow.cu", (1e9, 1e9))
    argv = [NVCACHE, *place.command("slow")]
    compile_ = subprocess.Popen(argv, cwd=place.work, env={**place.env, **disk.env}, stderr=subprocess.DEVNULL)
    children = f"/proc/{compile_.pid}/task/{compile_.pid}/children"
    until = time.monotonic() + 10
    while not open(children, encoding="utf-8").read() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.5)
    mapped = is_mapped(compile_.pid)
    cleared = place.nvcache("clear", env=disk.env)
    left, running = disk.used(), compile_.poll() is None
    tally.check(compile_.wait() == 0, "the compile while the cache was cleared")
    tally.check(not mapped, "a file of the cache is mapped while the compiler runs")
    tally.check(running and cleared.code == 0 and left <= EMPTY, f"while a compile ran ({running}) clear left {left} bytes")
    figure("space while a compile runs", f"{left >> 10} KiB after clear")


def while_stopped(place, tally, disk):
    """Files that a stopped hit has mapped go when it goes on: it keeps them for its own short time."""
    report, points, most, held, late = place.top / "report", 0, 0, 0, 0
    words = f'"$PROGRAM" clear >/dev/null 2>&1 && stat -f -c "%b %f" "$DISK" >"{report}"'
    env = {**disk.env, "PROGRAM": str(NVCACHE), "DISK": str(disk.path), "NVCACHE_LOCK_TIMEOUT": "30"}
    place.compile("unit0", env=disk.env)
    counts = place.top / "space-counts"
    wrap = lambda when: ["env", f"NTH_COUNTS={counts}", program("nth"), "any", when, f"sh={words}"]  # noqa: E731
    place.compile("unit0", wrap=wrap(0), env=env)
    calls = int(counts.read_text(encoding="utf-8").split()[0])
    block = os.statvfs(disk.path).f_frsize
    for when in range(1, calls + 1, full(1, max(1, calls // 20))):
        place.nvcache("clear", env=disk.env)
        for n in range(UNITS):
            place.compile(f"unit{n}", env=disk.env)
        report.unlink(missing_ok=True)
        (place.work / "unit0.o").unlink(missing_ok=True)
        done = place.compile("unit0", wrap=wrap(when), env=env)
        tally.check(done.code == 0 and place.is_right("unit0"), f"a hit, cleared at call {when}: {done.code}")
        points += 1
        if report.exists():
            total, free = map(int, report.read_text(encoding="utf-8").split())
            left = (total - free) * block - disk.new
            most, held = max(most, left), held + (left > EMPTY)
        else:
            late += 1
            place.nvcache("clear", env=disk.env)
        # It may have become a miss, and have stored its unit again.
        tally.check(disk.used() <= 2 * SIZE + EMPTY, f"cleared at call {when}: {disk.used()} bytes after the hit ended")
    tally.check(held > 0, "no hit was stopped while it had a file mapped")
    figure("space while a hit stands still", f"{points} points: at {held} the files stay until it goes on (at most {most >> 10} KiB), "
           f"at {late} it has the lock and clear gives up; afterwards all is back")


def main():
    place = Place("space")
    tally = Tally()
    disk = Disk(place)
    if not disk.mounted:
        tally.skip("cannot mount a tmpfs (needs root)")
        tally.passed = 1
        tally.end()
    for n in range(UNITS):
        place.unit(f"unit{n}", size=SIZE)
        place.right(f"unit{n}")
    try:
        by_command(place, tally, disk)
        while_compiling(place, tally, disk)
        while_stopped(place, tally, disk)
    finally:
        disk.end()
    tally.end()


if __name__ == "__main__":
    main()
