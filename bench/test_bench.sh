#!/bin/sh
# The benchmark runs through on the repository's own pictures. No time is judged.
set -eu
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sh "$CLPROC_SOURCE/bench/run.sh" --build "$CLPROC_BUILD" --cache "$folder/cache" --runs 1 \
    --photos "$CLPROC_SOURCE/images" --peers none --only W2,W3,W5,W9,W10 --json "$folder/figures.json"
python3 - "$folder/figures.json" <<'END'
import json
import sys
rows = json.load(open(sys.argv[1]))["rows"]
assert [row["row"] for row in rows] == ["W2", "W3", "W5", "W9", "W10"], rows
index = {one["name"]: one for one in rows.pop()["contenders"]}
assert index["clproc"]["output_bytes"] == index["clproc cold"]["output_bytes"] > 0, index
several = {one["name"]: one for one in rows.pop()["contenders"]}
assert several["clproc"]["output_bytes"] > several["clproc one"]["output_bytes"] > 0, several
for row in rows:
    names = {one["name"]: one for one in row["contenders"]}
    assert {"clproc", "codec floor"} <= set(names), names
    own, floor = names["clproc"], names["codec floor"]
    assert own["seconds"][0] > 0 and floor["seconds"][0] > 0, row
    # The floor writes what clproc wrote, but for metadata and what coding the same planes again
    # changes.
    assert 0.7 * own["output_bytes"] < floor["output_bytes"] <= 1.05 * own["output_bytes"], row
    assert not own["note"] and not floor["note"], row
END
