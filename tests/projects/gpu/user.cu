#include "check.h"
#include "tuning.h"

extern __device__ int shared_counter;
extern __managed__ int managed_counter;
static __device__ int private_counter = 5; // not the other unit's
__device__ int twice(int value);

__global__ void use(int *out)
{
#if __CUDA_ARCH__ >= 900
    *out = twice(4) + shared_counter + private_counter + managed_counter + NEWEST_TUNE;
#else
    *out = twice(4) + shared_counter + private_counter + managed_counter + 0;
#endif
}

int separable_result()
{
    int *out = nullptr;
    int result = 0;

    CHECK(cudaMalloc(&out, sizeof(int)));
    use<<<1, 1>>>(out);
    CHECK(cudaGetLastError());
    CHECK(cudaMemcpy(&result, out, sizeof(int), cudaMemcpyDeviceToHost));
    CHECK(cudaFree(out));
    return result;
}
