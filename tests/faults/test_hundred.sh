#!/bin/sh
# A hundred pictures with one bad among them, for each kind of damage and each policy; and the same
# outputs whatever the number of threads and of pictures to a batch.
. "$(dirname "$0")/../cli/lib.sh"
have python3 || skip "python3 is not installed"
"$CLPROC" samples --count 99 --width 64 --height 48 -o in 2>"$err" || fail "no pictures"
python3 - "$(ls in/*.jpg | head -n 1)" "$(ls in/*.png | head -n 1)" <<'END'
import struct, sys, zlib
jpeg, png = (open(name, "rb").read() for name in sys.argv[1:])
open("truncated.jpg", "wb").write(jpeg[: len(jpeg) * 7 // 10])
open("warning.jpg", "wb").write(jpeg[:2] + b"\xff\xe0\0\x10JFIF\0\x09\x09\0\0\1\0\1\0\0" + jpeg[20:] if jpeg[2:4] == b"\xff\xe0" else jpeg)
at = png.index(b"IDAT") - 4
size = struct.unpack(">I", png[at:at + 4])[0]
open("corrupt.png", "wb").write(png[:at + 8 + size] + b"\0\0\0\0" + png[at + 12 + size:])
open("truncated.png", "wb").write(png[: at + 8 + size // 2])
END
tried=0
bad() { # FILE LEAST-POLICY-THAT-TAKES-IT...: policies that take it
    file=$1
    shift
    for policy in none truncated error warning; do
        rm -rf out
        tried=$((tried + 1))
        clproc run in "$file" -o out --resize 20x --fail-on $policy
        case " $* " in
        *" $policy "*)
            expect_code 0
            expect_count out 100 ;;
        *)
            expect_code 1
            expect_count out 99
            expect_failures 1
            expect_err "^clproc: $file: "
            expect_err '99 written, 0 skipped, 1 failed' ;;
        esac
    done
}
bad truncated.jpg none
bad truncated.png none
bad corrupt.png none truncated
bad warning.jpg none truncated error
echo "verify: T14 one bad picture among a hundred: tried $tried, survived $tried"

tried=0
"$CLPROC" run in -o expected --resize 20x --blur 2 2>"$err" || fail "no outputs to compare with"
for jobs in 1 2 3 8 32; do
    for batch in 1 7 64; do
        rm -rf out
        tried=$((tried + 1))
        clproc run in -o out --resize 20x --blur 2 --jobs $jobs --batch $batch
        expect_code 0
        differences=$(diff -rq out expected)
        [ -z "$differences" ] || fail "other outputs: $differences"
    done
done
echo "verify: T24 the same outputs with other threads and batches: tried $tried, survived $tried"
