#include "check.h"

#include <cub/cub.cuh>
#include <thrust/device_vector.h>
#include <thrust/sequence.h>
#include <thrust/sort.h>

int sorted_middle(int n)
{
    thrust::device_vector<int> keys(n);

    thrust::sequence(keys.begin(), keys.end(), n, -1);
    thrust::sort(keys.begin(), keys.end());
    return keys[n / 2];
}

long reduced_sum(int n)
{
    thrust::device_vector<long> values(n, 3L);
    thrust::device_vector<long> sum(1);
    thrust::device_vector<char> room;
    size_t bytes = 0;

    for (int pass = 0; pass < 2; pass++) {
        room.resize(bytes);
        CHECK(cub::DeviceReduce::Sum(bytes > 0 ? thrust::raw_pointer_cast(room.data()) : nullptr,
                                     bytes, thrust::raw_pointer_cast(values.data()),
                                     thrust::raw_pointer_cast(sum.data()), n));
    }
    return sum[0];
}
