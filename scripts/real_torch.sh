#!/usr/bin/env bash
# Installs a PyTorch extension (tests/projects/torch_extension) in the ways people do, each twice, through
# nvcache; called by scripts/real.sh torch.  Each second time everything is in a new directory.  It fails unless every
# unit of the second time is a hit, no program of the toolkit but `nvcc --version` (PyTorch asks it) was started, and the
# extension can be imported; with a GPU its kernels must compute what PyTorch does.  Why something was no hit is in
# build/logs/torch-WAY-*.nvcache.
#
#   TORCH_PYTHON   a python that has PyTorch, pip, setuptools, wheel and ninja; default: a new environment
#                  with PyTorch from PyPI
#   VARIANTS       which ways (default: all of "isolated plain editable sdist index uv uv-index"; index: by name, as from PyPI;
#                  uv-index has an empty cache each time); uv-local: with the packages of isolated, for machines without a network
#   UNITS          how many of the six kernels in the first way (default 6); ALSO: in the others (default 6)
#   CACHES         which caches (default nvcache; of "nvcache ccache ccache-set sccache"): what others do is printed;
#                  ccache-set is CCACHE_NOHASHDIR=true CCACHE_BASEDIR=..., sccache has SCCACHE_BASEDIRS
#   CCACHE SCCACHE UV   the programs (default: in PATH; uv beside python)
#   NVCACHE        the program (default: a release build of this tree)
#   MAX_JOBS       as PyTorch reads it; a unit takes up to 3 GB
set -eu
. "$(dirname "$0")/lib.sh"

NVCC=$(find_nvcc) || die "no CUDA compiler"
place=$BUILD/real/torch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
units=${UNITS:-6}
also=${ALSO:-6}
variants=${VARIANTS:-isolated plain editable sdist index uv uv-index}
mkdir -p "$place" "$work/tmp" "$work/home"

if [ -z "${NVCACHE:-}" ]; then
    quiet torch-build cmake --preset release -B "$BUILD/release" -S "$ROOT"
    quiet torch-build cmake --build "$BUILD/release" -j "$(jobs_count)"
    NVCACHE=$BUILD/release/nvcache
fi
NVCACHE=$(readlink -f "$NVCACHE")
for name in $(compgen -e NVCACHE_) $(compgen -e PIP_) $(compgen -e UV_); do
    case $name in
    PIP_CERT | PIP_DEFAULT_TIMEOUT | PIP_INDEX_URL | UV_INDEX_URL | UV_NATIVE_TLS) ;;
    *) unset "$name" ;;
    esac
done

# environment: sets $python, which has PyTorch, and $wheels, a directory with what the isolated
# build needs.  nvcc's version must be PyTorch's, as PyTorch demands.
environment() {
    if [ -n "${TORCH_PYTHON:-}" ]; then
        python=$(type -P "$TORCH_PYTHON") || die "no $TORCH_PYTHON"
    else
        python=$place/venv/bin/python
        if ! "$python" -c 'import torch' 2>/dev/null; then
            rm -rf "$place/venv"
            say "torch: installing PyTorch from PyPI"
            quiet torch-venv python3 -m venv "$place/venv"
            quiet torch-venv "$python" -m pip install -q uv
            quiet torch-venv "$place/venv/bin/uv" pip install -q --python "$python" --cache-dir "$place/uv" \
                torch==2.11.0 numpy 'setuptools<82' wheel ninja pip
        fi
    fi
    PATH=$(dirname "$python"):$PATH
    wheels=$place/wheels
    [ -f "$wheels/done" ] || pack_wheels
}

# pack_wheels: the installed packages that the isolated build needs as wheels again, so that
# pip can put them into its environment without a network.
pack_wheels() {
    rm -rf "$wheels" && mkdir -p "$wheels"
    cat >"$work/pack.py" <<'CODE'
import re, sys, zipfile
from importlib import metadata

NEEDED = ["torch", "numpy", "setuptools", "wheel", "typing_extensions", "filelock", "sympy", "mpmath",
          "networkx", "jinja2", "MarkupSafe", "fsspec", "packaging"]
def is_kept(line):
    """Of what a package requires, only what is packed."""
    name = re.match(r"Requires-Dist: *([A-Za-z0-9._-]+)", line)
    return name is None or name[1].replace("-", "_").lower() in [needed.replace("-", "_").lower() for needed in NEEDED]

for name in NEEDED:
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        continue
    tags = [line[5:] for line in package.read_text("WHEEL").splitlines() if line.startswith("Tag: ")]
    stem = f"{package.metadata['Name'].replace('-', '_')}-{package.version}"
    with zipfile.ZipFile(f"{sys.argv[1]}/{stem}-{tags[0]}.whl", "w", zipfile.ZIP_STORED) as wheel:
        for file in package.files:
            path = package.locate_file(file)
            if ".." in file.parts or "__pycache__" in file.parts or not path.is_file():
                continue
            if file.name == "METADATA" and file.parts[0].endswith(".dist-info"):
                wheel.writestr(str(file), "".join(filter(is_kept, path.open(encoding="utf-8"))))
            else:
                wheel.write(path, str(file))
CODE
    quiet torch-wheels "$python" "$work/pack.py" "$wheels"
    touch "$wheels/done"
}

# The libraries of CUDA that PyTorch loads are not in the isolated environment.
libraries() {
    "$python" - <<'CODE'
import glob, os, site
print(":".join(sorted({os.path.dirname(file) for root in site.getsitepackages()
                       for file in glob.glob(root + "/nvidia/**/lib*.so*", recursive=True)})))
CODE
}

# fresh: the project as it was checked out.  An isolated build without a network asks for what is in $wheels.
fresh() {
    local requires
    rm -rf "$work/project"
    cp -R "$ROOT/tests/projects/torch_extension" "$work/project"
    [ "$1" = isolated ] || [ "$1" = uv-local ] || [ "$1" = uv-index ] || return 0
    requires=$(cd "$wheels" && printf '"%s", ' *.whl | sed -E 's/-([0-9][^-]*)-[^"]*/==\1/g; s/, $//')
    sed -i "s/^requires = .*/requires = [$requires]/" "$work/project/pyproject.toml"
}

# by_pip ARGUMENTS...: install with the environment's own pip into $work/site.
by_pip() {
    "$python" -m pip --disable-pip-version-check install --no-deps --target "$work/site" --upgrade "$@"
}

# one_way VARIANT: install once, with everything in new directories.
one_way() (
    fresh "$1"
    cd "$work/project"
    case $1 in
    isolated) PIP_NO_DEPS=1 PIP_NO_INDEX=1 PIP_FIND_LINKS=$wheels by_pip . ;;
    plain) by_pip --no-build-isolation --force-reinstall . ;;
    editable)
        "$python" -m pip --disable-pip-version-check install --no-deps --no-build-isolation --ignore-installed \
            --prefix "$work/prefix" -e .
        ;;
    sdist) "$python" setup.py -q sdist && by_pip --no-build-isolation dist/torch_extension-1.0.tar.gz ;;
    index)
        "$python" setup.py -q sdist
        by_pip --no-build-isolation --no-cache-dir --no-index --find-links dist torch_extension
        ;;
    uv-index)
        "$python" setup.py -q sdist
        "$uv" pip install --no-deps --no-index --find-links dist --find-links "$wheels" --no-cache --python "$python" \
            --target "$work/site" torch_extension
        ;;
    uv-local)
        "$uv" pip install --no-deps --no-index --find-links "$wheels" --reinstall --cache-dir "$place/uv" --python "$python" \
            --target "$work/site" .
        ;;
    uv)
        "$uv" pip install --no-deps --reinstall --cache-dir "$place/uv" --python "$python" --target "$work/site" .
        ;;
    esac
)

# imported VARIANT: where the extension is.
imported() {
    case $1 in
    editable) printf '%s' "$work/project" ;;
    *) printf '%s' "$work/site" ;;
    esac
}

number() { # KEY, of the statistics
    "$NVCACHE" stats --json | "$python" -c '
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

# ours LOG: milliseconds between begin and end of nvcache's processes, added up.
ours() {
    awk '$3 == "begin" { begin[$2] = $1 } $3 == "end" { sum += $1 - begin[$2] } END { printf "%d", sum * 1000 }' "$1"
}

# started TRACE: programs that compile, and nvcc other than `nvcc --version`.
started() {
    sed -n 's/^[0-9]* *execve("\([^"]*\)", \[\([^]]*\)\].*= 0$/\1 \2/p' "$1" |
        grep -E '^[^ ]*/(cicc|ptxas|cudafe\+\+|fatbinary|nvlink|cc1plus|nvcc) ' | grep -cv -- '/nvcc "[^"]*", "--version"' || true
}

# both VARIANT KERNELS: the two installations.
both() {
    local variant=$1 start cold warm tracer=()
    export NVC_UNITS=$2 NVCACHE_DIR=$work/cache
    export NVCACHE_LOG=$work/log TMPDIR=$work/tmp HOME=$work/home
    local n=$(($2 + 1))
    rm -rf "$work/cache" "$work/site" "$work/prefix"
    "$NVCACHE" stats --zero >/dev/null
    start=$(now_ms)
    quiet "torch-$variant" one_way "$variant" || { failed=$((failed + 1)); return 0; }
    cold=$(($(now_ms) - start))
    cp "$work/log" "$BUILD/logs/torch-$variant-first.nvcache"
    expect "$variant: misses of the first installation" "$(number misses)" "$n"
    "$NVCACHE" stats --zero >/dev/null
    rm -rf "$work/site" "$work/prefix" "$work/log"
    ! have strace || tracer=(strace -f -qq --seccomp-bpf -s 200 -e trace=execve -o "$work/trace")
    start=$(now_ms)
    export -f one_way fresh by_pip
    export work place ROOT python wheels uv
    quiet "torch-$variant" "${tracer[@]}" bash -eu -c "one_way $variant" || failed=$((failed + 1))
    warm=$(($(now_ms) - start))
    cp "$work/log" "$BUILD/logs/torch-$variant-second.nvcache"
    expect "$variant: hits of the second installation" "$(number hits.manifest)" "$n"
    expect "$variant: misses of the second installation" "$(number misses)" 0
    [ ${#tracer[@]} = 0 ] || expect "$variant: compiling programs started" "$(started "$work/trace")" 0
    if PYTHONPATH=$(imported "$variant") quiet "torch-$variant" "$python" "$ROOT/tests/projects/torch_extension/check.py"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "FAIL  $variant: the import or the kernels"
    fi
    printf '  %-9s %d units: first %s s, second %s s, of which nvcache %s s (%s %% is not ours); %s\n' "$variant" $n \
        "$(seconds $cold)" "$(seconds $warm)" "$(seconds "$(ours "$work/log")")" \
        "$(awk "BEGIN { printf \"%.1f\", 100 - 100 * $(ours "$work/log") / $warm }")" "$(tail -n 1 "$BUILD/logs/torch-$variant.log")"
}

# launcher PEER: let PyTorch start nvcc through it.
launcher() {
    case $1 in
    ccache) export CCACHE_DIR=$work/ccache PYTORCH_NVCC="${CCACHE:-ccache} $NVCC" ;;
    ccache-set)
        export CCACHE_DIR=$work/ccache CCACHE_NOHASHDIR=true CCACHE_BASEDIR=$work PYTORCH_NVCC="${CCACHE:-ccache} $NVCC"
        ;;
    sccache)
        export SCCACHE_DIR=$work/sccache SCCACHE_BASEDIRS=$work SCCACHE_SERVER_UDS=$work/sccache.sock
        export PYTORCH_NVCC="${SCCACHE:-sccache} $NVCC"
        "${SCCACHE:-sccache}" --start-server >/dev/null 2>&1
        ;;
    esac
}

# peer_counts PEER: hits and misses so far.  sccache counts the steps of nvcc besides the commands.
peer_counts() {
    case $1 in
    ccache*)
        "${CCACHE:-ccache}" --print-stats |
            awk '/^(direct|preprocessed)_cache_hit/ { h += $2 } /^cache_miss/ { m = $2 } END { print h + 0, m + 0 }'
        ;;
    sccache) "${SCCACHE:-sccache}" --show-stats | awk '/^Cache hits  / { h = $3 } /^Cache misses  / { m = $3 } END { print h + 0, m + 0 }' ;;
    esac
}

# peer VARIANT KERNELS NAME: the two installations with another cache.
peer() (
    export NVC_UNITS=$2 TMPDIR=$work/tmp HOME=$work/home
    rm -rf "$work/ccache" "$work/sccache" "$work/site" "$work/prefix"
    launcher "$3"
    start=$(now_ms)
    quiet "torch-$1-$3" one_way "$1" || return 0
    cold=$(($(now_ms) - start))
    read -r hits misses < <(peer_counts "$3")
    rm -rf "$work/site" "$work/prefix"
    start=$(now_ms)
    quiet "torch-$1-$3" one_way "$1" || return 0
    warm=$(($(now_ms) - start))
    read -r more_hits more_misses < <(peer_counts "$3")
    printf '  %-9s %d units, %s: first %s s, second %s s, %s hits of %s\n' "$1" $(($2 + 1)) "$3" "$(seconds $cold)" \
        "$(seconds $warm)" $((more_hits - hits)) $((more_hits + more_misses - hits - misses))
    [ "$3" != sccache ] || "${SCCACHE:-sccache}" --stop-server >/dev/null 2>&1
)

passed=0
failed=0
environment
uv=${UV:-$(dirname "$python")/uv}
PYTHONUSERBASE=$("$python" -c "import site; print(site.getuserbase())")
export PYTHONUSERBASE
CUDA_HOME=$(dirname "$(dirname "$NVCC")")
LD_LIBRARY_PATH=$(libraries)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PYTORCH_NVCC="$NVCACHE $NVCC"
export CUDA_HOME LD_LIBRARY_PATH PYTORCH_NVCC
export TORCH_CUDA_ARCH_LIST=${TORCH_CUDA_ARCH_LIST:-8.0}
say "torch: $("$python" -c 'import torch; print(torch.__version__)'), $("$NVCC" --version | grep -o 'V[0-9][0-9.]*'), sm_${TORCH_CUDA_ARCH_LIST/./}"
count=$units
for variant in $variants; do
    if [ "${variant%-*}" = uv ] && [ ! -x "$uv" ]; then
        say "  $variant left out: there is no $uv"
        continue
    fi
    for name in ${CACHES:-nvcache}; do
        if [ "$name" = nvcache ]; then
            both "$variant" "$count"
        else
            peer "$variant" "$count" "$name"
        fi
    done
    count=$also
done
say "$passed passed, $failed failed"
[ $failed = 0 ]
