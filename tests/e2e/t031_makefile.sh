#!/usr/bin/env bash
# A plain Makefile: make NVCC="nvcache nvcc", with dependency files, a jobserver, device
# linking, and a program that is compiled and linked in one step.
. "$(dirname "$0")/lib.sh"

write Makefile <<'CODE'
NVCC = nvcc
NVCCFLAGS = -arch=sm_80 -O2 -Xcompiler "-Wall -Wextra" -Iinclude
OBJECTS = a.o b.o main.o

play: $(OBJECTS) dlink.o
	$(NVCC) $(NVCCFLAGS) -o $@ $^

dlink.o: a.o b.o
	$(NVCC) $(NVCCFLAGS) -dlink -o $@ $^

single: single.cu
	$(NVCC) $(NVCCFLAGS) -o $@ single.cu

%.o: %.cu
	+$(NVCC) $(NVCCFLAGS) -MMD -MP -dc -o $@ $<

%.o: %.cpp
	$(NVCC) $(NVCCFLAGS) -MMD -MP -c -o $@ $<

clean:
	rm -f *.o *.d play single

-include $(wildcard *.d)
CODE
write include/both.h <<'CODE'
__device__ int both(int);
CODE
write a.cu <<'CODE'
#include "both.h"
__device__ int both(int a) { return a + 1; }
CODE
write b.cu <<'CODE'
#include "both.h"
__global__ void k(int *p) { *p = both(*p); }
CODE
write main.cpp <<'CODE'
#include <cstdio>
int main() { std::puts("made"); }
CODE
write single.cu <<'CODE'
#include <cstdio>
__global__ void k(int *p) { *p = 1; }
int main() { std::puts("single"); }
CODE

keep() {
    rm -rf "${T:?}/$1"
    mkdir "$T/$1"
    cp -p ./*.o ./*.d "$T/$1"
}

runs_programs && can_run=yes || can_run=no

begin "as nvcc alone: the objects, the dependency files, the program"
expect_ok make -j2
keep plain
expect_ok make clean
mark
expect_ok make -j2 NVCC="nvcache nvcc"
expect_counts bypassed.device_link=1 bypassed.link=1 misses=3
keep miss
expect_same_tree "$T/plain" "$T/miss"

begin "made again: hits, identical files, a program that runs"
expect_ok make clean
expect_ok make -j2 NVCC="nvcache nvcc"
expect_counts bypassed.device_link=1 bypassed.link=1 hits.manifest=3
keep hit
expect_same_tree "$T/miss" "$T/hit" identical
[ $can_run = no ] || expect_eq "the program says" "$(./play)" made

begin "then make has nothing to do"
expect_in make "$(make NVCC="nvcache nvcc")" 'up to date'
expect_counts ''

begin "a changed header is compiled anew, changed back it hits"
sed -i 's/both(int)/both(int a)/' include/both.h
expect_ok make NVCC="nvcache nvcc"
expect_counts bypassed.device_link=1 bypassed.link=1 misses=2
sed -i 's/both(int a)/both(int)/' include/both.h
touch include/both.h
expect_ok make NVCC="nvcache nvcc"
expect_counts bypassed.device_link=1 bypassed.link=1 hits.manifest=2

begin "compile and link in one step passes through and works"
expect_ok make single NVCC="nvcache nvcc"
expect_counts bypassed.link=1
[ $can_run = no ] || expect_eq "the program says" "$(./single)" single

begin "the jobserver reaches the recipe's own make"
write jobs.mk <<'CODE'
all:
	+nvcache make -f jobs.mk inner
inner: one two
one two:
	@echo $@
.PHONY: all inner one two
CODE
expect_not_in "make's words" "$(make -j2 -f jobs.mk 2>&1)" 'jobserver unavailable'
expect_counts bypassed.not_nvcc=1
