"""What the fault tests share: a place with a fake compiler, units to compile, an oracle.

The fake compiler (tests/support/fake_nvcc.c) takes a millisecond and makes an object that is
a digest of its inputs, so what a build must give is known by running it without a cache.  A
test is a list of checks; the last line says how many passed, failed and were skipped, as the
end-to-end tests do.

NVCACHE is the program under test (default build/dev/nvcache), FULL=1 asks for the full form,
FAULT_TMP is where the files lie (default: /dev/shm if it is there, else the system's).
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NVCACHE = Path(os.environ.get("NVCACHE", ROOT / "build/dev/nvcache")).resolve()
FULL = os.environ.get("FULL", "") not in ("", "0")
JOBS = int(os.environ.get("FAULT_JOBS", "0")) or os.cpu_count() or 2
LIMIT_S = 30  # a command that takes longer is stuck


def full(in_full, in_short):
    return in_full if FULL else in_short


class Tally:
    """Counts checks; knows how to end the test."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def check(self, good, what):
        with self.lock:
            if good:
                self.passed += 1
            else:
                self.failed += 1
                if self.failed <= 20:
                    print(f"  FAIL {what}", flush=True)
        return good

    def skip(self, what):
        self.skipped += 1
        print(f"  skip {what}")

    def end(self):
        print(f"{Path(sys.argv[0]).stem}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(self.failed != 0 or self.passed == 0)


def figure(name, text):
    """One line of the table in docs/faults.md."""
    print(f"  {name}: {text}", flush=True)


def scratch_parent():
    chosen = os.environ.get("FAULT_TMP")
    return chosen or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir())


SOURCES = {"fake_nvcc": ROOT / "tests/support/fake_nvcc.c", "storm": HERE / "storm.c", "nth": HERE / "nth.c",
           "fusefs": HERE / "fusefs.c"}
built = {}


def program(name):
    """A program of these tests: the one in the build directory, or made here."""
    ready = NVCACHE.parent / "tests/fault" / name
    if ready.exists():
        return ready
    if name not in built:
        made = Path(tempfile.mkdtemp(prefix="nvcache-program."))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        flags = ["-O2", "-std=c17", "-D_GNU_SOURCE", "-static"]
        subprocess.run(["cc", *flags, "-o", made / name, SOURCES[name]], check=True)
        built[name] = made / name
    return built[name]


class Outcome:
    def __init__(self, code, err, seconds):
        self.code, self.err, self.seconds = code, err, seconds


class Place:
    """A directory of its own with toolchain, sources, cache and TMPDIR."""

    def __init__(self, name="fault", parent=None):
        self.set_top(Path(tempfile.mkdtemp(prefix=f"nvcache-{name}.", dir=parent or scratch_parent())))
        atexit.register(shutil.rmtree, self.top, ignore_errors=True)
        self.work.mkdir()
        (self.top / "tmp").mkdir()
        (self.top / "run").mkdir(mode=0o700)
        install = ROOT / "tests/support/fake_toolchain.sh"
        subprocess.run([install, program("fake_nvcc"), self.top], check=True)

    @classmethod
    def existing(cls, top):
        """Another process's place."""
        place = cls.__new__(cls)
        place.set_top(Path(top))
        return place

    def set_top(self, top):
        self.top, self.cache, self.work = top, top / "cache", top / "work"
        self.env = {
            "PATH": f"{self.top}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.top),
            "TMPDIR": str(self.top / "tmp"),
            "NVCACHE_DIR": str(self.cache),
            "XDG_RUNTIME_DIR": str(self.top / "run"),
            "LC_ALL": "C",
            "NVCACHE_PLAN": "0",  # the made-up compiler has no steps to run
        }
        self.oracle = {}

    def unit(self, name, size=20000, more=""):
        """A source with a header of its own, both older than the coarse clock's tick."""
        (self.work / f"{name}.h").write_text(f"#define {name.upper()} 1\n{more}\n")
        (self.work / f"{name}.cu").write_text(f'// fake-size: {size}\n#include "{name}.h"\n')
        for suffix in ("h", "cu"):
            os.utime(self.work / f"{name}.{suffix}", (1e9, 1e9))
        time.sleep(0.02)
        return name

    def command(self, name, output=None):
        """Outputs below /dev are not cached, and we may be in /dev/shm: so name it from the work directory."""
        named = os.path.relpath(output, self.work) if output else f"{name}.o"
        return ["nvcc", "-c", f"{name}.cu", "-o", named]

    def run(self, argv, wrap=(), env=None, cwd=None, limit=LIMIT_S):
        """Run a command; a code of None means that it was stuck."""
        began = time.monotonic()
        process = subprocess.Popen(
            [*map(str, wrap), *map(str, argv)],
            cwd=cwd or self.work,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            err = process.communicate(timeout=limit)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Outcome(None, b"stuck", limit)
        return Outcome(process.returncode, err, time.monotonic() - began)

    def nvcache(self, *argv, **how):
        return self.run([NVCACHE, *argv], **how)

    def compile(self, name, output=None, **how):
        return self.run([NVCACHE, *self.command(name, output)], **how)

    def right(self, name):
        """The bytes that a unit must compile to, from the compiler alone."""
        if name not in self.oracle:
            output = self.top / f"oracle-{name}.o"
            done = self.run(self.command(name, output))
            assert done.code == 0, done.err
            self.oracle[name] = output.read_bytes()
            output.unlink()
        return self.oracle[name]

    def has_hits(self, cache=None):
        """Whether the cache was in use at all: a test of one that is bypassed shows nothing."""
        return (self.stats(cache) or {"hits": {}})["hits"].get("manifest", 0) > 0

    def is_right(self, name, output=None):
        path = self.work / (output or f"{name}.o")
        return path.exists() and path.read_bytes() == self.right(name)

    def stats(self, cache=None):
        env = {**self.env, **({"NVCACHE_DIR": str(cache)} if cache else {})}
        done = subprocess.run([NVCACHE, "stats", "--json"], env=env, capture_output=True, check=False, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def generations(self, cache=None):
        return sorted((cache or self.cache).glob("v1-lmdb09/g*.mdb"))

    def save(self, name):
        """Keep a copy of the cache as it is now."""
        copy_tree(self.cache, self.top / f"state-{name}")
        return self.top / f"state-{name}"


def copy_tree(source, target):
    """Replace target by a copy of source, or by nothing if there is no source."""
    subprocess.run(["rm", "-rf", str(target)], check=True)
    if source and Path(source).exists():
        subprocess.run(["cp", "-a", "--sparse=always", str(source), str(target)], check=True)


def in_parallel(function, items, jobs=None):
    """function(worker, item) for all items; a worker is a number that nobody else has."""
    free = list(range(jobs or JOBS))
    lock = threading.Lock()

    def one(item):
        with lock:
            worker = free.pop()
        try:
            return function(worker, item)
        finally:
            with lock:
                free.append(worker)

    with ThreadPoolExecutor(jobs or JOBS) as pool:
        return list(pool.map(one, items))
