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

# lies WHAT COMMAND OPTION...: in a directory of its own, with what COMMAND puts at the output's
# place: what nvcc leaves there, what a hit leaves, and what a step whose input is known.
lies() {
    local what=$1 put=$2
    shift 2
    begin "$what lies at the output's place: nvcc $*"
    rm -rf lies
    mkdir lies
    kernel lies/a.cu
    for way in first plain hit step; do
        (cd lies && rm -rf now && mkdir now && cd now && { [ $way = first ] || eval "$put"; })
        [ $way != step ] || echo '// more' >>lies/a.cu
        settle
        case $way in
        first) nvcache nvcc "$@" lies/a.cu -o lies/now/it ;;
        plain) run $way nvcc "$@" lies/a.cu -o lies/now/it ;;
        *) run $way nvcache nvcc "$@" lies/a.cu -o lies/now/it ;;
        esac
        rm -rf lies/$way && cp -a lies/now lies/$way
    done
    for way in hit step; do
        expect_same_run plain $way
        expect_same_tree lies/plain lies/$way
    done
}
for options in '-arch=sm_80 -c' '-arch=sm_80 -cubin'; do
    for content in '' old; do
        lies "a file with another name (${content:-empty})" "printf '$content' >other; ln other it" $options
        lies "a link (${content:-empty})" "printf '$content' >other; chmod 640 other; ln -s other it" $options
        lies "a file with a mode of its own (${content:-empty})" "printf '$content' >it; chmod 751 it" $options
    done
    lies "a link to nothing" "ln -s other it" $options
    lies "a link into nowhere" "ln -s no/other it" $options
done
if clang++ --version >/dev/null 2>&1 && (kernel c.cu && nvcc -ccbin clang++ -arch=sm_80 -c c.cu -o c.o) >/dev/null 2>&1; then
    lies "a file with another name (clang)" "echo old >other; ln other it" -ccbin clang++ -arch=sm_80 -c
    lies "a link to an empty file (clang)" "touch other; ln -s other it" -ccbin clang++ -arch=sm_80 -c
    lies "a link to nothing (clang)" "ln -s other it" -ccbin clang++ -arch=sm_80 -c
fi

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
