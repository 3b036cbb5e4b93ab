// Radix sort by CUB, and a Thrust sort with a comparison of its own.
#include "kernels.h"

#include <cub/device/device_radix_sort.cuh>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/sort.h>

struct by_magnitude {
    __host__ __device__ bool operator()(float a, float b) const
    {
        return a * a < b * b;
    }
};

int sort_keys(float *keys, unsigned *values, std::size_t n)
{
    void *scratch = nullptr;
    std::size_t bytes = 0;
    cudaError_t err = cub::DeviceRadixSort::SortPairs(scratch, bytes, keys, keys, values, values, static_cast<int>(n));
    if (err == cudaSuccess)
        err = cudaMalloc(&scratch, bytes);
    if (err == cudaSuccess)
        err = cub::DeviceRadixSort::SortPairs(scratch, bytes, keys, keys, values, values, static_cast<int>(n));
    cudaFree(scratch);
    if (err == cudaSuccess)
        thrust::sort(thrust::device, keys, keys + n, by_magnitude{});
    return err;
}
