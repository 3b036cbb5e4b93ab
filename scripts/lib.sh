# Shell functions that the scripts share.  Sourced, never run.  Sets ROOT, the directory of the
# source tree, and BUILD, where everything that is built or downloaded goes
# (NVC_BUILD_DIR, default build/); defines functions; changes nothing else.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${NVC_BUILD_DIR:-$ROOT/build}

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

jobs_count() {
    nproc 2>/dev/null || echo 2
}

# as_root COMMAND...: run it as root; fails when that is not possible.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        return 1
    fi
}

# is_nvcc PATH: is it NVIDIA's compiler itself, and not a cache that goes by its name?
is_nvcc() {
    [ -x "$1" ] || return 1
    case $(basename "$(readlink -f "$1")") in
    nvcache | ccache | sccache) return 1 ;;
    esac
    NVCACHE_DISABLE=1 "$1" --version 2>/dev/null | grep -q 'Cuda compilation tools'
}

# find_nvcc: print the path of a CUDA compiler; 1 if there is none.
find_nvcc() {
    local candidate
    for candidate in "${NVCC:-}" "${CUDACXX:-}" "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" \
        $(type -ap nvcc) /usr/local/cuda/bin/nvcc /usr/local/cuda-*/bin/nvcc \
        /opt/cuda/bin/nvcc /usr/lib/cuda/bin/nvcc "$BUILD"/cuda/bin/nvcc; do
        case $candidate in
        */*) ;;
        *) candidate=$(type -p "$candidate") || continue ;;
        esac
        if is_nvcc "$candidate"; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# find_python_pip: print a python3 that has pip.
find_python_pip() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -m pip --version >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# quiet NAME COMMAND...: run it with its output in $BUILD/logs/NAME.log, and show the end of
# that if it fails.
quiet() {
    local name=$1 log=$BUILD/logs/$1.log
    shift
    mkdir -p "$BUILD/logs"
    if "$@" >"$log" 2>&1 </dev/null; then
        return 0
    fi
    tail -n 40 "$log" | sed 's/^/    /'
    say "    (all of it: $log)"
    return 1
}

now_ms() {
    date +%s%3N
}

# seconds MS: as "12.3".
seconds() {
    printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# apt_apart DIRECTORY KIND RELEASE COMPONENTS: from here on apt-get works in DIRECTORY, with Debian's KIND (deb, deb-src)
# of that release; the system's own state and sources are not touched.  Run it in a subshell.
apt_apart() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    have apt-get || die "this comes from Debian's packages: needs apt-get"
    [ -f $keyring ] || die "this comes from Debian's packages: needs debian-archive-keyring"
    mkdir -p "$1/lists/partial" "$1/archives/partial"
    echo "$2 [signed-by=$keyring] http://deb.debian.org/debian $3 $4" >"$1/sources.list"
    cat >"$1/apt.conf" <<CONF
Dir::State "$1";
Dir::State::status "/dev/null";
Dir::Cache "$1";
Dir::Etc::SourceList "$1/sources.list";
Dir::Etc::SourceParts "/dev/null";
APT::Sandbox::User "$(id -un)";
CONF
    export APT_CONFIG=$1/apt.conf
    apt-get -q update
}
