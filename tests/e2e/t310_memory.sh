#!/usr/bin/env bash
# Memory with a real nvcc: fewer threads give the same object, a compile that the kernel killed is run again, one that
# somebody else killed is not.  What needs many compiles is in tests/fault/t100_memory.py.
. "$(dirname "$0")/lib.sh"
export NVCACHE_LOG=$T/log

three='-gencode arch=compute_75,code=sm_75 -gencode arch=compute_80,code=sm_80 -gencode arch=compute_86,code=sm_86'
kernel a.cu
begin "threads are lowered when there is no memory for all of them: the same object, the same key"
# shellcheck disable=SC2086
nvcc $three -t 3 -c a.cu -o plain.o
# shellcheck disable=SC2086
NVCACHE_MEMORY=1500M nvcache nvcc $three -t 3 -c a.cu -o low.o
expect_in log "$(cat "$NVCACHE_LOG")" 'memory.admit need_mib=1088 from=prior lanes=1 '
expect_eq "memory.fewer_threads" "$(stat_of memory.fewer_threads)" 1
cp low.o kept.o
expect_same plain.o low.o
# shellcheck disable=SC2086
nvcache nvcc $three -t 3 -c a.cu -o low.o
expect_counts hits.manifest=1 misses=1
cmp -s low.o kept.o || fail "the hit is another object"

begin "with memory for all of them they all run, and what the tree used is known"
# shellcheck disable=SC2086
NVCACHE_RECACHE=1 nvcache nvcc $three -t 3 -c a.cu -o all.o
expect_in log "$(cat "$NVCACHE_LOG")" 'memory.admit need_mib=[0-9]+ from=unit lanes=3 '
expect_eq "memory.fewer_threads" "$(stat_of memory.fewer_threads)" 1
[ "$(stat_of memory.peak_bytes)" -gt $((40 << 20)) ] || fail "peak $(stat_of memory.peak_bytes)"

# A toolkit of links whose cicc is a script.
toolkit=$T/toolkit
real=$(dirname "$(dirname "$(readlink -f "$NVCC")")")
mkdir -p "$toolkit/bin" "$toolkit/nvvm/bin"
for file in "$real"/* "$real"/nvvm/*; do
    name=${file#"$real/"}
    case $name in
    bin | nvvm | nvvm/bin) ;;
    *) ln -s "$file" "$toolkit/$name" ;;
    esac
done
cp -r "$real"/bin/. "$toolkit/bin/"

cicc() { # write the script from standard input
    write "$toolkit/nvvm/bin/cicc"
    chmod +x "$toolkit/nvvm/bin/cicc"
    touch -d '1 hour ago' "$toolkit/nvvm/bin/cicc"
}

begin "watch names the step and the architecture"
cicc <<CODE
#!$(command -v "$PYTHON")
import os, sys, time
time.sleep(2)
os.execv("$real/nvvm/bin/cicc", ["cicc", *sys.argv[1:]])
CODE
kernel seen.cu
nvcache "$toolkit/bin/nvcc" -arch=sm_80 -c seen.cu -o seen.o &
for _ in $(seq 50); do
    sleep 0.1
    run watch nvcache watch --once
    ! grep -q 'cicc compute_80' "$T/watch.out" || break
done
wait $!
expect_in page "$(cat "$T/watch.out")" '^seen\.cu +cicc compute_80 +[0-9]+ s .*MiB'

begin "a cicc that somebody killed: nvcc's exit status and words, and not again"
cicc <<CODE
#!/bin/sh
echo run >>"$T/runs"
kill -9 \$\$
CODE
kernel b.cu
run plain "$toolkit/bin/nvcc" -arch=sm_80 -c b.cu -o b.o
rm "$T/runs"
run killed nvcache "$toolkit/bin/nvcc" -arch=sm_80 -c b.cu -o b.o
expect_same_run plain killed
! plans || expect_in log "$(cat "$NVCACHE_LOG")" 'plan\.end result=killed '
expect_eq "runs of cicc" "$(wc -l <"$T/runs")" 1
expect_eq "memory.rescued" "$(stat_of memory.rescued)" 0

# In a cgroup that kills: cicc asks for more than there is, the first time.
if [ -d /sys/fs/cgroup/memory ]; then
    cgroup=/sys/fs/cgroup/memory/nvcache-e2e-$$ limit=memory.limit_in_bytes
else
    cgroup=/sys/fs/cgroup/nvcache-e2e-$$ limit=memory.max
fi
in_cgroup() { # COMMAND...
    (
        echo "$BASHPID" >"$cgroup/cgroup.procs"
        exec "$@"
    )
}

if ! mkdir "$cgroup" 2>"$T/out" || ! echo 700M >"$cgroup/$limit"; then
    begin "a cicc that the kernel killed"
    skip "no memory cgroup can be made here"
    exit
fi
trap 'rmdir "$cgroup"; at_exit' EXIT

begin "a cicc that the kernel killed is run again, and then all is as if nothing had been"
cicc <<CODE
#!/bin/sh
[ -e "$T/second" ] && exec "$real/nvvm/bin/cicc" "\$@"
touch "$T/second"
exec $PYTHON -c 'bytearray(1 << 30)'
CODE
write warn.cu <<'CODE'
__global__ void k(int *p)
{
    int unused;
    *p = 1;
}
CODE
nvcc -arch=sm_80 -c warn.cu -o plain.o 2>"$T/plain.err"
settle
run saved in_cgroup "$T/bin/nvcache" "$toolkit/bin/nvcc" -arch=sm_80 -c warn.cu -o saved.o
expect_eq "exit status" "$(code_of saved)" 0
expect_same plain.o saved.o
expect_eq "memory.rescued" "$(stat_of memory.rescued)" 1
expect_eq "the warning is said once" "$(grep -c 'was declared but never referenced' "$T/saved.err")" 1
expect_in stderr "$(cat "$T/saved.err")" '^nvcache: warn.cu was killed for want of memory; it is compiled again'
run hit nvcache "$toolkit/bin/nvcc" -arch=sm_80 -c warn.cu -o saved.o
expect_eq "a hit says what nvcc says, no more" "$(cat "$T/hit.err")" "$(cat "$T/plain.err")"

begin "one that is killed again: nvcc's exit status, and a line that says what to do"
cicc <<CODE
#!/bin/sh
echo run >>"$T/runs"
exec $PYTHON -c 'bytearray(1 << 30)'
CODE
rm -f "$T/runs"
kernel c.cu
run plain in_cgroup "$toolkit/bin/nvcc" -arch=sm_80 -c c.cu -o c.o
rm "$T/runs"
run lost in_cgroup "$T/bin/nvcache" "$toolkit/bin/nvcc" -arch=sm_80 -c c.cu -o c.o
expect_eq "exit status" "$(code_of lost)" "$(code_of plain)"
expect_eq "runs of cicc" "$(wc -l <"$T/runs")" 2
expect_in stderr "$(tail -n 1 "$T/lost.err")" '^nvcache: c.cu was killed for want of memory again: it had [0-9.]+ MiB and needs more; there are 700 MiB in all'
expect_eq "memory.out_of_memory" "$(stat_of memory.out_of_memory)" 1
expect_no_file c.o

begin "NVCACHE_QUIET: nvcc's words only"
NVCACHE_QUIET=1 run quiet in_cgroup "$T/bin/nvcache" "$toolkit/bin/nvcc" -arch=sm_80 -c c.cu -o c.o
expect_not_in stderr "$(cat "$T/quiet.err")" nvcache
expect_clean_tmp
