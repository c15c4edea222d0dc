"""`isokern.diff` with TFLite Micro: no difference, and each planted one named.

Skipped where the runtime is not installed; `ISOKERN_NEEDS_TFLM` makes that a failure.
"""

import importlib.util
import os
import struct
from concurrent.futures import ThreadPoolExecutor

import isokern
import numpy as np
import pytest
from conftest import MODELS, path_of
from isokern._reference import tflm
from isokern._tflite import Graph

# Models of others, where they are.
ZOO = MODELS.parents[2] / "shared/zoo/models"
HAS_TFLM = importlib.util.find_spec("tflite_micro") is not None
needs_tflm = pytest.mark.skipif(
    not HAS_TFLM and "ISOKERN_NEEDS_TFLM" not in os.environ, reason="no tflite-micro here"
)
# Indices that a generated input has are out of range for these: they have inputs of their own.
INDEXED = {"indices"}


@needs_tflm
def test_no_committed_model_differs_in_any_operator():
    paths = [*(MODELS / "models").glob("*.tflite"), *(MODELS / "streams").glob("*.tflite")]
    assert len(paths) >= 35

    def compare(path):
        model = isokern.Model(path)
        inputs = model.random_input()
        zeros = {index: np.zeros_like(array) for index, array in inputs.items()}
        return isokern.diff(model, [zeros] * 2 if path.stem in INDEXED else None)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for result in threads.map(compare, paths):
            assert result and result.operators and not result.unseen, result


@needs_tflm
@pytest.mark.skipif(not ZOO.is_dir(), reason="no models of others beside the repository")
def test_no_model_of_others_differs_in_any_operator():
    paths = list(ZOO.glob("*.tflite"))
    converted, refused = [], []
    for path in paths:
        try:
            converted.append(isokern.Model(path))
        except isokern.ModelError as error:
            refused.append(path.name)
            assert error.remedy, error
    assert len(converted) >= 55, refused
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for result in threads.map(isokern.diff, converted):
            assert result and result.operators and not result.unseen, result


@needs_tflm
def test_a_planted_weight_is_named():
    data = path_of("digits").read_bytes()
    graph = Graph(data)
    # A weight of operator 2: the second input of a convolution is its filter.
    planted = isokern.Model(with_weight(graph, operator=2))
    result = isokern.diff(planted, reference_model=data)
    assert not result and result.first.operator == 2 and result.first.kind == "CONV_2D", result
    assert result.first.found != result.first.expected and 0 < result.first.differing


@needs_tflm
def test_a_planted_scale_is_named():
    data = path_of("digits").read_bytes()
    graph = Graph(data)
    written = graph.operators[2].outputs[0]
    planted = isokern.Model(rescaled(graph, {written: 1.05 * scale_of(graph, written)}))
    result = isokern.diff(planted, reference_model=data)
    assert not result and result.first.operator == 2, result


@needs_tflm
def test_a_planted_rounding_is_named():
    """A multiplier of 2^-8 is rounded in two steps by TFLite Micro, first to halves. With an output
    scale that is larger by the last bit of a float it is just below that, and rounded in one step:
    the model differs from the reference where the first step decides, and nowhere else."""
    graph = Graph(path_of("dense").read_bytes())
    source, weights, bias = graph._integers(graph._tables(graph._graph, 3)[0], 1)
    written = graph.operators[0].outputs[0]
    scales = {source: 2.0**-5, weights: 2.0**-8, bias: 2.0**-13, written: 2.0**-5}
    twice = rescaled(graph, scales)
    once = rescaled(graph, {**scales, written: np.nextafter(np.float32(2.0**-5), np.float32(1))})
    model = isokern.Model(once)
    inputs = [model.random_input(seed)[0] for seed in range(1, 21)]
    assert isokern.diff(twice, inputs) and isokern.diff(once, inputs)

    # What each is to be, without either runtime.
    products = [sums(graph, source, weights, bias, array) for array in inputs]
    zero = zero_point(graph, written)
    pairs = [
        [np.clip(rounded + zero, -128, 127) for rounded in (in_one_step(acc), in_two_steps(acc))]
        for acc in products
    ]
    run = next(run for run, (one, two) in enumerate(pairs) if (one != two).any())
    one, two = pairs[run]
    element = int(np.argmax(one != two))
    first = isokern.diff(model, inputs, reference_model=twice).first
    assert first is not None and (first.operator, first.kind) == (0, "FULLY_CONNECTED")
    assert (first.run, first.element, first.differing) == (run, (0, element), (one != two).sum())
    assert (first.found, first.expected) == (one[element], two[element])


def test_an_array_as_reference_names_the_last_operator(digits, image):
    expected = digits.run(image)
    assert isokern.diff(digits, image, expected)
    planted = expected.copy()
    planted[0, 7] ^= 1
    result = isokern.diff(digits, image, planted)
    assert not result and (result.first.kind, result.first.element) == ("SOFTMAX", (0, 7))
    assert result.first.differing == 1 and result.first.total == 10
    assert "element [0][7]" in str(result)
    # A packed model has no operators of the file to name.
    packed = isokern.diff(digits.convert(), image, planted)
    assert packed.first.operator is None and packed.first.element == (0, 7)
    with pytest.raises(isokern.InputError, match="same graph"):
        isokern.diff(digits, image, planted[:, :9])


def test_what_cannot_be_compared_is_said(digits):
    with pytest.raises(isokern.InputError, match="no reference"):
        isokern.diff(digits, reference="onnx")
    with pytest.raises(isokern.InputError, match="reference_model"):
        isokern.diff(digits.convert())
    with pytest.raises(isokern.InputError, match="input 0"):
        isokern.diff(isokern.Model(path_of("two_inputs")), {1: np.zeros((1, 5), np.int8)})


@needs_tflm
def test_a_runtime_that_fails_is_an_exception(digits):
    broken = bytearray(path_of("digits").read_bytes())
    with pytest.raises(isokern.ReferenceRunError) as caught:
        tflm(bytes(broken[: len(broken) // 2]), [[np.zeros((1, 8, 8, 1), np.int8)]])
    assert caught.value.remedy


def with_weight(graph, operator):
    """The file with one weight of an operator turned by a step of 64."""
    data = bytearray(graph._data)
    tables = graph._tables(graph._graph, 3)
    weights = graph._integers(tables[operator], 1)[1]
    tensor = graph._tables(graph._graph, 0)[weights]
    buffers = graph._tables(graph._forward(0), 4)
    field = graph._field(buffers[graph._scalar(tensor, 2, "<I")], 0)
    data[graph._forward(field) + 4] ^= 0x40
    return bytes(data)


def rescaled(graph, scales):
    """The file with other scales of some tensors, for all their channels."""
    data = bytearray(graph._data)
    for tensor, scale in scales.items():
        for place in graph._vector(quantization(graph, tensor), 2):
            struct.pack_into("<f", data, place, scale)
    return bytes(data)


def scale_of(graph, tensor):
    return struct.unpack_from("<f", graph._data, graph._vector(quantization(graph, tensor), 2)[0])[0]


def zero_point(graph, tensor):
    field = graph._field(quantization(graph, tensor), 3)
    return struct.unpack_from("<q", graph._data, graph._forward(field) + 4)[0]


def quantization(graph, tensor):
    table = graph._tables(graph._graph, 0)[tensor]
    return graph._forward(graph._field(table, 4))


def constant(graph, tensor, dtype):
    """The values of a constant tensor."""
    buffers = graph._tables(graph._forward(0), 4)
    buffer = graph._scalar(graph._tables(graph._graph, 0)[tensor], 2, "<I")
    start = graph._forward(graph._field(buffers[buffer], 0)) + 4
    shape = graph.tensors[tensor].shape
    return np.frombuffer(graph._data, dtype, int(np.prod(shape)), start).reshape(shape)


def sums(graph, source, weights, bias, array):
    """The sums of a fully connected operator, before they are scaled."""
    centred = array.reshape(-1).astype(np.int64) - zero_point(graph, source)
    return constant(graph, weights, "<i1") @ centred + constant(graph, bias, "<i4")


def in_one_step(acc):
    """acc / 256, halves away from zero."""
    return np.sign(acc) * ((np.abs(acc) + 128) >> 8)


def in_two_steps(acc):
    """acc / 2, halves up, then the rest."""
    halved = (acc + 1) >> 1
    return np.sign(halved) * ((np.abs(halved) + 64) >> 7)
