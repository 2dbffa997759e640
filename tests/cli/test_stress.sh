#!/bin/sh
# The stress test: sweeps, repeated pictures, digests, an end on time, profiles, bad input.
. "$(dirname "$0")/lib.sh"

TMPDIR=$scratch/temporary
export TMPDIR
mkdir "$TMPDIR" one empty
clproc samples -o pictures --count 3 --width 96 --height 64 --kind photo
cp pictures/000* one/

# The sweeps, with samples.
clproc stress --image-count 2 --iterations 2
expect_code 0
for row in 'blur 1\.25 ' 'blur 2\.5 ' 'blur 5 ' 'resize 25% ' 'resize 150% ' 'gray ' 'to JPEG ' 'to PNG '; do
    expect_out "^$row .* 0 *same$"
done
expect_out '^2 images an iteration (2 different samples)'
expect_out '^40 pictures in .*, 2 whole iterations, 0 failed'
expect_count "$TMPDIR" 0

# Twenty images from one; results are kept where -o says.
clproc stress --input one --image-count 20 --iterations 1 --op 'resize 50% | gray' --op flip -o kept
expect_code 0
expect_out '^20 images an iteration (1 different'
expect_out '^resize 50% | gray .* 0 *one only'
expect_count kept 40
expect_only_pictures kept
[ "$(find kept/01* -type f -exec cksum {} + | awk '{ print $1 }' | sort -u | wc -l)" -eq 1 ] ||
    fail "one picture should give one result"

# An end on time, also in the middle of an iteration.
# More samples than forms are not made, only used again.
clproc stress --image-count 40 --iterations 1 --op flip --null-output
expect_code 0
expect_out '^40 images an iteration (36 different samples)'
clproc stress --image-count 5 --duration 3
expect_code 0

before=$(date +%s)
clproc stress --input pictures --image-count 500 --duration 2 --op 'blur 3'
after=$(date +%s)
expect_code 0
expect_out '; stopped on time'
# Whole minutes would be an iteration to its end, on a machine that is too busy for 2 s.
[ $((after - before)) -le 60 ] || fail "it should have stopped after 2 s, not $((after - before))"

# Profiles: one for all runs, stored, shown again, compared.
clproc stress --input pictures --image-count 4 --iterations 2 --op blur --null-output \
    --strategy naive --profile-type kernel --report a.json --report a.html
expect_code 0
expect_out 'Kernels and transfers'
expect_file a.json a.html
expect_json a.json
grep -q '"blur 1.25; blur 2.5; blur 5"' a.json || fail "the profile should name all that was run"
clproc report show a.json
expect_code 0
expect_out '24 images'
clproc stress --input pictures --image-count 4 --iterations 2 --op blur --null-output \
    --report b.json
clproc report diff a.json b.json
expect_code 0

# More device commands than a profile keeps one by one: its totals are of all of them.
clproc samples -o tiny --count 1 --width 16 --height 16
for i in 1 2; do
    clproc stress --input tiny --image-count 1000 --iterations 12 --op 'blur 1' --null-output --report long$i.json
    expect_code 0
    grep -q '"clproc-profile/2"' long$i.json || fail "what cannot be added up by its rows is of version 2"
    clproc report csv long$i.json -o long$i.csv
    grep -q '^readback,readback,12000,' long$i.csv || fail "12000 pictures are read back"
    [ "$(grep -c '^kernel,.*,1200[0-2],' long$i.csv)" -ge 2 ] || fail "each kernel runs for 12000 pictures"
done
expect_json long1.json
[ "$(wc -c <long1.json)" -lt 5000000 ] || fail "what is kept one by one should be bounded"
clproc report show long1.json
expect_out '^clproc profile (summary): 12000 images'
expect_out '^Events are kept one by one up to .* of the run (32768 of 3[0-9]* commands)'
clproc report diff long1.json long2.json
expect_code 0
clproc report merge long1.json long2.json -o both.csv
expect_code 0
grep -q '^readback,readback,24000,' both.csv || fail "a merged profile should have the commands of both"
clproc stress --input tiny --image-count 1000 --iterations 12 --op 'blur 1' --null-output --report long.trace.json
expect_code 0
grep -q 'up to .* of the run ([0-9]* of 3[0-9]* commands, [0-9]* of [0-9]* spans)' long.trace.json || fail "a trace should say what of the run it shows"

# A file that cannot be decoded is no picture to work on; alone, it is none at all.
head -c 700 pictures/000* >one/cut.jpg
clproc stress --input one --image-count 2 --iterations 1 --op gray
expect_code 1
expect_out '^gray .* 1 '
# What there is to say of it is said once, however often it fails.
clproc stress --input one --image-count 4 --iterations 2 --op gray --op flip --null-output
expect_code 1
expect_out '^gray .* 4 *same'
expect_failures 1
clproc stress --input empty
expect_refusal 2 'no file'
echo text >empty/text
clproc stress --input empty
expect_refusal 2 'no picture'
clproc stress --input missing
expect_refusal 2 'no picture'
for bad in '--iterations 0' '--iterations -1' '--image-count 0' '--image-count -3' '--duration -1' \
    '--duration 0' '--blur-radius 0' '--blur-radius x' '--op nonsense' '--strategy nonsense' extra; do
    clproc stress $bad
    expect_refusal 2 .
done
echo text >file
clproc stress --input pictures -o file
expect_refusal 4 'file'
# Braces mean something else in templates of outputs; where nothing is written the folder does not count.
for folder in 'o{x}' 'o{name}' 'o}'; do
    clproc stress --input pictures -o "$folder"
    expect_refusal 2 'o.*with { or }'
    expect_no_file "$folder"
    mkdir "$folder"
    command_line=" stress in $folder"
    code=0
    TMPDIR=$PWD/$folder "$CLPROC" stress --image-count 1 >"$out" 2>"$err" || code=$?
    expect_refusal 2 'with { or }'
    rmdir "$folder" || fail "nothing should be left in $folder"
done
clproc stress --input pictures --image-count 1 --iterations 1 --op gray --null-output \
    -o "$(head -c 130000 /dev/zero | tr '\0' o)"
expect_code 0

# Stopped, nothing stays behind.
expect_stopped_clean 1 stress --input pictures --iterations 100000 --op gray
expect_count "$TMPDIR" 0
clproc stress --report nowhere/a.json
expect_refusal 4 'nowhere'
expect_count "$TMPDIR" 0
