#!/usr/bin/env python3
"""Trees that are copied, renamed, linked, bind-mounted and edited at random: after each, nvcache's
result is the compiler's own.

  moving.py [--steps N] [--seconds N] [--seed S] [--long] fake     a compiler whose object is all it read
  moving.py [--steps N] [--seconds N] [--seed S] [--long] real     nvcc, fewer steps

A project and a library are in several places: below base directories, in temporary build directories,
elsewhere.  Each step moves something and compiles from one of the places, spelled in one of many
ways.  Objects are compared byte for byte, but for the names of temporary build directories (and
nvcc's hash of the source's path); dependency files and exit status as they are.  Prints how many
steps were hits.  Ends with 1 when a result was wrong, and says what led to it.  NVCACHE is the program
(build/dev/nvcache), NVCC the compiler of `real`."""

import argparse
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from toolchain import HOST_PARTS, PARTS, install_fake

HERE = os.path.dirname(os.path.abspath(__file__))
EPHEMERAL = re.compile(rb"(pip-req-build-|pip-build-env-)[0-9a-z]+|pip-install-[0-9]+/x_[0-9a-f]{32}")
UNPACKED = "tmp/pip-install-%04d/x_32444bc6a2a441419805c4d632d312ca"
REQUESTED = "tmp/pip-req-build-%037d"  # as long, so that it leaves the rest of an object where it is
HASHES = [(re.compile(rb"tmpxft_[0-9a-f]+_[0-9a-f]+"), b"tmpxft_X"),
          (re.compile(rb"_[0-9a-f]{8}_[0-9]+_main_cu(_[0-9a-f]{8}|__)"), b"_HASH_main_cu")]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


class Trees:
    """Where the projects and libraries are: real directories and links, by kind."""

    def __init__(self, top, chance, real):
        self.top = top
        self.chance = chance
        self.real = real
        self.number = 0
        self.last = None  # the tree that was moved last
        self.mounts = []
        self.projects = [self.place("project"), self.place("project")]
        self.libraries = [self.place("library"), self.place("library")]
        self.fill_project(self.projects[0])
        shutil.copytree(self.projects[0], self.projects[1])
        self.fill_library(self.libraries[0])
        shutil.copytree(self.libraries[0], self.libraries[1])

    def place(self, kind):
        """A path where nothing is yet."""
        self.number += 1
        names = {"project": ["home/u%d/project", "Home/u%d/project", "by-link/u%d/project", REQUESTED, REQUESTED + "/project",
                             "work/p%d", UNPACKED],
                 "library": ["tmp/pip-build-env-%04d/lib/site-packages/include", "opt/library-%d/include",
                             "home/u%d/project/third"]}[kind]
        path = os.path.join(self.top, self.chance.choice(names) % self.number)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def line(self, role):
        """What a file says of its own: one of few texts, so that files come to say again what they said before."""
        name = "v_" + role.replace(".", "_")
        value = self.chance.randrange(3)
        if self.chance.random() < 0.12:
            shown = self.chance.choice(["__FILE__", "WHERE"])
            if self.real:
                return f"#ifndef WHERE\n#define WHERE 0\n#endif\n__device__ const char *{name} = {shown};\n"
            return f"{shown}\n"
        return f"__global__ void {name}(int *p) {{ *p = {value}; }}\n" if self.real else f"{name} {value}\n"

    def header(self, path, more="", role=None):
        once = "#pragma once\n" if self.real else ""
        write(path, once + more + self.line(role or os.path.basename(path)))

    def fill_project(self, path):
        write(path + "/src/main.cu", '#include "beside.h"\n#include <lib.h>\n#include "../inc/own.h"\n#include <own.h>\n'
              + self.line("main.cu"))
        self.header(path + "/src/beside.h")
        self.header(path + "/inc/own.h")

    def fill_library(self, path):
        system = "#pragma GCC system_header\n" if self.chance.random() < 0.3 else ""
        self.header(path + "/lib.h", system + '#include "sub/deep.h"\n#include <sub/wide.h>\n#include <more.h>\n')
        self.header(path + "/sub/deep.h", "#define WHERE __FILE__\n" if self.chance.random() < 0.5 else "")
        self.header(path + "/sub/wide.h")
        self.header(path + "/sub/more.h")

    def any_list(self):
        return self.chance.choice([("project", self.projects), ("library", self.libraries)])

    def any_header(self):
        files = []
        for tree in self.projects + self.libraries:
            for where, _, names in os.walk(tree):
                files += [os.path.join(where, name) for name in names if name.endswith(".h") and os.path.isfile(os.path.join(where, name))]
        return self.chance.choice(sorted(files)) if files else None

    # ---- what can happen ----

    def nothing(self):
        return "nothing"

    def edit(self):
        path = self.any_header()
        if path is None:
            return "nothing"
        with open(path, encoding="ascii") as text:
            lines = list(text)
        kept = [line for line in lines if line.startswith(("#include", "#pragma", "#define WHERE __"))]
        role = re.search(r"v_(\w+)", "".join(lines))
        before = os.stat(path)
        write(path, "".join(kept) + self.line(role[1] if role else os.path.basename(path)))
        if self.chance.random() < 0.5:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return "edit " + path

    def shadow(self):
        """A header of a library is in a project, too, or in the library once more, where it may be found first; or it goes again."""
        library = self.chance.choice(self.libraries)
        name, place = self.chance.choice([("lib.h", self.chance.choice(self.projects) + "/inc"), ("more.h", library),
                                          ("own.h", library), ("own.h", library + "/sub")])
        path = os.path.join(place, name)
        if os.path.isfile(path):
            os.remove(path)
            return "remove " + path
        if os.path.islink(path) or not os.path.isdir(place):
            return "nothing"
        self.header(path, role="shadow_" + name)
        return "write " + path

    def copy(self):
        kind, trees = self.any_list()
        old, new = self.chance.choice(trees), self.place(kind)
        try:
            shutil.copytree(old, new, symlinks=self.chance.random() < 0.5)
        except shutil.Error:  # links in a circle
            shutil.rmtree(new)
            return "nothing"
        trees.append(new)
        return f"copy {old} {new}"

    def rename(self):
        kind, trees = self.any_list()
        old, new = self.chance.choice(trees), self.place(kind)
        if os.path.realpath(old) != old or any(mount.startswith(old) for mount in self.mounts):
            return "nothing"
        os.rename(old, new)
        trees[trees.index(old)] = new
        self.drop_dead()
        return f"rename {old} {new}"

    def link(self):
        kind, trees = self.any_list()
        old, new = self.chance.choice(trees), self.place(kind)
        new = os.path.join(self.top, f"links/a-name-that-is-much-longer-than-the-others-{self.number}")
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.symlink(old, new)
        trees.append(new)
        self.last = new
        return f"link {new} to {old}"

    def repoint(self):
        kind, trees = self.any_list()
        links = [tree for tree in trees if os.path.islink(tree)]
        if not links:
            return self.link()
        link = self.chance.choice(links)
        others = [tree for tree in trees if bool(EPHEMERAL.search(tree.encode())) != bool(EPHEMERAL.search(os.readlink(link).encode()))]
        target = self.chance.choice(others or trees)
        if os.path.realpath(target) == os.path.realpath(link) or os.path.islink(target):
            return "nothing"
        os.remove(link)
        os.symlink(target, link)
        self.last = link
        return f"point {link} to {target}"

    def link_inside(self):
        """A directory of a library moves away and a link is in its place, or the link leads elsewhere."""
        tree, other = self.chance.choice(self.libraries), self.chance.choice(self.libraries)
        sub = tree + "/sub"
        if os.path.islink(sub):
            if os.path.realpath(other + "/sub") == sub or not os.path.isdir(other + "/sub"):
                return "nothing"
            os.remove(sub)
            os.symlink(os.path.realpath(other + "/sub"), sub)
        else:
            self.number += 1
            name = "v" * self.chance.choice((1, 1, 3)) + str(self.number)  # which may be shorter than "sub", or longer
            os.rename(sub, f"{tree}/{name}")
            os.symlink(name, sub)
        self.last = tree
        return f"point {sub} to {os.readlink(sub)}"

    def link_header(self):
        """A header of a library is a link to where it was moved to, or to another library's; or it is itself again."""
        tree, other = self.chance.choice(self.libraries), self.chance.choice(self.libraries)
        name = self.chance.choice(["lib.h", "sub/deep.h", "sub/wide.h"])
        path = f"{tree}/{name}"
        if not os.path.isfile(path):
            return "nothing"
        if os.path.islink(path) and self.chance.random() < 0.5:
            target = os.path.realpath(path)
            os.remove(path)
            shutil.copy2(target, path)
            return "copy back " + path
        target = os.path.realpath(f"{other}/{name}")
        if not os.path.islink(path):
            self.number += 1
            target = os.path.dirname(os.path.realpath(path)) + "/" + "h" * self.chance.choice((1, 6)) + f"{self.number}.h"
            shutil.copy2(path, target)
        elif not re.fullmatch(r"h+\d+\.h", os.path.basename(target)):  # no circles
            return "nothing"
        os.remove(path)
        beside = os.path.dirname(target) == os.path.realpath(os.path.dirname(path))
        os.symlink(os.path.basename(target) if beside else target, path)
        self.last = tree
        return f"point {path} to {target}"

    def swap(self):
        kind, trees = self.any_list()
        a, b = self.chance.choice(trees), self.chance.choice(trees)
        mounted = any(mount.startswith((a, b)) for mount in self.mounts)
        if a == b or mounted or os.path.realpath(a) != a or os.path.realpath(b) != b or (a + "/").startswith(b) or (b + "/").startswith(a):
            return "nothing"
        os.rename(a, a + ".swap")
        os.rename(b, a)
        os.rename(a + ".swap", b)
        self.drop_dead()
        return f"swap {a} {b}"

    def mount(self):
        """One tree over another, or away with it again."""
        if self.mounts and self.chance.random() < 0.5:
            path = self.mounts.pop()
            subprocess.run(["umount", path], check=True)
            return "unmount " + path
        kind, trees = self.any_list()
        old, new = self.chance.choice(trees), self.place(kind)
        if not CAN_MOUNT or len(self.mounts) > 3 or os.path.realpath(old) != old:
            return "nothing"
        os.makedirs(new)
        subprocess.run(["mount", "--bind", old, new], check=True)
        self.mounts.append(new)
        trees.append(new)
        return f"mount {old} at {new}"

    def drop_dead(self):
        """A link to what was renamed leads nowhere; so does a library inside of a renamed project."""
        for trees in (self.projects, self.libraries):
            trees[:] = [tree for tree in trees if os.path.isfile(tree + "/inc/own.h") or os.path.isfile(tree + "/sub/more.h")]
        if not self.libraries:
            self.libraries.append(self.place("library"))
            self.fill_library(self.libraries[0])
        if not self.projects:
            self.projects.append(self.place("project"))
            self.fill_project(self.projects[0])

    def move(self):
        self.last = None if self.chance.random() < 0.3 else self.last
        done = self.chance.choice([self.nothing] * 3 + [self.edit, self.edit, self.shadow, self.copy, self.copy, self.rename, self.link,
                                                        self.repoint, self.link_inside, self.link_inside, self.link_header, self.swap, self.mount])()
        while len(self.projects) > 6:
            self.forget(self.projects)
        while len(self.libraries) > 6:
            self.forget(self.libraries)
        self.drop_dead()
        return done

    def forget(self, trees):
        """The oldest is not compiled from any more; mostly it is still there."""
        trees.pop(0)


class Run:
    def __init__(self, options):
        self.real = options.mode == "real"
        self.chance = random.Random(options.seed)
        self.home = tempfile.mkdtemp(prefix="nvcache-moving-")
        self.top = self.home + "/t"
        self.nvcache = os.path.abspath(os.environ.get("NVCACHE", os.path.join(HERE, "../../build/dev/nvcache")))
        self.nvcc = os.environ.get("NVCC") or shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
        self.environment = {k: v for k, v in os.environ.items() if k in ("HOME", "PATH", "LANG")}
        os.makedirs(self.home + "/run", 0o700)
        self.environment.update(NVCACHE_DIR=self.home + "/cache", FAKE_RUNS=self.home + "/runs", NVCACHE_LOG=self.home + "/log", TMPDIR=self.home,
                                XDG_RUNTIME_DIR=self.home + "/run", NVCACHE_BASE_DIR=self.top + "/by-link/*/project:" + self.top + "/tmp/*/project")
        self.hits = self.failed = self.compiled = 0
        self.shape = None
        self.chosen = {}
        if not self.real:
            self.environment["NVCACHE_PLAN"] = "0"  # the made-up compiler has no steps to run
            self.install_fake()
        os.makedirs(self.top + "/home")
        os.symlink("home", self.top + "/by-link")
        self.elsewhere = [self.top + name for name in ("/elsewhere", "/elsewhen", "/tmp/pip-build-env-0/elsewhere", "/tmp/pip-build-env-1/elsewhere")]
        for path in self.elsewhere:
            os.makedirs(path)
        self.trees = Trees(self.top, self.chance, self.real)

    def install_fake(self):
        tools = self.home + "/bin"
        self.nvcc = tools + "/nvcc"
        install_fake(tools, PARTS + HOST_PARTS)
        self.environment["PATH"] = tools + ":" + self.environment["PATH"]

    # ---- a command ----

    def new_shape(self):
        """How the command is written, apart from which trees it is about."""
        pick = self.chance.choice
        return {"cwd": pick(["project", "build", "elsewhere"]), "source": pick(["absolute", "absolute", "relative"]),
                "option": pick(["-I", "-isystem"]), "own": pick(["absolute", "relative"]),
                "spelling": pick(["{}"] * 4 + ["{}/", "{}/.", "//{}", "{}/../{base}"]),
                "nested": pick(["after", "before", "twice", "other", "other's"]), "output": pick(["absolute", "relative"]),
                "object": pick([False, True, True]),
                # with -g the object names files of nvcc's own, which have another name each time
                "debug": pick(["", "", "-lineinfo"] if self.real else ["", "", "-g", "-lineinfo"])}

    def spell(self, shape, path):
        return shape["spelling"].format(path, base=os.path.basename(path)).replace("///", "//")

    def command(self, shape, project, library, other, elsewhere):
        """The working directory and the words behind the compiler."""
        cwd = {"project": project, "build": project + "/build", "elsewhere": elsewhere}[shape["cwd"]]
        os.makedirs(cwd, exist_ok=True)
        own, sub = project + "/inc", self.spell(shape, library) + "/sub"
        source, output = project + "/src/main.cu", project + "/out.ptx"
        if shape["own"] == "relative":
            own = os.path.relpath(own, cwd)
        if shape["source"] == "relative":
            source = os.path.relpath(source, cwd)
        if shape["output"] == "relative":
            output = "out.ptx"
        dirs = [self.spell(shape, library), sub]
        if shape["nested"].startswith("other"):  # which may be the same
            dirs = [dirs[0], self.spell(shape, other) + ("/sub" if shape["nested"] == "other's" else ""), sub]
        dirs = {"before": dirs[::-1], "twice": dirs + dirs[:1]}.get(shape["nested"], dirs)
        words = ["-c"]
        if self.real:  # an object whose device code can be read, or the text of that, in which names can be told
            is_object = shape["object"] and not any(os.path.islink(tree + "/sub") for tree in (library, other))
            words = ["-c", "-gencode=arch=compute_80,code=sm_80", "--no-compress"] if is_object else ["-ptx", "-arch=sm_80"]
        for path in dirs:
            words += ["-isystem", path] if shape["option"] == "-isystem" else ["-I" + path]
        debug = shape["debug"]
        if "--no-compress" in words:  # ptxas writes the times of sources into an object's line tables, which do not count
            debug = ""
        words += ["-I" + own, "-MD", "-MF", "out.d"] + ([debug] if debug else [])
        return cwd, words + [source, "-o", output], output

    def mask(self, data):
        data = EPHEMERAL.sub(b"temporary", data)
        for pattern, text in HASHES:
            data = pattern.sub(text, data)
        if self.real and not data.startswith(b"\x7fELF"):  # strings are lists of numbers, and a name's length is one, too
            data = re.sub(rb"\.b8 [^\[;]*\[\d+\] = \{[^}]*\}", self.mask_string, data)
        return data

    @staticmethod
    def mask_string(found):
        numbers = re.search(rb"\{([^}]*)\}", found[0])[1]
        text = bytes(int(number) for number in numbers.split(b","))
        return re.sub(rb"\[\d+\]", b"[]", found[0].split(b"{")[0]) + EPHEMERAL.sub(b"temporary", text)

    def compile(self, launcher, cwd, words, output):
        for name in (output, "out.d"):
            path = os.path.join(cwd, name)
            if os.path.exists(path):
                os.remove(path)
        done = subprocess.run(launcher + [self.nvcc] + words, cwd=cwd, env={**self.environment, "PWD": cwd},
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
                              check=False)
        results = [done.returncode]
        for name, mask in ((output, self.mask), ("out.d", bytes)):
            data = b""
            if os.path.exists(os.path.join(cwd, name)):
                with open(os.path.join(cwd, name), "rb") as got:
                    data = got.read()
            results.append(mask(data))
        return results

    def was_hit(self):
        with open(self.home + "/log", encoding="utf-8", errors="replace") as log:
            return "outcome=manifest" in log.read()

    def pick(self, trees):
        """What was moved is compiled from more often than the rest."""
        return self.trees.last if self.trees.last in trees and self.chance.random() < 0.7 else self.chance.choice(trees)

    def choose(self):
        """What is compiled: as the last time but for one thing, so that much is known and little differs."""
        if self.shape is None or self.chance.random() < 0.05:
            self.shape = self.new_shape()
        lists = {"project": self.trees.projects, "library": self.trees.libraries, "other": self.trees.libraries,
                 "elsewhere": self.elsewhere}
        changed = self.chance.choice(list(lists) + ["library", None])
        for name, trees in lists.items():
            if name == changed or self.chosen.get(name) not in trees:
                self.chosen[name] = self.pick(trees)
        if changed == "other" and self.chance.random() < 0.5:
            self.chosen["other"] = self.chosen["library"]
        return self.command(self.shape, **self.chosen)

    def step(self):
        cwd, words, output = self.choose()
        plain = self.compile([], cwd, words, output)
        if os.path.exists(self.home + "/log"):
            os.remove(self.home + "/log")
        cached = self.compile([self.nvcache], cwd, words, output)
        hit = self.was_hit()
        if cached != plain:
            print(f"WRONG: in {cwd}: nvcc {' '.join(words)}")
            for what, want, got in zip(("exit status", "object", "dependencies"), plain, cached):
                if want != got:
                    print(f"  {what}:\n{self.difference(want, got)}"[:3000])
            return False
        if plain[0] != 0:
            self.failed += 1
        elif hit:
            self.hits += 1
        else:
            self.compiled += 1
        return True

    @staticmethod
    def difference(want, got):
        """The lines that differ, of what may be long."""
        lines = [str(data).replace("\\n", "\n").split("\n") for data in (want, got)]
        return "\n".join(difflib.unified_diff(*lines, "nvcc's", "nvcache's", lineterm="", n=0))

    def all(self, steps, seconds):
        trail = []
        end = time.monotonic() + seconds
        status = 0
        for number in range(steps):
            if time.monotonic() > end:
                break
            trail.append(self.trees.move())
            if not self.step():
                print(f"  at step {number}, after: " + "; ".join(what for what in trail[-12:] if what != "nothing"))
                status = 1
                break
        for path in reversed(self.trees.mounts):
            subprocess.run(["umount", path], check=True)
        print(f"{min(steps, len(trail))} steps: {self.hits} hits, {self.compiled} compiled, {self.failed} did not compile, "
              f"{status} wrong")
        if status == 0:
            shutil.rmtree(self.home)
        else:
            print("  files: " + self.home)
        if self.hits == 0:
            print("nothing was ever replayed: this run proved nothing")
        return 1 if status or self.hits == 0 else 0


def in_own_namespace():
    """Start again where bind mounts are nobody else's; without the right to, there are none."""
    if os.environ.get("NVCACHE_MOVING") is None and os.geteuid() == 0 and shutil.which("unshare"):
        os.environ["NVCACHE_MOVING"] = "1"
        words = ["unshare", "-m", "--propagation", "private"]
        if subprocess.run(words + ["mount", "--bind", "/tmp", "/tmp"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            os.environ["NVCACHE_MOVING"] = "mount"
            os.execvp("unshare", words + [sys.executable] + sys.argv)
    return os.environ.get("NVCACHE_MOVING") == "mount"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("fake", "real"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    default = {"fake": (2000, 20000), "real": (10, 600)}[options.mode][options.long]
    return Run(options).all(options.steps or default, options.seconds)


CAN_MOUNT = in_own_namespace()

if __name__ == "__main__":
    sys.exit(main())
