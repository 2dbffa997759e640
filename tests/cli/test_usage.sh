#!/bin/sh
# A wrong command line is refused with one line and exit code 2, before any work.
. "$(dirname "$0")/lib.sh"
make_pictures in

refused() { # PATTERN WORDS...
    pattern=$1
    shift
    clproc "$@"
    expect_refusal 2 "$pattern"
    expect_no_file out
}

refused 'did you mean run?' rum
refused 'see `clproc help`' frobnicate
refused 'a command must come before' in/a.jpg -o out
refused 'a command must come before' --resize 10x
refused 'no input given' run -o out
refused 'no output given; add -o' run in
refused 'did you mean --resize?' run in -o out --resise 10x
refused 'did you mean --quality?' run in -o out --qualty=3
refused 'unknown option --xyzzy' run in -o out --xyzzy
refused 'unknown option -x' run in -o out -x
refused '.q is --quiet; .*--quality 85' run in -o out -q 85
refused '--resize needs a value' run in -o out --resize
refused '--output needs a value' run in -o
refused '--strip needs a value: all|exif' run in -o out --strip
refused '--existing needs a value: replace|skip|fail; see' run in -o out --existing
refused '--icc takes keep, srgb or' run in -o out --icc p3
refused '--fit is no option but .* --resize size:fit=...; see' run in -o out --resize 10x --fit cover
refused '--opacity is no option but .* --overlay file:opacity=' run in -o out --opacity=0.5
refused 'unknown option --fit' index in -o out --fit cover
refused '--gray takes no value' run in -o out --gray=1
refused '--quality 0: .*from 1 to 100' run in -o out --quality 0
refused '--quality 101: ' run in -o out --quality 101
refused '--quality 8.5: .*whole number' run in -o out --quality 8.5
refused '--quality nan: ' run in -o out --quality nan
refused '--png-level 10: ' run in -o out --png-level 10
refused '--memory 5Q: ' run in -o out --memory 5Q
refused '--memory -1: ' run in -o out --memory -1
refused '--jobs x: ' run in -o out --jobs x
refused '--device ,: names no device' run in -o out --device ,
refused '--device , ,: names no device' index in -o - --features --device ', ,'
refused '--memory 9999999T: .*from 0 to 4194304T, ' run in -o out --memory 9999999T
refused '--batch 0: must be a whole number from 1 to 65536, or with a suffix bytes, such as 64M$' \
    run in -o out --batch 0
refused '--limit-pixels 0: .*of at least 1, such as 500 or 20K$' run in -o out --limit-pixels 0
refused '--limit-pixels 5000000T: .*from 1 to 4611686T, ' run in -o out --limit-pixels 5000000T
refused '--limit-seconds 0: ' run in -o out --limit-seconds 0
refused '--format gif: .*keep|jpeg|png' run in -o out --format gif
refused '--depth 12: ' run in -o out --depth 12
refused '--strip gsp: .*gps' run in -o out --strip gsp
refused '--strip gps,: ' run in -o out --strip gps,
refused '--existing maybe: ' run in -o out --existing maybe
refused '--profile all: ' run in -o out --profile=all
refused '--progress loud: ' run in -o out --progress loud
refused 'r.xyz: .*\.json' run in -o out --report r.xyz
refused 'resize' run in -o out --resize tiny
refused 'resize' run in -o out --resize 0x0
refused 'no parameter "fitt", but size, fit,' run in -o out --resize 10x:fitt=inside
refused 'matrix takes 9' run in -o out --matrix 1,2,3
refused 'white (100) must be above black (200)' run in -o out --levels 200:white=100
refused 'it is a factor' run in -o out --brightness 10%
refused 'it takes no percentage' run in -o out --levels 10%
refused 'empty name' run '' -o out
refused 'out.gif: .*\.jpg, \.png or \.webp' run in/a.jpg -o out.gif
refused '{name}.jxl: .*\.jpg, \.png or \.webp' run in -o '{name}.jxl'
refused 'did you mean --res' run in -o out --res 10x
refused '--output needs a value before --dry-run' run in -o --dry-run --gray
refused '--to needs a value before --dry-run; .* ./--dry-run$' run in -o out --to --dry-run
refused '--report needs a value before --quality=3' run in -o out --report --quality=3
refused '--output needs a value before -v; .* ./-v$' run in -o -v --gray
refused '--output needs a value before -j4' run in --out -j4
refused '--output needs a value before --; ' run -o -- in
refused '--to needs a value before -q' run in --to out --to -q
refused '--output needs a value before -q' samples -o -q --count 1
expect_no_file ./--dry-run ./-v ./-j4 ./-- ./-q out
clproc run in/a.jpg -o./-v.jpg --gray -q
expect_file ./-v.jpg
clproc run in/a.jpg --output=-w --gray -q # meant as it stands
expect_count ./-w 1
refused 'version takes no operand' version 2
refused 'blur' run in -o out --blur -1
refused 'blur' run in -o out --blur 1e9
refused 'crop' run in -o out --crop 10
refused 'rotate' run in -o out --rotate 45
refused 'flip' run in -o out --flip x
refused 'flatten\|colour' run in -o out --flatten mauve
refused 'blurr.*there are resize,' run in -o out --pipeline 'resize 10x | blurr 2'
refused 'template\|{nmae}' run in -o 'out/{nmae}.{ext}'
refused 'takes no operand' devices 0
refused 'action' report
refused 'unknown action draw' report draw r.json
refused 'one stored report' report show
refused 'two stored reports' report diff r.json
refused '--fail-above x' report diff a b --fail-above x

# One name is not for two things, however it is spelled and whether or not the file is there.
echo in/a.jpg >list.csv
cp list.csv names.csv
ln -s list.csv link.csv
refused 'y.csv: the report would replace the table' run in -o out --features y.csv --report y.csv
refused '/y.csv: the report would replace the table' run in -o out --features y.csv --report "$PWD/in/../y.csv"
refused 'list.csv: is one of the inputs, .* for the report' run @list.csv -o out --report list.csv
refused 'list.csv: is one of the inputs, .* for the report' profile @./link.csv --null-output --report list.csv
refused 'link.csv: is one of the inputs, .* for the table' run @list.csv in -o out --features link.csv
refused 'list.csv: is one of the inputs, .* for the table' index @list.csv -o list.csv
refused 'list.csv: is one of the inputs, .* for the report' stress --input list.csv --report list.csv
refused 'y.csv: is where pictures go to' run in -o y.csv --report ./y.csv
refused 'y.csv: is where pictures go to' run in --to out --to y.csv --features y.csv
expect_no_file y.csv
expect_same list.csv names.csv

clproc run in -o out --report missing/r.json
expect_refusal 4 'missing/r.json: .*No such file'
clproc report show missing.json
expect_refusal 4 'missing.json: '
