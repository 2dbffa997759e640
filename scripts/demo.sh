#!/bin/sh
# Installs what is missing, builds clproc, and sends the pictures of images/ through it.
set -eu
CDPATH= cd -- "$(dirname -- "$0")/.."

scripts/setup.sh
echo "demo: building"
cmake --preset release >/dev/null
cmake --build --preset release --target clproc -j "$(nproc)" >/dev/null

echo "demo: clproc run images -o out/demo --resize 320x240 --blur 1.2 --saturation 1.2 --profile"
build/clproc run images -o out/demo --resize 320x240 --blur 1.2 --saturation 1.2 --profile
echo "demo: the results are in $PWD/out/demo"
