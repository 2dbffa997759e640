#!/bin/sh
# Names from globs, list files and standard input.
. "$(dirname "$0")/lib.sh"
make_pictures in
make_pictures in/sub

clproc run 'in/*.jpg' -o glob --resize 8x
expect_code 0
expect_count glob 1
clproc run 'in/*.gif' -o glob2 --resize 8x
[ "$code" -ne 0 ] || fail "a glob without a match should fail"
expect_err 'in/\*.gif'

# "**" would be one folder to glob(): files would be left out without a word.
for pattern in 'in/**/*.jpg' '**' './**' '**/*.jpg'; do
    clproc run "$pattern" -o glob3 --resize 8x
    expect_refusal 2 '\*\*.*: \*\* is not known here; name the folder'
done
expect_no_file glob3
mkdir 'in/**'
cp in/a.jpg 'in/**/**'
cp in/a.jpg 'in/c**d.jpg'
clproc run 'in/**/**' 'in/c**d.jpg' -o glob4 --resize 8x
expect_code 0
expect_count glob4 2
clproc run 'in/**' 'in/c**.jpg' -o glob5 --resize 8x
expect_code 0
expect_count glob5 2
rm -r 'in/**' 'in/c**d.jpg'

printf 'in/a.jpg\nin/b.png\n' >names
clproc run @names -o list --resize 8x
expect_code 0
expect_count list 2
printf '\nin/a.jpg\n\nin/b.png' >names
clproc run @names -o list2 --resize 8x
expect_code 0
expect_count list2 2
# Written on Windows; a name may still hold a carriage return where NULs end names.
printf 'in/a.jpg\r\n\r\nin/b.png\r\n' >names
clproc run @names -o crlf --resize 8x
expect_code 0
expect_count crlf 2
printf 'in/a.jpg\0in/b.png\0' >names
clproc run @names -o list3 --resize 8x
expect_code 0
expect_count list3 2

clproc run @missing -o none --resize 8x
expect_refusal 2 'missing: this list cannot be read: No such file' # not 1: no file has failed
clproc run in/a.jpg @missing -o none --resize 8x
expect_refusal 2 'missing: this list'
: >names
clproc run @names -o none --resize 8x
[ "$code" -ne 0 ] || fail "an empty list should fail"
expect_err 'names'
expect_no_file none

# A list that names what is missing: that fails, the rest is done.
printf 'in/a.jpg\nin/nothing.jpg\nin/b.png\n' >names
clproc run @names -o some --resize 8x
expect_code 1
expect_err 'in/nothing.jpg: '
expect_count some 2

printf 'in/a.jpg\nin/b.png\n' >names
clproc run - -o lines --resize 8x <names
expect_code 0
expect_count lines 2
odd=$(printf 'in/new\nline.png')
cp in/b.png "$odd"
printf 'in/a.jpg\0%s\0' "$odd" >names
clproc run - -o nul --resize 8x <names
expect_code 0
expect_count nul 2
clproc run - -o none --resize 8x </dev/null
[ "$code" -ne 0 ] || fail "an empty list should fail"
