"""Reads and writes TFLite files, over the schema's object API."""

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

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
