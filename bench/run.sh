#!/bin/sh
# Measures clproc beside its codec floor and other programs; see docs/performance.md and --help.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1 exec python3 -m clpbench "$@"
