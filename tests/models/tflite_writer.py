"""A small builder for quantised TFLite files, over the schema's object API.

`Network` adds one operator after the other.  Beside the file it keeps a float
batch of every tensor, computed from the quantised weights, and chooses scales
from it, so that the int8 outputs spread over their range.

This file has tensors, inputs and a few operators; `tflite_layers.py` has those with
weights and pools, `tflite_operators.py` the others, and `tflite_state.py` variables.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tflite_file import buffer_of, operator_name, pack_model, read_model  # noqa: F401
from tflite_layers import (  # noqa: F401
    BOUNDS, NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, Layers, choose_range)
from tflite_operators import Operators, options_of
from tflite_state import State

SAMPLES = 32
VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "ADD": 2,
            "AVERAGE_POOL_2D": 2, "RESHAPE": 1, "SOFTMAX": 2, "LOGISTIC": 2, "SUB": 2,
            "EXPAND_DIMS": 1, "SQUEEZE": 1}
# Element types: the schema's code, numpy's type, and the limits of a quantised one.
ELEMENTS = {
    "int8": (schema.TensorType.INT8, np.int8, (-128, 127)),
    "uint8": (schema.TensorType.UINT8, np.uint8, (0, 255)),
    "int16": (schema.TensorType.INT16, np.int16, (-32768, 32767)),
    "int32": (schema.TensorType.INT32, np.int32, None),
    "uint32": (schema.TensorType.UINT32, np.uint32, None),
    "int64": (schema.TensorType.INT64, np.int64, None),
    "uint64": (schema.TensorType.UINT64, np.uint64, None),
    "float32": (schema.TensorType.FLOAT32, np.float32, None),
    "bool": (schema.TensorType.BOOL, np.bool_, None)}


class Network(Layers, Operators, State):
    """One model under construction: its first input, of batch 1 and int8 unless said
    otherwise; `input_tensor` adds others."""

    def __init__(self, name, shape, seed, scale=0.05, zero_point=-3, dtype="int8"):
        self.name = name
        self.rng = np.random.default_rng(seed)
        self.tensors, self.buffers, self.operators, self.codes = [], [buffer_of(None)], [], []
        self.floats, self.dtypes, self.inputs = {}, {}, []
        self.initial, self.initial_graph = [], None
        self.input = self.input_tensor(shape, dtype, scale, zero_point, "input")

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

    def activation(self, values, scale, zero_point, name, dtype="int8", shape=None):
        """Appends a tensor that an operator writes; a sample may be several images.
        A scale of None means that the tensor is not quantised."""
        if shape is None:
            shape = (len(values) // SAMPLES, *values.shape[1:])
        index = self.tensor(name, shape, ELEMENTS[dtype][0],
                            scales=scale, zero_points=zero_point)
        self.floats[index], self.dtypes[index] = values, dtype
        return index

    def input_tensor(self, shape, dtype="int8", scale=0.05, zero_point=-3, name=None):
        """Appends an input of the model. One of an element type that is not quantised
        has values of a normal distribution, or small whole numbers."""
        name = name or f"input_{len(self.inputs)}"
        kind, limits = ELEMENTS[dtype][1:]
        full = (SAMPLES * shape[0], *shape[1:]) if len(shape) else (SAMPLES,)
        if limits:
            raw = self.rng.integers(limits[0], limits[1] + 1, full)
            values = scale * (raw - zero_point)
        elif kind == np.float32:
            values, scale = self.rng.normal(0, 1, full), None
        else:
            values, scale = self.rng.integers(0, 2, full), None
        index = self.activation(values, scale, zero_point, name, dtype, shape)
        self.inputs.append(index)
        return index

    def constant(self, raw, dtype="int8", scale=None, zero_point=0, name=None):
        """Appends a constant of the values as stored, with one scale if it is given."""
        raw = np.asarray(raw).astype(ELEMENTS[dtype][1])
        name = name or f"constant_{len(self.tensors)}"
        index = self.tensor(name, raw.shape, ELEMENTS[dtype][0], raw, scale, zero_point)
        real = raw.astype(np.float64)
        real = real if scale is None else scale * (real - zero_point)
        self.floats[index], self.dtypes[index] = np.broadcast_to(real, (SAMPLES, *raw.shape)), dtype
        return index

    def integers(self, values, name=None):
        """Appends an INT32 constant: axes, sizes, paddings; a number has rank 0."""
        return self.constant(values, "int32", name=name)

    def shape(self, index):
        return tuple(int(size) for size in self.tensors[index].shape)

    def samples(self, index):
        """The float batch of a tensor as [SAMPLES, *shape]."""
        return self.floats[index].reshape(SAMPLES, *self.shape(index))

    def result(self, values, name, dtype="int8", quantisation=None, activation=NONE, slack=0.0):
        """Appends the tensor of an operator's result from its float batch [SAMPLES, *shape].
        Without `quantisation` (scale, zero point), those that cover the values."""
        values = np.clip(values, *BOUNDS[activation]) if activation else np.asarray(values)
        shape = values.shape[1:]
        flat = values.reshape(SAMPLES * shape[0], *shape[1:]) if shape else values
        limits = ELEMENTS[dtype][2]
        if limits and quantisation is None:
            scale, zero_point = choose_range(values, activation, slack)
            if dtype == "uint8":
                zero_point += 128
            elif dtype == "int16":
                scale, zero_point = np.float32(np.abs(values).max() / 32767 + 1e-6), 0
            quantisation = scale, zero_point
        has_scale = limits or dtype == "int32" and quantisation
        scale, zero_point = quantisation if has_scale else (None, 0)
        return self.activation(flat, scale, zero_point, name, dtype, shape)

    def quantisation(self, index):
        """Scale and zero point of a tensor; None for one that is not quantised."""
        quantization = self.tensors[index].quantization
        if quantization is None:
            return None
        return quantization.scale[0], int(quantization.zeroPoint[0])

    def operator(self, name, inputs, output, options=None, version=None):
        """Appends an operator with its options table, if it has one; `output` is a tensor or
        a list of them, and returned."""
        op = schema.OperatorT()
        op.opcodeIndex = self.code(name, version)
        op.inputs, op.outputs = np.array(inputs, np.int32), np.atleast_1d(output).astype(np.int32)
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.operators.append(op)
        return output

    def code(self, name, version=None):
        """Index of an operator's code in the file."""
        key = (getattr(schema.BuiltinOperator, name), version or VERSIONS.get(name, 1))
        if key not in self.codes:
            self.codes.append(key)
        return self.codes.index(key)

    def emit(self, name, inputs, output, version=None, **options):
        """Appends any operator; fields of its options table have the schema's names
        (`axis`, `keepDims`, `valuesCount`)."""
        return self.operator(name, inputs, output, options_of(name, **options), version)

    # Operators without weights.

    def add(self, a, b, activation=NONE, slack=0.0):
        values = self.floats[a] + self.floats[b]
        scale, zero_point = choose_range(values, activation, slack)
        y = self.activation(np.clip(values, *BOUNDS[activation]), scale, zero_point,
                            f"add_{len(self.operators)}")
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation
        return self.operator("ADD", [a, b], y, options)

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
        """The bytes of the file; `output` is a tensor or a list of them."""
        graphs = [self.graph(b"main", self.tensors, self.operators,
                             inputs or self.inputs, np.atleast_1d(output))]
        self.finish_state(graphs)
        model = schema.ModelT()
        model.version, model.description = 3, self.name.encode()
        model.subgraphs, model.buffers, model.operatorCodes = graphs, self.buffers, []
        for code, version in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.version = code, version
            entry.deprecatedBuiltinCode = min(code, 127)
            model.operatorCodes.append(entry)
        return pack_model(model)

    @staticmethod
    def graph(name, tensors, operators, inputs, outputs):
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = name, tensors, operators
        graph.inputs, graph.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        return graph
