#!/bin/sh
# The command line as people type it who come from other programs: one row for each spelling, with
# what comes of it, or the words that help.
. "$(dirname "$0")/lib.sh"

# Two pictures, 64 x 48 and 48 x 64, so that a box and a width differ.
clproc samples -o seed --count 2 --width 64 --height 48 --kind png
mkdir in
clproc run seed/000-*.png -o in/wide.png --resize 64x48
clproc run in/wide.png -o in/tall.png --rotate 90
expect_code 0

gives() { # WIDE TALL OPTIONS...: the sizes that come out
    wide=$1 tall=$2
    shift 2
    rm -rf out
    clproc run in -o out "$@"
    expect_code 0
    expect_png_size out/wide.png "$wide"
    expect_png_size out/tall.png "$tall"
}
quietly() {
    gives "$@"
    expect_no_err warning
}

# ---- geometry
quietly 32x24 32x43 --resize 32
quietly 32x24 32x43 --resize 32x
quietly 32x24 18x24 --resize x24
quietly 32x24 32x43 --width 32
quietly 32x24 32x43 --width=32
quietly 32x24 32x43 -w 32
quietly 32x24 18x24 --height 24
quietly 32x24 18x24 --width 32 --height 24
quietly 32x24 18x24 --height 24 -w 32
quietly 32x24 18x24 -w32 --height 24
quietly 32x24 18x24 --wid 32 --height 24
quietly 32x24 18x24 --hei=24 --wid=32
quietly 32x24 18x24 --size 32x24
quietly 32x24 18x24 -s 32x24
quietly 41x31 31x41 -s 41x41
quietly 32x24 18x24 --resize 32X24
quietly 32x24 18x24 --resize 32×24
quietly 30x30 30x30 --resize '30x30!'
quietly 64x48 48x64 --resize '100x100>'
quietly 32x24 24x32 --resize '32x32>'
quietly 100x75 75x100 --resize '100x100<'
quietly 64x48 48x64 --resize '32x32<'
quietly 64x48 48x64 --resize '100x32<'
quietly 40x30 30x40 --resize '30x30^'
quietly 40x30 30x40 --pipeline 'resize 30x30^'
quietly 30x30 30x30 --resize 30x30:fit=stretch
quietly 30x30 30x30 --resize 30x30:fit=crop:gravity=center
quietly 30x30 30x30 --resize 30x30:fit=COVER
quietly 30x30 30x30 --resize '30x30!:filter=lanczos'
quietly 64x48 48x64 --resize 100x100:enlarge=false
quietly 64x40 48x40 --resize 100x40:fit=cover:enlarge=no
quietly 64x80 48x80 --pad x80
quietly 64x36 48x27 --crop 16:9
quietly 48x48 48x48 --crop 1:1:gravity=top
quietly 48x48 48x48 --crop area=1:1
clproc run in/wide.png -o none --crop 9x9+64+0
expect_code 1
expect_err 'crop starts at 64, 0, outside the picture of 64 × 48 pixels'
clproc run in/wide.png -o none --crop 900x900+0+0
expect_code 1
expect_err 'crop of 900 × 900 is larger than the picture'
quietly 48x64 64x48 --rotate -90
quietly 48x64 64x48 --rotate ccw
quietly 64x48 48x64 --rotate -180
cp out/wide.png turned.png
quietly 64x48 48x64 --rotate 180
expect_same out/wide.png turned.png
quietly 48x64 64x48 --rotate 270
cp out/wide.png turned.png
quietly 48x64 64x48 --rotate=-90
expect_same out/wide.png turned.png
quietly 64x48 48x64 --flip h
cp out/wide.png mirrored.png
for words in '--flip horizontal' '--flop' '--mirror' '--flip Horizontal'; do
    quietly 64x48 48x64 $words
    expect_same out/wide.png mirrored.png
done

# ---- options by other names
quietly 64x48 48x64 --gray
cp out/wide.png gray.png
for words in --grayscale --greyscale --grey --monochrome '--colour grayscale' '--color grey' \
    '--colorspace gray' '-r --gray' '--recursive --gray' '--gray --auto-orient'; do
    quietly 64x48 48x64 $words
    expect_same out/wide.png gray.png
done
for words in 'jpg' 'JPEG' 'jpeg' 'JPG'; do
    rm -rf out
    clproc run in -o out --format $words
    expect_code 0
    expect_file out/wide.jpg out/tall.jpg
done
quietly 64x48 48x64 --threads 1 --strip-all --interlace --overwrite --no-rotate --compression-level 3
rm -rf out
clproc run in --outdir out --gray --subsampling 4:2:0
expect_code 0
expect_count out 2
clproc run in -o out --gray --no-clobber
expect_err '0 written, 2 skipped, 0 failed; 2 exist'
quietly 64x48 48x64 --flatten fff
quietly 64x48 48x64 --flatten grey

# ---- what is truly ambiguous, or was left out: the words that help
refused() { # PATTERN WORDS...
    pattern=$1
    shift
    clproc "$@"
    expect_refusal 2 "$pattern"
    expect_no_file none
}
refused 'flip needs a value: one of h, v (h: left and right' run in -o none --flip
refused 'flip needs a value: one of h, v (h: left and right' run in -o none --flip --gray
refused 'flip needs a value: one of h, v (h: left and right' run in --flip -o none
refused 'both together are --rotate 180' run in -o none --flip both
refused 'leave the operation out' run in -o none --rotate 0
refused "quotes around a #" run in -o none --flatten
refused 'a factor: 1.1 is 10 % more' run in -o none --brightness 10%
refused 'an area in pixels' run in -o none --resize 10000@
refused 'say the same thing twice' run in -o none --resize '30x30!:fit=cover'
refused 'say the same thing twice' run in -o none --resize '30x30>:enlarge=yes'
refused 'not WxH, Wx' run in -o none --resize '30x30<>'
refused 'without ! > < or ^' run in -o none --pad '80x80!'
refused 'the quality write --quality 85' run in -o none -q 85
refused 'write --rotate 90' run in -o none -r 90

# ---- factors that were likely meant otherwise
gives 64x48 48x64 --brightness +10
expect_err 'warning: brightness takes a factor: 10 is 10 times as much, 1.1 is 10 % more'
gives 64x48 48x64 --contrast 10
expect_err 'warning: contrast takes a factor: 10'
gives 64x48 48x64 --pipeline 'gray | saturation factor=5'
expect_err 'warning: saturation takes a factor: 5'
quietly 64x48 48x64 --brightness 1.2 --contrast 4

# ---- versions
for words in -V --version version 'run -V' 'run --version' 'devices -V'; do
    clproc $words
    expect_code 0
    expect_out '^clproc [0-9]'
    expect_no_err .
done

# ---- pipes
stream() { # FILE WORDS...: a picture on standard input
    file=$1
    shift
    command_line=" $* <$file"
    code=0
    "$CLPROC" "$@" <"$file" >"$out" 2>"$err" || code=$?
}
clproc run in/wide.png -o expected.png --resize 32x
clproc run in/wide.png -o expected.jpg --resize 32x
stream in/wide.png run - -o - --resize 32x
expect_code 0
expect_same "$out" expected.png
expect_no_file ./-
stream in/wide.png run - -o - --resize 32x --format jpg
expect_same "$out" expected.jpg
stream in/wide.png run - -o piped --resize 32x
expect_same piped/stdin.png expected.png
stream in/wide.png run - -o 'piped/{name}-{width}.{ext}' --resize 32x
expect_same piped/stdin-32.png expected.png
stream in/wide.png run - -o one.png --resize 32x
expect_same one.png expected.png
stream in/wide.png run - -o - # a copy
expect_same "$out" in/wide.png
clproc run in/wide.png -o - --resize 32x
expect_same "$out" expected.png
stream in/wide.png run - -o - --resize 32x --explain
expect_refusal 2 'explain .*standard input; name its file'
printf 'in/wide.png\nin/tall.png\n' >names
stream names run - --resize 32x --explain
expect_code 0
expect_out 'decoded: 64 x 48'
stream names run - -o listed --resize 32x
expect_code 0
expect_count listed 2
printf 'in/wide.png\0in/tall.png\0' >names
stream names run - -o listed0 --resize 32x
expect_count listed0 2
printf 'in/wide.png' >names
stream names run - -o - --resize 32x
expect_same "$out" expected.png
printf '\377\012\0\0\0\0\0\0\0\0\0\0' >photo
stream photo run - -o nothing --resize 32x
expect_code 1
expect_err 'stdin: is jxl, which is not read'
head -c 2000 in/wide.png | tail -c 1500 >noise
stream noise run - -o nothing --resize 32x
expect_code 1
expect_err 'stdin: is not a picture in a format that clproc knows$'
[ "$(wc -l <"$err")" -le 3 ] || fail "noise is one picture, not many names"
stream in/wide.png run - -o - --resize 32x --verify 1
expect_same "$out" expected.png
expect_err '^verified stdin'
refused '\-o - is for one picture' run in -o -
refused 'printed on standard output' run in/wide.png -o - --profile
refused 'both go to standard output' run in/wide.png -o - --report -
clproc run in -o reported --resize 8x --report -
expect_code 0
expect_json "$out"
expect_out '"format":"clproc-profile'
clproc profile in --null-output --resize 8x --verify 1 --report -
expect_code 0
expect_json "$out"
expect_err '^verified 1'
expect_err 'Findings'
clproc stress --iterations 1 --image-count 1 --op gray --report -
expect_code 0
expect_json "$out"
if [ -e /dev/full ]; then
    code=0
    "$CLPROC" run in/wide.png -o - --resize 8x >/dev/full 2>"$err" || code=$?
    expect_code 1
    expect_err 'standard output: cannot be written: No space'
fi

# ---- streams
for words in -q --quiet '-q --progress always'; do
    rm -rf out
    clproc run in -o out --resize 8x $words
    expect_code 0
    expect_no_err .
    [ ! -s "$out" ] || fail "nothing was to be told"
done
clproc run in missing.jpg -o out --resize 8x --quiet
expect_code 1
expect_lines "$err" 1
clproc run in -o out --resize 8x --verbose
expect_err '^clproc: in/wide.png -> out/wide.png$'
clproc run in -o out --resize 8x -v --existing skip
expect_err '^clproc: in/wide.png: skipped: exists already$'
mkdir -p empty/sub
clproc run empty -o out --resize 8x
expect_code 0
expect_err 'no file in the inputs'
# No device is opened for inputs that are not there: none is named.
clproc run missing.jpg gone.png -o out --resize 8x
expect_code 1
expect_no_err ' on '
clproc run in -o out --resize 8x
awk '{ gsub(/…/, "."); if (length > 80) exit 1 }' "$err" || fail "the summary should fit 80 columns"

# ---- a run that is stopped tells what is left, and the command that goes on
mkdir many
for i in 1 2 3 4 5 6 7 8 9; do
    for k in 1 2 3 4 5 6 7 8 9; do
        cp in/wide.png "many/it's $i$k.png"
    done
done
stopped() { # FOLDER WORDS...: a run that gets a signal as soon as there is its folder
    folder=$1
    shift
    command_line=" $*"
    "$CLPROC" "$@" >"$out" 2>"$err" &
    job=$!
    i=0
    while [ ! -d "$folder" ] && [ $i -lt 100 ]; do
        sleep 0.1
        i=$((i + 1))
    done
    kill -15 $job
    code=0
    wait $job || code=$?
    expect_code 143
    expect_err 'stopped by a signal'
}
stopped stopped run many -o 'stopped' --device reference --resize 900x --blur 20
expect_err '^clproc: [1-9][0-9]* left; go on with: clproc run many -o stopped --device reference'
expect_err ' --existing skip$'
# Behind "--" every word is an input.
cp in/wide.png ./-wide.png
stopped behind run -o behind --device reference --resize 900x --blur 20 -- -wide.png many
expect_err '^clproc: [1-9][0-9]* left; .* --blur 20 --existing skip -- -wide.png many$'
# How much is left is not known before all names have come.
if mkfifo names.fifo; then
    (exec 3>names.fifo && mkdir listing && exec sleep 60) &
    writer=$!
    stopped listing run @names.fifo -o none --resize 900x
    kill $writer
    expect_err '^clproc: go on with: clproc run @names.fifo -o none --resize 900x --existing skip$'
    expect_no_err ' left'
fi
