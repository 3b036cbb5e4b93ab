#!/usr/bin/env bash
# CMake with the Makefile generator, which passes include directories in options files.
. "$(dirname "$0")/lib.sh"
. "$E2E/cmake_project.sh"
needs_programs

make_project
begin "configuring with the launcher works"
configure 'Unix Makefiles' -DCMAKE_CUDA_COMPILER_LAUNCHER="$NVCACHE"

for type in Release Debug RelWithDebInfo; do
    begin "Makefiles $type: equal to nvcc alone, then all hits, then nothing to do"
    rebuild $type
done

begin "Makefiles: depfiles that were replayed make it see a changed header"
expect_header_is_seen
