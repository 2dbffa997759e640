#!/bin/sh
# clproc score: models of scikit-learn over tables, and what it refuses.
. "$(dirname "$0")/lib.sh"
models=$source_dir/tests/models
columns=feature0,feature1,feature2,feature3,feature4,feature5

# Compares the scores behind the columns "right…" of $1.csv with those: id, six features, then both.
expect_right() { # FILE
    awk -F, '
        NR == 1 { for (i = 8; $i ~ /^right/; i++) rights++; next }
        {
            sub(/\r$/, "")
            if (NF != 7 + 2 * rights) { print "row " NR ": " NF " columns"; exit 1 }
            for (i = 8; i < 8 + rights; i++) {
                away = $i - $(i + rights)
                if (away > 1e-6 || away < -1e-6) { print "row " NR ": " $i " is " $(i + rights); exit 1 }
                checked++
            }
        }
        END { if (checked < 25) exit 1 }' "$1" >"$scratch/awk" || fail "$1: $(cat "$scratch/awk")"
}

# Each kind of model, with the values that scikit-learn gave.
count=0
for model in "$models"/*.onnx; do
    name=$(basename "$model" .onnx)
    case $name in
    double3 | forest3) # do not name their columns
        rm -f out.csv
        clproc score "$model" "$models/$name.csv" -o out.csv
        expect_refusal 2 "$name.onnx: takes 6 columns and does not name them; name the table's with --columns"
        expect_no_file out.csv
        clproc score "$model" "$models/$name.csv" -o out.csv --columns $columns
        ;;
    *) clproc score "$model" "$models/$name.csv" -o out.csv ;;
    esac
    expect_code 0
    expect_err "25 rows scored"
    expect_right out.csv
    count=$((count + 1))
done
[ $count -eq 34 ] || fail "$count models"

# Several models in one pass: what each gives by itself, side by side.
clproc score "$models/forest.onnx:keep" "$models/forest.csv" -o several.csv --model "$models/tree.onnx:portrait" \
    --model "$models/line.onnx" -j 2
expect_code 0
head -n 1 several.csv | grep -q ',right1,keep_0,keep_1,"portrait_maybe, or not",portrait_no,portrait_yes,line' ||
    fail "$(head -n 1 several.csv)"
cp "$models/forest.csv" sofar.csv
for model in forest:keep tree:portrait line:line; do
    clproc score "$models/${model%:*}.onnx" sofar.csv -o next.csv --name "${model#*:}" -q
    expect_code 0
    mv next.csv sofar.csv
done
expect_same several.csv sofar.csv
cp "$models/line.onnx" a:b.onnx # a colon may be the file's own
clproc score a:b.onnx "$models/line.csv" -o out.csv -q
expect_code 0
head -n 1 out.csv | grep -q ',a:b.\{0,1\}$' || fail "$(head -n 1 out.csv)"
rm -f out.csv
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.csv --model "$models/forest.onnx"
expect_refusal 2 'two columns of scores would be called forest_0; '
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.csv --model "$models/forest3.onnx"
expect_refusal 2 'does not name its columns'
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.csv --model "$models/line.onnx" --columns a,b
expect_refusal 2 'for one model'
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.csv --model missing.onnx:x
expect_refusal 2 'missing.onnx: '
expect_no_file out.csv

# Columns are called by file and class; names are quoted where CSV wants it.
clproc score "$models/tree.onnx" "$models/tree.csv" -o out.csv -q
head -n 1 out.csv | grep -q ',right2,"tree_maybe, or not",tree_no,tree_yes' || fail "$(head -n 1 out.csv)"
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.csv --name keep
head -n 1 out.csv | grep -q ',right1,keep_0,keep_1' || fail "$(head -n 1 out.csv)"
clproc score "$models/line.onnx" "$models/line.csv" -o out.csv --name x
head -n 1 out.csv | grep -q ',right0,x.$' || fail "$(head -n 1 out.csv)"

# Rows stay as they are, in their order, whatever the number of threads.
{ head -n 1 "$models/forest.csv" && for i in 1 2 3 4 5 6 7 8 9; do
    for j in 1 2 3 4 5 6 7 8 9; do for k in 1 2 3 4 5 6 7 8 9; do tail -n +2 "$models/forest.csv"; done; done
done; } >many.csv
clproc score "$models/forest.onnx" many.csv -o one.csv -j 1
expect_code 0
expect_err "18225 rows"
clproc score "$models/forest.onnx" many.csv -o - -j 4
expect_code 0
expect_same one.csv "$out"
cut -d, -f1-9 one.csv | tr -d '\r' >kept.csv
tr -d '\r' <many.csv | cmp -s - kept.csv || fail "rows were changed"
head -n 26 one.csv | cut -d, -f10- >first
tail -n 25 one.csv | cut -d, -f10- >last
tail -n +2 first | cmp -s - last || fail "equal rows have different scores"

# JSON lines, with the columns in any order, and no line end at the last.
printf '{"feature5":%s,"feature0":%s,"feature1":%s,"feature2":%s,"feature3":%s,"feature4":%s, "name":"a}b"}' \
    $(sed -n 2p "$models/boosted.csv" | awk -F, '{ print $7, $2, $3, $4, $5, $6 }') >a.jsonl
clproc score "$models/boosted.onnx" a.jsonl -o out.jsonl
expect_code 0
expect_json out.jsonl
right=$(sed -n 2p "$models/boosted.csv" | cut -d, -f9 | tr -d '\r' | cut -c1-8)
grep -q "\"name\":\"a}b\",\"boosted_0\":[0-9.e-]*,\"boosted_1\":$right[0-9]*}\$" out.jsonl ||
    fail "$right: $(cat out.jsonl)"
clproc score "$models/boosted.onnx" out.jsonl -o out2.jsonl
expect_refusal 2 "out.jsonl: has a column boosted_0 already; call the scores otherwise with --name"

# What CSV allows: a byte order mark, quotes, line breaks within them, empty lines, other columns.
printf '\357\273\277"x ""1""",text,y\r\n"1.5","a\r\nb, ""c""",2\r\n\r\n3,,-1e3\r\n' >odd.csv
clproc score "$models/line.onnx" odd.csv -o odd-out.csv --columns 'x "1",y,y,y,y,y'
expect_code 0
expect_err "2 rows"
expect_lines odd-out.csv 4
tr -d '\357\273\277\r' <odd-out.csv | sed -n 3p | grep -q '^b, ""c""",2,-*[0-9]' || fail "$(cat odd-out.csv)"
# A quote within a cell that does not begin with one is a letter; one that is never closed is an error.
line_csv() { printf 'a,b,c,d,e,f,note\n1,2,3,4,5,6,%b' "$1" >quotes.csv; }
score_line() { clproc score "$models/line.onnx" quotes.csv -o quotes-out.csv --columns a,b,c,d,e,f; }
for cell in 'a 5\042 disc' '\042a\042\042\nb\042\042\042' '\042\042'; do
    line_csv "$cell\n1,2,3,4,5,6,7\042\n"
    score_line
    expect_code 0
    expect_err '^clproc: 2 rows'
done
rm quotes-out.csv
for cell in '\042' '\042cut' '\042cut\n1,2,3,4,5,6,x\n' '\042cut\042\042' '\042cut\042 x'; do
    line_csv "$cell"
    score_line
    expect_refusal 1 'quotes.csv: row 1 has a cell whose closing quote is missing, or not at its end'
    expect_no_file quotes-out.csv
done
sed 1q "$models/line.csv" >none.csv
clproc score "$models/line.onnx" none.csv -o out.csv
expect_code 0
expect_err "^clproc: 0 rows"
expect_lines out.csv 1

# What is missing is filled in, or taken by trees that were made for it, or told.
grep -q ',,' "$models/imputed.csv" && grep -q ',,' "$models/hist.csv" || fail "no value is missing"
for gap in '' nan NaN null; do
    sed "10s/,[^,]*/,$gap/3" "$models/softmax.csv" >gap.csv
    clproc score "$models/softmax.onnx" gap.csv -o gap-out.csv
    expect_refusal 1 "gap.csv: row 9: column feature2 is missing, and the model does not fill it in"
    expect_no_file gap-out.csv
done
echo '{"feature0":1,"feature1":null,"feature2":1,"feature3":1,"feature4":1}' >gap.jsonl
clproc score "$models/forest.onnx" gap.jsonl -o gap-out.jsonl
expect_refusal 1 "gap.jsonl: row 1: column feature1 is missing"
clproc score "$models/hist.onnx" gap.jsonl -o gap-out.jsonl
expect_code 0

# A column that --columns names is called so; one of a table as it is, by its place.
sed '2s/,[^,]*/,/3' "$models/double3.csv" >gap.csv
clproc score "$models/double3.onnx" gap.csv -o gap-out.csv --columns $columns
expect_refusal 1 "gap.csv: row 1: column feature2 is missing"
cut -d, -f2-7 gap.csv >six.csv
clproc score "$models/double3.onnx" six.csv -o gap-out.csv
expect_refusal 1 "six.csv: row 1: column 3 is missing"

# A name for one column does not tell what the others are.
if have python3; then
    python3 "$source_dir/tests/cli/linear_model.py" beside.onnx +first 1 10 100
    printf 'u,v,first\n2,3,4\n' >three.csv
    clproc score beside.onnx three.csv -o three-out.csv
    expect_refusal 2 "beside.onnx: takes 3 columns and does not name all of them; name the table's with --columns"
    clproc score beside.onnx three.csv -o three-out.csv --columns first,u,v
    expect_code 0
    [ "$(sed -n 2p three-out.csv)" = 2,3,4,324 ] || fail "$(cat three-out.csv)"
else
    echo "skipped: python3 is not installed"
fi

# Whole numbers of any length, as other programs' ids are.
echo '{"feature0":1,"feature1":2,"feature2":1,"feature3":1,"feature4":1,"feature5":1,"id":18446744073709551615}' >id.jsonl
clproc score "$models/forest.onnx" id.jsonl -o id-out.jsonl
expect_code 0
grep -q '"id":18446744073709551615,"forest_0":' id-out.jsonl || fail "$(cat id-out.jsonl)"
clproc score "$models/forest.onnx" id.jsonl -o id-out.jsonl --name "$(printf 'k\351')"
expect_refusal 2 'the name of a column of scores is no UTF-8, .* --name'
sed 's/:2,/:1e999,/' id.jsonl >far.jsonl
clproc score "$models/forest.onnx" far.jsonl -o id-out.jsonl
expect_refusal 1 'far.jsonl: row 1 is no JSON object: real number overflow'

# Numbers may have as many decimals as a double has.
zeros=$(printf '%0800d' 0)
sed -E "2,\$s/([0-9]\.[0-9]+),/\1$zeros,/g" "$models/line.csv" >long.csv
clproc score "$models/line.onnx" long.csv -o long-out.csv -q
expect_code 0
clproc score "$models/line.onnx" "$models/line.csv" -o out.csv -q
for file in out long-out; do
    awk -F, '{ print $NF }' $file.csv >$file.scores
done
expect_same out.scores long-out.scores

# Tables that are wrong; an output that is there stays.
echo before >out.csv
sed '10s/,[^,]*/,much/3' "$models/forest.csv" >bad.csv
clproc score "$models/forest.onnx" bad.csv -o out.csv
expect_refusal 1 "bad.csv: row 9: column feature2 holds no number"
sed '10s/,[^,]*//3' "$models/forest.csv" >bad.csv
clproc score "$models/forest.onnx" bad.csv -o out.csv
expect_refusal 1 "bad.csv: row 9 has not the columns that the first line names"
sed '1s/feature3/other/' "$models/forest.csv" >bad.csv
clproc score "$models/forest.onnx" bad.csv -o out.csv
expect_refusal 2 "bad.csv: has no column feature3, which the model needs"
sed '1s/feature3/feature2/' "$models/forest.csv" >bad.csv
clproc score "$models/forest.onnx" bad.csv -o out.csv
expect_refusal 2 "bad.csv: has several columns feature2"
: >bad.csv
clproc score "$models/forest.onnx" bad.csv -o out.csv
expect_refusal 1 "bad.csv: has no first line"
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.csv --name right -q --columns feature0
expect_refusal 2 "takes 6 columns, and --columns names 1"
echo '[1]' >bad.jsonl
clproc score "$models/forest.onnx" bad.jsonl -o out.jsonl
expect_refusal 1 "bad.jsonl: row 1 is no JSON object"
clproc score "$models/forest.onnx" "$models/forest.csv" -o out.jsonl
expect_refusal 2 "out.jsonl: must end as the table does"
clproc score "$models/forest.onnx" photos.sqlite -o out.csv
expect_refusal 2 "photos.sqlite: the table must end in .csv or .jsonl"
clproc score "$models/forest.onnx" missing.csv -o out.csv
expect_refusal 1 "missing.csv: cannot be read: No such file"
[ "$(cat out.csv)" = before ] || fail "the output was touched"

# Two classes of one name would be two columns of one.
LC_ALL=C sed 's/yes/no\x00/g' "$models/softmax.onnx" >same.onnx
clproc score same.onnx "$models/softmax.csv" -o out.csv
expect_refusal 2 'two classes of the model would be a column same_no; '

# Models that are none, or of kinds that are not supported.
LC_ALL=C sed 's/LinearRegressor/ScaledRegressor/g' "$models/line.onnx" >other.onnx
clproc score other.onnx "$models/line.csv" -o out.csv
expect_refusal 2 'other.onnx: operator ScaledRegressor (.*): is not supported; .*clproc help models'
clproc score "$models/line.csv" "$models/line.csv" -o out.csv
expect_refusal 2 'line.csv: is no ONNX model'
head -c 9000 "$models/forest.onnx" >cut.onnx
clproc score cut.onnx "$models/forest.csv" -o out.csv
expect_refusal 2 'cut.onnx: is no ONNX model, or not all of one'
clproc score missing.onnx "$models/forest.csv" -o out.csv
expect_refusal 2 'missing.onnx: '
clproc score "$models/forest.onnx" -o out.csv
expect_refusal 2 'name a model and a table'
clproc score "$models/forest.onnx" "$models/forest.csv"
expect_refusal 2 'no output given'
clproc help models
expect_out 'TreeEnsembleClassifier'
