#!/usr/bin/env bash
# The path of a temporary directory may show after a hit; another's may not, even if it takes the
# temporary one's place in the command: through a link, as the working directory, below a base directory.
. "$(dirname "$0")/lib.sh"

# library DIR...: equal libraries whose header shows where it is.
library() {
    local dir
    for dir; do
        write "$dir/lib.h" <<'CODE'
#pragma once
static __device__ const char *where() { return __FILE__; }
CODE
    done
}

# shown FILE: the strings in a .ptx file, one a line.
shown() {
    $PYTHON - "$1" <<'CODE'
import re, sys
for found in re.finditer(r"= \{([0-9, ]+)\}", open(sys.argv[1]).read()):
    print(bytes(int(word) for word in found.group(1).split(",") if int(word)).decode())
CODE
}

ptx() {
    nvcache nvcc -arch=sm_80 -ptx "$@" || fail "it does not compile"
}

write k.cu <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k() { printf("%s", where()); }
CODE
link=$T/a-link-with-a-name-that-is-longer-than-those-of-all-the-directories-that-it-leads-to
library "$T/pip-build-env-1/inc" "$T/pip-build-env-2/inc" "$T/opt/inc"

for option in -isystem -I; do
    begin "a search directory is a link into a temporary directory, then to another ($option)"
    ln -sfn "$T/pip-build-env-1/inc" "$link"
    ptx $option "$link" k.cu -o k.ptx
    ln -sfn "$T/pip-build-env-2/inc" "$link"
    ptx $option "$link" k.cu -o k.ptx
    [ $option = -I ] || expect_counts hits.manifest=1 misses=1

    begin "... and then elsewhere ($option)"
    ln -sfn "$T/opt/inc" "$link"
    ptx $option "$link" k.cu -o k.ptx
    nvcc -arch=sm_80 -ptx $option "$link" k.cu -o plain.ptx
    expect_eq "what shows" "$(shown k.ptx)" "$(shown plain.ptx)"
done

begin "... into another place of a temporary directory"
library "$T/pip-build-env-2/other"
for dir in pip-build-env-1/inc pip-build-env-2/other; do
    ln -sfn "$T/$dir" "$link"
    ptx -isystem "$link" k.cu -o k.ptx
    expect_eq "what shows" "$(shown k.ptx | grep lib.h | sed "s|.*-env-[0-9]*/||")" "${dir#*/}/lib.h"
done

begin "a system directory is written with two slashes: gcc's name for it, when links are followed, is shorter or not"
write "$T/long/include-directory-with-a-long-name/sub/lib.h" <"$T/opt/inc/lib.h"
mkdir "$T/pip-build-env-3" "$T/pip-build-env-4"
ln -s "$T/long/include-directory-with-a-long-name" "$T/pip-build-env-3/inc"
cp -r "$T/long/include-directory-with-a-long-name" "$T/pip-build-env-4/inc"
for n in 3 4; do
    ptx -isystem "$T/pip-build-env-$n/inc//sub" k.cu -o k.ptx
    nvcc -arch=sm_80 -ptx -isystem "$T/pip-build-env-$n/inc//sub" k.cu -o plain.ptx
    expect_eq "what shows" "$(shown k.ptx)" "$(shown plain.ptx)"
done

# A library one of whose headers is in a directory `sub`: NUMBER LINK|"" INCLUDE.
with_sub() {
    local lib=$T/pip-build-env-$1/inc
    write "$lib/top.h" <<<"$3"
    write "$lib/${2:-sub}/lib.h" <"$T/opt/inc/lib.h"
    [ -z "$2" ] || ln -s "$2" "$lib/sub"
}

# same_names NUMBER WORDS...: headers are named as nvcc does, in the dependency list and where they show.
same_names() {
    local lib=$T/pip-build-env-$1/inc
    shift
    ptx "${@//LIB/$lib}" -MD -MF k.d top.cu -o k.ptx
    nvcc -arch=sm_80 -ptx "${@//LIB/$lib}" -MD -MF plain.d top.cu -o plain.ptx
    expect_eq "the dependency list" "$(grep inc/ k.d)" "$(grep inc/ plain.d | sed "s/plain.ptx/k.ptx/")"
    expect_eq "what shows" "$(shown k.ptx | sed "s/env-[0-9]*/env/")" "$(shown plain.ptx | sed "s/env-[0-9]*/env/")"
}

sed "s/lib.h/top.h/" k.cu >top.cu
number=10
include=$'\n#include "sub/lib.h"'
for pragma in "" "#pragma GCC system_header"; do
    option=-isystem
    [ -z "$pragma" ] || option=-I
    begin "a directory in a library is a link, then another ($option${pragma:+, $pragma})"
    for link in "" link-of-some-length another-link-as-long v1; do
        number=$((number + 1))
        with_sub $number "$link" "$pragma$include"
        same_names $number $option LIB
    done
    expect_counts hits.manifest=1 misses=3
    with_sub 30 link-of-some-length "$pragma$include"
    same_names 30 $option LIB
    expect_counts hits.manifest=1
    rm -r "$T/pip-build-env-30"
done

begin "... which alone is searched, and written with two slashes"
write "$T/opt/top/top.h" <<<"#include <lib.h>"
for link in "" lnk longer; do
    number=$((number + 1))
    with_sub $number "$link" ""
    same_names $number -isystem LIB//sub -I"$T/opt/top"
done
expect_counts misses=3

begin "debug information: the working directory is temporary, then another"
mkdir -p "$T/pip-req-build-1" "$T/pip-req-build-2" "$T/elsewhere"
write "$T/pip-req-build-3/k.cu" <<'CODE'
__global__ void k(int *p) { *p = 1; }
CODE
compile() { # FROM
    (cd "$1" && nvcache nvcc -arch=sm_80 -g -c "$T/pip-req-build-3/k.cu" -o "$T/pip-req-build-3/k.o") || fail "it does not compile"
}
compile "$T/pip-req-build-3"
compile "$T/elsewhere"
expect_counts misses=2
cp "$T/pip-req-build-3/k.o" cached.o
(cd "$T/elsewhere" && nvcc -arch=sm_80 -g -c "$T/pip-req-build-3/k.cu" -o "$T/pip-req-build-3/k.o")
expect_eq "the compilation directory" "$(readelf --debug-dump=info cached.o | sed -n "/DW_AT_comp_dir/{s/.*): //p;q}")" \
    "$(readelf --debug-dump=info "$T/pip-req-build-3/k.o" | sed -n "/DW_AT_comp_dir/{s/.*): //p;q}")"

begin "a base directory below a temporary one, then elsewhere"
export NVCACHE_BASE_DIR="$T/pip-req-build-*/project:$T/home/*"
for dir in "$T/pip-req-build-1/project" "$T/home/project"; do
    library "$dir/inc"
    cp k.cu "$dir/k.cu"
    (cd "$dir" && ptx -I"$dir/inc" "$dir/k.cu" -o "$dir/k.ptx")
done
expect_eq "what shows" "$(shown "$T/home/project/k.ptx" | grep lib.h)" "$T/home/project/inc/lib.h"

begin "a link below a base directory whose name is longer than that of what it leads to, then shorter"
library "$T/opt/third-party-headers"
for dir in "$T/home/a-checkout-with-a-long-name" "$T/home/b"; do
    write "$dir/inc/top.h" <<<"#include <sub/lib.h>"
    ln -s "$T/opt/third-party-headers" "$dir/inc/sub"
    cp top.cu "$dir/top.cu"
    (cd "$dir" && ptx -isystem "$dir/inc" -MD -MF k.d "$dir/top.cu" -o k.ptx && nvcc -arch=sm_80 -ptx -isystem "$dir/inc" -MD -MF plain.d top.cu -o plain.ptx)
    expect_eq "the dependency list" "$(grep -o "[^ ]*/lib.h" "$dir/k.d")" "$(grep -o "[^ ]*/lib.h" "$dir/plain.d")"
done
expect_counts misses=2
