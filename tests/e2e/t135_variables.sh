#!/usr/bin/env bash
# Each environment variable that a program of a compile asks for stands in src/nvcc/variables.def with what it is to us.
# Seen by preloading a getenv that writes down the names (tests/support/getenv_names.c), and in nvcc.profile.
. "$(dirname "$0")/lib.sh"

write a.cu <<'CODE'
__global__ void k(float *p) { *p = sinf(*p); }
CODE
write broken.cu <<'CODE'
__global__ void k() { unknown(); }
CODE
write broken_host.cu <<'CODE'
#ifndef __CUDACC__
#error not for the host
#endif
__global__ void k() {}
#if !defined(__CUDA_ARCH__)
static_assert(sizeof(int) == 1, "");
#endif
CODE
gcc -shared -fPIC -O1 -o "$T/names.so" "$E2E/../support/getenv_names.c" || exit 2

# classified: the names of the table.
classified() {
    sed -n 's/^NVCC_VARIABLE("\([^"]*\)".*/\1/p' "$E2E/../../src/nvcc/variables.def" | sort -u
}

# asked ARGUMENTS...: note what the programs of this compile ask for.
asked() {
    GETENV_NAMES=$T/names LD_PRELOAD=$T/names.so nvcc "$@" >"$T/asked.log" 2>&1
}

# unknown TABLE: "PROGRAM NAME" of what is asked for and not in it.  What the query for -arch=native asks (where there is
# a GPU, the driver's many) decides its answer, which is asked for each time.
unknown() {
    grep -av '^__nvcc_device_query ' "$T/names" | sort -u | awk 'NR == FNR { known[$0]; next } !($2 in known)' "$1" - | paste -sd ,
}
classified >"$T/table"

begin "what is asked for is in the table: objects, with messages and without"
asked -arch=sm_80 -c -MD -MF a.d a.cu -o a.o
asked -arch=sm_80 -c broken.cu -o broken.o
asked -arch=sm_80 -c broken_host.cu -o broken.o
asked -arch=sm_90 -cubin a.cu -o a.cubin
expect_eq "what the table lacks" "$(unknown "$T/table")" ""

begin "all programs that ask at all were heard"
for program in nvcc 'cudafe[+][+]' cicc ptxas cc1plus 'g(cc|[+][+]).*'; do
    expect_in "$program" "$(cut -d ' ' -f 1 "$T/names" | sort -u)" "^$program$"
done

begin "what the table lacks would be seen"
grep -vx -e PTXAS_FLAGS -e CPATH "$T/table" >"$T/less"
expect_eq "what a smaller table lacks" "$(unknown "$T/less" | tr ',' '\n' | cut -d ' ' -f 2 | sort -u | paste -sd ' ')" "CPATH PTXAS_FLAGS"

begin "the names in nvcc.profile are in the table"
profile=$(dirname "$(readlink -f "$NVCC")")/nvcc.profile
{ sed -n 's/^\([A-Za-z_]*\)[ \t]*[+=].*/\1/p' "$profile" && grep -o '\$([A-Za-z_]*)' "$profile" | tr -d '$()'; } |
    sed 's/^/profile /' >"$T/names"
expect_in "the profile" "$(cat "$T/names")" ' PTXAS_FLAGS$'
expect_eq "what the table lacks" "$(unknown "$T/table")" ""

if [ -n "${NVCACHE_E2E_LONG:-}" ]; then
    begin "the same for other kinds of output and other languages"
    echo 'int f() { return 1; }' >b.cpp && cp b.cpp c.c
    for kind in '-dc -g -G' '-dc -dlto' -ptx -cubin -fatbin -optix-ir '-c -split-compile=2 --threads 2' '-c -lineinfo -O1' \
        '-c -Xptxas -v --resource-usage' '-c -Xcompiler -g,-march=native,-fdiagnostics-color=always'; do
        # shellcheck disable=SC2086
        asked -arch=sm_80 $kind a.cu -o a.out
    done
    asked -arch=all -c a.cu -o a.o
    asked -c b.cpp -o b.o
    asked -c c.c -o c.o
    asked -arch=native -c a.cu -o a.o
    [ -z "$(type -P clang++)" ] || asked -ccbin clang++ -c a.cu -o a.o
    expect_eq "what the table lacks" "$(unknown "$T/table")" ""
fi
