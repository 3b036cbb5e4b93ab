#!/usr/bin/env bash
# A miss that runs nvcc's steps itself leaves what nvcc leaves: its object, its dependency file, its messages and its exit
# status; and nvcc itself runs where a step fails.
. "$(dirname "$0")/lib.sh"
export NVCACHE_PLAN=1
KINDS_APART=1

TWO=(-gencode arch=compute_80,code=sm_80 -gencode "arch=compute_90,code=[sm_90,compute_90]")

mkdir fixture fixture/system
cat >fixture/unit.cu <<'CODE'
#include <cstdio>
#include "own.h"
#if __CUDA_ARCH__ == 900
#include "newest.h"
#endif
#include <sys.h>
namespace {
__device__ int hidden_value;
__global__ void hidden(int *p) { *p = hidden_value; }
}
static __device__ int fixed;
template <class T> __global__ void shared(T *p) { *p = T(OWN) + fixed; }
__global__ void plain(int *p) { *p = 1; }
const char *raw = R"(a
#if 0
b)";
int main() { plain<<<1, 1>>>(nullptr); hidden<<<1, 1>>>(nullptr); shared<<<1, 1>>>((float *)nullptr); std::puts(raw); }
CODE
echo '#define OWN 7' >fixture/own.h
echo '#define NEWEST 1' >fixture/newest.h
echo 'extern int of_the_system;' >fixture/system/sys.h

# steps_of_log: what the log says of each step since it was last emptied, as "cicc.run=2 ptxas.reused=1".
steps_of_log() {
    sed -n 's/.* plan\.step tool=\([a-z]*\) .*result=\([a-z]*\) .*/\1.\2/p' "$NVCACHE_LOG" |
        grep -v -e preprocess -e hosttext -e fatbinary | sort | uniq -c | awk '{ print $2 "=" $1 }' | paste -sd ' '
    : >"$NVCACHE_LOG"
}
export NVCACHE_LOG=$T/log

# as_nvcc ARGUMENTS...: the object is nvcc's, byte for byte but for the names of intermediate files in its table of symbols;
# and so is the dependency file.
as_nvcc() {
    local place
    in_fresh "$T/work/fixture" ours nvcache nvcc "$@" unit.cu -o unit.o -MD -MF unit.d
    expect_eq "exit status: $(cat "$T/ours.err")" "$(code_of ours)" 0
    in_fresh "$T/work/fixture" plain nvcc "$@" unit.cu -o unit.o -MD -MF unit.d
    expect_same_run plain ours
    expect_same "$T/plain/unit.d" "$T/ours/unit.d"
    case " $* " in
    *' -g '*) expect_same "$T/plain/unit.o" "$T/ours/unit.o" ;;
    *)
        for place in plain ours; do
            objcopy --strip-unneeded "$T/$place/unit.o" "$T/$place/bare.o" || fail "no object: $place"
        done
        cmp -s "$T/plain/bare.o" "$T/ours/bare.o" || fail "the object is not nvcc's"
        ;;
    esac
}

forms=("-c ${TWO[*]}")
[ -z "${NVCACHE_E2E_LONG:-}" ] || forms+=("-c -arch=sm_90a" "-dc -dlto -arch=sm_90a" "-dc -dlto -arch=sm_80" "-c -arch=sm_80 -lineinfo -g" "-c -arch=sm_80" "-dc ${TWO[*]}" "-c -rdc=true -arch=sm_80" \
    "-c -O3 -arch=sm_80 -Xcompiler -fPIC,-Wall -Xptxas -v -std=c++17 --threads 3")
for form in "${forms[@]}"; do
    begin "as nvcc: $form"
    # shellcheck disable=SC2086
    if nvcc --dryrun ${form%--threads*} fixture/unit.cu >/dev/null 2>&1; then as_nvcc $form -isystem system; else skip "this nvcc does not take it"; fi
    expect_eq unplanned "$(stats | grep -c '^unplanned')" 0
done

begin "after an edit of the device's code the object is that of an empty cache: the host's is reused, its image is new"
: >"$NVCACHE_LOG"
reused=$(stat_of steps.host.reused) saved=$(stat_of saved_seconds)
sed -i 's/\*p = 1;/*p = 12345;/' fixture/unit.cu
as_nvcc -c "${TWO[@]}" -isystem system
expect_eq steps "$(steps_of_log)" "cicc.run=2 cudafe.run=1 host.reused=1 ptxas.run=2"
expect_counts hits.partial=1
expect_eq "steps of the host that were reused" "$(stat_of steps.host.reused)" $((reused + 1))
[ "$(stat_of saved_seconds)" != "$saved" ] || fail "no time was saved"
expect_in "the page" "$(nvcache stats)" 'Steps reused'

begin "the log names the input that made a step run"
: >"$NVCACHE_LOG"
sed -i 's/std::puts(raw);/std::puts(raw), std::puts("more");/' fixture/unit.cu
in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -isystem system unit.cu -o unit.o
expect_eq "what was new" "$(sed -n 's/.* plan\.step tool=\([a-z]*\) .*result=run new=\([a-z_]*\) .*/\1:\2/p' "$NVCACHE_LOG" | grep -v ':-$' | sort -u | paste -sd ' ')" \
    "cicc:text cudafe:text host:host_text"
sed -i 's/, std::puts("more")//' fixture/unit.cu
expect_in "the log" "$(cat "$NVCACHE_LOG")" 'end outcome=partial culprit=source contents'
mark
: >"$NVCACHE_LOG"

begin "cicc begins with the module id of the last run; when it was another, all that came of it is made anew"
cat >fixture/guess.cu <<'CODE'
namespace { __device__ int hidden; }
__global__ void first_of_all(int *p) { *p = hidden; }
CODE
export NVCACHE_MEMORY=off
for edit in none 's/= hidden/= 1 + hidden/'; do
    [ "$edit" = none ] || sed -i "$edit" fixture/guess.cu
    in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" guess.cu -o guess.o
done
# Another id, until cicc has begun with the old one: it does while a processor has nothing to do.
name=first_of_all began=no
for next in another_name a_third_name a_fourth_name a_fifth_name; do
    sed -i "s/$name/$next/" fixture/guess.cu
    name=$next
    in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" guess.cu -o guess.o
    grep ' plan\.end ' "$NVCACHE_LOG" | tail -n 1 | grep -q side_by_side=2 && began=yes && break
done
mv "$T/ours" "$T/other_id"
NVCACHE_DIR=$T/cache.other NVCACHE_LOG= in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" guess.cu -o guess.o
cmp -s "$T/other_id/guess.o" "$T/ours/guess.o" || fail "with another id the object is not that of an empty cache"
sed -i 's/1 + hidden/2 + hidden/' fixture/guess.cu
in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" guess.cu -o guess.o
unset NVCACHE_MEMORY
rm -rf "$T/cache.other"
guesses=$(sed -n 's/.* plan\.guess result=//p' "$NVCACHE_LOG" | uniq | paste -sd ' ')
if [ $began = no ]; then skip "no processor was free: cicc always waited"; else expect_in guesses "$guesses" '^(right )?wrong( right)?$'; fi
: >"$NVCACHE_LOG"
mark

begin "the stripped raw string counts: an edit inside of it reaches the object"
sed -i 's/^b)";/c)";/' fixture/unit.cu
as_nvcc -c "${TWO[@]}" -isystem system
expect_in "steps" "$(steps_of_log)" 'host.run=1'
expect_counts hits.partial=1

begin "host code that names the list of architectures is compiled again for another list, and only then"
for edit in "sm_80 1" "sm_80 2" "sm_86 2"; do
    printf 'const char *list = "__CUDA_ARCH_LIST__";\n__global__ void k(int *p) { *p = %s; }\n' "${edit#* }" >fixture/named.cu
    in_fresh "$T/work/fixture" ours nvcache nvcc -c -DNAMED -arch="${edit% *}" named.cu -o named.o
done
expect_eq steps "$(steps_of_log)" "cicc.run=3 cudafe.reused=1 cudafe.run=2 host.reused=1 host.run=2 ptxas.run=3"
mark

begin "a comment is a hit by text, and the depfile is of now"
sed -i '1i // a comment' fixture/unit.cu
mv fixture/own.h fixture/other.h && echo '#include "other.h"' >fixture/own.h
as_nvcc -c "${TWO[@]}" -isystem system
expect_eq steps "$(steps_of_log)" ""
expect_in "depfile" "$(cat "$T/ours/unit.d")" 'other\.h'
expect_counts hits.text=1

begin "with line information, or where a line's number is in the text, a comment moves what is in the object: no hit by text"
mark
for form in "-lineinfo lined" "-DX counted"; do
    printf '__global__ void k(int *p)\n{\n    *p = 3;\n}\n' >fixture/lined.cu
    printf 'int line() { return __builtin_LINE(); }\n__global__ void k(int *p) { *p = 3; }\n' >fixture/counted.cu
    for edit in first moved; do
        [ $edit = first ] || sed -i '1i // moved' "fixture/${form#* }.cu"
        in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" "${form% *}" "${form#* }.cu" -o lined.o
        in_fresh "$T/work/fixture" plain nvcc -c "${TWO[@]}" "${form% *}" "${form#* }.cu" -o lined.o
        expect_same "$T/plain/lined.o" "$T/ours/lined.o"
    done
done
expect_eq "hits by text" "$(counts | grep -o 'hits.text[^ ]*')" ""
mark

begin "no file between the steps is made twice"
if strace -f --seccomp-bpf -o "$T/trace" true 2>/dev/null; then
    settle
    (cd fixture && strace -f --seccomp-bpf -s 4096 -e trace=open,openat,creat,link,linkat,symlink,symlinkat -o "$T/trace" \
        "$T/bin/nvcache" nvcc -c "${TWO[@]}" -DONCE -isystem system unit.cu -o unit.o)
    grep -E '/nvcache-run-.*(O_CREAT|creat|link)' "$T/trace" | grep -v ENOENT | grep -oE '/nvcache-run-[^"]*"' | grep -v '/cc[^/]*\.s"$' >"$T/made"
    [ "$(wc -l <"$T/made")" -gt 10 ] || fail "such files are not seen"
    expect_eq "twice" "$(sort "$T/made" | uniq -d)" ""
    expect_eq "copies" "$(grep -v '/host/' "$T/made" | sed 's/.*\///' | sort | uniq -d)" ""
    rm -f fixture/unit.o
else
    skip "strace is not allowed to trace"
fi
mark

begin "and the next time every input is as recorded"
in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -isystem system unit.cu -o unit.o -MD -MF unit.d
expect_counts hits.manifest=1

begin "-MMD, -MP, -MT: nvcc's dependency files"
for form in "-MMD -MF unit.d" "-MD -MP -MT target"; do
    # shellcheck disable=SC2086
    in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -isystem system $form unit.cu -o unit.o
    # shellcheck disable=SC2086
    in_fresh "$T/work/fixture" plain nvcc -c "${TWO[@]}" -isystem system $form unit.cu -o unit.o
    expect_same "$T/plain/unit.d" "$T/ours/unit.d"
done
expect_counts hits.text=2

begin "cubin, fatbin: the streams are nvcc's"
for form in -cubin -fatbin; do
    in_fresh "$T/work/fixture" ours nvcache nvcc $form -arch=sm_80 -isystem system unit.cu -o unit.o
    in_fresh "$T/work/fixture" plain nvcc $form -arch=sm_80 -isystem system unit.cu -o unit.o
    expect_same_run plain ours
done
expect_eq unplanned "$(stats | grep -c '^unplanned')" 0

begin "the plan is kept for other sources with the same options"
cp fixture/unit.cu fixture/second.cu
: >"$NVCACHE_LOG"
in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -isystem system second.cu -o second.o
expect_in "log" "$(cat "$NVCACHE_LOG")" 'plan\.template result=found'

begin "what the headers of the last pass are is asked once for all sources with the same options"
: >"$NVCACHE_LOG"
for name in third fourth; do
    sed "s/OWN/OWN + sizeof(\"$name\")/" fixture/unit.cu >fixture/$name.cu
    in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -Xcompiler -fwrapv -isystem system $name.cu -o $name.o
    in_fresh "$T/work/fixture" plain nvcc -c "${TWO[@]}" -Xcompiler -fwrapv -isystem system $name.cu -o $name.o
    expect_same "$T/plain/$name.o" "$T/ours/$name.o"
done
expect_eq "asked" "$(sed -n 's/.* plan\.step tool=hosttext .*result=\([a-z]*\) .*/\1/p' "$NVCACHE_LOG" | paste -sd ' ')" "run reused"
mark

begin "warnings name the lines of now, and are printed again"
cat >fixture/warned.cu <<'CODE'
__global__ void k(int *p) { int unused_in_device; *p = 1; }
int host(unsigned a, int b) { int unused_in_host; return a < b; }
CODE
for edit in first same shifted; do
    [ $edit != shifted ] || sed -i '1i // shifted' fixture/warned.cu
    [ $edit = first ] || echo "// $edit" >>fixture/warned.cu
    in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -Xcompiler -Wall,-Wextra warned.cu -o warned.o
    in_fresh "$T/work/fixture" plain nvcc -c "${TWO[@]}" -Xcompiler -Wall,-Wextra warned.cu -o warned.o
    expect_same_run plain ours
    expect_in "stderr" "$(cat "$T/ours.err")" unused_in_device
done

begin "a step that printed something is reused where its text is the same byte for byte, with what it printed"
cat >fixture/said.cu <<'CODE'
__global__ void k(int *p)
{
    int unused_in_device;
    *p = 1;
#if __CUDA_ARCH__ == 900
    *p = 1;
#endif
}
CODE
for edit in first newest shifted; do
    case $edit in
    newest) sed -i '6s/1/2/' fixture/said.cu ;;
    shifted) sed -i '1i // shifted' fixture/said.cu ;;
    esac
    : >"$NVCACHE_LOG"
    in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" said.cu -o said.o
    in_fresh "$T/work/fixture" plain nvcc -c "${TWO[@]}" said.cu -o said.o
    expect_same_run plain ours
    expect_in "stderr" "$(cat "$T/ours.err")" unused_in_device
    case $edit in
    newest) expect_in steps "$(steps_of_log)" '^cicc.reused=1 cicc.run=1 ' ;;
    shifted) expect_in steps "$(steps_of_log)" '^cicc.run=2 ' ;;
    esac
done
mark

begin "PTX that is only checked, for an architecture without code: messages are nvcc's, and so is a refusal"
cat >fixture/checked.cu <<'CODE'
__global__ void k(float *p) { asm volatile("{.loc 1 1 1\n ex2.approx.f32 %0, %0;}" : "+f"(*p)); }
int host() { return 1; }
CODE
echo '__global__ void k(int *p) { asm volatile("wgmma.fence.sync.aligned;"); *p = 1; }' >fixture/refused.cu
if TMPDIR=$T nvcc --dryrun -c -arch=sm_90a fixture/checked.cu 2>&1 | grep -q 'ptxas -arch=compute_90 '; then
    for edit in first host; do
        [ $edit = first ] || sed -i 's/return 1/return 2/' fixture/checked.cu
        : >"$NVCACHE_LOG"
        in_fresh "$T/work/fixture" ours nvcache nvcc -c -arch=sm_90a checked.cu -o checked.o
        in_fresh "$T/work/fixture" plain nvcc -c -arch=sm_90a checked.cu -o checked.o
        expect_same_run plain ours
        expect_same "$T/plain/checked.o" "$T/ours/checked.o"
        expect_eq "messages" "$(grep -c 'loc directive' "$T/ours.err")" 2
    done
    expect_eq steps "$(steps_of_log)" "cicc.run=2 cudafe.run=1 host.run=1 ptxas.reused=2"
    expect_counts hits.partial=1 misses=1
    in_fresh "$T/work/fixture" plain nvcc -c -arch=sm_90a refused.cu -o refused.o
    in_fresh "$T/work/fixture" ours nvcache nvcc -c -arch=sm_90a refused.cu -o refused.o
    expect_in "stderr" "$(cat "$T/plain.err")" 'not supported on'
    expect_same_run plain ours
    expect_same_tree "$T/plain" "$T/ours"
    expect_counts failed_compiles=1
    grep -q 'plan.failed tool=ptxas arch=compute_90 ' "$NVCACHE_LOG" || fail "it was not the check"
else
    skip "this nvcc checks none"
fi

begin "a compile that fails: nvcc's messages, exit status and files, and nothing left behind"
echo 'int x = ;' >fixture/broken.cu
in_fresh "$T/work/fixture" plain nvcc -c "${TWO[@]}" broken.cu -o broken.o
in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" broken.cu -o broken.o
expect_same_run plain ours
expect_same_tree "$T/plain" "$T/ours"
mark
begin "a step that fails where nvcc does not: nvcc's result, counted loudly"
unplanned=$(stat_of unplanned.step_failed)
mkdir hostdir
cat >host.c <<'CODE'
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(argv[i], "tmpxft_00000000_00000000") != NULL)
            return 1;
    argv[0] = (char *)REAL;
    execv(REAL, argv);
    return 127;
}
CODE
gcc -DREAL="\"$(type -P gcc)\"" host.c -o hostdir/gcc
in_fresh "$T/work/fixture" ours nvcache nvcc -c -arch=sm_80 -ccbin "$T/work/hostdir/gcc" -isystem system unit.cu -o unit.o
in_fresh "$T/work/fixture" plain nvcc -c -arch=sm_80 -ccbin "$T/work/hostdir/gcc" -isystem system unit.cu -o unit.o
expect_same_run plain ours
expect_same "$T/plain/unit.o" "$T/ours/unit.o"
expect_eq "divergences" "$(stat_of errors.plan_divergence)" 1
expect_eq "unplanned" "$(stat_of unplanned.step_failed)" $((unplanned + 1))
in_fresh "$T/work/fixture" ours nvcache nvcc -c -arch=sm_80 -ccbin "$T/work/hostdir/gcc" -isystem system unit.cu -o unit.o
expect_counts errors.plan_divergence=1 hits.manifest=1 misses=1

begin "a form that is not planned is counted, and is nvcc's"
for form in -optix-ir -ptx; do
    in_fresh "$T/work/fixture" ours nvcache nvcc $form -arch=sm_80 -isystem system unit.cu -o unit.out
    in_fresh "$T/work/fixture" plain nvcc $form -arch=sm_80 -isystem system unit.cu -o unit.out
    expect_same_run plain ours
done
cmp -s "$T/plain/unit.out" "$T/ours/unit.out" || fail "the PTX is not nvcc's"
expect_eq "unplanned" "$(stat_of unplanned.form)" 2
expect_counts misses=2

begin "that there is no plan is remembered: nvcc is not asked for one again"
: >"$NVCACHE_LOG"
for value in 1 2; do
    kernel "a name.cu" k "*p = $value;"
    nvcache nvcc -c -arch=sm_80 "a name.cu" -o "a name.o"
done
expect_eq "asked and remembered" "$(grep -oE 'plan\.template result=refused( before)?' "$NVCACHE_LOG" | cut -d = -f 2 | paste -sd ' ')" \
    "refused refused before"
expect_ok nvcache verify
expect_counts misses=2

begin "a file that the assembler takes in is not replayed from a step"
echo one >fixture/blob
printf 'asm(".data\\nblob: .incbin \\"blob\\"\\n.text\\n");\n__global__ void k(int *p) { *p = 1; }\n' >fixture/taken.cu
for content in one two; do
    echo $content >fixture/blob
    in_fresh "$T/work/fixture" ours nvcache nvcc -c -arch=sm_80 taken.cu -o taken.o
    expect_in "object" "$(strings -n 3 "$T/ours/taken.o")" "^$content"
done

begin "clang writes the lines of lambdas and unnamed types into objects"
cat >lambda.cu <<'CODE'
template <class T> const char *name_of(T) { return __PRETTY_FUNCTION__; }
const char *name() { return name_of([](int x) { return x; }); }
CODE
if [ -n "$(type -P clang++)" ] && nvcc -arch=sm_80 -ccbin clang++ -c lambda.cu -o expected.o 2>/dev/null; then
    for edit in none lines; do
        [ $edit = none ] || sed -i '1i // one' lambda.cu
        nvcache nvcc -c -arch=sm_80 -ccbin clang++ lambda.cu -o lambda.o
        nvcc -c -arch=sm_80 -ccbin clang++ lambda.cu -o expected.o
        expect_same expected.o lambda.o
    done
    expect_in "the object" "$(strings lambda.o)" 'lambda\.cu:3:'
else
    skip "no clang++ that this nvcc takes"
fi

begin "two objects of one place have names of their own: what they do not share is not taken for one another's"
for part in 1 2; do
    write parts.cu <<CODE
namespace {
struct Tag { int value() const; };
int Tag::value() const { return $part; }
__global__ void hidden(int *p) { *p = $part; }
template <class T> int of(T t) { return t.value(); }
}
template <class T> inline int shared(T t) { return of(t) + 10; }
int part_$part(int *p) { if (p) hidden<<<1, 1>>>(p); return shared(Tag()); }
CODE
    expect_ok nvcache nvcc -arch=sm_80 -c parts.cu -o part.o
    mv part.o part_$part.o
    write lone.cu <<CODE
extern int lone;
namespace {
__global__ void hidden(int *p) { *p = $part; }
struct Start { Start() { lone += $part; if (lone < 0) hidden<<<1, 1>>>(nullptr); } } start;
}
CODE
    expect_ok nvcache nvcc -arch=sm_80 -rdc=true -w -c lone.cu -o lone.o
    mv lone.o lone_$part.o
done
NVCACHE_DIR=$T/cache.other nvcache nvcc -arch=sm_80 -rdc=true -w -c lone.cu -o lone.o
cmp -s lone.o lone_2.o || fail "without an external symbol another cache gives another object"
printf 'int part_1(int *), part_2(int *), lone;\nint main() { return part_1(nullptr) * 100 + part_2(nullptr) - 1112; }\n' >both.cu
if runs_programs; then
    expect_ok nvcc -arch=sm_80 -rdc=true both.cu part_1.o part_2.o lone_1.o lone_2.o -o both
    expect_ok ./both
else
    expect_ok nvcc -arch=sm_80 -c both.cu -o both.o
    ld -r both.o part_1.o part_2.o lone_1.o lone_2.o -o all.o 2>"$T/ld" || fail "$(head -n 3 "$T/ld")"
fi

begin "what moves only lines moves nothing in the object: nvcc itself keeps this"
cat >fixture/shifted.cu <<'CODE'
#include <cassert>
namespace { struct { int a; } unnamed; __device__ int hidden; }
static union { int i; float f; };
static __device__ int fixed;
__managed__ int managed;
template <class F> __global__ void apply(F f, int *p) { *p = f(*p) + hidden + fixed; }
__device__ int counted(int a) { static int n; __shared__ int s[32]; s[a & 31] = a; return n++ + s[0]; }
template <int N> struct T { struct Inner { int v[N]; }; __device__ Inner get() { Inner i; i.v[0] = N; return i; } };
__global__ void k(int *p)
{
    struct Local { int q; __device__ int m() { return q + 1; } } local{3};
    auto lambda = [=](int x) { return x + *p; };
    *p = lambda(counted(*p)) + T<4>().get().v[0] + local.m();
}
int run(int *p)
{
    auto host = [](auto x) { struct In { int z; } in{x}; return in.z; };
    struct { int m; } nameless{2};
    int bias = host(3);
    apply<<<1, 1>>>([=] __device__(int x) { return x + bias; }, p);
    apply<<<1, 1>>>([=] __host__ __device__(int x) { return x - bias; }, p);
    k<<<1, 1>>>(p);
    unnamed.a = i;
    return nameless.m + unnamed.a;
}
CODE
for edit in none lines; do
    [ $edit = none ] || sed -i '1i // one\n\n/* two\n */' fixture/shifted.cu
    in_fresh "$T/work/fixture" plain.$edit nvcc -c --extended-lambda -rdc=true -arch=sm_80 shifted.cu -o shifted.o
    in_fresh "$T/work/fixture" ours.$edit nvcache nvcc -c --extended-lambda -rdc=true -arch=sm_80 -w shifted.cu -o shifted.o
done
expect_same "$T/plain.none/shifted.o" "$T/plain.lines/shifted.o"
cmp -s "$T/ours.none/shifted.o" "$T/ours.lines/shifted.o" || fail "ours is another"
expect_counts hits.text=1 misses=1

begin "a signal ends all steps: its status, no file, nothing running, nothing left"
cat >slow.cu <<'CODE'
#define TEN(x) x x x x x x x x x x
__global__ void k(volatile int *p)
{
    int i = threadIdx.x;
    TEN(TEN(TEN(TEN(p[i] = p[i + 1] * 3 + i; i ^= p[i];))))
}
CODE
settle
set -m
command nvcache nvcc -c "${TWO[@]}" slow.cu -o slow.o >"$T/slow.out" 2>"$T/slow.err" &
target=$!
set +m
for ((i = 0; i < 600; i++)); do
    running=$(pgrep -P $target -x cicc | head -n 1)
    [ -z "$running" ] || break
    sleep 0.05
done
[ -n "$running" ] || fail "no step was seen"
kill -TERM $target
wait $target 2>/dev/null
expect_eq status $? 143
expect_in "the log" "$(cat "$NVCACHE_LOG")" 'plan\.end result=signal '
expect_no_file slow.o
[ -z "$(pgrep -g $target)" ] || fail "still running: $(pgrep -ag $target | head -c 300)"
expect_clean_tmp

begin "below a job server the steps run one after another, and its tokens stay"
mkfifo jobs
exec 8<>jobs
printf x >&8
: >"$NVCACHE_LOG"
sed -i "1i int below_server;" fixture/second.cu
NVCACHE_MEMORY=off MAKEFLAGS="-j2 --jobserver-auth=fifo:$PWD/jobs" nvcache nvcc -c "${TWO[@]}" -Ifixture/system fixture/second.cu -o second.o
expect_eq "steps side by side" "$(grep -oE 'side_by_side=[0-9]+' "$NVCACHE_LOG")" side_by_side=1
given=
read -r -t 5 -n 1 given <&8
expect_eq "the token" "$given" x
exec 8>&-

begin "NVCACHE_PLAN=0 leaves the steps to nvcc"
sed -i '1i // once more' fixture/unit.cu
: >"$NVCACHE_LOG"
NVCACHE_PLAN=0 in_fresh "$T/work/fixture" ours nvcache nvcc -c "${TWO[@]}" -isystem system unit.cu -o unit.o
expect_not_in "log" "$(cat "$NVCACHE_LOG")" 'plan\.'

begin "a plan made without LD_LIBRARY_PATH is not used with one"
unset LD_LIBRARY_PATH
mkdir -p libraries
for name in with without; do
    echo "__global__ void $name(int *p) { *p = 1; }" >$name.cu
done
: >"$NVCACHE_LOG"
nvcache nvcc -c -DLIBRARIES without.cu -o without.o
LD_LIBRARY_PATH=$T/work/libraries nvcache nvcc -c -DLIBRARIES with.cu -o with.o
expect_eq "templates made" "$(grep -c 'plan.template result=made' "$NVCACHE_LOG")" 2

begin "nothing is left in TMPDIR"
expect_clean_tmp
