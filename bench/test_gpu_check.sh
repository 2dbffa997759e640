#!/bin/sh
# scripts/gpu-check.sh packs what it needs, and that runs from its folder, the CPU standing for a GPU. No time is
# judged.
set -eu
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
GPU_CHECK_VIPS=no sh "$CLPROC_SOURCE/scripts/gpu-check.sh" pack "$folder/pack" "$CLPROC_BUILD"
cd "$folder"
GPU_CHECK_DEVICE=cpu GPU_CHECK_SIZES="1500x1000 2500x1900" GPU_CHECK_PHOTOS=1 GPU_CHECK_TURNS=1 sh pack/gpu-check.sh run fast results
python3 - results/gpu-check.json <<'END'
import json
import sys
found = json.load(open(sys.argv[1]))
rows = {row["row"]: row for row in found["rows"]}
for name in ("W1 gpu", "W1 auto", "W1 cpu", "W1 floor", "one small photo gpu",
             "one small photo, all caches empty", "resize 1200, gamma cpu"):
    assert len(rows[name]["wall_ms"]) == 1 and rows[name]["wall_ms"][0] > 0, name
    assert not rows[name]["failed"], name
assert rows["W1 gpu"]["resident_kib"] > 10000
must = {one["name"]: one for one in found["must"]}
floor, own = rows["W1 floor"]["wall_ms"][0], rows["W1 auto"]["wall_ms"][0]
assert abs(must["W1, auto: x the codec floor"]["value"] - own / floor) < 0.01
assert must["outputs that differ between devices"] == {
    "name": "outputs that differ between devices", "value": 0, "unit": "", "wanted": "<= 0", "met": True}
# What was not measured is open, not reached.
assert must["W1x10, gpu: x the codec floor"]["met"] is None
assert any(kernel["kernel"].startswith("filter") and kernel["copy_percent"] > 0 for kernel in found["kernels"])
assert len(found["identity"]) == 7 and all(one["outputs"] == 64 for one in found["identity"])
END
grep -q 'W1, auto: x the codec floor' results/gpu-check.txt
