"""Models of element types other than int8."""

from tflite_writer import RELU, SAME, VALID, Network


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


FUNCTIONS = {f.__name__: f for f in (byte_ends, float_ends)}
