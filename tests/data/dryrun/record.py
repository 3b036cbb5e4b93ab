#!/usr/bin/env python3
"""Records what `nvcc --dryrun` says about many forms of command, as the plan parser's tests read it:

  record.py NVCC >VERSION.dryrun

Each form is a section:

  % form NAME
  % source FILE       as the command names it
  % output FILE       as the command names it, or nvcc's default
  % command ARGUMENTS quoted for a shell
  nvcc's standard error

The machine is taken out: the compiler is in /cuda, the sources in /src, temporary files in /T, their process is number 1.
Most -D words for the version of nvcc are left out.
The variables that nvcc prints first are the same in every form of a version, and are kept in the first section only.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

TWO = ["-gencode", "arch=compute_80,code=sm_80", "-gencode", "arch=compute_90,code=[sm_90,compute_90]"]

# name, source, output, the rest of the command
FORMS = [
    ("one", "a.cu", "a.o", ["-c"]),
    ("two", "a.cu", "a.o", ["-c", *TWO]),
    ("shared-ptx", "a.cu", "a.o", ["-c", "-gencode", "arch=compute_80,code=[sm_80,sm_86,compute_80]"]),
    ("only-ptx", "a.cu", "a.o", ["-c", "-gencode", "arch=compute_90,code=compute_90"]),
    ("specific", "a.cu", "a.o", ["-c", "-arch=sm_90a"]),
    ("family", "a.cu", "a.o", ["-c", "-rdc=true", "-arch=sm_100f", "-Xptxas", "-v"]),
    ("rdc", "a.cu", "a.o", ["-c", "-rdc=true", *TWO]),
    ("dc", "a.cu", "a.o", ["-dc", "-arch=sm_80"]),
    ("dlto", "a.cu", "a.o", ["-dc", "-dlto", "-arch=sm_80"]),
    ("lto-and-sass", "a.cu", "a.o", ["-dc", "-gencode", "arch=compute_80,code=lto_80", "-gencode", "arch=compute_90,code=sm_90"]),
    ("default-output", "a.cu", None, ["-c", "-arch=sm_80"]),
    ("debug", "a.cu", "a.o", ["-c", "-g", "-G", "-arch=sm_80"]),
    ("lineinfo", "a.cu", "a.o", ["-c", "-g", "-lineinfo", "-arch=sm_80"]),
    ("verbose-ptxas", "a.cu", "a.o", ["-c", "-Xptxas", "-v", "-arch=sm_80"]),
    ("tuned", "a.cu", "a.o", ["-c", "-O3", "-std=c++17", "-maxrregcount=32", "--use_fast_math", "-Xptxas=-O2,-warn-spills", "-Xcompiler=-fPIC,-Wall",
                              "--extended-lambda", "--expt-relaxed-constexpr", "-ccbin", "g++", "-isystem", "inc", "-arch=sm_80"]),
    ("quotes", "a.cu", "a.o", ["-c", "-arch=sm_80", "-DTEXT=\"a b\"", "-DSUM(x)=(x)", "-DEMPTY=", "-I", "in c"]),
    ("spaces", "dir 1/a b.cu", "out 1/a b.o", ["-c", "-arch=sm_80"]),
    ("options-file", "a.cu", "a.o", ["--options-file", "options", "-c"]),
    ("suppressed", "a.cu", "a.o", ["-c", "-arch=sm_80", "-diag-suppress", "177", "-Werror", "cross-execution-space-call", "-w"]),
    ("cpp-as-cu", "a.cpp", "a.o", ["-x", "cu", "-c", "-arch=sm_80"]),
    ("warned", "a.cu", "a.o", ["-c", "-arch=sm_80", "-G", "-lineinfo"]),
    ("split", "a.cu", "a.o", ["-c", "-arch=sm_80", "--split-compile=2"]),
    ("default-stream", "a.cu", "a.o", ["-c", "-arch=sm_80", "--default-stream", "per-thread", "--no-compress", "-restrict"]),
    ("cpp", "a.cpp", "a.o", ["-c"]),
    ("ptx", "a.cu", "a.ptx", ["-ptx", "-arch=compute_80"]),
    ("cubin", "a.cu", "a.cubin", ["-cubin", "-arch=sm_80"]),
    ("fatbin", "a.cu", "a.fatbin", ["-fatbin", *TWO]),
    ("ltoir", "a.cu", "a.ltoir", ["-ltoir", "-arch=lto_80"]),
    ("optix-ir", "a.cu", "a.optixir", ["-optix-ir", "-arch=compute_80"]),
    ("threads", "a.cu", "a.o", ["-c", "--threads", "2", *TWO]),
    ("dependencies", "a.cu", "a.o", ["-c", "-arch=sm_80", "-MD", "-MF", "a.d"]),
    ("preprocess", "a.cu", "a.ii", ["-E", "-arch=sm_80"]),
    ("cuda-to-cpp", "a.cu", "a.cu.cpp.ii", ["-cuda", "-arch=sm_80"]),
    ("keep", "a.cu", "a.o", ["-c", "-arch=sm_80", "--keep", "--keep-dir", "kept"]),
    ("time", "a.cu", "a.o", ["-c", "-arch=sm_80", "-time", "times.csv"]),
    ("two-sources", "a.cu", "b.o", ["-c", "-arch=sm_80", "b.cu"]),
    ("link", "a.cu", "a.out", ["-arch=sm_80"]),
    ("link-rdc", "a.cu", "a.out", ["-rdc=true", "-arch=sm_80"]),
    ("device-link", "a.o", "linked.o", ["-dlink", "-arch=sm_80"]),
    ("bad-option", "a.cu", "a.o", ["-c", "--no-such-option"]),
]


def version_of(nvcc):
    text = subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"release ([0-9.]+)", text).group(1)


def make_sources(place):
    for directory in ("T", "src/dir 1", "src/out 1", "src/in c", "src/inc", "src/kept"):
        os.makedirs(os.path.join(place, directory))
    for name in ("a.cu", "b.cu", "a.cpp", "dir 1/a b.cu", "a.o"):
        open(os.path.join(place, "src", name), "w").close()
    with open(os.path.join(place, "src", "options"), "w") as file:
        file.write("-arch=sm_80 -DFROM_FILE\n")


def neutral(text, place, toolkit):
    text = text.replace(place + "/T/", "/T/").replace(place + "/src", "/src").replace(toolkit, "/cuda")
    text = re.sub(r"tmpxft_[0-9a-f]{8}_[0-9a-f]{8}", "tmpxft_00000001_00000000", text)
    text = re.sub(r"-([0-9]+)_[0-9a-f]{6,16}_(stdout|stderr)", r"-\1_cafe_\2", text)
    text = re.sub(r" -D__(CUDACC_VER|CUDA_API_VER|CUDACC_DEVICE|NVCC_DIAG)_[A-Z_]+__=[0-9]+", "", text)
    return re.sub(r"(?m)^(#\$ PATH=(?:/cuda[^:\n]*:)*).*$", r"\1/usr/bin:/bin", text)


def record(nvcc, place, form):
    source, output, words = form[1:]
    command = [*words, source] + (["-o", output] if output else [])
    environment = {"PATH": os.environ["PATH"], "TMPDIR": place + "/T", "LC_ALL": "C"}
    run = subprocess.run([nvcc, "--dryrun", *command], cwd=place + "/src", env=environment, capture_output=True, text=True)
    toolkit = os.path.dirname(os.path.dirname(nvcc))
    return shlex.join(command), neutral(run.stderr, place, toolkit)


def without_variables(text):
    return "".join(line for line in text.splitlines(True) if not re.match(r"#\$ [A-Z_a-z]+=", line))


def main():
    nvcc = os.path.abspath(sys.argv[1])
    version = version_of(nvcc)
    print("%% version %s" % version)
    with tempfile.TemporaryDirectory() as place:
        make_sources(place)
        for number, form in enumerate(FORMS):
            command, text = record(nvcc, place, form)
            print("%% form %s\n%% source %s\n%% output %s\n%% command %s" % (form[0], form[1], form[2] or "a.o", command))
            sys.stdout.write(text if number == 0 else without_variables(text))


if __name__ == "__main__":
    main()
