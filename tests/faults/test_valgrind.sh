#!/bin/sh
# Kernels on PoCL under Valgrind, which sees what the host's sanitizers cannot: reads and writes
# outside of buffers. Copied buffers, since each is a block of its own then. With VALGRIND=1 one
# pipeline, with FAULT_ALL=1 several.
#
# Valgrind's processor has fewer instructions than the machine's, so PoCL compiles for it, in minutes.
# Of several pipelines the results are kept in the build folder; for one that takes longer than it
# saves.
. "$(dirname "$0")/../cli/lib.sh"
[ -n "${FAULT_ALL-}${VALGRIND-}" ] || skip "VALGRIND is not set"
have valgrind || skip "Valgrind is not installed"
! ldd "$CLPROC" | grep -q -e libasan -e libtsan || skip "sanitizers and Valgrind exclude each other"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
POCL_CACHE_DIR=${CLPROC_BUILD:-$scratch}/valgrind-kernels
mkdir -p vendors "$POCL_CACHE_DIR"
cp /etc/OpenCL/vendors/pocl.icd vendors
export OCL_ICD_VENDORS="$PWD/vendors/" CLPROC_FORCE=discrete
[ -n "${FAULT_ALL-}" ] || export POCL_KERNEL_CACHE=0
"$CLPROC" samples --count 16 --width 17 --height 31 -o in 2>"$err" || fail "no pictures"

check() { # ARGUMENTS...
    command_line=" run -o out $*"
    code=0
    valgrind --log-file="$scratch/log" --error-limit=no "$CLPROC" run -o out --jobs 1 "$@" \
        >"$out" 2>"$err" || code=$?
    expect_code 0
    # PoCL, LLVM and the dynamic linker have errors of their own.
    found=$(grep -B 2 -A 8 -e _pocl_kernel_ -e ' at 0x[0-9A-F]*: clp_' "$scratch/log" | head -n 30)
    [ -z "$found" ] || fail "Valgrind says: $found"
    grep -q 'ERROR SUMMARY' "$scratch/log" || fail "Valgrind did not come to its end"
}

checked=1
check in/000* --resize 9x7:fit=fill
[ -z "${FAULT_ALL-}" ] || for pipeline in 'resize 9x7:fit=fill' 'rotate 90 | pad 50x40' \
    'saturation 1.4 | blur 1.2' 'gamma 1.4 | sharpen 1'; do
    check in --pipeline "$pipeline"
    checked=$((checked + 1))
done
echo "verify: T18 pipelines under Valgrind: tried $checked, survived $checked"
