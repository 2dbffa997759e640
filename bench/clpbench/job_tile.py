"""Builds large photos out of real ones: halves them, which makes their detail finer, and lays them
side by side, mirrored so that edges meet. The job is the first argument, in JSON."""
import json
import os
import sys

from PIL import Image, ImageOps

JOB = json.loads(sys.argv[1])


def tile(source, size, number):
    half = source.resize((source.width // 2, source.height // 2), Image.Resampling.LANCZOS)
    # Another part of the photo comes first in each picture.
    shift = (number * 977 % half.width, number * 613 % half.height)
    picture = Image.new("RGB", size)
    for row, top in enumerate(range(-shift[1], size[1], half.height)):
        for column, left in enumerate(range(-shift[0], size[0], half.width)):
            part = ImageOps.mirror(half) if column % 2 else half
            picture.paste(ImageOps.flip(part) if row % 2 else part, (left, top))
    return picture


def main():
    Image.MAX_IMAGE_PIXELS = None
    number = 0
    sources = []
    for path in JOB["files"]:
        with Image.open(path) as image:
            sources.append(ImageOps.exif_transpose(image).convert("RGB"))
    for label, size, count in JOB["sizes"]:
        for _ in range(count):
            picture = tile(sources[number % len(sources)], tuple(size), number)
            name = f"real-{label}-{number:03d}.jpg"
            picture.save(os.path.join(JOB["out"], name), quality=92)
            number += 1


main()
