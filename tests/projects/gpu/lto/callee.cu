// Inlined into the other unit by the device linker.
#include "../tuning.h"

static __device__ int offset = 30;

__device__ int linked_later(int value)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    return value + offset + DEVICE_TUNE + NEWEST_TUNE;
#else
    return value + offset + DEVICE_TUNE;
#endif
}
