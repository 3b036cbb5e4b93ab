#!/usr/bin/env bash
# Checkouts in two places with NVCACHE_BASE_DIR: hits unless the result shows the directory.
. "$(dirname "$0")/lib.sh"
export NVCACHE_BASE_DIR="$T/ann/*:$T/ben/three"

# shown FILE: the strings in a .ptx file, one a line.
shown() {
    $PYTHON - "$1" <<'CODE'
import re, sys
for found in re.finditer(r"= \{([0-9, ]+)\}", open(sys.argv[1]).read()):
    print(bytes(int(word) for word in found.group(1).split(",") if int(word)).decode())
CODE
}

# in_checkout NAME FLAGS...: compile src/k.cu there to a .ptx file beside it.
in_checkout() {
    local dir=$T/ann/$1
    shift
    (cd "$dir" && nvcache nvcc -arch=sm_80 -ptx -I"$dir/include" "$@" "$dir/src/k.cu" -o "$dir/k.ptx") ||
        fail "it does not compile"
}

# checkouts: $T/ann/one with src/k.cu (standard input) and include/lib.h (the argument), and
# two, an equal one.
checkouts() {
    rm -rf "$T/ann/one" "$T/ann/two"
    write "$T/ann/one/src/k.cu"
    printf '%s\n' "$1" | write "$T/ann/one/include/lib.h"
    cp -r "$T/ann/one" "$T/ann/two"
}

# without_id FILE: a digest of a .ptx file without the hashes of the source's path and, where nvcache runs the steps, without
# the rest of the module id and the lengths of names with it.
without_id() {
    sed -E 's/_[0-9a-f]{8}_[0-9]+_k_cu_([0-9a-f]{16}|[0-9a-f]{8})/_HASH/g; s/[0-9]+_GLOBAL__N__/N_GLOBAL__N__/g' "$1" | sha256sum
}

# moves FLAGS...: both compile; the second is a hit, and equal to nvcc's but for the hash of
# the source's path.
moves() {
    in_checkout one "$@"
    expect_counts misses=1
    in_checkout two "$@"
    expect_counts hits.manifest=1
    (cd "$T/ann/two" && nvcc -arch=sm_80 -ptx -I"$PWD/include" "$@" "$PWD/src/k.cu" -o "$T/plain.ptx")
    expect_eq "the .ptx file" "$(without_id "$T/ann/two/k.ptx")" "$(without_id "$T/plain.ptx")"
}

# stays TEXT FLAGS...: the second is a miss, because the result shows where it is: TEXT, in
# which % stands for the checkout.
stays() {
    local text=$1
    shift
    in_checkout one "$@"
    expect_counts misses=1
    in_checkout two "$@"
    expect_counts misses=1
    expect_in "the string" "$(shown "$T/ann/two/k.ptx")" "^${text//%/$T/ann/two}\$"
    in_checkout one "$@"
    expect_counts hits.manifest=1
    expect_in "the first's" "$(shown "$T/ann/one/k.ptx")" "^${text//%/$T/ann/one}\$"
}

begin "a kernel that shows nothing"
checkouts 'static const int v = 1;' <<'CODE'
#include <lib.h>
namespace { __global__ void hidden(int *p) { *p = v; } }
void *address() { return (void *)hidden; }
CODE
moves

begin "a header whose macro shows a path, not used by the source"
checkouts '#define SHOW printf("%s", __FILE__)' <<'CODE'
#include <lib.h>
__global__ void k(int *p) { *p = 1; }
CODE
moves

begin "another directory of the list; a directory that is in none"
mkdir -p "$T/ben"
for name in three four; do
    cp -r "$T/ann/one" "$T/ben/$name"
    (cd "$T/ben/$name" && nvcache nvcc -arch=sm_80 -ptx -I"$PWD/include" "$PWD/src/k.cu" -o "$PWD/k.ptx")
done
expect_counts hits.manifest=1 misses=1

begin "base directories that are named, and worked in, through a link"
checkouts 'static const int v = 1;' <<'CODE'
#include <lib.h>
__global__ void k(int *p) { *p = v; }
CODE
ln -s "$T/ann" "$T/home-link"
for name in one two; do
    dir=$T/home-link/$name
    for bases in "$T/home-link/one:$T/home-link/two" "$T/home-link/*"; do
        (cd "$dir" && NVCACHE_BASE_DIR=$bases nvcache nvcc -arch=sm_80 -ptx -I"$dir/include" "$dir/src/k.cu" -o "$dir/k.ptx")
    done
done
expect_counts hits.manifest=3 misses=1

begin "newer glibc's assert, mentioned in comments only: nothing shows"
write "$T/glibc/assert.h" <<'CODE'
#undef assert
#define __ASSERT_FILE __builtin_FILE ()
#define assert(expr) (static_cast <bool> (expr) ? void (0) : __assert_fail (#expr, __ASSERT_FILE, __LINE__, ""))
CODE
checkouts 'static const int v = 1;' <<'CODE'
#include <assert.h>
#include <lib.h>
/* assert() is not used here,
   nor is static_assert. */
__global__ void k(int *p) { *p = v; } // assert(p)
CODE
moves -isystem "$T/glibc"

begin "... and used: it shows"
checkouts 'static const int v = 1;' <<'CODE'
#include <assert.h>
#include <lib.h>
__global__ void k(int *p) { /* here: */ assert(*p); *p = v; }
CODE
stays '%/src/k.cu' -isystem "$T/glibc"

begin "__FILE__ in the source"
checkouts '' <<'CODE'
#include <cstdio>
__global__ void k() { printf("%s", __FILE__); }
CODE
stays '%/src/k.cu'

begin "__FILE__ in a header"
checkouts 'static __device__ const char *where() { return __FILE__; }' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k() { printf("%s", where()); }
CODE
stays '%/include/lib.h'

begin "__FILE__ behind a macro that ends in a backslash and a comment"
checkouts '#define UNUSED a \ // c
static __device__ const char *where() { return __FILE__; }' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k() { printf("%s", where()); }
CODE
stays '%/include/lib.h'

begin "assert in the source: the system's macro shows the user's file"
checkouts '' <<'CODE'
#include <cassert>
__global__ void k(int *p) { assert(*p); }
CODE
stays '%/src/k.cu'

begin "a macro of a header of ours, through three others"
checkouts '#define AT __FILE__
#define INNER(x) printf(x, AT)
#define CHECK(x) do { if (!(x)) INNER("%s"); } while (0)
#define VERIFY CHECK' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k(int *p) { VERIFY(*p); }
CODE
stays '%/src/k.cu'

begin "a macro's name pasted together"
checkouts '#define LOG_INFO printf("%s", __FILE__)
#define LOG(level) LOG_##level' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k(int *p) { LOG(INFO); }
CODE
stays '%/src/k.cu'

begin "a macro over lines, with a comment that ends on the next"
checkouts '#define SHOW /* to be
   continued */ printf("%s", \
   __FILE__)' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k(int *p) { SHOW; }
CODE
stays '%/src/k.cu'

begin "a comment before the directive, and a digraph"
checkouts '/* here */ %: define SHOW printf("%s", __FILE__)' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k(int *p) { SHOW; }
CODE
stays '%/src/k.cu'

begin "a header that expands a macro of the source"
checkouts 'static __device__ const char *where() { return HERE; }' <<'CODE'
#include <cstdio>
#define HERE __FILE__
#include <lib.h>
__global__ void k() { printf("%s", where()); }
CODE
stays '%/include/lib.h'

begin "the path goes in as its length"
checkouts '' <<'CODE'
__global__ void k(unsigned long *p) { *p = sizeof(__FILE__); }
CODE
mv "$T/ann/two" "$T/ann/longer"
in_checkout one
expect_counts misses=1
in_checkout longer
expect_counts misses=1
expect_in "the length" "$(grep st.global "$T/ann/longer/k.ptx" "$T/ann/longer/k.ptx")" .
expect_in "the length" "$(cat "$T/ann/longer/k.ptx")" "[^0-9]$((${#T} + 21))[^0-9]"
rm -r "$T/ann/longer"

begin "the path goes in as a hash made by the compiler"
checkouts '__host__ __device__ constexpr unsigned hash(const char *s) { unsigned h = 5381; while (*s) h = h * 33 + *s++; return h; }' <<'CODE'
#include <lib.h>
__global__ void k(unsigned *p) { constexpr unsigned h = hash(__FILE__); *p = h; }
CODE
in_checkout one
expect_counts misses=1
in_checkout two
expect_counts misses=1

begin "__FILE__ by -D, expanded in a header"
checkouts 'static __device__ const char *where() { return HERE; }' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k() { printf("%s", where()); }
CODE
stays '%/include/lib.h' -DHERE=__FILE__

begin "a macro by -D that stands for one of a header"
checkouts '#define SHOW __FILE__' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k() { printf("%s", HERE); }
CODE
stays '%/src/k.cu' -DHERE=SHOW

begin "a file by -include"
checkouts '#define SHOW __FILE__' <<'CODE'
#include <cstdio>
__global__ void k() { printf("%s", SHOW); }
CODE
stays '%/src/k.cu' -include lib.h

begin "__BASE_FILE__ in a header shows the source"
checkouts 'static __device__ const char *where() { return __BASE_FILE__; }' <<'CODE'
#include <cstdio>
#include <lib.h>
__global__ void k() { printf("%s", where()); }
CODE
stays '%/src/k.cu'

begin "__builtin_FILE as a default argument shows who calls"
checkouts '__host__ __device__ constexpr const char *where(const char *file = __builtin_FILE()) { return file; }' <<'CODE'
#include <lib.h>
template <int N> struct sized { static constexpr int n = N; };
__host__ __device__ constexpr int len(const char *s) { int n = 0; while (*s++) n++; return n; }
__global__ void k(int *p) { *p = sized<len(where())>::n; }
CODE
in_checkout one
expect_counts misses=1
in_checkout two
expect_counts misses=1

begin "a path in an #if does not show"
checkouts '#if defined(__has_builtin)
#if __has_builtin(__builtin_FILE)
static const int v = 1;
#endif
#endif' <<'CODE'
#include <lib.h>
__global__ void k(int *p) { *p = 1; }
CODE
moves

begin "debug information shows the directory"
checkouts '' <<'CODE'
__global__ void k(int *p) { *p = 1; }
CODE
in_checkout one -lineinfo
expect_counts misses=1
in_checkout two -lineinfo
expect_counts misses=1
expect_in "the line table" "$(cat "$T/ann/two/k.ptx")" "$T/ann/two/src/k.cu"

begin "... and the user may say that it need not be right"
rm -f "$T"/ann/*/k.ptx
export NVCACHE_EPHEMERAL="$T/ann/*"
in_checkout one -lineinfo
expect_counts misses=1
in_checkout two -lineinfo
expect_counts hits.manifest=1
export NVCACHE_STRICT_PATHS=1
in_checkout one -lineinfo -DSTRICT
in_checkout two -lineinfo -DSTRICT
expect_counts misses=2
unset NVCACHE_EPHEMERAL NVCACHE_STRICT_PATHS

begin "code for the linker's compiler shows where headers are, like debug information"
checkouts 'inline int f(int x) { return x + 1; }' <<'CODE'
#include <lib.h>
extern "C" int g(int x) { return f(x); }
__global__ void k(int *p) { *p = 1; }
CODE
for name in one two one; do
    (cd "$T/ann/$name" && compile -Xcompiler -flto -I"$PWD/include" "$PWD/src/k.cu" -o "$PWD/k.o")
done
expect_counts hits.manifest=1 misses=2

# says PATTERN: both checkouts' messages of the two compiles are nvcc's, and show it.
says() {
    local name
    for name in one two; do
        in_checkout $name 2>"$T/$name.err"
        (cd "$T/ann/$name" && nvcc -arch=sm_80 -ptx -I"$PWD/include" "$PWD/src/k.cu" -o "$T/plain.ptx") 2>"$T/plain.err"
        same_bytes "$T/plain.err" "$T/$name.err" || fail "messages in $name: $(diff "$T/plain.err" "$T/$name.err" | head -n 4)"
    done
    expect_in "the message" "$(cat "$T/two.err")" "$1"
}

begin "messages name the second checkout's files"
checkouts 'template <class T> __device__ T unused(T a) { int dead; return a; } template <class T> __device__ T outer(T a) { return unused<T>(a); }' <<'CODE'
#include <lib.h>
__global__ void k(int *p) { *p = outer<int>(1); }
CODE
says "(^|at line 2 of )$T/ann/two/src/k.cu"
expect_counts hits.manifest=1 misses=1

begin "what a source says of the first checkout is not made to speak of the second"
checkouts "#pragma message \"made in $T/ann/one/gen\"" <<'CODE'
#include <lib.h>
__global__ void k(int *p) { *p = 1; }
CODE
says "made in $T/ann/one/gen"
expect_counts misses=2

begin "a header that changed in the second checkout only"
checkouts 'static const int v = 1;' <<'CODE'
#include <lib.h>
__global__ void k(int *p) { *p = v; }
CODE
moves
echo 'static const int v = 77;' >"$T/ann/two/include/lib.h"
in_checkout two
expect_counts misses=1
expect_in "the constant" "$(cat "$T/ann/two/k.ptx")" ', 77;'

begin "a header that is missing in the second checkout only"
rm "$T/ann/two/include/lib.h"
(cd "$T/ann/two" && nvcache nvcc -arch=sm_80 -ptx -I"$PWD/include" "$PWD/src/k.cu" -o k.ptx 2>"$T/err") &&
    fail "it compiles without its header"
expect_counts failed_compiles=1
expect_in "the message" "$(cat "$T/err")" 'lib.h'
