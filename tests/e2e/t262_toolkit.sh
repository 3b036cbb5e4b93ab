#!/usr/bin/env bash
# The same CUDA in another prefix: a conda environment, a wheel in a venv, another container.
. "$(dirname "$0")/lib.sh"

if brings_host; then
    begin "the toolkit in two other places"
    skip "this one brings its host compiler: that would be in another place, too, and counts"
    exit 0
fi

# toolkit DIR: nvcc's toolkit there, without its libraries.  It is a copy: a hard link would change
# the change time of files that others compile with.
toolkit() {
    local part
    mkdir -p "$1"
    for part in "$(readlink -f "$NVCC_DIR/..")"/*; do
        case $(basename "$part") in
        lib* | dist-info | share | nsight* | compute-sanitizer | extras) ;;
        *) cp -a "$part" "$1" ;;
        esac
    done
}

# by DIR ARGUMENTS...: compile k.cu with the toolkit there.
by() {
    local dir=$1
    shift
    nvcache "$dir/bin/nvcc" -arch=sm_80 -c k.cu -o k.o "$@"
}

write k.cu <<'CODE'
#include <cuda/std/array>
#include <cassert>
__global__ void k(int *p)
{
    cuda::std::array<int, 4> a{1, 2, 3, 4};
    assert(*p < 4);
    *p = a[*p];
}
CODE
begin "the toolkit in two other places; the first is gone"
toolkit "$T/conda/envs/a"
toolkit "$T/venv/lib/python3.11/site-packages/nvidia/cu13"
by "$T/conda/envs/a" -MD -MF a.d
expect_counts misses=1
mv "$T/conda/envs/a" "$T/conda/envs/renamed"
by "$T/venv/lib/python3.11/site-packages/nvidia/cu13" -MD -MF b.d
expect_counts hits.manifest=1
"$T/venv/lib/python3.11/site-packages/nvidia/cu13/bin/nvcc" -arch=sm_80 -c k.cu -o k.o -MD -MF plain.d
cmp -s b.d plain.d || fail "the dependency file: $(diff b.d plain.d | head -4)"

begin "its include directory given as well, as CMake does"
for dir in "$T/conda/envs/renamed" "$T/venv/lib/python3.11/site-packages/nvidia/cu13"; do
    by "$dir" -isystem "$dir/include" -isystem "$dir/include/cccl"
done
expect_counts hits.manifest=1 misses=1

begin "with debug information"
for dir in "$T/conda/envs/renamed" "$T/venv/lib/python3.11/site-packages/nvidia/cu13"; do
    by "$dir" -g -lineinfo
done
expect_counts hits.manifest=1 misses=1

begin "strict: each shows where it is"
for dir in "$T/conda/envs/renamed" "$T/venv/lib/python3.11/site-packages/nvidia/cu13"; do
    NVCACHE_STRICT_PATHS=1 by "$dir" -lineinfo
done
expect_counts misses=2

begin "a toolkit whose header differs, while the first is still there"
header=$(readlink -f "$(find -L "$T/conda/envs/renamed/" -path '*cuda/std/array' | head -n 1)")
by "$T/conda/envs/renamed"
cp "$header" "$T/header"
rm "$header" # it may be shared
{ cat "$T/header" && echo '// more'; } >"$header"
by "$T/conda/envs/renamed"
expect_counts misses=2
by "$T/venv/lib/python3.11/site-packages/nvidia/cu13"
expect_counts hits.manifest=1

# deep TEXT...: k2.cu with that toolkit, which has each text for the last pass only, in the header $deep; is it in the object?
deep() {
    local text
    cp "$deep" "$T/deep"
    for text; do
        { cat "$T/deep" && printf '#if !defined __CUDACC__ && !defined SEEN_DEEP\n#define SEEN_DEEP\nint visible_%s;\n#endif\n' "$text"; } >"$deep"
        settle
        "$T/conda/envs/renamed/bin/nvcc" -arch=sm_80 -c k2.cu -o expected.o
        if ! nm expected.o | grep -q visible_; then
            skip "the last pass of this nvcc does not read ${deep##*/}"
            break
        fi
        NVCACHE_PLAN=1 nvcache "$T/conda/envs/renamed/bin/nvcc" -arch=sm_80 -c k2.cu -o got.o
        expect_same expected.o got.o
    done
    cp "$T/deep" "$deep"
}

begin "a header of it that shows other text to the last pass only, behind those that this begins with"
kernel k2.cu
NVCACHE_PLAN=1 nvcache "$T/conda/envs/renamed/bin/nvcc" -arch=sm_80 -c k2.cu -o k2.o
deep=$(find -L "$T/conda/envs/renamed/" -path '*/crt/math_functions.hpp' | head -n 1)
cp "$deep" "$T/header" && rm "$deep" && cp "$T/header" "$deep"
deep one two

begin "one that appears there before the system's, with text for the last pass only"
deep=$(dirname "$(dirname "$deep")")/features.h
echo '#include_next <features.h>' >"$deep"
deep three four
rm "$deep"

begin "a toolkit behind a link that is pointed elsewhere"
ln -s "$T/conda/envs/renamed" "$T/cuda"
by "$T/cuda"
ln -sfn "$T/venv/lib/python3.11/site-packages/nvidia/cu13" "$T/cuda"
by "$T/cuda"
expect_counts hits.manifest=2

begin "strict, with line information, which names its headers through the link or by their real path"
sed -i '/^\/\/ more$/d' "$header" # both are equal again: only the names can count
for dir in "$T/venv/lib/python3.11/site-packages/nvidia/cu13" "$T/conda/envs/renamed"; do # first through the link
    ln -sfn "$dir" "$T/cuda"
    NVCACHE_STRICT_PATHS=1 by "$T/cuda" -lineinfo
    "$T/cuda/bin/nvcc" -arch=sm_80 -c k.cu -o plain.o -lineinfo
    expect_same plain.o k.o
    mv plain.o "plain.$(basename "$dir").o"
done
if cmp -s plain.cu13.o plain.renamed.o; then
    mark
    skip "this gcc names them alike"
else
    expect_counts misses=2
fi

begin "another header behind that link"
echo '// and more' >>"$header"
ln -sfn "$T/conda/envs/renamed" "$T/cuda"
by "$T/cuda"
expect_counts misses=1
