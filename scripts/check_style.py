#!/usr/bin/env python3
"""Checks what a reader should never have to discuss: length, names, blanks, formatting.

Files have at most 500 lines and functions at most 80; a module's file name is unique in the
tree; no trailing blanks, no tabs in code, a newline at the end; nothing below cli
prints or exits; functions that cannot be used safely are not used; every .c file starts by
saying what it is for.  Formatting is checked with clang-format 14 when it is installed (other
versions format differently).
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE = 500
MAX_FUNCTION = 80
TEXT_SUFFIXES = {".c", ".h", ".def", ".py", ".sh", ".cmake", ".md", ".txt", ".cu", ".cuh", ".1", ".json"}
UNSAFE = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|tmpnam|mktemp|atoi|atol|system)\s*\(")
LOUD = re.compile(r"\b(printf|puts|putchar|perror|exit|abort)\s*\(")
LOUD_PLACES = {"guard.c"}  # the crash guard's handler, when nothing guarded is running


def tracked_files():
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        names = listing.stdout.splitlines()
    else:  # a source package, or a machine without git
        names = [
            str(p.relative_to(ROOT)) for p in ROOT.rglob("*")
            if p.relative_to(ROOT).parts[0] not in ("build", ".git")
        ]
    return [ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file()]


def is_ours(path):
    return path.suffix in (".c", ".h") and path.relative_to(ROOT).parts[0] in ("src", "include")


def strip_code(text):
    """The text with comments and literals blanked, newlines kept."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def check_text(path, text):
    name = path.relative_to(ROOT)
    lines = text.split("\n")
    faults = []
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            faults.append(f"{name}:{number}: trailing blanks")
        if "\t" in line and path.suffix in (".c", ".h", ".py", ".cmake", ".cu"):
            faults.append(f"{name}:{number}: a tab")
    if text and not text.endswith("\n"):
        faults.append(f"{name}: no newline at the end")
    if path.suffix in (".c", ".h", ".py", ".sh") and len(lines) - 1 > MAX_FILE:
        faults.append(f"{name}: {len(lines) - 1} lines, more than {MAX_FILE}")
    return faults


def check_functions(path, text):
    """In this format a function's body is between a `{` and a `}` in column one."""
    faults = []
    start = None
    lines = strip_code(text).split("\n")
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            length = number - start + 1
            if length > MAX_FUNCTION:
                faults.append(f"{path.relative_to(ROOT)}:{start}: a function of {length} lines, more than {MAX_FUNCTION}")
            start = None
    return faults


def check_calls(path, text):
    faults = []
    parts = path.relative_to(ROOT).parts
    is_loud_room = parts[:2] in (("src", "cli"), ("src", "main.c")) or path.name in LOUD_PLACES
    for number, line in enumerate(strip_code(text).split("\n"), 1):
        unsafe = UNSAFE.search(line)
        if unsafe:
            faults.append(f"{path.relative_to(ROOT)}:{number}: {unsafe.group(1)}() is not used here")
        loud = LOUD.search(line)
        if loud and not is_loud_room:
            faults.append(f"{path.relative_to(ROOT)}:{number}: {loud.group(1)}() below the cli room")
    return faults


def check_opening(path, text):
    if path.suffix == ".c" and not text.lstrip().startswith("/*"):
        return [f"{path.relative_to(ROOT)}: does not start with a comment that says what it is for"]
    return []


def check_names(paths):
    faults = []
    seen = defaultdict(set)
    for path in paths:
        seen[path.name].add(str(path.relative_to(ROOT)))
    for name, places in sorted(seen.items()):
        if len(places) > 1:
            faults.append(f"{name}: not a unique name: {', '.join(sorted(places))}")
    return faults


def check_format(paths):
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        print("check_style: clang-format is not installed, formatting not checked")
        return []
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    if " 14." not in version:
        print(f"check_style: formatting not checked, needs clang-format 14, not {version.strip()}")
        return []
    faults = []
    for path in paths:
        done = subprocess.run([tool, "--dry-run", "--Werror", str(path)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            first = re.search(r":(\d+):\d+:", done.stderr)
            faults.append(f"{path.relative_to(ROOT)}:{first.group(1) if first else 1}: not formatted (clang-format -i)")
    return faults


def main():
    paths = [p for p in tracked_files() if p.suffix in TEXT_SUFFIXES and "/data/" not in str(p) and "/golden/" not in str(p)]
    code = [p for p in paths if p.suffix in (".c", ".h") and p.relative_to(ROOT).parts[0] in ("src", "include", "tests")]
    faults = []
    for path in paths:
        text = path.read_text(errors="replace")
        faults += check_text(path, text)
        if path in code:
            faults += check_functions(path, text)
        if is_ours(path):
            faults += check_calls(path, text) + check_opening(path, text)
    faults += check_names([p for p in paths if is_ours(p)])
    faults += check_format(code)
    for fault in faults:
        print(fault)
    print(f"check_style: {len(paths)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
