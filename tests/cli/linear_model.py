"""Writes an ONNX model of one LinearRegressor, by hand: linear_model.py FILE COEFFICIENT... A / stands
between the coefficients of one target and those of the next; +NAME makes the first column an input of its own."""
import struct
import sys


def number(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(place, value):
    if isinstance(value, int):
        return number(place << 3) + number(value)
    value = value.encode() if isinstance(value, str) else value
    return number(place << 3 | 2) + number(len(value)) + value


def matrix(name, columns):
    """A port: floats, any number of rows."""
    sides = field(1, b"") + field(1, field(1, columns))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sides)))


def floats(name, values):
    return field(5, field(1, name) + b"".join(b"\x3d" + struct.pack("<f", v) for v in values) +
                 field(20, 6))


weights = [float(word) for word in sys.argv[2:] if word != "/" and word[0] != "+"]
targets = 1 + sys.argv.count("/")
columns = len(weights) // targets
node = (field(1, "x") + field(2, "y") + field(4, "LinearRegressor") + floats("coefficients", weights) +
        floats("intercepts", [0] * targets) + field(5, field(1, "targets") + field(3, targets) + field(20, 2)) +
        field(7, "ai.onnx.ml"))
inputs = field(11, matrix("x", columns))
for word in sys.argv[2:]:
    if word[0] == "+":
        inputs = field(11, matrix(word[1:], 1)) + field(11, matrix("rest", columns - 1))
        axis = field(5, field(1, "axis") + field(3, 1) + field(20, 2))
        inputs += field(1, field(1, word[1:]) + field(1, "rest") + field(2, "x") + field(4, "Concat") + axis)
graph = inputs + field(1, node) + field(2, "linear") + field(12, matrix("y", targets))
with open(sys.argv[1], "wb") as file:
    file.write(field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 15)) +
               field(8, field(1, "ai.onnx.ml") + field(2, 1)))
