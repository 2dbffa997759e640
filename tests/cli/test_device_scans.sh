#!/bin/sh
# Scans that are larger than the memory they travel through, there and back, with times of every kernel: the
# same bytes as from libjpeg.
. "$(dirname "$0")/lib.sh"
[ -e /etc/OpenCL/vendors/pocl.icd ] || skip "PoCL is not installed"
"$CLPROC" samples --kind photo --count 1 --width 3200 --height 2400 -o made || fail "no pictures"
clproc run made/*.jpg -o large.jpg --blur 0.3 --quality 100 --subsampling 444
expect_code 0
[ "$(wc -c <large.jpg)" -gt 3145728 ] || fail "no large scan: $(wc -c <large.jpg)"
clproc run large.jpg -o expected.jpg --resize 95% --quality 99 --device cpu
expect_code 0
[ "$(wc -c <expected.jpg)" -gt 1048576 ] || fail "no large scan: $(wc -c <expected.jpg)"
clproc run large.jpg -o expected.ppm --resize 25% --device cpu
expect_code 0
CLPROC_FORCE=device-codec
export CLPROC_FORCE
# Without overlap it is not decoded before the device is there.
clproc run large.jpg -o found.jpg --resize 95% --quality 99 --device cpu --strategy=-overlap --profile=trace \
    --report run.json
expect_code 0
grep -q '"decoded on a device":1,"encoded on a device":1' run.json || fail "not on the device: $(grep '"counters"' run.json)"
grep -q '"jpeg_encode_join"' run.json || fail "no times of kernels"
grep -q '"builds":\[.*"name":"JPEG codec"' run.json || fail "not told among what was built"
cmp expected.jpg found.jpg || fail "other bytes than libjpeg's"

# What the kernels say of a scan comes back beside results that are samples.
CLPROC_FORCE='discrete device-codec'
clproc run large.jpg -o found.ppm --resize 25% --device cpu --strategy=-overlap --report run.json
expect_code 0
grep -q '"decoded on a device":1,.*"given back to libjpeg":0' run.json || fail "given back: $(grep '"counters"' run.json)"
cmp expected.ppm found.ppm || fail "other samples than libjpeg's"

# What has more blocks than the device's codec can count comes back as samples.
CLPROC_FORCE=
clproc run made/*.jpg -o expected.jpg --resize 13600x13600:fit=fill --subsampling 444 --device cpu
expect_code 0
CLPROC_FORCE=device-codec
clproc run made/*.jpg -o found.jpg --resize 13600x13600:fit=fill --subsampling 444 --device cpu --strategy=-overlap \
    --report run.json
expect_code 0
grep -q '"decoded on a device":1,"encoded on a device":0' run.json || fail "not as it should: $(grep '"counters"' run.json)"
cmp expected.jpg found.jpg || fail "other bytes than libjpeg's"
