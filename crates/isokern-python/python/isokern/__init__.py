"""int8 models with TensorFlow Lite Micro's bytes: run, inspect, compare.

>>> import isokern, numpy
>>> model = isokern.Model(digits_path)            # a .tflite or .ikm file, or its bytes
>>> model.inputs[0]
Port(index=0, name='x', shape=(1, 8, 8, 1), dtype='int8', scale=0.003921568859368563, zero_point=-128)
>>> model.run(numpy.zeros((1, 8, 8, 1), numpy.int8)).shape
(1, 10)
>>> model.run(numpy.zeros((1, 8, 8, 1), numpy.float32), dequantize=True).dtype
dtype('float32')

The bytes are the same on every processor, on an NVIDIA GPU and in every mode, and those of TFLite
Micro: `diff` compares, `selftest` checks an installation.
"""

from ._asked import RingSession, TaskSession
from ._diff import Comparison, Difference, Reference, diff
from ._errors import (
    BusyError,
    ClosedError,
    DeviceError,
    DTypeError,
    Error,
    ForkedError,
    InputError,
    ModelError,
    ModeError,
    OrderError,
    ReadError,
    ReferenceRunError,
    RunError,
    RunTimeoutError,
    SelfTestError,
    ShapeError,
)
from ._inspect import Inspection, Operator, Tensor
from ._model import Model, Port, SelfTest, digest, selftest
from ._native import Device, Session, __version__

__all__ = [
    "BusyError",
    "ClosedError",
    "Comparison",
    "DTypeError",
    "Device",
    "DeviceError",
    "Difference",
    "Error",
    "ForkedError",
    "InputError",
    "Inspection",
    "ModeError",
    "Model",
    "ModelError",
    "Operator",
    "OrderError",
    "Port",
    "ReadError",
    "Reference",
    "ReferenceRunError",
    "RingSession",
    "RunError",
    "RunTimeoutError",
    "SelfTest",
    "SelfTestError",
    "Session",
    "ShapeError",
    "TaskSession",
    "Tensor",
    "__version__",
    "diff",
    "digest",
    "selftest",
]
