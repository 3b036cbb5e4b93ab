#!/usr/bin/env bash
# Headers that are looked for in ways that are easily overlooked, and files that are read without
# being listed: what appears or changes there is seen.
. "$(dirname "$0")/lib.sh"

# once ARGUMENTS...: got is what nvcc makes of the files as they are now.
once() {
    nvcache nvcc -arch=sm_80 "$@" -o got.out
    nvcc -arch=sm_80 "$@" -o expected.out
    expect_same expected.out got.out
}

# recorded ARGUMENTS...: a miss and a hit.
recorded() {
    once "$@"
    once "$@"
    expect_counts hits.manifest=1 misses=1
}

# header DIR VALUE
header() {
    mkdir -p "$1"
    echo "#define VALUE $2" >"$1/found.h"
}

# shadow NAME SOURCE: SOURCE includes <found.h>; found in second, then in first as well.
shadow() {
    mkdir -p "$1/first"
    header "$1/second" 1
    printf "$2"'__global__ void k(int *p) { *p = VALUE; }\n' >"$1/source.cu"
    recorded -ptx "-I$1/first" "-I$1/second" "$1/source.cu"
    header "$1/first" 2
    once -ptx "-I$1/first" "-I$1/second" "$1/source.cu"
}

# extra NAME SOURCE: SOURCE asks whether extra.h is there; first it is not, then it is.
extra() {
    mkdir -p "$1"
    printf "$2"'__global__ void k(int *p) { *p = VALUE; }\n' >"$1/source.cu"
    recorded -ptx "$1/source.cu"
    touch "$1/extra.h"
    once -ptx "$1/source.cu"
}

begin "#include behind the mark that begins UTF-8 files"
shadow mark '\xEF\xBB\xBF#include <found.h>\n'

begin "#include behind the end of a comment of several lines"
shadow comment '/* one\n two */ #include <found.h>\n'

begin "#include behind what looks like a comment in a raw string"
shadow raw 'const char *text = R"(\n/* no comment\n)";\n#include <found.h>\n'

begin "__has_include behind a line that ends with a backslash, carriage return and newline"
extra crlf '#if defined(__cplusplus) && \\\r\n __has_include("extra.h")\r\n#define VALUE 2\r\n#else\r\n#define VALUE 1\r\n#endif\r\n'

begin "__has_include behind a line that ends with a backslash and a blank"
extra blank '#if defined(__cplusplus) && \\ \n __has_include("extra.h")\n#define VALUE 2\n#else\n#define VALUE 1\n#endif\n' 2>"$T/warnings"

begin "__has_include behind a comment of two lines"
extra condition '#if 1 /* a\n b */ && __has_include("extra.h")\n#define VALUE 2\n#else\n#define VALUE 1\n#endif\n'

begin "__has_include behind a quote that is a character"
extra quote "#if '\"' && __has_include(\"extra.h\")\n#define VALUE 2\n#else\n#define VALUE 1\n#endif\n"

begin "#include in two lines that end as on DOS: not recorded"
mkdir -p dos/first
header dos/second 1
printf '#inc\\\r\nlude <found.h>\r\n__global__ void k(int *p) { *p = VALUE; }\r\n' >dos/source.cu
once -ptx -Idos/first -Idos/second dos/source.cu
header dos/first 2
once -ptx -Idos/first -Idos/second dos/source.cu

begin "__has_include_next becomes true"
write next/first/found.h <<'CODE'
#if __has_include_next(<found.h>)
#define VALUE 2
#else
#define VALUE 1
#endif
CODE
mkdir -p next/second
printf '#include <found.h>\n__global__ void k(int *p) { *p = VALUE; }\n' >use.cu
recorded -ptx -Inext/first -Inext/second use.cu
header next/second 5
once -ptx -Inext/first -Inext/second use.cu

begin "#include_next of a macro: a header appears between the two"
write macro/first/found.h <<'CODE'
#define NEXT <found.h>
#include_next NEXT
CODE
mkdir -p macro/second
header macro/third 1
recorded -ptx -Imacro/first -Imacro/second -Imacro/third use.cu
header macro/second 2
once -ptx -Imacro/first -Imacro/second -Imacro/third use.cu

# meanwhile SECONDS COMMANDS: run by another process that long after the compile has begun.
meanwhile() {
    (
        sleep "$1"
        eval "$2"
    ) &
}

# A header that takes the compiler its time, so that what happens meanwhile happens behind it.
{
    echo '__device__ int slow() { int s = 0;'
    for i in $(seq 3000); do echo "s = s * 3 + $i ^ (s >> 5);"; done
    echo 'return s; }'
} >slow.h
printf '#include <found.h>\n#include "slow.h"\n__global__ void k(int *p) { *p = VALUE + slow(); }\n' >late.cu

begin "a header appears earlier on the path while the compiler runs: not recorded"
mkdir -p late1/first
header late1/second 1
meanwhile 0.4 'echo "#define VALUE 2" >late1/first/found.h'
nvcache nvcc -arch=sm_80 -ptx -Ilate1/first -Ilate1/second late.cu -o got.out
wait
once -ptx -Ilate1/first -Ilate1/second late.cu

begin "the same with an old header that is moved there"
mkdir -p late2/first
header late2/second 1
echo '#define VALUE 2' >late2/h && touch -d 2020-01-01 late2/h
meanwhile 0.4 'mv late2/h late2/first/found.h'
nvcache nvcc -arch=sm_80 -ptx -Ilate2/first -Ilate2/second late.cu -o got.out
wait
once -ptx -Ilate2/first -Ilate2/second late.cu

begin "an unrelated file that appears there meanwhile does not matter"
mkdir -p late3/first
header late3/second 1
meanwhile 0.2 'echo >late3/first/other.h'
nvcache nvcc -arch=sm_80 -ptx -Ilate3/first -Ilate3/second late.cu -o got.out
wait
once -ptx -Ilate3/first -Ilate3/second late.cu
expect_counts hits.manifest=1 misses=1

begin "#pragma GCC dependency compares times: its warning is never replayed"
mkdir -p pragma && echo x >pragma/dep
printf '#pragma GCC dependency "dep"\n__global__ void k(int *p) { *p = 1; }\n' >pragma/p.cu
for time in 2020-01-01 2031-01-01; do
    touch -d $time pragma/dep
    run plain nvcc -arch=sm_80 -ptx pragma/p.cu -o expected.out
    run cached nvcache nvcc -arch=sm_80 -ptx pragma/p.cu -o got.out
    expect_same_run plain cached
done

begin "precompiled headers of a host source are read in place of the header: not recorded"
for value in 1 2; do
    echo "#define VALUE $value" >pre.h
    g++ -x c++-header pre.h -o pre$value.gch
done
echo '#define VALUE 7' >pre.h
printf '#include "pre.h"\nint value() { return VALUE; }\n' >pre.cpp
printf 'int value() { return VALUE; }\n' >bare.cpp
for value in 1 2; do
    cp pre$value.gch pre.h.gch
    once -c pre.cpp
    once -c -include pre.h bare.cpp
done
rm pre.h.gch && mkdir pre.h.gch
for value in 1 2; do
    cp pre$value.gch pre.h.gch/one
    once -c pre.cpp
done
rm -r pre.h.gch

begin "headers that only the last pass reads and nvcc does not list, in a user's directory"
kernel last.cu
mkdir -p last
for name in fatbinary_section.h math_constants.h; do
    printf '#include_next <%s>\n' $name >last/$name
    once -c -Ilast last.cu
    printf '#include_next <%s>\nint visible_%s;\n' $name "${name%.h}" >last/$name
    once -c -Ilast last.cu
done

begin "such a header appears"
kernel last2.cu
mkdir -p last2
once -c -Ilast2 last2.cu
printf '#include_next <fatbinary_section.h>\nint visible;\n' >last2/fatbinary_section.h
once -c -Ilast2 last2.cu

begin "the same for the steps of a plan, whose text does not tell"
kernel last3.cu
mkdir -p last3
for text in first other; do
    printf '#include_next <fatbinary_section.h>\nint visible_%s;\n' $text >last3/fatbinary_section.h
    NVCACHE_PLAN=1 nvcache nvcc -arch=sm_80 -c -Ilast3 last3.cu -o got.out
    expect_in "symbols of the object" "$(nm got.out)" "visible_$text"
done

# last_pass_only DIRECTORY FILE OPTIONS...: DIRECTORY/FILE, which all passes read, shows text to the last pass only: of its own,
# then of a header that only it includes.  The object is right after each edit, and when nothing changed it is a hit.
last_pass_only() {
    local dir=$1 file=$2 text
    shift 2
    mkdir -p "$dir"
    kernel "$dir.cu"
    for text in 'int visible_one;' 'int visible_two;' '#include "only.h"' '#include "only.h"' '#include OTHER'; do
        case $text in
        *only*) echo "int visible_only_$RANDOM;" >"$dir/only.h" ;;
        esac
        {
            [ "$file" = pre.h ] || echo "#include_next <$file>"
            echo '#define OTHER "only.h"'
            printf '#if !defined __CUDACC__ && !defined SEEN\n#define SEEN\n%s\n#endif\n' "$text"
        } >"$dir/$file"
        once -c "$@" "$dir.cu"
        if ! nm expected.out | grep -q visible; then
            skip "the last pass of this nvcc does not read $file"
            return
        fi
    done
    expect_in "what became of the last" "$(stats)" 'not_stored.hidden_input [1-9]'
}

begin "a header before the toolkit's, with text for the last pass"
last_pass_only toolkit builtin_types.h -Itoolkit

begin "a header before the system's, which the toolkit's include, with text for the last pass"
last_pass_only system features.h -Isystem

begin "a header that the host compiler is told to include first, with text for the last pass"
last_pass_only pre pre.h -Xcompiler -include,pre/pre.h

begin "a file for the assembler, named by what strings and macros put together: not recorded"
pieces=('asm(".inc" "lude \"piece.s\"");' 'asm("." "incbin" " \"piece.s\"");' 'asm(TEXT(.incb) "in \"piece.s\"");'
    'asm(".macro m a\n.\\a \"piece.s\"\n.endm\nm incbin");')
for piece in "${pieces[@]}"; do
    printf '#define TEXT(x) #x\n#ifndef __CUDA_ARCH__\n%s\n#endif\n' "$piece" >pieces.cu
    for value in 1 2; do
        echo ".long $value" >piece.s
        if plans; then once -c pieces.cu; fi # the others are among the limits
    done
done

begin "headers in place of the toolkit's and the system's are hits as others are"
kernel last4.cu
mkdir -p last4
printf '#include_next <features.h>\n#ifndef __CUDACC__\n#include "only.h"\n#endif\n' >last4/features.h
echo 'extern int only;' | tee last4/only.h >last4/pre.h
recorded -c -Ilast4 -Xcompiler -include,last4/pre.h last4.cu
