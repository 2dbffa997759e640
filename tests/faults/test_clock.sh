#!/bin/sh
# Commands and threads on one time line, whatever clock the device has: a batch runs after its pictures
# are decoded and before they are encoded. Times of kernels beside another's stopwatch. And devices that
# tell no times at all.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
have python3 || skip "python3 reads the report"
mkdir "$scratch/vendors"
cp /etc/OpenCL/vendors/pocl.icd "$scratch/vendors"
export OCL_ICD_VENDORS="$scratch/vendors/" OPENCL_LAYERS=$FAULT_LAYER
"$CLPROC" samples --count 12 --width 400 --height 300 --kind photo -o in 2>"$err" || fail "no pictures"

# Reads r.json: the kind of clock, and that commands lie between the spans of their pictures.
expect_clock() { # KIND SLACK_MICROSECONDS
    python3 - "$@" <<'PY' || fail "the device's clock"
import json, sys
kind, slack = sys.argv[1], 1000 * int(sys.argv[2])
report = json.load(open("r.json"))
decoded, encoded = {}, {}
for thread in report["threads"]:
    for stage, depth, start, end, image in thread["spans"]:
        if report["stages"][stage] == "decode":
            decoded[image] = end
        elif report["stages"][stage] == "encode":
            encoded[image] = start
at = {name: i for i, name in enumerate(report["commands"]["columns"])}
pictures = {}
for image, batch in report["batches"]:
    pictures.setdefault(batch, []).append(image)
worst, checked = 0, 0
for row in report["commands"]["rows"]:
    for image in pictures.get(row[at["batch"]], []):
        worst = max(worst, decoded[image] - row[at["started"]], row[at["ended"]] - encoded[image])
        checked += 1
print("clock", report["clock"], "commands checked:", checked, "out of place by", worst, "ns")
sys.exit(report["clock"] != kind or checked < 24 or worst > slack)
PY
}

ahead=98765432109876
clproc run in -o out --resize 50% --jobs 1 --profile=trace --report r.json
expect_code 0
expect_clock aligned 50
FAULT_CLOCK=$ahead FAULT_TIMER=1 clproc run in -o out --resize 50% --jobs 1 --profile=trace --report r.json
expect_code 0
expect_clock aligned 50

# A clock of its own for being queued, an hour ahead, takes neither the commands' places nor their
# durations, and the reader is told.
FAULT_QUEUED=3600000000000 clproc run in -o out --resize 50% --jobs 1 --profile=trace --report r.json --report r.txt
expect_code 0
expect_clock aligned 50
python3 - <<'PY' || fail "times out of order"
import json, sys
report = json.load(open("r.json"))
at = {name: i for i, name in enumerate(report["commands"]["columns"])}
rows = report["commands"]["rows"]
lasted = sum(row[at["ended"]] > row[at["started"]] for row in rows)
print("repaired", report["repaired"], "of", len(rows), "commands; longer than nothing:", lasted)
sys.exit(report["repaired"] != len(rows) or lasted < len(rows) / 2)
PY
grep -q 'times out of order' r.txt || fail "r.txt should say that times are out of order"

# Without a timer the place is a guess, and said to be one.
FAULT_CLOCK=$ahead clproc run in -o out --resize 50% --jobs 1 --profile=trace --report r.json --report r.html --report r.txt
expect_code 0
expect_clock estimated 20000
for file in r.html r.txt; do
    grep -q 'estimated' $file || fail "$file should say that the clock is estimated"
done

# Kernels of some length, which somebody else times from enqueueing to clFinish(), one by one: 5 % off at
# most. The machine may hold the stopwatch up, so it is read again where it disagrees.
agree() {
    python3 - <<'PY'
import json, sys
commands = json.load(open("r.json"))["commands"]
at = {name: i for i, name in enumerate(commands["columns"])}
kernels = [row for row in commands["rows"] if commands["names"][row[0]]["kind"] == "kernel"]
made_for_compiling = sum(row[at["images"]] == 0 for row in kernels)
seen = [int(line) for line in open("stopwatch")][made_for_compiling:]
told = [row[at["ended"]] - row[at["started"]] for row in kernels if row[at["images"]]]
print(f"{len(told)} kernels: told {sum(told) / 1e6:.3f} ms, on the stopwatch {sum(seen) / 1e6:.3f} ms")
sys.exit(len(told) != len(seen) or abs(sum(told) / sum(seen) - 1) > 0.05)
PY
}
"$CLPROC" samples --count 2 --width 3000 --height 2000 --kind photo -o large 2>"$err" || fail "no pictures"
tries=0
until
    FAULT_STOPWATCH=stopwatch clproc run large --null-output --linear --blur 12 --batch 1 --jobs 1 \
        --device cpu --report r.json
    expect_code 0
    agree
do
    tries=$((tries + 1))
    [ $tries -lt 5 ] || fail "the stopwatch"
done

# No times (CL_PROFILING_INFO_NOT_AVAILABLE), or a queue that cannot have them: the pictures are done,
# and every reader is told.
for fault in "clGetEventProfilingInfo -7" "clCreateCommandQueue"; do
    rm -rf out
    set -- $fault
    case $1 in
    clCreateCommandQueue) export FAULT_PROFILING=1 ;;
    *) export FAULT_NAME=$1 FAULT_CODE=$2 ;;
    esac
    clproc run in -o out --resize 50% --report r.json --report r.html --report r.txt
    unset FAULT_NAME FAULT_CODE FAULT_PROFILING
    expect_code 0
    expect_count out 12
    expect_err 'tells no times of its commands (CL_'
    expect_json r.json
    for file in r.json r.html r.txt; do
        grep -q 'command times missing' $file || fail "$file should say that times are missing"
    done
    grep -q 'tells no times' r.txt || fail "r.txt should have a finding on it"
done
