#!/bin/sh
# fake_toolchain.sh PROGRAM DIR: install the compiled fake_nvcc.c as a toolchain in DIR/bin.
# PATH must begin with DIR/bin, so that its gcc is found.
set -eu
mkdir -p "$2/bin"
cp "$1" "$2/bin/nvcc"
for tool in gcc g++ as cc1plus cudafe++ ptxas fatbinary cicc nvlink; do
    ln -f "$2/bin/nvcc" "$2/bin/$tool"
done
# What is older than a tick of the clock is known to be settled.
touch -d '1 hour ago' "$2/bin/nvcc"
