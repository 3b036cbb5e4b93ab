#!/usr/bin/env bash
# Directories that lie in each other, and symbolic links: the file that is looked at is the one
# that the compiler would read.
. "$(dirname "$0")/lib.sh"

# constant N: the value that the kernel below stores.
constant() {
    expect_eq "the constant" "$(sed -nE "s/.*mov\.[bu]32[^,]*, ([0-9]+);/\1/p" "${2:-k.ptx}")" "$1"
}

header() { # FILE VALUE
    echo "static const int v = $2;" | write "$1"
}

ptx() {
    nvcache nvcc -arch=sm_80 -ptx "$@" -o "$PWD/k.ptx" || fail "it does not compile"
}

write source.cu <<'CODE'
#include "inc/lib.h"
__global__ void k(int *p) { *p = v; }
CODE

begin "an include directory below the source's, then another in its position"
header "$T/a/inc/lib.h" 1
header "$T/b/inc/lib.h" 1
cp source.cu "$T/a/k.cu"
ptx -I"$T/a/inc" "$T/a/k.cu"
header "$T/a/inc/lib.h" 2
ptx -I"$T/b/inc" "$T/a/k.cu"
constant 2
header "$T/a/inc/lib.h" 1
ptx -I"$T/a/inc" "$T/a/k.cu"
expect_counts hits.manifest=1 misses=2

begin "the source's directory is the working directory, then another is"
cp -r "$T/a" "$T/c"
cd "$T/a" || exit 2
nvcache nvcc -arch=sm_80 -ptx "$T/a/k.cu" -o "$T/k.ptx"
header "$T/a/inc/lib.h" 3
cd "$T/c" || exit 2
nvcache nvcc -arch=sm_80 -ptx "$T/a/k.cu" -o "$T/k.ptx"
constant 3 "$T/k.ptx"
cd "$T/work" || exit 2

begin "include directories in each other, then apart"
header "$T/d/deep/lib.h" 1
echo '#include "deep/lib.h"' >"$T/d/all.h"
cp -r "$T/d" "$T/e"
write k.cu <<'CODE'
#include <all.h>
__global__ void k(int *p) { *p = v; }
CODE
ptx -I"$T/d" -I"$T/d/deep" k.cu
header "$T/e/deep/lib.h" 4
ptx -I"$T/e" -I"$T/d/deep" k.cu
constant 4

begin "one include directory given twice, then two"
mkdir -p "$T/f" "$T/g"
cp "$T/a/inc/lib.h" "$T/f/lib.h"
write k.cu <<'CODE'
#if __has_include(<extra.h>)
#include <extra.h>
#endif
#include <lib.h>
#ifndef V
#define V v
#endif
__global__ void k(int *p) { *p = V; }
CODE
ptx -I"$T/f" -I"$T/f" k.cu
constant 3
echo '#define V 5' >"$T/g/extra.h"
ptx -I"$T/f" -I"$T/g" k.cu
constant 5

begin "one include directory given by two names, then two directories"
mkdir -p f1 f3
ln -s f1 f2
printf '#define FIRST\n#include_next <next.h>\n' >f1/next.h
echo 'static const int v = 3;' >f3/next.h
printf '#include <next.h>\n__global__ void k(int *p) { *p = v; }\n' >k.cu
ptx -If1 -If2 -If3 k.cu
constant 3
rm f2
header f2/next.h 2
ptx -If1 -If2 -If3 k.cu
constant 2
rm -r f2
ln -s f1 f2
ptx -If1 -If2 -If3 k.cu
constant 3
expect_counts hits.manifest=1 misses=2

begin "a header named by its whole path below an include directory"
header "$T/h/inc/lib.h" 1
cp -r "$T/h" "$T/i"
echo "#include \"$T/h/inc/lib.h\"" >k.cu
echo '__global__ void k(int *p) { *p = v; }' >>k.cu
ptx -I"$T/h/inc" k.cu
header "$T/h/inc/lib.h" 6
ptx -I"$T/i/inc" k.cu
constant 6

begin "a header whose whole path macros put together"
header "$T/h/inc/lib.h" 1
write k.cu <<CODE
#define TEXT(x) #x
#define QUOTE(x) TEXT(x)
#define PLACE $T/h
#include QUOTE(PLACE/inc/lib.h)
__global__ void k(int *p) { *p = v; }
CODE
ptx -I"$T/h/inc" k.cu
header "$T/h/inc/lib.h" 7
ptx -I"$T/i/inc" k.cu
constant 7
sed -i '/PLACE /d' k.cu
sed -i "s,PLACE,$T/h," k.cu
header "$T/h/inc/lib.h" 1
ptx -I"$T/h/inc" k.cu
header "$T/h/inc/lib.h" 8
ptx -I"$T/i/inc" k.cu
constant 8

for option in -I -isystem; do
    begin "a link below an include directory leads elsewhere ($option)"
    rm -rf "${T:?}"/[x-z]*
    header "$T/x/sub/lib.h" 1
    echo '#include "lib.h"' >"$T/x/sub/all.h"
    cp -r "$T/x" "$T/y"
    header "$T/y/sub/lib.h" 7
    mkdir -p "$T/z-a-long-name/inc" "$T/z-another-long-name/inc"
    ln -s "$T/x/sub" "$T/z-a-long-name/inc/sub"
    ln -s "$T/y/sub" "$T/z-another-long-name/inc/sub"
    write k.cu <<'CODE'
#include <sub/all.h>
__global__ void k(int *p) { *p = v; }
CODE
    ptx $option "$T/z-a-long-name/inc" k.cu
    constant 1
    ptx $option "$T/z-another-long-name/inc" k.cu
    constant 7
    ln -sfn "$T/y/sub" "$T/z-a-long-name/inc/sub"
    ptx $option "$T/z-a-long-name/inc" k.cu
    constant 7
    ln -sfn "$T/x/sub" "$T/z-a-long-name/inc/sub"
    ptx $option "$T/z-a-long-name/inc" k.cu
    constant 1

    begin "a link to a version beside it ($option)"
    header "$T/x/lib/v1/lib.h" 1
    header "$T/x/lib/v2/lib.h" 8
    ln -s v1 "$T/x/lib/current"
    write k.cu <<'CODE'
#include <current/lib.h>
__global__ void k(int *p) { *p = v; }
CODE
    ptx $option "$T/x/lib" k.cu
    constant 1
    ln -sfn v2 "$T/x/lib/current"
    ptx $option "$T/x/lib" k.cu
    constant 8
    cp -a "$T/x/lib" "$T/x/moved"
    ptx $option "$T/x/moved" k.cu
    constant 8
    expect_counts hits.manifest=1 misses=2

    begin "the include directory is a link ($option)"
    ln -s "$T/x/lib/v1" "$T/z-link-with-a-long-name"
    echo '#include <lib.h>' >k.cu
    echo '__global__ void k(int *p) { *p = v; }' >>k.cu
    ptx $option "$T/z-link-with-a-long-name" k.cu -MD -MF k.d
    constant 1
    ln -sfn "$T/x/lib/v2" "$T/z-link-with-a-long-name"
    ptx $option "$T/z-link-with-a-long-name" k.cu -MD -MF k.d
    constant 8
    cp -r "$T/x/lib/v1" "$T/x/lib/v3"
    ln -sfn "$T/x/lib/v3" "$T/z-link-with-a-long-name"
    ptx $option "$T/z-link-with-a-long-name" k.cu -MD -MF k.d
    constant 1
    expect_counts hits.manifest=1 misses=2
    nvcc -arch=sm_80 -ptx $option "$T/z-link-with-a-long-name" k.cu -o "$PWD/k.ptx" -MD -MF plain.d
    cmp -s k.d plain.d || fail "the dependency file: $(diff k.d plain.d)"

    begin "a header is a link to a file of another name ($option)"
    header "$T/x/farm/lib-1.h" 1
    header "$T/x/farm/lib-2.h" 9
    mkdir "$T/z-long-farm-name"
    ln -s "$T/x/farm/lib-1.h" "$T/z-long-farm-name/lib.h"
    ptx $option "$T/z-long-farm-name" k.cu
    constant 1
    ln -sf "$T/x/farm/lib-2.h" "$T/z-long-farm-name/lib.h"
    ptx $option "$T/z-long-farm-name" k.cu
    constant 9
done

begin "two equal headers of one time with #pragma once, of which gcc lists the first only; then the other is edited"
for name in one two; do
    echo '#pragma once' >"$name.h"
    touch -d 2020-01-01 "$name.h"
done
write k.cu <<'CODE'
#include "one.h"
#include "two.h"
#ifndef V
#define V 1
#endif
__global__ void k(int *p) { *p = V; }
CODE
ptx k.cu
ptx k.cu
constant 1
expect_counts hits.manifest=1 misses=1
echo '#define V 2' >>two.h
ptx k.cu
constant 2
expect_counts misses=1
