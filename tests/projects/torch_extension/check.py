"""Imports the installed extension; with a GPU, compares what it computes with PyTorch."""

import torch
import torch_extension as ours


def close(name, got, want):
    assert torch.allclose(got.float(), want.float(), rtol=1e-4, atol=1e-4), name


def refuses_the_cpu():
    try:
        ours.scale(torch.ones(4), 2.0)
    except RuntimeError as error:
        assert "must be on the GPU" in str(error), error
        return
    raise AssertionError("a tensor of the CPU was accepted")


def compare():
    x = torch.rand(100, 1000, device="cuda")
    if hasattr(ours, "scale"):
        close("scale", ours.scale(x, 2.5), x * 2.5)
    if hasattr(ours, "total"):
        close("total", ours.total(x), x.double().sum())
    if hasattr(ours, "sorted"):
        close("sorted", ours.sorted(x.flatten()), x.flatten().sort().values)
    if hasattr(ours, "running"):
        close("running", ours.running(x[0].contiguous()), x[0].cumsum(0))
    if hasattr(ours, "softmax"):
        close("softmax", ours.softmax(x), x.softmax(1))
    if hasattr(ours, "histogram"):
        close("histogram", ours.histogram(x.flatten(), 20, 0.0, 1.0), x.histc(20, 0.0, 1.0))


if hasattr(ours, "scale"):
    refuses_the_cpu()
if torch.cuda.is_available():
    compare()
print("works,", "kernels compared" if torch.cuda.is_available() else "no GPU to run kernels on")
