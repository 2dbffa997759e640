#!/bin/sh
# A corpus of real and hostile pictures: every failure is named, nothing crashes, nothing is left.
. "$(dirname "$0")/lib.sh"
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
[ -d "$corpus" ] || skip "no corpus at $corpus; name one in CLPROC_CORPUS"

clproc run "$corpus" -o out --resize 100x --progress json
expect_code 1
expect_only_pictures out

have python3 || exit 0
python3 - "$err" out <<'END' || fail "the account of the run does not add up"
import json, os, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
result = lines[-1]
assert result["type"] == "result" and result["status"] == "ok", result
failed = [line for line in lines if line["type"] == "failed"]
assert len(failed) == result["failed"] > 0, result
assert all(line["input"] and line["message"] for line in failed)
assert len({line["input"] for line in failed}) == len(failed)
written = sum(len(files) for _, _, files in os.walk(sys.argv[2]))
assert written == result["written"] > 300, (written, result)
assert result["found"] == result["written"] + result["failed"] + result["skipped"], result
END
