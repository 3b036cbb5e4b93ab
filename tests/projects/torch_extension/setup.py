"""A PyTorch extension made of CUDA sources only.

NVC_UNITS says how many of the kernels are built (default: all)."""

import os

from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension

KERNELS = ["scale", "total", "sorted", "running", "softmax", "histogram"]
UNITS = KERNELS[: int(os.environ.get("NVC_UNITS", len(KERNELS)))]

setup(
    name="torch_extension",
    version="1.0",
    py_modules=[],
    ext_modules=[
        CUDAExtension(
            "torch_extension",
            [f"csrc/{name}.cu" for name in ["bindings", *UNITS]],
            define_macros=[(f"WITH_{name.upper()}", None) for name in UNITS],
        )
    ],
    cmdclass={"build_ext": BuildExtension},
)
