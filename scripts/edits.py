#!/usr/bin/env python3
"""Times the same edits of ggml's CUDA kernels with nvcc alone, ccache, sccache and nvcache.

  scripts/real.sh ggml-edits       prepares everything and runs this with a few units
  scripts/edits.py BUILD GGML --nvcc NVCC --nvcache NVCACHE [--units N] [--jobs N] [--tools nvcc,ccache,sccache,nvcache]

BUILD has a compile_commands.json of the sources in GGML.  Each tool starts with an empty cache.  After each edit all units are
compiled from nothing, as a fresh checkout is built, by one tool after the other, each time another one first, so that all
meet the same load.  First for one architecture, then for two, then for four; the edits are made with the last of these.
Printed are wall-clock seconds, and those of the processor that the compilers took.  The objects that nvcache gives in the
end are checked against what it makes with an empty cache.
"""

import argparse
import concurrent.futures
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time

SERVER_PORT = 14226
ARCHS = (("86",), ("86", "90"), ("75", "80", "86", "90"))
SMALL = "acc add-id arange argmax argsort binbcast clamp concat convert cpy cross-entropy-loss cumsum norm scale softmax unary"

# What an edit is called, the file, and what is replaced.
EDITS = (
    ("reword a comment in a header that all include", "common.cuh", r"\A", "// Words.\n", r"\A// Words\.\n", "// Other words.\n"),
    ("add a line of comment to that header", "common.cuh", r"\A", "// A line.\n", None, None),
    ("edit one host function", "scale.cu", r"const int64_t num_blocks = \(nelements", "const int64_t num_blocks = (1 + nelements", None, None),
    ("edit one device function", "scale.cu", r"dst\[i\] = ggml_cuda_cast<T>\(scale", "dst[i] = ggml_cuda_cast<T>(2.0f + scale", None, None),
    ("edit one device function of that header", "common.cuh", r"(int warp_reduce_sum\(int x\) \{)\n", r"\1 x += 1;\n", None, None),
)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("ggml")
    parser.add_argument("--nvcc", required=True)
    parser.add_argument("--nvcache", required=True)
    parser.add_argument("--ccache", default=shutil.which("ccache"))
    parser.add_argument("--sccache", default=shutil.which("sccache"))
    parser.add_argument("--tools", default="nvcc,ccache,sccache,nvcache")
    parser.add_argument("--units", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--archs", type=int, default=len(ARCHS), help="how many of the sets %s" % (ARCHS,))
    return parser.parse_args()


class Tool:
    """How a compiler is called, and the environment and cache it has of its own."""

    def __init__(self, name, options, place):
        self.name = name
        self.cache = os.path.join(place, "cache-" + name)
        shutil.rmtree(self.cache, ignore_errors=True)
        os.makedirs(self.cache)
        self.environment = {key: value for key, value in os.environ.items() if not re.match(r"(NVCACHE|CCACHE|SCCACHE)_", key)}
        self.environment.update({"NVCACHE_DIR": self.cache, "CCACHE_DIR": self.cache, "SCCACHE_DIR": self.cache,
                                 "SCCACHE_SERVER_PORT": str(SERVER_PORT), "SCCACHE_IDLE_TIMEOUT": "0"})
        program = {"nvcc": None, "ccache": options.ccache, "sccache": options.sccache, "nvcache": options.nvcache}[name]
        self.prefix = [] if program is None else [program]

    def begin(self):
        if self.name == "sccache":
            subprocess.run([*self.prefix, "--start-server"], env=self.environment, capture_output=True, check=True)

    def end(self):
        if self.name == "sccache":
            subprocess.run([*self.prefix, "--stop-server"], env=self.environment, capture_output=True, check=True)


def server_seconds(port):
    """Processor seconds of sccache's server on that port and of what it has started; 0 without one."""
    ticks = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as file:
                is_ours = b"SCCACHE_SERVER_PORT=%d\0" % port in file.read()
            with open("/proc/%s/stat" % pid) as file:
                stat = file.read()
        except OSError:
            continue
        if is_ours and "(sccache)" in stat:
            ticks += sum(int(number) for number in stat.rsplit(")", 1)[1].split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def processor_seconds(tool):
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    server = server_seconds(SERVER_PORT) if tool.name == "sccache" else 0
    return usage.ru_utime + usage.ru_stime + server


class Units:
    """The commands of some units, for the architectures that are asked for."""

    def __init__(self, options):
        with open(os.path.join(options.build, "compile_commands.json")) as file:
            entries = [entry for entry in json.load(file) if entry["file"].endswith(".cu")]
        wanted = SMALL.split()
        names = {os.path.basename(entry["file"])[:-3]: entry for entry in entries}
        order = ["scale", "norm", "softmax", "unary"] + [name for name in wanted if name in names]
        order = list(dict.fromkeys(name for name in order if name in names))[:options.units]
        if "scale" not in order:
            sys.exit("edits: the build has no scale.cu")
        self.names = order
        self.nvcc = options.nvcc
        self.directory = options.build
        self.commands = [self.read(names[name]) for name in order]

    def read(self, entry):
        """The words behind the compiler without architectures."""
        words = shlex.split(entry["command"])
        at = next(n for n, word in enumerate(words) if os.path.basename(word) == "nvcc")
        return [word for word in words[at + 1:] if not word.startswith("--generate-code") and not word.startswith("-arch")]

    def lines(self, tool, archs):
        codes = ["--generate-code=arch=compute_%s,code=sm_%s" % (arch, arch) for arch in archs]
        return [[*tool.prefix, self.nvcc, *codes, *words] for words in self.commands]

    def outputs(self):
        return [os.path.join(self.directory, words[words.index("-o") + 1]) for words in self.commands]

    def compile(self, tool, archs, jobs):
        """Wall-clock and processor seconds of compiling all units from nothing."""
        for output in self.outputs():
            os.makedirs(os.path.dirname(output), exist_ok=True)
            if os.path.exists(output):
                os.remove(output)
        time.sleep(0.05)
        before, start = processor_seconds(tool), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda line: self.run(line, tool), self.lines(tool, archs)))
        wall = time.monotonic() - start
        return wall, processor_seconds(tool) - before

    def run(self, line, tool):
        run = subprocess.run(line, cwd=self.directory, env=tool.environment, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit("edits: %s failed:\n%s" % (tool.name, run.stderr[-2000:]))


class Sources:
    """The directory with the kernels; edits are taken back at the end."""

    def __init__(self, ggml):
        self.directory = os.path.join(ggml, "src", "ggml-cuda")
        self.kept = {}

    def replace(self, name, pattern, text):
        path = os.path.join(self.directory, name)
        with open(path) as file:
            before = file.read()
        self.kept.setdefault(path, before)
        after, n = re.subn(pattern, text, before, count=1)
        if n != 1 or after == before:
            sys.exit("edits: nothing to edit in %s" % name)
        with open(path, "w") as file:
            file.write(after)

    def restore(self):
        for path, text in self.kept.items():
            with open(path, "w") as file:
                file.write(text)
        self.kept = {}


def steps(sources, number, is_last):
    """Each (what it is called, or None; what to do before all units are compiled) with one set of architectures."""
    yield "full build" if number == 0 else "more architectures", lambda: None
    for what, name, pattern, text, again, text_again in EDITS if is_last else ():
        if again is None:
            yield what, lambda n=name, p=pattern, t=text: sources.replace(n, p, t)
        else:
            yield None, lambda n=name, p=pattern, t=text: sources.replace(n, p, t)
            yield what, lambda n=name, p=again, t=text_again: sources.replace(n, p, t)


def is_same_from_scratch(units, options, place, archs):
    """Are the objects those that an empty cache gives?"""
    kept = [open(output, "rb").read() for output in units.outputs()]
    tool = Tool("nvcache", options, os.path.join(place, "again"))
    units.compile(tool, archs, options.jobs)
    return kept == [open(output, "rb").read() for output in units.outputs()]


def take_turns(tools, units, archs, what, jobs, table):
    """Compile with each tool; for a step that has a name their times become a row of the table."""
    for tool in tools:
        if what is None and tool.name == "nvcc":
            continue
        seconds = units.compile(tool, archs, jobs)
        if what is not None:
            table.setdefault((len(archs), what), {})[tool.name] = seconds
            print("%-8s %d: %-45s %7.1f s  cpu %7.1f s" % (tool.name, len(archs), what, *seconds), flush=True)


def measure(tools, units, sources, options):
    """{(how many architectures, what): {tool: (wall, processor)}}"""
    table, turn = {}, 0
    for number, archs in enumerate(ARCHS[:options.archs]):
        for what, edit in steps(sources, number, number + 1 == options.archs):
            edit()
            first = turn % len(tools)
            take_turns(tools[first:] + tools[:first], units, archs, what, options.jobs, table)
            turn += what is not None
    return table


def show(table, tools, units, options):
    print("\n%d units (%s), %d jobs; seconds of wall-clock time (of the processors), all units compiled after each edit" %
          (len(units.names), " ".join(units.names), options.jobs))
    print("| architectures | step | " + " | ".join(tool.name for tool in tools) + " |\n| --- | --- |" + " --- |" * len(tools))
    for (archs, what), row in table.items():
        print("| %d | %s | %s |" % (archs, what, " | ".join("%.1f (%.1f)" % row[tool.name] for tool in tools)))


def find_tools(options, place):
    tools = []
    for name in options.tools.split(","):
        if {"ccache": options.ccache, "sccache": options.sccache}.get(name, name) is None:
            print("edits: there is no %s" % name)
        else:
            tools.append(Tool(name, options, place))
    return tools


def main():
    options = arguments()
    options.build, options.ggml = os.path.abspath(options.build), os.path.abspath(options.ggml)
    place = os.path.join(options.build, "edits")
    shutil.rmtree(place, ignore_errors=True)
    units, sources, tools = Units(options), Sources(options.ggml), find_tools(options, place)
    is_same = True
    try:
        for tool in tools:
            tool.begin()
        table = measure(tools, units, sources, options)
        for tool in tools:
            if tool.name == "nvcache":
                units.compile(tool, ARCHS[options.archs - 1], options.jobs)
                is_same = is_same_from_scratch(units, options, place, ARCHS[options.archs - 1])
    finally:
        for tool in tools:
            tool.end()
        sources.restore()
    show(table, tools, units, options)
    if not is_same:
        sys.exit("edits: objects of nvcache are not those that an empty cache gives")


if __name__ == "__main__":
    main()
