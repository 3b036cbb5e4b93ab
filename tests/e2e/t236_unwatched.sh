#!/usr/bin/env bash
# What __has_include says changes while a source is compiled, where inotify cannot be had.
. "$(dirname "$0")/lib.sh"
. "$E2E/asked.sh"

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
    begin "what others write into the working directory does not matter, where nothing is asked for ($limit)"
    others_write -DELSE=${#limit}
    expect_counts hits.manifest=1 misses=1
    begin "... unless the search path names it ($limit)"
    others_write -DELSE=${#limit} -I.
    expect_counts misses=2
done
