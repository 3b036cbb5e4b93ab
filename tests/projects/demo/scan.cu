// Prefix sums by CUB, and a selection.
#include "kernels.h"

#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>

struct is_even {
    __host__ __device__ bool operator()(int x) const
    {
        return x % 2 == 0;
    }
};

int scan_sum(const int *in, int *out, std::size_t n)
{
    void *scratch = nullptr;
    std::size_t bytes = 0;
    int *count = nullptr;
    cudaError_t err = cub::DeviceScan::ExclusiveSum(scratch, bytes, in, out, static_cast<int>(n));
    if (err == cudaSuccess)
        err = cudaMalloc(&scratch, bytes);
    if (err == cudaSuccess)
        err = cub::DeviceScan::ExclusiveSum(scratch, bytes, in, out, static_cast<int>(n));
    cudaFree(scratch);
    scratch = nullptr;
    if (err == cudaSuccess)
        err = cudaMalloc(&count, sizeof *count);
    if (err == cudaSuccess)
        err = cub::DeviceSelect::If(scratch, bytes, in, out, count, static_cast<int>(n), is_even{});
    cudaFree(count);
    return err;
}
