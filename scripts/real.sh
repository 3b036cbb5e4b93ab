#!/usr/bin/env bash
# Builds real projects, not ours, through nvcache:
#
#   scripts/real.sh ggml     ggml's CUDA kernels, from the llama-cpp-python source package
#   scripts/real.sh ggml-edits [OPTION...]   times edits of them with nvcc, ccache, sccache and nvcache: scripts/edits.py
#   scripts/real.sh torch    a PyTorch extension, by pip and uv: see scripts/real_torch.sh
#   scripts/real.sh vllm     kernels of vLLM, by pip and its own setup: see scripts/real_vllm.sh
#   scripts/real.sh flash    kernels of FlashAttention, by pip and its own setup: see scripts/real_flash.sh
#   scripts/real.sh oom      CUTLASS kernels of 2 to 6 GB each in 8 GiB with -j24: see scripts/oom.py
#
# They are built once, deleted and built again in the same place.  It fails unless the second
# time everything came from the cache, no program of the CUDA toolkit was started (traced, not
# assumed) and every object is the first build's, byte for byte.  UNITS is how many units are
# compiled (default 40, `all`), NVCACHE the program (default: a release build of this tree).
set -eu
. "$(dirname "$0")/lib.sh"

if [ "${1:-}" = oom ]; then
    shift
    exec "$ROOT/scripts/oom.py" "$@"
fi
[ "${1:-}" != torch ] || exec "$ROOT/scripts/real_torch.sh"
[ "${1:-}" != vllm ] || exec "$ROOT/scripts/real_vllm.sh"
[ "${1:-}" != flash ] || exec "$ROOT/scripts/real_flash.sh"
case ${1:-} in
ggml | ggml-edits) ;;
*) die 'usage: scripts/real.sh ggml | ggml-edits | torch | vllm | flash | oom' ;;
esac
"$ROOT/scripts/setup.sh" --cuda --tests
NVCC=$(find_nvcc) || die "no CUDA compiler"
units=${UNITS:-40}
place=$BUILD/real/ggml
export NVCACHE_DIR=$place/cache
unset NVCACHE_DISABLE NVCACHE_READONLY NVCACHE_RECACHE CMAKE_CUDA_COMPILER_LAUNCHER CUDAFLAGS

if [ -z "${NVCACHE:-}" ]; then
    quiet real-build cmake --preset release -B "$BUILD/release" -S "$ROOT"
    quiet real-build cmake --build "$BUILD/release" -j "$(jobs_count)"
    NVCACHE=$BUILD/release/nvcache
fi
export -n NVCACHE

# fetch: ggml's sources in $place/ggml.
fetch() {
    local python
    [ ! -f "$place/ggml/CMakeLists.txt" ] || return 0
    python=$(find_python_pip) || die "needs python3 with pip (Debian: python3-pip)"
    rm -rf "$place/package" && mkdir -p "$place/package"
    say "real: fetching the llama-cpp-python source package from PyPI"
    quiet real-fetch "$python" -m pip --disable-pip-version-check download -q --no-deps \
        --no-binary llama-cpp-python -d "$place/package" llama-cpp-python
    tar -xzf "$place"/package/llama_cpp_python-*.tar.gz -C "$place/package"
    mv "$place"/package/llama_cpp_python-*/vendor/llama.cpp/ggml "$place/ggml"
    basename "$place"/package/*.tar.gz .tar.gz >"$place/version"
    rm -rf "$place/package"
    cat >"$place/CMakeLists.txt" <<'CODE'
cmake_minimum_required(VERSION 3.18)
project(real LANGUAGES C CXX)
add_subdirectory(ggml)
CODE
}

# with_cublas: ggml includes cuBLAS's header; a toolkit without it gets one beside it.
with_cublas() {
    local toolkit
    toolkit=$(dirname "$(dirname "$(readlink -f "$NVCC")")")
    [ ! -f "$toolkit/include/cublas_v2.h" ] || return 0
    NVCC=$BUILD/cuda-cublas/bin/nvcc
    [ -x "$NVCC" ] || quiet real-cublas "$ROOT/scripts/cuda.sh" --cublas 13.0 "$BUILD/cuda-cublas"
}

configure() {
    rm -rf "$place/build"
    quiet real-configure cmake -S "$place" -B "$place/build" -G Ninja -DGGML_CUDA=ON -DGGML_CCACHE=OFF \
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DGGML_NATIVE=OFF -DGGML_CUDA_NCCL=OFF -DGGML_CUDA_NO_VMM=ON -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CUDA_ARCHITECTURES=86 "-DCMAKE_CUDA_COMPILER=$NVCC" "-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE"
}

# choose: the targets to build, from the directory's own units first (the template instances
# are many and alike).
choose() {
    ninja -C "$place/build" -t targets all | sed -n 's/^\(.*\.cu\.o\): .*/\1/p' | sort >"$place/all"
    grep -v template-instances "$place/all" >"$place/targets"
    grep template-instances "$place/all" >>"$place/targets" || true
    if [ "$units" != all ]; then
        head -n "$units" "$place/targets" >"$place/chosen"
        mv "$place/chosen" "$place/targets"
    fi
    units=$(wc -l <"$place/targets")
    [ "$units" -ge 30 ] || die "only $units units; at least 30 make a test"
}

# build [TRACER...]: compile the chosen targets; sets $elapsed.
build() {
    local start
    start=$(now_ms)
    xargs -a "$place/targets" "$@" ninja -C "$place/build" -j "$(jobs_count)" >"$place/ninja.log" 2>&1 ||
        { tail -n 30 "$place/ninja.log"; die "the build failed"; }
    elapsed=$(($(now_ms) - start))
}

number() { # KEY, of the statistics
    "$NVCACHE" stats --json | python3 -c '
import json, sys
node = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    node = node[part]
print(node)' "$1"
}

expect() { # WHAT GOT WANT
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "FAIL  $1: $2, not $3"
    fi
}

compare_objects() {
    local target different=0
    while read -r target; do
        cmp -s "$place/first/$target" "$place/build/$target" || different=$((different + 1))
    done <"$place/targets"
    expect "objects that differ from the first build's ($1)" $different 0
}

passed=0
failed=0
fetch
with_cublas
if [ "$1" = ggml-edits ]; then
    shift
    configure
    exec "$ROOT/scripts/edits.py" "$place/build" "$place/ggml" --nvcc "$NVCC" --nvcache "$NVCACHE" "$@"
fi
rm -rf "$NVCACHE_DIR" "$place/first"

configure
choose
say "real: $(cat "$place/version"), $units units, sm_86, $("$NVCC" --version | grep -o 'V[0-9][0-9.]*'), $(jobs_count) jobs"
"$NVCACHE" stats --zero >/dev/null
build
cold=$elapsed
expect "misses of the first build" "$(number misses)" "$units"
(cd "$place/build" && xargs -a "$place/targets" cp --parents -t "$(mkdir -p "$place/first" && cd "$place/first" && pwd)")

configure
"$NVCACHE" stats --zero >/dev/null
build
warm=$elapsed
expect "hits of the second build" "$(number hits.manifest)" "$units"
expect "misses of the second build" "$(number misses)" 0
saved=$(number saved_seconds)
compare_objects "second build"

configure
build strace -f -qq -s 4096 -e trace=execve -o "$place/trace"
sed -n 's/^[0-9]* *execve("\([^"]*\)".*/\1/p' "$place/trace" | sed 's,.*/,,' | sort | uniq -c >"$place/programs"
expect "starts of nvcache in the trace" "$(awk '$2 == "nvcache" { n = $1 } END { print n + 0 }' "$place/programs")" "$units"
expect "starts of the toolkit's programs and host compilers" \
    "$(awk '$2 ~ /^(nvcc|cicc|ptxas|cudafe\+\+|fatbinary|nvlink|gcc|g\+\+|cc1plus|cpp|as)$/ { n += $1 } END { print n + 0 }' "$place/programs")" 0
compare_objects "traced build"

say ""
say "  units compiled           $units"
say "  first build              $(seconds "$cold") s"
say "  second build, all hits   $(seconds "$warm") s  ($(awk "BEGIN { printf \"%.0f\", $cold / $warm }") times faster)"
say "  compile time saved       $saved s"
say "  per hit                  $(awk "BEGIN { printf \"%.1f\", $warm / $units }") ms, ninja's work included"
say "  objects                  $(find "$place/first" -name '*.o' -exec cat {} + | wc -c) bytes, in the cache $(number store.bytes)"
say "$passed passed, $failed failed"
[ $failed = 0 ]
