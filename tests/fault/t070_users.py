#!/usr/bin/env python3
"""Users, groups and odd directories: nobody's build fails, and nobody gets what a stranger wrote.

Needs root, to become others.
"""

import os
import shutil
import subprocess

from faultlib import NVCACHE, Place, Tally, figure, program

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
        done = people.place.nvcache("stats", wrap=people.wrap(BERT, BERT), env={"NVCACHE_DIR": str(cache)})
        said = b"belongs to somebody else" in done.err or case == "foreign, private" and b"no permission" in done.err
        people.tally.check(said and b"NVCACHE_DIR" in done.err, f"{case}: stats says {done.err}")


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


# What is refused without a look inside: type numbers of the kernel's statfs(2), and what we call them.
REMOTE_TYPES = {"nfs": 0x6969, "smb2": 0xFE534D42, "fuse": 0x65735546, "9p": 0x01021997, "ceph": 0x00C36400,
                "lustre": 0x0BD00BD0, "vboxsf": 0x786F4256, "vmhgfs": 0xBACBACBC}
ADVICE = b"NVCACHE_DIR to a directory on a local disk"


def network_file_systems(people):
    """Neither read nor locked nor written; what to do instead is said by every command that looks at the cache."""
    for name, number in REMOTE_TYPES.items():
        cache = people.directory(f"remote-{name}")
        wrap = [program("nth"), "statfs", "1+", f"type={number}"]
        people.expect(name, 0, 0, "a", cache, "network_fs", wrap=wrap)
        people.tally.check(not list(cache.iterdir()), f"{name}: something was made there")
        done = people.place.nvcache("stats", wrap=wrap, env={"NVCACHE_DIR": str(cache)})
        people.tally.check(f"({name})".encode() in done.err and ADVICE in done.err, f"{name}: stats says {done.err}")
        people.expect(f"{name}, before it exists", 0, 0, "a", cache / "sub", "network_fs", wrap=wrap)
        people.tally.check(not (cache / "sub").exists(), f"{name}: made")


def real_fuse(people):
    mount = people.directory("fuse")
    counts = people.place.top / "fuse-counts"
    wrap = ["env", f"FUSEFS_COUNTS={counts}", program("fusefs"), mount]
    if people.place.run(["true"], wrap=wrap).code != 0:
        people.tally.skip("no FUSE here")
        return
    people.expect("FUSE mount", 0, 0, "a", mount, "network_fs", wrap=wrap)
    people.expect("below a FUSE mount", 0, 0, "a", mount / "sub", "network_fs", wrap=wrap)
    people.tally.check(counts.read_text() == "0\n", "FUSE mount: something was changed there")


def overlay(people):
    """A cache in the lower layer of an image: it hits, and what is added lies in the upper layer."""
    lower = people.directory("lower")
    people.expect("overlay, lower layer", 0, 0, "a", lower / "cache", "new")
    before = {path.name: path.read_bytes() for path in people.place.generations(lower / "cache")}
    layers = [people.directory(name) for name in ("upper", "work", "merged")]
    options = f"lowerdir={lower},upperdir={layers[0]},workdir={layers[1]}"
    wrap = ["unshare", "-m", "sh", "-c", f'mount -t overlay overlay -o {options} {layers[2]} && exec "$@"', "sh"]
    if people.place.run(["true"], wrap=wrap).code != 0:
        people.tally.skip("no overlayfs here")
        return
    for name, outcome in (("a", "manifest"), ("b", "new"), ("b", "manifest"), ("a", "manifest")):
        people.expect("overlay", 0, 0, name, layers[2] / "cache", outcome, wrap=wrap)
    done = people.place.nvcache("verify", wrap=wrap, env={"NVCACHE_DIR": str(layers[2] / "cache")})
    people.tally.check(done.code == 0, f"overlay: verify: {done.err}")
    after = {path.name: path.read_bytes() for path in people.place.generations(lower / "cache")}
    people.tally.check(before == after, "overlay: the lower layer was written")


def two_names(people):
    """One directory, mounted in two places: it is one cache."""
    cache, other = people.directory("here"), people.directory("there")
    wrap = ["unshare", "-m", "sh", "-c", f'mount --bind {cache} {other} && exec "$@"', "sh"]
    people.expect("bind mount", 0, 0, "a", cache, "new")
    people.expect("bind mount", 0, 0, "a", other, "manifest", wrap=wrap)
    people.expect("bind mount", 0, 0, "b", other, "new", wrap=wrap)
    people.expect("bind mount", 0, 0, "b", cache, "manifest")


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
                 refused_directories, links, read_only, odd_directories, network_file_systems, real_fuse, overlay,
                 two_names):
        case(people)
    figure("users and directories", f"{people.cases} cases")
    tally.end()


if __name__ == "__main__":
    main()
