"""Toolchains of the property tests: the fake compiler with its parts, or nvcc, reached directly or through scripts."""

import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = ["nvcc", "cicc", "ptxas", "cudafe++", "fatbinary"]
HOST_PARTS = ["gcc", "cc1plus", "as"]


def install_fake(directory, names):
    """Programs that are all fake_compiler.c, each a file of its own."""
    os.makedirs(directory)
    first = os.path.join(directory, names[0])
    subprocess.run(["gcc", "-O1", "-w", "-s", "-Wl,--wrap=fopen,--wrap=getenv", "-o", first,
                    os.path.join(HERE, "fake_compiler.c")], check=True)
    with open(first, "rb") as program:
        data = program.read()
    for name in names:
        put(os.path.join(directory, name), data)
    return data


def put(path, data, keep_time=False):
    """A new file in place of another, as an installer does it."""
    times = os.stat(path) if keep_time and os.path.exists(path) else None
    with open(path + ".new", "wb") as out:
        out.write(data)
    os.chmod(path + ".new", 0o755)
    if times:
        os.utime(path + ".new", ns=(times.st_atime_ns, times.st_mtime_ns))
    os.rename(path + ".new", path)


class Toolchain:
    """What a command runs.  Edits return a line that says what they did."""

    def __init__(self, top, chance, nvcc, environment):
        self.top = top
        self.chance = chance
        self.environment = environment
        self.is_fake = nvcc is None
        self.tools = os.path.join(top, "bin")
        self.hosts = os.path.join(top, "host")  # nvcc puts its own directory before PATH
        self.front = os.path.join(top, "front")
        self.nvcc = nvcc or os.path.join(self.tools, "nvcc")
        if self.is_fake:
            self.data = install_fake(self.tools, PARTS)
            install_fake(self.hosts, HOST_PARTS)
            install_fake(self.front, HOST_PARTS)
        self.path = (self.hosts + ":" if self.is_fake else "") + environment["PATH"]
        environment["PATH"] = self.path
        self.program = self.nvcc
        self.is_passed = False  # a script with words of its own before nvcc is run as it is
        self.host = []
        os.makedirs(os.path.join(top, "wrap"), exist_ok=True)

    def words(self):
        return [self.program] + self.host

    def script(self, name, program):
        """A script that runs a program, perhaps with words of its own."""
        path = os.path.join(self.top, "wrap", name)
        inner = ""
        if self.chance.random() < 0.5:  # through another script
            program, inner = self.script("by_" + name, program) if not name.startswith("by_") else (program, "")
        more = self.chance.choice(["", "-DWRAPPED=1 ", "-DWRAPPED=2 "])
        if program == self.nvcc and self.chance.random() < 0.9:  # with words it is run as it is
            more = ""
        put(path, f'#!/bin/sh\nexec {program} {more}"$@"\n'.encode("ascii"))
        return path, inner + more

    def edit(self):
        kinds = [self.wrap, self.wrap_host]
        if self.is_fake:
            kinds += [self.replace_part, self.replace_part, self.profile, self.search_path]
        return self.chance.choice(kinds)()

    def wrap(self):
        if self.program != self.nvcc:
            self.program = self.nvcc
            self.is_passed = False
            return "wrapper: none"
        self.program, more = self.script("nvcc", self.nvcc)
        self.is_passed = more != ""
        return f"wrapper: {more}"

    def wrap_host(self):
        if self.host:
            self.host = []
            return "host: the one in PATH"
        gcc = os.path.join(self.hosts, "gcc") if self.is_fake else "/usr/bin/g++"
        program, more = self.script(os.path.basename(gcc), gcc) if self.chance.random() < 0.5 else (gcc, "")
        self.host = ["-ccbin", program]
        return f"host: {program} {more}"

    def replace_part(self):
        """Replaced, or replaced again by what it was; the time of the old file is kept now and then."""
        directory = self.chance.choice([self.tools, self.tools, self.hosts, self.front])
        name = self.chance.choice(PARTS if directory == self.tools else HOST_PARTS)
        more = self.chance.choice([b"", b"1", b"2"])
        put(os.path.join(directory, name), self.data + more, self.chance.random() < 0.5)
        return f"part: {os.path.basename(directory)}/{name} {more}"

    def profile(self):
        path = os.path.join(self.tools, "nvcc.profile")
        if os.path.exists(path) and self.chance.random() < 0.5:
            os.remove(path)
            return "profile: none"
        put(path, self.chance.choice([b"A = 1\n", b"A = 2\n"]))
        return "profile: new"

    def search_path(self):
        """Another host compiler comes first in PATH, or does not any more."""
        is_first = self.environment["PATH"] == self.path
        self.environment["PATH"] = (self.front + ":" if is_first else "") + self.path
        return "path: " + self.environment["PATH"].split(":", maxsplit=1)[0]
