"""A small builder for quantised TFLite files, over the schema's object API.

`Network` adds one operator after the other.  Beside the file it keeps a float
batch of every tensor, computed from the quantised weights, and chooses scales
from it, so that the int8 outputs spread over their range.

Kernel sizes, strides and dilations are pairs (height, width).
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

NONE = schema.ActivationFunctionType.NONE
RELU = schema.ActivationFunctionType.RELU
RELU6 = schema.ActivationFunctionType.RELU6
RELU_N1_TO_1 = schema.ActivationFunctionType.RELU_N1_TO_1
SAME = schema.Padding.SAME
VALID = schema.Padding.VALID

BOUNDS = {NONE: (-np.inf, np.inf), RELU: (0.0, np.inf),
          RELU6: (0.0, 6.0), RELU_N1_TO_1: (-1.0, 1.0)}
VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "ADD": 2,
            "AVERAGE_POOL_2D": 2, "RESHAPE": 1, "SOFTMAX": 2, "LOGISTIC": 2, "SUB": 2,
            "EXPAND_DIMS": 1, "SQUEEZE": 1}
SAMPLES = 32
NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items()
         if not name.startswith("_")}


class AlignedBuffer(schema.BufferT):
    """Constant data at a multiple of 16 bytes, as the schema demands."""

    def Pack(self, builder):
        data = None
        if self.data is not None:
            raw = bytes(self.data)
            builder.StartVector(1, len(raw), 16)
            builder.head -= len(raw)
            builder.Bytes[builder.head:builder.head + len(raw)] = raw
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


def read_model(data):
    """The object form of a TFLite file."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def pack_model(model):
    """The bytes of a TFLite file."""
    for i, buffer in enumerate(model.buffers):
        model.buffers[i] = buffer_of(buffer.data)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def buffer_of(data):
    """A buffer with the given bytes; None stands for no data."""
    buffer = AlignedBuffer()
    buffer.data = data
    return buffer


def operator_name(model, op):
    """The schema's name of an operator, whichever field holds its code."""
    code = model.operatorCodes[op.opcodeIndex]
    return NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]


def choose_range(values, activation, slack):
    """Scale and zero point that cover nearly all values; `slack` widens both
    ends, which moves the clamps of the activation inside the int8 range."""
    low, high = np.quantile(np.clip(values, *BOUNDS[activation]), [0.002, 0.998])
    low, high = min(low, 0.0), max(high, 1e-3)
    margin = slack * (high - low)
    scale = np.float32((high - low + 2 * margin) / 255)
    return scale, int(np.clip(np.round(-128 - (low - margin) / scale), -128, 127))


def padding_of(size, kernel, stride, dilation, padding):
    """Output size, and cells before and after, along one axis."""
    reach = (kernel - 1) * dilation + 1
    if padding == VALID:
        return (size - reach) // stride + 1, 0, 0
    out = -(-size // stride)
    total = max((out - 1) * stride + reach - size, 0)
    return out, total // 2, total - total // 2


def patches(x, kernel, stride, dilation, padding):
    """Windows of an NHWC batch as [n, oh, ow, kh, kw, c]; outside cells are 0."""
    oh, top, bottom = padding_of(x.shape[1], kernel[0], stride[0], dilation[0], padding)
    ow, left, right = padding_of(x.shape[2], kernel[1], stride[1], dilation[1], padding)
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    rows = (np.arange(oh) * stride[0])[:, None] + np.arange(kernel[0]) * dilation[0]
    columns = (np.arange(ow) * stride[1])[:, None] + np.arange(kernel[1]) * dilation[1]
    return x[:, rows[:, None, :, None], columns[None, :, None, :], :]


class Network:
    """One model under construction: a single int8 input, batch 1."""

    def __init__(self, name, shape, seed, scale=0.05, zero_point=-3):
        self.name = name
        self.rng = np.random.default_rng(seed)
        self.tensors, self.buffers, self.operators, self.codes = [], [buffer_of(None)], [], []
        self.floats = {}
        raw = self.rng.integers(-128, 128, (SAMPLES, *shape[1:]))
        self.input = self.activation(scale * (raw - zero_point), scale, zero_point, "input")

    # Tensors.

    def tensor(self, name, shape, kind, data=None, scales=None, zero_points=0, axis=0):
        """Appends a tensor; `data` makes it a constant."""
        tensor = schema.TensorT()
        tensor.name, tensor.type = name.encode(), kind
        tensor.shape = np.array(shape, np.int32)
        if data is not None:
            self.buffers.append(buffer_of(np.ascontiguousarray(data).tobytes()))
            tensor.buffer = len(self.buffers) - 1
        if scales is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = np.atleast_1d(np.asarray(scales, np.float32))
            quantization.zeroPoint = np.full(len(quantization.scale), zero_points, np.int64)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def activation(self, values, scale, zero_point, name):
        """Appends an int8 tensor that an operator writes; a sample may be several images."""
        shape = (len(values) // SAMPLES, *values.shape[1:])
        index = self.tensor(name, shape, schema.TensorType.INT8,
                            scales=scale, zero_points=zero_point)
        self.floats[index] = values
        return index

    def quantisation(self, index):
        """Scale and zero point of an activation tensor."""
        quantization = self.tensors[index].quantization
        return quantization.scale[0], int(quantization.zeroPoint[0])

    def operator(self, name, inputs, output, options=None, version=None):
        """Appends an operator with its options table, if it has one."""
        key = (getattr(schema.BuiltinOperator, name), version or VERSIONS[name])
        if key not in self.codes:
            self.codes.append(key)
        op = schema.OperatorT()
        op.opcodeIndex = self.codes.index(key)
        op.inputs, op.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.operators.append(op)
        return output

    # Operators with weights.

    def weighted(self, x, name, q, axis, product, options, activation, *, std=2.0, slack=0.0,
                 per_channel=True, bias=True, weight_zero_point=0, multipliers=None,
                 bias_override=None, taps=None, out_scale=None, version=None):
        """Convolutions and fully connected layers: picks weight scales so that
        the float outputs get the wanted spread, then bias and output scale.
        `multipliers` maps channels to a real output multiplier, `bias_override`
        to a raw bias, and `taps` to the only weight that is not 0."""
        in_scale, _ = self.quantisation(x)
        for channel, value in (taps or {}).items():
            kernel = np.moveaxis(q, axis, 0)[channel]
            kernel[...] = 0
            kernel[tuple(size // 2 for size in kernel.shape)] = value
        raw = product(self.floats[x], q.astype(np.float64) - weight_zero_point)
        rows = raw.reshape(-1, raw.shape[-1])
        spread = np.where(rows.std(0) < 1e-6, 1.0, rows.std(0))
        scales = std * np.exp(self.rng.normal(0, 0.3, len(spread))) / spread
        if not per_channel:
            scales = np.full_like(scales, std / np.sqrt((spread**2).mean()))
        scales = scales.astype(np.float32)
        wanted = (self.rng.normal(0, 0.5 * std, len(spread)) - rows.mean(0) * scales) * bias
        bias_raw = np.round(wanted / (np.float64(in_scale) * scales)).astype(np.int64)
        values = raw * scales + bias_raw * (np.float64(in_scale) * scales)
        scale, zero_point = choose_range(values, activation, slack)
        scale = np.float32(out_scale or scale)
        for channel, real in (multipliers or {}).items():
            scales[channel] = np.float32(real * np.float64(scale) / np.float64(in_scale))
        for channel, value in (bias_override or {}).items():
            bias_raw[channel] = value
        if multipliers or bias_override:
            values = raw * scales + bias_raw * (np.float64(in_scale) * scales)
        stored = scales if per_channel else scales[:1]
        weights = self.tensor(f"w{len(self.operators)}", q.shape, schema.TensorType.INT8,
                              q.astype(np.int8), stored, weight_zero_point, axis)
        bias_index = -1
        if bias:
            bias_index = self.tensor(
                f"b{len(self.operators)}", (len(bias_raw),), schema.TensorType.INT32,
                bias_raw.astype(np.int32), np.float32(in_scale) * stored)
        y = self.activation(np.clip(values, *BOUNDS[activation]), scale, zero_point,
                            f"{name.lower()}_{len(self.operators)}")
        options.fusedActivationFunction = activation
        return self.operator(name, [x, weights, bias_index], y, options, version)

    def random_weights(self, *shape):
        return np.clip(np.round(self.rng.normal(0, 50, shape)), -127, 127)

    def conv(self, x, channels, kernel=(1, 1), stride=(1, 1), dilation=(1, 1),
             padding=SAME, activation=NONE, **extra):
        q = self.random_weights(channels, *kernel, self.floats[x].shape[-1])
        options = window_options(schema.Conv2DOptionsT(), stride, padding)
        options.dilationHFactor, options.dilationWFactor = dilation

        def product(v, w):
            return np.einsum("nhwijc,oijc->nhwo",
                             patches(v, kernel, stride, dilation, padding), w, optimize=True)

        return self.weighted(x, "CONV_2D", q, 0, product, options, activation, **extra)

    def depthwise(self, x, multiplier=1, kernel=(3, 3), stride=(1, 1), dilation=(1, 1),
                  padding=SAME, activation=NONE, **extra):
        channels = self.floats[x].shape[-1]
        q = self.random_weights(1, *kernel, channels * multiplier)
        options = window_options(schema.DepthwiseConv2DOptionsT(), stride, padding)
        options.dilationHFactor, options.dilationWFactor = dilation
        options.depthMultiplier = multiplier

        def product(v, w):
            w = w.reshape(*kernel, channels, multiplier)
            y = np.einsum("nhwijc,ijcm->nhwcm",
                          patches(v, kernel, stride, dilation, padding), w, optimize=True)
            return y.reshape(*y.shape[:3], -1)

        return self.weighted(x, "DEPTHWISE_CONV_2D", q, 3, product, options, activation, **extra)

    def dense(self, x, units, activation=NONE, keep_num_dims=False, per_channel=False, **extra):
        depth = self.floats[x].shape[-1]
        options = schema.FullyConnectedOptionsT()
        options.keepNumDims = keep_num_dims
        return self.weighted(x, "FULLY_CONNECTED", self.random_weights(units, depth), 0,
                             lambda v, w: v @ w.T, options, activation,
                             per_channel=per_channel, version=12 if per_channel else 4, **extra)

    # Operators without weights.

    def add(self, a, b, activation=NONE, slack=0.0):
        values = self.floats[a] + self.floats[b]
        scale, zero_point = choose_range(values, activation, slack)
        y = self.activation(np.clip(values, *BOUNDS[activation]), scale, zero_point,
                            f"add_{len(self.operators)}")
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation
        return self.operator("ADD", [a, b], y, options)

    def average_pool(self, x, kernel, stride=(1, 1), padding=VALID, activation=NONE):
        def total(v):
            return patches(v, kernel, stride, (1, 1), padding).sum((3, 4))

        values = total(self.floats[x]) / total(np.ones_like(self.floats[x]))
        y = self.activation(np.clip(values, *BOUNDS[activation]), *self.quantisation(x),
                            f"pool_{len(self.operators)}")
        options = window_options(schema.Pool2DOptionsT(), stride, padding)
        options.filterHeight, options.filterWidth = kernel
        options.fusedActivationFunction = activation
        return self.operator("AVERAGE_POOL_2D", [x], y, options)

    def reshape(self, x, *shape):
        values = self.floats[x].reshape(-1, *shape[1:])
        y = self.activation(values, *self.quantisation(x), f"reshape_{len(self.operators)}")
        target = self.tensor(f"shape{len(self.operators)}", (len(shape),),
                             schema.TensorType.INT32, np.array(shape, np.int32))
        options = schema.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        return self.operator("RESHAPE", [x, target], y, options)

    def expand_dims(self, x, axis):
        values = np.expand_dims(self.floats[x], axis)
        y = self.activation(values, *self.quantisation(x), f"expand_{len(self.operators)}")
        target = self.tensor(f"axis{len(self.operators)}", (), schema.TensorType.INT32,
                             np.array(axis, np.int32))
        return self.operator("EXPAND_DIMS", [x, target], y, schema.ExpandDimsOptionsT())

    def squeeze(self, x, axis):
        y = self.activation(self.floats[x].squeeze(axis), *self.quantisation(x),
                            f"squeeze_{len(self.operators)}")
        options = schema.SqueezeOptionsT()
        options.squeezeDims = np.array([axis], np.int32)
        return self.operator("SQUEEZE", [x], y, options)

    def softmax(self, x, beta=1.0):
        values = np.exp(beta * (self.floats[x] - self.floats[x].max(-1, keepdims=True)))
        y = self.activation(values / values.sum(-1, keepdims=True), np.float32(1 / 256), -128,
                            f"softmax_{len(self.operators)}")
        options = schema.SoftmaxOptionsT()
        options.beta = beta
        return self.operator("SOFTMAX", [x], y, options)

    def logistic(self, x):
        y = self.activation(1 / (1 + np.exp(-self.floats[x])), np.float32(1 / 256), -128,
                            f"logistic_{len(self.operators)}")
        return self.operator("LOGISTIC", [x], y)

    def finish(self, output, inputs=None):
        """The bytes of the file."""
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = b"main", self.tensors, self.operators
        graph.inputs = np.array(inputs or [self.input], np.int32)
        graph.outputs = np.array([output], np.int32)
        model = schema.ModelT()
        model.version, model.description = 3, self.name.encode()
        model.subgraphs, model.buffers, model.operatorCodes = [graph], self.buffers, []
        for code, version in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.version = code, version
            entry.deprecatedBuiltinCode = min(code, 127)
            model.operatorCodes.append(entry)
        return pack_model(model)


def window_options(options, stride, padding):
    """Fills in the fields that convolutions and pools share."""
    options.strideH, options.strideW = stride
    options.padding = padding
    return options
