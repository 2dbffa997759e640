#!/bin/sh
# Makes the photo sets of the benchmark without measuring anything.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec sh "$here/run.sh" --make-photos "$@"
