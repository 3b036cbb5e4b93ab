#!/usr/bin/env bash
# Installs vLLM from its source package, by pip and its own setup.py, three times through nvcache, each time in new
# directories; called by scripts/real.sh vllm:
#
#   first     CMAKE_ARGS=-DCMAKE_CUDA_COMPILER_LAUNCHER=nvcache, an empty cache
#   second    the same again
#   link      without CMAKE_ARGS: a symbolic link called ccache to nvcache, which vLLM's setup finds
#
# With WAY=editable it is `pip install -e .` in one directory, into which the sources are unpacked anew each time; setuptools
# then misses the libraries that are not there, after the kernels.
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
#   WAY            sdist (default) or editable
#   UNITS          which kernels: an extended regular expression (default: 14 for caches, norms, activations; not
#                  paged attention, on which ptxas alone works for a quarter of an hour); `.` is all that sm_80 has
#   LIMIT          seconds for the first build of the kernels (default: none); those not made by then, or failed, are left out
#   VLLM_VERSION   default 0.23.0, which wants PyTorch 2.11.0
#   VLLM_SDIST     its source package (default: from PyPI)
#   CUTLASS_WHEEL  nvidia-cutlass (default: from PyPI)
#   TORCH_PYTHON   a python that has that PyTorch and what requirements/build/cuda.txt names (default: a new environment)
#   NVCACHE        the program (default: a release build of this tree)
#   MAX_JOBS       as vLLM reads it (default 1)
set -eu
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/real_lib.sh"

VLLM_VERSION=${VLLM_VERSION:-0.23.0}
UNITS=${UNITS:-'libtorch_stable/(activation_k|layernorm_k|pos_encoding|cache_kernels_fused|cuda_view|cuda_utils|permute_cols|attention/merge)|marlin/(gptq_marlin_repack|marlin_int4)|moe_align|topk_softmax|quantization/activation_kernels'}
NVCC=$(find_nvcc) || die "no CUDA compiler"
project=vllm
place=$BUILD/real/vllm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$place"

own_nvcache

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

# Its CMake files are not in the package; of all they do, vLLM wants these two names.
cutlass_cmake() {
    [ -f "$place/cutlass/CMakeLists.txt" ] || cat >"$place/cutlass/CMakeLists.txt" <<'CODE'
set(CUTLASS_INCLUDE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/include CACHE PATH "")
set(CUTLASS_TOOLS_UTIL_INCLUDE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/tools/util/include CACHE PATH "")
CODE
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
    go_on=
    [ "$REAL_VLLM_LIMIT" = 0 ] || go_on='-k 0'
    xargs -a "$REAL_VLLM_CHOSEN" timeout -s INT "$REAL_VLLM_LIMIT" $REAL_VLLM_TRACE ninja $go_on -j "$MAX_JOBS" ||
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
    local name=$1 launcher=$2 path what
    mkdir -p "$work/$name" "$work/$name.link"
    tracer "$name"
    export NVCACHE_LOG=$BUILD/logs/vllm-$name.nvcache
    export REAL_VLLM_OUT=$work/$name REAL_VLLM_UNITS=$UNITS REAL_VLLM_CHOSEN=$work/chosen REAL_VLLM_TRACE=$tracer
    export REAL_VLLM_CMAKE REAL_VLLM_LIMIT=0
    [ "$name" != first ] || REAL_VLLM_LIMIT=${LIMIT:-0}
    REAL_VLLM_CMAKE=$(PATH=$(dirname "$python"):$PATH type -P cmake)
    [ "$launcher" != link ] || ln -s "$NVCACHE" "$work/$name.link/ccache"
    path=$work/$name.link:$work/bin:$(dirname "$python"):$cuda/bin:/usr/bin:/bin
    TMPDIR=$(mktemp -d "$work/tmp.XXXXXX")
    what=(--target "$TMPDIR/site" "$sdist")
    if [ "${WAY:-sdist}" = editable ]; then
        rm -rf "$work/src" && mkdir "$work/src" && tar -xzf "$sdist" -C "$work/src" --strip-components 1
        what=(--prefix "$TMPDIR/site" --ignore-installed -e "$work/src")
    fi
    (
        export TMPDIR PATH=$path CUDA_HOME=$cuda VLLM_TARGET_DEVICE=cuda TORCH_CUDA_ARCH_LIST=${TORCH_CUDA_ARCH_LIST:-8.0}
        export MAX_JOBS=${MAX_JOBS:-1} VLLM_DISABLE_SCCACHE=1
        unset CMAKE_ARGS
        [ "$launcher" = link ] || export CMAKE_ARGS=-DCMAKE_CUDA_COMPILER_LAUNCHER=$NVCACHE
        quiet "vllm-$name" "$python" -m pip --disable-pip-version-check install -v --no-build-isolation --no-deps "${what[@]}"
    ) || { [ "${WAY:-sdist}" = editable ] && [ -f "$work/$name/end" ]; } || die "the installation failed"
    rm -rf "$TMPDIR"
    unset TMPDIR
}

environment
sdist=${VLLM_SDIST:-$place/vllm-$VLLM_VERSION.tar.gz}
source_package vllm "$VLLM_VERSION" "$sdist"
cutlass
cutlass_cmake
toolkit
empty_parts
shim
export NVCACHE_DIR=$work/cache
say "vllm: $(basename "$sdist" .tar.gz), $("$NVCC" --version | sed -n 's/.*release \(.*\), V.*/CUDA \1/p'), sm ${TORCH_CUDA_ARCH_LIST:-8.0}"
first install first launcher
again second install second launcher
again link install link link
"$NVCACHE" stats
exit $failed
