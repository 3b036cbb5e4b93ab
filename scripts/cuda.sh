#!/usr/bin/env bash
# Installs a CUDA compiler in a directory of its own, beside whatever the system has:
#
#   scripts/cuda.sh 13.0 DIR     13.0 and later: from PyPI's wheels
#   scripts/cuda.sh 12.4 DIR     from Debian 13's package, unpacked (compiling only)
#   scripts/cuda.sh 11.8 DIR     from Debian 12's package, unpacked, with g++ 11 (the same)
#   scripts/cuda.sh --cublas 13.0 DIR     with cuBLAS as well
#
# DIR/bin/nvcc is the compiler.  Nothing outside DIR is changed.
set -eu
. "$(dirname "$0")/lib.sh"

with_cublas=no
if [ "${1:-}" = --cublas ]; then
    with_cublas=yes
    shift
fi
[ $# = 2 ] || die "usage: scripts/cuda.sh [--cublas] VERSION DIR"
version=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
work=$dir/.unpack
python=$(find_python_pip) || die "needs python3 with pip (Debian: python3-pip)"

# wheels REQUIREMENT...: unpack wheels, without what they depend on, to $work/wheels.
wheels() {
    "$python" -m pip --disable-pip-version-check --no-cache-dir install -q --no-deps --no-compile \
        --root-user-action=ignore --upgrade --target "$work/wheels" "$@"
}

# The profile tells nvcc where its parts are, relative to itself.
write_profile() {
    cat >"$dir/bin/nvcc.profile" <<'PROFILE'

TOP              = $(_HERE_)/..

CICC_PATH        = $(TOP)/nvvm/bin
NVVMIR_LIBRARY_DIR = $(TOP)/nvvm/libdevice

LD_LIBRARY_PATH += $(TOP)/lib:
PATH            += $(CICC_PATH):$(_HERE_):

INCLUDES        +=  "-I$(TOP)/include" $(_SPACE_)
SYSTEM_INCLUDES +=  "-isystem" "$(TOP)/include/cccl" $(_SPACE_)

LIBRARIES        =+ $(_SPACE_) "-L$(TOP)/lib$(_TARGET_SIZE_)/stubs" "-L$(TOP)/lib$(_TARGET_SIZE_)"

CUDAFE_FLAGS    +=
PTXAS_FLAGS     +=
PROFILE
}

# link_libraries: the names that linkers look for, beside those with a version.
link_libraries() {
    local library
    [ -e "$dir/lib64" ] || ln -s lib "$dir/lib64"
    for library in "$dir"/lib/lib*.so.*; do
        [ -e "$library" ] || continue
        [ -e "${library%%.so.*}.so" ] || ln -s "$(basename "$library")" "${library%%.so.*}.so"
    done
    # The wheels have this elsewhere than where nvlink looks for it when it optimises (-dlto).
    if [ -e "$dir/lib/libnvvm.so" ] && [ ! -e "$dir/nvvm/lib64" ]; then
        mkdir -p "$dir/nvvm/lib64"
        ln -s ../../lib/libnvvm.so "$dir/nvvm/lib64/libnvvm.so"
    fi
}

from_pypi() {
    local minor=${version#13.} cccl cublas=
    # From 13.3 on the wheel of the C++ libraries is called by their own version.
    cccl="nvidia-cuda-cccl==13.$minor.*"
    [ "${minor%%.*}" -lt 3 ] || cccl='nvidia-cuda-cccl>=13.3,<14'
    [ $with_cublas = no ] || cublas='nvidia-cublas>=13,<14'
    # shellcheck disable=SC2086
    wheels "nvidia-cuda-nvcc==$version.*" "nvidia-cuda-crt==$version.*" \
        "nvidia-nvvm==$version.*" "nvidia-cuda-runtime==$version.*" "$cccl" $cublas
    cp -a "$work/wheels/nvidia/cu13/." "$dir"
    chmod +x "$dir"/bin/* "$dir"/nvvm/bin/*
    link_libraries
}

# debs RELEASE PACKAGE...: unpack packages of a Debian release to $work/debs.
debs() {
    local release=$1
    shift
    have dpkg-deb || die "CUDA $version comes from Debian's packages: needs dpkg-deb"
    mkdir -p "$work/download" "$work/debs"
    (
        cd "$work/download"
        apt_apart "$work/apt" deb "$release" "main contrib non-free"
        apt-get -q download "$@"
        for package in *.deb; do
            dpkg-deb -x "$package" "$work/debs"
        done
    )
}

# lay_out_debs: from Debian's places to NVIDIA's, so that nvcc finds itself in $dir.
lay_out_debs() {
    local from=$work/debs/usr tool
    mkdir -p "$dir/bin" "$dir/nvvm/bin" "$dir/nvvm/libdevice" "$dir/include" "$dir/lib"
    for tool in ptxas fatbinary nvlink bin2c cudafe++ cuobjdump nvdisasm __nvcc_device_query; do
        cp "$from/bin/$tool" "$dir/bin/"
    done
    cp -a "$from/lib/nvidia-cuda-toolkit/bin/nvcc" "$from/lib/nvidia-cuda-toolkit/bin/crt" "$dir/bin/"
    cp "$from/lib/nvidia-cuda-toolkit/bin/cicc" "$dir/nvvm/bin/"
    cp "$from"/lib/nvidia-cuda-toolkit/libdevice/* "$dir/nvvm/libdevice/"
    for tool in cuda_runtime cuda_nvcc cuda_cccl; do
        cp -a "$work/wheels/nvidia/$tool/include/." "$dir/include/"
    done
    cp -a "$work"/wheels/nvidia/cuda_runtime/lib/*.so* "$dir/lib/"
    link_libraries
    # The wheels have only the shared runtime; programs link with that one by either name, and
    # there is no device runtime.
    echo 'INPUT(-lcudart)' >"$dir/lib/libcudart_static.a"
    ar rc "$dir/lib/libcudadevrt.a"
    write_profile
}

# use_host_compiler VERSION: the g++ unpacked in $work/debs becomes nvcc's host compiler.
use_host_compiler() {
    mkdir -p "$dir/host"
    cp -a "$work/debs/usr" "$dir/host/"
    rm -rf "$dir/host/usr/lib/nvidia-cuda-toolkit" "$dir/host/usr/share"
    ln -sfn "../host/usr/bin/$(uname -m)-linux-gnu-gcc-$1" "$dir/bin/gcc"
    ln -sfn "../host/usr/bin/$(uname -m)-linux-gnu-g++-$1" "$dir/bin/g++"
}

# check: does it compile what real projects are made of?
check() {
    cat >"$work/check.cu" <<'CODE'
#include <thrust/device_vector.h>
#include <thrust/sort.h>

int check(thrust::device_vector<int> &values)
{
    thrust::sort(values.begin(), values.end());
    return values[0];
}
CODE
    (cd "$work" && PATH=$dir/bin:$PATH "$dir/bin/nvcc" -arch=sm_80 -std=c++17 -c check.cu -o check.o)
}

rm -rf "$work"
mkdir -p "$work"
case $version in
13.[0-9]*) from_pypi ;;
12.4)
    debs trixie nvidia-cuda-toolkit
    wheels 'nvidia-cuda-runtime-cu12==12.4.*' 'nvidia-cuda-nvcc-cu12==12.4.*' 'nvidia-cuda-cccl-cu12==12.4.*'
    lay_out_debs
    ;;
11.8)
    debs bookworm nvidia-cuda-toolkit gcc-11 cpp-11 g++-11 libgcc-11-dev libstdc++-11-dev
    wheels 'nvidia-cuda-runtime-cu11==11.8.*' 'nvidia-cuda-nvcc-cu11==11.8.*' 'nvidia-cuda-cccl-cu11==11.8.*'
    lay_out_debs
    use_host_compiler 11
    ;;
*) die "no way to get CUDA $version is known here; 13.x, 12.4 and 11.8 are" ;;
esac
check || die "the CUDA $version compiler in $dir does not compile a Thrust program"
rm -rf "$work"
say "cuda: $("$dir/bin/nvcc" --version | grep -o 'V[0-9][0-9.]*') in $dir/bin/nvcc"
