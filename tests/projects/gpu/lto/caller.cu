#include "../check.h"

__device__ int linked_later(int value);
static __device__ int offset = 5; // not the other unit's

__global__ void call(int *out)
{
    *out = linked_later(offset);
}

int linked_later_result()
{
    int *out = nullptr;
    int result = 0;

    CHECK(cudaMalloc(&out, sizeof(int)));
    call<<<1, 1>>>(out);
    CHECK(cudaGetLastError());
    CHECK(cudaMemcpy(&result, out, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaFree(out));
    return result;
}
