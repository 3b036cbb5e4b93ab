#!/usr/bin/env bash
# Every setting in settings.def stands in the documents, and they name no other.
set -eu
. "$(dirname "$0")/lib.sh"

cd "$ROOT"
table=include/nvcache/cache/settings.def
# A row may be broken over lines, so the file is read as one.
rows=$(tr '\n' ' ' <"$table" | grep -oE 'NVC_SETTING\([a-z_]+, *"NVCACHE_[A-Z_]+"' | sed -E 's/NVC_SETTING\(([a-z_]+), *"([A-Z_]+)"/\1 \2/')
[ -n "$rows" ] || die "no settings found in $table"
failed=0
for document in README.md docs/nvcache.1; do
    while read -r name variable; do
        for word in "$name" "$variable"; do
            if ! grep -qw -- "$word" $document; then
                say "$document does not tell of $word"
                failed=$((failed + 1))
            fi
        done
    done <<<"$rows"
    for variable in $(grep -oE 'NVCACHE_[A-Z_]+' $document | sort -u); do
        if ! grep -qw -- "$variable" "$table"; then
            say "$document tells of $variable, which does not exist"
            failed=$((failed + 1))
        fi
    done
done
say "check_settings: $(wc -l <<<"$rows") settings, $failed faults"
[ $failed = 0 ]
