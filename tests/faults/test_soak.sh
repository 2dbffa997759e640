#!/bin/sh
# Mixed folders over and over for SOAK_SECONDS in one process, whose outputs stay the same and whose
# memory and descriptors stay as many; beside it runs that are limited or stopped at random.
. "$(dirname "$0")/../cli/lib.sh"
seconds=${SOAK_SECONDS:-0}
if [ "$seconds" -eq 0 ]; then
    echo "verify: T25 soak: not run, SOAK_SECONDS is not set"
    skip "SOAK_SECONDS is not set"
fi
"$CLPROC" samples --count 32 --width 300 --height 200 -o in 2>"$err" || fail "no pictures"
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
files() { ls "/proc/$1/fd" 2>/dev/null | wc -l; }

command_line=" profile --duration $seconds"
"$CLPROC" profile in -o out --resize 90x --blur 3 --duration "$seconds" >"$out" 2>"$err" &
pid=$!
"$CLPROC" run in -o expected --resize 90x --blur 3 2>/dev/null
sleep $((seconds / 4 + 1))
first_rss=$(rss $pid) first_files=$(files $pid) beside=0
while kill -0 $pid 2>/dev/null; do
    now=$(rss $pid)
    [ -z "$now" ] || last_rss=$now
    now=$(files $pid)
    [ "$now" -eq 0 ] || last_files=$now
    beside=$((beside + 1))
    (
        ulimit -v $((600000 + beside % 7 * 100000))
        exec timeout -s INT "0.$((beside % 9 + 1))" "$CLPROC" run in -o beside --resize 90x --blur 3 --resume
    ) >/dev/null 2>"$scratch/beside" || code=$?
    case $code in
    0 | 1 | 3 | 4 | 124 | 130) code=0 ;;
    *) cp "$scratch/beside" "$err" && fail "a run beside it should have ended otherwise" ;;
    esac
    wrong=$([ ! -d beside ] || diff -rq beside expected | grep -v -e '^Only in expected' -e '\.clproc-')
    [ -z "$wrong" ] || fail "not whole: $wrong"
done
code=0
wait $pid || code=$?
expect_code 0
diff -rq out expected >/dev/null || fail "other outputs"
# A tenth, and what an allocator may keep.
[ "$last_rss" -le $((first_rss * 11 / 10 + 8192)) ] || fail "memory grew from $first_rss to $last_rss KB"
[ "$last_files" -le $((first_files + 2)) ] || fail "descriptors grew from $first_files to $last_files"
echo "soaked for $seconds s: $first_rss to $last_rss KB, $first_files to $last_files descriptors"
echo "verify: T25 soak, runs beside it: tried $beside, survived $beside"
