#pragma once
#include <torch/extension.h>

#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime.h>

#define CHECK_INPUT(x)                                                                   \
    TORCH_CHECK(x.is_cuda(), #x " must be on the GPU");                                  \
    TORCH_CHECK(x.is_contiguous(), #x " must be contiguous");                            \
    TORCH_CHECK(x.scalar_type() == at::kFloat, #x " must be float")

#define CHECK_CUDA(call)                                                                 \
    do {                                                                                 \
        const cudaError_t status = (call);                                               \
        TORCH_CHECK(status == cudaSuccess, cudaGetErrorString(status));                  \
    } while (0)

inline cudaStream_t
current_stream()
{
    return c10::cuda::getCurrentCUDAStream().stream();
}

at::Tensor scale(const at::Tensor &x, double factor);
at::Tensor total(const at::Tensor &x);
at::Tensor sorted(const at::Tensor &x);
at::Tensor running(const at::Tensor &x);
at::Tensor softmax(const at::Tensor &x);
at::Tensor histogram(const at::Tensor &x, int64_t bins, double low, double high);
