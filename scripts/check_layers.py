#!/usr/bin/env python3
"""Checks that the rooms include each other in the order that CMakeLists.txt declares.

Each `nvc_room(NAME BELOW...)` there names a room and the rooms whose public headers it may
include; a room must be declared after the rooms below it, so there are no cycles.  A room's own
`*_priv.h` are its alone, each library's header belongs to one room, and a file of the right
name lies in the right place.  Prints one line per fault.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)

# Which room may know of a library: all others see only what that room makes of it.
LIBRARIES = {
    "lmdb.h": {"store"},
    "zstd.h": {"entry"},
    "xxhash.h": {"digest"},
    "sodium.h": {"digest"},
    "curl/curl.h": {"remote"},
    "hiredis/hiredis.h": {"remote"},
}


def declared_rooms():
    rooms = {}
    faults = []
    text = (ROOT / "CMakeLists.txt").read_text()
    for match in re.finditer(r"^nvc_room\(([^)]*)\)", text, re.M):
        name, *below = match.group(1).split()
        for other in below:
            if other not in rooms:
                faults.append(f"CMakeLists.txt: room {name} is above {other}, which is declared later or never")
        rooms[name] = set(below)
    if not rooms:
        faults.append("CMakeLists.txt: no nvc_room() found")
    siblings = ("nvcc", "plan", "sched", "store")
    for one, other in ((a, b) for a in siblings for b in siblings if a != b and (a, b) != ("plan", "nvcc")):
        if other in rooms.get(one, set()):
            faults.append(f"CMakeLists.txt: {one} and {other} must not know each other")
    return rooms, faults


def room_of(path):
    """The room a file belongs to, and whether it is a test of that room."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "src":
        return (parts[1], False) if len(parts) > 2 else ("main", False)
    if parts[0] == "include":
        return parts[2], False
    if parts[:2] == ("tests", "unit"):
        return parts[2], True
    match = re.match(r"fuzz_([a-z]+)_", path.name)
    return (match.group(1) if match else None), True


def check_nvcache_include(path, room, rooms, name):
    parts = name.split("/")
    if len(parts) != 3 or not parts[2].endswith((".h", ".def")):
        return f'includes "{name}"; public headers are nvcache/ROOM/MODULE.h'
    if not (ROOT / "include" / name).is_file():
        return f'includes "{name}", which does not exist'
    if parts[1] != room and parts[1] not in rooms[room]:
        return f'room {room} may not include room {parts[1]} ("{name}")'
    return None


def check_private_include(path, room, is_test, name):
    support = ROOT / "tests" / "support" / name
    if is_test and support.is_file():
        return None
    if "/" in name or not (ROOT / "src" / room / name).is_file():
        return f'includes "{name}", which is not in src/{room}'
    if name.endswith(".h") and not name.endswith("_priv.h"):
        return f'includes "{name}"; headers inside a room are called *_priv.h'
    return None


def check_include(path, room, is_test, rooms, kind, name):
    if name.startswith("nvcache/"):
        return check_nvcache_include(path, room, rooms, name)
    if name in LIBRARIES and room not in LIBRARIES[name] and not is_test:
        return f"room {room} may not use the library of <{name}>"
    if kind == "<" or name.endswith(".def"):
        return None
    return check_private_include(path, room, is_test, name)


def check_file(path, rooms):
    room, is_test = room_of(path)
    if room == "main":
        allowed = {**rooms, "main": {"cli", "base"}}
    elif room in rooms:
        allowed = rooms
    else:
        return [f"{path.relative_to(ROOT)}: its room '{room}' is not in CMakeLists.txt"]
    faults = []
    for kind, name in INCLUDE.findall(path.read_text(errors="replace")):
        fault = check_include(path, room, is_test, allowed, kind, name)
        if fault:
            faults.append(f"{path.relative_to(ROOT)}: {fault}")
    if path.suffix == ".h" and room != "main":
        parts = path.relative_to(ROOT).parts
        if parts[0] == "src" and not path.name.endswith("_priv.h"):
            faults.append(f"{path.relative_to(ROOT)}: a header in src is called *_priv.h")
        if parts[0] == "include" and path.name.endswith("_priv.h"):
            faults.append(f"{path.relative_to(ROOT)}: a private header lies in src")
    return faults


def main():
    rooms, faults = declared_rooms()
    files = []
    for top in ("src", "include", "tests/unit", "tests/fuzz"):
        files += sorted(p for p in (ROOT / top).rglob("*.[ch]") if p.is_file())
    files = [p for p in files if p.name != "replay_main.c"]
    for path in files:
        faults += check_file(path, rooms)
    for fault in faults:
        print(fault)
    print(f"check_layers: {len(files)} files, {len(rooms)} rooms, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
