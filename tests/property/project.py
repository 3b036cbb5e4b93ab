"""Random projects for property.py, and what is done to them."""

import copy
import os
import re
import shutil

DIRS = ["inc", "inc/sub", "sys", "quoted", "cpath", "late", "src"]
NAMES = ["a.h", "b.h", "sub/c.h", "d.h"]
KINDS = [["-c", "-gencode", "arch=compute_80,code=sm_80", "-gencode", "arch=compute_86,code=sm_86"],
         ["-c", "-arch=sm_80"], ["-ptx", "-arch=sm_86"], ["-cubin", "-arch=sm_80"]]  # what nvcc makes


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="ascii") as out:
        out.write(text)


class Project:
    """A source, headers, an options file, flags and variables, in the working directory."""

    def __init__(self, chance, real, toolchain):
        self.chance = chance
        self.real = real
        self.toolchain = toolchain
        self.includes = ["-Iinc", "-Isys"]
        self.flags = ["-DX=1"]
        self.kind = KINDS[0] if real else ["-c"]
        self.is_broken = False  # the last compile failed
        self.environment = {}
        self.saved = ()
        write("options", "-DOPTION=1\n")
        for i, path in enumerate(["inc/a.h", "sys/b.h", "inc/sub/c.h", "sys/d.h"]):  # this compiles
            write(path, "#pragma once\n" * real + self.body(i))
        self.source()
        self.save()

    def value(self):
        return self.chance.randrange(8)

    def body(self, depth):
        """Text that one pass or another sees."""
        kind = self.chance.randrange(5)
        name = f"v{self.chance.randrange(10 ** 6)}"
        if not self.real:
            return f"{name} {self.value()}\n"
        if kind == 0 and depth > 0:
            return f"#ifndef __CUDA_ARCH__\nconst char *{name}() {{ return \"{self.value()}\"; }}\n#endif\n"
        if kind == 1:  # a kernel that is there in all passes, as the host registers it
            return (f"__global__ void {name}(int *p)\n{{\n#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 860\n"
                    f"    *p = {self.value()};\n#endif\n}}\n")
        return f"__device__ int {name} = {self.value()};\n"

    def reference(self, names):
        name = self.chance.choice(names)
        kind = self.chance.randrange(6)
        if kind == 0:
            return f"#if __has_include(\"{name}\")\n{self.body(0)}#else\n{self.body(0)}#endif\n"
        if kind == 1:
            return f"#if __has_include(<{name}>)\n{self.body(0)}#endif\n"
        if self.real and self.chance.random() < 0.2:  # through macros, by a name that is spelled out or made
            name = f"<{name}>" if kind < 4 else "THE(NAME)"
            return ("#define HAS(x) THROUGH(x)\n#define THROUGH(x) __has_include(x)\n#define THE(x) x\n"
                    f"#undef NAME\n#define NAME \"{self.chance.choice(names)}\"\n"
                    f"#if HAS({name})\n{self.body(0)}#endif\n")
        if kind == 2:
            return f"#define HEADER \"{name}\"\n#include HEADER\n#undef HEADER\n"
        return f"#include <{name}>\n" if kind == 3 else f"#include \"{name}\"\n"

    def header(self, path):
        place = NAMES.index(path[-7:] if path.endswith("sub/c.h") else os.path.basename(path))
        text = ("#pragma once\n" if self.real else "") + self.body(1)
        if place + 1 < len(NAMES) and self.chance.random() < 0.5:
            text += self.reference(NAMES[place + 1:])
        elif self.chance.random() < 0.1:
            base = NAMES[place]
            text += f"#include_next <{base}>\n" if self.real is False else ""
        write(path, text)

    def source(self):
        text = self.reference(["a.h"]) + self.body(1) + self.reference(NAMES)
        if self.real:
            text = text + "__global__ void k(int *p) { *p = X; }\n"
        write("src/main.cu", text)

    def any_header(self):
        found = [os.path.join(top, f) for top, _, fs in os.walk(".") for f in fs if f.endswith(".h")]
        found = [path for path in found if os.path.isfile(path)]
        return self.chance.choice(sorted(found)) if found else None

    def place(self):
        directory = self.chance.choice(DIRS[:1] + DIRS[2:])
        return os.path.join(directory, self.chance.choice(NAMES))

    # ---- edits: each returns a line that says what it did ----

    def edit_header(self):
        path = self.any_header()
        if path:
            info = os.stat(path)
            with open(path, encoding="ascii") as text:
                old = text.read()
            new = re.sub(r"(\d)(;|\n|\")", lambda m: str(self.value()) + m[2], old)
            write(path, new)
            if self.chance.random() < 0.5:
                os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
        return f"edit {path}, same size"

    def new_header(self):
        path = self.place()
        if os.path.isdir(path):
            return "nothing"
        if os.path.islink(path):
            os.remove(path)
        self.header(path)
        return f"write {path}"

    def remove_header(self):
        path = self.any_header()
        if path:
            os.remove(path)
        return f"remove {path}"

    def touch(self):
        path = self.any_header() or "src/main.cu"
        if os.path.exists(path):
            os.utime(path)
        return f"touch {path}"

    def link_header(self):
        path, target = self.place(), self.any_header()
        if os.path.lexists(path) or not target or os.path.realpath(target) == os.path.realpath(path):
            return "nothing"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(os.path.abspath(target), path)
        return f"link {path} to {target}"

    def swap_directories(self):
        a, b = self.chance.sample(["inc", "sys", "late", "cpath", "quoted"], 2)
        for old, new in ((a, "swap"), (b, a), ("swap", b)):
            if os.path.lexists(old):
                os.rename(old, new)
        return f"swap {a} and {b}"

    def block_header(self):
        path = self.place()
        if not os.path.lexists(path):
            os.makedirs(path)
            return f"directory {path}"
        if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
            os.rmdir(path)
        return f"no directory {path}"

    def new_source(self):
        self.source()
        return "write src/main.cu"

    def options_file(self):
        write("options", f"-DOPTION={self.value() % 3}\n")
        if "-optf" not in self.flags:
            self.flags += ["-optf", "options"]
        return "options file"

    def change_flags(self):
        self.flags = [f"-DX={self.value() % 4}"] + (["-optf", "options"] if self.chance.random() < 0.3 else [])
        pool = ["-Iinc", "-Isys", "-Ilate", "-I./inc", "-isystem|sys", "-isystem|late", "-isystem|inc"]
        pool += ["-Xcompiler|-iquote,quoted"]
        chosen = self.chance.sample(pool, self.chance.randrange(1, 5))
        chosen += ["-Iinc", "-Isys"] if self.real or self.chance.random() < 0.6 else []  # most steps should compile
        self.includes = [word for entry in chosen for word in entry.split("|")]
        self.kind = self.chance.choice(KINDS) if self.real else ["-c"]
        return "flags " + " ".join(self.kind + self.includes + self.flags)

    def last_pass(self):
        """Text that only the host compiler's last pass sees, in a header that it is told to include, or in one before the
        toolkit's or the system's."""
        if not self.real:
            return "nothing"
        name = self.chance.choice(["pre.h", "features.h", "builtin_types.h"])
        inner = self.chance.choice([f"int p{self.chance.randrange(10 ** 6)} = {self.value()};\n", "#include \"only.h\"\n"])
        if self.chance.random() < 0.5 or not os.path.exists("last/only.h"):
            write("last/only.h", f"#pragma once\nint only{self.value()};\n")
        text = "" if name == "pre.h" else f"#include_next <{name}>\n"
        write(f"last/{name}", text + f"#if !defined __CUDACC__ && !defined S{len(name)}\n#define S{len(name)}\n{inner}#endif\n")
        more = ["-Xcompiler", "-include,last/pre.h"] if name == "pre.h" else ["-Ilast"]
        if more[-1] not in self.flags:
            self.flags += more
        return f"write last/{name}"

    def change_environment(self):
        pool = {"CPATH": ["cpath", "late:cpath", ":late"], "PTXAS_FLAGS": ["-O0", "-O1"], "OCG_FLAGS": ["-O0"],
                "CPLUS_INCLUDE_PATH": ["late", "sys:late"], "SOURCE_DATE_EPOCH": ["1", "2"], "TERM": ["dumb"]}
        name = self.chance.choice(sorted(pool))
        if name in self.environment:
            del self.environment[name]
        else:
            self.environment[name] = self.chance.choice(pool[name])
        return f"environment {self.environment}"

    def undo(self):
        if os.path.isdir("../saved"):
            for entry in os.listdir("."):
                (shutil.rmtree if os.path.isdir(entry) and not os.path.islink(entry) else os.remove)(entry)
            shutil.copytree("../saved", ".", symlinks=True, dirs_exist_ok=True)
            self.kind, self.includes, self.flags, self.environment = copy.deepcopy(self.saved)
        return "back to the saved state"

    def save(self):
        if self.is_broken:
            return "nothing"
        shutil.rmtree("../saved", ignore_errors=True)
        shutil.copytree(".", "../saved", symlinks=True)
        self.saved = copy.deepcopy((self.kind, self.includes, self.flags, self.environment))
        return "save the state"

    def edit(self):
        if self.is_broken and self.chance.random() < 0.3:  # most steps should compile
            return self.undo()
        kinds = [(self.edit_header, 6), (self.new_header, 6), (self.remove_header, 2), (self.touch, 4), (self.link_header, 2)]
        kinds += [(self.swap_directories, 1), (self.block_header, 1), (self.new_source, 1), (self.options_file, 2), (self.last_pass, 2)]
        kinds += [(self.change_flags, 3), (self.change_environment, 2), (self.toolchain.edit, 2), (self.undo, 2), (self.save, 1), (lambda: "nothing", 2)]
        functions, weights = zip(*kinds)
        return self.chance.choices(functions, weights)[0]()
