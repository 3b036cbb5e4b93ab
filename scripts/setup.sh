#!/usr/bin/env bash
# Makes this machine able to build and test nvcache: on Debian and Ubuntu it installs the packages
# that are missing, elsewhere it says which ones are.  With --cuda it also sees to it that
# there is a CUDA compiler, if need be one that lives in build/cuda.  With --checks it
# installs the formatter too, with --clang the other compiler and its linter.  Installs nothing that is there already.
set -eu
. "$(dirname "$0")/lib.sh"

usage='usage: scripts/setup.sh [--cuda] [--tests] [--checks] [--clang]'
want_cuda=no
want_tests=no
want_checks=no
want_clang=no
for argument; do
    case $argument in
    --cuda) want_cuda=yes ;;
    --tests) want_tests=yes ;;
    --checks) want_checks=yes ;;
    --clang) want_clang=yes ;;
    --help | -h)
        say "$usage"
        exit 0
        ;;
    *) die "unknown argument '$argument'; $usage" ;;
    esac
done

has_header() {
    local compiler
    for compiler in cc gcc; do
        printf '#include <stddef.h>\n#include <stdarg.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <%s>\n' "$1" |
            "$compiler" -E -o /dev/null - 2>/dev/null && return 0
    done
    return 1
}

missing=
need() { # PACKAGE, then a test
    local package=$1
    shift
    "$@" || missing="$missing $package"
}

look() {
    missing=
    need cmake have cmake
    need ninja-build have ninja
    need gcc have gcc
    need g++ have g++
    need make have make
    need liblmdb-dev has_header lmdb.h
    need libzstd-dev has_header zstd.h
    need libxxhash-dev has_header xxhash.h
    need libsodium-dev has_header sodium.h
    if [ $want_tests = yes ]; then
        need libcmocka-dev has_header cmocka.h
        need python3 have python3
        need strace have strace
        need btrfs-progs have mkfs.btrfs
    fi
    if [ $want_checks = yes ]; then
        need clang-format have clang-format
    fi
    if [ $want_clang = yes ]; then
        need clang have clang
        need clang-tidy have clang-tidy
    fi
    if [ $want_cuda = yes ] && ! find_nvcc >/dev/null; then
        need python3 have python3
        need python3-pip find_python_pip >/dev/null
    fi
}

apt_updated=no
apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    if [ $apt_updated = no ]; then
        quiet apt-update as_root apt-get -q update || say "setup: apt-get update failed; going on with the lists there are"
        apt_updated=yes
    fi
    say "setup: installing $*"
    quiet apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "$@"
}

look
if [ -n "$missing" ]; then
    if have apt-get; then
        # shellcheck disable=SC2086
        apt_install $missing || die "could not install$missing: become root, or install them by hand"
        look
    fi
    [ -z "$missing" ] || die "please install these (Debian's names):$missing"
fi

if [ $want_cuda = yes ] && ! find_nvcc >/dev/null; then
    say "setup: no CUDA compiler here; getting one from PyPI into $BUILD/cuda"
    if ! quiet cuda "$ROOT/scripts/cuda.sh" 13.0 "$BUILD/cuda"; then
        say "setup: that failed; trying the distribution's nvidia-cuda-toolkit"
        have apt-get && apt_install nvidia-cuda-toolkit ||
            die "no CUDA compiler: install one and put nvcc in PATH, or name it with NVCC=/path/to/nvcc"
    fi
    find_nvcc >/dev/null || die "the CUDA compiler just installed does not run (see $BUILD/logs)"
fi
