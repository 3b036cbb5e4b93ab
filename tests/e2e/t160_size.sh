#!/usr/bin/env bash
# The limit holds: the cache stays near it while it is filled, and what is used stays.
. "$(dirname "$0")/lib.sh"

# A text of random hexadecimal digits in each object: zstd halves it and no more.
padded() { # FILE KIB
    {
        echo "__global__ void k(int *p) { *p = 1; }"
        printf 'extern const char padding_%s[] = \n' "$(basename "$1" .cu)"
        head -c $(($2 * 512)) /dev/urandom | od -An -v -tx1 -w32 | tr -d ' ' | sed 's/.*/"&"/'
        echo ';'
    } >"$1"
}

export NVCACHE_MAX_SIZE=16M

begin "filled to twice its limit, the cache is no larger than it"
for i in $(seq 1 32); do
    padded p$i.cu 2048
    compile p$i.cu -o p.o
    rm p$i.cu
done
[ "$(stat_of store.bytes)" -le $((17 << 20)) ] || fail "the cache has $(stat_of store.bytes) bytes"
on_disk=$(($(du -s --block-size=1 "$NVCACHE_DIR" | cut -f1)))
[ $on_disk -le $((18 << 20)) ] || fail "on disk it has $on_disk bytes"
expect_not_in "errors" "$(counts)" errors

begin "trim to a smaller limit"
NVCACHE_MAX_SIZE=8M
expect_ok nvcache trim
on_disk=$(($(du -s --block-size=1 "$NVCACHE_DIR" | cut -f1)))
[ $on_disk -le $((10 << 20)) ] || fail "on disk it has $on_disk bytes"

begin "it still works"
kernel a.cu
mark
compile a.cu -o a.o
compile a.cu -o a.o
expect_counts hits.manifest=1 misses=1
