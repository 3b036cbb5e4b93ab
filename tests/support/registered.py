#!/usr/bin/env python3
"""What a program registers with the CUDA runtime, in a form in which two builds of it can be compared:

  registered.py DIRECTORY PROGRAM

runs a program linked with registered.c (see there), writes the calls and what is in each image to standard output, with the
module ids that compilers make up replaced by numbers in order of registration, and fails where a registered name
is missing in an image.  Images must not be compressed (nvcc --no-compress).
"""

import hashlib
import os
import re
import struct
import subprocess
import sys

# Where module ids are in names; the number tells the length of what follows (for __nv_static_ of the id alone).
PLACES = re.compile(r"([0-9]{2,})(_GLOBAL__N_|_INTERNAL)(?=_[0-9a-f]{8}_)|()__nv_static_([0-9]{2,})_(?=_[0-9a-f]{8}_)")
# _CRC_LENGTH_NAME_REST
ID = re.compile(r"_[0-9a-f]{8}_([0-9]+)_")

KINDS = {1: "ptx", 2: "elf", 8: "ltoir"}


def id_at(text, at, length):
    """The id of that length there, or None."""
    found = text[at:at + length]
    head = ID.match(found)
    if head is None or len(found) < length or length < head.end() + int(head.group(1)) + 2:
        return None
    return found if re.fullmatch(r"\w+", found) and re.match(r"[0-9E_]|$", text[at + length:]) else None


def ids_in(text):
    """Each module id in a text, in order.  Digits before a length may be the end of another name (`v2` + `47`)."""
    for match in PLACES.finditer(text):
        digits, prefix = match.group(1) or match.group(4), len(match.group(2) or "")
        for start in range(len(digits) - 2, -1, -1):
            found = id_at(text, match.end(), int(digits[start:]) - prefix)
            if found:
                yield found
                break


class Masks:
    """The module ids of a program, numbered in the order in which they are registered."""

    def __init__(self, calls):
        self.numbers = {}
        for name in calls:
            for found in ids_in(name):
                self.numbers.setdefault(found, "<id %d>" % len(self.numbers))

    def masked(self, text):
        for found in sorted(set(ids_in(text)), key=len, reverse=True):
            for before in ("_GLOBAL__N_", "_INTERNAL"):
                text = text.replace("%d%s%s" % (len(before + found), before, found), before + found)
            text = text.replace("__nv_static_%d_%s" % (len(found), found), "__nv_static_" + found)
            text = text.replace(found, self.numbers.get(found, "<id>"))
        return text


def digest(data):
    return hashlib.sha256(data).hexdigest()[:12]


def entries(image):
    """Each (kind, arch, payload) of a fatbin."""
    magic, version, header, size = struct.unpack_from("<IHHQ", image)
    assert magic == 0xBA55ED50, "not a fatbin"
    at = header
    while at < header + size:
        kind, _, entry_header, entry_size = struct.unpack_from("<HHIQ", image, at)
        arch, flags = struct.unpack_from("<I", image, at + 28)[0], struct.unpack_from("<Q", image, at + 40)[0]
        if flags & 0xA000:
            sys.exit("registered: compressed images cannot be compared")
        yield KINDS.get(kind, "kind %d" % kind), arch, image[at + entry_header:at + entry_header + entry_size]
        at += entry_header + entry_size
    assert at == header + size, "the entries do not fill the fatbin"


class Elf:
    def __init__(self, data):
        assert data[:5] == b"\x7fELF\x02", "not a 64-bit ELF file"
        self.data = data
        offset, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3A)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + size * n) for n in range(count)]
        self.names = [self.string(self.sections[names], section[0]) for section in self.sections]

    def content(self, section):
        return b"" if section[1] == 8 else self.data[section[4]:section[4] + section[5]]

    def string(self, table, at):
        raw = self.content(table)
        return raw[at:raw.index(b"\0", at)].decode()

    def symbols(self):
        """Each (name, type, binding, section, size) of the symbol table."""
        for section in self.sections:
            if section[1] == 2:
                raw = self.content(section)
                for at in range(24, len(raw), 24):
                    name, info, _, where, _, size = struct.unpack_from("<IBBHQQ", raw, at)
                    yield self.string(self.sections[section[6]], name), info & 15, info >> 4, where, size


# What a section of these names holds may not differ between two builds; of the others the names and places of symbols are in it.
CODE = re.compile(r"\.(text|nv\.constant|nv\.global\.init|nv\.shared|nv\.global$)")


def describe_elf(elf, masks):
    lines = []
    for name, section in zip(elf.names, elf.sections):
        if CODE.match(name):
            lines.append("section %s size=%d %s" % (masks.masked(name), section[5], digest(elf.content(section))))
    for name, kind, binding, where, size in elf.symbols():
        if kind in (1, 2, 10) and name:
            lines.append("symbol %s type=%d binding=%d size=%d %s" %
                         (masks.masked(name), kind, binding, size, "defined" if where else "undefined"))
    return sorted(lines)


def names_of(kind, payload):
    if kind == "elf":
        return {symbol[0] for symbol in Elf(payload).symbols() if symbol[3]}
    return set(re.findall(r"[A-Za-z_$][A-Za-z0-9_$]*", payload.decode("latin-1"))) if kind == "ptx" else None


def describe_image(image, masks, wanted):
    missing = []
    for kind, arch, payload in entries(image):
        print("  %s sm_%d" % (kind, arch))
        if kind == "elf":
            for line in describe_elf(Elf(payload), masks):
                print("    " + line)
        elif kind == "ptx":
            print("    text %s" % digest(masks.masked(payload.rstrip(b"\0").decode()).encode()))
        else:
            print("    %d bytes or so" % (len(payload) // 4096 * 4096))
        names = names_of(kind, payload)
        missing += [(name, kind, arch) for name in wanted if names is not None and name not in names]
    return missing


def main():
    directory, program = sys.argv[1:3]
    os.makedirs(directory, exist_ok=True)
    run = subprocess.run([program], env={**os.environ, "REGISTERED_DIR": directory}, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit("registered: the program ended with %d: %s" % (run.returncode, run.stderr))
    calls = [line.split(" ") for line in run.stdout.splitlines()]
    masks = Masks(call[2] for call in calls if len(call) > 2)
    missing = []
    for call in calls:
        print(masks.masked(" ".join(call)))
        if call[1] == "image":
            wanted = [c[2] for c in calls if c[0] == call[0] and c[1] in ("function", "variable", "managed")]
            with open(os.path.join(directory, call[0] + ".fatbin"), "rb") as file:
                missing += describe_image(file.read(), masks, wanted)
    for name, kind, arch in missing:
        print("missing: %s in the %s image for sm_%d" % (name, kind, arch), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
