#!/usr/bin/env bash
# A cache that comes to another machine: a directory mounted into containers (Docker's RUN --mount=type=cache), an archive
# unpacked by a CI (GitHub's actions/cache).
. "$(dirname "$0")/lib.sh"

apart() {
    local user=
    [ "$(id -u)" = 0 ] || user="-U --map-root-user"
    unshare $user -m --propagation private "$@"
}

write src/k.cu <<'CODE'
#include "k.h"
__global__ void k(int *p) { *p = VALUE; }
CODE
echo '#define VALUE 1' >src/k.h

# container N: a root of its own above this machine's, its own /tmp, a copy of the sources; the cache is bound to the place
# where nvcache has it without a setting.  77: that cannot be done here.
container() {
    apart bash -c '
        root=$T/r$1/root
        mkdir -p "$T/r$1" && mount -t tmpfs none "$T/r$1" && mkdir "$T/r$1/up" "$T/r$1/work" "$root" || exit 77
        mount -t overlay overlay -o "lowerdir=/,upperdir=$T/r$1/up,workdir=$T/r$1/work" "$root" || exit 77
        mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs none "$root/tmp" || exit 77
        mkdir -p "$root/home-of-build/.cache/nvcache" "$root/build" && mount --bind "$T/shared" "$root/home-of-build/.cache/nvcache" || exit 77
        cp "$NVCACHE" "$root/usr/bin/nvcache" && cp "$T/work/src/"k.* "$root/build" && [ -x "$root$NVCC" ] || exit 77
        chroot "$root" env -i PATH="/usr/bin:/bin" HOME=/home-of-build sh -c "cd /build && nvcache $NVCC -arch=sm_80 -c k.cu -o k.o -MD -MF k.d" || exit 1
        cp "$root/build/k.o" "$T/k$1.o" && cp "$root/build/k.d" "$T/k$1.d"' container "$1" 2>"$T/err"
}

begin "two containers with one cache"
export T NVCACHE NVCC
mkdir "$T/shared"
container 1
case $? in
0)
    container 2 || fail "the second: $(cat "$T/err")"
    NVCACHE_DIR=$T/shared expect_counts hits.manifest=1 misses=1
    expect_same "$T/k1.o" "$T/k2.o"
    expect_same "$T/k1.d" "$T/k2.d"
    ;;
77) skip "no root of its own is possible here: $(tail -n 1 "$T/err")" ;;
*) fail "the first: $(cat "$T/err")" ;;
esac

begin "an archive of the cache, unpacked where another kernel runs, of sources checked out anew"
(cd src && nvcache nvcc -arch=sm_80 -c k.cu -o k.o) || fail "it does not compile"
cp src/k.o "$T/first.o"
tar -C "$T" -cf "$T/archive.tar" cache
rm -rf "$T/cache"
cp -R src new && rm -rf src && mv new src && rm src/k.o
tar -C "$T" -xf "$T/archive.tar"
apart bash -c '
    cp /proc/sys/kernel/random/uuid "$T/boot_id" && mount --bind "$T/boot_id" /proc/sys/kernel/random/boot_id || exit 77
    cd src && nvcache "$NVCC" -arch=sm_80 -c k.cu -o k.o' 2>"$T/err"
case $? in
0)
    expect_counts hits.manifest=1 misses=1
    expect_same "$T/first.o" src/k.o
    ;;
77) skip "no other kernel can be feigned here: $(tail -n 1 "$T/err")" ;;
*) fail "the other: $(cat "$T/err")" ;;
esac
