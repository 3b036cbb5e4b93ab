#!/usr/bin/env bash
# What the result holds, and what many units share, is kept once; what can be made again from that is what it was.
. "$(dirname "$0")/lib.sh"
export NVCACHE_PLAN=1 NVCACHE_LOG=$T/log

kept() { cat "$NVCACHE_DIR"/v1-*/g*.mdb | wc -c; }

# steps: what the log says of each step since it was last emptied, as "cicc.run=2 ptxas.reused=1".
steps() {
    sed -n 's/.* plan\.step tool=\([a-z]*\) .*result=\([a-z]*\) .*/\1.\2/p' "$NVCACHE_LOG" |
        grep -v -e preprocess -e hosttext -e fatbinary | sort | uniq -c | awk '{ print $2 "=" $1 }' | paste -sd ' '
    : >"$NVCACHE_LOG"
}

# as_nvcc NAME WORDS...: compiled as nvcc does, but for the names of intermediate files.
as_nvcc() {
    local name=$1
    shift
    nvcache nvcc "$@" -c "$name.cu" -o "$name.o" || fail "nvcache: $?"
    nvcc "$@" -c "$name.cu" -o plain.o
    for object in "$name" plain; do
        objcopy --strip-unneeded $object.o $object.bare
    done
    cmp -s "$name.bare" plain.bare || fail "the object is not nvcc's"
}

# Code enough to be seen among pages of four kilobytes.
{
    echo 'template <int N> __global__ void k(float *p)
{
#pragma unroll
    for (int i = 0; i < 40; i++) p[i] = p[i] * p[N - i] / (1 + N + p[2 * i]);
}
#ifndef __CUDA_ARCH__
int host(float *p) {'
    seq 100 119 | sed 's/.*/    k<&><<<1, 1>>>(p);/'
    echo '    return 1; }
#else
int host(float *p) {'
    seq 100 119 | sed 's/.*/    k<&><<<1, 1>>>(p);/'
    echo '    return 0; }
#endif'
} >large.cu
for form in "-arch=sm_80" "-arch=sm_80 -Xfatbin -compress-all"; do
    begin "the steps of a unit take little beside its object: $form"
    # shellcheck disable=SC2086
    as_nvcc large $form
    all=$(kept)
    # shellcheck disable=SC2086
    NVCACHE_DIR=$T/cache.alone NVCACHE_PLAN=0 nvcache nvcc $form -c large.cu -o alone.o
    alone=$(NVCACHE_DIR=$T/cache.alone kept)
    if LC_ALL=C grep -q $'\x28\xb5\x2f\xfd' large.o; then
        [ $((10 * all)) -lt $((14 * alone)) ] || fail "the object takes $alone bytes, with the steps $all"
    else
        skip "this nvcc compresses in a way of its own"
    fi

    begin "and an edit has them back from there: $form"
    sed -i 's/return 1/return 2/' large.cu
    : >"$NVCACHE_LOG"
    # shellcheck disable=SC2086
    as_nvcc large $form
    expect_eq steps "$(steps)" "cicc.reused=1 cudafe.run=1 host.run=1 ptxas.reused=1"
    sed -i 's/return 2/return 1/' large.cu
    rm -rf "$NVCACHE_DIR" "$T/cache.alone"
done

begin "what the host compiler reads is made again when its options change"
as_nvcc large -arch=sm_80
: >"$NVCACHE_LOG"
as_nvcc large -arch=sm_80 -Xcompiler -fwrapv
expect_in "the log" "$(cat "$NVCACHE_LOG")" 'plan\.written tool=cudafe result=as_told'
expect_eq steps "$(steps)" "cicc.reused=1 cudafe.reused=1 cudafe.run=1 host.run=1 ptxas.reused=1"
as_nvcc large -arch=sm_80 -Xcompiler -fwrapv -Xptxas -O1
expect_eq steps "$(steps)" "cicc.reused=1 cudafe.reused=1 host.reused=1 ptxas.run=1"

begin "with debug information, what cudafe++ prints of headers that two units share is kept once, and put together again"
rm -rf "$NVCACHE_DIR"
for name in one other; do
    echo "#include <cstdio>
__global__ void $name(int *p) { *p = 1; }" >$name.cu
done
as_nvcc one -g
alone=$(kept)
as_nvcc other -g
[ $((10 * ($(kept) - alone))) -lt $((6 * alone)) ] || fail "one unit takes $alone bytes, two $(kept)"
: >"$NVCACHE_LOG"
as_nvcc other -g -Xptxas -O1
expect_in "the front end" "$(cat "$NVCACHE_LOG")" 'tool=cudafe .*result=reused'
expect_eq verify "$(nvcache verify >/dev/null; echo $?)" 0

begin "nothing is left in TMPDIR"
expect_clean_tmp
