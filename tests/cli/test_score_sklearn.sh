#!/bin/sh
# Scores against scikit-learn's own, of models that are fitted here.
. "$(dirname "$0")/lib.sh"
have_modules sklearn onnx || skip "scikit-learn or onnx is not installed"
PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 python3 "$source_dir/tests/models/check.py" "$CLPROC" . \
    >"$out" 2>"$err" || fail "$(cat "$out" "$err")"
expect_out '^4[0-9]* rows, at most'
