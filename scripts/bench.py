#!/usr/bin/env python3
"""Times nvcache beside its peers and beside the least that the machine allows.

usage: bench.py NVCC NVCACHE TOOLS [--quick] [--long] [--runs N] [--json FILE] [--plot FILE]
                [--only ROW,...] [--peer NAME=COMMAND]... [--torch INCLUDE]
                [--cutlass INCLUDE] [--ggml DIR] [--units N]

TOOLS holds the programs built from scripts/bench.  Everything that is compared is run in turn,
in one run; times are of whole processes, from posix_spawn to wait; figures are medians, ratios are
of medians.  Outputs are deleted before and compared after every run.  The floor is a static C
program that knows the inputs: it stats (or reads and hashes) them and writes the same outputs."""

import argparse
import glob
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the modules beside this one stay as they are

UNITS = {
    "tiny": ("a tiny kernel", "__global__ void k(int *p) { *p = 1; }\n"),
    "cub": ("a CUB block reduction", "#include <cub/block/block_reduce.cuh>\n"
            "__global__ void k(int *p) { typedef cub::BlockReduce<int, 128> R;\n"
            "__shared__ R::TempStorage t; *p = R(t).Sum(threadIdx.x); }\n"),
    "thrust": ("a Thrust sort", "#include <thrust/device_vector.h>\n#include <thrust/sort.h>\n"
               "void run(thrust::device_vector<int> &v) { thrust::sort(v.begin(), v.end()); }\n"),
    "cutlass": ("a CUTLASS GEMM", "#include <cutlass/gemm/device/gemm.h>\n"
                "using real = cutlass::half_t;\nusing row = cutlass::layout::RowMajor;\n"
                "using gemm = cutlass::gemm::device::Gemm<real, row, real, row, float, row, float,\n"
                "    cutlass::arch::OpClassTensorOp, cutlass::arch::Sm80>;\n"
                "cutlass::Status run(const gemm::Arguments &a) { gemm g; return g(a); }\n"),
    "torch": ("a PyTorch extension", "#include <torch/extension.h>\n"
              "__global__ void k(float *p) { p[threadIdx.x] *= 2; }\n"
              "torch::Tensor f(torch::Tensor t) { k<<<1, 32>>>(t.data_ptr<float>()); return t; }\n"),
}

# A hit of sccache starts the compiler's preprocessor: seconds, not milliseconds.
SLOW_EVERY = 9


def spawn(command, environment):
    """Seconds of wall and of CPU time."""
    start = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    pid = os.posix_spawnp(command[0], command, environment, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit("bench: failed: %s" % " ".join(command))
    return wall, usage.ru_utime + usage.ru_stime


def read(path):
    with open(path, "rb") as file:
        return file.read()


def remove(*paths):
    for path in paths:
        if os.path.exists(path):
            os.unlink(path)


def dependencies(path):
    words = read(path).decode().replace("\\\n", " ").split(":", 1)[1].split()
    return list(dict.fromkeys(os.path.normpath(word) if "/../" not in word else word for word in words))


def write_list(path, names):
    with open(path, "wb") as file:
        file.write(b"".join(name.encode() + b"\0" for name in names))


class Contest:
    """Commands that do the same, run in turn in one directory."""

    def __init__(self, outputs):
        self.outputs = outputs
        self.commands = {}
        self.before = None
        self.wall = {}
        self.cpu = {}

    def add(self, name, command, environment):
        self.commands[name] = (command, environment)
        self.wall[name] = []
        self.cpu[name] = []

    def run(self, runs, expected):
        for turn in range(runs):
            for name, (command, environment) in self.commands.items():
                if "sccache" in name and turn % SLOW_EVERY != 0:
                    continue
                remove(*self.outputs)
                if self.before:
                    self.before(name)
                wall, cpu = spawn(command, environment)
                if self.outputs and read(self.outputs[0]) != expected(name):
                    sys.exit("bench: %s gave another output" % name)
                self.wall[name].append(wall)
                self.cpu[name].append(cpu)

    def result(self):
        """{name: figures} in milliseconds."""
        out = {}
        for name, values in self.wall.items():
            ordered = sorted(values)
            quarter = len(ordered) // 4
            out[name] = {"ms": 1000 * statistics.median(values), "min_ms": 1000 * ordered[0],
                         "spread_ms": 1000 * (ordered[-1 - quarter] - ordered[quarter]),
                         "cpu_ms": 1000 * statistics.median(self.cpu[name])}
        return out


class Bench:
    def __init__(self, arguments, place):
        self.nvcc = arguments.nvcc
        self.nvcache = os.path.abspath(arguments.nvcache)
        self.tools = os.path.abspath(arguments.tools)
        self.runs = arguments.runs
        self.arguments = arguments
        self.place = place
        self.plain = dict(os.environ)
        for name in list(self.plain):
            if name.startswith(("NVCACHE_", "CCACHE_", "SCCACHE_")):
                del self.plain[name]
        self.launchers = {"nvcache": self.launcher("nvcache", [self.nvcache], NVCACHE_DIR="nvcache")}
        if shutil.which("ccache"):
            self.launchers["ccache"] = self.launcher("ccache", [shutil.which("ccache")], CCACHE_DIR="ccache")
            self.launchers["ccache depend"] = self.launcher(
                "ccache depend", [shutil.which("ccache")], CCACHE_DIR="ccache-depend")
            self.launchers["ccache depend"][1]["CCACHE_DEPEND"] = "1"
        for peer in arguments.peer:
            name, command = peer.split("=", 1)
            upper = "SCCACHE_DIR" if "sccache" in name else "CCACHE_DIR" if "ccache" in name else "NVCACHE_DIR"
            self.launchers[name] = self.launcher(name, command.split(), **{upper: name})
            if "sccache" in name:
                self.launchers[name][1]["SCCACHE_SERVER_UDS"] = os.path.join(self.place, "sccache.socket")

    def stop_servers(self):
        for name, (command, environment) in self.launchers.items():
            if "sccache" in name:
                subprocess.run(command + ["--stop-server"], env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)

    def launcher(self, _, command, **directories):
        environment = dict(self.plain)
        for variable, name in directories.items():
            environment[variable] = os.path.join(self.place, "cache-" + name)
        return command, environment

    def peers(self):
        return [name for name in self.launchers if name != "nvcache"]

    def unit(self, name, text, flags=()):
        """A directory with unit.cu; the words behind the launcher."""
        directory = os.path.join(self.place, "unit-" + name)
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, "unit.cu"), "w") as file:
            file.write(text)
        os.chdir(directory)
        time.sleep(2.1)  # caches do not trust files younger than two seconds
        return [self.nvcc, *flags, "-gencode=arch=compute_80,code=sm_80", "-MD", "-MF", "unit.d", "-c", "unit.cu", "-o", "unit.o"]

    def contest(self, words, names=None, warm=2):
        """Each launcher has compiled the unit once, and the floor knows what came out."""
        contest = Contest(["unit.o", "unit.d"])
        first = {}
        for name in names or self.launchers:
            command, environment = self.launchers[name]
            for _ in range(1 + warm):
                remove("unit.o", "unit.d")
                spawn(command + words, environment)
                first.setdefault(name, read("unit.o"))
            contest.add(name, command + words, environment)
        remove("unit.o", "unit.d")
        spawn(self.launchers["nvcache"][0] + words, self.launchers["nvcache"][1])
        first["floor"] = read("unit.o")
        for name, content in first.items():
            if len(content) < len(first["floor"]) // 2:
                sys.exit("bench: %s gave an object of another unit" % name)
        subprocess.check_call([self.tools + "/floor", "pack", "unit.o", "unit.d", "record"])
        self.set_floor(dependencies("unit.d"), [])
        contest.add("floor", [self.tools + "/floor", "hit", "stats", "hashes", "record", "unit.o", "unit.d"],
                    self.plain)
        return contest, first.__getitem__

    @staticmethod
    def set_floor(stats, hashes):
        write_list("stats", stats)
        write_list("hashes", hashes)

    def trace(self, words):
        """What the launcher opens, and how many system calls a hit makes."""
        command, environment = self.launchers["nvcache"]
        if not shutil.which("strace"):
            return None, []
        # A file for each thread: in one for all, calls that overlap are cut in two.
        subprocess.run(["strace", "-ff", "-o", "trace"] + command + words, env=environment,
                       stdout=subprocess.DEVNULL, check=True)
        lines = []
        for path in glob.glob("trace.*"):
            lines += read(path).decode(errors="replace").splitlines()
            os.remove(path)
        opened = [m.group(1) for m in (re.search(r'open(?:at\(AT_FDCWD, |\()"([^"]+)", O_RDONLY\|O_[NC][A-Z|_]*\) = \d', line)
                                       for line in lines) if m]
        return sum("(" in line for line in lines), [p for p in opened if os.path.isfile(p)]

    # ---- rows ----

    def hits(self, key):
        flags = []
        if key == "torch":
            include = self.arguments.torch
            flags = ["-I" + include, "-I" + include + "/torch/csrc/api/include", "-std=c++20",
                     "-DTORCH_EXTENSION_NAME=x", "-I" + self.arguments.python_include]
        elif key == "cutlass":
            flags = ["-I" + self.arguments.cutlass, "-std=c++17", "--expt-relaxed-constexpr"]
        words = self.unit(key, UNITS[key][1], flags)
        contest, expected = self.contest(words)
        contest.run(self.runs if key != "torch" else max(self.runs // 2, 5), expected)
        return {"what": "hit: " + UNITS[key][0], "headers": len(dependencies("unit.d")) - 1,
                "syscalls": self.trace(words)[0], "times": contest.result()}

    def own_headers(self):
        """The toolkit's C++ headers in a directory of our own, to be touched."""
        top = os.path.dirname(os.path.dirname(os.path.realpath(self.nvcc)))
        for source in (top + "/include/cccl", top + "/targets/x86_64-linux/include/cccl"):
            if os.path.isdir(source):
                shutil.copytree(source, os.path.join(self.place, "own"), dirs_exist_ok=True)
                return os.path.join(self.place, "own")
        return None

    def touched(self):
        own = self.own_headers()
        if own is None:
            return None
        words = self.unit("touched", UNITS["thrust"][1], ["-I" + own])
        contest, expected = self.contest(words)
        mine = [name for name in dependencies("unit.d") if name.startswith(own)]
        self.set_floor([name for name in dependencies("unit.d") if name not in set(mine)], mine)

        def touch(_):
            for name in mine:
                os.utime(name)
        contest.before = touch
        contest.run(max(self.runs // 3, 5), expected)
        return {"what": "hit: %d headers touched" % len(mine), "headers": len(dependencies("unit.d")) - 1,
                "times": contest.result()}

    def fresh(self):
        words = self.unit("thrust", UNITS["thrust"][1])
        contest, expected = self.contest(words, ["nvcache"])
        memo = os.path.join(self.launchers["nvcache"][1]["NVCACHE_DIR"], "memo-v1")
        remove(memo)
        hashed = self.trace(words)[1]
        if not hashed:
            return None  # nothing can be traced here
        self.set_floor([], hashed)
        contest.before = lambda name: remove(memo)
        contest.run(max(self.runs // 3, 5), expected)
        return {"what": "hit: nothing remembered (%d files read)" % len(hashed),
                "headers": len(dependencies("unit.d")) - 1, "times": contest.result()}

    def large(self):
        import base64
        # Not the tiny kernel again: ccache, which compares the text of one pass only, would give that one's object.
        text = "__global__ void large(int *p) { *p = 1; }\n#ifndef __CUDA_ARCH__\n"
        for i in range(50):
            text += 'extern const char part%d[] = "%s";\n' % (i, base64.b64encode(os.urandom(768 << 10)).decode())
        words = self.unit("large", text + "#endif\n")
        contest, expected = self.contest(words)
        contest.run(max(self.runs // 3, 5), expected)
        return {"what": "hit: an object of %d MB" % (os.path.getsize("unit.o") // 1000000),
                "headers": len(dependencies("unit.d")) - 1, "times": contest.result()}

    def miss(self):
        return self.missed("one architecture", [])

    def miss2(self):
        return self.missed("two architectures", ["-gencode=arch=compute_90,code=sm_90"])

    def missed(self, what, flags):
        words = self.unit("cub", UNITS["cub"][1], flags)
        contest = Contest(["unit.o", "unit.d"])
        contest.add("nvcc", words, self.plain)
        for name, (command, environment) in self.launchers.items():
            if "sccache" in name:
                continue
            environment = dict(environment, NVCACHE_RECACHE="1", CCACHE_RECACHE="1")
            contest.add(name, command + words, environment)
        contest.outputs = []
        contest.run(max(self.runs // 6, 5), None)
        return {"what": "miss: a CUB block reduction, " + what, "headers": len(dependencies("unit.d")) - 1,
                "times": contest.result()}

    def start(self):
        contest = Contest([])
        contest.add("nvcache", [self.nvcache, "--version"], self.plain)
        contest.add("floor", [self.tools + "/empty"], self.plain)
        if shutil.which("ccache"):
            contest.add("ccache", ["ccache", "--version"], self.plain)
        contest.run(self.runs * 4, None)
        return {"what": "start: --version", "headers": 0, "times": contest.result()}

    def parallel(self):
        """64 hits of one unit at once, on two processors."""
        words = self.unit("tiny", UNITS["tiny"][1])
        contest, _ = self.contest(words)
        if hasattr(os, "sched_setaffinity"):
            everything = os.sched_getaffinity(0)
            os.sched_setaffinity(0, sorted(everything)[:2])
        times = {name: [] for name in contest.commands if "sccache" not in name}
        for _ in range(max(self.runs // 6, 5)):
            for name in times:
                command, environment = contest.commands[name]
                start = time.perf_counter()
                pids = [os.posix_spawnp(command[0], command, environment) for _ in range(64)]
                if any(os.waitpid(pid, 0)[1] for pid in pids):
                    sys.exit("bench: a parallel hit failed")
                times[name].append(time.perf_counter() - start)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, everything)
        return {"what": "64 hits at once, 2 processors", "headers": len(dependencies("unit.d")) - 1,
                "times": {name: {"ms": 1000 * statistics.median(v), "min_ms": 1000 * min(v),
                                 "spread_ms": 1000 * (max(v) - min(v))} for name, v in times.items()}}

    def growth(self):
        words = self.unit("tiny", UNITS["tiny"][1])
        contest = Contest(["unit.o", "unit.d"])
        first = {}
        steps = [("100 entries", 100, 1 << 40), ("10,000 entries", 10000, 1 << 40)]
        if self.arguments.long:
            steps.append(("100,000 entries", 100000, 1 << 40))
        steps += [("8 generations", 3300, 128 << 20), ("15 generations", 6600, 128 << 20)]
        for seed, (name, count, size) in enumerate(steps):
            directory = os.path.join(self.place, "cache-" + name.replace(" ", "-"))
            environment = dict(self.plain, NVCACHE_DIR=directory, NVCACHE_MAX_SIZE=str(size))
            length = "20000" if size < 1 << 40 else "2000"
            fill = [self.tools + "/fill", directory, str(count // 2), length, str(size)]
            subprocess.check_call(fill + [str(2 * seed)])
            spawn([self.nvcache] + words, environment)
            first[name] = read("unit.o")
            subprocess.check_call(fill + [str(2 * seed + 1)])
            spawn([self.nvcache] + words, environment)
            contest.add(name, [self.nvcache] + words, environment)
        contest.run(self.runs, first.__getitem__)
        return {"what": "hit: a tiny kernel in caches of several sizes", "headers": 0, "times": contest.result()}

    def ggml(self):
        import bench_ggml
        return bench_ggml.run(self)


ROWS = ["tiny", "cub", "cutlass", "thrust", "torch", "touched", "fresh", "large", "miss", "miss2", "start", "parallel",
        "growth", "ggml"]
QUICK = ["tiny", "cub", "large", "start", "parallel"]

# What a row must show: (rows, of which time, beside whom, at most).  The first that stands in a row counts as "ccache":
# the newest there is.
CCACHES = ("ccache head", "ccache depend", "ccache")
TARGETS = [
    (("tiny", "cub", "cutlass", "thrust", "torch"), "ms", "ccache", 0.3),
    (("tiny", "cub", "cutlass", "thrust", "torch"), "ms", "floor", 1.5),
    (("touched", "fresh", "large", "start"), "ms", "floor", 1.3),
    (("ggml",), "share_ms", "ccache", 0.5),
    (("miss",), "ms", "nvcc", 1.02),
    (("miss",), "cpu_ms", "nvcc", 1.02),
    (("miss2",), "ms", "nvcc", 1.0),
    (("tiny", "cub", "cutlass", "thrust", "torch"), "ms", "sccache", 0.02),
    (("parallel",), "ms", "ccache", 0.5),
    (("growth",), "ms", "100 entries", 1.1),
]


def judged(row):
    """(what, ratio, target) of each target that the row has figures for."""
    times = row["times"]
    for rows, field, peer, most in TARGETS:
        if row["row"] not in rows:
            continue
        if peer == "ccache":
            peer = next((name for name in CCACHES if name in times), None)
        if peer not in times or field not in times[peer]:
            continue
        ours = ["nvcache"] if "nvcache" in times else [name for name in times if name != peer]
        for name in ours:
            label = "%s/%s" % (name, peer) + (" CPU" if field == "cpu_ms" else "")
            yield label, times[name][field] / times[peer][field], most
    if "nvcache" in row.get("sizes", {}):
        sizes = row["sizes"]
        peer = next(name for name in CCACHES if name in sizes)
        yield "size, nvcache/" + peer, sizes["nvcache"] / sizes[peer], 1.0


def print_targets(report):
    print("%-52s %-32s %7s %9s" % ("row", "ratio of medians", "target", "measured"))
    for row in report["rows"]:
        for label, ratio, most in judged(row):
            print("%-52s %-32s %7.2f %9.3f%s" % (row["what"], label, most, ratio, "" if ratio <= most else "   missed"))


def print_row(row):
    times = row["times"]
    base = times.get("nvcache")
    print("%s%s%s" % (row["what"], " (%d headers)" % row["headers"] if row["headers"] else "",
                      ", %d system calls" % row["syscalls"] if row.get("syscalls") else ""))
    for name, figures in times.items():
        ratio = "" if base is None or name == "nvcache" else "   nvcache/%s %.2f" % (name, base["ms"] / figures["ms"])
        if "cpu_ms" in figures and base is not None and name != "nvcache":
            ratio += "  CPU %.2f" % (base["cpu_ms"] / figures["cpu_ms"] if figures["cpu_ms"] else 0)
        print("    %-18s %9.2f ms  min %8.2f  spread %7.2f%s" %
              (name, figures["ms"], figures["min_ms"], figures["spread_ms"], ratio))
    for key, value in row.get("sizes", {}).items():
        print("    %-18s %9.2f MB in the cache" % (key, value / 1e6))
    sys.stdout.flush()


def machine():
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    return "%s, %d processors, Linux %s" % (model.group(1) if model else platform.machine(), os.cpu_count(),
                                            platform.release())


def write(report, json_path, plot_path):
    """After each row: a run that is cut short has said what it found."""
    if json_path:
        with open(json_path, "w") as file:
            json.dump(report, file, indent=1)
    if plot_path:
        import bench_plot
        bench_plot.draw(report, plot_path)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("nvcc")
    parser.add_argument("nvcache")
    parser.add_argument("tools")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--json")
    parser.add_argument("--plot")
    parser.add_argument("--only")
    parser.add_argument("--torch")
    parser.add_argument("--python-include", default="/usr/include/python3")
    parser.add_argument("--cutlass")
    parser.add_argument("--ggml")
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--peer", action="append", default=[])
    arguments = parser.parse_args()
    arguments.runs = arguments.runs or (15 if arguments.quick else 45)
    rows = QUICK if arguments.quick else ROWS
    json_path = arguments.json and os.path.abspath(arguments.json)
    plot_path = arguments.plot and os.path.abspath(arguments.plot)
    for name in ("nvcache", "tools", "torch", "cutlass", "ggml"):
        if getattr(arguments, name):
            setattr(arguments, name, os.path.abspath(getattr(arguments, name)))
    if arguments.only:
        rows = arguments.only.split(",")
    place = os.path.realpath(tempfile.mkdtemp(prefix="nvcache-bench."))
    report = {"format": 2, "machine": machine(), "runs": arguments.runs, "rows": []}
    print("%s; medians of %d runs in turn" % (report["machine"], arguments.runs))
    bench = Bench(arguments, place)
    try:
        for name in rows:
            if name in ("torch", "cutlass", "ggml") and not getattr(arguments, name):
                continue
            row = bench.hits(name) if name in UNITS else getattr(bench, name)()
            if row is not None:
                row["row"] = name
                report["rows"].append(row)
                print_row(row)
                write(report, json_path, plot_path)
        print_targets(report)
    finally:
        bench.stop_servers()
        os.chdir("/")
        shutil.rmtree(place)


main()
