"""Sessions, actors and tasks on a GPU: the bytes of the processor.

Skipped where there is none; `ISOKERN_NEEDS_GPU` makes that a failure. The stand-in for a driver is
one here (`docs/simcuda.md`): CI runs this file with it.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import isokern
import numpy as np
import pytest
from conftest import MODELS, bytes_of, path_of


def has_gpu():
    with isokern.Model(path_of("digits")).session("auto") as session:
        return session.fallback_reason is None


pytestmark = pytest.mark.skipif(
    "ISOKERN_NEEDS_GPU" not in os.environ and not has_gpu(), reason="no GPU here"
)


@pytest.mark.parametrize(
    "device, mode",
    [("cuda", "batch"), ("cuda:0", "ring"), ("auto", "megakernel"), (isokern.Device("cuda"), "batch")],
)
def test_a_session_has_the_bytes_of_tflite_micro(digits, device, mode):
    given = np.fromfile(MODELS / "vectors/digits.in.i8", np.int8).reshape(-1, 1, 8, 8, 1)
    expected = np.fromfile(MODELS / "vectors/digits.out.tflm.i8", np.int8).reshape(-1, 10)
    workers = 2 if mode == "megakernel" else None
    with digits.session(device, mode=mode, workers=workers) as session:
        assert session.fallback_reason is None and session.mode == mode
        assert "cpu" not in session.place and session.place in repr(session)
        for image, scores in zip(given[:4], expected):
            assert (session.run(image) == scores).all()
        assert (session.run_batch(given) == expected).all()
        real = session.run(given[0], dequantize=True)
        assert (real == digits.run(given[0], dequantize=True)).all()
        # What does not fit leaves the session as it was.
        with pytest.raises(isokern.ShapeError):
            session.run(given[0].reshape(64))
        assert (session.run(given[0]) == expected[0]).all()
        account = session.close()
        assert (account is None) == (mode != "megakernel")
        with pytest.raises(isokern.ClosedError):
            session.run(given[0])


@pytest.mark.parametrize("name", ["two_inputs", "casts", "softmax_rows", "residual"])
def test_inputs_and_outputs_of_other_kinds(name):
    model = isokern.Model(path_of(name))
    inputs = model.random_input(3)
    with model.session("cuda") as session:
        assert bytes_of(session.run(inputs)) == bytes_of(model.run(inputs))


@pytest.mark.parametrize("mode", ["batch", "ring", "megakernel"])
def test_a_stream_goes_on_until_reset(stream, mode):
    samples = [stream.random_input(seed) for seed in range(1, 6)]
    with stream.session("cpu") as session:
        expected = [bytes_of(session.run(sample)) for sample in samples]
    workers = 1 if mode == "megakernel" else None
    with stream.session("cuda", mode=mode, workers=workers) as session:
        assert [bytes_of(session.run(sample)) for sample in samples] == expected
        session.reset()
        assert [bytes_of(session.run(sample)) for sample in samples] == expected


def test_an_actor_answers_questions_in_order(digits):
    images = np.random.default_rng(5).integers(-128, 128, (24, 1, 8, 8, 1), np.int8)

    async def ask_all():
        with digits.ring("cuda") as ring:
            return await asyncio.gather(*(ring.ask(image) for image in images))

    for image, answer in zip(images, asyncio.run(ask_all())):
        assert (answer == digits.run(image)).all()


def test_tasks_are_accounted_for(digits, image):
    tasks = digits.tasks("cuda", workers=2)
    order = ["low", "normal", "high", "critical"]
    futures = [tasks.submit(image, priority=order[index % 4]) for index in range(20)]
    assert all((future.result() == digits.run(image)).all() for future in futures)
    account = tasks.close()
    assert account["accepted"] == account["done"] == 20 and account["faulted"] == 0


@pytest.mark.parametrize("mode", ["batch", "ring", "megakernel"])
def test_an_index_out_of_range_faults_and_the_session_goes_on(mode):
    model = isokern.Model(path_of("indices"))
    inputs = model.random_input()
    broken = {index: np.full_like(array, 100) for index, array in inputs.items()}
    fine = {index: np.zeros_like(array) for index, array in inputs.items()}
    with model.session("cuda", mode=mode) as session:
        for _ in range(2):
            with pytest.raises(isokern.RunError) as caught:
                session.run(broken)
            assert caught.value.remedy
            assert bytes_of(session.run(fine)) == bytes_of(model.run(fine))


@pytest.mark.parametrize("mode", ["batch", "ring", "megakernel"])
def test_a_limit_in_time(digits, image, mode):
    with digits.session("cuda", mode=mode) as session:
        with pytest.raises(isokern.RunTimeoutError):
            session.run(image, timeout=0.0)
        assert (session.run(image, timeout=60.0) == digits.run(image)).all()


def test_a_device_that_is_not_there(digits):
    for start in (digits.session, digits.ring, digits.tasks):
        with pytest.raises(isokern.DeviceError) as caught:
            start("cuda:15")
        assert caught.value.remedy


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_gpu_behind(digits, image):
    session = digits.session("cuda")
    expected = session.run(image)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            session.run(image)
        except isokern.ForkedError:
            code = 0 if (digits.run(image) == expected).all() else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (session.run(image) == expected).all()
    session.close()


def test_the_program_of_the_package_finds_it():
    program = Path(sys.executable).with_name("isokern")
    child = subprocess.run([program, "devices"], capture_output=True, text=True, check=False)
    assert child.returncode == 0 and "\ncuda 0 " in child.stdout, child
