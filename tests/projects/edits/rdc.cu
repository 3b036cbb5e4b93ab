#include "common.h"

__device__ int shared_counter = 100;
static __device__ int own = 3;
__managed__ int managed = 4;

namespace {
__device__ int hidden = 5;
}

template <int N> __device__ __noinline__ int repeated(int value)
{
    static int count = N;
    return value + atomicAdd(&count, 1);
}

extern "C" __device__ int exported(int value)
{
    return repeated<3>(value) + own + hidden + managed + 1; // edit: device
}

__global__ void child(int *out)
{
    *out += exported(1);
}

__global__ void parent(int *out)
{
#if __CUDA_ARCH__ >= 900
    out[1] = 1; // edit: newest
#endif
    child<<<1, 1>>>(out);
}

int run(int *out)
{
#ifndef __CUDA_ARCH__
    out += 1; // edit: guarded host
#endif
    parent<<<1, 1>>>(out + 0); // edit: host
    return 0;
}
