"""TFLite operators without weights, as methods of `Network`.

Each takes tensors by index, computes the float batch of its result with numpy, so that
later scales fit, and returns the index of its output, or a list of them.
"""

import numpy as np

from tflite_file import schema

TABLES = {"MEAN": "Reducer", "SUM": "Reducer", "REDUCE_MAX": "Reducer", "REDUCE_MIN": "Reducer",
          "REDUCE_PROD": "Reducer", "REDUCE_ANY": "Reducer", "REDUCE_ALL": "Reducer",
          "MAXIMUM": "MaximumMinimum", "MINIMUM": "MaximumMinimum",
          "AVERAGE_POOL_2D": "Pool2D", "MAX_POOL_2D": "Pool2D", "L2_POOL_2D": "Pool2D"}
BINARY = {"ADD": np.add, "SUB": np.subtract, "MUL": np.multiply,
          "MAXIMUM": np.maximum, "MINIMUM": np.minimum, "DIV": np.divide,
          "SQUARED_DIFFERENCE": lambda a, b: (a - b) ** 2,
          "PRELU": lambda a, b: np.where(a >= 0, a, a * b),
          "EQUAL": np.equal, "NOT_EQUAL": np.not_equal, "GREATER": np.greater,
          "GREATER_EQUAL": np.greater_equal, "LESS": np.less, "LESS_EQUAL": np.less_equal,
          "LOGICAL_AND": np.logical_and, "LOGICAL_OR": np.logical_or}
COMPARISONS = ("EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL",
               "LOGICAL_AND", "LOGICAL_OR")
FUSED = ("ADD", "SUB", "MUL", "DIV")
UNARY = {"TANH": np.tanh, "RELU": lambda x: np.maximum(x, 0), "ABS": np.abs,
         "RELU6": lambda x: np.clip(x, 0, 6), "RELU_N1_TO_1": lambda x: np.clip(x, -1, 1),
         "HARD_SWISH": lambda x: x * np.clip(x + 3, 0, 6) / 6,
         "ELU": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
         "RSQRT": lambda x: 1 / np.sqrt(np.maximum(x, 1e-3)),
         "SQRT": lambda x: np.sqrt(np.maximum(x, 0)), "NEG": np.negative,
         "LOGICAL_NOT": np.logical_not}
REDUCE = {"MEAN": np.mean, "SUM": np.sum, "REDUCE_MAX": np.max, "REDUCE_MIN": np.min,
          "REDUCE_ALL": np.all}


def options_of(name, **fields):
    """The options table of an operator with some fields set; None if it has no table."""
    table = TABLES.get(name, name.replace("_", "")).lower() + "optionst"
    found = [cls for key, cls in vars(schema).items() if key.lower() == table]
    if not found:
        assert not fields, f"{name} has no options"
        return None
    options = found[0]()
    for field, value in fields.items():
        assert hasattr(options, field), f"{name} has no option {field}"
        setattr(options, field, np.array(value, np.int32) if isinstance(value, list) else value)
    return options


class Operators:
    """The part of `Network` with operators that have no weights."""

    def next_name(self, name):
        return f"{name.lower()}_{len(self.operators)}"

    # Functions of one value.

    def unary(self, name, x, quantisation=None, slack=0.0, dtype=None):
        """Any operator of `UNARY`. TANH has the scale that TFLite Micro demands."""
        if name == "TANH" and self.dtypes[x] == "int8":
            quantisation = (np.float32(1 / 128), 0)
        y = self.result(UNARY[name](self.samples(x)), self.next_name(name),
                        dtype or self.dtypes[x], quantisation, slack=slack)
        return self.emit(name, [x], y)

    def leaky_relu(self, x, alpha=0.2, quantisation=None):
        values = self.samples(x)
        y = self.result(np.where(values > 0, values, alpha * values),
                        self.next_name("LEAKY_RELU"), self.dtypes[x], quantisation)
        return self.emit("LEAKY_RELU", [x], y, alpha=alpha)

    def quantize(self, x, dtype="int8", quantisation=None):
        """To a quantised element type, from float32 or another scale."""
        y = self.result(self.samples(x), self.next_name("QUANTIZE"), dtype, quantisation)
        return self.emit("QUANTIZE", [x], y)

    def dequantize(self, x):
        y = self.result(self.samples(x), self.next_name("DEQUANTIZE"), "float32")
        return self.emit("DEQUANTIZE", [x], y)

    def cast(self, x, dtype, quantisation=None):
        """The stored value in another element type; quantised ones keep no scale."""
        values, source = self.samples(x), self.quantisation(x)
        if source:
            values = np.round(values / source[0]) + source[1]
        y = self.result(values, self.next_name("CAST"), dtype, quantisation or (1.0, 0))
        kinds = [self.tensors[index].type for index in (x, y)]
        return self.emit("CAST", [x], y, inDataType=kinds[0], outDataType=kinds[1])

    # Functions of two tensors, which may be broadcast or constant.

    def binary(self, name, a, b, activation=0, quantisation=None, slack=0.0):
        """Any operator of `BINARY`; comparisons and logical operators give bool."""
        x, y = (self.samples(index) for index in (a, b))
        rank = max(x.ndim, y.ndim)
        x, y = (v.reshape(len(v), *[1] * (rank - v.ndim), *v.shape[1:]) for v in (x, y))
        dtype = "bool" if name in COMPARISONS else self.dtypes[a]
        out = self.result(BINARY[name](x, y), self.next_name(name), dtype,
                          quantisation, activation, slack)
        fused = {"fusedActivationFunction": activation} if name in FUSED else {}
        return self.emit(name, [a, b], out, **fused)

    def add_n(self, inputs, quantisation=None):
        out = self.result(sum(self.samples(x) for x in inputs), self.next_name("ADD_N"),
                          self.dtypes[inputs[0]], quantisation)
        return self.emit("ADD_N", inputs, out)

    def select(self, condition, a, b, name="SELECT_V2"):
        """Values of `a` where the condition holds, else of `b`; all may be broadcast."""
        values = [self.samples(index) for index in (condition, a, b)]
        rank = max(v.ndim for v in values)
        c, x, y = (v.reshape(len(v), *[1] * (rank - v.ndim), *v.shape[1:]) for v in values)
        out = self.result(np.where(c.astype(bool), x, y), self.next_name(name),
                          self.dtypes[a], self.quantisation(a))
        return self.emit(name, [condition, a, b], out)

    # Functions of an axis.

    def reduce(self, name, x, axes, keep=False, quantisation=None):
        """Any operator of `REDUCE`."""
        if quantisation is None and name.startswith("REDUCE"):
            quantisation = self.quantisation(x)
        rank = len(self.shape(x))
        places = tuple({axis % rank + 1 for axis in np.atleast_1d(axes)})
        values = REDUCE[name](self.samples(x), axis=places, keepdims=keep)
        y = self.result(values, self.next_name(name), self.dtypes[x], quantisation)
        return self.emit(name, [x, self.integers(axes)], y, keepDims=keep)

    def arg(self, name, x, axis):
        """ARG_MAX or ARG_MIN, which give int32."""
        place = axis % len(self.shape(x)) + 1
        function = np.argmax if name == "ARG_MAX" else np.argmin
        y = self.result(function(self.samples(x), place), self.next_name(name), "int32")
        return self.emit(name, [x, self.integers(axis)], y, outputType=schema.TensorType.INT32)

    # Copies.

    def copy(self, name, x, values, more=(), **options):
        """An operator whose output has values of `x`, and so its scale."""
        y = self.result(values, self.next_name(name), self.dtypes[x], self.quantisation(x))
        return self.emit(name, [x, *more], y, **options)

    def concatenate(self, inputs, axis, activation=0):
        values = [self.samples(x) for x in inputs]
        joined = np.concatenate(values, axis % (values[0].ndim - 1) + 1)
        return self.copy("CONCATENATION", inputs[0], joined, inputs[1:], axis=axis,
                         fusedActivationFunction=activation)

    def pack(self, inputs, axis):
        values = [self.samples(x) for x in inputs]
        joined = np.stack(values, axis % values[0].ndim + 1)
        return self.copy("PACK", inputs[0], joined, inputs[1:], axis=axis,
                         valuesCount=len(inputs))

    def parts(self, name, x, inputs, parts, **options):
        outputs = [self.result(part, f"{self.next_name(name)}_{i}", self.dtypes[x],
                               self.quantisation(x)) for i, part in enumerate(parts)]
        return self.emit(name, inputs, outputs, **options)

    def unpack(self, x, axis):
        place = axis % len(self.shape(x)) + 1
        values = np.moveaxis(self.samples(x), place, 0)
        return self.parts("UNPACK", x, [x], values, num=len(values), axis=axis)

    def split(self, x, count, axis):
        place = axis % len(self.shape(x)) + 1
        parts = np.split(self.samples(x), count, place)
        return self.parts("SPLIT", x, [self.integers(axis), x], parts, numSplits=count)

    def split_v(self, x, sizes, axis):
        place = axis % len(self.shape(x)) + 1
        whole = self.shape(x)[place - 1]
        real = [size if size >= 0 else whole - sum(s for s in sizes if s >= 0) for size in sizes]
        parts = np.split(self.samples(x), np.cumsum(real)[:-1], place)
        inputs = [x, self.integers(sizes), self.integers(axis)]
        return self.parts("SPLIT_V", x, inputs, parts, numSplits=len(sizes))

    def slice(self, x, begin, size):
        box = tuple(slice(b, None if s < 0 else b + s) for b, s in zip(begin, size))
        return self.copy("SLICE", x, self.samples(x)[(slice(None), *box)],
                         [self.integers(begin), self.integers(size)])

    def strided_slice(self, x, begin, end, strides=None, **masks):
        """Masks have the schema's names: `beginMask`, `endMask`, `shrinkAxisMask`."""
        strides = strides or [1] * len(begin)
        box = []
        for i, (b, e, s) in enumerate(zip(begin, end, strides)):
            if masks.get("shrinkAxisMask", 0) >> i & 1:
                box.append(b)
            else:
                box.append(slice(None if masks.get("beginMask", 0) >> i & 1 else b,
                                 None if masks.get("endMask", 0) >> i & 1 else e, s))
        return self.copy("STRIDED_SLICE", x, self.samples(x)[(slice(None), *box)],
                         [self.integers(list(v)) for v in (begin, end, strides)], **masks)

    def pad(self, x, paddings, name="PAD", value=None, mode=None):
        """PAD, PADV2 with a constant `value` as stored, or MIRROR_PAD with `mode` 0 (reflect)
        or 1 (symmetric)."""
        rule = {"MIRROR_PAD": ("reflect", "symmetric")[mode or 0]}.get(name, "constant")
        values = np.pad(self.samples(x), [(0, 0), *map(tuple, paddings)], rule)
        more = [self.integers(paddings)]
        if name == "PADV2":
            more.append(self.constant(value, self.dtypes[x], *self.quantisation(x) or ()))
        options = {"mode": mode} if name == "MIRROR_PAD" else {}
        return self.copy(name, x, values, more, **options)

    def transpose(self, x, order):
        values = self.samples(x).transpose(0, *[axis + 1 for axis in order])
        return self.copy("TRANSPOSE", x, values, [self.integers(order)])

    def broadcast_to(self, x, shape):
        values = self.samples(x)
        values = values.reshape(len(values), *[1] * (len(shape) - values.ndim + 1),
                                *values.shape[1:])
        return self.copy("BROADCAST_TO", x, np.broadcast_to(values, (len(values), *shape)),
                         [self.integers(shape)])

    def reverse(self, x, axes):
        places = tuple(axis % len(self.shape(x)) + 1 for axis in axes)
        return self.copy("REVERSE_V2", x, np.flip(self.samples(x), places),
                         [self.integers(axes)])

    def depth_space(self, name, x, block):
        """SPACE_TO_DEPTH or DEPTH_TO_SPACE."""
        n, h, w, c = self.shape(x)
        v = self.samples(x)
        if name == "SPACE_TO_DEPTH":
            v = v.reshape(-1, n, h // block, block, w // block, block, c)
            v = v.transpose(0, 1, 2, 4, 3, 5, 6).reshape(len(v), n, h // block, w // block, -1)
        else:
            v = v.reshape(-1, n, h, w, block, block, c // block**2)
            v = v.transpose(0, 1, 2, 4, 3, 5, 6).reshape(len(v), n, h * block, w * block, -1)
        return self.copy(name, x, v, blockSize=block)

    def resized(self, name, x, shape, more, **options):
        """A copy whose values the float batch does not follow in place: a random draw of them
        in the new shape."""
        draw = self.rng.choice(self.samples(x).ravel(), (len(self.samples(x)), *shape))
        return self.copy(name, x, draw, more, **options)

    def batch_space(self, name, x, block, paddings, shape):
        """SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND, with the shape of the result."""
        return self.resized(name, x, shape, [self.integers(block), self.integers(paddings)])

    # Choices by index.

    def gather(self, x, indices, axis=0, batch_dims=0):
        """`indices` is a list of constants, or the index of an int32 tensor."""
        constant = not isinstance(indices, (int, np.integer))
        shape, chosen = self.shape(x), np.shape(indices) if constant else self.shape(indices)
        out = (*shape[:axis], *chosen[batch_dims:], *shape[axis + 1:])
        more = [self.integers(indices) if constant else indices]
        return self.resized("GATHER", x, out, more, axis=axis, batchDims=batch_dims)

    def gather_nd(self, x, indices):
        shape = (*np.shape(indices)[:-1], *self.shape(x)[np.shape(indices)[-1]:])
        return self.resized("GATHER_ND", x, shape, [self.integers(indices)])

    def embedding_lookup(self, ids, table):
        y = self.resized("EMBEDDING_LOOKUP", table,
                         (*self.shape(ids), *self.shape(table)[1:]), [])
        self.operators[-1].inputs = np.array([ids, table], np.int32)
        return y

    def resize_nearest(self, x, height, width, align=False, half=False):
        n, _, _, c = self.shape(x)
        return self.resized("RESIZE_NEAREST_NEIGHBOR", x, (n, height, width, c),
                            [self.integers([height, width])], alignCorners=align,
                            halfPixelCenters=half)
