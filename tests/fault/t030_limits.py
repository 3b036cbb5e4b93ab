#!/usr/bin/env python3
"""Limits: a disk of 32 MB and a quota of 32 MB under many builds, address space, descriptors, a stopped process.

None of them may cost more than speed: every build gives the compiler's result.
"""

import json
import shutil
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


QUOTA_MB = full(32, 20)


def again(place, tally, what, cache, names):
    """How many of these builds hit."""
    hits = 0
    for name in names:
        before = place.stats(cache)["hits"]["manifest"]
        check_build(place, tally, name, f"again on {what}", env={"NVCACHE_DIR": str(cache)})
        hits += place.stats(cache)["hits"]["manifest"] > before
    return hits


def fill(place, tally, what, cache, builds, files):
    """The cache fills its place many times over, and goes on caching."""
    env = {"NVCACHE_DIR": str(cache)}
    units = full(500, builds * 2 // 3)
    for n in range(builds):
        name = f"disk{n % units}"
        if n < units and not (place.work / f"{name}.cu").exists():
            place.unit(name, size=150000 + 1500 * (n % 200))
        check_build(place, tally, name, f"build {n} on {what}", env=env)
    # When the first ten are made again a file may just have been dropped.
    hits = max(again(place, tally, what, cache, [f"disk{n % units}" for n in range(builds - 10, builds)])
               for _ in range(2))
    tally.check(hits >= 8, f"of the last 10 builds on {what} only {hits} hit")
    tally.check(place.nvcache("verify", env=env).code == 0, f"verify on {what}")
    stats = place.stats(cache)
    tally.check(stats["store"]["generations"] >= files, f"one file took the whole of {what}")
    figure(what, f"{builds} builds, {hits} of the last 10 hit again, "
           f"{stats['store']['bytes'] >> 20} MiB in {stats['store']['generations']} generations, "
           f"errors {json.dumps(stats['errors'])}")


def small_disk(place, tally):
    disk = place.top / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], check=False).returncode != 0:
        tally.skip("cannot mount a tmpfs (needs root)")
        return
    try:
        fill(place, tally, "a disk of 32 MB", disk / "cache", full(1000, 150), files=4)
    finally:
        subprocess.run(["umount", disk], check=False)


def mount_with_quota(place, disk, size_mb):
    """A (sparse) btrfs with a subvolume that may have less; None, or what could not be done."""
    image = place.top / f"{disk.name}.image"
    with open(image, "wb") as file:
        file.truncate(size_mb << 20)
    disk.mkdir()
    steps = [["mkfs.btrfs", "-q", image], ["mount", "-o", "loop", image, disk],
             ["btrfs", "subvolume", "create", disk / "limited"], ["btrfs", "quota", "enable", disk],
             ["btrfs", "qgroup", "limit", f"{QUOTA_MB}M", disk / "limited"]]
    if shutil.which("mkfs.btrfs") is None:
        return "no btrfs-progs here"
    for step in steps:
        if subprocess.run(step, capture_output=True, check=False).returncode != 0:
            return f"{step[0]} {step[1]} cannot be done here"
    return None


def quota(place, tally, size_mb, builds, files):
    """A real one: the file system refuses what goes over it with EDQUOT, and does not tell beforehand.

    Files are a sixteenth of the disk; on a large one a single file fills the whole quota."""
    disk = place.top / f"quota{size_mb}"
    lacks = mount_with_quota(place, disk, size_mb)
    what = f"a quota of {QUOTA_MB} MB on a disk of {size_mb} MB"
    try:
        if lacks is not None:
            tally.skip(f"a quota: {lacks}")
        else:
            fill(place, tally, what, disk / "limited/cache", builds, files)
    finally:
        subprocess.run(["umount", disk], stderr=subprocess.DEVNULL, check=False)


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
    quota(place, tally, 256, full(1000, 140), files=2)
    quota(place, tally, 8192, full(1000, 190), files=1)
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
