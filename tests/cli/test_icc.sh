#!/bin/sh
# Colour profiles on the command line, against transicc and exiftool.
. "$(dirname "$0")/lib.sh"
make_pictures in

clproc run in/b.png -o out --icc missing.icc
expect_code 2
expect_err 'missing.icc'
clproc run in/b.png -o out --intent nonsense
expect_code 2

clproc run in/b.png -o srgb.png --icc srgb --intent relative --bpc
expect_code 0
clproc help run --all
expect_code 0
expect_out '--intent perceptual|relative|saturation|absolute'

for tool in transicc exiftool convert; do
    have "$tool" || skip "$tool is not installed"
done
corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
wide=$corpus/sharp-special/test__fixtures__p3.png
[ -r "$wide" ] || skip "no corpus; CLPROC_CORPUS may name it"
exiftool -b -icc_profile "$wide" >p3.icc

# One colour a picture, there and back. PNG24: ImageMagick 7 would write grays as a gray picture.
for colour in "200 30 60" "10 250 20" "128 128 128" "255 255 0" "3 5 40"; do
    # shellcheck disable=SC2086
    set -- $colour
    convert -size 4x4 "xc:rgb($1,$2,$3)" -profile p3.icc PNG24:wide.png
    convert -size 4x4 "xc:rgb($1,$2,$3)" PNG24:plain.png
    for way in "wide.png srgb" "plain.png p3.icc"; do
        from=${way% *} to=${way#* }
        clproc run "$from" -o result.png --icc "$to" --intent relative
        expect_code 0
        if [ "$to" = srgb ]; then
            wanted=$(echo "$colour" | transicc -n -i p3.icc -o '*sRGB' -t1 2>/dev/null)
        else
            wanted=$(echo "$colour" | transicc -n -i '*sRGB' -o p3.icc -t1 2>/dev/null)
        fi
        got=$(convert result.png -depth 8 txt: | sed -n '2s/.*: (\([0-9,]*\)).*/\1/p')
        echo "$wanted $got" | tr ',' ' ' | awk '{
            for (i = 1; i <= 3; i++) {
                exact = $i < 0 ? 0 : $i > 255 ? 255 : $i
                if (exact - $(i + 3) > 0.6 || $(i + 3) - exact > 0.6) exit 1
            }
        }' || fail "$from to $to: $colour became $got, transicc says $wanted"
    done
done

# The profile that was converted to is in the output, and stripping takes it out.
clproc run wide.png -o result.jpg --icc p3.icc
expect_code 0
exiftool -ProfileDescription result.jpg | grep -q P3 || fail "the profile is missing"
clproc run wide.png -o result.jpg --icc srgb --strip icc
expect_code 0
[ -z "$(exiftool -ProfileDescription result.jpg)" ] || fail "the profile was not stripped"
exit 0
