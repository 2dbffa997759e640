#!/bin/sh
# What each kernel makes of a device's memory: GB/s, and the share of its own copy rate, from a run's JSON report.
#   bench/kernels.sh [CLPROC [DEVICE [PHOTOS [WIDTHxHEIGHT]]]]      defaults: build/clproc, gpu, 24, 6000x4000
set -eu
clproc=${1:-build/clproc} device=${2:-gpu} photos=${3:-24} size=${4:-6000x4000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$clproc" samples --kind photo --count "$photos" --width "${size%x*}" --height "${size#*x}" -o "$work/photos" --progress off

# Runs one pipeline twice: the first fills the caches of the driver.
pipeline() { # NAME OPERATIONS...
    name=$1
    shift
    for turn in 1 2; do
        "$clproc" run "$work/photos" --null-output --device "$device" --progress off --profile=trace \
            --report "$work/report.json" "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    done
    python3 - "$name" "$work/report.json" <<'END'
import json, sys
report = json.load(open(sys.argv[2]))
print(f"{sys.argv[1]}; copy rate {float(report['environment'].get('copy bytes/s', 0)) / 1e9:.0f} GB/s")
for row in report["derived"]["commands"]:
    if row["kind"] == "kernel":
        print(f"  {row['name']:32} {row['calls']:4} launches {row['total_ns'] / 1e6:9.3f} ms "
              f"{row['bytes_per_second'] / 1e9:8.1f} GB/s {100 * row['share_of_copy']:5.1f} % of copy "
              f"{row['operations_per_second'] / 1e9:8.1f} Gop/s")
END
}

pipeline "resize 1920x" --resize 1920x
pipeline "blur 2" --blur 2
pipeline "linear, resize, sharpen, saturation" --linear --resize 3000x --sharpen 1 --saturation 1.2
pipeline "resize, gamma" --resize 1920x --gamma 2
pipeline "resize, saturation" --resize 1920x --saturation 1.2
