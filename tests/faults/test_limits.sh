#!/bin/sh
# Limits of the process that PoCL does not survive: told before, with exit code 3; the reference device
# works all the same. A small stack is no limit.
. "$(dirname "$0")/../cli/lib.sh"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
! ldd "$CLPROC" | grep -q -e libasan -e libtsan || skip "sanitizers take address space of their own"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/"
make_pictures in
tried=0

limited() { # LIMIT OPTIONS...: with an empty cache
    limit=$1
    shift
    command_line=" run in -o out --resize 8x $* under ulimit $limit"
    rm -rf out "$scratch/cold"
    code=0
    (
        POCL_CACHE_DIR=$scratch/cold
        ulimit $limit && exec "$CLPROC" run in -o out --resize 8x "$@"
    ) >"$out" 2>"$err" || code=$?
    tried=$((tried + 1))
}

expect_done() {
    expect_code 0
    expect_count out 2
}

# Whatever the figure is, either everything works or the cause is told.
for limit in '-v 300000' '-v 400000' '-v 500000' '-v 600000' '-v 700000' '-v 800000' \
    '-v 1200000' '-v 1400000' '-v 1600000' '-n 12' '-n 16' \
    '-n 20' '-n 24' '-n 30' '-f 64' '-f 256' '-f 1000'; do
    limited "$limit" --jobs 2
    case $code in
    0) expect_done ;;
    3) expect_err 'PoCL needs .* than it may have; raise `ulimit\|no OpenCL device was found' ;;
    *) fail "exit code 0 or 3 was expected" ;;
    esac
    expect_lines "$err" $((code == 3 ? 1 : 2))
done
# A number means a device of the whole list, and none that takes its place.
limited '-f 64' --device 0
expect_code 3
expect_err 'PoCL needs larger files'
limited '-v 2000000' --jobs 2
expect_done
for limit in '-v 200000' '-n 16' '-f 64'; do
    limited "$limit" --jobs 1 --device reference
    expect_done
done
for stack in 64 128 1024; do
    limited "-s $stack"
    expect_done
    limited "-s $stack" --device reference
    expect_done
done

# Root may have any number of threads.
another="setpriv --reuid 59999 --regid 59999 --clear-groups"
if [ "$(id -u)" -eq 0 ] && have setpriv && have prlimit; then
    # A checkout in a folder of root's own cannot be reached by others, a copy of the program can.
    cp "$CLPROC" "$scratch/clproc"
    chmod 755 "$scratch" "$scratch/work"
    mkdir theirs "$scratch/cold"
    chmod 777 theirs
    enough=$(($(nproc) + 7))
    for threads in 1 2 3 4 5 6 $enough; do
        command_line=" run by another user with $threads threads"
        tried=$((tried + 1)) code=0
        # Another user's processes count, so a number nobody has.
        prlimit --nproc="$threads:$threads" $another env POCL_CACHE_DIR="$PWD/theirs" \
            "$scratch/clproc" run in -o theirs/out --resize 8x --jobs 1 >"$out" 2>"$err" || code=$?
        case $code in
        0) ;;
        3) expect_err 'PoCL needs more threads' ;;
        4) expect_err "thread cannot be started" ;;
        *) fail "exit code 0, 3 or 4 was expected" ;;
        esac
    done
    [ "$code" -eq 0 ] || fail "$enough threads should do"
fi
echo "verify: T27 limits of the process: tried $tried, survived $tried"
