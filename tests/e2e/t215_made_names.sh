#!/usr/bin/env bash
# __has_include behind macros: of names that are spelled out, and of names that macros make.
. "$(dirname "$0")/lib.sh"

# once ARGUMENTS...: got.ptx is what nvcc makes of the files as they are now.
once() {
    nvcache nvcc -arch=sm_80 -ptx "$@" -o got.ptx
    nvcc -arch=sm_80 -ptx "$@" -o expected.ptx
    expect_same expected.ptx got.ptx
}

# recorded ARGUMENTS...: a miss and a hit.
recorded() {
    once "$@"
    once "$@"
    expect_counts hits.manifest=1 misses=1
}

begin "__has_include behind a macro from another file"
write r/config/conf.h <<'CODE'
#define EXTRA "extra.h"
#define HAS(x) __has_include(x)
CODE
write r/src/r.cu <<'CODE'
#include "conf.h"
#if HAS(EXTRA)
#define VALUE 2
#else
#define VALUE 1
#endif
__global__ void k(int *p) { *p = VALUE; }
CODE
once -Ir/config r/src/r.cu
touch r/src/extra.h
once -Ir/config r/src/r.cu

begin "the same where the name is spelled out: kept"
sed -i 's/HAS(EXTRA)/HAS("other.h")/' r/src/r.cu
recorded -Ir/config r/src/r.cu
touch r/src/other.h
once -Ir/config r/src/r.cu

mkdir -p r/made
number=0
while read -r condition; do
    number=$((number + 1))
    begin "#if $condition, where macros make the name: a header that appears is seen"
    {
        echo '#define ANGLE(x) <x.h>'
        echo '#define STRING_(x) #x'
        echo '#define STRING(x) STRING_(x)'
        echo '#define JOIN(a, b) <a/b>'
        echo '#define THROUGH(x) BETWEEN(x)'
        echo '#define BETWEEN(x) HAS(x)'
        echo '#define HAS(x) __has_include(x)'
        [ "$condition" != HAVE ] || echo "#define HAVE __has_include(STRING(made$number.h))"
        echo "#define NAME STRING(made$number.h)"
        printf '#if %s\n#define VALUE 2\n#else\n#define VALUE 1\n#endif\n' "${condition//made/made$number}"
        echo '__global__ void k(int *p) { *p = VALUE; }'
    } >r/made.cu
    mkdir -p r/made/d
    once -Ir/made r/made.cu
    touch r/made/made$number.h r/made/d/made$number.h
    once -Ir/made r/made.cu
done <<'TABLE'
__has_include(ANGLE(made))
__has_include(STRING(made.h))
__has_include(JOIN(d,made.h))
HAS(STRING(made.h))
HAS(NAME)
HAVE
THROUGH(NAME)
TABLE

begin "a macro of the command line asks, by a name that macros make"
write r/option.cu <<'CODE'
#define STRING_(x) #x
#define STRING(x) STRING_(x)
#if HAS(STRING(option.h))
#define VALUE 2
#else
#define VALUE 1
#endif
__global__ void k(int *p) { *p = VALUE; }
CODE
once '-DHAS(x)=__has_include(x)' r/option.cu
touch r/option.h
once '-DHAS(x)=__has_include(x)' r/option.cu

begin "a macro of a system header asks, for another macro that is used in a third file: beside that"
mkdir -p r/system r/config r/use
echo '#define HAS(x) __has_include(x)' >r/system/has.h
printf '#include <has.h>\n#define HAVE HAS("beside.h")\n' >r/config/have.h
printf '#include "have.h"\n#if HAVE\n#define VALUE 2\n#else\n#define VALUE 1\n#endif\n' >r/use/use.h
printf '#include "use/use.h"\n__global__ void k(int *p) { *p = VALUE; }\n' >r/beside.cu
recorded -isystem r/system -Ir/config r/beside.cu
touch r/use/beside.h
once -isystem r/system -Ir/config r/beside.cu
