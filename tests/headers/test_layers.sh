#!/bin/sh
# No folder of src/ includes upward, only src/device sees OpenCL, and src/cli only the public
# header.
set -eu
source_dir=${CLPROC_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What each folder may include besides itself and the public header; docs/architecture.md says why.
below() {
    case $1 in
    core) ;;
    prof | codec | meta | plan | features) echo core ;;
    ops) echo plan core ;;
    report) echo prof core ;;
    device) echo plan prof core ;;
    samples) echo codec meta core ;;
    selftest) echo device ops plan prof meta core ;;
    batch) echo report device ops plan features codec meta prof core ;;
    index) echo batch features model codec meta core ;;
    stress) echo batch samples report device ops plan features codec meta prof core ;;
    model) echo core ;;
    cli) ;;
    *) echo "unknown-folder" ;;
    esac
}

# Prints every include of the tree $1 that breaks a rule.
violations() {
    for path in "$1"/src/*/; do
        folder=$(basename "$path")
        allowed=" $folder $(below "$folder") "
        [ "$allowed" != " $folder unknown-folder " ] || echo "$folder: not in the table of layers"
        grep -rno '^ *# *include *["<][^">]*[">]' "$path" |
            sed 's/^\([^:]*:[0-9]*\):.*["<]\([^">]*\)[">]/\1 \2/' |
            while read -r place header; do
                case $header in
                clproc/clproc.h) continue ;;
                CL/*)
                    [ "$folder" = device ] || echo "$place includes $header"
                    continue
                    ;;
                *.clh) # what host and kernels share
                    [ "$folder" = device ] || [ "$folder" = core ] ||
                        echo "$place includes $header"
                    continue
                    ;;
                .*) echo "$place includes $header" ;;
                esac
                # The first part of the path, if that is a folder of src/.
                layer=${header%%/*}
                [ "$layer" != "$header" ] && [ -d "$1/src/$layer" ] || continue
                case $allowed in
                *" $layer "*) ;;
                *) echo "$place includes $header" ;;
                esac
            done
    done
}

# The check itself must see what it is there for.
mkdir -p "$scratch/src/core" "$scratch/src/plan" "$scratch/src/codec" "$scratch/src/cli" \
    "$scratch/src/device"
echo '#include "plan/plan.h"' >"$scratch/src/core/a.c"
echo '#include "codec/codec.h"' >"$scratch/src/plan/a.h"
echo '#include <CL/cl.h>' >"$scratch/src/codec/a.c"
echo '#include "core/error.h"' >"$scratch/src/cli/a.c"
echo '#include <CL/cl.h>' >"$scratch/src/device/a.c"
echo '#include "core/error.h"' >"$scratch/src/device/b.c"
seen=$(violations "$scratch" | wc -l)
[ "$seen" -eq 4 ] || { echo "FAILED: the check saw $seen of 4 planted violations"; exit 1; }

violations "$source_dir" >"$scratch/found"
if [ -s "$scratch/found" ]; then
    cat "$scratch/found"
    echo "FAILED: the includes above reach where they may not"
    exit 1
fi

# The reference is the planner's oracle, so it may know terms and layouts, and nothing of planning.
if grep -n -e 'plan/segment.h' -e 'plan/lower.h' -e 'plan/bands.h' "$source_dir"/src/device/reference*; then
    echo "FAILED: the reference device uses what it is there to check"
    exit 1
fi
