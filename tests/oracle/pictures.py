"""Input pictures and the files they come from and go to: PNG of every layout, planes of JPEGs."""

import struct
import subprocess
import zlib

import numpy as np
from PIL import Image

from oracle import Jpeg, Picture

LAYOUTS = {"gray": 1, "ga": 2, "rgb": 3, "rgba": 4}
SAMPLINGS = {"gray": [(1, 1)], "444": [(1, 1)] * 3, "420": [(2, 2), (1, 1), (1, 1)],
             "422": [(2, 1), (1, 1), (1, 1)], "440": [(1, 2), (1, 1), (1, 1)],
             "411": [(4, 1), (1, 1), (1, 1)]}
PNG_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}

# ----------------------------------------------------------------------- PNG


def write_png(path, samples, exif=None):
    """Writes height x width x channels of uint8 or uint16, unfiltered."""
    height, width, channels = samples.shape
    depth = samples.dtype.itemsize * 8
    rows = np.ascontiguousarray(samples, samples.dtype.newbyteorder(">"))
    rows = rows.reshape(height, -1).view(np.uint8)
    raw = np.zeros((height, rows.shape[1] + 1), np.uint8)
    raw[:, 1:] = rows

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, depth, PNG_TYPES[channels], 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        if exif:
            file.write(chunk(b"eXIf", exif))
        file.write(chunk(b"IDAT", zlib.compress(raw.tobytes(), 1)) + chunk(b"IEND", b""))


def orientation_exif(orientation):
    return b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, orientation, 0)


def _paeth_or_average(kind, row, above, step):
    out = bytearray(row)
    for i in range(len(out)):
        left = out[i - step] if i >= step else 0
        up = above[i]
        if kind == 3:
            guess = (left + up) // 2
        else:
            corner = above[i - step] if i >= step else 0
            estimate = left + up - corner
            a, b, c = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
            guess = left if a <= b and a <= c else up if b <= c else corner
        out[i] = (out[i] + guess) & 255
    return out


def _read_deep_png(data):
    """16 bits per sample, which Pillow cuts to 8 in most layouts; not interlaced."""
    at, body, header = 8, b"", None
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        chunk = data[at + 8:at + 8 + size]
        if name == b"IHDR":
            header = struct.unpack(">IIBBBBB", chunk)
        elif name == b"IDAT":
            body += chunk
        at += size + 12
    width, height, depth, kind = header[:4]
    channels = {v: k for k, v in PNG_TYPES.items()}[kind]
    step = channels * depth // 8
    raw = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, width * step + 1)
    out = np.zeros((height, width * step), np.uint8)
    above = np.zeros(width * step, np.uint8)
    for y in range(height):
        kind, row = raw[y, 0], raw[y, 1:]
        if kind == 1:
            row = np.add.accumulate(row.reshape(width, step), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            row = row + above
        elif kind > 2:
            row = np.frombuffer(_paeth_or_average(kind, row.tobytes(), above.tobytes(), step),
                                np.uint8)
        out[y] = above = row
    return out.view(">u2").astype(np.uint16).reshape(height, width, channels)


def read_png(path):
    """Height x width x channels of uint8 or uint16."""
    with open(path, "rb") as file:
        data = file.read()
    if data[24] == 16:
        return _read_deep_png(data)
    with Image.open(path) as image:
        samples = np.array(image)
    return samples[..., None] if samples.ndim == 2 else samples


# ---------------------------------------------------------------------- JPEG


def write_planes(path, planes, factors):
    """`planes` are rounded 8-bit samples, `factors` their (H, V)."""
    most_h, most_v = max(h for h, _ in factors), max(v for _, v in factors)
    height, width = planes[0].shape
    assert factors[0] == (most_h, most_v)
    with open(path, "wb") as file:
        text = " ".join([f"{width} {height} {len(planes)}"] + [f"{h} {v}" for h, v in factors])
        file.write(text.encode() + b"\n")
        for plane in planes:
            file.write(np.ascontiguousarray(plane, np.uint8).tobytes())


def read_planes(path):
    """Planes and the step in pixels of each."""
    with open(path, "rb") as file:
        facts = [int(word) for word in file.readline().split()]
        width, height, count = facts[:3]
        factors = list(zip(facts[3::2], facts[4::2]))
        most_h, most_v = max(h for h, _ in factors), max(v for _, v in factors)
        planes, steps = [], []
        for h, v in factors:
            w, ht = -(-width * h // most_h), -(-height * v // most_v)
            planes.append(np.frombuffer(file.read(w * ht), np.uint8).reshape(ht, w))
            steps.append((most_h // h, most_v // v))
    return planes, steps


def read_rgb(path):
    with open(path, "rb") as file:
        width, height = (int(word) for word in file.readline().split())
        return np.frombuffer(file.read(), np.uint8).reshape(height, width, 3)


def jpeg_jobs(helper, jobs):
    """Runs lines such as "planes FILE OUT" through the helper program."""
    subprocess.run([helper], input="\n".join(jobs) + "\n", text=True, check=True)


# ------------------------------------------------------------------- content


def content(kind, height, width, channels, depth, random):
    """Noise, a smooth surface or blocks, as whole numbers."""
    peak = 2**depth - 1
    if kind == "noise":
        values = random.integers(0, peak + 1, (height, width, channels))
    elif kind == "smooth":
        y, x, c = np.ogrid[:height, :width, :channels]
        values = peak * (0.5 + 0.5 * np.sin(x / 23 + c) * np.cos(y / 17 - c))
    else:
        values = np.kron(random.integers(0, 2, (height // 8 + 1, width // 8 + 1, channels)),
                         np.ones((8, 8, 1)))[:height, :width] * peak
    if channels in (2, 4):
        alpha = values[..., -1]
        # A band of very low alpha, where colours are hard to keep, and a transparent one.
        alpha[height // 4:height // 3] = alpha[height // 4:height // 3] * 5 // peak
        alpha[height // 3:height // 2, : width // 2] = 0
    return np.floor(values).astype(np.uint8 if depth == 8 else np.uint16)


class Source:
    """A picture file and what the oracle starts from."""

    def __init__(self, path, kind, samples=None, orientation=1):
        self.path, self.kind, self.orientation = path, kind, orientation
        self.samples = samples
        self.jpeg = None

    @property
    def layout(self):
        return {v: k for k, v in LAYOUTS.items()}[self.samples.shape[2]]

    @property
    def depth(self):
        return self.samples.dtype.itemsize * 8

    def size(self):
        """Height and width as stored."""
        return (self.samples if self.jpeg is None else self.jpeg.planes[0]).shape[:2]

    def picture(self):
        return Picture(self.samples, 2**self.depth - 1, self.samples.shape[2] in (2, 4))


def make_pngs(folder, random):
    """Every layout and depth in every odd size, as noise; a few other contents."""
    sources = []
    for depth in (8, 16):
        for layout, channels in LAYOUTS.items():
            sizes = [(1, 1), (9, 1), (1, 9), (41, 37), (190, 257), (23, 530)]
            for height, width in sizes:
                path = folder / f"noise-{width}x{height}-{layout}{depth}.png"
                samples = content("noise", height, width, channels, depth, random)
                write_png(path, samples)
                sources.append(Source(path, "noise", samples))
    for kind in ("smooth", "blocks"):
        for layout, depth in (("rgb", 8), ("rgba", 8), ("gray", 16)):
            path = folder / f"{kind}-257x190-{layout}{depth}.png"
            samples = content(kind, 190, 257, LAYOUTS[layout], depth, random)
            write_png(path, samples)
            sources.append(Source(path, kind, samples))
    return sources


def load_png(path, kind):
    with Image.open(path) as image:
        orientation = image.getexif().get(0x0112, 1)
    return Source(path, kind, read_png(path), orientation)


def make_jpegs(folder, helper, sizes, random):
    """Noise in every sampling, encoded by the helper."""
    sources, jobs = [], []
    for sampling, factors in SAMPLINGS.items():
        for height, width in sizes:
            path = folder / f"noise-{width}x{height}-{sampling}.jpg"
            most_h, most_v = factors[0]
            planes = [random.integers(0, 256, (-(-height * v // most_v), -(-width * h // most_h)))
                      for h, v in factors]
            write_planes(path.with_suffix(".in"), planes, factors)
            jobs.append(f"encode {path.with_suffix('.in')} {path} 90")
            sources.append(Source(path, "noise"))
    jpeg_jobs(helper, jobs)
    return load_jpegs(sources, helper, folder)


def load_jpegs(sources, helper, folder):
    """Fills in planes and libjpeg's RGB."""
    jobs = []
    for source in sources:
        stem = folder / source.path.stem
        jobs += [f"planes {source.path} {stem}.planes", f"rgb {source.path} {stem}.rgb"]
    jpeg_jobs(helper, jobs)
    for source in sources:
        stem = folder / source.path.stem
        planes, steps = read_planes(f"{stem}.planes")
        with Image.open(source.path) as image:
            source.orientation = image.getexif().get(0x0112, 1)
        source.jpeg = Jpeg(planes, steps, read_rgb(f"{stem}.rgb"), source.orientation)
    return sources
