#ifndef DEMO_KERNELS_H
#define DEMO_KERNELS_H

#include <cstddef>

// What main.cpp calls; every function returns cudaError_t as an int.
int sort_keys(float *keys, unsigned *values, std::size_t n);
int reduce_sum(const double *in, double *out, std::size_t n);
int scan_sum(const int *in, int *out, std::size_t n);
int histogram(const unsigned char *in, int *bins, std::size_t n);
int multiply(const float *a, const float *b, float *c, int n);
int smooth(const float *in, float *out, int width, int height);
int transform_all(float *data, std::size_t n);

#endif
