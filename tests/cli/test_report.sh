#!/bin/sh
# What a run tells: dry runs, plans, profiles, stored reports.
. "$(dirname "$0")/lib.sh"
make_pictures in
op='--resize 16x --blur 1'

clproc run in -o out $op --dry-run
expect_code 0
expect_out '^in/a.jpg -> out/a.jpg$'
expect_lines "$out" 2
expect_err '2 would be written'
expect_no_file out

clproc run in/a.jpg --explain $op --gray
expect_code 0
expect_out 'filter'
expect_no_file out
cp "$out" plan
clproc run in -o out --explain $op --gray
expect_code 0
expect_same "$out" plan

clproc run in -o out $op --profile
expect_code 0
expect_out 'filter'
expect_count out 2
clproc profile in -o out $op
expect_code 0
expect_out 'filter'
expect_out 'decode'
clproc profile in --null-output $op --profile-type time
expect_code 0
expect_out 'decode'
expect_err '^clproc: 2 processed, '
# Stopped without outputs, or while all is repeated: nothing would go on.
for where in --null-output '-o repeated'; do
    : >"$err"
    "$CLPROC" profile in $where $op --duration 600 -v >"$out" 2>"$err" &
    pid=$!
    tries=0
    until [ -s "$err" ] || [ $tries -eq 3000 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    kill -TERM $pid
    wait $pid
    expect_err 'stopped by a signal'
    expect_no_err 'go on with'
    expect_no_err ' -> $'
done

# Again and again: whole pictures only, as many as fit.
rm -r out
for seconds in 0.7 5 30; do # a busy machine may need the first of them to open a device
    clproc profile in -o out $op --duration $seconds --profile-type time --report long.json
    expect_code 0
    expect_count out 2
    written=$(sed -n 's/^clproc: \([0-9]*\) written, 0 skipped, 0 failed.*/\1/p' "$err")
    [ "${written:-0}" -le 2 ] || break
done
[ "${written:-0}" -gt 2 ] || fail "the pictures should have been processed more than once"
grep -q "\"images\":$written[,}]" long.json || fail "the profile should count $written pictures"
clproc profile - -o out $op --duration 1 </dev/null
expect_refusal 2 'only once'
clproc profile in -o out $op --duration 1 --existing skip
expect_refusal 2 'must be replaced'
clproc profile in -o out $op --duration 1 --resume
expect_refusal 2 'must be replaced; .*--resume'

# One digest for the same outputs, another for others.
digest_of() {
    sed -n 's/^"output digest":"\([0-9a-f]*\)",*$/\1/p' "$1"
}
clproc run in -o out $op --jobs 1 --report a.json
clproc run in -o out $op --jobs 3 --report b.json
clproc run in -o out $op --gray --report c.json
[ -n "$(digest_of a.json)" ] || fail "a profile should have a digest of the outputs"
[ "$(digest_of a.json)" = "$(digest_of b.json)" ] || fail "the same outputs, the same digest"
[ "$(digest_of a.json)" != "$(digest_of c.json)" ] || fail "other outputs, another digest"
grep -q '"plan":"[^"]*resize' a.json || fail "a profile should say how the work was planned"

clproc run in -o out $op --report r.json --report r.csv --report r.txt --report r.html \
    --report r.trace.json --report r.folded --report r.speedscope.json --report r.prom
expect_code 0
[ ! -s "$out" ] || fail "--report alone prints nothing"
expect_file r.json r.csv r.txt r.html r.trace.json r.folded r.speedscope.json r.prom
# With an empty cache a first short run leaves keeping its kernels to the second.
grep -q '"cache":"warm"' r.json || fail "kernels were built before"
for file in r.json r.trace.json r.speedscope.json; do
    expect_json "$file"
done
grep -q 'clproc-profile/1' r.json || fail "r.json should name its version"
grep -q 'filter' r.json || fail "r.json should have per-kernel figures"

clproc report show r.json
expect_code 0
expect_out 'filter'
cp r.json again.json
clproc report html again.json
expect_code 0
expect_out '^again.html$'
expect_file again.html
clproc report csv again.json -o figures.csv
expect_code 0
expect_file figures.csv
clproc report trace again.json
expect_file again.trace.json
clproc report trace again.json -o again.json
expect_refusal 2 'would replace'
cp again.json kept.json
for words in 'diff r.json again.json' 'merge r.json again.json' 'diff r.json r.json --after again.json'; do
    clproc report $words -o ./again.json
    expect_refusal 2 'would replace'
    cmp -s again.json kept.json || fail "$words has written over its input"
done
clproc report diff r.json again.json --fail-above 5%
expect_code 0
clproc report diff r.json again.json --before again.json --after r.json -o diff.json
expect_code 0
expect_json diff.json
clproc report diff r.json again.json -o diff.pdf
expect_refusal 2 'diff.pdf: has no ending of a comparison'

# Bad reports.
head -c 100 r.json >cut.json
clproc report show cut.json
expect_refusal 4 '^clproc: cut.json: is no complete JSON'
echo '{"a": 1}' >foreign.json
clproc report diff r.json foreign.json
expect_refusal 4 '^clproc: foreign.json: is JSON, but no profile'
for version in 0 3; do
    sed "s|clproc-profile/1|clproc-profile/$version|" r.json >other.json
    clproc report show other.json
    expect_refusal 4 "clproc-profile/$version.*use the clproc that wrote it"
done
# Of this version, but with members of a later clproc.
sed -e 's|"gauges":\[|"later":{"a":[1]},"gauges":[{"name":"steam","peak":1,"readings":[]},|' r.json >later.json
clproc report show later.json
expect_code 0

# A report that cannot be written leaves the pictures done.
mkdir taken.json
rm -r out
clproc run in -o out $op --report taken.json
expect_code 4
expect_count out 2

# A full disk, beneath standard output or the report: the pictures are done, other reports whole.
rm -r out
command_line=" run --profile >/dev/full" code=0
"$CLPROC" run in -o out $op --profile >/dev/full 2>"$err" || code=$?
expect_code 4
expect_err 'the report cannot be written: No space left'
expect_count out 2
mkdir small
if mount -t tmpfs -o size=16k tmpfs small 2>/dev/null; then
    rm -r out
    clproc run in -o out $op --report small/r.html --report whole.json
    [ "$code" -eq 4 ] || umount small
    expect_code 4
    expect_err '^clproc: small/r.html: cannot be written: No space left'
    left=$(ls -A small)
    umount small
    [ -z "$left" ] || fail "half a report was left behind: $left"
    expect_count out 2
    expect_json whole.json
fi
