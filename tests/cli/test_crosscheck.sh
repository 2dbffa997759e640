# What a profile says, against what others see: opens against strace, peak memory against the kernel's own
# account, times of kernels against the wall.
. "$(dirname "$0")/lib.sh"

have python3 || skip "python3 reads the report"

# figure KEY...: a number of r.json
figure() {
    python3 - "$@" <<'PY'
import json, sys
value = json.load(open("r.json"))
for key in sys.argv[1:]:
    value = value[key]
print(value)
PY
}

mkdir in
cp "$images"/*.jpg in/
count=$(ls in | wc -l)

clproc run in -o out --resize 50% --device cpu
[ "$code" -eq 3 ] && skip "there is no OpenCL device"
expect_code 0

if have strace && strace -o /dev/null true 2>/dev/null; then
    strace -f -e trace=open,openat -o opens "$CLPROC" run in -o out2 --resize 50% --device cpu --report r.json \
        >"$out" 2>"$err" || fail "the run under strace"
    # A call that another thread interrupts has its name in its first line alone.
    seen=$(grep -c '"in/[^"]*\.jpg"' opens)
    told=$(figure counters "files opened")
    [ "$seen" -eq "$told" ] || fail "the profile counts $told opened files, strace $seen"
    [ "$told" -eq "$count" ] || fail "$count pictures, but $told files opened"
else
    echo "strace is not there or not allowed: opens are not compared"
fi

# The largest resident size, as the parent of a finished process is told it.
python3 - "$CLPROC" <<'PY' || fail "peak memory"
import json, resource, subprocess, sys
subprocess.run([sys.argv[1], "run", "in", "-o", "out3", "--resize", "300%", "--device", "cpu", "--report", "r.json"],
               check=True, stderr=subprocess.DEVNULL)
seen = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
told = json.load(open("r.json"))["peak_resident"]
print("peak memory: told", told, "seen", seen)
sys.exit(abs(told - seen) > 0.1 * seen)
PY

# Every command's stages in order; busy time is their union, and no longer than the run.
python3 - <<'PY' || fail "times of commands"
import json, sys
report = json.load(open("r.json"))
at = {name: i for i, name in enumerate(report["commands"]["columns"])}
rows = report["commands"]["rows"]
spans = sorted((row[at["started"]], row[at["ended"]]) for row in rows)
ordered = all(row[at["queued"]] <= row[at["submitted"]] <= row[at["started"]] <= row[at["ended"]] for row in rows)
busy, reached = 0, 0
for start, end in spans:
    busy += max(0, end - max(start, reached))
    reached = max(reached, end)
told = report["derived"]["device_busy_ns"]
print("commands:", len(rows), "busy: told", told, "counted", busy, "wall", report["wall_ns"])
sys.exit(not (rows and ordered and busy == told and 0 < busy <= report["wall_ns"]))
PY
