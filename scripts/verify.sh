#!/bin/sh
# What the program survives, by the numbers of the test plan (docs/reliability.md): runs the tests of
# the label "verify" and adds up what was tried and what survived.
#   scripts/verify.sh quick      for each change: some minutes
#   scripts/verify.sh nightly    some hours
#   scripts/verify.sh release    everything, a day; what could not be run fails it
# A run that was stopped goes on with --continue after the profile: tests that have ended are not run again. Sources
# and settings must be the same.
# BUILD names another build folder. The table also goes to BUILD/verify-PROFILE.txt. Of the variables set
# below those count that are set already: so a profile is shortened, and the table says what is too few.
set -eu
CDPATH= cd -- "$(dirname -- "$0")/.."
profile=${1:-quick}
continue=
[ $# -lt 2 ] || continue=$2
build=${BUILD:-build}

usage()
{
    echo "usage: scripts/verify.sh quick|nightly|release [--continue]" >&2
    exit 2
}

case $continue in
'' | --continue) ;;
*) usage ;;
esac

case $profile in
quick)
    timeout=600
    set -- ;;
nightly)
    timeout=20000
    set -- FAULT_CALLS=200 FAULT_KILLS=1000 FAULT_PAIRS=200 FAULT_ROUNDS=10 FAULT_RACES=500 FUZZ_SECONDS=600 \
        SOAK_SECONDS=600 PACKAGE_DEBIAN=1 VALGRIND=1 ;;
release)
    timeout=90000
    set -- FAULT_ALL=1 FAULT_KILLS=10000 FAULT_PAIRS=1000 FAULT_ROUNDS=50 FAULT_RACES=500 FUZZ_SECONDS=600 \
        SOAK_SECONDS=7200 PACKAGE_DEBIAN=1 ;;
*)
    usage ;;
esac

settings=
for setting in "$@"; do
    name=${setting%%=*}
    eval "value=\${$name-${setting#*=}}"
    # An empty one is none.
    if [ -n "$value" ]; then
        export "$name=$value"
    else
        unset "$name"
    fi
    settings="$settings $name=$value"
done

log=$build/verify-$profile.log table=$build/verify-$profile.txt
tested=$build/verify-$profile.tested counted=$build/verify-$profile.coverage
# Figures of one table are of one state of the sources.
state="$(find CMakeLists.txt include kernels scripts src tests -type f | LC_ALL=C sort |
    xargs -d '\n' sha256sum | sha256sum)$settings"
if [ "$continue" ] && ! printf '%s\n' "$state" | cmp -s - "$tested"; then
    echo "scripts/verify.sh: no run with these sources and settings was stopped: begin anew, without --continue" >&2
    exit 2
fi
if [ -z "$continue" ]; then
    mkdir -p "$build"
    rm -f "$log" "$counted" "$build/Testing/Temporary/CTestCheckpoint.txt"
    printf '%s\n' "$state" >"$tested"
fi

cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCLPROC_WERROR=ON -DCLPROC_TEST_TIMEOUT=$timeout >/dev/null
cmake --build "$build" -j "$(nproc)" --target verify_programs >/dev/null
# What earlier runs compiled must not help.
POCL_CACHE_DIR=$PWD/$build/verify-cache
export POCL_CACHE_DIR
rm -rf "$POCL_CACHE_DIR"
mkdir -p "$POCL_CACHE_DIR"

# How much of the code is run, and races between threads, take builds of their own.
covered=
if [ "$profile" != quick ] && [ -z "${CLPROC_TSAN-}" ]; then
    cmake -S . -B build-tsan -DCMAKE_BUILD_TYPE=Debug -DCLPROC_SANITIZE=thread -DCLPROC_TESTS=OFF >/dev/null &&
        cmake --build build-tsan -j "$(nproc)" --target clproc >/dev/null || true
fi
if [ "$profile" != quick ] && [ "${COVERAGE-1}" ]; then
    if [ ! -s "$counted" ]; then
        # What code is run does not depend on how often: the tests run as they do for a change.
        (
            for setting in "$@"; do
                unset "${setting%%=*}"
            done
            scripts/coverage.sh 2>/dev/null | tail -n 2 >"$counted"
        ) || rm -f "$counted"
    fi
    [ ! -s "$counted" ] || covered=$(cat "$counted")
fi

failed=0
ctest --test-dir "$build" -L verify -V -j "$(nproc)" ${continue:+-F} >>"$log" 2>&1 || failed=1
# ctest's own list of what has ended is there only if it was stopped.
[ -e "$build/Testing/Temporary/CTestCheckpoint.txt" ] || rm -f "$tested"

# Number, what is tried, and how often at least: quick, nightly, release. Where nothing tries it yet, "-".
awk -v profile="$profile" -v failed=$failed -v covered="$covered" '
FNR == NR {
    split($0, f, "|")
    order[++count] = f[1]
    what[f[1]] = f[2]
    least[f[1]] = profile == "quick" ? f[3] : profile == "nightly" ? f[4] : f[5]
    next
}
# A test that was stopped begins again: what it printed before does not count.
/^ +Start +[0-9]+:/ { printed[$2 + 0] = ""; last = $2 + 0 > last ? $2 + 0 : last }
/^[0-9]+: .*verify: T[0-9]+ / { printed[$1 + 0] = printed[$1 + 0] $0 "\n" }
/Test +#[0-9]+: .*(\*\*\*Failed|\*\*\*Exception|\*\*\*Timeout)/ { sub(/^ *[0-9]+\/[0-9]+ /, ""); broken = broken "\n  " $0 }
/Test +#[0-9]+: .*\*\*\*Skipped/ { sub(/^ *[0-9]+\/[0-9]+ /, ""); skipped = skipped "\n  " $0 }
function add(text, number, word)
{
    if (!match(text, /verify: T[0-9]+ /)) return
    text = substr(text, RSTART)
    split(text, word, " ")
    number = word[2]
    if (text ~ /: not run/) {
        sub(/.*: not run,? */, "", text)
        missing[number] = missing[number] (missing[number] ? "; " : "") text
    } else if (match(text, /tried [0-9]+, survived [0-9]+/)) {
        split(substr(text, RSTART), word, /[ ,]+/)
        tried[number] += word[2]
        survived[number] += word[4]
    }
}
END {
    for (test = 1; test <= last; test++) {
        rows = split(printed[test], row, "\n")
        for (i = 1; i <= rows; i++) add(row[i])
    }
    printf "%-4s %-55s %9s %9s %9s\n", "", "", "tried", "survived", "at least"
    for (i = 1; i <= count; i++) {
        n = order[i]
        verdict = ""
        if (!tried[n]) {
            verdict = "not run" (missing[n] ? ": " missing[n] : least[n] == "-" ? ": not part of this profile" : "")
            bad += profile == "release" || least[n] != "-" && !missing[n] && !skipped
        } else if (survived[n] < tried[n]) {
            verdict = "FAILED"
            bad++
        } else if (least[n] != "-" && tried[n] < least[n]) {
            verdict = "too few"
            bad++
        } else if (missing[n]) {
            verdict = "in part, " missing[n]
            bad += profile == "release"
        }
        printf "%-4s %-55s %9s %9s %9s  %s\n", n, what[n], tried[n] ? tried[n] : "-", tried[n] ? survived[n] : "-", least[n], verdict
    }
    # "lines: 9 of 10" and "branches: 8 of 10", and how many of a hundred there should be.
    few["lines"] = 90
    few["branches"] = 80
    rows = split(covered, row, "\n")
    for (i = 1; i <= rows; i++) {
        split(row[i], word, /[: ]+/)
        percent = 100 * word[2] / word[4]
        short = percent < few[word[1]]
        bad += short && profile == "release"
        printf "%-4s %-55s %9d %9d %8d%%  %.1f %%%s\n", "T30", "coverage: " word[1], word[4], word[2], few[word[1]], percent, short ? ", too few" : ""
    }
    if (rows < 2) {
        print "T30  coverage of lines and branches: not run"
        bad += profile == "release"
    }
    if (skipped) print "skipped:" skipped
    if (broken) {
        print "failed:" broken
        bad++
    }
    print (bad || failed ? "FAILED" : "passed") ": " profile
    exit bad || failed
}' /dev/stdin "$log" >"$table" <<'END' || failed=1
T1|OpenCL calls that fail once|190|1050|20000
T2|devices that are lost|60|350|16000
T3|allocations that fail|3000|3000|6000
T4|calls on files and threads that fail|400|400|2000
T6|kills at random moments|50|1000|10000
T7|signals that ask to stop|50|1000|10000
T8|durable outputs, in the order of calls|5|5|5
T9|caches that are damaged, or shared when cold|26|97|400
T10|full folders of compiled kernels|3|3|3
T11|links swapped in while writing|25|25|25
T12|files and results beyond limits|15|15|15
T13|hostile JPEGs, judged as by djpeg|1000|1000|1000
T14|one bad picture among a hundred|16|16|16
T15|pictures free of what memory held|40|40|40
T16|fuzz inputs, codecs to whole runs|50000|10000000|10000000
T17|kernels in Oclgrind|40|40|40
T18|pipelines under Valgrind, buffers with guards|400|400|400
T21|small devices|27|27|44
T23|runs under the thread sanitizer|-|500|500
T24|the same outputs with other threads and batches|15|15|15
T25|runs beside a soak|-|300|5000
T26|calls that never return, and a signal|10|10|10
T27|surroundings and limits|60|60|60
T28|pairs of runs into one folder|50|200|1000
T29|packages, and what they ask of binaries and help|100|108|108
T31|runs within their bound of memory|9|9|9
T32|devices with less memory than they say|8|8|8
T33|runs with queues that lag|14|14|14
END
cat "$table"
exit $failed
