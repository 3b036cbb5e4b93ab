#!/usr/bin/env python3
"""Users, groups and odd directories: nobody's build fails, and nobody gets what a stranger wrote.

Needs root, to become others.
"""

import os
import shutil
import subprocess

from faultlib import NVCACHE, Place, Tally, figure

ANNA, BERT, CLEO, TEAM = 12001, 12002, 12003, 12100


class People:
    def __init__(self, place, tally):
        self.place, self.tally = place, tally
        self.cases = 0
        for user in (0, ANNA, BERT, CLEO):
            home = place.top / f"home-{user}"
            home.mkdir()
            os.chown(home, user, user)

    def wrap(self, user, group):
        if user == 0:
            return []
        return ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]

    def build(self, user, group, name, cache, env=None, wrap=()):
        """Build as somebody; returns (good, how it was counted where it can be counted)."""
        work = self.place.top / f"home-{user}"
        argv = [NVCACHE, "nvcc", "-c", f"../work/{name}.cu", "-o", f"{name}.o"]
        output = work / f"{name}.o"
        output.unlink(missing_ok=True)
        log = work / "log"
        log.unlink(missing_ok=True)
        env = {"NVCACHE_DIR": str(cache), "HOME": str(work), "TMPDIR": str(work), "NVCACHE_LOG": str(log),
               "NVCACHE_BASE_DIR": str(work), **(env or {})}
        done = self.place.run(argv, wrap=[*wrap, *self.wrap(user, group)], cwd=work, env=env)
        good = done.code == 0 and output.exists() and output.read_bytes() == self.place.right(name)
        words = [line for line in log.read_text().splitlines() if " end outcome=" in line] if log.exists() else []
        return good, words[-1].split(" end outcome=")[1].split()[0] if words else "?"

    def expect(self, case, user, group, name, cache, outcome, **how):
        good, got = self.build(user, group, name, cache, **how)
        self.tally.check(good, f"{case}: the build as {user} is wrong or failed")
        self.tally.check(got == outcome, f"{case}: as {user} counted as {got}, not {outcome}")

    def directory(self, name, owner=0, group=0, mode=0o755):
        self.cases += 1
        path = self.place.top / f"case-{name}"
        path.mkdir()
        os.chown(path, owner, group)
        os.chmod(path, mode)
        return path


SHARED = {"NVCACHE_UMASK": "002"}


def group_directory(people):
    cache = people.directory("group", ANNA, TEAM, 0o2775)
    people.expect("group", ANNA, TEAM, "a", cache, "new", env=SHARED)
    people.expect("group", BERT, TEAM, "a", cache, "manifest", env=SHARED)
    people.expect("group", BERT, TEAM, "b", cache, "new", env=SHARED)
    people.expect("group", ANNA, TEAM, "b", cache, "manifest", env=SHARED)
    stats = people.place.stats(cache)
    people.tally.check(stats["hits"]["manifest"] == 2 and stats["misses"] == 2, f"group: counted {stats}")
    people.expect("stranger to the group", CLEO, CLEO, "a", cache, "no_cache", env=SHARED)


def group_directory_made_by_second(people):
    cache = people.directory("group2", ANNA, TEAM, 0o2775)
    people.expect("group, 077", BERT, TEAM, "a", cache, "new", env=SHARED, wrap=["sh", "-c", 'umask 077; exec "$@"', "sh"])
    people.expect("group, 077", ANNA, TEAM, "a", cache, "manifest", env=SHARED)
    people.expect("group, 077", ANNA, TEAM, "b", cache, "new", env=SHARED)


def root_in_a_users_cache(people):
    cache = people.directory("docker", ANNA, ANNA, 0o700)
    people.expect("root first", 0, 0, "a", cache, "new")
    people.expect("root first", ANNA, ANNA, "a", cache, "manifest")
    people.expect("root first", ANNA, ANNA, "b", cache, "new")
    people.expect("root first", 0, 0, "b", cache, "manifest")
    foreign = [path for path in cache.rglob("*") if path.stat().st_uid != ANNA or path.stat().st_gid != ANNA]
    people.tally.check(not foreign, f"root first: left as root's: {foreign}")
    stats = people.place.stats(cache)
    people.tally.check(stats["hits"]["manifest"] == 2 and stats["misses"] == 2, f"root first: counted {stats}")


def roots_cache_for_users(people):
    cache = people.directory("root", 0, 0, 0o755)
    people.expect("root's", 0, 0, "a", cache, "new")
    people.expect("root's", BERT, BERT, "a", cache, "manifest")
    people.expect("root's", BERT, BERT, "b", cache, "new")
    people.expect("root's", BERT, BERT, "b", cache, "new")


def refused_directories(people):
    cases = {
        "foreign, readable": people.directory("foreign", ANNA, ANNA, 0o755),
        "foreign, private": people.directory("private", ANNA, ANNA, 0o700),
        "world-writable": people.directory("world", BERT, BERT, 0o777),
        "sticky and world-writable": people.directory("sticky", 0, 0, 0o1777),
        "group-writable without setgid": people.directory("nosetgid", ANNA, BERT, 0o775),
    }
    for case, cache in cases.items():
        before = sorted(cache.rglob("*"))
        people.expect(case, BERT, BERT, "a", cache, "no_cache")
        people.tally.check(sorted(cache.rglob("*")) == before, f"{case}: something was made there")


def links(people):
    target = people.directory("target", BERT, BERT, 0o700)
    link = people.place.top / "link"
    link.symlink_to(target)
    people.expect("symbolic link", BERT, BERT, "a", link, "new")
    people.expect("symbolic link", BERT, BERT, "a", link, "manifest")
    people.cases += 3
    dangling = people.place.top / "dangling"
    dangling.symlink_to(people.place.top / "nowhere")
    people.expect("dangling link", BERT, BERT, "a", dangling, "no_cache")
    inner = people.directory("inner", BERT, BERT, 0o700)
    (inner / "v1-lmdb09").symlink_to(target / "v1-lmdb09")
    people.expect("link inside", BERT, BERT, "a", inner, "no_cache")
    planted = people.directory("planted", BERT, BERT, 0o700)
    people.expect("a link as generation", BERT, BERT, "a", planted, "new")
    generation = people.place.generations(planted)[0]
    generation.rename(planted / "elsewhere")
    generation.symlink_to(planted / "elsewhere")
    good, _ = people.build(BERT, BERT, "a", planted)
    people.tally.check(good, "a link as generation")


def read_only(people):
    mine = people.directory("mine", BERT, BERT, 0o700)
    people.expect("made read-only", BERT, BERT, "a", mine, "new")
    people.cases += 3
    for path in [*mine.rglob("*"), mine]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    people.expect("made read-only", BERT, BERT, "a", mine, "manifest")
    people.expect("made read-only", BERT, BERT, "b", mine, "new")
    people.expect("made read-only", BERT, BERT, "b", mine, "new")
    mount = ["unshare", "-m", "sh", "-c",
             'mount --bind "$NVCACHE_DIR" "$NVCACHE_DIR" && mount -o remount,ro,bind "$NVCACHE_DIR" && exec "$@"', "sh"]
    cache = people.directory("mounted", BERT, BERT, 0o700)
    people.expect("read-only mount", BERT, BERT, "a", cache, "new")
    people.expect("read-only mount", BERT, BERT, "a", cache, "manifest", wrap=mount)
    people.expect("read-only mount", BERT, BERT, "b", cache, "new", wrap=mount)
    people.expect("read-only mount", 0, 0, "a", cache, "manifest", wrap=mount)
    (cache / "v1-lmdb09/lock").unlink()
    people.expect("read-only mount, no lock file", BERT, BERT, "a", cache, "manifest", wrap=mount)


def odd_directories(people):
    odd = people.place.top / "odd"
    odd.write_text("a file")
    people.cases += 5
    people.expect("a file", BERT, BERT, "a", odd, "no_cache")
    people.expect("below a file", BERT, BERT, "a", odd / "sub", "no_cache")
    people.expect("below /proc", BERT, BERT, "a", "/proc/nvcache", "no_cache")
    locked = people.directory("locked", BERT, BERT, 0o000)
    people.expect("mode 000", BERT, BERT, "a", locked, "no_cache")
    strange = people.directory("strange", BERT, BERT, 0o700)
    (strange / "v1-lmdb09/lock").mkdir(parents=True)
    for path in strange.rglob("*"):
        os.chown(path, BERT, BERT)
    good, _ = people.build(BERT, BERT, "a", strange)
    people.tally.check(good, "a directory as lock")
    name = strange / "v1-lmdb09" / "g9999999999.mdb"
    shutil.rmtree(strange / "v1-lmdb09/lock")
    name.mkdir()
    os.chown(name, BERT, BERT)
    for _ in range(2):
        good, _ = people.build(BERT, BERT, "a", strange)
        people.tally.check(good, "a directory as generation")


def main():
    tally = Tally()
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        tally.skip("needs root and setpriv")
        tally.passed = 1
        tally.end()
    place = Place("users")
    subprocess.run(["chmod", "-R", "a+rX", place.top], check=True)
    for name in ("a", "b"):
        place.unit(name)
        place.right(name)
    people = People(place, tally)
    for case in (group_directory, group_directory_made_by_second, root_in_a_users_cache, roots_cache_for_users,
                 refused_directories, links, read_only, odd_directories):
        case(people)
    figure("users and directories", f"{people.cases} cases")
    tally.end()


if __name__ == "__main__":
    main()
