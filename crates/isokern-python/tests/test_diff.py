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
    planted = isokern.Model(with_scale(graph, written, 1.05))
    result = isokern.diff(planted, reference_model=data)
    assert not result and result.first.operator == 2, result


@needs_tflm
def test_a_planted_rounding_is_named():
    """A runtime that rounds the means of an average pool down, not to the nearest."""
    data = path_of("digits").read_bytes()
    graph = Graph(data)
    pool = next(operator for operator in graph.operators if operator.name == "AVERAGE_POOL_2D")

    def otherwise(file, runs):
        probed = Graph(file).outputs
        source = graph.operators[pool.index - 1].outputs[0]
        answers = tflm(file, runs)
        if pool.outputs[0] in probed and source in probed:
            for answer in answers:
                values = answer[probed.index(source)].astype(np.int32)
                _, rows, columns, channels = values.shape
                windows = values.reshape(1, rows // 2, 2, columns // 2, 2, channels)
                floor = windows.sum(axis=(2, 4)) // 4
                answer[probed.index(pool.outputs[0])] = floor.astype(np.int8)
        return answers

    result = isokern.diff(path_of("digits"), reference=otherwise)
    assert not result and result.first.operator == pool.index, result
    assert result.first.kind == "AVERAGE_POOL_2D"
    assert abs(result.first.found - result.first.expected) == 1


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


def with_scale(graph, tensor, factor):
    """The file with the scale of a tensor multiplied."""
    data = bytearray(graph._data)
    table = graph._tables(graph._graph, 0)[tensor]
    quantization = graph._forward(graph._field(table, 4))
    place = graph._vector(quantization, 2)[0]
    (scale,) = struct.unpack_from("<f", data, place)
    struct.pack_into("<f", data, place, scale * factor)
    return bytes(data)
