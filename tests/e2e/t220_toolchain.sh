#!/usr/bin/env bash
# The programs and files that do the work decide the result: each, replaced in place or found
# in another way, is a miss.  The toolkit here is a copy, and nothing but its copies is changed.
. "$(dirname "$0")/lib.sh"

write a.cu <<'CODE'
#ifndef VALUE
#define VALUE 1
#endif
__global__ void k(float *p) { *p = sinf(*p) + VALUE; }
CODE

real=$(dirname "$(dirname "$(readlink -f "$NVCC")")")
kit=$T/kit

# make_kit: new directories, links to the real parts, copies of those that are replaced below.
make_kit() {
    local part
    mkdir -p "$kit/bin" "$kit/nvvm/bin" "$kit/nvvm/libdevice"
    for part in "$real"/*; do
        case $(basename "$part") in bin | nvvm) ;; *) ln -s "$part" "$kit/" ;; esac
    done
    for part in "$real"/bin/*; do
        case $(basename "$part") in
        nvcc | nvcc.profile | ptxas | cudafe++ | fatbinary) cp -L "$part" "$kit/bin/" ;;
        *) ln -s "$part" "$kit/bin/" ;;
        esac
    done
    cp -L "$real/nvvm/bin/cicc" "$kit/nvvm/bin/"
    cp -L "$real"/nvvm/libdevice/* "$kit/nvvm/libdevice/"
    [ "$(readlink -f "$kit/bin/ptxas")" = "$kit/bin/ptxas" ]
}

with_kit() {
    command nvcache "$kit/bin/nvcc" -arch=sm_80 -c "$@" -o got.o
}

make_kit || exit 2
settle
with_kit a.cu
for file in bin/ptxas bin/cudafe++ bin/fatbinary nvvm/bin/cicc nvvm/libdevice/libdevice.10.bc bin/nvcc; do
    begin "$file replaced in place, with its old size and time"
    with_kit a.cu
    expect_counts hits.manifest=1
    touch -r "$kit/$file" "$T/time"
    # The last byte of these files is padding or a section name: they still work.
    printf 'x' >"$T/byte"
    dd if="$T/byte" of="$kit/$file" bs=1 seek=$(($(stat -c %s "$kit/$file") - 1)) conv=notrunc status=none
    touch -r "$T/time" "$kit/$file"
    with_kit a.cu 2>/dev/null
    expect_not_in "counts" "$(counts)" hits
    cp -L "$real/$file" "$kit/$file"
    with_kit a.cu
    mark
done

begin "nvcc.profile gets other flags"
with_kit a.cu
expect_counts hits.manifest=1
sed -i 's/^INCLUDES .*/& -DVALUE=5/' "$kit/bin/nvcc.profile"
with_kit a.cu
"$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
expect_not_in "counts" "$(counts)" hits
cp -L "$real/bin/nvcc.profile" "$kit/bin/"

begin "nvcc.profile asks for a variable that no toolkit's does"
sed -i 's/^INCLUDES .*/& $(MINE)/' "$kit/bin/nvcc.profile"
for value in 6 7; do
    MINE=-DVALUE=$value with_kit a.cu
    MINE=-DVALUE=$value "$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
    expect_same expected.o got.o
done
expect_counts bypassed.toolchain=2
cp -L "$real/bin/nvcc.profile" "$kit/bin/"

begin "a second cicc that nvcc.profile names (CUDA 12.5 to 12.9, for the newest GPUs) is replaced"
sed -i 's,^CICC_PATH.*,&\nCICC_NEXT_PATH = $(TOP)/nvvm-next/bin,' "$kit/bin/nvcc.profile"
mkdir -p "$kit/nvvm-next/bin" && echo one >"$kit/nvvm-next/bin/cicc"
settle
with_kit a.cu
with_kit a.cu
expect_counts hits.manifest=1 misses=1
mark
echo two >"$kit/nvvm-next/bin/cicc"
with_kit a.cu
expect_not_in "counts" "$(counts)" hits
cp -L "$real/bin/nvcc.profile" "$kit/bin/"

# A host compiler that is a program: gcc with a macro more.
host() { # PATH VALUE
    mkdir -p "$(dirname "$1")"
    cat >"$T/host.c" <<CODE
#include <unistd.h>
int main(int argc, char **argv)
{
    char *args[1024] = {"$HOST_CXX", "-DVALUE=$2"};
    for (int i = 1; i < argc && i < 1000; i++)
        args[i + 1] = argv[i];
    execv(args[0], args);
    return 127;
}
CODE
    /usr/bin/gcc -w -x c -o "$1.new" "$T/host.c" && mv "$1.new" "$1"
}

# other_host WHAT COMMAND...: the program host/gcc changes.  Each time it is one never seen.
value=10
other_host() {
    local what=$1
    shift
    begin "$what: the host compiler changes"
    for _ in one two; do
        host "$PWD/host/gcc" $((++value))
        nvcache "$@" -arch=sm_80 -c a.cu -o got.o
    done
    expect_not_in counts "$(counts)" hits
    "$@" -arch=sm_80 -c a.cu -o expected.o
    expect_same expected.o got.o
}

other_host "-ccbin PROGRAM" nvcc -ccbin "$PWD/host/gcc"
other_host "-ccbin=PROGRAM" nvcc -ccbin="$PWD/host/gcc"
other_host "--compiler-bindir=PROGRAM" nvcc --compiler-bindir="$PWD/host/gcc"
other_host "-ccbin DIRECTORY" nvcc -ccbin "$PWD/host"
other_host "-ccbin RELATIVE" nvcc -ccbin host/gcc
export NVCC_CCBIN=$PWD/host/gcc
if nvcc --dryrun -c a.cu -o unmade.o 2>&1 | grep -qF "$PWD/host"; then
    other_host "NVCC_CCBIN" nvcc
else
    begin "NVCC_CCBIN, which this nvcc does not read: nothing changes with it"
    nvcache nvcc -DVALUE=5 -arch=sm_80 -c a.cu -o got.o
    mark
    host "$NVCC_CCBIN" $((++value))
    nvcache nvcc -DVALUE=5 -arch=sm_80 -c a.cu -o got.o
    expect_counts hits.manifest=1
    nvcc -DVALUE=5 -arch=sm_80 -c a.cu -o expected.o
    expect_same expected.o got.o
fi
unset NVCC_CCBIN
export NVCC_PREPEND_FLAGS="-ccbin $PWD/host/gcc"
other_host "-ccbin in NVCC_PREPEND_FLAGS" nvcc
unset NVCC_PREPEND_FLAGS
if brings_host; then
    begin "PATH: the host compiler changes"
    skip "this toolkit brings its own, which nvcc finds first"
else
    old_path=$PATH
    export PATH=$PWD/host:$PATH
    other_host "PATH" nvcc
    PATH=$old_path
fi

# through_script VALUE: a script with a word of its own, for another one to run.
through_script() {
    printf '#!/bin/sh\nexec %s -DVALUE=%s "$@"\n' "$HOST_CXX" "$1" >host/inner
    chmod +x host/inner
}

begin "a script behind a script before the host compiler changes"
printf '#!/bin/sh\nexec %s/host/inner "$@"\n' "$PWD" >host/outer
chmod +x host/outer
for value in 71 72; do
    through_script $value
    nvcache nvcc -ccbin "$PWD/host/outer" -arch=sm_80 -c a.cu -o got.o
done
expect_counts misses=2
nvcc -ccbin "$PWD/host/outer" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
nvcache nvcc -ccbin "$PWD/host/outer" -arch=sm_80 -c a.cu -o got.o
expect_counts hits.manifest=1

begin "compiler-bindir in nvcc.profile leads to a script"
printf 'compiler-bindir = %s/host/outer\n' "$PWD" >>"$kit/bin/nvcc.profile"
for value in 73 74; do
    through_script $value
    with_kit a.cu
    "$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
    expect_same expected.o got.o
done
expect_not_in counts "$(counts)" hits
cp -L "$real/bin/nvcc.profile" "$kit/bin/"

begin "compiler-bindir in nvcc.profile: the host compiler changes"
host "$PWD/host/gcc" 2
echo "compiler-bindir = $PWD/host" >>"$kit/bin/nvcc.profile"
with_kit a.cu
"$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
host "$PWD/host/gcc" 3
with_kit a.cu
"$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
cp -L "$real/bin/nvcc.profile" "$kit/bin/"

begin "compiler-bindir as an environment variable: the host compiler changes"
for value in 2 3; do
    host "$PWD/host/gcc" $value
    env "compiler-bindir=$PWD/host" nvcc -arch=sm_80 -c a.cu -o got.o
    env "compiler-bindir=$PWD/host" nvcc -arch=sm_80 -c a.cu -o expected.o
    expect_same expected.o got.o
done
nvcache nvcc -arch=sm_80 -c a.cu -o got.o
nvcc -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o

begin "a host compiler that appears in the toolkit goes before the one of PATH"
with_kit a.cu
host "$kit/bin/gcc" 6
with_kit a.cu
"$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
host "$kit/bin/gcc" 7
with_kit a.cu
"$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
rm "$kit/bin/gcc"

begin "a ptxas that appears beside cicc goes before the one beside nvcc"
with_kit a.cu
cat >"$T/ptxas.c" <<CODE
#include <unistd.h>
int main(int argc, char **argv)
{
    char *args[1024] = {"$kit/bin/ptxas", "-O0"};
    for (int i = 1; i < argc && i < 1000; i++)
        args[i + 1] = argv[i];
    execv(args[0], args);
    return 127;
}
CODE
/usr/bin/gcc -w -o "$kit/nvvm/bin/ptxas" "$T/ptxas.c"
with_kit a.cu
"$kit/bin/nvcc" -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
rm "$kit/nvvm/bin/ptxas"

begin "cc1plus that appears in COMPILER_PATH is used"
mkdir -p tools
export COMPILER_PATH=$PWD/tools
compile a.cu -o got.o
cat >"$T/cc1plus.c" <<CODE
#include <unistd.h>
int main(int argc, char **argv)
{
    char *args[1024] = {"$(gcc -print-prog-name=cc1plus)", "-DVALUE=8"};
    for (int i = 1; i < argc && i < 1000; i++)
        args[i + 1] = argv[i];
    execv(args[0], args);
    return 127;
}
CODE
gcc -B/usr/bin -o "$T/cc1plus" "$T/cc1plus.c"
cp "$T/cc1plus" tools/cc1plus
compile a.cu -o got.o
nvcc -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o
unset COMPILER_PATH

begin "an assembler that appears in PATH before the one that was used"
compile a.cu -o got.o
cat >"$T/as.c" <<'CODE'
#include <unistd.h>
int main(int argc, char **argv)
{
    char *args[1024] = {"/usr/bin/as", "--defsym", "marker_of_test=7"};
    for (int i = 1; i < argc && i < 1000; i++)
        args[i + 2] = argv[i];
    execv(args[0], args);
    return 127;
}
CODE
mkdir -p asbin && /usr/bin/gcc -w -o asbin/as "$T/as.c"
PATH=$PWD/asbin:$PATH compile a.cu -o got.o
PATH=$PWD/asbin:$PATH nvcc -arch=sm_80 -c a.cu -o expected.o
expect_same expected.o got.o

begin "ptxas is replaced while it compiles: not recorded"
(
    sleep 0.25
    cp "$kit/bin/ptxas" "$kit/bin/ptxas.new" && printf x >>"$kit/bin/ptxas.new"
    mv "$kit/bin/ptxas" "$T/ptxas.old"
    mv "$kit/bin/ptxas.new" "$kit/bin/ptxas"
) &
sed -i 's/sinf/cosf/' a.cu
with_kit a.cu
wait
mv "$T/ptxas.old" "$kit/bin/ptxas"
mark
with_kit a.cu
expect_counts misses=1
sed -i 's/cosf/sinf/' a.cu

begin "the toolkit's directories are swapped while it compiles: not recorded"
sed -i 's/sinf/tanf/' a.cu
cp -a "$kit/bin" "$kit/bin2"
printf x >>"$kit/bin2/ptxas"
sleep 0.05
(
    sleep 0.02
    mv "$kit/bin" "$kit/bin1" && mv "$kit/bin2" "$kit/bin"
    sleep 2
    mv "$kit/bin" "$kit/bin2" && mv "$kit/bin1" "$kit/bin"
) &
with_kit a.cu
wait
mark
with_kit a.cu
expect_counts misses=1
sed -i 's/tanf/sinf/' a.cu

# Variables found by watching what the tools ask for; see src/nvcc/variables.c.
for setting in PTXAS_FLAGS=-O0 OCG_FLAGS=-O0 'CUDAFE_FLAGS=--display_error_number -DX' NVVM_FLAGS=-opt=0 \
    NV_NVVM_VERSION=nvvm-latest INCLUDES=-DVALUE=4 SYSTEM_INCLUDES=-DVALUE=4; do
    begin "the variable ${setting%%=*} reaches the tools"
    compile a.cu -o got.o 2>/dev/null
    rm -f got.o expected.o
    run plain env "$setting" nvcc -arch=sm_80 -c a.cu -o expected.o
    run cached env "$setting" "$NVCACHE" nvcc -arch=sm_80 -c a.cu -o got.o
    expect_same_run plain cached
    [ ! -e expected.o ] || expect_same expected.o got.o
    run plain nvcc -arch=sm_80 -c a.cu -o expected.o
    compile a.cu -o got.o
    expect_same expected.o got.o
done

begin "the producer that LTO-IR names comes from the environment"
nvcache nvcc -arch=lto_80 -dc a.cu -o got.o
LLVM_OVERRIDE_PRODUCER=someone nvcache nvcc -arch=lto_80 -dc a.cu -o got.o
LLVM_OVERRIDE_PRODUCER=someone nvcc -arch=lto_80 -dc a.cu -o expected.o
expect_same expected.o got.o

# told WORDS...: a script before the host compiler adds words that reach the object in ways which only a command's own are known by.
told() {
    begin "a script that tells the host compiler $*: run as it is"
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$HOST_CXX" "$*" >host/told
    chmod +x host/told
    for _ in one two; do
        sed -i '1i // another line' lines.cu
        echo "#ifndef __CUDACC__
extern int first_$RANDOM;
int of_the_host = $RANDOM;
#endif" >told.h
        nvcache nvcc -ccbin "$PWD/host/told" -arch=sm_80 -c lines.cu -o got.o
        nvcc -ccbin "$PWD/host/told" -arch=sm_80 -c lines.cu -o expected.o
        expect_same expected.o got.o
    done
    expect_counts bypassed.wrapper=2
}
printf '__global__ void k(int *p) { *p = 1; }\nint plus(int a) { return a + 1; }\n' >lines.cu
told -g
told -include "$PWD/told.h"
told -march=native
told -fsanitize=undefined

# ccache under the compilers' names, before two of them.
behind=$T/behind
mkdir -p "$behind/links" "$behind/first"
for name in gcc g++; do ln -s "$(type -P ccache || echo "$behind/ccache")" "$behind/links/$name"; done
export CCACHE_DIR=$T/ccache
# past COMPILER...: compiled through it; the object is nvcc's, whatever was recorded before.
past() {
    nvcache nvcc "$@" -DVALUE=3 -arch=sm_80 -c host.cu -o got.o
    nvcc "$@" -DVALUE=3 -arch=sm_80 -c host.cu -o expected.o
    expect_same expected.o got.o
}
# other_first VALUE: a compiler with a macro of its own stands before the system's.
other_first() {
    printf '#!/bin/sh\nexec %s -DHOST=%s "$@"\n' "$HOST_CXX" "$1" | tee "$behind/first/gcc" >"$behind/first/g++"
    chmod +x "$behind"/first/*
}
write host.cu <<'CODE'
#ifndef HOST
#define HOST 0
#endif
__global__ void k(int *p) { *p = VALUE; }
int host_value = HOST;
CODE
if [ -z "$(type -P ccache)" ]; then
    begin "ccache under the host compiler's name"
    skip "there is no ccache"
else
    old_path=$PATH
    for form in PATH -ccbin; do
        begin "ccache under the host compiler's name: which compiler comes behind it counts ($form)"
        through=()
        [ $form = PATH ] || through=(-ccbin "$behind/links/g++")
        if [ $form = PATH ] && brings_host; then
            skip "this toolkit brings its own, which nvcc finds first"
            continue
        fi
        rm -f "$behind"/first/*
        export PATH=$behind/links:$behind/first:$old_path
        past "${through[@]}"
        past "${through[@]}"
        expect_in "counts" "$(counts)" 'hits.manifest=1 misses=1'
        other_first 1
        past "${through[@]}"
        other_first 2
        past "${through[@]}"
        PATH=$old_path
    done

    begin "ccache that is told to run another compiler: not looked at"
    rm -f "$behind"/first/*
    other_first 4
    for name in CCACHE_COMPILER CCACHE_PATH; do
        value=$behind/first
        [ $name = CCACHE_PATH ] || value=$behind/first/g++
        past -ccbin "$behind/links/g++"
        mark
        export $name="$value"
        past -ccbin "$behind/links/g++"
        unset $name
        expect_counts bypassed.wrapper=1
    done
    mkdir -p "$HOME/.config/ccache"
    echo "compiler = $behind/first/g++" >"$HOME/.config/ccache/ccache.conf"
    unset CCACHE_DIR
    past -ccbin "$behind/links/g++"
    expect_counts bypassed.wrapper=1
fi
