#!/bin/sh
# Every command, operation and option explains itself.
. "$(dirname "$0")/lib.sh"

clproc
expect_code 2
expect_err 'clproc run '
[ "$(grep -c '^  clproc ' "$err")" -eq 3 ] || fail "three examples were expected"

clproc --version
expect_code 0
version=$(sed -n 's/^#define CLPROC_VERSION "\(.*\)"/\1/p' "$source_dir/include/clproc/clproc.h")
expect_out "^clproc $version\$"

clproc help
expect_code 0
for command in run profile devices selftest report help version; do
    grep -q "^  $command " "$out" || fail "help should list $command"
done
sed -n '/^Operations/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$out" >"$scratch/ops"
for op in resize crop pad blur box-blur gray rotate flip flatten brightness contrast saturation \
    matrix; do
    grep -q -x -e "$op" "$scratch/ops" || fail "help should list the operation $op"
done

for command in run profile devices selftest report help; do
    clproc help "$command"
    expect_code 0
    expect_out "^Usage: clproc $command"
    cp "$out" "$scratch/help"
    clproc "$command" --help
    expect_code 0
    expect_same "$out" "$scratch/help"
done

# The options of every day first, all of them on demand.
clproc help run
daily=$(grep -c '^  \(-., \)\{0,1\}--' "$out")
[ "$daily" -lt 35 ] || fail "help run should show few options, not $daily"
expect_out 'clproc help run --all'
clproc help run --all
cp "$out" "$scratch/run"
[ "$(grep -c '^  \(-., \)\{0,1\}--' "$out")" -gt $((daily + 20)) ] || fail "--all should show more"
while read -r op; do
    grep -q -e "^  --$op\b" "$scratch/run" || fail "help run should show --$op"
    clproc help "$op"
    expect_code 0
    expect_out "^Usage: --$op"
done <"$scratch/ops"

sed -n 's/^  \(-., \)\{0,1\}--\([a-z-]*\).*/\2/p' "$scratch/run" >"$scratch/options"
[ "$(wc -l <"$scratch/options")" -gt 30 ] || fail "help run should show every option"
grep -v -x -e report -e profile "$scratch/options" | while read -r option; do # commands, too
    clproc help "$option"
    expect_code 0
    expect_out "--$option"
done || exit 1

# What the contract promises by default.
for fallback in 'quality 1-100 .*default: 85' 'png-level 0-9 .*default: 6' 'pixels N .*default: 200M' \
    'side N .*default: 65500'; do
    grep -q -e "$fallback" "$scratch/run" || fail "help run should tell: $fallback"
done

clproc help --quality
expect_out '^ *--quality 1-100'
# What an operation computes, exactly.
for told in 'sharpen luma' 'colour L x 2.55, a . 128, b . 128' 'colour hue x 255/360' 'gray 0.299 R' 'levels 1/gamma'; do
    clproc help "${told%% *}"
    tr '\n' ' ' <"$out" | grep -q -e "${told#* }" || fail "help ${told%% *} should tell ${told#* }"
done
clproc help icc
expect_out 'CMYK'

# Topics; letters; words of other programs; choices of an option; options of several commands.
while read -r topic told; do
    clproc help "$topic"
    expect_code 0
    expect_out "$told"
done <<'END'
sizes ^  800x600!
metadata gain maps
formats Apple
environment POCL_CACHE_DIR
files .clproc-journal
exit-codes ^  128+n
synonyms --greyscale  *--gray
o ^run, profile:$
q --quiet
gps --strip
greyscale BT.601
profile ^  --profile\[=
report ^  --report FILE
strategy ,stream,
END
clproc help o
expect_out '^report:$'
cp "$out" "$scratch/letter"
clproc help -o
expect_code 0
expect_same "$out" "$scratch/letter"
for none in - --; do # not of a topic without a name
    clproc help "$none"
    [ "$code" -eq 0 ] || expect_err "no help on $none;"
done
clproc help -r # a word that stands for nothing
expect_code 0
expect_out 'done anyway'
# Of two meanings each says whose it is; one that the page has is told once.
clproc help width
expect_out '^samples:$'
expect_out '^run, profile, analyse: see --resize'
clproc help help
[ "$(grep -c -e '--help' "$out")" -eq 1 ] || fail "an option is told of twice"

clproc help resise
expect_refusal 2 'did you mean resize?'
clproc help run resize
expect_refusal 2 'one topic'

# The manual page names all of it.
clproc help --man
expect_code 0
expect_out '^\.TH CLPROC 1 '
sed 's/\\-/-/g' "$out" >"$scratch/man"
sed 's/^/--/' "$scratch/ops" "$scratch/options" | while read -r option; do
    grep -q -e "$option\b" "$scratch/man" || fail "the manual page lacks $option"
done || exit 1
for words in 'run, profile, stress, analyse: threads that decode' 'index: threads that read' \
    'samples: the folder to write to'; do # options of one name: whose each is
    grep -q -e "^$words" "$scratch/man" || fail "the manual page should tell: $words"
done
for section in NAME SYNOPSIS DESCRIPTION COMMANDS EXAMPLES FILES ENVIRONMENT 'EXIT STATUS'; do
    grep -q -x -e "\.SH $section" "$out" || fail "the manual page lacks $section"
done
if have man && have groff; then
    complaints=$(man --warnings=w -E UTF-8 -l -Tutf8 "$out" 2>&1 >/dev/null)
    [ -z "$complaints" ] || fail "the manual page is no good troff: $complaints"
fi
