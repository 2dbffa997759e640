"""What clproc ought to compute, in float64, written from docs/numerics.md alone.

Every spatial step is a matrix per axis, applied to an array of height x width x channels. Nothing
is rounded or clamped between steps."""

import colorsys
import functools
import math
import re

import numpy as np

# ------------------------------------------------------------------ one axis


def _cubic(b, c):
    def weight(x):
        x = abs(x)
        if x < 1:
            return ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b) / 6
        if x < 2:
            return ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x
                    + 8 * b + 24 * c) / 6
        return 0.0
    return weight


def _sinc(x):
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


FILTERS = {  # name: (support, weight)
    "box": (0.5, lambda x: 1.0 if -0.5 < x <= 0.5 else 0.0),
    "bilinear": (1.0, lambda x: max(0.0, 1 - abs(x))),
    "catmull-rom": (2.0, _cubic(0, 0.5)),
    "mitchell": (2.0, _cubic(1 / 3, 1 / 3)),
    "lanczos3": (3.0, lambda x: _sinc(x) * _sinc(x / 3) if -3 <= x < 3 else 0.0),
}


@functools.lru_cache(maxsize=256)
def resize_matrix(n, m, name):
    if name == "area":
        return Band(_area_matrix(n, m))
    matrix = np.zeros((m, n))
    scale = n / m
    if name == "nearest":
        for i in range(m):
            matrix[i, min(n - 1, int((i + 0.5) * scale))] = 1
        return Band(matrix)
    support, weight = FILTERS[name]
    stretch = max(scale, 1.0)
    reach = support * stretch
    for i in range(m):
        centre = (i + 0.5) * scale
        low = max(0, int(centre - reach + 0.5))
        high = min(n, int(centre + reach + 0.5))
        for j in range(low, high):
            matrix[i, j] = weight((j - centre + 0.5) / stretch)
        matrix[i] /= matrix[i].sum()
    return Band(matrix)


def _area_matrix(n, m):
    """Exact coverage: the share of source pixel j that output pixel i covers."""
    matrix = np.zeros((m, n))
    for i in range(m):
        start, end = i * n / m, (i + 1) * n / m
        for j in range(int(start), min(n, math.ceil(end))):
            matrix[i, j] = max(0.0, min(end, j + 1) - max(start, j))
        matrix[i] /= matrix[i].sum()
    return matrix


@functools.lru_cache(maxsize=256)
def window_matrix(n, weights):
    """A symmetric window, its samples beyond the edge replaced by the edge's."""
    reach = len(weights) // 2
    matrix = np.zeros((n, n))
    for k, weight in enumerate(weights):
        columns = np.clip(np.arange(n) + k - reach, 0, n - 1)
        np.add.at(matrix, (np.arange(n), columns), weight)
    return Band(matrix)


def gaussian_weights(sigma, radius):
    k = np.arange(-radius, radius + 1)
    weights = np.exp(-k * k / (2.0 * sigma * sigma))
    return tuple(weights / weights.sum())


@functools.lru_cache(maxsize=256)
def upsample_matrix(n, m, step, fancy):
    """libjpeg's chroma upsampling: triangle weights for a step of 2, else replication."""
    matrix = np.zeros((m, n))
    for i in range(m):
        near = min(n - 1, i // step)
        if step == 2 and fancy:
            far = min(n - 1, max(0, near + (1 if i % 2 else -1)))
            matrix[i, near] += 0.75
            matrix[i, far] += 0.25
        else:
            matrix[i, near] = 1
    return Band(matrix)


@functools.lru_cache(maxsize=256)
def downsample_matrix(n, step):
    """Means of whole blocks, after the last sample was repeated to fill the last block."""
    m = -(-n // step)
    matrix = np.zeros((m, n))
    for i in range(m):
        for k in range(step):
            matrix[i, min(n - 1, i * step + k)] += 1 / step
    return Band(matrix)


class Band:
    """A matrix by its windows: row i has weights[i] from column first[i] on, zeros elsewhere."""

    def __init__(self, dense):
        used = dense != 0
        first, end = used.argmax(axis=1), dense.shape[1] - used[:, ::-1].argmax(axis=1)
        taps = int((end - first).max())
        self.first = np.minimum(first, dense.shape[1] - taps)
        self.weights = np.take_along_axis(dense, self.first[:, None] + np.arange(taps), axis=1)
        self.identity = dense.shape[0] == dense.shape[1] and (dense == np.eye(len(dense))).all()

    def down(self, values):
        """Applies the matrix to the first axis."""
        if self.identity:
            return values
        out = 0.0
        for k in range(self.weights.shape[1]):
            out = out + self.weights[:, k, None, None] * values[self.first + k]
        return out


def along(rows, columns, values):
    """Applies a matrix to each axis of height x width x channels; None leaves an axis."""
    if rows is not None:
        values = rows.down(values)
    if columns is not None:
        values = np.swapaxes(columns.down(np.ascontiguousarray(np.swapaxes(values, 0, 1))), 0, 1)
    return values


# ------------------------------------------------------------------- colours

KR, KB = 0.299, 0.114
KG = 1 - KR - KB
RGB_TO_YCC = np.array([[KR, KG, KB],
                       [-KR / (2 - 2 * KB), -KG / (2 - 2 * KB), 0.5],
                       [0.5, -KG / (2 - 2 * KR), -KB / (2 - 2 * KR)]])
YCC_TO_RGB = np.linalg.inv(RGB_TO_YCC)
CHROMA_ZERO = np.array([0.0, 128.0, 128.0])
NAMED = {"black": "000000", "white": "ffffff", "red": "ff0000", "transparent": "00000000"}


def parse_colour(text):
    """R, G, B, A from 0 to 1."""
    digits = NAMED.get(text, text.lstrip("#"))
    if len(digits) == 3:
        digits = "".join(d + d for d in digits)
    values = [int(digits[i:i + 2], 16) / 255 for i in range(0, len(digits), 2)]
    return np.array(values + [1.0] * (4 - len(values)))


def colour_matrix(name, argument, peak):
    """A 3 x 3 matrix and an offset for colours from 0 to `peak`."""
    luma = np.tile([KR, KG, KB], (3, 1))
    if name == "brightness":
        return np.eye(3) * float(argument), np.zeros(3)
    if name == "contrast":
        factor = float(argument)
        return np.eye(3) * factor, np.full(3, (1 - factor) * peak / 2)
    if name == "saturation":
        factor = float(argument)
        return luma + factor * (np.eye(3) - luma), np.zeros(3)
    if name == "matrix":
        numbers = np.array([float(v) for v in argument.split(",")]).reshape(3, -1)
        offset = numbers[:, 3] * peak / 255 if numbers.shape[1] == 4 else np.zeros(3)
        return numbers[:, :3], offset
    raise ValueError(name)


def srgb_decode(values):
    """Light of encoded values, both from 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92,
                    ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def srgb_encode(light):
    return np.where(light <= 0.0031308, light * 12.92,
                    1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


# Linear BT.709 to XYZ for D65 with OpenCV's constants, as parts of the white's: rows sum to 1.
RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423],
                       [0.212671, 0.715160, 0.072169],
                       [0.019334, 0.119193, 0.950227]])
RGB_TO_XYZ /= RGB_TO_XYZ.sum(axis=1, keepdims=True)
EPSILON, KAPPA = 216 / 24389, 24389 / 27


def rgb_to_lab(rgb):
    """As clproc packs it: L / 100, (a + 128) / 255, (b + 128) / 255."""
    xyz = srgb_decode(rgb) @ RGB_TO_XYZ.T
    x, y, z = np.moveaxis(np.where(xyz > EPSILON, np.cbrt(xyz), (KAPPA * xyz + 16) / 116), -1, 0)
    return np.stack([(116 * y - 16) / 100, (500 * (x - y) + 128) / 255,
                     (200 * (y - z) + 128) / 255], axis=-1)


def lab_to_rgb(lab):
    y = (lab[..., 0] * 100 + 16) / 116
    f = np.stack([y + (lab[..., 1] * 255 - 128) / 500, y, y - (lab[..., 2] * 255 - 128) / 200],
                 axis=-1)
    xyz = np.clip(np.where(f**3 > EPSILON, f**3, (116 * f - 16) / KAPPA), 0, 1)
    return srgb_encode(np.clip(xyz @ np.linalg.inv(RGB_TO_XYZ).T, 0, 1))


def _pixelwise(function):
    return lambda values: np.array([function(*pixel) for pixel in values.reshape(-1, 3)]).reshape(
        values.shape)


# To each space and back, all values from 0 to 1; the hue's circle is 1 around.
SPACES = {
    "linear": (srgb_decode, srgb_encode),
    "ycbcr": (lambda v: v @ RGB_TO_YCC.T + [0, 128 / 255, 128 / 255],
              lambda v: (v - [0, 128 / 255, 128 / 255]) @ YCC_TO_RGB.T),
    "hsv": (_pixelwise(colorsys.rgb_to_hsv), _pixelwise(colorsys.hsv_to_rgb)),
    "lab": (rgb_to_lab, lab_to_rgb),
}

# ---------------------------------------------------------------- orientation


def reorient(values, orientation):
    """The upright picture of one stored with an EXIF orientation."""
    transposed = np.swapaxes(values, 0, 1)
    return {1: values, 2: values[:, ::-1], 3: values[::-1, ::-1], 4: values[::-1],
            5: transposed, 6: transposed[:, ::-1], 7: transposed[::-1, ::-1],
            8: transposed[::-1]}[orientation]


# ------------------------------------------------------------------- pictures


class Picture:
    """Samples height x width x channels in float64 with what has been done to them.

    `alpha`: the last channel is one. `premultiplied`: colours carry their alpha. `filtered`: a step
    mixed neighbouring samples, so that the exactness of re-indexing is gone. `light`: colours are
    linear light, to be encoded when stored. `space`: what --colour has made of them. `unsure`: pixels
    that arithmetic in another order may decide otherwise."""

    def __init__(self, values, peak, alpha=False):
        self.values = values.astype(np.float64)
        self.peak = peak
        self.alpha = alpha
        self.premultiplied = False
        self.filtered = False
        self.light = False
        self.space = "srgb"
        self.unsure = None

    def map_colours(self, function, clamped=True):
        """Applies a function of values from 0 to 1 to all but alpha."""
        colours = self.values.shape[2] - self.alpha
        shares = self.values[..., :colours] / self.peak
        mapped = function(np.clip(shares, 0, 1) if clamped else shares) * self.peak
        self.values = np.concatenate([mapped, self.values[..., colours:]], axis=2)

    def filter(self, rows, columns):
        if self.alpha and not self.premultiplied:
            self.values[..., :-1] *= self.values[..., -1:] / self.peak
            self.premultiplied = True
        self.filtered = True
        self.values = along(rows, columns, self.values)

    def stored(self):
        """What storing rounds, and where alpha is so near 0.5 that colour may be 0 or not (None:
        nowhere)."""
        values = np.array(self.values)
        if not self.alpha:
            values = np.clip(values, 0, self.peak)
            return srgb_encode(values / self.peak) * self.peak if self.light else values, self.unsure
        alpha = np.clip(values[..., -1:], 0, self.peak)
        unsure = None
        if self.premultiplied:
            with np.errstate(divide="ignore", invalid="ignore"):
                colour = values[..., :-1] * self.peak / alpha
            unsure = np.abs(alpha[..., 0] - 0.5) <= 0.1  # what storing alpha itself may be off
            colour[alpha[..., 0] < 0.5] = 0
            values[..., :-1] = np.nan_to_num(colour)
        if self.light:
            light = np.clip(values[..., :-1] / self.peak, 0, 1)
            values[..., :-1] = srgb_encode(light) * self.peak
        values[..., -1:] = alpha
        return np.clip(values, 0, self.peak), unsure


def output_size(spec, width, height, fit="inside"):
    """Size by WxH, Wx, xH or N%."""
    def scaled(factor):
        return tuple(max(1, math.floor(size * factor + 0.5)) for size in (width, height))
    if spec.endswith("%"):
        return scaled(float(spec[:-1]) / 100)
    w, h = (int(v) if v else None for v in re.fullmatch(r"(\d*)x(\d*)", spec).groups())
    if w and h and fit == "fill":
        return w, h
    factors = [wanted / size for wanted, size in ((w, width), (h, height)) if wanted]
    return scaled(max(factors) if fit == "outside" else min(factors))


def _resize(picture, argument):
    size, *options = argument.split(":")
    options = dict(o.split("=") for o in options)
    height, width = picture.values.shape[:2]
    out_w, out_h = output_size(size, width, height, options.get("fit", "inside"))
    name = options.get("filter", "lanczos3")
    rows = resize_matrix(height, out_h, name) if out_h != height else None
    columns = resize_matrix(width, out_w, name) if out_w != width else None
    if rows is not None or columns is not None:
        picture.filter(rows, columns)


def _blur(picture, weights):
    height, width = picture.values.shape[:2]
    picture.filter(window_matrix(height, weights), window_matrix(width, weights))


def _expand(picture, colour):
    """A gray picture becomes RGB over a colour that is no gray."""
    if picture.values.shape[2] - picture.alpha == 1 and len(set(colour[:3])) > 1:
        picture.values = np.concatenate([picture.values[..., :1]] * 2 + [picture.values], axis=2)


def _pad(picture, argument):
    size, *options = argument.split(":")
    options = dict(o.split("=") for o in options)
    fill = parse_colour(options["colour"]) * picture.peak
    _expand(picture, fill)
    height, width, channels = picture.values.shape
    w, h = (int(v) for v in size.split("x"))
    w, h = max(w, width), max(h, height)
    fill = {1: fill[:1], 2: fill[[0, 3]], 3: fill[:3], 4: fill}[channels]
    if picture.premultiplied:
        fill = fill * np.append(np.full(channels - 1, fill[-1] / picture.peak), 1)
    x, y = {"northwest": (0, 0), "southeast": (w - width, h - height)}[options["gravity"]]
    padded = np.tile(fill, (h, w, 1))
    padded[y:y + height, x:x + width] = picture.values
    picture.values = padded


def _flatten(picture, argument):
    if not picture.alpha:
        return
    _expand(picture, parse_colour(argument))
    if not picture.premultiplied:
        picture.values[..., :-1] *= picture.values[..., -1:] / picture.peak
    ground = parse_colour(argument)[:picture.values.shape[2] - 1] * picture.peak
    share = 1 - picture.values[..., -1:] / picture.peak
    picture.values = picture.values[..., :-1] + share * ground
    picture.alpha = picture.premultiplied = False


def _gray(picture):
    colours = picture.values.shape[2] - picture.alpha
    if colours == 3:
        luma = picture.values[..., :3] @ np.array([KR, KG, KB])
        picture.values = np.concatenate([luma[..., None], picture.values[..., 3:]], axis=2)


def _recolour(picture, matrix, offset):
    colours = picture.values.shape[2] - picture.alpha
    if colours == 1:  # these operations treat gray as three equal channels
        matrix, offset = matrix[:1].sum(axis=1).reshape(1, 1), offset[:1]
    if picture.premultiplied:
        offset = offset * picture.values[..., -1:] / picture.peak
    mixed = picture.values[..., :colours] @ matrix.T + offset
    picture.values = np.concatenate([mixed, picture.values[..., colours:]], axis=2)


def _curve(picture, name, argument):
    """gamma and levels, on the channels that are no alpha."""
    colours = picture.values.shape[2] - picture.alpha
    black, white, gamma = 0.0, 1.0, 1.0
    if name == "gamma":
        gamma = float(argument)
    else:
        first, *options = argument.split(":")
        options = dict(o.split("=") for o in options)
        black, white = float(first) / 255, float(options.get("white", 255)) / 255
        gamma = float(options.get("gamma", 1))
    share = (picture.values[..., :colours] / picture.peak - black) / (white - black)
    share = np.clip(share, 0, 1) ** (1 / gamma)
    picture.values = np.concatenate([share * picture.peak, picture.values[..., colours:]], axis=2)


LIGHTNESS = {"ycbcr": 0, "lab": 0, "hsv": 2}


def _sharpen(picture, argument):
    """On luma, the same for all channels, or on each; in spaces that have a channel of luma, lightness or
    value, on that alone. Only pictures without alpha."""
    first, *options = argument.split(":")
    options = dict(o.split("=") for o in options)
    before = picture.values
    apply(picture, "blur", first)
    detail = before - picture.values
    if before.shape[2] == 3 and options.get("channels", "luma") == "luma":
        if picture.space in LIGHTNESS:
            detail = detail * (np.arange(3) == LIGHTNESS[picture.space])
        else:
            detail = np.repeat((detail @ np.array([KR, KG, KB]))[..., None], 3, axis=2)
    threshold = float(options.get("threshold", 0)) * picture.peak / 255
    seen = np.abs(detail) >= threshold
    if threshold:  # in levels of 8 bits, what a fixed-point luma may be off
        near = np.abs(np.abs(detail) - threshold) < 0.05 * picture.peak / 255
        picture.unsure = near.any(axis=2)
    picture.values = before + float(options.get("amount", 1)) * detail * seen


def _convert(picture, space):
    for name, way in ((picture.space, 1), (space, 0)):
        if name != "srgb":  # YCbCr is a matrix, and clamps nothing
            picture.map_colours(SPACES[name][way], name != "ycbcr")
    picture.space = space


def _to_light(picture):
    picture.map_colours(srgb_decode)
    picture.light = True


REINDEXING = ("crop", "flip", "rotate", "orient")
RECOLOURING = ("brightness", "contrast", "saturation", "matrix")


def apply(picture, name, argument):
    """Does one step as the program names it."""
    if name == "resize":
        _resize(picture, argument)
    elif name == "blur":
        sigma = float(argument)
        radius = math.ceil((4 if picture.peak == 255 else 5) * sigma)
        _blur(picture, gaussian_weights(sigma, radius))
    elif name == "box-blur":
        radius = int(argument)
        _blur(picture, (1 / (2 * radius + 1),) * (2 * radius + 1))
    elif name == "crop":
        w, h, x, y = (int(v) for v in re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", argument).groups())
        picture.values = picture.values[y:y + h, x:x + w]
    elif name == "flip":
        picture.values = picture.values[:, ::-1] if argument == "h" else picture.values[::-1]
    elif name == "rotate":
        picture.values = np.rot90(picture.values, -int(argument) // 90)
    elif name == "orient":
        picture.values = reorient(picture.values, argument)
    elif name == "pad":
        _pad(picture, argument)
    elif name == "flatten":
        _flatten(picture, argument)
    elif name == "sharpen":
        _sharpen(picture, argument)
    elif name == "linear":  # the option: what follows filters light
        _to_light(picture)
    elif name == "colour":
        _convert(picture, argument)
    elif name == "gray":
        _gray(picture)
    elif name in ("gamma", "levels"):
        _curve(picture, name, argument)
    else:
        _recolour(picture, *colour_matrix(name, argument, picture.peak))


# ----------------------------------------------------------------------- JPEG


class Jpeg:
    """A JPEG's planes as stored, with each plane's step in pixels, and libjpeg's own RGB."""

    def __init__(self, planes, steps, rgb, orientation=1):
        self.planes, self.steps, self.rgb, self.orientation = planes, steps, rgb, orientation

    def full_size(self):
        """Planes upsampled linearly, as height x width x components."""
        height, width = self.planes[0].shape
        full = []
        for plane, (h, v) in zip(self.planes, self.steps):
            # libjpeg interpolates no plane narrower than 3 samples, except straight down.
            fancy = plane.shape[1] > 2
            rows = upsample_matrix(plane.shape[0], height, v, fancy or h == 1)
            columns = upsample_matrix(plane.shape[1], width, h, fancy and v <= 2)
            full.append(along(rows, columns, plane[..., None].astype(np.float64))[..., 0])
        return np.stack(full, axis=2)

    def full_rgb(self):
        """The planes upsampled and converted, not clamped; three channels for gray, too."""
        full = self.full_size()
        if full.shape[2] == 1:
            return np.repeat(full, 3, axis=2)
        return (full - CHROMA_ZERO) @ YCC_TO_RGB.T


def _needs_rgb(steps):
    return any(name in RECOLOURING for name, _ in steps)


def jpeg_to_rgb(jpeg, steps):
    """The picture that storing a JPEG's result as RGB or gray rounds."""
    upright = [("orient", jpeg.orientation)] + steps
    colours = [s for s in upright if s[0] in RECOLOURING]
    gray = any(name == "gray" for name, _ in steps) or len(jpeg.planes) == 1
    spatial = [s for s in upright if s not in colours and s[0] != "gray"]
    def through(values):
        picture = Picture(values, 255)
        for name, argument in spatial:
            apply(picture, name, argument)
        return picture

    picture = through(jpeg.planes[0][..., None] if gray and not colours else jpeg.rgb)
    if picture.filtered and not (gray and not colours):
        picture = through(jpeg.full_rgb())
    if colours:
        picture.values = np.clip(picture.values, 0, 255)
        for name, argument in colours:
            apply(picture, name, argument)
        if gray:
            _gray(picture)
    return picture


def jpeg_to_planes(jpeg, steps, out_steps):
    """Unrounded planes, clamped, of a JPEG's result stored with the given steps per plane."""
    if len(out_steps) == 1:
        return [jpeg_to_rgb(jpeg, steps + [("gray", "")]).stored()[0][..., 0]]
    if _needs_rgb(steps):
        rgb = jpeg_to_rgb(jpeg, steps).stored()[0]
    else:
        picture = Picture(jpeg.full_rgb(), 255)
        for name, argument in [("orient", jpeg.orientation)] + steps:
            apply(picture, name, argument)
        rgb = picture.values
    ycc = rgb @ RGB_TO_YCC.T + CHROMA_ZERO
    planes = []
    for c, (h, v) in enumerate(out_steps):
        rows = downsample_matrix(ycc.shape[0], v)
        columns = downsample_matrix(ycc.shape[1], h)
        planes.append(np.clip(along(rows, columns, ycc[..., c:c + 1])[..., 0], 0, 255))
    return planes


def reindexed_planes(jpeg, steps, out_steps):
    """Planes after steps that only move whole blocks of pixels with one chroma sample; None if some
    step filters, or a block of the result takes pixels of several."""
    if not all(name in REINDEXING for name, _ in steps):
        return None
    height, width = jpeg.planes[0].shape
    planes = []
    for plane, (h, v), (out_h, out_v) in zip(jpeg.planes, jpeg.steps, out_steps):
        blocks = np.arange(plane.size).reshape(plane.shape)
        blocks = blocks.repeat(v, axis=0).repeat(h, axis=1)[:height, :width]
        picture = Picture(blocks[..., None], 255)
        for name, argument in [("orient", jpeg.orientation)] + steps:
            apply(picture, name, argument)
        moved = picture.values[..., 0].astype(int)
        first = moved[::out_v, ::out_h]
        spread = first.repeat(out_v, axis=0).repeat(out_h, axis=1)
        if (spread[:moved.shape[0], :moved.shape[1]] != moved).any():
            return None
        planes.append(plane.reshape(-1)[first].astype(np.float64))
    return planes
