#!/usr/bin/env bash
# A program whose objects come from nvcache tells the CUDA runtime of the same kernels and variables as nvcc's own, and its
# images have the same code: cold, after edits, from the cache.  Anonymous namespaces, sources of one name, device linking.
. "$(dirname "$0")/lib.sh"
export NVCACHE_PLAN=1

project=$E2E/../projects/gpu
flags=(--no-compress -std=c++17 -gencode "arch=compute_80,code=[sm_80,compute_80]")

# build NAME COMPILER...: compile the units below ./NAME with it, and link them.
build() {
    local name=$1 unit
    shift
    cd "$T/work/source" || exit 2
    mkdir -p "$T/$name"
    for unit in twin one/hidden two/hidden; do
        mkdir -p "$(dirname "out/$unit")"
        expect_ok "$@" "${flags[@]}" -I. -c "$unit.cu" -o "out/$unit.o"
    done
    for unit in rdc/one/twin rdc/two/twin; do
        mkdir -p "$(dirname "out/$unit")"
        expect_ok "$@" "${flags[@]}" -I. -rdc=true -c "$unit.cu" -o "out/$unit.o"
    done
    expect_ok nvcc "${flags[@]}" -dlink out/rdc/one/twin.o out/rdc/two/twin.o -o out/linked.o
    registered "$name" out/twin.o out/one/hidden.o out/two/hidden.o \
        out/rdc/one/twin.o out/rdc/two/twin.o out/linked.o
    rm -rf out
    cd "$T/work" || exit 2
}

cp -R "$project" source

begin "what nvcc's own objects register is complete"
build plain nvcc
expect_in "the registration" "$(cat "$T/plain.registered")" '^[0-9]+ function _Z9add_tablePi '
expect_in "the registration" "$(cat "$T/plain.registered")" '^[0-9]+ managed .*counted'
expect_eq "images" "$(grep -c ' image version=1$' "$T/plain.registered")" 3
expect_eq "images linked from several units" "$(grep -c ' image version=2$' "$T/plain.registered")" 1

begin "the double tells objects of other code apart"
sed -i 's/define DEVICE_TUNE 0/define DEVICE_TUNE 1/' source/tuning.h
build other nvcc
! cmp -s "$T/plain.registered" "$T/other.registered" || fail "another number in device code was not noticed"

begin "cold: after the edit"
build cold nvcache nvcc
expect_same_registered other cold

begin "after the edit is taken back, and a line more in a header"
sed -i 's/define DEVICE_TUNE 1/define DEVICE_TUNE 0/' source/tuning.h
sed -i '1i // moves all lines' source/check.h
build edited nvcache nvcc
expect_same_registered plain edited

begin "from the cache"
build warm nvcache nvcc
expect_eq "hits" "$(counts | grep -oE 'hits\.manifest=[0-9]+')" hits.manifest=5
expect_same_registered plain warm

begin "one source for two objects that are moved away from the same place: they link"
write parts.cu <<'CODE'
static __device__ int own = PART;
namespace {
__global__ void hidden(int *p) { *p = own; }
}
extern "C" int NAME(int *p) { hidden<<<1, 1>>>(p); return PART; }
CODE
for part in 1 2; do
    expect_ok nvcache nvcc "${flags[@]}" -rdc=true -DPART=$part -DNAME=part_$part -c parts.cu -o part.o
    mv part.o part_$part.o
    nvcc "${flags[@]}" -rdc=true -DPART=$part -DNAME=part_$part -c parts.cu -o part.o
    mv part.o plain_$part.o
done
for who in part plain; do
    expect_ok nvcc "${flags[@]}" -dlink ${who}_1.o ${who}_2.o -o $who.linked.o
    registered $who ${who}_1.o ${who}_2.o $who.linked.o
done
expect_same_registered plain part
