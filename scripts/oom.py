#!/usr/bin/env python3
"""Builds really heavy kernels (CUTLASS's Hopper examples: 2 to 6 GB for each nvcc) with far too many jobs, in a
memory cgroup that kills, and says who survives.

    scripts/real.sh oom                       8 GiB, -j24: plain nvcc, ccache if there is one, nvcache cold, nvcache with history
    scripts/real.sh oom --limit 3G --light    the lighter kernels only
    scripts/real.sh oom --large               all memory of the machine, all kernels, -j of the processors and four times that
    scripts/real.sh oom --only nvcache        without the others

It fails when a build through nvcache fails or has a process killed by the kernel.  The sources come from the
nvidia-cutlass package of PyPI, or from a wheel of it in $CUTLASS_WHEEL (for machines without a network).  Needs ninja
or make, and for --limit a cgroup that may be made (root; v1 or v2).  NVCACHE is the program (default: build/release, then
build/dev), NVCC the compiler.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("NVC_BUILD_DIR", ROOT / "build"))
PLACE = BUILD / "real" / "oom"
GIB = 1 << 30

# Heaviest first, as an unlucky build would have them; GB and seconds of one nvcc alone, roughly.
HEAVY = [
    "55_hopper_mixed_dtype_gemm/55_hopper_int4_bf16_gemm",
    "55_hopper_mixed_dtype_gemm/55_hopper_int4_fp8_gemm",
    "49_hopper_gemm_with_collective_builder/49_collective_builder",
    "55_hopper_mixed_dtype_gemm/55_hopper_mixed_dtype_gemm",
]
LIGHT = [
    "48_hopper_warp_specialized_gemm/48_hopper_warp_specialized_gemm",
    "50_hopper_gemm_with_epilogue_swizzle/50_hopper_gemm_with_epilogue_swizzle",
    "54_hopper_fp8_warp_specialized_gemm/54_hopper_fp8_warp_specialized_gemm",
    "57_hopper_grouped_gemm/57_hopper_grouped_gemm",
    "56_hopper_ptr_array_batched_gemm/56_hopper_ptr_array_batched_gemm",
    "63_hopper_gemm_with_weight_prefetch/63_hopper_gemm_with_weight_prefetch",
]
MORE = [
    "69_hopper_mixed_dtype_grouped_gemm/69_hopper_int4_bf16_grouped_gemm",
    "69_hopper_mixed_dtype_grouped_gemm/69_hopper_int4_fp8_grouped_gemm",
    "69_hopper_mixed_dtype_grouped_gemm/69_hopper_mixed_dtype_grouped_gemm",
    "67_hopper_fp8_warp_specialized_gemm_with_blockwise_scaling/67_hopper_fp8_warp_specialized_gemm_with_blockwise_scaling",
    "67_hopper_fp8_warp_specialized_gemm_with_blockwise_scaling/67_hopper_fp8_warp_specialized_gemm_with_groupwise_scaling",
    "62_hopper_sparse_gemm/62_hopper_sparse_gemm",
    "53_hopper_gemm_permute/53_hopper_gemm_permute",
    "61_hopper_gemm_with_topk_and_softmax/61_hopper_gemm_with_topk_and_softmax",
]


def die(text):
    sys.exit(f"oom: {text}")


def parse_size(text):
    return int(float(text.rstrip("gG")) * GIB)


def find_program(name, *others):
    for path in (os.environ.get(name), *others):
        if path and shutil.which(str(path)):
            return str(Path(shutil.which(str(path))).absolute())
    return None


def fetch():
    """The sources, in PLACE/source."""
    source = PLACE / "source"
    if (source / "include").is_dir():
        return source
    PLACE.mkdir(parents=True, exist_ok=True)
    wheel = os.environ.get("CUTLASS_WHEEL")
    if not wheel:
        print("oom: fetching nvidia-cutlass from PyPI", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps", "--only-binary",
                        ":all:", "-d", PLACE, "nvidia-cutlass==4.2.0.0"], check=True)
        wheel = next(PLACE.glob("nvidia_cutlass-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(PLACE / "wheel")
    (PLACE / "wheel" / "cutlass_library" / "source").rename(source)
    return source


class Cgroup:
    """A memory cgroup with a limit, or the whole machine."""

    def __init__(self, limit):
        self.limit, self.path, self.is_v2 = limit, None, False
        self.stop, self.samples = False, []
        if limit:
            self.make()
        self.kills_before = self.kills()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def make(self):
        v1, v2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
        self.is_v2 = not v1.is_dir()
        self.path = (v2 if self.is_v2 else v1) / f"nvcache-oom-{os.getpid()}"
        try:
            self.path.mkdir()
            (self.path / ("memory.max" if self.is_v2 else "memory.limit_in_bytes")).write_text(str(self.limit))
        except OSError as error:
            die(f"no cgroup with a limit can be made here ({error}); try --large")

    def enter(self):
        if self.path:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def word(self, file, word):
        for line in Path(file).read_text().splitlines():
            if line.split()[0] == word:
                return int(line.split()[1])
        return 0

    def kills(self):
        if not self.path:
            return self.word("/proc/vmstat", "oom_kill")
        return self.word(self.path / ("memory.events" if self.is_v2 else "memory.oom_control"), "oom_kill")

    def used(self):
        if self.path:
            return self.word(self.path / "memory.stat", "anon" if self.is_v2 else "total_rss")
        return (self.word("/proc/meminfo", "MemTotal:") - self.word("/proc/meminfo", "MemAvailable:")) * 1024

    def watch(self):
        while not self.stop:
            self.samples.append((time.monotonic(), self.used()))
            time.sleep(0.25)

    def end(self):
        self.stop = True
        self.thread.join()
        self.killed = self.kills() - self.kills_before
        for _ in range(100 if self.path else 0):
            try:
                self.path.rmdir()
                break
            except OSError:
                time.sleep(0.1)


def write_build(where, source, units, launcher, nvcc):
    flags = f"-std=c++17 -arch=sm_90a --expt-relaxed-constexpr -I{source}/include -I{source}/tools/util/include -I{source}/examples/common"
    lines = ["rule nvcc", f"  command = {launcher} {nvcc} {flags} -c $in -o $out", ""]
    lines += [f"build {Path(unit).name}.o: nvcc {source}/examples/{unit}.cu" for unit in units]
    where.mkdir(parents=True, exist_ok=True)
    (where / "build.ninja").write_text("\n".join(lines) + "\n")
    # For machines without ninja.
    names = [f"{Path(unit).name}.o" for unit in units]
    rules = [f"{name}: {source}/examples/{unit}.cu\n\t{launcher} {nvcc} {flags} -c $< -o $@\n" for name, unit in zip(names, units)]
    (where / "Makefile").write_text(f"all: {' '.join(names)}\n\n" + "\n".join(rules))


def curve(samples, limit):
    """Memory in use over time as one line of digits: tenths of the limit, `+` above it."""
    if not samples:
        return ""
    begin, end = samples[0][0], samples[-1][0]
    columns = [0] * 60
    for when, used in samples:
        column = min(59, int((when - begin) / max(0.001, end - begin) * 60))
        columns[column] = max(columns[column], used)
    return "".join("+" if used > limit else str(min(9, used * 10 // limit)) for used in columns)


def build(name, options, source, units, launcher, env, limit, jobs):
    where = PLACE / f"build-{name}"
    shutil.rmtree(where, ignore_errors=True)
    write_build(where, source, units, launcher, options.nvcc)
    cgroup = Cgroup(limit)
    began = time.monotonic()
    with open(where / "log", "wb") as log:
        done = subprocess.run([*options.builder, f"-j{jobs}"], cwd=where, env={**os.environ, **env}, preexec_fn=cgroup.enter,
                              stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
    took = time.monotonic() - began
    cgroup.end()
    made = sum((where / f"{Path(unit).name}.o").exists() for unit in units)
    peak = max((used for _, used in cgroup.samples), default=0)
    mean = sum(used for _, used in cgroup.samples) / max(1, len(cgroup.samples))
    print(f"  {name:18} -j{jobs:<3} {made:2} of {len(units)} units, {cgroup.killed:2} killed, {took:6.0f} s, peak {peak / GIB:5.1f} GiB, "
          f"mean {mean / GIB:5.1f}  {'ok' if done.returncode == 0 else 'BUILD FAILED'}")
    print(f"  {'':18} {curve(cgroup.samples, options.total)}", flush=True)
    return done.returncode == 0 and cgroup.killed == 0


def errors_of(log):
    """What was expected and what was needed, from NVCACHE_LOG."""
    rows = []
    for line in Path(log).read_text().splitlines():
        if " memory.peak " in line:
            words = dict(word.split("=") for word in line.split() if "=" in word)
            rows.append((words["from"], int(words["need_mib"]), int(words["mib"])))
    return rows


def through_nvcache(options, source, units, jobs):
    cache = PLACE / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    env = {"NVCACHE_DIR": str(cache), "NVCACHE_QUIET": "0"}
    good = True
    for name, more in ((f"nvcache-cold-j{jobs}", {}), (f"nvcache-known-j{jobs}", {"NVCACHE_RECACHE": "1"})):
        log = PLACE / f"{name}.log"
        log.unlink(missing_ok=True)
        good = build(name, options, source, units, options.nvcache, {**env, **more, "NVCACHE_LOG": str(log)}, options.limit, jobs) and good
        for origin in ("prior", "project", "unit"):
            errors = [need / peak for who, need, peak in errors_of(log) if who == origin and peak]
            if errors:
                print(f"  {'':18} expected / needed, from {origin}: {len(errors)} units, least {min(errors):.2f}, most {max(errors):.2f}")
    stats = json.loads(subprocess.run([options.nvcache, "stats", "--json"], env={**os.environ, **env}, capture_output=True, check=True).stdout)
    print(f"  {'':18} {json.dumps(stats['memory'])}, errors {json.dumps(stats['errors'])}", flush=True)
    return good


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", default="8G", type=parse_size)
    parser.add_argument("--jobs", default=24, type=int)
    parser.add_argument("--units", type=int, help="how many kernels")
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", choices=["plain", "ccache", "nvcache"])
    options = parser.parse_args()
    options.nvcc = find_program("NVCC", "nvcc", "/usr/local/cuda/bin/nvcc") or die("no nvcc")
    options.nvcache = find_program("NVCACHE", BUILD / "release" / "nvcache", BUILD / "dev" / "nvcache") or die("no nvcache is built")
    ninja = find_program("NINJA", "ninja")
    options.builder = [ninja, "-k0"] if ninja else ["make", "-k"]
    os.environ.pop("NVCACHE", None)
    for name in [name for name in os.environ if name.startswith("NVCACHE_")]:
        del os.environ[name]
    if options.large:
        options.limit = None
    options.total = options.limit or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return options


def main():
    options = read_options()
    source = fetch()
    units = LIGHT if options.light else HEAVY + LIGHT + (MORE if options.large else [])
    units = units[: options.units]
    jobs = [os.cpu_count(), 4 * os.cpu_count()] if options.large else [options.jobs]
    print(f"oom: {len(units)} kernels, {options.total / GIB:.0f} GiB, {os.cpu_count()} processors; digits: tenths of the memory in use over time")
    wanted = [options.only] if options.only else ["plain", "ccache", "nvcache"]
    good = True
    for count in jobs:
        if "plain" in wanted:
            build(f"plain-j{count}", options, source, units, "", {}, options.limit, count)
        if "ccache" in wanted and shutil.which("ccache"):
            shutil.rmtree(PLACE / "ccache", ignore_errors=True)
            build(f"ccache-j{count}", options, source, units, "ccache", {"CCACHE_DIR": str(PLACE / "ccache")}, options.limit, count)
        if "nvcache" in wanted:
            good = through_nvcache(options, source, units, count) and good
    print("oom: nvcache: no process killed, every unit made" if good else "oom: FAILED")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
