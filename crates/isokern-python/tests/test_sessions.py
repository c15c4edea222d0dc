"""Streams, questions and tasks."""

import asyncio

import isokern
import numpy as np
import pytest
from conftest import bytes_of, path_of


def samples_of(model, count):
    return [model.random_input(seed) for seed in range(1, count + 1)]


@pytest.mark.parametrize("mode", ["batch", "ring", "megakernel"])
def test_a_stream_goes_on_until_reset(stream, mode):
    assert stream.state_bytes > 0
    samples = samples_of(stream, 6)
    with stream.session("cpu", mode=mode, workers=1 if mode == "megakernel" else None) as session:
        first = [bytes_of(session.run(sample)) for sample in samples]
        later = [bytes_of(session.run(sample)) for sample in samples]
        session.reset()
        again = [bytes_of(session.run(sample)) for sample in samples]
    assert first == again
    assert first != later
    # `Model.run` begins a stream each time.
    assert bytes_of(stream.run(samples[0])) == first[0] == bytes_of(stream.run(samples[0]))


def test_the_state_is_bytes(stream):
    with stream.session("cpu") as session:
        initial = session.state()
        session.run(stream.random_input())
        assert len(initial) == stream.state_bytes
        session.reset()
        assert session.state() == initial


def test_a_ring_answers_in_order(digits):
    images = np.random.default_rng(3).integers(-128, 128, (200, 1, 8, 8, 1), np.int8)
    expected = [digits.run(image) for image in images]

    async def ask_all():
        with digits.ring("cpu") as ring:
            return await asyncio.gather(*(ring.ask(image) for image in images))

    for found, wanted in zip(asyncio.run(ask_all()), expected):
        assert (found == wanted).all()


def test_a_stream_through_a_ring_is_in_order(stream):
    samples = samples_of(stream, 20)
    with stream.session("cpu") as session:
        expected = [bytes_of(session.run(sample)) for sample in samples]
    with stream.ring("cpu") as ring:
        futures = [ring.submit(sample) for sample in samples]
        assert [bytes_of(future.result()) for future in futures] == expected


def test_tasks_are_accounted_for(digits, image):
    expected = digits.run(image)
    tasks = digits.tasks("cpu", workers=2)
    order = ["low", "normal", "high", "critical"]
    futures = [tasks.submit(image, priority=order[index % 4]) for index in range(100)]
    assert all((future.result() == expected).all() for future in futures)
    account = tasks.close()
    assert account["accepted"] == account["done"] == 100 and account["faulted"] == 0
    with pytest.raises(isokern.InputError, match="no priority"):
        with digits.tasks("cpu", workers=1) as tasks:
            tasks.submit(image, priority="urgent")


def test_a_question_with_a_wrong_input_is_refused_at_once(digits, image):
    with digits.ring("cpu") as ring:
        with pytest.raises(isokern.DTypeError):
            ring.submit(image.astype(np.float64))
        assert (ring.submit(image).result() == digits.run(image)).all()
        with pytest.raises(isokern.RunTimeoutError):
            ring.submit(image, timeout=0.0).result()
        real = ring.submit(image, dequantize=True).result()
        assert real.dtype == np.float32


def test_an_index_out_of_range_faults_and_the_session_goes_on():
    model = isokern.Model(path_of("indices"))
    inputs = model.random_input()
    broken = {index: np.full_like(array, 100) for index, array in inputs.items()}
    fine = {index: np.zeros_like(array) for index, array in inputs.items()}
    with model.session("cpu") as session:
        expected = bytes_of(session.run(fine))
        with pytest.raises(isokern.RunError) as caught:
            session.run(broken)
        assert caught.value.remedy
        assert bytes_of(session.run(fine)) == expected
