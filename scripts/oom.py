#!/usr/bin/env python3
"""Builds really heavy kernels (CUTLASS's Hopper examples, FlashAttention's: 2 to 6 GB for each nvcc) with far too many
jobs, in memory cgroups that kill, and says who survives.

    scripts/real.sh oom                       8 GiB, -j24: nvcache cold, nvcache with history, plain nvcc, ccache if there is one
    scripts/real.sh oom --limit 6G,8G,12G     each in turn
    scripts/real.sh oom --search 1,2,3,4,6    also plain nvcc with these -j, each until its first kill: the best set by hand
    scripts/real.sh oom --set light           which kernels: a name in oom_units.py; 6:light/8:heavy by limit
    scripts/real.sh oom --large               all memory of the machine, all kernels, -j of the processors and four times that
    scripts/real.sh oom --only nvcache        without the others
    scripts/real.sh oom --side-by-side 4      builds at the same time, as cores and memory allow, each on 4 cores of its own (6:4/12:8
                                              by limit; a -jN set by hand gets N at most; plain and ccache two, until
                                              their first kill)

It fails when a build through nvcache fails or has a process killed by the kernel.  --results DIR keeps what was
measured as it comes: builds.jsonl, samples.csv, nvcache's logs.  --deadline S ends what is not done by then.  The sources come from the
nvidia-cutlass package of PyPI, or from a wheel of it in $CUTLASS_WHEEL (for machines without a network), and from
FlashAttention's source package in $FLASH_ATTN_SDIST.  Needs ninja or make, and for --limit a cgroup that may be made (root; v1
or v2).  NVCACHE is the program (default: build/release, then build/dev), NVCC the compiler.
"""

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from oom_build import GIB, Build, Cgroup, curve
from oom_units import SETS, Sources

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("NVC_BUILD_DIR", ROOT / "build"))
PLACE = BUILD / "real" / "oom"


def die(text):
    sys.exit(f"oom: {text}")


def find_program(name, *others):
    for path in (os.environ.get(name), *others):
        if path and shutil.which(str(path)):
            return str(Path(shutil.which(str(path))).absolute())
    return None


# ---- what is to be built ----


class Lane:
    """Builds that follow each other, with as many cores as each of them can use."""

    def __init__(self, builds, cores):
        self.builds, self.cores = builds, cores
        self.bytes = builds[0].limit or 0


def lanes_for(options, limit, units, jobs):
    tag = f"{limit // GIB}g-j{jobs}" if limit else f"all-j{jobs}"
    cores = options.cores_for(limit)
    lanes = []
    if "nvcache" in options.wanted:
        env = {"NVCACHE_DIR": str(PLACE / f"cache-{tag}"), "NVCACHE_QUIET": "0"}
        builds = []
        for name, more in ((f"nvcache-cold-{tag}", {}), (f"nvcache-known-{tag}", {"NVCACHE_RECACHE": "1"})):
            log = options.results / f"{name}.log"
            builds.append(Build(name, units, options.nvcache, jobs, limit, env={**env, **more, "NVCACHE_LOG": str(log)}))
        lanes.append(Lane(builds, cores))
    if "plain" in options.wanted:
        lanes.append(Lane([Build(f"plain-{tag}", units, "", jobs, limit, until_killed=cores > 0)], min(cores, 2)))
    if "ccache" in options.wanted and shutil.which("ccache"):
        env = {"CCACHE_DIR": str(PLACE / f"ccache-{tag}")}
        lanes.append(Lane([Build(f"ccache-{tag}", units, "ccache", jobs, limit, env=env, until_killed=cores > 0)], min(cores, 2)))
    return lanes


def search_lanes(options, limit, units):
    """Plain nvcc with a -j set by hand."""
    return [Lane([Build(f"hand-{limit // GIB}g-j{jobs}", units, "", jobs, limit, until_killed=True)], min(jobs, options.cores_for(limit)))
            for jobs in options.search_for(limit)]


def all_lanes(options):
    if options.large:
        counts = options.jobs or [os.cpu_count(), 4 * os.cpu_count()]
        return [lane for jobs in counts for lane in lanes_for(options, None, options.units_for(None), jobs)]
    lanes = [lane for limit in options.limits for jobs in options.jobs or [24]
             for lane in lanes_for(options, limit, options.units_for(limit), jobs)]
    searches = [search_lanes(options, limit, options.units_for(limit)) for limit in options.limits]
    first = [lane for lane in lanes if lane.builds[0].name.startswith("nvcache")]
    rest = [lane for lane in lanes if lane not in first]
    return first + [lane for some in itertools.zip_longest(*searches) for lane in some if lane] + rest


# ---- running ----


class Runner:
    def __init__(self, options, sources):
        self.options, self.sources = options, sources
        self.deadline = time.monotonic() + options.deadline
        self.changed = threading.Condition()
        self.free_cores = sorted(os.sched_getaffinity(0))
        self.most_cores = len(self.free_cores)
        self.free_bytes = available_bytes() * 9 // 10
        self.good = True

    def run_build(self, build, cores, samples_file):
        build.run(PLACE, self.sources, self.options, cores, self.deadline, samples_file)
        if build.name.startswith("nvcache-"):
            self.good = self.good and build.is_good()
        with self.changed:
            report(self.options, build)

    def run_lane(self, lane, cores):
        with open(self.options.results / "samples.csv", "a", buffering=1, encoding="ascii") as samples_file:
            for build in lane.builds:
                if time.monotonic() < self.deadline - 5:
                    self.run_build(build, cores, samples_file)
                else:
                    self.good = self.good and not build.name.startswith("nvcache-")
                    print(f"  {build.name:22} not begun: no time left", flush=True)
        with self.changed:
            self.free_cores += cores or []
            self.free_bytes += lane.bytes
            self.changed.notify_all()

    def fits(self, lane):
        return len(self.free_cores) >= min(lane.cores, self.most_cores) and self.free_bytes >= lane.bytes

    def take_next(self, waiting):
        """Wait until one of them fits; that one, and its cores."""
        with self.changed:
            self.changed.wait_for(lambda: any(map(self.fits, waiting)))
            lane = next(filter(self.fits, waiting))
            cores, self.free_cores = self.free_cores[: lane.cores], self.free_cores[lane.cores :]
            self.free_bytes -= lane.bytes
            waiting.remove(lane)
            return lane, cores

    def run_side_by_side(self, lanes):
        waiting, threads = list(lanes), []
        while waiting:
            thread = threading.Thread(target=self.run_lane, args=self.take_next(waiting))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()

    def run(self, lanes):
        if self.options.side_by_side:
            self.run_side_by_side(lanes)
            return
        for lane in lanes:
            self.run_lane(lane, None)


def available_bytes():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


# ---- telling ----


def report(options, build):
    facts = build.facts()
    with open(options.results / "builds.jsonl", "a", encoding="ascii") as file:
        file.write(json.dumps(facts) + "\n")
    verdict = "ok" if build.is_good() else "cut at the first kill" if build.is_cut and build.killed else "no time left" if build.is_cut else "BUILD FAILED"
    print(f"  {build.name:22} {build.made:2} of {len(build.units)} units, {build.killed:2} killed, {build.seconds:6.0f} s, peak "
          f"{facts['peak_gib']:5.1f} GiB, mean {facts['mean_gib']:5.1f}  {verdict}")
    print(f"  {'':22} {curve(build.samples, build.limit or options.total)}", flush=True)
    if build.name.startswith("nvcache-"):
        report_memory(options, build)


def errors_of(log):
    """What was expected and what was needed, from NVCACHE_LOG."""
    rows = []
    for line in Path(log).read_text().splitlines() if Path(log).exists() else []:
        if " memory.peak " in line:
            words = dict(word.split("=", 1) for word in line.split() if "=" in word)
            rows.append((words["from"], int(words["need_mib"]), int(words["mib"])))
    return rows


def report_memory(options, build):
    rows = errors_of(build.env["NVCACHE_LOG"])
    for origin in ("prior", "project", "similar", "unit"):
        errors = sorted(need / peak for who, need, peak in rows if who == origin and peak)
        if errors:
            print(f"  {'':22} expected / needed, from {origin}: {len(errors)} units, least {errors[0]:.2f}, median "
                  f"{errors[len(errors) // 2]:.2f}, most {errors[-1]:.2f}")
    stats = json.loads(subprocess.run([options.nvcache, "stats", "--json"], env={**os.environ, **build.env}, capture_output=True, check=True).stdout)
    print(f"  {'':22} {json.dumps(stats['memory'])}, errors {json.dumps(stats['errors'])}", flush=True)


# ---- options ----


def by_limit(text):
    """`light` for all limits, or `6:light/8:heavy`."""
    if ":" not in text:
        return {None: text}
    return {int(part.split(":")[0]): part.split(":")[1] for part in text.split("/")}


def pick(table, limit):
    key = limit // GIB if limit else None
    return table.get(key, table.get(None)) or die(f"nothing is said for {key} GiB in {table}")


def read_options():
    numbers = lambda text: [int(word) for word in text.split(",")]  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--limit", default="8G", help="one or more, as 6G,8G")
    parser.add_argument("--jobs", type=numbers)
    parser.add_argument("--set", default="heavy", type=by_limit)
    parser.add_argument("--units", type=int, help="how many kernels of the set")
    parser.add_argument("--search", default={}, type=by_limit)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", choices=["plain", "ccache", "nvcache", "search"])
    parser.add_argument("--side-by-side", type=by_limit, metavar="CORES")
    parser.add_argument("--deadline", type=float, default=1e9)
    parser.add_argument("--results", type=Path, default=PLACE / "results")
    return parser.parse_args()


def complete(options):
    options.nvcc = find_program("NVCC", "nvcc", "/usr/local/cuda/bin/nvcc") or die("no nvcc")
    options.nvcache = find_program("NVCACHE", BUILD / "release" / "nvcache", BUILD / "dev" / "nvcache") or die("no nvcache is built")
    ninja = find_program("NINJA", "ninja")
    options.builder = [ninja, "-k0"] if ninja else ["make", "-k"]
    for name in [name for name in os.environ if name == "NVCACHE" or name.startswith("NVCACHE_")]:
        del os.environ[name]
    options.limits = [] if options.large else [int(float(word.rstrip("gG")) * GIB) for word in options.limit.split(",")]
    options.total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    options.wanted = [options.only] if options.only else ["nvcache", "plain", "ccache"]
    if options.large and None in options.set and options.set[None] == "heavy":
        options.set = {None: "all"}

    options.units_for = lambda limit: SETS[pick(options.set, limit)][: options.units]
    options.search_for = lambda limit: [int(word) for word in options.search.get(limit // GIB, options.search.get(None, "")).split(",") if word]
    options.cores_for = lambda limit: int(pick(options.side_by_side, limit)) if options.side_by_side else 0
    shutil.rmtree(PLACE / "results", ignore_errors=True)
    options.results.mkdir(parents=True, exist_ok=True)
    for old in [*PLACE.glob("cache-*"), *PLACE.glob("ccache-*")]:
        shutil.rmtree(old)


def end_everything(*_):
    for cgroup in list(Cgroup.live):
        cgroup.remove()
    os._exit(1)


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, end_everything)
    complete(options)
    lanes = all_lanes(options)
    sources = Sources(PLACE, {unit for lane in lanes for unit in lane.builds[0].units})
    print(f"oom: {os.cpu_count()} processors, {options.total / GIB:.0f} GiB; digits: tenths of the memory in use over time", flush=True)
    runner = Runner(options, sources)
    runner.run(lanes)
    if any(build.name.startswith("nvcache-") for lane in lanes for build in lane.builds):
        print("oom: nvcache: no process killed, every unit made" if runner.good else "oom: FAILED")
    sys.exit(0 if runner.good else 1)


if __name__ == "__main__":
    main()
