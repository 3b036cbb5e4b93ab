#!/usr/bin/env python3
"""Compares the table of nvcc's options with an nvcc.

    tests/e2e/options_table.py NVCC [OPTIONS_DEF]

1. Every option of `nvcc --help` has a row, under both its names, that takes a value or not as
   nvcc does.
2. Every row that this nvcc knows behaves as the row says, seen with `nvcc --dryrun`: needs a
   value, takes none, or takes one if there is one; accepts only true and false; may be glued;
   means the same with `=value` and with the value as the next word, by its long and short name.
3. The elements of lists are split and unquoted as the row's arity says.

Prints one line for each difference; the exit status is 1 if there was one.  Options that only
other versions of nvcc know are passed over.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROW = re.compile(
    r'^NVCC_OPTION\((\w+), "([^"]+)", (?:"([^"]+)"|NULL), (\w+), (\w+), (true|false), (\w+), "([^"]*)"\)',
    re.M)
HELP = re.compile(r'^(--\S+)(?: (.*?))? +\(?(--?[\w-]+)\)?\s*$', re.M)
GLUED = 'ILlDUOt'
VALUED = {'ONE', 'BOOL', 'LIST', 'TEXTS', 'PATHS', 'RAWS', 'OPTIONAL'}
# Values an option accepts where "1" is none, so that both spellings of it can be compared.
SAMPLES = {
    'GPU_ARCHITECTURE': 'sm_90', 'GENERATE_CODE': 'arch=compute_90,code=sm_90', 'STD': 'c++14',
    'X': 'cu', 'DOPT': 'on', 'CUDART': 'none', 'CUDADEVRT': 'none', 'MACHINE': '64',
    'DEFAULT_STREAM': 'per-thread', 'WERROR': 'reorder', 'OFAST_COMPILE': 'max',
    'OPTIMIZATION_INFO': 'inline', 'COMPRESS_MODE': 'size', 'SANITIZE': 'memcheck',
    'FDEVICE_SANITIZE': 'memcheck', 'TARGET_DIRECTORY': 'x86_64-linux',
    'COMPILER_BINDIR': shutil.which('g++') or 'g++', 'EXTERN_MODE': 'all', 'INTERN_MODE': 'all',
    'DEVICE_COMPILATION': 'c', 'NVVM_VERSION': 'nvvm70', 'USE_CUBIN': 'code=sm_75,cubin=x',
    'OPTIONS_FILE': 'empty.rsp', 'HOST_LINKER_SCRIPT': 'use-lcs', 'CL_VERSION': '2017',
    'TILE_PREVIEW': 'simt', 'CUDA_API_VERSION': '13.0', 'STDLIB': 'libstdc++', 'INTERNAL_UNKNOWN': 'x',
}
# Only together with another option can these be given.
COMPANIONS = {'GPU_CODE': ['-arch=compute_90'], 'DEPENDENCY_OUTPUT': ['-MD'],
              'DEPENDENCY_TARGET_NAME': ['-MD']}
SAMPLES['GPU_CODE'] = 'sm_90'
LISTS = {  # option: (raw value, what nvcc writes)
    'DEFINE_MACRO': [(r'a\,b', '-D "a,b"'), ('"a,b"', r'-D "\"a,b\""'), ('a,b', '-D "a" -D "b"')],
    'UNDEFINE_MACRO': [(r'a\,b', '-U "a,b"'), ('a,,b', '-U "a" -U "b"')],
    'INCLUDE_PATH': [(r'a\,b', r'-I"a\" -I"b"'), ('"a,b"', '-I"a,b"'), (' a , b ', '-I"a" -I"b"')],
    'SYSTEM_INCLUDE': [('"a,b",c', '-isystem "a,b" -isystem "c"')],
    'PRE_INCLUDE': [('"a,b",c', '-include "a,b" -include "c"')],
    'COMPILER_OPTIONS': [(r'-fa\,b', ' -fa,b '), ('"-fa,b"', ' "-fa,b" '), ('-fa,-fb', ' -fa -fb ')],
    'PTXAS_OPTIONS': [(r'-fa\,b', ' -fa,b '), ('-fa,-fb', ' -fa -fb ')],
    'CUDAFE_OPTIONS': [(r'-fa\,-fb', r' -fa\ -fb '), ('-fa,-fb', ' -fa -fb ')],
    'FATBIN_OPTIONS': [(r'-fa\,-fb', r' -fa\ -fb '), ('-fa,-fb', ' -fa -fb ')],
}


class Row:
    def __init__(self, match):
        self.id, self.long, self.short, self.arity, self.cls, glued, _, self.note = match
        self.glued = glued == 'true'
        self.short = self.short or None
        self.names = [self.long] + ([self.short] if self.short else [])


class Nvcc:
    def __init__(self, path, directory):
        self.path = path
        self.directory = directory
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith('NVCC_')}

    def knows(self, row):
        if row.id == 'LTOIR_SHORT':  # to those that do not know it, the library "toir"
            return 'Unknown option' not in self.dryrun('--ltoir')[1]
        return 'Unknown option' not in self.dryrun(row.long)[1]

    def dryrun(self, *words):
        """(commands with names of temporary files made equal, first fatal message)"""
        run = subprocess.run([self.path, '--dryrun', '-c', 'a.cu', *words], cwd=self.directory,
                             env=self.environment, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = run.stdout.decode(errors='replace')
        text = re.sub(r'tmpxft_[0-9a-f]+_[0-9a-f]+', 'tmpxft', text)
        text = re.sub(r'_[0-9a-f]{6,}_std', '_std', text)
        commands = [line for line in text.splitlines() if line.startswith('#$')]
        fatal = [line for line in text.splitlines() if line.startswith('nvcc fatal')]
        return '\n'.join(commands), (fatal or [''])[0]


def read_help(nvcc):
    text = subprocess.run([nvcc.path, '--help'], stdout=subprocess.PIPE, env=nvcc.environment,
                          check=True).stdout.decode()
    return [(name, value or '', short) for name, value, short in HELP.findall(text)]


def check_help(nvcc, rows):
    names = {name for row in rows for name in row.names}
    found = read_help(nvcc)
    if len(found) < 100:
        yield f'--help has only {len(found)} options: its form has changed'
    for long, _, short in found:
        for name in {long, short}:
            if name not in names:
                yield f'no row for {name} (of {long})'


def with_value(name, value):
    return (f'{name}={value}',), (name, value)


def check_arity(nvcc, row, name):
    """How nvcc takes the option's value, from what it complains about."""
    alone = nvcc.dryrun(name)[1]
    if 'Unknown option' in alone:
        return
    bogus = nvcc.dryrun(f'{name}=\x7f')[1]
    needs = 'argument expected after' in alone and 'no argument' not in alone
    refuses = 'no argument expected' in bogus
    if (row.arity == 'NONE') != refuses:
        yield f'{name}: nvcc says {bogus!r} to a value, the table has {row.arity}'
    if (row.arity in VALUED - {'OPTIONAL'}) != needs:
        yield f'{name}: nvcc says {alone!r} without a value, the table has {row.arity}'
    if (row.arity == 'BOOL') != ('expected true or false' in bogus):
        yield f'{name}: nvcc says {bogus!r} to a wrong value, the table has {row.arity}'


def check_glued(nvcc, row):
    if row.arity not in VALUED or row.short is None or row.short.startswith('--'):
        return
    # -m64 is an option of its own, -ldir64 is a library.
    if row.id == 'MACHINE' or (len(row.short) > 2 and row.short[1] in GLUED):
        return
    glued = 'Unknown option' not in nvcc.dryrun(row.short + '64')[1]
    if glued != row.glued:
        yield f'{row.short}: {"may" if glued else "may not"} be glued to its value'


def check_spellings(nvcc, row):
    """=value and the next word, long name and short name: all the same to nvcc."""
    if row.arity not in VALUED:
        return
    value = 'true' if row.arity == 'BOOL' else SAMPLES.get(row.id, '1')
    spellings = [words for name in row.names for words in with_value(name, value)]
    if row.glued:
        spellings.append((row.short + value,))
    seen = {}
    for words in spellings:
        text, fatal = nvcc.dryrun(*COMPANIONS.get(row.id, []), *words)
        if 'Unknown option' in fatal:
            continue
        seen.setdefault(text, words)
        if fatal and row.cls != 'BYPASS':
            yield f'{" ".join(words)}: cannot be compared: {fatal}'
    if len(seen) > 1:
        yield f'{row.long}: spelled differently it means different things: {list(seen.values())}'


def check_lists(nvcc, row):
    for value, expected in LISTS.get(row.id, []):
        text, fatal = nvcc.dryrun(row.long, value)
        if expected not in text:
            yield f'{row.long} {value}: nvcc does not write {expected!r} {fatal}'


def check_row(nvcc, row):
    problems = []
    if not nvcc.knows(row):
        return problems
    for name in row.names:
        problems += check_arity(nvcc, row, name)
    for check in (check_glued, check_spellings, check_lists):
        problems += check(nvcc, row)
    return problems


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = os.path.dirname(os.path.abspath(__file__))
    table = sys.argv[2] if len(sys.argv) == 3 else os.path.join(here, '../../src/nvcc/options.def')
    with open(table) as file:
        text = file.read()
    rows = [Row(match) for match in ROW.findall(text)]
    problems = []
    if len(rows) != text.count('\nNVCC_OPTION('):
        problems.append('some rows of the table cannot be read')
    with tempfile.TemporaryDirectory() as directory:
        for name in ('a.cu', 'empty.rsp'):
            open(os.path.join(directory, name), 'w').close()
        nvcc = Nvcc(os.path.abspath(sys.argv[1]), directory)
        problems += check_help(nvcc, rows)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for found in pool.map(lambda row: check_row(nvcc, row), rows):
                problems += found
    for problem in problems:
        print(problem)
    print(f'{len(rows)} options, {len(problems)} differences')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
