#!/bin/sh
# Metadata as it should not be, or seldom is: the values that exiftool has, or a warning.
. "$(dirname "$0")/lib.sh"
have python3 || skip "python3 is not installed"

mkdir in
cp "$images/001-png-rgb.png" in/
python3 - <<'EOF' || fail "the files could not be made"
import glob, hashlib, struct, zlib

TYPES = {"BYTE": (1, "B"), "ASCII": (2, "B"), "UNDEFINED": (7, "B"), "RATIONAL": (5, "II")}

def directory(tags, at):
    """A directory that stands at `at`, with its values behind it."""
    tags = sorted(tags)
    entries, values = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, kind, value in tags:
        number, form = TYPES[kind]
        data = value if isinstance(value, bytes) else b"".join(struct.pack("<" + form, *v) for v in value)
        count = len(data) if number != 5 else len(data) // 8
        if len(data) <= 4:
            place = data.ljust(4, b"\0")
        else:
            place = struct.pack("<I", behind + len(values))
            values += data + b"\0" * (len(data) & 1)
        entries += struct.pack("<HHI", tag, number, count) + place
    return struct.pack("<H", len(tags)) + entries + b"\0\0\0\0" + values

def exif(main=(), below=(), gps=()):
    """A TIFF structure with directories of EXIF and GPS."""
    links = [(0x8769, below), (0x8825, gps)]
    links = [(tag, tags) for tag, tags in links if tags]
    size = 8 + len(directory(list(main) + [(tag, "BYTE", b"\0\0\0\0") for tag, _ in links], 8))
    made, linked = b"", []
    for tag, tags in links:
        linked.append((tag, "BYTE", struct.pack("<I", size + len(made))))
        made += directory(tags, size + len(made))
    first = directory(list(main) + linked, 8)
    for tag, _ in links:  # one LONG, not four bytes
        first = first.replace(struct.pack("<HHI", tag, 1, 4), struct.pack("<HHI", tag, 4, 1))
    return b"II*\0\x08\0\0\0" + first + made

def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content

def jpeg(name, *segments):
    table = segment(0xDB, b"\0" + b"\x10" * 64)
    frame = segment(0xC0, b"\x08\0\x08\0\x08\x01\x01\x11\0")
    codes = b"".join(segment(0xC4, bytes([k]) + b"\0\1" + b"\0" * 14 + b"\0") for k in (0, 16))
    scan = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x3f"
    open("in/" + name + ".jpg", "wb").write(b"\xff\xd8" + b"".join(segments) + table + frame + codes + scan + b"\xff\xd9")

def with_exif(name, **directories):
    jpeg(name, segment(0xE1, b"Exif\0\0" + exif(**directories)))

def text(tag, value):
    return (tag, "ASCII", value.encode() + b"\0")

def place(first, second):
    return [(1, *first), (2, "RATIONAL", [(48, 1), (30, 1), (36, 1)]), (3, *second), (4, "RATIONAL", [(2, 1), (20, 1), (24, 1)])]

def moment(name, *parts):
    with_exif("time-" + name, gps=[(7, "RATIONAL", parts), text(29, "2020:12:31")])

with_exif("place-small", gps=place(("ASCII", b"s\0"), ("ASCII", b"w\0")))
with_exif("place-bytes", gps=place(("UNDEFINED", b"S\0"), ("UNDEFINED", b"W\0")))
with_exif("place-none", gps=place(("ASCII", b"?\0"), ("ASCII", b"E\0")))
moment("minutes", (23, 1), (595, 10), (0, 1))
moment("hours", (35, 10), (0, 1), (0, 1))
moment("carry", (23, 1), (599999999, 10000000), (1, 1))
moment("seconds", (1, 1), (2, 1), (3456, 1000))
for name, date in [("fraction", "2020:01:02 03:04:05.678"), ("blank", " 2020:01:02 03:04:05"), ("zone", "2020:01:02 03:04:05Z"), ("plain", "2020:01:02 03:04:05")]:
    with_exif("date-" + name, below=[text(0x9003, date), text(0x9291, "123"), text(0x9011, "+02:00")])
with_exif("rights-two", main=[(0x8298, "ASCII", b"Photographer \0Editor\0")])
with_exif("rights-second", main=[(0x8298, "ASCII", b" \0Editor\0")])
with_exif("rights-one", main=[(0x8298, "ASCII", b"Photographer\0")])
with_exif("rights-long", main=[(0x8298, "ASCII", "\u00e9".encode() * 3000 + b"\0Editor\0")])
with_exif("mark", main=[(0x9C9B, "BYTE", "\ufeffTitle\0".encode("utf-16-le"))], below=[(0x9286, "UNDEFINED", b"UNICODE\0" + "\ufeffnote \u2603".encode("utf-16-be"))])
with_exif("jis", below=[(0x9286, "UNDEFINED", b"JIS\0\0\0\0\0\x1b$B4A;z\x1b(B")])
jpeg("comment-latin1", segment(0xFE, b"\xe9" * 30000))

# XMP
NAMES = " ".join('xmlns:%s="%s"' % pair for pair in [("dc", "http://purl.org/dc/elements/1.1/"), ("photoshop", "http://ns.adobe.com/photoshop/1.0/"), ("xmpNote", "http://ns.adobe.com/xmp/note/")])
def packet(body, attributes=""):
    return ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" %s %s>%s</rdf:Description></rdf:RDF></x:xmpmeta>' % (NAMES, attributes, body)).encode()
def xmp(content):
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + content)
def languages(*items):
    return "<dc:title><rdf:Alt>" + "".join('<rdf:li xml:lang="%s">%s</rdf:li>' % item for item in items) + "</rdf:Alt></dc:title>"
jpeg("language-default", xmp(packet(languages(("de", "Titel"), ("x-default", "Title"), ("fr", "Titre")))))
jpeg("language-none", xmp(packet(languages(("de", "Titel"), ("fr", "Titre")))))
jpeg("cdata", xmp(packet("<photoshop:City>a &amp; <![CDATA[A & B <c></photoshop:City> &lt;]]> d</photoshop:City>")))
jpeg("qualified", xmp(packet('<photoshop:City rdf:parseType="Resource"><rdf:value>V</rdf:value></photoshop:City><photoshop:Headline><rdf:Description><rdf:value>H</rdf:value><dc:x>1</dc:x></rdf:Description></photoshop:Headline>')))
jpeg("headline-long", xmp(packet("<photoshop:Headline>h" + "\u00e9" * 17000 + "</photoshop:Headline>")))
more = packet("<photoshop:Headline>" + "h" * 30000 + "</photoshop:Headline><photoshop:City>C</photoshop:City>")
guid = hashlib.md5(more).hexdigest().upper().encode()
main = xmp(packet("", 'xmpNote:HasExtendedXMP="%s"' % guid.decode()))
def extension(start, end, name=guid, whole=len(more)):
    return segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + name + struct.pack(">II", whole, start) + more[start:end])
half = len(more) // 2
other = extension(0, 100, b"0" * 32)
jpeg("extended", main, other, extension(0, half), extension(half, len(more)))
jpeg("extended-cut", main, extension(0, half))
jpeg("extended-swapped", main, extension(half, len(more)), extension(0, half))
jpeg("extended-other", main, other)
jpeg("extended-unasked", xmp(packet("")), extension(0, half), extension(half, len(more)))
jpeg("extended-huge", main, *[extension(0, 60000, guid, 9 << 20)] * 150)

# PNG: what stands behind the pixels, whatever stands before them.
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = zlib.compress(bytes((i * i * 7 + i // 65) % 251 if i % 65 else 0 for i in range(64 * 65)))
start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
note = chunk(b"iTXt", b"Comment\0\0\0\0\0before")
tags = chunk(b"eXIf", exif(main=[text(0x10F, "Maker")]))
uneven = b"".join(chunk(b"IDAT", rows[i * (i + 1) // 2:(i + 1) * (i + 2) // 2]) for i in range(90))
crumbs = b"".join(chunk(b"IDAT", b"") for _ in range(150)) + b"".join(chunk(b"IDAT", rows[i * 9:i * 9 + 9]) + chunk(b"IDAT", b"") for i in range((len(rows) + 8) // 9))
tail = chunk(b"tEXt", b"Title\0" + b"x" * 60000)
end = chunk(b"IEND", b"")
for name, middle in [("one", chunk(b"IDAT", rows)), ("uneven", uneven)]:
    open("in/%s.png" % name, "wb").write(start + note + middle + tags + end)
    open("in/%s-tail.png" % name, "wb").write(start + note + middle + tags + tail + end)
open("in/crumbs.png", "wb").write(start + note + crumbs + tags + end)
open("in/crumbs-tail.png", "wb").write(start + note + crumbs + tags + tail + end)

# A TIFF of luma and chroma.
tiff = [(256, 3, 1), (257, 3, 1), (258, 3, 8), (259, 3, 1), (262, 3, 6), (273, 4, 8), (277, 3, 3), (278, 3, 1), (279, 4, 3), (530, 3, 2 | 1 << 16)]
entries = b"".join(struct.pack("<HHII", tag, kind, 2 if tag == 530 else 1, value) for tag, kind, value in tiff)
open("in/chroma.tif", "wb").write(b"II*\0\x08\0\0\0" + struct.pack("<H", len(tiff)) + entries + b"\0\0\0\0\0\0\0")
EOF

clproc index in -o odd.jsonl -q
cat >expected.py <<'EOF'
import json
rows = {row["FileName"]: row for row in map(json.loads, open("odd.jsonl", encoding="utf-8"))}
south = {"GPSLatitude": -48.51, "GPSLongitude": -2.34}
cut = "XMP: its extension is not whole, or too large: left out"
wanted = {
    "place-small.jpg": {**south, "Warning": None},
    "place-bytes.jpg": south,
    "place-none.jpg": {"GPSLatitude": 48.51, "GPSLongitude": 2.34, "Warning": "GPS: does not tell north or south, or east or west: taken for north and east"},
    "time-minutes.jpg": {"GPSDateTime": "2020:12:31 23:59:30Z"},
    "time-hours.jpg": {"GPSDateTime": "2020:12:31 03:30:00Z"},
    "time-carry.jpg": {"GPSDateTime": "2020:12:31 24:00:00.999994Z"},
    "time-seconds.jpg": {"GPSDateTime": "2020:12:31 01:02:03.456Z"},
    "date-fraction.jpg": {"SubSecDateTimeOriginal": "2020:01:02 03:04:05.678+02:00"},
    "date-blank.jpg": {"SubSecDateTimeOriginal": " 2020:01:02 03:04:05.123+02:00"},
    "date-zone.jpg": {"SubSecDateTimeOriginal": "2020:01:02 03:04:05.123Z"},
    "date-plain.jpg": {"SubSecDateTimeOriginal": "2020:01:02 03:04:05.123+02:00"},
    "rights-two.jpg": {"Copyright": "Photographer\nEditor"},
    "rights-second.jpg": {"Copyright": "\nEditor"},
    "rights-one.jpg": {"Copyright": "Photographer"},
    "rights-long.jpg": {"Copyright": "\u00e9" * 2047},
    "mark.jpg": {"XPTitle": "Title", "UserComment": "note \u2603"},
    "jis.jpg": {"UserComment": None, "Warning": "EXIF: UserComment is in JIS, which is not read: left out"},
    "comment-latin1.jpg": {"Comment": "\u00e9" * 16384},
    "language-default.jpg": {"Title": "Title"},
    "language-none.jpg": {"Title": "Titel"},
    "cdata.jpg": {"City": "a & A & B <c></photoshop:City> &lt; d", "Warning": None},
    "qualified.jpg": {"City": "V", "Headline": "H", "Warning": None},
    "headline-long.jpg": {"Headline": "h" + "\u00e9" * 16379, "Warning": None},
    "extended.jpg": {"Headline": "h" * 30000, "City": "C", "Warning": None},
    "extended-cut.jpg": {"City": None, "Warning": cut},
    "extended-swapped.jpg": {"City": "C", "Warning": None},
    "extended-other.jpg": {"City": None, "Warning": cut},
    "extended-unasked.jpg": {"City": None, "Warning": None},
    "extended-huge.jpg": {"City": None, "Warning": cut},
    "one.png": {"Make": "Maker", "Comment": "before", "Warning": None},
    "one-tail.png": {"Make": "Maker", "Title": "x" * 32768},
    "uneven.png": {"Make": "Maker", "Comment": "before", "Warning": None},
    "uneven-tail.png": {"Make": "Maker", "Warning": None},
    "crumbs.png": {"Make": "Maker", "Comment": "before", "Warning": None},
    "crumbs-tail.png": {"Make": None, "Warning": "PNG: metadata behind the pixels is only found in the last 32 KB"},
    "chroma.tif": {"YCbCrSubSampling": "2 1"},
}
for name, fields in wanted.items():
    for field, value in fields.items():
        assert rows[name].get(field) == value, (name, field, str(rows[name].get(field))[:200])
EOF
python3 expected.py || fail "$(cut -c 1-400 odd.jsonl | head -n 4)"

# Texts that were cut at their bound are not cut again when the row is read back.
clproc index merge odd.jsonl -o merged.jsonl -q
expect_same odd.jsonl merged.jsonl
clproc index in -o odd.csv -q
cp odd.csv updated.csv
clproc index in -o updated.csv --update -q
expect_same odd.csv updated.csv

# A pattern sees a text to its end.
for pattern in 'h$' '^h*$' '^h.*h$'; do
    clproc index in -o - -q --fields FileName --where "FileName ~ 'extended' and Headline ~ '$pattern'"
    expect_lines "$out" 2
done
clproc index in -o - -q --fields FileName --where "Headline ~ '^h{99}\$'"
expect_lines "$out" 0
