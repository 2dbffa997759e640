# What tests left out: a line for each cause and its tests. Ends with 1 if a cause is not listed.
#     awk -f scripts/skips.awk tests/skips.txt SUMMARY LOG
# SUMMARY: what `ctest -O SUMMARY` wrote. LOG: Testing/Temporary/LastTest.log of the same run.
# A test tells a cause in a line "skipped: CAUSE". One that exits with 77, or a cmocka test that is
# skipped, without such a line has left something out without a word.
function tell(cause) {
    if (index(tests[cause] " ", " " test " ") == 0) {
        tests[cause] = tests[cause] " " test
    }
}

function end_of_test() {
    if (test != "" && said < parts + (test in whole && parts == 0)) {
        tell("without a word")
    }
    parts = said = 0
    for (part in seen) {
        delete seen[part]
    }
}

FNR == 1 {
    file++
}

file == 1 {
    if ($0 !~ /^#/ && $0 != "") {
        allowed[++allowed_count] = "^(" $0 ")$"
    }
    next
}

file == 2 {
    if ($0 ~ /^ *[0-9]+\/[0-9]+ Test +#.*\*\*\*Skipped/) {
        sub(/^.*#[0-9]+: /, "")
        whole[$1] = 1
    }
    next
}

/^[0-9]+\/[0-9]+ Test: / {
    end_of_test()
    test = $3
}

/^skipped: / {
    said++
    tell(substr($0, length("skipped: ") + 1))
}

# cmocka tells each twice: where it is skipped, and at the end.
/^\[  SKIPPED \] [a-zA-Z_]+$/ && !($NF in seen) {
    seen[$NF] = 1
    parts++
}

END {
    end_of_test()
    for (cause in tests) {
        listed = 0
        for (i = 1; i <= allowed_count; i++) {
            listed = listed || cause ~ allowed[i]
        }
        unlisted += !listed
        printf "test: left out%s: %s:%s\n", listed ? "" : ", for a cause not in tests/skips.txt", cause,
               tests[cause]
    }
    exit unlisted > 0
}
