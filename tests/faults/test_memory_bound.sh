#!/bin/sh
# The most memory a run ever has stays within --memory, 64 MB and what the driver takes for itself,
# whatever its pictures are; what cannot fit is refused by name, and the others come out.
. "$(dirname "$0")/../cli/lib.sh"
have python3 || skip "python3 is not installed"
! ldd "$CLPROC" | grep -q -e libasan -e libtsan || skip "sanitizers take address space of their own"
"$CLPROC" samples --count 1 --width 64 --height 48 -o tiny 2>"$err" || fail "no pictures"
"$CLPROC" samples --kind photo --count 6 --width 3000 --height 2000 -o jpegs 2>"$err" || fail "no pictures"
"$CLPROC" run jpegs -o pngs --format png --png-level 1 2>"$err" || fail "no pictures"
"$CLPROC" run pngs -o quarters --resize 50% --png-level 1 2>"$err" || fail "no pictures"
# Each of another size: plans of their own, with tables.
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    "$CLPROC" samples --kind photo --count 1 --width $((1000 + i)) --height $((800 + i)) -o sizes/$i 2>"$err" ||
        fail "no pictures"
done
for i in 1 2 3 4 5 6; do
    "$CLPROC" samples --count 1 --width $((2400 + i)) --height $((1500 + i)) -o large/$i 2>"$err" ||
        fail "no pictures"
done
"$CLPROC" run jpegs -o scans --progressive --quality 95 --rotate 180 2>"$err" || fail "no pictures"
tried=0

# Runs the program; $kilobytes is the most memory it had.
measure() {
    command_line=" $*"
    code=0
    kilobytes=$(python3 -c '
import resource, subprocess, sys
with open(sys.argv[1], "w") as out, open(sys.argv[2], "w") as err:
    code = subprocess.call(sys.argv[3:], stdout=out, stderr=err)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)' "$out" "$err" "$CLPROC" "$@") || code=$?
}

# MEGABYTES CODE FOLDER OPTIONS...; $force: as which kind of device the run sees the processor, with all
# that such a device needs counted.
force=
bounded() {
    bound=$1 expected=$2 folder=$3
    shift 3
    tried=$((tried + 1))
    measure run tiny -o done "$@" # compiles
    measure run tiny -o done "$@"
    base=$kilobytes
    rm -rf done
    export CLPROC_FORCE="$force"
    "$CLPROC" run "$folder" -o free "$@" --jobs 6 >"$out" 2>"$err" || fail "it cannot be done without a bound" # compiles
    measure run "$folder" -o done "$@" --memory "${bound}M" --jobs 6
    unset CLPROC_FORCE
    expect_code "$expected"
    allowed=$((base + (bound + 64) * 1024))
    echo "$force $folder $* --memory ${bound}M: $kilobytes KB of $allowed"
    if [ "$code" -eq 0 ]; then
        [ -z "$(diff -rq done free)" ] || fail "other outputs than without a bound"
    fi
    [ "$kilobytes" -le "$allowed" ] || fail "$kilobytes KB, more than the $allowed allowed"
    rm -rf done free
}

bounded 100 0 pngs --rotate 90 --png-level 1
bounded 100 0 jpegs --rotate 90 --format png --png-level 1
bounded 100 0 scans --blur 2 --progressive
bounded 150 0 quarters --rotate 90 --png-level 1 --device reference --verify 2
bounded 60 0 sizes --pipeline 'blur 40 | sharpen 20'
# Plans of 30 MB each, which are made again where pictures have waited for memory.
bounded 200 0 large --pipeline 'box-blur 200 | box-blur 200' --format png --png-level 1
force='item discrete'
bounded 60 0 sizes --pipeline 'blur 40 | sharpen 20' --strategy=-device-codec
bounded 100 0 jpegs --rotate 90 --format png --png-level 1 --strategy=-device-codec
force=
bounded 30 1 pngs --rotate 90 --png-level 1
expect_err 'pngs/.*png: needs [0-9]* MB while it is processed, more than the limit of 30 MB; raise it with --memory'
expect_failures 6

echo "verify: T31 runs within their bound of memory: tried $tried, survived $tried"
