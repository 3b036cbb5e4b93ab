#!/usr/bin/env python3
"""Random kills while many processes of two PID namespaces use one cache, mounted in two places.

Both namespaces count their process ids from 1, so ids collide all the time; the second one sees
the cache under another path.  Workers compile
units of their own and units that all of them compile; the cache is small, so generations are
begun and evicted.  A killer in each namespace ends random processes.  Afterwards: no wrong
object, nobody stuck, no build broken that was not killed, `verify` finds nothing.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from faultlib import FULL, NVCACHE, Place, Tally, figure, full

UNITS = 24
OWN = 4
KILLS = full(10000, 400)
WORKERS = [4, 8, 32] if FULL else [4, 8]


def units_of(worker):
    return [f"own{worker}x{n}" for n in range(OWN)] + [f"all{n}" for n in range(UNITS)]


class Side:
    """What runs in one PID namespace."""

    def __init__(self, place, seed, workers, kills):
        self.place, self.workers, self.kills = place, workers, kills
        self.random = random.Random(seed)
        self.alive = {}
        self.lock = threading.Lock()
        self.done = False
        self.counts = {"kills": 0, "builds": 0, "wrong": 0, "broken": 0, "stuck": 0}
        self.notes = []

    def one(self, worker, name, directory):
        """One build; True when it was killed."""
        process = subprocess.Popen(
            [NVCACHE, "nvcc", "-c", f"../work/{name}.cu", "-o", f"{name}.o"], cwd=directory,
            env={**self.place.env, "NVCACHE_MAX_SIZE": "2M", "NVCACHE_BASE_DIR": str(directory)},
            stderr=subprocess.PIPE, start_new_session=True,
        )
        with self.lock:
            self.alive[worker] = process.pid
        try:
            err = process.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            self.counts["stuck"] += 1
            self.notes.append(f"{name} stuck")
            process.kill()
            process.wait()
            return True
        finally:
            with self.lock:
                self.alive.pop(worker, None)
        self.judge(name, directory / f"{name}.o", process.returncode, err)
        return process.returncode != 0

    def judge(self, name, output, code, err):
        self.counts["builds"] += 1
        data = output.read_bytes() if output.exists() else b"old"
        right = self.place.oracle[name]
        if code not in (0, -signal.SIGKILL):
            self.counts["broken"] += 1
            self.notes.append(f"{name}: {code} {err[-100:]}")
        if data not in (b"old", right) or (code == 0 and data != right):
            self.counts["wrong"] += 1
            self.notes.append(f"{name}: wrong bytes, code {code}")

    def work(self, worker, side):
        choose = random.Random(worker * 2 + side)
        number, directory = 0, None
        while not self.done:
            # The compiler of a killed nvcache lives on and writes later: not to where we look.
            if directory is None:
                number += 1
                directory = self.place.top / f"work-{side}-{worker}-{number}"
                directory.mkdir()
            name = choose.choice(units_of(worker))
            (directory / f"{name}.o").write_bytes(b"old")
            if self.one(worker, name, directory):
                directory = None

    def kill(self):
        while self.counts["kills"] < self.kills:
            time.sleep(self.random.expovariate(1 / 0.004))
            with self.lock:
                if not self.alive:
                    continue
                victim = self.random.choice(list(self.alive.values()))
                try:
                    os.kill(victim, signal.SIGKILL)
                    self.counts["kills"] += 1
                except ProcessLookupError:
                    pass
        self.done = True

    def run(self, side):
        threads = [threading.Thread(target=self.work, args=(n, side)) for n in range(self.workers)]
        for thread in threads:
            thread.start()
        self.kill()
        for thread in threads:
            thread.join()
        print(json.dumps({**self.counts, "notes": self.notes[:5]}))


def as_side(top, side, workers, kills):
    place = Place.existing(top)
    if side == 1:
        other = place.top / "mounted"
        subprocess.run(["mount", "--bind", place.cache, other], check=True)
        place.env["NVCACHE_DIR"] = str(other)
    for path in place.top.glob("right-*"):
        place.oracle[path.name[6:]] = path.read_bytes()
    Side(place, side + workers, workers, kills).run(side)


def prepare(place):
    names = sorted({name for worker in range(max(WORKERS)) for name in units_of(worker)})
    for n, name in enumerate(names):
        place.unit(name, size=3000 + 900 * (n % 23))
        (place.top / f"right-{name}").write_bytes(place.right(name))


def round_of(place, tally, workers, kills):
    command = [sys.executable, os.path.abspath(__file__), "side", str(place.top)]
    sides = [
        subprocess.Popen(
            ["unshare", "-pf", "--mount-proc", *command, str(side), str(workers), str(kills // 2)],
            stdout=subprocess.PIPE,
        )
        for side in range(2)
    ]
    totals = {}
    for process in sides:
        out = process.communicate(timeout=1200)[0]
        tally.check(process.returncode == 0, f"a side ended with {process.returncode}")
        for key, value in (json.loads(out) if process.returncode == 0 else {}).items():
            totals[key] = totals.get(key, type(value)()) + value
    for what in ("wrong", "broken", "stuck"):
        tally.check(totals.get(what) == 0, f"2 x {workers} processes: {totals.get(what)} {what}: {totals.get('notes')}")
    env = {"NVCACHE_MAX_SIZE": "2M"}
    tally.check(place.nvcache("verify", env=env).code == 0, "verify after the kills")
    for name in units_of(0):
        done = place.compile(name, env=env)
        tally.check(done.code == 0 and place.is_right(name), f"{name} after the kills")
    for directory in place.top.glob("work-*"):
        shutil.rmtree(directory, ignore_errors=True)
    return totals


def main():
    tally = Tally()
    if subprocess.run(["unshare", "-pf", "--mount-proc", "true"], check=False).returncode != 0:
        tally.skip("no PID namespaces here (needs root)")
        tally.passed = 1
        tally.end()
    place = Place("kills")
    prepare(place)
    place.cache.mkdir()
    (place.top / "mounted").mkdir()
    for workers in WORKERS:
        totals = round_of(place, tally, workers, KILLS // len(WORKERS))
        figure(f"random kills, 2 x {workers} processes in two PID namespaces",
               ", ".join(f"{value} {key}" for key, value in totals.items() if key != "notes"))
    stats = place.stats()
    tally.check(stats is not None, "stats can be read")
    tally.check(place.has_hits(), "nothing hit")
    figure("hits", str(stats["hits"]["manifest"] if stats else None))
    figure("errors that nvcache counted", json.dumps((stats or {}).get("errors", {})))

    tally.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["side"]:
        as_side(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
