#!/bin/sh
# A look at a machine with a GPU: is it right there, and how fast beside what.
#   scripts/gpu-check.sh pack DIR [BUILD]   here: gathers programs, libraries and peers of BUILD (build) into DIR
#   DIR/gpu-check.sh run [fast|all] [OUT]   there: needs a driver and nothing else; in a checkout, what is in build
# `run` writes OUT/gpu-check.json and OUT/gpu-check.txt (OUT: gpu-check), `fast` in about two minutes with 16 cores:
# the rows of the 48 photos; `all` adds ten times as many, other work, the kernel tests and the device's own facts.
#   GPU_CHECK_DEVICE  what stands for the GPU (gpu); cpu tries the script where there is none
#   GPU_CHECK_TURNS   turns of each row (fast 3, all 5)
#   GPU_CHECK_PHOTOS  photos of each size (16)
#   GPU_CHECK_SIZES   sizes of photos, the largest last
#   GPU_CHECK_VIPS    pack: libvips to take, or no; without, what npm or the system has
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

say() {
    echo "gpu-check: $*" >&2
}

# ------------------------------------------------------------------------------ pack

# A program and the libraries it needs; not those of C and C++, which drivers there want as new as they are there.
gather() { # FILE
    cp "$1" "$dir/bin/"
    ldd "$1" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
        grep -Ev '/(ld-linux|libc|libm|libpthread|libdl|librt|libstdc\+\+|libgcc_s)[.-]' | while read -r library; do
        [ -e "$dir/lib/$(basename "$library")" ] || cp -L "$library" "$dir/lib/"
    done
}

# libvips driven from C: sharp's own build where npm can be reached, else the system's.
pack_vips() {
    [ "${GPU_CHECK_VIPS-}" != no ] || return 0
    scratch=$(mktemp -d)
    library=
    if [ -n "${GPU_CHECK_VIPS-}" ]; then
        library=$GPU_CHECK_VIPS
    elif command -v npm >/dev/null && (cd "$scratch" && npm pack @img/sharp-libvips-linux-x64 && tar xzf ./*.tgz) \
        >/dev/null 2>&1; then
        library=$(ls "$scratch"/package/lib/libvips-cpp.so.* 2>/dev/null | head -n 1)
    elif command -v ldconfig >/dev/null; then
        library=$(ldconfig -p | awk '/libvips\.so/ { print $NF; exit }')
    fi
    if [ -n "$library" ] && cc -O2 "$here/../bench/peer_vips.c" -o "$scratch/peer_vips" "$library" \
        -Wl,--allow-shlib-undefined -lpthread; then
        LD_LIBRARY_PATH=$(dirname "$library") gather "$scratch/peer_vips"
        cp -L "$library" "$dir/lib/"
    else
        say "no libvips to pack: its rows stay open"
    fi
    rm -rf "$scratch"
}

pack() { # DIR [BUILD]
    dir=$1 build=${2:-$here/../build}
    [ -x "$build/clproc" ] || { say "no program in $build: build it first"; exit 1; }
    # Only what this script has made is made anew.
    if [ -e "$dir" ] && [ ! -e "$dir/.packed" ] && [ -n "$(ls -A "$dir")" ]; then
        say "$dir is there and is no pack: name a new folder"
        exit 1
    fi
    rm -rf "$dir"
    mkdir -p "$dir/bin" "$dir/lib" "$dir/tests"
    : >"$dir/.packed"
    for program in "$build/clproc" "$build/bench/clproc-floor" "$build/bench/clproc-measure" \
        "$build/bench/clproc-device-facts"; do
        gather "$program"
    done
    for test in kernels_ops kernels_features pipeline_stream pipeline_run pipeline_verify pipeline_selftest; do
        [ ! -x "$build/tests/test_$test" ] || { gather "$build/tests/test_$test" && mv "$dir/bin/test_$test" "$dir/tests/"; }
    done
    pack_vips
    cp "$0" "$dir/gpu-check.sh"
    cp "$here/../bench/peer_torch.py" "$dir/bin/"
    (cd "$here/.." && git describe --always --dirty 2>/dev/null || echo unknown) >"$dir/commit"
    say "$dir holds $(du -sm "$dir" | cut -f1) MiB; there: sh $(basename "$dir")/gpu-check.sh run"
}

# ------------------------------------------------------------------------------- run

# Puts the programs in reach, and the loader in reach of every driver that the machine has.
activate() {
    if [ -d "$here/bin" ]; then
        PATH=$here/bin:$PATH tests=$here/tests commit=$(cat "$here/commit")
        mkdir -p "$work/vendors"
        cp /etc/OpenCL/vendors/*.icd "$work/vendors/" 2>/dev/null || true
        # A container may have NVIDIA's driver without saying so to the loader.
        driver=$(find /usr/local/nvidia /usr/lib /usr/lib64 /usr/local/cuda /opt -name 'libnvidia-opencl.so*' \
            2>/dev/null | sort | head -n 1)
        if [ -n "$driver" ] && ! grep -qs nvidia "$work"/vendors/*.icd; then
            echo "$driver" >"$work/vendors/nvidia.icd"
        fi
        LD_LIBRARY_PATH=$here/lib${driver:+:$(dirname "$driver")}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        OCL_ICD_VENDORS=$work/vendors/
        export OCL_ICD_VENDORS LD_LIBRARY_PATH
    else
        build=$(cd "$here/../build" && pwd)
        PATH=$build:$build/bench:$here/../bench:$PATH tests=$build/tests
        commit=$(cd "$here/.." && git describe --always --dirty 2>/dev/null || echo unknown)
    fi
    export PATH
}

# Runs what later steps need.
quietly() { # COMMAND...
    "$@" >>"$out/log" 2>&1 || { say "failed: $*; see $out/log"; exit 1; }
}

# One turn of a row: name, wall, processor (ms), most resident memory (KiB), status.
turn() { # ROW COMMAND...
    row=$1
    shift
    rm -rf "$work/out"
    mkdir "$work/out"
    measured=$(clproc-measure "$out/log" "$@") || measured='0 0 0 1'
    printf '%s\t%s\n' "$row" "$(echo "$measured" | tr ' ' '\t')" >>"$rows"
}

# Every later contender, too, has its turn before any has its next: what the machine does meanwhile, it does to all.
turns() { # FUNCTION
    for _ in $(seq "$count"); do
        "$1"
    done
}

floor() { # ROW PIPELINE FILE...
    row=$1 pipeline=$2
    shift 2
    rm -rf "$work/out"
    # The clock of the floor does not count its start, nor the decoding of the results it encodes.
    measured=$(clproc-floor --results "$work/results" -o "$work/out" --pipeline "$pipeline" --quality 85 --jobs "$cores" "$@" \
        2>>"$out/log" | sed -n 's/.*"seconds": \([0-9.]*\), "cpu": \([0-9.]*\).*/\1 \2/p')
    # It says nothing if it fails.
    echo "$measured" |
        awk -v row="$row" '{ printf "%s\t%.1f\t%.1f\t0\t%d\n", row, 1000 * $1, 1000 * $2, NF != 2 }' >>"$rows"
}

results() { # INPUT PIPELINE...: what a floor encodes
    input=$1
    shift
    rm -rf "$work/results"
    clproc run "$input" -o "$work/results" --quality 85 --progress off --device "$gpu" "$@" >>"$out/log" 2>&1 ||
        say "no results for the floor: exit $?; see $out/log"
}

resize() { # ROW FOLDER DEVICE WIDTH
    turn "$1" clproc run "$work/$2" -o "$work/out" --quality 85 --progress off --resize "$4x" --device "$3"
}

vips() { # ROW MODE VALUE FOLDER
    ! command -v peer_vips >/dev/null || turn "$1" peer_vips "$2" "$3" "$cores" "$work/out" "$work/$4"/*
}

device_of() { # LABEL
    if [ "$1" = gpu ]; then echo "$gpu"; else echo "$1"; fi
}

to_1920() { # ROW FOLDER
    resize "$1 gpu" "$2" "$gpu" 1920
    resize "$1 auto" "$2" auto 1920
    [ -z "$cpu" ] || resize "$1 cpu" "$2" cpu 1920
    floor "$1 floor" 'resize 1920x' "$work/$2"/*
    vips "$1 libvips" resize 1920 "$2"
}

w1() {
    to_1920 W1 photos
}

one() {
    for label in gpu auto ${cpu:+cpu}; do
        turn "one small photo $label" clproc run "$work/one.jpg" -o "$work/out" --resize 320x --progress off \
            --device "$(device_of $label)"
    done
    rm -rf "$work/empty"
    mkdir "$work/empty"
    turn 'one small photo, all caches empty' env POCL_CACHE_DIR="$work/empty/pocl" XDG_CACHE_HOME="$work/empty" \
        CUDA_CACHE_PATH="$work/empty/cuda" clproc run "$work/one.jpg" -o "$work/out" --resize 320x --progress off
}

w1x10() {
    to_1920 W1x10 many
}

thumbnails() {
    for label in gpu auto ${cpu:+cpu}; do
        resize "thumbnails $label" small "$(device_of $label)" 320
    done
    vips 'thumbnails libvips' thumbnail 320 small
}

operations() { # ROW DEVICE OPERATION...
    row=$1 device=$2
    shift 2
    turn "$row" clproc run "$work/large" -o "$work/out" --quality 85 --progress off --device "$device" "$@"
}

blurs() {
    for label in gpu auto ${cpu:+cpu}; do
        device=$(device_of $label)
        operations "blur 2 $label" "$device" --blur 2
        operations "blur 30 $label" "$device" --blur 30
        operations "linear resize, sharpen, saturation $label" "$device" --linear --resize 3000x --sharpen 1 --saturation 1.2
    done
    vips 'blur 2 libvips' blur 2 large
}

curves() {
    operations 'resize 1200 cpu' cpu --resize 1200x
    operations 'resize 1200, gamma cpu' cpu --resize 1200x --gamma 1.2
    operations 'resize 1200, contrast cpu' cpu --resize 1200x --contrast 1.2
}

make_photos() {
    say "photos"
    for size in ${GPU_CHECK_SIZES:-3000x2000 4000x3000 6000x4000}; do
        quietly clproc samples --kind photo --count "$photos" --width "${size%x*}" --height "${size#*x}" --seed 1 \
            -o "$work/base-$size" --progress off
        # More contrast and little quantisation: the detail of a real photo, and its bytes.
        quietly clproc run "$work/base-$size" -o "$work/photos/$size-{name}.{ext}" --contrast 1.3 --quality 97 --progress off
    done
    mv "$work/base-$size" "$work/large"
    quietly clproc samples --kind photo --count 1 --width 1280 --height 960 --seed 3 -o "$work/first" --progress off
    mv "$work"/first/*.jpg "$work/one.jpg"
    [ "$what" = all ] || return 0
    quietly clproc samples --kind photo --count $((25 * photos)) --width 1280 --height 960 --seed 3 -o "$work/small" \
        --progress off
    mkdir "$work/many"
    for number in 0 1 2 3 4 5 6 7 8 9; do
        for file in "$work"/photos/*; do
            ln "$file" "$work/many/$number-$(basename "$file")"
        done
    done
}

# Rates of the kernels of one run, by its report: "kernel name, share of the device's copy rate, GB/s, ms".
rates() { # NAME FOLDER OPERATION...
    name=$1 folder=$2
    shift 2
    rm -rf "$work/out"
    clproc run "$work/$folder" -o "$work/out" --progress off --device "$gpu" "$@" --profile=summary \
        --report "$out/$name.json" --report "$out/$name.csv" >>"$out/log" 2>&1 || say "$name failed; see $out/log"
    awk -F, -v name="$name" '$1 == "kernel" { printf "%s\t%s\t%s\t%s\t%s\n", name, $2, $16, $15, $4 }' "$out/$name.csv" \
        >>"$kernels" || true
}

# The same bytes on GPU and CPU; without a CPU device against the reference on fewer pictures. What a device did not
# write differs.
identity() {
    other=${cpu:-reference} pictures=$([ -n "$cpu" ] && echo 64 || echo 8)
    quietly clproc samples --kind mixed --count "$pictures" --width 1100 --height 830 --seed 5 -o "$work/mixed" --progress off
    while read -r operations; do
        rm -rf "$work/same"
        for number in 1 2; do
            device=$([ $number = 1 ] && echo "$gpu" || echo "$other")
            mkdir -p "$work/same/$number"
            # shellcheck disable=SC2086
            clproc run "$work/mixed" -o "$work/same/$number" --progress off --device "$device" $operations >>"$out/log" 2>&1 ||
                say "$operations on $device: exit $?"
        done
        identical=$(LC_ALL=C diff -rqs "$work/same/1" "$work/same/2" | grep -c ' are identical$') || true
        printf '%s\t%s\t%s\t%s\n' "$operations" "$pictures" $((pictures - identical)) "$other" >>"$same"
    done <<'END'
--resize 700x --blur 1.5
--blur 30 --format png
--gray --resize 333x --sharpen 1 --format png
--rotate 90 --crop 200x200 --brightness 1.2
--colour hsv --format png
--resize 200% --pad 900x900 --quality 95
--gamma 1.3 --resize 60% --contrast 1.2 --format png
END
}

run_tests() {
    printf 'selftest\t' >>"$tested"
    code=0
    timeout 120 clproc selftest >"$out/selftest.txt" 2>&1 || code=$?
    printf '%s\t%s\n' "$code" "$(tail -n 1 "$out/selftest.txt")" >>"$tested"
    for test in "$tests"/test_kernels_ops "$tests"/test_kernels_features "$tests"/test_pipeline_*; do
        [ -f "$test" ] && [ -x "$test" ] || continue
        name=$(basename "$test") code=0
        timeout 120 "$test" >"$out/$name.txt" 2>&1 || code=$?
        printf '%s\t%s\t%s passed, %s skipped, %s failed\n' "$name" "$code" \
            "$(grep -c '^\[ *OK' "$out/$name.txt")" "$(grep -c '^skipped: ' "$out/$name.txt")" \
            "$(grep -c '^\[  FAILED  \] [a-z_]*$' "$out/$name.txt")" >>"$tested"
    done
}

machine() {
    printf 'commit\t%s\n' "$commit"
    printf 'date\t%s\n' "$(date -u +%Y-%m-%dT%H:%MZ)"
    printf 'cores\t%s\n' "$cores"
    printf 'processor\t%s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    clproc devices --json | sed -n 's/.*"name": "\([^"]*\)", "type": "\([^"]*\)", "platform": "\([^"]*\)".*"driver": "\([^"]*\)".*/\2\t\1 (\3, \4)/p' |
        grep -v '^reference'
    printf 'standing for the gpu\t%s\n' "$gpu"
    printf 'kind of run\t%s, %s turns, %s photos\n' "$what" "$count" \
        "$(find "$work/photos" -type f | wc -l)"
}

# has DEVICE: true if clproc can use one.
has() {
    clproc devices --json | grep -q "\"type\": \"$1\".*\"usable\": true"
}

run() { # [fast|all] [OUT]
    what=${1:-fast} out=${2:-gpu-check}
    case $what in fast | all) ;; *) say "run takes fast or all"; exit 2 ;; esac
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    rows=$out/rows.tsv kernels=$out/kernels.tsv same=$out/identity.tsv tested=$out/tests.tsv facts=$out/facts.tsv
    for file in "$rows" "$kernels" "$same" "$tested" "$facts" "$out/machine.tsv" "$out/log"; do
        : >"$file"
    done
    driver=
    activate
    gpu=${GPU_CHECK_DEVICE:-gpu} cores=$(nproc) photos=${GPU_CHECK_PHOTOS:-16}
    count=${GPU_CHECK_TURNS:-$([ "$what" = all ] && echo 5 || echo 3)}
    cpu=
    ! has cpu || cpu=cpu
    POCL_CACHE_DIR=${POCL_CACHE_DIR:-$work/pocl}
    export POCL_CACHE_DIR
    mkdir -p "$POCL_CACHE_DIR"
    has "$gpu" || { say "no device of type $gpu here:"; clproc devices >&2; exit 3; }
    [ -n "$cpu" ] || say "no CPU device here: its rows stay open"
    make_photos
    machine >"$out/machine.tsv"
    say "W1: photos to 1920 wide"
    results "$work/photos" --resize 1920x
    # One turn that does not count: kernels are compiled in it, and files come from the page cache after it.
    rows=/dev/null
    w1
    rows=$out/rows.tsv
    turns w1
    turns one
    rates w1 photos --resize 1920x
    rates colour photos --resize 1920x --saturation 1.2
    [ -z "$cpu" ] || turns curves
    say "the same bytes"
    identity
    report
    if [ "$what" = all ]; then
        say "other work"
        turns thumbnails
        turns blurs
        rates blur large --blur 2
        say "W1x10"
        results "$work/many" --resize 1920x
        turns w1x10
        if command -v python3 >/dev/null; then
            mkdir -p "$work/torch"
            timeout 120 python3 "$(command -v peer_torch.py || echo "$here/../bench/peer_torch.py")" "$work/photos" "$work/torch" 1920 2>>"$out/log" |
                sed -n 's/^\(nvJPEG.*\): \([0-9.]*\)$/W1 \1\t\2\t0\t0\t0/p' >>"$rows" || true
        fi
        report
        say "tests and facts"
        clproc-device-facts "$gpu" >"$facts" 2>>"$out/log" || true
        run_tests
    fi
    report
    cat "$out/gpu-check.txt"
}

# The table and the JSON, from what has been measured so far.
report() {
    awk -v out="$out" -F '\t' -f - "$out/machine.tsv" "$rows" "$kernels" "$same" "$tested" "$facts" <<'END'
function escaped(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

# The middle of a row's turns.
function median(list, n,    i, j, t, v) {
    n = split(list, v, " ")
    for (i = 2; i <= n; i++) {
        t = v[i] + 0
        for (j = i - 1; j > 0 && v[j] + 0 > t; j--) {
            v[j + 1] = v[j]
        }
        v[j + 1] = t
    }
    return n == 0 ? "" : n % 2 ? v[(n + 1) / 2] + 0 : (v[n / 2] + v[n / 2 + 1]) / 2
}

function listed(list) {
    sub(/^ /, "", list)
    gsub(/ /, ", ", list)
    return "[" list "]"
}

# One thing to be reached; "" for what was not measured.
function must(name, value, unit, wanted, most,    met) {
    met = value == "" ? "null" : (most ? value <= wanted : value >= wanted) ? "true" : "false"
    musts = musts (musts ? ",\n" : "") sprintf("    {\"name\": %s, \"value\": %s, \"unit\": \"%s\", \"wanted\": \"%s %s\", \"met\": %s}", \
        escaped(name), value == "" ? "null" : sprintf("%.3f", value), unit, most ? "<=" : ">=", wanted, met)
    table = table sprintf("  %-62s %10s %-8s wanted %s %-6s %s\n", name, value == "" ? "open" : sprintf("%.2f", value), unit, \
        most ? "<=" : ">=", wanted, met == "true" ? "yes" : met == "false" ? "NO" : "")
}

function time_of(name) {
    return name in wall_of ? wall_of[name] : ""
}

function ratio_in(times, a, b) {
    return (a in times) && (b in times) && times[b] > 0 ? times[a] / times[b] : ""
}

function ratio(a, b) {
    return ratio_in(wall_of, a, b)
}

function least(a, b) {
    return a == "" ? b : b == "" ? a : a < b ? a : b
}

# Automatic choice against the better of both.
function choice(work,    better) {
    better = least(time_of(work " gpu"), time_of(work " cpu"))
    return (work " auto" in wall_of) && better > 0 ? wall_of[work " auto"] / better : ""
}

FNR == 1 { file++; while (file < 7 && FILENAME != ARGV[file]) file++ }
FILENAME == ARGV[1] { machine[++machines] = $1; value[machines] = $2; next }
FILENAME == ARGV[2] {
    name = $1
    if (!(name in wall)) order[++ordered] = name
    wall[name] = wall[name] " " $2
    processor[name] = processor[name] " " $3
    resident[name] = $4 > resident[name] ? $4 + 0 : resident[name] + 0
    failed[name] += $5 != 0
    next
}
FILENAME == ARGV[3] {
    kernel_rows = kernel_rows (kernel_rows ? ",\n" : "") sprintf("    {\"run\": %s, \"kernel\": %s, \"copy_percent\": %.2f, \"gb_per_s\": %.2f, \"ms\": %.3f}", \
        escaped($1), escaped($2), $3, $4, $5)
    kernel_table = kernel_table sprintf("  %-10s %-32s %7.1f %% of the copy rate %10.1f GB/s %10.2f ms\n", $1, $2, $3, $4, $5)
    if ($1 == "w1" && $2 ~ /^filter/ && $3 > 0) { filters = least(filters, $3 + 0) }
    if ($1 == "colour" && $2 ~ /^colour/ && $3 > 0) { colours = least(colours, $3 + 0) }
    next
}
FILENAME == ARGV[4] {
    outputs += $2; differing += $3
    same_rows = same_rows (same_rows ? ",\n" : "") sprintf("    {\"operations\": %s, \"outputs\": %d, \"differing\": %d, \"against\": %s}", escaped($1), $2, $3, escaped($4))
    same_table = same_table sprintf("  %-62s %d of %d differ from %s\n", $1, $3, $2, $4)
    next
}
FILENAME == ARGV[5] {
    test_rows = test_rows (test_rows ? ",\n" : "") sprintf("    {\"test\": %s, \"exit\": %d, \"told\": %s}", escaped($1), $2, escaped($3))
    test_table = test_table sprintf("  %-30s exit %d  %s\n", $1, $2, $3)
    next
}
FILENAME == ARGV[6] {
    fact_rows = fact_rows (fact_rows ? ",\n" : "") sprintf("    {\"fact\": %s, \"value\": %s, \"unit\": %s}", escaped($1), $3 == "" ? escaped($2) : $2, escaped($3))
    fact_table = fact_table sprintf("  %-62s %s %s\n", $1, $2, $3)
}
END {
    json = out "/gpu-check.json"
    text = out "/gpu-check.txt"
    for (i = 1; i <= ordered; i++) {
        name = order[i]
        # A row with a turn that failed has no time.
        if (!failed[name]) { wall_of[name] = median(wall[name]); processor_of[name] = median(processor[name]) }
        row_table = row_table sprintf("  %-46s %9s ms %9s ms of processor %8.0f MiB%s\n", name, \
            failed[name] ? "failed" : sprintf("%.0f", wall_of[name]), failed[name] ? "" : sprintf("%.0f", processor_of[name]), resident[name] / 1024, "")
        row_rows = row_rows (row_rows ? ",\n" : "") sprintf("    {\"row\": %s, \"wall_ms\": %s, \"cpu_ms\": %s, \"resident_kib\": %d, \"failed\": %d}", \
            escaped(name), listed(wall[name]), listed(processor[name]), resident[name], failed[name])
    }
    must("W1x10, gpu: x the codec floor", ratio("W1x10 gpu", "W1x10 floor"), "x", 1.1, 1)
    must("W1, gpu: beyond the codec floor", ("W1 gpu" in wall_of) && ("W1 floor" in wall_of) ? (wall_of["W1 gpu"] - wall_of["W1 floor"]) / 1000 : "", "s", 0.35, 1)
    must("W1, auto: x the codec floor", ratio("W1 auto", "W1 floor"), "x", 1.35, 1)
    must("W1, auto: x the better of gpu and cpu", choice("W1"), "x", 1.05, 1)
    must("W1x10, auto: x the better of gpu and cpu", choice("W1x10"), "x", 1.05, 1)
    must("thumbnails, auto: x the better of gpu and cpu", choice("thumbnails"), "x", 1.05, 1)
    must("blur 2, auto: x the better of gpu and cpu", choice("blur 2"), "x", 1.05, 1)
    must("one small photo, auto: x the better of gpu and cpu", choice("one small photo"), "x", 1.05, 1)
    must("W1, cpu: x the codec floor", ratio("W1 cpu", "W1 floor"), "x", 1.35, 1)
    must("thumbnails, gpu: x the cpu device", ratio("thumbnails gpu", "thumbnails cpu"), "x", 1, 1)
    must("blur 2 at full size, gpu: x libvips", ratio("blur 2 gpu", "blur 2 libvips"), "x", 1, 1)
    must("W1, gpu: x libvips", ratio("W1 gpu", "W1 libvips"), "x", 1, 1)
    must("filter passes of W1, the slowest: share of the copy rate", filters, "%", 40, 0)
    must("colour passes, the slowest: share of the copy rate", colours, "%", 40, 0)
    must("most resident memory, W1, gpu", ("W1 gpu" in wall_of) ? resident["W1 gpu"] / 1e6 * 1.024 : "", "GB", 0.6, 1)
    must("resize and gamma, cpu: x the processor time of the resize", ratio_in(processor_of, "resize 1200, gamma cpu", "resize 1200 cpu"), "x", 1.2, 1)
    must("resize and contrast, cpu: x the processor time of the resize", ratio_in(processor_of, "resize 1200, contrast cpu", "resize 1200 cpu"), "x", 1.2, 1)
    must("one small photo, all caches empty", ("one small photo, all caches empty" in wall_of) ? wall_of["one small photo, all caches empty"] / 1000 : "", "s", 2, 1)
    must("outputs that differ between devices", outputs > 0 ? differing : "", "", 0, 1)
    printf "" >text
    for (i = 1; i <= machines; i++) {
        printf "%-22s %s\n", machine[i], value[i] >>text
        machine_rows = machine_rows (machine_rows ? ",\n" : "") sprintf("    [%s, %s]", escaped(machine[i]), escaped(value[i]))
    }
    printf "\nTo be reached (medians of one run; open: not measured here)\n%s", table >>text
    printf "\nRows: wall clock, processor time, most resident memory\n%s", row_table >>text
    printf "\nKernels\n%s\nThe same bytes\n%s", kernel_table, same_table >>text
    if (test_table) printf "\nTests\n%s", test_table >>text
    if (fact_table) printf "\nThe device\n%s", fact_table >>text
    printf "{\n  \"format\": \"clproc-gpu-check/1\",\n  \"machine\": [\n%s\n  ],\n  \"must\": [\n%s\n  ],\n  \"rows\": [\n%s\n  ],\n  \"kernels\": [\n%s\n  ],\n  \"identity\": [\n%s\n  ],\n  \"tests\": [\n%s\n  ],\n  \"facts\": [\n%s\n  ]\n}\n", \
        machine_rows, musts, row_rows, kernel_rows, same_rows, test_rows, fact_rows >json
}
END
}

case ${1-} in
pack)
    [ $# -ge 2 ] || { say "pack needs a folder"; exit 2; }
    shift
    pack "$@"
    ;;
run)
    shift
    run "$@"
    ;;
*)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2
    exit 2
    ;;
esac
