#!/bin/sh
# Standard input: one picture, within the limits that files have, or names that come at any time.
. "$(dirname "$0")/lib.sh"
clproc samples -o in --kind photo --count 2 --width 60 --height 40
expect_code 0
first=$(find in -type f | sort | head -n 1) second=$(find in -type f | sort | tail -n 1)

# A picture there has no name to know it by in a later run.
clproc run - -o made/x.jpg --resume --device reference --gray <"$first"
expect_code 2
expect_err 'leave out --resume'
expect_no_file made/x.jpg

clproc run - -o one.jpg --device reference --gray <"$first"
expect_code 0
expect_no_err 'another picture'
cat "$first" "$second" >both
clproc run - -o two.jpg --device reference --gray <both
expect_code 0
expect_err '^clproc: stdin: warning: is followed by another picture'
cmp one.jpg two.jpg || fail "not the first of both"
# Not so of a format that may have several, nor of what lies in a folder; each is told once.
printf 'P5 2 2 255\nabcdP5 2 2 255\nabcd' >several.pgm
clproc run - -o two.pgm --device reference --flip h <several.pgm
expect_code 0
expect_err 'stdin: warning: left behind: further pictures'
expect_no_err 'another picture'
clproc run both -o two.jpg --device reference --gray
expect_code 0
expect_no_err 'another picture'
# No name begins with a NUL.
printf '\0list' >nul
clproc run - -o none.jpg --device reference <nul
expect_code 1
expect_err '^clproc: stdin: is not a picture'

clproc run - -o limited.jpg --limit-file 100 <"$first"
expect_code 1
expect_err '^clproc: stdin: is larger than the limit of 100 bytes; raise it with --limit-file'
head -c 4000000 /dev/zero | cat "$first" - >padded
clproc run - -o limited.jpg --memory 2M <padded
expect_code 1
expect_err '^clproc: stdin: is larger than the limit of 2 MB; raise it with --memory'
expect_no_file limited.jpg

# It is there for several outputs, and again where what was read had to be given up.
clproc run - -o a.ppm --device reference --gray --to b.ppm --resize 50% --strategy=-one-open <padded
expect_code 0
clproc run "$first" -o c.ppm --device reference --gray --to d.ppm --resize 50%
expect_code 0
cmp a.ppm c.ppm && cmp b.ppm d.ppm || fail "not as from a file"

# Who is stopped while names come has not learnt that files are gone; and it does not wait for more.
clproc index in -o index.csv
expect_code 0
cp index.csv before.csv
mkfifo names
exec 9<>names
for each in "index - -o index.csv --update" "run - -o stopped/"; do
    command_line=" $each" code=0
    timeout -s KILL 100 "$CLPROC" $each <names >"$out" 2>"$err" &
    child=$!
    sleep 0.5
    kill -TERM "$(pgrep -P $child)" || fail "it has ended"
    wait $child || code=$?
    expect_code 143
done
cmp index.csv before.csv || fail "rows were dropped"
