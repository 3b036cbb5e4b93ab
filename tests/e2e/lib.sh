# The end-to-end tests' library.  Sourced by each tests/e2e/tNNN_*.sh, never run.
#
# A test script has its own temporary directory $T (removed at the end), its own empty cache,
# home and TMPDIR in it, and starts in $T/work.  It is a list of cases:
#
#   begin "what must hold"      ends the case before
#   ...commands...
#   expect_counts hits.manifest=1
#
# A failed expectation is printed and fails its case; the script goes on.  $NVCACHE is the
# program under test, $NVCC the real compiler; `nvcache` and `nvcc` in PATH are these two.

set -u
export LC_ALL=C

E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TEST_NAME=$(basename "$0" .sh)
: "${NVCACHE:=$E2E/../../build/dev/nvcache}"
: "${NVCC:=$(type -P nvcc || echo /usr/local/cuda/bin/nvcc)}"
NVCACHE=$(readlink -f "$NVCACHE")
[ -x "$NVCACHE" ] || { echo "no program under test: $NVCACHE" >&2; exit 2; }
[ -x "$NVCC" ] || { echo "no CUDA compiler: $NVCC" >&2; exit 2; }
# The toolkit's own, where a script that runs it comes first.
if [ "$(head -c 2 "$NVCC")" = '#!' ]; then
    here=$("$NVCC" --dryrun -x cu -c /dev/null 2>&1 | sed -n 's/^#\$ _HERE_=//p')
    [ ! -x "$here/nvcc" ] || NVCC=$here/nvcc
fi
NVCC_DIR=$(cd "$(dirname "$NVCC")" && pwd)
NVCC=$NVCC_DIR/$(basename "$NVCC")
PYTHON=/usr/bin/python3
[ -x $PYTHON ] || PYTHON=python3

# Nothing of the caller's may reach a compile.
for name in $(compgen -e); do
    case $name in
    NVCACHE | NVCACHE_E2E_*) export -n "${name?}" ;;
    NVCACHE_* | NVCC_* | CMAKE_* | CUDAFLAGS | CUDAARCHS | CUDACXX | CUDAHOSTCXX | MAKEFLAGS | MFLAGS | MAKELEVEL | \
        CPATH | C_INCLUDE_PATH | CPLUS_INCLUDE_PATH | OBJC_INCLUDE_PATH | SOURCE_DATE_EPOCH | GCC_EXEC_PREFIX | COMPILER_PATH | CC | CXX | \
        DEPENDENCIES_OUTPUT | SUNPRO_DEPENDENCIES | XDG_* | TMP | TEMP | PYTORCH_NVCC) unset "$name" ;;
    esac
done
unset name
# NVCACHE_E2E_PLAN=0: everything once more with the steps of a miss left to nvcc.
[ -z "${NVCACHE_E2E_PLAN:-}" ] || export NVCACHE_PLAN=$NVCACHE_E2E_PLAN
plans() {
    [ "${NVCACHE_PLAN:-1}" != 0 ]
}

T=$(mktemp -d "${NVCACHE_E2E_TMP:-/tmp}/nvcache-e2e.XXXXXX")
T=$(cd "$T" && pwd -P)
mkdir "$T/work" "$T/home" "$T/tmp" "$T/bin"
mkdir -m 700 "$T/run"
# Memory is shared with nobody else's builds: waiting for them would be said on standard error.
export HOME=$T/home TMPDIR=$T/tmp NVCACHE_DIR=$T/cache XDG_RUNTIME_DIR=$T/run
ln -s "$NVCACHE" "$T/bin/nvcache"
export PATH=$T/bin:$NVCC_DIR:$PATH
umask 022
cd "$T/work" || exit 2

# An input written in the same tick of the kernel's clock as the compile begins is taken for one
# that moved while it was compiled, and the result is not recorded: so let a tick pass.
settle() {
    sleep 0.02
}

nvcache() {
    settle
    command nvcache "$@"
}

passed=0
failed=0
skipped=0
case_name=
case_state=

end_case() {
    [ -n "$case_name" ] || return 0
    case $case_state in
    ok) passed=$((passed + 1)) ;;
    skip) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
    [ -z "${NVCACHE_E2E_VERBOSE:-}" ] || printf '  %-4s %s\n' "$case_state" "$case_name"
    case_name=
}

# begin WHAT: start a case.  Counters are compared with what they are now.
begin() {
    end_case
    case_name=$*
    case_state=ok
    mark
}

fail() {
    printf '  FAIL %s: %s\n' "$case_name" "$*"
    case_state=fail
}

skip() {
    printf '  skip %s: %s\n' "$case_name" "$*"
    case_state=skip
}

at_exit() {
    local status=$?
    end_case
    cd /
    if [ -n "${NVCACHE_E2E_KEEP:-}" ]; then
        echo "  kept: $T"
    else
        chmod -R u+rwx "$T" 2>/dev/null
        rm -rf "$T"
    fi
    if [ $status -gt 1 ]; then
        echo "  FAIL the script itself ended with $status"
        failed=$((failed + 1))
    fi
    echo "$TEST_NAME: $passed passed, $failed failed, $skipped skipped"
    [ $failed = 0 ] && exit 0
    exit 1
}
trap at_exit EXIT
trap 'exit 130' INT TERM

# ---- what happened -------------------------------------------------------------------------

# stats: every number of `nvcache stats --json` as "key value", objects joined by dots.
stats() {
    "$NVCACHE" stats --json 2>/dev/null | $PYTHON -c '
import json, sys
def walk(prefix, node):
    for key, value in node.items():
        if isinstance(value, dict):
            walk(prefix + key + ".", value)
        else:
            print(prefix + key, value)
try:
    walk("", json.load(sys.stdin))
except ValueError:
    print("stats.unreadable 1")'
}

# stat_of KEY: one number of the statistics, 0 if it is not there.
stat_of() {
    stats | awk -v key="$1" '$1 == key { value = $2 } END { print value == "" ? 0 : value }'
}

# outcomes: the numbers that commands are counted under.
#
# Steps are run one by one: a command that is not replayed from its manifest may be a hit of
# another kind.  For the tests of what is replayed that is a miss; others set KINDS_APART=1.
outcomes() {
    stats | awk -v apart="${KINDS_APART:-0}" '
        !apart && ($1 == "hits.text" || $1 == "hits.partial") { misses += $2; next }
        $1 == "misses" { misses += $2; next }
        /^(hits\.|bypassed\.|failed_compiles |errors\.|cleaned\.|stats\.)/
        END { print "misses", misses + 0 }'
}

mark() {
    outcomes >"$T/outcomes.before"
}

# counts: what was counted since begin or mark, as "hits.manifest=1 misses=2".
counts() {
    outcomes | awk -v before="$T/outcomes.before" '
        BEGIN { while ((getline line < before) > 0) { split(line, part, " "); old[part[1]] = part[2] } }
        $2 - old[$1] != 0 { print $1 "=" $2 - old[$1] }' | sort | paste -sd ' '
}

# expect_counts COUNT...: exactly these were counted since begin or mark, in alphabetical
# order; then mark again.
expect_counts() {
    local got
    got=$(counts)
    [ "$got" = "$*" ] || fail "counted '$got', not '$*'"
    mark
}

expect_eq() { # WHAT GOT WANT
    [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
}

expect_in() { # WHAT TEXT PATTERN (extended regular expression)
    printf '%s\n' "$2" | grep -qE -- "$3" || fail "$1 does not show '$3': $(printf '%s' "$2" | head -c 300)"
}

expect_not_in() { # WHAT TEXT PATTERN
    ! printf '%s\n' "$2" | grep -qE -- "$3" || fail "$1 shows '$3'"
}

expect_file() {
    [ -f "$1" ] || fail "there is no file $1"
}

expect_no_file() {
    [ ! -e "$1" ] || fail "$1 is there"
}

# expect_ok COMMAND...: it ends with 0; its output is shown if not.
expect_ok() {
    local output
    if ! output=$("$@" 2>&1); then
        fail "'$*' failed: $(printf '%s' "$output" | tail -n 5 | head -c 500)"
    fi
}

# expect_clean_tmp: nobody left a file in TMPDIR.
expect_clean_tmp() {
    local left
    left=$(find "$TMPDIR" -mindepth 1 | head -n 3)
    [ -z "$left" ] || fail "left behind: $left"
    find "$TMPDIR" -mindepth 1 -delete 2>/dev/null
}

# ---- comparing -----------------------------------------------------------------------------

# masked FILE: its bytes without the names that nvcc makes from its process id, without the
# private directory that a miss puts them in, and without the times that ptxas tells.
masked() {
    sed -E 's/\/nvcache-run-[0-9a-f]{16}//g; s/tmpxft_[0-9a-f]+_[0-9a-f]+(-[0-9]+)?/tmpxft_X/g; s/Compile time = [0-9.]+ ms/Compile time = T ms/' "$1"
}

same_masked() {
    [ "$(masked "$1" | sha256sum)" = "$(masked "$2" | sha256sum)" ]
}

# same_bytes FILE FILE: as equal as two runs of nvcc itself can be.  In an object with debug
# information the process id in those names even decides the order of strings, and the length
# of their directory the offsets, so there the rest is compared, and the strings as a set.
same_bytes() {
    cmp -s "$1" "$2" && return 0
    same_masked "$1" "$2" && return 0
    # Steps run one by one: the host's C++ has no architecture in its name.
    if plans && objcopy --strip-unneeded "$1" "$T/bare.1" 2>/dev/null &&
        objcopy --strip-unneeded "$2" "$T/bare.2" && same_masked "$T/bare.1" "$T/bare.2"; then
        return 0
    fi
    readelf -S "$1" 2>/dev/null | grep -q debug_info || return 1
    objcopy --strip-debug "$1" "$T/stripped.1" && objcopy --strip-debug "$2" "$T/stripped.2" || return 1
    same_masked "$T/stripped.1" "$T/stripped.2" &&
        [ "$(masked "$1" | strings | sort)" = "$(masked "$2" | strings | sort)" ]
}

expect_same() { # FILE FILE
    if [ ! -f "$1" ] || [ ! -f "$2" ]; then
        fail "missing: $1 or $2"
    elif ! same_bytes "$1" "$2"; then
        fail "$1 and $2 differ"
    fi
}

# run NAME COMMAND...: run it; $T/NAME.{out,err,code} are its streams and exit status.
run() {
    local name=$1
    shift
    "$@" >"$T/$name.out" 2>"$T/$name.err"
    echo $? >"$T/$name.code"
}

code_of() {
    cat "$T/$1.code"
}

# expect_same_run NAME NAME: the two runs had equal streams and exit status.
expect_same_run() {
    expect_eq "exit status ($1, $2)" "$(code_of "$2")" "$(code_of "$1")"
    same_bytes "$T/$1.out" "$T/$2.out" || fail "stdout of $2: $(diff "$T/$1.out" "$T/$2.out" | head -n 4)"
    same_bytes "$T/$1.err" "$T/$2.err" || fail "stderr of $2: $(diff "$T/$1.err" "$T/$2.err" | head -n 4)"
}

# tree DIR: names, kinds and modes of everything in it.
tree() {
    (cd "$1" && find . -printf '%p %y %m\n' | sort)
}

# expect_same_tree DIR DIR [identical]: the same files with the same modes and the same bytes.
expect_same_tree() {
    local file how=same_bytes
    [ "${3:-}" != identical ] || how='cmp -s'
    if [ "$(tree "$1")" != "$(tree "$2")" ]; then
        fail "files of $(basename "$2"): $(diff <(tree "$1") <(tree "$2") | head -n 6 | paste -sd ';')"
        return
    fi
    while IFS= read -r file; do
        $how "$1/$file" "$2/$file" || fail "$file differs ($(basename "$1"), $(basename "$2"))"
    done < <(cd "$1" && find . -type f)
}

# in_fresh FIXTURE PLACE COMMAND...: run the command in $T/play, a fresh copy of the fixture at
# always the same path, and keep the directory as $T/PLACE and the run as PLACE.
in_fresh() {
    local fixture=$1 place=$2
    shift 2
    rm -rf "$T/play" "${T:?}/$place"
    cp -a "$fixture" "$T/play"
    cd "$T/play" || exit 2
    run "$place" "$@"
    cd "$T/work" || exit 2
    mv "$T/play" "$T/$place"
}

# differential FIXTURE ARGUMENTS...: plain nvcc, a miss and a hit do the same, and are counted.
differential() {
    local fixture=$1
    shift
    in_fresh "$fixture" plain nvcc "$@"
    if [ "$(code_of plain)" != 0 ]; then
        skip "this nvcc does not take it: $(head -n 1 "$T/plain.err")"
        return
    fi
    in_fresh "$fixture" miss nvcache nvcc "$@"
    expect_counts misses=1
    in_fresh "$fixture" hit nvcache nvcc "$@"
    expect_counts hits.manifest=1
    expect_same_run plain miss
    expect_same_run miss hit
    expect_same_tree "$T/plain" "$T/miss"
    expect_same_tree "$T/miss" "$T/hit" identical
}

# bypassed REASON FIXTURE ARGUMENTS...: as nvcc alone, and counted with the reason.
bypassed() {
    local reason=$1 fixture=$2
    shift 2
    in_fresh "$fixture" plain nvcc "$@"
    in_fresh "$fixture" passed nvcache nvcc "$@"
    expect_counts "bypassed.$reason=1"
    expect_same_run plain passed
    expect_same_tree "$T/plain" "$T/passed"
}

# same_again FIXTURE ARGUMENTS...: another spelling of a command that differential has seen: a
# hit at once, and the same result.
same_again() {
    local fixture=$1
    shift
    in_fresh "$fixture" plain nvcc "$@"
    in_fresh "$fixture" hit nvcache nvcc "$@"
    expect_counts hits.manifest=1
    expect_same_run plain hit
    expect_same_tree "$T/plain" "$T/hit"
}

# A toolkit may bring its host compiler: nvcc looks in its own directory before PATH.
HOST_CXX=/usr/bin/g++
[ ! -x "$NVCC_DIR/g++" ] || HOST_CXX=$NVCC_DIR/g++
brings_host() {
    [ -x "$NVCC_DIR/gcc" ]
}

# runs_programs: can this toolkit link device code, and does the program start?  One that was unpacked for its compiler cannot.
runs_programs() {
    echo 'int main() { return 0; }' >"$T/main.cu"
    kernel "$T/other.cu" other
    nvcc -arch=sm_80 -rdc=true "$T/main.cu" "$T/other.cu" -o "$T/linked" >"$T/linked.log" 2>&1 && "$T/linked" >>"$T/linked.log" 2>&1
}

# needs_programs: end the script where programs cannot be linked and run.
needs_programs() {
    runs_programs && return 0
    begin "programs can be linked and run"
    skip "this toolkit only compiles: $(tail -n 1 "$T/linked.log" | head -c 200)"
    exit 0
}

# registered NAME OBJECT...: link them with a double of the CUDA runtime; $T/NAME.registered is which kernels and variables
# the program makes known to it, and what is in its images (which must not be compressed).
registered() {
    local name=$1
    shift
    [ -f "$T/double.o" ] || gcc -std=c17 -c "$E2E/../support/registered.c" -o "$T/double.o" || fail "the double does not compile"
    nvcc -cudart none -Xcompiler -no-pie -Xlinker --wrap=main,--unresolved-symbols=ignore-all "$@" "$T/double.o" -lcudadevrt -o "$T/$name.program" \
        >"$T/$name.link" 2>&1 || fail "linking $name: $(tail -n 3 "$T/$name.link")"
    $PYTHON "$E2E/../support/registered.py" "$T/$name.images" "$T/$name.program" >"$T/$name.registered" 2>"$T/$name.link" ||
        fail "what $name registers: $(tail -n 3 "$T/$name.link")"
}

# expect_same_registered NAME NAME: they register the same, from images with the same code.
expect_same_registered() {
    grep -q '^0 image' "$T/$1.registered" || fail "$1 registers nothing"
    cmp -s "$T/$1.registered" "$T/$2.registered" ||
        fail "$2 registers other than $1: $(diff "$T/$1.registered" "$T/$2.registered" | head -n 6 | paste -sd ';')"
}

# ---- sources -------------------------------------------------------------------------------

# write FILE: standard input into a file whose directory may have to be made.
write() {
    mkdir -p "$(dirname "$1")"
    cat >"$1"
}

# kernel FILE [NAME] [BODY]: a small .cu file that costs nvcc little.
kernel() {
    write "$1" <<CODE
__global__ void ${2:-k}(int *p)
{
    ${3:-*p = 1;}
}
CODE
}

# compile ARGUMENTS...: nvcache nvcc -c for one small architecture.
compile() {
    nvcache nvcc -arch=sm_80 -c "$@"
}

# still_right ARGUMENTS...: compiled once more; what was recorded, if anything, is right: a fresh nvcc agrees.
still_right() {
    compile "$@" -o got.o
    nvcc -arch=sm_80 -c "$@" -o expected.o
    expect_same expected.o got.o
}

# during COMMANDS: run by another process a moment after the compile has begun.
during() {
    (
        sleep 0.05
        eval "$1"
    ) &
}
