#!/usr/bin/env bash
# The ninja files that PyTorch's cpp_extension writes, in both spellings of the dependency
# options, with the compiler from PYTORCH_NVCC as it takes it: a piece of shell.
. "$(dirname "$0")/lib.sh"

write src/ext.h <<'CODE'
#define SCALE 2
CODE
write src/ext_kernel.cu <<'CODE'
#include <cuda_fp16.h>
#include "ext.h"
__global__ void scale(__half *p) { *p = __float2half(__half2float(*p) * SCALE); }
void scale_all(__half *p) { scale<<<1, 1>>>(p); }
CODE

cuda_cflags="-DTORCH_EXTENSION_NAME=ext -DTORCH_API_INCLUDE_EXTENSION_H -DPYBIND11_COMPILER_TYPE=\\\"_gcc\\\" -DPYBIND11_STDLIB=\\\"_libstdcpp\\\" -DPYBIND11_BUILD_ABI=\\\"_cxxabi1016\\\" -I$T/work/src -isystem /usr/include/python3.11 -D_GLIBCXX_USE_CXX11_ABI=1 -D__CUDA_NO_HALF_OPERATORS__ -D__CUDA_NO_HALF_CONVERSIONS__ -D__CUDA_NO_BFLOAT16_CONVERSIONS__ -D__CUDA_NO_HALF2_OPERATORS__ --expt-relaxed-constexpr -gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_90,code=compute_90 -gencode=arch=compute_90,code=sm_90 --compiler-options '-fPIC' -O3 -std=c++17"

# ninja_file RULE-OPTIONS: what torch writes to build.ninja.
ninja_file() {
    mkdir -p ext
    cat >ext/build.ninja <<CODE
ninja_required_version = 1.3
cxx = c++
nvcc = $PYTORCH_NVCC

cuda_cflags = $cuda_cflags
cuda_post_cflags = --threads 2
cuda_dlink_post_cflags =
ldflags = -shared

rule cuda_compile
  depfile = \$out.d
  deps = gcc
  command = \$nvcc $1 \$cuda_cflags -c \$in -o \$out \$cuda_post_cflags

build ext_kernel.cuda.o: cuda_compile $T/work/src/ext_kernel.cu

default ext_kernel.cuda.o
CODE
}

build() {
    rm -f ext/ext_kernel.cuda.o ext/.ninja_deps ext/.ninja_log
    expect_ok ninja -C ext -v
    expect_file ext/ext_kernel.cuda.o
}

for rule in '--generate-dependencies-with-compile --dependency-output $out.d' \
    '-MD -MF $out.d' '--generate-dependencies-with-compile -MF $out.d'; do
    begin "rule '$rule': as nvcc alone, then a hit, then nothing to do, then a changed header"
    PYTORCH_NVCC=nvcc
    ninja_file "$rule"
    build
    cp ext/ext_kernel.cuda.o plain.o
    ninja -C ext -t deps >plain.deps
    PYTORCH_NVCC="nvcache nvcc"
    ninja_file "$rule"
    expect_ok nvcache clear
    mark
    build
    expect_counts misses=1
    expect_same plain.o ext/ext_kernel.cuda.o
    cp ext/ext_kernel.cuda.o miss.o
    build
    expect_counts hits.manifest=1
    cmp miss.o ext/ext_kernel.cuda.o || fail "the replayed object differs"
    ninja -C ext -t deps >hit.deps
    expect_eq "dependencies ninja knows" "$(sed 1d hit.deps | sort)" "$(sed 1d plain.deps | sort)"
    expect_in "ninja" "$(ninja -C ext -n)" 'no work to do'
    echo "#define SCALE 3" >src/ext.h
    expect_ok ninja -C ext
    expect_counts misses=1
    echo "#define SCALE 2" >src/ext.h
    expect_ok ninja -C ext
    expect_counts hits.manifest=1
done

begin "--threads does not change the key, the spelling of the dependency options neither"
PYTORCH_NVCC="nvcache nvcc"
ninja_file '-MD -MF $out.d'
build
expect_counts hits.manifest=1
sed -i 's/--threads 2/--threads 4/' ext/build.ninja
build
expect_counts hits.manifest=1

begin "the compiler by its absolute path"
PYTORCH_NVCC="$NVCACHE $NVCC"
ninja_file '-MD -MF $out.d'
build
expect_counts hits.manifest=1

begin "no depfile at all (TORCH_EXTENSION_SKIP_NVCC_GEN_DEPENDENCIES)"
ninja_file ''
sed -i '/depfile =/d; /deps =/d' ext/build.ninja
rm -f ext/*.d
build
build
case $(counts) in
*hits.manifest=[12]*) ;;
*) fail "no hit: $(counts)" ;;
esac
expect_no_file ext/ext_kernel.cuda.o.d
