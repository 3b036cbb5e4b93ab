#!/usr/bin/env bash
# Runs the end-to-end tests against a real nvcc:
#
#   tests/e2e/run.sh              all of them, as many at once as there are processors
#   tests/e2e/run.sh t040 cmake   those whose names have one of these words in them
#
# NVCACHE is the program under test (default build/dev/nvcache), NVCC the compiler (default the
# first in PATH), NVCACHE_E2E_JOBS how many run at once, NVCACHE_E2E_VERBOSE=1 names each case,
# NVCACHE_E2E_KEEP=1 keeps the directories, NVCACHE_E2E_LONG=1 takes the long scripts and cases as
# well (scripts/test.sh --long).  Prints one line for each script, the failed cases, and at the end
# how many cases passed, failed and were skipped.
set -u
E2E=$(cd "$(dirname "$0")" && pwd)
export NVCACHE=${NVCACHE:-$E2E/../../build/dev/nvcache}
NVCC=${NVCC:-$(type -P nvcc || echo /usr/local/cuda/bin/nvcc)}
export NVCC
jobs=${NVCACHE_E2E_JOBS:-$(nproc)}

if [ ! -x "$NVCACHE" ]; then
    echo "e2e: no program under test: $NVCACHE"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi

# More than ten minutes together on two processors: when named, or with NVCACHE_E2E_LONG.  The longest stand first, and
# are begun first: else the last one runs alone for minutes.
long=' t330 t105 t320 t220 t210 t235 t236 t100 t237 t230 t160 t215 t021 t022 t255 t262 t264 t300 '
is_long() { # SCRIPT
    local name
    name=$(basename "$1")
    [ -z "${NVCACHE_E2E_LONG:-}" ] && [[ $long == *" ${name%%_*} "* ]]
}

ordered=()
for name in $long; do
    ordered+=("$E2E/${name}_"*.sh)
done
scripts=()
for script in "${ordered[@]}" "$E2E"/t[0-9]*.sh; do
    [[ " ${scripts[*]} " != *" $script "* ]] || continue
    [ $# = 0 ] && ! is_long "$script" && scripts+=("$script")
    for word; do
        case $(basename "$script") in
        *"$word"*)
            scripts+=("$script")
            break
            ;;
        esac
    done
done

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# one SCRIPT: run it and print its line in one write, so that lines do not mix.
one() {
    local name start end log summary verdict
    name=$(basename "$1" .sh)
    log=$results/$name.log
    start=$(date +%s%3N)
    timeout -k 10 "${NVCACHE_E2E_LONG:+1}600" bash "$1" >"$log" 2>&1 </dev/null
    end=$(date +%s%3N)
    summary=$(grep -aE "^$name: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$" "$log" | tail -n 1)
    [ -n "$summary" ] || summary="$name: 0 passed, 1 failed, 0 skipped"
    echo "$summary" >"$results/$name.sum"
    case $summary in
    *' 0 failed,'*) verdict=ok ;;
    *) verdict=FAIL ;;
    esac
    {
        printf '%-5s %s (%d.%d s)\n' $verdict "$summary" $(((end - start) / 1000)) $(((end - start) % 1000 / 100))
        grep -av "^$name: " "$log"
    } >"$log.shown"
    cat "$log.shown"
}
export -f one
export results

printf '%s\n' "${scripts[@]}" | xargs -r -n 1 -P "$jobs" bash -c 'one "$1"' one

cat "$results"/*.sum 2>/dev/null | awk '
    { passed += $2; failed += $4; skipped += $6 }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || passed == 0 }'
