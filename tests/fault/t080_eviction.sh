#!/usr/bin/env bash
# The hit rate of dropping whole files against exact LRU: eviction.c.  FULL=1: 3,000 units.
. "$(dirname "$0")/lib.sh"

run_program eviction "3000 60" "600 20"
