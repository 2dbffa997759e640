#!/bin/sh
# Mixed folders over and over for SOAK_SECONDS in one process, whose outputs stay the same and whose
# memory and descriptors stay as many; beside it runs that are limited, and stopped or killed at random.
# SOAK_LOG names a file that gets a line a minute: seconds, KB resident, descriptors, runs beside it.
. "$(dirname "$0")/../cli/lib.sh"
seconds=${SOAK_SECONDS:-0}
if [ "$seconds" -eq 0 ]; then
    echo "verify: T25 soak: not run, SOAK_SECONDS is not set"
    skip "SOAK_SECONDS is not set"
fi
# Every format that this build writes, one picture that is cut short, one that is none.
"$CLPROC" samples --count 32 --width 300 --height 200 -o in/sub 2>"$err" || fail "no pictures"
for format in webp avif pnm; do
    "$CLPROC" run in/sub -o "in/$format" --format $format --resize 200x 2>"$scratch/$format" || rm -rf "in/$format"
done
head -c 3000 "$(find in/sub -name '*.jpg' | sort | head -n 1)" >in/cut.jpg
echo "no picture" >in/note.jpg
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
files() { ls "/proc/$1/fd" 2>/dev/null | wc -l; }

log=${SOAK_LOG:-$scratch/log}
: >"$log"

command_line=" profile --duration $seconds"
"$CLPROC" profile in -o out --resize 90x --blur 3 --duration "$seconds" >"$out" 2>"$err" &
pid=$!
"$CLPROC" run in -o expected --resize 90x --blur 3 2>/dev/null
sleep $((seconds / 4 + 1))
first_rss=$(rss $pid) first_files=$(files $pid) beside=0 noted=0
while kill -0 $pid 2>/dev/null; do
    now=$(rss $pid)
    [ -z "$now" ] || last_rss=$now
    now=$(files $pid)
    [ "$now" -eq 0 ] || last_files=$now
    beside=$((beside + 1))
    now=$(($(date +%s) / 60))
    if [ "$now" -gt "$noted" ]; then
        noted=$now
        echo "$(ps -o etimes= -p $pid) $last_rss $last_files $beside" >>"$log"
    fi
    stop=INT
    [ $((beside % 4)) -ne 0 ] || stop=KILL
    (
        ulimit -v $((600000 + beside % 7 * 100000))
        exec timeout -s $stop "0.$((beside % 9 + 1))" "$CLPROC" run in -o beside --resize 90x --blur 3 --resume
    ) >/dev/null 2>"$scratch/beside" || code=$?
    case $code in
    0 | 1 | 3 | 4 | 124 | 130 | 137) code=0 ;;
    *) cp "$scratch/beside" "$err" && fail "a run beside it should have ended otherwise" ;;
    esac
    wrong=$([ ! -d beside ] || diff -rq beside expected | grep -v -e '^Only in expected' -e '\.clproc-')
    [ -z "$wrong" ] || fail "not whole: $wrong"
done
code=0
wait $pid || code=$?
expect_code 1
expect_lines "$err" 3
expect_err 'cut.jpg: Premature end'
diff -rq out expected >/dev/null || fail "other outputs"
# A tenth, and what an allocator may keep.
[ "$last_rss" -le $((first_rss * 11 / 10 + 8192)) ] || fail "memory grew from $first_rss to $last_rss KB"
[ "$last_files" -le $((first_files + 2)) ] || fail "descriptors grew from $first_files to $last_files"
echo "soaked for $seconds s: $first_rss to $last_rss KB, $first_files to $last_files descriptors"
echo "verify: T25 soak, runs beside it: tried $beside, survived $beside"
