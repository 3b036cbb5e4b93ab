#!/usr/bin/env bash
# What many units share is kept once.
. "$(dirname "$0")/lib.sh"
export NVCACHE_PLAN=1 NVCACHE_LOG=$T/log

begin "what cudafe++ prints of headers that two units share is kept once, and put together again"
kept() { cat "$NVCACHE_DIR"/v1-*/g*.mdb | wc -c; }
for name in one other; do
    echo "#include <cstdio>
__global__ void $name(int *p) { *p = 1; }" >$name.cu
done
nvcache nvcc -c one.cu -o one.o
alone=$(kept)
nvcache nvcc -c other.cu -o other.o
[ $((2 * ($(kept) - alone))) -lt "$alone" ] || fail "one unit takes $alone bytes, two $(kept)"
: >"$NVCACHE_LOG"
nvcache nvcc -c -arch=sm_80 other.cu -o other.o
expect_in "the front end" "$(cat "$NVCACHE_LOG")" 'tool=cudafe .*result=reused'
nvcc -c -arch=sm_80 other.cu -o plain.o
for object in other plain; do
    objcopy --strip-unneeded $object.o $object.bare
done
cmp -s other.bare plain.bare || fail "the object is not nvcc's"
expect_eq verify "$(nvcache verify >/dev/null; echo $?)" 0

begin "nothing is left in TMPDIR"
expect_clean_tmp
