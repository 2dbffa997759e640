"""What a JPEG's or PNG's header says."""
import os


def _jpeg(data):
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            count = data[at + 9]
            sampling = [data[at + 11 + 3 * i] for i in range(count)]
            return (int.from_bytes(data[at + 7:at + 9], "big"),
                    int.from_bytes(data[at + 5:at + 7], "big"),
                    {1: "gray"}.get(count, "".join(f"{s:02x}" for s in sampling)))
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return None


def header(path):
    """(width, height, kind) as stored; kind is "gray" or the sampling factors of a JPEG, "png" of a
    PNG. None for anything else."""
    with open(path, "rb") as file:
        data = file.read(1 << 20)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"), "png"
    return None


def pictures_in(folder):
    """The JPEGs and PNGs of a folder and those below it, sorted."""
    found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
             if not name.startswith(".")]
    return sorted(path for path in found if header(path))


def megapixels(files):
    return sum(h[0] * h[1] for h in map(header, files) if h) / 1e6


def _by_stem(folder):
    return {os.path.splitext(name)[0]: name for name in os.listdir(folder)}


def missing(folder, reference):
    """Names of pictures that only the reference folder has."""
    here = _by_stem(folder)
    return sorted(name for stem, name in _by_stem(reference).items() if stem not in here)


def differences(folder, reference):
    """What sets the pictures of two folders apart, in words; "" if sizes and sampling agree."""
    said = []
    here = _by_stem(folder)
    for stem, name in sorted(_by_stem(reference).items()):
        mine = header(os.path.join(folder, here[stem]))
        other = header(os.path.join(reference, name))
        if not mine or not other or any(abs(a - b) > 1 for a, b in zip(mine[:2], other[:2])):
            said.append(f"{name} is {mine}, not {other}")
        elif mine[2] != other[2]:
            said.append(f"{name} is stored as {mine[2]}, not {other[2]}")
    return "; ".join(said[:2]) + (f" and {len(said) - 2} more" if len(said) > 2 else "")
