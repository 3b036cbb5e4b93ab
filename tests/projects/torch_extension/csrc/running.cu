#include "ops.h"

#include <cub/device/device_scan.cuh>

at::Tensor
running(const at::Tensor &x)
{
    CHECK_INPUT(x);
    at::Tensor out = at::empty_like(x);
    size_t bytes = 0;

    CHECK_CUDA(cub::DeviceScan::InclusiveSum(nullptr, bytes, x.data_ptr<float>(),
                                             out.data_ptr<float>(), (int)x.numel(),
                                             current_stream()));
    at::Tensor scratch = at::empty({(int64_t)bytes}, x.options().dtype(at::kByte));
    CHECK_CUDA(cub::DeviceScan::InclusiveSum(scratch.data_ptr(), bytes,
                                             x.data_ptr<float>(), out.data_ptr<float>(),
                                             (int)x.numel(), current_stream()));
    return out;
}
