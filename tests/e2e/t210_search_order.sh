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
