#!/usr/bin/env bash
# The table of commands: for each, nvcc alone, a miss and a hit have equal exit status, streams,
# files and modes.  One line per command: what it is, then its arguments.
. "$(dirname "$0")/lib.sh"

mkdir -p fixture/include "fixture/blank dir" fixture/sub
cat >fixture/include/own.h <<'CODE'
#ifndef VALUE
#define VALUE 1
#endif
CODE
cp fixture/include/own.h "fixture/blank dir/own.h"
cat >fixture/a.cu <<'CODE'
#include "own.h"
namespace {
__global__ void hidden(int *p) { *p = VALUE; }
}
__global__ void k(int *p) { *p = VALUE; }
void launch(int *p) { hidden<<<1, 1>>>(p); }
CODE
cp fixture/a.cu fixture/a.cpp.cu
cat >fixture/dev.cu <<'CODE'
__device__ int twice(int a) { return a + a; }
CODE
printf 'int host(int a) { return a + 1; }\n' >fixture/host.cpp
printf 'int chost(int a) { return a + 1; }\n' >fixture/host.c
printf '%s\n' '-DVALUE=6 -Iinclude' >fixture/options.rsp
printf '%s\n' '-O2' >fixture/more.rsp
I=-Iinclude

same() { # WHAT ARGUMENTS...
    local what=$1
    shift
    begin "$what: nvcc $*"
    differential "$T/work/fixture" "$@"
    expect_clean_tmp
}

# again WHAT ARGUMENTS...: another spelling of a command above.
again() {
    local what=$1
    shift
    begin "$what: nvcc $*"
    same_again "$T/work/fixture" "$@"
}

same "object" -arch=sm_80 $I -c a.cu -o out.o
same "object, default name" -arch=sm_80 $I -c a.cu
same "object in a sub-directory" -arch=sm_80 $I -c a.cu -o sub/out.o
same "no architecture" $I -c a.cu -o out.o
again "long spelling" --gpu-architecture sm_80 --include-path include --compile a.cu --output-file out.o
again "long spelling with =" --gpu-architecture=sm_80 --include-path=include --compile a.cu --output-file=out.o
same "generate-code, as CMake writes it" --generate-code=arch=compute_80,code=[compute_80,sm_80] $I -x cu -c a.cu -o out.o
same "-gencode, two architectures and PTX" -gencode arch=compute_80,code=sm_80 -gencode=arch=compute_90,code=[sm_90,compute_90] $I -c a.cu -o out.o
same "-code beside -arch" -arch=compute_80 -code=sm_80,compute_80 $I -c a.cu -o out.o
same "ptx" -arch=sm_80 $I -ptx a.cu -o out.ptx
same "ptx, default name" -arch=sm_80 $I -ptx a.cu
same "cubin" -arch=sm_80 $I -cubin a.cu -o out.cubin
same "fatbin" -arch=sm_80 $I -fatbin a.cu -o out.fatbin
same "-dc" -arch=sm_80 $I -dc a.cu -o out.o
same "-rdc=true -c" -arch=sm_80 -rdc=true $I -c a.cu -o out.o
same "-dc -dlto" -arch=sm_80 -dc -dlto $I a.cu -o out.o
same "-dw" -arch=sm_80 -dw $I a.cu -o out.o
same "-MD" -arch=sm_80 -MD $I -c a.cu -o out.o
same "-MD -MF -MT, as CMake writes it" -arch=sm_80 -MD -MT sub/out.o -MF sub/out.o.d $I -x cu -c a.cu -o sub/out.o
same "-MMD -MP" -arch=sm_80 -MMD -MP -MF out.d $I -c a.cu -o out.o
same "long dependency options, as PyTorch writes them" --generate-dependencies-with-compile --dependency-output out.o.d -arch=sm_80 $I -c a.cu -o out.o
same "options file" -arch=sm_80 --options-file options.rsp -c a.cu -o out.o
same "two options files" -arch=sm_80 -optf options.rsp,more.rsp -c a.cu -o out.o
same "-Xcompiler list" -arch=sm_80 $I -Xcompiler -fPIC,-Wall,-O2 -c a.cu -o out.o
same "-Xcompiler with =" -arch=sm_80 $I -Xcompiler=-fPIC --compiler-options '-Wall -Wextra' -c a.cu -o out.o
same "forwarded to the host compiler" -forward-unknown-to-host-compiler -fno-math-errno -fvisibility=hidden -arch=sm_80 $I -c a.cu -o out.o
same "-Xptxas -v writes to stderr" -arch=sm_80 $I -Xptxas -v -c a.cu -o out.o
same "--resource-usage" -arch=sm_80 $I --resource-usage -c a.cu -o out.o
same "-Xcudafe and -diag-suppress" -arch=sm_80 $I -Xcudafe --display_error_number -diag-suppress 177 -c a.cu -o out.o
same "-use_fast_math, -maxrregcount" -arch=sm_80 $I -use_fast_math -maxrregcount=32 -c a.cu -o out.o
same "-extended-lambda -std" -arch=sm_80 $I -extended-lambda -std=c++17 --expt-relaxed-constexpr -c a.cu -o out.o
same "-G" -arch=sm_80 $I -G -no-compress -c a.cu -o out.o
same "-g" -arch=sm_80 $I -g -O2 -c a.cu -o out.o
same "-lineinfo" -arch=sm_80 $I -lineinfo -c a.cu -o out.o
same "--threads" -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 --threads 2 $I -c a.cu -o out.o
same "macro with blanks and quotes" -arch=sm_80 $I '-DTEXT="a  b \"q\" (c)"' -DVALUE=3 -UVALUE -DVALUE=4 -c a.cu -o out.o
same "include directory with a blank" -arch=sm_80 '-Iblank dir' -c a.cu -o out.o
same "-include" -arch=sm_80 -include include/own.h -Iinclude -c a.cu -o out.o
same "-isystem" -arch=sm_80 -isystem include -c a.cu -o out.o
same "-ccbin" -arch=sm_80 -ccbin g++ $I -c a.cu -o out.o
same "-compress-mode, fatbin options" -arch=sm_80 -Xfatbin -compress-all $I -c a.cu -o out.o
same "host C++ source" -arch=sm_80 -c host.cpp -o out.o
same "host C source" -arch=sm_80 -c host.c -o out.o
same "-x cu on another suffix" -arch=sm_80 -x cu -c host.cpp -o out.o
same "source with dots" -arch=sm_80 $I -c a.cpp.cu
same "duplicate -c" -arch=sm_80 $I -c -c a.cu -o out.o
same "absolute source" -arch=sm_80 $I -c "$T/play/a.cu" -o out.o
same "-t and -Werror" -arch=sm_80 $I -t 0 -Werror all-warnings -c a.cu -o out.o
same "-lto, LTO-IR output" -arch=lto_80 -dc $I a.cu -o out.o
same "-split-compile" -arch=sm_80 -split-compile=2 $I -c a.cu -o out.o
same "-static-global-template-stub" -arch=sm_80 -static-global-template-stub=false $I -c a.cu -o out.o
