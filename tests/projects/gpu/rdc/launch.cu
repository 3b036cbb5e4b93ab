// Kernels that start kernels, and a grid that waits for itself.
#include "../check.h"
#include "../tuning.h"

#include <cooperative_groups.h>

namespace groups = cooperative_groups;

__global__ void child(int *out)
{
    atomicAdd(out, static_cast<int>(threadIdx.x) + DEVICE_TUNE);
}

__global__ void parent(int *out)
{
    if (threadIdx.x == 0)
        child<<<2, 8>>>(out);
}

__global__ void all_together(int *sums, int *out)
{
    const auto grid = groups::this_grid();
    const auto tile = groups::tiled_partition<32>(groups::this_thread_block());

    for (int step = tile.size() / 2; step > 0; step /= 2)
        if (tile.thread_rank() == 0)
            sums[blockIdx.x] += step;
    grid.sync();
    if (grid.thread_rank() == 0)
        for (unsigned i = 0; i < gridDim.x; i++)
            *out += sums[i];
}

int nested_result()
{
    int *out = nullptr;
    int result = 0;

    CHECK(cudaMalloc(&out, sizeof(int)));
    CHECK(cudaMemset(out, 0, sizeof(int)));
    parent<<<1, 32>>>(out);
    CHECK(cudaGetLastError());
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(&result, out, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaFree(out));
    return result;
}

int cooperative_result()
{
    int *numbers = nullptr;
    int result = 0;

    CHECK(cudaMalloc(&numbers, 9 * sizeof(int)));
    CHECK(cudaMemset(numbers, 0, 9 * sizeof(int)));
    int *sums = numbers, *out = numbers + 8;
    void *arguments[] = {&sums, &out};
    CHECK(cudaLaunchCooperativeKernel(reinterpret_cast<void *>(all_together), dim3(8), dim3(32), arguments, 0, nullptr));
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(&result, out, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaFree(numbers));
    return result;
}
