#!/usr/bin/env python3
"""What others do to the cache meanwhile: at every system call of a build it is stopped, and its
cache is emptied, replaced, truncated, overwritten, linked, locked away, or used by another build.

The build must give what the compiler gives, and so must the next two; what was only moved or
used is in order afterwards.  The short form takes every 2400th point, the full form every 3rd.
"""

import sys

from faultlib import NVCACHE, Place, Tally, figure, full, in_parallel, program
from stages import Workers, all_stages

STRIDE = full(59, 2400)

# What is done, in a shell that knows $NVCACHE_DIR, $OTHER (a cache in another state), $PROGRAM
# (nvcache) and $BUILD (a directory with a unit); and whether it damages files.
OPEN = 'cd "$NVCACHE_DIR/v1-lmdb09" 2>/dev/null || exit 0; '
BUILD_THERE = 'cd "$BUILD" && "$PROGRAM" nvcc -c b.cu -o "b$$.o" 2>/dev/null; rm -f "b$$.o"; '
ACTIONS = {
    "removed": ('rm -rf "$NVCACHE_DIR"', False),
    "moved away": ('mv "$NVCACHE_DIR" "$NVCACHE_DIR.gone"', False),
    "replaced by another": ('mv "$NVCACHE_DIR" "$NVCACHE_DIR.gone"; cp -a "$OTHER" "$NVCACHE_DIR"', False),
    "inside replaced by another": (OPEN + 'cd ..; mv v1-lmdb09 gone; cp -a "$OTHER/v1-lmdb09" .', False),
    "replaced by a link to another": ('mv "$NVCACHE_DIR" "$NVCACHE_DIR.gone"; cp -a "$OTHER" "$NVCACHE_DIR.other"; '
                                      'ln -s "$NVCACHE_DIR.other" "$NVCACHE_DIR"', False),
    "all files truncated": (OPEN + 'truncate -s 0 g*.mdb', True),
    "all files cut in half": (OPEN + 'for f in g*.mdb; do truncate -s $(($(stat -c %s $f) / 8192 * 4096)) $f; done', True),
    "all files overwritten": (OPEN + 'for f in g*.mdb; do dd if=/dev/zero of=$f bs=4k conv=notrunc '
                              'count=$(($(stat -c %s $f) / 4096)); done 2>/dev/null', True),
    "values overwritten": (OPEN + 'for f in g*.mdb; do dd if=/dev/zero of=$f bs=4k conv=notrunc seek=5 '
                           'count=$(($(stat -c %s $f) / 4096 - 5)); done 2>/dev/null', True),
    "all files longer": (OPEN + 'for f in g*.mdb; do head -c 100000 /dev/zero >>$f; done', False),
    "files swapped": (OPEN + 'set -- g*.mdb; [ $# -gt 1 ] && mv $1 x && mv $2 $1 && mv x $2 || true', False),
    "files copied over": (OPEN + 'for f in g*.mdb; do cp $f x && mv x $f; done', False),
    "files linked elsewhere and used": ('cp -al "$NVCACHE_DIR" "$NVCACHE_DIR.linked" && '
                                        'NVCACHE_DIR="$NVCACHE_DIR.linked" && ' + BUILD_THERE, False),
    "files become links": (OPEN + 'for f in g*.mdb; do mv $f l-$f && ln -s l-$f $f; done', False),
    "lock removed and used": ('rm -f "$NVCACHE_DIR/v1-lmdb09/lock"; ' + BUILD_THERE, False),
    "used": (BUILD_THERE, False),
    "cleared": ('"$PROGRAM" clear >/dev/null 2>&1', False),
    "cleared and used": ('"$PROGRAM" clear >/dev/null 2>&1; ' + BUILD_THERE, False),
    "used with a small limit": ('export NVCACHE_MAX_SIZE=200K; ' + BUILD_THERE, False),
    "made read-only": ('chmod -R a-w "$NVCACHE_DIR"', False),
    "counters removed": (OPEN + 'rm -f stats*', False),
    "counters overwritten": (OPEN + 'head -c 300000 /dev/urandom >stats.log; head -c 3000 /dev/urandom >stats', False),
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
        words, damages = ACTIONS[action]
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
        if not damages:
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
