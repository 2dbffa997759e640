#!/bin/sh
# --resume goes on where a killed run ended, and makes anew whatever is not certainly the same; what
# a killed run was writing is removed.
. "$(dirname "$0")/lib.sh"
make_pictures in
i=0
while [ $i -lt 20 ]; do
    cp in/a.jpg in/$i.jpg
    i=$((i + 1))
done
op='--resize 8x'

# Killed in the middle, at any point: the outputs there are whole, and the next run makes the rest.
clproc run in -o whole --device reference --blur 9
expect_code 0
for least in 1 7; do
    rm -rf out
    command_line=" run in --resume, killed"
    "$CLPROC" run in -o out --device reference --blur 9 --resume --jobs 2 >"$out" 2>"$err" &
    job=$!
    tries=0
    while [ "$(ls out 2>/dev/null | wc -l)" -lt $least ] && [ $tries -lt 500 ]; do
        sleep 0.02
        tries=$((tries + 1))
    done
    kill -9 $job 2>/dev/null
    wait $job 2>/dev/null
    for file in out/*; do
        expect_same "$file" "whole/${file##*/}"
    done
    ls -i out | sort >"$scratch/before"
    : >out/.clproc-0123abcd # as if it had been writing
    clproc run in -o out --device reference --blur 9 --resume
    expect_code 0
    ls -i out | sort >"$scratch/after"
    kept=$(comm -12 "$scratch/before" "$scratch/after" | wc -l)
    expect_err "$((22 - kept)) written, $kept skipped, 0 failed"
    [ "$kept" -ge $((least - 1)) ] || fail "what was made should be kept"
    expect_no_file out/.clproc-0123abcd
    diff -r -x .clproc-journal whole out >/dev/null || fail "the resumed run differs"
done

# Done is done: also with lines that were torn, or are none.
printf '%05000d\ntorn' 0 >>out/.clproc-journal
clproc run in -o out --device reference --blur 9 --resume
expect_err '0 written, 22 skipped'

# Another picture, another input, an output that was changed or lost, other settings.
clproc run in -o small $op --resume
cp small/1.jpg one.jpg
cp in/b.png in/c.png
touch -d '2001-02-03' in/0.jpg
echo >>small/1.jpg
rm small/2.jpg
clproc run in -o small $op --resume
expect_err '4 written, 19 skipped'
expect_same small/1.jpg one.jpg
clproc run in -o small $op --resume --jobs 1 --existing fail
expect_err '0 written, 23 skipped'
for other in '--resize 9x' "$op --quality 70" "$op --fail-on none" "$op --strip exif"; do
    clproc run in -o small --resume $other
    expect_err '23 written, 0 skipped'
done
# A change within a second, one that leaves the time as it was, and one of a file that is laid over.
touch -d '2001-02-03 04:05:06.25' in/0.jpg
clproc run in/0.jpg -o seen $op --resume
touch -d '2001-02-03 04:05:06.75' in/0.jpg
clproc run in/0.jpg -o seen $op --resume
expect_err '1 written, 0 skipped'
cp -p in/0.jpg before.jpg
echo >>in/0.jpg
touch -r before.jpg in/0.jpg
clproc run in/0.jpg -o seen $op --resume
expect_err '1 written, 0 skipped'
cp in/b.png logo.png
clproc run in/0.jpg -o seen --overlay logo.png --resume
touch -d '2001-02-03' logo.png
clproc run in/0.jpg -o seen --overlay logo.png --resume
expect_err '1 written, 0 skipped'
# Times that are the input's, not those of the run.
clproc run in -o kept $op --resume --preserve times,mode
clproc run in -o kept $op --resume --preserve times,mode
expect_err '0 written, 23 skipped'
# Another output may change how a picture is decoded for this one.
clproc run in/0.jpg --to several $op --to other --resume
for other in '--quality 70' '--depth 8' '--depth 16' '--strip exif' '--strip xmp' \
    '--strip xmp --icc srgb' '--keep exif' '--keep xmp' "$op"; do
    clproc run in/0.jpg --to several $op --to other $other --resume
    expect_err '2 written, 0 skipped'
    clproc run in/0.jpg --to several $op --to other $other --resume
    expect_err '0 written, 2 skipped'
done
cp in/a.jpg profile.icc # a run that cannot be is none
clproc run in -o out --resume --icc profile.icc
[ "$code" -ne 0 ] || fail "a picture is no profile"

# Names that depend on the picture; copies; no folder for a journal.
clproc run in -o 'sized/{name}-{width}.{ext}' $op --resume
expect_err '23 written'
clproc run in -o 'sized/{name}-{width}.{ext}' $op --resume --existing fail
expect_code 0
expect_err '0 written, 23 skipped'
clproc run in -o copies --resume
clproc run in -o copies --resume
expect_err '0 written, 23 skipped'
clproc run in -o '{dir}/{name}-x.{ext}' $op --resume
expect_refusal 2 '--resume .*--existing skip'

# A journal that is none is not written over.
mkdir foreign
mkfifo foreign/.clproc-journal
clproc run in -o foreign $op --resume
[ "$code" -ne 0 ] || fail "a pipe is no journal"
expect_err 'foreign/.clproc-journal'
rm foreign/.clproc-journal
echo precious >precious
ln -s ../precious foreign/.clproc-journal
clproc run in -o foreign $op --resume
[ "$(cat precious)" = precious ] || fail "a link was followed"

# What a killed run has left goes, in every folder that is written to; what lives, or is not ours,
# stays.
mkdir -p in/deep swept/deep
cp in/a.jpg in/deep
echo >swept/.clproc-00000001
echo >swept/deep/.clproc-00000002
echo >swept/.clproc-notes
echo >swept/.clproc-1234567g
ln -s ../precious swept/.clproc-00000003
mkdir swept/.clproc-00000004
if have flock; then
    echo >swept/.clproc-00000005
    (flock 9 && : >locked && exec sleep 60) 9<swept/.clproc-00000005 >/dev/null 2>&1 &
    lock=$!
    while [ ! -e locked ]; do
        sleep 0.05
    done
fi
clproc run in -o swept $op
expect_code 0
expect_no_file swept/.clproc-00000001 swept/deep/.clproc-00000002
expect_file swept/.clproc-notes swept/.clproc-1234567g precious
[ -L swept/.clproc-00000003 ] && [ -d swept/.clproc-00000004 ] || fail "these are no files of ours"
if have flock; then
    expect_file swept/.clproc-00000005
    kill $lock
fi

# A journal that cannot be read stops the run: it would make everything anew.
mkdir -p unreadable/.clproc-journal
clproc run in -o unreadable --resize 8x --resume
expect_refusal 4 'unreadable/.clproc-journal: this journal is not a regular file; remove it'
expect_count unreadable 0
