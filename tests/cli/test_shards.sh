#!/bin/sh
# Shards of one job: together they do what one run does, each file once; what one run refuses every
# shard refuses; and which part a process is, from what launchers tell it.
. "$(dirname "$0")/lib.sh"

for name in SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT SLURM_ARRAY_TASK_MIN SLURM_ARRAY_TASK_STEP \
    SLURM_PROCID SLURM_STEP_NUM_TASKS SLURM_NTASKS JOB_COMPLETION_INDEX OMPI_COMM_WORLD_RANK \
    OMPI_COMM_WORLD_SIZE PMI_RANK PMI_SIZE; do
    unset $name
done

mkdir -p in/sub
for i in 01 02 03 04 05 06 07 08 09 10 11 12; do
    cp "$images/001-png-rgb.png" in/a$i.png
    cp "$images/000-jpeg-420.jpg" in/sub/b$i.jpg
done

# ------------------------------------------------------------------ the same as one run
options='--resize 16x --to web/{dir}/{index}-{name}-{width}.{ext} --resize 8x'
clproc run in -o one $options
expect_code 0
mv web web-one
for i in 1 2 3; do
    clproc run in -o parts $options --shard $i/3
    expect_code 0
    expect_err "^clproc: shard $i of 3: [1-9][0-9]* of 24 files\$"
    grep -o '[0-9]* of 24' "$err" >>shares
done
[ "$(awk '{ sum += $1 } END { print sum }' shares)" = 24 ] || fail "each file is one shard's"
diff -r one parts || fail "shards should write what one run writes"
diff -r web-one web || fail "{index} should count the files of all shards"

# The same files, wherever the folder lies and whatever is not among them.
cp -r in elsewhere
rm elsewhere/a0*
clproc run elsewhere -o x --shard 2/3 --dry-run
grep -o '[ab][0-9]*\.[a-z]* ->' "$out" | sort >there
clproc run in -o x --shard 2/3 --dry-run
expect_no_file x
grep -o '[ab][0-9]*\.[a-z]* ->' "$out" | grep -v 'a0' | sort >here
expect_same here there
expect_file here

# --resume: the shards' journal is one, and knows no shards.
for i in 1 2 3; do clproc run in -o kept --resize 16x --resume --shard $i/3 -q; done
clproc run in -o kept --resize 16x --resume
expect_err '^clproc: 0 written, 24 skipped.*24 made before'
rm kept/a05.png
clproc run in -o kept --resize 16x --resume --shard 1/1
expect_err '^clproc: 1 written'

# A shard may be empty.
clproc run in/a01.png -o few --shard 1/2
expect_code 0
clproc run in/a01.png -o few --shard 2/2
expect_code 0
expect_count few 1

code_of_all=
# ---------------------------------------------- names: as in one run, by every shard
# What shows only after decoding is found, too: files that could get one name share a shard.
mkdir -p twice/p twice/q
for i in 1 2 3 4 5 6; do
    cp in/a01.png twice/p/n$i.png
    cp in/a01.png twice/q/n$i.png
done
for i in 1 2; do
    clproc run twice -o 'flat/{name}-{width}.{ext}' --shard $i/2
    expect_code 1
    grep -c 'as would' "$err" >>refused
done
[ "$(awk '{ sum += $1 } END { print sum }' refused)" = 6 ] || fail "six names should be refused"
expect_count flat 6
rm -r flat
for i in 1 2 3; do
    clproc run twice -o 'flat/{name}.{ext}' --shard $i/3
    code_of_all="$code_of_all $code"
    grep -q 'would be written to .*, as would ' "$err" || fail "every shard should refuse"
done
[ "$code_of_all" = ' 2 2 2' ] || fail "exit codes 2 were expected, not $code_of_all"
expect_no_file flat
for template in '{width}.{ext}' '{dir}/{width}.{ext}' 'x/{height}.{ext}'; do
    clproc run in -o "$template" --shard 1/2
    expect_refusal 2 'add {name} or {index}'
done

# ------------------------------------------------------------------------ auto
part_of() { # VARIABLE=VALUE...
    code=0
    env "$@" "$CLPROC" run in -o x --dry-run --shard "$shard" >"$out" 2>"$err" || code=$?
    sed -n 's/^clproc: shard \([0-9]* of [0-9]*\): .*/\1/p' "$err"
}
expect_part() { # PART VARIABLE=VALUE...
    part=$1
    shift
    [ "$(part_of "$@")" = "$part" ] || fail "with $*: $part was expected: $(cat "$err")"
}
expect_no_part() { # PATTERN VARIABLE=VALUE...
    pattern=$1
    shift
    part_of "$@" >/dev/null
    command_line=" with $*"
    expect_refusal 2 "$pattern"
}
array() { # ID COUNT MIN STEP
    echo "SLURM_ARRAY_TASK_ID=$1 SLURM_ARRAY_TASK_COUNT=$2 SLURM_ARRAY_TASK_MIN=$3 SLURM_ARRAY_TASK_STEP=$4"
}
shard=auto
expect_part '3 of 8' $(array 2 8 0 1)
expect_part '3 of 8' $(array 3 8 1 1)
expect_part '4 of 4' $(array 16 4 10 2)
expect_part '2 of 4' SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4
expect_part '2 of 5' PMI_RANK=1 PMI_SIZE=5
expect_part '5 of 5' OMPI_COMM_WORLD_RANK=4 OMPI_COMM_WORLD_SIZE=5 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1
expect_part '1 of 3' $(array 0 3 0 1) SLURM_PROCID=0 SLURM_NTASKS=4 # a batch script is one process
expect_part '4 of 8' $(array 2 4 1 1) SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 SLURM_NTASKS=2
expect_no_part 'nothing in the environment' A=b
expect_no_part 'nothing in the environment' SLURM_PROCID=0 SLURM_NTASKS=4
expect_no_part 'as if the array had gaps' $(array 7 3 1 1)
expect_no_part 'is not among 4 tasks' $(array 11 4 10 2)
expect_no_part 'as --shard auto/8' JOB_COMPLETION_INDEX=3
expect_no_part 'SLURM_ARRAY_TASK_COUNT is not set' SLURM_ARRAY_TASK_ID=1
expect_no_part "PMI_SIZE is 'many'" PMI_RANK=1 PMI_SIZE=many
shard=auto/8
expect_part '4 of 8' JOB_COMPLETION_INDEX=3
expect_part '8 of 8' JOB_COMPLETION_INDEX=3 PMI_RANK=1 PMI_SIZE=2
expect_no_part 'is not among 8 tasks' JOB_COMPLETION_INDEX=8
expect_part '3 of 8' $(array 2 8 0 1)
expect_no_part 'there are 2 processes' $(array 2 2 2 3)
for shard in auto/0 auto/ autos auto/1/2 1/2/3 1000001/1000001; do
    expect_no_part 'must be I/N' A=b
done

# ---------------------------------------------------------------------- reports
clproc run in -o r-one --resize 16x --report one.json -q
for i in 1 2 3; do clproc run in -o r-parts --resize 16x --report part$i.json --shard $i/3 -q; done
clproc report merge part1.json part2.json part3.json -o all.json
expect_code 0
expect_json all.json
for name in 'files opened' 'bytes read' 'bytes written' 'pixels in' 'pixels out' images; do
    figure=$(grep -o "\"$name\":[0-9]*" one.json)
    grep -q -F "$figure" all.json || fail "$figure should be the sum: $(grep -o "\"$name\":[0-9]*" all.json)"
done
digest=$(grep -o '"output digest":"[0-9a-f]*"' one.json)
[ "$digest" ] && grep -q "$digest" all.json || fail "the digest should be that of one run: $digest"
grep -q '"merged profiles":"3"' all.json || fail "the merged report should say what it is"
if have python3; then
    python3 - <<'EOF_PYTHON' || fail "sums should add up"
import json
parts = [json.load(open("part%d.json" % i)) for i in (1, 2, 3)]
whole, one = json.load(open("all.json")), json.load(open("one.json"))
for name in ("user_ns", "system_ns", "cores", "lost"):
    assert whole[name] == sum(p[name] for p in parts), name
assert whole["wall_ns"] == max(p["wall_ns"] for p in parts)
def calls(profile, stage):
    number = profile["stages"].index(stage)
    return sum(row[2] for t in profile["threads"] for row in t["tree"][1:] if row[0] == number)
for stage in ("decode", "encode", "write"):
    assert calls(whole, stage) == calls(one, stage) == sum(calls(p, stage) for p in parts) > 0, stage
names = [t["name"] for t in whole["threads"]]
assert len(set(names)) == len(names) == sum(len(p["threads"]) for p in parts)
images = {c[2] for s in whole["samples"] if whole["stages"][s["stage"]] == "write" for c in s["calls"]}
assert len(images) == 24, images
EOF_PYTHON
fi
for kind in html trace.json csv folded prom txt speedscope.json; do
    clproc report merge part1.json part2.json -o two.$kind
    expect_code 0
    expect_file two.$kind
done
clproc report merge part1.json part2.json
expect_code 0
clproc report show all.json
expect_code 0
clproc report merge one.json
expect_code 0
clproc report merge
expect_refusal 2 'takes stored reports'
head -c 900 part1.json >torn.json
cp all.json kept.json
clproc report merge part1.json torn.json -o kept.json
expect_refusal 4 'torn.json: is no complete JSON'
expect_same kept.json all.json

# Journals of outputs that were written apart are lines: together they are one.
mkdir gathered
for i in 1 2; do
    mkdir node$i
    cp -r -p in node$i
    (cd node$i && "$CLPROC" run in -o out --resize 16x --resume --shard $i/2 -q) || fail "shard $i"
    cat node$i/out/.clproc-journal >>journal
    cp -r -p node$i/. gathered
done
cp journal gathered/out/.clproc-journal
cd gathered || exit 1
clproc run in -o out --resize 16x --resume
expect_err '^clproc: 0 written, 24 skipped.*24 made before'

# -------------------------------------------- job files: what they run, started one by one
clproc help index
grep -q "\.sqlite" "$out" || skip "this build has no SQLite"
files=$source_dir/examples/cluster
cd .. && mkdir job bin && cd job || exit 1
cp -r ../in photos
ln -s "$CLPROC" ../bin/clproc
PATH=$scratch/work/bin:$PATH
clproc run photos -o one --resize '800x800>' -q
clproc index photos -o one.jsonl -q

# Makes sure that a job did what one run does, and takes its files away.
expect_job_done() {
    rm small/.clproc-journal
    diff -r one small || fail "the job should give what one run gives"
    clproc index merge photos.sqlite -o back.jsonl
    expect_same back.jsonl one.jsonl
    rm -r small parts photos.sqlite
}
# The indentation of the script in the file tells where it ends.
sed -n '/^ *- |$/,/^ *#/s/^              //p' "$files/kubernetes.yaml" >pod.sh
grep -q 'auto/8' pod.sh || fail "no script in kubernetes.yaml"
for index in 0 1 2 3 4 5 6 7; do
    JOB_COMPLETION_INDEX=$index sh -euc "$(cat pod.sh)" 2>>pod.log || fail "pod $index: $(cat pod.log)"
done
clproc index merge parts/*.jsonl -o photos.sqlite
expect_job_done
if have parallel; then
    sh "$files/parallel.sh" 2>parallel.log || fail "parallel: $(cat parallel.log)"
    expect_job_done
fi
