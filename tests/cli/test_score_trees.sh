#!/bin/sh
# Branches of every mode against the specification of ONNX-ML, written down in Python.
. "$(dirname "$0")/lib.sh"
have_modules numpy onnx || skip "numpy or onnx is not installed"
expect_agreement() { # FIRST END OPTIONS...
    PYTHONDONTWRITEBYTECODE=1 python3 "$source_dir/tests/models/trees_by_spec.py" "$CLPROC" "$@" \
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
