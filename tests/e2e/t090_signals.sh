#!/usr/bin/env bash
# Interrupted: the compiler's processes end, nothing is left behind, and the status is the
# one that nvcc alone would have given.
. "$(dirname "$0")/lib.sh"

# Slow enough to be caught at work: much straight code for the optimiser.
write slow.cu <<'CODE'
#define TEN(x) x x x x x x x x x x
__global__ void k(volatile int *p)
{
    int i = threadIdx.x + SALT;
    TEN(TEN(TEN(TEN(p[i] = p[i + 1] * 3 + i; i ^= p[i];))))
}
CODE

# compilers: the running processes whose working directory is below $T, less ourselves.
compilers() {
    local process
    for process in /proc/[0-9]*; do
        case $(readlink "$process/cwd" 2>/dev/null) in
        "$T"/work | "$T"/work/*) ;;
        *) continue ;;
        esac
        case $(cat "$process/comm" 2>/dev/null) in
        nvcc | cicc | ptxas | cudafe++ | cc1plus | fatbinary | gcc | g++ | as | sh | nvcache) basename "$process" ;;
        esac
    done
}

# wait_until COMMAND...: poll for at most 20 s.
wait_until() {
    local tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 400 ] || return 1
        sleep 0.05
    done
}

# is_compiling PID: is the device compiler at work in the group of this nvcache?  It takes seconds.
is_compiling() {
    [ -n "$(pgrep -g "$1" -x cicc)" ]
}

none_left() {
    [ -z "$(compilers)" ]
}

# interrupt SIGNAL SALT [group]: start a compile, wait until its children work, send the signal
# to nvcache (or to its whole process group, as a terminal does).
interrupt() {
    local signal=$1 salt=$2 target
    settle
    set -m
    command nvcache nvcc -arch=sm_80 -DSALT="$salt" -c slow.cu -o slow.o >"$T/slow.out" 2>"$T/slow.err" &
    target=$!
    set +m
    if ! wait_until is_compiling $target; then
        fail "the compile did not start"
        kill -KILL -- -$target 2>/dev/null
        return
    fi
    if [ "${3:-}" = group ]; then
        kill -s "$signal" -- -$target
    else
        kill -s "$signal" $target
    fi
    wait $target 2>/dev/null
    status=$?
    wait_until none_left || fail "still running: $(for p in $(compilers); do tr '\0' ' ' <"/proc/$p/cmdline"; done | head -c 300)"
    kill -KILL -- -$target 2>/dev/null
}

# expect_ended SIGNAL-STATUS NVCC-STATUS...: as if killed by it, or as nvcc itself ends then.
expect_ended() {
    [[ " $* " == *" $status "* ]] || fail "exit status is $status, none of $*"
}

kernel a.cu
compile a.cu -o a.o
entries=$(stat_of store.entries)

begin "Ctrl-C, to the whole group: the compile ends, no process and no file left"
interrupt INT 1 group
expect_ended 130 2 255
expect_no_file slow.o
expect_clean_tmp

begin "SIGINT to nvcache alone ends nvcc and its children too"
interrupt INT 2
expect_ended 130 2 255
expect_no_file slow.o
expect_clean_tmp

begin "SIGTERM to nvcache alone"
interrupt TERM 3
expect_ended 143 255
expect_no_file slow.o
expect_clean_tmp

begin "SIGHUP to the group, as when a terminal closes"
interrupt HUP 4 group
expect_ended 129 1
expect_clean_tmp

begin "nothing of it was stored or counted as an error"
expect_eq entries "$(stat_of store.entries)" "$entries"
expect_not_in counts "$(outcomes | grep -v ' 0$')" 'errors'

begin "nvcc killed by a signal: the same wait status, and not stored"
# The compiler's own process is killed while it works; the launcher alone stays.
settle
set -m
command nvcache nvcc -arch=sm_80 -DSALT=5 -c slow.cu -o slow.o >"$T/slow.out" 2>"$T/slow.err" &
target=$!
set +m
if wait_until is_compiling $target; then
    child=$(pgrep -P $target | head -n 1)
    kill -KILL "$child"
    wait $target 2>/dev/null
    expect_eq "exit status" $? 137
else
    fail "the compile did not start"
fi
for process in $(compilers); do kill -KILL "$process" 2>/dev/null; done
wait_until none_left
find "$TMPDIR" -mindepth 1 -delete
expect_no_file slow.o
expect_eq entries "$(stat_of store.entries)" "$entries"

begin "SIGKILL to nvcache: the cache still works afterwards"
interrupt KILL 6 group
for process in $(compilers); do kill -KILL "$process" 2>/dev/null; done
wait_until none_left
kernel b.cu other
mark
compile b.cu -o b.o
compile b.cu -o b.o
expect_counts cleaned.abandoned=1 hits.manifest=1 misses=1
expect_clean_tmp

# left_behind: how many private directories there are.
left_behind() {
    find "$TMPDIR" -mindepth 1 -maxdepth 1 -type d -name 'nvcache-run-*' | wc -l
}

begin "nvcache killed by SIGKILL: its directory stays while the compiler it left still runs, then goes"
find "$TMPDIR" -mindepth 1 -delete
settle
set -m
command nvcache nvcc -arch=sm_80 -DSALT=6 -c slow.cu -o slow.o >"$T/slow.out" 2>"$T/slow.err" &
target=$!
set +m
if wait_until is_compiling $target; then
    kill -KILL $target
    wait $target 2>/dev/null
    kernel b.cu
    compile b.cu -o b.o
    expect_counts misses=1
    # The compiler may just have ended; then there is nothing to keep.
    [ -z "$(compilers)" ] || expect_eq "directories while the compiler runs" "$(left_behind)" 1
    for process in $(compilers); do kill -KILL "$process" 2>/dev/null; done
    wait_until none_left || fail "still running: $(compilers | paste -sd ' ')"
    mark
    compile b.cu -o b.o
    expect_counts hits.manifest=1
    expect_eq "directories after a hit" "$(left_behind)" 1
    kernel c.cu
    compile c.cu -o c.o
    expect_counts cleaned.abandoned=1 misses=1
    expect_clean_tmp
else
    fail "the compile did not start"
fi

begin "what only looks like an abandoned directory stays"
held=$TMPDIR/nvcache-run-0123456789abcdef
mkdir "$held" "$TMPDIR/nvcache-run-0123456789abcde" "$TMPDIR/nvcache-run-0123456789abcdef.old" "$T/elsewhere"
touch "$held/file" "$T/elsewhere/file" "$TMPDIR/nvcache-run-fedcba9876543210"
ln -s "$T/elsewhere" "$TMPDIR/nvcache-run-00000000000000aa"
exec 8<"$held"
flock 8
kernel d.cu
compile d.cu -o d.o
expect_counts misses=1
exec 8<&-
expect_eq "what is there" "$(find "$TMPDIR" "$T/elsewhere" -mindepth 1 | wc -l)" 7
find "$TMPDIR" -mindepth 1 -delete
