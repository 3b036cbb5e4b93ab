#!/usr/bin/env bash
# The wrong hits and broken builds that other caches are known for, each as: compile, change
# one thing, compile again, and compare with plain nvcc.  scripts/peers.sh runs the same cases
# with LAUNCHER=ccache and LAUNCHER=sccache, and asks by PEERS_TABLE for one line a case; a case
# that stands there already is not run again.
. "$(dirname "$0")/lib.sh"

launcher=${LAUNCHER:-nvcache}
result=right

# hits: how many hits the launcher has counted so far.
hits() {
    case $launcher in
    ccache) ccache --print-stats | awk '/^(direct|preprocessed)_cache_hit/ { n += $2 } END { print n + 0 }' ;;
    sccache) sccache --show-stats --stats-format json | $PYTHON -c 'import json, sys
print(sum(json.load(sys.stdin)["stats"]["cache_hits"]["counts"].values()))' ;;
    *) stat_of hits.manifest ;;
    esac
}

# wrong WHAT: the launcher's result is not nvcc's.
wrong() {
    result=WRONG
    [ $launcher != nvcache ] || fail "$*"
}

launch() {
    [ -z "$is_done" ] || return 0
    settle
    timeout 120 "$launcher" nvcc "$@"
}

# is_equal FILE FILE: for another launcher without the names of intermediate files, which some
# choose themselves: all that is loaded, and the symbols.
is_equal() {
    same_bytes "$1" "$2" && return 0
    [ $launcher != nvcache ] && objcopy -S "$1" "$T/bare.1" 2>/dev/null && objcopy -S "$2" "$T/bare.2" 2>/dev/null &&
        cmp -s "$T/bare.1" "$T/bare.2" && [ "$(nm "$1" 2>/dev/null)" = "$(nm "$2" 2>/dev/null)" ]
}

# step ARGUMENTS...: compile both ways in fresh copies of the same output names, and compare
# exit status and every output.
step() {
    local status want file
    [ -z "$is_done" ] || return 0
    rm -rf got expected out && mkdir out
    launch "$@" >"$T/launch.log" 2>&1
    status=$?
    mv out got
    mkdir out
    nvcc "$@" >"$T/plain.log" 2>&1
    want=$?
    mv out expected
    [ $status = $want ] || wrong "exit status $status, not $want: $(tail -n 1 "$T/launch.log" | head -c 200)"
    [ "$(ls got)" = "$(ls expected)" ] || wrong "outputs '$(ls got | paste -sd ' ')', not '$(ls expected | paste -sd ' ')'"
    for file in expected/*; do
        case $file in *.o | *.ptx | *.cubin | *.fatbin) ;; *) continue ;; esac
        [ ! -e "got/${file#expected/}" ] || is_equal "$file" "got/${file#expected/}" || wrong "${file#expected/} is not nvcc's"
    done
}

# must NOT TEXT FILE: debug information cannot be compared; look for what it must not name.
must_not_name() {
    [ -n "$is_done" ] || ! strings "$2" | grep -q -- "$1" || wrong "$2 names $1"
}

in_case=
is_done=
name() {
    done_case
    is_done=
    [ -z "${PEERS_TABLE:-}" ] || ! cut -f 1 "$PEERS_TABLE" 2>/dev/null | grep -qxF -e "$1" || is_done=yes
    begin "$1"
    in_case=$1
    result=right
    rm -rf case && mkdir case && cd case || exit 2
    cat >a.cu
    cp a.cu "$T/a.cu"
}

# again ARGUMENTS...: is it cached at all?
again() {
    again_in . "$@"
}

again_in() { # DIRECTORY ARGUMENTS...
    local count_before dir=$1
    shift
    [ -z "$is_done" ] || return 0
    count_before=$(hits)
    mkdir -p "$dir/out"
    (cd "$dir" && launch "$@") >"$T/launch.log" 2>&1
    [ "$(hits)" -gt "$count_before" ] || [ $result != right ] || result=uncached
}

done_case() {
    [ -n "$in_case" ] || return 0
    [ -z "${PEERS_TABLE:-}" ] || [ -n "$is_done" ] || printf '%s\t%s\n' "$in_case" "$result" >>"$PEERS_TABLE"
    in_case=
    cd "$T/work" || exit 2
}

A=-arch=sm_80
O="-o out/a.o"
# shellcheck disable=SC2086
cases() {
    name "host-only header (#ifndef __CUDA_ARCH__) edited" <<'CODE'
#ifndef __CUDA_ARCH__
#include "host.h"
int value() { return VALUE; }
#endif
__global__ void k() {}
CODE
    echo '#define VALUE 1' >host.h
    step $A -c a.cu $O
    echo '#define VALUE 2' >host.h
    step $A -c a.cu $O
    again $A -c a.cu $O

    name "the same, with a depfile" <"$T/a.cu"
    echo '#define VALUE 1' >host.h
    step $A -MD -MF out/a.d -c a.cu $O
    echo '#define VALUE 2' >host.h
    step $A -MD -MF out/a.d -c a.cu $O
    again $A -MD -MF out/a.d -c a.cu $O

    name "host-only text of the source edited" <<'CODE'
__global__ void k() {}
#ifndef __CUDA_ARCH__
int value() { return 1; }
#endif
CODE
    step $A -c a.cu $O
    sed -i 's/return 1/return 2/' a.cu
    step $A -c a.cu $O
    again $A -c a.cu $O

    name "text for the second of two architectures edited" <<'CODE'
__global__ void k(int *p)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    *p = 1;
#endif
}
CODE
    two="-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90"
    step $two -c a.cu $O
    sed -i 's/= 1/= 2/' a.cu
    step $two -c a.cu $O
    again $two -c a.cu $O

    name "-Xcompiler -fvisibility changed" <<'CODE'
__global__ void k() {}
int value() { return 1; }
CODE
    step $A -Xcompiler -fvisibility=default -c a.cu $O
    step $A -Xcompiler -fvisibility=hidden -c a.cu $O
    step $A --compiler-options -fstack-protector-all -c a.cu $O
    again $A --compiler-options -fstack-protector-all -c a.cu $O

    for variable in NVCC_APPEND_FLAGS NVCC_PREPEND_FLAGS PTXAS_FLAGS OCG_FLAGS NVVM_FLAGS; do
        name "$variable set, then not" <<'CODE'
__global__ void k(float *p) { for (int i = 0; i < 9; i++) p[i] = sinf(p[i]) / p[i + 1]; }
CODE
        step $A -c a.cu $O
        case $variable in
        *PEND_FLAGS) export $variable="-Xptxas -O0" ;;
        NVVM_FLAGS) export NVVM_FLAGS=-opt=0 ;;
        *) export $variable=-O0 ;;
        esac
        step $A -c a.cu $O
        again $A -c a.cu $O
        unset $variable
        step $A -c a.cu $O
    done

    for form in --options-file= -optf= "-optf " "--options-file "; do
        name "contents of $form changed" <<'CODE'
__global__ void k(int *p) { *p = VALUE; }
CODE
        echo '-DVALUE=1' >file
        step $A ${form}file -c a.cu $O
        echo '-DVALUE=2' >file
        step $A ${form}file -c a.cu $O
        again $A ${form}file -c a.cu $O
    done

    name "-Xptxas -v before a changed macro" <<'CODE'
__global__ void k(int *p) { *p = FOO; }
CODE
    step $A -Xptxas -v -DFOO=3 -c a.cu $O
    step $A -Xptxas -v -DFOO=4 -c a.cu $O
    again $A -Xptxas -v -DFOO=4 -c a.cu $O

    for form in -ccbin= "-ccbin " NVCC_CCBIN PATH; do
        name "host compiler replaced in place ($form)" <<'CODE'
__global__ void k() {}
int value() { return VALUE; }
CODE
        for value in 1 2; do
            host_compiler $value
            case $form in
            -ccbin*) step $A ${form}host/gcc -c a.cu $O ;;
            NVCC_CCBIN) NVCC_CCBIN=$PWD/host/gcc step $A -c a.cu $O ;;
            PATH) PATH=$PWD/host:$PATH step $A -c a.cu $O ;;
            esac
        done
        case $form in
        -ccbin*) again $A ${form}host/gcc -c a.cu $O ;;
        NVCC_CCBIN) NVCC_CCBIN=$PWD/host/gcc again $A -c a.cu $O ;;
        PATH) PATH=$PWD/host:$PATH again $A -c a.cu $O ;;
        esac
    done

    for flag in "-g -gencode=arch=compute_80,code=sm_80" "-lineinfo $A"; do
        name "$flag in another directory" <<'CODE'
__global__ void k(int *p) { *p = 1; }
CODE
        for dir in one two; do
            mkdir $dir && cp a.cu $dir
            (cd $dir && launch $flag -c a.cu -o a.o) || wrong "failed"
        done
        must_not_name /case/one two/a.o
        again_in two $flag -c a.cu -o a.o
    done

    name "a header appears earlier on the search path" <<'CODE'
#include <value.h>
__global__ void k(int *p) { *p = VALUE; }
CODE
    mkdir first second && echo '#define VALUE 1' >second/value.h
    step $A -Ifirst -Isecond -c a.cu $O
    echo '#define VALUE 2' >first/value.h
    step $A -Ifirst -Isecond -c a.cu $O
    again $A -Ifirst -Isecond -c a.cu $O

    name "__has_include becomes true" <<'CODE'
#if __has_include("extra.h")
#define VALUE 2
#else
#define VALUE 1
#endif
__global__ void k(int *p) { *p = VALUE; }
CODE
    step $A -c a.cu $O
    touch extra.h
    step $A -c a.cu $O
    again $A -c a.cu $O

    name "an assembler's .incbin changes" <<'CODE'
__global__ void k() {}
asm(".section .rodata\n.incbin \"blob\"\n.text\n");
CODE
    echo first >blob
    step $A -c a.cu $O
    echo other >blob
    step $A -c a.cu $O
    again $A -c a.cu $O

    while read -r what args; do
        name "$what" <<'CODE'
__global__ void k(int *p) { *p = 1; }
CODE
        step $args
        step $args
        again $args
    done <<TABLE
--output-file $A -c a.cu --output-file out/a.o
-o=FILE $A -c a.cu -o=out/a.o
-odir $A -c a.cu -odir out
-G,-c $A -G -no-compress -ptx a.cu -o out/a.ptx
code=[sm_80,sm_86] -gencode arch=compute_80,code=[sm_80,sm_86] -c a.cu $O
-dlto $A -dc -dlto a.cu $O
code=lto_80 -gencode arch=compute_80,code=lto_80 -dc a.cu $O
compute_90_only -gencode arch=compute_90,code=compute_90 -c a.cu $O
-ptx $A -ptx a.cu -o out/a.ptx
-cubin $A -cubin a.cu -o out/a.cubin
-fatbin $A -fatbin a.cu -o out/a.fatbin
-rdc=true $A -rdc=true -c a.cu $O
-x_cu $A -x cu -c a.cu $O
--diag-suppress_177 $A --diag-suppress 177 -c a.cu $O
--fmad_false $A --fmad false -c a.cu $O
-O_2 $A -O 2 -c a.cu $O
-std_c++17 $A -std c++17 -c a.cu $O
--split-compile_2 $A --split-compile 2 -c a.cu $O
--define-macro_X $A --define-macro X -c a.cu $O
--ftz_true $A --ftz true -c a.cu $O
--threads_2 $A --threads 2 -c a.cu $O
TABLE

    name "--keep after the same command without it" <<'CODE'
__global__ void k(int *p) { *p = 1; }
CODE
    step $A -c a.cu $O
    step $A --keep --keep-dir out -c a.cu $O
    again $A --keep --keep-dir out -c a.cu $O

    for mode in -c -rdc=true\ -c; do
        name "one source, two outputs, linked ($mode)" <<'CODE'
namespace { __global__ void hidden(int *p) { *p = 1; } }
static void f(int *p) { hidden<<<1, 1>>>(p); }
static void (*volatile keep)(int *) = f;
CODE
        echo 'int main() { return 0; }' >main.cpp
        launch $A $mode a.cu -o one.o && launch $A $mode a.cu -o two.o
        [ -n "$is_done" ] || nvcc $A main.cpp one.o two.o -o program >"$T/link.log" 2>&1 || wrong "$(tail -n 1 "$T/link.log")"
        again $A $mode a.cu -o one.o
    done
    done_case
}

# host_compiler VALUE: host/gcc, a program that adds a macro.
host_compiler() {
    mkdir -p host
    cat >host/gcc.c <<CODE
#include <unistd.h>
int main(int argc, char **argv)
{
    char *args[1024] = {"/usr/bin/g++", "-DVALUE=$1"};
    for (int i = 1; i < argc && i < 1000; i++)
        args[i + 1] = argv[i];
    execv(args[0], args);
    return 127;
}
CODE
    /usr/bin/gcc -w -x c -o host/gcc.new host/gcc.c && mv host/gcc.new host/gcc
}

if [ $launcher = sccache ]; then
    export SCCACHE_DIR=$T/sccache SCCACHE_SERVER_PORT=${SCCACHE_SERVER_PORT:-4399} SCCACHE_IDLE_TIMEOUT=60
    sccache --start-server >"$T/server.log" 2>&1
    trap 'sccache --stop-server >"$T/server.log" 2>&1; at_exit' EXIT
elif [ $launcher = ccache ]; then
    export CCACHE_DIR=$T/ccache
fi
cases
