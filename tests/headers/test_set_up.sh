#!/bin/sh
# The README's two commands work in their own tree, whatever the shell that calls them has set. Nothing is built here.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree="$scratch/a trée"
mkdir -p "$tree/scripts" "$scratch/elsewhere/scripts"
cp "${CLPROC_SOURCE:?}/scripts/demo.sh" "$CLPROC_SOURCE/scripts/test.sh" "$tree/scripts/"
printf '#!/bin/sh\npwd -P >>"%s/seen"\nexit 3\n' "$scratch" >"$tree/scripts/setup.sh"
chmod +x "$tree/scripts/setup.sh"
cd "$tree" || exit 1
# Folders in which a shell's cd looks first.
CDPATH=$scratch/elsewhere
export CDPATH
for command in scripts/demo.sh scripts/test.sh "$tree/scripts/demo.sh"; do
    : >"$scratch/seen"
    sh "$command" >"$scratch/log" 2>&1
    code=$?
    if [ $code -ne 3 ] || [ "$(cat "$scratch/seen")" != "$(pwd -P)" ]; then
        echo "FAILED: $command ends with $code, in $(cat "$scratch/seen"): $(cat "$scratch/log")"
        exit 1
    fi
done
