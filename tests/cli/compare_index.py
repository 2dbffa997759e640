"""Compares an index in JSON lines with what `exiftool -n -j` says of the same files.

compare_index.py INDEX EXIFTOOL_JSON: prints every difference that is not a stated one, and how many
values were compared; exits with 1 if there is one.
"""
import collections
import json
import re
import sys

# Stated differences: docs/index.md says why.
OTHERS = {
    "SourceFile", "FileModifyDate", "IndexVersion", "Error", "Warning",
    "GPSDateTime",  # exiftool makes one of XMP's parts, too
}


def flat(value):
    """One text for values that mean the same: numbers within 1e-6, a list of one item and the item."""
    if isinstance(value, list):
        return [flat(each) for each in value] if len(value) > 1 else flat(value[0])
    text = str(value).strip().replace("\r", "")
    try:
        return float(text)
    except ValueError:
        return text


def same(ours, theirs):
    ours, theirs = flat(ours), flat(theirs)
    if isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) <= 1e-6 * max(1e-3, abs(ours), abs(theirs))
    return ours == theirs


INSIDE = {"BitsPerSample", "ColorComponents", "EncodingProcess", "YCbCrSubSampling"}


def raw(other):
    """Of these raw files exiftool tells the JPEG's facts in place of the picture's."""
    if other.get("FileType") in ("RAF", "RW2"):
        other = {name: value for name, value in other.items() if name not in INSIDE}
    if "RawImageCroppedSize" in other:
        other["ImageWidth"], other["ImageHeight"] = other["RawImageCroppedSize"].split()
    return other


def unwanted(name, theirs, kind):
    """True for values of exiftool's that an index leaves out or has otherwise on purpose."""
    text = str(theirs)
    return (
        text in ("undef", "inf", "") or not text.strip() or "\ufffd" in text or "?" in text
        or (name == "BitsPerSample" and " " in text)
        or (name in ("XResolution", "YResolution", "ResolutionUnit") and kind != "EXIF")
        or text.startswith("0000:00:00")
        or re.fullmatch(r"\(Binary data .*\)", text)
    )


def main():
    ours = {row["SourceFile"]: row for row in map(json.loads, open(sys.argv[1], encoding="utf-8"))}
    theirs = {row["SourceFile"]: row for row in json.load(open(sys.argv[2], encoding="utf-8"))}
    fields = set(sys.argv[3].split(",")) - OTHERS
    compared, different, tags = 0, 0, collections.Counter()
    for path, row in sorted(ours.items()):
        other = theirs.get(path)
        if other is None or "Error" in row or "Error" in other:
            continue
        other = raw(other)
        exif = "EXIF" if "ExifByteOrder" in other else ""
        for name in sorted(fields):
            if name not in other or unwanted(name, other[name], exif):
                continue
            compared += 1
            tags[name] += 1
            if name not in row or not same(row[name], other[name]):
                different += 1
                print(f"{path}: {name}: {row.get(name)!r}, exiftool {other[name]!r}")
    print(f"{compared} values of {len(tags)} fields compared, {different} differ")
    return 1 if different or compared == 0 else 0


sys.exit(main())
