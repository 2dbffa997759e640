#!/bin/sh
# Where outputs go: mirrored trees, templates, clashes, what exists already, hostile names.
. "$(dirname "$0")/lib.sh"
make_pictures in
make_pictures in/deep/er
op='--resize 8x'

# A folder mirrors the tree below the input; what is no picture is skipped there.
echo text >in/notes.txt
: >in/empty.jpg
clproc run in -o mirror $op
expect_file mirror/a.jpg mirror/b.png mirror/deep/er/a.jpg mirror/deep/er/b.png
expect_count mirror 4
expect_err '4 written, [1-9]* skipped'
rm in/notes.txt in/empty.jpg

# Templates.
clproc run in -o '{dir}/{name}-small.{ext}' $op
expect_code 0
expect_file in/a-small.jpg in/b-small.png in/deep/er/a-small.jpg
find in -name '*-small*' -exec rm {} +
clproc run in/b.png -o 'out/{name}-{width}x{height}-{index}.{ext}' --resize 8x4:fit=fill
expect_code 0
[ "$(ls out)" = b-8x4-1.png ] || fail "out holds $(ls out)"
clproc run in/b.png -o 'jpeg/{name}.{ext}' --format jpeg $op
expect_file jpeg/b.jpg

# A single file goes into the folder by its name.
clproc run in/deep/er/a.jpg -o one $op
expect_code 0
expect_file one/a.jpg

# Two inputs for one output: refused before any work.
clproc run in/a.jpg in/deep/er/a.jpg -o same $op
expect_refusal 2 'same/a.jpg'
expect_no_file same/a.jpg
cp in/a.jpg in/b.jpg
clproc run in/b.jpg in/b.png -o 'same/{name}.jpg' --format jpeg $op
expect_refusal 2 'same/b.jpg'
expect_no_file same/b.jpg
rm in/b.jpg

# Inputs are never overwritten, whatever the way to them is called.
cp -r in keep
mkdir sub
for target in in ./in in/../in sub/../in; do
    clproc run in -o "$target" $op
    [ "$code" -ne 0 ] || fail "writing over the inputs should fail"
    expect_err 'input\|output folder'
    diff -r in keep >/dev/null || fail "the inputs changed"
done
clproc run in/a.jpg -o '{dir}/{name}.{ext}' $op
[ "$code" -ne 0 ] || fail "writing over the input should fail"
diff -r in keep >/dev/null || fail "the inputs changed"

# An output folder inside the input is not read the next time.
clproc run in -o in/out $op
expect_code 0
expect_count in/out 4
clproc run in -o in/out $op
expect_code 0
expect_count in/out 4
rm -r in/out

# What exists already.
clproc run in/b.png -o exists --resize 8x8:fit=fill
clproc run in/b.png -o exists --resize 4x4:fit=fill --existing skip
expect_code 0
expect_err '0 written, 1 skipped'
expect_png_size exists/b.png 8x8
clproc run in/b.png -o exists --resize 4x4:fit=fill --existing fail
expect_code 1
expect_err 'exists/b.png\|in/b.png'
expect_png_size exists/b.png 8x8
clproc run in/b.png -o exists --resize 4x4:fit=fill
expect_code 0
expect_png_size exists/b.png 4x4

# What is of no format that is read takes no name from a picture; a picture that is called so does.
mkdir pairs
cp in/b.png pairs/b.png
printf 'GIF89a\1\0\1\0\0\0\0;' >pairs/b.gif
clproc run pairs -o pairs-out --format ppm $op
expect_code 0
expect_file pairs-out/b.ppm
cp in/b.png pairs/b.gif
clproc run pairs -o pairs-out2 --format png $op
expect_code 1
expect_err "would be written to 'pairs-out2/b.png', as would"
expect_file pairs-out2/b.png
clproc run in/b.png in/b.png -o twice
expect_err 'in/b.png: is named twice'
clproc run in/b.png -o 'out/{nosuch}-{name}.png'
expect_refusal 2 "'{nosuch}' is no key"

# Names that are crossed: each says what its file is, and that it is called otherwise.
mkdir crossed
cp in/a.jpg crossed/x.png
cp in/b.png crossed/x.jpg
clproc run crossed -o crossed-out $op
expect_code 1
expect_err "crossed/x.png: is a JPEG by another ending, so that 'crossed-out/x.jpg' would be its output"
expect_err "crossed/x.jpg: is a PNG by another ending, so that 'crossed-out/x.png' would be its output"

# A symbolic link in the place of an output is replaced, not followed.
mkdir links
cp in/b.png precious.png
ln -s ../precious.png links/b.png
clproc run in/b.png -o links --resize 4x4:fit=fill
expect_code 0
expect_same precious.png in/b.png
[ ! -L links/b.png ] || fail "the link should be replaced"

# One that is named itself leads on to its file. What leads to a pipe or device stays, as /dev/stdout must.
cp in/b.png named.png
ln -s named.png to-named.png
clproc run in/b.png -o to-named.png --resize 4x4:fit=fill --report to-report.json
expect_code 0
expect_png_size named.png 4x4
[ -L to-named.png ] || fail "a link that is named should stay"
ln -s to-report.json report.json
clproc run in/b.png -o report.png $op --report report.json
expect_code 0
[ -L report.json ] || fail "a report's link should stay"
ln -s /proc/self/fd/1 stdout.png
"$CLPROC" run in/b.png -o stdout.png $op 2>"$err" | cat >piped
[ -L stdout.png ] || fail "a link to standard output was replaced"
expect_err "stdout.png: is a device, pipe or socket.*or - for standard output"

# A list as Windows writes it.
printf '\357\273\277in/b.png\r\n' >windows.txt
clproc run @windows.txt -o windows $op
expect_code 0
expect_file windows/b.png
mkdir empty
clproc run empty -o from-empty $op
expect_err 'no files were found'

# Hostile names are bytes like others, and messages stay one line.
mkdir odd
newline=$(printf 'new\nline.png')
foreign=$(printf 'caf\351.png')
for name in -dash.png "$newline" "$foreign" ' space .png' '{name}.png' 'per%cent.png' \
    "quote'\".png"; do
    cp in/b.png "odd/$name"
done
clproc run odd -o odd-out $op
expect_code 0
expect_count odd-out 7
expect_file "odd-out/$newline" "odd-out/$foreign" odd-out/-dash.png
(cd odd && "$CLPROC" run -o ../dash $op -- -dash.png) 2>"$err" || fail "-- should end the options"
expect_file dash/-dash.png
echo text >"odd/$newline"
clproc run "odd/$newline" "odd/$foreign" -o odd-out $op
expect_code 1
expect_failures 1
expect_err 'odd/new\\nline.png: '
clproc run odd -o '{dir}-t/{name}.{ext}' $op
expect_file 'odd-t/{name}.png' 'odd-t/per%cent.png'
# A link to a file is that file: two outputs do not share it.
mkdir linked
cp in/b.png linked/real.png
ln -s real.png linked/link.png
clproc run in/b.png -o linked/link.png --to linked/real.png --gray --existing replace
expect_code 2
expect_err "would be written to 'linked/real.png' by two of its outputs"
