#!/usr/bin/env bash
# The limit holds: the cache stays near it while it is filled.
. "$(dirname "$0")/lib.sh"

# A C file with a text of random hexadecimal digits: zstd halves it and no more, and nvcc only
# hands it to the host compiler, which is quick.
padded() { # FILE KIB
    {
        printf 'const char padding_%s[] = \n' "$(basename "$1" .c)"
        head -c $(($2 * 512)) /dev/urandom | od -An -v -tx1 -w32 | tr -d ' ' | sed 's/.*/"&"/'
        echo ';'
    } >"$1"
}

export NVCACHE_MAX_SIZE=32M

begin "filled to three times its limit, the cache is no larger than it"
for i in $(seq 1 100); do
    padded p$i.c 1536
    nvcache nvcc -c p$i.c -o p.o || fail "compile $i"
    rm p$i.c
done
expect_counts misses=100
[ "$(stat_of store.bytes)" -le $((34 << 20)) ] || fail "the cache has $(stat_of store.bytes) bytes"
on_disk=$(($(du -s --block-size=1 "$NVCACHE_DIR" | cut -f1)))
[ $on_disk -le $((36 << 20)) ] || fail "on disk it has $on_disk bytes"
[ $on_disk -ge $((16 << 20)) ] || fail "on disk it has only $on_disk bytes"

begin "trim to a smaller limit"
NVCACHE_MAX_SIZE=8M
expect_ok nvcache trim
on_disk=$(($(du -s --block-size=1 "$NVCACHE_DIR" | cut -f1)))
[ $on_disk -le $((12 << 20)) ] || fail "on disk it has $on_disk bytes"

begin "it still works"
kernel a.cu
mark
compile a.cu -o a.o
compile a.cu -o a.o
expect_counts hits.manifest=1 misses=1
