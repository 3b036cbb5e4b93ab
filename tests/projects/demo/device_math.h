#ifndef DEMO_DEVICE_MATH_H
#define DEMO_DEVICE_MATH_H

__device__ float smoothstep(float low, float high, float x);

#endif
