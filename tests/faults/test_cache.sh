#!/bin/sh
# Compiled kernels on a disk that lost something: whatever lies where they are kept, or where PoCL
# keeps its own, every run makes every picture. Full disks, killed runs, many runs at once.
. "$(dirname "$0")/../cli/lib.sh"
[ -e "${FAULT_LAYER:?name the layer to load in FAULT_LAYER}" ] || skip "there is no layer"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
mkdir vendors
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/"
unset POCL_KERNEL_CACHE POCL_EXTRA_BUILD_FLAGS POCL_WORK_GROUP_METHOD CLPROC_PROGRAMS
make_pictures in
mkdir "$scratch/good"
POCL_CACHE_DIR=$scratch/good FAULT_CACHE=$scratch/good OPENCL_LAYERS=$FAULT_LAYER \
    "$CLPROC" run in -o expected --resize 8x 2>"$err" || fail "no run without trouble"
kept=clproc-programs
[ -n "$(find "$scratch/good" -name program.bc)" ] || fail "PoCL's cache was not found"
[ -n "$(ls "$scratch/good/$kept")" ] || fail "no binary was kept"

tried=0 survived=0
expect_pictures() {
    tried=$((tried + 1))
    expect_code 0
    diff -r expected out >/dev/null || fail "other pictures"
    survived=$((survived + 1))
}

run() { # OPTIONS...: with what is in $POCL_CACHE_DIR
    rm -rf out
    clproc run in -o out --resize 8x "$@"
    expect_pictures
}

# Damaged files: each kind, with binaries kept and without, in PoCL's cache and in ours.
empty() { : >"$1"; }
halved() { truncate -s $(($(wc -c <"$1") / 2)) "$1"; }
overwritten() { printf 'damage' | dd of="$1" bs=1 seek=200 conv=notrunc 2>/dev/null; }
folder() { rm "$1" && mkdir "$1"; }
POCL_CACHE_DIR=$scratch/damaged
for where in "$kept/*" '*/*/program.bc' '*/*/*/*/*.so'; do
    for damage in empty halved overwritten folder; do
        rm -rf "$POCL_CACHE_DIR"
        cp -r "$scratch/good" "$POCL_CACHE_DIR"
        [ "$where" = "$kept/*" ] || rm -r "${POCL_CACHE_DIR:?}/$kept"
        for file in "$POCL_CACHE_DIR"/$where; do
            [ -f "$file" ] || fail "there is no $where"
            $damage "$file"
        done
        run
        [ "$damage" = folder ] || run
    done
done
echo "verify: T9 damaged caches: tried $tried, survived $survived"
rm -rf "$POCL_CACHE_DIR"

# Full disks: the cache's, and a home's.
if [ "$(id -u)" -eq 0 ] && mkdir full && mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
    trap 'umount "$scratch/work/full"; rm -rf "$scratch"' EXIT
    head -c 70000 /dev/zero >full/filler 2>/dev/null
    tried=0 survived=0
    POCL_CACHE_DIR=$PWD/full
    run
    expect_err 'cannot be kept in .*full.*every run compiles them anew'
    POCL_CACHE_DIR= XDG_CACHE_HOME=$PWD/full
    export XDG_CACHE_HOME
    run
    XDG_CACHE_HOME= HOME=$PWD/full
    run
    echo "verify: T10 full folders of compiled kernels: tried $tried, survived $survived"
else
    echo "verify: T10 full folders of compiled kernels: not run, no file system can be mounted"
fi

# A run that was killed leaves PoCL's folder behind, until the next.
POCL_CACHE_DIR=$scratch/killed
"$CLPROC" samples --count 200 --width 300 --height 200 -o many 2>"$err" || fail "no pictures"
folder_of() { # PID
    for link in /proc/"$1"/fd/*; do
        readlink "$link"
    done 2>/dev/null | grep /clproc-pocl- | head -n 1
}
"$CLPROC" run many -o killed --resize 50x >"$out" 2>"$err" &
pid=$!
own=
while [ -z "$own" ] && kill -0 $pid 2>/dev/null; do
    own=$(folder_of $pid)
done
kill -9 $pid
wait $pid 2>/dev/null
[ -d "$own" ] || fail "no folder of PoCL's was found"
tried=0 survived=0
run
[ ! -e "$own" ] || fail "$own was left behind"

# The same at any moment while kernels are compiled; none of what such a run has kept is damaged.
rounds=${FAULT_ROUNDS:-${FAULT_ALL:+50}}
rounds=${rounds:-1}
rm -rf "$POCL_CACHE_DIR"
start=$(date +%s%N)
run
span=$((($(date +%s%N) - start) / 1000000)) # ms, with compiling
number=0
while [ $number -lt $((4 * (rounds - 1))) ]; do
    [ $((number % 2)) -eq 0 ] && rm -rf "$POCL_CACHE_DIR" # every other finds what the one before has kept
    rm -rf killed
    "$CLPROC" run in -o killed --resize 8x >/dev/null 2>&1 &
    pid=$!
    sleep "$(awk -v part=$((number * 37 % 100)) -v span="$span" 'BEGIN { printf "%.3f", part * span / 100000 }')"
    own=$(folder_of $pid)
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    run
    [ -z "$own" ] || [ ! -e "$own" ] || fail "$own was left behind"
    number=$((number + 1))
done
echo "verify: T9 runs after kills while kernels are compiled: tried $tried, survived $survived"

# Many at once, with nothing compiled.
tried=0 survived=0 round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    rm -rf "$POCL_CACHE_DIR"
    pids=
    for number in 1 2 3 4; do
        rm -rf many$number
        "$CLPROC" run in -o many$number --resize 8x --jobs 1 >/dev/null 2>"$scratch/err$number" &
        pids="$pids $!"
    done
    number=0
    for pid in $pids; do
        number=$((number + 1)) code=0
        wait "$pid" || code=$?
        cp "$scratch/err$number" "$err"
        rm -rf out && mv many$number out
        expect_pictures
        rm -r out
    done
done
echo "verify: T9 runs at once with a cold cache: tried $tried, survived $survived"
