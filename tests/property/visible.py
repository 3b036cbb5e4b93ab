"""What a compile can see of files, and what of that is other than when a result was recorded."""

import hashlib
import os

OUTPUTS = ("out.o", "out.d")


def describe(path):
    """A name as a compile finds it: a link, a directory, or a file with these contents."""
    if os.path.islink(path):
        return "link " + os.readlink(path)
    if os.path.isdir(path):
        return "directory"
    with open(path, "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()


def visible(roots):
    """Every name below the roots, but for the outputs."""
    found = {}
    for root in roots:
        for top, directories, files in os.walk(root):
            for name in directories + files:
                if name not in OUTPUTS:
                    found[os.path.join(top, name)] = describe(os.path.join(top, name))
    return found


def digest(names, more):
    return hashlib.sha256(repr((sorted(names.items()), more)).encode()).digest()


def kind(path, top):
    """What a name that differs is to the compile."""
    place = os.path.relpath(path, top).split(os.sep)
    if place[0] == "work":
        return "options file" if place[1] == "options" else "source" if path.endswith(".cu") else "headers"
    return "scripts before the compilers" if place[0] == "wrap" else "toolchain"


class Recorded:
    """The results that were recorded, by state (command, variables and result): what was visible then."""

    def __init__(self, top):
        self.top = top
        self.by_state = {}

    def add(self, state, names):
        self.by_state.setdefault(state, []).append(names)

    def differences(self, state, names):
        """None if nothing was recorded for it, else what differs from the recorded one that differs least; "" if nothing does."""
        best = None
        for old in self.by_state.get(state, []):
            differing = {path for path in old.keys() | names.keys() if old.get(path) != names.get(path)}
            if best is None or len(differing) < len(best[0]):
                best = differing, old
        if best is None:
            return None
        differing, old = best
        said = set()
        for path in differing:
            how = "" if path in old and path in names else " that came or went"
            said.add(kind(path, self.top) + how)
        return ", ".join(sorted(said))
