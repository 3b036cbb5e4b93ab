#!/usr/bin/env bash
# Parts of the toolchain that are not replaced but appear, and variables through which files get
# in: nvcache sees them as the tools do.
. "$(dirname "$0")/lib.sh"

# A gcc of our own: a copy of the driver, cc1 and cc1plus, links for the rest.
real_gcc=$(readlink -f "$(type -P gcc)")
real_parts=$(dirname "$(gcc -print-prog-name=cc1plus)")
version=$(basename "$real_parts")
machine=$(basename "$(dirname "$real_parts")")
host=$T/host
parts=$host/lib/gcc/$machine/$version
make_host() {
    local part
    mkdir -p "$host/bin" "$host/include" "$parts"
    cp -L "$real_gcc" "$host/bin/gcc"
    ln -s /usr/include/c++ "/usr/include/$machine" "$host/include/"
    ln -s "$real_parts"/* "$parts/"
    for part in cc1 cc1plus; do rm "$parts/$part" && cp "$real_parts/$part" "$parts/"; done
    "$host/bin/gcc" -c -x c++ - -o "$T/host.o" <<<'#include <vector>'
}

# program PATH REAL ARGUMENT...: make PATH a program that runs REAL with further arguments.
program() {
    local path=$1 real=$2 word
    shift 2
    {
        printf '#include <unistd.h>\nint main(int argc, char **argv)\n{\n    char *args[1024] = {"%s"' "$real"
        for word; do printf ', "%s"' "$word"; done
        printf '};\n    int n = %d;\n' $(($# + 1))
        printf '    for (int i = 1; i < argc && i < 1000; i++)\n        args[n++] = argv[i];\n'
        printf '    execv(args[0], args);\n    return 127;\n}\n'
    } >"$T/program.c"
    "$real_gcc" -w -x c "$T/program.c" -o "$path.new" && mv "$path.new" "$path"
}

# once NVCC ARGUMENTS...: got.o is what this nvcc makes now.
once() {
    local nvcc=$1
    shift
    nvcache "$nvcc" -arch=sm_80 -c "$@" -o got.o
    "$nvcc" -arch=sm_80 -c "$@" -o expected.o
    expect_same expected.o got.o
}

# A host source is enough where only the host compiler counts.
printf '#ifndef VALUE\n#define VALUE 1\n#endif\nint value(void) { return VALUE; }\n' >v.c
cp v.c v.cpp

if make_host 2>"$T/host.err"; then
    begin "cc1, which compiles C, is replaced"
    once nvcc -ccbin "$host/bin/gcc" v.c
    program "$parts/cc1" "$real_parts/cc1" -DVALUE=5
    once nvcc -ccbin "$host/bin/gcc" v.c

    begin "specs appear beside cc1plus, change and go"
    once nvcc -ccbin "$host/bin/gcc" v.cpp
    printf '*cpp:\n+ -DVALUE=44\n' >"$parts/specs"
    once nvcc -ccbin "$host/bin/gcc" v.cpp
    printf '*cpp:\n+ -DVALUE=45\n' >"$parts/specs"
    once nvcc -ccbin "$host/bin/gcc" v.cpp
    rm "$parts/specs"
    once nvcc -ccbin "$host/bin/gcc" v.cpp

    begin "an assembler appears beside cc1plus"
    program "$parts/as" "$(type -P as)" --defsym marker_of_test=7
    once nvcc -ccbin "$host/bin/gcc" v.cpp
    rm "$parts/as"
else
    begin "a copy of the host compiler"
    skip "it does not work from another place: $(head -n 1 "$T/host.err")"
fi

begin "specs appear in a directory of LIBRARY_PATH, and change"
mkdir libraries
export LIBRARY_PATH=$PWD/libraries
once nvcc v.cpp
printf '*cpp:\n+ -DVALUE=44\n' >libraries/specs
once nvcc v.cpp
printf '*cpp:\n+ -DVALUE=45\n' >libraries/specs
once nvcc v.cpp
unset LIBRARY_PATH
once nvcc v.cpp

# A toolkit of our own: links to the real parts, see t220_toolchain.sh.
real=$(dirname "$(dirname "$(readlink -f "$NVCC")")")
kit=$T/kit
mkdir -p "$kit/bin"
for part in "$real"/*; do [ "$(basename "$part")" = bin ] || ln -s "$part" "$kit/"; done
for part in "$real"/bin/*; do
    case $(basename "$part") in
    nvcc | nvcc.profile) cp -L "$part" "$kit/bin/" ;;
    *) ln -s "$part" "$kit/bin/" ;;
    esac
done
begin "an assembler appears in the toolkit's directory, and changes"
once "$kit/bin/nvcc" v.cpp
for marker in 7 8; do
    program "$kit/bin/as" "$(type -P as)" --defsym marker_of_test=$marker
    once "$kit/bin/nvcc" v.cpp
done

begin "clang takes the newest gcc: another one appears"
clang=$T/clang
resources=$(dirname "$(dirname "$(readlink -f "$(type -P clang++ || echo /nowhere/bin/x)")")")/lib/clang
if [ -d "$resources" ] && [ -d "/usr/include/c++/$version" ] && mkdir -p "$clang/bin" "$clang/lib/gcc/$machine" "$clang/include/c++" &&
    cp -L "$(readlink -f "$(type -P clang++)")" "$clang/bin/clang++" && ln -s "$resources" "$clang/lib/clang" &&
    printf '#include <cstdlib>\n' >>v.cpp && sed -i 's/^int/#include <cstdlib>\nint/' v.cpp &&
    nvcc -ccbin "$clang/bin/clang++" -c v.cpp -o got.o 2>"$T/clang.err"; then
    printf '#include <cstdlib>\n#ifndef VALUE\n#define VALUE 1\n#endif\nint value() { return VALUE; }\n' >c.cpp
    once nvcc -ccbin "$clang/bin/clang++" c.cpp
    mkdir "$clang/lib/gcc/$machine/99" && touch "$clang/lib/gcc/$machine/99/crtbegin.o"
    cp -r "/usr/include/c++/$version" "$clang/include/c++/99"
    cp -r "/usr/include/$machine/c++/$version" "$clang/include/c++/99/$machine"
    sed -i '1i #define VALUE 9' "$clang/include/c++/99/cstdlib"
    once nvcc -ccbin "$clang/bin/clang++" c.cpp
else
    skip "no clang++ that this nvcc takes, or no headers of its gcc"
fi

write use.cu <<'CODE'
#include <found.h>
__global__ void k(float *p) { *p = VALUE / *p; }
CODE
for form in 'INCLUDES -I' 'SYSTEM_INCLUDES -isystem'; do
    variable=${form% *}
    flag=${form#* }
    begin "a header appears in the first directory of $variable"
    mkdir -p $variable/first $variable/second
    echo '#define VALUE 1' >$variable/second/found.h
    export $variable="$flag $variable/first $flag $variable/second"
    [ $variable = SYSTEM_INCLUDES ] || export $variable="$flag$variable/first $flag$variable/second"
    once nvcc use.cu
    once nvcc use.cu
    if nvcc --dryrun -c use.cu 2>&1 | grep -q "$variable/first.*-D__CUDACC_VER"; then expect_counts hits.manifest=1 misses=1; fi
    echo '#define VALUE 2' >$variable/first/found.h
    once nvcc use.cu
    unset $variable
    [ -e expected.o ] || skip "this nvcc does not read it"
done

begin "a file named by a variable that goes to ptxas is not trusted"
kernel p.cu k 'for (int i = 0; i < 9; i++) p[i] = p[i] / p[i + 1];'
for level in -O0 -O3; do
    echo "$level" >flags
    PTXAS_FLAGS="--options-file $PWD/flags" once nvcc p.cu
done
expect_counts bypassed.environment=2

begin "colours of messages come from the environment"
printf '#warning text\n' >w.cpp
for colours in 'warning=01;35' 'warning=01;32'; do
    export GCC_COLORS=$colours
    run plain nvcc -Xcompiler -fdiagnostics-color=always -c w.cpp -o expected.o
    run cached nvcache nvcc -Xcompiler -fdiagnostics-color=always -c w.cpp -o got.o
    expect_same_run plain cached
done
unset GCC_COLORS
