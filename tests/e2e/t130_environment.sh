#!/usr/bin/env bash
# What nvcc and the host compiler read from the environment decides the result too, and so do
# the programs that do the work.
. "$(dirname "$0")/lib.sh"

write a.cu <<'CODE'
#ifndef VALUE
#define VALUE 1
#endif
__global__ void k(int *p) { *p = VALUE; }
CODE
write include/found.h <<'CODE'
#define VALUE 4
CODE
write other/found.h <<'CODE'
#define VALUE 5
CODE
printf '#include <found.h>\n__global__ void k(int *p) { *p = VALUE; }\n' >inc.cu

compile a.cu -o got.o
cp got.o base.o

for variable in NVCC_APPEND_FLAGS NVCC_PREPEND_FLAGS; do
    begin "$variable counts as if it were on the command line"
    export $variable=-DVALUE=2
    compile a.cu -o got.o
    expect_counts misses=1
    nvcc -arch=sm_80 -c a.cu -o expected.o
    expect_same expected.o got.o
    compile a.cu -o got.o
    expect_counts hits.manifest=1
    export $variable=-DVALUE=3
    compile a.cu -o got.o
    expect_counts misses=1
    unset $variable
    compile a.cu -o got.o
    expect_counts hits.manifest=1
    expect_same base.o got.o
done

begin "GCONV_PATH: programs of a directory that no key knows"
GCONV_PATH=$PWD compile a.cu -o got.o
expect_counts bypassed.environment=1
expect_same base.o got.o

begin "LD_PRELOAD: with another library in each of its programs the toolchain is another"
compile a.cu -o got.o
mark
LD_PRELOAD=libm.so.6 compile a.cu -o got.o
expect_counts misses=1
LD_PRELOAD=libm.so.6 compile a.cu -o got.o
expect_counts hits.manifest=1

begin "another way for libm to compute: cicc folds constants with it"
# Arguments at which glibc's functions with and without FMA differ in the last bit.
cat >fold.cu <<'CODE'
__global__ void k(double *p)
{
    p[0] = sin(0x1.925de63eb108p-1);
    p[1] = sin(0x1.2ca8c516fec4p-2);
    p[2] = sin(0x1.548b8dea5fa4p-2);
    p[3] = sin(0x1.dda5627fd29cp-2);
    p[4] = sin(0x1.f1dec118f0fp-2);
}
CODE
no_fma=glibc.cpu.hwcaps=-FMA,-AVX2,-FMA4,-AVX2_Usable,-FMA_Usable
for tunables in glibc.malloc.check=0 $no_fma; do
    nvcache nvcc -arch=sm_80 -ptx fold.cu -o got.ptx
    NVCACHE_LOG=$T/log GLIBC_TUNABLES=$tunables nvcache nvcc -arch=sm_80 -ptx fold.cu -o got.ptx
    GLIBC_TUNABLES=$tunables nvcc -arch=sm_80 -ptx fold.cu -o expected.ptx
    expect_same expected.ptx got.ptx
done
expect_counts hits.manifest=1 misses=3
nvcc -arch=sm_80 -ptx fold.cu -o usual.ptx
# A program with musl has no tunables of its own: there the variable in the key is what differs.
! grep -qaE 'glibc\.cpu\.hwcaps|libc\.so\.6' "$NVCACHE" || cmp -s usual.ptx expected.ptx ||
    expect_in "what differs: libm chooses by the processor" "$(cat "$T/log")" 'culprit=toolchain changed'

begin "variables that make a tool read or write a file of their own: not cached"
forbidden=FINALIZER_CUBIE
[ -z "${NVCACHE_E2E_LONG:-}" ] || forbidden=$(sed -n 's/^NVCC_VARIABLE("\([^"]*\)", FORBIDDEN.*/\1/p' "$E2E/../../src/nvcc/variables.def" | grep -v '^LD_')
for variable in $forbidden; do
    env "$variable=$T/named" nvcache nvcc -arch=sm_80 -c a.cu -o got.o 2>/dev/null
    expect_counts bypassed.environment=1
done

begin "NVCC_APPEND_FLAGS with -v is not cached"
NVCC_APPEND_FLAGS=-v compile a.cu -o got.o 2>/dev/null
expect_counts bypassed.verbose=1

for variable in CPATH CPLUS_INCLUDE_PATH; do
    begin "$variable: the header it leads to decides"
    export $variable=$PWD/include
    compile inc.cu -o got.o
    export $variable=$PWD/other
    compile inc.cu -o got.o
    nvcc -arch=sm_80 -c inc.cu -o expected.o
    expect_same expected.o got.o
    expect_not_in "counts" "$(counts)" hits
    unset $variable
done

begin "the toolkit's real place in CPLUS_INCLUDE_PATH, where nvcc is run by a link to it"
echo 'int host() { return 1; }' >host.cpp
real=$(readlink -f "$NVCC_DIR/..")
ln -s "$real" toolkit
for _ in 1 2; do
    CPLUS_INCLUDE_PATH=$real/nothing nvcache toolkit/bin/nvcc -c host.cpp -o got.o
done
expect_counts hits.manifest=1 misses=1

begin "a directory of CPLUS_INCLUDE_PATH was not there when the toolchain was looked for, and is when it is looked for anew"
mkdir first
export CPLUS_INCLUDE_PATH=$PWD/first:$PWD/second
nvcache nvcc -c host.cpp -o got.o
mkdir second
nvcache nvcc -DANEW -c host.cpp -o got.o
mark
LD_LIBRARY_PATH=$T/nothing nvcache nvcc -DANEW -c host.cpp -o got.o
expect_counts hits.manifest=1
unset CPLUS_INCLUDE_PATH

begin "-arch=native: as nvcc does on this machine, with or without a GPU"
run plain nvcc -arch=native -c a.cu -o expected.o
for form in miss hit; do
    rm -f got.o
    run $form nvcache nvcc -arch=native -c a.cu -o got.o
    expect_same_run plain $form
    expect_same expected.o got.o
done
expect_counts hits.manifest=1 misses=1

begin "a change of variables that no compiler reads is a hit"
compile a.cu -o got.o
mark
SOME_VARIABLE=x PWD=/ OLDPWD=/tmp MAKEFLAGS=-j TERM=dumb compile a.cu -o got.o
expect_counts hits.manifest=1

begin "-ccbin: another host compiler is another result"
if [ -n "$(type -P clang++)" ] && nvcc -arch=sm_80 -ccbin clang++ -c a.cu -o expected.o 2>/dev/null; then
    for form in miss hit; do compile -ccbin clang++ a.cu -o got.o; done
    expect_counts hits.manifest=1 misses=1
    expect_same expected.o got.o
    compile a.cu -o got.o
    expect_counts hits.manifest=1
    expect_same base.o got.o
    NVCC_CCBIN=clang++ compile a.cu -o got.o
    NVCC_CCBIN=clang++ nvcc -arch=sm_80 -c a.cu -o expected.o # some versions do not read it
    expect_same expected.o got.o
else
    skip "no clang++ that this nvcc takes"
fi

begin "a host compiler found through PATH is the one that counts"
mkdir -p fake
for tool in g++ gcc; do
    printf '#!/bin/sh\nexec /usr/bin/%s -DVALUE=9 "$@"\n' $tool >fake/$tool
    chmod +x fake/$tool
done
compile a.cu -o got.o
mark
PATH=$PWD/fake:$PATH compile a.cu -o got.o
PATH=$PWD/fake:$PATH nvcc -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
brings_host || expect_not_in "counts" "$(counts)" hits # one that the toolkit brings goes before it
compile a.cu -o got.o
expect_same base.o got.o

# A toolkit of our own: new directories in $T that hold links to the real parts, and copies of
# those that must be here.  Only ever made, never copied as a tree: the real toolkit may be
# reached through symbolic links, and must not be touched.
own_toolkit() {
    local real part
    real=$(dirname "$(dirname "$(readlink -f "$NVCC")")")
    [ -x "$real/bin/ptxas" ] && [ -f "$real/bin/nvcc.profile" ] || return 1
    mkdir "$T/toolkit" "$T/toolkit/bin" || return 1
    for part in "$real"/*; do
        [ "$(basename "$part")" = bin ] || ln -s "$part" "$T/toolkit/"
    done
    for part in "$real"/bin/*; do
        case $(basename "$part") in
        nvcc | nvcc.profile | ptxas) cp -L "$part" "$T/toolkit/bin/" ;;
        *) ln -s "$part" "$T/toolkit/bin/" ;;
        esac
    done
    [ "$(readlink -f "$T/toolkit/bin/ptxas")" = "$T/toolkit/bin/ptxas" ] &&
        "$T/toolkit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o 2>/dev/null
}

begin "another ptxas under the same nvcc is another toolchain"
if own_toolkit; then
    nvcache "$T/toolkit/bin/nvcc" -arch=sm_80 -c a.cu -o got.o
    mark
    nvcache "$T/toolkit/bin/nvcc" -arch=sm_80 -c a.cu -o got.o
    expect_counts hits.manifest=1
    printf 'x' >>"$T/toolkit/bin/ptxas"
    nvcache "$T/toolkit/bin/nvcc" -arch=sm_80 -c a.cu -o got.o
    expect_counts misses=1
else
    skip "this toolkit does not work from another place"
fi

# answers STATUS TEXT [COMMAND]: what this toolkit says about the GPUs from now on.
answers() {
    rm -f "$T/toolkit/bin/__nvcc_device_query"
    printf '#!/bin/sh\n%s\nprintf %s\nexit %s\n' "${3:-}" "$2" "$1" >"$T/toolkit/bin/__nvcc_device_query"
    chmod +x "$T/toolkit/bin/__nvcc_device_query"
}

# native COUNT WHAT: -arch=native does as nvcc alone, and is counted so.
native() {
    run plain "$T/toolkit/bin/nvcc" -arch=native -c a.cu -o expected.o
    rm -f got.o
    run got nvcache "$T/toolkit/bin/nvcc" -arch=native -c a.cu -o got.o
    expect_same_run plain got
    expect_same expected.o got.o
    expect_counts "$1"
}

begin "-arch=native: other GPUs, none, the first ones again"
answers 0 080
if [ -x "$T/toolkit/bin/nvcc" ] && "$T/toolkit/bin/nvcc" -arch=native -c a.cu -o expected.o 2>/dev/null; then
    native misses=1
    answers 0 090
    native misses=1
    answers 1 080
    native misses=1
    answers 0 080
    native hits.manifest=1
    answers 1 080
    native hits.manifest=1

    begin "-arch=native: the GPUs change while nvcc runs"
    # The first and the last to ask are nvcache, before and after the compile.
    for flip in 080:090:080 080:080:090; do
        printf '%s' "$flip" | tr : '\n' >"$T/flip" && echo >>"$T/flip"
        answers 0 '$now' "now=\$(head -n 1 $T/flip); sed -i 1d $T/flip"
        nvcache "$T/toolkit/bin/nvcc" -arch=native -DFLIP=$flip -c a.cu -o got.o 2>/dev/null
    done
    expect_counts misses=2
    stats >"$T/stats"
    expect_in "the reason" "$(cat "$T/stats")" 'not_stored.input_moved'

    begin "-arch=native: this toolkit cannot say"
    rm "$T/toolkit/bin/__nvcc_device_query"
    short=$T/bin:/usr/bin:/bin
    if [ -n "$(PATH=$short type -P __nvcc_device_query)" ]; then
        skip "another toolkit answers in its place"
    else
        PATH=$short native bypassed.native_arch=1
    fi
else
    skip "this toolkit does not work from another place"
fi
