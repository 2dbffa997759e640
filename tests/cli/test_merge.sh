#!/bin/sh
# Indexes of shards made one: the rows of one run in its order, in every format; of a file's rows the
# one named last; what is broken or does not fit is refused, and the output stays as it was.
. "$(dirname "$0")/lib.sh"

sqlite=
clproc help index
grep -q '\.sqlite' "$out" && have sqlite3 && sqlite=sqlite

# Names whose order as whole texts is another than folder by folder.
mkdir -p in/a in/a-b 'in/a b'
cp "$images"/00[0-2]* in/a/
cp "$images"/00[3-5]* in/a-b/
cp "$images"/00[6-8]* 'in/a b/'
cp "$images"/009* in/a.jpg
cp "$images"/000* in/a/ä.jpg
head -c 300 "$images/000-jpeg-420.jpg" >in/cut.jpg

# ------------------------------------------------------------- the same as one run
for kind in jsonl csv $sqlite; do
    clproc index in -o one.$kind -q
    expect_code 1 # for the cut file
    for i in 1 2 3; do clproc index in -o part$i.$kind --shard $i/3 -q; done
done
rows=$(wc -l <one.jsonl)
for kind in jsonl csv $sqlite; do
    for to in jsonl csv; do
        clproc index merge part3.$kind part1.$kind part2.$kind -o all.$to
        expect_code 0
        expect_err "^clproc: $rows rows of 3 indexes"
        expect_same all.$to one.$to
    done
done
if [ "$sqlite" ]; then
    clproc index merge part1.sqlite part2.sqlite part3.sqlite -o all.sqlite -q
    expect_code 0
    expect_lines "$err" 0
    sqlite3 one.sqlite .dump >one.dump && sqlite3 all.sqlite .dump >all.dump
    expect_same one.dump all.dump
    clproc index in -o all.sqlite --update
    expect_err "$((rows - 1)) made before" # the cut file is always read again
fi
clproc index merge part1.jsonl part2.jsonl part3.csv -o -
expect_code 0
expect_same "$out" one.jsonl

# Chosen fields, and shards without a file.
for i in 1 2 3 4 5 6 7 8 9; do
    clproc index in/a -o few$i.jsonl --fields SourceFile,iso --shard $i/9 -q
    clproc index in/a -o few$i.csv --fields SourceFile,iso --shard $i/9 -q
done
[ -n "$(find . -name 'few*.jsonl' -empty)" ] || fail "a shard should be empty here"
for kind in jsonl csv; do
    clproc index in/a -o one-few.$kind --fields SourceFile,iso -q
    clproc index merge few*.$kind -o all-few.$kind
    expect_code 0
    expect_same all-few.$kind one-few.$kind
done

# Also those that all whole rows have, whether a later row lacks another of them or not.
for last in sampling width; do
    clproc index in/a -o named.jsonl --fields SourceFile,FileName,Directory,IndexVersion,$last -q
    clproc index in/a -o named.csv --fields SourceFile,FileName,Directory,IndexVersion,$last -q
    head -n 1 named.jsonl | grep -q null && fail "the first row should have all fields"
    clproc index merge named.jsonl -o all-named.csv
    expect_code 0
    expect_same all-named.csv named.csv
done
# A file that cannot be read has few fields in a whole index, too.
clproc index missing.jpg in/a -o lost.jsonl -q
expect_code 1
clproc index merge lost.jsonl -o all-lost.jsonl
expect_code 0
sort lost.jsonl >one-lost
sort all-lost.jsonl >all-lost
expect_same one-lost all-lost

# Features are columns like others.
clproc index in/a -o one-seen.jsonl --features -q
for i in 1 2; do clproc index in/a -o seen$i.jsonl --features --shard $i/2 -q; done
clproc index merge seen2.jsonl seen1.jsonl -o all-seen.jsonl
expect_code 0
expect_same all-seen.jsonl one-seen.jsonl
grep -q '"PerceptualHash"' all-seen.jsonl || fail "there should be features"

# --------------------------------------------------- of a file's rows the last named
cp one.jsonl old.jsonl
sed 's/"ImageWidth":[0-9]*/"ImageWidth":12345/' one.jsonl >new.jsonl
clproc index merge old.jsonl new.jsonl -o all.jsonl
expect_code 0
expect_err "^clproc: $rows rows dropped: "
expect_same all.jsonl new.jsonl
clproc index merge new.jsonl old.jsonl -o all.jsonl
expect_same all.jsonl old.jsonl

# More indexes than a shell allows open files, as of a job of many shards.
mkdir many
for i in 1 2 3 4 5 6 7 8; do
    for k in 1 2 3 4 5 6 7 8; do cp one.csv many/$i$k.csv; done
done
allowed=$(ulimit -S -n)
ulimit -S -n 40
clproc index merge many/*.csv -o all.csv
ulimit -S -n "$allowed"
expect_code 0
expect_same all.csv one.csv

# Folders in another order than that of their names: rows are sorted.
clproc index in/a-b in/a -o two1.jsonl --shard 1/2 -q
clproc index in/a-b in/a -o two2.jsonl --shard 2/2 -q
clproc index in/a in/a-b -o two.jsonl -q
for order in '1 2' '2 1'; do
    clproc index merge $(printf 'two%s.jsonl ' $order) two1.jsonl -o all.jsonl
    expect_code 0
    expect_err "^clproc: $(wc -l <two1.jsonl) rows dropped"
    expect_same all.jsonl two.jsonl
done

# So they are on standard output, however many rows come before the first out of order.
row=$(grep '"SourceFile":"in/a.jpg"' one.jsonl)
awk -v row="$row" 'BEGIN { for (i = 0; i < 3000; i++) {
    name = sprintf("in/a%04d.jpg", i); next_row = row
    sub("\"in/a.jpg\"", "\"" name "\"", next_row); print next_row } }' >long.jsonl
head -n 1 long.jsonl >>long.jsonl
[ "$(wc -c <long.jsonl)" -gt 600000 ] || fail "the index should be longer than what is written at once"
clproc index merge long.jsonl -o all.jsonl
expect_code 0
expect_lines all.jsonl 3000
clproc index merge long.jsonl -o -
expect_code 0
expect_err '^clproc: 3000 rows of 1 indexes'
expect_err '^clproc: 1 rows dropped: '
expect_same "$out" all.jsonl

# -------------------------------------------------------------- what is refused
cp one.jsonl kept.jsonl
refuse() { # CODE PATTERN INDEX...
    wanted=$1
    pattern=$2
    shift 2
    clproc index merge "$@" -o kept.jsonl
    expect_refusal "$wanted" "$pattern"
    expect_same kept.jsonl one.jsonl
}
head -c 2000 one.jsonl >torn.jsonl
refuse 4 'torn.jsonl: what stands from byte [0-9]* on is no row' part1.jsonl torn.jsonl
(head -n 2 one.jsonl && echo '{"SourceFile": 5}') >odd.jsonl
refuse 4 'odd.jsonl: what stands from byte' part1.jsonl odd.jsonl
sed 's/"IndexVersion":[0-9]*/"IndexVersion":999/' one.jsonl >later.jsonl
refuse 4 'later.jsonl: what stands from byte 0' later.jsonl
printf 'Name,Size\r\na,5\r\n' >other.csv
refuse 4 'other.csv: what stands from byte 0' part1.jsonl other.csv
# A quote that is never closed: lines are read once, not all of them again for each.
(head -n 2 one.csv && printf '"' && yes line | head -c 4000000) >quote.csv
refuse 4 'quote.csv: what stands from byte' quote.csv
refuse 2 'few1.csv: has other columns than part1.jsonl' part1.jsonl few1.csv
refuse 2 'kept.jsonl: is one of the indexes to merge' part1.jsonl kept.jsonl
refuse 4 'missing.jsonl: ' part1.jsonl missing.jsonl
refuse 2 'missing.txt: an index needs an ending' missing.txt
refuse 2 'a folder of this name is ./merge'
refuse 2 'takes rows as they are' part1.jsonl --fields iso
if [ "$sqlite" ]; then
    sqlite3 empty.sqlite 'create table other (x)'
    refuse 4 'empty.sqlite: has no table photos' empty.sqlite
    head -c 6000 one.sqlite >torn.sqlite
    refuse 4 'torn.sqlite: ' torn.sqlite
fi
left=$(find . -name '.clproc-*')
[ -z "$left" ] || fail "left behind: $left"
mkdir merge
cp in/a.jpg merge
clproc index ./merge -o - --fields name -q
expect_out a.jpg
