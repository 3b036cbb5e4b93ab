// Device code that another unit calls.
__device__ int shared_counter = 100;
static __device__ int private_counter = 1000;
__managed__ int managed_counter = 10000;

__device__ int twice(int value)
{
    return 2 * value + shared_counter + private_counter;
}
