#!/usr/bin/env bash
# What __has_include says changes while a source is compiled.
. "$(dirname "$0")/lib.sh"
. "$E2E/asked.sh"

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
