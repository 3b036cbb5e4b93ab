"""A build of some units of ggml's CUDA kernels: what a full warm rebuild costs, and how large the cache is."""

import os
import shutil
import statistics
import subprocess
import time


def configure(bench, source, name, launcher, environment):
    build = os.path.join(bench.place, "ggml-" + name.replace(" ", "-"))
    subprocess.run(["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DGGML_CUDA=ON", "-DGGML_CCACHE=OFF",
                    "-DGGML_NATIVE=OFF", "-DGGML_CUDA_NCCL=OFF", "-DGGML_CUDA_NO_VMM=ON", "-DCMAKE_BUILD_TYPE=Release",
                    "-DCMAKE_CUDA_ARCHITECTURES=86", "-DCMAKE_CUDA_COMPILER=" + bench.nvcc,
                    "-DCMAKE_CUDA_COMPILER_LAUNCHER=" + launcher], env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return build


def targets_of(build, count):
    listing = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], capture_output=True, text=True, check=True)
    names = sorted(line.split(": ")[0] for line in listing.stdout.splitlines() if ".cu.o: " in line)
    return sorted(names, key=lambda name: "template-instances" in name)[:count]


def ninja(build, targets, environment):
    start = time.perf_counter()
    subprocess.run(["ninja", "-C", build] + targets, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def clean(build, targets):
    for target in targets:
        path = os.path.join(build, target)
        if os.path.exists(path):
            os.unlink(path)


def disk(path):
    total = 0
    for top, _, names in os.walk(path):
        # Not what either keeps to know files again: ccache's may lie elsewhere.
        total += sum(os.lstat(os.path.join(top, name)).st_blocks * 512 for name in names
                     if name != "memo-v1" and not name.startswith("inode-cache"))
    return total


def run(bench):
    source = os.path.join(bench.place, "ggml-source")
    os.makedirs(source)
    shutil.copytree(bench.arguments.ggml, source + "/ggml")
    with open(source + "/CMakeLists.txt", "w") as file:
        file.write("cmake_minimum_required(VERSION 3.18)\nproject(b LANGUAGES C CXX)\nadd_subdirectory(ggml)\n")
    launchers = {name: value for name, value in bench.launchers.items() if "sccache" not in name}
    launchers["no compiler"] = ([bench.tools + "/empty"], bench.plain)
    builds, cold, warm, sizes = {}, {}, {}, {}
    for name, (command, environment) in launchers.items():
        variable = "NVCACHE_DIR" if name.startswith("nvcache") else "CCACHE_DIR"
        environment[variable] = os.path.join(bench.place, "ggml-cache-" + name.replace(" ", "-"))
        builds[name] = configure(bench, source, name, ";".join(command), environment)
        targets = targets_of(builds[name], bench.arguments.units)
        cold[name] = ninja(builds[name], targets, environment)
        sizes[name] = disk(environment[variable]) if os.path.isdir(environment[variable]) else 0
        warm[name] = []
    for _ in range(max(bench.runs // 6, 5)):
        for name, (_, environment) in launchers.items():
            clean(builds[name], targets)
            warm[name].append(ninja(builds[name], targets, environment))
    del sizes["no compiler"]
    objects = sum(os.path.getsize(os.path.join(builds["nvcache"], target)) for target in targets)
    base = statistics.median(warm["no compiler"])
    times = {name: {"ms": 1000 * statistics.median(v), "min_ms": 1000 * min(v), "spread_ms": 1000 * (max(v) - min(v)),
                    "share_ms": 1000 * (statistics.median(v) - base), "cold_ms": 1000 * cold[name]}
             for name, v in warm.items()}
    sizes["(objects)"] = objects
    return {"what": "ninja: %d units of ggml, all hits" % len(targets), "headers": 0, "times": times, "sizes": sizes}
