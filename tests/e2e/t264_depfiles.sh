#!/usr/bin/env bash
# After a hit elsewhere: ninja and make have nothing to do, and rebuild when a header of the
# current directory changes.  Names relative and absolute, with blanks and dollars, -MT, -MQ.
. "$(dirname "$0")/lib.sh"

# project DIR: sources there, in a directory whose name needs quoting.
project() {
    write "$1/src/k.cu" <<'CODE'
#include "beside.h"
#include <lib.h>
__global__ void k(int *p) { *p = BESIDE + LIB; }
CODE
    echo '#define BESIDE 1' >"$1/src/beside.h"
    echo '#define LIB 2' | write "$1/inc/lib.h"
}

# ninja_file DIR SOURCE INCLUDE: one edge, as CMake and PyTorch write it.
ninja_file() {
    cat >"$1/build.ninja" <<CODE
rule cuda
  command = $T/bin/nvcache $NVCC -arch=sm_80 -c '$2' -o \$out -I '$3' -MD -MT \$out -MF \$out.d
  deps = gcc
  depfile = \$out.d
build k.o: cuda
CODE
}

# both_ways BUILDER DIR: build, nothing to do, touch each header: rebuilt.
touch_each() { # DIR COMMAND...
    local dir=$1 header
    shift
    for header in "$dir/src/beside.h" "$dir/inc/lib.h"; do
        settle
        touch "$header"
        (cd "$dir" && "$@") | grep -qE 'no work to do|up to date' && fail "nothing is done when $(basename "$header") changes"
        (cd "$dir" && "$@") | grep -qE 'no work to do|up to date' || fail "there is always something to do"
    done
}

for names in absolute relative; do
    begin "ninja, $names names"
    for name in one two; do
        dir="$T/tmp/pip-req-build-$names$name"
        project "$dir"
        case $names in
        absolute) ninja_file "$dir" "$dir/src/k.cu" "$dir/inc" ;;
        relative) ninja_file "$dir" src/k.cu inc ;;
        esac
        settle
        (cd "$dir" && ninja >/dev/null) || fail "ninja fails"
        [ $name = two ] || rm -rf "$dir"
    done
    expect_counts hits.manifest=1 misses=1
    (cd "$dir" && ninja) | grep -q 'no work to do' || fail "ninja builds again: $(cd "$dir" && ninja -d explain -n 2>&1 | head -3)"
    expect_not_in "its dependencies" "$(cd "$dir" && ninja -t deps)" "${names}one"
    touch_each "$dir" ninja
done

begin "make, names with blanks"
for name in one two; do
    dir="$T/tmp/pip-req-build- ${name}"
    project "$dir"
    cat >"$dir/Makefile" <<CODE
k.o: src/k.cu
	$T/bin/nvcache $NVCC -arch=sm_80 -c src/k.cu -o k.o -I "\$(CURDIR)/inc" -MD -MP -MF k.d
-include k.d
CODE
    settle
    (cd "$dir" && make >/dev/null) || fail "make fails"
    (cd "$dir" && nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -MD -MP -MF plain.d)
    cmp -s "$dir/k.d" "$dir/plain.d" || fail "the dependency file: $(diff "$dir/k.d" "$dir/plain.d" | head -4)"
    cp "$dir/k.d" "$T/k.d"
    [ $name = two ] || rm -rf "$dir"
done
expect_counts hits.manifest=1 misses=1

begin "names with dollars, which nvcc's shell would expand: run as they are"
dir="$T/tmp/pip-req-build-\$x"
project "$dir"
(cd "$dir" && nvcache nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -MD -MF k.d 2>"$T/err")
code=$?
(cd "$dir" && nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -MD -MF plain.d 2>"$T/err.plain")
expect_eq "exit status" $code $?
cmp -s "$T/err" "$T/err.plain" || fail "what it prints"
expect_counts bypassed.shell=1

begin "dollars where nvcc does not hand them to its shell: headers, -MT, -MF"
for name in one two; do
    dir="$T/tmp/pip-req-build-dollar$name"
    project "$dir"
    mv "$dir/inc/lib.h" "$dir/inc/lib\$x.h"
    sed -i 's/lib.h/lib$x.h/' "$dir/src/k.cu"
    (cd "$dir" && nvcache nvcc -arch=sm_80 -c src/k.cu -o k.o -I inc -MD -MF 'k$x.d' -MT 'obj$x/k.o') || fail "it does not compile"
    (cd "$dir" && nvcc -arch=sm_80 -c src/k.cu -o k.o -I inc -MD -MF plain.d -MT 'obj$x/k.o')
    cmp -s "$dir/k\$x.d" "$dir/plain.d" || fail "the dependency file: $(diff "$dir/k\$x.d" "$dir/plain.d" | head -4)"
    expect_in "the dependency file" "$(cat "$dir/plain.d")" 'lib[$]x.h'
    [ $name = two ] || rm -rf "$dir"
done
expect_counts hits.manifest=1 misses=1

begin "a working directory with a dollar: what nvcc's shell makes of it is in the object"
dir="$T/tmp/pip-req-build-\$x"
project "$dir"
for x in 1 2; do
    for launcher in nvcache ""; do
        (cd "$dir" && export x && $launcher nvcc -arch=sm_80 -rdc=true -c src/k.cu -o "k$launcher.o" -I inc) || fail "x=$x"
        mv "$dir/k$launcher.o" "$T/k$launcher$x.o"
    done
    expect_same "$T/k$x.o" "$T/knvcache$x.o"
done
! cmp -s "$T/k1.o" "$T/k2.o" || fail "x cannot be seen in them"
expect_counts bypassed.shell=2

begin "targets of our own"
for name in one two; do
    dir="$T/tmp/pip-req-build-mt$name"
    project "$dir"
    (cd "$dir" && nvcache nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -MD -MF k.d -MT "$dir/obj/k.o") || fail "-MT"
    (cd "$dir" && nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -MD -MF plain.d -MT "$dir/obj/k.o")
    cmp -s "$dir/k.d" "$dir/plain.d" || fail "-MT: $(diff "$dir/k.d" "$dir/plain.d" | head -4)"
    (cd "$dir" && nvcache nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -Xcompiler -MQ,x 2>"$T/err")
    code=$?
    (cd "$dir" && nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -Xcompiler -MQ,x 2>"$T/err.plain")
    expect_eq "exit status with -MQ" $code $?
    [ $name = two ] || rm -rf "$dir"
done

begin "a target whose name only begins like a directory that is elsewhere"
for name in one two; do
    dir="$T/home/$name"
    project "$dir"
    for launcher in nvcache ""; do
        (cd "$dir" && NVCACHE_BASE_DIR="$T/home/*" $launcher nvcc -arch=sm_80 -c src/k.cu -o k.o -I "$dir/inc" -MD -MF "k$launcher.d" \
            -MT "$T/home/one@2/k.o")
    done
    cmp -s "$dir/knvcache.d" "$dir/k.d" || fail "-MT: $(diff "$dir/knvcache.d" "$dir/k.d" | head -4)"
done
expect_counts hits.manifest=1 misses=1

begin "two equal sources of one program, and both are hits in the next directories"
runs_programs && can_run=yes || can_run=no
twins() { # N: two directories with the same file, linked with a main program
    local dir=$T/tmp/pip-req-build-twin$1 name
    mkdir -p "$dir/left" "$dir/right"
    for name in left right; do
        cat >"$dir/$name/k.cu" <<'CODE'
namespace { __global__ void kernel(int *p) { *p = WHICH; } }
extern "C" void CALL(int *p) { kernel<<<1, 1>>>(p); }
CODE
        (cd "$dir" && nvcache nvcc -arch=sm_80 -rdc=true -c "$dir/$name/k.cu" -o "$name.o" -DWHICH=1 -DCALL=call) || fail "$name"
        objcopy --redefine-sym call="call_$name" "$dir/$name.o"
    done
    echo 'extern "C" { void call_left(int *); void call_right(int *); } int main() { return call_left == call_right; }' \
        >"$dir/main.cu"
    (cd "$dir" && nvcc -arch=sm_80 -rdc=true main.cu left.o right.o -o program) || fail "they do not link"
    [ $can_run = no ] || "$dir/program" || fail "the program fails"
}
twins 1
expect_counts misses=2
rm -rf "$T/tmp/pip-req-build-twin1"
twins 2
expect_counts hits.manifest=2

begin "an output with a whole path, from one working directory and from another: the target is what the command says"
project "$T/far"
mkdir -p "$T/one" "$T/two" "$T/far/inc2"
cp -p "$T/far/inc/lib.h" "$T/far/inc2"
settle
for name in one two; do
    for inc in inc inc2; do
        for launcher in nvcache ""; do
            (cd "$T/$name" && $launcher nvcc -arch=sm_80 -c "$T/far/src/k.cu" -o "$T/one/k.o" -I "$T/far/$inc" -MD -MF k.d) || fail "$name"
            mv "$T/$name/k.d" "$T/k$launcher.d"
            (cd "$T/$name" && $launcher nvcc -arch=sm_80 -c "$T/far/src/k.cu" -o k.o -I "$T/far/$inc" -MD -MF k.d -MT "$T/far/inc/k") || fail "$name, -MT"
            mv "$T/$name/k.d" "$T/mt$launcher.d"
        done
        cmp -s "$T/k.d" "$T/knvcache.d" || fail "from $name: $(diff "$T/k.d" "$T/knvcache.d" | head -4)"
        cmp -s "$T/mt.d" "$T/mtnvcache.d" || fail "-MT, from $name with $inc: $(diff "$T/mt.d" "$T/mtnvcache.d" | head -4)"
    done
done
expect_counts hits.manifest=5 misses=3

mkdir -p fixture/d
kernel fixture/a.cu
for options in '-c -odir d' '-c -odir d/ -o b.o' '-c -odir d -MT target' '-cubin' '-fatbin -odir d' '-cubin -odir d -o b.cubin -MF b.d' '-dc -ptx'; do
    begin "the target as nvcc names it: $options"
    differential "$T/work/fixture" -arch=sm_80 $options a.cu -MD
done

begin "a directory that is written with a dot, below one that is given through a link"
mkdir -p homes/a/third/sub links
echo '#define WIDE 1' >homes/a/third/sub/wide.h
ln -s "$PWD/homes/a/third" links/a-name-that-is-much-longer-than-the-others
cp -rp homes/a homes/b
printf '#include "wide.h"\n__global__ void k(int *p) { *p = WIDE; }\n' >dotted.cu
settle
for name in a b b; do
    for launcher in nvcache ""; do
        NVCACHE_BASE_DIR="$PWD/homes/*" $launcher nvcc -arch=sm_80 -ptx -I"$PWD/links/a-name-that-is-much-longer-than-the-others/." \
            -I"$PWD/homes/$name/third/./sub" -MD -MF "k$launcher.d" dotted.cu -o k.ptx || fail "$name"
    done
    expect_same k.d knvcache.d
done
expect_counts hits.manifest=1 misses=2
