#!/usr/bin/env python3
"""Compiles with scripted memory in a memory cgroup of 1 GiB, 64 at a time: ramps, spikes, steps,
forks, ones that die; some launchers are killed, some stopped for a while.

Never over the budget by more than the headroom (no kill by the kernel) while predictions are
right; nobody waits for ever; every reservation is given back.  Then the same with units that
need forty times what is known of them: they are paused or begun anew, and each build ends well.

Needs a memory controller that may be written (a directory is made below its mount); 150 jobs, in the full
form 10,000.
"""

import fcntl
import os
import random
import signal
import struct
import subprocess
import threading
import time

from faultlib import FULL, NVCACHE, Place, Tally, figure
from memlib import MIB, Cgroup, can_make_cgroups, skip_all

LIMIT = 1024 * MIB
HEADROOM = 512 * MIB
UNITS = 48 if FULL else 24
JOBS = 10000 if FULL else 150
AT_ONCE = 64
SLOTS, LOCKS = 512, 1 << 20
SEED = int(os.environ.get("SEED", "1"))


def curve(rng, mib):
    """A way to reach so many MiB, in 30 to 250 ms."""
    kind = rng.randrange(4)
    if kind == 0:  # ramp
        return f"{mib}@{rng.randrange(30, 150)} {mib}@{rng.randrange(0, 100)}"
    if kind == 1:  # spike
        return f"{mib // 8}@50 {mib}@20 {mib // 8}@60"
    if kind == 2:  # three passes, each with its own peak
        return f"{mib}@40 2@0 {mib * 3 // 4}@40 2@0 {mib}@40"
    return f"{mib // 2}@0 {mib // 2}@60 {mib}@0 {mib}@60"


def make_units(place, rng):
    units = []
    for n in range(UNITS):
        mib = rng.choice([4, 8, 8, 16, 16, 24, 40, 60, 100, 160, 300])
        children = rng.choice([0, 0, 0, 2, 3]) if mib < 100 else 0
        more = f"// fake-memory: {curve(rng, mib)}\n"
        if children:
            more += f"// fake-children: {children}\n"
        name = place.unit(f"unit{n}", size=2000, more=more)
        units.append((name, mib * max(1, children)))
    return units


class Runner:
    """Runs compiles, AT_ONCE at a time, and disturbs some."""

    def __init__(self, place, cgroup, tally, env):
        self.place, self.cgroup, self.tally, self.env = place, cgroup, tally, env
        self.lock = threading.Lock()
        self.killed = self.stopped = self.broken = self.done = 0
        self.longest = 0.0

    def launch(self, name, worker):
        return subprocess.Popen(
            [NVCACHE, *self.place.command(name, self.place.top / f"out{worker}.o")],
            cwd=self.place.work, env={**self.place.env, **self.env}, preexec_fn=self.cgroup.enter,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )

    def one(self, rng, name, worker, disturb):
        began = time.monotonic()
        process = self.launch(name, worker)
        fate = rng.random() if disturb else 1
        try:
            if fate < 0.03:
                time.sleep(rng.random() / 2)
                os.killpg(process.pid, signal.SIGKILL)
            elif fate < 0.06:
                time.sleep(rng.random() / 2)
                os.killpg(process.pid, signal.SIGSTOP)
                time.sleep(rng.choice([0.2, 1, 3]))
                os.killpg(process.pid, signal.SIGCONT)
        except ProcessLookupError:
            pass
        code = process.wait(timeout=300)
        with self.lock:
            self.done += 1
            self.killed += fate < 0.03
            self.stopped += 0.03 <= fate < 0.06
            self.longest = max(self.longest, time.monotonic() - began)
            if code != 0 and not fate < 0.03:
                self.broken += 1

    def all(self, jobs, disturb):
        todo = list(reversed(jobs))
        stuck = []

        def work(worker):
            rng = random.Random(SEED * 1000 + worker)
            while True:
                with self.lock:
                    if not todo:
                        return
                    name = todo.pop()
                try:
                    self.one(rng, name, worker, disturb)
                except subprocess.TimeoutExpired:
                    stuck.append(name)
                    return

        threads = [threading.Thread(target=work, args=(n,)) for n in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return stuck


def held_slots(pool):
    """How many entries of the table somebody still has."""
    held = 0
    with open(pool, "rb") as file:
        for n in range(SLOTS):
            ask = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, LOCKS + n, 1, 0)
            held += struct.unpack("hhqqi4x", fcntl.fcntl(file, 36, ask))[0] != fcntl.F_UNLCK  # F_OFD_GETLK
    return held


def judge(place, cgroup, tally, what, runner, jobs, stuck, took):
    tally.check(not stuck, f"{what}: {len(stuck)} stuck")
    tally.check(runner.broken == 0, f"{what}: {runner.broken} broken builds")
    tally.check(runner.done == jobs, f"{what}: {runner.done} of {jobs} done")
    pools = list((place.top / "run" / "nvcache").glob("pool-v2-*"))
    tally.check(pools and sum(map(held_slots, pools)) == 0, f"{what}: reservations left")
    samples = [one for one in cgroup.samples if one > 10 * MIB]
    mean = sum(samples) / max(1, len(samples))
    figure(what, f"{jobs} jobs, {runner.killed} killed by us, {runner.stopped} stopped, peak {cgroup.peak // MIB} MiB "
           f"(mean {mean / MIB:.0f}) of {LIMIT // MIB} with {HEADROOM // MIB} of headroom, {cgroup.kills} kills by the kernel, "
           f"longest {runner.longest:.1f} s, {took:.0f} s")


def round_of(place, tally, what, jobs, disturb, env):
    cgroup = Cgroup(LIMIT)
    try:
        runner = Runner(place, cgroup, tally, env)
        began = time.monotonic()
        stuck = runner.all(jobs, disturb)
        took = time.monotonic() - began
    finally:
        cgroup.end()
    judge(place, cgroup, tally, what, runner, len(jobs), stuck, took)
    return cgroup, runner


def truthful(place, tally, rng):
    units = make_units(place, rng)
    env = {"NVCACHE_RECACHE": "1"}
    names = [name for name, _ in units]
    cold, _ = round_of(place, tally, "cold, nothing known", names, False, env)
    tally.check(cold.kills == 0, f"cold: {cold.kills} kills by the kernel")
    jobs = [rng.choice(names) for _ in range(JOBS)]
    warm, runner = round_of(place, tally, "with history", jobs, True, env)
    tally.check(warm.kills == 0, f"with history: {warm.kills} kills by the kernel")
    tally.check(warm.peak <= LIMIT - HEADROOM + HEADROOM // 4, f"with history: peak {warm.peak // MIB} MiB")
    tally.check(runner.longest < 120, f"with history: somebody waited {runner.longest:.0f} s")
    stats = place.stats()
    tally.check(stats["memory"]["waited"] > 0, "nobody had to wait: the test shows nothing")
    # Who is stopped may hold the cache's lock; that costs the others its deadline.
    tally.check(set(stats["errors"]) <= {"lock_timeout"}, f"errors: {stats['errors']}")


def lying(place, tally, rng):
    """Each unit is known to need 8 MiB, and then needs up to 400: more than fits together, less than all there is."""
    env = {"NVCACHE_RECACHE": "1"}
    names = [place.unit(f"liar{n}", size=2000, more="// fake-memory: 8@30") for n in range(8)]
    for name in names:
        place.compile(name)
    for name in names:
        place.unit(name, size=2000, more=f"// fake-memory: {rng.randrange(300, 400)}@300 300@200")
    before = place.stats()["memory"]
    cgroup, _ = round_of(place, tally, "liars", names, False, env)
    after = place.stats()["memory"]
    paused, set_back, rescued = (after[word] - before[word] for word in ("paused", "set_back", "rescued"))
    tally.check(paused + set_back > 0, "liars: nobody was in the way: the test shows nothing")
    tally.check(cgroup.kills <= 1, f"liars: {cgroup.kills} kills by the kernel")
    cgroup, _ = round_of(place, tally, "liars, found out", names, False, env)
    tally.check(cgroup.kills == 0, f"liars, found out: {cgroup.kills} kills by the kernel")
    figure("liars", f"{paused} paused, {set_back} begun anew, {rescued} compiled again alone after a kill, none of {len(names)} builds broken")


def main():
    tally = Tally()
    if not can_make_cgroups():
        skip_all(tally)
    place = Place("memory")
    rng = random.Random(SEED)
    truthful(place, tally, rng)
    lying(place, tally, rng)
    tally.end()


if __name__ == "__main__":
    main()
