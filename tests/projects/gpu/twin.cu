#include "check.h"
#include "tuning.h"

__constant__ int table[4] = {1, 2, 3, 4};

__global__ void add_table(int *out)
{
    atomicAdd(out, table[threadIdx.x]);
}

int twin_result()
{
    int *out = nullptr;
    int result = 0;

    CHECK(cudaMalloc(&out, sizeof(int)));
    CHECK(cudaMemset(out, 0, sizeof(int)));
    add_table<<<1, 4>>>(out);
    CHECK(cudaGetLastError());
    CHECK(cudaMemcpy(&result, out, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaFree(out));
#ifndef __CUDA_ARCH__
    return result + 7 + HOST_TUNE; // no device pass sees this line
#else
    return 0;
#endif
}
