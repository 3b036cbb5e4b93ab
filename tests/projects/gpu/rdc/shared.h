#pragma once

/* Instantiated in several units of one device link. */
template <typename T> __device__ T shared_by_all = T(7);

template <int N>
__device__ int
times(int value)
{
    static int calls; // one for the program, whichever unit instantiates it
    atomicAdd(&calls, 1);
    return N * value + static_cast<int>(shared_by_all<int>);
}

template <int N>
__global__ void
shared_kernel(int *out)
{
    *out += times<N>(1);
}

int twin_one();
int twin_two();
