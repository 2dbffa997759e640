"""One job of the benchmark done with OpenCV; the job is the first argument, in JSON."""
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy

JOB = json.loads(sys.argv[1])
REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
           8: cv2.IMREAD_REDUCED_COLOR_8}


def stored_width(path):
    with open(path, "rb") as file:
        data = file.read(1 << 20)
    at = 2
    while not (0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in (0xC4, 0xC8, 0xCC)):
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return int.from_bytes(data[at + 7:at + 9], "big")


def resize(path):
    shrink = 1
    while shrink < 8 and stored_width(path) // (2 * shrink) >= 2 * JOB["width"]:
        shrink *= 2
    image = cv2.imread(path, REDUCED[shrink])
    width = min(JOB["width"], image.shape[1])
    height = round(image.shape[0] * width / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def half(path):
    return cv2.resize(cv2.imread(path, cv2.IMREAD_UNCHANGED), None, fx=0.5, fy=0.5,
                      interpolation=cv2.INTER_AREA)


def blur(path):
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if JOB["float"]:
        image = image.astype(numpy.float32)
    return cv2.GaussianBlur(image, (0, 0), JOB["sigma"], borderType=cv2.BORDER_REPLICATE)


def one(path):
    result = {"resize": resize, "half": half, "blur": blur}[JOB["task"]](path)
    target = os.path.join(JOB["out"], os.path.basename(path))
    if not cv2.imwrite(target, result, [cv2.IMWRITE_JPEG_QUALITY, JOB["quality"],
                                        cv2.IMWRITE_PNG_COMPRESSION, JOB["png_level"]]):
        sys.exit(f"{target}: not written")


def main():
    cv2.setNumThreads(JOB["threads"])
    with ThreadPoolExecutor(JOB["cores"] if JOB["threads"] == 1 else 1) as workers:
        list(workers.map(one, JOB["files"]))


main()
