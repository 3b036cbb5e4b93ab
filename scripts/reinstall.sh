#!/usr/bin/env bash
# Installs the same small CUDA project again and again, each time in new directories as pip and uv make them, with
# nvcache, ccache and sccache, and prints how much came from the cache the second time:
#
#   scripts/reinstall.sh     NVCACHE=... NVCC=... as for tests/e2e/run.sh; UNITS (default 3)
#
# ccache is the one in PATH (with its defaults, and as vLLM's documentation sets it up), sccache the one in PATH or
# SCCACHE.  The first installation's directories are gone when the second begins.
set -u
. "$(dirname "$0")/lib.sh"

NVCC=$(find_nvcc) || die "no CUDA compiler"
NVCACHE=$(readlink -f "${NVCACHE:-$BUILD/release/nvcache}")
SCCACHE=${SCCACHE:-$(type -P sccache || true)}
units=${UNITS:-3}
work=$(mktemp -d)
trap 'stop_sccache; rm -rf "$work"' EXIT
export TMPDIR=$work/tmp HOME=$work/home
mkdir -p "$TMPDIR" "$HOME"

stop_sccache() {
    [ -z "$SCCACHE" ] || SCCACHE_SERVER_UDS=$work/sccache.sock "$SCCACHE" --stop-server >/dev/null 2>&1
}

# with NAME COMMAND...: the launcher of that name.
with() {
    local name=$1
    shift
    case $name in
    nvcache) NVCACHE_DIR=$work/nvcache "$NVCACHE" "$@" ;;
    ccache) CCACHE_DIR=$work/ccache ccache "$@" ;;
    ccache-set) CCACHE_DIR=$work/ccache-set CCACHE_NOHASHDIR=true CCACHE_BASEDIR=$work ccache "$@" ;;
    sccache) SCCACHE_SERVER_UDS=$work/sccache.sock SCCACHE_DIR=$work/sccache SCCACHE_BASEDIRS=$work "$SCCACHE" "$@" ;;
    esac
}

# counted NAME: hits and misses so far.  sccache counts the steps of nvcc besides the commands.
counted() {
    case $1 in
    nvcache)
        NVCACHE_DIR=$work/nvcache "$NVCACHE" stats --json |
            sed -n 's/.*"manifest": *\([0-9]*\).*/\1/p; s/^ *"misses": *\([0-9]*\).*/\1/p' | paste -sd ' '
        ;;
    ccache | ccache-set)
        CCACHE_DIR=$work/$1 ccache --print-stats |
            awk '/^(direct|preprocessed)_cache_hit/ { h += $2 } /^cache_miss/ { m = $2 } END { print h + 0, m + 0 }'
        ;;
    sccache) with sccache --show-stats | awk '/^Cache hits  / { h = $3 } /^Cache misses  / { m = $3 } END { print h, m }' ;;
    esac
}

# lay_out N: directories of the N-th installation.
lay_out() {
    local i
    env=$TMPDIR/pip-build-env-x$1/overlay/lib/python3.11/site-packages/torch/include
    case $way in
    isolated) source=$work/project build=$work/project/build ;;
    editable) source=$work/project build=$TMPDIR/tmpa${1}bcdefg.build-temp env=$work/venv/torch/include ;;
    sdist) source=$TMPDIR/pip-req-build-y$1 build=$source/build ;;
    esac
    mkdir -p "$env" "$build" "$source/csrc"
    echo 'template <class T> __device__ T twice(T x) { return x + x; }' >"$env/torch.h"
    for ((i = 0; i < units; i++)); do
        echo "#include <torch.h>
__global__ void k$i(int *p) { *p = twice($i); }
void launch$i(int *p) { k$i<<<1, 1>>>(p); }" >"$source/csrc/k$i.cu"
    done
}

# build NAME N
build() {
    local i
    lay_out "$2"
    for ((i = 0; i < units; i++)); do
        (cd "$build" && with "$1" "$NVCC" -arch=sm_80 -O2 $flags -isystem "$env" -MD -MF "k$i.o.d" -c "$source/csrc/k$i.cu" -o "k$i.o") ||
            echo "reinstall: $1 fails" >&2
    done
    rm -rf "$TMPDIR"/pip-* "$TMPDIR"/tmp* "$build"
}

names=nvcache
! have ccache || names="$names ccache ccache-set"
[ -z "$SCCACHE" ] || names="$names sccache"
echo "$units units; nvcc $("$NVCC" --version | sed -n 's/.*V\([0-9.]*\)$/\1/p'), $("$NVCACHE" --version | head -n 1)$(! have ccache || ccache --version | sed -n '1s/^/, /p')$([ -z "$SCCACHE" ] || "$SCCACHE" --version | sed 's/^/, /')"
echo "| second installation | $(echo "$names" | sed 's/ / | /g') |"
echo "| --- |$(for name in $names; do printf ' --- |'; done)"
for way in isolated editable sdist; do
    for flags in '' '-g'; do
        row="| $way${flags:+, $flags} |"
        for name in $names; do
            rm -rf "$work/nvcache" "$work/ccache" "$work/ccache-set" "$work/sccache"
            stop_sccache
            build "$name" 1 >/dev/null 2>&1
            read -r hits misses < <(counted "$name")
            build "$name" 2 >/dev/null 2>&1
            read -r more_hits more_misses < <(counted "$name")
            row="$row $((more_hits - hits)) of $((more_hits + more_misses - hits - misses)) |"
        done
        echo "$row"
    done
done
