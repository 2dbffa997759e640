#!/bin/sh
# Standard streams that are closed, full or cut off; progress; signals.
. "$(dirname "$0")/lib.sh"
make_pictures in
op='--resize 8x'

run_code() {
    code=0
    "$@" || code=$?
}

# Results that cannot be written are an error.
command_line=" help >&-"
run_code "$CLPROC" help >&- 2>"$err"
expect_code 4
expect_err 'standard output'
if [ -e /dev/full ]; then
    run_code "$CLPROC" help >/dev/full 2>"$err"
    expect_code 4
    expect_err 'standard output: No space left'
fi

# A closed pipe ends the listing quietly, not with a crash, however much there is to print. A pipe
# with a name has lost its reader before the program starts, as fast as either may be.
mkfifo closed-pipe
exec 8<>closed-pipe 9>closed-pipe 8<&-
clproc profile in --null-output $op --report pipe.json
clproc index in -o pipe.jsonl
models=$source_dir/tests/models
for words in 'help run' 'help --man' 'report show pipe.json' 'report diff pipe.json pipe.json' \
    "profile in --null-output $op -q" "run in --null-output $op -q --report -" 'index in -o - -q' 'index merge pipe.jsonl -o -' \
    "score $models/forest.onnx $models/forest.csv -o -"; do
    command_line=" $words | (closed)"
    run_code "$CLPROC" $words >&9 2>"$err" 9>&-
    expect_code 141
    expect_no_err .
done
exec 9>&-

# Closed streams never become files that pictures are written to.
command_line=" run in <&- >&- 2>&-"
run_code "$CLPROC" run in -o closed $op <&- >&- 2>&-
[ "$code" -eq 0 ] || fail "closed streams should not matter"
"$CLPROC" run in -o open $op >"$out" 2>"$err"
diff -r closed open >/dev/null || fail "closed streams changed the pictures"

# Nothing moves where no terminal is; nothing at all is on standard output.
clproc run in -o quiet $op
[ ! -s "$out" ] || fail "standard output is for results"
! grep -q "$(printf '\r')" "$err" || fail "no progress was expected off a terminal"

clproc run in missing.jpg -o json $op --progress json
expect_code 1
if have python3; then
    python3 - "$err" <<'END' || fail "every line of --progress json should be an object"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
kinds = [line["type"] for line in lines]
assert kinds[-1] == "result" and "failed" in kinds and "progress" in kinds, kinds
result = lines[-1]
assert (result["written"], result["failed"]) == (2, 1), result
failed = lines[kinds.index("failed")]
assert failed["input"] == "missing.jpg" and failed["message"], failed
last = [line for line in lines if line["type"] == "progress"][-1]
assert last["done"] == last["total"] == 3, last
END
fi

clproc run in -o always $op --progress always
expect_err '2 of 2 pictures'

# Stopping: soon, with the signal's exit code and nothing half written.
mkdir many
i=0
while [ $i -lt 300 ]; do
    cp in/a.jpg many/$i.jpg
    i=$((i + 1))
done
for signal in 15 1; do # TERM, HUP
    command_line=" run many, stopped by signal $signal"
    rm -rf stopped
    "$CLPROC" run many -o stopped --device reference --blur 20 >"$out" 2>"$err" &
    job=$!
    i=0
    while [ ! -d stopped ] && [ $i -lt 100 ]; do
        sleep 0.1
        i=$((i + 1))
    done
    kill -$signal $job
    run_code wait $job
    expect_code $((128 + signal))
    expect_err 'stopped by a signal'
    [ ! -d stopped ] || expect_only_pictures stopped
done

# A stop does not wait for a reader who is asleep.
folder=$(printf %0100d 0)
mkdir "$folder"
i=0
while [ $i -lt 800 ]; do
    ln in/a.jpg "$folder/$i.jpg"
    i=$((i + 1))
done
mkfifo asleep
exec 9<>asleep
stops_asleep() { # STREAM ARGUMENTS...: that print more there than a pipe holds
    stream=$1
    shift
    command_line=" $*, whose reader of $stream is asleep"
    case $stream in
    output) "$CLPROC" "$@" >asleep 2>"$err" 9>&- & ;;
    errors) "$CLPROC" "$@" 2>asleep >"$out" 9>&- & ;;
    esac
    job=$!
    head -c 4096 <&9 >beginning # printing has begun
    kill -TERM $job
    i=0
    while kill -0 $job 2>/dev/null && [ $i -lt 100 ]; do
        sleep 0.1
        i=$((i + 1))
    done
    kill -KILL $job 2>/dev/null && fail "one signal should end it"
    run_code wait $job
    [ "$code" -eq "${whole-143}" ] || expect_code 143
    dd if=asleep of=rest iflag=nonblock bs=65536 2>/dev/null || : # for the next one
}
clproc index "$folder" -o rows.csv
expect_code 0
stops_asleep output index "$folder" -o -
stops_asleep output index merge rows.csv -o -
clproc devices
if grep -q 'cpu:' "$out"; then
    stops_asleep output index "$folder" -o - --features
    stops_asleep output index "$folder" -o near.csv --near 1
    expect_lines near.csv 801
fi
long=$folder/broken
mkdir "$long"
i=0
while [ $i -lt 800 ]; do
    echo 'no picture' >"$long/$i.jpg"
    i=$((i + 1))
done
stops_asleep errors run "$long" -o none $op
stops_asleep errors run "$long" -o none $op --progress json
# Readers run ahead of what is told: if all had been read, the index is whole, and some files failed.
whole=1
stops_asleep errors index "$long" -o broken.csv --progress json
unset whole
stops_asleep errors samples -o samples --count 2000 --width 16 --height 16 --progress json
exec 9>&-
