#!/usr/bin/env python3
"""Which texts show where they are: gcc's preprocessor is asked, and nvcache, which does not preprocess.

  tests/property/shown.py PROGRAM [--steps N] [--seed N]     PROGRAM: shown (tests/property/shown.c)

Each step makes a text of what is hard to read: definitions, uses and pasted names, comments, quotes, raw strings, spliced
lines, digraphs and trigraphs, one in the other.  Where __FILE__ is expanded, the file's name is in what gcc prints; then
nvcache must say that the file shows it.  What nvcache names too much is counted, and no fault.
"""

import os
import random
import sys

sys.dont_write_bytecode = True
from readers import DIALECTS, compare, options

NAMES = ["A", "B", "C_", "AT", "LOG", "LOG_I", "CAT", "CAT2", "x"]
WORDS = NAMES + ["__FILE__", "FILE", "__", "I", "LOG_", "AT_", "1", "e", "int"]
GAPS = [" ", " ", " ", "", "\t", "/* c */", "\\\n", " \\\n ", "/* c\n c */", "// c\n", "\\ ", "\\ /* c */", "\n", "\n\n", "\\\\\n"]
QUOTED = ['"s"', '"\\""', "'c'", "'\"'", 'R"(\\")"', 'R"x(/*)x"', 'u8"//"', "1'0", 'L"/*"', '"a\\\nb"']
SIGNS = ["(", ")", ",", ";", "/", "*", "<", ">", "//", "/*", "*/", "##", "#", "%:", "%:%:", "\\", "??/", "??=", "'", '"', "<:", "=",
         "//\\\n", "/\\\n*", "*\\\n/", "\f", "\v", "\r\n", "$"]
PARAMETERS = ["", "", "(a)", "(a,b)", "(...)"]
BODIES = ["a", "b", "a##b", "LOG_##a", "__##a##__", "CAT(a,b)", "CAT2(a,b)", "__VA_ARGS__", "__FILE__", "a ## b", "a\\\n##\\\nb"]
DEFINES = ["#", "# ", "%:", "\n#", "/* c */#", "#\\\n", "#/* c */", " # "]
ENDS = ["\n", "\n", " // c\n", " /* c */\n", " \\ // c\n", " \\\n\n", "\\ /**/\n"]
DIRECTIVES = ["#if 1", "#if 0", "#ifdef A", "#else", "#endif", "#undef A", "#pragma x", "#include <a//b.h>", "#error e", "#line 3",
              "#if 'a' // c", "#endif /* c */", "#endif // c \\", "#warning don't"]
AT_ONCE = 500


def token():
    kind = random.random()
    if kind < 0.1:
        return random.choice(QUOTED)
    if kind < 0.2:
        return random.choice(SIGNS)
    if kind < 0.4:
        return "%s(%s%s)" % (random.choice(WORDS), random.choice(WORDS), random.choice(["," + random.choice(WORDS), ""]))
    return random.choice(WORDS)


def definition():
    body = [random.choice([token()] + BODIES) + random.choice(["", random.choice(GAPS)]) for _ in range(random.randint(1, 4))]
    return "%sdefine%s%s%s %s%s" % (random.choice(DEFINES), random.choice([" ", "\t", "/**/", " \\\n"]), random.choice(NAMES),
                                    random.choice(PARAMETERS), " ".join(body), random.choice(ENDS))


def line():
    kind = random.random()
    if kind < 0.4:
        return definition()
    if kind < 0.5:
        return random.choice(DIRECTIVES) + random.choice(["\n", "\n", " \\\n\n"])
    return "".join(token() + random.choice(GAPS) for _ in range(random.randint(1, 6))) + "\n"


def write(place, number):
    path = os.path.join(place, "shown%d.h" % number)
    with open(path, "w", newline="") as file:
        file.write("".join(line() for _ in range(random.randint(2, 9))))
    return path, random.choice(DIALECTS)


def is_shown(readers, path, dialect):
    return os.path.basename(path).encode() in readers.preprocessed(path, dialect)


def step(readers, place, first, n, pool):
    files = [write(place, first + i) for i in range(n)]
    truth = list(pool.map(lambda file: is_shown(readers, *file), files))
    seen = [word == "1" for word in readers.said(path for path, _ in files)]
    missed = [path for (path, _), shows, sees in zip(files, truth, seen) if shows and not sees]
    for path, _ in files:
        if path not in missed:
            os.unlink(path)
    return sum(truth), sum(seen), [(path, "gcc expands __FILE__ here") for path in missed]


def main():
    given = options(__doc__, 20000)
    shown, seen = compare(given, step, AT_ONCE)
    print("%d texts: %d show their name, nvcache says so of %d, 0 wrong" % (given.steps, shown, seen))


if __name__ == "__main__":
    main()
