#!/bin/sh
# Branches of every mode against the specification of ONNX-ML, written down in Python.
. "$(dirname "$0")/lib.sh"
for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] || skip "numpy or onnx is not installed"
    "$python" -c 'import numpy, onnx' 2>/dev/null && break
done
expect_agreement() { # FIRST END OPTIONS...
    PYTHONDONTWRITEBYTECODE=1 "$python" "$source_dir/tests/models/trees_by_spec.py" "$CLPROC" "$@" \
        >"$out" 2>"$err" || fail "$(cat "$out" "$err")"
    expect_out 'ensembles agree$'
}
expect_agreement 0 40
clproc devices
if grep -q "^[0-9]* *cpu:" "$out"; then
    expect_agreement 60 62 --device cpu
else
    echo "skipped: PoCL is not installed"
fi
