"""Models of functions of single values, and of element types other than int8.

Inputs of 256 values have every byte once, and floats at the edges of their arithmetic.
"""

from tflite_writer import RELU, SAME, VALID, Network


def functions():
    """Every function of one int8 value, over all values."""
    net = Network("functions", (1, 256), seed=31, scale=0.0437, zero_point=11)
    x = net.input
    above = net.unary("RELU", x, quantisation=(0.021, -128))
    wide = net.quantize(x, quantisation=(0.31, -38))
    outputs = [above, wide, net.unary("RSQRT", above, quantisation=(0.06, -100))]
    for source in (x, wide):
        outputs += [net.unary(name, source) for name in (
            "TANH", "HARD_SWISH", "RELU", "RELU6", "ELU", "ABS")]
        outputs += [net.leaky_relu(source, 0.2), net.leaky_relu(source, -1.3),
                    net.unary("ABS", source, quantisation=net.quantisation(source))]
    outputs += [net.quantize(x, quantisation=(0.0437, -20)), net.quantize(wide, "uint8")]
    return net.finish(outputs)


def byte_ends():
    """An image of uint8, only moved by 128 at its start, and rescaled at its end."""
    net = Network("byte_ends", (1, 8, 8, 4), seed=32, scale=0.02, zero_point=128, dtype="uint8")
    x = net.quantize(net.input, quantisation=(0.02, 0))
    y = net.conv(x, 7, (3, 3), (2, 2), activation=RELU)
    return net.finish(net.quantize(y, "uint8", (2.7 * net.quantisation(y)[0], 3)))


def float_ends():
    """An image of float32 through a convolution and a pool, and back."""
    net = Network("float_ends", (1, 7, 9, 3), seed=33, dtype="float32")
    x = net.quantize(net.input)
    y = net.max_pool(net.conv(x, 5, (3, 3), padding=SAME, activation=RELU), (2, 2), (2, 2), VALID)
    return net.finish(net.dequantize(y))


def float_values():
    """Floats of every kind, quantised and cast."""
    net = Network("float_values", (1, 256), seed=34, dtype="float32")
    x = net.input
    outputs = [net.quantize(x, dtype, quantisation) for dtype, quantisation in (
        ("int8", (0.1, 3)), ("int8", (0.1, -3)), ("int8", (0.25, 0)), ("int16", (0.0043, 0)))]
    outputs += [net.cast(x, dtype) for dtype in ("int8", "int16", "int32", "uint32", "bool")]
    return net.finish(outputs)


def word_values():
    """Numbers of 16 bits, rescaled and cast."""
    net = Network("word_values", (1, 256), seed=35, dtype="int16", scale=0.0031, zero_point=0)
    x = net.input
    long = net.quantize(x, "int32", (0.00007, 0))
    outputs = [net.quantize(x, "int8", (0.7, -7)), net.quantize(x, "int16", (0.0047, 0)), long,
               net.quantize(long, "int8", (0.61, 9)), net.quantize(long, "int16", (0.0029, 0)),
               net.dequantize(x)]
    outputs += [net.cast(x, dtype) for dtype in ("int8", "int32", "uint32", "float32", "bool")]
    return net.finish(outputs)


def byte_values():
    """All bytes, with sign and without, to longer types."""
    net = Network("byte_values", (1, 256), seed=36, scale=0.0437, zero_point=-38)
    other = net.input_tensor((1, 256), "uint8", 0.0071, 201)
    x = net.input
    outputs = [net.quantize(x, "int16", (0.0003, 0)), net.quantize(x, "int32", (0.00001, 0)),
               net.dequantize(x), net.dequantize(other), net.quantize(other, quantisation=(0.01, 5))]
    outputs += [net.cast(x, dtype) for dtype in ("int16", "int32", "uint32", "float32", "bool")]
    return net.finish(outputs)


def casts():
    """Integers of 32 bits and truth values, cast."""
    net = Network("casts", (1, 256), seed=37, dtype="int32")
    unsigned = net.input_tensor((1, 256), "uint32")
    truth = net.input_tensor((1, 256), "bool")
    types = ("int8", "int16", "int32", "uint32", "float32", "bool")
    return net.finish([net.cast(x, dtype) for x in (net.input, unsigned, truth) for dtype in types
                       if net.dtypes[x] != dtype])


FUNCTIONS = {f.__name__: f for f in (
    functions, byte_ends, float_ends, float_values, word_values, byte_values, casts)}
