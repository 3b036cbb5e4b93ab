#!/usr/bin/env bash
# Damages the store's files and reads them: flips.c.  FULL=1: 100,000 flips and 5,000 truncations.
. "$(dirname "$0")/lib.sh"

run_program flips "100000 5000 4000" "3000 300 400"
