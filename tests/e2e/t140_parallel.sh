#!/usr/bin/env bash
# Many at once, on one cache: every object right, every outcome counted.
. "$(dirname "$0")/lib.sh"

for i in 1 2 3 4; do
    kernel k$i.cu k$i "*p = $i;"
    nvcc -arch=sm_80 -c k$i.cu -o expected$i.o &
done
wait

begin "twelve compiles of four sources at once: all right, all counted"
for round in a b c; do
    for i in 1 2 3 4; do
        compile k$i.cu -o got$i$round.o &
    done
done
wait
for round in a b c; do
    for i in 1 2 3 4; do expect_same expected$i.o got$i$round.o; done
done
# The three rounds differ in the output's name, so any mix of hits and misses is right.
total=$(counts | tr ' ' '\n' | sed 's/.*=//' | paste -sd+ | bc 2>/dev/null || counts | tr ' ' '\n' | awk -F= '{ n += $2 } END { print n }')
expect_eq "outcomes" "$total" 12
expect_not_in "counts" "$(counts)" errors
expect_clean_tmp

begin "forty hits at once"
mark
for times in 1 2 3 4 5 6 7 8 9 10; do
    for i in 1 2 3 4; do
        compile k$i.cu -o got${i}a.o &
    done
done
wait
expect_counts hits.manifest=40
for i in 1 2 3 4; do expect_same expected$i.o got${i}a.o; done

begin "compiles while another process clears the cache"
for times in 1 2 3 4 5; do
    nvcache clear >/dev/null 2>&1 &
    for i in 1 2 3 4; do
        (compile k$i.cu -o clear$i.o || echo broken >"$T/broken") &
    done
    wait
done
expect_no_file "$T/broken"
for i in 1 2 3 4; do expect_same expected$i.o clear$i.o; done

begin "the cache directory removed while compiles run"
for times in 1 2 3; do
    for i in 1 2 3 4; do
        (compile k$i.cu -o gone$i.o || echo broken >"$T/broken") &
    done
    rm -rf "$NVCACHE_DIR"
    wait
done
expect_no_file "$T/broken"
for i in 1 2 3 4; do expect_same expected$i.o gone$i.o; done
