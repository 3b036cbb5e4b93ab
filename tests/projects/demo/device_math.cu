// Device code that another file calls: separable compilation.
#include "device_math.h"

__device__ float smoothstep(float low, float high, float x)
{
    float t = __saturatef((x - low) / (high - low));
    return t * t * (3.0f - 2.0f * t);
}
