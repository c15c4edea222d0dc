"""What goes in and comes out: the bytes of the reference, for every committed model."""

import isokern
import numpy as np
import pytest
from conftest import MODELS, bytes_of, path_of

NAMES = sorted(
    path.name.removesuffix(".in.i8")
    for path in (MODELS / "vectors").glob("*.in.i8")
    if path_of(path.name.removesuffix(".in.i8")).exists()
)


def unpacked(ports, sample):
    """The arrays of one packed sample."""
    arrays, start = {}, 0
    for port in ports:
        dtype = np.dtype(port.dtype)
        count = int(np.prod(port.shape))
        arrays[port.index] = np.frombuffer(sample, dtype, count, start).reshape(port.shape).copy()
        start += count * dtype.itemsize
    return arrays


@pytest.mark.parametrize("mode", ["batch", "ring", "megakernel"])
def test_every_vector_has_the_bytes_of_tflite_micro(mode):
    assert len(NAMES) >= 30
    for name in NAMES:
        model = isokern.Model(path_of(name))
        given = (MODELS / f"vectors/{name}.in.i8").read_bytes()
        expected = (MODELS / f"vectors/{name}.out.tflm.i8").read_bytes()
        size = sum(array.nbytes for array in model.random_input().values())
        samples = [given[start : start + size] for start in range(0, len(given), size)]
        with model.session("cpu", mode=mode, workers=2 if mode == "megakernel" else None) as session:
            inputs = (unpacked(model.inputs, sample) for sample in samples)
            found = b"".join(bytes_of(session.run(arrays)) for arrays in inputs)
        assert found == expected, name


def test_a_batch_is_its_samples_one_by_one(digits):
    images = np.random.default_rng(1).integers(-128, 128, (50, 8, 8, 1), np.int8)
    scores = digits.run_batch(images)
    assert scores.shape == (50, 10)
    for image, score in zip(images, scores):
        assert (digits.run(image[np.newaxis])[0] == score).all()
    assert (digits.run_batch(images[:, np.newaxis]) == scores).all()
    assert digits.run_batch(images[:0]).shape == (0, 10)


def test_reals_are_quantised_and_outputs_dequantised(digits):
    port, out = digits.inputs[0], digits.outputs[0]
    codes = np.random.default_rng(2).integers(-128, 128, port.shape).astype(np.int8)
    reals = ((codes.astype(np.float32) - port.zero_point) * np.float32(port.scale))
    found = digits.run(reals)
    assert (found == digits.run(codes)).all() and found.dtype == np.int8
    real = digits.run(codes, dequantize=True)
    assert real.dtype == np.float32
    assert (real == (found.astype(np.float32) - out.zero_point) * np.float32(out.scale)).all()


def test_several_inputs_are_told_apart_by_name_and_index():
    model = isokern.Model(path_of("two_inputs"))
    inputs = model.random_input()
    by_index = model.run(inputs)
    named = {model.inputs[index].name: array for index, array in reversed(inputs.items())}
    assert bytes_of(model.run(named)) == bytes_of(by_index)


def test_several_outputs_are_a_dict_in_order():
    model = isokern.Model(path_of("casts"))
    outputs = model.run(model.random_input())
    assert isinstance(outputs, dict) and len(outputs) == len(model.outputs)
    for port, array in zip(model.outputs, outputs.values()):
        assert array.shape == port.shape and array.dtype == port.dtype


def test_the_packed_model_is_the_same_model(digits, image, tmp_path):
    packed = digits.convert(tmp_path / "digits.ikm")
    assert (tmp_path / "digits.ikm").read_bytes() == packed == (MODELS / "digits.ikm").read_bytes()
    answer = digits.run(image)
    for layout in ("row", "packed"):
        assert (isokern.Model(digits.convert(layout=layout)).run(image) == answer).all()
    with pytest.raises(isokern.ModelError, match="no layout"):
        digits.convert(layout="column")


def test_an_inspection_is_data_and_tables(digits):
    report = digits.inspect()
    assert [operator.kind for operator in report.operators][-1] == "SOFTMAX"
    assert report.arena_bytes == 1536 and report.macs == 29184
    assert all(tensor.offset + tensor.bytes <= report.arena_bytes for tensor in report.tensors)
    table = report._repr_html_()
    assert table.count("<table>") == table.count("</table>") == 3 and "FULLY_CONNECTED" in table
    hostile = isokern.Model(digits.source_bytes(), "<script>").inspect()
    assert "<script>" not in hostile._repr_html_() and hostile.file == "<script>"


def test_selftest_has_a_digest_for_every_set_of_instructions(digits):
    tested = isokern.selftest(digits)
    assert "plain" in tested.instructions
    broken = bytearray(digits.convert())
    assert isokern.selftest(bytes(broken)).digest == tested.digest
    with pytest.raises(isokern.ModelError, match="checksum"):
        broken[-1] ^= 1
        isokern.selftest(bytes(broken))
