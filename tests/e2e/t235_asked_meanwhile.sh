#!/usr/bin/env bash
# What __has_include says changes while a source is compiled.
. "$(dirname "$0")/lib.sh"
. "$E2E/asked.sh"

all_asked ''
asked "it appears and stays" 'cp p/kept.h p/inc/asked.h'
asked "it goes and comes back" 'mv p/inc/asked.h p/aside.h; until_ptxas; mv p/aside.h p/inc/asked.h'
asked "it goes, and stays away" 'rm p/inc/asked.h'

# In namespaces of our own where $T/top is "/".
at_top() {
    unshare -U --map-root-user -m bash -c '
        for place in "$0"/*; do
            [ -L "$place" ] || [ ! -d "$place" ] || mount --rbind "/${place##*/}" "$place" || exit
        done
        cd "$1" && shift && exec chroot "$0" env -C "$PWD" "$@"' "$T/top" "$PWD" "$@"
}
begin "others write into the root directory, where whole paths are looked for, as P_tmpdir"
mkdir "$T/top"
for place in /*; do
    if [ -L "$place" ]; then cp -P "$place" "$T/top"; elif [ -d "$place" ]; then mkdir "$T/top/${place##*/}"; fi
done
if at_top "$NVCACHE" --version >/dev/null 2>&1; then
    sleep 0.05
    during 'mkdir "$T/top/passing"; until_ptxas; rmdir "$T/top/passing"'
    at_top "$NVCACHE" "$NVCC" -arch=sm_80 -c -DSALT=77 -Ip/inc p/ask.cu -o out/got.o
    wait
    at_top "$NVCACHE" "$NVCC" -arch=sm_80 -c -DSALT=77 -Ip/inc p/ask.cu -o out/got.o
    expect_counts hits.manifest=1 misses=1
else
    skip "no namespaces of our own"
fi

begin "outputs of others in a directory below the search path, where names lead that nobody asks for"
printf '%s\n' '#if 0' '#include "sub/none.h"' '#endif' >>p/ask.cu
others_write -I.
expect_counts hits.manifest=1 misses=1
begin "... above it, by two names of which one is asked for"
printf '%s\n' '#if __has_include("../none.h")' '#include "../../none.h"' '#endif' | write "$T/elsewhere/sub/a/b/deep.h"
echo '#include <deep.h>' >>p/ask.cu
others_write -Isub/a/b
expect_counts hits.manifest=1 misses=1
begin "... and by the one that is asked for"
printf '%s\n' '#if __has_include("../../none.h")' '#include "../none.h"' '#endif' | write "$T/elsewhere/sub/a/b/deep.h"
others_write -Isub/a/b
expect_counts misses=2
begin "... and where one is asked for"
printf '%s\n' '#if __has_include("sub/none.h")' '#endif' >>p/ask.cu
others_write -I. -Isub/a/b
expect_counts misses=2
