// Runs everything and compares with what it must give; exit status 1 if anything is wrong.
#include "check.h"
#include "registry.h"

static int failures;

static void expect(const char *what, long got, long wanted)
{
    std::printf("%-28s %8ld %s\n", what, got, got == wanted ? "ok" : "WRONG");
    failures += got != wanted;
}

int main()
{
    expect("thrust::sort", sorted_middle(10001), 5001);
    expect("cub::DeviceReduce", reduced_sum(12345), 3L * 12345);
    expect("device linking", separable_result(), 8 + 100 + 1000 + 100 + 5 + 10000);
    expect("constant memory", twin_result(), 10 + 7);
    expect("hidden units", registered_count, 2);
    for (int i = 0; i < registered_count; i++)
        expect("anonymous namespace", registered_functions[i](), 21);
    return failures != 0;
}
