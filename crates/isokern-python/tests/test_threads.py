"""Many runs from many threads: the same bytes, no growth, and a lock that is free meanwhile."""

import resource
import sys
import threading
import time
from contextlib import contextmanager

import isokern
import numpy as np
import pytest

RUNS, THREADS = 100_000, 4


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_a_hundred_thousand_runs_from_four_threads(digits):
    images = np.random.default_rng(4).integers(-128, 128, (64, 1, 8, 8, 1), np.int8)
    expected = [digits.run(image).tobytes() for image in images]
    wrong = []

    def work(first, count):
        for number in range(first, first + count):
            place = number % len(images)
            if digits.run(images[place]).tobytes() != expected[place]:
                wrong.append(number)

    def all_threads(count):
        threads = [
            threading.Thread(target=work, args=(17 * index, count // THREADS))
            for index in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_threads(RUNS // 10)
    before, blocks = resident_bytes(), sys.getallocatedblocks()
    all_threads(RUNS)
    assert not wrong
    assert resident_bytes() - before < 4 << 20
    assert sys.getallocatedblocks() - blocks < 1000


def test_errors_leave_nothing_behind(digits, image):
    wrong = image.astype(np.float64)

    def refuse(count):
        for _ in range(count):
            try:
                digits.run(wrong)
            except isokern.DTypeError:
                pass
        for _ in range(count // 100):
            with digits.session("cpu", mode="ring") as session:
                session.run(image)

    refuse(1000)
    before, blocks = resident_bytes(), sys.getallocatedblocks()
    refuse(10_000)
    assert resident_bytes() - before < 4 << 20
    assert sys.getallocatedblocks() - blocks < 1000


@pytest.mark.parametrize("mode", ["batch", "ring", "megakernel"])
def test_the_lock_of_the_interpreter_is_free_while_a_model_runs(digits, image, mode):
    """Another thread makes steps during a call, though the interpreter takes its lock from nobody:
    the call has given it up."""
    images = np.zeros((5_000, 8, 8, 1), np.int8)
    with counting() as steps, digits.session("cpu", mode=mode) as session:
        assert steps_during(lambda: session.run(image), steps) > 0
        assert steps_during(lambda: session.run_batch(images), steps) > 0
        assert steps_during(lambda: digits.run(image), steps) > 0
        # What holds the lock: no step in as many calls.
        assert steps_during(lambda: sum(range(1000)), steps) == 0


@pytest.mark.parametrize("start", ["session", "_ring", "_tasks"])
def test_what_another_thread_uses_is_not_closed(digits, image, start):
    """The thread gives the lock up inside a call alone, so here, with the lock, it is in one."""
    arguments = ("cpu", 1) if start == "_tasks" else ("cpu",)
    used = getattr(digits, start)(*arguments)
    close = used.close if start == "session" else used.finish
    is_over = False

    def work():
        while not is_over:
            if start == "session":
                used.run(image)
            else:
                used.try_ask(sample, 2, None)
                used.answer(False)

    sample = b"" if start == "session" else used.pack(image)
    thread = threading.Thread(target=work)
    with no_switching():
        thread.start()
        try:
            for _ in range(100):
                time.sleep(0.0001)
                with pytest.raises(isokern.BusyError):
                    close()
        finally:
            is_over = True
    thread.join()
    assert close() is None or start == "_tasks"


@contextmanager
def no_switching():
    """A thread has the interpreter's lock until it gives it up."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


@contextmanager
def counting():
    """A list whose one number a thread counts up, which gives the lock up after each step."""
    steps, is_over = [0], False

    def count():
        while not is_over:
            steps[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    with no_switching():
        thread.start()
        try:
            yield steps
        finally:
            is_over = True
    thread.join()


def steps_during(act, steps):
    """Steps of the other thread during calls, until there is one; 0 after 20 000 without."""
    for _ in range(20_000):
        before = steps[0]
        act()
        if steps[0] > before:
            return steps[0] - before
    return 0
