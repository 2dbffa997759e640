#!/bin/sh
# Values of an index that files tell in unusual ways, and names that are not UTF-8.
. "$(dirname "$0")/lib.sh"
have python3 || skip "python3 is not installed"

# ------------------------------------------------------------------------- names
# Names of any bytes: each has a row of its own, and a spelling that gives the name when undone.
mkdir names
python3 - "$images/011-png-gray.png" <<'END'
import shutil, sys
for name in (b"\xe9.png", "é.png".encode(), b"\\xe9.png", b"\\x5cxe9.png", b"z\xed\xa0\x80.png", b"\\"):
    shutil.copy(sys.argv[1], b"names/" + name)
END
forms="jsonl csv"
clproc help index
grep -q '\.sqlite' "$out" && have sqlite3 && forms="$forms sqlite"
for form in $forms; do
    clproc index names -o names.$form
    expect_code 0
    expect_err '^clproc: 6 written'
    clproc index names -o names.$form --update
    expect_err '^clproc: 0 written.*; 6 made before'
    # In the order of the listing, whatever their spelling.
    clproc index merge names.$form -o merged.jsonl
    expect_code 0
    expect_err '^clproc: 6 rows'
    cmp -s merged.jsonl names.jsonl || fail "merging the rows of $form should not change them"
done
clproc index names -o near.csv --near 1
expect_code 0
cp "$out" groups.csv
python3 - <<'END' || fail "the names in the index are not those of the files"
import csv, json, os, re
undo = lambda text: re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode())
files = sorted(os.listdir(b"names"))
rows = [json.loads(line) for line in open("names.jsonl", encoding="utf-8")]
assert [undo(row["FileName"]) for row in rows] == files, rows
assert [undo(row["SourceFile"]) for row in rows] == [b"names/" + name for name in files]
assert "names/\\xe9.png" in [row["SourceFile"] for row in rows]
near = list(csv.DictReader(open("groups.csv", newline="", encoding="utf-8")))
assert sorted(row["SourceFile"] for row in near) == sorted(row["SourceFile"] for row in rows), near
END

# ------------------------------------------------------------ XMP, IPTC and profiles
python3 - "$images/000-jpeg-420.jpg" <<'END'
import struct, sys
picture = open(sys.argv[1], "rb").read()
def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
def write(name, *segments):
    open(name, "wb").write(picture[:2] + b"".join(segments) + picture[2:])

names = {"exif": "http://ns.adobe.com/exif/1.0/", "aux": "http://ns.adobe.com/exif/1.0/aux/",
         "tiff": "http://ns.adobe.com/tiff/1.0/", "exifEX": "http://cipa.jp/exif/1.0/",
         "photoshop": "http://ns.adobe.com/photoshop/1.0/"}
def xmp(values, code="utf-8", more=""):
    text = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    text += "<rdf:Description rdf:about=''" + "".join(f" xmlns:{k}='{v}'" for k, v in names.items()) + ">"
    text += "".join(f"<{k}>{v}</{k}>" for k, v in values.items()) + more + "</rdf:Description></rdf:RDF></x:xmpmeta>"
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode(code))
write("xmp.jpg", xmp({
    "exif:GPSAltitude": "143/10", "exif:GPSAltitudeRef": "1", "exif:GPSLatitude": "54,59.38N",
    "exif:GPSLongitude": "1,54,51W", "exif:ShutterSpeedValue": "9/1", "exif:ApertureValue": "8/1",
    "exif:MaxApertureValue": "2/1", "exif:ExposureBiasValue": "-13/20", "exif:MeteringMode": "5",
    "exif:ExposureProgram": "4", "exif:ExifVersion": "0231", "exif:GPSMapDatum": "WGS-84",
    "exif:SubjectDistance": "0/0", "aux:LensInfo": "6/1 72/1 0/0 28/10", "tiff:Artist": "A. Name",
    "tiff:Software": "Some 1.0"}))
write("later.jpg", xmp({
    "aux:Lens": "50 mm", "exifEX:LensModel": "FE 50mm F1.8", "exifEX:LensMake": "Maker", "exifEX:BodySerialNumber": "0012",
    "exifEX:LensSerialNumber": "34", "exifEX:CameraOwnerName": "A. Name", "exifEX:SensitivityType": "2",
    "exifEX:RecommendedExposureIndex": "400", "exifEX:InteroperabilityIndex": "R98"}))
parts = (("Fired", "True"), ("Return", "3"), ("Mode", "1"), ("Function", "False"), ("RedEyeMode", "True"))
elements = "".join(f"<exif:{name}>{text}</exif:{name}>" for name, text in parts)
def parted(name, flash):
    lens = "".join(f"<rdf:li>{n}</rdf:li>" for n in ("24/1", "70/1", "28/10", "0/0"))
    write(name, xmp({"exifEX:LensSpecification": f"<rdf:Seq>{lens}</rdf:Seq>"}, more=flash))
parted("flash1.jpg", f"<exif:Flash rdf:parseType='Resource'>{elements}</exif:Flash>")
parted("flash2.jpg", f"<exif:Flash><rdf:Description>{elements}</rdf:Description></exif:Flash>")
attributes = "".join(f" exif:{name}='{text}'" for name, text in parts)
parted("flash3.jpg", f"<exif:Flash{attributes}/>")
parted("flash4.jpg", f"<exif:Flash><rdf:Description{attributes}/></exif:Flash>")
write("lens.jpg", xmp({"aux:Lens": "50 mm"}))
write("wide.jpg", xmp({"photoshop:City": "Kingston"}, "utf-16"))

def iptc(*sets):
    data = b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text for number, text in sets)
    return segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2))
write("day.jpg", iptc((55, b"20080508"), (60, b"165100")))
write("zone.jpg", iptc((55, b"2008"), (60, b"135926.05-0600")))

# A TIFF whose profile of 1.5 MB has its name at its end; GPS by a pointer with a sign.
def entry(tag, kind, count, value):
    return struct.pack("<HHII", tag, kind, count, value)
size = 3 << 19
name = b"desc\0\0\0\0" + struct.pack(">I", 8) + b"Printer\0" + b"\0" * 80
profile = bytearray(size)
profile[:4] = struct.pack(">I", size)
profile[36:40] = b"acsp"
profile[128:144] = struct.pack(">I4sII", 1, b"desc", size - len(name), len(name))
profile[-len(name):] = name
tags = [entry(0x100, 3, 1, 8), entry(0x101, 3, 1, 4), entry(0x8773, 7, size, 300), entry(0x8825, 9, 1, 200)]
head = (b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + b"".join(tags) + b"\0" * 4).ljust(200, b"\0")
gps = struct.pack("<H", 2) + entry(5, 1, 1, 1) + entry(6, 5, 1, 250) + b"\0" * 4
open("profile.tif", "wb").write((head + gps).ljust(250, b"\0") + struct.pack("<II", 50, 4) + b"\0" * 42 + profile)
# A raw file of Panasonic's, where the tag of the resolution is another one.
tags = [entry(4, 3, 1, 0), entry(5, 3, 1, 0), entry(6, 3, 1, 4), entry(7, 3, 1, 8), entry(0x11A, 3, 1, 1)]
open("raw.rw2", "wb").write(b"IIU\0\x08\0\0\0" + struct.pack("<H", len(tags)) + b"".join(tags) + b"\0" * 4)
END
clproc index xmp.jpg flash?.jpg later.jpg lens.jpg wide.jpg day.jpg zone.jpg profile.tif raw.rw2 -o values.jsonl
expect_code 0
python3 - <<'END' || fail "wrong values"
import json
rows = {row["SourceFile"]: row for row in map(json.loads, open("values.jsonl", encoding="utf-8"))}
wanted = {
    "xmp.jpg": {"GPSAltitude": -14.3, "GPSLatitude": 54 + 59.38 / 60, "GPSLongitude": -(1 + 54 / 60 + 51 / 3600),
                "ShutterSpeedValue": 1 / 512, "ApertureValue": 16, "MaxApertureValue": 2, "ExposureCompensation": -0.65,
                "MeteringMode": 5, "ExposureProgram": 4, "ExifVersion": "0231", "GPSMapDatum": "WGS-84",
                "SubjectDistance": None, "LensInfo": "6 72 undef 2.8", "Artist": "A. Name", "Software": "Some 1.0"},
    "later.jpg": {"LensModel": "FE 50mm F1.8", "LensMake": "Maker", "SerialNumber": "0012", "LensSerialNumber": "34",
                  "OwnerName": "A. Name", "SensitivityType": 2, "RecommendedExposureIndex": 400, "InteropIndex": "R98"},
    **{f"flash{n}.jpg": {"Flash": 1 + 6 + 8 + 64, "LensInfo": "24 70 2.8 undef"} for n in range(1, 5)},
    "lens.jpg": {"LensModel": "50 mm"},
    "wide.jpg": {"City": "Kingston"},
    "day.jpg": {"DateCreated": "2008:05:08", "TimeCreated": "16:51:00"},
    "zone.jpg": {"DateCreated": "2008", "TimeCreated": "13:59:26.05-06:00"},
    "profile.tif": {"ProfileDescription": "Printer", "GPSAltitude": -12.5},
    "raw.rw2": {"FileType": "RW2", "ImageWidth": 8, "ImageHeight": 4, "XResolution": None},
}
for name, values in wanted.items():
    assert "Warning" not in rows[name], rows[name]
    for field, value in values.items():
        found = rows[name].get(field)
        same = abs(found - value) < 1e-9 if isinstance(value, float) and found else found == value
        assert same, (name, field, found, value)
END

# ------------------------------------------------------------------ turned HEIFs
# A picture that is turned by its properties has the sides that are stored, and the orientation
# that turns it, as a JPEG has.
clproc help formats
grep -q AVIF "$out" || skip "this build has no AVIF"
have avifenc || skip "avifenc is not installed (libavif-bin)"
clproc run "$images/001-png-rgb.png" -o upright.png --resize 64x48:fit=fill
expect_code 0
expected='1 8 3 6 4 5 2 7 2 7 4 5'
for mirror in '' '--imir 0' '--imir 1'; do
    for quarters in 0 1 2 3; do
        # shellcheck disable=SC2086
        avifenc -s 10 --irot $quarters $mirror upright.png turned.avif >/dev/null 2>&1 || skip "avifenc has no --irot"
        clproc index turned.avif -o - --fields width,height,orientation
        orientation=${expected%% *}
        expected=${expected#* }
        [ "$orientation" != 1 ] || orientation=null
        expect_out "^{\"ImageWidth\":64,\"ImageHeight\":48,\"Orientation\":$orientation}"
    done
done
# EXIF's orientation counts where it is there, as in exiftool.
if have exiftool && exiftool -q -n -overwrite_original -Orientation=6 turned.avif; then
    clproc index turned.avif -o - --fields width,height,orientation
    expect_out '"ImageWidth":64,"ImageHeight":48,"Orientation":6'
fi
