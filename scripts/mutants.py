#!/usr/bin/env python3
"""Breaks the code on purpose, one place at a time, and sees whether the tests notice.

    scripts/mutants.py              every mutant of tests/mutants.txt
    scripts/mutants.py guard lock   those whose names have one of these words in them
    scripts/mutants.py --list       their names
    scripts/mutants.py --check      reads only: does each change a text that is there, and name tests that there are?

A mutant is a replacement of one piece of text that stands once in a file, and the tests that must
fail with it: names of unit tests (unit.store), end-to-end scripts (t040), fault tests (fault:t060) or a seed of the
property test that moves trees (moving:8).
The first that fails ends it.  Done in a copy of the tree; fails when a mutant lives, does not build, or
its text is not there any more.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Mutant:
    def __init__(self, name):
        self.name = name
        self.file = None
        self.old = []
        self.new = []
        self.tests = []


def read_mutants(path):
    """Lines: `mutant NAME`, `file PATH`, `-old`, `+new`, `tests NAME...`; # comments."""
    mutants = []
    for line in path.read_text().splitlines():
        word, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if line[0] in "-+":
            (mutants[-1].old if line[0] == "-" else mutants[-1].new).append(line[1:])
        elif word == "mutant":
            mutants.append(Mutant(rest))
        elif word == "file":
            mutants[-1].file = rest
        elif word == "tests":
            mutants[-1].tests = rest.split()
        else:
            sys.exit("mutants: cannot read: " + line)
    return mutants


def exists(test):
    kind, _, name = test.rpartition(":")
    if kind == "moving":
        return name.isdigit()
    if kind in ("", "fault") and name.startswith("t"):
        return any((ROOT / "tests" / (kind or "e2e")).glob(name + "_*"))
    return kind == "" and name.startswith("unit.") and (ROOT / "tests/unit" / name[5:]).is_dir()


def fault_of(mutant, root):
    """What is wrong with it, whatever the tests say of it, or None."""
    path = root / mutant.file
    times = path.read_text().count("\n".join(mutant.old)) if path.is_file() else 0
    unknown = [test for test in mutant.tests if not exists(test)]
    if times != 1:
        return "its text is there %d times" % times
    return "there is no test " + " ".join(unknown) if unknown or not mutant.tests else None


def run(command, **options):
    """A mutant may wait for ever: that is noticed too."""
    return subprocess.run(["timeout", "-k", "5", "600"] + command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)


class Tree:
    """A copy of the source tree, built once; mutants change one file of it at a time."""

    def __init__(self, place):
        self.place = Path(place)
        self.build = self.place / "build/dev"
        names = run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]).stdout.split("\0")
        listing = "\n".join(name for name in names if name and (ROOT / name).is_file())
        subprocess.run(["tar", "-C", str(ROOT), "-cf", place + "/tree.tar", "-T", "-"], input=listing, text=True, check=True)
        subprocess.run(["tar", "-C", place, "-xf", place + "/tree.tar"], check=True)
        done = run(["cmake", "--preset", "dev", "-DNVC_WERROR=OFF"], cwd=place)
        if done.returncode != 0 or not self.compile():
            sys.exit("mutants: the tree does not build\n" + done.stdout)

    def compile(self):
        return run(["cmake", "--build", str(self.build)], cwd=self.place).returncode == 0

    def passes(self, test):
        environment = dict(os.environ, NVCACHE=str(self.build / "nvcache"))
        if test.startswith("fault:"):
            command = ["tests/fault/run.sh", test[6:]]
        elif test.startswith("moving:"):
            command = ["tests/property/moving.py", "--steps", "700", "--seed", test[7:], "fake"]
        elif test.startswith("t"):
            command = ["tests/e2e/run.sh", test]
        else:
            command = ["ctest", "--test-dir", str(self.build), "-R", "^%s$" % test, "--no-tests=error",
                       "--timeout", "120"]
        return run(command, cwd=self.place, env=environment).returncode == 0


def verdict(tree, mutant):
    fault = fault_of(mutant, tree.place)
    if fault:
        return fault
    path = tree.place / mutant.file
    text = path.read_text()
    path.write_text(text.replace("\n".join(mutant.old), "\n".join(mutant.new)))
    try:
        if not tree.compile():
            return "does not build"
        for test in mutant.tests:
            if not tree.passes(test):
                return "killed by " + test
        return "LIVES"
    finally:
        path.write_text(text)


def check(mutants):
    failed = 0
    for mutant in mutants:
        fault = fault_of(mutant, ROOT)
        failed += fault is not None
        if fault:
            print("%s: %s" % (mutant.name, fault))
    print("check_mutants: %d mutants, %d faults" % (len(mutants), failed))
    return failed > 0 or not mutants


def try_all(chosen):
    failed = 0
    with tempfile.TemporaryDirectory(prefix="nvcache-mutants.") as place:
        tree = Tree(place)
        for mutant in chosen:
            said = verdict(tree, mutant)
            failed += not said.startswith("killed")
            print("%-60s %s" % (mutant.name, said), flush=True)
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return failed > 0 or not chosen


def main():
    words = sys.argv[1:]
    mutants = read_mutants(ROOT / "tests/mutants.txt")
    if words == ["--check"]:
        return check(mutants)
    if words == ["--list"]:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    return try_all([mutant for mutant in mutants if not words or any(word in mutant.name for word in words)])


if __name__ == "__main__":
    sys.exit(main())
