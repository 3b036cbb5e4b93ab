"""Who reads a text in shown.py and asked.py: gcc's preprocessor, which is right, and nvcache, which must see no less."""

import argparse
import concurrent.futures
import os
import random
import subprocess
import sys
import tempfile

DIALECTS = ["-std=c++17", "-std=gnu++17", "-std=c++20"]


def options(doc, steps):
    """What both scripts take; chance begins at --seed."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    random.seed(given.seed)
    return given


class Readers:
    """PROGRAM takes names of files and prints a line for each."""

    def __init__(self, program):
        self.program = program
        self.compiler = subprocess.run(["gcc", "-print-prog-name=cc1plus"], capture_output=True, text=True, check=True).stdout.strip()

    def preprocessed(self, path, dialect, *words):
        """What gcc prints; that it may call the text wrong does not matter."""
        return subprocess.run([self.compiler, "-E", "-quiet", "-P", "-w", dialect, *words, path], capture_output=True).stdout

    def said(self, paths):
        """nvcache's lines."""
        names = "".join(path + "\n" for path in paths).encode()
        run = subprocess.run([self.program], input=names, capture_output=True, check=True)
        return run.stdout.decode(errors="replace").split("\n")[:-1]


def show(path, what):
    with open(path, newline="") as file:
        print("WRONG: %s, and nvcache does not see it:\n%r" % (what, file.read()))


def compare(given, step, at_once):
    """Runs STEP(readers, place, first, n, pool) for all texts, so many at once.  It returns in how many gcc sees what is looked for,
    in how many nvcache says so, and (path, what) of those in which nvcache misses it.  Returns the two sums; ends the script at the
    first texts that nvcache has wrong, and where the sums show that nothing was tested."""
    readers = Readers(given.program)
    by_gcc, by_nvcache = 0, 0
    with tempfile.TemporaryDirectory() as place, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, given.steps, at_once):
            a, b, missed = step(readers, place, first, min(at_once, given.steps - first), pool)
            by_gcc, by_nvcache = by_gcc + a, by_nvcache + b
            for path, what in missed:
                show(path, what)
            if missed:
                sys.exit(1)
    if by_gcc == 0 or by_nvcache == given.steps:
        sys.exit("nothing was tested: %d and %d of %d texts" % (by_gcc, by_nvcache, given.steps))
    return by_gcc, by_nvcache
