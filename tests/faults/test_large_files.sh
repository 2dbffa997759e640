#!/bin/sh
# Files larger than their pictures: what stands behind the end is not read, what is too much for a
# picture's sides is refused by name, and text bombs count alike wherever they stand.
. "$(dirname "$0")/../cli/lib.sh"
have python3 || skip "python3 is not installed"
make_pictures good
op='--resize 8x --device reference'

bytes_read() {
    python3 -c 'import json; print(json.load(open("r.json"))["counters"]["bytes read"])' ||
        fail "the report does not tell what was read"
}

tried=0
for name in a.jpg b.png; do
    mkdir -p large
    cp "good/$name" large
    truncate -s 3G "large/$name" 2>/dev/null || skip "there is no room for a sparse file"
    for input in large/$name large; do
        tried=$((tried + 1))
        clproc run "$input" -o out $op --report r.json
        expect_code 0
        clproc run "good/$name" -o expected $op
        expect_same "out/$name" "expected/$name"
        [ "$(bytes_read)" -lt 2000000 ] || fail "$(bytes_read) bytes of $name were read"
        rm -rf out
    done
    rm large/$name
done

# A copy is of the whole file, however long.
cp good/b.png long.png
head -c 70000000 /dev/zero >>long.png
clproc run long.png -o out
expect_code 0
expect_same long.png out/long.png
clproc run long.png -o out --limit-file 60M
expect_code 1
expect_err 'long.png: .*--limit-file'
clproc run good/a.jpg -o out $op --limit-file 100
expect_code 1
expect_err 'good/a.jpg: .*100 bytes; raise it with --limit-file'

# Pictures of nothing but bytes: a PNG of 10 x 10 with 200 MB of pixels, a JPEG with as much scan.
python3 - good/a.jpg <<'END'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(before=b"", after=b"", pixels=None):
    rows = b"".join(b"\0" + bytes(range(30)) for _ in range(10))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)) + before +
            (pixels or chunk(b"IDAT", zlib.compress(rows))) + after + chunk(b"IEND", b""))
open("bulk.png", "wb").write(png(pixels=b"".join(chunk(b"IDAT", bytes(10 << 20)) for _ in range(20))))
jpeg = open(sys.argv[1], "rb").read()
open("bulk.jpg", "wb").write(jpeg[:-2] + bytes(200 << 20))
bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 << 20), 9))
open("before.png", "wb").write(png(before=bomb))
open("after.png", "wb").write(png(after=bomb))
open("none.png", "wb").write(png())
END
for name in bulk.png bulk.jpg; do
    tried=$((tried + 1))
    clproc run $name -o out $op --report r.json
    expect_code 1
    expect_err "$name: .* for a picture of its sides; raise it with --limit-file"
    [ "$(bytes_read)" -eq 0 ] || fail "$name was taken"
done

clproc run none.png -o expected $op
for name in before.png after.png; do
    tried=$((tried + 1))
    clproc run $name -o out $op
    expect_code 0
    expect_same out/$name expected/none.png
    clproc run $name -o out $op --fail-on warning
    expect_code 1
    expect_err "$name: .*exceeds .*--limit-chunk"
done
echo "verify: T12 files larger than their pictures: tried $tried, survived $tried"
