#!/usr/bin/env python3
"""torchvision with nvJPEG on many pictures: decoding, resizing and encoding on an NVIDIA GPU.

    peer_torch.py FOLDER OUT WIDTH

Prints one line "NAME MILLISECONDS" for each turn, in a warm process: importing takes longer than the work."""

import concurrent.futures
import glob
import os
import sys
import time

try:
    import torch
    import torchvision.transforms.v2.functional as functional
    from torchvision.io import decode_jpeg, encode_jpeg, read_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
if not torch.cuda.is_available():
    print("skipped: PyTorch sees no GPU")
    sys.exit(77)

FOLDER, OUT, WIDTH = sys.argv[1], sys.argv[2], int(sys.argv[3])
FILES = sorted(glob.glob(os.path.join(FOLDER, "*")))
POOL = concurrent.futures.ThreadPoolExecutor(os.cpu_count())


def resized(picture):
    height = int(picture.shape[1] * WIDTH / picture.shape[2] + 0.5)
    return functional.resize(picture, [height, WIDTH], antialias=True,
                             interpolation=functional.InterpolationMode.BICUBIC)


def store(jpeg, name):
    with open(os.path.join(OUT, os.path.basename(name)), "wb") as file:
        file.write(jpeg.cpu().numpy().tobytes())


def turn(batch):
    start = time.monotonic()
    data = list(POOL.map(read_file, FILES))
    pending = []
    for i in range(0, len(FILES), batch):
        pictures = decode_jpeg(data[i:i + batch], device="cuda")
        jpegs = encode_jpeg([resized(one) for one in pictures], quality=85)
        pending += [POOL.submit(store, jpeg, name) for jpeg, name in zip(jpegs, FILES[i:i + batch])]
    for one in pending:
        one.result()
    return time.monotonic() - start


for size in (8, 16, 8, 16):
    print(f"nvJPEG, batches of {size}: {1000 * turn(size):.1f}")
