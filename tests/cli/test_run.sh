#!/bin/sh
# Real pictures through a pipeline: all of images/, the same bytes however the work is cut.
. "$(dirname "$0")/lib.sh"
make_pictures in

clproc run "$images" -o all --resize 64x48 --blur 1 --saturation 1.1
expect_code 0
pictures=$(find "$images" -name '*.jpg' -o -name '*.jpeg' -o -name '*.png' | wc -l)
[ "$pictures" -gt 5 ] || fail "images/ should hold several pictures"
expect_count all "$pictures"
expect_only_pictures all
expect_err "clproc: $pictures written, .* 0 failed, .* on "

clproc run "$images" -o other --resize 64x48 --blur 1 --saturation 1.1 --jobs 1 --batch 1
expect_code 0
diff -r all other >/dev/null || fail "batches of one give other bytes"
clproc run "$images" -o other --resize 64x48 --blur 1 --saturation 1.1 --jobs 3 --batch 3 --memory 64M
expect_code 0
diff -r all other >/dev/null || fail "batches of three give other bytes"
clproc run "$images" -o other --pipeline 'resize 64x48 | blur 1 | saturation 1.1'
expect_code 0
diff -r all other >/dev/null || fail "--pipeline means something else"

# Operations are applied in the order given.
clproc run in/b.png -o first --crop 20x10+0+0 --resize 40x40:fit=fill
expect_code 0
expect_png_size first/b.png 40x40
clproc run in/b.png -o second --resize 40x40:fit=fill --crop 20x10+0+0
expect_code 0
expect_png_size second/b.png 20x10

# Without operations a file is copied, unless an output option asks for more.
clproc run in -o copy
expect_code 0
expect_same in/a.jpg copy/a.jpg
expect_same in/b.png copy/b.png
clproc run in -o small --quality 20
expect_code 0
[ "$(wc -c <small/a.jpg)" -lt "$(wc -c <in/a.jpg)" ] || fail "--quality 20 should make it smaller"

clproc run in -o png --format png --resize 32x
expect_code 0
expect_file png/a.png png/b.png
[ "$(head -c 4 png/a.png | tail -c 3)" = PNG ] || fail "png/a.png is no PNG"
clproc run in -o jpeg --format jpeg --gray
expect_code 0
expect_file jpeg/a.jpg jpeg/b.jpg

# Inputs never change.
make_pictures again
expect_same in/a.jpg again/a.jpg
expect_same in/b.png again/b.png

# Outputs compared with the reference's: a line each, and one for all.
clproc run in -o verified --resize 8x --verify 2 --verify-seed 5
expect_code 0
[ "$(grep -c '^verified in/.*max |Δ| [01], mismatch ' "$out")" -eq 2 ] || fail "two lines were expected"
expect_out '^verified 2 of 2 pictures asked for (seed 5): .* 0 beyond the promise'
# Of 8 bits with alpha to 16, and back, as of equal depths: colours have the places of 16 bits, and where no alpha is
# stored there is no colour to tell apart. `clproc samples` has soft edges and holes.
"$CLPROC" samples --count 5 --width 120 --height 90 -o alpha 2>"$err" || fail "no pictures"
for file in alpha/*rgba*.png; do
    clproc run "$file" -o deep.png --depth 16 --existing overwrite
    for work in '--resize 10%' '--blur 9' '--blur 4 --gamma 1.4'; do
        for from in "$file --depth 16" 'deep.png --depth 8' deep.png; do
            # shellcheck disable=SC2086
            clproc run $from -o verified --format png $work --verify 1 --existing overwrite
            expect_code 0
            awk '/^verified.*mismatch/ { sub(/.*mismatch /, ""); exit $1 > 1.5 }' "$out" || fail "$from $work: $(cat "$out")"
        done
    done
done
[ -e deep.png ] || fail "no picture with alpha"
clproc run in -o verified --resize 8x --verify 1 --progress json
expect_code 0
expect_err '"type":"verified","input":"in/.*","kept":true,"largest":'
expect_err '"verification":{"pictures":1,"beyond":0,"seed":'
tail -n 1 "$err" >last.json
expect_json last.json
# What leaves a picture as it is may stand before a resize, for which a JPEG is shrunk while it is decoded.
"$CLPROC" samples --kind photo --count 1 --width 400 --height 400 -o square --progress off >/dev/null 2>&1 || fail "no square"
clproc run square -o plain --resize 40x --format png
for operation in '--crop 1:1' '--crop 400x400+0+0' '--pad 400x400' '--resize 100%'; do
    # shellcheck disable=SC2086
    clproc run square -o same $operation --resize 40x --format png
    expect_code 0
    expect_same plain/*.png same/*.png
done
# A shape may have a fraction, as the pictures that are shown for a link.
clproc run square -o shape --crop 1.91:1 --format png
expect_code 0
[ "$(head -c 24 shape/*.png | od -An -tu1 -j16 -N8 | tr -s ' ')" = " 0 0 1 144 0 0 0 209" ] || fail "it should be 400 x 209"
# Black becomes black, however steep a curve rises from there.
printf 'P5\n4 1\n255\n\0\144\145\377' >steep.pgm
clproc run steep.pgm -o steep.png --levels 100:gamma=3 --depth 16
expect_code 0
clproc run steep.png -o steep-out.pgm
expect_code 0
[ "$(tail -c 8 steep-out.pgm | od -An -tu2 --endian=big | tr -s ' ')" = " 0 0 12200 65535" ] || fail "black should be 0: $(tail -c 8 steep-out.pgm | od -An -tu2 --endian=big)"
# A gray picture becomes RGB beside a colour, and stays gray beside a gray.
printf 'P5\n1 1\n255\n\144' >dot.pgm
for colour in 'blue 0 0 255 100 100 100' '#4080c0 64 128 192 100 100 100' 'white 255 100'; do
    wanted=${colour#* }
    clproc run dot.pgm -o dot.pam --pad "2x1:gravity=east:colour=${colour%% *}" --existing replace
    expect_code 0
    found=$(tail -c "$(echo "$wanted" | wc -w)" dot.pam | od -An -tu1 | xargs)
    [ "$found" = "$wanted" ] || fail "$wanted was expected, not $found"
done
# Areas of one colour stay as they are when they are sharpened, with alpha and without, also what is beyond white.
{
    printf 'P7\nWIDTH 20\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n\1\1\1\177'
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do printf '\310\62\62\377'; done
} >flat.pam
for depth in 8 16; do
    clproc run flat.pam -o brighter.pam --brightness 1.5 --sharpen 1 --depth $depth --existing replace
    expect_code 0
    found=$(tail -c $((depth / 2)) brighter.pam | od -An -tu$((depth / 8)) --endian=big | xargs)
    case $found in '255 75 75 255' | '65535 19275 19275 65535') ;; *) fail "255 75 75 255 was expected, not $found" ;; esac
done
