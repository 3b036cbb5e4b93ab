#!/usr/bin/env bash
# Times hits of nvcache beside ccache's (Debian's, installed when apt-get is there) on the same units,
# in one run: ratios, since times of one machine mean little on another.
#
#   scripts/bench.sh [--runs N] [--json] [--peer NAME=COMMAND]...
set -eu
. "$(dirname "$0")/lib.sh"

"$ROOT/scripts/setup.sh" --cuda
NVCC=$(find_nvcc) || die "no CUDA compiler"
if [ -z "$(type -P ccache)" ] && [ -n "$(type -P apt-get)" ]; then
    quiet bench-ccache apt-get install -y ccache || say "bench: no ccache here, nvcache is timed alone"
fi
quiet bench-build cmake --preset release -S "$ROOT" -B "$BUILD/release"
quiet bench-build cmake --build "$BUILD/release" -j "$(jobs_count)"
exec python3 "$ROOT/scripts/bench.py" "$NVCC" "$BUILD/release/nvcache" "$@"
