"""Writes small models with random weights: together they use every feature
that the converter accepts, with odd shapes and at the edges of the arithmetic.

Also writes `refused/*.tflite`: well-formed files that the converter must refuse.
"""

import math
import pathlib

import numpy as np

from functions import FUNCTIONS
from tflite_writer import (
    NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, Network, pack_model, read_model, schema)

HERE = pathlib.Path(__file__).parent


def residual():
    """Two residual blocks; the second one halves the map."""
    net = Network("residual", (1, 8, 8, 3), seed=1)
    a = net.conv(net.input, 12, (3, 3), activation=RELU)
    b = net.depthwise(a, activation=RELU6, std=4.0)
    b = net.conv(b, 12)
    c = net.add(a, b, RELU)
    d = net.depthwise(c, stride=(2, 2), activation=RELU)
    d = net.conv(d, 24)
    shortcut = net.conv(c, 24, stride=(2, 2))
    e = net.add(d, shortcut)
    f = net.conv(e, 10, activation=RELU, slack=0.05)
    g = net.average_pool(f, (4, 4))
    h = net.reshape(g, 1, 10)
    return net.finish(net.softmax(net.dense(h, 9, std=1.5)))


def conv_shapes():
    """Kernels, strides and channel counts that fit no tile."""
    net = Network("conv_shapes", (1, 13, 11, 5), seed=2, scale=0.03, zero_point=11)
    a = net.conv(net.input, 7, (3, 2), stride=(2, 1), padding=VALID,
                 activation=RELU6, std=4.0, slack=0.1)
    b = net.conv(a, 17, (5, 1))
    c = net.conv(b, 33, activation=RELU, slack=0.1)
    d = net.conv(c, 7, (4, 4), stride=(3, 3), activation=RELU_N1_TO_1, std=1.0)
    # One scale for all channels: still the double-precision product of scales.
    return net.finish(net.conv(d, 9, per_channel=False))


def conv_dilated():
    """Dilated windows, with padding and without."""
    net = Network("conv_dilated", (1, 14, 13, 4), seed=3, zero_point=-128)
    a = net.conv(net.input, 8, (3, 3), dilation=(2, 2), activation=RELU)
    b = net.conv(a, 6, (3, 3), dilation=(1, 2), padding=VALID, slack=0.05)
    c = net.conv(b, 11, (3, 2), dilation=(3, 1), padding=VALID, activation=RELU6, std=4.0)
    d = net.depthwise(c, dilation=(2, 2), slack=0.05)
    e = net.depthwise(d, multiplier=2, dilation=(2, 2), padding=VALID, activation=RELU)
    return net.finish(e)


def depthwise_shapes():
    """Depth multipliers, strides, kernels and all four activations."""
    net = Network("depthwise_shapes", (1, 15, 14, 3), seed=4, zero_point=127)
    a = net.depthwise(net.input)
    b = net.depthwise(a, 3, (5, 5), (2, 2), padding=VALID, activation=RELU, slack=0.05)
    c = net.conv(b, 16)
    d = net.depthwise(c, 1, (1, 7), activation=RELU6, std=4.0, slack=0.1)
    e = net.depthwise(d, 2, (3, 3), (3, 3), activation=RELU_N1_TO_1, std=1.0, slack=0.1)
    f = net.conv(e, 20)
    g = net.depthwise(f, 1, (5, 5), activation=RELU)
    h = net.depthwise(g, 1, (3, 3), (1, 2), activation=NONE, slack=0.05)
    i = net.conv(h, 1)
    return net.finish(net.depthwise(i, 8, (3, 3)))


def carrying_output_scale(in_scale, near, rng):
    """An output scale and a multiplier just below 2^-32 whose mantissa rounds
    up to 1.0: the carry lifts the exponent to -31, where it still counts."""
    while True:
        out_scale = np.float32(near * rng.uniform(0.9, 1.1))
        weight = np.float32(2.0**-32 * np.float64(out_scale) / np.float64(in_scale))
        for candidate in (weight, np.nextafter(weight, np.float32(0))):
            real = float(in_scale) * float(candidate) / float(out_scale)
            mantissa, exponent = math.frexp(real)
            if exponent == -32 and math.floor(mantissa * 2.0**31 + 0.5) == 1 << 31:
                return out_scale, real


def dead_channels():
    """Channels at both ends of the multiplier's range.

    Below 2^-32 a channel is flushed to zero; with exponents -31 and -30 only
    biases close to the limits of 32 bits show; above 1 the accumulator is
    shifted left first, so a single small weight keeps it in range."""
    top, half = 2**31 - 2**22, 2**30
    net = Network("dead_channels", (1, 6, 5, 4), seed=5, scale=0.0437)
    in_scale, _ = net.quantisation(net.input)
    out_scale, carry = carrying_output_scale(in_scale, 0.04, net.rng)
    a = net.conv(
        net.input, 14, (3, 3), out_scale=out_scale, slack=0.05,
        multipliers={0: 1e-12, 1: 2.0**-40, 2: 0.9 * 2**-32, 3: 1.2 * 2**-32,
                     4: 1.7 * 2**-32, 5: 1.3 * 2**-31, 6: 1.9 * 2**-31, 7: carry,
                     8: 0.999, 9: 1.5, 10: 3.7},
        bias_override={0: top, 1: -half, 2: half, 3: top, 4: -top, 5: half,
                       6: -top, 7: 2**31 - 1, 8: -40, 9: 30, 10: -9},
        taps={7: 0, 8: 1, 9: -1, 10: 1})
    b = net.depthwise(
        a, activation=RELU, slack=0.1,
        multipliers={0: 2.0**-50, 1: 1.1 * 2**-32, 2: 1.99 * 2**-31, 3: 0.99 * 2**-32,
                     8: 5.3, 9: 1.0, 10: 0.5, 12: 2.0**-31, 13: 2.0**-32},
        bias_override={0: -half, 1: -top, 2: top, 3: half, 8: 3, 9: 17, 10: -5,
                       12: top, 13: half},
        taps={8: 1, 9: -1, 10: 2})
    return net.finish(net.conv(b, 10))


def dense():
    """Fully connected layers in the forms that TFLite Micro accepts."""
    net = Network("dense", (1, 61), seed=6, zero_point=40)
    a = net.dense(net.input, 37, RELU6, std=4.0, slack=0.05)
    b = net.dense(a, 130, RELU, per_channel=True)
    c = net.dense(b, 9, bias=False)
    d = net.dense(c, 12, weight_zero_point=9)
    e = net.reshape(d, 1, 3, 4)
    return net.finish(net.dense(e, 5, keep_num_dims=True, slack=0.02))


def pool_add():
    """Pools with partial windows, and sums of tensors with unlike scales."""
    net = Network("pool_add", (1, 11, 13, 6), seed=7, zero_point=5)
    a = net.average_pool(net.input, (3, 3), (2, 2), SAME)
    wide = net.conv(a, 6, std=9.0, slack=0.1)
    narrow = net.conv(a, 6, std=0.4, activation=RELU)
    d = net.add(wide, narrow, RELU6, slack=0.05)
    e = net.add(d, d)
    f = net.add(wide, e)
    g = net.average_pool(f, (2, 3), (1, 2), VALID, RELU)
    h = net.average_pool(f, (2, 2), (2, 2), SAME, RELU6)
    i = net.add(net.average_pool(g, (2, 2), (2, 1), SAME), net.conv(h, 6, (1, 2), padding=VALID))
    j = net.reshape(i, 1, 3, 18)
    return net.finish(net.reshape(j, 1, 1, 9, 6))


def softmax_beta():
    """Scores so far apart that part of them falls below the cut-off."""
    net = Network("softmax_beta", (1, 24), seed=8)
    return net.finish(net.softmax(net.dense(net.input, 20, std=8.0)))


def softmax_rows():
    """Several rows, a beta other than 1, and a second softmax over all values."""
    net = Network("softmax_rows", (1, 6, 10), seed=9, scale=0.3, zero_point=-7)
    rows = net.softmax(net.input, beta=0.5)
    return net.finish(net.softmax(net.reshape(rows, 1, 60), beta=2.0))


def softmax_steep():
    """Steps so large that the multiplier is capped: only maxima count."""
    net = Network("softmax_steep", (1, 2, 90), seed=10, scale=40.0, zero_point=0)
    return net.finish(net.softmax(net.input))


def logistic():
    """Every input of a logistic function that keeps within 15 of zero."""
    net = Network("logistic", (1, 256), seed=11, scale=0.0437, zero_point=11)
    return net.finish(net.logistic(net.input))


def logistic_wide():
    """Every input, far into both ends: beyond 15 TFLite cuts off."""
    net = Network("logistic_wide", (1, 256), seed=12, scale=0.31, zero_point=-38)
    return net.finish(net.logistic(net.input))


def dense_units():
    """Fully connected layers with a scale per unit over rows: all dimensions but the last."""
    net = Network("dense_units", (1, 4, 8), seed=13)
    a = net.dense(net.input, 7, RELU, keep_num_dims=True, per_channel=True, slack=0.05)
    b = net.reshape(a, 1, 2, 2, 7)
    c = net.dense(b, 5, keep_num_dims=True, per_channel=True, bias=False)
    d = net.reshape(c, 10, 2)
    return net.finish(net.reshape(net.dense(d, 3, per_channel=True), 1, 6, 5))


def batch_inside():
    """Several images inside a sample, and dimensions of 1 that come and go."""
    net = Network("batch_inside", (1, 18, 7, 2), seed=14)
    a = net.conv(net.reshape(net.input, 3, 6, 7, 2), 5, (3, 3), (2, 1), activation=RELU)
    b = net.depthwise(a, 2, (2, 3), padding=VALID, activation=RELU6, std=4.0)
    c = net.average_pool(net.conv(b, 9), (2, 2), (1, 2), SAME)
    d = net.expand_dims(net.reshape(c, 1, 6, 27), 1)
    e = net.squeeze(net.conv(d, 4, (1, 3)), 1)
    return net.finish(net.expand_dims(e, -1))


def second_graph():
    """A second graph that nothing calls, with an operator that is not supported."""
    net = Network("second_graph", (1, 5), seed=15)
    data = net.finish(net.dense(net.input, 6))
    model, other = read_model(data), read_model(division())
    graph = other.subgraphs[0]
    graph.name = b"never_called"
    for op in graph.operators:
        op.opcodeIndex += len(model.operatorCodes)
    for tensor in graph.tensors:
        tensor.buffer += len(model.buffers)
    model.operatorCodes += other.operatorCodes
    model.buffers += other.buffers
    model.subgraphs.append(graph)
    return pack_model(model)


def max_pool():
    """Pools of both kinds: partial windows, two images, all activations, a window beyond its map."""
    net = Network("max_pool", (1, 11, 9, 5), seed=16, zero_point=100)
    a = net.max_pool(net.input, (3, 3), (2, 2), SAME)
    b = net.max_pool(net.conv(a, 18, slack=0.1), (2, 3), (1, 2), VALID, RELU)
    c = net.max_pool(b, (2, 2), (2, 1), SAME, RELU6)
    d = net.max_pool(net.conv(c, 17), (2, 2), (1, 1), SAME, RELU_N1_TO_1)
    e = net.average_pool(d, (2, 1))
    f = net.max_pool(net.reshape(e, 2, 1, 2, 17), (3, 2), (1, 1), SAME)
    return net.finish(net.reshape(f, 1, 4, 17))


def broadcasts():
    """Sums, differences and products of every pattern of repeating operands, with constants on
    either side, and with clamps inside the range."""
    net = Network("broadcasts", (1, 4, 5, 6), seed=30, scale=0.04, zero_point=9)

    def constant(*shape, scale=0.02, zero_point=4):
        return net.constant(net.rng.integers(-128, 128, shape), "int8", scale, zero_point)

    x = net.binary("MUL", net.input, constant(6))
    x = net.binary("ADD", x, constant(6, scale=0.1, zero_point=-60), RELU, slack=0.05)
    x = net.binary("SUB", constant(5, 1, scale=0.3), x, slack=-0.2)
    x = net.binary("MUL", x, constant(4, 1, 6), RELU6, slack=0.1)
    x = net.binary("ADD", constant(1, 4, 1, 1), x)
    rows = net.reduce("MEAN", x, [2, 3], keep=True)
    columns = net.reduce("MEAN", x, [1, 3], keep=True)
    channels = net.reduce("MEAN", x, [1, 2], keep=True)
    x = net.binary("SUB", x, channels, RELU_N1_TO_1, slack=0.1)
    x = net.binary("ADD", columns, x, slack=-0.1)
    outer = net.binary("MUL", rows, columns)
    x = net.binary("SUB", outer, x)
    x = net.binary("ADD", x, net.constant(77, "int8", 0.01, 0))
    x = net.binary("MUL", net.constant(-128, "int8", 0.01, 127), x, slack=-0.3)
    return net.finish(net.binary("MUL", x, net.binary("SUB", x, rows)))


def extremes():
    """Every value of an input against constants: at both ends, at ties, at unlike scales."""
    net = Network("extremes", (1, 256), seed=31, scale=0.05, zero_point=-20)
    every = net.constant(net.rng.permutation(256) - 128, "int8", 0.05, -20)
    same = net.quantisation(net.input)
    a = net.binary("MAXIMUM", net.input, every, quantisation=same)
    b = net.binary("MINIMUM", net.constant(31, "int8", 0.02, 7), net.input, quantisation=same)
    c = net.binary("SQUARED_DIFFERENCE", net.input, every, slack=-0.3)
    d = net.binary("SQUARED_DIFFERENCE", a, net.constant(100, "int8", 0.03, 90))
    slopes = net.constant(net.rng.integers(-128, 128, 256), "int8", 0.01, 15)
    e = net.binary("PRELU", net.input, slopes, slack=-0.1)
    f = net.binary("PRELU", net.input, net.constant(-9, "int8", 0.5, 3))
    # Scales whose quotients are ties: a multiplier of other last bits gives other bytes.
    ties = net.constant(net.rng.permutation(256) - 128, "int8", 0.07, -9)
    e = net.binary("ADD", e, net.binary("SUB", net.input, ties, quantisation=(0.06, 5)))
    total = net.binary("MUL", net.binary("ADD", a, b), net.binary("SUB", c, d), slack=-0.2)
    several = net.add_n([net.input, a, b, a, net.input])
    return net.finish(net.binary("ADD", net.binary("SUB", e, f), net.binary("ADD", total, several)))


def reductions():
    """Reductions along every kind of dimension: neighbours, every other, all, and rows longer
    than a vector, with sums that clamp."""
    net = Network("reductions", (1, 6, 5, 70), seed=32, scale=0.03, zero_point=-11)
    x = net.input
    same = net.quantisation(x)
    image = net.reduce("MEAN", x, [1, 2], quantisation=same)
    rows = net.reduce("MEAN", x, [-1], keep=True)
    crossed = net.reduce("SUM", x, [3, 1, -1], keep=True)
    total = net.reduce("SUM", x, [1, 2, 3], keep=True, quantisation=(0.5, 100))
    most = net.reduce("REDUCE_MAX", x, [2], keep=True)
    least = net.reduce("REDUCE_MIN", x, 1, keep=True)
    channels = net.reduce("REDUCE_MAX", x, [1, 2])
    fine = net.reduce("MEAN", rows, [2], keep=True, quantisation=(0.002, 0))
    y = net.binary("ADD", least, net.binary("SUB", most, crossed))
    y = net.binary("ADD", y, net.binary("MUL", total, net.binary("ADD", rows, fine)))
    return net.finish(net.binary("ADD", y, net.binary("SUB", image, channels)))


def choices():
    """Comparisons of unlike scales, truth values in every operator that takes them, choices by
    them, and indices of extremes along every dimension, ties among them."""
    net = Network("choices", (1, 5, 4, 16), seed=33, scale=0.07, zero_point=-5)

    def constant(*shape, scale=0.05, zero_point=12):
        return net.constant(net.rng.integers(-128, 128, shape), "int8", scale, zero_point)

    x, same = net.input, net.quantisation(net.input)
    coarse = net.quantize(x, quantisation=(0.8, 3))
    near = net.constant(net.rng.integers(-9, 2, (4, 16)), "int8", 0.07, -5)
    equal = net.binary("EQUAL", x, near)
    unlike = net.binary("NOT_EQUAL", constant(16, scale=0.9), net.quantize(x, quantisation=(0.9, 0)))
    more = net.binary("GREATER", x, net.constant(net.rng.integers(-40, 20, 16), "int8", *same))
    least = net.binary("GREATER_EQUAL", net.constant(net.rng.integers(-40, 20, (5, 1, 1)), "int8", *same), x)
    less = net.binary("LESS", x, net.constant(-5, "int8", *same))
    most = net.binary("LESS_EQUAL", x, net.constant([[-9], [-5], [0], [4]], "int8", *same))
    a = net.binary("LOGICAL_AND", more, net.binary("LOGICAL_OR", least, less))
    b = net.unary("LOGICAL_NOT", net.binary("EQUAL", most, unlike))
    c = net.binary("NOT_EQUAL", equal, net.binary("LOGICAL_OR", a, b))
    whole = net.reduce("REDUCE_ALL", net.binary("LOGICAL_OR", c, less), [1, -1], keep=True)
    y = net.select(a, x, constant(16, scale=same[0], zero_point=same[1]))
    y = net.select(c, net.constant(77, "int8", *same), y)
    y = net.select(whole, y, x)
    for name, axis in (("ARG_MAX", 3), ("ARG_MIN", -1), ("ARG_MAX", 1), ("ARG_MIN", 2)):
        index = net.cast(net.arg(name, coarse if axis == 3 else y, axis), "int8", (1.0, 0))
        shape = [1, *(size for place, size in enumerate((5, 4, 16), 1) if place != axis % 4)]
        shape.insert(axis % 4, 1)
        y = net.binary("ADD", y, net.reshape(index, *shape))
    return net.finish(y)


def grouped():
    """Convolutions of groups of channels: two images, dilation, groups of one channel."""
    net = Network("grouped", (1, 12, 5, 6), seed=17, zero_point=21)
    a = net.conv(net.reshape(net.input, 2, 6, 5, 6), 20, (3, 2), (2, 1), groups=2, activation=RELU)
    b = net.conv(a, 35, (2, 3), dilation=(1, 2), groups=5, slack=0.05)
    c = net.conv(b, 70, groups=35, activation=RELU6, std=4.0)
    d = net.conv(c, 16, (3, 1), padding=VALID, groups=2)
    return net.finish(net.reshape(net.conv(d, 4, groups=4), 1, 1, 10, 4))


def moves():
    """Every operator that copies: boxes of several tensors, strides both ways, turned, mirrored,
    repeated and padded, with constants among them."""
    net = Network("moves", (1, 6, 8, 5), seed=34, scale=0.05, zero_point=-17)
    x, same = net.input, net.quantisation(net.input)

    def constant(*shape):
        return net.constant(net.rng.integers(-128, 128, shape), "int8", *same)

    a = net.concatenate([x, constant(1, 6, 8, 2), x], 3)
    a = net.concatenate([constant(1, 1, 8, 12), a, constant(1, 1, 8, 12)], -3)
    left, right = net.split(a, 2, 2)
    a = net.concatenate([right, left], 2)
    first, second, third = net.split_v(a, [3, 1, 8], -1)
    a = net.concatenate([third, first, second], 3)
    b = net.slice(a, [0, 2, 1, 3], [1, 5, -1, 8])
    b = net.strided_slice(b, [0, -1, 6, 0], [1, 0, 0, 8], [1, -2, -1, 3], beginMask=1, endMask=8)
    row = net.strided_slice(a, [0, 3, 0, 0], [1, 4, 8, 12], shrinkAxisMask=2)
    c = net.pad(x, [[0, 0], [1, 2], [0, 3], [2, 1]])
    d = net.pad(x, [[0, 0], [0, 1], [4, 0], [0, 0]], "PADV2", 99)
    e = net.pad(x, [[0, 0], [5, 2], [3, 7], [1, 4]], "MIRROR_PAD", mode=0)
    f = net.pad(x, [[0, 0], [6, 1], [0, 8], [5, 5]], "MIRROR_PAD", mode=1)
    g = net.transpose(x, [0, 3, 1, 2])
    h = net.transpose(net.reshape(x, 1, 6, 4, 2, 5), [0, 3, 4, 1, 2])
    i = net.pack([row, row, constant(1, 8, 12)], 2)
    parts = net.unpack(i, -1)
    j = net.pack(parts, 0)
    k = net.broadcast_to(net.slice(x, [0, 1, 0, 0], [1, 1, 8, 1]), [2, 3, 8, 7])
    m = net.reverse(net.reverse(x, [3]), [1, 2])
    n = net.depth_space("SPACE_TO_DEPTH", x, 2)
    o = net.depth_space("DEPTH_TO_SPACE", n, 2)
    p = net.batch_space("SPACE_TO_BATCH_ND", x, [3, 2], [[0, 0], [0, 0]], (6, 2, 4, 5))
    q = net.batch_space("BATCH_TO_SPACE_ND", p, [2, 3], [[1, 0], [0, 2]], (1, 3, 10, 5))
    r = net.resize_nearest(x, 12, 16)
    s = net.resize_nearest(x, 9, 5, half=True)
    t = net.resize_nearest(x, 4, 11, align=True)
    ends = (b, c, d, e, f, g, h, j, k, m, o, q, r, s, t)
    whole = [net.reshape(y, 1, math.prod(net.shape(y))) for y in ends]
    return net.finish(net.concatenate([net.concatenate(whole[:8], 1), net.concatenate(whole[8:], 1)], 1))


def indices():
    """Rows, columns and single values by indices: constants, and those of an input, several
    numbers each and in batches."""
    net = Network("indices", (4,), seed=35, dtype="int32")
    table = net.constant(net.rng.integers(-128, 128, (4, 9, 3)), "int8", 0.1, 4)
    a = net.gather(table, net.input, 0)
    b = net.gather(table, [[8, 0, 3], [1, 1, 5]], 1)
    c = net.gather(a, [2, 0, 1, 2], 2)
    d = net.gather_nd(table, [[3, 8], [0, 0], [2, 5]])
    e = net.gather_nd(table, [[[0, 1, 2]], [[3, 8, 0]]])
    f = net.gather(table, net.constant([[0, 8], [1, 7], [2, 6], [3, 5]], "int32"), 1, batch_dims=1)
    g = net.embedding_lookup(net.input, table)
    whole = [net.reshape(y, 1, math.prod(net.shape(y))) for y in (a, b, c, d, e, f, g)]
    return net.finish(net.concatenate(whole, 1))


def two_inputs():
    """A sum of two inputs of the whole model."""
    net = Network("two_inputs", (1, 5), seed=22)
    other = net.activation(-net.floats[net.input], *net.quantisation(net.input), "other")
    return net.finish([net.add(net.input, other), net.softmax(other)], [net.input, other])


def ends():
    """Two samples at a time, and outputs of every sort: one that is read inside, one that is the
    input, one that is there twice; and an operator that nothing needs."""
    net = Network("ends", (2, 6), seed=23)
    a = net.dense(net.input, 10, activation=RELU)
    b = net.logistic(a)
    net.softmax(a)
    return net.finish([a, net.input, b, b, net.reshape(b, 4, 5)])


def open_batch():
    """Shapes that are computed: as what RESHAPE is given, and as an output of the model."""
    net = Network("open_batch", (1, 6, 4), seed=25)

    def integers(name, shape, inputs, **options):
        y = net.tensor(name, shape, schema.TensorType.INT32)
        net.floats[y], net.dtypes[y] = np.zeros(1), "int32"
        return net.emit(name.upper(), inputs, y, **options)

    sizes = integers("shape", (3,), [net.input])
    ends = [net.integers([at]) for at in (1, 2, 1)]
    rows = integers("strided_slice", (), [sizes, *ends], shrinkAxisMask=1)
    more = integers("add", (), [integers("mul", (), [rows, net.integers(3)]), net.integers(-2)])
    packed = integers("pack", (3,), [rows, net.integers(4), more], valuesCount=3)
    wide = net.activation(net.floats[net.input].reshape(-1, 24), *net.quantisation(net.input),
                          "wide")
    net.operator("RESHAPE", [net.input, packed], wide, schema.ReshapeOptionsT())
    whole = integers("reshape", (1, 3), [packed, net.integers([1, 3])])
    return net.finish([net.dense(wide, 5), whole])


GENERATED = {f.__name__: f for f in (
    residual, conv_shapes, conv_dilated, depthwise_shapes, dead_channels,
    dense, pool_add, softmax_beta, softmax_rows, softmax_steep,
    logistic, logistic_wide, dense_units, batch_inside, second_graph,
    max_pool, broadcasts, extremes, reductions, choices, moves, indices, grouped, two_inputs, ends,
    open_batch)} | FUNCTIONS


def division():
    """A division, as operator 1."""
    net = Network("division", (1, 4, 4, 2), seed=20)
    a = net.conv(net.input, 3)
    scale, zero_point = net.quantisation(a)
    b = net.tensor("b", (1, 4, 4, 3), schema.TensorType.INT8,
                   net.rng.integers(-128, 128, (4, 4, 3), np.int8), scale, zero_point)
    y = net.activation(net.floats[a], scale, zero_point, "quotient")
    return net.finish(net.operator("DIV", [a, b], y, schema.DivOptionsT(), 2))


def float_dense():
    """A fully connected layer in single precision."""
    net = Network("float", (1, 4), seed=21)
    net.tensors.clear()
    kind = schema.TensorType.FLOAT32
    weights = net.rng.normal(size=(3, 4)).astype(np.float32)
    x = net.tensor("input", (1, 4), kind)
    w = net.tensor("w", weights.shape, kind, weights)
    b = net.tensor("b", (3,), kind, np.zeros(3, np.float32))
    y = net.tensor("output", (1, 3), kind)
    net.operator("FULLY_CONNECTED", [x, w, b], y, schema.FullyConnectedOptionsT(), 1)
    return net.finish(y, [x])


def several():
    """Operators that are refused for three causes, and others that read what they write."""
    net = Network("several", (1, 4), seed=24)
    b = net.constant([5, 6, 7, 8], "int8", *net.quantisation(net.input))

    def other(name, inputs, options=None):
        y = net.activation(net.floats[net.input], *net.quantisation(net.input), name.lower())
        return net.operator(name, inputs, y, options, 1)

    a = other("NEG", [other("DIV", [net.input, b], schema.DivOptionsT())])
    c = other("DIV", [other("RSQRT", [a]), b], schema.DivOptionsT())
    return net.finish(net.softmax(c))


REFUSED = {"division": division, "float": float_dense, "several": several}


def main():
    for folder, recipes in (("models", GENERATED), ("refused", REFUSED)):
        (HERE / folder).mkdir(exist_ok=True)
        for name, recipe in recipes.items():
            data = recipe()
            (HERE / folder / f"{name}.tflite").write_bytes(data)
            print(f"{folder}/{name}.tflite: {len(data)} bytes")


if __name__ == "__main__":
    main()
