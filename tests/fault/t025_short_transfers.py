#!/usr/bin/env python3
"""Every read and write of every compile transfers fewer bytes than asked for.

Half of the bytes, once and from then on, or a single one: what a signal, a nearly full disk or an odd file system may
do at any time.  The build must give what the compiler gives, and the store must be in order
afterwards; a read that comes in pieces is no damage.  The short form takes every tenth point.
"""

import sys

from faultlib import NVCACHE, Place, Tally, figure, full, in_parallel, program
from stages import Workers, all_stages

STRIDE = full(1, 10)


class Short:
    def __init__(self, place, tally, stages):
        self.place, self.tally = place, tally
        self.workers = Workers(place)
        self.disturbed = self.set_aside = 0
        for stage in stages:
            place.right(stage.unit)

    def wrap(self, stage, counts, when, action):
        return [*stage.wrap, "env", f"NTH_COUNTS={counts}", program("nth"), "transfer", when, action]

    def count(self, stage):
        """How many transfers the command makes by itself."""
        cache, work, _ = self.workers.prepare(0, stage)
        counts = self.place.top / "counts"
        done = self.place.run(stage.argv, wrap=self.wrap(stage, counts, 0, "one"), cwd=work,
                              env={**stage.env, "NVCACHE_DIR": str(cache)})
        assert done.code == 0, (stage.name, done.err)
        return int(counts.read_text().split()[0])

    def one(self, worker, point):
        stage, when, action = point
        cache, work, output = self.workers.prepare(worker, stage)
        counts = self.place.top / f"counts-{worker}"
        label = f"{stage.name}, transfer {when} {action}"
        how = {"cwd": work, "env": {**stage.env, "NVCACHE_DIR": str(cache)}}
        done = self.place.run(stage.argv, wrap=self.wrap(stage, counts, when, action), **how)
        right = self.place.right(stage.unit)
        self.tally.check(done.code == 0 and output.read_bytes() == right, f"{label}: ended with {done.code}: {done.err[-200:]}")
        self.disturbed += int(counts.read_text().split()[1]) > 0
        aside = (cache / "v1-lmdb09/bad-generation.mdb").exists()
        self.tally.check(not aside, f"{label}: a sound file was set aside")
        output.unlink(missing_ok=True)
        done = self.place.run(stage.argv, **how)
        self.tally.check(done.code == 0 and output.read_bytes() == right, f"{label}: the next build: {done.code}")
        done = self.place.run([NVCACHE, "verify"], **how)
        self.tally.check(done.code == 0, f"{label}: verify ended with {done.code}")


def main():
    place = Place("short")
    tally = Tally()
    stages = [stage for stage in all_stages(place) if stage.unit]
    short = Short(place, tally, stages)
    points = [
        (stage, f"{n}{after}", action)
        for stage in stages
        for n in range(1, short.count(stage) + 1)
        for after, action in (("", "half"), ("+", "half"), ("", "one"))
    ][::STRIDE]
    in_parallel(short.one, points)
    figure("short reads and writes", f"{len(points)} points in {len(stages)} operations, {short.disturbed} took place")
    tally.check(short.disturbed > len(points) // 2, f"only {short.disturbed} of {len(points)} transfers were cut short")
    tally.end()


if __name__ == "__main__":
    sys.exit(main())
