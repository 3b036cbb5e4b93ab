#!/usr/bin/env python3
"""Times hits: nvcache and its peers on the same units, in turn, in one run.

usage: bench.py NVCC NVCACHE [--runs N] [--json] [--peer NAME=COMMAND]...

Each unit is compiled once through each launcher (a miss), then N times in turn (hits).  Times
are of whole processes; ratios are of medians.  Every object is compared with the first."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

UNITS = {
    "tiny kernel": "__global__ void k(int *p) { *p = 1; }\n",
    "cooperative groups, CUB block": "#include <cub/block/block_reduce.cuh>\n"
    "__global__ void k(int *p) { typedef cub::BlockReduce<int, 128> R;\n"
    "__shared__ R::TempStorage t; *p = R(t).Sum(threadIdx.x); }\n",
    "Thrust sort": "#include <thrust/device_vector.h>\n#include <thrust/sort.h>\n"
    "void run(thrust::device_vector<int> &v) { thrust::sort(v.begin(), v.end()); }\n",
}


def timed(command, directory, environment):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit("bench: %s failed" % " ".join(command))
    return time.perf_counter() - start


def bench_unit(source, launchers, nvcc, runs, place):
    """{launcher: [seconds]}, headers."""
    directory = tempfile.mkdtemp(dir=place)
    with open(os.path.join(directory, "unit.cu"), "w") as file:
        file.write(source)
    time.sleep(2.1)  # caches do not trust files younger than two seconds
    rest = [nvcc, "-arch=sm_80", "-MD", "-MF", "unit.d", "-c", "unit.cu", "-o", "unit.o"]
    environment = dict(os.environ)
    for name in launchers:
        environment[name.upper().split("-")[0] + "_DIR"] = os.path.join(place, "cache-" + name)
    environment["CCACHE_DIR"] = os.path.join(place, "cache-ccache")
    times = {name: [] for name in launchers}
    first = {}
    for name, launcher in launchers.items():
        timed(launcher + rest, directory, environment)
        with open(os.path.join(directory, "unit.o"), "rb") as file:
            first[name] = file.read()
        for _ in range(2):
            timed(launcher + rest, directory, environment)
    for _ in range(runs):
        for name, launcher in launchers.items():
            os.unlink(os.path.join(directory, "unit.o"))
            times[name].append(timed(launcher + rest, directory, environment))
            with open(os.path.join(directory, "unit.o"), "rb") as file:
                if file.read() != first[name]:
                    sys.exit("bench: %s replayed another object" % name)
    with open(os.path.join(directory, "unit.d")) as file:
        headers = len(file.readlines()) - 1
    return times, headers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nvcc")
    parser.add_argument("nvcache")
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peer", action="append", default=[])
    arguments = parser.parse_args()
    launchers = {"nvcache": [os.path.abspath(arguments.nvcache)]}
    if shutil.which("ccache"):
        launchers["ccache"] = [shutil.which("ccache")]
    for peer in arguments.peer:
        name, command = peer.split("=", 1)
        launchers[name] = command.split()
    place = tempfile.mkdtemp(prefix="nvcache-bench.")
    rows = []
    try:
        for unit, source in UNITS.items():
            times, headers = bench_unit(source, launchers, arguments.nvcc, arguments.runs, place)
            medians = {name: statistics.median(values) for name, values in times.items()}
            rows.append({"unit": unit, "headers": headers, "median_ms":
                         {name: 1000 * value for name, value in medians.items()},
                         "spread_ms": {name: 1000 * (max(v) - min(v)) for name, v in times.items()}})
    finally:
        shutil.rmtree(place)
    if arguments.json:
        print(json.dumps({"format": 1, "runs": arguments.runs, "rows": rows}))
        return
    names = list(launchers)
    print("hits, median of %d runs in turn, whole process, ms" % arguments.runs)
    print("%-32s %8s" % ("unit", "headers") + "".join("%12s" % n for n in names) + "   nvcache/peer")
    for row in rows:
        medians = row["median_ms"]
        ratios = ["%.2f" % (medians["nvcache"] / medians[n]) for n in names if n != "nvcache"]
        print("%-32s %8d" % (row["unit"], row["headers"]) +
              "".join("%12.2f" % medians[n] for n in names) + "   " + " ".join(ratios))


main()
