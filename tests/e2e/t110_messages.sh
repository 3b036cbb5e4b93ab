#!/usr/bin/env bash
# What the compiler says while it succeeds is said again on a hit, and nothing is added.
. "$(dirname "$0")/lib.sh"

mkdir fixture
cat >fixture/warn.cu <<'CODE'
__global__ void k(int *p)
{
    int unused;
    *p = 1;
}
#pragma message("said by the host compiler")
CODE
cat >fixture/hostwarn.cu <<'CODE'
__global__ void k(int *p) { *p = 1; }
#ifndef __CUDA_ARCH__
int host(unsigned a, int b) { return a < b; }
#endif
CODE
cat >fixture/regs.cu <<'CODE'
__global__ void k(float *p) { p[threadIdx.x] = p[threadIdx.x + 1] * 2.0f; }
CODE

begin "warnings of the device front end are replayed"
differential "$T/work/fixture" -arch=sm_80 -c warn.cu -o out.o
expect_in "stderr of the hit" "$(cat "$T/hit.err")" 'unused'
begin "warnings of the host compiler are replayed"
differential "$T/work/fixture" -arch=sm_80 -Xcompiler -Wall,-Wextra -c hostwarn.cu -o out.o
expect_in "stderr of the hit" "$(cat "$T/hit.err")" 'signedness'

begin "who asks for dependencies gets the preprocessor's messages of all passes first"
cat >fixture/passes.cu <<'CODE'
#if __CUDA_ARCH__ >= 900
#warning ninety
#elif defined __CUDA_ARCH__
#warning eighty
#else
#warning of the host
#endif
__global__ void k(int *p) { int unused; *p = 1; }
CODE
differential "$T/work/fixture" -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
    -c passes.cu -o out.o -MD -MF out.d
differential "$T/work/fixture" -arch=sm_80 -c passes.cu -o one.o -MD -MF one.d

# said FLAGS...: nvcc's messages and exit status, compared.
said() {
    run plain nvcc -arch=sm_80 -c "$@" fixture/said.cu -o plain.o
    run cached nvcache nvcc -arch=sm_80 -c "$@" fixture/said.cu -o cached.o
    expect_same_run plain cached
}

begin "what gcc says of directories to search that are none, or not there"
cat >fixture/said.cu <<'CODE'
extern "C" int said(int x) { return x; }
__global__ void k(int *p) { *p = 1; }
CODE
said -Iplace
touch place
said -Iplace
said -Iplace/below
CPATH=place said
rm place
CPATH=place said
said -Iplace/below
said -Xcompiler=-Wmissing-include-dirs -Iplace
mkdir place
said -Xcompiler=-Wmissing-include-dirs -Iplace
said -Xcompiler=-Werror=missing-include-dirs -Iplace
rmdir place
said -Xcompiler=-Werror=missing-include-dirs -Iplace

begin "--jobserver: what nvcc says of one that is not there, and only then"
mkfifo jobs
if nvcc --jobserver --help >/dev/null 2>&1; then
    for auth in '' fifo:$PWD/jobs 98,99; do
        for flags in '' '--jobserver -t 2' '--jobserver -split-compile 2'; do
            MAKEFLAGS=${auth:+-j2 --jobserver-auth=$auth} said $flags
        done
    done
    expect_in counts "$(counts)" 'hits.manifest=[0-9]'
else
    skip "this nvcc has no --jobserver"
fi

begin "--jobserver alone: an nvcc that does not know it fails, and 13.5 writes it into the device code"
said
rm -f plain.o cached.o
said --jobserver
[ ! -e plain.o ] || expect_same plain.o cached.o

begin "lines under a message in a file that nvcc makes, where that file is an earlier compile's"
run first nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o stub.o
run plain nvcc -arch=sm_80 -c fixture/warn.cu -o stub.o -Xcompiler -Wframe-larger-than=1
run cached nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o stub.o -Xcompiler -Wframe-larger-than=1
expect_same_run plain cached

begin "-Xptxas -v: the registers used are replayed"
differential "$T/work/fixture" -arch=sm_80 -Xptxas -v -c regs.cu -o out.o
expect_in "stderr of the hit" "$(cat "$T/hit.err")" 'Used [0-9]+ registers'

begin "deprecation notices of old architectures are replayed"
old=$(nvcc --list-gpu-arch | head -n 1 | sed 's/compute_/sm_/')
differential "$T/work/fixture" -arch="$old" -c regs.cu -o out.o

begin "a compile without messages prints nothing, in any outcome"
for outcome in miss hit; do
    rm -f q.o
    run silent nvcache nvcc -arch=sm_80 -c fixture/regs.cu -o q.o
    expect_eq "$outcome" "$(cat "$T/silent.out" "$T/silent.err")" ''
done

begin "streams to one file, a pipe and a closed descriptor"
nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o q.o >both.txt 2>&1
nvcc -arch=sm_80 -c fixture/warn.cu -o q0.o >plain.txt 2>&1
expect_same plain.txt both.txt
nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o q.o >both.txt 2>&1
expect_same plain.txt both.txt
rm -f q.o
nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o q.o >&- 2>&-
expect_same q0.o q.o

begin "a reader that went away does not spoil the object"
rm -f q.o
(nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o q.o 2>&1; true) | true
rm -f q.o
nvcache nvcc -arch=sm_80 -c fixture/warn.cu -o q.o 2>/dev/null
expect_same q0.o q.o

begin "a pass that the command does not make is not made by nvcache either"
write device_only.cu <<'CODE'
#ifndef __CUDA_ARCH__
#error "for the device only"
#endif
__global__ void k(int *p) { *p = 1; }
CODE
run plain nvcc -arch=sm_80 -ptx device_only.cu -o plain.ptx
run miss nvcache nvcc -arch=sm_80 -ptx device_only.cu -o miss.ptx
expect_eq "exit status of nvcc" "$(code_of plain)" 0
expect_same_run plain miss
expect_same plain.ptx miss.ptx
