#!/bin/sh
# Allocations of libjpeg, libspng, libdeflate and zlib made to fail, one by one, then those of clproc with
# what it takes for Little CMS: pictures fail by name, and only they; the others come out as ever, in the
# same colours. FAULT_CALLS of each, evenly spread; FAULT_ALL=1 tries all.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_MALLOC_LIBRARY:?name the library to load in FAULT_MALLOC_LIBRARY}" ] || skip "there is no library"
have timeout || skip "there is no timeout"
! ldd "$CLPROC" | grep -q -e libasan -e libtsan || skip "sanitizers take address space of their own"
"$CLPROC" samples --count 12 --width 96 --height 64 -o in 2>"$err" || fail "no pictures"
"$CLPROC" run in/000* -o progressive.jpg --progressive --rotate 90 --device reference 2>"$err" || fail "no picture"
mv progressive.jpg in
mkdir profile
mv in/008* profile
op='--icc srgb --resize 60% --progressive --jobs 1 --device reference'
export FAULT_LOG="$scratch/log"

attempt() { # NUMBER
    rm -rf out
    command_line=" run $from -o out $op; FAULT_MALLOC=$1"
    code=0
    timeout -s KILL 60 env FAULT_MALLOC=$1 LD_PRELOAD="$FAULT_MALLOC_LIBRARY" "$CLPROC" run $from -o out $op \
        >"$out" 2>"$err" || code=$?
}

sweep() { # FOLDER LIBRARIES
    from=$1 FAULT_LIBRARIES=$2
    export FAULT_LIBRARIES
    rm -rf expected
    clproc run "$from" -o expected $op
    expect_code 0
    attempt 0
    expect_code 0
    all=$(sed -n 's/^allocations //p' "$FAULT_LOG")
    [ "${all:-0}" -gt 50 ] || fail "only ${all:-no} allocations were counted"
    count=${FAULT_CALLS:-120}
    [ "$count" -ge 120 ] || count=120
    [ -z "${FAULT_ALL:-}" ] || count=$all
    [ "$count" -le "$all" ] || count=$all
    tried=0 felt=0
    while [ $tried -lt "$count" ]; do
        tried=$((tried + 1))
        attempt $((tried * all / count))
        case $code in
        0) ;; # it was of no consequence, or there was another way
        1 | 4) felt=$((felt + 1)) ;;
        *) fail "exit code 0, 1 or 4 was expected" ;;
        esac
        # What is there is right, and what is not there was told.
        wrong=$(diff -rq out expected 2>/dev/null | grep -v '^Only in expected')
        [ -z "$wrong" ] || fail "not as without the failure: $wrong"
        there=$(find out -type f 2>/dev/null | wc -l) wanted=$(find expected -type f | wc -l)
        [ "$there" -eq "$wanted" ] || [ "$code" -ne 0 ] || fail "$there of $wanted outputs, and exit code 0"
    done
    [ $((felt * 4)) -ge "$tried" ] || fail "only $felt of $tried failures were felt"
    echo "verify: T3 allocations that fail, of $FAULT_LIBRARIES: tried $tried, survived $tried"
}

sweep in 'libjpeg libspng libdeflate libz'
sweep profile 'clproc liblcms2'

# Samples come before a picture that fails, or not at all.
FAULT_LIBRARIES=clproc
clproc samples -o whole --count 2 --width 8 --height 8 --jobs 1
expect_code 0
number=0 code=4
while [ $number -lt 200 ] && [ "$code" -ne 0 ] || [ $number -lt 20 ]; do
    number=$((number + 1))
    rm -rf some
    command_line=" samples -o some; FAULT_MALLOC=$number"
    code=0
    timeout -s KILL 60 env FAULT_MALLOC=$number LD_PRELOAD="$FAULT_MALLOC_LIBRARY" "$CLPROC" samples -o some \
        --count 2 --width 8 --height 8 --jobs 1 >"$out" 2>"$err" || code=$?
    [ "$code" -eq 0 ] || expect_code 4
    [ -z "$(diff -rq some whole 2>/dev/null | grep -v '^Only in whole')" ] || fail "a sample is not whole"
done
