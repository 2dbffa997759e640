#!/bin/sh
# The public header stands alone, in C and in C++, and the library shows nothing else.
set -eu
source_dir=${CLPROC_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
warnings='-Wall -Wextra -Wshadow -pedantic -Werror -fsyntax-only'

cat >"$scratch/alone.c" <<'END'
#include <clproc/clproc.h>
#include <clproc/clproc.h>
int main(void) {
    clproc_run_params params;
    clproc_run_params_init(&params);
    return params.quality == 85 ? 0 : 1;
}
END
cp "$scratch/alone.c" "$scratch/alone.cc"
${CC:-cc} -std=c11 $warnings -Wstrict-prototypes -I "$source_dir/include" "$scratch/alone.c"
if command -v "${CXX:-c++}" >/dev/null 2>&1; then
    ${CXX:-c++} -std=c++11 $warnings -I "$source_dir/include" "$scratch/alone.cc"
else
    echo "no C++ compiler: C++ not checked"
fi

library=$(find "${CLPROC_BUILD:?}" -maxdepth 1 -name 'libclproc.so' | head -n 1)
[ -n "$library" ] || { echo "FAILED: no library in $CLPROC_BUILD"; exit 1; }
nm -D --defined-only "$library" | awk '{ print $3 }' >"$scratch/symbols"
if grep -v '^clproc_' "$scratch/symbols" | grep -v -e '^_init$' -e '^_fini$'; then
    echo "FAILED: the library shows the symbols above"
    exit 1
fi
sed -n 's/^CLPROC_API.*\(clproc_[a-z_]*\)(.*/\1/p' "$source_dir/include/clproc/clproc.h" |
    while read -r name; do
        grep -q -x "$name" "$scratch/symbols" || { echo "FAILED: the library lacks $name"; exit 1; }
    done
