#!/usr/bin/env bash
# CMake with the Ninja generator: three build types, one and two architectures, separable
# compilation; deleted and built again, everything is a hit and the objects are the same.
. "$(dirname "$0")/lib.sh"
. "$E2E/cmake_project.sh"
needs_programs

make_project
begin "configuring with the launcher works"
configure Ninja -DCMAKE_CUDA_COMPILER_LAUNCHER="$NVCACHE"

for type in Release Debug RelWithDebInfo; do
    begin "Ninja $type: equal to nvcc alone, then all hits, then nothing to do"
    rebuild $type
done

begin "Ninja: depfiles that were replayed make ninja see a changed header"
expect_header_is_seen
