#include "ops.h"

#include <cub/block/block_reduce.cuh>

namespace
{

constexpr int threads = 256;

/* One block for each row. */
__global__ void
kernel(const float *in, float *out, int width)
{
    using Reduce = cub::BlockReduce<float, threads>;
    __shared__ typename Reduce::TempStorage storage;
    __shared__ float shared;
    const float *row = in + (int64_t)blockIdx.x * width;
    float value = -INFINITY;
    float sum = 0;

    for (int i = threadIdx.x; i < width; i += threads)
        value = fmaxf(value, row[i]);
    value = Reduce(storage).Reduce(value, [](float a, float b) { return fmaxf(a, b); });
    if (threadIdx.x == 0)
        shared = value;
    __syncthreads();
    value = shared;
    for (int i = threadIdx.x; i < width; i += threads)
        sum += expf(row[i] - value);
    __syncthreads();
    sum = Reduce(storage).Sum(sum);
    if (threadIdx.x == 0)
        shared = sum;
    __syncthreads();
    for (int i = threadIdx.x; i < width; i += threads)
        out[(int64_t)blockIdx.x * width + i] = expf(row[i] - value) / shared;
}

} // namespace

at::Tensor
softmax(const at::Tensor &x)
{
    CHECK_INPUT(x);
    TORCH_CHECK(x.dim() == 2, "x must have rows");
    at::Tensor out = at::empty_like(x);

    kernel<<<(unsigned)x.size(0), threads, 0, current_stream()>>>(
        x.data_ptr<float>(), out.data_ptr<float>(), (int)x.size(1));
    CHECK_CUDA(cudaGetLastError());
    return out;
}
