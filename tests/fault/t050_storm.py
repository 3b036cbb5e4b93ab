#!/usr/bin/env python3
"""64 and 256 processes, 1,000 commands each, half of them with the same keys, with trim, clear,
stats and verify running all the time: no wrong object, no broken build, exact counters, and a
cache that never outgrows its limit by more than one file.  A third of the processes have a
smaller limit than the others.  The store is what is tested: nobody waits for memory (t100 does),
where hundreds of compiles of a millisecond would wait most of the time.

The short form has 32 processes with 40 commands.
"""

import json
import os
import subprocess
import threading
import time

from faultlib import FULL, NVCACHE, Place, Tally, copy_tree, figure, full, program

UNITS = 64
LIMIT, SMALL_LIMIT = 16, 8  # MiB
MOST = (LIMIT << 20) + (LIMIT << 20) // 16
ROUNDS = [(64, 1000), (256, 1000)] if FULL else [(32, 40)]
LEAST_HITS = full(0.3, 0.15)  # a slow machine clears the cache after fewer commands
LONGEST_MS = 10000  # for 64 processes; more of them share the processors


def size_of(directory):
    """Bytes on disk of generations, those that are evicted but not yet unlinked, and the one set aside."""
    total = 0
    try:
        for entry in os.scandir(directory):
            if entry.name.endswith(".mdb"):
                total += entry.stat().st_blocks * 512
    except FileNotFoundError:
        pass
    return total


class Disturbance:
    """trim, clear and stats, one after the other, until stopped."""

    def __init__(self, place, env):
        self.place, self.env, self.stop, self.runs, self.failed = place, env, False, 0, []
        self.largest = 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        words = [("trim",), ("stats",), ("verify",), ("trim",), ("stats",), ("verify",), ("clear",)]
        while not self.stop:
            self.measure_for(0.5)
            command = words[self.runs % len(words)]
            done = self.place.nvcache(*command, env=self.env, limit=60)
            self.runs += 1
            if done.code != 0:
                self.failed.append((command, done.code, done.err[-200:]))

    def measure_for(self, seconds):
        """Look at the size of all that the store has on disk."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.largest = max(self.largest, size_of(self.place.cache / "v1-lmdb09"))
            time.sleep(0.02)

    def end(self):
        self.stop = True
        self.thread.join()


def prepare(place):
    for n in range(UNITS):
        place.unit(f"unit{n}", size=2000 + 400 * n)
        (place.work / f"unit{n}.right").write_bytes(place.right(f"unit{n}"))


def outcomes_of(stats):
    return (
        stats["misses"] + sum(stats["hits"].values()) + sum(stats["bypassed"].values()) + stats.get("failed_compiles", 0)
    )


def round_of(place, tally, processes, commands):
    env = {"NVCACHE_MAX_SIZE": f"{LIMIT}M", "NVCACHE_MEMORY": "off"}
    copy_tree(None, place.cache)
    disturbance = Disturbance(place, env)
    began = time.monotonic()
    done = subprocess.run(
        [program("storm"), NVCACHE, str(processes), str(commands), str(UNITS), f"{SMALL_LIMIT}M"],
        cwd=place.work, env={**place.env, **env}, capture_output=True, check=True,
    )
    took = time.monotonic() - began
    disturbance.end()
    found = json.loads(done.stdout)
    stats = place.stats()
    what = f"{processes} x {commands}"
    tally.check(found["builds"] == processes * commands, f"{what}: {found['builds']} builds")
    tally.check(found["wrong"] == 0, f"{what}: {found['wrong']} wrong objects")
    tally.check(found["broken"] == 0, f"{what}: {found['broken']} broken builds: {done.stderr[-300:]}")
    tally.check(outcomes_of(stats) == processes * commands, f"{what}: {outcomes_of(stats)} counted")
    tally.check(found["slowest_ms"] <= LONGEST_MS * max(1, processes // 64), f"{what}: a command took {found['slowest_ms']} ms")
    hits = sum(stats["hits"].values())
    tally.check(hits > processes * commands * LEAST_HITS, f"{what}: only {hits} hits")
    largest = disturbance.largest
    tally.check(0 < largest <= MOST, f"{what}: the cache took {largest} bytes")
    tally.check(not disturbance.failed, f"{what}: {disturbance.failed[:3]}")
    tally.check(place.nvcache("verify", env=env).code == 0, f"{what}: verify")
    figure(f"{what} commands", f"{found['wrong']} wrong, {found['broken']} broken, "
           f"{outcomes_of(stats)} counted, {hits} hits, at most {largest / 2**20:.1f} MiB of {LIMIT}, slowest {found['slowest_ms']} ms, "
           f"errors {json.dumps(stats.get('errors', {}))}, {disturbance.runs} times trim/stats/clear/verify, {took:.0f} s")


def main():
    place = Place("storm")
    tally = Tally()
    prepare(place)
    for processes, commands in ROUNDS:
        round_of(place, tally, processes, commands)
    tally.end()


if __name__ == "__main__":
    main()
