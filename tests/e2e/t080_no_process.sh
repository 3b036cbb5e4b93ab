#!/usr/bin/env bash
# A hit starts no process, and takes nothing but its inputs, its cache and its outputs.
. "$(dirname "$0")/lib.sh"

begin "strace works here"
if ! strace -f -o "$T/trace" true 2>/dev/null; then
    skip "strace is not allowed to trace"
    exit 0
fi

write own.h <<'CODE'
#define VALUE 1
CODE
write a.cu <<'CODE'
#include "own.h"
__global__ void k(int *p) { *p = VALUE; }
CODE

traced() { # ARGUMENTS...: count what the program under test does
    strace -f -e trace=execve,clone,clone3,fork,vfork,openat,unlink,rename,renameat,renameat2 -o "$T/trace" "$@"
}

begin "a miss starts nvcc"
mark
expect_ok traced nvcache nvcc -arch=sm_80 -MD -MF a.d -c a.cu -o a.o
expect_counts misses=1
expect_in "the trace" "$(grep -c execve "$T/trace")" '^[0-9]{2,}$'

begin "a hit starts no process at all"
rm -f a.o a.d
expect_ok traced nvcache nvcc -arch=sm_80 -MD -MF a.d -c a.cu -o a.o
expect_counts hits.manifest=1
expect_file a.o
expect_file a.d
expect_eq "programs started" "$(grep -c 'execve(' "$T/trace")" 1
expect_eq "processes and threads made" "$(grep -cE '(clone3?|v?fork)\(' "$T/trace")" 0

begin "a hit opens neither source nor headers, once their time stamps have settled"
opened=1
for times in 1 2 3 4 5 6 7 8 9 10; do
    rm -f a.o a.d
    expect_ok traced nvcache nvcc -arch=sm_80 -MD -MF a.d -c a.cu -o a.o
    opened=$(grep -cE 'openat\(.*"[^"]*(a\.cu|own\.h|cuda_runtime\.h)"' "$T/trace")
    [ "$opened" != 0 ] || break
    sleep 0.5
done
expect_eq "inputs opened" "$opened" 0

begin "a hit writes its outputs beside their places and renames them"
grep -E 'rename' "$T/trace" | grep -q '"a\.o"\|/a\.o"' || fail "a.o was not renamed into place"

begin "sub-commands start no process either"
expect_ok traced nvcache stats --json
expect_eq "programs started" "$(grep -c 'execve(' "$T/trace")" 1
