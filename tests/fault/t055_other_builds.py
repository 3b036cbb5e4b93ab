#!/usr/bin/env python3
"""Other builds of nvcache in the same cache: linked dynamically, with musl instead of glibc, and
with another version of the records, results and manifests.

Each pair takes turns on the same units, then both storm the cache at once.  No wrong object, no
broken build, and after its first compile each of them hits; the one with musl hits what the one
with glibc stored and the other way round.  Only in the full form: every build takes half a minute.
The one with musl is that of scripts/musl.sh (or $MUSL_NVCACHE), where that was run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from faultlib import FULL, NVCACHE, ROOT, Place, Tally, figure, program

UNITS, ROUNDS = 12, 4
VERSIONS = {"record": "RECORD_VERSION", "result": "RESULT_VERSION", "manifest": "MANIFEST_VERSION"}


def copy_sources(target):
    """What a build of the program alone needs."""
    target.mkdir()
    for name in ("src", "include", "cmake", "docs"):
        shutil.copytree(ROOT / name, target / name)
    for name in ("CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)


def build(source, *definitions):
    argv = ["cmake", "-S", source, "-B", source / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", *definitions]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", source / "build", "--target", "nvcache"], check=True, stdout=subprocess.DEVNULL)
    return source / "build/nvcache"


def with_next_version(place, name, macro):
    source = place.top / name
    copy_sources(source)
    header = source / f"include/nvcache/entry/{name}.h"
    text, n = re.subn(rf"(#define {macro} +)(\d+)", lambda match: f"{match[1]}{int(match[2]) + 1}", header.read_text())
    assert n == 1, header
    header.write_text(text)
    return build(source)


def linked_dynamically(place):
    source = place.top / "dynamic"
    copy_sources(source)
    return build(source, "-DNVC_STATIC=OFF")


def with_musl():
    binary = Path(os.environ.get("MUSL_NVCACHE", ROOT / "build/musl/nvcache"))
    return binary if binary.exists() else None


def stats_of(place, binary):
    done = subprocess.run([binary, "stats", "--json"], env=place.env, capture_output=True, check=True)
    return json.loads(done.stdout)


def take_turns(place, tally, what, other):
    subprocess.run(["rm", "-rf", place.cache], check=True)
    for _ in range(ROUNDS):
        for n in range(UNITS):
            for binary in (NVCACHE, other):
                (place.work / f"unit{n}.o").unlink(missing_ok=True)
                done = place.run([binary, *place.command(f"unit{n}")])
                tally.check(done.code == 0 and place.is_right(f"unit{n}"), f"{what}: unit{n}: {done.code} {done.err[-200:]}")
    hits = [stats_of(place, binary)["hits"]["manifest"] for binary in (NVCACHE, other)]
    least = UNITS * (ROUNDS - 1)
    tally.check(min(hits) >= least, f"{what}: {hits} hits, at least {least} were to be")
    for binary in (NVCACHE, other):
        tally.check(place.run([binary, "verify"]).code == 0, f"{what}: verify by {binary}")
    return hits


def each_hits_the_others(place, tally, what, other):
    """What one stored the other has at once."""
    for first, second in ((NVCACHE, other), (other, NVCACHE)):
        subprocess.run(["rm", "-rf", place.cache], check=True)
        for binary in (first, second):
            for n in range(UNITS):
                (place.work / f"unit{n}.o").unlink(missing_ok=True)
                done = place.run([binary, *place.command(f"unit{n}")])
                tally.check(done.code == 0 and place.is_right(f"unit{n}"), f"{what}: unit{n}: {done.code}")
        stats = stats_of(place, second)
        tally.check((stats["misses"], stats["hits"]["manifest"]) == (UNITS, UNITS),
                    f"{what}: {stats['misses']} misses, {stats['hits']}, stored by {first}")


def storm_together(place, tally, what, other):
    work = [place.top / name for name in ("storm1", "storm2")]
    running = []
    for directory, binary in zip(work, (NVCACHE, other)):
        subprocess.run(["cp", "-a", place.work, directory], check=True)
        argv = [program("storm"), binary, "8", "40", str(UNITS), "8M"]
        running.append(subprocess.Popen(argv, cwd=directory, env={**place.env, "NVCACHE_MAX_SIZE": "16M"}, stdout=subprocess.PIPE))
    for process in running:
        found = json.loads(process.communicate()[0])
        tally.check(found["builds"] == 320 and found["wrong"] == 0 and found["broken"] == 0, f"{what}: storm: {found}")
    for binary in (NVCACHE, other):
        tally.check(place.run([binary, "verify"]).code == 0, f"{what}: verify after the storm by {binary}")


def main():
    tally = Tally()
    if not FULL:
        tally.skip("only in the full form")
        tally.passed = 1
        tally.end()
    place = Place("builds")
    for n in range(UNITS):
        place.unit(f"unit{n}", size=2000 + 400 * n)
        (place.work / f"unit{n}.right").write_bytes(place.right(f"unit{n}"))
    others = {"linked dynamically": linked_dynamically(place)}
    if with_musl():
        others["with musl"] = with_musl()
        each_hits_the_others(place, tally, "with musl", with_musl())
    else:
        tally.skip("no build with musl here (scripts/musl.sh)")
    for name, macro in VERSIONS.items():
        others[f"next version of {name}s"] = with_next_version(place, name, macro)
    for what, other in others.items():
        hits = take_turns(place, tally, what, other)
        storm_together(place, tally, what, other)
        for directory in ("storm1", "storm2"):
            shutil.rmtree(place.top / directory)
        figure(what, f"{UNITS * ROUNDS} builds by each in turn, {hits[0]} and {hits[1]} hits; 640 in a storm")
    tally.end()


if __name__ == "__main__":
    sys.exit(main())
