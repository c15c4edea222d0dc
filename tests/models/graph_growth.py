"""A random graph while it grows: its tensors so far, and how steps choose among them."""

import numpy as np

from tflite_writer import NONE, RELU, RELU6, RELU_N1_TO_1, Network

QUANTISED = ("int8", "uint8", "int16")


class Skip(Exception):
    """A step that does not fit the tensors at hand."""


class Growth:
    """A network, a source of random numbers, and the tensors that steps may use.

    `bounds` has the exclusive upper limit of inputs that are indices, `elements_max` the
    greatest size of a tensor."""

    def __init__(self, seed, elements_max):
        self.elements_max = elements_max
        self.rng = np.random.default_rng([14, seed])
        self.bounds, self.tensors = {}, []
        shape = self.any_shape()
        self.net = Network(f"random_{seed}", shape, seed, *self.any_quantisation())
        self.tensors.append(self.net.input)

    # Numbers.

    def chance(self, part):
        return self.rng.random() < part

    def whole(self, low, high):
        """A whole number, both limits included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, choices):
        return choices[self.whole(0, len(choices) - 1)]

    def any_shape(self, rank=None):
        """Odd sizes, few values; mostly images of batch 1."""
        rank = rank or self.one_of([1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 5, 6])
        high = {1: 70, 2: 40, 3: 14, 4: 9, 5: 5, 6: 4}[rank]
        while True:
            shape = [self.whole(1, high) for _ in range(rank)]
            if rank > 1 and self.chance(0.75):
                shape[0] = 1
            if rank > 2 and self.chance(0.5):
                shape[-1] = self.one_of([1, 2, 3, 4, 5, 8, 16, 17, 24])
            if np.prod(shape) <= self.elements_max // 2:
                return tuple(shape)

    def any_quantisation(self):
        scale = np.float32(0.05 * np.exp(self.rng.normal(0, 1)))
        zero_point = self.one_of([-128, 127, 0, self.whole(-128, 127), self.whole(-30, 30)])
        return scale, zero_point

    def activation(self):
        return self.one_of([NONE, NONE, RELU, RELU6, RELU_N1_TO_1])

    def axes(self, x, least=1):
        """Some of the axes of a tensor, of either sign."""
        rank = len(self.net.shape(x))
        if rank < least:
            raise Skip
        chosen = self.rng.choice(rank, self.whole(least, rank), replace=False)
        return [int(a) - rank * self.chance(0.3) for a in chosen]

    def axis(self, x, high=None):
        """One axis of either sign; those from `high` on are left out."""
        rank = len(self.net.shape(x))
        if rank == 0:
            raise Skip
        return self.whole(0, (high or rank) - 1) - rank * self.chance(0.3)

    # Tensors.

    def fits(self, x, dtypes, ranks):
        return self.net.dtypes.get(x) in dtypes and len(self.net.shape(x)) in ranks

    def pick(self, *dtypes, ranks=range(1, 7)):
        """A tensor of these element types, mostly a late one; a new input if there is none."""
        dtypes = dtypes or ("int8",)
        found = [x for x in self.tensors if self.fits(x, dtypes, ranks)]
        if not found or self.chance(0.03):
            return self.input(self.any_shape(self.one_of(list(ranks))), self.one_of(dtypes))
        return found[-1] if self.chance(0.6) else self.one_of(found)

    def image(self):
        """An int8 tensor of four dimensions; others are reshaped."""
        found = [x for x in self.tensors if self.fits(x, ("int8",), [4])]
        if found and self.chance(0.9):
            return found[-1] if self.chance(0.7) else self.one_of(found)
        x = self.pick()
        size = int(np.prod(self.net.shape(x)))
        divisors = [d for d in range(1, min(size, 40) + 1) if size % d == 0]
        channels = self.one_of(divisors)
        rest = size // channels
        width = self.one_of([d for d in range(1, rest + 1) if rest % d == 0])
        return self.add(self.net.reshape(x, 1, rest // width, width, channels))

    def input(self, shape, dtype="int8", quantisation=None, bound=None):
        """A new input of the model."""
        scale, zero_point = quantisation or self.any_quantisation()
        if not quantisation and dtype == "uint8":
            zero_point += 128
        elif not quantisation and dtype == "int16":
            scale, zero_point = scale / 200, 0
        x = self.net.input_tensor(shape, dtype, scale, zero_point)
        if bound:
            self.bounds[x] = bound
            self.net.floats[x] = self.rng.integers(0, bound, self.net.floats[x].shape)
        self.tensors.append(x)
        return x

    def constant(self, shape, dtype="int8", quantisation=None):
        """A constant of random values that reach both ends."""
        if dtype not in QUANTISED:
            high = 2 if dtype == "bool" else 100
            return self.net.constant(self.rng.integers(0, high, shape), dtype)
        low, high = (0, 255) if dtype == "uint8" else (-128, 127)
        raw = self.rng.integers(low, high + 1, shape)
        if self.chance(0.2):
            raw = np.full(shape, self.whole(low, high))
        return self.net.constant(raw, dtype, *(quantisation or self.any_quantisation()))

    def like(self, x, shape):
        """A tensor of this shape with the scale and element type of `x`."""
        dtype, quantisation = self.net.dtypes[x], self.net.quantisation(x)
        found = [y for y in self.tensors if self.net.dtypes[y] == dtype
                 and self.net.shape(y) == tuple(shape) and self.net.quantisation(y) == quantisation]
        if found and self.chance(0.6):
            return self.one_of(found)
        if self.chance(0.5):
            return self.constant(shape, dtype, quantisation)
        if quantisation is None and dtype != "bool":
            raise Skip
        return self.input(shape, dtype, quantisation)

    def other(self, x, same_scale=False):
        """A second operand: of the same shape, or one that is broadcast."""
        shape, dtype = list(self.net.shape(x)), self.net.dtypes[x]
        found = [y for y in self.tensors if self.net.dtypes[y] == dtype
                 and self.net.shape(y) == tuple(shape)]
        if found and not same_scale and self.chance(0.35):
            return self.one_of(found)
        if self.chance(0.6):
            kind = self.whole(0, 3)
            if kind == 0:
                shape = [size if self.chance(0.5) else 1 for size in shape]
            elif kind == 1:
                shape = shape[self.whole(0, len(shape)):]
            elif kind == 2:
                shape = [1] * self.whole(0, 2)
            else:
                shape = [size if size > 1 or self.chance(0.5) else self.whole(2, 4)
                         for size in shape]
        if np.prod(np.broadcast_shapes(shape, self.net.shape(x))) > self.elements_max:
            raise Skip
        if same_scale:
            return self.like(x, shape)
        if self.chance(0.5) or not shape:
            return self.constant(shape, dtype)
        return self.input(shape, dtype)

    def add(self, outputs):
        """Lets later steps use what an operator gave, and returns it."""
        for y in np.atleast_1d(outputs):
            if np.prod(self.net.shape(y)) > self.elements_max:
                raise Skip
            self.tensors.append(int(y))
        return outputs

    def stretch(self, y):
        """Changes scale and zero point of an output that TFLite leaves free, so that some
        outputs use a part of the range and others saturate."""
        if self.net.dtypes[y] not in ("int8", "uint8"):
            return self.add(y)
        quantization = self.net.tensors[y].quantization
        if self.chance(0.5):
            quantization.scale = (quantization.scale * np.float32(
                np.exp(self.rng.normal(0, 0.8)))).astype(np.float32)
        if self.chance(0.3):
            low = 0 if self.net.dtypes[y] == "uint8" else -128
            quantization.zeroPoint = np.array([self.whole(low, low + 255)], np.int64)
        return self.add(y)
