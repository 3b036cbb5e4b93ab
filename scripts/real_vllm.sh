#!/usr/bin/env bash
# Installs vLLM from its source package, by pip and its own setup.py, three times through nvcache, each time in new
# directories; called by scripts/real.sh vllm:
#
#   first     CMAKE_ARGS=-DCMAKE_CUDA_COMPILER_LAUNCHER=nvcache, an empty cache
#   second    the same again
#   link      without CMAKE_ARGS: a symbolic link called ccache to nvcache, which vLLM's setup finds
#
# It fails unless every kernel of the second and third time is a hit, is the first one's byte for byte, and no program of
# the toolkit or the host compiler was started for it (traced where strace is allowed).  Why something was no
# hit is in build/logs/vllm-*.nvcache.
#
# The whole of vLLM takes days on two processors, so the command `cmake` that setup.py finds configures as it is told, but
# builds only the kernels that UNITS names.  Four parts that CMake would fetch from GitHub are replaced by empty
# directories, through the variables vLLM has for that: flash-attention, FlashMLA, DeepGEMM, qutlass (and Triton's kernels,
# which are Python).  CUTLASS comes from the nvidia-cutlass package of PyPI.  Nothing of vLLM's is changed.
#
#   UNITS          which kernels: an extended regular expression (default: 14 for caches, norms, activations; not
#                  paged attention, on which ptxas alone works for a quarter of an hour); `.` is all that sm_80 has
#   LIMIT          seconds for the first build of the kernels (default: none); those not made by then are left out
#   VLLM_VERSION   default 0.23.0, which wants PyTorch 2.11.0
#   VLLM_SDIST     its source package (default: from PyPI)
#   CUTLASS_WHEEL  nvidia-cutlass (default: from PyPI)
#   TORCH_PYTHON   a python that has that PyTorch and what requirements/build/cuda.txt names (default: a new environment)
#   NVCACHE        the program (default: a release build of this tree)
#   MAX_JOBS       as vLLM reads it (default 1)
set -eu
. "$(dirname "$0")/lib.sh"

VLLM_VERSION=${VLLM_VERSION:-0.23.0}
UNITS=${UNITS:-'libtorch_stable/(activation_k|layernorm_k|pos_encoding|cache_kernels_fused|cuda_view|cuda_utils|permute_cols|attention/merge)|marlin/(gptq_marlin_repack|marlin_int4)|moe_align|topk_softmax|quantization/activation_kernels'}
NVCC=$(find_nvcc) || die "no CUDA compiler"
place=$BUILD/real/vllm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$place"

if [ -z "${NVCACHE:-}" ]; then
    quiet vllm-build cmake --preset release -B "$BUILD/release" -S "$ROOT"
    quiet vllm-build cmake --build "$BUILD/release" -j "$(jobs_count)"
    NVCACHE=$BUILD/release/nvcache
fi
NVCACHE=$(readlink -f "$NVCACHE")

# environment: sets $python.
environment() {
    python=${TORCH_PYTHON:-$place/venv/bin/python}
    if [ -z "${TORCH_PYTHON:-}" ] && [ ! -e "$place/venv/complete" ]; then
        say "vllm: installing PyTorch and vLLM's build requirements from PyPI"
        rm -rf "$place/venv"
        quiet vllm-venv python3 -m venv "$place/venv"
        quiet vllm-venv "$python" -m pip install -q torch==2.11.0 numpy cmake ninja 'packaging>=24.2' 'setuptools>=77,<81' \
            'setuptools-scm>=8' 'setuptools-rust>=1.9' wheel jinja2 regex build protobuf
        touch "$place/venv/complete"
    fi
    "$python" -c 'import torch' || die "$python has no PyTorch"
}

# source_package: sets $sdist.  pip would run vLLM's setup to download it, so PyPI is asked where it is.
source_package() {
    sdist=${VLLM_SDIST:-$place/vllm-$VLLM_VERSION.tar.gz}
    [ -f "$sdist" ] || quiet vllm-fetch "$python" - "$VLLM_VERSION" "$sdist" <<'CODE'
import json, sys, urllib.parse, urllib.request
index = "https://pypi.org/pypi/vllm/json"
files = json.load(urllib.request.urlopen(index))["releases"][sys.argv[1]]
url = next(file["url"] for file in files if file["packagetype"] == "sdist")
urllib.request.urlretrieve(urllib.parse.urljoin(index, url), sys.argv[2])
CODE
}

cutlass() {
    local wheel=${CUTLASS_WHEEL:-}
    [ ! -d "$place/cutlass" ] || return 0
    if [ -z "$wheel" ]; then
        quiet vllm-cutlass "$python" -m pip --disable-pip-version-check download -q --no-deps -d "$work" nvidia-cutlass
        wheel=$(ls "$work"/nvidia_cutlass-*.whl)
    fi
    "$python" -m zipfile -e "$wheel" "$work/wheel"
    mv "$work/wheel/cutlass_library/source" "$place/cutlass"
}

# toolkit: sets $cuda, a CUDA_HOME with nvcc and the libraries that PyTorch's CMake files look for: nvcc's own, or one with
# what PyTorch's wheels have.
toolkit() {
    local libraries file name
    cuda=$(dirname "$(dirname "$(readlink -f "$NVCC")")")
    [ ! -e "$cuda/include/cusolverDn.h" ] || return 0
    [ ! -e "$place/cuda/complete" ] || { cuda=$place/cuda; return 0; }
    rm -rf "$place/cuda" && mkdir -p "$place/cuda"
    cp -a "$cuda/." "$place/cuda"
    cuda=$place/cuda
    libraries=$("$python" -c 'import os, sys; print(next(p for p in sys.path if os.path.isdir(p + "/nvidia/cu13")))')/nvidia/cu13
    cp -an "$libraries/include/." "$cuda/include"
    for file in "$libraries"/lib/*.so*; do
        name=$(basename "$file")
        [ -e "$cuda/lib64/$name" ] || ln -s "$file" "$cuda/lib64/$name"
        [ -e "$cuda/lib64/${name%%.so*}.so" ] || ln -s "$file" "$cuda/lib64/${name%%.so*}.so"
    done
    touch "$cuda/complete"
}

# What CMake would fetch; the files in it are read by vLLM's CMake files.
empty_parts() {
    mkdir -p "$place/empty/flash_mla" "$place/empty/flash_attn/cute"
    : >"$place/empty/flash_mla/flash_mla_interface.py"
    : >"$place/empty/flash_attn/cute/__init__.py"
    echo "in the place of what GitHub has" >"$place/empty/README"
    export VLLM_FLASH_ATTN_SRC_DIR=$place/empty FLASH_MLA_SRC_DIR=$place/empty DEEPGEMM_SRC_DIR=$place/empty
    export QUTLASS_SRC_DIR=$place/empty TRITON_KERNELS_SRC_DIR=$place/empty VLLM_CUTLASS_SRC_DIR=$place/cutlass
}

# The command cmake of setup.py: see above.
shim() {
    mkdir -p "$work/bin"
    cat >"$work/bin/cmake" <<'CODE'
#!/usr/bin/env bash
cmake=$REAL_VLLM_CMAKE
case $1 in
--build)
    [ -f "$REAL_VLLM_CHOSEN" ] ||
        ninja -t targets all | sed -n 's/\(.*\.cu\.o\): .*/\1/p' | grep -E "$REAL_VLLM_UNITS" >"$REAL_VLLM_CHOSEN" || exit 1
    date +%s%3N >"$REAL_VLLM_OUT/begin"
    xargs -a "$REAL_VLLM_CHOSEN" timeout -s INT "$REAL_VLLM_LIMIT" $REAL_VLLM_TRACE ninja -j "$MAX_JOBS" ||
        [ "$REAL_VLLM_LIMIT" != 0 ] || exit 1
    date +%s%3N >"$REAL_VLLM_OUT/end"
    xargs -a "$REAL_VLLM_CHOSEN" ls 2>/dev/null >"$REAL_VLLM_CHOSEN.made"
    mv "$REAL_VLLM_CHOSEN.made" "$REAL_VLLM_CHOSEN"
    xargs -a "$REAL_VLLM_CHOSEN" cp --parents -t "$REAL_VLLM_OUT"
    ;;
--install) "$cmake" "$@" || true ;; # the libraries are not there
*) exec "$cmake" "$@" ;;
esac
CODE
    chmod +x "$work/bin/cmake"
}

# install NAME LAUNCHER: one installation, with everything in new directories.
install() {
    local name=$1 launcher=$2 path
    export NVCACHE_LOG=$BUILD/logs/vllm-$name.nvcache
    export REAL_VLLM_OUT=$work/$name REAL_VLLM_UNITS=$UNITS REAL_VLLM_CHOSEN=$work/chosen REAL_VLLM_TRACE='' REAL_VLLM_CMAKE REAL_VLLM_LIMIT=0
    [ "$name" != first ] || REAL_VLLM_LIMIT=${LIMIT:-0}
    REAL_VLLM_CMAKE=$(PATH=$(dirname "$python"):$PATH type -P cmake)
    mkdir -p "$REAL_VLLM_OUT" "$work/$name.link"
    ! strace -f -e trace=execve -o /dev/null true 2>/dev/null ||
        REAL_VLLM_TRACE="strace -f -qq -e trace=execve -o $REAL_VLLM_OUT/trace"
    [ "$launcher" != link ] || ln -s "$NVCACHE" "$work/$name.link/ccache"
    path=$work/$name.link:$work/bin:$(dirname "$python"):$cuda/bin:/usr/bin:/bin
    TMPDIR=$(mktemp -d "$work/tmp.XXXXXX")
    (
        export TMPDIR PATH=$path CUDA_HOME=$cuda VLLM_TARGET_DEVICE=cuda TORCH_CUDA_ARCH_LIST=${TORCH_CUDA_ARCH_LIST:-8.0}
        export MAX_JOBS=${MAX_JOBS:-1} VLLM_DISABLE_SCCACHE=1
        unset CMAKE_ARGS
        [ "$launcher" = link ] || export CMAKE_ARGS=-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE
        quiet "vllm-$name" "$python" -m pip --disable-pip-version-check install -v --no-build-isolation --no-deps \
            --target "$TMPDIR/site" "$sdist"
    )
    rm -rf "$TMPDIR"
    unset TMPDIR
    elapsed=$(($(cat "$REAL_VLLM_OUT/end") - $(cat "$REAL_VLLM_OUT/begin")))
}

# started NAME: programs of the toolkit or the host compiler that were started while the kernels were built.
started() {
    [ -f "$work/$1/trace" ] || { echo unknown; return; }
    grep -cE 'execve\("[^"]*/(nvcc|cicc|ptxas|cudafe\+\+|fatbinary|cc1plus|as|gcc|g\+\+|c\+\+)".*= 0$' "$work/$1/trace" || true
}

objects() {
    (cd "$work/$1" && find . -name '*.cu.o' | sort)
}

failed=0
fault() {
    say "vllm: FAIL: $*"
    failed=1
}

# again NAME LAUNCHER: an installation of which everything is known.
again() {
    local hits_before object n
    hits_before=$("$NVCACHE" stats --json | "$python" "$work/hits.py")
    install "$1" "$2"
    n=$(($("$NVCACHE" stats --json | "$python" "$work/hits.py") - hits_before))
    [ "$n" = "$units" ] || fault "$1: $n of $units kernels were hits"
    for object in $(objects first); do
        cmp -s "$work/first/$object" "$work/$1/$object" || fault "$1: $object is another"
    done
    case $(started "$1") in
    0 | unknown) ;;
    *) fault "$1: $(started "$1") programs of the compilers were started" ;;
    esac
    say "$1: $n of $units hits, $(seconds $elapsed) s, programs of the compilers started: $(started "$1")"
}

environment
source_package
cutlass
toolkit
empty_parts
shim
cat >"$work/hits.py" <<'CODE'
import json, sys
print(sum(json.load(sys.stdin)["hits"].values()))
CODE
export NVCACHE_DIR=$work/cache
say "vllm: $(basename "$sdist" .tar.gz), $("$NVCC" --version | sed -n 's/.*release \(.*\), V.*/CUDA \1/p'), sm ${TORCH_CUDA_ARCH_LIST:-8.0}"
install first launcher
units=$(objects first | wc -l)
say "first: $units kernels, $(seconds $elapsed) s, programs of the compilers started: $(started first)"
again second launcher
again link link
"$NVCACHE" stats
exit $failed
