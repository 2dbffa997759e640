"""One job of the benchmark done with Pillow; the job is the first argument, in JSON."""
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from PIL import Image, ImageOps

JOB = json.loads(sys.argv[1])


def one(path):
    target = os.path.join(JOB["out"], os.path.basename(path))
    with Image.open(path) as image:
        if JOB["task"] == "half":
            size = (round(image.width / 2), round(image.height / 2))
            image.resize(size, Image.Resampling.LANCZOS).save(
                target, compress_level=JOB["png_level"])
            return
        turned = image.getexif().get(0x0112, 1) >= 5
        limit = (10 ** 5, JOB["width"]) if turned else (JOB["width"], 10 ** 5)
        image.thumbnail(limit, Image.Resampling.LANCZOS, reducing_gap=2.0)
        ImageOps.exif_transpose(image).save(target, quality=JOB["quality"])


def main():
    Image.MAX_IMAGE_PIXELS = None
    pool = ProcessPoolExecutor if JOB["processes"] else ThreadPoolExecutor
    with pool(JOB["cores"]) as workers:
        list(workers.map(one, JOB["files"]))


main()
