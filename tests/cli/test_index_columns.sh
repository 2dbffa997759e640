#!/bin/sh
# What an update may drop and what it may keep: columns that no run makes, fields that took long to
# make, and rows of another make.
. "$(dirname "$0")/lib.sh"

sqlite=yes
"$CLPROC" help index | grep -q '\.sqlite' && have sqlite3 || sqlite=
mkdir in
cp "$images"/00[0-3]* in/
count=$(find in -type f | wc -l)

# A column of somebody's own is in nobody's power to make again.
clproc index in -o plain.csv -q
clproc index in -o plain.jsonl -q
sed '1s/^/Stars,/; 2,$s/^/5,/' plain.csv >own.csv
sed 's/^{/{"Stars":18446744073709551615,/' plain.jsonl >own.jsonl
sed '1s/^/,/; 2,$s/^/0,/' plain.csv >unnamed.csv
for own in own.csv own.jsonl unnamed.csv; do
    cp $own kept
    clproc index in -o $own --update
    expect_refusal 2 "$own: has a column \(Stars\|without a name\), which no run makes"
    expect_same $own kept
done
clproc index in -o own.csv -q
expect_code 0
expect_same own.csv plain.csv
{ printf '\357\273\277' && cat plain.csv; } >marked.csv # of a mark of UTF-8 nothing is lost
clproc index in -o marked.csv --update
expect_code 0
if [ "$sqlite" ]; then
    for column in 'Stars integer default 5' 'Stars text generated always as (FileName) virtual'; do
        clproc index in -o own.sqlite -q
        sqlite3 own.sqlite "alter table photos add column $column"
        cp own.sqlite kept
        for update in '' --update; do
            clproc index in -o own.sqlite $update
            expect_refusal 4 'has a table photos with a column Stars that is none of an index'
            expect_same own.sqlite kept
        done
        rm own.sqlite
    done
fi

# Rows of another make are read anew, whatever the format, and no merge takes them.
set_version() { # KIND COLUMN
    case $1 in
    jsonl) sed -i "2s/\"$2\":[0-9]*/\"$2\":0/" make.jsonl ;;
    sqlite) sqlite3 make.sqlite "update photos set $2 = 0 where rowid = 2" ;;
    csv)
        awk -F, -v OFS=, -v name="$2" '
            { sub(/\r$/, "") }
            NR == 1 { for (i = 1; $i != name; i++); column = i }
            NR == 3 { $column = 0 }
            { print $0 "\r" }' make.csv >made.csv && mv made.csv make.csv
        ;;
    esac
}
fields=SourceFile,FileSize,FileModifyDate,IndexVersion,FeaturesVersion
for kind in jsonl csv ${sqlite:+sqlite}; do
    rm -f make.$kind
    clproc index in -o make.$kind --fields $fields -q
    expect_code 0
    for version in IndexVersion FeaturesVersion; do
        set_version $kind $version
        clproc index merge make.$kind -o merged.jsonl
        expect_refusal 4 'make this index anew'
        clproc index in -o make.$kind --fields $fields --update
        expect_code 0
        expect_err "^clproc: 1 written, .*; $((count - 1)) made before"
        clproc index merge make.$kind -o merged.jsonl
        expect_code 0
    done
done
