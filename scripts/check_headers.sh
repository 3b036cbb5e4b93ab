#!/usr/bin/env bash
# Every public header compiles alone: one that leans on what its user included first breaks
# whoever includes it next.  Prints one line for each that does not.
set -eu
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
failed=0
count=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for header in $(find include -name '*.h' | sort); do
    count=$((count + 1))
    printf '#include "%s"\n#include "%s"\nint nvc_header_alone;\n' "${header#include/}" "${header#include/}" >"$scratch/alone.c"
    if ! "${CC:-cc}" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -fsyntax-only "$scratch/alone.c" 2>"$scratch/errors"; then
        say "$header: does not compile alone:"
        sed -n '1,5s/^/    /p' "$scratch/errors"
        failed=$((failed + 1))
    fi
done
say "check_headers: $count headers, $failed wrong"
[ $failed = 0 ]
