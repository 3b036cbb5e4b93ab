#!/usr/bin/env bash
# A compile that fails is the user's affair: its streams, its exit status, never stored.
. "$(dirname "$0")/lib.sh"

mkdir fixture
printf '__global__ void k(int *p) { *p = undeclared; }\n' >fixture/bad.cu
printf '__global__ void k(int *p) { *p = 1; }\n#ifndef __CUDA_ARCH__\nint host() { return undeclared; }\n#endif\n' >fixture/badhost.cu
printf '#include "none.h"\n__global__ void k(int *p) { *p = 1; }\n' >fixture/include.cu
printf '__global__ void k(int *p) { asm("not an instruction;"); *p = 1; }\n' >fixture/ptx.cu
printf 'old\n' >fixture/out.o

failing() { # WHAT ARGUMENTS...
    local what=$1
    shift
    begin "$what"
    in_fresh "$T/work/fixture" plain nvcc "$@"
    [ "$(code_of plain)" != 0 ] || fail "nvcc itself compiles it"
    in_fresh "$T/work/fixture" first nvcache nvcc "$@"
    in_fresh "$T/work/fixture" second nvcache nvcc "$@"
    expect_same_run plain first
    expect_same_run plain second
    expect_same_tree "$T/plain" "$T/first"
    expect_same_tree "$T/plain" "$T/second"
    expect_counts failed_compiles=2
}

kernel fixture/fine.cu
compile fixture/fine.cu -o fine.o
entries=$(stat_of store.entries)

failing "an error in device code, twice" -arch=sm_80 -c bad.cu -o out.o
failing "an error in host code only" -arch=sm_80 -c badhost.cu -o out.o
failing "a header that is not there" -arch=sm_80 -MD -MF out.d -c include.cu -o out.o
failing "an error that only ptxas sees" -arch=sm_80 -c ptx.cu -o out.o
failing "an output directory that is not there" -arch=sm_80 -c include.cu -Ifixture -o no/such/dir/out.o
failing "an architecture that nvcc does not know" -arch=sm_1 -c bad.cu -o out.o

begin "a source that is not there: nvcc's own words"
run plain nvcc -arch=sm_80 -c absent.cu -o absent.o
run passed nvcache nvcc -arch=sm_80 -c absent.cu -o absent.o
expect_same_run plain passed
expect_not_in "what was counted" "$(counts)" 'hits|errors'

begin "nothing of the failures is in the cache"
# (the plan of a compile that fails is kept: it says nothing about the source)
plans || expect_eq "entries" "$(stat_of store.entries)" "$entries"

begin "the same file put right compiles and is stored"
kernel fixture/bad.cu
mark
compile fixture/bad.cu -o good.o
compile fixture/bad.cu -o good.o
expect_counts hits.manifest=1 misses=1

begin "warnings are errors: --Werror fails each time"
printf '__global__ void k(int *p) { int unused; *p = 1; }\n' >warn.cu
run plain nvcc -arch=sm_80 -Werror all-warnings -c warn.cu -o warn.o
run first nvcache nvcc -arch=sm_80 -Werror all-warnings -c warn.cu -o warn.o
expect_same_run plain first
expect_counts failed_compiles=1
expect_clean_tmp
