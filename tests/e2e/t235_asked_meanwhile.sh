#!/usr/bin/env bash
# What __has_include says changes while a source is compiled.
. "$(dirname "$0")/lib.sh"
. "$E2E/asked.sh"

all_asked ''
asked "it appears and stays" 'cp p/kept.h p/inc/asked.h'
asked "it goes and comes back" 'mv p/inc/asked.h p/aside.h; until_ptxas; mv p/aside.h p/inc/asked.h'
asked "it goes, and stays away" 'rm p/inc/asked.h'

begin "outputs of others in a directory below the search path, where names lead that nobody asks for"
printf '%s\n' '#if 0' '#include "sub/none.h"' '#endif' >>p/ask.cu
others_write -I.
expect_counts hits.manifest=1 misses=1
begin "... above it, by two names of which one is asked for"
printf '%s\n' '#if __has_include("../none.h")' '#include "../../none.h"' '#endif' | write "$T/elsewhere/a/b/deep.h"
echo '#include <deep.h>' >>p/ask.cu
others_write -I. -Ia/b
expect_counts hits.manifest=1 misses=1
begin "... and where one is asked for"
printf '%s\n' '#if __has_include("sub/none.h")' '#endif' >>p/ask.cu
others_write -I. -Ia/b
expect_counts misses=2
