// A histogram in shared memory, for several widths.
#include "kernels.h"

template <int BINS, int PER_THREAD>
__global__ void count(const unsigned char *in, int *bins, std::size_t n)
{
    __shared__ int local[BINS];
    for (int i = threadIdx.x; i < BINS; i += blockDim.x)
        local[i] = 0;
    __syncthreads();
    std::size_t at = (static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x) * PER_THREAD;
#pragma unroll
    for (int i = 0; i < PER_THREAD; i++)
        if (at + i < n)
            atomicAdd(&local[in[at + i] % BINS], 1);
    __syncthreads();
    for (int i = threadIdx.x; i < BINS; i += blockDim.x)
        atomicAdd(&bins[i], local[i]);
}

template <int BINS>
static void launch(const unsigned char *in, int *bins, std::size_t n)
{
    count<BINS, 1><<<64, 128>>>(in, bins, n);
    count<BINS, 4><<<64, 128>>>(in, bins, n);
    count<BINS, 16><<<64, 128>>>(in, bins, n);
}

int histogram(const unsigned char *in, int *bins, std::size_t n)
{
    launch<16>(in, bins, n);
    launch<64>(in, bins, n);
    launch<256>(in, bins, n);
    return cudaGetLastError();
}
