#!/usr/bin/env bash
# Outputs on a hit are as nvcc leaves them: fresh, with the right mode, whatever was there.
. "$(dirname "$0")/lib.sh"

kernel a.cu
compile -MD -MF a.d a.cu -o a.o
cp a.o expected.o

begin "modes follow the umask of the user, not of the one who stored"
for mask in 022 077 002; do
    rm -f a.o a.d
    (umask $mask && compile -MD -MF a.d a.cu -o a.o)
    wanted=$(printf '%o' $((0666 & ~0$mask)))
    expect_eq "a.o under umask $mask" "$(stat -c %a a.o)" "$wanted"
    expect_eq "a.d under umask $mask" "$(stat -c %a a.d)" "$wanted"
done
expect_counts hits.manifest=3

begin "outputs are as new as their making: make and ninja do not build again"
touch -d '1 hour ago' a.cu
compile -MD -MF a.d a.cu -o a.o
[ a.o -nt a.cu ] || fail "a.o is older than its source"
touch reference
sleep 0.02
compile -MD -MF a.d a.cu -o a.o
[ a.o -nt reference ] || fail "a.o is older than the command"

begin "an older output is replaced, not written into: other names of it keep their bytes"
echo precious >kept
ln kept linked.o
compile a.cu -o linked.o
nvcc -arch=sm_80 -c a.cu -o plainlink.o
expect_same expected.o linked.o

begin "a read-only output is replaced or refused as nvcc does it"
cp a.o ro1.o && chmod 444 ro1.o
cp a.o ro2.o && chmod 444 ro2.o
run plain nvcc -arch=sm_80 -c a.cu -o ro1.o
run hit nvcache nvcc -arch=sm_80 -c a.cu -o ro2.o
expect_eq "exit status" "$(code_of hit)" "$(code_of plain)"

begin "an output that is a symbolic link: the same file gets the bytes as with nvcc"
echo old >target1 && ln -s target1 sym1.o
echo old >target2 && ln -s target2 sym2.o
nvcc -arch=sm_80 -c a.cu -o sym1.o
compile a.cu -o sym2.o
expect_eq "what sym2.o is" "$(stat -c %F sym2.o)" "$(stat -c %F sym1.o)"
expect_same target1 target2

begin "an output directory that is gone: nvcc's own error, by nvcc"
mkdir out && compile a.cu -o out/a.o && compile a.cu -o out/a.o
rm -rf out
run hit nvcache nvcc -arch=sm_80 -c a.cu -o out/a.o
run plain nvcc -arch=sm_80 -c a.cu -o out/a.o
expect_same_run plain hit
[ "$(code_of hit)" != 0 ] || fail "exit status 0 without an output"

begin "the object in the cache is not the user's file: changing one leaves the other"
compile -MD -MF a.d a.cu -o a.o
cp a.o stored.o
echo spoiled >>a.o
compile -MD -MF a.d a.cu -o a.o
cmp -s stored.o a.o || fail "the cache gave back the spoiled object"

# linked PROGRAM: run it where the runtime may be a shared library of this toolkit.
linked() {
    LD_LIBRARY_PATH=$NVCC_DIR/../lib64 "$@"
}

begin "objects from the cache can be linked and used"
printf '#include <cstdio>\n__global__ void k(int *p);\nint main() { std::puts("linked"); }\n' >main.cu
for form in miss hit; do
    rm -f main.o a.o
    compile main.cu -o main.o
    compile a.cu -o a.o
done
expect_ok nvcc -arch=sm_80 main.o a.o -o program
expect_eq "it says" "$(linked ./program)" linked

begin "separate compilation: device code from the cache is linked"
printf '__device__ int twice(int a) { return a + a; }\n' >dev.cu
printf 'extern __device__ int twice(int);\n__global__ void k(int *p) { *p = twice(*p); }\nint main() { return sizeof(&k) == 0; }\n' >use.cu
for form in miss hit; do
    for unit in dev use; do
        rm -f $unit.o
        expect_ok nvcache nvcc -arch=sm_80 -dc $unit.cu -o $unit.o
    done
done
expect_ok nvcc -arch=sm_80 dev.o use.o -o program
expect_ok linked ./program

begin "equal sources in two places, linked together: each object is its own"
for place in left right; do
    mkdir -p $place
    printf 'namespace { __global__ void k(int *p) { *p = 1; } }\nvoid PLACE(int *p) { k<<<1, 1>>>(p); }\n' >$place/same.cu
    for form in miss hit; do
        (cd $place && nvcache nvcc -arch=sm_80 -DPLACE=place_$place -c same.cu -o same.o)
    done
    (cd $place && nvcc -arch=sm_80 -DPLACE=place_$place -c same.cu -o plain.o)
    plans || expect_same $place/plain.o $place/same.o
done
mkdir -p third && cp left/same.cu third/
(cd third && nvcache nvcc -arch=sm_80 -DPLACE=place_left -c same.cu -o same.o)
(cd third && nvcc -arch=sm_80 -DPLACE=place_left -c same.cu -o plain.o)
plans || expect_same third/plain.o third/same.o
printf 'void place_left(int *); void place_right(int *);\nint main(int c, char **) { if (c > 9) { place_left(0); place_right(0); } }\n' >both.cu
expect_ok nvcc -arch=sm_80 both.cu left/same.o right/same.o -o both
