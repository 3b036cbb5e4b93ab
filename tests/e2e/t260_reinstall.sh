#!/usr/bin/env bash
# Installing the same thing again: every directory is new, nothing is compiled.  Without any
# setting.
. "$(dirname "$0")/lib.sh"

# Where each of three installations has things: the sources unpacked by pip (from a file, from an index) or uv, the build
# directory of setuptools, the isolated environment of pip or uv.
place() {
    build_dir=$T/tmp/tmpq${1}s_abc1.build-temp
    env_dir=$T/tmp/pip-build-env-x$1
    case $1 in
    1) source_dir=$T/tmp/pip-req-build-a1 ;;
    2)
        source_dir=$T/home/.cache/uv/sdists-v11/pypi/ops/1.0/VmFB-h9eky3sjxeb/src
        env_dir=$T/home/.cache/uv/builds-v0/.tmpAb2
        ;;
    3) source_dir=$T/tmp/pip-install-a3/ops_32444bc6a2a441419805c4d632d312ca ;;
    esac
    torch=$env_dir/lib/python3.11/site-packages/torch/include
}

unpack() {
    place "$1"
    mkdir -p "$torch/ATen" "$build_dir"
    echo '#include "inner.h"' >"$torch/ATen/ATen.h"
    cat >"$torch/ATen/inner.h" <<'CODE'
#pragma once
#include <cassert>
#define TORCH_CHECK(x) assert(x)
inline __host__ __device__ int twice(int x) { TORCH_CHECK(x > 0); return 2 * x; }
CODE
    write "$source_dir/csrc/ops.cu" <<'CODE'
#include <torch.h>
#include "local.h"
namespace { __global__ void hidden(int *p) { TORCH_CHECK(*p > 1); *p = twice(LOCAL); } }
void launch(int *p) { hidden<<<1, 1>>>(p); }
CODE
    echo '#define LOCAL 3' >"$source_dir/csrc/local.h"
    echo '#include <ATen/ATen.h>' >"$torch/torch.h"
}

remove() {
    place "$1"
    rm -rf "$source_dir" "$build_dir" "$env_dir"
}

# build FLAGS...: as setuptools does it, with absolute names, in the build directory.
build() {
    (cd "$build_dir" && nvcache nvcc -arch=sm_80 -c "$source_dir/csrc/ops.cu" -o "$build_dir/ops.o" \
        -isystem "$torch" --generate-dependencies-with-compile --dependency-output "$build_dir/ops.o.d" "$@")
}

for flags in '' '-g' '-lineinfo'; do
    begin "a second installation, '$flags': everything is elsewhere, the first one is gone"
    unpack 1
    build $flags || fail "it does not compile"
    expect_counts misses=1
    remove 1
    unpack 2
    build $flags || fail "it does not compile again"
    expect_counts hits.manifest=1
    (cd "$build_dir" && nvcc -arch=sm_80 -c "$source_dir/csrc/ops.cu" -o plain.o -isystem "$torch" \
        --generate-dependencies-with-compile --dependency-output "$T/plain.d" $flags)
    expect_eq "the dependencies" "$(sed 's/plain\.o/ops.o/' "$T/plain.d" | tr -s ' \\\n' ' ')" \
        "$(sed "s,$build_dir/ops,ops," ops.o.d 2>/dev/null || sed "s,$build_dir/ops,ops," "$build_dir/ops.o.d" | tr -s ' \\\n' ' ')"
    expect_not_in "the dependencies" "$(cat "$build_dir/ops.o.d")" 'build-env-x1|build-a1|tmpq1s'
    remove 2
done

begin "an environment that shows a changed header, while the first is still there unchanged"
unpack 1
build
expect_counts hits.manifest=1
unpack 3
sed -i 's/2 \* x/3 * x/' "$torch/ATen/inner.h"
build
expect_counts misses=1
begin "... a changed source"
unpack 3
echo 'int more;' >>"$source_dir/csrc/ops.cu"
build
expect_counts misses=1
begin "... a changed header beside the source"
unpack 3
echo '#define LOCAL 4' >"$source_dir/csrc/local.h"
build
expect_counts misses=1
begin "... a header that is missing in the new environment"
unpack 3
rm "$torch/ATen/inner.h"
build 2>"$T/err" && fail "it compiles without its header"
expect_counts failed_compiles=1
begin "... a new header that is found first"
unpack 3
echo '#define LOCAL 5' >"$source_dir/csrc/torch.h"
build 2>/dev/null
expect_counts hits.manifest=1
mkdir "$source_dir/csrc/ATen"
cp "$torch/torch.h" "$source_dir/csrc/torch.h"
sed -i 's/<torch.h>/"torch.h"/' "$source_dir/csrc/ops.cu"
build
expect_counts misses=1
echo 'int found_first;' >"$source_dir/csrc/torch.h"
build 2>/dev/null && fail "the old header was used"
expect_counts failed_compiles=1

begin "an environment of symbolic links into the installer's cache, thousands of headers"
remove 1
remove 3
unpack 1
$PYTHON - "$T/s" "$torch" <<'CODE'
import os, sys
store, torch = sys.argv[1:]
os.makedirs(store)
for i in range(4200):
    with open(f"{store}/h{i}.h", "w") as header:
        header.write(f"#pragma once\n#define H{i}\n")
    os.symlink(f"{store}/h{i}.h", f"{torch}/ATen/h{i}.h")
with open(f"{torch}/ATen/inner.h", "a") as inner:
    inner.writelines(f'#include "h{i}.h"\n' for i in range(4200))
CODE
build
expect_counts misses=1
cp -a "$torch" "$T/torch"
remove 1
unpack 2
rm -r "$torch" && mv "$T/torch" "$torch"
build
expect_counts hits.manifest=1
echo '#define LOCAL 9' >"$torch/ATen/other.h"
ln -sf other.h "$torch/ATen/h17.h"
build 2>/dev/null
expect_counts misses=1
remove 2

begin "a header whose callers' paths show, and a directory that is not temporary beside it"
with_callers() {
    unpack "$1"
    echo 'inline const char *where(const char *file = __builtin_FILE()) { return file; }' >>"$torch/ATen/inner.h"
    mkdir -p "$T/python/include" && echo '#define PY 1' >"$T/python/include/Python.h"
    sed -i '1i #include <Python.h>\n#include <string>' "$source_dir/csrc/ops.cu"
    build "-I$T/python/include" || fail "it does not compile"
    remove "$1"
}
with_callers 1
expect_counts misses=1
with_callers 2
expect_counts hits.manifest=1

begin "NVCACHE_STRICT_PATHS: what a result shows is never another directory"
remove 1
remove 3
unpack 1
NVCACHE_STRICT_PATHS=1 build
remove 1
unpack 2
NVCACHE_STRICT_PATHS=1 build
expect_counts misses=2
remove 2

begin "messages name the current directories"
unpack 1
echo '#warning careful' >>"$torch/ATen/ATen.h"
warn() {
    (cd "$build_dir" && nvcache nvcc -arch=sm_80 -c "$source_dir/csrc/ops.cu" -o "$build_dir/ops.o" -I "$torch" -Xptxas -v 2>&1)
}
first=$(warn)
remove 1
unpack 2
echo '#warning careful' >>"$torch/ATen/ATen.h"
second=$(warn)
expect_counts hits.manifest=1 misses=1
plain=$(cd "$build_dir" && nvcc -arch=sm_80 -c "$source_dir/csrc/ops.cu" -o "$build_dir/ops.o" -I "$torch" -Xptxas -v 2>&1)
# An assertion's message in device memory is as long as the directory's name of the first time.
hashed='s/[0-9]+ bytes gmem/gmem/; s/_[0-9a-f]{8}_[0-9]+_ops_cu_[0-9a-f]{8}/_HASH/g; s/Compile time = [0-9.]+ ms/Compile time/; s/_GLOBAL__N__[0-9a-f_a-z]*//g'
# Asked for a dependency list, as it is by nvcache, nvcc preprocesses for all passes first: with nvcc 11, before ptxas speaks.
order=cat
[[ $(nvcc --version) != *'release 11'* ]] || order=sort
expect_eq "what it prints" "$(printf '%s\n' "$second" | sed -E "$hashed" | $order)" "$(printf '%s\n' "$plain" | sed -E "$hashed" | $order)"
expect_in "what the first prints" "$first" careful
remove 2
