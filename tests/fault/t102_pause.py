#!/usr/bin/env python3
"""Compiles that have their peaks at the same time, in a memory cgroup of 3 GiB: one goes on, the others are stopped until
it has had its peak, and the youngest begins anew if that is not enough.  Nobody is killed by the kernel, no build
notices, and nobody stays stopped: not after Ctrl-C, and not after a SIGKILL of the launcher.

A unit that nobody knows is taken to need 1 GiB.  Needs a memory controller that may be written.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from faultlib import FULL, NVCACHE, Place, Tally, figure
from memlib import MIB, Cgroup, can_make_cgroups, skip_all

LIMIT = 3 << 30


def start(place, cgroup, name, launcher=(NVCACHE,), env=None):
    return subprocess.Popen([*launcher, *place.command(name)], cwd=place.work, env={**place.env, **(env or {})}, preexec_fn=cgroup.enter,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, process_group=0)


def run_all(place, names, launcher=(NVCACHE,), gap=0.0, env=None):
    """All at once; what became of them, and the cgroup when it has ended."""
    cgroup = Cgroup(LIMIT)
    try:
        processes = []
        for name in names:
            processes.append(start(place, cgroup, name, launcher, env))
            time.sleep(gap)
        ends = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
    finally:
        cgroup.end()
    return ends, cgroup


def peaks_at_once(tally):
    """Each has 1.3 GiB for a second: three do not fit."""
    place = Place("pause")
    place.env["NVCACHE_QUIET"] = "1"
    names = [place.unit(f"unit{n}", more="// fake-memory: 300@100 1300@700 1300@500 100@50") for n in range(5 if FULL else 3)]
    right = [place.right(name) for name in names]
    _, plain = run_all(place, names, launcher=())
    tally.check(plain.kills > 0, "without nvcache nobody is killed: the test shows nothing")
    ends, cgroup = run_all(place, names)
    memory = place.stats()["memory"]
    tally.check(cgroup.kills == 0, f"{cgroup.kills} killed by the kernel")
    tally.check(all(end == (b"", 0) for end in ends), f"as if nothing had been: {ends}")
    tally.check([(place.work / f"{name}.o").read_bytes() for name in names] == right, "the objects are right")
    tally.check(memory["paused"] > 0, f"nobody was paused: the test shows nothing: {memory}")
    tally.check(memory["rescued"] == 0, f"{memory}")
    figure("peaks at once", f"plain: {plain.kills} killed; through nvcache {cgroup.kills}, peak {cgroup.peak // MIB} of {LIMIT // MIB} MiB, "
           f"{memory['paused']} paused, {memory['set_back']} begun anew")


def one_needs_it_all(tally):
    """It is known to need little and then needs nearly everything.  The others are far from what Thrust's headers let expect, so
    that none of them is nearer to its peak."""
    place = Place("setback")
    place.env["NVCACHE_QUIET"] = "1"
    others = [place.unit(f"unit{n}", more="// fake-memory: 500@200 500@5000\n#if 0\n#include <thrust/sort.h>\n#endif") for n in range(3)]
    place.unit("elder", more="// fake-memory: 20@50 20@100")
    place.compile("elder")
    place.unit("elder", more="// fake-memory: 100@1500 2400@3000 2400@200")
    right = {name: place.right(name) for name in ["elder", *others]}
    ends, cgroup = run_all(place, ["elder", *others], gap=0.1)
    memory = place.stats()["memory"]
    tally.check(cgroup.kills == 0, f"{cgroup.kills} killed by the kernel")
    tally.check(all(end == (b"", 0) for end in ends), f"as if nothing had been: {ends}")
    tally.check(all((place.work / f"{name}.o").read_bytes() == right[name] for name in right), "the objects are right")
    tally.check(memory["set_back"] > 0, f"nobody was set back: the test shows nothing: {memory}")
    figure("one needs it all", f"peak {cgroup.peak // MIB} of {LIMIT // MIB} MiB, {memory['paused']} paused, {memory['set_back']} begun anew")


def a_long_stop_is_said(tally):
    """Each minute, where nobody waits who would say it."""
    place = Place("long")
    place.unit("first", more="// fake-memory: 950@100 950@500 1900@800 1900@75000")
    place.unit("other", more="// fake-memory: 300@100 300@2500\n#if 0\n#include <thrust/sort.h>\n#endif")
    ends, _ = run_all(place, ["first", "other"], gap=0.3)
    tally.check(ends[0] == (b"", 0) and ends[1][1] == 0, f"both end well: {ends}")
    tally.check(ends[1][0].startswith(b"nvcache: other.cu is stopped for want of memory since 1 min: it needs about 1.3 GiB, "), f"{ends[1][0]}")
    tally.check(ends[1][0].count(b"\n") == 1, f"one line: {ends[1][0]}")


def states_in(cgroup):
    """(program, state) of everybody there."""
    found = []
    for pid in (cgroup.path / "cgroup.procs").read_text().split():
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        found.append((text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2]))
    return found


def wait_until(condition, seconds=20):
    for _ in range(int(seconds * 50)):
        if condition():
            return True
        time.sleep(0.02)
    return False


def with_a_paused_one(tally, what, act):
    """One that takes most of what there is, and another that is stopped for it; `act` on the other."""
    place = Place("paused")
    place.unit("first", more="// fake-memory: 950@100 950@500 1900@800 1900@4000")
    place.unit("other", more="// fake-memory: 300@100 300@5000\n#if 0\n#include <thrust/sort.h>\n#endif")
    cgroup = Cgroup(LIMIT)
    try:
        first = start(place, cgroup, "first")
        time.sleep(0.3)
        other = start(place, cgroup, "other")
        stopped = wait_until(lambda: any(state == "T" for _, state in states_in(cgroup)), 10)
        tally.check(stopped, f"{what}: nobody is stopped: the test shows nothing: {place.stats()['memory']}")
        act(tally, cgroup, other)
        tally.check(first.wait(timeout=30) == 0, f"{what}: the first goes on")
        tally.check(wait_until(lambda: not states_in(cgroup), 10), f"{what}: left behind: {states_in(cgroup)}")
    finally:
        cgroup.end()


def interrupted(tally, _, other):
    other.send_signal(signal.SIGINT)
    tally.check(other.wait(timeout=5) == -signal.SIGINT, f"Ctrl-C ends it: {other.returncode}")


def killed(tally, cgroup, other):
    """As ninja starts it, in a process group of its own."""
    other.kill()
    other.wait(timeout=5)
    tally.check(wait_until(lambda: all(state != "T" for _, state in states_in(cgroup)), 5), f"nobody stays stopped: {states_in(cgroup)}")


def main():
    tally = Tally()
    if not can_make_cgroups():
        skip_all(tally)
    peaks_at_once(tally)
    if FULL:
        one_needs_it_all(tally)
        with_a_paused_one(tally, "Ctrl-C", interrupted)
        with_a_paused_one(tally, "kill -9", killed)
        a_long_stop_is_said(tally)
    tally.end()


if __name__ == "__main__":
    os.umask(0o022)
    main()
