# Shared by the command line tests: a scratch folder, running the program, assertions. The first
# assertion that does not hold ends the test. POSIX sh.
set -u

: "${CLPROC:?name the program to test in CLPROC}"
source_dir=${CLPROC_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
images=$source_dir/images

scratch=$(mktemp -d)
trap 'chmod -R u+rwX "$scratch"; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$scratch/work" "$scratch/cache" "$scratch/bin"
cd "$scratch/work" || exit 1
POCL_CACHE_DIR=${POCL_CACHE_DIR:-$scratch/cache}
export POCL_CACHE_DIR
# The distribution's own Python has the modules of its packages; another on PATH may lack them, or
# take a second to start.
if [ -x /usr/bin/python3 ]; then
    ln -s /usr/bin/python3 "$scratch/bin/python3"
    PATH=$scratch/bin:$PATH
fi

out=$scratch/stdout
err=$scratch/stderr
code=0
command_line=

fail() {
    echo "FAILED: $*"
    if [ -n "$command_line" ]; then
        echo "after: clproc$command_line"
        echo "exit code $code, standard output:" && head -n 20 "$out"
        echo "standard error:" && head -n 20 "$err"
    fi
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# True if Python has the modules.
have_modules() { # MODULE...
    python3 -c "$(printf 'import %s\n' "$@")" 2>/dev/null
}

need_modules() { # MODULE...
    have_modules "$@" || skip "python3 lacks one of $* (Debian: python3-pil, python3-numpy, python3-xxhash)"
}

# Runs the program; $code, $out and $err hold what came of it.
clproc() {
    command_line=" $*"
    code=0
    "$CLPROC" "$@" >"$out" 2>"$err" || code=$?
    if [ "$code" -ge 128 ]; then
        fail "the program died of a signal"
    fi
}

expect_code() {
    [ "$code" -eq "$1" ] || fail "exit code $1 was expected"
}

expect_out() {
    grep -q -e "$1" "$out" || fail "standard output should match: $1"
}

expect_err() {
    grep -q -e "$1" "$err" || fail "standard error should match: $1"
}

expect_no_err() {
    ! grep -q -e "$1" "$err" || fail "standard error should not match: $1"
}

expect_lines() { # FILE COUNT
    lines=$(wc -l <"$1")
    [ "$lines" -eq "$2" ] || fail "$2 lines were expected in $1, not $lines"
}

# Failures that were told, each in a line, besides the summary and the device that was taken.
expect_failures() { # COUNT
    lines=$(grep -v -e '^clproc: [0-9]* \(written\|processed\)' -e ' running on ' "$err" | wc -l)
    [ "$lines" -eq "$1" ] || fail "$1 lines were expected on failures, not $lines"
}

# A refusal: one line on standard error that matches, nothing on standard output.
expect_refusal() { # CODE PATTERN
    expect_code "$1"
    expect_lines "$err" 1
    expect_err '^clproc: '
    expect_err "$2"
    [ ! -s "$out" ] || fail "nothing was expected on standard output"
}

expect_file() {
    for file in "$@"; do
        [ -s "$file" ] || fail "no file $file"
    done
}

expect_no_file() {
    for file in "$@"; do
        [ ! -e "$file" ] || fail "there should be no $file"
    done
}

expect_same() {
    cmp -s "$1" "$2" || fail "$1 and $2 should be the same"
}

# The number of files below a folder.
expect_count() { # FOLDER COUNT
    count=$(find "$1" -type f -exec printf x \; 2>/dev/null | wc -c) # names may hold newlines
    [ "$count" -eq "$2" ] || fail "$2 files were expected in $1, not $count"
}

# No temporary file left behind: the outputs are the pictures only.
expect_only_pictures() {
    left=$(find "$1" -type f ! -name '*.jpg' ! -name '*.jpeg' ! -name '*.png' | head -n 3)
    [ -z "$left" ] || fail "left behind: $left"
}

# WIDTHxHEIGHT of a PNG, from its header.
png_size() {
    od -An -tu1 -j16 -N8 "$1" | awk '{ print ($3 * 256 + $4) "x" ($7 * 256 + $8) }'
}

expect_png_size() { # FILE WxH
    size=$(png_size "$1")
    [ "$size" = "$2" ] || fail "$1 should be $2, not $size"
}

expect_json() {
    have python3 || return 0
    python3 -m json.tool "$1" >/dev/null 2>"$scratch/json" || fail "$1 is no JSON: $(cat "$scratch/json")"
}

# Waits until the command succeeds; false if it has not after a minute.
wait_until() { # COMMAND...
    tries=0
    until "$@"; do
        [ $tries -lt 1200 ] || return 1
        tries=$((tries + 1))
        sleep 0.05
    done
}

# True if file systems can be mounted there for one program alone; tells that a check is left out.
can_mount() { # FOLDER
    unshare -rm mount -t tmpfs none "$1" 2>/dev/null && return
    echo "skipped: there are no user namespaces to mount file systems in"
    return 1
}

# Stopped as by a terminal, whose signal comes to every process, the program leaves nothing in
# /dev/shm: not even the folders that PoCL compiles in. The signal is sent when so many processes
# have theirs; each heeds signals before it makes one.
expect_stopped_clean() { # PROCESSES ARGUMENTS...
    if [ ! -e /etc/OpenCL/vendors/pocl.icd ]; then
        echo "skipped: PoCL is not installed"
        return
    fi
    can_mount /dev/shm || return 0
    processes=$1
    shift
    command_line=" $*, stopped when $processes folders are in /dev/shm"
    processes=$processes unshare -rm sh -c 'mount -t tmpfs none /dev/shm
        tries=0
        setsid "$0" "$@" &
        while [ "$(ls /dev/shm | wc -l)" -lt "$processes" ] && [ $tries -lt 1200 ]; do
            tries=$((tries + 1))
            sleep 0.05
        done
        [ $tries -lt 1200 ] && echo "under way"
        kill -TERM -$!
        wait $!
        echo "code $?, left: $(ls /dev/shm)"' "$CLPROC" "$@" >"$out" 2>"$err"
    expect_out '^under way$'
    expect_out '^code 143, left: $'
}

# A small picture of each format, named a.jpg and b.png, in the folder $1.
make_pictures() {
    mkdir -p "$1"
    cp "$(find "$images" -name '*.jpg' | sort | head -n 1)" "$1/a.jpg" 2>/dev/null &&
        cp "$(find "$images" -name '*.png' | sort | head -n 1)" "$1/b.png" 2>/dev/null ||
        fail "images/ holds no pictures"
}
