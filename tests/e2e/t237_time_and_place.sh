#!/usr/bin/env bash
# Text whose meaning depends on time, place or files that no dependency list names.
. "$(dirname "$0")/lib.sh"

begin "__TIME__ in a macro of the command line is never replayed"
kernel t.cu k '*p = 1;'
echo 'const char *when() { return STAMP; }' >>t.cu
compile -DSTAMP=__TIME__ t.cu -o got.o
compile -DSTAMP=__TIME__ t.cu -o got.o
compile -Xcompiler -DSTAMP=__TIMESTAMP__ t.cu -o got.o
compile -Xcompiler -DSTAMP=__TIMESTAMP__ t.cu -o got.o
expect_counts misses=4

begin "__TIME__ that is one only in another character set is never replayed"
printf 'const char *when() { return __TI\033(BME__; }\n' >set.cpp
for _ in 1 2; do
    compile -Xcompiler -finput-charset=ISO-2022-JP set.cpp -o got.o
done
expect_counts bypassed.host_option=2

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
if [ -n "$(type -P clang++)" ] && nvcc -arch=sm_80 -ccbin clang++ -c -DSTAMP=0 t.cu -o expected.o 2>/dev/null; then
    for _ in 1 2; do
        SOURCE_DATE_EPOCH=1 compile -ccbin clang++ -DSTAMP=__TIME__ t.cu -o got.o
    done
    expect_not_in counts "$(counts)" hits
else
    skip "no clang++ that this nvcc takes"
fi

begin "the time of a source that ptxas writes into line tables does not count"
compile -lineinfo -DSTAMP=0 t.cu -o got.o
touch -d 2022-01-01 t.cu
compile -lineinfo -DSTAMP=0 t.cu -o got.o
expect_counts hits.manifest=1 misses=1

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
