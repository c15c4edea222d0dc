"""Comparison with another runtime, to the bit, operator by operator."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from ._errors import InputError, ModelError, ReferenceRunError
from ._model import Model, Source
from ._reference import REFERENCES
from ._tflite import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._reference import Runs
    from ._types import Inputs

# A runtime: the arrays of all outputs, for those of all inputs, one list a run.
Reference = Callable[[bytes, "list[list[NDArray[Any]]]"], "list[list[NDArray[Any]]]"]


@dataclass(frozen=True)
class Difference:
    """The first operator, and its first element, that differ.

    `operator` is its index in the TFLite file, `kind` the schema's name; both are `None` where an
    output of the model is written by none.
    """

    operator: int | None
    kind: str | None
    tensor: str
    run: int
    element: tuple[int, ...]
    found: Any
    expected: Any
    differing: int
    total: int

    def __str__(self) -> str:
        where = "an output" if self.operator is None else f"operator {self.operator} {self.kind}"
        element = "][".join(map(str, self.element))
        return (
            f"{where}, tensor {self.tensor!r}, run {self.run}: element [{element}] is {self.found} "
            f"and should be {self.expected}; {self.differing} of {self.total} elements differ"
        )


@dataclass(frozen=True)
class Comparison:
    """What `diff` compared. It is true where nothing differs.

    `operators` were compared one by one; of `unseen` ones, which one of the two runtimes does not run
    with another output, only what comes of them.
    """

    model: str
    runs: int
    operators: int
    unseen: tuple[int, ...]
    elements: int
    first: Difference | None

    def __bool__(self) -> bool:
        return self.first is None

    def __str__(self) -> str:
        what = f"{self.model}: {self.elements} elements of {self.operators} operators, "
        what += f"{self.runs} runs: "
        return what + ("0 differences" if self.first is None else str(self.first))


def diff(
    model: Model | Source,
    inputs: Inputs | Sequence[Inputs] | None = None,
    reference: Union[str, Reference, "NDArray[Any]", Sequence["NDArray[Any]"]] = "tflm",
    *,
    reference_model: str | os.PathLike[str] | bytes | None = None,
) -> Comparison:
    """Compares a model with a reference, to the bit, and names the first operator and element that
    differ.

    `inputs` are those of `Model.run`, or a list of them, one a run of a stream; three generated ones
    where they are left out. `reference` is `"tflm"` (the package `tflite-micro`), `"litert"`
    (`ai-edge-litert`), a function of a TFLite file and its runs, or the expected output: an array,
    or a list of one array for each output. `reference_model` is what the reference runs, where that is
    not the file of the model: `model` may then be another file of the same graph.

    Every tensor that an operator writes is made an output of the file, and both run that.

    >>> import numpy
    >>> result = diff(digits_path, numpy.zeros((1, 8, 8, 1), numpy.int8), numpy.zeros((1, 10), "i1"))
    >>> print(result.first)
    operator 8 SOFTMAX, tensor 'Identity', run 0: element [0][0] is ... and should be 0; ...

    Raises `ReferenceRunError` where the runtime is not installed or does not run the model,
    `ModelError` and `InputError`.
    """
    model = model if isinstance(model, Model) else Model(model)
    runs = _runs(model, inputs)
    data = model.source_bytes() if model._is_tflite else None
    if not isinstance(reference, str) and not callable(reference):
        expected: list[NDArray[Any]]
        expected = [reference] if isinstance(reference, np.ndarray) else list(reference)
        return _compare_outputs(model, data, runs, [expected])
    run = REFERENCES.get(reference) if isinstance(reference, str) else reference
    if run is None:
        text = f"there is no reference {reference!r}. Fix: pass one of {', '.join(REFERENCES)}"
        raise InputError(text)
    other = _bytes(reference_model) if reference_model is not None else data
    if other is None:
        text = "a packed model has no TFLite file to compare with. Fix: pass `reference_model`"
        raise InputError(f"{model.name}: {text}")
    if data is None:
        return _compare_outputs(model, other, runs, run(other, runs))
    return _compare_operators(model, Graph(data), Graph(other), runs, run)


def _compare_operators(
    model: Model, graph: Graph, other: Graph, runs: Runs, run: Reference
) -> Comparison:
    writers = _writers(graph)
    tensors = [index for index in writers if _is_comparable(graph, index)]
    elements, seen, unseen = 0, set(), set()
    first: Difference | None = None
    for group, found, expected in _probed(model, graph, other, runs, run, tensors):
        if found is None or expected is None:
            unseen |= {writers[index] for index in group}
            continue
        seen |= {writers[index] for index in group}
        elements += sum(array.size for answer in found for array in answer)
        for place, index in enumerate(group):
            difference = _first(graph, index, place, found, expected)
            if difference is not None and (
                first is None or (difference.operator or 0) < (first.operator or 0)
            ):
                first = difference
        if first is not None:
            break
    if first is None:
        last = _compare_outputs(model, other._data, runs, run(other._data, runs))
        elements, first = elements + last.elements, last.first
    skipped = tuple(sorted(unseen - seen))
    return Comparison(model.name, len(runs), len(seen), skipped, elements, first)


def _probed(
    model: Model, graph: Graph, other: Graph, runs: Runs, run: Reference, tensors: list[int]
) -> Iterator[tuple[list[int], Runs | None, Runs | None]]:
    """The answers of both with these tensors as outputs, in groups as large as both take."""
    if not tensors:
        return
    try:
        probe = Model(graph.with_outputs(tensors), model.name)
        yield tensors, _answers(probe, runs), run(other.with_outputs(tensors), runs)
    except (ModelError, ReferenceRunError):
        if len(tensors) == 1:
            yield tensors, None, None
            return
        half = len(tensors) // 2
        yield from _probed(model, graph, other, runs, run, tensors[:half])
        yield from _probed(model, graph, other, runs, run, tensors[half:])


def _compare_outputs(
    model: Model, data: bytes | None, runs: Runs, expected: Runs
) -> Comparison:
    found = _answers(model, runs[: len(expected)])
    graph = None if data is None else Graph(data)
    first = None
    for place, port in enumerate(model.outputs):
        index = None if graph is None else graph.outputs[place]
        first = first or _first(graph, index, place, found, expected, port.name)
    elements = sum(array.size for answer in found for array in answer)
    return Comparison(model.name, len(found), 0, (), elements, first)


def _first(
    graph: Graph | None,
    index: int | None,
    place: int,
    found: Runs,
    expected: Runs,
    name: str = "",
) -> Difference | None:
    """The first element of the output at a place that differs."""
    for number, (answer, wanted) in enumerate(zip(found, expected)):
        have, want = answer[place], np.ascontiguousarray(wanted[place])
        if have.tobytes() == want.tobytes() and have.dtype == want.dtype:
            continue
        if have.size != want.size or have.dtype != want.dtype:
            text = f"the reference gives {want.shape} {want.dtype}, the model {have.shape}"
            raise InputError(f"{text} {have.dtype}. Fix: compare files of the same graph")
        pair = [array.reshape(-1).view(np.uint8).reshape(have.size, -1) for array in (have, want)]
        differs = (pair[0] != pair[1]).any(axis=1)
        flat = int(np.argmax(differs))
        element = tuple(int(axis) for axis in np.unravel_index(flat, have.shape))
        writers = {} if graph is None else _writers(graph)
        operator = None if index is None else writers.get(index)
        kind = None if operator is None or graph is None else graph.operators[operator].name
        if graph is not None and index is not None:
            name = graph.tensors[index].name
        return Difference(
            operator, kind, name, number, element, have.reshape(-1)[flat].item(),
            want.reshape(-1)[flat].item(), int(differs.sum()), have.size,
        )
    return None


def _writers(graph: Graph) -> dict[int, int]:
    """Each tensor that an operator writes, in the order of the operators, with that operator."""
    return {index: operator.index for operator in graph.operators for index in operator.outputs}


def _is_comparable(graph: Graph, index: int) -> bool:
    if index < 0:
        return False
    tensor = graph.tensors[index]
    return tensor.dtype is not None and not tensor.is_constant and not tensor.is_variable


def _answers(model: Model, runs: Runs) -> Runs:
    """The outputs of a model, from its initial state."""
    answers = []
    with model.session("cpu") as session:
        for arrays in runs:
            named: dict[str | int, NDArray[Any]] = dict(enumerate(arrays))
            outputs = session.run(named)
            answers.append(list(outputs.values()) if isinstance(outputs, dict) else [outputs])
    return answers


def _runs(model: Model, inputs: Inputs | Sequence[Inputs] | None) -> Runs:
    if inputs is None:
        samples: list[Any] = [model.random_input(seed) for seed in (1, 2, 3)]
    elif isinstance(inputs, dict) or hasattr(inputs, "dtype"):
        samples = [inputs]
    else:
        samples = list(inputs)
    # In the order of the inputs, quantised as `run` does.
    return [list(model._unpacked(model._pack(sample)).values()) for sample in samples]


def _bytes(source: str | os.PathLike[str] | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    with open(source, "rb") as file:
        return file.read()
