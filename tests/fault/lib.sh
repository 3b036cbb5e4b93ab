# Shell functions of the fault tests.  Sourced, never run.

FAULT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${NVCACHE:=$FAULT/../../build/dev/nvcache}"

# run_program NAME LONG SHORT: run a program of this directory, from the build that $NVCACHE is
# in, with the arguments of the long form (FULL=1) or of the short one.
run_program() {
    local program arguments=$3
    program=$(dirname "$NVCACHE")/tests/fault/$1
    [ -z "${FULL:-}" ] || [ "$FULL" = 0 ] || arguments=$2
    if [ ! -x "$program" ]; then
        echo "no program $program: build with -DNVC_TESTS=ON" >&2
        echo "$(basename "$0" .sh): 0 passed, 1 failed, 0 skipped"
        exit 1
    fi
    # shellcheck disable=SC2086
    "$program" $arguments
}
