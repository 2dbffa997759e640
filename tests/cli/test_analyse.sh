#!/bin/sh
# An analysis: both files, every step in its tables, text that says what the tables say.
. "$(dirname "$0")/lib.sh"

TMPDIR=$scratch/temporary
export TMPDIR
mkdir "$TMPDIR" empty
clproc samples -o pictures --count 3 --width 160 --height 120 --kind photo

clproc analyse pictures -o hasty --seconds 1 --resize 50% --progress json
expect_code 0
expect_err '^{"type":"result"'
# 73 processes in 1.2 s are too many: there are two rounds, in which no change can be significant.
grep -q '^| runs of each strategy | 2 |$' hasty/analysis.md || fail "two rounds were expected"
[ "$(grep -c '^| .* | too few runs to tell |' hasty/analysis.md)" -eq 19 ] || fail "no verdict should be given"
! grep -q 'not significant' hasty/analysis.md || fail "two rounds do not show that there is no change"
grep -q 'too few runs to tell that from chance$' hasty/analysis.md || fail "the title should say so"
clproc analyse pictures -o report --seconds 5 --resize 50% --blur 1
expect_code 0
expect_out '^report/analysis.md$'
expect_out '^report/analysis.html$'
expect_file report/analysis.md report/analysis.html
expect_count report 2
expect_count "$TMPDIR" 0
[ "$(grep -c 'no GPU found' "$err")" -le 1 ] || fail "the device is announced once"
text=report/analysis.md
grep -q '^| pipeline | resize 50% \\| blur 1 |$' $text || fail "the pipeline should stand in the table"
# Naive, each of nine switches added and alone: 19 runs of one picture first, then rounds of 18 runs.
rounds=$(sed -n 's/^| runs of each strategy | \([0-9]*\) |$/\1/p' $text)
images=$(sed -n 's/^| images of a run | \([0-9]*\) .*/\1/p' $text)
expect_err "^clproc: $((19 + 18 * rounds * images)) written, 0 skipped, 0 failed"
for name in parallel overlap planar compose stream shrink one-listing one-open; do
    [ "$(grep -c "^| + $name |" $text)" -eq 2 ] || fail "no row for the step + $name"
    [ "$(grep -c "^| $name |" $text)" -eq 1 ] || fail "no row for $name alone"
    grep -q "^### [1-9]. $name\$" $text || fail "no section on $name"
done
grep -q '</html>' report/analysis.html || fail "the page is not whole"
[ "$(grep -c '<svg' report/analysis.html)" -eq 3 ] || fail "three charts were expected"

# What the sentences of the steps say stands in the rows of the table.
awk -F' *[|] *' '
    /^## One after another/ { steps = 1 }
    /^## Each alone/ { steps = 0 }
    steps && /^\| \+ / { change[substr($2, 3)] = $6; chance[substr($2, 3)] = $8; verdict[substr($2, 3)] = $9 }
    /^### / { name = $0; sub(/^### [0-9]+\. /, "", name) }
    /Time of the run:/ {
        told++
        want = "Time of the run: " change[name] " (95 % interval "
        if (!index($0, want) || !index($0, "p-value " chance[name] "): " verdict[name] ".")) {
            print name ": " $0
            wrong = 1
        }
    }
    END { exit wrong || told != 9 }' $text >"$scratch/told" || fail "text and table differ: $(cat "$scratch/told")"
grep -q '^| all, against naive |' $text || fail "no row for the whole"
rows=$(grep -c '^| all, against naive |.*not significant' $text)
[ "$(grep -c 'a difference that is not significant' $text)" -eq "$rows" ] || fail "the title says otherwise than the table"

# The benchmark's row naive reads the gain of the whole from it.
if command -v python3 >/dev/null; then
    told=$(PYTHONPATH=$CLPROC_SOURCE/bench PYTHONDONTWRITEBYTECODE=1 python3 -c '
from clpbench.rows_strategy import gain_of
print("%g of %d" % gain_of(open("report/analysis.md", encoding="utf-8").read()))')
    [ "${told#* of }" -ge 2 ] || fail "the benchmark reads: $told"
    grep -q "^| + one-open |.* | ${told% of *}.* × |\$" $text || fail "the benchmark reads another gain: $told"
fi

# Stopped in the middle of it, nothing stays behind.
under_way() {
    [ -n "$(find "$TMPDIR" -name results)" ]
}
command_line=' analyse, stopped'
"$CLPROC" analyse pictures -o stopped >"$out" 2>"$err" &
wait_until under_way || fail "no run has written anything"
kill -TERM $!
code=0
wait $! || code=$?
expect_code 143
expect_count stopped 0
expect_count "$TMPDIR" 0

# So it is where the signal comes to the run under way as well.
expect_stopped_clean 2 analyse pictures -o stopped
expect_count stopped 0
expect_count "$TMPDIR" 0

clproc analyse empty -o none
expect_refusal 2 .
echo text >file
clproc analyse pictures -o file
expect_refusal 4 'file'
clproc analyse pictures --seconds 0
expect_refusal 2 'seconds'
clproc analyse pictures --strategy naive
expect_code 2
