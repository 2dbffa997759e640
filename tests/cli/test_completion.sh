#!/bin/sh
# What shells complete: every command, option and operation of help, and values, as the program
# prints them; then a bash, a zsh and a fish of their own, which ask it.
. "$(dirname "$0")/lib.sh"
tests=$(cd "$source_dir/tests/cli" && pwd)

# Prints what may stand in place of the last word.
words() {
    "$CLPROC" completion words -- "$@" | cut -f 1
}

expect_words() { # EXPECTED WORD...
    expected=$1
    shift
    found=$(words "$@" | tr '\n' ' ')
    [ "$found" = "${expected:+$expected }" ] || fail "clproc $*: found '$found' in place of '$expected'"
}

commands=$("$CLPROC" help | sed -n '/^Commands/,/^$/s/^  \([a-z][a-z]*\)  .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 13 ] || fail "help lists these commands: $commands"
[ "$(words '')" = "$commands" ] || fail "other commands than help lists: $(words '')"
options=0
for command in $commands; do
    "$CLPROC" help "$command" --all | sed '/^The option of this name/q' | sed -n 's/^  \(-[A-Za-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p' | sort >expected
    words "$command" -- | sort >found
    [ -s expected ] || fail "help $command shows no option"
    diff expected found >differences || fail "options of $command: $(cat differences)"
    options=$((options + $(wc -l <found)))
done
[ "$options" -ge 200 ] || fail "only $options options"
"$CLPROC" completion words -- run -- >found
! grep -v "$(printf '^--[a-z0-9-]*\t[^\t]*$')" found || fail "a word without help"
! grep '%s' found || fail "help with a place that is left open"

expect_words 'png ppm pgm pnm pam' run a.jpg --format p
expect_words '--format=png --format=ppm --format=pgm --format=pnm --format=pam' run --format=p
expect_words '--lossless=off --lossless=exact --lossless=trim' run --lossless=
expect_words '' run --lossless ''
expect_words 'icc,comments icc,copyright' run --keep icc,c
expect_words 'keep srgb' run --icc ''
expect_words 'SourceFile,LensInfo SourceFile,LensMake SourceFile,LensModel SourceFile,LensSerialNumber' \
    index --fields SourceFile,Lens
expect_words 'flip flatten' run --pipeline fl
expect_words 'crop 16:9 | resize' run --pipeline 'crop 16:9 | res'
expect_words 'gray | resize 300x:fit=cover gray | resize 300x:fit=contain' run --pipeline 'gray | resize 300x:fit=co'
expect_words '' run --pipeline 'no-such-operation 3'
expect_words 'times mode' run --preserve ''
expect_words 'device-codec' stress --strategy dev
expect_words 'h v' profile --flip ''
expect_words '300x:fit=cover 300x:fit=contain' run --resize 300x:fit=co
expect_words '300x:fit=' run --resize 300x:fit
expect_words 'none truncated error warning' run --fail-on ''
expect_words '' run -o ''
expect_words '' run --quality ''
expect_words '' run --no-such-option ''
expect_words '' no-such-command ''
expect_words 'show html csv trace diff merge' report ''
expect_words 'merge' index m
expect_words 'exit-codes existing explain' help ex
expect_words 'bash zsh fish' completion ''
clproc completion
expect_code 2
expect_err 'bash, zsh or fish'
clproc completion tcsh
expect_code 2

# In shells the program is found by its name.
mkdir bin home
ln -s "$CLPROC" bin/clproc
PATH=$PWD/bin:$PATH
HOME=$PWD/home
export PATH HOME
# Called by its path, one shows its words.
cat >home/clproc <<END
#!/bin/sh
[ "\$1" != completion ] || exec "$CLPROC" "\$@"
echo "=[\$*]="
END
chmod +x home/clproc
echo picture >photo.jpg
have python3 || skip "python3 is not installed"
cat >lines <<'END'
clproc sel^
clproc run --existing rep^
clproc run photos/ --format=png^
clproc run photos/ --resize 300x:fit^cov^
clproc run --keep icc,copy^
clproc run pho^
clproc index --fields=ISO,LensMo^
clproc run --pipeline 'gray | resi^
~/clproc sel^
END
cat >expected <<'END'
selftest
run --existing replace
run photos/ --format=png
run photos/ --resize 300x:fit=cover
run --keep icc,copyright
run photo.jpg
index --fields=ISO,LensModel
run --pipeline gray | resize
selftest
END
expect_shell() { # SETUP SHELL ARGUMENT...
    python3 "$tests/type_and_tab.py" "$@" <lines >found || fail "$2"
    diff expected found >differences || fail "$2: $(cat differences)"
}
have bash || skip "there is no bash"
expect_shell 'eval "$(clproc completion bash)"' bash --norc -i
have zsh || skip "zsh is not installed"
expect_shell 'autoload -U compinit; compinit -u -D; eval "$(clproc completion zsh)"' zsh -f -i

have fish || skip "fish is not installed"
"$CLPROC" completion fish >clproc.fish
fish_words() {
    fish --no-config -c 'source clproc.fish; complete -C $argv' "$1" | cut -f 1 | tr '\n' ' '
}
[ "$(fish_words 'clproc run --format=pn')" = '--format=png --format=pnm ' ] || fail "fish: $(fish_words 'clproc run --format=pn')"
[ "$(fish_words 'clproc sel')" = 'selftest ' ] || fail "fish: $(fish_words 'clproc sel')"
[ "$(fish_words 'clproc run pho')" = 'photo.jpg ' ] || fail "fish: $(fish_words 'clproc run pho')"
[ "$(fish_words '~/clproc sel')" = 'selftest ' ] || fail "fish, by a path: $(fish_words '~/clproc sel')"
