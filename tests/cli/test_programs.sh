#!/bin/sh
# Binaries of programs are kept beside PoCL's cache: made once, used after, and never in the way.
. "$(dirname "$0")/lib.sh"
POCL_CACHE_DIR=$scratch/fresh
unset POCL_KERNEL_CACHE POCL_EXTRA_BUILD_FLAGS POCL_WORK_GROUP_SPECIALIZATION
kept=$POCL_CACHE_DIR/clproc-programs

identity() { # of the binaries
    ls -i "$kept"
}

run() { # the work; its results must not change
    clproc run $images/000-jpeg-420.jpg -o out --resize 40x --existing replace --profile=summary --report r.json
    expect_code 0
    [ -d first ] || cp -r out first
    diff -r first out >/dev/null || fail "the results differ"
}

run
grep -q '"Portable Computing Language"' r.json || skip "the device is not PoCL's"
! grep -q '"compiler builtins"' r.json || fail "the compiler refused a kernel's fast variant"
[ -d "$kept" ] || fail "no binary was kept"
made=$(identity)
# PoCL's names of what it has compiled for one size of work-groups
! grep -q -a -e -goffs0 -e -smallgrid "$kept"/* || fail "a kernel was compiled for one size of groups"

run
[ "$(identity)" = "$made" ] || fail "the second run built from the text"
grep -q '"warm"' r.json || fail "a program of a kept binary counts as cached"

for file in "$kept"/*; do
    printf 'damage' | dd of="$file" bs=1 seek=300 conv=notrunc 2>/dev/null
done
run
[ "$(identity)" != "$made" ] || fail "a damaged binary was used"
made=$(identity)
run
[ "$(identity)" = "$made" ] || fail "a damaged binary was not made anew"

# One program under another's name.
clproc run $images/000-jpeg-420.jpg -o other --pipeline 'resize 40x | blur 2 | gray'
expect_code 0
for file in "$kept"/*; do
    cp "$kept/$(ls "$kept" | head -n 1)" "$scratch/one" && cp "$scratch/one" "$file"
done
run

: >"$kept/$(ls "$kept" | head -n 1)"
run

# What cannot be kept is no failure.
rm -r "$POCL_CACHE_DIR" && mkdir "$POCL_CACHE_DIR" && : >"$kept"
run
