#!/usr/bin/env bash
# Shows nvcache at work, on a fresh machine too: sets it up (a CUDA compiler included, if there is
# none), builds nvcache, compiles tests/projects/demo through it with CMake and Ninja, deletes
# the build directory, compiles again, and prints both times and the statistics.  Its cache is
# in the build directory; yours is not touched.
set -eu
. "$(dirname "$0")/lib.sh"

"$ROOT/scripts/setup.sh" --cuda
NVCC=$(find_nvcc) || die "no CUDA compiler"
place=$BUILD/demo
unset NVCACHE_DISABLE NVCACHE_READONLY NVCACHE_RECACHE CMAKE_CUDA_COMPILER_LAUNCHER CUDAFLAGS CUDAARCHS
export NVCACHE_DIR=$place/cache

say "demo: building nvcache"
quiet demo-build cmake --preset release -S "$ROOT" -B "$BUILD/release"
quiet demo-build cmake --build "$BUILD/release" -j "$(jobs_count)"
NVCACHE=$BUILD/release/nvcache

# round: configure from nothing and build; sets $elapsed to the time the build took.
round() {
    local start
    rm -rf "$place/build"
    quiet demo-configure cmake -S "$ROOT/tests/projects/demo" -B "$place/build" -G Ninja \
        "-DCMAKE_CUDA_COMPILER=$NVCC" "-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE"
    start=$(now_ms)
    quiet demo-compile cmake --build "$place/build" -j "$(jobs_count)"
    elapsed=$(($(now_ms) - start))
    "$place/build/demo" >/dev/null || die "the demo program does not run"
}

rm -rf "$place"
mkdir -p "$place"
"$NVCACHE" stats --zero >/dev/null
say "demo: compiling tests/projects/demo with $("$NVCC" --version | grep -o 'V[0-9][0-9.]*') for two architectures: the first time"
round
first=$elapsed
say "demo: deleting the build directory and compiling again"
round
second=$elapsed

say ""
"$NVCACHE" stats
say ""
say "first build    $(seconds "$first") s"
say "second build   $(seconds "$second") s   (linking included, which nvcache leaves to nvcc)"
say "ratio          $(awk "BEGIN { printf \"%.1f\", $first / $second }")"
