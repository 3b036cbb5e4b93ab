#!/usr/bin/env python3
"""Kills nvcache at every system call of everything it does with a store.

After each kill the output is old, absent or complete; the same command again hits or misses
and gives the right bytes; another unit compiles; `verify` finds nothing wrong.  The short form
takes every tenth point, the full form all.
"""

import sys

from faultlib import NVCACHE, Place, Tally, figure, full, in_parallel
from stages import Workers, all_stages, calls_of

STRIDE = full(1, 10)


def points_of(place, stages):
    points = [
        (stage, call, when)
        for stage in stages
        for call, count in sorted(calls_of(place, stage).items())
        if call != "exit_group"
        for when in range(1, count + 1)
    ]
    return points[::STRIDE]


def is_whole(place, stage, output):
    if not output.exists():
        return True
    data = output.read_bytes()
    return data in (b"old", place.right(stage.unit))


def follow_up(place, worker, stage, where, tally, label):
    """A next run must find everything as it should be."""
    cache, work, output = where
    how = {"cwd": work, "env": {**stage.env, "NVCACHE_DIR": str(cache)}}
    argv = stage.argv if stage.unit else [NVCACHE, *place.command("b")]
    if not stage.unit:
        how["cwd"] = place.work
        argv = [NVCACHE, *place.command("b", place.top / f"b-{worker}.o")]
        output = place.top / f"b-{worker}.o"
    done = place.run(argv, **how)
    tally.check(done.code == 0, f"{label}: the next build ended with {done.code}: {done.err[-200:]}")
    right = place.right(stage.unit or "b")
    tally.check(output.exists() and output.read_bytes() == right, f"{label}: the next build gave wrong bytes")
    done = place.run([NVCACHE, "verify"], **how)
    tally.check(done.code == 0, f"{label}: verify ended with {done.code}")


def main():
    place = Place("kill")
    tally = Tally()
    stages = all_stages(place)
    points = points_of(place, stages)
    workers = Workers(place)
    killed = [0]
    for stage in stages:
        if stage.unit:
            place.right(stage.unit)
    place.right("b")

    def one(worker, point):
        stage, call, when = point
        where = workers.prepare(worker, stage)
        label = f"{stage.name}, {call} {when}"
        inject = ["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}"]
        done = place.run(stage.argv, wrap=[*stage.wrap, *inject], cwd=where[1], env={**stage.env, "NVCACHE_DIR": str(where[0])})
        killed[0] += done.code == -9
        tally.check(done.code in (0, -9, 137), f"{label}: ended with {done.code}")
        if stage.unit:
            tally.check(is_whole(place, stage, where[2]), f"{label}: a partial output")
        follow_up(place, worker, stage, where, tally, label)

    in_parallel(one, points)
    figure("kill at every system call", f"{len(points)} points in {len(stages)} operations, {killed[0]} kills")
    tally.check(killed[0] > 0.7 * len(points), f"only {killed[0]} of {len(points)} were killed")
    tally.end()


if __name__ == "__main__":
    sys.exit(main())
