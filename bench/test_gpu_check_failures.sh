#!/bin/sh
# What fails on a machine with a GPU is told by scripts/gpu-check.sh as failed, and reaches no aim. The programs are
# made up here.
set -eu
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
script=$CLPROC_SOURCE/scripts/gpu-check.sh
fail() {
    echo "FAILED: $*"
    exit 1
}

# A folder that someone else has filled is not emptied.
mkdir -p "$folder/build/bench" "$folder/photos"
echo '#!/bin/sh' >"$folder/build/clproc"
chmod +x "$folder/build/clproc"
echo photo >"$folder/photos/one.jpg"
cp "$script" "$folder/photos/" # which stands in the project's own folder, too
if sh "$script" pack "$folder/photos" "$folder/build" 2>"$folder/said"; then
    fail "it packs into a folder that holds something else"
fi
[ -s "$folder/photos/one.jpg" ] || fail "photos are lost"
grep -q 'is no pack' "$folder/said" || fail "it says: $(cat "$folder/said")"

# Pictures are copied, unless BROKEN is the device that is asked for.
mkdir -p "$folder/pack/bin" "$folder/pack/lib" "$folder/pack/tests"
cp "$script" "$folder/pack/"
echo none >"$folder/pack/commit"
cat >"$folder/pack/bin/clproc" <<'PROGRAM'
#!/bin/sh
command=$1 input=$2 count=1 device=auto
if [ "$command" = devices ]; then
    echo '{"name": "a", "type": "gpu", "platform": "p", "driver": "1", "usable": true}'
    echo '{"name": "b", "type": "cpu", "platform": "p", "driver": "1", "usable": true}'
fi
while [ $# -gt 0 ]; do
    case $1 in
    -o) out=$2 ;;
    --count) count=$2 ;;
    --device) device=$2 ;;
    --report) : >"$2" ;;
    esac
    shift
done
case $command in
samples)
    [ "$BROKEN" != samples ] || exit 4
    mkdir -p "$out"
    for number in $(seq "$count"); do echo "$number" >"$out/$number.jpg"; done
    ;;
run)
    [ "$device" != "$BROKEN" ] || exit 4
    case $out in *'{'*) out=$(dirname "$out") ;; esac
    mkdir -p "$out"
    cp -r "$input/." "$out/" 2>/dev/null || cp "$input" "$out/"
    ;;
esac
PROGRAM
cat >"$folder/pack/bin/clproc-measure" <<'PROGRAM'
#!/bin/sh
shift
case "$BROKEN $*" in measure*gamma*) exit 2 ;; esac
code=0
"$@" || code=$?
echo "100.0 100.0 1000 $code"
PROGRAM
cat >"$folder/pack/bin/clproc-floor" <<'PROGRAM'
#!/bin/sh
[ -d "$2" ] && echo '{"seconds": 0.1, "cpu": 0.1}'
PROGRAM
chmod +x "$folder"/pack/bin/*
cd "$folder"
for BROKEN in gpu measure; do
    export BROKEN
    GPU_CHECK_PHOTOS=1 GPU_CHECK_TURNS=2 sh pack/gpu-check.sh run fast "$BROKEN" >/dev/null 2>"$BROKEN.said" ||
        fail "no report with a broken $BROKEN: $(cat "$BROKEN.said")"
done
grep -q 'no results for the floor' gpu.said || fail "nothing is said of the floor: $(cat gpu.said)"
python3 - <<'CHECK'
import json
def read(name):
    found = json.load(open(f"{name}/gpu-check.json"))
    return {row["row"]: row for row in found["rows"]}, {one["name"]: one["met"] for one in found["must"]}, found
rows, met, found = read("gpu")
for name in ("W1 gpu", "W1 floor", "one small photo gpu"):
    assert rows[name]["failed"] == 2, rows[name]
assert not rows["W1 cpu"]["failed"] and met["W1, cpu: x the codec floor"] is None
assert met["W1, gpu: beyond the codec floor"] is None
assert met["outputs that differ between devices"] is False
assert all(one["differing"] == one["outputs"] == 64 for one in found["identity"]), found["identity"]
rows, met, found = read("measure")
assert rows["resize 1200, gamma cpu"]["failed"] == 2, rows["resize 1200, gamma cpu"]
assert met["resize and gamma, cpu: x the processor time of the resize"] is None
assert met["resize and contrast, cpu: x the processor time of the resize"] is True
assert met["outputs that differ between devices"] is True, found["identity"]
assert not rows["W1 floor"]["failed"], rows["W1 floor"]
CHECK
BROKEN=samples
if sh pack/gpu-check.sh run fast samples >/dev/null 2>samples.said; then
    fail "it goes on without photos"
fi
grep -q 'failed: clproc samples .*; see .*/samples/log' samples.said || fail "it ends without a word: $(cat samples.said)"
