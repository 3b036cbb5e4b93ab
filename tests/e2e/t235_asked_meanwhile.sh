#!/usr/bin/env bash
# What __has_include says changes while a source is compiled, with and without inotify.
. "$(dirname "$0")/lib.sh"

write p/ask.cu <<'CODE'
#if __has_include(<asked.h>)
#define ANSWER 2
#else
#define ANSWER 1
#endif
__global__ void k(double *p)
{
#pragma unroll
    for (int i = 0; i < 100; i++)
        p[i] = exp(sin(p[i]) + ANSWER) / (p[i + 1] + SALT);
}
CODE
# until_ptxas: the compile in the foreground has come to ptxas: what headers are there has been asked by then.
until_ptxas() {
    local i
    for ((i = 0; i < 3000; i++)); do
        ! pgrep -f "^ptxas .*$T" >/dev/null || return
        sleep 0.01
    done
}
mkdir -p p/inc p/with q out && touch p/with/asked.h p/kept.h && ln -s ../p/inc q/link
salt=0
# asked WHAT COMMANDS [DIRECTORY]: while it compiles COMMANDS make __has_include say something else for a
# time, or from then on; what was recorded is right.
asked() {
    begin "$1"
    salt=$((salt + 1))
    sleep 0.05
    during "$2"
    compile -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o out/got.o
    wait
    compile -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o out/got.o
    nvcc -arch=sm_80 -c -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o expected.o
    expect_same expected.o out/got.o
}
all_asked() { # HOW
    asked "a header that only __has_include asks for appears and goes$1" 'cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h'
    asked "the same, and its directory gets its old time$1" \
        'touch -r p/inc p/time; cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h; touch -r p/time p/inc'
    asked "a directory with it appears and goes$1" 'mkdir q/late; cp p/kept.h q/late/asked.h; until_ptxas; rm -r q/late' q/late
    asked "two directories, one in the other, appear and go$1" \
        'mkdir -p q/late/more; cp p/kept.h q/late/more/asked.h; until_ptxas; rm -r q/late' q/late/more
    asked "a directory with it is put in the place of another, and back$1" \
        'mv p/inc p/away; mv p/with p/inc; until_ptxas; mv p/inc p/with; mv p/away p/inc'
    asked "a link is pointed to a directory with it, and back$1" 'ln -sfn ../p/with q/link; until_ptxas; ln -sfn ../p/inc q/link' q/link
}
all_asked ''
asked "it appears and stays" 'cp p/kept.h p/inc/asked.h'
asked "it goes and comes back" 'mv p/inc/asked.h p/aside.h; until_ptxas; mv p/aside.h p/inc/asked.h'
asked "it goes, and stays away" 'rm p/inc/asked.h'

# others_write FLAGS...: compile twice in a build directory; the first time another compile's output appears there and below.
others_write() {
    mkdir -p "$T/elsewhere/sub" "$T/elsewhere/deep"
    (
        cd "$T/elsewhere" || exit
        (until_ptxas; date +%N >.ninja_deps; mv .ninja_deps "deps.$(date +%N)"; echo >"sub/$(date +%N).o") &
        compile -DSALT=1 "-I$T/work/p/inc" "$@" "$T/work/p/ask.cu" -o deep/got.o
        wait
        compile -DSALT=1 "-I$T/work/p/inc" "$@" "$T/work/p/ask.cu" -o deep/got.o
    )
}
begin "outputs of others in a directory below the search path, where names lead that nobody asks for"
printf '%s\n' '#if 0' '#include "sub/none.h"' '#endif' >>p/ask.cu
others_write -I.
expect_counts hits.manifest=1 misses=1
begin "... and where one is asked for"
printf '%s\n' '#if __has_include("sub/none.h")' '#endif' >>p/ask.cu
others_write -I.
expect_counts misses=2

# blind FILE: from now on nvcache runs where the system gives no inotify, as when all that one user may have are in use.
blind() {
    rm "$T/bin/nvcache"
    printf '#!/bin/sh\nexec unshare -U --map-root-user sh -c "echo 0 >/proc/sys/user/%s; exec \\"\\$0\\" \\"\\$@\\"" %s "$@"\n' "$1" "$NVCACHE" >"$T/bin/nvcache"
    chmod +x "$T/bin/nvcache"
}
for limit in max_inotify_instances max_inotify_watches; do
    begin "without inotify ($limit) a result is kept when nothing happens, also with __has_include"
    if ! unshare -U --map-root-user sh -c "echo 0 >/proc/sys/user/$limit" 2>/dev/null; then
        skip "no namespace of our own with another $limit"
        continue
    fi
    blind $limit
    export NVCACHE_LOG=$T/blind.log
    for i in 1 2; do compile -DSALT=${#limit} -Ip/inc p/ask.cu -o out/got.o; done
    unset NVCACHE_LOG
    expect_counts hits.manifest=1 misses=1
    expect_in "the log" "$(cat "$T/blind.log")" 'vigil status='
    begin "what nobody could watch ($limit) is counted as that"
    sleep 0.05
    during 'cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h'
    NVCACHE_LOG=$T/unwatched.$limit compile -DSALT=1${#limit} -Ip/inc p/ask.cu -o out/got.o
    wait
    expect_counts misses=1
    expect_in "the log" "$(cat "$T/unwatched.$limit")" 'nostore=unwatched'
    [ $limit != max_inotify_instances ] || all_asked ", without inotify"
    begin "... nor does it matter what a build writes into the working directory, where nothing is asked for ($limit)"
    others_write -DELSE=${#limit}
    expect_counts hits.manifest=1 misses=1
    begin "... unless the search path names it ($limit)"
    others_write -DELSE=${#limit} -I.
    expect_counts misses=2
done
rm "$T/bin/nvcache"
ln -s "$NVCACHE" "$T/bin/nvcache"
