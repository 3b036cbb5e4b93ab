#!/usr/bin/env bash
# On a machine with a GPU: builds tests/projects/gpu with nvcc alone, through nvcache cold, and through
# nvcache warm, and runs each; the program checks its own numbers.
#
#   scripts/gpu.sh [NVCACHE]     default: the release build
set -eu
. "$(dirname "$0")/lib.sh"

NVCACHE=$(readlink -f "${1:-$BUILD/release/nvcache}")
NVCC=$(find_nvcc) || die "no CUDA compiler"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export NVCACHE_DIR=$place/cache

# round NAME [DEFINITION...]: configure, build and run; the build directory is new each time.
round() {
    local name=$1 start
    shift
    rm -rf "$place/build"
    cmake -S "$ROOT/tests/projects/gpu" -B "$place/build" -G Ninja "-DCMAKE_CUDA_COMPILER=$NVCC" "$@" >"$place/log" ||
        { cat "$place/log"; die "configuring failed"; }
    start=$(now_ms)
    cmake --build "$place/build" >"$place/log" || { cat "$place/log"; die "building failed"; }
    say "$name: built in $(seconds $(($(now_ms) - start))) s"
    "$place/build/gpu" || die "$name: the program computes wrong numbers"
}

round "nvcc alone"
round "nvcache, cold" "-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE"
"$NVCACHE" stats --zero >/dev/null
round "nvcache, warm" "-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE"
"$NVCACHE" stats
