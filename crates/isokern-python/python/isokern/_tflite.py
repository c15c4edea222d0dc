"""Just enough of the TFLite format: names of operators, and other outputs for a graph.

A flatbuffer: tables whose fields are found through a list of offsets, all of them forward. A new list
of outputs is put at the end of the file, and the graph's offset turned to that.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

# Slots of the fields that are read, as the schema orders them.
_MODEL_CODES, _MODEL_SUBGRAPHS = 1, 2
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 0, 1, 2, 3
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_NAME, _TENSOR_VARIABLE = 0, 1, 2, 3, 5
_OPERATOR_CODE, _OPERATOR_OUTPUTS = 0, 2
_CODE_SHORT, _CODE_LONG = 0, 3

# Types that a comparison reads: the schema's number, NumPy's name.
TYPES = {0: "float32", 2: "int32", 3: "uint8", 6: "bool", 7: "int16", 9: "int8"}

# Operators by their number, in the schema's words: the ones that messages are likely to name.
_NAMES = {
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D",
    5: "DEPTH_TO_SPACE", 6: "DEQUANTIZE", 9: "FULLY_CONNECTED", 14: "LOGISTIC", 17: "MAX_POOL_2D",
    18: "MUL", 19: "RELU", 21: "RELU6", 22: "RESHAPE", 25: "SOFTMAX", 28: "TANH", 34: "PAD",
    36: "GATHER", 39: "TRANSPOSE", 40: "MEAN", 41: "SUB", 43: "SQUEEZE", 45: "STRIDED_SLICE",
    49: "SPLIT", 53: "CAST", 54: "PRELU", 55: "MAXIMUM", 57: "MINIMUM", 65: "SLICE",
    67: "TRANSPOSE_CONV", 70: "EXPAND_DIMS", 74: "SUM", 83: "PACK", 88: "UNPACK",
    97: "RESIZE_NEAREST_NEIGHBOR", 98: "LEAKY_RELU", 99: "SQUARED_DIFFERENCE", 101: "ABS",
    102: "SPLIT_V", 106: "ADD_N", 111: "ELU", 114: "QUANTIZE", 117: "HARD_SWISH",
    129: "CALL_ONCE", 142: "VAR_HANDLE", 143: "READ_VARIABLE", 144: "ASSIGN_VARIABLE",
}


@dataclass(frozen=True)
class GraphTensor:
    """A tensor of a graph."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str | None
    is_constant: bool
    is_variable: bool


@dataclass(frozen=True)
class GraphOperator:
    """An operator of a graph."""

    index: int
    name: str
    outputs: tuple[int, ...]


class Graph:
    """The first graph of a TFLite file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        model = self._forward(0)
        buffers = self._vector(model, 4)
        codes = [self._code(code) for code in self._tables(model, _MODEL_CODES)]
        self._graph = self._tables(model, _MODEL_SUBGRAPHS)[0]
        self.tensors = [
            self._tensor(index, table, buffers)
            for index, table in enumerate(self._tables(self._graph, _GRAPH_TENSORS))
        ]
        self.inputs = self._integers(self._graph, _GRAPH_INPUTS)
        self.outputs = self._integers(self._graph, _GRAPH_OUTPUTS)
        self.operators = [
            GraphOperator(index, codes[self._scalar(table, _OPERATOR_CODE, "<I")],
                          self._integers(table, _OPERATOR_OUTPUTS))
            for index, table in enumerate(self._tables(self._graph, _GRAPH_OPERATORS))
        ]

    def with_outputs(self, outputs: list[int]) -> bytes:
        """Returns the file with these tensors as the graph's outputs."""
        field = self._field(self._graph, _GRAPH_OUTPUTS)
        data = bytearray(self._data)
        data += bytes(-len(data) % 4)
        struct.pack_into("<I", data, field, len(data) - field)
        data += struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs)
        return bytes(data)

    def _forward(self, place: int) -> int:
        return place + int(struct.unpack_from("<I", self._data, place)[0])

    def _field(self, table: int, slot: int) -> int:
        """Where a field is; 0 where it is left out."""
        offsets = table - struct.unpack_from("<i", self._data, table)[0]
        size = struct.unpack_from("<H", self._data, offsets)[0]
        place = 4 + 2 * slot
        if place + 2 > size:
            return 0
        offset = int(struct.unpack_from("<H", self._data, offsets + place)[0])
        return table + offset if offset else 0

    def _scalar(self, table: int, slot: int, kind: str) -> int:
        field = self._field(table, slot)
        return int(struct.unpack_from(kind, self._data, field)[0]) if field else 0

    def _vector(self, table: int, slot: int) -> list[int]:
        """The places of a list's elements of four bytes."""
        field = self._field(table, slot)
        if not field:
            return []
        start = self._forward(field)
        count = struct.unpack_from("<I", self._data, start)[0]
        return [start + 4 + 4 * index for index in range(count)]

    def _tables(self, table: int, slot: int) -> list[int]:
        return [self._forward(place) for place in self._vector(table, slot)]

    def _integers(self, table: int, slot: int) -> tuple[int, ...]:
        places = self._vector(table, slot)
        return tuple(int(struct.unpack_from("<i", self._data, place)[0]) for place in places)

    def _code(self, table: int) -> str:
        short = self._scalar(table, _CODE_SHORT, "<b")
        code = max(short, self._scalar(table, _CODE_LONG, "<i"))
        return _NAMES.get(code, f"operator {code}")

    def _tensor(self, index: int, table: int, buffers: list[int]) -> GraphTensor:
        name = self._field(table, _TENSOR_NAME)
        text = b""
        if name:
            start = self._forward(name)
            count = struct.unpack_from("<I", self._data, start)[0]
            text = self._data[start + 4 : start + 4 + count]
        buffer = self._scalar(table, _TENSOR_BUFFER, "<I")
        content = self._vector_bytes(self._forward(buffers[buffer])) if buffer else 0
        return GraphTensor(
            index,
            text.decode(errors="replace"),
            self._integers(table, _TENSOR_SHAPE),
            TYPES.get(self._scalar(table, _TENSOR_TYPE, "<b")),
            content > 0,
            self._scalar(table, _TENSOR_VARIABLE, "<b") != 0,
        )

    def _vector_bytes(self, table: int) -> int:
        field = self._field(table, 0)
        if not field:
            return 0
        return int(struct.unpack_from("<I", self._data, self._forward(field))[0])
