#!/bin/sh
# Binaries of programs are kept beside PoCL's cache: made once, used after, and never in the way.
. "$(dirname "$0")/lib.sh"
POCL_CACHE_DIR=$scratch/fresh
unset POCL_KERNEL_CACHE POCL_EXTRA_BUILD_FLAGS POCL_WORK_GROUP_METHOD POCL_WORK_GROUP_SPECIALIZATION
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
# Who has PoCL compile in another way gets that, and leaves what is kept alone.
POCL_WORK_GROUP_METHOD=loopvec
export POCL_WORK_GROUP_METHOD
run
unset POCL_WORK_GROUP_METHOD
[ "$(identity)" = "$made" ] || fail "binaries are kept of programs that were compiled in another way"

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

# Binaries are run: none is taken that another user could have written, nor from a folder where one could.
rm -r "$kept"
run
made=$(identity)
chmod 666 "$kept"/*
chmod 777 "$kept"
(umask 0 && run) || exit 1
[ "$(identity)" != "$made" ] || fail "binaries that anybody could have written were used"
[ "$(stat -c %a "$kept")" = 700 ] || fail "others can still write where binaries are kept"
made=$(identity)
run
[ "$(identity)" = "$made" ] || fail "binaries that nobody else could have written were not used"
if [ "$(id -u)" -eq 0 ] && have setpriv; then
    cp "$CLPROC" "$scratch/clproc"
    chmod 755 "$scratch" "$scratch/work"
    cp $images/000-jpeg-420.jpg shared.jpg
    mkdir -m 777 shared
    mine=/tmp/clproc-cache-$((100000 + $$)) # no user's, until now
    trap 'rm -rf "$scratch" "$mine"' EXIT
    for user in 59999 $((100000 + $$)); do
        command_line=" run by user $user"
        setpriv --reuid "$user" --regid "$user" --clear-groups env POCL_CACHE_DIR="$PWD/shared" \
            "$scratch/clproc" run shared.jpg -o "shared/out-$user" --resize 40x >"$out" 2>"$err" ||
            fail "a run failed"
        [ -z "$(find shared -maxdepth 1 -name clproc-programs)" ] || chmod -R a+rwX shared/clproc-programs
    done
    [ -n "$(ls shared/clproc-programs)" ] || fail "no binary was kept"
    [ -n "$(ls "$mine")" ] || fail "another user's binaries were used"
    cmp "shared/out-59999/shared.jpg" "shared/out-$user/shared.jpg" || fail "the results differ"
fi

# What cannot be kept is no failure.
rm -r "$POCL_CACHE_DIR" && mkdir "$POCL_CACHE_DIR" && : >"$kept"
run
