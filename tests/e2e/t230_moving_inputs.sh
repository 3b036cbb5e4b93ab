#!/usr/bin/env bash
# Inputs that change while they are compiled, and change back.
. "$(dirname "$0")/lib.sh"

write c/use.cu <<'CODE'
#include <value.h>
__global__ void k(int *p) { *p = VALUE; }
CODE
mkdir -p c/inc
echo '#define VALUE 1' >c/inc/value.h
echo '#define VALUE 2' >c/two.h
touch -d 2020-01-01 c/inc/value.h c/two.h

begin "a header is changed while it is compiled, and changed back with its old time"
during 'echo "#define VALUE 3" >c/inc/value.h; sleep 2; echo "#define VALUE 1" >c/inc/value.h; touch -d 2020-01-01 c/inc/value.h'
compile -Ic/inc c/use.cu -o got.o
wait
still_right -Ic/inc c/use.cu

begin "a header is moved away while it is compiled, another put there, and moved back"
sed -i 's/VALUE;/VALUE + 1;/' c/use.cu
during 'mv c/inc/value.h c/kept.h; mv c/two.h c/inc/value.h; sleep 2; mv c/inc/value.h c/two.h; mv c/kept.h c/inc/value.h'
compile -Ic/inc c/use.cu -o got.o
wait
still_right -Ic/inc c/use.cu

begin "a directory is renamed while it is compiled, another put there, and renamed back"
sed -i 's/VALUE + 1;/VALUE + 2;/' c/use.cu
mkdir c/other && cp -a c/two.h c/other/value.h
sleep 0.05
during 'mv c/inc c/away; mv c/other c/inc; sleep 2; mv c/inc c/other; mv c/away c/inc'
compile -Ic/inc c/use.cu -o got.o
wait
still_right -Ic/inc c/use.cu

begin "others write above the working directory while an output appears in it, and a header is named with two dots"
mkdir -p c/dots/src
echo '#include "../../inc/value.h"' >c/dots/src/use.cu
grep -v include c/use.cu >>c/dots/src/use.cu
sleep 0.05
cd c/dots || exit 2
during 'for n in 1 2 3 4 5 6 7 8; do echo >../written; rm ../written; sleep 0.1; done'
mark
compile src/use.cu -o got.o
wait
expect_counts misses=1
compile src/use.cu -o got.o
expect_counts hits.manifest=1
cd ../..

begin "a directory above it is renamed and renamed back"
mkdir -p c/top/inc c/top2/inc && cp -a c/inc/value.h c/top/inc/ && cp -a c/two.h c/top2/inc/value.h
sleep 0.05
during 'mv c/top c/away; mv c/top2 c/top; sleep 2; mv c/top c/top2; mv c/away c/top'
compile -Ic/top/inc c/use.cu -o got.o
wait
still_right -Ic/top/inc c/use.cu

begin "a link to a directory is pointed elsewhere while it is compiled, and back"
ln -s inc c/link
sleep 0.05
during 'ln -sfn other c/link; sleep 2; ln -sfn inc c/link'
compile -Ic/link c/use.cu -o got.o
wait
still_right -Ic/link c/use.cu

begin "a header that is a link is pointed elsewhere while it is compiled, and back"
mkdir c/links && ln -s ../inc/value.h c/links/value.h
sleep 0.05
during 'ln -sfn ../two.h c/links/value.h; sleep 2; ln -sfn ../inc/value.h c/links/value.h'
compile -Ic/links c/use.cu -o got.o
wait
still_right -Ic/links c/use.cu

begin "an options file is changed while the command is on its way"
kernel o.cu k '*p = VALUE;'
echo '-DVALUE=1' >options
sleep 0.05
(
    for i in $(seq 60); do
        echo "-DVALUE=$((i % 2 + 1))" >options.new && mv options.new options
        sleep 0.01
    done
    echo '-DVALUE=1' >options
) &
compile -optf options o.cu -o got.o 2>/dev/null
wait
still_right -optf options o.cu

begin "the source is changed while it is compiled, and changed back"
kernel s.cu k '*p = 1;'
cp s.cu s.kept
during 'sed -i "s/= 1/= 2/" s.cu; sleep 2; cp s.kept s.cu'
compile s.cu -o got.o
wait
still_right s.cu

begin "a header that was written a moment before is taken as it is"
for i in 1 2 3 4 5 6; do
    echo "#define VALUE $((i % 3))" >c/inc/value.h
    command nvcache nvcc -arch=sm_80 -c -Ic/inc c/use.cu -o got.o
    nvcc -arch=sm_80 -c -Ic/inc c/use.cu -o expected.o
    expect_same expected.o got.o
done
