"""The kernels that scripts/oom.py builds, where their sources come from, and build files for them."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

# Heaviest first, as an unlucky build would have them.
HEAVY = [
    "55_hopper_mixed_dtype_gemm/55_hopper_int4_bf16_gemm",
    "55_hopper_mixed_dtype_gemm/55_hopper_int4_fp8_gemm",
    "49_hopper_gemm_with_collective_builder/49_collective_builder",
    "55_hopper_mixed_dtype_gemm/55_hopper_mixed_dtype_gemm",
]
LIGHT = [
    "48_hopper_warp_specialized_gemm/48_hopper_warp_specialized_gemm",
    "50_hopper_gemm_with_epilogue_swizzle/50_hopper_gemm_with_epilogue_swizzle",
    "54_hopper_fp8_warp_specialized_gemm/54_hopper_fp8_warp_specialized_gemm",
    "57_hopper_grouped_gemm/57_hopper_grouped_gemm",
    "56_hopper_ptr_array_batched_gemm/56_hopper_ptr_array_batched_gemm",
    "63_hopper_gemm_with_weight_prefetch/63_hopper_gemm_with_weight_prefetch",
]
MORE = [
    "69_hopper_mixed_dtype_grouped_gemm/69_hopper_int4_bf16_grouped_gemm",
    "69_hopper_mixed_dtype_grouped_gemm/69_hopper_int4_fp8_grouped_gemm",
    "69_hopper_mixed_dtype_grouped_gemm/69_hopper_mixed_dtype_grouped_gemm",
    "67_hopper_fp8_warp_specialized_gemm_with_blockwise_scaling/67_hopper_fp8_warp_specialized_gemm_with_blockwise_scaling",
    "67_hopper_fp8_warp_specialized_gemm_with_blockwise_scaling/67_hopper_fp8_warp_specialized_gemm_with_groupwise_scaling",
    "62_hopper_sparse_gemm/62_hopper_sparse_gemm",
    "53_hopper_gemm_permute/53_hopper_gemm_permute",
    "61_hopper_gemm_with_topk_and_softmax/61_hopper_gemm_with_topk_and_softmax",
]
# FlashAttention's, for sm_80.
FLASH = [
    "flash_fwd_hdim64_bf16_sm80",
    "flash_fwd_hdim256_bf16_causal_sm80",
    "flash_bwd_hdim256_bf16_causal_sm80",
    "flash_bwd_hdim96_bf16_causal_sm80",
]
SETS = {
    "heavy": HEAVY + LIGHT,
    "light": LIGHT,
    "few": LIGHT[:4],
    "few-heavy": [HEAVY[0], *LIGHT[:4]],
    "flash": FLASH,
    "mixed": [FLASH[0], *LIGHT[:5]],
    "mixed-heavy": [HEAVY[0], FLASH[0], *LIGHT[:5]],
    "wide": [HEAVY[0], HEAVY[2], FLASH[0], *LIGHT],
    "all": HEAVY + LIGHT + MORE,
    "everything": HEAVY + LIGHT + MORE + FLASH,
}

# What FlashAttention's kernels take from PyTorch: two types and two macros.
STUBS = {
    "c10/cuda/CUDAException.h": """#pragma once
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#define C10_CUDA_CHECK(call) do { if ((call) != cudaSuccess) std::abort(); } while (0)
#define C10_CUDA_KERNEL_LAUNCH_CHECK() C10_CUDA_CHECK(cudaGetLastError())
""",
    "ATen/cuda/CUDAGeneratorImpl.h": """#pragma once
#include <cstdint>
namespace at {
struct PhiloxCudaState {
    union Payload { std::uint64_t val; std::int64_t *ptr; };
    Payload seed_{}, offset_{};
    std::uint32_t offset_intragraph_ = 0;
    bool captured_ = false;
};
}
""",
    "ATen/cuda/detail/UnpackRaw.cuh": """#pragma once
#include <tuple>
#include <ATen/cuda/CUDAGeneratorImpl.h>
namespace at { namespace cuda { namespace philox {
__host__ __device__ __forceinline__ std::tuple<std::uint64_t, std::uint64_t> unpack(PhiloxCudaState state)
{
    if (state.captured_)
        return std::make_tuple(static_cast<std::uint64_t>(*state.seed_.ptr),
                               static_cast<std::uint64_t>(*state.offset_.ptr + state.offset_intragraph_));
    return std::make_tuple(state.seed_.val, state.offset_.val);
}
}}}
""",
}


def fetch_cutlass(place):
    """CUTLASS's headers and examples."""
    source = place / "source"
    if (source / "include").is_dir():
        return source
    place.mkdir(parents=True, exist_ok=True)
    wheel = os.environ.get("CUTLASS_WHEEL")
    if not wheel:
        print("oom: fetching nvidia-cutlass from PyPI", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps", "--only-binary",
                        ":all:", "-d", place, "nvidia-cutlass==4.2.0.0"], check=True)
        wheel = next(place.glob("nvidia_cutlass-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "wheel")
    (place / "wheel" / "cutlass_library" / "source").rename(source)
    return source


def fetch_flash(place):
    """FlashAttention's kernels, from its source package (pip cannot fetch it without PyTorch) in $FLASH_ATTN_SDIST."""
    kernels = place / "flash"
    if not kernels.is_dir():
        package = os.environ.get("FLASH_ATTN_SDIST") or sys.exit("oom: FlashAttention's kernels need its source package in $FLASH_ATTN_SDIST")
        with tarfile.open(package) as archive:
            for member in archive.getmembers():
                if "/csrc/flash_attn/src/" in member.name and member.isfile():
                    path = kernels / Path(member.name).name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(archive.extractfile(member).read())
        if not (kernels / "namespace_config.h").is_file():
            sys.exit("oom: no kernels in $FLASH_ATTN_SDIST")
    for name, text in STUBS.items():
        path = place / "stubs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return kernels


class Sources:
    """Where a unit is and with which options it is compiled."""

    def __init__(self, place, units):
        self.place = place
        self.cutlass = fetch_cutlass(place)
        self.flash = fetch_flash(place) if any(unit.startswith("flash_") for unit in units) else None

    def command(self, unit):
        """(source, options)"""
        include = f"-w -std=c++17 --expt-relaxed-constexpr -I{self.cutlass}/include"
        if unit.startswith("flash_"):
            return (f"{self.flash}/{unit}.cu", f"{include} -O3 -arch=sm_80 --expt-extended-lambda --use_fast_math -I{self.place}/stubs -I{self.flash}")
        return (f"{self.cutlass}/examples/{unit}.cu",
                f"{include} -arch=sm_90a -I{self.cutlass}/tools/util/include -I{self.cutlass}/examples/common")


def object_of(unit):
    return f"{Path(unit).name}.o"


def write_build(where, sources, units, launcher, nvcc):
    """build.ninja, and a Makefile for machines without ninja."""
    ninja = ["rule nvcc", "  command = $nvcc -c $in -o $out", ""]
    make = [f"all: {' '.join(map(object_of, units))}\n"]
    for unit in units:
        source, options = sources.command(unit)
        command = f"{launcher} {nvcc} {options}"
        ninja += [f"build {object_of(unit)}: nvcc {source}", f"  nvcc = {command}"]
        make += [f"{object_of(unit)}: {source}\n\t{command} -c $< -o $@\n"]
    where.mkdir(parents=True, exist_ok=True)
    (where / "build.ninja").write_text("\n".join(ninja) + "\n")
    (where / "Makefile").write_text("\n".join(make))
