#!/usr/bin/env bash
# The names that must not be another object's (anonymous namespaces, static device variables): below base directories they come of the
# source's and the output's place below them, so that checkouts give equal objects, and two objects of one program never share them.
. "$(dirname "$0")/lib.sh"
export NVCACHE_PLAN=1

flags=(-arch=sm_80 -rdc=true --no-compress)

# The kernel's body in the image is another one for each part; so are the host's functions.
source_of() { # PART
    cat <<CODE
static __device__ int own = $1;
namespace {
struct Tag { int value() const; };
int Tag::value() const { return $1; }
__global__ void hidden(int *p) { *p = own + $1; }
template <class T> int of(T t) { return t.value(); }
}
template <class T> inline int shared(T t) { return of(t) + 10; }
int part_$1(int *p) { if (p) hidden<<<1, 1>>>(p); return shared(Tag()); }
CODE
}

# Nothing in it has a name outside of it: nvcc makes its id of the process.
lone() {
    cat <<'CODE'
namespace {
__device__ int own = 5;
__global__ void hidden(int *p) { *p = own; }
volatile int never;
struct Start { Start() { if (never) hidden<<<1, 1>>>(nullptr); } } start;
}
CODE
}

# internal FILE: the names that hold an id.
internal() {
    nm "$1" | awk '{ print $NF }' | grep -oE '(_INTERNAL_|_GLOBAL__N__)[0-9a-f]{8}_[0-9]+_[A-Za-z0-9_]*_cu_[0-9a-f]*' | sed 's/_INTERNAL_//; s/_GLOBAL__N__//' | sort -u
}

mkdir one two
for place in one two; do
    source_of 1 >$place/part.cu
    lone >$place/lone.cu
done
export NVCACHE_BASE_DIR=$T/work/one:$T/work/two

begin "two checkouts, each with an empty cache: equal objects, also where nvcc takes the process for its id"
for place in one two; do
    for unit in part lone; do
        (cd $place && expect_ok env NVCACHE_DIR="$T/cache.$place" "$T/bin/nvcache" nvcc "${flags[@]}" -w -c $unit.cu -o $unit.o)
    done
done
for unit in part lone; do
    cmp -s one/$unit.o two/$unit.o || fail "$unit.o is another one"
done
(cd one && nvcc "${flags[@]}" -c part.cu -o plain.o)
(cd two && nvcc "${flags[@]}" -c part.cu -o plain.o)
! cmp -s one/plain.o two/plain.o || fail "nvcc's own are equal, too: this tests nothing"

begin "sources of one name and contents in two directories of a checkout, each without an external symbol too: they link"
mkdir one/a one/b
for dir in a b; do
    lone >one/$dir/lone.cu
    { source_of 3 | sed "s/part_3/part_$dir/"; } >one/$dir/part.cu
    for unit in lone part; do
        (cd one && expect_ok nvcache nvcc "${flags[@]}" -w -c $dir/$unit.cu -o $dir/$unit.o)
    done
done
for unit in lone part; do
    [ "$(internal one/a/$unit.o | wc -l)" -gt 0 ] || fail "no such name is seen in $unit.o"
    expect_eq "names that two $unit.o share" "$(comm -12 <(internal one/a/$unit.o) <(internal one/b/$unit.o))" ""
done
if runs_programs; then
    objects=(one/a/lone.o one/b/lone.o one/a/part.o one/b/part.o)
    expect_ok nvcc "${flags[@]}" -dlink "${objects[@]}" -o twins.o
    registered twins "${objects[@]}" twins.o
    expect_eq "kernels" "$(grep -c ' function ' "$T/twins.registered")" 4
fi

begin "a source without an external symbol, for one place with other options: names of their own, and they link"
number=0
for options in -maxrregcount=32 -maxrregcount=64 "-Xptxas -O1" "-gencode arch=compute_86,code=sm_86"; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    (cd one && expect_ok nvcache nvcc "${flags[@]}" $options -w -c lone.cu -o lone.o && mv lone.o lone_$number.o)
done
for a in 1 2 3 4; do
    for ((b = a + 1; b <= 4; b++)); do
        expect_eq "names that $a and $b share" "$(comm -12 <(internal one/lone_$a.o) <(internal one/lone_$b.o))" ""
    done
done
if runs_programs; then
    expect_ok nvcc "${flags[@]}" -dlink one/lone_[123].o -o options.o
    registered options one/lone_[123].o options.o
    expect_eq "kernels" "$(grep -c ' function ' "$T/options.registered")" 3
fi
(cd one && expect_ok nvcache nvcc "${flags[@]}" -maxrregcount=32 -w -c lone.cu -o lone.o)
cmp -s one/lone.o one/lone_1.o || fail "the first is another one now"

begin "two outputs of one source, and one output made of two contents: names of their own, and they link"
(cd one && expect_ok nvcache nvcc "${flags[@]}" -c part.cu -o again.o)
source_of 2 >one/part.cu
(cd one && mv part.o part_1.o && expect_ok nvcache nvcc "${flags[@]}" -c part.cu -o part.o && mv part.o part_2.o)
for object in part_1 again part_2; do
    [ "$(internal one/$object.o | wc -l)" -gt 0 ] || fail "no such name is seen in $object.o"
done
expect_eq "names that two outputs share" "$(comm -12 <(internal one/part_1.o) <(internal one/again.o))" ""
expect_eq "names that two contents share" "$(comm -12 <(internal one/part_1.o) <(internal one/part_2.o))" ""
if runs_programs; then
    expect_ok nvcc "${flags[@]}" -dlink one/part_1.o one/part_2.o -o linked.o
    registered ours one/part_1.o one/part_2.o linked.o
    expect_eq "kernels" "$(grep -c ' function ' "$T/ours.registered")" 2
fi
