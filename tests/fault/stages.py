"""States of a cache and what is done in them, for tests that disturb every system call."""

import re
import subprocess

from faultlib import NVCACHE, Place, copy_tree

SMALL = {"NVCACHE_MAX_SIZE": "1M"}  # generations of 64 KiB


class Stage:
    """A command in a state of the cache.  unit: what it compiles, None for a command of nvcache's."""

    def __init__(self, name, state, argv, unit=None, env=None, wrap=()):
        self.name, self.state, self.argv, self.unit, self.env = name, state, argv, unit, env or {}
        self.wrap = list(wrap)


def fill_until(place, stem, is_enough):
    """Compile units until is_enough(); returns the state before the last of them, and its name."""
    number = 0
    while True:
        before = place.save(f"{stem}-before")
        name = place.unit(f"{stem}{number}")
        done = place.compile(name, env=SMALL)
        assert done.code == 0, done.err
        if is_enough():
            return before, name
        number += 1


def keep(place, state, name):
    kept = place.top / f"state-{name}"
    copy_tree(state, kept)
    return kept


def small_states(place):
    """The states before the store begins a file, evicts one, and copies a record forward."""
    copy_tree(None, place.cache)
    place.unit("first")
    place.compile("first", env=SMALL)
    begin, begin_unit = fill_until(place, "rotate", lambda: len(place.generations()) == 2)
    begin = keep(place, begin, "begin")
    fill_until(place, "more", lambda: len(place.generations()) == 14)
    promote = place.save("promote")
    oldest = place.generations()[0]
    evict, evict_unit = fill_until(place, "evict", lambda: not oldest.exists())
    evict = keep(place, evict, "evict")
    return (begin, begin_unit), promote, (evict, evict_unit)


def other_boot(place):
    """Words before a command that show it another boot of the machine; none where that cannot be."""
    boot_id = "/proc/sys/kernel/random/boot_id"
    fake = place.top / "boot_id"
    fake.write_text("00000000-1111-2222-3333-444444444444\n")
    wrap = ["unshare", "-m", "sh", "-c", f'mount --bind {fake} {boot_id} && exec "$@"', "sh"]
    shown = subprocess.run([*wrap, "cat", boot_id], capture_output=True, text=True, check=False).stdout
    return wrap if shown == fake.read_text() else []


def all_stages(place):
    def compile_stage(name, state, unit, env=None):
        return Stage(name, state, [NVCACHE, *place.command(unit)], unit, env)

    for unit in ("a", "b"):
        place.unit(unit)
    place.compile("b")
    warm = place.save("warm")
    place.compile("a")
    full = place.save("full")
    begin, promote, evict = small_states(place)
    boot = other_boot(place)
    return [
        *([Stage("first write after a restart", warm, [NVCACHE, *place.command("a")], "a", wrap=boot)] if boot else []),
        compile_stage("miss, empty store", None, "a"),
        compile_stage("miss, warm store", warm, "a"),
        compile_stage("hit", full, "a"),
        compile_stage("begin a generation", begin[0], begin[1], SMALL),
        compile_stage("evict", evict[0], evict[1], SMALL),
        compile_stage("hit and promote", promote, "first", SMALL),
        Stage("clear", promote, [NVCACHE, "clear"]),
        Stage("trim", promote, [NVCACHE, "trim"], env={"NVCACHE_MAX_SIZE": "1M", "NVCACHE_LOCK_TIMEOUT": "2000"}),
        Stage("verify", full, [NVCACHE, "verify"]),
        Stage("stats -z", full, [NVCACHE, "stats", "--zero"]),
        Stage("stats", full, [NVCACHE, "stats"]),
    ]


def calls_of(place, stage):
    """How often the command makes each system call: {name: count}."""
    copy_tree(stage.state, place.cache)
    counts = place.top / "counts"
    done = place.run(stage.argv, wrap=[*stage.wrap, "strace", "-c", "-o", counts], env=stage.env)
    assert done.code == 0, (stage.name, done.err)
    calls = {}
    for line in counts.read_text().splitlines():
        match = re.match(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ )? *(\w+)$", line)
        if match and match.group(2) != "total":
            calls[match.group(2)] = int(match.group(1))
    return calls


class Workers:
    """A cache and an output directory for each of several processes at once."""

    def __init__(self, place):
        self.place = place

    def prepare(self, worker, stage, old_output=b"old"):
        """Put the stage's state and an old output in the worker's own directory."""
        cache = self.place.top / f"cache-{worker}"
        work = self.place.top / f"work-{worker}"
        copy_tree(stage.state, cache)
        work.mkdir(exist_ok=True)
        output = None
        if stage.unit:
            for suffix in ("cu", "h"):
                target = work / f"{stage.unit}.{suffix}"
                if not target.exists():
                    subprocess.run(["cp", "-a", str(self.place.work / target.name), str(target)], check=True)
            output = work / f"{stage.unit}.o"
            if old_output is None:
                output.unlink(missing_ok=True)
            else:
                output.write_bytes(old_output)
        return cache, work, output
