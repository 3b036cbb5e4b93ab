#!/usr/bin/env bash
# On a machine with a GPU: builds tests/projects/gpu and runs it, with nvcc alone; through nvcache cold and warm; and
# after edits, where what was kept of the build before is used again.  The program checks its own
# numbers, and the edits change them, so that anything stale computes wrong ones.
#
#   scripts/gpu.sh [NVCACHE]     default: the release build
#
# Settings of nvcache come from the environment (NVCACHE_PLAN=0, say).  Without a GPU, NO_RUN=1 builds only.
set -eu
. "$(dirname "$0")/lib.sh"

NVCACHE=$(readlink -f "${1:-$BUILD/release/nvcache}")
NVCC=$(find_nvcc) || die "no CUDA compiler"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export NVCACHE_DIR=$place/cache
unset CMAKE_CUDA_COMPILER_LAUNCHER CUDAFLAGS
launcher=-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE
cp -R "$ROOT/tests/projects/gpu" "$place/source"

# can_link_later: can this toolkit's device linker optimise?  It takes a library that is not everywhere installed.
can_link_later() (
    cd "$place"
    echo '__global__ void k(int *p) { *p = 1; }' >probe.cu
    "$NVCC" -dc -gencode arch=compute_90,code=lto_90 probe.cu -o probe.o >probe.log 2>&1 &&
        "$NVCC" -dlto -dlink -gencode arch=compute_90,code=sm_90 probe.o -o linked.o >probe.log 2>&1
)

# round NAME [DEFINITION...]: configure, build and run; the build directory is new each time.
round() {
    local name=$1 start
    shift
    rm -rf "$place/build"
    cmake -S "$place/source" -B "$place/build" -G Ninja "-DCMAKE_CUDA_COMPILER=$NVCC" "$later" "$@" >"$place/log" ||
        { cat "$place/log"; die "configuring failed"; }
    "$NVCACHE" stats --zero >/dev/null
    start=$(now_ms)
    cmake --build "$place/build" >"$place/log" || { cat "$place/log"; die "building failed"; }
    say "$name: built in $(seconds $(($(now_ms) - start))) s"
    [ -n "${NO_RUN:-}" ] || "$place/build/gpu" || die "$name: the program computes wrong numbers"
    case $name in
    nvcc*) ;;
    *) "$NVCACHE" stats ;;
    esac
}

# edit FILE SCRIPT: change a source; one that is not changed would test nothing.
edit() {
    cp "$place/source/$1" "$place/before"
    sed -i "$2" "$place/source/$1"
    ! cmp -s "$place/before" "$place/source/$1" || die "the edit of $1 changes nothing"
}

tune() { # NAME VALUE
    edit tuning.h "s/define $1 .*/define $1 $2/"
}

later=-Dlto_arch=90
if ! can_link_later; then
    later=-Dlto_arch=
    say "skipped: link-time optimisation (the device linker: $(tail -n 1 "$place/probe.log"))"
fi

round "nvcc alone"
round "nvcache, cold" "$launcher"
round "nvcache, warm" "$launcher"
edit check.h '1i // A line more, which moves all the others.'
round "nvcache, a comment in a header" "$launcher"
tune HOST_TUNE 3
round "nvcache, host code" "$launcher"
tune NEWEST_TUNE 5
round "nvcache, device code for the newest architecture" "$launcher"
tune DEVICE_TUNE 2
round "nvcache, device code" "$launcher"
round "nvcache, an architecture added" "$launcher" "-DCMAKE_CUDA_ARCHITECTURES=75;80;90"
round "nvcache, architectures removed and in another order" "$launcher" "-DCMAKE_CUDA_ARCHITECTURES=90;80"
round "nvcache, architectures as at first" "$launcher"
