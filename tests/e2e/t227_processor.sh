#!/usr/bin/env bash
# -march=native for the host compiler: what the processor says of itself is part of the command.
. "$(dirname "$0")/lib.sh"

mkdir fixture
cat >fixture/a.cu <<'CODE'
__global__ void k(float *p) { p[threadIdx.x] *= 3; }
void host(float *p, float *q) { for (int i = 0; i < 64; i++) p[i] = p[i] * q[i] + 1; }
CODE
cat >fixture/b.cpp <<'CODE'
void host(float *p, float *q) { for (int i = 0; i < 64; i++) p[i] = p[i] * q[i] + 1; }
#ifdef __AVX2__
int has_avx2 = 1;
#endif
CODE

if [ "$(uname -m)" != x86_64 ] || grep -qw hybrid_cpu /proc/cpuinfo; then
    begin "-march=native where cpuid is not all that counts, or cores differ: run as it is"
    bypassed host_option fixture -arch=sm_80 -Xcompiler -march=native -c a.cu -o out.o
    exit
fi
begin "-Xcompiler -march=native"
differential fixture -arch=sm_80 -O3 -Xcompiler -march=native -c a.cu -o out.o
begin "-march=native and -mtune=native that nvcc hands on"
differential fixture -arch=sm_80 -forward-unknown-to-host-compiler -O3 -march=native -mtune=native -MD -MF out.d -c a.cu -o out.o
begin "-march=native for C++"
differential fixture -O3 -Xcompiler -march=native -c b.cpp -o out.o
