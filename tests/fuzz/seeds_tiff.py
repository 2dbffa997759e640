"""Small TIFFs of many kinds, uncompressed: seeds_tiff.py FOLDER"""
import struct
import sys


def write(name, samples, bits, photometric, order="<", extra=None, tile=None, separate=False, more=()):
    width, height = 21, 14
    across, down = tile or (width, 5)
    parts = []
    for _ in range(samples if separate else 1):
        for top in range(0, height, down):
            for left in range(0, width, across) if tile else (0,):
                rows = down if tile else min(down, height - top)
                row = (across * (1 if separate else samples) * bits + 7) // 8
                parts.append(bytes((top * 31 + left * 7 + i * 5) % 256 for i in range(rows * row)))
    count = len(parts)
    tags = {254: (4, [0]), 256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * samples),
            259: (3, [1]), 262: (3, [photometric]), 274: (3, [6]), 277: (3, [samples]),
            284: (3, [2 if separate else 1]), 315: (2, list(b"Jo Doe\0"))}
    tags.update({322: (3, [across]), 323: (3, [down]), 324: (4, [0] * count),
                 325: (4, [len(p) for p in parts])} if tile else
                {273: (4, [0] * count), 278: (4, [down]), 279: (4, [len(p) for p in parts])})
    if extra is not None:
        tags[338] = (3, [extra])
    tags.update(dict(more))
    formats = {1: "B", 2: "B", 3: "H", 4: "I"}
    heap = 8 + 2 + 12 * len(tags) + 4
    blobs = b"".join(struct.pack(order + "%d%s" % (len(v), formats[k]), *v) for k, v in tags.values())
    at = heap + len(blobs) + 4 * len(tags)
    for tag in (273, 324):
        if tag in tags:
            tags[tag] = (4, [at + sum(len(p) for p in parts[:i]) for i in range(count)])
    body, store = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(order + "%d%s" % (len(values), formats[kind]), *values)
        entry = struct.pack(order + "HHI", tag, kind, len(values))
        if len(data) <= 4:
            body += entry + data.ljust(4, b"\0")
        else:
            body += entry + struct.pack(order + "I", heap + len(store))
            store += data + b"\0" * (len(data) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
    file = (head + body + bytes(4) + store).ljust(at, b"\0") + b"".join(parts)
    open("%s/%s.tif" % (sys.argv[1], name), "wb").write(file)


write("gray", 1, 8, 1)
write("white", 1, 16, 0, ">")
write("rgb", 3, 8, 2, ">")
write("rgba16", 4, 16, 2, extra=2)
write("premultiplied", 4, 8, 2, extra=1)
write("tiles", 3, 8, 2, tile=(16, 16))
write("planes", 3, 8, 2, separate=True)
write("tiled-planes", 4, 16, 2, ">", extra=2, tile=(16, 16), separate=True)
write("inks", 4, 8, 5)
write("bits", 1, 1, 1)
write("four", 1, 4, 0)
write("palette", 1, 8, 3, more={320: (3, [i * 80 % 65536 for i in range(768)])}.items())
write("extra", 5, 8, 2, extra=2)
