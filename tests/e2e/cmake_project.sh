# A CMake project for the tests of its generators.  Sourced after lib.sh.
#
# Three kinds of target: one architecture, two architectures, separable compilation; and a
# program that links them all, uses them, and can be run without a GPU.

make_project() {
    write src/CMakeLists.txt <<'CODE'
cmake_minimum_required(VERSION 3.20)
project(play LANGUAGES CXX CUDA)
set(CMAKE_CUDA_ARCHITECTURES 80)
add_library(one STATIC one.cu)
add_library(two STATIC two.cu)
set_target_properties(two PROPERTIES CUDA_ARCHITECTURES "80;90-real")
add_library(sep STATIC sep_a.cu sep_b.cu)
set_target_properties(sep PROPERTIES CUDA_SEPARABLE_COMPILATION ON CUDA_RESOLVE_DEVICE_SYMBOLS ON)
target_include_directories(sep PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/include dir")
target_compile_definitions(sep PRIVATE "TEXT=\"a b\"" VALUE=3)
add_executable(play main.cpp)
target_link_libraries(play one two sep)
CODE
    kernel src/one.cu one_kernel
    echo 'int one() { return sizeof(&one_kernel) ? 1 : 0; }' >>src/one.cu
    write src/two.cu <<'CODE'
__device__ int architecture()
{
#ifdef __CUDA_ARCH__
    return __CUDA_ARCH__;
#else
    return 0;
#endif
}
__global__ void two_kernel(int *p) { *p = architecture(); }
int two() { return sizeof(&two_kernel) ? 2 : 0; }
CODE
    write "src/include dir/sep.h" <<'CODE'
__device__ int both(int);
CODE
    write src/sep_a.cu <<'CODE'
#include "sep.h"
__device__ int both(int a) { return a + VALUE; }
CODE
    write src/sep_b.cu <<'CODE'
#include "sep.h"
__global__ void sep_kernel(int *p) { *p = both(*p); }
int sep() { return sizeof(TEXT); }
CODE
    write src/main.cpp <<'CODE'
#include <cstdio>
int one();
int two();
int sep();
int main() { std::printf("%d %d %d\n", one(), two(), sep()); }
CODE
}

# configure GENERATOR ARGUMENTS...: into build/.
configure() {
    local generator=$1
    shift
    expect_ok cmake -S src -B build -G "$generator" "-DCMAKE_CUDA_COMPILER=$NVCC" "$@"
}

# objects: the CUDA objects of build/, kept in $T/NAME.
keep_objects() {
    rm -rf "${T:?}/$1"
    mkdir "$T/$1"
    (cd build && find . \( -name '*.cu.o' -o -name '*.cu.o.d' \) -exec cp --parents -p {} "$T/$1" \;)
}

# rebuild GENERATOR TYPE: build in all ways what build/ is configured for: with nvcc alone, as a
# miss and as a hit after the build directory was deleted, then with nothing left to do.
#
# The configured directory is put back from a copy, so that only the first use of a generator
# pays for cmake's own tests of the compiler.
rebuild() {
    local type=$1 jobs
    jobs=$(nproc)
    expect_ok cmake -S src -B build -DCMAKE_BUILD_TYPE="$type" -DCMAKE_CUDA_COMPILER_LAUNCHER=
    expect_ok cmake --build build -j "$jobs"
    keep_objects "plain"
    expect_ok cmake --build build --target clean
    expect_ok cmake -S src -B build -DCMAKE_CUDA_COMPILER_LAUNCHER="$NVCACHE"
    rm -rf pristine && cp -a build pristine
    mark
    expect_ok cmake --build build -j "$jobs"
    expect_counts misses=4
    keep_objects "miss"
    rm -rf build && cp -a pristine build
    expect_ok cmake --build build -j "$jobs"
    expect_counts hits.manifest=4
    keep_objects "hit"
    expect_same_tree "$T/plain" "$T/miss"
    expect_same_tree "$T/miss" "$T/hit" identical
    expect_eq "the program's output" "$(build/play 2>&1)" "1 2 4"
    expect_nothing_to_do
}

expect_nothing_to_do() {
    local output
    if [ -f build/build.ninja ]; then
        output=$(ninja -C build -n -d explain 2>&1)
        expect_in "ninja" "$output" 'no work to do'
    else
        output=$(make -C build 2>&1)
        expect_not_in "make" "$output" 'Building CUDA'
    fi
    expect_counts ''
}

# touch_header: a changed header rebuilds exactly what includes it, and that is a miss.
expect_header_is_seen() {
    sed -i 's/both(int)/both(int a)/' "src/include dir/sep.h"
    expect_ok cmake --build build -j "$(nproc)"
    expect_counts misses=2
    sed -i 's/both(int a)/both(int)/' "src/include dir/sep.h"
    touch "src/include dir/sep.h"
    expect_ok cmake --build build -j "$(nproc)"
    expect_counts hits.manifest=2
}
