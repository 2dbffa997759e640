#!/bin/sh
# Scores against scikit-learn's own, of models that are fitted here.
. "$(dirname "$0")/lib.sh"
for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] || skip "scikit-learn or onnx is not installed"
    "$python" -c 'import sklearn, onnx' 2>/dev/null && break
done
PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 "$python" "$source_dir/tests/models/check.py" "$CLPROC" . \
    >"$out" 2>"$err" || fail "$(cat "$out" "$err")"
expect_out '^4[0-9]* rows, at most'
