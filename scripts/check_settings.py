#!/usr/bin/env python3
"""Checks that the documents speak of what there is: every setting, every command, no others.

include/nvcache/cache/settings.def and the table in src/cli/commands.c are the truth.  README.md
must mention each environment variable; the man page each setting by both names and each command;
and neither may mention a variable that does not exist.  Prints one line per fault.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = "README.md"
MANUAL = "docs/nvcache.1"
# Read from the environment, but not settings: guard.h.
OTHER_VARIABLES = {"NVCACHE_GUARD"}


def settings():
    text = (ROOT / "include/nvcache/cache/settings.def").read_text()
    return re.findall(r'^NVC_SETTING\((\w+), "(\w+)"', text, re.M)


def commands():
    text = (ROOT / "src/cli/commands.c").read_text()
    return re.findall(r'\.name = "(\w+)"', text)


def document(name):
    path = ROOT / name
    text = path.read_text() if path.is_file() else ""
    return text.replace("\\-", "-").replace("\\_", "_").replace("\\(ha", "^")


def has_word(text, word):
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])", text) is not None


def main():
    faults = []
    rows = settings()
    words = commands()
    readme = document(README)
    manual = document(MANUAL)
    if len(rows) < 5 or len(words) < 5:
        faults.append("the tables of settings and commands could not be read")
    for name, text in ((README, readme), (MANUAL, manual)):
        if not text:
            faults.append(f"{name}: is missing")
            continue
        wanted = [variable for _, variable in rows]
        if name == MANUAL:
            wanted += [setting for setting, _ in rows] + words
        faults += [f"{name}: does not mention {word}" for word in wanted if not has_word(text, word)]
        known = {variable for _, variable in rows} | OTHER_VARIABLES
        mentioned = set(re.findall(r"NVCACHE_[A-Z_]*[A-Z]", text))
        faults += [f"{name}: there is no variable {word}" for word in sorted(mentioned - known)]
    for fault in faults:
        print(fault)
    print(f"check_settings: {len(rows)} settings, {len(words)} commands, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
