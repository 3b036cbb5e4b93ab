// Tiled matrix products, unrolled for several tile sizes and element types.
#include "kernels.h"

#include <cuda_fp16.h>

template <typename T, int TILE>
__global__ void product(const T *a, const T *b, T *c, int n)
{
    __shared__ T left[TILE][TILE + 1];
    __shared__ T right[TILE][TILE + 1];
    int row = blockIdx.y * TILE + threadIdx.y;
    int col = blockIdx.x * TILE + threadIdx.x;
    T sum = T(0.0f);
    for (int k = 0; k < n; k += TILE) {
        left[threadIdx.y][threadIdx.x] = a[row * n + k + threadIdx.x];
        right[threadIdx.y][threadIdx.x] = b[(k + threadIdx.y) * n + col];
        __syncthreads();
#pragma unroll
        for (int i = 0; i < TILE; i++)
            sum += left[threadIdx.y][i] * right[i][threadIdx.x];
        __syncthreads();
    }
    c[row * n + col] = sum;
}

template <typename T>
static void launch(const void *a, const void *b, void *c, int n)
{
    auto left = static_cast<const T *>(a);
    auto right = static_cast<const T *>(b);
    auto out = static_cast<T *>(c);
    product<T, 8><<<dim3(n / 8, n / 8), dim3(8, 8)>>>(left, right, out, n);
    product<T, 16><<<dim3(n / 16, n / 16), dim3(16, 16)>>>(left, right, out, n);
    product<T, 32><<<dim3(n / 32, n / 32), dim3(32, 32)>>>(left, right, out, n);
}

int multiply(const float *a, const float *b, float *c, int n)
{
    launch<float>(a, b, c, n);
    launch<double>(a, b, c, n);
    launch<__half>(a, b, c, n);
    return cudaGetLastError();
}
