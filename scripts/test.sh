#!/usr/bin/env bash
# Sets this machine up and runs every check and test; the last line counts them all.
#
#   scripts/test.sh            what every change must pass
#   scripts/test.sh --long     also clang, the installed package, other CUDA versions and real
#                              projects; long fault tests
#   scripts/test.sh STAGE...   only these: checks build unit asan e2e property fault
#                              noplan clang package fuzz musl mutants versions real
set -eu
. "$(dirname "$0")/lib.sh"

stages='checks build unit asan e2e property fault'
is_long=0
if [ "${1:-}" = --long ]; then
    is_long=1
    stages="$stages noplan clang package fuzz musl mutants versions real"
    shift
fi
[ $# = 0 ] || stages=$*

passed=0
failed=0
skipped=0

# counted NAME COMMAND...: one check that passes or fails.
counted() {
    local name=$1 start
    shift
    start=$(now_ms)
    if quiet "$name" "$@"; then
        passed=$((passed + 1))
        say "ok    $name ($(seconds $(($(now_ms) - start))) s)"
    else
        failed=$((failed + 1))
        say "FAIL  $name"
        return 1
    fi
}

# tally LOG: add the tests that a ctest -V log tells of, and leave them in $counts.  A program that says how its single
# tests went counts as those, any other as one.
tally() {
    counts=$(awk '
        # "ID: [ FAILED ] name" stands where the test ran, and once more in a summary
        /^[0-9]+: \[       OK \] / { ok[$1]++ }
        /^[0-9]+: \[  FAILED  \] [^ ]+$/ { if (!seen[$1 " " $NF]++) bad[$1]++ }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
            id = $0; sub(/^[^#]*#/, "", id); sub(/:.*/, "", id); id = id ":"
            if ($0 ~ / Passed /) passed += ok[id] ? ok[id] : 1
            else { passed += ok[id]; failed += bad[id] ? bad[id] : 1 }
        }
        END { print passed + 0, failed + 0 }' "$1")
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    say "      ${counts% *} passed, ${counts#* } failed"
}

# build PRESET NAME [DEFINITION...]: build a preset in $BUILD/NAME.
build() {
    local preset=$1 directory=$BUILD/$2
    shift 2
    cmake --preset "$preset" -B "$directory" "$@" && cmake --build "$directory" -j "$(jobs_count)"
}

# test_preset PRESET: run the unit tests and fuzz replays of a build.
test_preset() {
    local log=$BUILD/logs/test-$1.log status=0
    mkdir -p "$BUILD/logs"
    say "      ctest, preset $1"
    (cd "$BUILD/$1" && ctest -V -j "$(jobs_count)") >"$log" 2>&1 </dev/null || status=$?
    if [ $status != 0 ]; then
        grep -E '\[  (ERROR|FAILED)|Sanitizer|runtime error|\*\*\*(Failed|Exception|Timeout)' "$log" | head -n 40 | sed 's/^/    /'
        say "    (all of it: $log)"
    fi
    tally "$log" || true
    if [ "$counts" = '0 0' ] || { [ $status != 0 ] && [ "${counts#* }" = 0 ]; }; then
        failed=$((failed + 1))
        say "FAIL  ctest, preset $1: ended with $status and ran $counts"
    fi
}

# add_counts LOG: add a closing line "N passed, M failed, K skipped".
add_counts() {
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
    if [ -z "$line" ]; then
        failed=$((failed + 1))
        say "FAIL  $1 has no closing line"
        return
    fi
    # shellcheck disable=SC2086
    set -- $line
    passed=$((passed + $1))
    failed=$((failed + $3))
    skipped=$((skipped + ${5:-0}))
}

stage_checks() {
    counted layers scripts/check_layers.py || true
    counted headers scripts/check_headers.sh || true
    counted settings scripts/check_settings.sh || true
    counted style scripts/check_style.py || true
    counted "texts of mutants" scripts/mutants.py --check || true
}

is_built=no
stage_build() {
    [ $is_built = yes ] || counted build-dev build dev dev || return 1
    is_built=yes
}

stage_unit() {
    stage_build && test_preset dev
}

stage_asan() {
    counted build-asan build asan asan && test_preset asan
}

stage_e2e() {
    local log=$BUILD/logs/e2e.log
    stage_build || return 1
    counted "options of this nvcc" python3 tests/e2e/options_table.py "$NVCC" || true
    [ $is_long = 0 ] || export NVCACHE_E2E_LONG=1
    NVCACHE=$BUILD/dev/nvcache tests/e2e/run.sh 2>&1 </dev/null | tee "$log" || true
    add_counts "$log"
}

# Everything once more with nvcc itself for each miss.
stage_noplan() {
    local log=$BUILD/logs/e2e-noplan.log
    stage_build || return 1
    NVCACHE_E2E_PLAN=0 NVCACHE_E2E_LONG=1 NVCACHE=$BUILD/dev/nvcache tests/e2e/run.sh 2>&1 </dev/null | tee "$log" || true
    add_counts "$log"
}

# Random edits of random projects; the closing lines say how many steps and hits there were.
stage_property() {
    local how=
    stage_build || return 1
    [ $is_long = 0 ] || how=--long
    export NVCACHE=$BUILD/dev/nvcache
    counted "property, fake compiler" tests/property/property.py ${how:---steps 500} fake || true
    counted "property, nvcc" tests/property/property.py --seed 4 ${how:---steps 12} real || true
    counted "property, moving trees, fake compiler" tests/property/moving.py ${how:---steps 200} fake || true
    counted "property, what shows its place" tests/property/shown.py "$BUILD/dev/tests/property/shown" --steps "$((is_long ? 20000 : 500))" || true
    counted "property, what headers it asks for" tests/property/asked.py "$BUILD/dev/tests/property/asked" --steps "$((is_long ? 5000 : 250))" || true
    # A few steps of nvcc's may all compile, which proves nothing: only the long form.
    [ $is_long = 0 ] || counted "property, moving trees, nvcc" tests/property/moving.py --long real || true
}

stage_fault() {
    local log=$BUILD/logs/fault.log
    stage_build || return 1
    NVCACHE=$BUILD/dev/nvcache FULL=$is_long tests/fault/run.sh 2>&1 </dev/null | tee "$log" || true
    add_counts "$log"
}

# The whole suite once more with other versions of nvcc, beside the one found: what they read, say and accept differs.
# CUDA_VERSIONS: which ones.  Cases that link are skipped where the toolkit only compiles.
stage_versions() {
    local version log
    stage_build || return 1
    for version in ${CUDA_VERSIONS:-11.8 12.4 13.5}; do
        counted "cuda-$version" scripts/cuda.sh $version "$BUILD/cuda-$version" || continue
        log=$BUILD/logs/e2e-$version.log
        counted "options of $version" python3 tests/e2e/options_table.py "$BUILD/cuda-$version/bin/nvcc" || true
        NVCC=$BUILD/cuda-$version/bin/nvcc NVCACHE=$BUILD/dev/nvcache \
            NVCACHE_E2E_LONG=1 tests/e2e/run.sh 2>&1 </dev/null | tee "$log" || true
        add_counts "$log"
    done
}

stage_clang() {
    counted build-clang build dev clang -DCMAKE_C_COMPILER=clang || true
}

stage_package() {
    counted package scripts/check_package.sh || true
}

# FUZZ_RUNS inputs (a million) for each decoder, begun from what the tests keep of earlier runs; what a
# decoder cannot bear is left in build/fuzz/crash-NAME-*.
stage_fuzz() {
    local target name inputs
    counted build-fuzz build fuzz fuzz || return 1
    for target in "$BUILD"/fuzz/tests/fuzz/fuzz_*; do
        [ -f "$target" ] && [ -x "$target" ] || continue
        name=$(basename "$target")
        inputs=$(mktemp -d)
        cp "$ROOT/tests/fuzz/corpus/$name"/* "$inputs" 2>/dev/null || true
        counted "$name" "$target" -runs="${FUZZ_RUNS:-1000000}" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
            -artifact_prefix="$BUILD/fuzz/crash-$name-" "$inputs" || true
        rm -rf "$inputs"
    done
}

# The program on another C library does the same.
stage_musl() {
    local log=$BUILD/logs/e2e-musl.log
    counted build-musl scripts/musl.sh || return 0
    NVCACHE=$BUILD/musl/nvcache tests/e2e/run.sh 2>&1 </dev/null | tee "$log" || true
    add_counts "$log"
}

# Code broken on purpose, and whether the tests notice.
stage_mutants() {
    local log=$BUILD/logs/mutants.log
    mkdir -p "$BUILD/logs"
    scripts/mutants.py 2>&1 </dev/null | tee "$log" || true
    add_counts "$log"
}

stage_real() {
    counted real-ggml scripts/real.sh ggml || true
}

cd "$ROOT"
setup_flags='--tests --cuda'
case " $stages " in
*' checks '*) setup_flags="$setup_flags --checks" ;;
esac
case " $stages " in
*' clang '* | *' fuzz '*) setup_flags="$setup_flags --clang" ;;
esac
# shellcheck disable=SC2086
scripts/setup.sh $setup_flags
NVCC=$(find_nvcc)
export NVCC
say "test: with $NVCC"

for stage in $stages; do
    case $stage in
    checks | build | unit | asan | e2e | property | fault | noplan | clang | package | fuzz | musl | mutants | versions | real) ;;
    *) die "there is no stage '$stage'" ;;
    esac
    "stage_$stage" || true
done

summary="$passed passed, $failed failed"
[ $skipped = 0 ] || summary="$summary, $skipped skipped"
say "$summary"
[ $failed = 0 ] && [ $passed -gt 0 ]
