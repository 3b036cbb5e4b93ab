#!/usr/bin/env bash
# Everything that a compile reads, in any pass, decides whether it may be replayed; so do
# headers that were looked for and not found.
. "$(dirname "$0")/lib.sh"

# fresh_object: what nvcc makes of the sources as they are now.
expect_current() {
    nvcc -arch=sm_80 "$@" -o expected.o
    expect_same expected.o got.o
}

write header/own.h <<'CODE'
#define VALUE 1
CODE
write header/plain.cu <<'CODE'
#include "own.h"
__global__ void k(int *p) { *p = VALUE; }
CODE

begin "a header changes: a miss, and the object is of the new text; changed back: a hit"
compile header/plain.cu -o got.o
compile header/plain.cu -o got.o
expect_counts hits.manifest=1 misses=1
echo '#define VALUE 2' >header/own.h
compile header/plain.cu -o got.o
expect_counts misses=1
expect_current -c header/plain.cu
echo '#define VALUE 1' >header/own.h
compile header/plain.cu -o got.o
expect_counts hits.manifest=1
expect_current -c header/plain.cu

begin "a header touched but not changed is a hit"
touch header/own.h header/plain.cu
compile header/plain.cu -o got.o
expect_counts hits.manifest=1

begin "a header changed with its old size and old time is a miss"
touch -d '2020-01-01 00:00:00' header/own.h
compile header/plain.cu -o got.o
expect_counts hits.manifest=1
echo '#define VALUE 7' >header/own.h
touch -d '2020-01-01 00:00:00' header/own.h
compile header/plain.cu -o got.o
expect_counts misses=1
expect_current -c header/plain.cu

begin "the source changes: a miss; changed back: a hit"
sed -i 's/= VALUE/= VALUE + 1/' header/plain.cu
compile header/plain.cu -o got.o
expect_counts misses=1
sed -i 's/ + 1//' header/plain.cu
compile header/plain.cu -o got.o
expect_counts hits.manifest=1

write host/only.h <<'CODE'
static const char host_text[] = "first";
CODE
write host/host.cu <<'CODE'
__global__ void k(int *p) { *p = 1; }
#ifndef __CUDA_ARCH__
#include "only.h"
const char *host() { return host_text; }
#endif
CODE
begin "a header that only the host pass reads (under #ifndef __CUDA_ARCH__)"
compile host/host.cu -o got.o
sed -i 's/first/other/' host/only.h
compile host/host.cu -o got.o
expect_counts misses=2
grep -q other got.o || fail "the object has the old host text"
compile host/host.cu -o got.o
expect_counts hits.manifest=1

write arch/new.h <<'CODE'
#define VALUE 1
CODE
write arch/arch.cu <<'CODE'
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#include "new.h"
#else
#define VALUE 0
#endif
__global__ void k(int *p) { *p = VALUE; }
CODE
two='-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90'
begin "a header that only the second architecture's pass reads"
# shellcheck disable=SC2086
for form in miss hit; do nvcache nvcc $two -c arch/arch.cu -o got.o; done
expect_counts hits.manifest=1 misses=1
echo '#define VALUE 5' >arch/new.h
# shellcheck disable=SC2086
nvcache nvcc $two -c arch/arch.cu -o got.o
expect_counts misses=1
# shellcheck disable=SC2086
nvcc $two -c arch/arch.cu -o expected.o
expect_same expected.o got.o

begin "it is so too when the user asks for a depfile"
# shellcheck disable=SC2086
nvcache nvcc $two -MD -MF got.d -c arch/arch.cu -o got.o
echo '#define VALUE 6' >arch/new.h
# shellcheck disable=SC2086
nvcache nvcc $two -MD -MF got.d -c arch/arch.cu -o got.o
# shellcheck disable=SC2086
nvcc $two -c arch/arch.cu -o expected.o
expect_same expected.o got.o
expect_not_in "what was counted" "$(counts)" hits
mark

mkdir -p shadow/first shadow/second
echo '#define VALUE 1' >shadow/second/found.h
write shadow/s.cu <<'CODE'
#include <found.h>
__global__ void k(int *p) { *p = VALUE; }
CODE
begin "a new header that shadows the one that was used: a miss; taken away: a hit"
for form in miss hit; do compile -Ishadow/first -Ishadow/second shadow/s.cu -o got.o; done
expect_counts hits.manifest=1 misses=1
echo '#define VALUE 8' >shadow/first/found.h
compile -Ishadow/first -Ishadow/second shadow/s.cu -o got.o
expect_counts misses=1
expect_current -Ishadow/first -Ishadow/second -c shadow/s.cu
rm shadow/first/found.h
compile -Ishadow/first -Ishadow/second shadow/s.cu -o got.o
expect_counts hits.manifest=1

begin "an unrelated new file in a searched directory is still a hit"
echo x >shadow/first/unrelated.h
compile -Ishadow/first -Ishadow/second shadow/s.cu -o got.o
expect_counts hits.manifest=1

begin "a search directory that did not exist and now has the header"
for form in miss hit; do compile -Ishadow/later -Ishadow/second shadow/s.cu -o got.o; done
expect_counts hits.manifest=1 misses=1
mkdir shadow/later && echo '#define VALUE 9' >shadow/later/found.h
compile -Ishadow/later -Ishadow/second shadow/s.cu -o got.o
expect_counts misses=1
expect_current -Ishadow/later -Ishadow/second -c shadow/s.cu

begin "a quoted header that appears beside the file that includes it"
write beside/inc/outer.h <<'CODE'
#include "inner.h"
CODE
write beside/sys/inner.h <<'CODE'
#define VALUE 1
CODE
write beside/b.cu <<'CODE'
#include "outer.h"
__global__ void k(int *p) { *p = VALUE; }
CODE
for form in miss hit; do compile -Ibeside/inc -Ibeside/sys beside/b.cu -o got.o; done
expect_counts hits.manifest=1 misses=1
echo '#define VALUE 3' >beside/inc/inner.h
compile -Ibeside/inc -Ibeside/sys beside/b.cu -o got.o
expect_counts misses=1
expect_current -Ibeside/inc -Ibeside/sys -c beside/b.cu

begin "__has_include that becomes true"
write has/h.cu <<'CODE'
#if __has_include("maybe.h")
#include "maybe.h"
#else
#define VALUE 1
#endif
#if __has_include(<deep/maybe.h>)
#define OTHER 1
#else
#define OTHER 0
#endif
__global__ void k(int *p) { *p = VALUE + OTHER; }
CODE
mkdir -p has/include
for form in miss hit; do compile -Ihas/include has/h.cu -o got.o; done
expect_counts hits.manifest=1 misses=1
echo '#define VALUE 4' >has/maybe.h
compile -Ihas/include has/h.cu -o got.o
expect_counts misses=1
expect_current -Ihas/include -c has/h.cu
rm has/maybe.h

begin "__has_include of a name in a directory that did not exist becomes true"
mkdir -p has/include/deep && touch has/include/deep/maybe.h
compile -Ihas/include has/h.cu -o got.o
expect_counts misses=1
expect_current -Ihas/include -c has/h.cu

begin "a header that is a symbolic link: what it leads to counts"
mkdir -p link && echo '#define VALUE 1' >link/one && echo '#define VALUE 2' >link/two
ln -s one link/l.h
write link/l.cu <<'CODE'
#include "l.h"
__global__ void k(int *p) { *p = VALUE; }
CODE
for form in miss hit; do compile link/l.cu -o got.o; done
expect_counts hits.manifest=1 misses=1
ln -sfn two link/l.h
compile link/l.cu -o got.o
expect_counts misses=1
expect_current -c link/l.cu

begin "a header that is gone is a miss, and the compiler's own error"
rm link/two
run gone compile link/l.cu -o got.o
[ "$(code_of gone)" != 0 ] || fail "it compiled"
expect_counts failed_compiles=1

begin "__TIME__ and __DATE__ are never replayed"
write time.cu <<'CODE'
__global__ void k(int *p) { *p = 1; }
const char *when() { return __DATE__ " " __TIME__; }
CODE
compile time.cu -o got.o
compile time.cu -o got.o
expect_counts misses=2

begin "a file taken in by the assembler is never replayed when it changed"
write blob.bin <<<first_blob
write blob.cu <<CODE
__global__ void k(int *p) { *p = 1; }
asm(".section .rodata\n.incbin \"$PWD/blob.bin\"\n.text\n");
CODE
run blob compile blob.cu -o got.o
if [ "$(code_of blob)" = 0 ]; then
    echo other_blob >blob.bin
    compile blob.cu -o got.o
    grep -q other_blob got.o || fail "the object has the old blob"
fi

begin "a header with the name that compilers give their own text: nvcc does not list it"
printf '#include "<built-in>"\n__global__ void k(int *p) { *p = VALUE; }\n' >named.cu
for value in 1 2; do
    echo "#define VALUE $value" >'<built-in>'
    compile named.cu -o got.o
    nvcc -arch=sm_80 -c named.cu -o expected.o
    expect_same expected.o got.o
done
expect_counts misses=2
rm '<built-in>'

begin "the options file's contents are in the key, not its name"
echo '-DVALUE=1' >options
write optf.cu <<'CODE'
__global__ void k(int *p) { *p = VALUE; }
CODE
for form in miss hit; do compile --options-file options optf.cu -o got.o; done
cp options other-options
compile -optf other-options optf.cu -o got.o
expect_counts hits.manifest=2 misses=1
echo '-DVALUE=2' >options
compile --options-file options optf.cu -o got.o
expect_counts misses=1
nvcc -arch=sm_80 -DVALUE=2 -c optf.cu -o expected.o
expect_same expected.o got.o

begin "of many inputs each counts: edited, gone, and all touched"
mkdir -p many
for i in $(seq 600); do echo "#define M$i 1" >many/m$i.h; done
{ for i in $(seq 600); do echo "#include \"many/m$i.h\""; done; echo '__global__ void k(int *p) { *p = M1 + M300 + M600; }'; } >many.cu
settle
compile many.cu -o got.o
compile many.cu -o got.o
touch many/*.h
compile many.cu -o got.o
expect_counts hits.manifest=2 misses=1
for i in 1 300 600; do
    echo "#define M$i 2" >many/m$i.h
    compile many.cu -o got.o
    echo "#define M$i 1" >many/m$i.h
    compile many.cu -o got.o
done
expect_counts hits.manifest=3 misses=3
rm many/m450.h
run gone compile many.cu -o got.o
expect_in stderr "$(cat "$T/gone.err")" 'many/m450.h'
