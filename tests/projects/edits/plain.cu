#include "common.h"

#include <vector>

__constant__ float weights[16];
static __device__ int calls;

namespace {
__device__ float hidden = 0.5f;

template <typename T> __global__ void hidden_kernel(T *out, int n)
{
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);

    if (i < n)
        out[i] = scaled(out[i]) + static_cast<T>(hidden);
}
} // namespace

__global__ void smooth(float *out, const float *in, int n)
{
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    float sum = 0.0f;

    for (int k = 0; k < 16; k++)
        sum += i + k < n ? weights[k] * in[i + k] : 0.0f;
#if __CUDA_ARCH__ >= 900
    sum *= 1.0f; // edit: newest
#endif
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
    sum -= 1.0f; // edit: specific
#endif
    if (i < n)
        out[i] = sum + 1.0f; // edit: device
    atomicAdd(&calls, 1);
}

std::vector<float> smoothed(const std::vector<float> &in)
{
#ifndef __CUDA_ARCH__
    const int block = 128; // edit: guarded host
#else
    const int block = 1;
#endif
    const int n = static_cast<int>(in.size() + 0); // edit: host
    std::vector<float> out(in.size());

    smooth<<<(n + block - 1) / block, block>>>(out.data(), in.data(), n);
    hidden_kernel<<<1, 32>>>(out.data(), n);
    return out;
}
