// Reads through a texture object and writes through a surface object.
#include "check.h"
#include "tuning.h"

__global__ void fetch(cudaTextureObject_t texture, cudaSurfaceObject_t surface, int width)
{
    const int x = static_cast<int>(threadIdx.x);

    if (x < width)
        surf1Dwrite(tex1Dfetch<int>(texture, x) * 2 + DEVICE_TUNE, surface, x * static_cast<int>(sizeof(int)));
}

int texture_result()
{
    const int width = 8;
    int values[width];
    int *linear = nullptr;
    cudaArray_t array = nullptr;
    cudaResourceDesc from = {}, to = {};
    cudaTextureDesc how = {};
    cudaTextureObject_t texture = 0;
    cudaSurfaceObject_t surface = 0;
    const cudaChannelFormatDesc format = cudaCreateChannelDesc<int>();
    int result = 0;

    for (int i = 0; i < width; i++)
        values[i] = i;
    CHECK(cudaMalloc(&linear, sizeof values));
    CHECK(cudaMemcpy(linear, values, sizeof values, cudaMemcpyHostToDevice));
    CHECK(cudaMallocArray(&array, &format, width, 0, cudaArraySurfaceLoadStore));
    from.resType = cudaResourceTypeLinear;
    from.res.linear.devPtr = linear;
    from.res.linear.desc = format;
    from.res.linear.sizeInBytes = sizeof values;
    to.resType = cudaResourceTypeArray;
    to.res.array.array = array;
    CHECK(cudaCreateTextureObject(&texture, &from, &how, nullptr));
    CHECK(cudaCreateSurfaceObject(&surface, &to));
    fetch<<<1, 32>>>(texture, surface, width);
    CHECK(cudaGetLastError());
    CHECK(cudaMemcpy2DFromArray(values, sizeof values, array, 0, 0, sizeof values, 1, cudaMemcpyDeviceToHost));
    for (int i = 0; i < width; i++)
        result += values[i];
    CHECK(cudaDestroyTextureObject(texture));
    CHECK(cudaDestroySurfaceObject(surface));
    CHECK(cudaFreeArray(array));
    CHECK(cudaFree(linear));
    return result + HOST_TUNE;
}
