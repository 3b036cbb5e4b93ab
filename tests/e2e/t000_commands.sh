#!/usr/bin/env bash
# The sub-commands: what people and programs read, and that mistakes are named.
. "$(dirname "$0")/lib.sh"

begin "--version and -V name the program and its version"
run version nvcache --version
expect_eq status "$(code_of version)" 0
expect_in --version "$(cat "$T/version.out")" '^nvcache [0-9]+\.[0-9]+\.[0-9]+'
expect_eq "-V" "$(nvcache -V)" "$(cat "$T/version.out")"

begin "--help and -h show the same page, on stdout"
run help nvcache --help
expect_eq status "$(code_of help)" 0
expect_in --help "$(cat "$T/help.out")" stats
expect_eq "stderr" "$(cat "$T/help.err")" ''
expect_eq "-h" "$(nvcache -h)" "$(cat "$T/help.out")"

for command in stats explain watch doctor clear trim config verify; do
    begin "'$command --help' is a page of its own"
    run help "$NVCACHE" $command --help
    expect_eq status "$(code_of help)" 0
    expect_in "$command --help" "$(cat "$T/help.out")" "nvcache $command"
done

begin "--version and --help make no cache directory"
NVCACHE_DIR=$T/none nvcache --version >"$T/out"
NVCACHE_DIR=$T/none nvcache --help >"$T/out"
NVCACHE_DIR=$T/none nvcache stats --help >"$T/out"
expect_no_file "$T/none"

begin "without arguments it says how to use it, and fails"
run none nvcache
[ "$(code_of none)" != 0 ] || fail "exit status 0"
expect_in output "$(cat "$T/none.out" "$T/none.err")" '[Uu]sage|--help'

begin "an unknown option is one line on stderr that says what to do"
run wrong nvcache --no-such-option
[ "$(code_of wrong)" != 0 ] || fail "exit status 0"
expect_eq "lines on stderr" "$(wc -l <"$T/wrong.err")" 1
expect_in stderr "$(cat "$T/wrong.err")" 'no-such-option.*help|help.*no-such-option'

begin "a command that does not exist fails as the shell's would"
run wrong nvcache no-such-command-anywhere -c x.cu
expect_eq "exit status" "$(code_of wrong)" 127
expect_in stderr "$(cat "$T/wrong.err")" 'no-such-command-anywhere'

begin "watch --once shows an idle machine's memory and the table, doctor finds all well"
run watch nvcache watch --once
expect_eq "exit status" "$(code_of watch)" 0
expect_in page "$(cat "$T/watch.out")" 'available of .*iB'
expect_in page "$(cat "$T/watch.out")" 'Nothing is compiling'
run doctor nvcache doctor
expect_eq "exit status" "$(code_of doctor)" 0
expect_not_in page "$(cat "$T/doctor.out")" '^bad'
expect_in page "$(cat "$T/doctor.out")" "good +table +reservations are kept in $T/run/nvcache"
nvcache doctor --json | $PYTHON -c 'import json,sys; d=json.load(sys.stdin); assert d["format"] == 1 and len(d["checks"]) >= 7' ||
    fail "doctor --json"

begin "doctor ends with 1 and says what to do when the cache cannot be used"
mkdir readable
chmod 777 readable
NVCACHE_DIR=$T/work/readable run doctor nvcache doctor
expect_eq "exit status" "$(code_of doctor)" 1
expect_in page "$(cat "$T/doctor.out")" '^bad +cache .*readable'
expect_in page "$(cat "$T/doctor.out")" 'set NVCACHE_DIR'
expect_in page "$(cat "$T/doctor.out")" '^bad +sharing +everybody can write'
rm -rf readable

begin "doctor tells of a damaged file that was set aside, and of a group that does not inherit"
mkdir -p hurt/v1-lmdb09
: >hurt/v1-lmdb09/bad-generation.mdb
chmod 770 hurt
NVCACHE_DIR=$T/work/hurt run doctor nvcache doctor
expect_eq "exit status" "$(code_of doctor)" 0
expect_in page "$(cat "$T/doctor.out")" "^warning +files +0 entries in 0 generations; a damaged one was set aside on $(date +%Y-%m)"
expect_in page "$(cat "$T/doctor.out")" '^warning +sharing .*group'
rm -rf hurt

begin "stats of an empty cache are all zero, and valid JSON with every documented key"
for key in format misses failed_compiles saved_seconds store.bytes store.max_bytes store.entries store.generations hits.manifest; do
    expect_in "stats --json" "$(stats)" "^$key [0-9.]+$"
done
expect_eq "misses" "$(stat_of misses)" 0
expect_eq "50 GiB limit" "$(stat_of store.max_bytes)" $((50 << 30))

kernel a.cu
begin "a miss and a hit are counted, the page says so, and time was saved"
compile a.cu -o a.o
compile a.cu -o a.o
expect_counts hits.manifest=1 misses=1
run page nvcache stats
expect_eq "exit status" "$(code_of page)" 0
expect_in "the page" "$(cat "$T/page.out")" '50(\.0)? ?%'
expect_in "saved_seconds" "$(stats | grep saved_seconds)" ' [0-9.]*[1-9]'
expect_eq "-s" "$(nvcache -s)" "$(cat "$T/page.out")"
[ "$(stat_of store.entries)" -gt 0 ] || fail "no entries in the store"
[ "$(stat_of store.bytes)" -gt 0 ] || fail "no bytes in the store"

begin "verify reads every record"
run verify nvcache verify
expect_eq "exit status" "$(code_of verify)" 0

begin "stats --zero forgets the counts and keeps the cache"
expect_ok nvcache stats --zero
mark
compile a.cu -o a.o
expect_counts hits.manifest=1
expect_ok nvcache -z
expect_eq "hits" "$(stat_of hits.manifest)" 0

begin "clear empties the cache and keeps working"
expect_ok nvcache clear
expect_eq entries "$(stat_of store.entries)" 0
mark
compile a.cu -o a.o
compile a.cu -o a.o
expect_counts hits.manifest=1 misses=1
expect_ok nvcache -C
expect_eq "entries after -C" "$(stat_of store.entries)" 0

begin "trim succeeds, also by -c"
expect_ok nvcache trim
expect_ok nvcache -c

begin "-M sets the limit for good, in ccache's way of writing sizes"
expect_ok nvcache -M 3G
expect_eq "limit" "$(stat_of store.max_bytes)" $((3 << 30))
expect_in "config" "$(nvcache config)" 'max_size.*3'

begin "the environment goes before the config file, and config says where each value is from"
export NVCACHE_MAX_SIZE=7G
expect_eq "limit" "$(stat_of store.max_bytes)" $((7 << 30))
expect_in "config" "$(nvcache config)" 'max_size.*7.*(environment|NVCACHE_MAX_SIZE)'
unset NVCACHE_MAX_SIZE
expect_in "config" "$(nvcache config)" 'dir.*environment|dir.*NVCACHE_DIR'

begin "a config file in the source tree sets nothing"
printf 'max_size = 1G\nmax_size=1G\n' | tee nvcache.conf .nvcache >.nvcacherc
expect_eq "limit" "$(stat_of store.max_bytes)" $((3 << 30))

begin "a wrong size is refused with one line that says what to write"
run wrong nvcache -M banana
[ "$(code_of wrong)" != 0 ] || fail "exit status 0"
expect_in stderr "$(cat "$T/wrong.err")" banana
expect_eq "lines" "$(wc -l <"$T/wrong.err")" 1

begin "a wrong setting in the environment does not break a compile"
NVCACHE_MAX_SIZE=banana compile a.cu -o a2.o
expect_eq status $? 0
expect_file a2.o
