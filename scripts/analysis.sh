#!/bin/sh
# Writes docs/analysis.md anew: `clproc analyse` on six made photos of 24 megapixels, with the commentary
# that stands there now. Takes about five minutes, on a machine that does nothing else; --help.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
case ${1:-} in
-h | --help)
    echo "Usage: scripts/analysis.sh [CLPROC]"
    echo "CLPROC: the program to run (default: build/clproc)"
    exit 0
    ;;
esac
clproc=${1:-$root/build/clproc}
page=$root/docs/analysis.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
"$clproc" samples --count 6 --width 6000 --height 4000 --kind photo -o "$scratch/photos"
load=$(cut -d ' ' -f 1 /proc/loadavg)
"$clproc" analyse "$scratch/photos" -o "$scratch"
{
    head -n 3 "$scratch/analysis.md"
    echo
    sed -n '/^<!-- commentary/,/^<!-- end/p' "$page"
    echo
    echo "Measured on $(nproc) cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
        "with a load of $load before."
    tail -n +4 "$scratch/analysis.md"
} >"$scratch/page.md"
cp "$scratch/page.md" "$page"
echo "$page"
