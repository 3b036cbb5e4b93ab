#!/usr/bin/env bash
# A cache that cannot be used costs speed, never a build: each case compiles with nvcc's own
# streams and exit status, and leaves no temporary file.
. "$(dirname "$0")/lib.sh"

kernel a.cu
nvcc -arch=sm_80 -c a.cu -o expected.o

builds() {
    rm -f got.o
    run built compile a.cu -o got.o
    expect_eq "exit status" "$(code_of built)" 0
    expect_eq "streams" "$(cat "$T/built.out" "$T/built.err")" ''
    expect_same expected.o got.o
    expect_clean_tmp
}

begin "the cache directory and its parents are made when they are missing"
export NVCACHE_DIR=$T/not/there/yet/cache
builds
builds
expect_eq hits "$(stat_of hits.manifest)" 1

begin "a file stands where the cache directory should be"
echo precious >"$T/file"
export NVCACHE_DIR=$T/file
builds
expect_eq "the file" "$(cat "$T/file")" precious

begin "a file stands where a parent of it should be"
export NVCACHE_DIR=$T/file/cache
builds

begin "the cache directory is a dangling symbolic link"
ln -s "$T/nowhere/at/all" "$T/dangling"
export NVCACHE_DIR=$T/dangling
builds

begin "a place below /proc as the cache directory"
export NVCACHE_DIR=/proc/nvcache
builds

begin "no home directory and no setting"
unset NVCACHE_DIR
run built env -u HOME nvcache nvcc -arch=sm_80 -c a.cu -o got.o
expect_eq "exit status" "$(code_of built)" 0
run built env HOME=/nonexistent nvcache nvcc -arch=sm_80 -c a.cu -o got.o
expect_eq "exit status" "$(code_of built)" 0
expect_eq "streams" "$(cat "$T/built.out" "$T/built.err")" ''

begin "XDG_CACHE_HOME is honoured, else ~/.cache"
XDG_CACHE_HOME=$T/xdg compile a.cu -o got.o
[ -d "$T/xdg/nvcache" ] || fail "no $T/xdg/nvcache"
compile a.cu -o got.o
[ -d "$HOME/.cache/nvcache" ] || fail "no ~/.cache/nvcache"

begin "a directory that is not ours to write"
if [ "$(id -u)" = 0 ] && ! setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
    skip "needs setpriv to stop being root"
else
    mkdir -p "$T/locked/cache" "$T/open"
    chmod 777 "$T/open" && chmod 755 "$T" && chmod -R a+rX "$T"
    cp a.cu "$T/open/"
    nobody=
    [ "$(id -u)" != 0 ] || nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
    [ "$(id -u)" = 0 ] || chmod 555 "$T/locked/cache"
    # From a shell: setpriv itself still may do what root may when it starts a program.
    # shellcheck disable=SC2086
    if ! (cd "$T/open" && $nobody sh -c '"$0" --version' "$NVCC" >/dev/null 2>&1); then
        skip "another user cannot reach the compiler"
    else
        for place in "$T/locked/cache" "$T/locked/other"; do
            # shellcheck disable=SC2086
            (cd "$T/open" && run built env TMPDIR=/tmp HOME="$T/open" NVCACHE_DIR="$place" $nobody "$NVCACHE" "$NVCC" -arch=sm_80 -c a.cu -o got.o)
            expect_eq "exit status" "$(code_of built)" 0
            expect_eq "streams" "$(cat "$T/built.out" "$T/built.err")" ''
            expect_same expected.o "$T/open/got.o"
        done
    fi
    chmod 755 "$T/locked/cache"
fi

begin "a cache on a full disk"
mkdir "$T/small"
if mount -t tmpfs -o size=2m tmpfs "$T/small" 2>/dev/null; then
    export NVCACHE_DIR=$T/small/cache
    dd if=/dev/zero of="$T/small/filler" bs=1k count=4096 2>/dev/null
    builds
    rm "$T/small/filler"
    builds
    dd if=/dev/zero of="$T/small/filler" bs=1k count=4096 2>/dev/null
    sed -i 's/= 1/= 2/' a.cu
    nvcc -arch=sm_80 -c a.cu -o expected.o
    builds
    builds
    umount "$T/small" 2>/dev/null || umount -l "$T/small"
else
    skip "mounting a tmpfs is not allowed"
fi

begin "NVCACHE_DISABLE=1 stores nothing, and is counted"
export NVCACHE_DIR=$T/untouched
mark
expect_ok env NVCACHE_DISABLE=1 nvcache nvcc -arch=sm_80 -c a.cu -o got.o
expect_counts bypassed.disabled=1
expect_eq "store files" "$(find "$T/untouched" -name '*.mdb')" ''

begin "damaged store files: a build that goes on, then a cache that works again"
export NVCACHE_DIR=$T/damaged
builds
find "$NVCACHE_DIR" -name '*.mdb' >"$T/generations"
expect_in "generations" "$(cat "$T/generations")" mdb
while read -r file; do
    size=$(stat -c %s "$file")
    dd if=/dev/urandom of="$file" bs=4096 count=64 conv=notrunc 2>/dev/null
    truncate -s "$size" "$file"
done <"$T/generations"
builds
builds
builds
expect_in "hits again" "$(stats)" '^hits.manifest [1-9]'

begin "store files cut short"
while read -r file; do
    truncate -s 5000 "$file"
done < <(find "$NVCACHE_DIR" -name '*.mdb')
builds
builds
builds

begin "one bit flipped anywhere in the newest store file never gives another object"
expect_ok nvcache clear
builds
newest=$(find "$NVCACHE_DIR" -name '*.mdb' | sort | tail -n 1)
cp "$newest" "$T/whole.mdb"
expect_in "the newest store file" "$newest" mdb
[ -n "$newest" ] || exit 0
used=$(stat -c '%b' "$newest")
pages=$((used * 512 / 4096))
for step in 1 2 3 4 5 6; do
    # The live bytes are in the first pages of a young file.
    offset=$(((step * 7919 * 61) % ((pages < 40 ? pages : 40) * 4096)))
    cp "$T/whole.mdb" "$newest"
    byte=$(od -An -tu1 -j $offset -N 1 "$newest" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((byte ^ 1)))" | dd of="$newest" bs=1 seek=$offset conv=notrunc 2>/dev/null
    builds
done
