# A source that asks by __has_include, and what others do while it compiles.  Sourced after lib.sh.

write p/ask.cu <<'CODE'
#if __has_include(<asked.h>)
#define ANSWER 2
#else
#define ANSWER 1
#endif
__global__ void k(double *p)
{
#pragma unroll
    for (int i = 0; i < 100; i++)
        p[i] = exp(sin(p[i]) + ANSWER) / (p[i + 1] + SALT);
}
CODE
# until_ptxas: the compile in the foreground has come to ptxas: what headers are there has been asked by then.
until_ptxas() {
    local i
    for ((i = 0; i < 3000; i++)); do
        ! pgrep -f "^ptxas .*$T" >/dev/null || return
        sleep 0.01
    done
}
mkdir -p p/inc p/with q out && touch p/with/asked.h p/kept.h && ln -s ../p/inc q/link && ln -s ../q/far p/far
salt=0
# asked WHAT COMMANDS [DIRECTORY]: while it compiles COMMANDS make __has_include say something else for a
# time, or from then on; what was recorded is right.
asked() {
    begin "$1"
    salt=$((salt + 1))
    sleep 0.05
    during "$2"
    compile -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o out/got.o
    wait
    compile -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o out/got.o
    nvcc -arch=sm_80 -c -DSALT=$salt -I"${3:-p/inc}" p/ask.cu -o expected.o
    expect_same expected.o out/got.o
}
all_asked() { # HOW
    asked "a header that only __has_include asks for appears and goes$1" 'cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h'
    asked "the same, and its directory gets its old time$1" \
        'touch -r p/inc p/time; cp p/kept.h p/inc/asked.h; until_ptxas; rm p/inc/asked.h; touch -r p/time p/inc'
    asked "a directory with it appears and goes$1" 'mkdir q/late; cp p/kept.h q/late/asked.h; until_ptxas; rm -r q/late' q/late
    asked "two directories, one in the other, appear and go$1" \
        'mkdir -p q/late/more; cp p/kept.h q/late/more/asked.h; until_ptxas; rm -r q/late' q/late/more
    asked "a directory with it is put in the place of another, and back$1" \
        'mv p/inc p/away; mv p/with p/inc; until_ptxas; mv p/inc p/with; mv p/away p/inc'
    asked "a directory appears and goes that a link leads to$1" 'mkdir q/far; cp p/kept.h q/far/asked.h; until_ptxas; rm -r q/far' p/far
    asked "a link is pointed to a directory with it, and back$1" 'ln -sfn ../p/with q/link; until_ptxas; ln -sfn ../p/inc q/link' q/link
}

# others_write FLAGS...: compile twice in a build directory; the first time another compile's output appears there and below.
others_write() {
    salt=$((salt + 1)) # so that ptxas runs
    mkdir -p "$T/elsewhere/sub" "$T/elsewhere/deep"
    (
        cd "$T/elsewhere" || exit
        (until_ptxas; date +%N >.ninja_deps; mv .ninja_deps "deps.$(date +%N)"; echo >"sub/$(date +%N).o") &
        compile -DSALT=$salt "-I$T/work/p/inc" "$@" "$T/work/p/ask.cu" -o deep/got.o
        wait
        compile -DSALT=$salt "-I$T/work/p/inc" "$@" "$T/work/p/ask.cu" -o deep/got.o
    )
}
