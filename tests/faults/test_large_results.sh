#!/bin/sh
# What operations would make beyond the limits is refused before memory is taken: by name of the
# operation and of the option, in an address space too small for it.
. "$(dirname "$0")/../cli/lib.sh"
have python3 || skip "python3 is not installed"
! ldd "$CLPROC" | grep -q -e libasan -e libtsan || skip "sanitizers take address space of their own"
python3 - <<'END'
import struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(name, width, height):
    rows = b"".join(b"\0" + bytes(width) for _ in range(height))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                           chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
png("tall.png", 1, 65500)
png("strip.png", 80, 30000)
END
tried=0
limited() { # INPUT OPTIONS...
    rm -rf out
    command_line=" run $* under ulimit -v 600000"
    tried=$((tried + 1)) code=0
    (ulimit -v 600000 && exec "$CLPROC" run "$@" -o out --jobs 1 --device reference) >"$out" 2>"$err" ||
        code=$?
}

refused() { # PATTERN INPUT OPTIONS...
    pattern=$1
    shift
    limited "$@"
    expect_code 1
    expect_err "^clproc: $1: $pattern"
    expect_no_file out/"$1"
}

refused 'resize .*6550000 pixels.*--limit-side' tall.png --resize 100x
refused 'resize .*--limit-side' tall.png --resize 10x
refused 'resize .*--limit-pixels' strip.png --blur 2 --resize 2000x
refused 'pad .*4900000000 pixels.*--limit-pixels' tall.png --pad 70000x70000
refused 'the pipeline .*--limit-pixels' strip.png --resize 160x --limit-pixels 5M
refused 'box-blur needs .* MB .*--memory' tall.png --box-blur 200 --memory 64M
refused 'blur needs .* MB .*--memory' tall.png --blur 20 --memory 32M
refused 'resize needs .* MB .*--memory' tall.png --resize 3x --memory 1M
# What is cut at once, or comes out small enough, is no matter.
limited strip.png --resize 192x108:fit=cover
expect_code 0
limited strip.png --pipeline 'resize 300x | crop 300x200'
expect_code 0
limited strip.png --resize 90x --limit-pixels 4M
expect_code 0
echo "verify: T12 results beyond the limits: tried $tried, survived $tried"
