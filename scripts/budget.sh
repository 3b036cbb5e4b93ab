#!/usr/bin/env bash
# What a hit may cost: instructions by stage (callgrind) and system calls (strace) of two units, beside
# the numbers recorded in scripts/budget.txt.  Both repeat to a few in a thousand however busy the machine is;
# they depend on PATH, on the toolkit's place and on the compiler, so the numbers are of one machine and the
# growth is what to look at.
#
#   scripts/budget.sh            print, and fail when a total has grown by more than a tenth
#   scripts/budget.sh --record   write scripts/budget.txt anew
set -eu
. "$(dirname "$0")/lib.sh"

stages='config_load command_parse command_classify store_open tools_identify roots_init key_compute lookup manifest_unpack validate replay counters_add_to'
recorded=$ROOT/scripts/budget.txt
NVCC=$(find_nvcc) || die "no CUDA compiler"
have valgrind && have strace || die "needs valgrind and strace"
if [ -z "${NVCACHE:-}" ]; then
    quiet budget-build cmake --preset release -S "$ROOT" -B "$BUILD/release"
    quiet budget-build cmake --build "$BUILD/release" -j "$(jobs_count)"
    NVCACHE=$BUILD/release/nvcache
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export NVCACHE_DIR=$place/cache
unset NVCACHE_LOG
cd "$place"
echo '__global__ void k(int *p) { *p = 1; }' >tiny.cu
echo '#include <cub/block/block_reduce.cuh>' | cat - tiny.cu >cub.cu

# measure UNIT: lines "UNIT.stage number".
measure() {
    local words="-arch=sm_80 -MD -MF $1.d -c $1.cu -o $1.o" stage
    # shellcheck disable=SC2086
    hit() { "$@" "$NVCACHE" "$NVCC" $words; }
    # valgrind sets LD_PRELOAD, which is in the key.
    hit env
    hit valgrind --tool=callgrind --callgrind-out-file=out 2>log
    sleep 2.1
    hit env
    hit valgrind --tool=callgrind --callgrind-out-file=out 2>log
    rm -f "$1.o" "$1.d"
    hit valgrind --tool=callgrind --callgrind-out-file=out 2>log
    awk -v unit="$1" '/Collected/ { gsub(",", ""); print unit ".instructions", $NF }' log
    callgrind_annotate --inclusive=yes --threshold=100 out >page 2>/dev/null
    for stage in $stages; do
        awk -v unit="$1" -v stage="$stage" 'index($0, ":" stage " ") || index($0, ":" stage ".") {
            gsub(",", ""); print unit "." stage, $1; exit }' page
    done
    rm -f "$1.o" "$1.d"
    hit strace -f -c -o calls
    awk -v unit="$1" '$NF == "total" { print unit ".syscalls", $(NF - 2) }' calls
    awk -v unit="$1" '$NF == "newfstatat" || $NF == "stat" { print unit ".stats", $4 }' calls
}

measure tiny >now
measure cub >>now
"$NVCACHE" stats --json | grep -q '"manifest": *8' || die "a run was no hit"
if [ "${1:-}" = --record ]; then
    cp now "$recorded"
fi
awk 'NR == FNR { was[$1] = $2; next }
    {
        growth = was[$1] > 0 ? 100 * ($2 / was[$1] - 1) : 0
        printf "%-26s %10d  recorded %10d  %+6.1f %%\n", $1, $2, was[$1], growth
        if ($1 ~ /(instructions|syscalls)$/ && growth > 10) bad++
    }
    END { if (bad) print bad " totals have grown"; exit bad > 0 }' "$recorded" now
