"""Everything that does not fit is an exception of its own kind, with what to do."""

import os
import subprocess
import sys
import threading
import time

import isokern
import numpy as np
import pytest
from conftest import path_of


def refused(kind, act, *words):
    with pytest.raises(kind) as caught:
        act()
    error = caught.value
    assert isinstance(error, isokern.Error) and error.remedy, error
    for word in words:
        assert word in str(error), error


def test_a_wrong_dtype(digits, image):
    for dtype in (np.float64, np.int16, np.uint8, np.int64, np.bool_, ">f4", np.complex64, object):
        refused(isokern.DTypeError, lambda: digits.run(image.astype(dtype)), "input 0", "int8")
    refused(isokern.DTypeError, lambda: digits.run([[1, 2]]), "NumPy array")
    refused(isokern.DTypeError, lambda: digits.run(None), "NumPy array")
    refused(TypeError, lambda: digits.run(image.astype(np.float64)), "float32")


def test_a_wrong_shape(digits, image):
    for shape in ((64,), (8, 8, 1), (1, 8, 8), (1, 64), (2, 8, 4, 1), (1, 1, 8, 8, 1)):
        refused(isokern.ShapeError, lambda: digits.run(image.reshape(shape)), "(1, 8, 8, 1)")
    refused(isokern.ShapeError, lambda: digits.run(image[:0]))
    refused(isokern.ShapeError, lambda: digits.run_batch(image.reshape(64)), "(N, 8, 8, 1)")
    refused(isokern.ShapeError, lambda: digits.run_batch(np.zeros((), np.int8)))


def test_a_wrong_order(digits):
    columns = np.asfortranarray(np.zeros((1, 8, 8, 1), np.int8) + np.arange(8, dtype=np.int8)[:, None])
    every_second = np.zeros((1, 8, 16, 1), np.int8)[:, :, ::2]
    for array in (columns, every_second, every_second[:, ::-1]):
        refused(isokern.OrderError, lambda: digits.run(array), "ascontiguousarray")
        digits.run(np.ascontiguousarray(array))
    shifted = np.zeros(257, np.uint8)[1:].view(np.float32).reshape(1, 8, 8, 1)
    refused(isokern.OrderError, lambda: digits.run(shifted), "numpy.require")


def test_inputs_that_are_none_or_too_few(image):
    model = isokern.Model(path_of("two_inputs"))
    arrays = model.random_input()
    refused(isokern.InputError, lambda: model.run(arrays[0]), "which input")
    refused(isokern.InputError, lambda: model.run({0: arrays[0]}), "input 1")
    refused(isokern.InputError, lambda: model.run({**arrays, "third": image}), "no input")
    refused(isokern.InputError, lambda: model.run({**arrays, 7: image}), "no input")
    twice = {0: arrays[0], "0": arrays[0], 1: arrays[1]}
    refused(isokern.InputError, lambda: model.run(twice), "twice")
    with pytest.raises(TypeError):
        model.run({1.5: image})
    pair = {0: np.stack([arrays[0]] * 2), 1: np.stack([arrays[1]] * 3)}
    refused(isokern.ShapeError, lambda: model.run_batch(pair), "as many")


def test_a_value_that_is_no_number(digits):
    reals = np.zeros((1, 8, 8, 1), np.float32)
    reals[0, 3, 3, 0] = np.nan
    refused(isokern.InputError, lambda: digits.run(reals), "NaN")


def test_files_that_are_no_model(tmp_path):
    refused(isokern.ReadError, lambda: isokern.Model(tmp_path / "none.tflite"), "none.tflite")
    refused(OSError, lambda: isokern.Model(str(tmp_path)))
    refused(isokern.ModelError, lambda: isokern.Model(b""))
    refused(isokern.ModelError, lambda: isokern.Model(b"\x08\x01 no model"))
    refused(isokern.ModelError, lambda: isokern.Model(17), "path")
    data = path_of("digits").read_bytes()
    for length in range(0, len(data), 97):
        refused(isokern.ModelError, lambda: isokern.Model(data[:length]))


def test_devices_and_modes_that_are_none(digits, image):
    for name in ("gpu", "cuda:x", "cuda:-1", "", "cpu:0"):
        refused(isokern.DeviceError, lambda: isokern.Device(name), "cuda:NUMBER")
    refused(isokern.ModeError, lambda: digits.session("cpu", mode="stream"), "megakernel")
    refused(isokern.ModeError, lambda: digits.session("cpu", mode="megakernel", workers=0))
    refused(isokern.DeviceError, lambda: digits.session("cuda:77"))
    with digits.session("cpu", mode="ring") as ring:
        refused(isokern.ModeError, ring.state)
    assert isokern.Device("cuda:1") == isokern.Device("cuda:1") != isokern.Device("cpu")
    assert len({isokern.Device("auto"), isokern.Device()}) == 1


def test_a_closed_session(digits, image):
    session = digits.session("cpu")
    with session:
        session.run(image)
    assert session.closed and session.close() is None
    for act in (lambda: session.run(image), session.reset, session.state):
        refused(isokern.ClosedError, act, "start another")
    for asking in (digits.ring("cpu"), digits.tasks("cpu", workers=1)):
        asking.close()
        refused(isokern.ClosedError, lambda: asking.submit(image))
        assert asking.close() is None


def test_a_limit_in_time(digits, image):
    with digits.session("cpu") as session:
        refused(isokern.RunTimeoutError, lambda: session.run(image, timeout=0.0))
        refused(isokern.InputError, lambda: session.run(image, timeout=-1.0))
        refused(isokern.InputError, lambda: session.run(image, timeout=float("nan")))
        assert (session.run(image, timeout=60.0) == digits.run(image)).all()


def test_a_session_that_another_thread_uses(digits):
    images = np.zeros((200_000, 8, 8, 1), np.int8)
    session = digits.session("cpu")
    thread = threading.Thread(target=session.run_batch, args=(images,))
    thread.start()
    seen = 0
    while thread.is_alive():
        try:
            session.run(images[:1])
        except isokern.BusyError as error:
            assert "one session a thread" in error.remedy
            seen += 1
        time.sleep(0.001)
    thread.join()
    assert seen > 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_threads_behind(digits, image):
    answer = digits.run(image)
    ring = digits.session("cpu", mode="ring")
    asking = digits.ring("cpu")
    called = digits.session("cpu")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for act in (lambda: ring.run(image), ring.close, lambda: asking.submit(image)):
                try:
                    act()
                except isokern.ForkedError:
                    continue
                os._exit(2)
            if (called.run(image) == answer).all() and (digits.run(image) == answer).all():
                del ring, asking
                code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (ring.run(image) == answer).all()
    assert (asking.submit(image).result() == answer).all()
    ring.close()
    asking.close()


INTERRUPTED = """
import _thread, signal, sys, threading, time, numpy, isokern
# A shell that starts the tests in the background lets them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
model = isokern.Model(sys.argv[1])
images = numpy.zeros((3_000_000, 8, 8, 1), numpy.int8)
start = time.monotonic()
threading.Timer(0.3, _thread.interrupt_main).start()
with model.session("cpu", mode=sys.argv[2]) as session:
    try:
        session.run_batch(images)
        print("not interrupted")
    except KeyboardInterrupt:
        # The whole batch takes nine seconds and more.
        print(time.monotonic() - start < 4, session.run(images[:1]).shape)
"""


@pytest.mark.parametrize("mode", ["batch", "ring"])
def test_ctrl_c_ends_a_long_batch(mode):
    command = [sys.executable, "-c", INTERRUPTED, str(path_of("digits")), mode]
    child = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (child.returncode, child.stdout) == (0, "True (1, 10)\n"), child
