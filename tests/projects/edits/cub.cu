#include "common.h"

#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

template <int Threads> __global__ void sums(const int *in, int *out)
{
    using Reduce = cub::BlockReduce<int, Threads>;
    using Scan = cub::BlockScan<int, Threads>;
    __shared__ union {
        typename Reduce::TempStorage reduce;
        typename Scan::TempStorage scan;
    } room;
    int value = in[threadIdx.x] + 1; // edit: device
    int before = 0;

#if __CUDA_ARCH__ >= 900
    value *= 1; // edit: newest
#endif
    Scan(room.scan).ExclusiveSum(value, before);
    __syncthreads();
    const int sum = Reduce(room.reduce).Sum(scaled(value));
    if (threadIdx.x == 0)
        *out = sum + before;
}

void run(const int *in, int *out)
{
#ifndef __CUDA_ARCH__
    in += 1; // edit: guarded host
#endif
    sums<128><<<1, 128>>>(in, out + 0); // edit: host
    sums<256><<<1, 256>>>(in, out);
}
