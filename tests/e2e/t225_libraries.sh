#!/usr/bin/env bash
# The shared libraries that the compilers load decide the result as the programs do (Debian's clang is 140 KB; what compiles is
# in libLLVM): each, replaced in place or found elsewhere, is a miss.
. "$(dirname "$0")/lib.sh"

write a.cu <<'CODE'
#ifndef VALUE
#define VALUE 1
#endif
__global__ void k(float *p) { *p = sinf(*p) + VALUE; }
CODE
write b.cpp <<'CODE'
int b() { return VALUE; }
CODE

# library PATH VALUE: what the host compiler below defines comes from it.  A new file in place of the old one.
library() {
    mkdir -p "$(dirname "$1")"
    echo "const char *word(void) { return \"-DVALUE=$2\"; }" >"$T/library.c"
    /usr/bin/gcc -w -shared -fPIC -Wl,-soname,libword.so -o "$1.new" "$T/library.c" && mv "$1.new" "$1"
}

# host PATH FLAGS...: a host compiler with a shared library: gcc with a macro more.
host() {
    local path=$1
    shift
    cat >"$T/host.c" <<CODE
#include <unistd.h>
const char *word(void);
int main(int argc, char **argv)
{
    char *args[1024] = {"$HOST_CXX", (char *)word()};
    for (int i = 1; i < argc && i < 1000; i++)
        args[i + 1] = argv[i];
    execv(args[0], args);
    return 127;
}
CODE
    mkdir -p "$(dirname "$path")"
    /usr/bin/gcc -w -o "$path" "$T/host.c" "$T/made/libword.so" "$@"
}

source=a.cu
compile() {
    nvcache nvcc -ccbin "$host" -arch=sm_80 -c $source -o got.o
}

# is_right: what came out is what nvcc makes, and it was not a hit.
is_right() {
    nvcc -ccbin "$host" -arch=sm_80 -c $source -o expected.o
    expect_same expected.o got.o
    expect_not_in counts "$(counts)" hits
}

library "$T/made/libword.so" 1

begin "a host compiler's shared library is replaced in place"
host=$T/host/gcc
host "$host" -Wl,-rpath,'$ORIGIN/../lib'
library "$T/lib/libword.so" 11
settle
compile
compile
expect_counts hits.manifest=1 misses=1
mark
library "$T/lib/libword.so" 12
compile
is_right

begin "... and comes back"
library "$T/lib/libword.so" 11
compile
expect_counts hits.manifest=1
nvcc -ccbin "$host" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o

begin "a library appears in a directory that goes before in RUNPATH; the directory appears first"
host=$T/early/gcc
host "$host" -Wl,--enable-new-dtags,-rpath,"\$ORIGIN/../first:\$ORIGIN/../then:$T/lib"
mkdir "$T/then"
settle
compile
compile
expect_counts hits.manifest=1 misses=1
mkdir "$T/first"
compile
expect_counts hits.manifest=1
library "$T/then/libword.so" 13
compile
is_right
library "$T/first/libword.so" 14
compile
is_right
mark
compile
expect_counts hits.manifest=1
rm -r "$T/first"

source=b.cpp
begin "LD_LIBRARY_PATH leads to another library"
host=$T/bare/gcc
host "$host"
library "$T/one/libword.so" 21
library "$T/two/libword.so" 22
settle
LD_LIBRARY_PATH=$T/one compile
LD_LIBRARY_PATH=$T/one compile
expect_counts hits.manifest=1 misses=1
mark
export LD_LIBRARY_PATH=$T/two
compile
is_right

begin "a library appears in a directory that goes before in LD_LIBRARY_PATH"
mkdir "$T/first"
export LD_LIBRARY_PATH=$T/first:$T/two
compile
compile
expect_counts hits.manifest=2
mark
library "$T/first/libword.so" 23
compile
is_right

begin "... below the working directory, where LD_LIBRARY_PATH has an empty name"
export LD_LIBRARY_PATH=:$T/two
compile
compile
expect_counts hits.manifest=2
mark
library libword.so 24
compile
is_right
rm libword.so

begin "a library is replaced while it compiles: not recorded"
export LD_LIBRARY_PATH=$T/two
(
    sleep 0.25
    cp "$T/two/libword.so" "$T/kept.so"
    cp "$T/first/libword.so" "$T/two/new"
    mv "$T/two/new" "$T/two/libword.so"
) &
nvcache nvcc -DANEW -ccbin "$host" -arch=sm_80 -c a.cu -o got.o
wait
cp "$T/kept.so" "$T/two/new" && mv "$T/two/new" "$T/two/libword.so"
mark
nvcache nvcc -DANEW -ccbin "$host" -arch=sm_80 -c a.cu -o got.o
nvcc -DANEW -ccbin "$host" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
expect_not_in counts "$(counts)" hits
unset LD_LIBRARY_PATH

begin "a preloaded library is replaced in place"
host=$T/host/gcc
library "$T/preloaded.so" 31
export LD_PRELOAD=$T/preloaded.so
settle
compile
compile
expect_counts hits.manifest=1 misses=1
mark
library "$T/preloaded.so" 32
compile
is_right
unset LD_PRELOAD
