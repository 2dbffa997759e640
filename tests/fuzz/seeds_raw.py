"""Raw files and BigTIFFs without pixels, which hold the same metadata: seeds_raw.py FOLDER"""
import struct
import sys

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4, 16: 8, 18: 8}
LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
MAIN, EXIF, GPS = range(3)


def tags_of(ifd):
    """Tag: (type, values); the rational ones in pairs."""
    return [
        {0x100: (4, [6000]), 0x101: (4, [4000]), 0x102: (3, [8, 8, 8]), 0x10F: (2, b"Canon\0"),
         0x110: (2, b"Canon EOS R6 of a test\0"), 0x112: (3, [6]), 0x132: (2, b"2021:02:03 04:05:06\0")},
        {0x829A: (5, [1, 250]), 0x829D: (5, [28, 10]), 0x8827: (3, [1600]),
         0x9003: (2, b"2020:01:02 03:04:05\0"), 0x9011: (2, b"+02:00\0"), 0x920A: (5, [50, 1]),
         0xA434: (2, b"RF50mm F1.8 STM\0")},
        {1: (2, b"S\0"), 2: (5, [33, 1, 51, 1, 244, 10]), 3: (2, b"E\0"), 4: (5, [151, 1, 12, 1, 55, 1])},
    ][ifd]


def packed(kind, values, order):
    if isinstance(values, bytes):
        return values
    return struct.pack(order + "%d%s" % (len(values), "I" if kind == 5 else LETTERS[kind]), *values)


def directory(tags, at, order, big):
    """A directory that stands at `at`, its values behind it."""
    wide, entry, head = (8, 20, 8) if big else (4, 12, 2)
    body = struct.pack(order + ("Q" if big else "H"), len(tags))
    heap = at + head + entry * len(tags) + wide
    store = b""
    for tag, (kind, values) in sorted(tags.items()):
        data = packed(kind, values, order)
        body += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(data) // SIZES[kind])
        if len(data) <= wide:
            body += data.ljust(wide, b"\0")
        else:
            body += struct.pack(order + ("Q" if big else "I"), heap + len(store))
            store += data + b"\0" * (len(data) % 2)
    return body + bytes(wide) + store


def header(order, big, magic=None):
    start = b"II" if order == "<" else b"MM"
    if big:
        return start + struct.pack(order + "HHHQ", 43, 8, 0, 16)
    return start + (magic or struct.pack(order + "H", 42)) + struct.pack(order + "I", 8)


def tiff(order="<", big=False, magic=None, more=()):
    """All three directories; `more`: of the first one, in place of the size of its picture."""
    at, tags = 16 if big else 8, tags_of(MAIN)
    if more:
        tags = {tag: value for tag, value in tags.items() if tag > 0x102}
        tags.update(more)
    link = (18 if big else 4)
    tags[0x8769], tags[0x8825] = (link, [0]), (link, [0])
    exif = at + len(directory(tags, at, order, big))
    gps = exif + len(directory(tags_of(EXIF), exif, order, big))
    tags[0x8769], tags[0x8825] = (link, [exif]), (link, [gps])
    return (header(order, big, magic) + directory(tags, at, order, big)
            + directory(tags_of(EXIF), exif, order, big) + directory(tags_of(GPS), gps, order, big))


def alone(ifd):
    return header("<", False) + directory(tags_of(ifd), 8, "<", False)


def box(kind, content, long=False):
    size = len(content) + (16 if long else 8)
    return struct.pack(">I", 1 if long else size) + kind + (struct.pack(">Q", size) if long else b"") + content


def cr3():
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    xmp = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    packet = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
              b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
              b'</rdf:RDF></x:xmpmeta>')
    own = (box(b"CNCV", b"CanonCR3_001/00.09.00/00.00.00") + box(b"CMT1", alone(MAIN)) + box(b"CMT2", alone(EXIF))
           + box(b"CMT3", alone(MAIN)) + box(b"CMT4", alone(GPS)))
    return (box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", canon + own) + box(b"mvhd", bytes(100)))
            + box(b"uuid", xmp + packet) + box(b"mdat", bytes(64), long=True))


def rw2():
    """Panasonic's: the size between the sensor's borders, and a name of its own behind the header."""
    file = tiff(magic=b"U\0", more={4: (3, [4]), 5: (3, [8]), 6: (3, [4004]), 7: (3, [6008])})
    name = bytes.fromhex("88e774d8f825 1d4d947a6e77822b5d6a")
    at, moved = 8 + len(name), file[8:]
    return file[:4] + struct.pack("<I", at) + name + shifted(moved, len(name))


def shifted(body, by):
    """Directories that stand `by` bytes further on."""
    out, at = bytearray(body), 0
    while at + 2 <= len(out):
        count = struct.unpack_from("<H", out, at)[0]
        end = at + 2 + 12 * count + 4
        for entry in range(at + 2, end - 4, 12):
            tag, kind, values, value = struct.unpack_from("<HHII", out, entry)
            size = SIZES[kind] * values
            if tag in (0x8769, 0x8825) or size > 4:
                struct.pack_into("<I", out, entry + 8, value + by)
            if size > 4:
                end = max(end, value - 8 + size + size % 2)
        at = end
    return bytes(out)


FILES = {"little.btf": tiff("<", True), "big.btf": tiff(">", True), "canon.cr3": cr3(), "plain.tif": tiff(">"),
         "olympus.orf": tiff(magic=b"RO"), "panasonic.rw2": rw2(), "pentax.pef": tiff(">"),
         "sony.arw": tiff(), "nikon.nef": tiff(">")}
for name, content in FILES.items():
    open("%s/%s" % (sys.argv[1], name), "wb").write(content)
