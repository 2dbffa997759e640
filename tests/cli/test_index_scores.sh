#!/bin/sh
# clproc index --model: the scores that clproc score gives the same rows, in every store, filtered,
# updated and merged; rows without a score, and models that do not fit.
. "$(dirname "$0")/lib.sh"
tests=$(cd "$source_dir/tests/cli" && pwd)
models=$source_dir/tests/models
clproc devices
grep -q 'cpu:' "$out" || skip "there is no OpenCL on the processor"

# Gives a model of the tests other names for its six columns: of an ONNX file's entries the last counts.
octal() { # NUMBER
    printf '\\%03o' "$1"
}
rename() { # MODEL NAMES FILE
    length=${#2}
    { cat "$models/$1.onnx" && printf "\\162$(octal $((length + 17)))\\012\\015feature_names\\022$(octal "$length")%s" "$2"; } >"$3"
}
# The scores of an index, by `clproc score`: column $3 from the end of what it adds to the CSV $2.
scores() { # MODEL CSV COLUMN
    clproc score "$1" "$2" -o scored.csv -q
    expect_code 0
    tr -d '\r' <scored.csv | tail -n +2 | awk -F, -v back="$3" '{ print $(NF - back) }'
}

mkdir in
cp "$images"/*.jpg "$images"/*.png in/
pictures=$(find in -type f | wc -l)
seen=LumaMean,LumaP50,LumaP5,ClippedLow,NoiseEstimate
rename logistic "$seen,ImageWidth" keep.onnx
rename tree "$seen,Colourfulness" three.onnx
rename hist "$seen,ISO" gaps.onnx
rename logistic "$seen,ISO" iso.onnx
rename line "$seen,ImageWidth" line.onnx

# ------------------------------------------------------------- equal to clproc score
clproc index in -o plain.csv --features -q
clproc index in -o keep.csv --model keep.onnx --jobs 3
expect_code 0
expect_err "^clproc: $pictures written, "
head -n 1 keep.csv | grep -q ',ThumbHash,Score.$' || fail "$(head -n 1 keep.csv)"
[ "$(tr -d '\r' <keep.csv | sed 's/,[^,]*$//' | cksum)" = "$(tr -d '\r' <plain.csv | cksum)" ] ||
    fail "the other columns are those without a model"
scores keep.onnx plain.csv 0 >right
tr -d '\r' <keep.csv | tail -n +2 | sed 's/.*,//' >found
[ "$(sort -u found | wc -l)" -gt 5 ] || fail "scores differ: $(sort -u found)"
expect_same right found
clproc index in -o again.csv --model keep.onnx --jobs 1
expect_same keep.csv again.csv

# A class a column, and what they are; of a regression the one.
clproc index in -o three.jsonl --model three.onnx
expect_err 'Score3 is the model.s score of yes'
sed 's/.*"Score":\([^,]*\),"Score2":\([^,]*\),"Score3":\([^}]*\)}/\1,\2,\3/' three.jsonl >found
for back in 2 1 0; do scores three.onnx plain.csv $back >right$back; done
paste -d, right2 right1 right0 >right
expect_same right found
clproc index in -o line.csv --model line.onnx -q
scores line.onnx plain.csv 0 >right
tr -d '\r' <line.csv | tail -n +2 | sed 's/.*,//' >found
expect_same right found

# Several models: the scores of each, one model after the other; the same beside a run.
clproc index in -o both.csv --model three.onnx:portrait --model keep.onnx
expect_code 0
expect_err 'Score3 is portrait.s score of yes'
expect_err 'Score4 is keep.s score of 1'
head -n 1 both.csv | grep -q ',ThumbHash,Score,Score2,Score3,Score4.$' || fail "$(head -n 1 both.csv)"
{ for back in 2 1 0; do scores three.onnx plain.csv $back >right$back; done; }
scores keep.onnx plain.csv 0 >right3
paste -d, right2 right1 right0 right3 >right
tr -d '\r' <both.csv | tail -n +2 | sed 's/.*,\([^,]*,[^,]*,[^,]*,[^,]*\)$/\1/' >found
expect_same right found
clproc run in --null-output --resize 50x --features beside.csv --model three.onnx:portrait --model keep.onnx -q
expect_code 0
expect_same both.csv beside.csv
clproc index in -o a.csv --model three.onnx --model three.onnx --model three.onnx
expect_refusal 2 'three.onnx: gives, with those before it, more scores than the 8'
clproc run in --null-output --model keep.onnx
expect_refusal 2 'name one with --features'

# One matrix without names: features in their order.
if have python3; then
    python3 "$tests/linear_model.py" order.onnx 0 0 0 1 0 0 0 0 0 0 0 0 0 1024
    clproc index in -o order.csv --model order.onnx --fields score,LumaMean,NoiseEstimate
    expect_code 0
    tr -d '\r' <order.csv | awk -F, 'NR > 1 { rows++; away = $1 - $2 - 1024 * $3
        if (away > 0.01 || away < -0.01) exit 1 } END { if (rows < 20) exit 1 }' || fail "$(cat order.csv)"
    # Beside a column that has a name, a matrix without any may be of whatever columns.
    for columns in '0 0 1' '0 0 0 1 0 0 0 0 0 0 0 0 0 1024'; do
        # shellcheck disable=SC2086
        python3 "$tests/linear_model.py" beside.onnx +LumaMean $columns
        clproc index in -o order.csv --model beside.onnx
        expect_refusal 2 'beside.onnx: takes [0-9]* columns and does not name all of them; write their names'
    done
    # Two targets of a regression are two scores, as `clproc score` has them; of two classes one.
    python3 "$tests/linear_model.py" two.onnx 0 0 0 1 0 0 0 0 0 0 0 0 0 0 / 0 0 0 0 0 0 0 0 0 0 0 0 0 1024
    clproc index in -o two.csv --model two.onnx
    expect_code 0
    expect_err 'Score is the model.s score of 0'
    expect_err 'Score2 is the model.s score of 1'
    clproc index in -o two.jsonl --model two.onnx --fields score,score2 -q
    columns=$(head -n 1 plain.csv | tr -d '\r' | tr , '\n' |
        sed -n '/^SharpnessWhole$/,$p' | grep -v -e Histogram -e Dominant -e Hash | paste -sd, -)
    clproc score two.onnx plain.csv --columns "$columns" -o scored.csv -q
    expect_code 0
    head -n 1 scored.csv | grep -q ',two_0,two_1.$' || fail "$(head -n 1 scored.csv)"
    sed 's/{"Score":\([^,]*\),"Score2":\([^}]*\)}/\1,\2/' two.jsonl >found
    tr -d '\r' <scored.csv | tail -n +2 | sed 's/.*,\([^,]*,[^,]*\)$/\1/' >right
    expect_same right found
else
    echo "skipped: python3 is not installed"
fi

# ---------------------------------------------------- more rows than one call scores
mkdir many
i=100
while [ $i -lt 650 ]; do
    ln in/006-jpeg-gray.jpg many/$i.jpg
    i=$((i + 1))
done
ln in/012* many/350a.jpg
clproc index many -o many.jsonl --model keep.onnx --fields name,score --jobs 3 -q
expect_code 0
expect_lines many.jsonl 551
[ "$(sed 's/.*"FileName":"\([^"]*\).*/\1/' many.jsonl)" = "$(ls many | LC_ALL=C sort)" ] ||
    fail "rows should be in the order of the listing"
[ "$(sed 's/.*"Score"://' many.jsonl | sort -u | wc -l)" -eq 2 ] || fail "equal pictures, equal scores"
sed -n '/350a/,$p' many.jsonl | head -n 1 | grep -q "\"Score\":$(grep 012 keep.csv | tr -d '\r' | sed 's/.*,//')}" ||
    fail "$(grep 350a many.jsonl)"

# -------------------------------------------------------------------- fields, filters
half=$(tr -d '\r' <keep.csv | tail -n +2 | sed 's/.*,//' | sort -g | sed -n "$((pictures / 2))p")
above=$(tr -d '\r' <keep.csv | tail -n +2 | sed 's/.*,//' | awk -v half="$half" '$1 + 0 > half + 0' | wc -l)
clproc index in -o - --model keep.onnx --where "score > $half" --fields name,score -q
expect_code 0
expect_lines "$out" "$above"
expect_out '^{"FileName":"[^"]*","Score":[0-9.e-]*}$'
clproc index in -o - --model keep.onnx --where "score > $half" --fields name -q
expect_out '^{"FileName":"[^"]*","Score":[0-9.e-]*}$'

# ----------------------------------------------- missing values, and what is no picture
clproc index in -o iso.jsonl --model iso.onnx
expect_code 0
grep -c '"Warning":"no score: column ISO is missing, and the model does not fill it in".*"Score":null}$' iso.jsonl >count
[ "$(cat count)" -gt 0 ] || fail "$(head -n 1 iso.jsonl)"
[ "$(grep -c '"Score":' iso.jsonl)" -eq "$pictures" ] || fail "whole rows tell of scores even if they have none"
clproc index in -o gaps.csv --model gaps.onnx
scores gaps.onnx plain.csv 0 >right
tr -d '\r' <gaps.csv | tail -n +2 | sed 's/.*,//' >found
expect_same right found
mkdir bad
cp in/000* bad/whole.jpg
: >bad/empty.jpg
echo text >bad/notes.txt
printf 'II*\000\010\000\000\000\001\000\020\001\002\000\002\000\000\000X\000\000\000\000\000\000\000' >bad/raw.nef
clproc index bad -o bad.jsonl --model keep.onnx
expect_code 1
expect_lines bad.jsonl 3
grep empty bad.jsonl | grep '"Error"' | grep -v 'no score' | grep -q '"Score":null' || fail "$(grep empty bad.jsonl)"
grep raw bad.jsonl | grep -q '"Warning":"no features: .*; no score: column LumaMean is missing' ||
    fail "$(grep raw bad.jsonl)"
grep whole bad.jsonl | grep -q '"Score":[0-9]' || fail "the others go on"

# ---------------------------------------------------------- updates score what is kept
stores=".csv .jsonl"
"$CLPROC" help index | grep -q sqlite && stores="$stores .sqlite"
for store in $stores; do
    clproc index in -o "a$store" --model iso.onnx -q
    clproc index in -o "a$store" --model keep.onnx --update
    expect_code 0
    expect_err "^clproc: 0 written, .* $pictures made before"
    clproc index in -o "b$store" --model keep.onnx -q
    touch -c in/011*
    clproc index in -o "a$store" --model keep.onnx --update
    expect_err '^clproc: 1 written, '
    clproc index in -o "b$store" --model keep.onnx -q
    if [ "$store" = .sqlite ]; then
        clproc index merge a.sqlite -o a2.csv
        clproc index merge b.sqlite -o b2.csv
        expect_same a2.csv b2.csv
    else
        expect_same "a$store" "b$store"
    fi
done
clproc index in -o a.jsonl --model keep.onnx --update --where "score > $half"
expect_lines a.jsonl "$above"
clproc index in -o a.jsonl --features --update
expect_refusal 2 'a.jsonl: was made with --model, whose fields --update would drop'
clproc index in -o a.jsonl --features
grep -q Score a.jsonl && fail "without a model there are no scores"
clproc index in -o c.csv --model keep.onnx --update --fields SourceFile,FileSize,FileModifyDate,score
expect_refusal 2 '--update has --model score rows that are kept, too; add LumaMean to --fields'

# ------------------------------------------------------------------------------ merge
mkdir in/one in/two
mv in/00* in/one && mv in/*.* in/two
for store in $stores; do
    clproc index in -o "all$store" --model iso.onnx -q
    clproc index in -o "one$store" --model iso.onnx --shard 1/2 -q
    clproc index in -o "two$store" --model iso.onnx --shard 2/2 -q
    clproc index merge "one$store" "two$store" -o "merged$store"
    expect_code 0
    clproc index merge "all$store" -o all2.jsonl
    clproc index merge "merged$store" -o merged2.jsonl
    expect_same all2.jsonl merged2.jsonl
done
clproc index merge one.csv two.csv -o merged.csv --model keep.onnx
expect_refusal 2 'leave .*--model'

# ------------------------------------------------------------ models that do not fit
echo before >a.csv
refuse() { # PATTERN MODEL OPTION...
    pattern=$1 model=$2
    shift 2
    clproc index in -o a.csv --model "$model" "$@"
    expect_refusal 2 "$pattern"
    [ "$(cat a.csv)" = before ] || fail "the index was touched"
}
refuse 'line.onnx: takes a column feature0, which is no field of an index; .clproc help fields' "$models/line.onnx"
rename line "$seen,Make" text.onnx
refuse 'text.onnx: takes a column Make, which an index has as text; ' text.onnx
rename line "$seen,Score" self.onnx
refuse 'self.onnx: takes a column Score, which is a score itself; ' self.onnx
refuse 'forest3.onnx: takes 6 columns and does not name them; ' "$models/forest3.onnx"
refuse 'plain.csv: is no ONNX model' plain.csv
refuse 'the model gives 1 score, so there is no Score2' keep.onnx --fields name,score2
clproc index in -o a.csv --model none.onnx
expect_refusal 2 'none.onnx: '
clproc index in -o a.csv --where 'score > 0.5'
expect_refusal 2 'Score is what a model says; name one with --model'
clproc index in -o a.csv --fields name,score
expect_refusal 2 'Score is what a model says; name one with --model'
[ "$(cat a.csv)" = before ] || fail "the index was touched"
