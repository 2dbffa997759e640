#!/bin/sh
# Samples are the same every time, and clproc takes them.
. "$(dirname "$0")/lib.sh"

clproc samples -o one --count 12 --width 96 --height 64
expect_code 0
expect_count one 12
expect_only_pictures one
clproc samples -o two --count 12 --width 96 --height 64 --jobs 1
expect_code 0
diff -r one two >/dev/null || fail "the same options should make the same files"
clproc samples -o three --count 12 --width 96 --height 64 --seed 2
! diff -r one three >/dev/null || fail "another seed should make other files"

# Ten show most of what there is.
for kind in jpeg-420 jpeg-422 jpeg-gray 'jpeg-*-p3' png-rgb. png-rgba png-rgb16 orientation6; do
    ls one/00[0-9]-* | grep -q -- "-$(echo "$kind" | sed 's/\*/.*/')" || fail "no $kind among ten"
done

clproc samples -o turned --count 16 --width 96 --height 64 --kind orientation
clproc run turned -o upright --format png --resize 50%
expect_code 0
expect_count upright 16
for file in upright/*; do
    expect_png_size "$file" 48x32
done

# What is done as JSON.
clproc samples -o told --count 2 --width 16 --height 16 --progress json
expect_code 0
[ "$(grep -c '^{"type":"written","output":"told/00' "$err")" -eq 2 ] || fail "two files should be told as JSON"

for bad in '--count 0' '--width 0' '--height 70K' '--kind movie' 'extra'; do
    clproc samples -o none $bad
    expect_code 2
    expect_no_file none
done
clproc samples --count 1
expect_refusal 2 'no output given'
echo text >file
clproc samples -o file --count 1 --width 8 --height 8
expect_refusal 4 'file'
