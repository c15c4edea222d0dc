#!/usr/bin/env python3
"""Writes models of one repeated operator, for `compare_litert.py`.

From each model every operator whose first output has enough values becomes a file of
its own, in which the operator stands 32 times on the same inputs, so that the cost of a
call does not count. Operators that differ in nothing but values of constants, scales and
names are written once. Every output is an output of the graph: none is dead.

    python3 -m pip install tensorflow-cpu==2.21.0 numpy
    python3 tests/benches/repeat_operators.py ../shared/zoo/models/*.tflite -o repeated
    python3 tests/benches/compare_litert.py repeated/*.tflite

Operators with variables, those that work on constants alone, and reshapes whose shape is
computed, which random inputs would not give, are left out.
"""

import argparse
import copy
import sys
from pathlib import Path

import flatbuffers
import numpy
from tensorflow.lite.python import schema_py_generated as schema

REPEATS = 32
# Isokern packs the weights of each operator for itself, and refuses files that make too much of one.
WEIGHT_BYTES_MAX = 1 << 19
LEFT_OUT = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "SHAPE"}
NAMES = {
    number: name for name, number in vars(schema.BuiltinOperator).items() if name[0] != "_"
}


def operator_name(model, operator):
    code = model.operatorCodes[operator.opcodeIndex]
    return NAMES.get(max(code.builtinCode, code.deprecatedBuiltinCode), "UNKNOWN")


def list_of(vector):
    return [] if vector is None else list(vector)


def is_constant(model, tensor):
    return tensor.buffer and model.buffers[tensor.buffer].data is not None


def repeats_of(model, graph, operator):
    """How often an operator stands in its file: less often if it has many weights, which makes it
    so long that the cost of a call does not count either."""
    sizes = [
        len(model.buffers[graph.tensors[index].buffer].data)
        for index in operator.inputs
        if index >= 0 and is_constant(model, graph.tensors[index])
    ]
    return max(1, min(REPEATS, WEIGHT_BYTES_MAX // max(1, sum(sizes))))


def reads_shape(model, graph, operator):
    """Whether the shape of a reshape is a value, not a constant."""
    shapes = [graph.tensors[index] for index in operator.inputs[1:2] if index >= 0]
    return any(not is_constant(model, shape) for shape in shapes)


def options_of(operator):
    options = vars(operator.builtinOptions) if operator.builtinOptions else {}
    return tuple(sorted((name, repr(value)) for name, value in options.items()))


def key(model, graph, operator, name):
    """What makes two operators the same work."""
    tensors = [graph.tensors[i] for i in [*operator.inputs, *operator.outputs] if i >= 0]
    shapes = tuple((tensor.type, tuple(list_of(tensor.shape))) for tensor in tensors)
    return name, shapes, options_of(operator)


def repeated(model, graph, operator, name):
    """The file: one graph with copies of the operator."""
    repeats = repeats_of(model, graph, operator)
    target = schema.ModelT()
    target.version, target.description = 3, f"{repeats} times {name}"
    target.operatorCodes = [model.operatorCodes[operator.opcodeIndex]]
    target.buffers = [schema.BufferT()]
    target.metadata, target.metadataBuffer, target.signatureDefs = None, None, None
    out = schema.SubGraphT()
    out.name, out.tensors, out.operators = "main", [], []
    out.inputs, out.outputs = [], []

    def add(index):
        tensor = copy.copy(graph.tensors[index])
        buffer = 0
        if is_constant(model, tensor):
            target.buffers.append(model.buffers[tensor.buffer])
            buffer = len(target.buffers) - 1
        tensor.buffer = buffer
        out.tensors.append(tensor)
        return len(out.tensors) - 1

    inputs = []
    for index in operator.inputs:
        inputs.append(-1 if index < 0 else add(index))
        if index >= 0 and not is_constant(model, graph.tensors[index]):
            out.inputs.append(inputs[-1])
    for _ in range(repeats):
        one = copy.copy(operator)
        one.opcodeIndex, one.inputs = 0, inputs
        one.outputs = [add(index) for index in operator.outputs]
        out.operators.append(one)
        out.outputs += one.outputs
    target.subgraphs = [out]
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(target.Pack(builder), b"TFL3")
    return bytes(builder.Output()), len(out.inputs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--least", type=int, default=4096, help="values of the first output")
    parser.add_argument("--most", type=int, default=1 << 18, help="larger outputs are left out")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    known = set()
    for path in arguments.models:
        model = schema.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()), 0)
        graph = model.subgraphs[0]
        for index, operator in enumerate(graph.operators):
            name = operator_name(model, operator)
            shape = list_of(graph.tensors[operator.outputs[0]].shape) if len(operator.outputs) else []
            values = numpy.prod(shape)
            if name in LEFT_OUT or not arguments.least <= values <= arguments.most:
                continue
            if name == "RESHAPE" and reads_shape(model, graph, operator):
                continue
            this = key(model, graph, operator, name)
            if this in known:
                continue
            known.add(this)
            content, inputs = repeated(model, graph, operator, name)
            if inputs:
                stem = f"{name}.{'x'.join(map(str, shape[1:]))}.{path.stem[:8]}.{index}"
                (arguments.output / f"{stem}.tflite").write_bytes(content)
    print(f"{len(list(arguments.output.glob('*.tflite')))} files in {arguments.output}")


if __name__ == "__main__":
    sys.exit(main())
