"""Models: opened, run, inspected, converted, tested."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from . import _native
from ._asked import RingSession, TaskSession
from ._errors import SelfTestError
from ._inspect import Inspection

if TYPE_CHECKING:
    from numpy.typing import NDArray

Source = Union[str, "os.PathLike[str]", bytes]


@dataclass(frozen=True)
class Port:
    """An input or output of a model.

    `scale` and `zero_point` are `None` for a dtype whose values are taken as they are: float32,
    int32, bool.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True)
class SelfTest:
    """What `selftest` found: the digest of the outputs, with every set of instructions."""

    seed: int
    digest: str
    instructions: tuple[str, ...]


class Model(_native.Model):
    """A model: the path of a `.tflite` or `.ikm` file, or the bytes of one.

    >>> model = Model(digits_path)
    >>> [port.name for port in model.outputs]
    ['Identity']
    >>> Model(b"neither").name
    Traceback (most recent call last):
    isokern._errors.ModelError: the model is neither a TFLite file nor a packed model. Fix: ...

    A `.tflite` file is converted in memory; what keeps it from that is a `ModelError` that names
    every operator in the way. Raises `ReadError` where the system does not read the file.
    """

    def __init__(self, source: Source, name: str | None = None) -> None:
        self._source = source

    def source_bytes(self) -> bytes:
        """Returns the bytes of the file that the model was opened from; a path is read again."""
        if isinstance(self._source, bytes):
            return self._source
        with open(self._source, "rb") as file:
            return file.read()

    @cached_property
    def inputs(self) -> tuple[Port, ...]:
        """The inputs, in order."""
        return tuple(_port(*row) for row in self._inputs)

    @cached_property
    def outputs(self) -> tuple[Port, ...]:
        """The outputs, in order."""
        return tuple(_port(*row) for row in self._outputs)

    def inspect(self) -> Inspection:
        """Returns what is in the model: operators, tensors, sizes and the map of its arena. In a
        notebook it is shown as tables.

        >>> report = Model(digits_path).inspect()
        >>> report.operators[0].kind, report.arena_bytes
        ('CONV_2D', 1536)
        """
        return Inspection.from_json(self._inspection())

    def convert(self, path: str | os.PathLike[str] | None = None, *, layout: str | None = None) -> bytes:
        """Returns the packed model (`.ikm`), and writes it to `path` where one is given.

        `layout` is the order of the weights: `row`, `packed` for processors with dot products, or
        `None` to leave them. The same file gives the same bytes everywhere.

        >>> packed = Model(digits_path).convert()
        >>> Model(packed).convert() == packed
        True
        """
        packed = self._packed(layout)
        if path is not None:
            with open(path, "wb") as file:
                file.write(packed)
        return packed

    def ring(self, device: _native.Device | str = "auto") -> RingSession:
        """Starts the model as a ring actor, on a thread or a block of a GPU, that is asked with
        `await` or for futures. See `RingSession`."""
        return RingSession(self._ring(device))

    def tasks(
        self, device: _native.Device | str = "auto", *, workers: int | None = None
    ) -> TaskSession:
        """Starts workers of a megakernel, on threads or blocks of a GPU, that take runs of the model
        as tasks. See `TaskSession`."""
        return TaskSession(self._tasks(device, workers))

    def random_input(self, seed: int = 1) -> dict[str | int, NDArray[Any]]:
        """Returns generated inputs, those that `isokern run --random` takes for the seed.

        >>> inputs = Model(digits_path).random_input()
        >>> inputs[0].shape, inputs[0].dtype
        ((1, 8, 8, 1), dtype('int8'))
        """
        return self._unpacked(self._generated(seed))

    def _unpacked(self, packed: bytes) -> dict[str | int, NDArray[Any]]:
        """The inputs of a packed sample, by index."""
        inputs: dict[str | int, NDArray[Any]] = {}
        start = 0
        for port in self.inputs:
            dtype = np.dtype(port.dtype)
            count = int(np.prod(port.shape, dtype=np.int64))
            values = np.frombuffer(packed, np.uint8, count * dtype.itemsize, start)
            start += values.nbytes
            if dtype == np.bool_:
                inputs[port.index] = (values != 0).reshape(port.shape)
            else:
                inputs[port.index] = values.copy().view(dtype).reshape(port.shape)
        return inputs

    def __repr__(self) -> str:
        ports = [", ".join(map(_facts, ports)) for ports in (self.inputs, self.outputs)]
        return f"<isokern.Model {self.name}: {ports[0]} -> {ports[1]}>"


def selftest(model: Model | Source) -> SelfTest:
    """Runs a model's self-test with every set of instructions that this processor has.

    The model holds the seed of a generated input and the digest of its outputs.

    >>> selftest(digits_path).digest
    'b9ac4f60bc76ba8f'

    Raises `SelfTestError` where a digest is another, or where the model has no self-test.
    """
    model = model if isinstance(model, Model) else Model(model)
    tested = model._selftest()
    if tested is None:
        text = "the model has no self-test. Fix: convert its TFLite file again"
        raise SelfTestError(f"{model.name}: {text}")
    seed, expected, found = tested
    for instructions, value in found:
        if value != expected:
            text = f"{instructions}: digest {value:016x} in place of {expected:016x}"
            raise SelfTestError(f"{model.name}: {text}. Fix: report this with the processor's name")
    return SelfTest(seed, f"{expected:016x}", tuple(name for name, _ in found))


def digest(outputs: Any) -> str:
    """Returns the digest that `isokern run` prints of outputs: an array, or a dict of them in order.

    >>> import numpy
    >>> digest(numpy.array([-128, 127], numpy.int8))
    '09e54907b65c9960'
    """
    values = outputs.values() if isinstance(outputs, dict) else [outputs]
    state = 0xCBF29CE484222325
    for array in values:
        for byte in array.tobytes():
            state = (state ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


def _port(
    index: int,
    name: str,
    shape: list[int],
    dtype: str,
    scale: float | None,
    zero_point: int | None,
) -> Port:
    return Port(index, name, tuple(shape), dtype, scale, zero_point)


def _facts(port: Port) -> str:
    return f"{'x'.join(map(str, port.shape))} {port.dtype}"
