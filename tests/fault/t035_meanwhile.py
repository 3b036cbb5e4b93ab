#!/usr/bin/env python3
"""What others do to the cache meanwhile: at every system call of a build it is stopped, and its
cache is emptied, replaced, truncated, overwritten, linked, locked away, or used by another build.

The build must give what the compiler gives, and so must the next two; what was only moved or
used is in order afterwards, or after `verify --repair`.  The short form takes
every 2400th point, the full form every 59th.
"""

import sys

from faultlib import NVCACHE, Place, Tally, figure, full, in_parallel, program
from stages import Workers, all_stages

STRIDE = full(59, 2400)

# What is done, in a shell that knows $NVCACHE_DIR, $OTHER (a cache in another state), $PROGRAM
# (nvcache) and $BUILD (a directory with a unit); and what becomes of the cache.
WHOLE, MENDED, LOST = "whole", "whole after verify --repair", "damaged"
OPEN = 'cd "$NVCACHE_DIR/v1-lmdb09" 2>/dev/null || exit 0; '
BUILD_THERE = 'cd "$BUILD" && "$PROGRAM" nvcc -c b.cu -o "b$$.o" 2>/dev/null; rm -f "b$$.o"; '
ACTIONS = {
    "removed": ('rm -rf "$NVCACHE_DIR"', WHOLE),
    "moved away": ('mv "$NVCACHE_DIR" "$NVCACHE_DIR.gone"', WHOLE),
    "replaced by another": ('mv "$NVCACHE_DIR" "$NVCACHE_DIR.gone"; cp -a "$OTHER" "$NVCACHE_DIR"', WHOLE),
    "inside replaced by another": (OPEN + 'cd ..; mv v1-lmdb09 gone; cp -a "$OTHER/v1-lmdb09" .', WHOLE),
    "replaced by a link to another": ('mv "$NVCACHE_DIR" "$NVCACHE_DIR.gone"; cp -a "$OTHER" "$NVCACHE_DIR.other"; '
                                      'ln -s "$NVCACHE_DIR.other" "$NVCACHE_DIR"', WHOLE),
    "all files truncated": (OPEN + 'truncate -s 0 g*.mdb', LOST),
    "all files cut in half": (OPEN + 'for f in g*.mdb; do truncate -s $(($(stat -c %s $f) / 8192 * 4096)) $f; done', LOST),
    "all files overwritten": (OPEN + 'for f in g*.mdb; do dd if=/dev/zero of=$f bs=4k conv=notrunc '
                              'count=$(($(stat -c %s $f) / 4096)); done 2>/dev/null', LOST),
    "values overwritten": (OPEN + 'for f in g*.mdb; do dd if=/dev/zero of=$f bs=4k conv=notrunc seek=5 '
                           'count=$(($(stat -c %s $f) / 4096 - 5)); done 2>/dev/null', LOST),
    "all files longer": (OPEN + 'for f in g*.mdb; do head -c 100000 /dev/zero >>$f; done', WHOLE),
    "files swapped": (OPEN + 'set -- g*.mdb; [ $# -gt 1 ] && mv $1 x && mv $2 $1 && mv x $2 || true', WHOLE),
    "files copied over": (OPEN + 'for f in g*.mdb; do cp $f x && mv x $f; done', WHOLE),
    "files linked elsewhere and used": ('cp -al "$NVCACHE_DIR" "$NVCACHE_DIR.linked" && '
                                        'NVCACHE_DIR="$NVCACHE_DIR.linked" && ' + BUILD_THERE, WHOLE),
    # They are never followed, and found when they are looked for or verified.
    "files become links": (OPEN + 'for f in g*.mdb; do mv $f l-$f && ln -s l-$f $f; done', MENDED),
    "lock removed and used": ('rm -f "$NVCACHE_DIR/v1-lmdb09/lock"; ' + BUILD_THERE, WHOLE),
    "used": (BUILD_THERE, WHOLE),
    "cleared": ('"$PROGRAM" clear >/dev/null 2>&1', WHOLE),
    "cleared and used": ('"$PROGRAM" clear >/dev/null 2>&1; ' + BUILD_THERE, WHOLE),
    "used with a small limit": ('export NVCACHE_MAX_SIZE=200K; ' + BUILD_THERE, WHOLE),
    "made read-only": ('chmod -R a-w "$NVCACHE_DIR"', WHOLE),
    "counters removed": (OPEN + 'rm -f stats*', WHOLE),
    "counters overwritten": (OPEN + 'head -c 300000 /dev/urandom >stats.log; head -c 3000 /dev/urandom >stats', WHOLE),
}
QUICK = {"NVCACHE_LOCK_TIMEOUT": "30"}


class Meanwhile:
    def __init__(self, place, tally, stages):
        self.place, self.tally = place, tally
        self.workers = Workers(place)
        self.done = 0
        for stage in stages:
            place.right(stage.unit)
        self.other = place.top / "state-full"

    def wrap(self, stage, counts, when, words):
        return [*stage.wrap, "env", f"NTH_COUNTS={counts}", program("nth"), "any", when, f"sh={words}"]

    def env(self, stage, cache):
        return {"NVCACHE_DIR": str(cache), "PROGRAM": str(NVCACHE), "BUILD": str(self.place.work),
                "OTHER": str(self.other), **QUICK, **stage.env}

    def count(self, stage):
        cache, work, _ = self.workers.prepare(0, stage)
        counts = self.place.top / "counts"
        done = self.place.run(stage.argv, wrap=self.wrap(stage, counts, 0, ""), cwd=work, env=self.env(stage, cache))
        assert done.code == 0, (stage.name, done.err)
        return int(counts.read_text().split()[0])

    def clean(self, cache):
        for suffix in ("gone", "other", "linked"):
            path = cache.with_name(f"{cache.name}.{suffix}")
            self.place.run(["rm", "-rf", path])
        if cache.is_symlink():
            cache.unlink()

    def one(self, worker, point):
        stage, when, action = point
        words, becomes = ACTIONS[action]
        cache, work, output = self.workers.prepare(worker, stage)
        counts = self.place.top / f"counts-{worker}"
        label = f"{stage.name}, {action} at call {when}"
        env = self.env(stage, cache)
        done = self.place.run(stage.argv, wrap=self.wrap(stage, counts, when, words), cwd=work, env=env)
        right = self.place.right(stage.unit)
        self.tally.check(done.code == 0 and output.read_bytes() == right, f"{label}: ended with {done.code}: {done.err[-200:]}")
        self.done += counts.exists() and int(counts.read_text().split()[1])
        for again in ("next", "one after"):
            output.unlink(missing_ok=True)
            done = self.place.run(stage.argv, cwd=work, env=env)
            self.tally.check(done.code == 0 and output.read_bytes() == right, f"{label}: the {again} build: {done.code}")
        if becomes == MENDED:
            self.place.run([NVCACHE, "verify", "--repair"], env=env)
        if becomes != LOST:
            done = self.place.run([NVCACHE, "verify"], env=env)
            self.tally.check(done.code == 0, f"{label}: verify ended with {done.code}: {done.err[-200:]}")
        self.clean(cache)


def main():
    place = Place("meanwhile")
    tally = Tally()
    stages = [stage for stage in all_stages(place) if stage.unit]
    test = Meanwhile(place, tally, stages)
    points = [(stage, n, action) for stage in stages for action in ACTIONS for n in range(1, test.count(stage) + 1)][::STRIDE]
    in_parallel(test.one, points)
    figure("others meanwhile", f"{len(points)} points, {len(ACTIONS)} things in {len(stages)} operations, {test.done} done")
    tally.check(test.done > 0.8 * len(points), f"only {test.done} of {len(points)} were done")
    tally.end()


if __name__ == "__main__":
    sys.exit(main())
