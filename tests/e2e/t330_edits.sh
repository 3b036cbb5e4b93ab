#!/usr/bin/env bash
# Which programs run for an edit when nvcache runs the steps of a compile itself: counted by tracing, for a
# plain unit, one with device linking, and with NVCACHE_E2E_LONG=1 also one of CUB and one of many templates.
# Each result must be, byte for byte, what an empty cache gives, and register what plain nvcc's registers
# (of the shorter table only after some of the edits; not where the toolkit cannot link device code, of the unit that needs it).
. "$(dirname "$0")/lib.sh"

# unit, edit; how often ran cicc, ptxas, cudafe++, the host compiler, fatbinary; as what it is counted.
# Every edit is made to the unit as it was first, with what it was first in the cache.  "short" is the plain unit for
# -arch=sm_90a, whose PTX for sm_90 is only checked.
table() {
    cat <<'TABLE'
plain first          2 2 1 1 1 misses
plain line           0 0 0 0 0 hits.text
plain blank-in-header 0 0 0 0 0 hits.text
plain guarded-host   0 0 1 1 1 hits.partial
plain host           2 0 1 1 1 hits.partial
plain newest         1 1 0 0 1 hits.partial
plain device         2 2 1 0 1 hits.partial
plain added          1 1 0 0 1 hits.partial
plain removed        0 0 0 0 1 hits.partial
plain reordered      0 0 0 0 1 hits.partial
plain ptxas-option   0 2 0 0 1 hits.partial
short first          2 2 1 1 1 misses
short guarded-host   0 0 1 1 1 hits.partial
short specific       1 1 0 0 1 hits.partial
short added          1 1 0 0 1 hits.partial
rdc first            2 2 1 1 1 misses
rdc guarded-host     0 0 1 1 1 hits.partial
rdc newest           1 1 0 0 1 hits.partial
rdc added            1 1 0 0 1 hits.partial
TABLE
    [ -z "${NVCACHE_E2E_LONG:-}" ] || long_table
}

long_table() {
    cat <<'TABLE'
short line           0 0 0 0 0 hits.text
short host           2 0 1 1 1 hits.partial
short device         2 2 1 0 1 hits.partial
short ptxas-option   0 2 0 0 1 hits.partial
rdc line             0 0 0 0 0 hits.text
rdc host             2 0 1 1 1 hits.partial
rdc device           2 2 1 0 1 hits.partial
rdc removed          0 0 0 0 1 hits.partial
rdc reordered        0 0 0 0 1 hits.partial
rdc ptxas-option     0 2 0 0 1 hits.partial
cub first            2 2 1 1 1 misses
cub line             0 0 0 0 0 hits.text
cub guarded-host     0 0 1 1 1 hits.partial
cub host             2 0 1 1 1 hits.partial
cub newest           1 1 0 0 1 hits.partial
cub device           2 2 1 0 1 hits.partial
cub reordered        0 0 0 0 1 hits.partial
cub ptxas-option     0 2 0 0 1 hits.partial
tiles first          2 2 1 1 1 misses
tiles line           0 0 0 0 0 hits.text
tiles guarded-host   0 0 1 1 1 hits.partial
tiles host           2 0 1 1 1 hits.partial
tiles newest         1 1 0 0 1 hits.partial
tiles device         2 2 1 0 1 hits.partial
tiles added          1 1 0 0 1 hits.partial
tiles removed        0 0 0 0 1 hits.partial
tiles reordered      0 0 0 0 1 hits.partial
tiles ptxas-option   0 2 0 0 1 hits.partial
TABLE
    lists_table
}

# CUB puts the list of architectures into its namespaces: from CUDA 12 on cicc's input is another when one is added, and in 13.0 so
# are the names in the PTX.
lists_table() {
    case $release in
    11.*)
        echo 'cub added            1 1 0 0 1 hits.partial'
        echo 'cub removed          0 0 0 0 1 hits.partial'
        ;;
    13.0)
        echo 'cub added            3 3 1 1 1 misses'
        echo 'cub removed          1 1 1 1 1 misses'
        ;;
    *)
        echo 'cub added            3 1 1 1 1 hits.partial'
        echo 'cub removed          1 0 1 1 1 hits.partial'
        ;;
    esac
}

# by_release: up to CUDA 11 the module id is made by cicc for the first architecture.
by_release() {
    case $release in
    11.*) sed -E 's/(reordered +)0 0 0 0/\12 0 0 0/' ;;
    *) cat ;;
    esac
}

gencode() { # ARCHITECTURE...
    local arch
    for arch; do
        printf -- '-gencode arch=compute_%s,code=sm_%s ' "$arch" "$arch"
    done
}

source_of() { # UNIT
    [ "$1" = short ] && echo plain.cu || echo "$1.cu"
}

# edit UNIT NAME: make it; sets $flags, the options that it changes.
edit() {
    local file
    file=$(source_of "$1")
    rm -rf source
    cp -R "$E2E/../projects/edits" source
    flags="-std=c++17 --no-compress $([ "$1" != rdc ] || echo -rdc=true) "
    case $2 in
    added) flags+=$(gencode 80 86 90) ;;
    removed) flags+=$(gencode 90) ;;
    reordered) flags+=$(gencode 90 80) ;;
    ptxas-option) flags+="$(gencode 80 90) -Xptxas -O2" ;;
    *) flags+=$(gencode 80 90) ;;
    esac
    [ "$1" != short ] || flags="-std=c++17 --no-compress -arch=sm_90a "
    case $1.$2 in
    short.added) flags+=$(gencode 80) ;;
    short.ptxas-option) flags+="-Xptxas -O2" ;;
    esac
    case $2 in
    line) sed -i '1i // moves all lines' "source/$file" ;;
    blank-in-header) sed -i '2i \\n/* words\n   words */\n' source/common.h ;;
    guarded-host) change "$file" 'edit: guarded host' 's/128/64/; s/1;/2;/; s/32/64/' ;;
    host) change "$file" 'edit: host' 's/+ 0/+ 1/' ;;
    newest) change "$file" 'edit: newest' 's/1/2/' ;;
    specific) change "$file" 'edit: specific' 's/1/2/' ;;
    device) change "$file" 'edit: device' 's/+ 1/+ 2/; s/(1)/(2)/' ;;
    esac
}

# change FILE MARK SCRIPT: in the line with that mark; it must change.
change() {
    sed "/$2/{$3}" "source/$1" >changed
    ! cmp -s changed "source/$1" || fail "'$2' in $1 cannot be edited"
    mv changed "source/$1"
}

# programs: how often each ran, from the trace.
programs() {
    awk -F '"' '
        / = 0$|<unfinished/ && /execve\(/ { name = $2; sub(/.*\//, "", name) }
        / = 0$|<unfinished/ && /execve\(/ && name == "cc1plus" && / "-E"/ { name = "cpp" }
        / = 0$|<unfinished/ && /execve\(/ { n[name]++ }
        END { printf "%d %d %d %d %d", n["cicc"], n["ptxas"], n["cudafe++"], n["cc1plus"], n["fatbinary"] }' "$T/trace"
}

# asks_nvcc EDIT: is nvcc run to tell of its steps?  Once for each set of options: those of the unit as it was first are known.
asks_nvcc() {
    case $1 in
    added | removed | reordered | ptxas-option) echo 1 ;;
    *) echo 0 ;;
    esac
}

# compiled NAME COMPILER...: the unit, always to the same place; keeps it as $T/NAME.o.
compiled() {
    local name=$1
    shift
    rm -rf out && mkdir out
    # shellcheck disable=SC2086
    expect_ok "$@" $flags -c "source/$(source_of "$unit")" -o out/unit.o
    mv out/unit.o "$T/$name.o"
}

traced() {
    settle
    strace -f --seccomp-bpf -s 4096 -e trace=execve -o "$T/trace" "$T/bin/nvcache" "$@"
}

# registered_by NAME: what a program of $T/NAME.o alone registers.
registered_by() {
    local objects=("$T/$1.o")
    if [ "$unit" = rdc ]; then
        # shellcheck disable=SC2086
        expect_ok nvcc $flags -dlink "$T/$1.o" -o "$T/$1.linked.o"
        objects+=("$T/$1.linked.o")
    fi
    registered "$1" "${objects[@]}"
}

begin "strace works here"
if ! strace -f --seccomp-bpf -o "$T/trace" true 2>/dev/null; then
    skip "strace is not allowed to trace"
    exit 0
fi
release=$(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
begin "what a unit with device linking registers can be seen"
is_linking=yes
if ! runs_programs; then
    skip "this toolkit cannot link device code: $(tail -n 1 "$T/linked.log" | head -c 200)"
    is_linking=no
fi
export NVCACHE_PLAN=1
KINDS_APART=1

# is_registered EDIT: is it looked at what the unit then registers?
is_registered() {
    [ "$unit$is_linking" != rdcno ] || return 1
    case ${NVCACHE_E2E_LONG:+all}$1 in
    all* | device | added | ptxas-option) ;;
    *) return 1 ;;
    esac
}

row() { # UNIT EDIT COUNTS OUTCOME
    local unit=$1 flags
    begin "$unit, $2"
    if [ "$unit" = short ] && ! TMPDIR=$T nvcc --dryrun -arch=sm_90a -c "$E2E/../projects/edits/plain.cu" 2>&1 | grep -q 'ptxas -arch=compute_90 '; then
        skip "this nvcc checks no PTX"
        return
    fi
    [ "$2" = first ] || cp -R "$T/first.$unit" "$T/cache.row"
    edit "$unit" "$2"
    NVCACHE_DIR=$T/cache.row
    [ "$2" != first ] || NVCACHE_DIR=$T/first.$unit
    mark
    compiled partial traced nvcc
    expect_eq "programs (cicc ptxas cudafe host fatbinary)" "$(programs)" "$3"
    [ "$2" = first ] || expect_eq "runs of nvcc" "$(grep -c 'execve("[^"]*/nvcc", .* = 0$' "$T/trace")" "$(asks_nvcc "$2")"
    expect_counts "$4=1"
    NVCACHE_DIR=$T/cache.row.empty
    compiled scratch nvcache nvcc
    cmp -s "$T/partial.o" "$T/scratch.o" || fail "the object is not the one that an empty cache gives"
    if is_registered "$2"; then
        compiled plain nvcc
        registered_by partial
        registered_by plain
        expect_same_registered plain partial
    fi
    rm -rf "$T/cache.row" "$T/cache.row.empty"
}

while read -r unit edit cicc ptxas cudafe host fatbinary outcome; do
    row "$unit" "$edit" "$cicc $ptxas $cudafe $host $fatbinary" "$outcome"
done < <(table | by_release)
