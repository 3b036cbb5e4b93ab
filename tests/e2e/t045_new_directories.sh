#!/usr/bin/env bash
# Headers that appear in directories which did not exist when the run was recorded.
. "$(dirname "$0")/lib.sh"

mkdir src
cat >src/a.cu <<'CODE'
#if __has_include("new/deep/x.h")
#include "new/deep/x.h"
#else
#define VALUE 1
#endif
__global__ void k(int *p) { *p = VALUE; }
CODE
settle
compile src/a.cu -o a.o
nvcc -arch=sm_80 -c src/a.cu -o before.o

# expect_plain: nvcache's object is nvcc's.
expect_plain() {
    settle
    compile src/a.cu -o got.o
    nvcc -arch=sm_80 -c src/a.cu -o expected.o
    expect_same expected.o got.o
}

begin "directories on the way to a header appear one by one, with compiles between"
for step in "mkdir src/new" "mkdir src/new/deep"; do
    $step
    sleep 2.2 # until the time stamps are old enough to be remembered as checked
    expect_plain
    expect_plain
done
echo '#define VALUE 2' >src/new/deep/x.h
expect_plain
mv src/new/deep src/new/gone
expect_plain
mv src/new/gone src/new/deep
expect_plain

begin "the header at the end of it was really used"
cmp -s before.o got.o && fail "the object is the one without the header"

begin "what others write beside a header that is named by its whole path, and above it, makes nothing new"
mkdir -p top/build
echo '#define OTHER 4' >top/build/config.h
cp src/a.cu top/build/
settle
for i in 1 2; do
    (
        cd top/build || exit
        during 'for j in 1 2 3 4 5 6; do echo >other.$j; echo >../other.$j; sleep 0.1; done'
        compile -include "$PWD/config.h" a.cu -o a.o
        wait
    )
done
expect_counts hits.manifest=1 misses=1

begin "a name that counts appears where it changes nothing: headers are searched once more, not each time"
write first/named.h <<<'#define NAMED 1'
mkdir -p behind
write named.cu <<<'#include <named.h>
__global__ void k(int *p) { *p = NAMED; }'
settle
nvcache nvcc -arch=sm_80 -c named.cu -o named.o -I first -I behind || fail "it does not compile"
echo '#define NAMED 2' >behind/named.h
for turn in 1 2 3; do
    NVCACHE_LOG=$T/log.$turn nvcache nvcc -arch=sm_80 -c named.cu -o named.o -I first -I behind || fail "turn $turn"
done
expect_counts hits.manifest=3 misses=1
expect_in "the first log" "$(cat "$T/log.1")" 'lookup\.search'
expect_not_in "the second log" "$(cat "$T/log.2" "$T/log.3")" 'lookup\.search'
rm first/named.h
nvcache nvcc -arch=sm_80 -c named.cu -o named.o -I first -I behind || fail "the other header"
expect_counts misses=1
