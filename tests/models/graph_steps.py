"""Steps of random graphs that compute: weights, windows, tables, two operands, reductions."""

import numpy as np

from graph_growth import Skip
from tflite_operators import COMPARISONS, FUSED
from tflite_writer import SAME, VALID, schema


def window(g, x, reach_max=5):
    """Kernel, stride and padding that fit an image."""
    _, height, width, _ = g.net.shape(x)
    kernel = [g.whole(1, reach_max) for _ in range(2)]
    stride = [g.one_of([1, 1, 1, 2, 2, 3]) for _ in range(2)]
    padding = g.one_of([SAME, VALID])
    if padding == VALID:
        kernel = [min(k, size) for k, size in zip(kernel, (height, width))]
    return kernel, stride, padding


def dilation(g, x, kernel, stride, padding):
    if stride != [1, 1] or g.chance(0.7):
        return [1, 1]
    found = [g.whole(1, 3), g.whole(1, 3)]
    sizes = g.net.shape(x)[1:3]
    if padding == VALID and any((k - 1) * d >= s for k, d, s in zip(kernel, found, sizes)):
        return [1, 1]
    return found


def weights(g, bias=0.85):
    """What convolutions vary beside shapes; TFLite Micro dies on a depthwise one without bias."""
    extra = {"per_channel": g.chance(0.8), "bias": g.chance(bias), "slack": g.one_of([0, 0, 0.1]),
             "activation": g.activation(), "std": float(np.exp(g.rng.normal(0.5, 0.6)))}
    if extra["per_channel"] and g.chance(0.1):
        # A channel whose multiplier is tiny, or above 1.
        extra["multipliers"] = {0: float(g.one_of([1e-12, 1.3 * 2**-32, 1.9 * 2**-31, 1.5, 3.7]))}
    return extra


def convolution(g):
    x = g.image()
    kernel, stride, padding = window(g, x)
    depth = g.net.shape(x)[-1]
    groups = g.one_of([d for d in range(1, depth + 1) if depth % d == 0]) if g.chance(0.25) else 1
    channels = groups * g.whole(1, max(1, 20 // groups))
    return g.stretch(g.net.conv(x, channels, kernel, stride, dilation(g, x, kernel, stride, padding),
                                padding, groups=groups, **weights(g)))


def depthwise(g):
    x = g.image()
    kernel, stride, padding = window(g, x)
    multiplier = g.one_of([1, 1, 1, 2, 3, 8]) if g.net.shape(x)[-1] <= 32 else 1
    return g.stretch(g.net.depthwise(x, multiplier, kernel, stride,
                                     dilation(g, x, kernel, stride, padding), padding,
                                     **weights(g, 0.97)))


def dense(g):
    x = g.pick(ranks=range(2, 5))
    extra = weights(g)
    extra["per_channel"] = extra["per_channel"] and g.chance(0.5)
    if not extra["per_channel"]:
        extra.pop("multipliers", None)
        extra["weight_zero_point"] = g.one_of([0, 0, 0, g.whole(-20, 20)])
    keep = len(g.net.shape(x)) > 2 or g.chance(0.2)
    return g.stretch(g.net.dense(x, g.whole(1, 40), keep_num_dims=keep, **extra))


def pool(g, name):
    x = g.image()
    kernel, stride, padding = window(g, x, 6)
    method = g.net.average_pool if name == "AVERAGE_POOL_2D" else g.net.max_pool
    return g.add(method(x, kernel, stride, padding, g.activation()))


def softmax(g):
    beta = float(g.one_of([1.0, 1.0, 0.5, 2.0]))
    return g.add(g.net.softmax(g.pick(ranks=range(1, 5)), beta))


def logistic(g):
    return g.add(g.net.logistic(g.pick()))


def unary(g, name):
    x = g.pick()
    if name == "TANH":
        return g.add(g.net.unary(name, x))
    if name == "RSQRT":
        # Values below the zero point fail the whole run: they are left out.
        scale, zero_point = g.any_quantisation()[0], -128
        x = g.input(g.any_shape(), "int8", (scale, zero_point))
    return g.stretch(g.net.unary(name, x))


def leaky_relu(g):
    return g.stretch(g.net.leaky_relu(g.pick(), float(g.one_of([0.01, 0.2, 0.7, 1.5, -0.3]))))


def requantise(g, source="int8", target="int8"):
    return g.stretch(g.net.quantize(g.pick(source), target))


def dequantize(g):
    return g.add(g.net.dequantize(g.pick("int8", "int8", "uint8", "int16")))


def cast(g):
    source = g.one_of(["int8", "int8", "bool", "int32", "float32"])
    target = g.one_of([d for d in ("float32", "int32", "int8", "bool", "int16")
                       if d != source])
    return g.add(g.net.cast(g.pick(source), target))


def arithmetic(g, name):
    x = g.pick()
    y = g.other(x, same_scale=name in ("MAXIMUM", "MINIMUM"))
    a, b = (x, y) if g.chance(0.7) else (y, x)
    if name in ("MAXIMUM", "MINIMUM"):
        return g.add(g.net.binary(name, a, b, 0, g.net.quantisation(x)))
    activation = g.activation() if name in FUSED else 0
    return g.stretch(g.net.binary(name, a, b, activation))


def add_equal(g):
    x = g.pick()
    found = [y for y in g.tensors if g.net.dtypes[y] == "int8"
             and g.net.shape(y) == g.net.shape(x)]
    return g.stretch(g.net.binary("ADD", x, g.one_of(found), g.activation()))


def prelu(g):
    x = g.image()
    shape = [1, 1, 1, g.net.shape(x)[-1]] if g.chance(0.7) else list(g.net.shape(x))
    return g.stretch(g.net.binary("PRELU", x, g.constant(shape)))


def comparison(g, name):
    x = g.pick("bool") if name.startswith("LOGICAL") else g.pick("int8", "int8", "int8", "bool")
    if g.net.dtypes[x] == "bool" and not name.startswith("LOGICAL"):
        name = g.one_of(["EQUAL", "NOT_EQUAL"])
    y = g.other(x)
    a, b = (x, y) if g.chance(0.7) else (y, x)
    return g.add(g.net.binary(name, a, b))


def logical_not(g):
    return g.add(g.net.unary("LOGICAL_NOT", g.pick("bool")))


def select(g):
    x = g.pick()
    y = g.other(x, same_scale=True)
    whole = np.broadcast_shapes(g.net.shape(x), g.net.shape(y))
    shape = [size if g.chance(0.6) else 1 for size in whole]
    found = [c for c in g.tensors if g.net.dtypes[c] == "bool" and g.net.shape(c) == whole]
    condition = g.one_of(found) if found else g.input(shape, "bool")
    if found or tuple(shape) == whole or g.chance(0.6):
        return g.add(g.net.select(condition, x, y))
    raise Skip


def add_n(g):
    x = g.pick()
    others = [g.like(x, g.net.shape(x)) for _ in range(g.whole(1, 3))]
    return g.stretch(g.net.add_n([x, *others]))


def reduction(g, name):
    x = g.pick(ranks=range(1, 5))
    keep = g.chance(0.5)
    axes = g.axes(x)
    if name == "MEAN" and g.chance(0.4):
        x, axes = g.image(), [1, 2]
    if g.chance(0.2) and len(axes) == 1:
        axes = axes[0]
    y = g.net.reduce(name, x, axes, keep)
    return g.add(y) if name.startswith("REDUCE") else g.stretch(y)


def all_true(g):
    x = g.pick("bool", ranks=range(1, 5))
    return g.add(g.net.reduce("REDUCE_ALL", x, g.axes(x), g.chance(0.5)))


def argument(g, name):
    x = g.pick()
    return g.add(g.net.arg(name, x, g.axis(x)))


def shape_chain(g):
    """The shape of a tensor, a part of it, packed with constants, as the shape of a RESHAPE."""
    net, x = g.net, g.pick(ranks=range(2, 5))
    shape = net.shape(x)
    whole = net.result(np.broadcast_to(np.array(shape), (32, len(shape))), "shape", "int32")
    net.emit("SHAPE", [x], whole, outType=schema.TensorType.INT32)
    first = net.strided_slice(whole, [0], [1], [1], shrinkAxisMask=1)
    target = net.pack([first, net.integers(int(np.prod(shape[1:])))], 0)
    y = net.result(net.samples(x).reshape(32, shape[0], -1), "reshaped", "int8",
                   net.quantisation(x))
    return g.add(net.emit("RESHAPE", [x, target], y))



STEPS = {
    "CONV_2D": convolution, "DEPTHWISE_CONV_2D": depthwise, "FULLY_CONNECTED": dense,
    "AVERAGE_POOL_2D": pool, "MAX_POOL_2D": pool, "SOFTMAX": softmax, "LOGISTIC": logistic,
    "LEAKY_RELU": leaky_relu, "PRELU": prelu, "ADD_EQUAL": add_equal, "ADD_N": add_n,
    "SELECT_V2": select, "LOGICAL_NOT": logical_not, "CAST": cast, "DEQUANTIZE": dequantize,
    "SHAPE": shape_chain,
    **{name: unary for name in ("TANH", "RELU", "RELU6", "ABS", "HARD_SWISH", "ELU", "RSQRT")},
    **{name: arithmetic for name in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM",
                                     "SQUARED_DIFFERENCE")},
    **{name: comparison for name in COMPARISONS},
    **{name: reduction for name in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")},
    "REDUCE_ALL": all_true, "ARG_MAX": argument, "ARG_MIN": argument,
}
# QUANTIZE from one element type to another.
QUANTIZE = {f"QUANTIZE_{source}_{target}": (source, target) for source, target in (
    ("int8", "int8"), ("float32", "int8"), ("uint8", "int8"), ("int8", "uint8"),
    ("int16", "int8"), ("int8", "int16"), ("float32", "int16"))}
