"""compare_digests.py INDEX.jsonl: PixelDigest of each row against one of the samples that Pillow decodes, or for
16 bits, which Pillow narrows, of those in a PAM that stands beside the file. Prints how many were compared."""
import json
import sys

import numpy
import xxhash
from PIL import Image


def samples_of(path, depth):
    if depth == 16:  # a PAM has the high byte first
        data = open(path + ".pam", "rb").read()
        return numpy.frombuffer(data.split(b"ENDHDR\n", 1)[1], ">u2").astype("<u2").tobytes()
    image = Image.open(path)
    if image.mode == "P" or image.mode == "1" or "transparency" in image.info:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.tobytes()


compared = 0
for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)
    path = row["SourceFile"]
    expected = xxhash.xxh3_128_hexdigest(samples_of(path, row["BitsPerSample"]))
    if row["PixelDigest"] != expected:
        sys.exit(f"{path}: {row['PixelDigest']}, not {expected}")
    compared += 1
print(compared)
