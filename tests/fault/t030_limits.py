#!/usr/bin/env python3
"""Limits: a disk of 32 MB under many builds, address space, descriptors, a stopped process.

None of them may cost more than speed: every build gives the compiler's result.
"""

import json
import subprocess
import time

from faultlib import NVCACHE, Place, Tally, copy_tree, figure, full, in_parallel


def check_build(place, tally, name, label, **how):
    output = how.pop("output", place.work / f"{name}.o")
    output.unlink(missing_ok=True)
    done = place.compile(name, output, **how)
    good = done.code == 0 and output.exists() and output.read_bytes() == place.right(name)
    tally.check(good, f"{label}: {done.code} {done.err[-200:]}")
    return good


def small_disk(place, tally):
    """The cache fills the disk many times over, and goes on caching."""
    disk = place.top / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], check=False).returncode != 0:
        tally.skip("cannot mount a tmpfs (needs root)")
        return
    env = {"NVCACHE_DIR": str(disk / "cache")}
    builds, units = full(1000, 150), full(500, 100)
    try:
        for n in range(builds):
            name = f"disk{n % units}"
            if n < units:
                place.unit(name, size=150000 + 1500 * (n % 200))
            check_build(place, tally, name, f"build {n} on a full disk", env=env)
        hits = 0
        for n in range(builds - 10, builds):
            before = place.stats(disk / "cache")["hits"]["manifest"]
            check_build(place, tally, f"disk{n % units}", "again on a full disk", env=env)
            hits += place.stats(disk / "cache")["hits"]["manifest"] > before
        tally.check(hits >= 8, f"of the last 10 builds only {hits} hit")
        tally.check(place.nvcache("verify", env=env).code == 0, "verify on a full disk")
        stats = place.stats(disk / "cache")
        tally.check(stats["store"]["generations"] >= 4, "one file took the whole disk")
        figure("32 MB disk", f"{builds} builds, {hits} of the last 10 hit again, "
               f"{stats['store']['bytes'] >> 20} MiB in {stats['store']['generations']} generations, "
               f"errors {json.dumps(stats['errors'])}")
    finally:
        subprocess.run(["umount", disk], check=False)


def foreign_fill(place, tally):
    """Somebody else fills the disk while the cache has one small generation."""
    disk = place.top / "disk2"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False).returncode != 0:
        tally.skip("cannot mount a tmpfs (needs root)")
        return
    try:
        env = {"NVCACHE_DIR": str(disk / "cache")}
        check_build(place, tally, "plain", "before the disk is full", env=env)
        subprocess.run(["dd", "if=/dev/zero", f"of={disk}/ballast", "bs=4k"], stderr=subprocess.DEVNULL, check=False)
        for name in ("plain", "other"):
            check_build(place, tally, name, "on a disk that others filled", env=env)
        tally.check(place.nvcache("verify", env=env).code == 0, "verify on a disk that others filled")
        check_build(place, tally, "plain", "again on a disk that others filled", env=env)
        tally.check(place.has_hits(disk / "cache"), "nothing hit on a disk that others filled")
        tally.check("crash" not in place.stats(disk / "cache")["errors"], "a crash on a disk that others filled")
    finally:
        subprocess.run(["umount", disk], check=False)


def sweep(place, tally, what, values, wrap_of):
    """Under each limit that lets the compiler itself run, hit and miss give its result."""
    ran, hits = [0], [0]

    def one(worker, value):
        wrap = wrap_of(value)
        output = place.top / f"sweep-{worker}.o"
        cache = place.top / f"sweep-{worker}"
        if place.run(place.command("plain", output), wrap=wrap).code != 0:
            return
        if place.run([NVCACHE, "--version"], wrap=wrap).code != 0:
            return
        ran[0] += 1
        copy_tree(None, cache)
        for label in ("miss", "hit", "hit"):
            env = {"NVCACHE_DIR": str(cache)}
            check_build(place, tally, "plain", f"{what} {value}, {label}", wrap=wrap, env=env, output=output)
        hits[0] += place.has_hits(cache)
        check_build(place, tally, "plain", f"{what} {value}, afterwards", env={"NVCACHE_DIR": str(cache)}, output=output)

    in_parallel(one, values)
    figure(what, f"{ran[0]} of {len(values)} limits let the compiler run, 4 builds under each, {hits[0]} with hits")
    tally.check(hits[0] > 0, f"{what}: nothing hit")


def stopped_holder(place, tally):
    """A process that holds the lock and is stopped costs a deadline."""
    env = {"NVCACHE_LOCK_TIMEOUT": "1000"}
    check_build(place, tally, "plain", "before the lock is held", env=env)
    lock = place.cache / "v1-lmdb09/lock"
    holder = subprocess.Popen(["flock", "-x", lock, "sleep", "60"])
    time.sleep(0.3)
    try:
        for name in ("plain", "other"):
            began = time.monotonic()
            check_build(place, tally, name, "while the lock is held", env=env)
            took = time.monotonic() - began
            figure("lock held by a stopped process", f"a {'hit' if name == 'plain' else 'miss'} takes {took * 1000:.0f} ms "
                   "(deadline 1000 ms)")
            tally.check(took < 1.9, f"{name} took {took} s: the deadline more than once")
    finally:
        subprocess.run(["fuser", "-k", lock], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        holder.kill()
        holder.wait()
    check_build(place, tally, "plain", "after the lock was held", env=env)


def main():
    place = Place("limits")
    tally = Tally()
    place.unit("plain")
    place.unit("other")
    place.right("plain")
    small_disk(place, tally)
    foreign_fill(place, tally)
    sweep(place, tally, "descriptors (RLIMIT_NOFILE)", range(3, full(64, 24)), lambda n: ["prlimit", f"--nofile={n}:{n}"])
    space = [n << 16 for n in range(20, 1400, full(9, 120))]
    sweep(place, tally, "address space (ulimit -v)", space, lambda n: ["prlimit", f"--as={n}:{n}"])
    sweep(place, tally, "data (ulimit -d)", space, lambda n: ["prlimit", f"--data={n}:{n}"])
    stack = [n << 12 for n in range(16, 400, full(6, 80))]
    sweep(place, tally, "stack (ulimit -s)", stack, lambda n: ["prlimit", f"--stack={n}:{n}"])
    stopped_holder(place, tally)
    tally.end()


if __name__ == "__main__":
    main()
