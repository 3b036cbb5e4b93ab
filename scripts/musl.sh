#!/usr/bin/env bash
# Builds nvcache with musl instead of glibc, into build/musl/nvcache: one static file for any Linux,
# Alpine's included, whatever C library the compilers there use.  Not always a faster one: a hit of a
# tiny kernel took 0.71 of the glibc build's time on one virtual machine (there glibc's start, which
# asks the processor some thirty times what it is, 12 microseconds each, takes half a millisecond) and
# 1.03 on another, CUB's 0.92 and 1.04; a miss costs 10 ms more of processor time than by glibc's
# faster searching in texts.
#
#   scripts/musl.sh
#
# Needs Debian's apt-get, from where it takes the sources of the libraries, and musl-tools,
# autoconf, automake and libtool, which it installs if it may.
set -eu
. "$(dirname "$0")/lib.sh"

RELEASE=${DEBIAN_RELEASE:-bookworm}
prefix=$BUILD/musl-libraries
export CC=musl-gcc
# musl's memcpy is one instruction that takes long to begin.
copies="-minline-all-stringops -mmemcpy-strategy=vector_loop:512:noalign,libcall:-1:noalign"

tools() {
    local missing=
    have musl-gcc || missing="$missing musl-tools"
    have autoreconf || missing="$missing autoconf automake"
    have libtoolize || missing="$missing libtool"
    [ -z "$missing" ] && return 0
    # shellcheck disable=SC2086
    as_root apt-get -q -y --no-install-recommends install $missing || die "please install:$missing"
}

sources() {
    (
        cd "$work"
        apt_apart "$work/apt" deb-src "$RELEASE" main
        apt-get -q source --download-only lmdb libzstd xxhash libsodium
        for archive in *.orig.tar.?z; do
            tar -xf "$archive"
        done
    )
}

# The kernel's headers are the same for every C library.
kernel_headers() {
    local directory
    for directory in linux asm asm-generic; do
        [ -d /usr/include/$directory ] || [ -d "/usr/include/$(gcc -print-multiarch)/$directory" ] || die "no kernel headers here"
        ln -sfn "$(ls -d /usr/include/$directory "/usr/include/$(gcc -print-multiarch)/$directory" 2>/dev/null | head -n 1)" "$prefix/include/$directory"
    done
}

libraries() {
    mkdir -p "$prefix/include" "$prefix/lib"
    (cd "$work"/lmdb-*/libraries/liblmdb && make XCFLAGS="-O2 $copies" CC=$CC liblmdb.a && cp lmdb.h "$prefix/include" && cp liblmdb.a "$prefix/lib")
    (cd "$work"/zstd-*/lib && make CC=$CC CFLAGS="-O3 $copies" libzstd.a && cp zstd.h zstd_errors.h "$prefix/include" && cp libzstd.a "$prefix/lib")
    (cd "$work"/xxHash-* && make CC=$CC CFLAGS="-O3 $copies" libxxhash.a && cp xxhash.h "$prefix/include" && cp libxxhash.a "$prefix/lib")
    (cd "$work"/libsodium-* && autoreconf -fi && CFLAGS="-O2 $copies" ./configure -q --disable-shared --prefix="$prefix" &&
        make -s -j "$(jobs_count)" && make -s install)
    kernel_headers
}

if [ ! -e "$prefix/complete" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    quiet musl-tools tools
    quiet musl-sources sources
    quiet musl-libraries libraries
    touch "$prefix/complete"
fi
cmake --preset release -S "$ROOT" -B "$BUILD/musl" -DCMAKE_C_COMPILER=$CC -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$copies" >/dev/null
quiet musl-build cmake --build "$BUILD/musl" -j "$(jobs_count)"
say "$BUILD/musl/nvcache"
