#!/usr/bin/env bash
# What is not a cacheable compile is nvcc's own affair: same streams, files and exit status, and
# one counted reason.
. "$(dirname "$0")/lib.sh"

mkdir fixture
kernel fixture/a.cu
kernel fixture/b.cu other
printf '#include <cstdio>\n__global__ void k(int *p) { *p = 1; }\nint main() { std::puts("ran"); }\n' >fixture/main.cu
(cd fixture && nvcc -arch=sm_80 -dc a.cu b.cu && nvcc -arch=sm_80 -dc main.cu -o main.o)

check() { # REASON ARGUMENTS...
    local reason=$1
    shift
    begin "$reason: nvcc $*"
    bypassed "$reason" "$T/work/fixture" "$@"
}

check query --version
check query -V
check query --help
check query --list-gpu-arch
check preprocess -E a.cu
check preprocess -arch=sm_80 -E a.cu -o a.ii
check dependencies -M a.cu
check dependencies -MM -arch=sm_80 a.cu -o a.d
check dryrun -arch=sm_80 --dryrun -c a.cu -o out.o
check link -arch=sm_80 main.cu -o program
check link a.o main.o -o program -arch=sm_80
check device_link -arch=sm_80 -dlink a.o b.o -o dlink.o
check several_sources -arch=sm_80 -c a.cu b.cu
check no_source -arch=sm_80 -c
check no_source
check unknown_option -arch=sm_80 -c a.cu -o out.o --no-such-option-at-all
check keep -arch=sm_80 --keep --keep-dir . -ptx a.cu -o out.ptx
check host_source -arch=sm_80 -cuda a.cu -o out.ii
check toolkit_parts -arch=sm_80 -c -ldir "$NVCC_DIR/../nvvm/libdevice" a.cu -o out.o
check usage -arch=sm_80 -c a.cu -o out.o --threads 2x
check option -arch=sm_80 -c a.cu -o out.o -Xcudafe -L,listing
check option -arch=sm_80 -c a.cu -o out.o -Xcudafe --error_o=said
check option -arch=sm_80 -ptx a.cu -o out.ptx -Xcicc -wLlisting
check option -arch=sm_80 -c a.cu -o out.o -Xptxas -link-info=listing
check option -arch=sm_80 -c a.cu -o out.o -Xfatbin --create=compress
check shell -arch=sm_80 '-DTEXT=$HOME' -ptx a.cu -o out.ptx

begin "host_option: -Xcompiler -fstats, whose times are another run's in a replay"
nvcache nvcc -arch=sm_80 -c fixture/a.cu -o stats.o -Xcompiler -fstats >/dev/null 2>&1
expect_counts bypassed.host_option=1

begin "a number of threads that is none, behind a hit"
run first nvcache nvcc -arch=sm_80 -c fixture/a.cu -o threads.o
run plain nvcc -arch=sm_80 -c fixture/a.cu -o threads.o --threads -5
run passed nvcache nvcc -arch=sm_80 -c fixture/a.cu -o threads.o --threads -5
expect_same_run plain passed
nvcache clear >/dev/null

begin "stdin: a source from standard input"
run plain bash -c 'nvcc -arch=sm_80 -x cu -ptx - -o plain.ptx <fixture/a.cu'
run passed bash -c 'nvcache nvcc -arch=sm_80 -x cu -ptx - -o passed.ptx <fixture/a.cu'
expect_counts bypassed.stdin=1
expect_same_run plain passed
expect_same plain.ptx passed.ptx

# The commands in -v's output differ from run to run in more than a name.
begin "verbose: -v and -Xcompiler -v, whose output CMake parses"
for option in '-v' '-Xcompiler=-v' '--verbose'; do
    run verbose nvcache nvcc -arch=sm_80 $option -c fixture/a.cu -o v.o
    expect_eq "exit status" "$(code_of verbose)" 0
    expect_in "stderr of $option" "$(cat "$T/verbose.err")" 'cc1plus|cudafe'
    expect_file v.o
    rm -f v.o
done
expect_counts bypassed.verbose=3

begin "times: how long each step took is of this run"
run times nvcache nvcc -arch=sm_80 -time times.csv -ptx fixture/a.cu -o out.ptx
expect_eq "exit status" "$(code_of times)" 0
expect_file times.csv
expect_counts bypassed.times=1

begin "output that is not a regular file"
# A device of our own: the machine's must survive whatever is wrong here.
if mknod "$T/null" c 1 3 2>/dev/null; then
    run null nvcache nvcc -arch=sm_80 -ptx fixture/a.cu -o "$T/null"
    expect_eq "exit status" "$(code_of null)" 0
    [ -c "$T/null" ] || fail "the device is no device any more"
    expect_not_in "what was counted" "$(counts)" 'hits|errors'
else
    skip "making a device node is not allowed"
fi

begin "disabled: NVCACHE_DISABLE=1 runs the compiler alone"
expect_ok env NVCACHE_DISABLE=1 nvcache nvcc -arch=sm_80 -c fixture/a.cu -o d.o
expect_file d.o
rm -f d.o

begin "none of this was stored"
expect_not_in "counts" "$(outcomes | grep -v ' 0$')" 'hits'
