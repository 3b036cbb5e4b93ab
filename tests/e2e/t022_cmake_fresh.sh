#!/usr/bin/env bash
# The build directory is deleted and CMake runs anew, its tests of the compiler included; the
# launcher comes from the environment.
. "$(dirname "$0")/lib.sh"
. "$E2E/cmake_project.sh"
needs_programs

make_project
export CMAKE_CUDA_COMPILER_LAUNCHER=nvcache

begin "launcher from the environment: the build goes through nvcache"
configure Ninja -DCMAKE_BUILD_TYPE=Release
mark
expect_ok cmake --build build
expect_counts misses=4
keep_objects first
cp build/CMakeCache.txt "$T/first.cache"
(cd build/CMakeFiles && cat [0-9]*/CMakeCUDACompiler.cmake) >"$T/first.compiler"

begin "after deleting the build directory all compiles are hits and CMake found the same"
rm -rf build
configure Ninja -DCMAKE_BUILD_TYPE=Release
mark
expect_ok cmake --build build
expect_counts hits.manifest=4
keep_objects second
expect_same_tree "$T/first" "$T/second" identical
expect_same "$T/first.cache" build/CMakeCache.txt
(cd build/CMakeFiles && cat [0-9]*/CMakeCUDACompiler.cmake) >"$T/second.compiler"
expect_same "$T/first.compiler" "$T/second.compiler"
expect_eq "the program's output" "$(build/play 2>&1)" "1 2 4"

begin "what CMake found is what it finds with nvcc alone"
rm -rf build
unset CMAKE_CUDA_COMPILER_LAUNCHER
configure Ninja -DCMAKE_BUILD_TYPE=Release
(cd build/CMakeFiles && cat [0-9]*/CMakeCUDACompiler.cmake) >"$T/third.compiler"
expect_same "$T/first.compiler" "$T/third.compiler"
