#!/bin/sh
# libtiff and libheif are loaded when a picture first needs them. Where one cannot be, the pictures that need it fail by
# name, with cause and cure, and only they; an output that needs it is refused before any work.
. "$(dirname "$0")/lib.sh"

make_pictures in
mkdir hidden
clproc help formats
expect_code 0
mv "$out" formats

tried=0
for format in TIFF HEIF; do
    ! grep -q "$format  *not in this build" formats || continue
    # What the library is called here; an empty file of that name is found before it.
    name=$(echo $format | tr A-Z a-z)
    file=$(grep -ao "lib$name\.so\.[0-9][0-9]*" "$CLPROC" | head -n 1)
    [ -n "$file" ] || fail "the program does not name the library for $format"
    : >"hidden/$file"
    tried=$((tried + 1))
done
[ $tried -gt 0 ] || skip "neither libtiff nor libheif is in this build"

printf 'II*\0\010\0\0\0\0\0\0\0\0\0\0\0' >in/scan.tif
printf '\0\0\0\030ftypheic\0\0\0\0heicmif1' >in/phone.heic
printf '\0\0\0\030ftypavif\0\0\0\0avifmif1' >in/web.avif
told() { # FORMAT FILE
    echo "$2: the library for $1 cannot be loaded: .*lib[a-z]*\.so\.[0-9].*; apt install lib[a-z]*[0-9]\$"
}

# There, and only the pictures are damaged.
clproc run in -o there --device reference
expect_code 1
expect_count there 2
expect_no_err 'cannot be loaded'

# Hidden.
LD_LIBRARY_PATH=$scratch/work/hidden${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
clproc help formats
expect_code 0
expect_same "$out" formats
clproc run in -o out --device reference --jobs 4
expect_code 1
expect_same out/a.jpg there/a.jpg
expect_same out/b.png there/b.png
expect_count out 2
if [ -e hidden/libtiff.so* ]; then
    expect_err "$(told TIFF scan.tif)"
fi
[ -e hidden/libheif.so* ] || exit 0
expect_err "$(told HEIF phone.heic)"
expect_err "$(told AVIF web.avif)"
clproc run in/a.jpg -o out.avif --device reference
expect_refusal 2 "$(told AVIF out.avif)"
expect_no_file out.avif
clproc run in -o none --format avif --device reference
expect_refusal 2 "$(told AVIF clproc)"
expect_no_file none
clproc run in/a.jpg -o none --overlay in/web.avif --device reference
expect_refusal 2 "$(told AVIF 'web.avif: as an overlay')"
expect_no_file none
clproc index in -o table.jsonl
expect_code 1
grep -q 'web.avif.*the library for AVIF cannot be loaded' table.jsonl "$err" || fail "the index should tell the cause"
