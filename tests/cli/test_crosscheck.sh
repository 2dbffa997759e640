# What a profile says, against what others see: opens against strace, peak memory against time -v, sums
# against the events they are of, the trace through a reader of its own. Times of kernels are compared
# with a stopwatch in tests/faults/test_clock.sh.
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

# The largest resident size, as the kernel told the parent of a finished process.
if [ -x /usr/bin/time ]; then
    /usr/bin/time -v -o usage "$CLPROC" run in -o out3 --resize 300% --device cpu --report r.json >"$out" 2>"$err" ||
        fail "the run under time -v"
    seen=$(sed -n 's/.*Maximum resident set size (kbytes): //p' usage)
    told=$(($(figure peak_resident) / 1024))
    apart=$(((told - seen) * 100))
    echo "peak memory: told $told kB, time -v $seen kB"
    [ "${apart#-}" -le $((seen * 10)) ] || fail "the profile tells a peak of $told kB, time -v of $seen kB"
else
    echo "/usr/bin/time is not there: peak memory is not compared"
fi

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

# Sums of tables, spans of threads, and the trace, all of one run.
clproc run in -o out4 --resize 50% --blur 1 --device cpu --report all.trace.json --report all.json
expect_code 0
python3 - <<'PY' || fail "sums, spans and trace"
import json, sys

def demand(holds, what):
    if not holds:
        sys.exit("not so: " + what)

report, trace = json.load(open("all.json")), json.load(open("all.trace.json"))
wall, stages = report["wall_ns"], report["stages"]
at = {name: i for i, name in enumerate(report["commands"]["columns"])}
for i, told in enumerate(report["derived"]["commands"]):
    rows = [row for row in report["commands"]["rows"] if row[0] == i]
    demand(told["calls"] == len(rows), told["name"] + ": calls")
    demand(told["total_ns"] == sum(row[at["ended"]] - row[at["started"]] for row in rows), told["name"] + ": total")
    steady = [row for row in rows if not row[at["first"]]]
    demand(told["bytes"] == sum(row[at["bytes_read"]] + row[at["bytes_written"]] for row in steady), told["name"] + ": bytes")
    demand(told["operations"] == sum(row[at["operations"]] for row in steady), told["name"] + ": operations")

# Spans nest, stay within their thread's life and the run, and add up to the tree and the tables.
self_ns, calls = {}, {}
for thread in report["threads"]:
    demand(0 <= thread["start"] <= thread["end"] <= wall, thread["name"] + " lives within the run")
    open_spans, counted = [], {}
    for stage, depth, start, end, image in thread["spans"]:
        del open_spans[depth:]
        demand(len(open_spans) == depth, "no level is left out")
        demand(thread["start"] <= start <= end <= thread["end"], "a span lies within its thread's life")
        if open_spans:
            demand(open_spans[-1][1] <= start and end <= open_spans[-1][2], "a span lies within the one around it")
            self_ns[open_spans[-1][0]] -= end - start
        open_spans.append((stage, start, end))
        path = tuple(entry[0] for entry in open_spans)
        times, total = counted.get(path, (0, 0))
        counted[path] = (times + 1, total + end - start)
        self_ns[stage] = self_ns.get(stage, 0) + end - start
        calls[stage] = calls.get(stage, 0) + 1
    paths = [()]
    for stage, parent, times, total in thread["tree"][1:]:
        paths.append(paths[parent] + (stage,))
        demand(counted.pop(paths[-1], None) == (times, total), "the tree sums up the spans")
    demand(not counted, "every span is in the tree")
    demand(sum(total for stage, parent, times, total in thread["tree"][1:] if parent == 0) <= wall, "no thread exceeds the run")
for told in report["derived"]["stages"]:
    stage = stages.index(told["name"])
    demand((told["calls"], told["self_ns"]) == (calls[stage], self_ns[stage]), told["name"] + ": calls and self time")
demand(any(depth > 0 for thread in report["threads"] for _, depth, *_ in thread["spans"]), "there are nested spans")

# The trace: slices of a track nest, and are all there; flows lead from decoding over commands to
# encoding; counters count.
tracks, flows, counters, named = {}, {}, set(), set()
for event in trace["traceEvents"]:
    key = (event["pid"], event["tid"])
    if event["ph"] == "X":
        tracks.setdefault(key, []).append((round(1000 * event["ts"]), round(1000 * (event["ts"] + event["dur"])), event["name"]))
    elif event["ph"] in "stf":
        flows.setdefault(event["id"], []).append((event["ts"], event["ph"], key))
    elif event["ph"] == "C":
        counters.add(event["name"])
    elif event["ph"] == "M" and event["name"] == "thread_name":
        named.add(key)
slices = 0
for key, items in tracks.items():
    demand(key in named, "every track has a name")
    enclosing = []
    for start, end, name in sorted(items, key=lambda item: (item[0], -item[1])):
        while enclosing and enclosing[-1] <= start:
            enclosing.pop()
        demand(not enclosing or end <= enclosing[-1], f"{name} nests in its track")
        enclosing.append(end)
        slices += 1
demand(slices == len(report["commands"]["rows"]) + sum(len(thread["spans"]) for thread in report["threads"]), "every event is a slice")
demand(len(flows) == report["counters"]["images"], "a flow for each picture")
for image, points in flows.items():
    kinds = "".join(kind for _, kind, _ in sorted(points))
    demand(kinds[0] == "s" and kinds[-1] == "f" and "t" in kinds, f"the flow of picture {image}: {kinds}")
    for moment, kind, key in points:
        demand(any(start <= round(1000 * moment) <= end for start, end, _ in tracks[key]), "a flow binds to a slice")
demand({"pictures under way", "device bytes", "host bytes", "host memory"} <= counters, "counters")
print(slices, "slices on", len(tracks), "tracks,", len(flows), "flows")
PY
