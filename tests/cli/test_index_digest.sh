#!/bin/sh
# Digests of pixels: what they are the same for, what they differ for, and what has none.
. "$(dirname "$0")/lib.sh"
tests=$(cd "$source_dir/tests/cli" && pwd)

digests() { # INPUT... prints the digest of each
    clproc index "$@" -o - --digest --fields FileName -q
    sed 's/.*"PixelDigest":\([^}]*\).*/\1/' "$out"
}

# Other metadata, other orientation: the same pixels. Another quality: others.
cp "$images/004-jpeg-420-orientation6.jpg" a.jpg
cp "$images/008-jpeg-444-p3.jpg" b.jpg
cp "$images/001-png-rgb.png" a.png
clproc run a.jpg a.png -o stripped --keep orientation
expect_code 0
clproc run b.jpg -o stripped --strip all
expect_code 0
[ "$(digests a.jpg a.png b.jpg)" = "$(digests stripped/a.jpg stripped/a.png stripped/b.jpg)" ] || fail "metadata is none of a digest"
! cmp -s a.jpg stripped/a.jpg || fail "the copy should have less metadata"
clproc run a.jpg -o other.jpg --quality 50 --keep orientation
[ "$(digests a.jpg)" != "$(digests other.jpg)" ] || fail "other pixels should have another digest"
clproc run a.png -o packed.png --png-level 0
[ "$(digests a.png)" = "$(digests packed.png)" ] || fail "packing is none of a digest's"

# The column is there in every format, is asked for by --where, too, and not dropped by --update.
for kind in jsonl csv; do
    clproc index "$images" -o i.$kind --digest
    expect_code 0
    pictures=$(sed -n 's/^clproc: \([0-9]*\) written.*/\1/p' "$err")
    clproc index "$images" -o i.$kind --digest --update
    expect_err "$pictures made before"
    clproc index "$images" -o i.$kind --update
    expect_refusal 2 'was made with --digest'
done
clproc index merge i.jsonl -o merged.csv
clproc index merge merged.csv -o merged.jsonl
expect_same i.jsonl merged.jsonl
clproc index "$images" -o plain.jsonl
! grep -q PixelDigest plain.jsonl || fail "a digest that nobody asked for"
clproc index "$images" -o plain.jsonl --digest --update
expect_err "^clproc: $pictures written"
expect_same plain.jsonl i.jsonl
clproc index a.jpg a.png -o - --fields name --where "digest = $(digests a.png | tr '"' "'")"
[ "$(cat "$out")" = '{"FileName":"a.png"}' ] || fail "--where should find a.png by its digest"

# What is damaged, not decoded, or too large has none, and says why.
head -c 3000 a.jpg >cut.jpg
printf 'MM\0*\0\0\0\010\0\0\0\0\0\0' >raw.nef
clproc index cut.jpg raw.nef -o - --digest --fields name,Warning
expect_code 0
expect_out '"cut.jpg","Warning":"no digest: .*","PixelDigest":null}'
expect_out '"raw.nef","Warning":"no digest: pictures of this kind are not decoded","PixelDigest":null}'
clproc index "$images/012-jpeg-420-progressive.jpg" -o - --digest --fields Warning --memory 100K
expect_out '"no digest: takes more than its thread.s share of memory, 0 MB; raise --memory or lower --jobs"'
clproc index a.jpg -o - --digest --fields Warning --limit-file 1K
expect_out '"no digest: the file is larger than --limit-file'
clproc index a.jpg -o - --digest --fields Warning --limit-side 10
expect_out '"no digest: '

# With features, from the bytes that are read for these.
clproc index "$images" -o both.jsonl --digest --features -q
[ "$(sed 's/.*"PixelDigest":\("[^"]*"\).*/\1/' both.jsonl)" = "$(sed 's/.*"PixelDigest":\("[^"]*"\).*/\1/' i.jsonl)" ] ||
    fail "--features should not change digests"

# What others decode and hash. Of 16 bits our own decoder's samples are hashed.
"$CLPROC" index "$images" -o - -q --fields path --where 'depth = 16' | sed 's/.*:"\(.*\)"}/\1/' >deep
mkdir pictures
cp "$images"/*.jpg "$images"/*.png pictures/
while read -r path; do
    name=${path##*/}
    clproc run "$path" -o "pictures/$name.pam"
    expect_code 0
done <deep
clproc index pictures/*.jpg pictures/*.png -o p.jsonl --digest -q
expect_code 0
need_modules xxhash PIL numpy
compared=$(python3 "$tests/compare_digests.py" p.jsonl) || fail "$compared"
[ "$compared" -eq "$pictures" ] || fail "$compared of $pictures were compared"

# A stop does not wait for what is in hand: rows of what was read before are kept, with --update, and
# nothing is told of the others.
clproc samples --kind photo --count 1 --width 4000 --height 3000 -o large
mkdir many
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
    ln large/*.jpg many/$i.jpg
done
"$CLPROC" index many -o many.csv --digest --update --jobs 1 >"$out" 2>"$err" &
sleep 0.4
kill -TERM $!
wait $! 2>/dev/null
code=$?
command_line=" index many -o many.csv --digest --update --jobs 1, stopped"
expect_code 143
expect_err 'the index holds what was read; --update goes on from there'
rows=$(grep -c -e '^' many.csv)
[ "$rows" -le 24 ] || fail "all $rows rows are there: it was not stopped"
! grep -q 'no digest' many.csv || fail "a file that was not read has a row"
clproc index many -o many.csv --digest --update
expect_code 0
expect_lines many.csv 25
