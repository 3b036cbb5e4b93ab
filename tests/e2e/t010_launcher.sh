#!/usr/bin/env bash
# Every way to put nvcache before nvcc; the compiler is started as the user wrote it.
. "$(dirname "$0")/lib.sh"

kernel a.cu
flags='-arch=sm_80 -c a.cu -o a.o'

# forms: run the command twice; each form shares the key, so only the very first misses.
hit() {
    rm -f a.o
    expect_ok "$@"
    expect_file a.o
    expect_counts hits.manifest=1
}

begin "nvcache nvcc: a miss, then a hit"
# shellcheck disable=SC2086
expect_ok nvcache nvcc $flags
expect_counts misses=1
# shellcheck disable=SC2086
hit nvcache nvcc $flags

begin "nvcache /absolute/path/nvcc"
# shellcheck disable=SC2086
hit nvcache "$NVCC" $flags

begin "nvcache by its absolute path"
# shellcheck disable=SC2086
hit "$NVCACHE" nvcc $flags

mkdir -p links
for name in nvcc ccache sccache; do
    ln -sf "$NVCACHE" links/$name
done

begin "a symbolic link called nvcc, first in PATH, finds the real one behind itself"
# shellcheck disable=SC2086
hit env PATH="$PWD/links:$PATH" nvcc $flags

begin "a symbolic link called nvcc, started by its path"
# shellcheck disable=SC2086
hit links/nvcc $flags

begin "a symbolic link called ccache"
# shellcheck disable=SC2086
hit links/ccache nvcc $flags

begin "a symbolic link called sccache"
# shellcheck disable=SC2086
hit links/sccache "$NVCC" $flags

begin "nvcache nvcc, when nvcc is such a link, neither loops nor caches twice"
# shellcheck disable=SC2086
hit env PATH="$PWD/links:$PATH" timeout 60 nvcache nvcc $flags

begin "the real compiler is found behind several directories of links"
mkdir -p links2 && ln -sf "$NVCACHE" links2/nvcc
# shellcheck disable=SC2086
hit env PATH="$PWD/links2:$PWD/links:$PATH" timeout 60 nvcc $flags

# A compiler that tells how it was started.
write tell.c <<'CODE'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char text[64];
    ssize_t len = read(0, text, sizeof text);

    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" stdin=%zd fd9=%d\n", len, fcntl(9, F_GETFD));
    return 7;
}
CODE
gcc -o links/mycc tell.c && cp links/mycc links/g++-99

begin "another compiler is started with its own argv[0], arguments, stdin and descriptors"
(cd links && printf hello | run told nvcache ./mycc 'a b' '' '"q"' "it's" '$HOME' '*' 9>/dev/null)
expect_eq "exit status" "$(code_of told)" 7
expect_eq "what it saw" "$(cat "$T/told.out")" "[./mycc][a b][][\"q\"][it's][\$HOME][*] stdin=5 fd9=0"
expect_counts bypassed.not_nvcc=1

begin "as a ccache link it starts another compiler from PATH in the same way"
printf hello | PATH=$PWD/links:$PATH run told ccache g++-99 -O2 9>/dev/null
expect_eq "what it saw" "$(cat "$T/told.out")" "[g++-99][-O2] stdin=5 fd9=0"
expect_counts bypassed.not_nvcc=1

begin "real host compilers pass through with their own result"
printf 'int main() { return 0; }\n' >m.cpp
expect_ok nvcache g++ -c m.cpp -o m.o
expect_file m.o
run bad nvcache gcc -c no-such-file.c
run good gcc -c no-such-file.c
expect_same_run good bad
expect_counts bypassed.not_nvcc=2

begin "inherited descriptors reach nvcc's own children when it compiles"
printf '__global__ void from_descriptor() {}\n' >inc.h
printf '__global__ void plain_kernel() {}\n' >d.cu
# The host compiler opens what descriptor 9 stands for: it must be there.
expect_ok bash -c 'exec 9<inc.h; nvcache nvcc -arch=sm_80 -c d.cu -o d.o -include /dev/fd/9'
expect_file d.o
grep -q from_descriptor d.o || fail "the object does not have what descriptor 9 gave"

begin "what a descriptor gives is not taken from the cache when it changed"
printf '__global__ void another_content() {}\n' >inc2.h
rm -f d.o
expect_ok bash -c 'exec 9<inc2.h; nvcache nvcc -arch=sm_80 -c d.cu -o d.o -include /dev/fd/9'
grep -q another_content d.o || fail "the object is of the other descriptor's content"

begin "stdin reaches nvcc"
printf '__global__ void piped() {}\n' | run piped nvcache nvcc -arch=sm_80 -x cu -ptx - -o piped.ptx
printf '__global__ void piped() {}\n' | run plain nvcc -arch=sm_80 -x cu -ptx - -o plain.ptx
expect_same_run plain piped
expect_same plain.ptx piped.ptx

begin "arguments are not quoted anew: quotes, blanks and dollars arrive"
cat >q.cu <<'CODE'
__constant__ const char text[] = TEXT;
__global__ void k(char *p) { *p = text[0]; }
CODE
for form in miss hit; do
    rm -f q.o
    expect_ok nvcache nvcc -arch=sm_80 -c q.cu -o q.o '-DTEXT="a b$HOME *"'
done
expect_ok nvcc -arch=sm_80 -c q.cu -o q0.o '-DTEXT="a b$HOME *"'
expect_same q0.o q.o

begin "it works where the current directory has odd characters"
mkdir -p "odd dir \"x 'q' é" && cp a.cu "odd dir \"x 'q' é/" && cd "odd dir \"x 'q' é" || exit 2
mark
expect_ok nvcache nvcc -arch=sm_80 -c a.cu -o 'o b.o'
rm -f 'o b.o'
expect_ok nvcache nvcc -arch=sm_80 -c a.cu -o 'o b.o'
expect_file 'o b.o'
expect_counts hits.manifest=1 misses=1
cd "$T/work" || exit 2
