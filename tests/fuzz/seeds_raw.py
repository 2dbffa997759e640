"""Raw files and BigTIFFs without pixels, laid out as cameras do, which hold the same metadata: seeds_raw.py FOLDER"""
import struct
import sys

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4, 16: 8, 18: 8}
LETTERS = {1: "B", 3: "H", 4: "I", 5: "I", 13: "I", 16: "Q", 18: "Q"}
EXIF, GPS, SUB = 0x8769, 0x8825, 0x14A

NAMES = {0x10F: (2, b"Canon\0"), 0x110: (2, b"Canon EOS R6 of a test\0"), 0x112: (3, [6]),
         0x132: (2, b"2021:02:03 04:05:06\0")}
TAKEN = {0x829A: (5, [1, 250]), 0x829D: (5, [28, 10]), 0x8827: (3, [1600]), 0x9003: (2, b"2020:01:02 03:04:05\0"),
         0x9011: (2, b"+02:00\0"), 0x920A: (5, [50, 1]), 0xA434: (2, b"RF50mm F1.8 STM\0")}
PLACE = {1: (2, b"S\0"), 2: (5, [33, 1, 51, 1, 244, 10]), 3: (2, b"E\0"), 4: (5, [151, 1, 12, 1, 55, 1])}


def picture(width, height, bits=(8, 8, 8), reduced=None):
    tags = {0x100: (4, [width]), 0x101: (4, [height]), 0x102: (3, list(bits)), 0x115: (3, [len(bits)])}
    return {**tags, 0xFE: (4, [int(reduced)])} if reduced is not None else tags


def packed(kind, values, order):
    return values if isinstance(values, bytes) else struct.pack(order + "%d%s" % (len(values), LETTERS[kind]), *values)


def chain(ifds, at, order, big=False):
    """Directories that stand at `at`, one behind the other, each with its values and those below it. A tag whose
    value is a list of dictionaries leads to directories."""
    wide, entry, head = (8, 20, 8) if big else (4, 12, 2)
    out = b""
    for number, tags in enumerate(ifds):
        start = at + len(out)
        heap = start + head + entry * len(tags) + wide
        body, store = struct.pack(order + ("Q" if big else "H"), len(tags)), b""
        for tag, (kind, values) in sorted(tags.items()):
            if values and isinstance(values[0], dict):
                places = []
                for below in values:
                    places.append(heap + len(store))
                    store += chain([below], heap + len(store), order, big)
                values = places
            data = packed(kind, values, order)
            body += struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, len(data) // SIZES[kind])
            if len(data) <= wide:
                body += data.ljust(wide, b"\0")
            else:
                body += struct.pack(order + ("Q" if big else "I"), heap + len(store))
                store += data + b"\0" * (len(data) % 2)
        end = heap + len(store)
        body += struct.pack(order + ("Q" if big else "I"), end if number + 1 < len(ifds) else 0)
        out += body + store
    return out


def tiff(order, ifds, magic=None, head=b"", big=False):
    """`head`: what stands between header and directories."""
    start = b"II" if order == "<" else b"MM"
    if big:
        return start + struct.pack(order + "HHHQ", 43, 8, 0, 16) + chain(ifds, 16, order, True)
    start += magic or struct.pack(order + "H", 42)
    return start + struct.pack(order + "I", 8 + len(head)) + head + chain(ifds, 8 + len(head), order)


def whole(tags, big=False):
    """A first directory with all there is."""
    link = 18 if big else 4
    return {**NAMES, **tags, EXIF: (link, [TAKEN]), GPS: (link, [PLACE])}


def jpeg(exif=b""):
    """As far as a reader of headers looks; 64 by 48."""
    app = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif if exif else b""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 48, 64, 3) + b"\1\x22\0\2\x11\1\3\x11\1"
    scan = b"\xff\xda" + struct.pack(">HB", 12, 3) + b"\1\0\2\x11\3\x11\0\x3f\0"
    return b"\xff\xd8" + app + b"\xff\xdb\0\x43\0" + bytes([1] * 64) + frame + scan + b"\0\xff\xd9"


# ------------------------------------------------------------------------ cameras

def dng():
    """A small picture first; the sensor's and a preview below it; a date of TIFF/EP beside EXIF's."""
    xmp = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
           b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
           b'</rdf:RDF></x:xmpmeta>')
    below = [picture(6000, 4000, [16], False), picture(1024, 683, reduced=True)]
    return tiff("<", [whole({**picture(256, 171, reduced=True), SUB: (4, below), 0x2BC: (1, xmp),
                             0x9003: (2, b"2020:01:02 03:04:04\0"), 0xC612: (1, [1, 4, 0, 0]),
                             0xC614: (2, b"Canon EOS R6\0")})])


def cr2():
    """A preview, a thumbnail, a small picture and the sensor's, in a row."""
    head = b"CR\2\0" + bytes(4)
    ifds = [whole({**picture(6000, 4000), 0x103: (3, [6])}), {0x201: (4, [0]), 0x202: (4, [0])},
            picture(384, 256, [16, 16, 16]), {0x103: (3, [6]), 0xC640: (3, [2, 2000, 2000])}]
    return tiff("<", ifds, head=head)


def nef():
    below = [{0xFE: (4, [1]), 0x103: (3, [6])}, picture(6048, 4032, [14], False)]
    return tiff(">", [whole({**picture(160, 120, reduced=True), SUB: (4, below), 0x9216: (1, [1, 0, 0, 0]),
                             0x9207: (3, [5]), 0xA20E: (5, [1, 1])})])


def arw():
    """With a thumbnail behind the first directory."""
    return tiff("<", [whole({0xFE: (4, [1]), 0x103: (3, [6]), SUB: (4, [picture(6048, 4024, [14], False)])}),
                       {**picture(160, 120, reduced=True), 0x103: (3, [6])}])


def pef():
    """The sensor's picture first, then a thumbnail and a preview."""
    return tiff(">", [whole({**picture(4992, 3284, [14]), 0xFE: (4, [0])}), {0x103: (3, [6])},
                      {**picture(4928, 3264), 0xFE: (4, [1])}])


def rw2(inside):
    """Panasonic's: its own tags, the size between the sensor's borders, and a JPEG, in which all of EXIF may be."""
    name = bytes.fromhex("88e774d8f825 1d4d947a6e77822b5d6a")
    own = {1: (7, b"0310"), 2: (3, [6032]), 3: (3, [4016]), 4: (3, [4]), 5: (3, [8]), 6: (3, [4004]), 7: (3, [6008]), 10: (3, [12])}
    first = {0x10F: NAMES[0x10F], 0x110: NAMES[0x110], 0x112: NAMES[0x112], 0x17: (3, [1600]), **own}
    if inside:
        first[0x2E] = (7, jpeg(tiff("<", [whole({})])))
    else:
        first = {**whole({}), **own}
    return tiff("<", [first], b"U\0", name)


def raf():
    """Fujifilm's: a header that says where the JPEG is, and a directory of its own, in pairs of heights and widths."""
    picture_inside = jpeg(tiff("<", [whole({})]))
    fields = [(0x100, struct.pack(">HH", 4032, 6032)), (0x111, struct.pack(">HH", 4000, 6000))]
    own = struct.pack(">I", len(fields)) + b"".join(struct.pack(">HH", t, len(v)) + v for t, v in fields)
    start = 148
    at = start + len(picture_inside)
    head = b"FUJIFILMCCD-RAW 0201FF129502" + b"X-T2 of a test".ljust(32, b"\0") + b"0100" + bytes(20)
    head += struct.pack(">6I", start, len(picture_inside), at, len(own), at + len(own), 0)
    return head.ljust(start, b"\0") + picture_inside + own


def mrw():
    """Minolta's: blocks, of which one has the size and one is a TIFF structure."""
    sizes = b"27730001" + struct.pack(">4H", 2016, 3016, 2000, 3008) + bytes([16, 12, 82, 0, 0, 0, 0, 1])
    blocks = [(b"\0PRD", sizes), (b"\0TTW", tiff(">", [whole({})])), (b"\0WBG", bytes(12)), (b"\0PAD", bytes(10))]
    body = b"".join(name + struct.pack(">I", len(content)) + content for name, content in blocks)
    return b"\0MRM" + struct.pack(">I", len(body)) + body + bytes(64)


def box(kind, content, long=False):
    size = len(content) + (16 if long else 8)
    return struct.pack(">I", 1 if long else size) + kind + (struct.pack(">Q", size) if long else b"") + content


def cr3():
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    xmp = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    packet = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
              b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
              b'</rdf:RDF></x:xmpmeta>')
    first, taken, place = (tiff("<", [tags]) for tags in ({**NAMES, **picture(6000, 4000)}, TAKEN, PLACE))
    own = (box(b"CNCV", b"CanonCR3_001/00.09.00/00.00.00") + box(b"CMT1", first) + box(b"CMT2", taken)
           + box(b"CMT3", first) + box(b"CMT4", place))
    return (box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", canon + own) + box(b"mvhd", bytes(100)))
            + box(b"uuid", xmp + packet) + box(b"mdat", bytes(64), long=True))


PLAIN = picture(6000, 4000)
FILES = {"little.btf": tiff("<", [whole(PLAIN, True)], big=True), "big.btf": tiff(">", [whole(PLAIN, True)], big=True),
         "plain.tif": tiff(">", [whole(PLAIN)]), "adobe.dng": dng(), "canon.cr2": cr2(), "canon.cr3": cr3(),
         "nikon.nef": nef(), "sony.arw": arw(), "pentax.pef": pef(), "fuji.raf": raf(),
         "olympus.orf": tiff("<", [whole(PLAIN)], b"RO"), "older.orf": tiff("<", [whole(PLAIN)], b"RS"),
         "big.orf": tiff(">", [whole(PLAIN)], b"OR"), "panasonic.rw2": rw2(True), "older.rw2": rw2(False),
         "samsung.srw": nef(), "minolta.mrw": mrw()}
for file_name, content in FILES.items():
    open("%s/%s" % (sys.argv[1], file_name), "wb").write(content)
