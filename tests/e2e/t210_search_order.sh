#!/usr/bin/env bash
# Where headers are searched, in the order of the host compiler: what appears earlier on the
# path than the header in use is seen, however odd the path.
. "$(dirname "$0")/lib.sh"

write use.cu <<'CODE'
#include <found.h>
__global__ void k(int *p) { *p = VALUE; }
CODE

# header DIR VALUE
header() {
    mkdir -p "$1"
    echo "#define VALUE $2" >"$1/found.h"
}

# once ARGUMENTS...: got.o is what nvcc makes of the files as they are now.
once() {
    compile "$@" -o got.o
    nvcc -arch=sm_80 -c "$@" -o expected.o
    expect_same expected.o got.o
}

# recorded ARGUMENTS...: a miss and a hit.
recorded() {
    once "$@"
    once "$@"
    expect_counts hits.manifest=1 misses=1
}

begin "a directory of CPATH is searched before those of -isystem"
mkdir -p a/c
header a/s 1
export CPATH=$PWD/a/c
recorded -isystem a/s use.cu
header a/c 2
once -isystem a/s use.cu
unset CPATH

begin "an empty element of CPATH is the working directory"
header b/s 1
export CPATH=:$PWD/b/none
recorded -isystem b/s use.cu
header . 2
once -isystem b/s use.cu
rm found.h
unset CPATH

begin "a link in CPLUS_INCLUDE_PATH that led to a directory before it leads to another"
mkdir -p b/one b/two
header b/last 1
header b/two 2
ln -s one b/link
export CPLUS_INCLUDE_PATH=$PWD/b/one:$PWD/b/link:$PWD/b/last
recorded use.cu
ln -sfn two b/link
once use.cu
unset CPLUS_INCLUDE_PATH

begin "a directory given as -I and -isystem is searched as the latter"
mkdir -p c/later
header c/both 1
recorded -Ic/both -Ic/later -isystem c/both use.cu
header c/later 2
once -Ic/both -Ic/later -isystem c/both use.cu

begin "a directory of the host compiler's own given as -I keeps its own place"
mkdir -p d/later
printf '#include <netdb.h>\n#ifndef VALUE\n#define VALUE 1\n#endif\n__global__ void k(int *p) { *p = VALUE; }\n' >own.cu
recorded -I/usr/include -Id/later own.cu
echo '#define VALUE 2' >d/later/netdb.h
once -I/usr/include -Id/later own.cu

begin "a directory given under two names through a symbolic link"
mkdir -p e/later
header e/real 1
ln -s real e/link
recorded -Ie/link -Ie/later -isystem e/real use.cu
header e/later 2
once -Ie/link -Ie/later -isystem e/real use.cu

begin "a header in an -iquote directory does not hide where <names> are searched"
mkdir -p f/first
header f/quoted 7
header f/second 1
recorded -Xcompiler "-iquote,f/quoted" -If/first -If/second use.cu
header f/first 2
once -Xcompiler "-iquote,f/quoted" -If/first -If/second use.cu

begin "a header found by -iquote changes"
write quote.cu <<'CODE'
#include "found.h"
__global__ void k(int *p) { *p = VALUE; }
CODE
header g/quoted 1
recorded -Xcompiler "-iquote,g/quoted" quote.cu
header g/quoted 2
once -Xcompiler "-iquote,g/quoted" quote.cu

begin "a directory of the header's name hides nothing"
mkdir -p h/first/found.h h/second
header h/third 1
recorded -Ih/first -Ih/second -Ih/third use.cu
header h/second 2
once -Ih/first -Ih/second -Ih/third use.cu

begin "a symbolic link that leads nowhere hides nothing, and counts when it leads somewhere"
mkdir -p i/first i/second
ln -s ../elsewhere.h i/first/found.h
header i/third 1
recorded -Ii/first -Ii/second -Ii/third use.cu
header i/second 2
once -Ii/first -Ii/second -Ii/third use.cu
echo '#define VALUE 3' >i/elsewhere.h
once -Ii/first -Ii/second -Ii/third use.cu

begin "a link to a search directory is pointed somewhere else"
header j/one 1
header j/two 2
ln -s one j/now
recorded -Ij/now use.cu
ln -sfn two j/now
once -Ij/now use.cu

begin "a search directory is swapped for another by renaming"
header k/inc 1
header k/next 2
touch -d 2020-01-01 k/inc/found.h k/next/found.h
recorded -Ik/inc use.cu
mv k/inc k/old && mv k/next k/inc
once -Ik/inc use.cu
expect_counts misses=1

begin "#include_next: a header appears in a directory behind the first"
write l/first/found.h <<'CODE'
#include_next <found.h>
CODE
header l/third 1
mkdir -p l/second
recorded -Il/first -Il/second -Il/third use.cu
header l/second 2
once -Il/first -Il/second -Il/third use.cu

begin "cuda_runtime.h, which nvcc includes by itself, appears in the working directory"
kernel m.cu k '*p = VALUE + 0;'
sed -i '1i #ifndef VALUE\n#define VALUE 1\n#endif' m.cu
recorded m.cu
printf '#define VALUE 2\n#include_next <cuda_runtime.h>\n' >cuda_runtime.h
once m.cu
rm cuda_runtime.h

begin "-include is searched in the working directory before the path"
header n/inc 1
kernel n.cu k '*p = VALUE;'
recorded -In/inc -include found.h n.cu
echo '#define VALUE 2' >found.h
once -In/inc -include found.h n.cu
rm found.h

begin "-imacros behind -Xcompiler likewise"
recorded -In/inc -Xcompiler -imacros,found.h n.cu
echo '#define VALUE 2' >found.h
once -In/inc -Xcompiler -imacros,found.h n.cu
rm found.h

begin "#include of a macro that another file defines, quoted: beside the including file first"
write o/config/conf.h <<'CODE'
#define HEADER "found.h"
CODE
write o/src/o.cu <<'CODE'
#include "conf.h"
#include HEADER
__global__ void k(int *p) { *p = VALUE; }
CODE
header o/inc 1
recorded -Io/config -Io/inc o/src/o.cu
header o/src 2
once -Io/config -Io/inc o/src/o.cu

begin "#include of a macro from the command line, quoted"
write p/src/p.cu <<'CODE'
#include HEADER
__global__ void k(int *p) { *p = VALUE; }
CODE
header p/inc 1
recorded '-DHEADER="found.h"' -Ip/inc p/src/p.cu
header p/src 2
once '-DHEADER="found.h"' -Ip/inc p/src/p.cu

begin "#include of a name made by the preprocessor"
write q/src/q.cu <<'CODE'
#define TEXT(name) #name
#define NAME(name) TEXT(name.h)
#include NAME(found)
__global__ void k(int *p) { *p = VALUE; }
CODE
header q/second 1
mkdir -p q/first
recorded -Iq/first -Iq/second q/src/q.cu
header q/first 2
once -Iq/first -Iq/second q/src/q.cu
header q/src 3
once -Iq/first -Iq/second q/src/q.cu

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
        echo "#define HAVE __has_include(STRING(made$number.h))"
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

begin "a header without a slash of the root directory's own: absolute names"
echo '#define VALUE 1' >abs.h
printf '#include "%s/abs.h"\n__global__ void k(int *p) { *p = VALUE; }\n' "$PWD" >abs.cu
recorded abs.cu
echo '#define VALUE 2' >abs.h
once abs.cu

begin "a precompiled header of a host source that appears beside its header"
write s/pre.h <<'CODE'
#define VALUE 2
CODE
printf 'int value() { return VALUE; }\n' >s/s.cpp
g++ -x c++-header s/pre.h -o s/away.gch
echo '#define VALUE 1' >s/pre.h
once -include s/pre.h s/s.cpp
mv s/away.gch s/pre.h.gch
once -include s/pre.h s/s.cpp
