#!/usr/bin/env bash
# The store's speed against one file for each entry: speed.c.  FULL=1: longer, so steadier.
. "$(dirname "$0")/lib.sh"

run_program speed "1000" "30"
