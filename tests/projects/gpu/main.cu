// Runs everything and compares with what it must give; exit status 1 if anything is wrong.
#include "check.h"
#include "rdc/shared.h"
#include "registry.h"
#include "tuning.h"

static int failures;

/* What code for the newest architectures adds: nothing where the device runs another image. */
static int newest_tune()
{
    cudaDeviceProp properties;

    return cudaGetDeviceProperties(&properties, 0) == cudaSuccess && properties.major >= 9 ? NEWEST_TUNE : 0;
}

static void expect(const char *what, long got, long wanted)
{
    std::printf("%-28s %8ld %s\n", what, got, got == wanted ? "ok" : "WRONG");
    failures += got != wanted;
}

int main()
{
    expect("thrust::sort", sorted_middle(10001), 5001);
    expect("cub::DeviceReduce", reduced_sum(12345), 3L * 12345);
    expect("device linking", separable_result(), 8 + 100 + 1000 + 100 + 5 + 10000 + newest_tune());
    expect("device linking, twin one", twin_one(), 1111 + 1 + DEVICE_TUNE + 3 + 7);
    expect("device linking, twin two", twin_two(), 2222 + 1 + DEVICE_TUNE + 3 + 7);
    expect("dynamic parallelism", nested_result(), 2 * (28 + 8 * DEVICE_TUNE));
    expect("cooperative groups", cooperative_result(), 8 * 31);
    expect("link-time optimisation", linked_later_result(), 35 + DEVICE_TUNE + newest_tune());
    expect("texture and surface", texture_result(), 2 * 28 + 8 * DEVICE_TUNE + HOST_TUNE);
    expect("constant memory", twin_result(), 10 + 7 + HOST_TUNE);
    expect("hidden units", registered_count, 2);
    for (int i = 0; i < registered_count; i++)
        expect("anonymous namespace", registered_functions[i](), 21);
    return failures != 0;
}
