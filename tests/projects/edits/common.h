#pragma once

template <typename T>
__device__ __forceinline__ T
scaled(T value)
{
    return value * static_cast<T>(2);
}
