#!/usr/bin/env python3
"""Which headers a text can depend on: gcc's preprocessor is asked, and nvcache, which does not preprocess.

  tests/property/asked.py PROGRAM [--steps N] [--seed N]     PROGRAM: asked (tests/property/asked.c)

Each step makes a text that includes headers and asks for them by __has_include, directly and by macros, among comments, quotes
and spliced lines.  gcc preprocesses it with all headers there, with each of them away, and with another of its name in front.
Where that changes what it prints, nvcache must see the header's name, or say that there may be names that it cannot see.
"""

import os
import random
import sys

sys.dont_write_bytecode = True
from readers import DIALECTS, compare, options

HEADERS = ["h1.h", "h2.h", "s/h3.h"]
AT_ONCE = 250
OTHERS = ["int a;\n", "char c = 'x';\n", 'const char *s = "/*";\n', 'auto r = R"(\n#include <h1.h>\n)";\n', "int n = 1'0;\n",
          "int k; // c \\\n", "// don't\n", '/* " */ int e;\n', 'auto r = R"x(/*)x";\n', "#error don't\n", '#pragma x "\n',
          "#if 0\n\"/*'\n#endif\n"]


class Texts:
    """Plain ones, in which every name can be seen; and others, where saying that there may be more is right."""

    def __init__(self, is_plain):
        self.is_plain = is_plain
        self.gaps = [" ", " ", "", "\t", "/* c */", " \\\n ", "/* c\n c */", " /* // */ "] + self.unless_plain("\\\n", "\\ /* c */")

    def unless_plain(self, *more):
        return [] if self.is_plain else list(more)

    def gap(self):
        return random.choice(self.gaps)

    @staticmethod
    def name():
        return random.choice(["<%s>", '"%s"', "<%s>", '"%s"', "<./%s>", '"./%s"']) % random.choice(HEADERS)

    def any_name(self):
        return random.choice([self.name()] * 4 + self.unless_plain("N1", "N2", "STR(h1.h)", "ANG(s/h3.h)"))

    def asking(self):
        how = random.choice(["__has_include", "__has_include", "__has_include_next", "HAS", "HAS2"] + self.unless_plain("__has_inc\\\nlude"))
        return "".join((how, self.gap(), "(", self.gap(), self.any_name(), self.gap(), ")"))

    def condition(self):
        return random.choice([self.asking()] * 6 + ["defined X && " + self.asking(), "defined(HAS) && " + self.asking(),
                                                    "!%s || %s" % (self.asking(), self.asking()), "0 \\\n || " + self.asking(),
                                                    "ASK", "ASK2(<h1.h>)", "ASK3"])

    def mark(self):
        return random.choice(["#", "# ", "%:", "#\\\n", "/* c */#", "#/* c */", " #", "/* c\n*/ #", "// c\n#"] + self.unless_plain("??="))

    def include(self):
        word = random.choice(["include", "include", "include_next", "import"] + self.unless_plain("incl\\\nude"))
        return self.mark() + word + self.gap() + self.any_name() + random.choice(["\n", " // c\n", " /* c */\n", "/* c\n */\n"])

    def question(self):
        more = random.choice([self.mark() + "else\nint z;\n", ""])
        word = random.choice(["if ", "if ", "if/**/"])
        end = random.choice(["\n", " // c\n", " /* c */\n"])
        return "".join((self.mark(), word, self.gap(), self.condition(), end, "int y_%d;\n" % random.randint(0, 9), more, "#endif\n"))

    def definition(self):
        what = ["HAS __has_include", "HAS2 HAS", "HAS(x) __has_include(x)", "HAS2(x) HAS(x)", "N1 " + self.name(), "N2 N1", "STR(x) #x",
                "ANG(x) <x>", "ASK " + self.asking(), "ASK2(x) __has_include(x)", "ASK2(x) HAS(x)", "ASK3 ASK", "X 1"]
        what += self.unless_plain("HAS(STR(x))", "HAS __has_\\\ninclude", "N1 <h1.h\\\n>", 'N2 "h2\\\n.h"')
        return "".join((self.mark(), "define", random.choice([" ", "/**/", "\t", " \\\n"]), random.choice(what),
                        random.choice(["\n", " // c\n", " /* c */\n", " \\\n\n"])))

    def text(self):
        kinds = [self.include] * 6 + [self.question] * 5 + [self.definition] * 6 + [lambda: random.choice(OTHERS)] * 3
        return "".join(random.choice(kinds)() for _ in range(random.randint(2, 7)))


def put(place, directory, header, text):
    path = os.path.join(place, directory, header)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def put_headers(place):
    for n, header in enumerate(HEADERS):
        put(place, "all", header, "int all_%d;\n" % n)
        put(place, "other%d" % n, header, "int other_%d;\n" % n)
        for k, another in enumerate(HEADERS):
            if k != n:
                put(place, "without%d" % n, another, "int all_%d;\n" % k)
    os.mkdir(os.path.join(place, "texts"))


def write(place, number):
    path = os.path.join(place, "texts", "asked%d.h" % number)
    with open(path, "w", newline="") as file:
        file.write(Texts(random.random() < 0.8).text())
    return path, random.choice(DIALECTS)


def needed(readers, place, path, dialect):
    """The headers whose presence or contents change what gcc prints."""

    def printed(*directories):
        return readers.preprocessed(path, dialect, *(word for directory in directories for word in ("-I", os.path.join(place, directory))))

    first = printed("all")
    return [header for n, header in enumerate(HEADERS) if printed("without%d" % n) != first or printed("other%d" % n, "all") != first]


def step(readers, place, first, n, pool):
    if first == 0:
        put_headers(place)
    files = [write(place, first + i) for i in range(n)]
    truth = list(pool.map(lambda file: needed(readers, place, *file), files))
    missed, unseen = [], 0
    for (path, _), headers, line in zip(files, truth, readers.said(path for path, _ in files)):
        *names, is_unseen = line.split("\t")
        unseen += is_unseen == "1"
        seen = {os.path.normpath(name) for name in names}
        missed += [(path, header + " matters here") for header in headers if is_unseen == "0" and header not in seen]
    return sum(map(bool, truth)), unseen, missed


def main():
    given = options(__doc__, 5000)
    need, unseen = compare(given, step, AT_ONCE)
    print("%d texts: in %d a header matters; in %d there may be names that cannot be seen, 0 wrong" % (given.steps, need, unseen))


if __name__ == "__main__":
    main()
