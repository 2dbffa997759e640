#!/bin/sh
# Surroundings that lack something: each case ends with the right exit code and, where it fails, one
# line that names the cause; what can be done without is done.
. "$(dirname "$0")/../cli/lib.sh"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
make_pictures in
cases=0
"$CLPROC" run in -o expected --resize 8x 2>"$err" || fail "no run without trouble"

# Runs with the words before -- put in front of the program.
with() { # [env] WORDS... -- ARGUMENTS...
    command_line=" $*"
    front=
    while [ "$1" != -- ]; do
        front="$front $1"
        shift
    done
    shift
    rm -rf out
    cases=$((cases + 1))
    code=0
    $front "$CLPROC" "$@" >"$out" 2>"$err" || code=$?
    [ "$code" -lt 128 ] || fail "the program died of a signal"
}

run_with() { # [env] WORDS...
    with "$@" -- run in -o out --resize 8x
}

expect_pictures() {
    expect_code 0
    diff -r out expected >/dev/null || fail "other pictures than without trouble"
}

expect_cause() { # CODE PATTERN
    expect_code "$1"
    expect_err "$2"
    grep -v -e ' running on ' -e '^clproc: [0-9]* written' "$err" >"$scratch/causes"
    expect_lines "$scratch/causes" "$3"
    [ ! -d out ] || expect_only_pictures out
}

# Drivers and their caches.
mkdir nothing
run_with env OCL_ICD_VENDORS="$PWD/nothing/"
expect_cause 3 'no OpenCL device was found; install' 1
mkdir broken
echo /nowhere/libdriver.so >broken/broken.icd
run_with env OCL_ICD_VENDORS="$PWD/broken/"
expect_cause 3 'no OpenCL device was found; install' 1
with env OCL_ICD_VENDORS="$PWD/nothing/" -- run in -o out --resize 8x --device reference
expect_code 0
run_with env -u HOME -u XDG_CACHE_HOME -u POCL_CACHE_DIR
expect_pictures
run_with env HOME= XDG_CACHE_HOME= POCL_CACHE_DIR=
expect_pictures
run_with env POCL_CACHE_DIR=/proc/none/cache
expect_pictures
run_with env -i
expect_pictures
run_with env -i PATH=/nowhere
expect_pictures

# What is printed, and for whom.
run_with env LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8
expect_pictures
for term in TERM=dumb COLUMNS=1 COLUMNS=1000 COLUMNS=x NO_COLOR=1; do
    with env "$term" -- run in -o out --resize 8x --progress always
    expect_pictures
    with env "$term" -- help run
    expect_code 0
done
with env LC_ALL=de_DE.UTF-8 -- run in -o out --resize 8x --report out.json
expect_pictures
expect_json out.json

# Streams. What is done does not depend on them.
for streams in '<&-' '>&-' '2>&-' '<&- >&- 2>&-' '>/dev/full' '2>/dev/full'; do
    command_line=" run in -o out --resize 8x $streams"
    rm -rf out
    cases=$((cases + 1))
    code=0
    eval "\"\$CLPROC\" run in -o out --resize 8x $streams" 2>>"$err" || code=$?
    expect_pictures
done
with -- devices
expect_code 0
code=0
command_line=' devices >/dev/full'
"$CLPROC" devices >/dev/full 2>"$err" || code=$?
expect_cause 4 'standard output: No space left' 1

# Files. PoCL has files of its own, so where their size is limited the reference stands in.
umask 077
run_with
umask 022
expect_pictures
find out -type f ! -perm 600 | grep . && fail "the umask was not heeded"
code=0
rm -rf out
command_line=' run under ulimit -f'
(ulimit -f 4 && exec "$CLPROC" run in -o out --resize 100x --device reference) >"$out" 2>"$err" || code=$?
cases=$((cases + 1))
expect_cause 1 'File too large' 2
with -- run in -o /proc/none/out --resize 8x
expect_cause 4 '/proc/none' 1
echo file >file
with -- run in -o file/out --resize 8x
expect_cause 4 'file' 1
with -- run in/none/a.jpg -o out --resize 8x
expect_cause 1 'in/none/a.jpg: .*No such file' 1
if [ "$(id -u)" -ne 0 ]; then
    mkdir out
    chmod a-w out
    cases=$((cases + 1))
    clproc run in -o out --resize 8x
    expect_cause 4 'out: .*Permission denied.*permissions' 1
    chmod u+w out
elif mkdir full && mount -t tmpfs -o size=4k tmpfs full 2>/dev/null; then
    trap 'umount "$scratch/work/full"; rm -rf "$scratch"' EXIT
    head -c 4096 /dev/zero >full/filler
    with -- run in -o full --resize 8x
    expect_cause 1 'No space left.*free some space' 2
    [ "$(ls full)" = filler ] || fail "something was left: $(ls full)"
fi
echo "verify: T27 surroundings that lack something: tried $cases, survived $cases"
