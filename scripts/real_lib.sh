# Shell functions for real_vllm.sh and real_flash.sh, which install a project several times and build only some of its
# kernels.  Sourced, never run, after lib.sh and with $place (what is kept), $work (this run's), $python, $NVCC and
# $project set.  An installation NAME leaves in $work/NAME its objects, `begin` and `end` (ms, of the kernels) and, where
# strace is allowed, `trace`.

failed=0
fault() {
    say "$project: FAIL: $*"
    failed=1
}

# own_nvcache: sets $NVCACHE, a release build of this tree unless it is set.
own_nvcache() {
    if [ -z "${NVCACHE:-}" ]; then
        quiet "$project-build" cmake --preset release -B "$BUILD/release" -S "$ROOT"
        quiet "$project-build" cmake --build "$BUILD/release" -j "$(jobs_count)"
        NVCACHE=$BUILD/release/nvcache
    fi
    NVCACHE=$(readlink -f "$NVCACHE")
}

# source_package NAME VERSION FILE: from PyPI, unless FILE is there.  pip would run its setup to download it, so PyPI is
# asked where it is.
source_package() {
    [ ! -f "$3" ] || return 0
    cat >"$work/fetch.py" <<'CODE'
import json, sys, urllib.parse, urllib.request
index = f"https://pypi.org/pypi/{sys.argv[1]}/json"
files = json.load(urllib.request.urlopen(index))["releases"][sys.argv[2]]
url = next(file["url"] for file in files if file["packagetype"] == "sdist")
urllib.request.urlretrieve(urllib.parse.urljoin(index, url), sys.argv[3])
CODE
    quiet "$project-fetch" "$python" "$work/fetch.py" "$1" "$2" "$3.part"
    mv "$3.part" "$3"
}

# toolkit: sets $cuda, a CUDA_HOME with nvcc and the libraries that PyTorch's headers and CMake files look for: nvcc's own,
# or one with what PyTorch's wheels have.
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

# tracer NAME: sets $tracer, what to write before a command to have its programs in $work/NAME/trace.
tracer() {
    tracer=
    ! strace -f -e trace=execve -o /dev/null true 2>/dev/null || tracer="strace -f -qq -e trace=execve -o $work/$1/trace"
}

# started NAME: programs of the toolkit or the host compiler that were started while the kernels were built.
started() {
    [ -f "$work/$1/trace" ] || { echo unknown; return; }
    grep -cE 'execve\("[^"]*/(nvcc|cicc|ptxas|cudafe\+\+|fatbinary|cc1plus|as|gcc|g\+\+|c\+\+)".*= 0$' "$work/$1/trace" || true
}

objects() { # NAME
    (cd "$work/$1" && find . -name '*.o' | sort)
}

# elapsed NAME: milliseconds that the kernels took.
elapsed() {
    echo $(($(cat "$work/$1/end") - $(cat "$work/$1/begin")))
}

hits() {
    "$NVCACHE" stats --json | "$python" -c 'import json, sys; print(sum(json.load(sys.stdin)["hits"].values()))'
}

# first COMMAND...: the installation called first, of which nothing is known; sets $units.
first() {
    "$@"
    units=$(objects first | wc -l)
    [ "$units" -gt 0 ] || fault "first: nothing was built"
    say "first: $units kernels, $(seconds "$(elapsed first)") s, programs of the compilers started: $(started first)"
}

# again NAME COMMAND...: an installation of which everything is known.
again() {
    local name=$1 before object n
    shift
    before=$(hits)
    "$@"
    n=$(($(hits) - before))
    [ "$n" = "$units" ] || fault "$name: $n of $units kernels were hits"
    [ "$(objects first)" = "$(objects "$name")" ] || fault "$name: other objects were made"
    for object in $(objects first); do
        cmp -s "$work/first/$object" "$work/$name/$object" || fault "$name: $object is another"
    done
    case $(started "$name") in
    0 | unknown) ;;
    *) fault "$name: $(started "$name") programs of the compilers were started" ;;
    esac
    say "$name: $n of $units hits, $(seconds "$(elapsed "$name")") s, programs of the compilers started: $(started "$name")"
}
