#!/usr/bin/env bash
# The command lines of tests/unit/nvcc/lines.def, as build systems and projects write them: each that
# this nvcc takes is compiled alone, as a miss and as a hit, and compared.  Long form.
. "$(dirname "$0")/lib.sh"

# Each row that is to be cached as "KIND<tab>LINE": paths lead to files below here, the source exists.
$PYTHON - "$E2E/../unit/nvcc/lines.def" "$T/rows" <<'CODE'
import ast
import os
import re
import sys

with open(sys.argv[1], encoding="ascii") as table:
    text = table.read()
os.mkdir(sys.argv[2])
rows = re.findall(r'\{("(?:[^"\\]|\\.)*"),\s*NVC_(\w+), ("[^"]*"), ("[^"]*"), ("[^"]*"|NULL),', text)
for number, (line, status, *names) in enumerate(rows):
    if status not in ("OK", "BYPASS_NATIVE"):
        continue
    line = ast.literal_eval(line)
    for name in sorted({ast.literal_eval(name) for name in names if name != "NULL"}, key=len, reverse=True):
        line = re.sub(r"(?<![\w/.-])" + re.escape(name) + r"(?![\w/.-])", name.lstrip("/"), line)
    # Directories of other machines: relative, so that nothing of this one is found there.
    line = re.sub(r"(?<=-I)/(?!usr)|(?<=-isystem )/(?!usr)", "", line)
    places = [ast.literal_eval(name).lstrip("/") for name in names if name != "NULL"]
    with open(os.path.join(sys.argv[2], f"{number:03}"), "w", encoding="ascii") as row:
        row.write("\n".join([line, places[0]] + [os.path.dirname(place) or "." for place in places]) + "\n")
CODE

# repeats ARGUMENTS...: does nvcc alone make the same twice, in two temporary directories?  Their names get into
# compressed device code (-G), and their lengths into the host's (-fsanitize=address).
repeats() {
    local file other=$T/tmp/nvcache-run-0123456789abcdef
    mkdir -p "$other"
    in_fresh fixture plain nvcc "$@"
    TMPDIR=$other in_fresh fixture again nvcc "$@"
    rm -rf "$other" # nvcache would take it for abandoned
    while IFS= read -r file; do
        same_bytes "$T/plain/$file" "$T/again/$file" || return 1
    done < <(cd "$T/plain" && find . -type f)
}

# stays ARGUMENTS...: a miss and a hit do the same; what nvcc says and writes is what it says and writes alone.
stays() {
    in_fresh fixture miss nvcache nvcc "$@"
    expect_counts misses=1
    in_fresh fixture hit nvcache nvcc "$@"
    expect_counts hits.manifest=1
    expect_same_run plain miss
    expect_same_run miss hit
    expect_eq "the files" "$(tree "$T/miss")" "$(tree "$T/plain")"
    expect_same_tree "$T/miss" "$T/hit" identical
}

unlike=0
for row in "$T/rows"/*; do
    mapfile -t part <"$row"
    begin "${part[0]}"
    rm -rf fixture
    for place in "${part[@]:2}"; do mkdir -p "fixture/$place"; done
    cat >"fixture/${part[1]}" <<'CODE'
#if defined(__cplusplus) && defined(__CUDACC__)
#include <cuda_runtime.h>
static __device__ int table[4] = {1, 2, 3, 4};
template <typename T> __global__ void scale(T *p, T by) { p[threadIdx.x] *= by + static_cast<T>(table[threadIdx.x & 3]); }
template __global__ void scale<float>(float *, float);
#endif
int from_the_host(int a) { return a + 1; }
CODE
    touch -d 2026-01-01 "fixture/${part[1]}" # ptxas writes it into line tables, and what cicc made is reused
    eval "words=(${part[0]})"
    if repeats "${words[@]:1}"; then
        differential fixture "${words[@]:1}"
    else
        unlike=$((unlike + 1))
        stays "${words[@]:1}"
    fi
done

begin "nvcc repeats itself but for a few"
[ $unlike -le 5 ] || fail "$unlike lines whose output nvcc alone does not repeat"

begin "most of them are compiled here" # 37 with CUDA 11.8, which knows neither sm_90a nor sm_100f
[ $passed -ge 35 ] || fail "only $passed were compiled, $skipped were not taken by this nvcc"
