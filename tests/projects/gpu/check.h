#pragma once
#include <cstdio>
#include <cuda_runtime.h>

#define CHECK(call)                                                                      \
    do {                                                                                 \
        cudaError_t error_ = (call);                                                     \
        if (error_ != cudaSuccess) {                                                     \
            std::printf("%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(error_));  \
            return -1;                                                                   \
        }                                                                                \
    } while (0)

/* Each returns what it computed; main knows what that must be. */
int sorted_middle(int n);
long reduced_sum(int n);
int separable_result();
int twin_result();
int texture_result();
int nested_result();
int cooperative_result();
int linked_later_result();
