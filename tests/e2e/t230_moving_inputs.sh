#!/usr/bin/env bash
# Inputs that change while they are compiled, and change back; and text whose meaning depends
# on time, place or files that no dependency list names.
. "$(dirname "$0")/lib.sh"

# during COMMANDS: run by another process a moment after the compile has begun.
during() {
    (
        sleep 0.05
        eval "$1"
    ) &
}

# still_right ARGUMENTS...: what was recorded, if anything, is right: a fresh nvcc agrees.
still_right() {
    compile "$@" -o got.o
    nvcc -arch=sm_80 -c "$@" -o expected.o
    expect_same expected.o got.o
}

write c/use.cu <<'CODE'
#include <value.h>
__global__ void k(int *p) { *p = VALUE; }
CODE
mkdir -p c/inc
echo '#define VALUE 1' >c/inc/value.h
echo '#define VALUE 2' >c/two.h
touch -d 2020-01-01 c/inc/value.h c/two.h

begin "a header is changed while it is compiled, and changed back with its old time"
during 'echo "#define VALUE 3" >c/inc/value.h; sleep 2; echo "#define VALUE 1" >c/inc/value.h; touch -d 2020-01-01 c/inc/value.h'
compile -Ic/inc c/use.cu -o got.o
wait
still_right -Ic/inc c/use.cu

begin "a header is moved away while it is compiled, another put there, and moved back"
sed -i 's/VALUE;/VALUE + 1;/' c/use.cu
during 'mv c/inc/value.h c/kept.h; mv c/two.h c/inc/value.h; sleep 2; mv c/inc/value.h c/two.h; mv c/kept.h c/inc/value.h'
compile -Ic/inc c/use.cu -o got.o
wait
still_right -Ic/inc c/use.cu

begin "a directory is renamed while it is compiled, another put there, and renamed back"
sed -i 's/VALUE + 1;/VALUE + 2;/' c/use.cu
mkdir c/other && cp -a c/two.h c/other/value.h
sleep 0.05
during 'mv c/inc c/away; mv c/other c/inc; sleep 2; mv c/inc c/other; mv c/away c/inc'
compile -Ic/inc c/use.cu -o got.o
wait
still_right -Ic/inc c/use.cu

begin "others write above the working directory while an output appears in it, and a header is named with two dots"
mkdir -p c/dots/src
echo '#include "../../inc/value.h"' >c/dots/src/use.cu
grep -v include c/use.cu >>c/dots/src/use.cu
sleep 0.05
cd c/dots || exit 2
during 'for n in 1 2 3 4 5 6 7 8; do echo >../written; rm ../written; sleep 0.1; done'
mark
compile src/use.cu -o got.o
wait
expect_counts misses=1
compile src/use.cu -o got.o
expect_counts hits.manifest=1
cd ../..

begin "a directory above it is renamed and renamed back"
mkdir -p c/top/inc c/top2/inc && cp -a c/inc/value.h c/top/inc/ && cp -a c/two.h c/top2/inc/value.h
sleep 0.05
during 'mv c/top c/away; mv c/top2 c/top; sleep 2; mv c/top c/top2; mv c/away c/top'
compile -Ic/top/inc c/use.cu -o got.o
wait
still_right -Ic/top/inc c/use.cu

begin "a link to a directory is pointed elsewhere while it is compiled, and back"
ln -s inc c/link
sleep 0.05
during 'ln -sfn other c/link; sleep 2; ln -sfn inc c/link'
compile -Ic/link c/use.cu -o got.o
wait
still_right -Ic/link c/use.cu

begin "a header that is a link is pointed elsewhere while it is compiled, and back"
mkdir c/links && ln -s ../inc/value.h c/links/value.h
sleep 0.05
during 'ln -sfn ../two.h c/links/value.h; sleep 2; ln -sfn ../inc/value.h c/links/value.h'
compile -Ic/links c/use.cu -o got.o
wait
still_right -Ic/links c/use.cu

write p/ask.cu <<'CODE'
#if __has_include(<asked.h>)
#define ANSWER 2
#else
#define ANSWER 1
#endif
__global__ void k(double *p)
{
#pragma unroll
    for (int i = 0; i < 100; i++)
        p[i] = exp(sin(p[i]) + ANSWER) / (p[i + 1] + SALT);
}
CODE
# until_ptxas: the compile in the foreground has come to ptxas: what headers are there has been asked by then.
until_ptxas() {
    local i
    for ((i = 0; i < 3000; i++)); do
        ! pgrep -f "^ptxas .*$T" >/dev/null || return
        sleep 0.01
    done
}
mkdir -p p/inc p/with q out && touch p/with/asked.h p/kept.h && ln -s ../p/inc q/link
salt=0
# asked WHAT COMMANDS [DIRECTORY]: while it compiles COMMANDS make __has_include say something else for a
# time, or from then on; what was recorded is right.
asked() {
    begin "$1"
    salt=$((salt + 1))
    sleep 0.05
    during "$2"
    compile -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o out/got.o
    wait
    compile -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o out/got.o
    nvcc -arch=sm_80 -c -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o expected.o
    expect_same expected.o out/got.o
}
all_asked() { # HOW
    asked "a header that only __has_include asks for appears and goes$1" 'cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h'
    asked "the same, and its directory gets its old time$1" \
        'touch -r p/inc p/time; cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h; touch -r p/time p/inc'
    asked "a directory with it appears and goes$1" 'mkdir q/late; cp p/kept.h q/late/asked.h; until_ptxas; rm -r q/late' q/late
    asked "two directories, one in the other, appear and go$1" \
        'mkdir -p q/late/more; cp p/kept.h q/late/more/asked.h; until_ptxas; rm -r q/late' q/late/more
    asked "a directory with it is put in the place of another, and back$1" \
        'mv p/inc p/away; mv p/with p/inc; until_ptxas; mv p/inc p/with; mv p/away p/inc'
    asked "a link is pointed to a directory with it, and back$1" 'ln -sfn ../p/with q/link; until_ptxas; ln -sfn ../p/inc q/link' q/link
}
all_asked ''
asked "it appears and stays" 'cp p/kept.h p/inc/asked.h'
asked "it goes and comes back" 'mv p/inc/asked.h p/aside.h; until_ptxas; mv p/aside.h p/inc/asked.h'
asked "it goes, and stays away" 'rm p/inc/asked.h'

# blind FILE: from now on nvcache runs where the system gives no inotify, as when all that one user may have are in use.
blind() {
    rm "$T/bin/nvcache"
    printf '#!/bin/sh\nexec unshare -U --map-root-user sh -c "echo 0 >/proc/sys/user/%s; exec \\"\\$0\\" \\"\\$@\\"" %s "$@"\n' "$1" "$NVCACHE" >"$T/bin/nvcache"
    chmod +x "$T/bin/nvcache"
}
for limit in max_inotify_instances max_inotify_watches; do
    begin "without inotify ($limit) a result is kept when nothing happens, also with __has_include"
    if ! unshare -U --map-root-user sh -c "echo 0 >/proc/sys/user/$limit" 2>/dev/null; then
        skip "no namespace of our own with another $limit"
        continue
    fi
    blind $limit
    export NVCACHE_LOG=$T/blind.log
    for i in 1 2; do compile -DSALT=${#limit} -Ip/inc p/ask.cu -o out/got.o; done
    unset NVCACHE_LOG
    expect_counts hits.manifest=1 misses=1
    expect_in "the log" "$(cat "$T/blind.log")" 'vigil status='
    [ $limit != max_inotify_instances ] || all_asked ", without inotify"
done
rm "$T/bin/nvcache"
ln -s "$NVCACHE" "$T/bin/nvcache"

begin "an options file is changed while the command is on its way"
kernel o.cu k '*p = VALUE;'
echo '-DVALUE=1' >options
sleep 0.05
(
    for i in $(seq 60); do
        echo "-DVALUE=$((i % 2 + 1))" >options.new && mv options.new options
        sleep 0.01
    done
    echo '-DVALUE=1' >options
) &
compile -optf options o.cu -o got.o 2>/dev/null
wait
still_right -optf options o.cu

begin "the source is changed while it is compiled, and changed back"
kernel s.cu k '*p = 1;'
cp s.cu s.kept
during 'sed -i "s/= 1/= 2/" s.cu; sleep 2; cp s.kept s.cu'
compile s.cu -o got.o
wait
still_right s.cu

begin "a header that was written a moment before is taken as it is"
for i in 1 2 3 4 5 6; do
    echo "#define VALUE $((i % 3))" >c/inc/value.h
    command nvcache nvcc -arch=sm_80 -c -Ic/inc c/use.cu -o got.o
    nvcc -arch=sm_80 -c -Ic/inc c/use.cu -o expected.o
    expect_same expected.o got.o
done

begin "__TIME__ in a macro of the command line is never replayed"
kernel t.cu k '*p = 1;'
echo 'const char *when() { return STAMP; }' >>t.cu
compile -DSTAMP=__TIME__ t.cu -o got.o
compile -DSTAMP=__TIME__ t.cu -o got.o
compile -Xcompiler -DSTAMP=__TIMESTAMP__ t.cu -o got.o
compile -Xcompiler -DSTAMP=__TIMESTAMP__ t.cu -o got.o
expect_counts misses=4

begin "__TIME__ with SOURCE_DATE_EPOCH is that time: replayed for the same, not for another"
for epoch in 1000000000 1000000000 1000009999; do
    SOURCE_DATE_EPOCH=$epoch compile -DSTAMP=__TIME__ t.cu -o got.o
    SOURCE_DATE_EPOCH=$epoch nvcc -arch=sm_80 -c -DSTAMP=__TIME__ t.cu -o expected.o
    expect_same expected.o got.o
done
expect_counts hits.manifest=1 misses=2

begin "__TIMESTAMP__ is the time of the file, also with SOURCE_DATE_EPOCH"
for time in '2020-01-01 00:00:00' '2021-01-01 00:00:00'; do
    touch -d "$time" t.cu
    SOURCE_DATE_EPOCH=1 compile -DSTAMP=__TIMESTAMP__ t.cu -o got.o
    SOURCE_DATE_EPOCH=1 nvcc -arch=sm_80 -c -DSTAMP=__TIMESTAMP__ t.cu -o expected.o
    expect_same expected.o got.o
done

begin "SOURCE_DATE_EPOCH says nothing to a host compiler that does not know it"
if [ -n "$(type -P clang++)" ] && nvcc -arch=sm_80 -ccbin clang++ -c -DSTAMP=1 s.cu -o expected.o 2>/dev/null; then
    for _ in 1 2; do
        SOURCE_DATE_EPOCH=1 compile -ccbin clang++ -DSTAMP=__TIME__ t.cu -o got.o
    done
    expect_not_in counts "$(counts)" hits
else
    skip "no clang++ that this nvcc takes"
fi

begin "__FILE__ in a header of a directory that moved"
write f/one/where.h <<'CODE'
inline const char *where() { return __FILE__; }
CODE
cp -r f/one f/two
printf '#include <where.h>\n__global__ void k() {}\nconst char *w() { return where(); }\n' >f.cu
for dir in one two one; do
    compile "-I$PWD/f/$dir" f.cu -o got.o
    nvcc -arch=sm_80 -c "-I$PWD/f/$dir" f.cu -o expected.o
    expect_same expected.o got.o
done

begin "__FILE__ from a macro of the command line"
printf '__global__ void k() {}\nconst char *w() { return WHERE; }\n' >f/one/g.cu
cp f/one/g.cu f/two/g.cu
for dir in one two; do
    compile -DWHERE=__FILE__ "$PWD/f/$dir/g.cu" -o got.o
    nvcc -arch=sm_80 -c -DWHERE=__FILE__ "$PWD/f/$dir/g.cu" -o expected.o
    expect_same expected.o got.o
done

begin "assert in device code names the file as it is spelled"
printf '#include <cassert>\n__global__ void k(int *p) { assert(*p); }\n' >f/a.cu
for spelling in f/a.cu ./f/a.cu "$PWD/f/a.cu"; do
    compile "$spelling" -o got.o
    nvcc -arch=sm_80 -c "$spelling" -o expected.o
    expect_same expected.o got.o
done

begin "an assembler's .include changes"
echo '.asciz "first_text"' >text.s
write asm.cu <<CODE
__global__ void k(int *p) { *p = 1; }
asm(".section .rodata\n.include \"$PWD/text.s\"\n.text\n");
CODE
still_right asm.cu
echo '.asciz "other_text"' >text.s
still_right asm.cu

begin "an assembler's .include behind a macro"
echo '.asciz "first_text"' >text.s
write asm2.cu <<CODE
#define ASM_FILE(name) asm(".section .rodata\n.include " #name "\n.text\n")
__global__ void k(int *p) { *p = 1; }
ASM_FILE("$PWD/text.s");
CODE
still_right asm2.cu
echo '.asciz "other_text"' >text.s
still_right asm2.cu

begin "#include written in two lines, and a header that comes before the one in use"
mkdir -p w/first w/second && echo '#define VALUE 1' >w/second/value.h
printf '#inc\\\nlude <value.h>\n__global__ void k(int *p) { *p = VALUE; }\n' >w/w.cu
still_right -Iw/first -Iw/second w/w.cu
echo '#define VALUE 2' >w/first/value.h
still_right -Iw/first -Iw/second w/w.cu

begin "-g and -lineinfo in another directory name that directory"
for flag in -g -lineinfo; do
    for dir in d1 d2 d1; do
        mkdir -p $dir && printf '__global__ void k(int *p) { *p = 1; }\n' >$dir/d.cu
        (cd $dir && nvcache nvcc -arch=sm_80 $flag -c d.cu -o d.o && nvcc -arch=sm_80 $flag -c d.cu -o expected.o)
        expect_eq "paths in $dir/d.o" "$(strings $dir/d.o | grep -o "$T/work/.*" | sort -u)" \
            "$(strings $dir/expected.o | grep -o "$T/work/.*" | sort -u)"
    done
done

begin "depfile targets follow the output as it is spelled"
kernel dep.cu
for output in dep.o ./dep.o "$PWD/dep.o"; do
    for form in miss hit; do
        compile -MD -MF got.d dep.cu -o "$output"
        nvcc -arch=sm_80 -MD -MF expected.d -c dep.cu -o "$output"
        cmp -s got.d expected.d || fail "depfile for $output: $(diff got.d expected.d | head -n 3)"
    done
done

begin "two directories with equal relative sources, linked into one program"
for dir in l1 l2; do
    write $dir/part.cu <<CODE
namespace { __global__ void hidden(int *p) { *p = 1; } }
int part_$dir(int *p) { hidden<<<1, 1>>>(p); return 0; }
CODE
    (cd $dir && nvcache nvcc -arch=sm_80 -dc part.cu -o part.o)
done
printf 'int part_l1(int *);\nint part_l2(int *);\nint main() { return 0 * (part_l1(0) + part_l2(0)); }\n' >link.cu
compile link.cu -o link.o
expect_ok nvcc -arch=sm_80 link.o l1/part.o l2/part.o -o program

begin "one source compiled to two outputs without a strong symbol, linked into one program"
printf 'namespace { __global__ void hidden(int *p) { *p = 1; } }\nstatic void f(int *p) { hidden<<<1, 1>>>(p); }\nstatic void (*volatile keep)(int *) = f;\n' >anon.cu
printf 'int main() { return 0; }\n' >main.cu
for mode in -c -dc; do
    for output in one.o two.o; do
        nvcache nvcc -arch=sm_80 $mode anon.cu -o $output
        nvcache nvcc -arch=sm_80 $mode anon.cu -o $output
    done
    expect_ok nvcc -arch=sm_80 main.cu one.o two.o -o program
done

begin "standard input as a header"
printf '#include "/dev/stdin"\n__global__ void k(int *p) { *p = VALUE; }\n' >stdin.cu
for value in 1 2; do
    echo "#define VALUE $value" >stdin.h
    nvcache nvcc -arch=sm_80 -ptx stdin.cu -o got.ptx <stdin.h 2>"$T/err"
    nvcc -arch=sm_80 -ptx stdin.cu -o expected.ptx <stdin.h 2>"$T/err"
    cmp -s got.ptx expected.ptx || fail "stdin $value"
done
