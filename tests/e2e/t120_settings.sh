#!/usr/bin/env bash
# The settings that change what a compile does.
. "$(dirname "$0")/lib.sh"

kernel a.cu

begin "NVCACHE_RECACHE=1 compiles anew and replaces"
compile a.cu -o a.o
expect_ok env NVCACHE_RECACHE=1 nvcache nvcc -arch=sm_80 -c a.cu -o a.o
expect_counts misses=2
compile a.cu -o a.o
expect_counts hits.manifest=1

begin "NVCACHE_READONLY=1 uses the cache and adds nothing"
expect_ok env NVCACHE_READONLY=1 nvcache nvcc -arch=sm_80 -c a.cu -o a.o
entries=$(stat_of store.entries)
kernel b.cu other
for times in 1 2; do
    expect_ok env NVCACHE_READONLY=1 nvcache nvcc -arch=sm_80 -c b.cu -o b.o
    expect_file b.o
    rm -f b.o
done
expect_eq "entries" "$(stat_of store.entries)" "$entries"
mark
compile b.cu -o b.o
expect_counts misses=1

begin "NVCACHE_UMASK=002: a directory that a group can share"
export NVCACHE_DIR=$T/group
export NVCACHE_UMASK=002
compile a.cu -o a.o
compile a.cu -o a.o
unset NVCACHE_UMASK
others=$(find "$NVCACHE_DIR" \( -type f ! -perm -660 \) -o \( -type d ! -perm -770 \))
expect_eq "files the group cannot write" "$others" ''
expect_eq "the object's mode" "$(stat -c %a a.o)" 644

begin "without it nobody else can write in the cache"
export NVCACHE_DIR=$T/private
compile a.cu -o a.o
others=$(find "$NVCACHE_DIR" -perm /022)
expect_eq "files others can write" "$others" ''

begin "NVCACHE_LOG: one line per decision, and none when it cannot be written"
export NVCACHE_DIR=$T/logged
NVCACHE_LOG=$T/log compile a.cu -o a.o
NVCACHE_LOG=$T/log compile a.cu -o a.o
expect_in "log" "$(cat "$T/log")" 'manifest'
[ "$(wc -l <"$T/log")" -ge 2 ] || fail "fewer than two lines"
NVCACHE_LOG=/no/such/dir/log run built compile a.cu -o a.o
expect_eq "exit status" "$(code_of built)" 0
expect_eq "streams" "$(cat "$T/built.out" "$T/built.err")" ''

begin "a miss says in the log which input differed"
sed -i 's/= 1/= 2/' a.cu
: >"$T/log"
NVCACHE_LOG=$T/log compile a.cu -o a.o
expect_in "log" "$(cat "$T/log")" 'source'
write own.h <<'CODE'
#define VALUE 1
CODE
printf '#include "own.h"\n__global__ void k(int *p) { *p = VALUE; }\n' >inc.cu
compile inc.cu -o inc.o
echo '#define VALUE 2' >own.h
: >"$T/log"
NVCACHE_LOG=$T/log compile inc.cu -o inc.o
expect_in "log" "$(cat "$T/log")" 'own\.h'

begin "a miss says in the log which option differed"
: >"$T/log"
compile inc.cu -o inc.o
: >"$T/log"
NVCACHE_LOG=$T/log compile -DNEWLY_SET inc.cu -o inc.o
expect_in "log" "$(cat "$T/log")" 'NEWLY_SET|define'

begin "NVCACHE_BASE_DIR: the same project in another place never gets the first one's paths"
export NVCACHE_DIR=$T/based
for place in one two; do
    mkdir -p $place/src $place/include
    printf '#include "own.h"\n__global__ void k(int *p) { *p = VALUE; }\n' >$place/src/k.cu
    echo '#define VALUE 3' >$place/include/own.h
done
for place in one two two; do
    (cd $place && NVCACHE_BASE_DIR=$PWD compile -I"$PWD/include" "$PWD/src/k.cu" -MD -MF k.d -o k.o)
done
expect_in "the depfile" "$(cat two/k.d)" "$PWD/two/include/own.h"
expect_not_in "the depfile" "$(cat two/k.d)" "$PWD/one/"
expect_in "counts" "$(counts)" 'hits'
