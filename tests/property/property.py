#!/usr/bin/env python3
"""Random edits of random projects: after each, nvcache's result is the compiler's own.

  property.py [OPTION...] fake     a compiler whose object is a digest of all it read
  property.py [OPTION...] real     nvcc, fewer steps

--steps N, --seed S; --jobs N: the steps in N runs side by side, with seeds from S on; --seconds N: end after that time,
with the steps done by then; --long: as many steps as the long tests take.

Prints how many steps there were, how many were hits, and the needless misses: steps whose command, variables and
result (what the compiler made) were those of an earlier compile, and were compiled again.  Each is shown with nvcache's own
reason and with what a compile could see that was other than when any of those results was recorded.  Ends with 1 when a result
was wrong, or when it was compiled again though nothing that it could see had changed; says which edits led to a wrong one and
keeps its files; the run goes on with another project.  Hits by text or by steps count as hits.  NVCACHE is the program
(build/dev/nvcache), NVCC the compiler of `real`; NVCACHE_PLAN is handed on.

Why they are needed: `search_changed`, a name that an input mentions is found in another directory, or not any
more, and only the compiler knows whether it was asked for there and whether yes or no was all it asked
(#if __has_include); `options_changed`, an options file or a script before the compiler says other than before, and only the
compiler knows that this text does not use it; `input_changed`, `input_missing`, a header whose text does not reach the object;
`not kept the last time: hidden_input`, what a condition asks for is put together by macros; `not kept ... no inotify`, something
was written into a searched directory while nobody could watch it.

nvcc is not run again for a state (every file, word and variable) that it was run for, but now and
then to see that it says the same."""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from project import Project
from toolchain import Toolchain
from visible import Recorded, digest, visible

HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    def __init__(self, options):
        self.real = options.mode == "real"
        self.seed = options.seed
        self.chance = random.Random(options.seed)
        self.top = tempfile.mkdtemp(prefix="nvcache-property-")
        self.nvcache = os.path.abspath(os.environ.get("NVCACHE", os.path.join(HERE, "../../build/dev/nvcache")))
        self.work = os.path.join(self.top, "work")
        self.environment = {k: v for k, v in os.environ.items() if k in ("HOME", "PATH", "LANG")}
        os.mkdir(os.path.join(self.top, "run"), 0o700)
        self.environment["XDG_RUNTIME_DIR"] = os.path.join(self.top, "run")
        self.environment.update(NVCACHE_DIR=os.path.join(self.top, "cache"), FAKE_RUNS=os.path.join(self.top, "runs"))
        if not self.real:
            self.environment["NVCACHE_PLAN"] = "0"  # the made-up compiler has no steps to run
        self.environment["TMPDIR"] = self.top
        self.environment["NVCACHE_LOG"] = self.log = os.path.join(self.top, "log")
        self.known = {}  # how a state's last compile ended: kept, or why not
        self.plain = {}  # by state: what nvcc made of it
        self.recorded = Recorded(self.top)
        self.reasons = {}
        self.hits = self.needless = self.unexplained = self.wrong = self.failed = self.compiled = self.passed = 0
        os.makedirs(self.work)
        os.chdir(self.work)
        nvcc = os.environ.get("NVCC") or shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
        self.toolchain = Toolchain(self.top, self.chance, nvcc if self.real else None, self.environment)
        self.project = Project(self.chance, self.real, self.toolchain)

    def words(self, launcher):
        return launcher + self.toolchain.words() + self.project.kind + self.project.includes + self.project.flags + [
            "-MD", "-MF", "out.d", "src/main.cu", "-o", "out.o"]

    def strip_names(self):
        """Where steps run one by one, the name of nvcc's intermediate file in the table of symbols is another."""
        with open("out.o", "rb") as got:
            head = got.read(20)
        if self.real and head[:4] == b"\x7fELF" and head[18:20] == b"\x3e\0":
            subprocess.run(["objcopy", "--strip-unneeded", "out.o"], check=True)

    def compile(self, launcher):
        for name in ("out.o", "out.d"):
            if os.path.exists(name):
                os.remove(name)
        words = self.words(launcher)
        done = subprocess.run(words, env={**self.environment, **self.project.environment}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False)
        results = [done.returncode]
        if os.path.exists("out.o"):
            self.strip_names()
        for name in ("out.o", "out.d"):
            data = b""
            if os.path.exists(name):
                with open(name, "rb") as got:
                    data = re.sub(rb"tmpxft_[0-9a-f]+_[0-9a-f]+", b"tmpxft_X", got.read())
            results.append(data)
        return words[len(launcher):], results

    def counted(self, name):
        text = subprocess.run([self.nvcache, "stats", "--json"], env=self.environment, capture_output=True, text=True, check=False).stdout
        found = re.search(rf'"{name}": *(\d+)', text)
        return int(found[1]) if found else 0

    def compiles(self):
        if self.real:
            return self.counted("misses")
        path = self.environment["FAKE_RUNS"]
        return os.path.getsize(path) if os.path.exists(path) else 0

    def visible(self):
        """All files that a compile here can see, and where programs are looked for."""
        found = visible([os.path.join(self.top, name) for name in ("work", "wrap", "bin", "host", "front")])
        found[os.path.join(self.top, "PATH")] = self.environment["PATH"]
        return found

    def tree(self, words):
        """All that a compile here can see, as a digest."""
        return digest(self.visible(), (words, sorted(self.project.environment.items())))

    def compile_plain(self):
        if not self.real:
            return self.compile([])
        words = self.words([])
        tree = self.tree(words)
        if tree in self.plain and self.chance.random() < 0.9:
            return words, self.plain[tree]
        made = self.compile([])[1]
        if self.plain.setdefault(tree, made) != made:
            print(f"nvcc makes different things of the same files: {self.work}", flush=True)
        return words, made

    def said(self):
        """How the last command ended, in nvcache's words: why it was a miss, and what became of the result."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        end = re.findall(r"end outcome=(\S+)(?: culprit=(.*?))? nostore=(\S+)", text)
        if not end:
            return "no word", ""
        outcome, culprit, kept = end[-1]
        if kept not in ("ok", "-"):
            blind = ", no inotify" if "vigil status=" in text else ""
            return outcome, f"{kept} ({os.path.basename(culprit)}{blind})"
        kind = culprit if outcome == "options_changed" else ""
        return outcome + (f" ({kind})" if kind else ""), kept

    def needless_miss(self, state, names, why):
        """Why a state was compiled again that had been compiled before; a fault if nothing at all differs from then."""
        self.needless += 1
        differing = self.recorded.differences(state, names)
        if differing == "":
            self.unexplained += 1
            print(f"NOTHING CHANGED, and still {why}: seed {self.seed}, {self.words([])}", flush=True)
        last = self.known[state]
        reason = f"not kept the last time: {last}" if last != "ok" else f"{why}; other: {differing or 'nothing'}"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def count(self, state, ran):
        """A step that went right."""
        why, kept = self.said()
        if self.toolchain.is_passed:
            self.passed += 1
        elif not ran:
            self.hits += 1
        else:
            names = self.visible()
            self.compiled += 1
            if state in self.known:
                self.needless_miss(state, names, why)
            self.known[state] = kept
            if kept == "ok":
                self.recorded.add(state, names)

    def keep(self, plain, cached):
        """What a wrong step was about, for whoever looks into it."""
        place = os.path.join(self.top, f"wrong{self.wrong}")
        os.mkdir(place)
        shutil.copytree(self.work, os.path.join(place, "work"), symlinks=True)
        for name in ("wrap", "cache"):
            shutil.copytree(os.path.join(self.top, name), os.path.join(place, name))
        shutil.copy(self.log, place)
        for name, result in (("plain", plain), ("cached", cached)):
            with open(os.path.join(place, name), "wb") as out:
                out.write(b"exit status %d\n" % result[0] + result[1] + result[2])
        return place

    def step(self):
        """None, or where the files of a wrong result are."""
        words, plain = self.compile_plain()
        before = self.compiles()
        with open(self.log, "wb"):
            pass
        cached = self.compile([self.nvcache])[1]
        self.project.is_broken = plain[0] != 0
        if cached != plain:
            self.wrong += 1
            return self.keep(plain, cached)
        if plain[0] != 0:
            self.failed += 1
        else:
            state = (tuple(words), str(sorted(self.project.environment.items())), plain[1], plain[2])
            self.count(state, self.compiles() != before)
        return None

    def begin_project(self):
        os.chdir("/")
        shutil.rmtree(self.work)
        os.makedirs(self.work)
        os.chdir(self.work)
        shutil.rmtree("../saved", ignore_errors=True)
        self.project = Project(self.chance, self.real, self.toolchain)

    def all(self, steps, seconds):
        """Edit, compile, compare; what was counted."""
        trail = []
        end = time.monotonic() + seconds
        done = 0
        while done < steps and time.monotonic() < end:
            what = self.project.edit()
            trail.append(what)
            done += 1
            place = self.step()
            if place:
                print(f"WRONG at step {done} of seed {self.seed}: {self.words([])} "
                      f"{self.project.environment}, {self.environment['PATH'].split(':')[0]} first")
                print("  after: " + "; ".join(trail[-30:]))
                print(f"  files: {place}", flush=True)
            if place or done % 500 == 0:  # another project
                self.begin_project()
        os.chdir("/")
        if self.wrong == 0:
            shutil.rmtree(self.top)
        counts = {name: getattr(self, name) for name in COUNTS}
        counts["steps"] = done
        counts.update({f"why {what}": n for what, n in self.reasons.items()})
        return counts


COUNTS = ("hits", "compiled", "needless", "unexplained", "failed", "passed", "wrong")


def run_jobs(options, steps):
    """Runs with seeds of their own, side by side; their counts together, and how many ended as they should."""
    each = -(-steps // options.jobs)
    command = [sys.executable, os.path.abspath(__file__), options.mode, "--counts", "--steps", str(each)]
    command += ["--seconds", str(options.seconds)]
    jobs = [subprocess.Popen(command + ["--seed", str(options.seed + i)], stdout=subprocess.PIPE, text=True)
            for i in range(options.jobs)]
    total = {}
    ended = 0
    for job in jobs:
        *said, counts = job.communicate()[0].splitlines() or [""]
        if job.returncode == 0 and counts.startswith("{"):
            ended += 1
            for name, n in json.loads(counts).items():
                total[name] = total.get(name, 0) + n
        print("".join(line + "\n" for line in said), end="")
    return total, ended


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("fake", "real"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--counts", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    steps = options.steps or {"fake": (2000, 100000), "real": (20, 2000)}[options.mode][options.long]
    if options.counts:
        print(json.dumps(Run(options).all(steps, options.seconds)))
        return 0
    total, ended = run_jobs(options, steps)
    n = {name: total.get(name, 0) for name in ("steps",) + COUNTS}
    print(f"{n['steps']} steps: {n['hits']} hits, {n['compiled']} compiled ({n['needless']} needlessly, "
          f"{n['unexplained']} of these though nothing had changed), "
          f"{n['failed']} did not compile, {n['passed']} passed through, {n['wrong']} wrong")
    for what, count in sorted(total.items()):
        if what.startswith("why "):
            print(f"  needless {count:6}  {what[4:]}")
    if ended < options.jobs:
        print(f"{options.jobs - ended} of {options.jobs} runs did not come to their end")
    if n["hits"] == 0:
        print("nothing was ever replayed: this run proved nothing")
    return 1 if n["wrong"] or n["unexplained"] or ended < options.jobs or n["hits"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
