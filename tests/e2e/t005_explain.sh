#!/usr/bin/env bash
# nvcache explain: the same compile, and why it was a hit, a miss or neither.
. "$(dirname "$0")/lib.sh"
export NVCACHE_PLAN=1

write k.cu <<'CODE'
#include "value.h"
__global__ void k(int *p) { *p = VALUE; }
CODE
write value.h <<<'#define VALUE 1'

begin "a first compile says so, names each step, and leaves the object of nvcc"
nvcc -c -arch=sm_80 k.cu -o plain.o
run first nvcache explain nvcc -c -arch=sm_80 k.cu -o k.o
expect_eq "exit status" "$(code_of first)" 0
expect_eq "first line" "$(head -n 1 "$T/first.out")" "miss: first time this command is seen"
expect_in page "$(cat "$T/first.out")" 'ran +cicc compute_80 +[0-9]+ ms +its preprocessed text is new'
expect_in page "$(cat "$T/first.out")" 'memory: .* at most'
expect_same plain.o k.o

begin "a hit has nothing to explain"
run hit nvcache explain nvcc -c -arch=sm_80 k.cu -o k.o
expect_eq page "$(cat "$T/hit.out")" "hit: every input unchanged"

begin "a changed header is named"
write value.h <<<'#define VALUE 2'
run changed nvcache explain nvcc -c -arch=sm_80 k.cu -o k.o
expect_in "first line" "$(head -n 1 "$T/changed.out")" '\(value\.h\)$'

begin "an architecture more: what is reused, and which input made a step run"
run more nvcache explain nvcc -c -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 k.cu -o k.o
expect_in page "$(cat "$T/more.out")" 'reused +ptxas sm_80'
expect_in page "$(cat "$T/more.out")" 'ran +ptxas sm_90 +[0-9]+ ms +its PTX is new'
expect_in page "$(cat "$T/more.out")" '^hit: some of the compiler'

begin "what is not for the cache: the option, and nvcc's own exit status and message"
run wrong nvcc -c k.cu --no-such-option
run ours nvcache explain nvcc -c k.cu --no-such-option
expect_eq "exit status" "$(code_of ours)" "$(code_of wrong)"
expect_eq "stderr" "$(cat "$T/ours.err")" "$(cat "$T/wrong.err")"
expect_in page "$(cat "$T/ours.out")" '^not for the cache: .*--no-such-option'

begin "settings before it are those of the compile"
run forced nvcache recache=yes explain nvcc -c -arch=sm_80 k.cu -o k.o
expect_in page "$(head -n 1 "$T/forced.out")" '^miss: .*NVCACHE_RECACHE'

begin "without a command it says what to write; its log is gone"
run none nvcache explain
expect_eq "exit status" "$(code_of none)" 2
expect_in stderr "$(cat "$T/none.err")" 'nvcache explain nvcc ARGS'
expect_clean_tmp
