#!/bin/sh
# Commands and threads on one time line, whatever clock the device has: a batch runs after its pictures
# are decoded and before they are encoded. And devices that tell no times at all.
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

# Without a timer the place is a guess, and said to be one.
FAULT_CLOCK=$ahead clproc run in -o out --resize 50% --jobs 1 --profile=trace --report r.json --report r.html --report r.txt
expect_code 0
expect_clock estimated 20000
for file in r.html r.txt; do
    grep -q 'estimated' $file || fail "$file should say that the clock is estimated"
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
